//! Questions to which a no lets the agent go on: “Any objections?”, “Do you want to keep it?” before it is cancelled.

use super::phrases::*;
use super::refusal::{declining, silent};
use super::word::{Word, length_of, sentences, stem};
use super::{Opening, Reply, opening, question::Asked, reply_in};
use crate::about::About;
use crate::exchange::last_question;
use crate::kept::Kept;
use crate::trust::ends_things;
use std::collections::BTreeSet;

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
    if asking.has(&["or", "oder", "ou", "o"]) || asking.offers_deed() {
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
    let goes_ahead = goes_ahead || tells_deed(words.get(behind..).unwrap_or_default(), question);
    let goes_ahead = goes_ahead && reply_in(text, &all, &Asked::of(question)) != Reply::No;
    match (goes_ahead, turned) {
        (true, Turned::NoGoesOn) => Held::GoesOn,
        (true, Turned::YesHolds) => Held::Open,
        // “Sure” is what people say who mind nothing, too.
        (false, _) if length_of(&words, &["sure"]) == Some(words.len()) => Held::Open,
        (false, _) if begins(at, BARE) || behind == words.len() => Held::Holds,
        (false, _) => Held::Open,
    }
}

/// The words of the question that an answer is one to.
fn asked_words(question: &str) -> BTreeSet<String> {
    let last = last_question(question).map_or(question, |last| &question[last]);
    let lower = last.to_lowercase();
    let words = lower.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_of_keeping(asked: &BTreeSet<String>) -> bool {
    KEEPS.iter().any(|word| asked.contains(*word))
}

/// Whether what stands behind a yes orders the very deed: “Yes, cancel it” to “Do you mind if I cancel it?”
fn tells_deed(behind: &[&Word<'_>], question: &str) -> bool {
    let asked = asked_words(question);
    let mut at = 0;
    while let Some(rest) = behind.get(at..).filter(|rest| !rest.is_empty()) {
        match silent(rest) {
            Some(length) => at += length,
            None => break,
        }
    }
    let Some(first) = behind.get(at) else {
        return false;
    };
    let is_denied = behind.iter().any(|one| NOT.contains(&&*one.word));
    let is_deed = ends_things(&first.word) && asked.contains(&*first.word);
    is_deed && !is_denied && !is_of_keeping(&asked)
}

/// What is said behind a no to such a question. It lets the agent go on where all of it says no more than that; a
/// negation or a refusal holds it back (“no, don't”, “no, wait”), and so does who says that they want the thing. Anything
/// else is for others to read.
fn behind_no(words: &[&Word<'_>], question: &str) -> Held {
    let nothing = Asked::of("");
    let asked = asked_words(question);
    let is_of_keeping = is_of_keeping(&asked);
    let keeps = |one: &Word<'_>| KEEPS.contains(&&*one.word) && asked.contains(&*one.word);
    let last_kept = words.iter().rposition(|one| keeps(one));
    let last_ended = words.iter().rposition(|one| ends_things(stem(&one.word)));
    let last_not = words.iter().rposition(|one| NOT.contains(&&*one.word));
    let mut denied = false;
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let is_not = NOT.contains(&&*rest[0].word);
        let length = [NO_MORE, AHEAD, ALL]
            .iter()
            .find_map(|phrases| length_of(rest, phrases));
        if let Some(length) = length {
            at += length;
        } else if is_not && last_kept.is_some_and(|kept| kept > at) {
            // “I don't want it” to “Do you want to keep it?”
            denied = true;
            at += 1;
        } else if is_of_keeping && ends_things(&rest[0].word) {
            // “No, delete it” to “Do you want to keep it?”
            let is_held = last_not.is_some_and(|not| not > at)
                || rest.iter().any(|one| LIMITS.contains(&&*one.word));
            return match is_held {
                true => Held::Open,
                false => Held::GoesOn,
            };
        } else if is_not || declining(rest, &nothing).is_some() {
            return Held::Holds;
        } else if is_of_keeping && KEEPS.contains(&&*rest[0].word) && !denied {
            // “No, I do need it”; but “no, I want it cancelled”.
            match last_ended.is_some_and(|ended| ended > at) {
                true => at += 1,
                false => return Held::Holds,
            }
        } else if let Some(length) = silent(rest) {
            at += length;
        } else if asked.contains(&*rest[0].word)
            || PLAIN.contains(&&*rest[0].word)
            || ends_things(stem(&rest[0].word)) && is_of_keeping
        {
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
    "yes", "y", "yep", "yeah", "yup", "sure", "ja", "jawohl", "oui", "sí", "si",
];
/// What tells somebody to go on.
const AHEAD: &[&str] = &[
    "go ahead",
    "go for it",
    "proceed",
    "do it",
    "do that",
    "please do",
    "that's fine",
    "that is fine",
    "that's ok",
    "that's okay",
    "no problem",
    "of course",
    "confirmed",
    "fine with me",
    "fine by me",
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

    /// `Shall I cancel it?`: whatever stands beside it, a yes is one to that deed.
    fn offers_deed(&self) -> bool {
        const MAY: [&str; 6] = ["shall", "should", "may", "can", "could", "must"];
        MAY.iter()
            .any(|may| self.holds(&[may, "i"]) || self.holds(&[may, "we"]))
            || self.holds(&["you", "want", "me", "to"])
            || self.holds(&["you", "like", "me", "to"])
            || self.holds(&["soll", "ich"])
            || self.holds(&["sollen", "wir"])
            || self.holds(&["darf", "ich"])
            || self.has(&["dois-je", "puis-je", "quieres-que"])
            || self.holds(&["dois", "je"])
            || self.holds(&["puis", "je"])
            || self.holds(&["quiere", "que"])
            || self.holds(&["quieres", "que"])
            || self.holds(&["voulez-vous", "que", "je"])
    }

    /// `Any objections?`, `Do you mind if I cancel it?`
    fn seeks_objections(&self) -> bool {
        const NOUNS: [&str; 9] = [
            "objection",
            "objections",
            "einwände",
            "einwand",
            "bedenken",
            "objeción",
            "objeciones",
            "inconveniente",
            "inconvénient",
        ];
        // `if you have no objection, …` asks for something else.
        const UNLESS: [&str; 9] = [
            "if", "unless", "falls", "wenn", "sofern", "trotz", "si", "sauf", "salvo",
        ];
        let noun = self.0.iter().position(|one| NOUNS.contains(&&*one.word));
        let seeks = noun.is_some_and(|noun| !Asking(&self.0[..noun]).has(&UNLESS));
        seeks
            || ["you", "anyone", "anybody", "they"]
                .iter()
                .any(|who| self.holds(&[who, "object"]))
                && !self.has(&["unless"])
            || self.holds(&["you", "mind"])
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
        let things = About::call(change).deeds;
        let is_thing = |one: &Word<'_>| things.contains(stem(&one.word));
        // `keep it`, `still need the order`: the thing itself, and nothing of it.
        let is_it = |behind: &[Word<'_>]| {
            let length = match behind {
                [one, ..] if IT.contains(&&*one.word) && !behind.get(1).is_some_and(is_thing) => 1,
                [one, two, ..] if WHOSE.contains(&&*one.word) && is_thing(two) => 2,
                [one, ..] if is_thing(one) || one.word.bytes().any(|b| b.is_ascii_digit()) => 1,
                _ => return false,
            };
            behind[length..].iter().all(|one| {
                STILL.contains(&&*one.word) || one.word.bytes().any(|b| b.is_ascii_digit())
            })
        };
        self.0.iter().enumerate().any(|(at, one)| {
            let (before, behind) = (&self.0[..at], &self.0[at + 1..]);
            match &*one.word {
                "keep" | "retain" | "need" | "want" | "use" => is_it(behind),
                // Who is asked stands between.
                "brauchst" | "brauchen" | "benötigen" => behind.get(1..).is_some_and(is_it),
                // The verb stands behind the thing, or before it.
                "behalten" | "garder" | "conserver" | "conservar" | "mantener" | "quedarse" => {
                    let near = &before[before.len().saturating_sub(2)..];
                    is_it(behind)
                        || behind.is_empty()
                            && (near.len() == 2 && is_it(near)
                                || near.last().is_some_and(|one| IT.contains(&&*one.word)))
                }
                _ => false,
            }
        })
    }
}

/// What stands for the thing that was spoken of.
const IT: &[&str] = &[
    "it", "them", "this", "that", "these", "those", "sie", "ihn", "es", "la", "le", "les", "lo",
    "los", "las",
];
/// What stands before its name.
const WHOSE: &[&str] = &[
    "the", "this", "that", "these", "those", "your", "my", "our", "die", "den", "das", "deine",
    "deinen", "dein", "ihre", "ihren", "ihr", "la", "le", "les", "votre", "ta", "ton", "el", "los",
    "las", "su", "tu",
];
/// What adds nothing to whether it is kept.
const STILL: &[&str] = &[
    "still",
    "any",
    "longer",
    "anymore",
    "more",
    "though",
    "then",
    "now",
    "at",
    "all",
    "as",
    "is",
    "instead",
    "noch",
    "weiterhin",
    "überhaupt",
    "encore",
    "toujours",
    "todavía",
    "aún",
];
