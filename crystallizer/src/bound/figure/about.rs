//! What the agent wrote or chose by what a call answered: a summary, a translation, the queue that fits. Nothing gives
//! it in another run, which would send that of the recording.

use super::{asks_to_tell, leaves};
use crate::bound::binding::{Binding, Bound, Frozen, Piece, Source, Why};
use crate::bound::cycle;
use crate::bound::decide::Decisions;
use crate::bound::key::{named_by, words};
use crate::bound::total::{self, Others};
use crate::bound::view;
use crate::bound::witness::Witness;
use crate::kept::Kept;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

/// The words from which on a text is a message.
const MESSAGE: usize = 4;
/// The words from which on a text may tell how something stands: `All well.`
const VERDICT: usize = 2;
/// The letters from which on a word is not in every text, and how many such words a text and an answer have in common
/// where the one was written about the other.
const RARE: usize = 6;
const SHARED: usize = 3;
/// How many calls before it are looked at.
const NEAREST: usize = 32;

/// What people said, as far as it was looked at, so that it is gone through once.
#[derive(Default)]
pub(super) struct Asked {
    /// Whether a text was asked for that is made of another.
    text: Option<bool>,
    /// Whether somebody is to be told how something stands.
    verdict: Option<bool>,
    /// By key, whether a choice of what it names was asked for.
    choices: HashMap<String, bool>,
    /// The words of each of their texts.
    words: Option<Vec<Vec<String>>>,
    /// The words that are not in every text.
    rare: Option<BTreeSet<String>>,
}

impl Asked {
    /// Whether somebody is to be told how something stands.
    pub(super) fn tells(&mut self, decisions: &Decisions<'_>) -> bool {
        *self
            .verdict
            .get_or_insert_with(|| decisions.said.by_people().any(asks_to_tell))
    }
}

/// The looks before a call that go after another thing in each run, the nearest first.
fn looks_before<'k, 's>(
    kept: &'k [Kept<'s>],
    decisions: &Decisions<'_>,
    call: usize,
) -> impl Iterator<Item = (usize, &'k Kept<'s>)> {
    let batch = kept.get(call).map(|own| own.call.batch);
    let first = call.saturating_sub(NEAREST);
    let looks = kept.iter().enumerate().take(call).skip(first).rev();
    looks.filter(move |(at, look)| {
        look.looks()
            && !look.target.own_tool
            && Some(look.call.batch) != batch
            && crate::prune::succeeded(look.call)
            && decisions
                .calls
                .get(*at)
                .is_some_and(|one| !one.bound.is_empty())
    })
}

/// The look whose answer a text tells that is put together, where somebody is to be told how something stands and nothing
/// of that answer stands in the text: its wording is the answer.
pub(super) fn told_of<'k>(
    kept: &'k [Kept<'_>],
    decisions: &Decisions<'_>,
    asked: &mut Asked,
    call: usize,
    bound: &Bound,
) -> Option<&'k str> {
    let own = kept.get(call)?;
    let fixed = bound.pieces.iter().map(|piece| match piece {
        Piece::Text(text) => spoken(text)
            .filter(|word| word.chars().any(char::is_alphabetic))
            .count(),
        Piece::Value(_) => 0,
    });
    let is_named = matches!(bound.key.as_str(), "subject" | "title" | "name");
    if own.target.own_tool
        || is_named
        || fixed.sum::<usize>() < VERDICT + 1
        || !asked.tells(decisions)
    {
        return None;
    }
    let mut looks = looks_before(kept, decisions, call);
    let (at, look) = looks.next()?;
    let is_told = bound.bindings().any(|binding| match &binding.source {
        Source::Output(place) => place.call == at,
        Source::Total(call, ..) => *call == at,
        Source::Input(_) | Source::Inputs(_) | Source::Clock(_) => false,
        _ => true,
    });
    (!is_told).then_some(look.step.as_str())
}

/// The words of a message that are the value of a field which people named, in what looks before it answered: `blocked`,
/// where the state of a card was to be mailed. Each with what gives it.
pub(super) fn named_fields(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    people: &OnceCell<BTreeSet<String>>,
    call: usize,
    pointer: &str,
    texts: &[&str],
    witnesses: &[Witness<'_>],
) -> Vec<(String, Binding)> {
    let mut found: Vec<(String, Binding)> = Vec::new();
    if cycle::of(&decisions.cycles, call).is_some() {
        return found;
    }
    let mut others = None;
    for (at, _) in looks_before(kept, decisions, call) {
        if cycle::of(&decisions.cycles, at).is_some() {
            continue;
        }
        let others =
            others.get_or_insert_with(|| Others::of(kept, decisions, witnesses, call, pointer));
        for (word, binding) in total::words_beside(kept, others, at, texts) {
            let Source::Total(_, path, _) = &binding.source else {
                continue;
            };
            let is_said = decisions
                .said
                .find(&Value::from(word.as_str()), &[])
                .is_some_and(|mention| mention.person);
            let people =
                people.get_or_init(|| decisions.said.by_people().flat_map(spoken).collect());
            let is_new = found.iter().all(|(known, _)| *known != word);
            if is_new && !is_said && path.last().is_some_and(|key| is_named(key, people)) {
                found.push((word, binding));
            }
        }
    }
    found
}

/// Whether people named a field: by the last word of its key, or by another word for how something stands.
fn is_named(key: &str, people: &BTreeSet<String>) -> bool {
    const STANDS: [&str; 4] = ["state", "status", "zustand", "stand"];
    let Some(last) = words(key).pop() else {
        return false;
    };
    let own = [last];
    people.iter().any(|word| {
        named_by(&own, word) || STANDS.contains(&own[0].as_str()) && STANDS.contains(&word.as_str())
    })
}

/// The look whose answer a value that stays was made of, where that look is about another thing in each run: the person
/// asked for a text to be made, or for a choice, or the text has words that only that answer has.
pub(super) fn made_of<'k>(
    kept: &'k [Kept<'_>],
    decisions: &Decisions<'_>,
    asked: &mut Asked,
    call: usize,
    frozen: &Frozen,
) -> Option<&'k str> {
    let own = kept.get(call)?;
    let text = frozen.value.as_str()?;
    if own.target.own_tool || !matches!(frozen.why, Why::Agent | Why::Chance) {
        return None;
    }
    let is_message = text.split_whitespace().count() >= MESSAGE
        && leaves(own, &frozen.pointer, &frozen.key, text);
    let is_word = !is_message
        && text.len() > 1
        && text
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '_' | '-'))
        && !matches!(
            frozen.key.as_str(),
            "command" | "cmd" | "op" | "operation" | "action"
        );
    let mut looks = looks_before(kept, decisions, call);
    let people = || decisions.said.by_people();
    if !is_word
        && text.split_whitespace().count() >= VERDICT
        && asked.tells(decisions)
        && leaves(own, &frozen.pointer, &frozen.key, text)
    {
        return looks.next().map(|(_, look)| look.step.as_str());
    }
    let is_asked = match (is_message, is_word) {
        (true, _) => *asked
            .text
            .get_or_insert_with(|| people().any(asks_for_text)),
        (_, true) => match asked.choices.get(&frozen.key) {
            Some(known) => *known,
            None => {
                let words = asked
                    .words
                    .get_or_insert_with(|| people().map(|said| spoken(said).collect()).collect());
                let is_asked = words.iter().any(|said| asks_for_choice(said, &frozen.key));
                asked.choices.insert(frozen.key.clone(), is_asked);
                is_asked
            }
        },
        _ => false,
    };
    if is_asked {
        return looks.next().map(|(_, look)| look.step.as_str());
    }
    if !is_message {
        return None;
    }
    let said: &BTreeSet<String> = asked
        .rare
        .get_or_insert_with(|| people().flat_map(rare).collect());
    let own: BTreeSet<String> = rare(text).filter(|word| !said.contains(word)).collect();
    looks.find_map(|(_, look)| {
        let mut shared: BTreeSet<String> = BTreeSet::new();
        crate::leaf::scalars(&view::seen(look), &mut |leaf| {
            if let Value::String(prose) = leaf
                && prose.split_whitespace().count() >= MESSAGE
            {
                shared.extend(rare(prose).filter(|word| own.contains(word)));
            }
        });
        let is_about = shared.len() >= SHARED && shared.len() * 4 >= own.len();
        is_about.then_some(look.step.as_str())
    })
}

/// The words of a text in small letters.
fn spoken(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Those that are not in every text, without a plural.
fn rare(text: &str) -> impl Iterator<Item = String> {
    spoken(text)
        .filter(|word| word.chars().count() >= RARE && word.chars().all(char::is_alphabetic))
        .filter(|word| {
            !matches!(
                word.as_str(),
                "please"
                    | "regards"
                    | "thanks"
                    | "should"
                    | "before"
                    | "because"
                    | "through"
                    | "without"
                    | "within"
                    | "either"
                    | "another"
                    | "always"
                    | "message"
                    | "subject"
                    | "number"
                    | "contact"
                    | "following"
                    | "further"
                    | "sincerely"
                    | "details"
                    | "information"
                    | "available"
                    | "regarding"
                    | "confirm"
                    | "account"
            )
        })
        .map(|word| word.strip_suffix('s').map_or(word.clone(), str::to_owned))
}

/// Whether a person asks for a text that is made of another.
fn asks_for_text(said: &str) -> bool {
    spoken(said).any(|word| {
        [
            "summar",
            "translat",
            "rephras",
            "reword",
            "paraphras",
            "condens",
            "zusammenfass",
            "übersetz",
        ]
        .iter()
        .any(|begins| word.starts_with(begins))
            || word == "fasse"
    })
}

/// Whether a person leaves the choice of what a key names to whoever looks: `triage it`, `the right queue`.
fn asks_for_choice(all: &[String], key: &str) -> bool {
    let key = words(key);
    all.iter().enumerate().any(|(at, word)| {
        let begins = |begins: &&str| word.starts_with(*begins);
        let fits = || {
            let behind = all.iter().skip(at + 1).take(2);
            behind.clone().any(|next| named_by(&key, next))
        };
        match word.as_str() {
            "right" | "appropriate" | "suitable" | "fitting" | "correct" | "proper"
            | "richtige" | "richtigen" | "passende" | "passenden" => fits(),
            _ => ["triage", "classif", "categori", "prioriti", "klassifizier"]
                .iter()
                .any(begins),
        }
    })
}
