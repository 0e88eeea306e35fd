//! What people and instructions said, so that a value can be found in their words: as it stands, with other
//! signs between its letters and digits, as a number in another notation, or as a day that they named.

use super::canonical;
use super::day_range;
use super::information::{STRONG, bits};
use super::key::named_by;
use super::qualifier::reading::Readings;
use super::qualifier::{Sentence, extreme::is_turned, is_ordinal, is_turned_at, place, sentences};
use super::spoken_time::{self, SpokenDay, SpokenTime};
use jiff::civil::Date;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

mod alone;
mod altering;
mod clock;
mod counted;
mod enumerated;
mod in_touch;
mod keyed;
mod lasting;
mod measured;
mod named;
mod negated;
mod prescribed;
mod ranged;
mod truth;
mod worded;

pub(super) use enumerated::NamedAt;
pub(super) use in_touch::is_of_contact;

/// How many words around a mention may name its key.
const NEAR: usize = 6;
/// The most words that are taken in: what comes after them is not found.
const MOST_WORDS: usize = 200_000;
/// The letters from which on a word is known when it is bent.
const BENT: usize = 4;
/// The most places that are looked at for one word.
const MOST: usize = 64;
/// The most places that are tried for a text, the number of places of a common word, and how many words of a text it may be
/// looked for by.
const MOST_TRIED: usize = 1_000;
const COMMON: usize = 16;
const LEADING: usize = 4;
/// The most words of people that are taken for what they want the least or the most of.
const MOST_SUPERLATIVES: usize = 64;

/// A place in the words of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mention {
    /// Whether a person said it, not the instructions.
    pub(super) person: bool,
    text: usize,
    word: usize,
    length: usize,
}

impl Mention {
    /// The place, to tell it from others.
    pub(super) fn place(&self) -> String {
        format!("@{}:{}", self.text, self.word)
    }
}

/// A word of a person that asks for the least or the most of something.
pub(super) struct Superlative<'s> {
    pub(super) word: &'s str,
    /// The words around it, it among them.
    pub(super) near: &'s [String],
    /// Those of them behind it that no comma parts from it.
    pub(super) behind: Vec<&'s str>,
}

struct Spoken {
    person: bool,
    words: Vec<String>,
    /// The text itself, for showing a part of it.
    text: String,
    /// Where each word begins.
    starts: Vec<usize>,
    /// The number of the sentence that each word stands in.
    sentences: Vec<usize>,
    /// Whether it is in German.
    is_german: bool,
    /// The sentences as they are read for what they say about things, once somebody asks.
    read: OnceLock<Vec<Sentence>>,
    /// The words of a person that ask for the least or the most of something.
    superlatives: Vec<usize>,
    /// The words of a person that are numbers in digits.
    figures: Vec<(usize, i64)>,
}

impl Spoken {
    /// Where a word ends. In small letters it may be longer or shorter than it was written.
    fn end_of(&self, word: usize) -> Option<usize> {
        let start = *self.starts.get(word)?;
        let rest = self.text.get(start..)?;
        let length = rest.find(|c: char| !c.is_alphanumeric());
        Some(start + length.unwrap_or(rest.len()))
    }

    /// Whether only a dash stands between a word and the one behind it, beside blanks and the point of an ordinal.
    fn is_dashed(&self, word: usize) -> bool {
        let between = self
            .end_of(word)
            .zip(self.starts.get(word + 1))
            .and_then(|(end, start)| self.text.get(end..*start));
        between.is_some_and(|between| {
            let mark = between.trim_start_matches('.').trim();
            matches!(mark, "-" | "–" | "—")
        })
    }

    /// Whether a word goes on with the number or the day that the one before it began: the 10 in 42.10.
    fn is_inside_number(&self, word: usize) -> bool {
        let before = word.checked_sub(1).and_then(|before| self.end_of(before));
        let (Some(end), Some(start)) = (before, self.starts.get(word)) else {
            return false;
        };
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        matches!(
            self.text.get(end..*start),
            Some("." | "," | ":" | "-" | "/")
        ) && digit(self.text[..end].chars().next_back())
            && digit(self.text[*start..].chars().next())
    }
}

/// The words said so far.
#[derive(Default)]
pub(super) struct Said {
    texts: Vec<Spoken>,
    words: HashMap<String, Vec<(usize, usize)>>,
    numbers: HashMap<String, Vec<(usize, usize)>>,
    /// Places in an order: `second`.
    ordinals: HashMap<u64, Vec<(usize, usize)>>,
    days: Vec<(SpokenDay, usize, usize)>,
    /// The times of day, each with its text, its first word and how many words it has.
    times: Vec<(SpokenTime, usize, usize, usize)>,
    /// Hours that were said alone.
    hours: Vec<clock::BareHour>,
    /// How many minutes things last, each with its text and the word of its unit.
    durations: Vec<(i64, usize, usize)>,
    /// How many words were taken in.
    taken: usize,
    /// How many superlatives were taken in.
    superlatives: usize,
    /// Whether there were more.
    pub(super) cut: bool,
    /// Whether something of it is in German.
    has_german: bool,
    /// How many days things last.
    stays: Vec<(i64, usize, usize)>,
    /// The day on which it was said.
    today: Option<Date>,
    /// What was read of it about things.
    readings: Readings,
}

impl Said {
    /// The places of a word; in German also as it is bent: `offene` for `offen`, `Müllers` for `Müller`.
    fn places<'s>(&'s self, word: &str, value: &str) -> impl Iterator<Item = (usize, usize)> + 's {
        let is_word = self.has_german
            && word.chars().count() >= BENT
            && value.chars().all(char::is_alphabetic);
        let ends: &[&str] = match value.chars().next() {
            Some(c) if is_word && c.is_uppercase() => &["s"],
            Some(_) if is_word => &["e", "en", "er", "es", "em"],
            _ => &[],
        };
        let bent = ends.iter().map(|end| format!("{word}{end}"));
        let bent: Vec<&Vec<(usize, usize)>> =
            bent.filter_map(|word| self.words.get(&word)).collect();
        let own = self.words.get(word).into_iter().flatten().copied();
        own.chain(
            bent.into_iter()
                .flatten()
                .filter(|(at, _)| self.texts[*at].is_german)
                .copied(),
        )
    }

    /// Takes in what was said.
    pub(super) fn hear(&mut self, text: &str, person: bool) {
        let text = self.within_room(text);
        let at = self.texts.len();
        let mut spoken = Spoken {
            person,
            words: Vec::new(),
            text: text.to_owned(),
            starts: Vec::new(),
            sentences: Vec::new(),
            is_german: false,
            read: OnceLock::new(),
            superlatives: Vec::new(),
            figures: Vec::new(),
        };
        let mut start = None;
        let mut sentence = 0;
        let mut ends = false;
        for (index, c) in text.char_indices().chain([(text.len(), ' ')]) {
            match (start, c.is_alphanumeric()) {
                (None, true) => {
                    sentence += usize::from(ends);
                    ends = false;
                    start = Some(index);
                }
                // A sign that ends a sentence has a blank behind it; a line's end is one.
                (None, false) if c == '\n' => ends = true,
                (Some(begin), false) => {
                    spoken.words.push(text[begin..index].to_lowercase());
                    spoken.starts.push(begin);
                    spoken.sentences.push(sentence);
                    start = None;
                    let mut after = text[index..].chars();
                    ends |= c == '\n'
                        || matches!(after.next(), Some('.' | '!' | '?' | ';'))
                            && after.next().is_none_or(char::is_whitespace)
                            && !spoken_time::is_ordinal_of_month(&text[begin..]);
                }
                _ => {}
            }
        }
        spoken.is_german = is_german(&spoken.words);
        self.has_german |= spoken.is_german;
        self.taken += spoken.words.len();
        for (index, word) in spoken.words.iter().enumerate() {
            match self.words.get_mut(word) {
                Some(places) => places.push((at, index)),
                None => {
                    self.words.insert(word.clone(), vec![(at, index)]);
                }
            }
        }
        let mut from = 0;
        let parts = |c: char| {
            c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'' | '“' | '”' | ';' | '=')
        };
        let mut tokens = text
            .split(parts)
            .filter(|token| token.bytes().any(|b| b.is_ascii_digit()))
            .peekable();
        while let Some(token) = tokens.next() {
            let begin = token.as_ptr() as usize - text.as_ptr() as usize;
            // The word that it begins with: `$` is none.
            let first = begin + token.find(char::is_alphanumeric).unwrap_or(0);
            let trimmed =
                token.trim_matches(|c: char| matches!(c, '.' | ',' | ':' | '!' | '?' | '*'));
            let mut numbers = super::written::numbers(trimmed);
            // `1 250,00`: groups that a blank parts.
            if let Some(next) = tokens.peek()
                && next.as_ptr() as usize - text.as_ptr() as usize - begin - token.len() <= 3
                && super::written::are_groups(token, next)
            {
                let next = next.trim_matches(|c: char| matches!(c, '.' | ',' | '!' | '?'));
                numbers.extend(super::written::numbers(&format!("{token}{next}")));
            }
            let days = match person && trimmed.contains(['.', '/']) {
                true => spoken_time::marked_days(token),
                false => Vec::new(),
            };
            if numbers.is_empty() && days.is_empty() {
                continue;
            }
            while spoken
                .starts
                .get(from + 1)
                .is_some_and(|start| *start <= first)
            {
                from += 1;
            }
            for number in numbers.iter().filter_map(Value::as_str) {
                self.numbers
                    .entry(format!("n:{number}"))
                    .or_default()
                    .push((at, from));
            }
            self.days
                .extend(days.into_iter().map(|day| (day, at, from)));
        }
        for (index, word) in spoken.words.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|at| spoken.words.get(at));
            if let Some(number) =
                spoken_time::small_number(word).or_else(|| spoken_time::dozens(before, word))
            {
                self.numbers
                    .entry(format!("n:{number}"))
                    .or_default()
                    .push((at, index));
            }
            if let Some(place) = place(word) {
                self.ordinals.entry(place).or_default().push((at, index));
            }
        }
        if person {
            let days = spoken_time::days(&spoken.words);
            let ranged = day_range::ranged(&spoken.words, &days, &|word| spoken.is_dashed(word));
            for (day, word) in days.into_iter().chain(ranged) {
                self.days.push((day, at, word));
            }
            for (minutes, word) in spoken_time::durations(&spoken.words) {
                self.durations.push((minutes, at, word));
            }
            for (days, word) in spoken_time::stays(&spoken.words) {
                self.stays.push((days, at, word));
            }
            for (time, place) in spoken_time::times(text) {
                let first = spoken.starts.partition_point(|start| *start < place.start);
                let last = spoken.starts.partition_point(|start| *start < place.end);
                if first < last {
                    self.times.push((time, at, first, last - first));
                }
            }
        }
        let number = self.texts.len();
        self.texts.push(spoken);
        if person {
            let spoken = &self.texts[number];
            let is_whole = |word: usize| self.whole_number(number, word, &Value::from(0));
            let hours = clock::BareHour::all(&spoken.words, &spoken.sentences, number, is_whole);
            self.hours.extend(hours);
        }
        if person {
            self.note_figures(at);
        }
    }

    /// Notes the superlatives and the numbers of a text, so that it is not gone through for each list.
    fn note_figures(&mut self, at: usize) {
        let spoken = &self.texts[at];
        let turned = |index: usize| {
            let sentence = spoken.sentences.get(index);
            let before: Vec<&str> = (index.saturating_sub(NEAR)..index)
                .filter(|place| spoken.sentences.get(*place) == sentence)
                .filter_map(|place| spoken.words.get(place).map(String::as_str))
                .collect();
            is_turned(&before)
        };
        let all = spoken.words.iter().enumerate();
        let superlatives: Vec<usize> = all
            .clone()
            .filter(|(index, word)| {
                let at = |place: usize| spoken.words.get(place).map(String::as_str);
                let of_two = || {
                    let before = index.checked_sub(1).and_then(at);
                    super::superlative::is_of_two(before, word, at(index + 1))
                };
                (super::superlative::is_superlative(word) || of_two()) && !turned(*index)
            })
            .map(|(index, _)| index)
            .collect();
        let figures = all
            .filter_map(|(index, text)| Some((index, text.parse::<i64>().ok()?)))
            .filter(|(index, number)| self.whole_number(at, *index, &Value::from(*number)))
            .collect();
        let room = MOST_SUPERLATIVES.saturating_sub(self.superlatives);
        self.cut |= superlatives.len() > room;
        self.superlatives += superlatives.len().min(room);
        let spoken = &mut self.texts[at];
        spoken.superlatives = superlatives;
        spoken.superlatives.truncate(room);
        spoken.figures = figures;
    }

    /// As much of a text as there is room for.
    fn within_room<'t>(&mut self, text: &'t str) -> &'t str {
        let room = MOST_WORDS.saturating_sub(self.taken);
        // A word and what parts it from the next take two bytes.
        if text.len() / 2 <= room {
            return text;
        }
        let mut words = 0;
        let mut inside = false;
        for (index, c) in text.char_indices() {
            words += usize::from(!inside && c.is_alphanumeric());
            inside = c.is_alphanumeric();
            if words > room {
                self.cut = true;
                return &text[..index];
            }
        }
        text
    }

    /// Takes in the day on which it is said.
    pub(super) fn set_day(&mut self, day: Option<Date>) {
        self.today = day;
    }

    /// The day on which it was said.
    pub(super) fn day_of_speaking(&self) -> Option<Date> {
        self.today
    }

    /// The sentences of people from a text on, each with the number of its text.
    pub(super) fn sentences_by_people(
        &self,
        from: usize,
    ) -> impl Iterator<Item = (usize, &Sentence)> {
        self.texts
            .iter()
            .enumerate()
            .skip(from)
            .filter(|(_, spoken)| spoken.person)
            .flat_map(|(at, spoken)| {
                let all = spoken.read.get_or_init(|| sentences(&spoken.text));
                all.iter().map(move |sentence| (at, sentence))
            })
    }

    /// The sentences of the instructions, each with the number of its text.
    pub(super) fn sentences_by_instructions(&self) -> impl Iterator<Item = (usize, &Sentence)> {
        self.texts
            .iter()
            .enumerate()
            .filter(|(_, spoken)| !spoken.person)
            .flat_map(|(at, spoken)| {
                let all = spoken.read.get_or_init(|| sentences(&spoken.text));
                all.iter().map(move |sentence| (at, sentence))
            })
    }

    /// What was read of it about things.
    pub(super) fn readings(&self) -> &Readings {
        &self.readings
    }

    /// The sentence that a place stands in, with the number of its text, where a person said it.
    pub(super) fn sentence_of(&self, mention: &Mention) -> Option<(usize, &Sentence)> {
        let spoken = self.texts.get(mention.text).filter(|one| one.person)?;
        let start = *spoken.starts.get(mention.word)?;
        let all = spoken.read.get_or_init(|| sentences(&spoken.text));
        let behind = all.partition_point(|one| one.first().is_some_and(|one| one.start <= start));
        Some((mention.text, all.get(behind.checked_sub(1)?)?))
    }

    /// The text and the part of it that a mention is, where it has so many words at least.
    pub(super) fn span(&self, mention: &Mention, least: usize) -> Option<(usize, Range<usize>)> {
        let spoken = self.texts.get(mention.text)?;
        let last = (mention.word + mention.length).checked_sub(1)?;
        let end = spoken.end_of(last)?;
        let from = *spoken.starts.get(mention.word)?;
        (mention.length >= least).then_some((mention.text, from..end))
    }

    /// Whether something was said to be left out, or not to hold: `and not Bob's`.
    pub(super) fn is_left_out(&self, mention: &Mention) -> bool {
        let start = self
            .texts
            .get(mention.text)
            .and_then(|spoken| spoken.starts.get(mention.word));
        match (self.sentence_of(mention), start) {
            (Some((_, sentence)), Some(start)) => is_turned_at(sentence, *start),
            _ => false,
        }
    }

    /// How many words a text has.
    pub(super) fn length(&self, text: usize) -> usize {
        self.texts.get(text).map_or(0, |spoken| spoken.words.len())
    }

    /// A part of a text.
    pub(super) fn part(&self, text: usize, from: usize, to: usize) -> &str {
        self.texts
            .get(text)
            .and_then(|spoken| spoken.text.get(from..to))
            .unwrap_or_default()
    }

    /// A text.
    pub(super) fn text(&self, text: usize) -> &str {
        self.texts.get(text).map_or("", |spoken| &spoken.text)
    }

    /// How many texts were said.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Where a value was said in some of the texts, near a word that names its key before elsewhere.
    pub(super) fn find_within(
        &self,
        value: &Value,
        key: &[String],
        texts: Range<usize>,
    ) -> Option<Mention> {
        let inside = || {
            self.mentions(value)
                .into_iter()
                .filter(|mention| texts.contains(&mention.text))
        };
        inside()
            .find(|mention| self.is_near(mention, key))
            .or_else(|| inside().next())
    }

    /// Where a value was said: by a person before by instructions, near a word that names its key before
    /// elsewhere, early before late.
    pub(super) fn find(&self, value: &Value, key: &[String]) -> Option<Mention> {
        let mut best: Option<(bool, bool, Mention)> = None;
        for mention in self.mentions(value) {
            let near = self.is_near(&mention, key) || self.is_measured(&mention, value, key);
            let better = match &best {
                None => true,
                Some((person, was_near, _)) => (mention.person, near) > (*person, *was_near),
            };
            if better {
                best = Some((mention.person, near, mention));
            }
        }
        best.map(|(_, _, mention)| mention)
    }

    /// Whether a person named one of these.
    pub(super) fn names_any(&self, names: &[String]) -> bool {
        self.texts
            .iter()
            .filter(|spoken| spoken.person)
            .flat_map(|spoken| &spoken.words)
            .any(|word| named_by(names, word))
    }

    /// Where a person said a value right before a word that names one of these.
    pub(super) fn find_before(&self, value: &Value, names: &[String]) -> Option<Mention> {
        self.mentions(value).into_iter().find(|mention| {
            let spoken = &self.texts[mention.text];
            let next = mention.word + mention.length;
            mention.person
                && spoken.sentences.get(next) == spoken.sentences.get(mention.word)
                && spoken
                    .words
                    .get(next)
                    .is_some_and(|word| named_by(names, word))
        })
    }

    fn mentions(&self, value: &Value) -> Vec<Mention> {
        let mut found = Vec::new();
        let text = match value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) => Cow::Owned(number.to_string()),
            _ => return found,
        };
        for (at, word, length) in self.said_at(&text) {
            if self.is_whole(at, word, length, value) && self.whole_number(at, word, value) {
                found.push(self.mention(at, word, length));
            }
        }
        // Numbers and days alone are known by their forms.
        let forms = match text.bytes().any(|b| b.is_ascii_digit()) {
            true => canonical::forms(value),
            false => Vec::new(),
        };
        for form in forms {
            for (at, word) in self.numbers.get(&form).into_iter().flatten().take(MOST) {
                found.push(self.mention(*at, *word, 1));
            }
            if let Some(day) = canonical::day(&form) {
                found.extend(self.day(day, &text));
            }
        }
        if found.is_empty() {
            found.extend(self.clock(&text));
        }
        found.retain(|mention| !self.is_negated(mention, &text));
        found
    }

    /// Where a text was said word by word, with the number of its words. It is looked for by the rarest of its first ones
    /// where the very first is a common one: a thousand ids may begin with the same word.
    fn said_at(&self, text: &str) -> Vec<(usize, usize, usize)> {
        let count = |word: &String| self.words.get(word).map_or(0, Vec::len);
        let mut runs = canonical::runs(text);
        let Some(first) = runs.next() else {
            return Vec::new();
        };
        let mut rarest = (count(&first), 0, first);
        if rarest.0 > COMMON {
            for (at, word) in (1..LEADING).zip(runs) {
                if count(&word) < rarest.0 {
                    rarest = (count(&word), at, word);
                }
            }
        }
        let (_, before, word) = rarest;
        let places = self.places(&word, text).take(MOST_TRIED);
        let found = places.filter_map(|(at, word)| {
            let word = word.checked_sub(before)?;
            Some((at, word, self.begins(at, word, text)?))
        });
        found.take(MOST).collect()
    }

    /// How many words a text has, where they stand in what was said from this word on. A long text is read only as far
    /// as it is the same.
    fn begins(&self, at: usize, word: usize, text: &str) -> Option<usize> {
        let mut said = self.texts[at].words[word..].iter();
        let mut length = 0;
        for run in canonical::runs(text) {
            let next = said.next()?;
            // The first may be a bent form that it was looked for by.
            if *next != run
                && !(length == 0 && next.starts_with(&run) && run == text.to_lowercase())
            {
                return None;
            }
            length += 1;
        }
        Some(length)
    }

    /// A word is not meant where it is only a part of a name, as `mia` in `mia_li_3668` or `report` in `report.csv`.
    fn is_whole(&self, at: usize, word: usize, length: usize, value: &Value) -> bool {
        let spoken = &self.texts[at];
        let last = word + length.saturating_sub(1);
        let (Some(start), Some(end)) = (spoken.starts.get(word), spoken.end_of(last)) else {
            return false;
        };
        let alone = length == 1 && spoken.words[word].chars().count() < 3;
        // The 123 of `soil-123`; the number of `HELP-8812` and the one in an address may be meant.
        let is_number = length == 1 && spoken.words[word].bytes().all(|b| b.is_ascii_digit());
        let joined = |mark: Option<char>, beyond: Option<char>| match mark {
            Some('_') => true,
            // An id may be the name in an address.
            Some('@') => bits(value, &[]) < STRONG,
            Some('.') => beyond.is_some_and(char::is_alphanumeric),
            Some('-' | '/' | '\'' | '’') => alone && beyond.is_some_and(char::is_alphanumeric),
            _ => false,
        };
        let mut before = spoken.text[..*start].chars().rev();
        let mut after = spoken.text.get(end..).unwrap_or("").chars();
        let (mark, beyond) = (before.next(), before.next());
        let goes_before = is_number && mark == Some('-') && beyond.is_some_and(char::is_lowercase);
        let (next, behind) = (after.next(), after.next());
        !joined(mark, beyond) && !joined(next, behind) && !goes_before
    }

    /// A small number is not meant where it is only a part of a longer one, as 5 in 2.5 or in 10:05.
    fn whole_number(&self, at: usize, word: usize, value: &Value) -> bool {
        let is_number = match value {
            Value::Number(_) => true,
            Value::String(text) => canonical::number(text).is_some(),
            _ => false,
        };
        if !is_number {
            return true;
        }
        let spoken = &self.texts[at];
        let start = spoken.starts[word];
        let end = spoken.end_of(word).unwrap_or(start);
        let joined = |mark: Option<char>, beyond: Option<char>| match mark {
            Some('_') => true,
            Some('.' | ',' | ':' | '-' | '/') => beyond.is_some_and(|c| c.is_ascii_digit()),
            _ => false,
        };
        let mut before = spoken.text[..start].chars().rev();
        let mut after = spoken.text.get(end..).unwrap_or("").chars();
        !joined(before.next(), before.next()) && !joined(after.next(), after.next())
    }

    fn day(&self, day: Date, text: &str) -> Option<Mention> {
        let time = text.get(11..16).filter(|_| text.len() >= 16);
        self.days.iter().find_map(|(spoken, at, word)| {
            if !spoken.is(day) {
                return None;
            }
            // A moment is said when the day and the time of day are.
            if let Some(time) = time
                && !self.times.iter().any(|(spoken, ..)| spoken.is(time))
                && self.bare_hour(time).is_none()
            {
                return None;
            }
            Some(self.mention(*at, *word, 1))
        })
    }

    fn mention(&self, text: usize, word: usize, length: usize) -> Mention {
        Mention {
            person: self.texts[text].person,
            text,
            word,
            length,
        }
    }

    /// Whether a word around the mention, in its sentence, names the key.
    pub(super) fn is_near(&self, mention: &Mention, key: &[String]) -> bool {
        self.around(mention).any(|word| named_by(key, word))
    }

    /// The words around a mention in its sentence.
    fn around(&self, mention: &Mention) -> impl Iterator<Item = &str> {
        let spoken = &self.texts[mention.text];
        let from = mention.word.saturating_sub(NEAR);
        let to = spoken.words.len().min(mention.word + mention.length + NEAR);
        let sentence = spoken.sentences.get(mention.word).copied();
        let inside = mention.word..mention.word + mention.length;
        (from..to)
            .filter(move |place| !inside.contains(place))
            .filter(move |place| spoken.sentences.get(*place).copied() == sentence)
            .filter_map(|place| spoken.words.get(place).map(String::as_str))
    }

    /// Whether a number only says how many of the things are meant: `three tickets`, `the first 3`.
    pub(super) fn counts(&self, mention: &Mention, heads: &BTreeSet<String>) -> bool {
        let Some(spoken) = self.texts.get(mention.text) else {
            return false;
        };
        let sentence = spoken.sentences.get(mention.word);
        let at = |place: usize| {
            spoken
                .words
                .get(place)
                .filter(|_| spoken.sentences.get(place) == sentence)
        };
        let ordinal = mention
            .word
            .checked_sub(1)
            .and_then(at)
            .is_some_and(|word| is_ordinal(word));
        let last = mention.word + mention.length;
        ordinal
            || (last..last + 2).filter_map(at).any(|word| {
                super::key::words(word)
                    .last()
                    .is_some_and(|word| heads.contains(word))
            })
    }

    /// Whether two mentions stand side by side, as the parts of a name do.
    pub(super) fn beside(&self, one: &Mention, two: &Mention) -> bool {
        let (first, second) = if one.word <= two.word {
            (one, two)
        } else {
            (two, one)
        };
        one.text == two.text && one != two && first.word + first.length >= second.word
    }

    /// Whether a mention has another inside of it.
    pub(super) fn holds(&self, whole: &Mention, part: &Mention) -> bool {
        whole.text == part.text
            && whole.word <= part.word
            && whole.word + whole.length >= part.word + part.length
    }

    /// What people said.
    pub(super) fn by_people(&self) -> impl Iterator<Item = &str> {
        self.texts
            .iter()
            .filter(|spoken| spoken.person)
            .map(|spoken| spoken.text.as_str())
    }

    /// Whether a mention has the very letters of a value that is a name: with a capital, not a word in passing.
    pub(super) fn is_name(&self, mention: &Mention, value: &Value) -> bool {
        let spoken = &self.texts[mention.text];
        let start = spoken.starts.get(mention.word).copied().unwrap_or(0);
        value.as_str().is_some_and(|text| {
            text.chars().any(char::is_uppercase)
                && spoken
                    .text
                    .get(start..)
                    .is_some_and(|rest| rest.starts_with(text))
        })
    }

    /// The same, where it is not only the beginning of a sentence that gives the capital.
    pub(super) fn names(&self, mention: &Mention, value: &Value) -> bool {
        let spoken = &self.texts[mention.text];
        let start = spoken.starts.get(mention.word).copied().unwrap_or(0);
        self.is_name(mention, value) && !super::compose::begins_sentence(&spoken.text, start)
    }

    /// The words around a mention, for a person.
    pub(super) fn quote(&self, mention: &Mention) -> String {
        let spoken = &self.texts[mention.text];
        let mut from = mention.word.saturating_sub(4);
        let mut to = (mention.word + mention.length + 3).min(spoken.words.len());
        while from > 0 && spoken.is_inside_number(from) {
            from -= 1;
        }
        // `at 10:00` belongs to the day before it.
        let has_digit = |at: usize| {
            let word = spoken.words.get(at);
            word.is_some_and(|word| word.bytes().any(|b| b.is_ascii_digit()))
        };
        if has_digit(to)
            && to
                .checked_sub(1)
                .and_then(|at| spoken.words.get(at))
                .is_some_and(|word| {
                    matches!(word.as_str(), "at" | "from" | "um" | "ab" | "gegen" | "à")
                })
        {
            to += 1;
        }
        while spoken.is_inside_number(to) {
            to += 1;
        }
        let start = spoken.starts.get(from).copied().unwrap_or(0);
        let end = spoken.starts.get(to).copied().unwrap_or(spoken.text.len());
        crate::show::text(&spoken.text[start..end], 80)
    }

    /// The words of people that ask for the least or the most, each with those that stand near it, but for those that
    /// are turned round: `not the cheapest`.
    pub(super) fn superlatives(&self) -> impl Iterator<Item = Superlative<'_>> {
        self.texts.iter().enumerate().flat_map(move |(at, spoken)| {
            spoken.superlatives.iter().filter_map(move |index| {
                let to = (index + 1 + NEAR).min(spoken.words.len());
                let (_, behind) = self.beside_in_clause(&self.mention(at, *index, 1));
                Some(Superlative {
                    word: spoken.words.get(*index)?.as_str(),
                    near: spoken.words.get(index.saturating_sub(2)..to)?,
                    behind,
                })
            })
        })
    }

    /// The numbers that people said in digits, each with the words before it in its sentence, the nearest last.
    pub(super) fn numbers_by_people(&self) -> impl Iterator<Item = (Mention, Value, Vec<&str>)> {
        self.texts.iter().enumerate().flat_map(move |(at, spoken)| {
            spoken.figures.iter().map(move |(word, number)| {
                let sentence = spoken.sentences.get(*word);
                let before = (word.saturating_sub(NEAR)..*word)
                    .filter(|place| spoken.sentences.get(*place) == sentence)
                    .filter_map(|place| spoken.words.get(place).map(String::as_str))
                    .collect();
                (self.mention(at, *word, 1), Value::from(*number), before)
            })
        })
    }

    /// The days that people named by month and day, as they said them: `May 1st`.
    pub(super) fn day_phrases(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for (day, text, word) in &self.days {
            if let (SpokenDay::Named { .. }, Some(spoken)) = (day, self.texts.get(*text))
                && let (Some(from), Some(end)) = (spoken.starts.get(*word), spoken.end_of(word + 1))
                && let Some(phrase) = spoken.text.get(*from..end)
                && phrase.split(' ').count() == 2
                && phrase
                    .split(' ')
                    .any(|word| spoken_time::month(&word.to_lowercase()).is_some())
            {
                found.push(phrase);
            }
        }
        found
    }

    /// Whether people said in the sentence of a mention that something lasts so many days. What is said of something
    /// else in another sentence is no length of this one.
    pub(super) fn lasts(&self, mention: &Mention, days: i64) -> bool {
        let sentence = |word: usize| self.texts.get(mention.text)?.sentences.get(word);
        self.stays.iter().any(|(stay, text, word)| {
            *stay == days && *text == mention.text && sentence(*word) == sentence(mention.word)
        })
    }

    /// The days of the week that people named, each once, as expressions call them.
    pub(super) fn weekdays(&self) -> BTreeSet<&'static str> {
        let words = self.texts.iter().filter(|spoken| spoken.person);
        words
            .flat_map(|spoken| &spoken.words)
            .filter_map(|word| super::spoken_distance::weekday(word))
            .collect()
    }

    /// Whether people spoke of months by the word: `the report of last month`.
    pub(super) fn names_months(&self) -> bool {
        let mut words = self
            .texts
            .iter()
            .filter(|spoken| spoken.person)
            .flat_map(|spoken| &spoken.words);
        words.any(|word| {
            matches!(
                word.as_str(),
                "month" | "month's" | "monat" | "monats" | "mois" | "mes" | "mese"
            )
        })
    }

    /// The days that people named by their distance: today, tomorrow, in three days.
    pub(super) fn relative_days(&self) -> impl Iterator<Item = i64> + '_ {
        self.days.iter().filter_map(|(day, _, _)| match day {
            SpokenDay::Relative(days) => Some(*days),
            SpokenDay::Named { .. } => None,
        })
    }
}

/// Whether words are German: several that are of no other language.
fn is_german(words: &[String]) -> bool {
    const TELLING: [&str; 20] = [
        "und", "bitte", "für", "ich", "mit", "nicht", "alle", "der", "dem", "den", "auf", "von",
        "zum", "zur", "ein", "eine", "einen", "meine", "ist", "das",
    ];
    let mut found = BTreeSet::new();
    words.iter().any(|word| {
        if TELLING.contains(&word.as_str()) {
            found.insert(word.as_str());
        }
        found.len() >= 2
    })
}

#[cfg(test)]
mod tests;
