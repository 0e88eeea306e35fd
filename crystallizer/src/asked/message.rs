//! What a message of a person or of instructions holds of the words that calls send.

use super::index::{Index, Number, Shape, is_long_number};
use super::read::{Found, pieces, plain, read, with_kinds, written};
use crate::session::{Role, handed_on};
use crate::trust::{Kinds, by_noun, is_thing, kinds};

/// What was said once.
#[derive(Default)]
pub(crate) struct Message {
    /// The words that calls send, too.
    pub(crate) words: Vec<Number>,
    /// Parts of addresses and paths, and numbers that were said in groups.
    pub(crate) parts: Vec<Number>,
    /// The kinds of work that it asks for, a bit each.
    pub(crate) kinds: Kinds,
    /// Whether it names a day by where it is from now.
    pub(crate) is_relative: bool,
}

impl Message {
    /// The message of this text.
    pub(crate) fn of(text: &str, index: &Index) -> Self {
        let mut message = Self::default();
        let mut before = String::new();
        read(&plain(text), index.has_long_number(), |found| match found {
            Found::Word(word, of_word) => {
                let shape = Shape::of(word);
                let of_work = kinds(word, shape);
                if of_work != 0 && !is_thing(word, &before) {
                    message.kinds |= of_work;
                }
                message.kinds |= by_noun(word, &before);
                before.clear();
                before.push_str(word);
                message.is_relative |= is_relative(word);
                message.words.extend(number(index, word, shape));
                pieces(word, of_word, |piece| {
                    let shape = Shape::of(piece);
                    message.kinds |= kinds(piece, shape);
                    message.parts.extend(number(index, piece, shape));
                });
            }
            Found::Joined(joined) if is_long_number(joined) => {
                message
                    .parts
                    .extend(number(index, joined, Shape::of(joined)));
            }
            Found::Joined(_) => {}
        });
        if let Some(written) = written(text) {
            let words = with_kinds(&written);
            let numbers = words.filter_map(|(word, _)| number(index, word, Shape::of(word)));
            message.words.extend(numbers);
        }
        message
    }
}

fn number(index: &Index, word: &str, shape: Shape) -> Option<Number> {
    let number = index.find_shaped(word, shape)?;
    Number::try_from(number).ok()
}

/// Whether a message is the word of a person or an instruction.
pub(crate) fn is_heard(role: Role, text: &str) -> bool {
    match role {
        Role::User => true,
        Role::System => handed_on(text).is_none(),
        Role::Assistant => false,
    }
}

/// Whether a word names a day by where it is from now.
fn is_relative(word: &str) -> bool {
    matches!(
        word,
        "today" | "tomorrow" | "tonight" | "yesterday" | "weekend" | "week" | "month"
    )
}
