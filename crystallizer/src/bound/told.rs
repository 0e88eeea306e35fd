//! What the person said and a text tells again: the whole values of inputs, names of several words, figures. A text in
//! which such a value stayed would tell the next reader what was said in the recording.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Bound, Piece, Source, Why};
use super::compose::{begins_sentence, is_message};
use super::figure::leaves;
use super::information::{STRONG, bits};
use super::inputs::Found;
use super::key::Key;
use super::said::{Mention, Said};
use super::spoken_time;
use super::written::{self, Written};
use crate::value_class;
use serde_json::Value;

/// The most words of a name that is looked for in what was said.
const MOST_OF_NAME: usize = 6;
/// The letters from which on a word in small letters tells enough to be known again.
const LONG_WORD: usize = 4;
/// What a figure tells at least to be known again by itself.
const TELLS: f64 = 3.0;
/// Words in small letters that stand inside of names.
const PARTICLES: [&str; 14] = [
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "la", "le", "of", "the", "zu",
];

/// The places of a text in another, on the borders of words.
pub(super) fn places_of<'t>(text: &'t str, part: &str) -> Vec<(usize, &'t str)> {
    let joined = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    if part.is_empty() {
        return found;
    }
    for (at, own) in text.match_indices(part) {
        let end = at + part.len();
        let (before, after) = (&text[..at], &text[end..]);
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let digits = is_digit(part.chars().next());
        let ends_in_digit = is_digit(part.chars().next_back());
        let goes_on = ends_in_digit
            && after.starts_with(['.', ',', ':', '-', '/'])
            && is_digit(after.chars().nth(1));
        let comes_from = digits
            && before.ends_with(['.', ',', ':', '-', '/'])
            && is_digit(before.chars().rev().nth(1));
        if !before.ends_with(joined) && !after.starts_with(joined) && !goes_on && !comes_from {
            found.push((at, own));
        }
    }
    found
}

/// Whether a value of an input tells enough to be known again in a text: a name, a phrase, what holds digits. A single
/// word in small letters is wording as well.
fn is_known_again(text: &str) -> bool {
    let words = text.split_whitespace().count();
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    let has_capital = text.chars().any(char::is_uppercase);
    match words {
        0 => false,
        1 if has_digit => bits(&Value::from(text), &[]) >= TELLS || text.contains([':', '%']),
        1 => has_capital && text.chars().count() >= 2 || value_class::of(text).is_some(),
        _ => text.chars().count() >= LONG_WORD,
    }
}

/// Whether a text begins with a word in small letters, as it only does where that is a name: `checkout 2.4.1 is out`. A
/// word of several parts is a name wherever it stands: `mailer-staging`.
fn begins_with_name(text: &str, value: &str) -> bool {
    let is_long = value.chars().count() >= LONG_WORD
        && value.starts_with(char::is_lowercase)
        && !value.contains(char::is_whitespace);
    let is_of_parts = value.contains(['-', '_', '.'])
        && value
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    is_long && (is_of_parts || text.starts_with(value) && text.contains(char::is_whitespace))
}

/// A word of a text with its place, without the marks around it.
fn words_of(text: &str) -> Vec<(usize, &str)> {
    text.split_whitespace()
        .map(|word| {
            word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '&' | '+' | '#'))
        })
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
        .collect()
}

impl Binder<'_, '_> {
    /// The whole values of inputs that stand in a text, the longest first.
    pub(super) fn inputs_in<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        let mut found = Vec::new();
        for input in self.inputs.may_stand_in(text) {
            if let Some(value) = input.shown()
                && value.len() < text.len()
                && (is_known_again(&value) || begins_with_name(text, &value))
                && (bits(&input.value, &[]) >= STRONG || !self.said.is_repeated(&input.value))
                && self.inputs.told(&value).is_some()
            {
                found.extend(places_of(text, &value));
            }
        }
        found
    }

    /// The names of several words in a text that the person said just so: `Nordic Olive AB`, `Dr. Kim van der Berg`,
    /// `Summer Sale 2026`.
    pub(super) fn said_names<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        let words = words_of(text);
        let is_capital = |word: &str| word.starts_with(char::is_uppercase);
        let has_digit = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
        let mut found = Vec::new();
        let mut next = 0;
        for (index, (start, word)) in words.iter().enumerate() {
            // `Describe Acme's strategy`: what is told to be done is no part of the name.
            if index < next || !is_capital(word) || self.said.is_only_deed(&Value::from(*word)) {
                continue;
            }
            let mut best = None;
            for (last, (at, word)) in words
                .iter()
                .enumerate()
                .skip(index + 1)
                .take(MOST_OF_NAME - 1)
            {
                let between = words
                    .get(last - 1)
                    .and_then(|(before, own)| text.get(before + own.len()..*at));
                // An abbreviation has a point behind it.
                let goes_on = match between {
                    Some(" ") => true,
                    Some(". ") => words.get(last - 1).is_some_and(|(_, own)| own.len() <= 4),
                    _ => false,
                };
                let belongs = is_capital(word) || has_digit(word) || PARTICLES.contains(word);
                if !goes_on || !belongs {
                    break;
                }
                if !is_capital(word) && !has_digit(word) {
                    continue;
                }
                let Some(name) = text.get(*start..at + word.len()) else {
                    break;
                };
                if self.said.find_written(name).is_some() {
                    best = Some((last, name));
                }
            }
            if let Some((last, name)) = best {
                found.push((*start, name));
                next = last + 1;
            }
        }
        found
    }

    /// Lets the texts of changes follow the inputs whose values they tell again, and makes inputs of the figures in
    /// them that the person said. It comes last: the input may be that of a later value.
    pub(super) fn follow_told(&mut self) {
        let kept = self.kept;
        for (call, kept_one) in kept.iter().enumerate() {
            if !kept_one.changes() {
                continue;
            }
            let Some(decided) = self.decided.get(call).cloned() else {
                continue;
            };
            for bound in decided.bound {
                let is_text = bound
                    .pieces
                    .iter()
                    .any(|piece| matches!(piece, Piece::Text(_)));
                let whole = kept_one.call.arguments.pointer(&bound.pointer);
                if is_text
                    && let Some(Value::String(whole)) = whole
                    && leaves(kept_one, &bound.pointer, &bound.key, whole)
                {
                    self.follow_in(call, &bound.pointer, &bound.key, whole, bound.pieces);
                }
            }
            for frozen in decided.frozen {
                if let Value::String(text) = &frozen.value
                    && (matches!(frozen.why, Why::Agent | Why::Instructions(_))
                        // A name that an answer holds is whole.
                        || matches!(frozen.why, Why::Held(_)) && super::verbatim::is_worded(text))
                    && leaves(kept_one, &frozen.pointer, &frozen.key, text)
                {
                    let pieces = vec![Piece::Text(text.clone())];
                    self.follow_in(call, &frozen.pointer, &frozen.key, text, pieces);
                }
            }
        }
    }

    /// The same in one text.
    fn follow_in(
        &mut self,
        call: usize,
        pointer: &str,
        key: &str,
        whole: &str,
        pieces: Vec<Piece>,
    ) {
        let mut changed = false;
        let mut made: Vec<Piece> = Vec::new();
        for piece in pieces {
            let Piece::Text(text) = piece else {
                made.push(piece);
                continue;
            };
            let mut all = self.inputs_in(&text);
            all.extend(self.said_figures(call, &text));
            let mut retold = self.retold_in(call, &text);
            // What is an input already is not asked for again in the notation of the text.
            all.retain(|(at, part)| {
                let mut others = retold.iter();
                !others.any(|one| one.at <= *at && at + part.len() <= one.at + one.part.len())
            });
            all.extend(retold.iter().map(|one| (one.at, one.part)));
            all.sort_by_key(|(at, part)| (*at, std::cmp::Reverse(part.len())));
            let mut done = 0;
            for (at, part) in all {
                let again = retold
                    .iter()
                    .position(|one| (one.at, one.part) == (at, part));
                if let Some(again) = again {
                    if at < done {
                        continue;
                    }
                    let again = retold.swap_remove(again);
                    let binding = self.retold_binding(call, pointer, key, &again);
                    if self.is_told_everywhere(call, pointer, whole, &binding) {
                        made.push(Piece::Text(text[done..at].to_owned()));
                        made.push(Piece::Value(Box::new(binding)));
                        done = at + part.len();
                        changed = true;
                    }
                    continue;
                }
                let is_inside = bits(&Value::from(part), &[]) < STRONG
                    && self.is_inside_name(call, &text, at, part);
                if at < done || is_inside {
                    continue;
                }
                let Some(binding) = self.told_binding(call, pointer, key, whole, part) else {
                    continue;
                };
                made.push(Piece::Text(text[done..at].to_owned()));
                made.push(Piece::Value(Box::new(binding)));
                done = at + part.len();
                changed = true;
            }
            made.push(Piece::Text(text[done..].to_owned()));
        }
        if !changed {
            return;
        }
        made.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        let Some(decided) = self.decided.get_mut(call) else {
            return;
        };
        decided.frozen.retain(|frozen| frozen.pointer != pointer);
        decided.bound.retain(|bound| bound.pointer != pointer);
        decided.bound.push(Bound {
            pointer: pointer.to_owned(),
            key: key.to_owned(),
            pieces: made,
        });
    }

    /// What gives a part of a text that the person said.
    fn told_binding(
        &mut self,
        call: usize,
        pointer: &str,
        key: &str,
        whole: &str,
        part: &str,
    ) -> Option<Binding> {
        let value = Value::from(part);
        let known = self.inputs.told(part).cloned();
        let (key, found) = match &known {
            Some(input) => (input.key.clone(), input.found),
            None => {
                let mention = self.said.find_written(part)?;
                let around = Key::new([key].into_iter(), "");
                (
                    self.figure_key(part, &mention, &around),
                    Found::Said(mention),
                )
            }
        };
        let value = known.map_or(value, |input| input.value);
        let sent = Sent {
            call,
            pointer: pointer.to_owned(),
            path: Vec::new(),
            key,
            value: &value,
        };
        let mut binding = self.input(&sent, found, None);
        binding.because = format!("{}; it is a part of the text", binding.because);
        // Further recordings have to tell what their input is.
        self.is_told_everywhere(call, pointer, whole, &binding)
            .then_some(binding)
    }

    /// The figures of a text that people said just so and once, and that tell enough: an amount, a day, a time of day, or
    /// a small number beside the same word.
    fn said_figures<'t>(&self, call: usize, text: &'t str) -> Vec<(usize, &'t str)> {
        let mut found = Vec::new();
        for figure in said_figures(text) {
            let part = figure.as_str();
            // What is known again is found with the inputs.
            let is_taken = is_known_again(part) && self.inputs.told(part).is_some();
            if is_taken || !self.said.is_said_once(&Value::from(part)) {
                continue;
            }
            let Some(mention) = self.said.find_written(part) else {
                continue;
            };
            // What an answer gave elsewhere may be meant here, too.
            let given = self
                .decided
                .iter()
                .take(call + 1)
                .flat_map(|decided| &decided.bound)
                .flat_map(Bound::bindings)
                .any(|binding| {
                    !matches!(binding.source, Source::Input(_))
                        && super::canonical::form(&binding.value)
                            == super::canonical::form(&Value::from(part))
                });
            let places = places_of(text, part);
            let beside = |at: usize| {
                let (before, after) = self.said.neighbours(&mention);
                let near = |word: Option<&str>, own: Option<&str>| {
                    word.zip(own).is_some_and(|(word, own)| {
                        word.chars().count() >= 3
                            && word.chars().all(char::is_alphabetic)
                            && word == own.to_lowercase()
                    })
                };
                let own_before = text[..at]
                    .split(|c: char| !c.is_alphanumeric())
                    .rfind(|word| !word.is_empty());
                let own_after = text[at + part.len()..]
                    .split(|c: char| !c.is_alphanumeric())
                    .find(|word| !word.is_empty());
                near(before, own_before) || near(after, own_after)
            };
            let tells =
                bits(&Value::from(part), &[]) >= TELLS || part.contains([':', '%', '-', '/']);
            if !given && places.len() == 1 {
                let mut places = places;
                places.retain(|(at, part)| !self.is_in_time(text, *at, part));
                found.extend(places.into_iter().filter(|(at, _)| tells || beside(*at)));
            }
        }
        found
    }

    /// The key of a figure that the person said: the word before it that names it, else its kind.
    fn figure_key(&self, part: &str, mention: &Mention, around: &Key) -> Key {
        let before = self.said.neighbours(mention).0;
        let noun = before.filter(|word| {
            word.len() >= 4
                && word.chars().all(|c| c.is_ascii_alphabetic())
                && !matches!(
                    *word,
                    "from" | "with" | "over" | "than" | "until" | "about" | "only"
                )
        });
        let kind = match part {
            _ if value_class::is_date(part) => "date",
            _ if part.contains(':') && !spoken_time::times(part).is_empty() => "time",
            _ if part.contains(':') => "ratio",
            _ if part.contains('%') => "percent",
            _ => noun.unwrap_or("number"),
        };
        Key {
            words: vec![kind.to_owned()],
            around: around.words.clone(),
        }
    }

    /// Whether every further recording that has a text there tells in it what the input is there.
    fn is_told_everywhere(
        &self,
        call: usize,
        pointer: &str,
        whole: &str,
        binding: &Binding,
    ) -> bool {
        self.witnesses.iter().all(|seen| {
            let Some(Value::String(text)) = seen.value(call, pointer) else {
                return true;
            };
            match seen.evaluate(&binding.expression) {
                Some(Value::String(own)) => !places_of(text, &own).is_empty(),
                Some(own) => !places_of(text, &own.to_string()).is_empty(),
                None => text == whole,
            }
        })
    }
}

/// The figures of a text that a person may have said, as it has them: numbers with what belongs to them, days, times of
/// day.
pub(super) fn said_figures(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut take = |part: &str| {
        if part.bytes().any(|b| b.is_ascii_digit()) && !found.iter().any(|known| known == part) {
            found.push(part.to_owned());
        }
    };
    for (_, word) in words_of(text) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_figure = word.starts_with(|c: char| c.is_ascii_digit())
            && word
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b':' | b'-' | b'/'));
        // A `1:1` is how a meeting is called.
        if is_figure && word != "1:1" {
            take(word);
        }
    }
    for Written { shown, is_day, .. } in written::figures(text) {
        if is_day {
            take(&shown);
        }
    }
    found
}

/// What a person said and a text tells as it was said, so that it stays: figures, and parts of names.
pub(super) fn stay_in<'t>(said: &Said, text: &'t str) -> Vec<&'t str> {
    let mut found: Vec<&str> = Vec::new();
    let is_said = |part: &str| said.find_written(part).is_some();
    for figure in said_figures(text) {
        // None and one are said of anything.
        if !matches!(figure.as_str(), "0" | "1")
            && is_said(&figure)
            && let Some((_, part)) = places_of(text, &figure)
                .into_iter()
                .find(|(at, part)| is_told_at(text, *at, part))
        {
            found.push(part);
        }
    }
    if !is_message(text) {
        return found;
    }
    for (at, word) in words_of(text) {
        if begins_sentence(text, at) || word.chars().count() < LONG_WORD - 1 {
            continue;
        }
        let is_name = word.starts_with(char::is_uppercase)
            && word.chars().all(char::is_alphabetic)
            && said
                .find_written(word)
                .is_some_and(|mention| said.names(&mention, &Value::from(word)));
        if is_name {
            found.push(word);
        }
    }
    found
}

/// Whether a figure of a text tells something there: not the number of an entry in a list, nor a part of a program.
fn is_told_at(text: &str, at: usize, part: &str) -> bool {
    let (before, behind) = (&text[..at], &text[at + part.len()..]);
    // Inside of code: an odd count of the marks around it.
    if before.bytes().filter(|b| *b == b'`').count() % 2 == 1 && behind.contains('`') {
        return false;
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    let marks = |c: char| c.is_whitespace() || matches!(c, '-' | '*' | '#' | '>' | '(');
    let mut next = behind.chars();
    let ends_entry =
        matches!(next.next(), Some('.' | ')' | ':')) && next.next().is_none_or(char::is_whitespace);
    let is_entry = line.trim_matches(marks).is_empty() && ends_entry;
    let is_operand = line.trim_end().ends_with(['%', '=', '[', '<', '>']);
    !(is_entry || is_operand)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_list_and_of_a_program_tell_nothing() {
        for (text, figure, expected) in [
            ("Do this:\n1. Look.\n2. Write it.", "2", false),
            ("  - (2) Write it.", "2", false),
            ("even where `index % 2 == 0` holds", "2", false),
            ("even where index % 2 holds", "2", false),
            ("```\nlet rooms = 4;\n```\nRun it.", "4", false),
            ("We need 2. Please hurry.", "2", true),
            ("`code` and 14 rooms", "14", true),
            ("rooms for 2 people", "2", true),
            ("2 rooms", "2", true),
            ("**2 rooms**", "2", true),
            ("from 15:30 on", "15:30", true),
            ("at the price of 42.10", "42.10", true),
        ] {
            let (at, part) = places_of(text, figure)[0];
            assert_eq!(is_told_at(text, at, part), expected, "{text}");
        }
    }

    #[test]
    fn parts_of_texts_stand_on_the_borders_of_words() {
        assert_eq!(places_of("room 14, 140 and 1.14", "14"), [(5, "14")]);
        assert_eq!(places_of("at 15:30.", "15:30"), [(3, "15:30")]);
        assert_eq!(places_of("at 15:30.", "15"), []);
        assert_eq!(
            said_figures("15% off until 15:30, v4.2.0, 2026-12-24"),
            ["15", "15:30", "2026-12-24"]
        );
    }
}
