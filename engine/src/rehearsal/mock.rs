//! Answers that are written down.

use super::answers::{Answer, Answers, Ask, GateAnswer, Source, Vote};
use super::pattern::PathPattern;
use crate::definition::FailureClass;
use crate::event::{ApprovalRequest, Failure, Outcome, StepPath, Verdict};
use crate::run::Resolution;
use crate::{Json, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// How one attempt of a step ends, or one answer at a gate.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mock {
    /// It succeeds with this output.
    #[serde(deserialize_with = "there")]
    pub output: Option<Value>,
    /// It fails with this class.
    pub fail: Option<FailureClass>,
    /// The code of the failure; left out: `mocked`.
    pub code: Option<String>,
    /// The message of the failure.
    pub message: Option<String>,
    /// The details of the failure.
    pub details: Option<Value>,
    /// The wait that the other side asks for with the failure.
    pub retry_after: Option<Span>,
    /// It never ends by itself; at a gate: nobody answers.
    pub hangs: bool,
    /// How long it takes; left out: no time.
    pub takes: Option<Span>,
    /// The answer at a gate.
    pub decision: Option<Verdict>,
    /// Who answers; left out: `user:test`, then `user:test-2`, and so on.
    pub by: Option<String>,
    /// What the person says.
    pub comment: Option<String>,
    /// The values of the gate's form.
    pub fields: Option<Value>,
}

/// A value that is there, be it null.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Mock {
    fn answer(&self) -> Answer {
        if self.hangs {
            return Answer::Hangs;
        }
        let outcome = match self.fail {
            Some(class) => {
                let message = self.message.clone();
                let mut failure = Failure::new(
                    class,
                    self.code.as_deref().unwrap_or("mocked"),
                    message.unwrap_or_else(|| "it fails in this rehearsal".into()),
                );
                failure.details = self.details.clone().map(Json::from);
                Outcome::Failed {
                    failure,
                    retry_after_ms: self.retry_after.map(Span::as_millis),
                }
            }
            None => Outcome::Succeeded {
                output: self.output.clone().unwrap_or_default().into(),
            },
        };
        Answer::Ends {
            outcome,
            after: self.takes.unwrap_or_default(),
            source: Source::Mocked,
        }
    }
}

/// Mocks by the paths of their steps. One for exactly a path comes before one for several.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mocks {
    /// In the order in which they are written.
    pub by_path: Vec<(PathPattern, Vec<Mock>)>,
}

impl Mocks {
    /// The mocks of a step.
    pub fn of(&self, path: &StepPath) -> Option<&[Mock]> {
        let matching = |exact: bool| {
            self.by_path
                .iter()
                .find(|(pattern, _)| pattern.is_exact() == exact && pattern.matches(path))
        };
        let (_, mocks) = matching(true).or_else(|| matching(false))?;
        Some(mocks)
    }

    /// As a source of answers.
    pub fn answers(&self) -> impl Answers + '_ {
        Given {
            mocks: self,
            tried: BTreeMap::new(),
        }
    }
}

struct Given<'a> {
    mocks: &'a Mocks,
    /// How often each step was answered.
    tried: BTreeMap<StepPath, usize>,
}

impl Answers for Given<'_> {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        let Some(mocks) = self.mocks.of(ask.step) else {
            return Answer::Unknown;
        };
        let tried = self.tried.entry(ask.step.clone()).or_default();
        // The last one stands for all that follow.
        let mock = mocks.get(*tried).or(mocks.last());
        *tried += 1;
        mock.map_or(Answer::Unknown, Mock::answer)
    }

    fn gate(&mut self, step: &StepPath, _: &ApprovalRequest) -> GateAnswer {
        let Some(mocks) = self.mocks.of(step) else {
            return GateAnswer::Unknown;
        };
        let votes = mocks.iter().enumerate().filter_map(|(index, mock)| {
            Some(Vote {
                after: mock.takes.unwrap_or_default(),
                decision: mock.decision?,
                by: mock.by.clone().unwrap_or_else(|| match index {
                    0 => "user:test".into(),
                    index => format!("user:test-{}", index + 1),
                }),
                comment: mock.comment.clone(),
                fields: mock.fields.clone().map(Json::from),
            })
        });
        GateAnswer::Votes(votes.collect(), Source::Mocked)
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolution> {
        // What comes behind the attempt that left it open says what a person found out.
        let tried = self.tried.get(step).copied().unwrap_or_default();
        let mock = self.mocks.of(step)?.get(tried)?;
        match (&mock.output, mock.fail) {
            (Some(output), _) => Some(Resolution::Happened {
                output: output.clone().into(),
            }),
            (None, Some(_)) => Some(Resolution::Failed {
                message: mock.message.clone().unwrap_or_else(|| "given up".into()),
            }),
            _ => None,
        }
    }
}
