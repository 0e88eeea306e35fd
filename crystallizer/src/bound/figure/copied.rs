//! Lines that the agent copied out of an answer into a text that it sends: every run would send those of the recording.

use crate::bound::said::Said;
use crate::bound::view;
use crate::kept::Kept;
use serde_json::Value;
use std::collections::BTreeSet;

/// The lines from which on they are copied, whatever stands beside them; two have to be nearly all of the text.
const COPIED: usize = 3;
/// How many calls before a text are looked through, and how many of its lines.
const NEAREST: usize = 32;
const MOST_LINES: usize = 400;
/// The longest text of an answer that is looked through, in bytes.
const LONGEST: usize = 200_000;
/// The letters from which on a line tells something.
const LETTERS: usize = 3;

/// The lines of the fixed parts of a text that one answer before its call has as lines or as values. What a person or
/// an earlier call had said before that answer was not copied out of it.
pub(super) fn lines<'t>(
    kept: &[Kept<'_>],
    said: &Said,
    call: usize,
    texts: &[&'t str],
) -> Vec<&'t str> {
    let Some(own) = kept.get(call) else {
        return Vec::new();
    };
    // What an agent's own tools edit in files stands in them by nature.
    if own.target.own_tool || own.target.shell.is_some() {
        return Vec::new();
    }
    let mut open: Vec<&str> = Vec::new();
    for line in texts.iter().flat_map(|text| text.lines()).map(bare) {
        let is_new = tells(line) && !open.contains(&line);
        if is_new && !said.by_people().any(|said| said.contains(line)) {
            open.push(line);
        }
        if open.len() >= MOST_LINES {
            break;
        }
    }
    let all = open.len();
    let is_copied = |count: usize| count >= COPIED || count >= 2 && count * 5 >= all * 4;
    for earlier in &kept[call.saturating_sub(NEAREST)..call] {
        if !is_copied(open.len()) {
            break;
        }
        crate::leaf::scalars(&earlier.call.arguments, &mut |leaf| {
            if let Value::String(sent) = leaf {
                open.retain(|line| !sent.contains(line));
            }
        });
        // Calls of one batch were issued together.
        if earlier.call.batch == own.call.batch || !crate::prune::succeeded(earlier.call) {
            continue;
        }
        let answer = view::seen(earlier);
        let mut held: BTreeSet<&str> = BTreeSet::new();
        crate::leaf::scalars(&answer, &mut |leaf| {
            if let Value::String(text) = leaf
                && text.len() <= LONGEST
            {
                held.extend(text.lines().map(bare));
            }
        });
        let found: Vec<&str> = open
            .iter()
            .filter(|line| held.contains(**line))
            .copied()
            .collect();
        if is_copied(found.len()) {
            return found;
        }
    }
    Vec::new()
}

/// A line without the mark that makes it an element of a list.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let rest = line.trim_start_matches(['-', '*', '•', '>', '–', '#']);
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits
        .strip_prefix(['.', ')'])
        .filter(|rest| digits.len() < line.len() && rest.starts_with(char::is_whitespace));
    numbered.unwrap_or(rest).trim()
}

/// Whether a line tells something: no greeting, no rule of dashes.
fn tells(line: &str) -> bool {
    !line.ends_with(',') && line.chars().filter(|c| c.is_alphabetic()).count() >= LETTERS
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn marks_of_a_list_are_no_part_of_a_line() {
        for (line, expected) in [
            ("- Swimwear", "Swimwear"),
            ("  * Budget for Q1 ", "Budget for Q1"),
            ("2. Release plan", "Release plan"),
            ("3) Hiring", "Hiring"),
            ("> quoted", "quoted"),
            ("24 lamps", "24 lamps"),
            ("1.5 hours", "1.5 hours"),
        ] {
            assert_eq!(bare(line), expected, "{line}");
        }
    }
}
