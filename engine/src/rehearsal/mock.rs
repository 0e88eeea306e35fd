//! Answers that are written down.

use super::answers::{
    Answer, Answers, Ask, Comes, EventAnswer, GateAnswer, Resolved, Resume, Source, Vote,
};
use super::pattern::PathPattern;
use crate::definition::FailureClass;
use crate::event::{ApprovalRequest, Failure, Outcome, StepPath, Verdict};
use crate::run::{Resolution, ResumeAnswer};
use crate::{Json, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a person says to a step that has failed under `on_error: pause`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResumeMock {
    /// It is tried again.
    Again,
    /// It fails.
    Fail,
}

/// How one attempt of a step ends, one answer at a gate, one event that comes to a `wait`, or what a person
/// says to a step that has failed and waits.
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
    /// It never ends by itself; at a gate: nobody answers; at a `wait` for an event: none comes.
    pub hangs: bool,
    /// How long it takes; left out: no time.
    pub takes: Option<Span>,
    /// The answer at a gate.
    pub decision: Option<Verdict>,
    /// The event that comes to a `wait`: its `data` and other attributes.
    pub event: Option<Map<String, Value>>,
    /// What a person says to the step that has failed and waits.
    pub resume: Option<ResumeMock>,
    /// Keys that the person corrects in its configuration.
    pub input: Option<Map<String, Value>>,
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
            asked: BTreeMap::new(),
        }
    }
}

struct Given<'a> {
    mocks: &'a Mocks,
    /// The place of the next answer of each step.
    tried: BTreeMap<StepPath, usize>,
    /// How often each gate has asked.
    asked: BTreeMap<StepPath, usize>,
}

fn who(mock: &Mock, index: usize) -> String {
    mock.by.clone().unwrap_or_else(|| match index {
        0 => "user:test".into(),
        index => format!("user:test-{}", index + 1),
    })
}

impl Answers for Given<'_> {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        let Some(mocks) = self.mocks.of(ask.step) else {
            return Answer::Unknown;
        };
        let tried = self.tried.entry(ask.step.clone()).or_default();
        if mocks.get(*tried).is_some_and(|mock| mock.resume.is_none()) {
            *tried += 1;
        }
        // The last one stands for all that follow, up to where a person resumes the step.
        let given = mocks[..(*tried).min(mocks.len())].iter();
        let last = given.rev().find(|mock| mock.resume.is_none());
        last.map_or(Answer::Unknown, Mock::answer)
    }

    fn gate(&mut self, step: &StepPath, _: &ApprovalRequest) -> GateAnswer {
        let Some(mocks) = self.mocks.of(step) else {
            return GateAnswer::Unknown;
        };
        let asked = self.asked.entry(step.clone()).or_default();
        // Behind an answer that sends back stand those to the next request; the last ones stand for all
        // further requests.
        let sends_back = |mock: &Mock| mock.decision == Some(Verdict::SendBack);
        let mut answers = mocks.split_inclusive(sends_back);
        let answers = answers.clone().nth(*asked).or_else(|| answers.next_back());
        *asked += 1;
        let answers = answers.unwrap_or_default().iter().enumerate();
        let votes = answers.filter_map(|(index, mock)| {
            Some(Vote {
                after: mock.takes.unwrap_or_default(),
                decision: mock.decision?,
                by: who(mock, index),
                comment: mock.comment.clone(),
                fields: mock.fields.clone().map(Json::from),
            })
        });
        GateAnswer::Votes(votes.collect(), Source::Mocked)
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolved> {
        // What comes behind the attempt that left it open says what a person found out.
        let tried = self.tried.get(step).copied().unwrap_or_default();
        let mock = self.mocks.of(step)?.get(tried)?;
        let resolution = match (&mock.output, mock.fail) {
            (Some(output), _) => Some(Resolution::Happened {
                output: output.clone().into(),
            }),
            (None, Some(_)) => Some(Resolution::Failed {
                message: mock.message.clone().unwrap_or_else(|| "given up".into()),
            }),
            _ => None,
        };
        resolution.map(Resolved::from)
    }

    fn paused(&mut self, step: &StepPath, _: &Failure) -> Option<Resume> {
        let mocks = self.mocks.of(step)?;
        let tried = self.tried.entry(step.clone()).or_default();
        let behind = mocks.iter().enumerate().skip(*tried);
        let (place, mock, resume) = behind
            .filter_map(|(place, mock)| Some((place, mock, mock.resume?)))
            .next()?;
        *tried = place + 1;
        Some(Resume {
            after: mock.takes.unwrap_or_default(),
            by: who(mock, 0),
            reason: mock.comment.clone(),
            all: false,
            answer: match resume {
                ResumeMock::Fail => ResumeAnswer::Fail,
                ResumeMock::Again => ResumeAnswer::Again {
                    input: mock.input.clone().map(|input| Value::Object(input).into()),
                },
            },
        })
    }

    fn event(&mut self, step: &StepPath, _: &str) -> EventAnswer {
        let Some(mocks) = self.mocks.of(step) else {
            return EventAnswer::Unknown;
        };
        let events = mocks.iter().filter_map(|mock| {
            Some(Comes {
                after: mock.takes.unwrap_or_default(),
                event: None,
                value: Value::Object(mock.event.clone()?).into(),
            })
        });
        EventAnswer::Come(events.collect())
    }
}
