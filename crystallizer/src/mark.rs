//! A text in a few bytes, for tables that only have to tell whether a text is in them: the texts themselves would take
//! several times the room of the recording.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// What a text is known by.
pub(crate) type Mark = u128;

/// A table of marks.
pub(crate) type MarkMap<V> = HashMap<Mark, V, BuildHasherDefault<OfMark>>;

/// A set of marks.
pub(crate) type MarkSet = HashSet<Mark, BuildHasherDefault<OfMark>>;

/// A mark is its own hash.
#[derive(Default)]
pub(crate) struct OfMark(u64);

impl Hasher for OfMark {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, mark: u128) {
        self.0 = (mark >> 64) as u64;
    }
}

/// The mark of a text: the same in every run. Of 128 bits, so that no two texts of a recording have one by chance.
/// It is SipHash-1-3 with 128 bits, gone over the text once.
pub(crate) fn mark(text: &str) -> Mark {
    let mut state = Sip::new(0xee);
    state.take(text.as_bytes());
    state.v2 ^= 0xee;
    let first = state.end();
    state.v1 ^= 0xdd;
    u128::from(first) << 64 | u128::from(state.end())
}

/// The state of SipHash.
struct Sip {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl Sip {
    fn new(wide: u64) -> Self {
        Self {
            v0: 0x736f_6d65_7073_6575,
            v1: 0x646f_7261_6e64_6f6d ^ wide,
            v2: 0x6c79_6765_6e65_7261,
            v3: 0x7465_6462_7974_6573,
        }
    }

    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v2 = self.v2.rotate_left(32);
    }

    fn word(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.v0 ^= word;
    }

    /// Takes all that is hashed.
    fn take(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        last[7] = (bytes.len() & 0xff) as u8;
        self.word(u64::from_le_bytes(last));
    }

    fn end(&mut self) -> u64 {
        for _ in 0..3 {
            self.round();
        }
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::DefaultHasher;

    #[test]
    fn it_is_the_hash_that_the_language_has_but_wider() {
        let mut all = MarkSet::default();
        for length in 0..40 {
            let text: String = ('a'..='z').cycle().take(length).collect();
            let mut known = DefaultHasher::new();
            known.write(text.as_bytes());
            let mut narrow = Sip::new(0);
            narrow.take(text.as_bytes());
            narrow.v2 ^= 0xff;
            assert_eq!(narrow.end(), known.finish(), "{length}");
            assert!(all.insert(mark(&text)));
            assert!(!all.insert(mark(&text)));
        }
    }
}
