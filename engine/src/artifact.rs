//! Files of runs.

use crate::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file that an attempt of a step left, kept with the run. What is in it stands elsewhere, under its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Its name, one for the step: `report.pdf`.
    pub name: String,
    /// Its media type: `application/pdf`.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// The most bytes of an artifact's name.
pub const LONGEST_NAME: usize = 120;

/// Why this cannot be the name of an artifact, in one sentence; nothing when it can. It becomes the name of a
/// file where people take it to.
pub fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Some("the name of an artifact has 1 to 120 bytes");
    }
    if name.starts_with('.') {
        return Some("the name of an artifact does not begin with a dot");
    }
    let odd = |letter: char| {
        letter.is_control()
            || turns(letter)
            || matches!(letter, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
    };
    if name.chars().any(odd) {
        return Some(
            "the name of an artifact holds none of / \\ : * ? \" < > | and no control characters",
        );
    }
    None
}

/// Whether a character changes the direction of what is shown around it: `report\u{202e}fdp.exe` looks like
/// another kind of file.
fn turns(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_plain_files() {
        for good in ["report.pdf", "Größe 1.csv", "a", "page-2_final (3).txt"] {
            assert_eq!(name_fault(good), None, "{good}");
        }
        let long = "a".repeat(LONGEST_NAME + 1);
        for bad in [
            "",
            ".",
            "..",
            ".profile",
            "a/b",
            "a\\b",
            "a\nb",
            "c:",
            "*",
            &long,
            "a\u{202e}fdp.exe",
            "a\u{2066}b",
            "\u{200f}a",
        ] {
            assert!(name_fault(bad).is_some(), "{bad:?}");
        }
    }
}
