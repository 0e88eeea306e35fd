//! What was asked, as far as an answer has to be held beside it.

use super::phrases::{BACK, BETWEEN};
use super::word::{Sentence, Word, sentences, stem};
use crate::trust::ends_things;
use std::cell::OnceCell;
use std::collections::HashSet;

/// A question, read once somebody asks for its words: most answers say at their first word what they are.
pub(super) struct Asked<'q> {
    text: &'q str,
    sentences: OnceCell<Vec<Sentence<'q>>>,
    words: OnceCell<HashSet<String>>,
}

impl<'q> Asked<'q> {
    pub(super) fn of(text: &'q str) -> Self {
        Self {
            text,
            sentences: OnceCell::new(),
            words: OnceCell::new(),
        }
    }

    fn sentences(&self) -> &[Sentence<'q>] {
        self.sentences.get_or_init(|| sentences(self.text))
    }

    /// Whether a word is one of what asks, or of all that was told where the question only asks for a yes.
    pub(super) fn holds(&self, word: &str) -> bool {
        let words = self.words.get_or_init(|| asked(self.sentences()));
        words.contains(stem(word))
    }

    /// Whether a word is the deed that it asks about: `cancel` of `shall I cancel it?`.
    pub(super) fn is_deed(&self, word: &str) -> bool {
        let mut deeds = self.deeds();
        deeds.any(|deed| stem(deed) == stem(word) || is_bent(deed, word))
    }

    /// Whether it asks whether to end something: `shall I cancel it?`.
    pub(super) fn is_of_ending(&self) -> bool {
        let mut deeds = self.deeds();
        deeds.any(|deed| ends_things(deed) || ends_things(stem(deed)))
    }

    fn deeds(&self) -> impl Iterator<Item = &str> {
        let asking = self.sentences().iter().filter(|(_, asks)| *asks);
        let found = asking.flat_map(|(words, _)| {
            let led = words.windows(3).filter_map(|three| {
                let leads = matches!(
                    (&*three[0].word, &*three[1].word),
                    (
                        "shall" | "should" | "can" | "may" | "could" | "must",
                        "i" | "we"
                    ) | ("me" | "us" | "to", "to")
                        | ("like" | "want" | "wish", "to")
                        | ("let", "me")
                );
                leads.then(|| &*three[2].word)
            });
            led.chain(foreign_deed(words))
        });
        found.filter(|deed| !BETWEEN.contains(deed))
    }

    /// Whether a word stands anywhere in it.
    pub(super) fn names(&self, word: &str) -> bool {
        let mut all = self.sentences().iter().flat_map(|(words, _)| words);
        all.any(|one| stem(&one.word) == stem(word))
    }
}

/// The deed of a question in German, French or Spanish: `Soll ich sie stornieren?`, `Dois-je l'annuler ?`, `¿Quiere que
/// cancele el pedido?`
fn foreign_deed<'w>(words: &'w [Word<'_>]) -> Option<&'w str> {
    let has = |list: &[&str]| words.iter().any(|one| list.contains(&&*one.word));
    if has(&["soll", "sollen", "darf", "dürfen", "kann", "können"]) && has(&["ich", "wir"]) {
        return words.last().map(|one| &*one.word);
    }
    // Who does it, and to what, may stand before it: `que je le supprime`.
    let is_small = |word: &str| {
        matches!(
            word,
            "je" | "nous" | "le" | "la" | "les" | "lo" | "los" | "las"
        )
    };
    let behind = |list: &[&str]| {
        let at = words.iter().position(|one| list.contains(&&*one.word))?;
        words[at + 1..].iter().find(|one| !is_small(&one.word))
    };
    let found = behind(&["dois-je", "puis-je", "peux-je", "debo", "puedo"]).or_else(|| {
        has(&[
            "voulez-vous",
            "veux-tu",
            "souhaitez-vous",
            "quiere",
            "quieres",
            "desea",
        ])
        .then(|| behind(&["que"]))
        .flatten()
    })?;
    // `j'annule`
    Some(found.word.rsplit('\'').next().unwrap_or(&found.word))
}

/// Whether a word is a form of a deed in a language whose verbs are bent at their ends: `annulez-la` of `annuler`.
fn is_bent(deed: &str, word: &str) -> bool {
    const SHORTEST: usize = 5;
    const ENDING: usize = 4;
    let plain = |c: char| match c {
        'á' | 'à' | 'â' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' | 'î' => 'i',
        'ó' | 'ô' => 'o',
        'ú' | 'û' => 'u',
        other => other,
    };
    // `n'annulez pas`
    if word.starts_with("n'") {
        return false;
    }
    let word = word.rsplit('\'').next().unwrap_or(word);
    let word = word.split('-').next().unwrap_or(word);
    let ends_like_one = [
        "en", "er", "ez", "e", "ar", "a", "elo", "ela", "elos", "elas",
    ];
    let same = deed
        .chars()
        .map(plain)
        .zip(word.chars().map(plain))
        .take_while(|(one, two)| one == two)
        .count();
    let rest = |word: &str| word.chars().count() - same;
    same >= SHORTEST
        && rest(deed) <= ENDING
        && rest(word) <= ENDING
        && ends_like_one.iter().any(|end| word.ends_with(end))
}

/// The words of what asks; those of all that was told where the question only asks for a yes.
fn asked(all: &[Sentence<'_>]) -> HashSet<String> {
    let of = |asking: bool| -> HashSet<String> {
        all.iter()
            .filter(|(_, asks)| *asks || !asking)
            .flat_map(|(words, _)| words)
            .map(|one| &*one.word)
            .filter(|word| !BETWEEN.contains(word) && !BACK.contains(word))
            .map(|word| stem(word).to_owned())
            .collect()
    };
    let general = [
        "yes", "confirm", "proceed", "shall", "should", "would", "change", "detail",
    ];
    let own = of(true);
    match own.iter().all(|word| general.contains(&word.as_str())) {
        true => of(false),
        false => own,
    }
}
