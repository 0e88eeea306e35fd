//! The words that tools were told: what was sent to them, and under which keys.

use super::lexicon as l;
use crate::bound::binding::{Binding, Source};
use crate::bound::filter::spoken;
use crate::bound::inputs::Inputs;
use crate::bound::key::words;
use crate::bound::transform::Op;
use crate::kept::Kept;
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest value of which the words count as said to a tool.
const LONGEST_VALUE: usize = 60;

/// The most calls of a word that are looked at for the key that it was sent under.
const MOST_CALLS: usize = 4;

/// The words that tools were told, each with the calls that it was told in, or the first of them.
#[derive(Default)]
pub(super) struct Told {
    /// The words of the tools' names, and of the values.
    sent: BTreeMap<String, Vec<usize>>,
    /// The words of the keys.
    keys: BTreeMap<String, usize>,
    /// The words that were sent to be left out, and of the keys of what does not hold.
    without: BTreeMap<String, usize>,
}

impl Told {
    pub(super) fn of(kept: &[Kept<'_>]) -> Self {
        let mut all = Self::default();
        for (call, kept) in kept.iter().enumerate() {
            note_all(&mut all.sent, call, words(&kept.call.name));
            crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
                let short = leaf.as_str().is_none_or(|text| text.len() <= LONGEST_VALUE);
                if short && !leaf.is_null() {
                    for word in spoken(leaf) {
                        note_all(&mut all.sent, call, normal(&word));
                    }
                }
                let own = words(key);
                note(&mut all.keys, call, &own);
                if *leaf == Value::Bool(false) {
                    note(&mut all.without, call, &own);
                }
                let leaves_out = own.iter().any(|word| {
                    l::negates(word)
                        || l::excludes(word, None)
                        || l::is_skipped(word, None)
                        || l::leaves_out(word)
                });
                if leaves_out {
                    for word in spoken(leaf) {
                        note(&mut all.without, call, &normal(&word));
                    }
                    note(&mut all.without, call, &own);
                }
                // `-label:pinned`, `NOT pinned`, `!= pinned`: how queries leave out.
                let mut turned = false;
                for part in leaf.as_str().unwrap_or_default().split_whitespace() {
                    let minus = part.strip_prefix('-').or_else(|| part.strip_prefix('!'));
                    if turned || minus.is_some() {
                        note(&mut all.without, call, &words(minus.unwrap_or(part)));
                    }
                    turned = matches!(part, "NOT" | "not" | "!=" | "<>");
                }
            });
        }
        all
    }

    /// Takes in how a number was said that is sent in another unit, or as a share of another: `20` for two thousand cents,
    /// `half`.
    pub(super) fn in_another_unit(&mut self, call: usize, binding: &Binding, inputs: &Inputs) {
        for op in &binding.transform.0 {
            let words: Vec<String> = match (op, &binding.source) {
                (Op::Times(_) | Op::Hundredth, Source::Input(name)) => {
                    let input = inputs.named(name);
                    let Some(input) = input else { continue };
                    // `20.00` has the same decimals whatever it is.
                    let mut words = normal(&input.value.to_string());
                    words.push("00".to_owned());
                    words.extend(input.key.words.iter().flat_map(|word| normal(word)));
                    words
                }
                (Op::Share { percent, .. }, _) => {
                    let names: &[&str] = match percent {
                        50 => &["half", "halve", "hälfte", "halb"],
                        25 => &["quarter", "viertel"],
                        _ => &[],
                    };
                    let percent = percent.to_string();
                    let all = ["percent", "per", "cent", "prozent", percent.as_str()];
                    all.iter()
                        .chain(names)
                        .flat_map(|word| normal(word))
                        .collect()
                }
                _ => continue,
            };
            note_all(&mut self.sent, call, words);
        }
    }

    /// Whether a word is one of a tool's name or of what was sent, before a call.
    pub(super) fn sent_before(&self, call: usize, word: &str) -> bool {
        self.first_sent(word).is_some_and(|first| first < call)
    }

    /// The first calls before one that a word was sent in.
    pub(super) fn calls_with(&self, word: &str, before: usize) -> impl Iterator<Item = usize> {
        let all = self.sent.get(word).into_iter().flatten();
        all.copied()
            .take(MOST_CALLS)
            .take_while(move |call| *call < before)
    }

    /// Whether a word was first sent by one of the calls from one on.
    pub(super) fn is_new_from(&self, call: usize, word: &str) -> bool {
        self.first_sent(word).is_some_and(|first| first >= call)
    }

    fn first_sent(&self, word: &str) -> Option<usize> {
        self.sent.get(word)?.first().copied()
    }

    /// Whether a word was sent to be left out, before a call.
    pub(super) fn left_out_before(&self, call: usize, word: &str) -> bool {
        self.without.get(word).is_some_and(|first| *first < call)
    }

    /// Whether a word is one of those or of a key, before a call or in it.
    pub(super) fn up_to(&self, call: usize, word: &str) -> bool {
        self.first_sent(word).is_some_and(|first| first <= call) || self.is_key(call, word)
    }

    fn is_key(&self, call: usize, word: &str) -> bool {
        self.keys.get(word).is_some_and(|first| *first <= call)
    }

    /// The same of a loop: what its passes send counts where all of them do. `width` is how many calls a pass has.
    pub(super) fn up_to_loop(&self, first: usize, last: usize, width: usize, word: &str) -> bool {
        let Some(calls) = self.sent.get(word) else {
            return self.is_key(last, word);
        };
        let within = |from: usize, to: usize| {
            let at = calls.partition_point(|call| *call < from);
            calls.get(at).is_some_and(|call| *call < to)
        };
        within(0, first)
            || within(first, first + width) && within((last + 1).saturating_sub(width), last + 1)
            || self.is_key(last, word)
    }
}

fn note(all: &mut BTreeMap<String, usize>, call: usize, words: &[String]) {
    for word in words {
        if !all.contains_key(word) {
            all.insert(word.clone(), call);
        }
    }
}

fn note_all(all: &mut BTreeMap<String, Vec<usize>>, call: usize, words: Vec<String>) {
    for word in words {
        let calls = all.entry(word).or_default();
        if calls.last() != Some(&call) {
            calls.push(call);
        }
    }
}

/// The words of a word, as values and keys have them.
pub(super) fn normal(word: &str) -> Vec<String> {
    let bare = match word.strip_suffix("'s").unwrap_or(word) {
        "e-mail" | "e-mails" => "email",
        bare => bare,
    };
    words(bare)
        .into_iter()
        .map(|word| match l::number(&word) {
            Some(number) => number.to_string(),
            None => word,
        })
        .collect()
}
