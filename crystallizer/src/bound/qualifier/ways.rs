//! Values that are one of several ways which the person named in one sentence: `express for members, otherwise standard`,
//! `billing goes to finance, technical to engineering`. The recording went one of them. As an input with the recorded
//! value it would go that way in every run in which nobody says otherwise.

use super::asker::{Asker, Missed};
use super::lexicon as l;
use super::read::Qualifier;
use super::sentence::Sentence;
use crate::bound::binding::{Piece, Source};
use crate::bound::cycle;
use crate::bound::information::{STRONG, bits};
use crate::bound::inputs::{Found, Input};
use crate::bound::key::words as words_of;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// The most words of one entry of a table, on either side.
const MOST_OF_ENTRY: usize = 4;
/// The longest text that may be a way, in bytes.
const LONGEST_WAY: usize = 100;
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
        let mut found = Vec::new();
        let mut known = None;
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call).filter(|kept| kept.changes()) else {
                continue;
            };
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
                    let known = known.get_or_insert_with(|| self.sent_by_changes());
                    let mut keys = BTreeSet::new();
                    crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, _| {
                        keys.extend(pointer.split('/').flat_map(words_of));
                    });
                    let held = Held { sent: known, keys };
                    table(words, &sent, &held).then_some(around)
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

    /// What changes were sent, in small letters: a way of it was gone.
    fn sent_by_changes(&self) -> BTreeSet<String> {
        let mut sent = BTreeSet::new();
        for kept in self.kept.iter().filter(|kept| kept.changes()) {
            crate::leaf::leaves(&kept.call.arguments, &mut |_, _, leaf| {
                let text = match leaf {
                    Value::String(text) => text.to_lowercase(),
                    other => other.to_string(),
                };
                if text.len() <= LONGEST_WAY {
                    sent.insert(text);
                }
            });
        }
        sent
    }
}

/// What a sentence is held against: what changes were sent, and the words of the keys of the change at hand.
struct Held<'h> {
    sent: &'h BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Held<'_> {
    /// Whether a way was gone: it begins with something that was sent.
    fn is_gone(&self, way: &str) -> bool {
        let ends = way.char_indices().filter(|(_, c)| c.is_whitespace());
        let ends = ends.map(|(at, _)| at).chain([way.len()]);
        way.contains("{{")
            || ends
                .into_iter()
                .filter_map(|end| way.get(..end))
                .any(|part| self.sent.contains(part))
    }

    /// Whether a left side names a setting of the change, or orders something: `the priority`, `assign ticket 7`.
    fn is_setting(&self, left: &str) -> bool {
        let mut words = left.split_whitespace();
        let orders = words.next().is_some_and(l::is_verb);
        let last = left.split_whitespace().next_back().unwrap_or_default();
        orders || self.keys.contains(last) || self.is_gone(left)
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
            "otherwise" | "andernfalls" | "sonst" => {
                begins && clause(at + 1) == clause(*at) && !tells_what_happens(sentence, *at)
            }
            // `or else` threatens.
            "else" => {
                begins
                    && before != "or"
                    && clause(at + 1) == clause(*at)
                    && !tells_what_happens(sentence, *at)
                    || matches!(before, "everyone" | "everybody" | "anyone" | "anybody")
                        && before_for(sentence, *at)
            }
            "others" | "anderen" => {
                matches!(before, "all" | "the" | "alle" | "die") && before_for(sentence, *at)
            }
            "rest" => {
                matches!(before, "the" | "den")
                    && before_for(sentence, *at)
                    && !(word(at + 1) == "of" && (at + 2..at + 4).any(|at| is_of_time(word(at))))
            }
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
        .is_some_and(|token| matches!(token.word.as_str(), "for" | "to" | "für" | "an"))
}

/// Whether what stands behind a word is no other value but what happens: `otherwise the SLA breaks`.
fn tells_what_happens(sentence: &Sentence, at: usize) -> bool {
    let clause = sentence.get(at).map(|token| token.clause);
    let behind = sentence.get(at + 1..).unwrap_or_default();
    let behind = behind
        .iter()
        .take_while(|token| Some(token.clause) == clause)
        .map(|token| token.word.as_str());
    let words: Vec<&str> = behind.collect();
    let begins = words.first().is_some_and(|word| {
        matches!(
            *word,
            "the"
                | "my"
                | "our"
                | "we"
                | "they"
                | "he"
                | "she"
                | "i"
                | "you"
                | "there"
                | "der"
                | "die"
                | "das"
                | "wir"
                | "ich"
                | "sie"
                | "er"
        )
    });
    words.iter().any(|word| {
        matches!(
            *word,
            "will"
                | "won't"
                | "would"
                | "is"
                | "are"
                | "gets"
                | "can"
                | "can't"
                | "cannot"
                | "wird"
                | "werden"
                | "ist"
                | "sind"
                | "kann"
        )
    }) || begins && words.len() > 2
}

fn is_of_time(word: &str) -> bool {
    matches!(
        word,
        "day"
            | "today"
            | "week"
            | "month"
            | "year"
            | "morning"
            | "afternoon"
            | "evening"
            | "quarter"
    )
}

/// Whether a sentence is a table of which one entry has a value on its right side, and another was not gone by any step.
fn table(sentence: &str, value: &str, held: &Held<'_>) -> bool {
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
        // `billing goes to finance, technical to engineering`
        let short = match between.trim() {
            "goes to" | "go to" => " to ",
            "geht an" | "gehen an" => " an ",
            _ => between,
        };
        let sides = |entry: &&str| -> Option<(String, String)> {
            let sides = entry
                .split_once(between)
                .or_else(|| entry.split_once(short));
            let (left, right) = sides?;
            // What stands before a colon says what the table is for.
            let left = left.rsplit(": ").next().unwrap_or(left);
            let side = |text: &str| {
                let text = text.trim().trim_matches(['.', '"', '\'', '`', '“', '”']);
                let words = text.split_whitespace().count();
                (1..=MOST_OF_ENTRY)
                    .contains(&words)
                    .then(|| text.to_owned())
            };
            // `my city is Berlin` is a fact, and `say hello to Anna` an order.
            let is_fact = |left: &str| {
                let first = left.split_whitespace().next().unwrap_or_default();
                between.trim() == "is" && matches!(first, "my" | "the" | "a" | "our")
                    || first == "say"
            };
            let left = side(left).filter(|left| !held.is_setting(left) && !is_fact(left))?;
            Some((left, side(right)?))
        };
        let all: Vec<(String, String)> = entries.iter().filter_map(sides).collect();
        let has = all.iter().any(|(_, right)| *right == value);
        has && all
            .iter()
            .any(|(_, right)| *right != value && !held.is_gone(right))
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
            ("Set it to high today or else the SLA breaks", false),
            ("Set it to high, otherwise the customer will leave", false),
            ("Send it to Anna and the others", false),
            ("Move it to high for the rest of the week", false),
            ("Set it to high and the rest of today is free", false),
            ("Ship it with standard", false),
        ] {
            let all = sentences(text);
            let found = all.iter().any(|sentence| otherwise(sentence).is_some());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_table_has_entries_alike_of_which_one_was_gone() {
        for (text, value, expected) in [
            (
                "Triage it: billing goes to finance, technical goes to engineering",
                "finance",
                true,
            ),
            (
                "Route it: billing goes to finance, technical to engineering",
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
            (
                "My name is Anna, my city is Berlin, set a reminder",
                "berlin",
                false,
            ),
            // Settings of one change.
            (
                "Set the status to closed and the priority to low on ticket 7",
                "closed",
                false,
            ),
            (
                "name = Anna Berg, city = Berlin, status = closed",
                "closed",
                false,
            ),
            (
                "Assign ticket 7 to Anna and add her to the watchers",
                "anna",
                false,
            ),
            // Both ways were gone.
            ("ticket 1 to Ann, ticket 2 to Bob", "ann", false),
        ] {
            let sent: BTreeSet<String> = [value, "low", "bob", "ann"].map(str::to_owned).into();
            let keys = ["status", "priority", "name", "city"]
                .map(str::to_owned)
                .into();
            let held = Held { sent: &sent, keys };
            assert_eq!(table(text, value, &held), expected, "{text}");
        }
    }
}
