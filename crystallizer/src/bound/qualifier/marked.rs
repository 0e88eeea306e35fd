//! What a person said, shown with the whole sentence around it: a word alone can hardly be answered about.

use std::ops::Range;

/// The most characters that are shown of a sentence.
const LONGEST: usize = 240;
/// How many of them may stand before what is marked.
const BEFORE: usize = 90;

/// Parts of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked {
    /// Where the sentence stands in its text.
    pub(super) whole: Range<usize>,
    /// The parts that are meant.
    pub(super) parts: Vec<Range<usize>>,
}

impl Marked {
    /// The sentence, cut where it is long, with stars around each part that is meant. Nothing is marked where that is the
    /// whole sentence.
    pub(super) fn shown(&self, text: &str) -> String {
        let mut parts = self.parts.clone();
        parts.sort_by_key(|part| part.start);
        let bare = |from: usize, to: usize| {
            let part = text.get(from..to).unwrap_or_default();
            part.chars().filter(|c| c.is_alphanumeric()).count()
        };
        let marked: usize = parts.iter().map(|part| bare(part.start, part.end)).sum();
        if marked >= bare(self.whole.start, self.whole.end) {
            parts.clear();
        }
        let parts = joined(parts, text);
        let mut out = String::new();
        let mut at = self.whole.start;
        let mut first = None;
        for part in parts.into_iter().filter(|part| part.start < part.end) {
            // Parts may overlap.
            let from = part.start.max(at);
            if part.end <= from {
                continue;
            }
            out.push_str(text.get(at..from).unwrap_or_default());
            first.get_or_insert(out.len());
            out.push('*');
            out.push_str(text.get(from..part.end).unwrap_or_default());
            out.push('*');
            at = part.end;
        }
        out.push_str(text.get(at..self.whole.end).unwrap_or_default());
        window(
            &one_line(&out),
            first.map_or(0, |at| one_line(&out[..at]).len()),
        )
    }
}

/// The parts, those as one between which only blanks stand.
fn joined(parts: Vec<Range<usize>>, text: &str) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    for part in parts {
        match all.last_mut() {
            Some(last)
                if text
                    .get(last.end..part.start.max(last.end))
                    .is_some_and(|between| between.trim().is_empty()) =>
            {
                last.end = last.end.max(part.end);
            }
            _ => all.push(part),
        }
    }
    all
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As much of a text as is shown, with the place in it.
fn window(text: &str, at: usize) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let before = text[..at].chars().count();
    let skipped = before.saturating_sub(BEFORE);
    let mut from = text
        .char_indices()
        .nth(skipped)
        .map_or(0, |(index, _)| index);
    // At the border of a word.
    if skipped > 0 {
        from += text[from..at.max(from)]
            .find(' ')
            .map_or(0, |blank| blank + 1);
    }
    let rest = crate::show::text(&text[from..], LONGEST);
    match from {
        0 => rest,
        _ => format!("…{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, words: &[&str]) -> String {
        let parts = words.iter().map(|word| {
            let at = text.find(word).unwrap();
            at..at + word.len()
        });
        let marked = Marked {
            whole: 0..text.len(),
            parts: parts.collect(),
        };
        marked.shown(text)
    }

    #[test]
    fn the_words_are_marked_in_their_sentence() {
        let said = "Please use my\n gift card for the round trip.";
        assert_eq!(
            shown(said, &["gift", "round"]),
            "Please use my *gift* card for the *round* trip."
        );
        assert_eq!(
            shown(said, &["gift card", "card"]),
            "Please use my *gift card* for the round trip."
        );
        // No star stands beside another.
        assert_eq!(
            shown(
                "Cancel the older of the two orders.",
                &["older of the two", "orders"]
            ),
            "Cancel the *older of the two orders*."
        );
        assert_eq!(shown("If so.", &["If so"]), "If so.");
        assert_eq!(
            shown(said, &[]),
            "Please use my gift card for the round trip."
        );
    }

    #[test]
    fn of_a_long_sentence_the_words_are_seen() {
        let long = format!(
            "{}only the paid ones{}",
            "so many words ".repeat(40),
            " and more".repeat(40)
        );
        let shown = shown(&long, &["paid"]);
        assert!(
            shown.contains("only the *paid* ones") && shown.starts_with('…'),
            "{shown}"
        );
        assert!(shown.chars().count() <= LONGEST + 2, "{shown}");
    }
}
