//! Which events start a run.

use super::Event;
use druse_engine::{Finding, definition::EventFilter};

/// A compiled filter: the type and, where given, source and subject, each with `*` for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    event_type: Pattern,
    source: Option<Pattern>,
    subject: Option<Pattern>,
}

impl Filter {
    /// Compiles a filter. Paths of findings begin at the filter (`/type`).
    pub fn compile(filter: &EventFilter) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut check = |key: &str, text: &str| {
            if text.is_empty() || text.chars().any(char::is_control) {
                findings.push(
                    Finding::error(
                        "invalid_event_filter",
                        format!("`{key}` of an event is empty or holds control characters"),
                    )
                    .at_path(format!("/{key}"))
                    .help("Write a text; `*` matches any characters."),
                );
            }
        };
        check("type", &filter.event_type);
        for (key, text) in [("source", &filter.source), ("subject", &filter.subject)] {
            if let Some(text) = text {
                check(key, text);
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        Ok(Self {
            event_type: Pattern::new(&filter.event_type),
            source: filter.source.as_deref().map(Pattern::new),
            subject: filter.subject.as_deref().map(Pattern::new),
        })
    }

    /// Whether events of this type may pass.
    pub fn takes_type(&self, event_type: &str) -> bool {
        self.event_type.matches(event_type)
    }

    /// Why an event does not pass; `None` when it does.
    pub fn mismatch(&self, event: &Event) -> Option<String> {
        if !self.event_type.matches(&event.event_type) {
            return Some(format!(
                "its type {} is not {}",
                event.event_type, self.event_type
            ));
        }
        if let Some(wanted) = &self.source
            && !wanted.matches(&event.source)
        {
            return Some(format!("its source {} is not {wanted}", event.source));
        }
        match (&self.subject, &event.subject) {
            (Some(wanted), Some(subject)) if !wanted.matches(subject) => {
                Some(format!("its subject {subject} is not {wanted}"))
            }
            (Some(wanted), None) => Some(format!("it has no subject, and {wanted} is wanted")),
            _ => None,
        }
    }

    /// Whether an event passes. One without a subject passes no filter of subjects.
    pub fn matches(&self, event: &Event) -> bool {
        self.takes_type(&event.event_type)
            && self
                .source
                .as_ref()
                .is_none_or(|wanted| wanted.matches(&event.source))
            && self.subject.as_ref().is_none_or(|wanted| {
                event
                    .subject
                    .as_deref()
                    .is_some_and(|subject| wanted.matches(subject))
            })
    }
}

/// A text in which `*` stands for any characters, none and separators included.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(Vec<String>);

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("*"))
    }
}

impl Pattern {
    fn new(text: &str) -> Self {
        Self(text.split('*').map(str::to_owned).collect())
    }

    /// Takes the first place for each part in turn, which is right because any later part may follow
    /// later still: no backtracking, whatever the pattern.
    fn matches(&self, text: &str) -> bool {
        match self.0.as_slice() {
            [] => text.is_empty(),
            [whole] => whole == text,
            [first, middle @ .., last] => {
                let Some(mut rest) = text.strip_prefix(first.as_str()) else {
                    return false;
                };
                for part in middle {
                    let Some(found) = rest.find(part.as_str()) else {
                        return false;
                    };
                    rest = &rest[found + part.len()..];
                }
                rest.ends_with(last.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::*, test_runner::RngSeed};

    #[test]
    fn a_star_matches_any_characters() {
        for (pattern, text, expected) in [
            ("com.example.*", "com.example.order.paid", true),
            ("com.example.*", "com.example.", true),
            ("com.example.*", "com.example", false),
            ("*.paid", "com.example.order.paid", true),
            ("com.*.paid", "com.paid", false),
            ("a*b*c", "a-b-b-c", true),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("com.example", "com.example", true),
            ("com.example", "COM.example", false),
            ("a?c", "abc", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    /// The definition, letter by letter.
    fn slowly(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|from| slowly(rest, &text[from..])),
            [letter, rest @ ..] => text.first() == Some(letter) && slowly(rest, &text[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() })]

        #[test]
        fn matches_as_defined(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            prop_assert_eq!(Pattern::new(&pattern).matches(&text), slowly(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
