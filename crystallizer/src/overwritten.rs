//! What the agent wrote once and a run writes again: files that are written over with the text of the recording although
//! they were read before, edits that find what they look for only once, and texts that are the model's.

use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::prune::succeeded;
use crate::session::{Role, Session, Turn};
use druse_engine::Finding;
use druse_engine::definition::{Document, Step};
use serde_json::{Map, Value};
use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A file as steps name it: the connection and the path.
type File<'d> = (&'d str, &'d str);

/// What fixed texts come to in a second run.
#[derive(Default)]
pub(crate) struct Fixed<'d> {
    /// Steps that write over a file which a step before them reads.
    pub(crate) over: Vec<&'d str>,
    /// Steps that do what can be done once.
    pub(crate) once: Vec<&'d str>,
    /// Steps that send a text which nobody but the model wrote.
    pub(crate) model_wrote: Vec<&'d str>,
}

/// Looks through the steps that work on files.
pub(crate) fn fixed<'d>(
    document: &'d Document,
    session: &Session,
    calls: &[Kept<'_>],
) -> Fixed<'d> {
    // A look that failed saw no file that could be lost.
    let seen: BTreeSet<&str> = of_steps(calls, true);
    let in_vain = &of_steps(calls, false) - &seen;
    let said = Said::of(session);
    let mut found = Fixed::default();
    // Of each file whether it is as a step of the draft wrote it, not only read.
    let mut known: BTreeMap<File<'d>, bool> = BTreeMap::new();
    through(&document.steps, &mut |step| {
        let Some((with, file)) = file_of(step) else {
            return;
        };
        let text = |name: &str| with.get(name).and_then(Value::as_str);
        let is_fixed = |name: &str| text(name).is_some_and(|text| !has_expression(text));
        let is_model = |name: &str| {
            is_fixed(name)
                && text(name).is_some_and(|text| !text.trim().is_empty() && !said.holds(text))
        };
        let is_known_path = !has_expression(file.1);
        match text("op") {
            Some("read") if in_vain.contains(step.id.as_str()) => {}
            Some("read") => {
                known.entry(file).or_insert(false);
            }
            Some("write") => {
                if is_model("text") {
                    found.model_wrote.push(&step.id);
                }
                let creates = text("if_exists") == Some("fail");
                if is_known_path && creates && !known.contains_key(&file) {
                    found.once.push(&step.id);
                }
                // What the draft wrote itself it may write again.
                let was_read = known.insert(file, true) == Some(false);
                if is_known_path && was_read && !creates && is_fixed("text") {
                    found.over.push(&step.id);
                }
            }
            Some("edit") => {
                if is_model("replace") {
                    found.model_wrote.push(&step.id);
                }
                let is_new = known.get(&file) == Some(&true);
                let goes_away = is_fixed("find")
                    && is_fixed("replace")
                    && text("find")
                        .zip(text("replace"))
                        .is_some_and(|(find, replace)| !find.is_empty() && !replace.contains(find));
                if is_known_path && goes_away && !is_new {
                    found.once.push(&step.id);
                }
            }
            _ => {}
        }
    });
    found
}

/// Of each step that writes over what was read a finding that has to be acknowledged.
pub(crate) fn findings(fixed: &Fixed<'_>, kept: &[Kept<'_>], places: &[Spot]) -> Vec<Finding> {
    let over: HashSet<&str> = fixed.over.iter().copied().collect();
    kept.iter()
        .zip(places)
        .filter(|(kept, _)| succeeded(kept.call) && over.contains(kept.step.as_str()))
        .map(|(kept, spot)| {
            let path = kept.target.filled.request.get("path");
            let path = path.and_then(Value::as_str).unwrap_or_default();
            let finding = Finding::warning(
                "overwrites_what_it_read",
                format!(
                    "`{}` is read before, and written over with the text of the recording: what came into it since is lost.",
                    crate::show::text(path, 80)
                ),
            )
            .help("Make the text from what the step before it reads, put an edit in its place, or acknowledge that each run writes this text.")
            .must_acknowledge();
            located(finding, &kept.step, *spot, "/with/text")
        })
        .collect()
}

/// The configuration and the file of a step that works on one.
fn file_of(step: &Step) -> Option<(&Map<String, Value>, File<'_>)> {
    let with = step
        .with
        .as_ref()
        .filter(|_| step.action.as_deref() == Some("file"))?;
    let text = |name: &str| with.get(name).and_then(Value::as_str);
    Some((
        with,
        (text("connection").unwrap_or_default(), text("path")?),
    ))
}

/// Whether something of a text is filled in by a run.
pub(crate) fn has_expression(text: &str) -> bool {
    holes(text).any(|inside| !is_literal(inside))
}

/// What stands between the braces of a text.
pub(crate) fn holes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, inner) = rest.split_once("{{")?;
        let (inside, after) = inner.split_at(end_of(inner)?);
        rest = after.get(2..)?;
        Some(inside)
    })
}

/// Where the braces close: those inside of quotes do not.
pub(crate) fn end_of(inner: &str) -> Option<usize> {
    let mut quote = None;
    let mut skips = false;
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            _ if skips => skips = false,
            (Some(_), '\\') => skips = true,
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '}') if inner[at..].starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

/// Whether an expression is only a text in quotes: a way to write what has braces in it.
pub(crate) fn is_literal(inside: &str) -> bool {
    let text = inside.trim();
    let Some(open) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        return false;
    };
    let mut skips = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if skips => skips = false,
            '\\' => skips = true,
            _ if c == open => return at + c.len_utf8() == text.len(),
            _ => {}
        }
    }
    false
}

/// The steps with a call that succeeded, or with one that did not.
fn of_steps<'k>(calls: &'k [Kept<'_>], well: bool) -> BTreeSet<&'k str> {
    calls
        .iter()
        .filter(|kept| succeeded(kept.call) == well)
        .map(|kept| kept.step.as_str())
        .collect()
}

/// How many texts are looked for in all that was said, before an index of it is worth its making.
const SCANS: usize = 8;

/// What the person said, to look up many texts in it.
struct Said<'s> {
    texts: Vec<&'s str>,
    index: OnceCell<Index<'s>>,
    scans: Cell<usize>,
}

/// The words of what was said, and which of them follow each other.
#[derive(Default)]
struct Index<'s> {
    words: BTreeSet<&'s str>,
    pairs: HashSet<(&'s str, &'s str)>,
}

impl<'s> Said<'s> {
    fn of(session: &'s Session) -> Self {
        let goal = session.goal.iter().map(String::as_str);
        let said = session.turns.iter().filter_map(|turn| match turn {
            Turn::Message {
                role: Role::User,
                text,
                ..
            } => Some(text.as_str()),
            _ => None,
        });
        Self::over(goal.chain(said))
    }

    fn over(texts: impl Iterator<Item = &'s str>) -> Self {
        // The goal is mostly the first that was said.
        let mut known = HashSet::new();
        Self {
            texts: texts.filter(|text| known.insert(*text)).collect(),
            index: OnceCell::new(),
            scans: Cell::new(0),
        }
    }

    /// Whether the person gave a text word for word.
    fn holds(&self, text: &str) -> bool {
        let own = text.trim();
        if self.scans.get() >= SCANS && !self.index.get_or_init(|| self.indexed()).may_hold(own) {
            return false;
        }
        self.scans.set(self.scans.get() + 1);
        self.texts.iter().any(|said| said.contains(own))
    }

    fn indexed(&self) -> Index<'s> {
        let mut index = Index::default();
        for text in &self.texts {
            let mut last = None;
            for word in words(text) {
                index.words.insert(word);
                if let Some(last) = last {
                    index.pairs.insert((last, word));
                }
                last = Some(word);
            }
        }
        index
    }
}

impl Index<'_> {
    /// Whether a text may stand in what was said. Its first and its last word may be the end and the beginning of a
    /// longer one there.
    fn may_hold(&self, text: &str) -> bool {
        let own: Vec<&str> = words(text).collect();
        let Some((last, before)) = own.split_last() else {
            return true;
        };
        let Some((_, inner)) = before.split_first() else {
            return self.words.iter().any(|word| word.contains(last));
        };
        let begins = self.words.range(*last..).next();
        begins.is_some_and(|word| word.starts_with(last))
            && inner.iter().all(|word| self.words.contains(word))
            && inner
                .windows(2)
                .all(|two| self.pairs.contains(&(two[0], two[1])))
    }
}

/// The words and numbers of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn through<'d>(steps: &'d [Step], then: &mut impl FnMut(&'d Step)) {
    for step in steps {
        then(step);
        through(&step.steps, then);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_quotes_is_no_expression() {
        for (text, expected) in [
            ("no braces", false),
            ("{{ inputs.a }}", true),
            ("a {{ steps.b.output }} c", true),
            ("{{ 'gh --template \\'{{.number}}\\' now' }}", false),
            ("{{ '{{' }} and {{ inputs.a }}", true),
            ("{{ 'a' ~ inputs.b }}", true),
            ("{{ 'a' | upper }}", true),
            ("open {{ end", false),
        ] {
            assert_eq!(has_expression(text), expected, "{text}");
        }
    }

    /// However many texts are looked up, few of them are looked for in all that was said.
    #[test]
    fn what_was_said_is_searched_only_for_what_may_stand_in_it() {
        let goal = "Rename the alpha entry to beta-gamma; keep naïve ones, übermorgen.";
        let said = Said::over([goal, goal].into_iter());
        assert_eq!(said.texts.len(), 1);
        for number in 0..1000 {
            assert!(!said.holds(&format!("fresh text number {number} here")));
        }
        assert_eq!(said.scans.get(), SCANS);
        for from in 0..goal.len() {
            for to in from..=goal.len() {
                if let Some(part) = goal.get(from..to) {
                    assert!(said.holds(part), "{part}");
                }
            }
        }
        for text in [
            "alpha beta",
            "entry the alpha",
            "omega",
            "to beta-gamma; keeps",
        ] {
            assert!(!said.holds(text), "{text}");
        }
    }
}
