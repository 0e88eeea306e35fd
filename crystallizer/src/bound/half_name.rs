//! The other half of a name in a text that has one half of it already: `Kowalski, Ines joins us`. With another record
//! the two have to be of one person. Anywhere else the word may be one of the language: Mr. Brown, and his brown shoes.

use super::answers::{Of, Place};
use super::binder::{Binder, Sent};
use super::binding::{Piece, Source};
use super::key::Key;
use super::transform::Part;
use super::weigh::Outcome;
use serde_json::Value;

/// A half of a name, the key under which it is asked for, and where the whole name stands.
struct Half {
    word: String,
    key: &'static str,
    place: Place,
    /// Whether it is the first name, and bound in the text already.
    is_bound: bool,
}

impl Binder<'_, '_> {
    /// The pieces of a text with each further word bound that is a half of a name of which they have one half, be it at the
    /// beginning of a sentence; none where such a word is not certain to come from the same place.
    pub(super) fn with_other_halves(
        &mut self,
        sent: &Sent<'_>,
        pieces: Vec<Piece>,
    ) -> Option<Vec<Piece>> {
        let halves = self.halves(&pieces);
        if halves.is_empty() {
            return Some(pieces);
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
            let mut done = 0;
            while let Some((at, half)) = first_of(&halves, fixed, done) {
                let (before, behind) = (&fixed[..at], &fixed[at + half.word.len()..]);
                let is_beside = (parts_names(before) && is_value(number.checked_sub(1)))
                    || (parts_names(behind) && is_value(Some(number + 1)))
                    || half.is_bound
                    || super::called::is_called_at(before);
                if !is_beside {
                    return None;
                }
                let value = Value::from(half.word.as_str());
                let key = Key {
                    words: vec![half.key.to_owned(), "name".to_owned()],
                    around: Vec::new(),
                };
                let Outcome::Bound(mut binding) = self.among_names(&sent.part(key, &value)) else {
                    return None;
                };
                let is_same = matches!(&binding.source, Source::Output(place)
                    if self.answers.are_twins(place, &half.place));
                if !is_same {
                    return None;
                }
                binding.because = format!("{}; it is a part of the text", binding.because);
                all.push(Piece::Text(fixed[done..at].to_owned()));
                all.push(Piece::Value(binding));
                done = at + half.word.len();
            }
            all.push(Piece::Text(fixed[done..].to_owned()));
        }
        Some(all)
    }

    /// Both halves of each name of which some piece is a half.
    fn halves(&self, pieces: &[Piece]) -> Vec<Half> {
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
            let is_half = bound.is_some_and(|part| part.is_half_of_name());
            let whole = self.answers.scalar(place).and_then(Value::as_str);
            let Some(whole) = whole.filter(|_| is_half) else {
                continue;
            };
            for (part, word) in Part::of_name(whole) {
                if all.iter().all(|known| known.word != word) {
                    let key = match part {
                        Part::FirstWord => "first",
                        _ => "last",
                    };
                    let is_bound = key == "first" && bound == Some(&part);
                    let place = place.clone();
                    all.push(Half {
                        word,
                        key,
                        place,
                        is_bound,
                    });
                }
            }
        }
        all
    }
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
