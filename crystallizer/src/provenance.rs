//! Where the values of a call came from: the person's words, an earlier answer, the clock or chance, or
//! the agent. One pass over the session, with one look-up for each value.

use crate::asked::{Asked, Message, Number, Sent, is_heard};
use crate::kept::Kept;
use crate::leaf::{canonical, leaves, shortest, tokens};
use crate::mark::{MarkMap, mark};
use crate::session::{Role, Session, Turn};
use crate::value_class::{self, ValueClass};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::HashMap;

/// Longest value that is looked for however it is written. Longer ones are texts.
const LONGEST: usize = 300;
/// Longest value whose parts are looked for.
const LONGEST_WITH_PARTS: usize = 1_000;
/// The most parts that are named for one value.
const MOST_PARTS: usize = 3;

/// A frozen value and what is known about where it came from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Origin {
    /// Index of the kept call that sent it.
    pub(crate) call: usize,
    /// JSON Pointer in that call's arguments.
    pub(crate) pointer: String,
    /// The nearest key.
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) from: From,
}

/// Where a frozen value came from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum From {
    /// The answer of an earlier call held it first.
    Output {
        /// Index of the kept call that answered.
        call: usize,
        /// JSON Pointer in the answer.
        pointer: String,
        /// It stands in a text there, with other words.
        in_text: bool,
        class: Option<ValueClass>,
    },
    /// A part of it stood in the answer of an earlier call.
    Part {
        /// The part.
        part: String,
        /// Index of the kept call that answered.
        call: usize,
        /// JSON Pointer in the answer.
        pointer: String,
    },
    /// Nobody said it before: made by chance or by the clock.
    Volatile(&'static str),
    /// A date that nobody wrote, while the person spoke of today or tomorrow.
    RelativeDate,
    /// A text that the agent wrote.
    Agent,
}

/// Where a value stood first in an answer.
#[derive(Clone, Copy)]
struct Seen {
    call: u32,
    /// The pointer and the key.
    place: u32,
    in_text: bool,
}

/// Places in answers, each once: calls of one tool answer alike.
#[derive(Default)]
struct Places {
    all: Vec<(String, String)>,
    index: MarkMap<u32>,
}

impl Places {
    fn number(&mut self, pointer: &str, key: &str) -> u32 {
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let number = *self
            .index
            .entry(mark(&format!("{pointer}\n{key}")))
            .or_insert(next);
        if number == next {
            self.all.push((pointer.to_owned(), key.to_owned()));
        }
        number
    }

    fn of(&self, seen: Seen) -> (&str, &str) {
        let place = self.all.get(seen.place as usize);
        place.map_or(("", ""), |(pointer, key)| (pointer, key))
    }
}

/// Who had a value first, apart from people.
#[derive(Clone, Copy, Default)]
enum First {
    /// Nobody so far.
    #[default]
    Nobody,
    /// The agent sent it before any answer held it.
    Agent,
    /// An answer.
    Answer(Seen),
}

/// What is known of a word so far.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Whether people or instructions said it.
    said: bool,
    first: First,
}

/// Follows a session.
struct Tracker<'a> {
    asked: &'a Asked<'a>,
    /// By the numbers of the words.
    words: Vec<Known>,
    places: Places,
    /// Whether the person spoke of a day by where it is from now.
    relative: bool,
}

/// The origins of the kept calls' values, in order, those of one call together.
pub(crate) fn origins(session: &Session, kept: &[Kept<'_>], asked: &Asked<'_>) -> Vec<Vec<Origin>> {
    let index: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.call.id.as_str(), index))
        .collect();
    let mut tracker = Tracker {
        asked,
        words: vec![Known::default(); asked.index.len()],
        places: Places::default(),
        relative: false,
    };
    let mut messages = asked.messages();
    if let Some(goal) = session.goal.as_ref().and_then(|_| messages.next()) {
        tracker.hear(goal, true);
    }
    let mut all = Vec::new();
    // Answers of calls that were issued together are known only to those that come after.
    let mut waiting: Vec<usize> = Vec::new();
    let mut batch = None;
    let mut left = kept.len();
    for turn in &session.turns {
        // What comes after the last of them told none of them anything.
        if left == 0 {
            break;
        }
        match turn {
            Turn::Message { role, text, .. } => {
                if is_heard(*role, text)
                    && let Some(message) = messages.next()
                {
                    tracker.hear(message, *role == Role::User);
                }
            }
            Turn::Approval(_) => {}
            Turn::Call(call) => {
                if batch != Some(call.batch) {
                    for at in waiting.drain(..) {
                        tracker.learn(at, &kept[at]);
                    }
                    batch = Some(call.batch);
                }
                if let Some(at) = index.get(call.id.as_str()) {
                    let mut found = Vec::new();
                    tracker.look(*at, &kept[*at], session, &mut found);
                    if !found.is_empty() {
                        found.shrink_to_fit();
                        all.push(found);
                    }
                    waiting.push(*at);
                    left -= 1;
                }
            }
        }
    }
    all
}

impl Tracker<'_> {
    fn hear(&mut self, message: &Message, person: bool) {
        self.relative |= person && message.is_relative;
        for word in &message.words {
            if let Some(known) = self.words.get_mut(*word as usize) {
                known.said = true;
            }
        }
    }

    fn known(&self, word: Number) -> Known {
        self.words.get(word as usize).copied().unwrap_or_default()
    }

    /// Whether people or instructions named it: all of its words are among theirs.
    fn was_said(&self, sent: &Sent) -> bool {
        let written = self.asked.written(sent);
        if !written.is_empty() {
            return written.iter().all(|word| self.known(*word).said);
        }
        let words = self.asked.words(sent);
        self.known(sent.whole).said
            || !words.is_empty() && words.iter().all(|word| self.known(*word).said)
    }

    /// Takes in what a call answered.
    fn learn(&mut self, at: usize, kept: &Kept<'_>) {
        if !crate::prune::succeeded(kept.call) {
            return;
        }
        // A value of its own comes before the same in a text.
        let mut texts: Vec<(String, &str, &str)> = Vec::new();
        if let Some(json) = kept.answer.json.as_deref() {
            leaves(json, &mut |pointer, key, leaf| {
                let Some(text) = canonical(leaf) else { return };
                self.add(at, pointer, key, &text, false);
                if let Value::String(whole) = leaf
                    && whole.contains(char::is_whitespace)
                {
                    texts.push((pointer.to_owned(), key, whole));
                }
            });
        } else {
            texts.push((String::new(), "", kept.answer.text()));
            self.add(at, "", "", shortest(kept.answer.text().trim()), false);
        }
        for (pointer, key, text) in texts {
            for token in tokens(text) {
                if token.len() <= LONGEST {
                    self.add(at, &pointer, key, shortest(token), true);
                }
            }
        }
    }

    fn add(&mut self, call: usize, pointer: &str, key: &str, text: &str, in_text: bool) {
        if text.len() >= 3
            && let Some(number) = self.asked.index.find(text)
            && (!in_text || telling(text))
            && let Some(Known {
                first: first @ First::Nobody,
                ..
            }) = self.words.get_mut(number)
        {
            *first = First::Answer(Seen {
                call: u32::try_from(call).unwrap_or(u32::MAX),
                place: self.places.number(pointer, key),
                in_text,
            });
        }
    }

    /// Where a value stood first in an answer.
    fn output(&self, form: Number) -> Option<Seen> {
        match self.known(form).first {
            First::Answer(seen) => Some(seen),
            First::Agent | First::Nobody => None,
        }
    }

    /// Judges what a call sent.
    fn look(&mut self, at: usize, kept: &Kept<'_>, session: &Session, found: &mut Vec<Origin>) {
        let mut sent = Vec::new();
        let mut values = self.asked.sent(at).iter();
        leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
            let Some(text) = canonical(leaf) else { return };
            let Some(value) = values.next() else { return };
            if kept.target.shell.is_none() {
                self.parts(at, pointer, key, leaf, value, found);
            }
            if text.len() > LONGEST {
                if self.was_said(value) {
                    return;
                }
                let from = match self.output(value.form) {
                    Some(seen) => From::Output {
                        call: seen.call as usize,
                        pointer: self.places.of(seen).0.to_owned(),
                        in_text: false,
                        class: None,
                    },
                    None if is_prose_key(key) => From::Agent,
                    None => return sent.push(value.form),
                };
                if from == From::Agent {
                    sent.push(value.form);
                }
                found.push(origin(at, pointer, key, leaf, from));
                return;
            }
            if text.len() < 3 || self.was_said(value) {
                return;
            }
            let class = value_class::of(&text);
            let from = match self.output(value.form) {
                Some(seen) => {
                    let (at, under) = self.places.of(seen);
                    let agree = !seen.in_text && keys_agree(key, under);
                    if class.is_none() && (!agree || leaf.is_number()) {
                        return;
                    }
                    From::Output {
                        call: seen.call as usize,
                        pointer: at.to_owned(),
                        in_text: seen.in_text,
                        class,
                    }
                }
                None => {
                    let from = match volatile(key, &text, class, kept, session) {
                        Some(why) => Some(From::Volatile(why)),
                        None if self.relative
                            && matches!(class, Some(ValueClass::Date | ValueClass::Moment)) =>
                        {
                            Some(From::RelativeDate)
                        }
                        None => (is_prose_key(key) && text.contains(' ')).then_some(From::Agent),
                    };
                    sent.push(value.form);
                    let Some(from) = from else { return };
                    from
                }
            };
            found.push(origin(at, pointer, key, leaf, from));
        });
        for form in sent {
            if let Some(Known {
                first: first @ First::Nobody,
                ..
            }) = self.words.get_mut(form as usize)
            {
                *first = First::Agent;
            }
        }
    }

    /// Looks for ids of earlier answers inside a longer value: a sentence, an address.
    fn parts(
        &self,
        at: usize,
        pointer: &str,
        key: &str,
        leaf: &Value,
        value: &Sent,
        found: &mut Vec<Origin>,
    ) {
        let (Value::String(text), false) = (leaf, value.inside.is_empty()) else {
            return;
        };
        if self.output(value.form).is_some() || self.was_said(value) {
            return;
        }
        let mut named: Vec<&str> = Vec::new();
        for (word, sent) in ids(text).zip(&value.inside) {
            if self.was_said(sent) || named.contains(&word) {
                continue;
            }
            if let Some(seen) = self.output(sent.form) {
                let from = From::Part {
                    part: word.to_owned(),
                    call: seen.call as usize,
                    pointer: self.places.of(seen).0.to_owned(),
                };
                found.push(origin(at, pointer, key, leaf, from));
                named.push(word);
                if named.len() >= MOST_PARTS {
                    return;
                }
            }
        }
    }
}

/// The ids inside a longer text.
pub(crate) fn ids(text: &str) -> impl Iterator<Item = &str> {
    let text = shortest(text.trim());
    let short = Some(text).filter(|text| text.len() <= LONGEST_WITH_PARTS);
    short
        .into_iter()
        .flat_map(tokens)
        .flat_map(|token| token.split(['/', '?', '&', '#']))
        .filter(|word| word.len() >= 6 && word.len() < text.len())
        .filter(|word| word.bytes().filter(u8::is_ascii_digit).count() >= 2)
        .map(shortest)
        .filter(|word| value_class::of(word).is_some_and(ValueClass::is_strong))
}

fn origin(call: usize, pointer: &str, key: &str, value: &Value, from: From) -> Origin {
    Origin {
        call,
        pointer: pointer.to_owned(),
        key: key.to_owned(),
        value: value.clone(),
        from,
    }
}

/// Words of a text that are worth remembering: those that are not only letters.
fn telling(token: &str) -> bool {
    token.bytes().any(|b| b.is_ascii_digit()) || token.contains(['@', '/', '_'])
}

/// Whether the last words of two keys agree: `user_id` and `id`, `reservationId` and `reservation_id`.
fn keys_agree(one: &str, two: &str) -> bool {
    let plain = |key: &str| {
        let mut words = crate::words::split(key);
        if let Some(last) = words.last_mut()
            && last.len() > 3
            && let Some(singular) = last.strip_suffix('s')
        {
            *last = singular.to_owned();
        }
        words
    };
    let (one, two) = (plain(one), plain(two));
    !one.is_empty() && !two.is_empty() && (one.ends_with(&two) || two.ends_with(&one))
}

/// Keys whose texts an agent writes for a machine to act on.
fn is_prose_key(key: &str) -> bool {
    matches!(
        key.to_ascii_lowercase().as_str(),
        "sql"
            | "statement"
            | "query"
            | "prompt"
            | "question"
            | "instruction"
            | "instructions"
            | "code"
    )
}

/// Why a value that nobody said looks made by chance or by the clock.
pub(crate) fn volatile(
    key: &str,
    text: &str,
    class: Option<ValueClass>,
    kept: &Kept<'_>,
    session: &Session,
) -> Option<&'static str> {
    let words = crate::words::split(key);
    let has = |word: &str| words.iter().any(|known| known == word);
    if class == Some(ValueClass::Uuid) {
        return Some("chance");
    }
    if class.is_some()
        && (has("nonce") || has("idempotency") || has("correlation") || has("request") && has("id"))
    {
        return Some("chance");
    }
    let near = |moment: Timestamp, slack_ms: i64| {
        let start = kept.call.started_at.or(session.started_at);
        let end = kept
            .call
            .finished_at
            .or(kept.call.started_at)
            .or(session.finished_at)
            .or(start);
        match (start, end) {
            (Some(start), Some(end)) => {
                moment.0 >= start.0.saturating_sub(slack_ms)
                    && moment.0 <= end.0.saturating_add(slack_ms)
            }
            _ => false,
        }
    };
    const MINUTES_10: i64 = 600_000;
    match class {
        Some(ValueClass::Moment) => {
            let moment: Option<Timestamp> = text.parse().ok();
            (moment.is_some_and(|moment| near(moment, MINUTES_10)) || has_fraction(text))
                .then_some("the clock")
        }
        Some(ValueClass::Id) if text.bytes().all(|b| b.is_ascii_digit()) => {
            let number: i64 = text.parse().ok()?;
            let millis = match text.len() {
                10 => number.checked_mul(1_000)?,
                13 => number,
                _ => return None,
            };
            near(Timestamp(millis), MINUTES_10).then_some("the clock")
        }
        _ => None,
    }
}

/// People and plans name whole seconds; clocks do not.
fn has_fraction(moment: &str) -> bool {
    moment
        .split_once('.')
        .is_some_and(|(_, fraction)| fraction.bytes().take(3).any(|b| matches!(b, b'1'..=b'9')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_name_the_same() {
        for (one, two, expected) in [
            ("user_id", "id", true),
            ("reservationId", "reservation_id", true),
            ("reservations", "reservation", true),
            ("amount", "id", false),
            ("", "id", false),
        ] {
            assert_eq!(keys_agree(one, two), expected, "{one} {two}");
        }
    }
}
