//! Questions to which a no lets the agent go on: “Any objections?”, “Do you want to keep it?” before it is cancelled.

use super::phrases::*;
use super::refusal::{declining, silent};
use super::word::{Word, length_of, sentences, stem};
use super::{Opening, Reply, opening, question::Asked, reply_in};
use crate::about::About;
use crate::exchange::last_question;
use crate::kept::Kept;
use crate::trust::ends_things;

/// What a yes and a no mean for a change, where they do not mean what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// A no lets the agent go on, a yes alone holds it back.
    NoGoesOn,
    /// A yes holds it back, and a no says nothing: “Should I not cancel it?”
    YesHolds,
}

/// What a person said to such a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// That the agent may go on.
    GoesOn,
    /// That it may not.
    Holds,
    /// Neither.
    Open,
}

/// Whether a question is one to which yes and no are turned, for a change that may follow.
pub(crate) fn turned(question: &str, change: &Kept<'_>) -> Option<Turned> {
    let last = last_question(question)?;
    let before = &question[..last.start];
    let all = sentences(&question[last]);
    let (asking, _) = all.last()?;
    let asking = Asking(asking);
    if asking.negates_deed() {
        return Some(Turned::YesHolds);
    }
    if asking.has(&["or", "oder", "ou", "o"]) {
        return None;
    }
    // Beside another question a no may be the answer to that one.
    let alone = !before.contains(['?', '？']);
    let goes_on = alone && (asking.seeks_objections() || asking.seeks_more(before))
        || alone && ends_things(&change.call.name) && asking.keeps(change);
    goes_on.then_some(Turned::NoGoesOn)
}

/// What a text says to a question to which yes and no are turned.
pub(crate) fn held(text: &str, question: &str, turned: Turned) -> Held {
    let all = sentences(text);
    let words: Vec<&Word<'_>> = all.iter().flat_map(|(words, _)| words).collect();
    if all.iter().any(|(_, asks)| *asks) {
        return Held::Open;
    }
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = length_of(rest, NO_MORE) {
            return match turned {
                Turned::NoGoesOn => behind_no(&rest[length..], question),
                Turned::YesHolds => Held::Open,
            };
        }
        match length_of(rest, COURTESY).or_else(|| length_of(rest, HEARD)) {
            Some(length) => at += length,
            None => break,
        }
    }
    let Opening::Yes(behind) = opening(&words) else {
        return Held::Open;
    };
    let begins = |from: usize, list: &[&str]| length_of(&words[from..], list).is_some();
    // `Yes, go ahead` and `please proceed` tell the agent to go on, whatever it had asked.
    let goes_ahead = (0..words.len()).any(|from| begins(from, AHEAD));
    let goes_ahead = goes_ahead && reply_in(text, &all, &Asked::of(question)) != Reply::No;
    match (goes_ahead, turned) {
        (true, Turned::NoGoesOn) => Held::GoesOn,
        (true, Turned::YesHolds) => Held::Open,
        (false, _) if begins(at, BARE) || behind == words.len() => Held::Holds,
        (false, _) => Held::Open,
    }
}

/// What is said behind a no to such a question. It lets the agent go on where all of it says no more than that; a
/// negation or a refusal holds it back (“no, don't”, “no, wait”), and anything else is for others to read.
fn behind_no(words: &[&Word<'_>], question: &str) -> Held {
    let nothing = Asked::of("");
    let lower = question.to_lowercase();
    let asked: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .collect();
    // “I don't want it” to “Do you want to keep it?”
    let keeps = |one: &&&Word<'_>| KEEPS.contains(&&*one.word) && asked.contains(&&*one.word);
    let is_of_keeping = asked.iter().any(|word| KEEPS.contains(word));
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let is_not = NOT.contains(&&*rest[0].word);
        let length = [NO_MORE, AHEAD, ALL]
            .iter()
            .find_map(|phrases| length_of(rest, phrases));
        if let Some(length) = length {
            at += length;
        } else if is_not && rest.iter().any(|one| keeps(&one)) {
            at += 1;
        } else if is_not || declining(rest, &nothing).is_some() {
            return Held::Holds;
        } else if let Some(length) = silent(rest) {
            at += length;
        } else if is_of_keeping && ends_things(&rest[0].word) {
            // “No, delete it” to “Do you want to keep it?”
            at += 1;
        } else if asked.contains(&&*rest[0].word) || PLAIN.contains(&&*rest[0].word) {
            at += 1;
        } else {
            return Held::Open;
        }
    }
    Held::GoesOn
}

/// What is wanted, or not, of a thing that is to be kept.
const KEEPS: &[&str] = &[
    "keep",
    "need",
    "want",
    "use",
    "behalten",
    "brauche",
    "brauchen",
    "will",
    "garder",
    "veux",
    "conserver",
    "conservar",
    "necesito",
    "quiero",
];
/// What says that there is no more to say.
const ALL: &[&str] = &[
    "that's all",
    "that is all",
    "that's it",
    "that is it",
    "that's everything",
    "nothing else",
    "not at all",
    "none at all",
    "no problem",
    "no worries",
    "all good",
    "all set",
    "i'm good",
    "i am good",
    "i'm fine",
    "i am fine",
    "looks good",
    "das ist alles",
    "das war's",
    "das wars",
    "gar nicht",
    "überhaupt nicht",
    "kein problem",
    "alles gut",
    "c'est tout",
    "pas du tout",
    "aucun problème",
    "eso es todo",
    "para nada",
    "ningún problema",
];
/// Words that add nothing to what was asked.
const PLAIN: &[&str] = &[
    "it", "that", "this", "them", "just", "then", "now", "you", "can", "may", "so", "i", "do",
    "es", "das", "sie", "ihn", "bitte", "ich", "dann", "jetzt", "je", "le", "la", "les", "en",
    "lo", "los",
];

/// A yes by itself, which tells nobody to go on.
const BARE: &[&str] = &[
    "yes",
    "y",
    "yep",
    "yeah",
    "yup",
    "sure",
    "of course",
    "ja",
    "jawohl",
    "oui",
    "sí",
    "si",
];
/// What tells somebody to go on.
const AHEAD: &[&str] = &[
    "go ahead",
    "go for it",
    "proceed",
    "do it",
    "do that",
    "please do",
    "go on",
    "continue",
    "mach das",
    "mach es",
    "mach weiter",
    "vas-y",
    "allez-y",
    "continuez",
    "adelante",
    "hazlo",
    "hágalo",
    "dale",
];
/// A no to a question whether there is anything more.
const NO_MORE: &[&str] = &[
    "no",
    "nope",
    "nah",
    "none",
    "nothing",
    "nothing else",
    "not at all",
    "no objections",
    "nein",
    "nee",
    "nö",
    "keine",
    "nichts",
    "non",
    "aucune",
    "aucun",
    "rien",
    "pas du tout",
    "ninguna",
    "ninguno",
    "nada",
    "para nada",
    "en absoluto",
];

/// The words of a question.
struct Asking<'a>(&'a [Word<'a>]);

impl Asking<'_> {
    fn has(&self, list: &[&str]) -> bool {
        self.0.iter().any(|one| list.contains(&&*one.word))
    }

    fn holds(&self, phrase: &[&str]) -> bool {
        self.0.windows(phrase.len()).any(|words| {
            words
                .iter()
                .zip(phrase)
                .all(|(one, word)| one.word == *word)
        })
    }

    /// `Should I not cancel it?`
    fn negates_deed(&self) -> bool {
        ["shall", "should", "must"]
            .iter()
            .any(|may| self.holds(&[may, "i", "not"]) || self.holds(&[may, "we", "not"]))
    }

    /// `Any objections?`, `Do you mind if I cancel it?`
    fn seeks_objections(&self) -> bool {
        self.has(&[
            "objection",
            "objections",
            "object",
            "einwände",
            "einwand",
            "bedenken",
            "objeción",
            "objeciones",
            "inconveniente",
            "inconvénient",
        ]) || self.holds(&["you", "mind"])
            || self.holds(&["etwas", "dagegen"])
            || self.holds(&["was", "dagegen"])
            || self.holds(&["vous", "dérange"])
            || self.holds(&["te", "dérange"])
            || self.holds(&["le", "importa"])
            || self.holds(&["te", "importa"])
    }

    /// `Anything else before I go on?`, and `Any questions?` behind what the agent is about to do.
    fn seeks_more(&self, told: &str) -> bool {
        let more = self.has(&[
            "any",
            "anything",
            "something",
            "more",
            "noch",
            "autre",
            "algo",
            "alguna",
        ]) && self.has(&[
            "else",
            "more",
            "questions",
            "question",
            "concerns",
            "changes",
            "etwas",
            "fragen",
            "chose",
            "más",
            "pregunta",
            "preguntas",
            "add",
        ]);
        let before = self.has(&["before", "bevor", "avant", "antes"]);
        let tells = || {
            let told = sentences(told);
            let mut words = told.iter().flat_map(|(words, _)| words);
            words.any(|one| {
                matches!(
                    &*one.word,
                    "i'll" | "will" | "going" | "werde" | "vais" | "voy"
                )
            })
        };
        more && (before || tells())
    }

    /// `Do you want to keep the order?`, `Do you still need it?`: whose no lets it be ended.
    fn keeps(&self, change: &Kept<'_>) -> bool {
        if self
            .0
            .iter()
            .any(|one| ends_things(&one.word) || ends_things(stem(&one.word)))
        {
            return false;
        }
        // `keep it`, not `keep looking`.
        let goes_on = |one: &Word<'_>| {
            one.word.ends_with("ing") || matches!(&*one.word, "on" | "card" | "file")
        };
        let at_keep = self.0.iter().position(|one| &*one.word == "keep");
        let behind = at_keep.and_then(|at| self.0.get(at + 1..));
        let keeps_on = behind.is_some_and(|behind| behind.iter().take(3).any(goes_on));
        let keeps = !keeps_on
            && self.has(&[
                "keep",
                "retain",
                "behalten",
                "garder",
                "conserver",
                "conservar",
                "mantener",
                "quedarse",
            ]);
        let things = About::call(change).deeds;
        let is_it = |word: &str| {
            matches!(
                word,
                "it" | "them" | "this" | "these" | "those" | "sie" | "ihn" | "es"
            ) || things.contains(stem(word))
        };
        let needs = self.0.iter().enumerate().any(|(at, one)| {
            matches!(
                &*one.word,
                "need" | "want" | "use" | "brauchst" | "brauchen"
            ) && self.0[at + 1..].iter().take(3).any(|one| is_it(&one.word))
                && !self
                    .0
                    .get(at + 1)
                    .is_some_and(|one| matches!(&*one.word, "me" | "to"))
        });
        let german = self.has(&["brauchst", "brauchen"]) && self.has(&["sie", "ihn", "es", "noch"]);
        keeps || needs || german
    }
}
