//! Who had each word that calls send first, people or answers, in the order of the session: a value is told by its
//! words, however it was put together.

use super::encoded::each_decoded;
use super::request::{Kinds, Request};
use super::switch;
use crate::asked::{
    Asked, Found, Message, Number, Sent, each_keyed, each_pair, each_under, is_short, pieces,
    plain, read,
};
use crate::leaf::{scalars, shortest};
use serde_json::Value;
use std::fmt::Write as _;

/// Where a word stood first in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Which answer, by its number in the session.
    pub(super) answer: u32,
    /// Whether it stood among other words.
    pub(super) in_text: bool,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// People or instructions named all of it.
    Said,
    /// Answers held it, or a part that nobody named.
    Answer(Place),
    /// Neither: the agent made it.
    Made,
}

/// Who had a word first, apart from people.
#[derive(Clone, Copy, Default)]
enum First {
    /// Nobody so far.
    #[default]
    Nobody,
    /// The agent sent it before any answer held it.
    Agent,
    /// An answer.
    Answer(Place),
}

/// What is known of a word so far.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Whether people or instructions said it.
    said: bool,
    /// Whether they asked for any work in the message in which they did.
    in_order: bool,
    first: First,
    /// Whether it was sent, as a whole value, before anything came that cannot be read.
    own: bool,
}

/// How much text an answer holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    /// The words of its phrases, all together.
    words: usize,
    /// Whether there is anything to read at all.
    pub(super) has_letter: bool,
    /// Whether a text of it has two words or more: a single one is an id, a name or a state.
    pub(super) has_phrase: bool,
}

impl Amount {
    /// The fewest words of a text that says more than what something is called.
    const PHRASE: usize = 3;
    /// The fewest words that can tell an agent what to do, in an answer of which nobody knows who writes it.
    const SENTENCE: usize = 5;

    pub(super) fn add(&mut self, other: Self) {
        self.words += other.words;
        self.has_letter |= other.has_letter;
        self.has_phrase |= other.has_phrase;
    }

    /// Whether there are sentences in it.
    pub(super) fn is_sentence(self) -> bool {
        self.words >= Self::SENTENCE
    }
}

/// How many letters of scripts that put no blanks between words stand in a text.
fn without_blanks(text: &str) -> usize {
    if text.is_ascii() {
        return 0;
    }
    let is_one = |c: &char| {
        matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
    };
    text.chars().filter(is_one).count()
}

/// What was said and answered so far, of the words that calls send.
pub(super) struct Seen<'a> {
    asked: &'a Asked<'a>,
    /// By the numbers of the words.
    words: Vec<Known>,
    /// The kinds of work that what was said asks for.
    kinds: Kinds,
    /// The first answer, where there was no room for all words: what nobody else said may come from there.
    beyond: Option<Place>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(asked: &'a Asked<'a>) -> Self {
        Self {
            asked,
            words: vec![Known::default(); asked.index.len()],
            kinds: 0,
            beyond: None,
        }
    }

    /// Takes in what people or instructions said.
    pub(super) fn hear(&mut self, message: &Message) {
        self.kinds |= message.kinds;
        for word in message.words.iter().chain(&message.parts) {
            if let Some(known) = self.words.get_mut(*word as usize) {
                known.said = true;
                known.in_order |= message.kinds != 0;
            }
        }
    }

    /// Whether what was said asks for what a tool does.
    pub(super) fn asks_for(&self, request: &Request) -> bool {
        match request {
            Request::Anything => true,
            Request::Kinds(kinds) => self.kinds & kinds != 0,
            Request::Words { verb, things } => {
                verb.iter().any(|word| self.said(*word))
                    || things.iter().any(|word| self.known(*word).in_order)
            }
        }
    }

    /// Takes in an answer, which others may write. Says how much text it holds.
    pub(super) fn learn(&mut self, answer: usize, content: &Value, is_open: bool) -> Amount {
        let answer = u32::try_from(answer).unwrap_or(u32::MAX);
        if self.asked.index.is_full() {
            self.beyond.get_or_insert(Place {
                answer,
                in_text: true,
            });
        }
        if self.asked.has_short() {
            self.learn_short(answer, content, is_open);
        }
        let mut amount = Amount::default();
        let mut digits = String::new();
        scalars(content, &mut |leaf| match leaf {
            Value::String(text) => {
                let in_text = text.trim().contains(char::is_whitespace);
                amount.add(self.learn_text(text, Place { answer, in_text }));
                // A value may stand there as an address, a page or a mail writes it.
                each_decoded(text, &mut |decoded| {
                    let in_text = in_text || decoded.trim().contains(char::is_whitespace);
                    amount.add(self.learn_text(decoded, Place { answer, in_text }));
                });
            }
            Value::Number(number) => {
                digits.clear();
                // Nothing fails that is written into a text.
                let _ = write!(digits, "{number}");
                let place = Place {
                    answer,
                    in_text: false,
                };
                self.add(shortest(&digits), place);
            }
            _ => {}
        });
        amount
    }

    /// Takes in the values of one character of an answer.
    fn learn_short(&mut self, answer: u32, content: &Value, is_open: bool) {
        let place = |in_text| Place { answer, in_text };
        each_keyed(content, "", &mut |key, leaf| match leaf {
            Value::String(text) if is_short(text) => {
                each_under(key, text, &mut |pair| self.add(pair, place(false)));
            }
            Value::String(text) => {
                each_pair(&plain(text), is_open, &mut |pair| {
                    self.add(pair, place(true))
                });
            }
            Value::Number(number) => {
                let digits = number.to_string();
                if is_short(&digits) {
                    each_under(key, &digits, &mut |pair| self.add(pair, place(false)));
                }
            }
            _ => {}
        });
    }

    /// Takes in a text of an answer. Says how many words it has.
    fn learn_text(&mut self, text: &str, place: Place) -> Amount {
        let text = plain(text);
        self.add(
            shortest(text.trim()),
            Place {
                in_text: false,
                ..place
            },
        );
        let mut count = 0_usize;
        read(
            &text,
            self.asked.index.has_long_number(),
            |found| match found {
                Found::Word(word, kinds) => {
                    count += 1;
                    self.add(word, place);
                    pieces(word, kinds, |piece| self.add(piece, place));
                }
                Found::Joined(joined) => self.add(joined, place),
            },
        );
        let letters = without_blanks(&text);
        let has_letter = text.contains(char::is_alphabetic);
        let is_phrase = || text.split_whitespace().nth(1).is_some() || letters / 2 >= 2;
        Amount {
            // A letter of such a script is a syllable or a short word. A name or a street tells nobody what to do.
            words: Some(count.max(letters / 2))
                .filter(|words| *words >= Amount::PHRASE)
                .unwrap_or_default(),
            has_letter,
            has_phrase: has_letter && is_phrase(),
        }
    }

    fn add(&mut self, text: &str, place: Place) {
        if text.len() >= 2
            && let Some(number) = self.asked.index.find(text)
            && let Some(Known {
                first: first @ First::Nobody,
                ..
            }) = self.words.get_mut(number)
        {
            *first = First::Answer(place);
        }
    }

    fn known(&self, word: Number) -> Known {
        self.words.get(word as usize).copied().unwrap_or_default()
    }

    fn said(&self, word: Number) -> bool {
        self.known(word).said
    }

    fn answered(&self, word: Number) -> Option<Place> {
        match self.known(word).first {
            First::Answer(place) => Some(place),
            First::Agent | First::Nobody => None,
        }
    }

    /// Where a value came from that a call sends.
    pub(super) fn origin(&self, sent: &Sent) -> Origin {
        match (self.told(sent), self.beyond) {
            // Nobody knows what stood there of the words that there was no room for.
            (Origin::Made, Some(place)) => Origin::Answer(place),
            (origin, _) => origin,
        }
    }

    /// Where a value of one character came from: `beside` is what it would stand in a text as.
    pub(super) fn origin_beside(&self, sent: &Sent, beside: &[Number]) -> Origin {
        if self.said(sent.whole) {
            return Origin::Said;
        }
        let place = beside.iter().find_map(|pair| self.answered(*pair));
        place.map_or(Origin::Made, Origin::Answer)
    }

    /// Where the name of a host came from. Who names a domain names what is in it.
    pub(super) fn host(&self, host: &str) -> Origin {
        let number = |name: &str| Number::try_from(self.asked.index.find(name)?).ok();
        let domains = std::iter::successors(Some(host), |name| {
            let (_, domain) = name.split_once('.')?;
            domain.contains('.').then_some(domain)
        });
        if domains.filter_map(number).any(|name| self.said(name)) {
            return Origin::Said;
        }
        let place = number(host).and_then(|name| self.answered(name));
        place.map_or(Origin::Made, Origin::Answer)
    }

    fn told(&self, sent: &Sent) -> Origin {
        let written = self.asked.written(sent);
        let is_seen = written.is_empty();
        if is_seen && self.said(sent.whole)
            || !is_seen && written.iter().all(|word| self.was_said(*word))
        {
            return Origin::Said;
        }
        let all = self.asked.words(sent);
        let mut unsaid = all
            .iter()
            .filter(|word| !is_seen || !self.was_said(**word))
            .peekable();
        if unsaid.peek().is_none() {
            return if is_seen { Origin::Said } else { Origin::Made };
        }
        if let Some(place) = self.answered(sent.whole) {
            return Origin::Answer(place);
        }
        if let Some((joined, is_long)) = sent.joined {
            if is_seen && is_long && self.said(joined) {
                return Origin::Said;
            }
            if let Some(place) = self.answered(joined) {
                return Origin::Answer(place);
            }
        }
        // A sentence of the agent's own shares small words with any answer: one that tells has to be among them.
        let here = |word: Number| {
            self.answered(word).or_else(|| {
                let parts = self.asked.parts(word).iter();
                parts
                    .filter(|part| part.is_piece && part.word != word)
                    .filter(|part| self.asked.tells(part.word) && !self.said(part.word))
                    .find_map(|part| self.answered(part.word))
            })
        };
        unsaid
            .filter(|word| all.len() <= 4 || self.asked.tells(**word))
            .find_map(|word| here(*word))
            .map_or(Origin::Made, Origin::Answer)
    }

    fn was_said(&self, word: Number) -> bool {
        if self.said(word) {
            return true;
        }
        // `/home/ana/x.txt` was said where all of its parts were.
        let parts = self.asked.parts(word);
        !parts.is_empty() && parts.iter().all(|part| self.said(part.word))
    }

    /// Takes in what a call sent, for what comes after it: an answer that repeats a part of it tells nothing new.
    pub(super) fn send(&mut self, sent: &Sent, text: &str) {
        let asked = self.asked;
        self.sent(sent.whole);
        for word in asked.words(sent) {
            self.sent(*word);
            for part in asked.parts(*word).iter().filter(|part| part.is_piece) {
                self.sent(part.word);
            }
        }
        // A number in groups is sent without what parts them, too.
        if text.bytes().any(|byte| byte.is_ascii_digit()) {
            read(&plain(text), asked.index.has_long_number(), |found| {
                if let Found::Joined(joined) = found
                    && let Some(number) = asked.index.find(joined)
                {
                    self.sent(number as Number);
                }
            });
        }
    }

    /// The same of a value of one character.
    pub(super) fn send_beside(&mut self, beside: &[Number]) {
        for pair in beside {
            self.sent(*pair);
        }
    }

    fn sent(&mut self, word: Number) {
        if let Some(Known {
            first: first @ First::Nobody,
            ..
        }) = self.words.get_mut(word as usize)
        {
            *first = First::Agent;
        }
    }

    /// Whether people or instructions said all that the key of a switch says, and where an answer speaks of all of it.
    pub(super) fn switched(&self, key: &str) -> (bool, Option<Place>) {
        let words = switch::words(key);
        let mut is_said = !words.is_empty();
        let mut place = None;
        let mut all_stood = !words.is_empty();
        for word in &words {
            let (mut said, mut stood) = (false, None);
            switch::each_form(word, &mut |form| {
                let number = self.asked.index.find(form);
                let Some(number) = number.and_then(|at| Number::try_from(at).ok()) else {
                    return;
                };
                said |= self.said(number);
                stood = stood.or_else(|| self.answered(number).filter(|place| place.in_text));
            });
            is_said &= said;
            all_stood &= said || stood.is_some();
            place = place.or(stood);
        }
        (is_said, place.filter(|_| all_stood))
    }

    /// Remembers that a value was sent before anything came that cannot be read.
    pub(super) fn own(&mut self, sent: &Sent) {
        if let Some(known) = self.words.get_mut(sent.exact as usize) {
            known.own = true;
        }
    }

    /// Whether a value is all that a text of an answer holds.
    pub(super) fn is_whole(&self, sent: &Sent) -> bool {
        self.answered(sent.whole).is_some()
    }

    /// Whether neither people nor an answer had a name or an address that a call sent.
    pub(super) fn is_made(&self, name: &str) -> bool {
        let name = plain(name);
        let number = self.asked.index.find(shortest(name.trim()));
        number
            .and_then(|number| Number::try_from(number).ok())
            .is_none_or(|number| !self.said(number) && self.answered(number).is_none())
    }

    /// Whether a value was sent before anything came that cannot be read.
    pub(super) fn is_own(&self, sent: &Sent) -> bool {
        self.known(sent.exact).own
    }
}

#[cfg(test)]
mod tests;
