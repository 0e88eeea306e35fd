//! Rules out in one step a letter that a text holds one of some words: most names and texts hold none of those that
//! matter, and looking for each word by itself takes far longer.

/// Three letters of each of some words: the first ones, or others that they are told by.
pub(super) struct Trigrams([u64; PLACES / 64]);

/// A letter is one of 32: small or capital, and what is no letter has the place of one.
const PLACES: usize = 32 * 32 * 32;

const fn after(place: usize, byte: u8) -> usize {
    (place << 5 | (byte & 31) as usize) & (PLACES - 1)
}

impl Trigrams {
    pub(super) const NONE: Self = Self([0; PLACES / 64]);

    /// Those that words of ASCII begin with, of three letters or more.
    pub(super) const fn of(words: &[&str]) -> Self {
        Self::NONE.and(words)
    }

    /// Those of further words, too.
    pub(super) const fn and(mut self, words: &[&str]) -> Self {
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            self = self.with([word[0], word[1], word[2]]);
            at += 1;
        }
        self
    }

    /// Three letters more.
    pub(super) const fn with(mut self, [first, second, third]: [u8; 3]) -> Self {
        let place = after(after(after(0, first), second), third);
        self.0[place / 64] |= 1 << (place % 64);
        self
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    /// Whether these three letters are among them.
    pub(super) fn contain(&self, [first, second, third]: [u8; 3]) -> bool {
        self.has(after(after(after(0, first), second), third))
    }

    /// Whether a text may hold one of the words, in letters of either size. Where it does not say so there is none.
    pub(super) fn may_stand_in(&self, text: &[u8]) -> bool {
        let mut place = 0;
        text.iter().any(|byte| {
            place = after(place, *byte);
            self.has(place)
        })
    }
}

/// Whether one of some words stands in a text, in letters of either size. `begins` are those of the words.
pub(super) fn one_stands_in(words: &[&str], begins: &Trigrams, text: &[u8]) -> bool {
    let mut place = 0;
    text.iter().enumerate().any(|(at, byte)| {
        place = after(place, *byte);
        begins.has(place) && {
            let rest = &text[at.saturating_sub(2)..];
            words.iter().any(|word| {
                rest.get(..word.len())
                    .is_some_and(|begin| begin.eq_ignore_ascii_case(word.as_bytes()))
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Trigrams, one_stands_in};

    #[test]
    fn what_holds_one_is_never_ruled_out() {
        let all = Trigrams::of(&["token", "key"]);
        for (text, expected) in [
            ("token", true),
            ("x-API-KEY", true),
            ("TOKENS", true),
            ("to", false),
            ("", false),
            ("order", false),
            ("größe_key", true),
            ("ke y", false),
        ] {
            assert_eq!(all.may_stand_in(text.as_bytes()), expected, "{text}");
        }
        for (text, expected) in [
            ("my_Token", true),
            ("toker", false),
            ("tok", false),
            ("tokkey", true),
            ("", false),
        ] {
            let found = one_stands_in(&["token", "key"], &all, text.as_bytes());
            assert_eq!(found, expected, "{text}");
        }
        let others = Trigrams::NONE.with(*b"axz").and(&["secret"]);
        assert!(others.contain(*b"AXZ") && others.contain(*b"sec") && !others.contain(*b"tok"));
    }
}
