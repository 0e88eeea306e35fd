//! The other half of a name in a text that has one half of it already: `Kowalski, Ines joins us`. With another record
//! the two have to be of one person. Anywhere else the word may be one of the language: Mr. Brown, and his brown shoes.

use super::answers::{Answers, Of, Place};
use super::binder::{Binder, Sent};
use super::binding::{Binding, Piece, Source};
use super::key::Key;
use super::transform::{Op, Part, Transform};
use super::weigh::Outcome;
use serde_json::Value;

/// A half of a name, the key under which it is asked for, and where the whole name stands.
struct Half {
    word: String,
    key: &'static str,
    place: Place,
    /// Whether it is the first name, and bound in the text already.
    is_bound: bool,
    /// What gives it.
    source: Option<Binding>,
}

impl Binder<'_, '_> {
    /// The pieces of a text with each further word bound that is a half of a name of which they have one half, be it at the
    /// beginning of a sentence. A word that is not certain to come from the same place stays, and is asked about by itself.
    pub(super) fn with_other_halves(&mut self, sent: &Sent<'_>, pieces: Vec<Piece>) -> Vec<Piece> {
        let halves = halves(&self.answers, &pieces);
        if halves.is_empty() {
            return pieces;
        }
        let mut all = Vec::new();
        let is_value = |at: Option<usize>| {
            let piece = at.and_then(|at| pieces.get(at));
            matches!(piece, Some(Piece::Value(_)))
        };
        for (number, piece) in pieces.iter().enumerate() {
            let Piece::Text(fixed) = piece else {
                all.push(piece.clone());
                continue;
            };
            let (mut done, mut from) = (0, 0);
            while let Some((at, half)) = first_of(&halves, fixed, from) {
                from = at + half.word.len();
                let (before, behind) = (&fixed[..at], &fixed[at + half.word.len()..]);
                let is_beside = (parts_names(before) && is_value(number.checked_sub(1)))
                    || (parts_names(behind) && is_value(Some(number + 1)))
                    || half.is_bound
                    || super::called::is_called_at(before);
                if !is_beside {
                    continue;
                }
                let value = Value::from(half.word.as_str());
                let key = Key {
                    words: vec![half.key.to_owned(), "name".to_owned()],
                    around: Vec::new(),
                };
                let Outcome::Bound(mut binding) = self.among_names(&sent.part(key, &value)) else {
                    continue;
                };
                let is_same = matches!(&binding.source, Source::Output(place)
                    if self.answers.are_twins(place, &half.place));
                if !is_same {
                    continue;
                }
                binding.because = format!("{}; it is a part of the text", binding.because);
                all.push(Piece::Text(fixed[done..at].to_owned()));
                all.push(Piece::Value(binding));
                done = from;
            }
            all.push(Piece::Text(fixed[done..].to_owned()));
        }
        all.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        all
    }
}

/// Both halves of each name of which some piece is a half.
fn halves(answers: &Answers<'_>, pieces: &[Piece]) -> Vec<Half> {
    let mut all: Vec<Half> = Vec::new();
    for piece in pieces {
        let Piece::Value(binding) = piece else {
            continue;
        };
        let Source::Output(place) = &binding.source else {
            continue;
        };
        let bound = match &place.of {
            Of::Part(part) => Some(part),
            _ => None,
        };
        let Some(bound) = bound.filter(|part| part.is_half_of_name()) else {
            continue;
        };
        let Some(whole) = answers.scalar(place).and_then(Value::as_str) else {
            continue;
        };
        for (part, word) in Part::of_name(whole) {
            if all.iter().all(|known| known.word != word) {
                let key = match part {
                    Part::FirstWord => "first",
                    _ => "last",
                };
                let is_bound = key == "first" && *bound == part;
                all.push(Half {
                    source: other_half(binding, bound, part, place, &word),
                    word,
                    key,
                    place: place.clone(),
                    is_bound,
                });
            }
        }
    }
    all
}

/// What gives a half of a name, as the other half is given.
fn other_half(
    known: &Binding,
    own: &Part,
    wanted: Part,
    place: &Place,
    word: &str,
) -> Option<Binding> {
    let whole = known
        .expression
        .strip_suffix(&Op::Part(own.clone()).write(""))?;
    let transform = Transform(vec![Op::Part(wanted.clone())]);
    let mut place = place.clone();
    place.of = Of::Part(wanted);
    Some(Binding {
        expression: transform.write(whole),
        source: Source::Output(place),
        transform,
        value: Value::from(word),
        ..known.clone()
    })
}

/// The words of a text that stay and are a half of a name of which the other half, or the same, is bound in it, each with
/// what gives it.
pub(super) fn left_in(answers: &Answers<'_>, pieces: &[Piece]) -> Vec<(String, Option<Binding>)> {
    let fixed: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Value(_) => None,
        })
        .collect();
    let mut all = halves(answers, pieces);
    all.retain(|half| {
        let one = std::slice::from_ref(half);
        fixed.iter().any(|text| first_of(one, text, 0).is_some())
    });
    all.into_iter()
        .map(|half| (half.word, half.source))
        .collect()
}

/// Whether nothing but what parts the halves of a name stands there.
fn parts_names(text: &str) -> bool {
    text.len() <= 4 && text.chars().all(|c| " ,()".contains(c))
}

/// The first half of a name that stands in a text as a word of its own, from a place on.
fn first_of<'h>(halves: &'h [Half], text: &str, from: usize) -> Option<(usize, &'h Half)> {
    let found = halves.iter().filter_map(|half| {
        let at = text[from..]
            .match_indices(half.word.as_str())
            .map(|(at, _)| from + at)
            .find(|at| is_word(text, *at, half.word.len()))?;
        Some((at, half))
    });
    found.min_by_key(|(at, _)| *at)
}

/// Whether what stands there is a word of its own, not a part of another one or of an address.
fn is_word(text: &str, at: usize, length: usize) -> bool {
    let parts = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !"@_-/".contains(c));
    parts(text[..at].chars().next_back()) && parts(text[at + length..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::is_word;

    #[test]
    fn a_half_is_a_word_of_its_own() {
        for (text, expected) in [
            ("Novak, ", true),
            ("(Novak)", true),
            ("Novaks ", false),
            ("Novak's", true),
            ("Li-Novak", false),
            ("@Novak", false),
        ] {
            let at = text.find("Novak").unwrap();
            assert_eq!(is_word(text, at, 5), expected, "{text}");
        }
    }
}
