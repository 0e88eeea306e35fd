//! Identifiers: `<kind>_` and 26 characters of a UUIDv7 in Crockford base 32, sortable by creation.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Characters of an id behind its kind.
const DIGITS: usize = 26;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 128 bits laid out as a UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then randomness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

/// Why a text is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {article} id: expected {prefix}_ and 26 characters")]
pub struct InvalidId {
    text: String,
    article: &'static str,
    prefix: &'static str,
}

impl Id {
    /// An id from a creation time (Unix milliseconds) and 10 bytes of randomness, which the caller draws.
    pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
        let mut wide = [0u8; 16];
        wide[6..].copy_from_slice(&random);
        let random = u128::from_be_bytes(wide);
        let bits = (u128::from(unix_ms & 0xffff_ffff_ffff) << 80) | random;
        let version = (bits & !(0xf << 76)) | (0x7 << 76);
        Self((version & !(0x3 << 62)) | (0x2 << 62))
    }

    /// The 16 bytes, in the order that sorts by creation.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The id that these bytes stand for.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Unix milliseconds of creation.
    pub fn unix_ms(self) -> u64 {
        (self.0 >> 80) as u64
    }

    fn write(self, out: &mut [u8]) {
        let mut rest = self.0;
        for slot in out.iter_mut().rev() {
            *slot = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() != DIGITS {
            return None;
        }
        let mut bits: u128 = 0;
        for (index, byte) in text.bytes().enumerate() {
            let digit = ALPHABET
                .iter()
                .position(|known| *known == byte.to_ascii_lowercase())?;
            // 26 characters carry 130 bits: the first may only use three of its five.
            if index == 0 && digit > 7 {
                return None;
            }
            bits = (bits << 5) | digit as u128;
        }
        Some(Self(bits))
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $article:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Id);

        impl $name {
            /// What the text form begins with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// An id from a creation time (Unix milliseconds) and 10 bytes of randomness.
            pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(Id::from_parts(unix_ms, random))
            }
        }

        impl $name {
            // In one piece: whoever gathers it allocates once.
            fn with_text<T>(self, given: impl FnOnce(&str) -> T) -> T {
                const BEFORE: usize = concat!($prefix, "_").len();
                let mut text = [0u8; BEFORE + DIGITS];
                text[..BEFORE].copy_from_slice(concat!($prefix, "_").as_bytes());
                self.0.write(&mut text[BEFORE..]);
                given(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.with_text(|text| f.write_str(text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(Id::read)
                    .map(Self)
                    .ok_or_else(|| InvalidId {
                        text: text.chars().take(64).collect(),
                        article: $article,
                        prefix: $prefix,
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.with_text(|text| serializer.serialize_str(text))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One execution of an automation.
    RunId = "run", "a run";
    /// A named automation.
    AutomationId = "auto", "an automation";
    /// A gate that waits for people, in one run.
    ApprovalId = "appr", "an approval";
    /// A stored recording (an agent run or a chat thread).
    SessionId = "sess", "a session";
    /// A configured trigger of an automation.
    TriggerId = "trig", "a trigger";
    /// One occurrence of a trigger.
    FiringId = "fire", "a firing";
    /// An event that was received or emitted.
    EventId = "evt", "an event";
    /// A stretch of missed times that is made up for.
    BackfillId = "fill", "a backfill";
    /// An address that events are sent to.
    SubscriptionId = "sub", "a subscription";
    /// An API token.
    TokenId = "tok", "a token";
    /// One HTTP request, for the log and for error answers.
    RequestId = "req", "a request";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_sorts_by_creation() {
        let early = RunId::from_parts(1_700_000_000_000, [7; 10]);
        let late = RunId::from_parts(1_700_000_000_001, [0; 10]);
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.to_string().len(), 30);
        assert_eq!(early.to_string().parse::<RunId>(), Ok(early));
        assert_eq!(early.0.unix_ms(), 1_700_000_000_000);
        assert!("run_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<RunId>().is_err());
        assert!(early.to_string().parse::<ApprovalId>().is_err());
    }
}
