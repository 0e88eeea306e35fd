//! Rules out in one step a letter that a text holds one of some words: most names and texts hold none of those that
//! matter, and looking for each word by itself takes far longer.

/// The first three letters of some words.
pub(super) struct Trigrams([u64; PLACES / 64]);

/// A letter is one of 32: small or capital, and what is no letter has the place of one.
const PLACES: usize = 32 * 32 * 32;

const fn after(place: usize, byte: u8) -> usize {
    (place << 5 | (byte & 31) as usize) & (PLACES - 1)
}

impl Trigrams {
    /// Those of words of three letters of ASCII or more.
    pub(super) const fn of(words: &[&str]) -> Self {
        let mut all = [0; PLACES / 64];
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            let place = after(after(after(0, word[0]), word[1]), word[2]);
            all[place / 64] |= 1 << (place % 64);
            at += 1;
        }
        Self(all)
    }

    /// Whether a text may hold one of the words, in letters of either size. Where it does not say so there is none.
    pub(super) fn may_stand_in(&self, text: &[u8]) -> bool {
        let mut place = 0;
        text.iter().any(|byte| {
            place = after(place, *byte);
            self.0[place / 64] >> (place % 64) & 1 == 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Trigrams;

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
    }
}
