//! Why somebody is asked about a value or a step, and how that is said.

use super::spot::written;
use super::walk::Walk;
use crate::findings::located;
use crate::kept::{Kept, Spot};
use druse_engine::Finding;
use serde_json::Value;

/// Why somebody is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Why {
    /// It stood in this answer.
    Answer(usize),
    /// It may have stood in a part of this answer that cannot be read.
    Unread(usize),
    /// The agent made it.
    Made,
    /// It is on or off, which nobody asked for; this answer speaks of it.
    Switched(Option<usize>),
    /// The agent made a part of it that stands beside a bound one.
    Beside,
}

/// What somebody is asked about.
pub(super) enum What<'w> {
    /// What stands under a key.
    Value(&'w str, &'w Value),
    /// A key that is data itself: `{"SK-99812": 2}`.
    Key(&'w str),
    /// A host in a line or a program that stands under a key.
    Host(&'w str, &'w str),
}

impl What<'_> {
    fn named(&self) -> String {
        let of_key = |key: &str| {
            let is_place = key.is_empty() || key.bytes().all(|b| b.is_ascii_digit());
            (!is_place).then(|| format!("`{}`", crate::show::text(key, 40)))
        };
        match self {
            Self::Value(key, _) => of_key(key).unwrap_or_else(|| "The argument".to_owned()),
            Self::Key(_) => "A key".to_owned(),
            Self::Host(key, _) => match of_key(key) {
                Some(key) => format!("A host in {key}"),
                None => "A host".to_owned(),
            },
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Value(key, value) => crate::show::value(key, value, 60),
            Self::Key(text) | Self::Host(_, text) => {
                crate::show::value("", &Value::from(*text), 60)
            }
        }
    }
}

impl Walk<'_> {
    /// What is asked about a place of a step.
    pub(super) fn asked(
        &self,
        kept: &Kept<'_>,
        spot: Spot,
        inner: &str,
        what: &What<'_>,
        asked: Why,
    ) -> Finding {
        let (named, shown) = (what.named(), what.shown());
        let text = written(self.document, spot, inner).filter(|text| text.contains("{{"));
        let bound = text.is_some();
        let source = |answer: usize| {
            let known = self.answers.get(answer).map(|one| one.source.as_str());
            // Of what is bound the expression says which answer is followed.
            let reads =
                |source: &str| text.is_some_and(|text| text.contains(&format!("steps.{source}.")));
            let read = text.filter(|_| !known.is_some_and(reads)).and_then(|_| {
                let mut all = self.answers.iter().map(|one| one.source.as_str());
                all.find(|source| reads(source))
            });
            read.or(known).unwrap_or("an answer").to_owned()
        };
        match asked {
            Why::Answer(answer) if bound => Finding::warning(
                "flows_into_sink",
                format!(
                    "{named} of `{}` was {shown}, which `{}` answered: it is what whoever wrote that answer put there.",
                    kept.step,
                    source(answer)
                ),
            )
            .help("Put an approval gate before the step, or acknowledge it."),
            Why::Answer(answer) => Finding::warning(
                "frozen_from_output",
                format!(
                    "{named} is frozen as {shown}, which `{}` answered and the person did not write.",
                    source(answer)
                ),
            )
            .help("Whoever wrote that answer chose it. Put a gate before the step, or acknowledge it."),
            Why::Unread(answer) => Finding::warning(
                "influenced",
                format!(
                    "{named} of `{}` is {shown}: nobody named it, no answer that can be read holds it, and `{}` answered with a picture, a document or sound, where it may have stood.",
                    kept.step,
                    source(answer)
                ),
            )
            .help("Look at what was answered there: make sure that it is what you want, put a gate before the step, or acknowledge it."),
            Why::Beside => Finding::warning(
                "influenced",
                format!(
                    "{named} of `{}` was {shown}: a part of it stays as it is in every run, and nobody named what it names.",
                    kept.step
                ),
            )
            .help("Make sure that it is what you want, put a gate before the step, or acknowledge it."),
            Why::Switched(answer) => {
                let of = match answer {
                    Some(answer) => format!("`{}` speaks of it", source(answer)),
                    None => "the agent had read texts of others before".to_owned(),
                };
                Finding::warning(
                    "influenced",
                    format!("{named} of `{}` is {shown}: nobody asked for it, and {of}.", kept.step),
                )
                .help("Make sure that it is what you want, put a gate before the step, or acknowledge it.")
            }
            Why::Made => Finding::warning(
                "influenced",
                format!(
                    "{named} of `{}` is {shown}: nobody named it, no answer holds it, and the agent had read texts of others before.",
                    kept.step
                ),
            )
            .help("Make sure that it is what you want, put a gate before the step, or acknowledge it."),
        }
    }
}

/// What is said of a step that nobody asked for.
pub(super) fn influenced(kept: &Kept<'_>, spot: Spot) -> Finding {
    let finding = Finding::warning(
        "influenced",
        format!(
            "`{}` may change something, comes after texts of others that the agent had read, and nothing that the person said asks for it.",
            kept.step
        ),
    )
    .help("Take the step out, put a gate before it, or acknowledge it.");
    let mut finding = located(finding, &kept.step, spot, "");
    finding.id = format!("influenced:{}", kept.step);
    finding
}
