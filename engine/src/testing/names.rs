//! Names of the variants of enums, all of them: what counts how often each was seen has to know of each.

/// A function that names a variant, and the list of all names. A new variant does not compile before it is
/// named.
macro_rules! names {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident, $all:ident: $type:ty { $($pattern:pat => $text:literal,)* }) => {
        $(#[$attribute])*
        $visibility fn $name(value: &$type) -> &'static str {
            match value {
                $($pattern => $text,)*
            }
        }
        /// All of them.
        $visibility const $all: &[&str] = &[$($text),*];
    };
}

pub(crate) use names;
