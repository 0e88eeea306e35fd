//! Characters that are read as none: what was read once already.

/// Where the characters are that stand for others and are read as none.
const ASIDE: u32 = 0xF_0000;

/// A character as one that has no meaning in a line.
pub(super) fn aside(c: char) -> char {
    match c.is_ascii() {
        true => char::from_u32(ASIDE + u32::from(c)).unwrap_or(c),
        false => c,
    }
}

/// The name of a program as it was written.
pub(super) fn as_written(name: &str) -> String {
    let back = |c: char| match u32::from(c).checked_sub(ASIDE) {
        Some(code @ 0..128) => char::from_u32(code).unwrap_or(c),
        _ => c,
    };
    name.chars().map(back).collect()
}
