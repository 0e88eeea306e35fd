//! Words by their numbers, and whether a word of a long text is one of them.

use crate::mark::{MarkMap, mark};

/// The number of a word that somebody asks about.
pub(crate) type Number = u32;

/// The number of a word that there was no room for, and of no word.
pub(crate) const NONE: Number = Number::MAX;

/// Words, numbered in the order in which they came.
pub(crate) struct Index {
    numbers: MarkMap<Number>,
    shapes: Shapes,
    /// How many more there is room for.
    left: usize,
    full: bool,
    /// Whether one of them is mostly digits.
    digits: bool,
}

impl Index {
    /// With room for so many words.
    pub(super) fn with(left: usize) -> Self {
        Self {
            numbers: MarkMap::default(),
            shapes: Shapes::default(),
            left,
            full: false,
            digits: false,
        }
    }

    /// The number of a word, which it gets where it has none.
    pub(crate) fn number(&mut self, word: &str) -> Number {
        if word.is_empty() {
            return NONE;
        }
        let mark = mark(word);
        if let Some(number) = self.numbers.get(&mark) {
            return *number;
        }
        let next = Number::try_from(self.numbers.len()).unwrap_or(NONE);
        if self.left == 0 || next == NONE {
            self.full = true;
            return NONE;
        }
        self.left -= 1;
        self.numbers.insert(mark, next);
        self.shapes.add(Shape::of(word));
        self.digits |= is_long_number(word);
        next
    }

    /// The number of a word, if it has one.
    pub(crate) fn find(&self, word: &str) -> Option<usize> {
        self.find_shaped(word, Shape::of(word))
    }

    /// The same for a word whose shape is known.
    pub(crate) fn find_shaped(&self, word: &str, shape: Shape) -> Option<usize> {
        if !self.shapes.has(shape) {
            return None;
        }
        self.numbers.get(&mark(word)).map(|number| *number as usize)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there were more words than there was room for.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether one of them is mostly digits, as the numbers of accounts and telephones are.
    pub(crate) fn has_long_number(&self) -> bool {
        self.digits
    }
}

/// Whether a text is mostly digits: names of hosts and people that differ in a hyphen are others.
pub(crate) fn is_long_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 6 && digits * 2 >= text.len()
}

/// What is seen of a word at a glance: its length, its first two letters and its last two, large or small. Words of
/// other shapes are other words, and most words of a text have a shape that nobody asks about.
#[derive(Clone, Copy)]
pub(crate) struct Shape(u32);

impl Shape {
    pub(crate) fn of(word: &str) -> Self {
        let bytes = word.as_bytes();
        let ends = match *bytes {
            [first, second, .., before, last] => [first, second, before, last],
            [first, second, last] => [first, second, second, last],
            [first, last] => [first, last, first, last],
            [one] => [one; 4],
            [] => [0; 4],
        };
        // Small and large letters of ASCII differ in this bit.
        let ends = u32::from_le_bytes(ends) | 0x2020_2020;
        let length = (bytes.len() as u32).wrapping_mul(0x85eb_ca6b);
        Self((ends ^ length).wrapping_mul(0x9e37_79b1) >> (32 - Shapes::BITS))
    }
}

/// A set of shapes.
pub(crate) struct Shapes(Box<[u64; 1 << (Shapes::BITS - 6)]>);

impl Shapes {
    const BITS: u32 = 15;

    pub(crate) fn add(&mut self, Shape(shape): Shape) {
        if let Some(word) = self.0.get_mut(shape as usize / 64) {
            *word |= 1 << (shape % 64);
        }
    }

    pub(crate) fn has(&self, Shape(shape): Shape) -> bool {
        let word = self.0.get(shape as usize / 64);
        word.is_some_and(|word| word >> (shape % 64) & 1 == 1)
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Self(Box::new([0; 1 << (Self::BITS - 6)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_numbers_and_no_others() {
        let mut index = Index::with(4);
        let words = ["a", "ana@x.example", "größe", "W12"];
        for (number, word) in words.iter().enumerate() {
            assert_eq!(index.number(word) as usize, number);
        }
        assert!(!index.is_full());
        assert_eq!(index.number("a"), 0);
        assert_eq!(index.number(""), NONE);
        for (number, word) in words.iter().enumerate() {
            assert_eq!(index.find(word), Some(number), "{word}");
        }
        for other in ["", "b", "ana@y.example", "w12", "W112", "großes"] {
            assert_eq!(index.find(other), None, "{other}");
        }
        assert_eq!(index.number("one more"), NONE);
        assert!(index.is_full());
        assert_eq!(index.find("one more"), None);
    }

    #[test]
    fn a_word_has_the_shape_of_its_small_letters() {
        for (one, other) in [("ABCxyz", "abcXYZ"), ("A", "a"), ("W_12", "w_12")] {
            assert_eq!(Shape::of(one).0, Shape::of(other).0, "{one}");
        }
    }
}
