//! A title with a mark on it: `Re: Offer 2231`, `[DONE] Fix the login`. The mark stays, and the title beside it follows
//! where it comes from, as a title without a mark would.

use super::binder::{Binder, Sent};
use super::binding::Piece;
use super::evaluate::quoted;
use super::information::WEAK;
use super::weigh::Outcome;
use serde_json::Value;

/// What stands before a title that is answered, handed on, or told of again.
const BEFORE: [&str; 14] = [
    "re:",
    "fwd:",
    "fw:",
    "aw:",
    "wg:",
    "antw:",
    "rif:",
    "follow-up:",
    "reminder:",
    "update:",
    "done:",
    "closed:",
    "copy of",
    "kopie von",
];
/// The most characters of a mark in brackets.
const LONGEST_MARK: usize = 20;
/// The most marks on one title.
const MOST_MARKS: usize = 3;

impl Binder<'_, '_> {
    /// A title whose mark stays, and the rest of which an answer gives.
    pub(super) fn marked(&mut self, sent: &Sent<'_>, text: &str) -> Option<Vec<Piece>> {
        let is_title = sent.key.words.last().is_some_and(|word| {
            matches!(
                word.as_str(),
                "subject" | "title" | "name" | "summary" | "headline" | "topic"
            )
        });
        if !is_title {
            return None;
        }
        let (from, to) = unmarked(text)?;
        let value = Value::from(&text[from..to]);
        let inner = sent.part(sent.key.clone(), &value);
        let Outcome::Bound(mut binding) = self.among_answers(&inner, WEAK) else {
            return None;
        };
        let (before, behind) = (&text[..from], &text[to..]);
        let whole = format!(
            "{} ~ ({}) ~ {}",
            quoted(before),
            binding.expression,
            quoted(behind)
        );
        if binding.is_by_wording() || self.is_refuted(sent, &whole) {
            return None;
        }
        binding.because = format!("{}; a mark stands on it", binding.because);
        let mut pieces = Vec::new();
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Value(binding));
        if !behind.is_empty() {
            pieces.push(Piece::Text(behind.to_owned()));
        }
        Some(pieces)
    }
}

/// Where the title begins and ends that has a mark before or behind it; none where it has none.
fn unmarked(text: &str) -> Option<(usize, usize)> {
    let (mut from, mut to) = (0, text.len());
    for _ in 0..MOST_MARKS {
        let rest = &text[from..to];
        let mark = BEFORE
            .iter()
            .find(|mark| {
                rest.get(..mark.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(mark))
            })
            .map(|mark| mark.len())
            .or_else(|| in_brackets(rest));
        let Some(mark) = mark else { break };
        let behind = &rest[mark..];
        let blanks = behind.len() - behind.trim_start().len();
        if blanks == 0 {
            break;
        }
        from += mark + blanks;
    }
    let rest = &text[from..to];
    if let Some(at) = rest.rfind([' ', '\t'])
        && is_mark(&rest[at + 1..])
    {
        to = from + rest[..at].trim_end().len();
    }
    (from < to && (from, to) != (0, text.len())).then_some((from, to))
}

/// How long a mark in brackets is that a text begins with: `[DONE]`.
fn in_brackets(text: &str) -> Option<usize> {
    let end = text.strip_prefix('[')?.find(']')? + 2;
    is_mark(&text[..end]).then_some(end)
}

/// Whether something is a mark in brackets: `[DONE]`, `(copy)`.
fn is_mark(text: &str) -> bool {
    let inside = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .or_else(|| {
            text.strip_prefix('(')
                .and_then(|rest| rest.strip_suffix(')'))
        });
    inside.is_some_and(|inside| {
        !inside.is_empty()
            && inside.chars().count() <= LONGEST_MARK
            && inside
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::unmarked;

    #[test]
    fn marks_stand_before_and_behind() {
        for (text, expected) in [
            ("Re: Offer 2231", Some("Offer 2231")),
            ("RE: Fwd: Offer", Some("Offer")),
            ("[DONE] Fix the login", Some("Fix the login")),
            ("[EXT] Re: Offer", Some("Offer")),
            ("Fix the login (done)", Some("Fix the login")),
            ("Fix the login [wont fix]", None),
            ("Copy of Budget", Some("Budget")),
            ("Report: all", None),
            ("Re:Offer", None),
            ("Re: ", None),
            ("Offer (2231)", None),
            ("Offer", None),
            ("", None),
        ] {
            let found = unmarked(text).map(|(from, to)| &text[from..to]);
            assert_eq!(found, expected, "{text}");
        }
    }
}
