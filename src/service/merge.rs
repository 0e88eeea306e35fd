//! Putting together what two people made of one thing: what only one of them changed is taken, and where both did the
//! conflict is told.

use serde_json::{Map, Value};
use similar::{DiffTag, TextDiff};

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Merged<T> {
    /// Both together; where both changed the same, mine.
    pub(crate) both: T,
    /// Where both changed the same, each to something else.
    pub(crate) conflicts: Vec<String>,
}

/// Puts two values together that were made of a third.
pub(crate) fn values(base: &Value, mine: &Value, theirs: &Value) -> Merged<Value> {
    let mut conflicts = Vec::new();
    let both = joined(Some(base), Some(mine), Some(theirs), "", &mut conflicts);
    Merged {
        both: both.unwrap_or(Value::Null),
        conflicts,
    }
}

fn joined(
    base: Option<&Value>,
    mine: Option<&Value>,
    theirs: Option<&Value>,
    at: &str,
    conflicts: &mut Vec<String>,
) -> Option<Value> {
    if mine == theirs || theirs == base {
        return mine.cloned();
    }
    if mine == base {
        return theirs.cloned();
    }
    let (Some(Value::Object(one)), Some(Value::Object(other))) = (mine, theirs) else {
        conflicts.push(at.to_owned());
        return mine.cloned();
    };
    let before = base.and_then(Value::as_object);
    let mut both = Map::new();
    let further = other.keys().filter(|name| !one.contains_key(*name));
    for name in one.keys().chain(further) {
        let at = match at {
            "" => name.clone(),
            at => format!("{at}.{name}"),
        };
        let was = before.and_then(|before| before.get(name));
        if let Some(value) = joined(was, one.get(name), other.get(name), &at, conflicts) {
            both.insert(name.clone(), value);
        }
    }
    Some(both.into())
}

/// Lines of the base that somebody put others in the place of.
struct Hunk<'t> {
    begin: usize,
    end: usize,
    lines: Vec<&'t str>,
}

fn hunks<'t>(base: &'t str, other: &'t str) -> Vec<Hunk<'t>> {
    let lines: Vec<&str> = other.split_inclusive('\n').collect();
    let diff = TextDiff::from_lines(base, other);
    let changed = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
    changed
        .map(|op| Hunk {
            begin: op.old_range().start,
            end: op.old_range().end,
            lines: lines.get(op.new_range()).unwrap_or_default().to_vec(),
        })
        .collect()
}

/// Some lines of the base with the changes in them.
fn with<'t>(base: &[&'t str], range: (usize, usize), hunks: &[Hunk<'t>]) -> String {
    let mut text = String::new();
    let mut at = range.0;
    for hunk in hunks {
        text.extend(base[at..hunk.begin].iter().copied());
        text.extend(hunk.lines.iter().copied());
        at = hunk.end;
    }
    text.extend(base[at..range.1].iter().copied());
    text
}

/// Puts two texts together, line by line. Where both changed the same lines, both stand between marks that are no
/// part of any document.
pub(crate) fn lines(base: &str, mine: &str, theirs: &str) -> Merged<String> {
    let before: Vec<&str> = base.split_inclusive('\n').collect();
    let (own, other) = (hunks(base, mine), hunks(base, theirs));
    let (mut i, mut j, mut at) = (0, 0, 0);
    let mut both = String::new();
    let mut conflicts = Vec::new();
    while i < own.len() || j < other.len() {
        let begins =
            |all: &[Hunk<'_>], at: usize| all.get(at).map_or(usize::MAX, |hunk| hunk.begin);
        let begin = begins(&own, i).min(begins(&other, j));
        let (from_own, from_other) = (i, j);
        let mut end = begin;
        // What touches is one place.
        loop {
            if let Some(hunk) = own.get(i).filter(|hunk| hunk.begin <= end) {
                end = end.max(hunk.end);
                i += 1;
            } else if let Some(hunk) = other.get(j).filter(|hunk| hunk.begin <= end) {
                end = end.max(hunk.end);
                j += 1;
            } else {
                break;
            }
        }
        both.extend(before[at..begin].iter().copied());
        let was = with(&before, (begin, end), &[]);
        let one = with(&before, (begin, end), &own[from_own..i]);
        let two = with(&before, (begin, end), &other[from_other..j]);
        if two == was || one == two {
            both.push_str(&one);
        } else if one == was {
            both.push_str(&two);
        } else {
            conflicts.push(format!("line {}", both.lines().count() + 1));
            let whole = |text: &str| match text.is_empty() || text.ends_with('\n') {
                true => text.to_owned(),
                false => format!("{text}\n"),
            };
            both.push_str(&format!(
                "<<<<<<< yours\n{}=======\n{}>>>>>>> theirs\n",
                whole(&one),
                whole(&two)
            ));
        }
        at = end;
    }
    both.extend(before[at..].iter().copied());
    Merged { both, conflicts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_only_one_changed_is_taken() {
        let base = json!({ "with": { "to": "a", "text": "x" }, "timeout": "1s", "when": "y" });
        let mine = json!({ "with": { "to": "b", "text": "x" }, "timeout": "1s" });
        let theirs = json!({ "with": { "to": "a", "text": "z" }, "timeout": "1s", "when": "y", "retry": { "attempts": 2 } });
        let merged = values(&base, &mine, &theirs);
        assert_eq!(
            merged.both,
            json!({ "with": { "to": "b", "text": "z" }, "timeout": "1s", "retry": { "attempts": 2 } })
        );
        assert!(merged.conflicts.is_empty());
        let other = json!({ "with": { "to": "c", "text": "x" }, "timeout": "1s", "when": "n" });
        let merged = values(&base, &mine, &other);
        assert_eq!(merged.conflicts, ["with.to", "when"]);
        assert_eq!(merged.both["with"]["to"], "b");
    }

    #[test]
    fn lines_of_both_stand_together_and_the_same_line_is_marked() {
        let base = "a\nb\nc\nd\ne\n";
        let both = |mine: &str, theirs: &str| {
            let merged = lines(base, mine, theirs);
            (merged.both, merged.conflicts.len())
        };
        assert_eq!(
            both("A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\nf\n"),
            ("A\nb\nc\nd\nE\nf\n".into(), 0)
        );
        assert_eq!(both(base, "a\nc\nd\ne\n"), ("a\nc\nd\ne\n".into(), 0));
        assert_eq!(
            both("a\nx\nc\nd\ne\n", "a\nx\nc\nd\ne\n"),
            ("a\nx\nc\nd\ne\n".into(), 0)
        );
        assert_eq!(
            both("a\nx\nc\nd\ne\n", "a\ny\nc\nd\ne\n"),
            (
                "a\n<<<<<<< yours\nx\n=======\ny\n>>>>>>> theirs\nc\nd\ne\n".into(),
                1
            )
        );
        // Both put something at one place, and one takes out what the other changes.
        assert_eq!(both("a\nm\nb\nc\nd\ne\n", "a\nt\nb\nc\nd\ne\n").1, 1);
        assert_eq!(both("a\nb\ne\n", "a\nb\nC\nd\ne\n").1, 1);
        assert_eq!(lines("", "x\n", "").both, "x\n");
        assert_eq!(lines("a", "a\nb", "a").both, "a\nb");
    }
}
