//! Secrets: sealed at rest, filled in at the last moment, and taken out of everything that leaves an attempt.

mod fill;
mod redact;
mod registry;
mod seal;
mod sealed;
mod stream;
mod words;

pub use fill::{MissingSecret, fill, names_in};
pub use redact::{REDACTED, Redactor, hold_numbers};
pub use registry::Secrets;
pub use seal::{SealError, SecretStore};
pub use sealed::{Opened, SENSITIVE, hide, holds_seal, is_seal, without_answered, written_by_hand};
pub use stream::StreamRedactor;

use std::{fmt, sync::Arc};

/// A secret value. It has no text form: whoever needs it asks for it by [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// The value itself. Every caller is a place where a secret may leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.into())
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether a text can be the name of a secret: `[A-Za-z_][A-Za-z0-9_]*`, at most 100 characters.
pub fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    starts && rest && text.len() <= 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::from("hunter22")), "Secret(…)");
    }

    #[test]
    fn names() {
        for good in ["A", "_x", "api_key_2"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "2a", "a-b", "a.b", "ä", &"x".repeat(101)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
