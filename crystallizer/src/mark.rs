//! A text in a few bytes, for tables that only have to tell whether a text is in them: the texts themselves would take
//! several times the room of the recording.

use std::hash::{DefaultHasher, Hasher as _};

/// What a text is known by.
pub(crate) type Mark = u128;

/// The mark of a text: the same in every run. Of 128 bits, so that no two texts of a recording have one by chance.
pub(crate) fn mark(text: &str) -> Mark {
    let half = |side: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(side);
        hasher.write(text.as_bytes());
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}
