//! Texts with ids in them that come from elsewhere: fixed text, and a hole for each.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Piece, Source};
use super::called;
use super::file_name;
use super::information::{STRONG, WEAK, bits};
use super::inputs::{Found, Input, Inputs};
use super::key::Key;
use super::weigh::Outcome;
use crate::leaf::canonical_text;
use serde_json::Value;
use std::ops::Range;

/// The longest text in which parts are looked for.
const LONGEST_TEMPLATE: usize = 4_000;

/// The letters from which on a word may be a value.
const LONG_WORD: usize = 5;

/// The letters from which on a word with a capital may be a name.
const SHORT_NAME: usize = 3;

/// The shortest segment of a path that is known by its word alone.
const SHORTEST_SEGMENT: usize = 4;

/// The most words around an id that are no text of their own.
const MOST_AROUND: usize = 2;
/// How many calls before and behind are looked through for an id that a text has.
const NEAREST: usize = 200;

/// What a text is made of.
pub(super) enum Composed {
    /// Fixed text and what is bound in it.
    Pieces(Vec<Piece>),
    /// A name in it comes from elsewhere, and it is not certain from where.
    Unsure,
    /// Nothing in it comes from elsewhere.
    Nothing,
}

/// What stands in the place of a word.
enum Hole {
    Bound(Box<Binding>),
    Unsure,
    Word,
    /// It stays as a whole: no part of it is looked for.
    Whole,
}

impl Binder<'_, '_> {
    /// A text with ids and names in it that come from elsewhere: fixed text, and a hole for each.
    pub(super) fn template(&mut self, sent: &Sent<'_>) -> Composed {
        let (Some(text), Some(kept)) = (sent.value.as_str(), self.kept.get(sent.call)) else {
            return Composed::Nothing;
        };
        // Nothing is ever put into the text of a program.
        if text.len() > LONGEST_TEMPLATE
            || is_code(&sent.key)
            || crate::determinism::is_shell_tool(&kept.call.name)
        {
            return Composed::Nothing;
        }
        if let Some(told) = self.told_list(sent, text) {
            return told;
        }
        if let Some(marked) = self.marked(sent, text) {
            return marked;
        }
        let Some(pieces) = self.filled(sent, text, 0..text.len(), |_| false) else {
            return Composed::Unsure;
        };
        let mut pieces = self.with_other_halves(sent, pieces);
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            return if self.repeats_record(sent, text) {
                Composed::Unsure
            } else {
                Composed::Nothing
            };
        }
        let repeats = pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Text(fixed) if self.repeats_record(sent, fixed)));
        if repeats {
            return Composed::Unsure;
        }
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Composed::Pieces(pieces)
    }

    /// A range of a text as fixed text with a hole for each part in it that comes from elsewhere, but for those that stay;
    /// none where it is not certain from where one comes.
    pub(super) fn filled(
        &mut self,
        sent: &Sent<'_>,
        text: &str,
        range: Range<usize>,
        stays: impl Fn(&str) -> bool,
    ) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut done = range.start;
        let mut passed = range.start;
        for (start, word) in self.parts(text) {
            if start < done.max(passed) || start + word.len() > range.end || stays(word) {
                continue;
            }
            match self.hole(sent, text, start, word) {
                Hole::Word => {}
                Hole::Whole => passed = start + word.len(),
                Hole::Unsure => return None,
                Hole::Bound(mut binding) => {
                    if word.len() < text.len() {
                        binding.because = format!("{}; it is a part of the text", binding.because);
                    }
                    pieces.push(Piece::Text(text[done..start].to_owned()));
                    pieces.push(Piece::Value(binding));
                    done = start + word.len();
                }
            }
        }
        pieces.push(Piece::Text(text[done..range.end].to_owned()));
        Some(pieces)
    }

    /// The parts of a text that may come from elsewhere, with their places: longer ones before their parts.
    fn parts<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        let mut all = Vec::new();
        if is_message(text) {
            all.extend(self.answers.quoted_in(text));
            for phrase in self.said.day_phrases() {
                if let Some(at) = text.find(phrase)
                    && let Some(part) = text.get(at..at + phrase.len())
                {
                    all.push((at, part));
                }
            }
            all.extend(self.inputs_in(text));
            all.extend(self.said_names(text));
            all.extend(self.settled.names_in(text));
        }
        all.extend(words_inside(text));
        all.sort_by_key(|(at, part)| (*at, std::cmp::Reverse(part.len())));
        all
    }

    /// Whether a message has a word in it that the record at hand has as a value: it may be that, or wording.
    fn repeats_record(&self, sent: &Sent<'_>, text: &str) -> bool {
        is_message(text)
            && crate::leaf::tokens(text).any(|word| {
                let value = Value::from(word);
                let at = word.as_ptr() as usize - text.as_ptr() as usize;
                let letters = word.chars().count();
                // A short word is a name where it has a capital for no other reason.
                let is_name = letters >= SHORT_NAME && is_name(word) && !begins_sentence(text, at);
                (letters >= LONG_WORD || is_name)
                    && !self
                        .said
                        .find(&value, &[])
                        .is_some_and(|mention| mention.person)
                    && self
                        .answers
                        .find(&super::canonical::forms(&value))
                        .iter()
                        .any(|place| {
                            place.call < sent.call
                                && self.answers.scalar(place) == Some(&value)
                                && self.coherent(sent, place)
                        })
            })
    }

    /// Whether a word is only a part of a name in quotes, which no inputs make of its parts: `owner:'Tom Meier'`.
    fn is_half_of_name(&self, text: &str, start: usize, word: &str) -> bool {
        name_in_quotes(text, start, word).is_some_and(|name| {
            let mention = self.said.find(&Value::from(name), &[]);
            name != word
                && !mention.is_some_and(|mention| self.inputs.has_part_of(&mention, &self.said))
        })
    }

    fn hole(&mut self, sent: &Sent<'_>, text: &str, start: usize, word: &str) -> Hole {
        let value = Value::from(word);
        let is_inside = bits(&value, &[]) < STRONG
            && word.len() < text.len()
            && self.is_inside_name(sent.call, text, start, word);
        if is_inside || self.is_half_of_name(text, start, word) {
            return Hole::Word;
        }
        // A folder that a person said and that another step follows is followed in every path.
        if is_segment(text, start, word) {
            let followed = self.inputs.iter().find(|input| is_followed(input, word));
            if let Some(input) = followed.cloned() {
                let named = sent.part(input.key, &value);
                return Hole::Bound(Box::new(self.input(&named, input.found, None)));
            }
        }
        // What the person said and an input has already is the same thing, whole.
        if is_message(text)
            && self.inputs_in(text).contains(&(start, word))
            && let Some(input) = self.inputs.told(word).cloned()
        {
            let named = sent.part(input.key, &input.value);
            return Hole::Bound(Box::new(self.input(&named, input.found, None)));
        }
        let is_phrase = word.contains(' ') && self.said.day_phrases().contains(&word);
        // A day that an input has already is the same one: its notation is found with all else that was told.
        if is_phrase && is_message(text) && self.is_day_of_input(sent.call, word) {
            return Hole::Word;
        }
        let is_quote = word.contains(' ') && self.answers.is_quotable(word) || is_phrase;
        // A name behind the sign of a term is looked up, however little it tells.
        if is_of_term(text, start)
            && let Some(binding) = self.of_term(&sent.part(sent.key.clone(), &value))
        {
            return Hole::Bound(binding);
        }
        let is_strong = word.len() < text.len()
            && (is_phrase || bits(&value, &[]) >= STRONG && (is_quote || !word.contains(' ')));
        let is_said_name = word.contains(' ')
            && is_message(text)
            && self.said_names(text).contains(&(start, word));
        let is_name = is_name(word) && is_message(text);
        // Of a moment of which only the day was said the day is followed: the end of a day is no time that somebody chose.
        let is_day = start == 0
            && crate::value_class::is_moment(text)
            && crate::value_class::is_date(word)
            && self.said.find(&Value::from(word), &[]).is_none_or(|day| {
                let time = text.get(11..16).unwrap_or_default();
                !self.said.has_time_for(&day, time)
            });
        let is_handle = called::is_handle(text, start) && is_message(text);
        let is_settled = word.contains(' ') && is_message(text) && self.settled.has(word);
        if !is_strong && !is_name && !is_day && !is_said_name && !is_handle && !is_settled
            || crate::secret::kind("", word).is_some()
        {
            return Hole::Word;
        }
        let inner = sent.part(sent.key.clone(), &value);
        let mention = self.said.find(&value, &[]).filter(|mention| mention.person);
        // A word of what is an input as a whole, which no input gives by itself, is no thing of its own.
        if let Some(mention) = &mention
            && !is_strong
            && !word.contains(' ')
            && self
                .inputs
                .has_inside(&part_key(&value, &sent.key), &value, mention, &self.said)
        {
            return Hole::Word;
        }
        // Of a name whose parts are inputs already the parts are followed.
        if !is_strong
            && word.contains(' ')
            && mention.is_some_and(|mention| self.inputs.has_part_of(&mention, &self.said))
        {
            return Hole::Word;
        }
        if let Some(mention) = mention
            && (is_strong
                || is_day
                || is_said_name
                || is_handle
                || self.said.names(&mention, &value)
                    && (!begins_sentence(text, start) || is_of_term(text, start)))
        {
            let named = Sent {
                key: part_key(&value, &sent.key),
                ..inner
            };
            return Hole::Bound(Box::new(self.input(&named, Found::Said(mention), None)));
        }
        if is_day || is_said_name && !is_strong && !is_name {
            return Hole::Word;
        }
        // One thing comes from one place: a text tells it as it was decided where it was sent.
        if let Some(hole) = self.as_sent(&inner, is_strong) {
            return hole;
        }
        if is_strong {
            return match self.among_answers(&inner, STRONG) {
                // Words alone are wording, but for those of the record at hand.
                Outcome::Bound(binding)
                    if is_quote
                        && !word.bytes().any(|b| b.is_ascii_digit())
                        && !matches!(&binding.source, Source::Output(place) if self.coherent(&inner, place)) =>
                {
                    Hole::Word
                }
                // A hole that is itself found by wording would be a guess on a guess.
                Outcome::Bound(binding) if !binding.is_by_wording() => Hole::Bound(binding),
                _ => self.bound_before(&inner).map_or(Hole::Word, Hole::Bound),
            };
        }
        let mut outcome = match is_handle {
            true => self.among_handles(&inner),
            false => self.among_names(&inner),
        };
        if matches!(outcome, Outcome::Nothing)
            && !is_handle
            && let Some(key) = called::key(text, start, word)
        {
            let half = Sent { key, ..inner };
            outcome = self.among_names(&half);
        }
        match outcome {
            Outcome::Bound(binding) => Hole::Bound(binding),
            Outcome::Open(_) => Hole::Unsure,
            Outcome::Nothing => Hole::Word,
        }
    }

    /// What a text is made of that has holes: what stands around them as any text, and in the place of each hole what
    /// `next` gives. `None` where that gives too few.
    pub(super) fn around_holes(
        &mut self,
        sent: &Sent<'_>,
        masked: &str,
        hole: char,
        mut next: impl FnMut() -> Option<Binding>,
    ) -> Option<Composed> {
        let value = Value::from(masked);
        let pieces = match self.template(&sent.part(sent.key.clone(), &value)) {
            Composed::Pieces(pieces) => pieces,
            Composed::Nothing => vec![Piece::Text(masked.to_owned())],
            Composed::Unsure => return Some(Composed::Unsure),
        };
        let mut all = Vec::new();
        for piece in pieces {
            let Piece::Text(fixed) = piece else {
                all.push(piece);
                continue;
            };
            for (index, part) in fixed.split(hole).enumerate() {
                if index > 0 {
                    all.push(Piece::Value(Box::new(next()?)));
                }
                if !part.is_empty() {
                    all.push(Piece::Text(part.to_owned()));
                }
            }
        }
        Some(Composed::Pieces(all))
    }

    /// A text of few words that a person said as a whole, with one id in it that another argument is sent, too: the id is
    /// the thing, and the words stand around it. As an input of its own it would name the recorded thing beside another.
    pub(super) fn around_id(&mut self, sent: &Sent<'_>) -> Option<Vec<Piece>> {
        let text = sent.value.as_str()?;
        let mut tokens = crate::leaf::tokens(text);
        let is_id = |token: &&str| {
            token.bytes().any(|byte| byte.is_ascii_digit())
                && bits(&Value::from(*token), &[]) >= STRONG
        };
        let others = tokens.clone().count().checked_sub(1)?;
        let id = tokens.find(is_id)?;
        if tokens.any(|token| is_id(&token)) || !(1..=MOST_AROUND).contains(&others) {
            return None;
        }
        let value = Value::from(id);
        let mention = self
            .said
            .find(&value, &[])
            .filter(|mention| mention.person)?;
        let first = sent.call.saturating_sub(NEAREST);
        let mut near = self.kept.iter().enumerate().skip(first).take(2 * NEAREST);
        let is_sent = near.any(|(call, kept)| {
            let mut found = false;
            crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, leaf| {
                found |= (call != sent.call || pointer != sent.pointer)
                    && leaf
                        .as_str()
                        .is_some_and(|other| other != text && other.contains(id));
            });
            found
        });
        if !is_sent {
            return None;
        }
        let start = id.as_ptr() as usize - text.as_ptr() as usize;
        let named = sent.part(part_key(&value, &sent.key), &value);
        let mut binding = self.input(&named, Found::Said(mention), None);
        binding.because = format!("{}; it is a part of the text", binding.because);
        let pieces = [
            Piece::Text(text[..start].to_owned()),
            Piece::Value(Box::new(binding)),
            Piece::Text(text[start + id.len()..].to_owned()),
        ];
        let is_empty = |piece: &Piece| matches!(piece, Piece::Text(text) if text.is_empty());
        Some(
            pieces
                .into_iter()
                .filter(|piece| !is_empty(piece))
                .collect(),
        )
    }

    /// What stands in the place of a value that was sent by itself before: what gives it there, and itself where it stays
    /// there, be it that a person is still asked about it.
    fn as_sent(&self, sent: &Sent<'_>, is_strong: bool) -> Option<Hole> {
        let stand = self.settled.of(sent.value.as_str()?)?;
        if stand.is_open || stand.stays {
            return Some(Hole::Whole);
        }
        // What was found under two keys in two ways tells nothing of a third.
        self.bound_in(stand.bound?, sent.value)
            .filter(|_| is_strong || !stand.differs)
            .map(Hole::Bound)
    }

    /// What gives a value as a whole in a call.
    fn bound_in(&self, call: usize, value: &Value) -> Option<Box<Binding>> {
        let mut all = self.decided.get(call)?.bound.iter();
        all.find_map(|bound| match bound.pieces.as_slice() {
            [Piece::Value(binding)] if binding.value == *value && is_anywhere(binding) => {
                Some(binding.clone())
            }
            _ => None,
        })
    }

    /// What gives a particular value that was sent before, where it always came from one source: a text that names it
    /// means the same thing. A person, or a further recording, may have told which.
    fn bound_before(&self, sent: &Sent<'_>) -> Option<Box<Binding>> {
        let mut all = self
            .decided
            .iter()
            .take(sent.call + 1)
            .flat_map(|decided| &decided.bound)
            .filter_map(|bound| match bound.pieces.as_slice() {
                [Piece::Value(binding)] if binding.value == *sent.value => Some(binding),
                _ => None,
            })
            .filter(|binding| is_anywhere(binding));
        let first = all.next()?;
        all.all(|other| other.expression == first.expression)
            .then(|| first.clone())
    }
}

/// Whether a value is known wherever it is sent: what a pass gives is known in its loop alone.
pub(super) fn is_anywhere(binding: &Binding) -> bool {
    matches!(
        binding.source,
        Source::Input(_) | Source::Inputs(_) | Source::Output(_) | Source::Clock(_)
    )
}

/// Whether a word stands in a text as a whole segment of a path, not as a part of an address.
fn is_segment(text: &str, start: usize, word: &str) -> bool {
    let (before, rest) = text.split_at(start);
    let after = &rest[word.len().min(rest.len())..];
    let bounded = |c: Option<char>| c.is_none_or(|c| c == '/');
    (before.ends_with('/') || after.starts_with('/'))
        && bounded(before.chars().next_back())
        && bounded(after.chars().next())
        && !text.contains(char::is_whitespace)
        && !text.contains("://")
}

/// Whether an input is a word that a person said and that tells enough to be known by it in a path.
fn is_followed(input: &Input, word: &str) -> bool {
    matches!(input.found, Found::Said(_))
        && input.value == word
        && word.len() >= SHORTEST_SEGMENT
        && bits(&input.value, &input.key.words) >= WEAK
}

/// The segment of a path that stays in it though a person said it and an input gives it elsewhere.
pub(super) fn said_segment<'t>(inputs: &Inputs, text: &'t str) -> Option<&'t str> {
    if !text.contains('/') {
        return None;
    }
    text.split('/').find(|segment| {
        let start = segment.as_ptr() as usize - text.as_ptr() as usize;
        is_segment(text, start, segment) && inputs.iter().any(|input| is_followed(input, segment))
    })
}

/// Whether a word may be a name: it begins with a capital, and goes on.
fn is_name(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
        && word.chars().filter(|c| c.is_alphabetic()).count() >= 2
        && word.chars().any(char::is_lowercase)
}

/// Whether words name a day, as `May 1st` does.
fn names_day(words: &str) -> bool {
    let words: Vec<String> = super::canonical::runs(words).collect();
    !super::spoken_time::days(&words).is_empty()
}

/// Whether a text is a message or a title, not a file or a program.
pub(super) fn is_message(text: &str) -> bool {
    text.len() <= 800 && !text.contains(['{', '}', ';', '=', '<', '>', '`', '|'])
}

/// Whether a word stands at the beginning of a sentence, where every word has a capital.
pub(super) fn begins_sentence(text: &str, at: usize) -> bool {
    match text.get(..at).and_then(|before| {
        before
            .chars()
            .rev()
            .find(|c| !matches!(c, ' ' | '\t' | '"' | '\'' | '“' | '‘' | '(' | '*'))
    }) {
        None => true,
        Some(before) => matches!(before, '.' | '!' | '?' | '\n' | ':' | '-' | '•'),
    }
}

/// The key of a part of a text: what kind of value it is, as nothing else names it.
pub(super) fn part_key(value: &Value, around: &Key) -> Key {
    let class = value.as_str().and_then(crate::value_class::of);
    let word = match class {
        Some(crate::value_class::ValueClass::Email) => "email",
        Some(crate::value_class::ValueClass::Url) => "url",
        Some(crate::value_class::ValueClass::Path) => "path",
        Some(crate::value_class::ValueClass::Date) => "date",
        None if value.as_str().is_some_and(names_day) => "date",
        None if value.as_str().is_some_and(is_name) => "name",
        _ => "id",
    };
    Key {
        words: vec![word.to_owned()],
        around: around.words.clone(),
    }
}

/// The words of a text with their places: names of several words, ids, and the parts of addresses. Longer ones come
/// before their parts.
pub(super) fn words_inside(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let all: Vec<(usize, &str)> = crate::leaf::tokens(text)
        .map(|token| (place(token), token))
        .collect();
    for (index, (start, token)) in all.iter().enumerate() {
        // Names of two and three words.
        for more in [2, 1] {
            if let Some((last, word)) = all.get(index + more)
                && let Some(name) = text.get(*start..last + word.len())
                && name.split(' ').count() == more + 1
                && name.split(' ').all(is_name)
            {
                found.push((*start, name));
            }
        }
        if let Some(handle) = token.strip_prefix('@') {
            found.push((start + 1, handle));
        }
        // Some ids begin with a sign, as `#W1234567` does.
        if let Some(with_sign) = start
            .checked_sub(1)
            .filter(|before| text.as_bytes().get(*before) == Some(&b'#'))
            .and_then(|before| text.get(before..start + token.len()))
        {
            found.push((start - 1, with_sign));
        }
        if canonical_text(token) == *token {
            found.push((*start, *token));
        }
        if token.contains('/') {
            for part in token
                .split(['/', '?', '&', '#', ':'])
                .filter(|part| part.len() >= 4)
            {
                found.push((place(part), part));
            }
        }
        // `city:Berlin`, as queries have it.
        if let Some((field, value)) = token.split_once(':')
            && is_plain(field)
            && value.starts_with(char::is_alphanumeric)
            && !value.contains([':', '/'])
        {
            found.push((place(value), value));
            // `owner:Tom Meier`
            for more in [2, 1] {
                if let Some((last, word)) = all.get(index + more)
                    && let Some(name) = text.get(place(value)..last + word.len())
                    && name.split(' ').count() == more + 1
                    && name.split(' ').all(is_name)
                {
                    found.push((place(value), name));
                }
            }
        }
        let named = file_name::names_inside(token).into_iter();
        found.extend(named.map(|name| (place(name), name)));
    }
    found
}

/// The most words of a name in quotes.
const MOST_QUOTED: usize = 4;

/// The name of several words in quotes that a word stands in.
fn name_in_quotes<'t>(text: &'t str, start: usize, word: &str) -> Option<&'t str> {
    let (before, rest) = text.split_at_checked(start)?;
    let after = rest.get(word.len()..)?;
    ['\'', '"', '`'].into_iter().find_map(|quote| {
        let open = before.rfind(quote)?;
        let close = after.find(quote)?;
        let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let name = text.get(open + 1..start + word.len() + close)?;
        let mut words = name.split(' ');
        let is_one = (2..=MOST_QUOTED).contains(&words.clone().count())
            && words.all(is_name)
            && outside(text[..open].chars().next_back())
            && outside(after[close + 1..].chars().next());
        is_one.then_some(name)
    })
}

/// Whether what begins there stands right behind the sign of a term: `city:Berlin`, `owner:'Tom Meier'`.
fn is_of_term(text: &str, start: usize) -> bool {
    text.get(..start)
        .map(|before| before.strip_suffix(['\'', '"']).unwrap_or(before))
        .and_then(|before| before.strip_suffix(':'))
        .is_some_and(|field| field.ends_with(char::is_alphanumeric))
}

/// Whether a word may be the name of a field.
fn is_plain(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

/// Whether the values under a key are texts that a machine runs.
pub(super) fn is_code(key: &Key) -> bool {
    key.words.iter().any(|word| {
        matches!(
            word.as_str(),
            "command"
                | "cmd"
                | "script"
                | "code"
                | "sql"
                | "statement"
                | "expression"
                | "regex"
                | "pattern"
                | "program"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{name_in_quotes, words_inside};

    #[test]
    fn a_name_in_quotes_is_known_by_each_of_its_words() {
        for (text, word, expected) in [
            ("owner:'Tom Meier'", "Tom", Some("Tom Meier")),
            ("owner:'Tom Meier'", "Meier", Some("Tom Meier")),
            ("owner:'Tom Meier'", "Tom Meier", Some("Tom Meier")),
            ("by \"Ana Li Fox\" only", "Li", Some("Ana Li Fox")),
            ("owner:'Tom'", "Tom", None),
            ("Tom's and Meier's", "Meier", None),
            ("'tom meier'", "tom", None),
            ("owner:Tom Meier", "Tom", None),
        ] {
            let start = text.find(word).unwrap();
            assert_eq!(
                name_in_quotes(text, start, word),
                expected,
                "{text}: {word}"
            );
        }
    }

    #[test]
    fn a_name_behind_the_sign_of_a_term_is_whole() {
        let found = words_inside("owner:Tom Meier AND state:open");
        assert!(found.contains(&(6, "Tom Meier")), "{found:?}");
    }
}
