//! A text of a document made to say another one. Only the lines of what differs are written anew, so the
//! comments and the layout of all others stay.
//!
//! What comes out is read again: where it does not say exactly what was meant, larger parts are written
//! anew, and in the end none is kept. So a text in an unusual form can cost its comments, and never a value.

use super::source::SourceMap;
use super::write::{entry, item_of, pad};
use super::{Document, Syntax, parse, parse_value, yaml};
use serde_json::{Map, Value};

/// How deep inside of a document single lines are written anew.
const DEEPEST: usize = 12;

/// A text that says another document than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// The text.
    pub text: String,
    /// The comments that are not in it any more, in their order.
    pub lost: Vec<String>,
}

/// The YAML text of `old` made to say `new`; `None` where nothing of it can be kept.
pub fn amend(text: &str, old: &Document, new: &Document) -> Option<Amended> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (before, after) = (value_of(old)?, value_of(new)?);
    let (_, source) = parse_value(text, Syntax::Yaml).ok()?;
    for depth in (1..=DEEPEST).rev() {
        let mut pen = Pen {
            lines: text.lines().collect(),
            source: &source,
            depth,
            edits: Vec::new(),
        };
        if !pen.map("", &before, &after, 0) {
            return None;
        }
        let amended = pen.written();
        if parse(&amended, Syntax::Yaml).is_ok_and(|read| read.document == *new) {
            let lost = lost(text, &amended);
            return Some(Amended {
                text: amended,
                lost,
            });
        }
    }
    None
}

fn value_of(document: &Document) -> Option<Map<String, Value>> {
    match serde_json::to_value(document).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// The comments of one text that the other does not have.
fn lost(before: &str, after: &str) -> Vec<String> {
    let mut kept = yaml::comments(after);
    let mut lost = yaml::comments(before);
    lost.retain(|comment| match kept.iter().position(|one| one == comment) {
        Some(found) => {
            kept.remove(found);
            false
        }
        None => true,
    });
    lost
}

/// Whole lines that others stand for.
struct Edit {
    from: usize,
    to: usize,
    text: String,
}

/// How the lines of a value go on below the line where it begins.
#[derive(Clone, Copy)]
enum Shape {
    Plain,
    /// The dashes of a list may stand as far left as its key.
    List,
    /// What looks like a comment is a line of the text.
    Text,
}

fn shape(value: &Value) -> Shape {
    match value {
        Value::Array(_) => Shape::List,
        Value::String(text) if text.contains('\n') => Shape::Text,
        _ => Shape::Plain,
    }
}

struct Pen<'a> {
    lines: Vec<&'a str>,
    source: &'a SourceMap,
    depth: usize,
    edits: Vec<Edit>,
}

/// The key of a block map, or the element of a block list, where it begins.
struct Head<'a> {
    name: &'a str,
    line: usize,
    /// Characters before it.
    indent: usize,
}

impl<'a> Pen<'a> {
    /// Notes what differs between two maps, part by part. Where they cannot be taken apart, nothing is noted.
    fn map(
        &mut self,
        pointer: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        level: usize,
    ) -> bool {
        let noted = self.edits.len();
        let done = level < self.depth && self.parts(pointer, old, new, level).is_some();
        if !done {
            self.edits.truncate(noted);
        }
        done
    }

    fn parts(
        &mut self,
        pointer: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        level: usize,
    ) -> Option<()> {
        let heads = self.keys(pointer, old)?;
        let last = heads.last()?;
        let (indent, end) = (
            last.indent,
            self.end(last.line, last.indent, shape(&old[last.name])),
        );
        for (index, head) in heads.iter().enumerate() {
            let was = &old[head.name];
            let to = self.end(head.line, head.indent, shape(was));
            match new.get(head.name) {
                Some(now) if now == was => {}
                Some(now) => {
                    let inner = format!("{pointer}/{}", escaped(head.name));
                    if !self.inside(&inner, was, now, level + 1) {
                        let mut text = self.before(head);
                        entry(head.name, now, head.indent, &mut text);
                        self.keep_comment(head.line, to, &mut text);
                        self.edits.push(Edit {
                            from: head.line,
                            to,
                            text,
                        });
                    }
                }
                // The first key of an element shares its line with the dash.
                None if index == 0 && !self.before(head).trim().is_empty() => return None,
                None => self.edits.push(Edit {
                    from: head.line,
                    to,
                    text: String::new(),
                }),
            }
        }
        let mut text = String::new();
        for (name, now) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            pad(indent, &mut text);
            entry(name, now, indent, &mut text);
        }
        if !text.is_empty() {
            self.edits.push(Edit {
                from: end,
                to: end,
                text,
            });
        }
        Some(())
    }

    fn inside(&mut self, pointer: &str, was: &Value, now: &Value, level: usize) -> bool {
        match (was, now) {
            (Value::Object(was), Value::Object(now)) => self.map(pointer, was, now, level),
            (Value::Array(was), Value::Array(now)) => {
                let noted = self.edits.len();
                let done = level < self.depth && self.elements(pointer, was, now, level).is_some();
                if !done {
                    self.edits.truncate(noted);
                }
                done
            }
            _ => false,
        }
    }

    /// The same for lists whose elements are known by their ids, or by their places.
    fn elements(
        &mut self,
        pointer: &str,
        old: &[Value],
        new: &[Value],
        level: usize,
    ) -> Option<()> {
        let heads = self.dashes(pointer, old.len())?;
        let first = heads.first()?;
        let indent = first.indent;
        let pairs = paired(old, new)?;
        let mut behind = first.line;
        let mut next = 0;
        for (index, now) in new.iter().enumerate() {
            let Some(at) = pairs[index] else {
                let mut text = String::new();
                pad(indent, &mut text);
                text.push_str("- ");
                item_of(now, indent, &mut text);
                self.edits.push(Edit {
                    from: behind,
                    to: behind,
                    text,
                });
                continue;
            };
            self.drop_all(&heads[next..at], &old[next..at]);
            next = at + 1;
            behind = self.end(heads[at].line, indent, Shape::Plain);
            if *now == old[at] || self.inside(&format!("{pointer}/{at}"), &old[at], now, level + 1)
            {
                continue;
            }
            let mut text = self.before(&heads[at]);
            text.push_str("- ");
            item_of(now, indent, &mut text);
            self.keep_comment(heads[at].line, behind, &mut text);
            self.edits.push(Edit {
                from: heads[at].line,
                to: behind,
                text,
            });
        }
        self.drop_all(&heads[next..], &old[next..]);
        Some(())
    }

    fn drop_all(&mut self, heads: &[Head<'_>], old: &[Value]) {
        for (head, was) in heads.iter().zip(old) {
            let shape = match shape(was) {
                Shape::Text => Shape::Text,
                _ => Shape::Plain,
            };
            let to = self.end(head.line, head.indent, shape);
            self.edits.push(Edit {
                from: head.line,
                to,
                text: String::new(),
            });
        }
    }

    /// The keys of a map in the order of the text, if each begins a line at one column.
    fn keys<'m>(&self, pointer: &str, map: &'m Map<String, Value>) -> Option<Vec<Head<'m>>> {
        let mut heads = Vec::new();
        for name in map.keys() {
            let (line, column) = self
                .source
                .key_at(&format!("{pointer}/{}", escaped(name)))?;
            heads.push(Head {
                name,
                line: usize::try_from(line).ok()?.checked_sub(1)?,
                indent: usize::try_from(column).ok()?.checked_sub(1)?,
            });
        }
        heads.sort_by_key(|head| head.line);
        let indent = heads.first()?.indent;
        for (index, head) in heads.iter().enumerate() {
            let before = self.before(head);
            let blank = before.chars().all(|c| c == ' ');
            let dashed = index == 0 && before.chars().all(|c| c == ' ' || c == '-');
            if head.indent != indent || !(blank || dashed) {
                return None;
            }
        }
        let distinct = heads.windows(2).all(|pair| pair[0].line < pair[1].line);
        distinct.then_some(heads)
    }

    /// The elements of a list, if each begins with a dash of its own at one column; their indent is the dash's.
    fn dashes(&self, pointer: &str, count: usize) -> Option<Vec<Head<'static>>> {
        let mut heads = Vec::new();
        for index in 0..count {
            let (line, column) = self.source.value_at(&format!("{pointer}/{index}"))?;
            let line = usize::try_from(line).ok()?.checked_sub(1)?;
            let before: String = self
                .lines
                .get(line)?
                .chars()
                .take(usize::try_from(column).ok()?.checked_sub(1)?)
                .collect();
            let indent = before.len() - before.trim_start_matches(' ').len();
            let rest = &before[indent..];
            if !rest.starts_with('-') || !rest[1..].chars().all(|c| c == ' ') {
                return None;
            }
            heads.push(Head {
                name: "",
                line,
                indent,
            });
        }
        let indent = heads.first()?.indent;
        let even = heads.iter().all(|head| head.indent == indent);
        let distinct = heads.windows(2).all(|pair| pair[0].line < pair[1].line);
        (even && distinct).then_some(heads)
    }

    /// What stands before a key on its line.
    fn before(&self, head: &Head<'_>) -> String {
        let line = self.lines.get(head.line).copied().unwrap_or_default();
        line.chars().take(head.indent).collect()
    }

    /// The line after the last one of what begins at a line. Blank lines and comments behind it are not its own.
    fn end(&self, line: usize, indent: usize, shape: Shape) -> usize {
        let mut end = line + 1;
        for (index, text) in self.lines.iter().enumerate().skip(line + 1) {
            let inner = text.trim_start_matches(' ');
            let own = text.len() - inner.len();
            let remark = inner.starts_with('#') && !matches!(shape, Shape::Text);
            if inner.trim().is_empty() || remark {
                continue;
            }
            let dash = inner.starts_with("- ") || inner.trim_end() == "-";
            if own > indent || (own == indent && dash && matches!(shape, Shape::List)) {
                end = index + 1;
            } else {
                break;
            }
        }
        end
    }

    /// What is said behind a value on its only line stays there.
    fn keep_comment(&self, line: usize, end: usize, text: &mut String) {
        if end != line + 1 || text.lines().count() != 1 {
            return;
        }
        let whole = self.lines.get(line).copied().unwrap_or_default().trim_end();
        if let Some(comment) = yaml::comments(whole.trim_start()).pop()
            && whole.ends_with(&comment)
        {
            text.truncate(text.trim_end().len());
            text.push_str(&format!("  {comment}\n"));
        }
    }

    /// The text with all that was noted.
    fn written(mut self) -> String {
        // Stable: what was noted first at a place stands first.
        self.edits.sort_by_key(|edit| (edit.from, edit.to));
        let mut out = String::new();
        let mut at = 0;
        for edit in &self.edits {
            for line in self.lines.get(at..edit.from).unwrap_or_default() {
                out.push_str(line);
                out.push('\n');
            }
            out.push_str(&edit.text);
            at = at.max(edit.to);
        }
        for line in self.lines.get(at..).unwrap_or_default() {
            out.push_str(line);
            out.push('\n');
        }
        out
    }
}

/// A name as a part of a JSON Pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// For each new element the old one that it was, in one order.
fn paired(old: &[Value], new: &[Value]) -> Option<Vec<Option<usize>>> {
    let ids = |list: &[Value]| -> Option<Vec<String>> {
        list.iter()
            .map(|one| one["id"].as_str().map(str::to_owned))
            .collect()
    };
    let pairs: Vec<Option<usize>> = match (ids(old), ids(new)) {
        (Some(before), Some(after)) => after
            .iter()
            .map(|id| before.iter().position(|one| one == id))
            .collect(),
        _ if old.len() == new.len() => (0..old.len()).map(Some).collect(),
        _ => return None,
    };
    let kept: Vec<usize> = pairs.iter().flatten().copied().collect();
    let ordered = !kept.is_empty() && kept.windows(2).all(|pair| pair[0] < pair[1]);
    ordered.then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# What this is for
druse: 1
name: nightly
inputs:
  folder: { type: string, default: inbox } # where
steps:
  # First it reads.
  - id: read
    action: file
    with:
      operation: read
      # the one of today
      path: \"{{ inputs.folder }}/today\"  # never another

  # Then it tells.
  - id: tell
    action: shell
    needs: [read]
    with: { argv: [echo, done] }
    timeout: 10s
# Nothing comes after.
";

    fn document(text: &str) -> Document {
        parse(text, Syntax::Yaml).expect("a document").document
    }

    fn amended(change: impl FnOnce(&mut Document)) -> Amended {
        let old = document(TEXT);
        let mut new = old.clone();
        change(&mut new);
        let found = amend(TEXT, &old, &new).expect("it is kept");
        assert_eq!(document(&found.text), new);
        found
    }

    fn with(document: &mut Document, step: usize) -> &mut Map<String, Value> {
        document.steps[step].with.as_mut().expect("a configuration")
    }

    #[test]
    fn nothing_changed_nothing_moved() {
        assert_eq!(amended(|_| {}).text, TEXT);
    }

    #[test]
    fn one_value_is_one_line_and_what_is_said_behind_it_stays() {
        let found = amended(|new| {
            with(new, 0).insert("path".into(), "other".into());
        });
        let expected = TEXT.replace("\"{{ inputs.folder }}/today\"", "other");
        assert_eq!(found.text, expected);
        assert!(found.lost.is_empty());
    }

    #[test]
    fn keys_come_and_go_among_the_others() {
        let found = amended(|new| {
            new.steps[1].timeout = None;
            new.steps[1].when = Some("inputs.folder != ''".into());
            with(new, 0).insert("encoding".into(), "base64".into());
        });
        assert!(found.lost.is_empty(), "{:?}", found.lost);
        assert!(!found.text.contains("timeout"), "{}", found.text);
        let encoding = found.text.find("encoding: base64").expect("the new key");
        assert!(encoding < found.text.find("# Then it tells.").expect("the comment"));
    }

    #[test]
    fn steps_come_and_go_with_their_neighbours_as_they_were() {
        let found = amended(|new| {
            new.steps.remove(0);
            new.steps[0].needs.clear();
            let mut more = new.steps[0].clone();
            more.id = "again".into();
            new.steps.push(more);
        });
        assert!(
            found.text.contains("  # Then it tells.\n  - id: tell\n"),
            "{}",
            found.text
        );
        assert!(
            found.text.ends_with("# Nothing comes after.\n"),
            "{}",
            found.text
        );
        // What stood inside of the step goes with it.
        assert_eq!(found.lost, ["# the one of today", "# never another"]);
    }

    #[test]
    fn what_stands_in_one_line_is_written_anew_as_a_whole() {
        let found = amended(|new| {
            with(new, 1).insert("argv".into(), serde_json::json!(["echo", "all: done"]));
        });
        assert!(found.lost.is_empty());
        assert!(
            found.text.contains("argv: [echo, \"all: done\"]"),
            "{}",
            found.text
        );
        assert!(found.text.contains("# the one of today"), "{}", found.text);
    }

    #[test]
    fn unusual_forms_cost_comments_and_never_a_value() {
        let texts = [
            "druse: 1\nname: a\nsteps:\n- id: x\n  action: transform\n  with:\n    value: |\n      # no comment\n      text\n- id: y\n  action: transform\n  with: {value: 1}\n",
            "druse: 1\nname: a\nsteps: [{id: x, action: transform, with: {value: a}}, {id: y, action: transform, with: {value: 1}}] # all\n",
            "{druse: 1, name: a,\n steps: [{id: x, action: transform, with: {value: a}},\n {id: y, action: transform, with: {value: 1}}]}\n",
            "druse: 1\nname: a\nsteps:\n  -\n    id: x\n    action: transform\n    with:\n      value:\n        # inner\n        - one\n        - two\n  - id: y\n    action: transform\n    with: {value: 1}",
        ];
        for text in texts {
            let old = document(text);
            for value in [
                Value::from("plain"),
                serde_json::json!({"a": ["b\nc", 1]}),
                Value::from("# x\ny\n"),
            ] {
                let mut new = old.clone();
                with(&mut new, 0).insert("value".into(), value);
                new.steps[1].timeout = Some(crate::Span::from_secs(3));
                if let Some(found) = amend(text, &old, &new) {
                    assert_eq!(document(&found.text), new, "{text}");
                }
            }
        }
    }
}
