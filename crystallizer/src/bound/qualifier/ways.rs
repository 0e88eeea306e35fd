//! Values that are one of several ways which the person named in one sentence: `express for members, otherwise standard`,
//! `billing goes to finance, technical to engineering`. The recording went one of them. As an input with the recorded
//! value it would go that way in every run in which nobody says otherwise.

use super::missed::{Asker, Missed};
use super::read::Qualifier;
use super::sentence::Sentence;
use crate::bound::binding::{Piece, Source};
use crate::bound::cycle;
use crate::bound::information::{STRONG, bits};
use crate::bound::inputs::{Found, Input};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// The most words of one entry of a table, on either side.
const MOST_OF_ENTRY: usize = 4;
/// The most words of a sentence that is read as a table.
const LONGEST_TABLE: usize = 500;
/// What stands between the two sides of an entry, the longest first.
const BETWEEN: [&str; 22] = [
    " goes to ",
    " go to ",
    " geht an ",
    " gehen an ",
    " becomes ",
    " means ",
    " wird zu ",
    " gets ",
    " heißt ",
    " is ",
    " are ",
    " ist ",
    " sind ",
    " to ",
    " an ",
    " => ",
    " -> ",
    " → ",
    "→",
    " = ",
    "=",
    ": ",
];

impl Asker<'_> {
    /// The changes that were sent one of several ways as an input.
    pub(super) fn of_ways(&self) -> Vec<Missed> {
        let cycles = &self.decisions.cycles;
        let inputs: HashMap<&str, &Input> = self
            .decisions
            .inputs
            .iter()
            .map(|input| (input.name.as_str(), input))
            .collect();
        let all_sent = OnceCell::new();
        let is_sent = |word: &str| all_sent.get_or_init(|| self.all_sent()).contains(word);
        let mut found = Vec::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            if !self.kept.get(call).is_some_and(|kept| kept.changes()) {
                continue;
            }
            for bound in &decided.bound {
                let [Piece::Value(binding)] = bound.pieces.as_slice() else {
                    continue;
                };
                let Source::Input(name) = &binding.source else {
                    continue;
                };
                let sent = match &binding.value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                if bits(&binding.value, &[]) >= STRONG {
                    continue;
                }
                let input = inputs.get(name.as_str());
                let Some(Found::Said(mention)) = input.map(|input| &input.found) else {
                    continue;
                };
                let Some((text, sentence)) = self.decisions.said.sentence_of(mention) else {
                    continue;
                };
                let whole = self.decisions.said.text(text);
                let Some(span) = otherwise(sentence).or_else(|| {
                    let (first, last) = (sentence.first()?, sentence.last()?);
                    let around = first.start..last.end;
                    if sentence.len() > LONGEST_TABLE {
                        return None;
                    }
                    let words = whole.get(around.clone())?;
                    table(words, &sent, &is_sent).then_some(around)
                }) else {
                    continue;
                };
                let cycle = cycle::of(cycles, call);
                let first = cycle.and_then(|at| cycles.get(at)).map(|cycle| cycle.first);
                let one = Qualifier::said(span.start, span.end);
                found.push((first.unwrap_or(call), cycle, text, one));
            }
        }
        found
    }

    /// What changes were sent, in small letters: where it has both ways, both were gone.
    fn all_sent(&self) -> HashSet<String> {
        let mut all = HashSet::new();
        for kept in self.kept.iter().filter(|kept| kept.changes()) {
            crate::leaf::leaves(&kept.call.arguments, &mut |_, _, leaf| {
                all.extend(leaf.as_str().map(str::to_lowercase));
            });
        }
        all
    }
}

/// The part of a sentence that tells of another way, from the word on that begins it: `otherwise standard`, `standard for
/// all others`.
fn otherwise(sentence: &Sentence) -> Option<Range<usize>> {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    let clause = |at: usize| sentence.get(at).map(|token| token.clause);
    let at = (0..sentence.len()).find(|at| {
        let before = at.checked_sub(1).map_or("", word);
        let begins = *at == 0
            || clause(at - 1) != clause(*at)
            || matches!(before, "and" | "or" | "und" | "oder");
        match word(*at) {
            // `unless I say otherwise` tells of no other way.
            "otherwise" | "andernfalls" | "sonst" => begins && clause(at + 1) == clause(*at),
            "else" => {
                begins && clause(at + 1) == clause(*at)
                    || matches!(before, "everyone" | "everybody" | "anyone" | "anybody")
                        && before_for(sentence, *at)
            }
            "others" | "anderen" => {
                matches!(before, "all" | "the" | "alle" | "die") && before_for(sentence, *at)
            }
            "rest" => matches!(before, "the" | "den") && before_for(sentence, *at),
            _ => false,
        }
    })?;
    let last = sentence.last()?;
    Some(sentence.get(at)?.start..last.end)
}

/// Whether `for` or the like stands before the two words that end there: `for the rest`, `for everyone else`.
fn before_for(sentence: &Sentence, at: usize) -> bool {
    at.checked_sub(2)
        .and_then(|before| sentence.get(before))
        .is_some_and(|token| {
            matches!(
                token.word.as_str(),
                "for" | "to" | "für" | "an" | "and" | "und"
            )
        })
}

/// Whether a sentence is a table of which one entry has a value on its right side, and another was not gone by any step.
/// `is_sent` tells of a word in small letters whether a change was sent it.
fn table(sentence: &str, value: &str, is_sent: &dyn Fn(&str) -> bool) -> bool {
    let lower = sentence.to_lowercase();
    let value = value.to_lowercase();
    let entries: Vec<&str> = lower
        .split([',', ';', '\n', '(', ')'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" und "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    BETWEEN.iter().any(|between| {
        let sides = |entry: &&str| -> Option<(String, String)> {
            let (left, right) = entry.split_once(between)?;
            let side = |text: &str| {
                let text = text.trim().trim_matches(['.', '"', '\'', '`', '“', '”']);
                let words = text.split_whitespace().count();
                (1..=MOST_OF_ENTRY)
                    .contains(&words)
                    .then(|| text.to_owned())
            };
            Some((side(left)?, side(right)?))
        };
        let all: Vec<(String, String)> = entries.iter().filter_map(sides).collect();
        let has = all.iter().any(|(_, right)| *right == value);
        has && all
            .iter()
            .any(|(_, right)| *right != value && !is_sent(right))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::qualifier::sentence::sentences;

    #[test]
    fn another_way_is_told_by_its_word() {
        for (text, expected) in [
            ("Ship it: express for members, otherwise standard", true),
            ("Use express for members, standard for all others", true),
            (
                "Use express for members and standard for everyone else",
                true,
            ),
            ("Nimm Express für Mitglieder, sonst Standard", true),
            ("Ship it with standard unless I say otherwise", false),
            ("Ship it with standard and nothing else", false),
            ("Tell the others about it", false),
            ("Ship it with standard", false),
        ] {
            let all = sentences(text);
            let found = all.iter().any(|sentence| otherwise(sentence).is_some());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_table_has_entries_alike_of_which_one_was_gone() {
        let none = |_: &str| false;
        for (text, value, expected) in [
            (
                "Triage it: billing goes to finance, technical goes to engineering",
                "finance",
                true,
            ),
            (
                "Set the priority (P1 is urgent, P2 is high)",
                "urgent",
                true,
            ),
            ("Set it (P1 = urgent, P2 = high)", "high", true),
            ("Send it to finance", "finance", false),
            ("The order is late, the state is open", "closed", false),
        ] {
            assert_eq!(table(text, value, &none), expected, "{text}");
        }
        let both = |word: &str| word == "bob";
        assert!(!table("ticket 1 to Ann, ticket 2 to Bob", "Ann", &both));
    }
}
