//! What calls send, by the words that tell where it came from. Calls send little and are answered much: their words are
//! gathered first, and what people said and tools answered is gone over for them. Nothing else of it is remembered.

mod data_key;
mod index;
mod lone;
mod message;
mod read;

pub(crate) use data_key::DataKey;
pub(crate) use index::{Index, Number, Shape, Shapes};
pub(crate) use lone::{each_keyed, each_pair, each_under, is_short};
pub(crate) use message::{Message, is_heard};
use read::written;
pub(crate) use read::{Found, pieces, plain, read};

use crate::kept::Kept;
use crate::leaf::{PIECES, leaves, shortest};
use crate::provenance::ids;
use crate::session::{Session, Turn};
use crate::trust::{Request, each_of_switch, hosts_in, leading, may_be_influenced, runs};
use index::is_long_number;
use read::{SHORTEST_PIECE, each_part, together, with_kinds};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// The most different words that are looked for.
const MOST_WORDS: usize = 2_000_000;

/// A text or number that a call sends, by the numbers of its words.
pub(crate) struct Sent {
    /// All of it in small letters.
    pub(crate) exact: Number,
    /// The same, a number in its shortest form.
    pub(crate) whole: Number,
    /// The same in the letters that it was sent in.
    pub(crate) form: Number,
    /// Where it may be a number written in groups: that without what parts them, and whether it is mostly digits.
    pub(crate) joined: Option<(Number, bool)>,
    words: Range<u32>,
    /// The words as they were sent, where characters that nobody sees stand in them.
    written: Range<u32>,
    /// Of a line for a shell the words that lead out of the working folder, of other texts the ids inside.
    pub(crate) inside: Vec<Sent>,
}

/// What is known of a word beside its number.
#[derive(Clone, Default)]
struct About {
    /// Whether it tells where it came from: more than letters, or a long one.
    tells: bool,
    /// Its parts, where it is an address or a path.
    parts: Range<u32>,
}

/// A part of an address or a path.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) word: Number,
    /// Whether it is long enough to be looked for by itself.
    pub(crate) is_piece: bool,
}

/// What calls send, with an index of its words, and what people and instructions said of them.
pub(crate) struct Asked<'k> {
    pub(crate) index: Index,
    sent: Vec<Sent>,
    /// Where what each call sends begins among `sent`.
    calls: Vec<usize>,
    /// The words of what is sent, one after the other.
    words: Vec<Number>,
    /// Of values of one character of changes, by their place among `sent`, what they would stand in a text as.
    beside: BTreeMap<usize, Vec<Number>>,
    /// Of lines and programs of changes, by their place among `sent`, the hosts in them.
    hosts: BTreeMap<usize, Vec<String>>,
    /// Of changes, by their number, the keys that are data.
    keys: BTreeMap<usize, Vec<DataKey>>,
    /// By the numbers of words.
    about: Vec<About>,
    parts: Vec<Part>,
    /// What has to be said for it to ask for what a tool does, by the names of tools.
    requests: HashMap<&'k str, Request>,
    /// The goal, and the messages of people and instructions up to the last call.
    messages: Vec<Message>,
}

impl<'k> Asked<'k> {
    fn with(room: usize) -> Self {
        Self {
            index: Index::with(room),
            sent: Vec::new(),
            calls: Vec::new(),
            words: Vec::new(),
            beside: BTreeMap::new(),
            hosts: BTreeMap::new(),
            keys: BTreeMap::new(),
            about: Vec::new(),
            parts: Vec::new(),
            requests: HashMap::new(),
            messages: Vec::new(),
        }
    }

    /// What the kept calls of a session send.
    pub(crate) fn of(session: &Session, kept: &'k [Kept<'_>]) -> Self {
        let mut all = Self::with(MOST_WORDS);
        for (call, kept) in kept.iter().enumerate() {
            all.calls.push(all.sent.len());
            if kept.changes() {
                all.take_keys(call, &kept.call.arguments);
            }
            leaves(&kept.call.arguments, &mut |_, key, leaf| {
                let sent = match leaf {
                    Value::Bool(_) if kept.changes() => {
                        each_of_switch(key, &mut |word| {
                            all.number(word);
                        });
                        return;
                    }
                    Value::String(text) => {
                        if kept.changes() {
                            all.take_around(key, text, kept.target.shell.is_some());
                        }
                        let mut sent = all.take(text);
                        sent.inside = match kept.target.shell {
                            Some(_) => leading(text, session.working_folder.as_deref())
                                .map(|word| all.take(word))
                                .collect(),
                            None => ids(text).map(|id| all.take(id)).collect(),
                        };
                        sent.inside.shrink_to_fit();
                        sent
                    }
                    Value::Number(number) => {
                        let digits = number.to_string();
                        if kept.changes() {
                            all.take_around(key, &digits, false);
                        }
                        all.take(&digits)
                    }
                    _ => return,
                };
                all.sent.push(sent);
            });
            let tool = kept.call.name.as_str();
            if may_be_influenced(kept) && !all.requests.contains_key(tool) {
                let request = Request::of(tool, kept.effects, &mut all);
                all.requests.insert(tool, request);
            }
        }
        all.sent.shrink_to_fit();
        all.words.shrink_to_fit();
        let is_call = |turn: &Turn| matches!(turn, Turn::Call(_));
        let last = session.turns.iter().rposition(is_call).unwrap_or_default();
        let said = session
            .turns
            .iter()
            .take(last)
            .filter_map(|turn| match turn {
                Turn::Message { role, text, .. } => is_heard(*role, text).then_some(text),
                Turn::Call(_) | Turn::Approval(_) => None,
            });
        all.messages = session
            .goal
            .iter()
            .chain(said)
            .map(|text| Message::of(text, &all.index))
            .collect();
        all
    }

    /// The goal, where there is one, and the messages of people and instructions up to the last call, in their order.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// What has to be said for it to ask for what a tool does; nothing where that does not matter.
    pub(crate) fn request(&self, tool: &str) -> Option<&Request> {
        self.requests.get(tool)
    }

    /// Texts, as one call sends them, with room for so many words.
    #[cfg(test)]
    pub(crate) fn of_texts(texts: &[&str], room: usize) -> Self {
        let mut all = Self::with(room);
        all.calls.push(0);
        for text in texts {
            let sent = all.take(text);
            all.sent.push(sent);
        }
        all
    }

    /// What a call sends: its texts and numbers in their order.
    pub(crate) fn sent(&self, call: usize) -> &[Sent] {
        let Some(from) = self.calls.get(call) else {
            return &[];
        };
        let to = self.calls.get(call + 1).copied();
        self.sent
            .get(*from..to.unwrap_or(self.sent.len()))
            .unwrap_or_default()
    }

    /// The words of what is sent.
    pub(crate) fn words(&self, sent: &Sent) -> &[Number] {
        let Range { start, end } = sent.words;
        self.words
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Of a value of one character that a change sends what it would stand in a text as, beside the words of its key.
    pub(crate) fn beside(&self, call: usize, nth: usize) -> &[Number] {
        let at = self.calls.get(call).map(|from| from + nth);
        let found = at.and_then(|at| self.beside.get(&at));
        found.map_or(&[], Vec::as_slice)
    }

    /// Whether values of one character are looked for.
    pub(crate) fn has_short(&self) -> bool {
        !self.beside.is_empty()
    }

    /// The hosts in a line or a program that a change sends.
    pub(crate) fn hosts(&self, call: usize, nth: usize) -> &[String] {
        let at = self.calls.get(call).map(|from| from + nth);
        let found = at.and_then(|at| self.hosts.get(&at));
        found.map_or(&[], Vec::as_slice)
    }

    /// The keys of a change that are data.
    pub(crate) fn keys(&self, call: usize) -> &[DataKey] {
        self.keys.get(&call).map_or(&[], Vec::as_slice)
    }

    /// The words in the form that they were sent in, in small letters, where characters that nobody sees stand in
    /// them: who has said what is seen of them has not said them.
    pub(crate) fn written(&self, sent: &Sent) -> &[Number] {
        let Range { start, end } = sent.written;
        self.words
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Whether a word tells where it came from.
    pub(crate) fn tells(&self, word: Number) -> bool {
        self.about.get(word as usize).is_some_and(|word| word.tells)
    }

    /// The parts of a word; none where it is no address and no path.
    pub(crate) fn parts(&self, word: Number) -> &[Part] {
        let Some(About { parts, .. }) = self.about.get(word as usize) else {
            return &[];
        };
        self.parts
            .get(parts.start as usize..parts.end as usize)
            .unwrap_or_default()
    }

    /// The number of a word, which it gets where it has none.
    pub(crate) fn number(&mut self, word: &str) -> Number {
        let number = self.index.number(word);
        if self.about.len() < self.index.len() {
            self.about.push(About {
                tells: tells(word),
                parts: 0..0,
            });
        }
        number
    }

    /// Takes in what has to be known of the next text or number that a change sends, beside its words.
    fn take_around(&mut self, key: &str, text: &str, is_line: bool) {
        let at = self.sent.len();
        if is_short(text) {
            let mut numbers = Vec::new();
            lone::each_beside(key, text, &mut |pair| numbers.push(self.number(pair)));
            self.beside.insert(at, numbers);
        } else if is_line || runs(key) {
            let hosts = hosts_in(text, is_line);
            for host in &hosts {
                // Who names a domain names what is in it.
                let mut rest = host.as_str();
                while rest.contains('.') {
                    self.number(rest);
                    rest = rest.split_once('.').map_or("", |(_, rest)| rest);
                }
            }
            if !hosts.is_empty() {
                self.hosts.insert(at, hosts);
            }
        }
    }

    /// Takes in the keys that are data.
    fn take_keys(&mut self, call: usize, arguments: &Value) {
        let mut found = Vec::new();
        data_key::each(arguments, &mut |pointer, key| {
            found.push(DataKey::of(pointer.to_owned(), key, self.take(key)));
        });
        if !found.is_empty() {
            self.keys.insert(call, found);
        }
    }

    /// Takes in a text that is sent.
    fn take(&mut self, text: &str) -> Sent {
        let plain = plain(text);
        let trimmed = plain.trim();
        let short = shortest(trimmed);
        let exact = self.number(trimmed);
        let whole = match short.len() == trimmed.len() {
            true => exact,
            false => self.number(short),
        };
        let form = match shortest(text.trim()) {
            same if same == short => whole,
            other => self.number(other),
        };
        let joined = together(short).map(|joined| (self.number(&joined), is_long_number(&joined)));
        let from = self.words.len();
        for (word, kinds) in with_kinds(&plain) {
            let number = self.number(word);
            if kinds & PIECES != 0 {
                self.take_apart(word, number);
            }
            self.words.push(number);
        }
        let to = self.words.len();
        if let Some(written) = written(text) {
            for (word, _) in with_kinds(&written) {
                let number = self.number(word);
                self.words.push(number);
            }
        }
        Sent {
            exact,
            whole,
            form,
            joined,
            words: range(from, to),
            written: range(to, self.words.len()),
            inside: Vec::new(),
        }
    }

    /// Takes in the parts of an address or a path, once.
    fn take_apart(&mut self, word: &str, number: Number) {
        let about = |all: &Self| all.about.get(number as usize).cloned();
        if about(self).is_none_or(|about| !about.parts.is_empty()) {
            return;
        }
        let from = self.parts.len();
        each_part(word, |part| {
            if !part.is_empty() {
                let number = self.number(part);
                self.parts.push(Part {
                    word: number,
                    is_piece: part.len() >= SHORTEST_PIECE,
                });
            }
        });
        let parts = range(from, self.parts.len());
        if let Some(about) = self.about.get_mut(number as usize) {
            about.parts = parts;
        }
    }
}

fn range(from: usize, to: usize) -> Range<u32> {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    number(from)..number(to)
}

/// Whether a word tells where it came from: more than letters, or a long one.
fn tells(word: &str) -> bool {
    word.len() >= 9
        || word.len() >= 4
            && word
                .bytes()
                .any(|b| b.is_ascii_digit() || matches!(b, b'@' | b'/' | b'_' | b'.' | b'-'))
}
