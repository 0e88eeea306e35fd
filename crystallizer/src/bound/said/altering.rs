//! What people said that a deed does to what was there: that something is added, taken away, turned round.

use super::{Mention, Said};
use crate::bound::key::named_by;
use std::collections::BTreeSet;

/// The most sentences that are looked at.
const MOST: usize = 64;
/// The most ids of a call by which sentences are found.
const MOST_IDS: usize = 64;

/// The words by which something is turned round.
const TURNS: [&str; 7] = [
    "toggle",
    "flip",
    "invert",
    "opposite",
    "negate",
    "umschalten",
    "umkehren",
];

/// The words by which something hangs on what is looked up.
const HANGS: [&str; 3] = ["accordingly", "whether", "entsprechend"];

/// The sentences of people about a deed, in small letters.
pub(in crate::bound) struct Deed<'s>(Vec<&'s [String]>);

/// The most words of a sentence that is nothing but a deed: `please unsubscribe them`.
const LONE: usize = 3;

impl Said {
    /// The sentences in which people spoke of what a key names, of a value, or of the things that a call is about; all of
    /// their last words where there are none.
    pub(in crate::bound) fn deed(
        &self,
        mention: Option<&Mention>,
        key: &[String],
        ids: &BTreeSet<String>,
    ) -> Deed<'_> {
        let mut places: BTreeSet<(usize, usize)> = BTreeSet::new();
        let ids = ids.iter().take(MOST_IDS);
        let ids = ids.filter_map(|id| serde_json::from_str(id).ok());
        let named = ids.flat_map(|id| self.by_person(&id));
        for mention in named.chain(mention.copied()).filter(|one| one.person) {
            let sentence = self.texts.get(mention.text);
            if let Some(sentence) = sentence.and_then(|text| text.sentences.get(mention.word)) {
                places.insert((mention.text, *sentence));
            }
        }
        let by_people = || self.texts.iter().enumerate().filter(|(_, one)| one.person);
        for (at, spoken) in by_people() {
            let words = spoken.words.iter().zip(&spoken.sentences);
            let naming = words.filter(|(word, _)| named_by(key, word));
            places.extend(naming.map(|(_, sentence)| (at, *sentence)));
        }
        if places.is_empty()
            && let Some((at, spoken)) = by_people().next_back()
        {
            places.extend(spoken.sentences.iter().map(|sentence| (at, *sentence)));
        }
        // `She wants no mails. Unsubscribe`: a sentence that is nothing but a deed is of what the others name.
        for (at, spoken) in by_people() {
            let mut from = 0;
            while let Some(sentence) = spoken.sentences.get(from) {
                let to = spoken.sentences.partition_point(|one| one <= sentence);
                if to - from <= LONE && places.iter().any(|(text, _)| *text == at) {
                    places.insert((at, *sentence));
                }
                from = to.max(from + 1);
            }
        }
        let last = places.into_iter().rev().take(MOST);
        Deed(
            last.filter_map(|(text, sentence)| {
                let spoken = self.texts.get(text)?;
                // The words of a sentence stand together.
                let from = spoken.sentences.partition_point(|one| *one < sentence);
                let to = spoken.sentences.partition_point(|one| *one <= sentence);
                spoken.words.get(from..to)
            })
            .collect(),
        )
    }

    /// Whether people said a word somewhere that may turn something round.
    pub(in crate::bound) fn has_turning_words(&self) -> bool {
        let mut all = TURNS
            .iter()
            .chain(&HANGS)
            .chain(["other", "not", "nicht", "schalte"].iter());
        all.any(|word| self.words.contains_key(*word))
    }

    /// Whether people said the word before a mention that makes it what there is to be in the end: `to 25`.
    pub(in crate::bound) fn is_the_end(&self, mention: &Mention) -> bool {
        let (before, _) = self.neighbours(mention);
        before.is_some_and(|word| matches!(word, "to" | "at" | "is" | "be" | "auf" | "ist"))
    }
}

impl Deed<'_> {
    fn has(&self, is: impl Fn(&str, Option<&str>) -> bool) -> bool {
        self.0.iter().any(|sentence| {
            let behind = sentence.iter().skip(1).map(|word| Some(word.as_str()));
            let behind = behind.chain([None]);
            sentence
                .iter()
                .zip(behind)
                .any(|(word, next)| is(word, next))
        })
    }

    /// Whether something is put to what is there.
    pub(in crate::bound) fn adds(&self) -> bool {
        self.has(|word, next| match word {
            "more" => next != Some("than"),
            "top" => next == Some("up"),
            "add" | "adds" | "adding" | "append" | "increase" | "raise" | "another" | "extra"
            | "additional" | "additionally" | "plus" | "increment" | "bump" | "restock"
            | "deposit" | "hinzufügen" | "hinzu" | "ergänze" | "ergänzen" | "erhöhe"
            | "erhöhen" | "weitere" | "weiteren" | "weiterer" | "weiteres" | "zusätzlich"
            | "zusätzliche" | "zusätzlichen" | "aufstocken" => true,
            _ => false,
        })
    }

    /// The same of a list, which more words are said of.
    pub(in crate::bound) fn adds_to_list(&self) -> bool {
        self.adds()
            || self.has(|word, _| {
                matches!(
                    word,
                    "include"
                        | "invite"
                        | "attach"
                        | "subscribe"
                        | "tag"
                        | "label"
                        | "put"
                        | "also"
                        | "too"
                        | "auch"
                )
            })
    }

    /// Whether something is taken away from what is there.
    pub(in crate::bound) fn takes(&self) -> bool {
        self.has(|word, _| {
            matches!(
                word,
                "remove"
                    | "removes"
                    | "delete"
                    | "drop"
                    | "take"
                    | "takes"
                    | "decrease"
                    | "reduce"
                    | "lower"
                    | "minus"
                    | "less"
                    | "fewer"
                    | "deduct"
                    | "subtract"
                    | "withdraw"
                    | "untag"
                    | "unsubscribe"
                    | "entferne"
                    | "entfernen"
                    | "verringere"
                    | "verringern"
                    | "reduziere"
                    | "reduzieren"
                    | "streiche"
                    | "weniger"
            )
        })
    }

    /// Whether all of what is there is meant.
    pub(in crate::bound) fn is_whole(&self) -> bool {
        self.has(|word, _| {
            matches!(
                word,
                "all"
                    | "every"
                    | "clear"
                    | "empty"
                    | "reset"
                    | "everyone"
                    | "everybody"
                    | "none"
                    | "whole"
                    | "entire"
                    | "alle"
                    | "alles"
                    | "leere"
                    | "leeren"
                    | "sämtliche"
            )
        })
    }

    /// Whether what is there is given up for something else.
    pub(in crate::bound) fn replaces(&self) -> bool {
        self.has(|word, _| {
            matches!(
                word,
                "set"
                    | "replace"
                    | "instead"
                    | "only"
                    | "overwrite"
                    | "setze"
                    | "ersetze"
                    | "nur"
                    | "stattdessen"
            )
        })
    }

    /// Whether only what is left of something is meant.
    pub(in crate::bound) fn is_rest(&self) -> bool {
        self.has(|word, _| {
            matches!(
                word,
                "rest"
                    | "remaining"
                    | "remainder"
                    | "left"
                    | "outstanding"
                    | "restliche"
                    | "restlichen"
                    | "übrige"
                    | "übrigen"
                    | "verbleibende"
                    | "verbleibenden"
            )
        })
    }

    /// Whether what is there is turned round, or what is right hangs on what is looked up.
    pub(in crate::bound) fn turns(&self) -> bool {
        self.turns_round()
            || self.has(|word, next| match word {
                "or" => next == Some("not"),
                "oder" => next == Some("nicht"),
                word => HANGS.contains(&word),
            })
    }

    /// Whether what is there is turned round.
    pub(in crate::bound) fn turns_round(&self) -> bool {
        self.has(|word, next| match word {
            "schalte" => next == Some("um"),
            "other" => matches!(next, Some("state" | "value" | "way" | "side" | "status")),
            word => TURNS.contains(&word),
        })
    }

    /// Whether something is switched on or off, or made so that a word says which way.
    pub(in crate::bound) fn says_which_way(&self) -> bool {
        self.has(|word, _| {
            matches!(
                word,
                "on" | "off"
                    | "enable"
                    | "disable"
                    | "activate"
                    | "deactivate"
                    | "enabled"
                    | "disabled"
                    | "true"
                    | "false"
                    | "yes"
                    | "no"
                    | "not"
                    | "an"
                    | "aus"
                    | "ein"
                    | "aktiviere"
                    | "deaktiviere"
                    | "nicht"
                    | "subscribe"
                    | "unsubscribe"
                    | "resubscribe"
                    | "opt"
                    | "block"
                    | "unblock"
                    | "mute"
                    | "unmute"
                    | "stop"
                    | "revoke"
                    | "withdraw"
                    | "melde"
                    | "abmelden"
                    | "anmelden"
                    | "abbestellen"
                    | "sperre"
                    | "entsperre"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;
    use std::collections::BTreeSet;

    #[test]
    fn what_a_deed_does_to_what_was_there() {
        for (text, adds, takes, turns) in [
            ("Add the label urgent.", true, false, false),
            ("Top up the stock by 5.", true, false, false),
            (
                "Charge the top customers with more than 5 labels.",
                false,
                false,
                false,
            ),
            ("Remove Anna from the labels.", false, true, false),
            ("Switch the label to the other state.", false, false, true),
            (
                "Cancel the other order with the label.",
                false,
                false,
                false,
            ),
            ("Mark the label as set or not.", false, false, true),
            ("Ein weiteres Label, bitte.", true, false, false),
        ] {
            let said = said(text);
            let deed = said.deed(None, &["label".to_owned()], &BTreeSet::new());
            assert_eq!(
                (deed.adds(), deed.takes(), deed.turns()),
                (adds, takes, turns),
                "{text}"
            );
        }
    }

    #[test]
    fn only_sentences_about_the_deed_count() {
        let said = said("Add a note to the file. Set the label of WEB-441.");
        let ids = BTreeSet::from(["\"WEB-441\"".to_owned()]);
        assert!(!said.deed(None, &["label".to_owned()], &ids).adds());
        // Nothing names it: all may be meant.
        assert!(
            said.deed(None, &["seat".to_owned()], &BTreeSet::new())
                .adds()
        );
    }
}
