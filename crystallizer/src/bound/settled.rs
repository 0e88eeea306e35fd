//! What was decided about the names and ids that calls sent by themselves: where a text tells one of them, it means the
//! same thing, so that it comes from the same place, and stays where that stays or is asked about.

use super::binding::{Binding, Bound, Frozen, Piece, Why};
use super::compose::is_anywhere;
use super::decide::Decisions;
use super::figure::leaves;
use super::information::{STRONG, bits};
use super::told::places_of;
use crate::kept::Kept;
use crate::mark::{Mark, MarkMap, mark};
use serde_json::Value;

/// The fewest letters of a name of one word.
const SHORTEST: usize = 3;
/// The longest name.
const LONGEST: usize = 80;
/// The most words of a name that is looked for in a text.
const MOST_OF_NAME: usize = 4;

/// What was decided about one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stand {
    /// The first call in which it is bound.
    pub(super) bound: Option<usize>,
    /// Whether something else gives it in another call.
    pub(super) differs: bool,
    /// Whether a person is asked about it somewhere.
    pub(super) is_open: bool,
    /// Whether a person answered that it stays.
    pub(super) stays: bool,
}

/// What was decided so far, by value.
#[derive(Default)]
pub(super) struct Settled {
    by_value: MarkMap<(Stand, Mark)>,
}

impl Settled {
    /// Notes what gives a value.
    pub(super) fn bind(&mut self, call: usize, pieces: &[Piece]) {
        let [Piece::Value(binding)] = pieces else {
            return;
        };
        if !is_told_again(&binding.value) || !is_anywhere(binding) {
            return;
        }
        let Some(value) = binding.value.as_str() else {
            return;
        };
        let by = mark(&binding.expression);
        let (stand, first) = self.by_value.entry(mark(value)).or_default();
        match stand.bound {
            Some(_) => stand.differs |= *first != by,
            None => {
                stand.bound = Some(call);
                *first = by;
            }
        }
    }

    /// Notes that a value stays, or is asked about.
    pub(super) fn freeze(&mut self, value: &Value, why: &Why) {
        let (is_open, stays) = (why.choices().is_some(), *why == Why::Answered);
        if !is_open && !stays || !is_told_again(value) {
            return;
        }
        if let Some(text) = value.as_str() {
            let (stand, _) = self.by_value.entry(mark(text)).or_default();
            stand.is_open |= is_open;
            stand.stays |= stays;
        }
    }

    pub(super) fn of(&self, value: &str) -> Option<Stand> {
        self.by_value.get(&mark(value)).map(|(stand, _)| *stand)
    }

    pub(super) fn has(&self, value: &str) -> bool {
        self.by_value.contains_key(&mark(value))
    }

    /// The names of several words of a text that were sent by themselves, with their places.
    pub(super) fn names_in<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        if self.by_value.is_empty() {
            return Vec::new();
        }
        let several = |(_, name): &(usize, &str)| name.contains(' ') && self.has(name);
        names_in(text).filter(several).collect()
    }
}

/// The words of a text, and several of them in a row, without the marks around them, with their places: what may be a
/// name that was sent.
pub(super) fn names_in(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bare = |word: &'_ str| {
        let is_mark = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '#' | '@' | '+');
        let front = word.len() - word.trim_start_matches(is_mark).len();
        (front, word.trim_matches(is_mark).len())
    };
    let words: Vec<(usize, usize)> = text
        .split_whitespace()
        .map(|word| {
            let at = word.as_ptr() as usize - text.as_ptr() as usize;
            let (front, length) = bare(word);
            (at + front, at + front + length)
        })
        .filter(|(from, to)| from < to)
        .collect();
    let count = words.len();
    (0..count).flat_map(move |first| {
        let last = (first + MOST_OF_NAME).min(count);
        let from = words[first].0;
        let ends: Vec<usize> = words[first..last].iter().map(|(_, to)| *to).collect();
        ends.into_iter()
            .filter_map(move |to| Some((from, text.get(from..to)?)))
    })
}

/// Whether a value tells enough to be the same thing in a text: an id, a name of several words. A word alone may be one
/// of the language: the priority `High`, and high time.
pub(super) fn is_told_again(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        text.len() <= LONGEST
            && (bits(value, &[]) >= STRONG || letters >= SHORTEST && text.contains(' '))
    })
}

/// Lets the texts of a call and of the changes behind it tell what gives a name or an id there, where they hold it.
pub(super) fn tell_again(
    kept: &[Kept<'_>],
    decisions: &mut Decisions<'_>,
    from: usize,
    binding: &Binding,
) {
    let Some(name) = binding
        .value
        .as_str()
        .filter(|_| is_told_again(&binding.value))
    else {
        return;
    };
    let all = kept.iter().zip(&mut decisions.calls).skip(from);
    for (one, decided) in all.filter(|(one, _)| one.changes()) {
        let is_text = |frozen: &Frozen, text: &str| {
            matches!(frozen.why, Why::Agent | Why::Instructions(_) | Why::Held(_))
                && leaves(one, &frozen.pointer, &frozen.key, text)
                && !places_of(text, name).is_empty()
        };
        let holds = |frozen: &Frozen| {
            let text = frozen.value.as_str();
            text.is_some_and(|text| is_text(frozen, text))
        };
        while let Some(at) = decided.frozen.iter().position(holds) {
            let frozen = decided.frozen.remove(at);
            let text = frozen.value.as_str().unwrap_or_default().to_owned();
            decided.bound.push(Bound {
                pointer: frozen.pointer,
                key: frozen.key,
                pieces: vec![Piece::Text(text)],
            });
        }
        for bound in &mut decided.bound {
            let pieces = std::mem::take(&mut bound.pieces);
            bound.pieces = pieces
                .into_iter()
                .flat_map(|piece| with_holes(piece, name, binding))
                .collect();
        }
    }
}

/// A piece of a text, with what gives a name in the places where it holds it.
fn with_holes(piece: Piece, name: &str, binding: &Binding) -> Vec<Piece> {
    let Piece::Text(text) = &piece else {
        return vec![piece];
    };
    let places = places_of(text, name);
    if places.is_empty() {
        return vec![piece];
    }
    let mut made = Vec::new();
    let mut done = 0;
    for (at, part) in places {
        made.push(Piece::Text(text[done..at].to_owned()));
        made.push(Piece::Value(Box::new(Binding {
            because: format!("{}; it is a part of the text", binding.because),
            ..binding.clone()
        })));
        done = at + part.len();
    }
    made.push(Piece::Text(text[done..].to_owned()));
    made.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
    made
}

#[cfg(test)]
mod tests {
    use super::{is_told_again, names_in};
    use serde_json::json;

    #[test]
    fn names_stand_between_marks() {
        let found: Vec<(usize, &str)> = names_in("“Rosa Silva”, T-9912.").collect();
        for expected in ["Rosa", "Rosa Silva", "Silva", "T-9912"] {
            assert!(
                found.iter().any(|(_, name)| *name == expected),
                "{expected}"
            );
        }
    }

    #[test]
    fn what_is_told_again_is_no_word_of_everyday() {
        for (value, expected) in [
            (json!("Rosa Silva"), true),
            (json!("dora lindqvist"), true),
            (json!("Rosa"), false),
            (json!("High"), false),
            (json!("T-99123"), true),
            (json!("economy"), false),
            (json!("USD"), false),
            (json!("Yo"), false),
            (json!(4711), false),
        ] {
            assert_eq!(is_told_again(&value), expected, "{value}");
        }
    }
}
