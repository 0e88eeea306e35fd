//! A title with a mark on it: `Re: Offer 2231`, `[DONE] Fix the login`. The mark stays, and the title beside it follows
//! where it comes from, as a title without a mark would.

use super::binder::{Binder, Sent};
use super::binding::Piece;
use super::compose::{Composed, part_key};
use super::information::WEAK;
use super::inputs::Found;
use super::weigh::Outcome;
use serde_json::Value;
use std::ops::Range;

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
/// The words of marks that tell how it stands with something, or what a text is, and the small words beside them.
const STATES: [&str; 62] = [
    "done",
    "erledigt",
    "hecho",
    "fait",
    "copy",
    "kopie",
    "copia",
    "copie",
    "duplicate",
    "clone",
    "closed",
    "geschlossen",
    "open",
    "offen",
    "reopened",
    "draft",
    "entwurf",
    "resolved",
    "solved",
    "fixed",
    "wontfix",
    "wont",
    "won't",
    "fix",
    "invalid",
    "cancelled",
    "canceled",
    "abgesagt",
    "storniert",
    "postponed",
    "verschoben",
    "rescheduled",
    "moved",
    "updated",
    "update",
    "new",
    "neu",
    "old",
    "alt",
    "archived",
    "archiv",
    "archiviert",
    "obsolete",
    "deprecated",
    "urgent",
    "dringend",
    "important",
    "wichtig",
    "final",
    "wip",
    "in",
    "progress",
    "pending",
    "blocked",
    "on",
    "hold",
    "paid",
    "bezahlt",
    "approved",
    "rejected",
    "completed",
    "external",
];
/// The most characters of a mark in brackets.
const LONGEST_MARK: usize = 20;
/// The most marks on one title.
const MOST_MARKS: usize = 3;

impl Binder<'_, '_> {
    /// A title whose mark stays, and the rest of which an answer gives. What a person said within a mark is an input, and
    /// what an answer told is read there, as anywhere else: `Login broken (Globex)`.
    pub(super) fn marked(&mut self, sent: &Sent<'_>, text: &str) -> Option<Composed> {
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
        if binding.is_by_wording() {
            return None;
        }
        let (Some(mut pieces), Some(behind)) = (
            self.marks(sent, text, 0..from),
            self.marks(sent, text, to..text.len()),
        ) else {
            return Some(Composed::Unsure);
        };
        binding.because = format!("{}; a mark stands on it", binding.because);
        pieces.push(Piece::Value(binding));
        pieces.extend(behind);
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        (!self.is_worded_otherwise(sent, &pieces)).then_some(Composed::Pieces(pieces))
    }

    /// The marks in a range of a text: fixed, with what comes from elsewhere in those in brackets. None where it is not
    /// certain from where.
    fn marks(&mut self, sent: &Sent<'_>, text: &str, range: Range<usize>) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut done = range.start;
        while let Some(open) = text[done..range.end].find(['[', '(']) {
            let start = done + open + 1;
            let Some(length) = text[start..range.end].find([']', ')']) else {
                break;
            };
            pieces.push(Piece::Text(text[done..start].to_owned()));
            done = start + length;
            pieces.extend(self.mark(sent, text, start..done)?);
        }
        pieces.push(Piece::Text(text[done..range.end].to_owned()));
        Some(pieces)
    }

    /// What stands within the brackets of a mark. A word of a state stays, whoever said it.
    fn mark(&mut self, sent: &Sent<'_>, text: &str, range: Range<usize>) -> Option<Vec<Piece>> {
        let inside = &text[range.clone()];
        if inside.split_whitespace().all(is_of_state) {
            return Some(vec![Piece::Text(inside.to_owned())]);
        }
        let value = Value::from(inside);
        let mention = self.said.find(&value, &[]);
        let mention = mention.filter(|mention| mention.person && !self.said.is_only_deed(&value));
        let pieces = self.filled(sent, text, range, is_of_state)?;
        let is_fixed = pieces.iter().all(|piece| matches!(piece, Piece::Text(_)));
        let Some(mention) = mention.filter(|_| is_fixed) else {
            return Some(pieces);
        };
        let named = sent.part(part_key(&value, &sent.key), &value);
        let mut binding = self.input(&named, Found::Said(mention), None);
        binding.because = format!("{}; it is a part of the text", binding.because);
        Some(vec![Piece::Value(Box::new(binding))])
    }
}

/// Whether a word in a mark tells a state of the thing, or of the text: it is the same in each run.
fn is_of_state(word: &str) -> bool {
    STATES.contains(&word.to_lowercase().as_str())
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
