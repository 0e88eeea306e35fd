//! Which events start a run.

use super::Event;
use druse_engine::{Finding, Pattern, definition::EventFilter};

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
