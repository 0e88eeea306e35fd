//! Where a rehearsal takes its answers from.

use crate::event::{ApprovalRequest, Outcome, StepPath, Verdict};
use crate::plan::ActionKind;
use crate::run::Resolution;
use crate::{Json, Span, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// An attempt that would happen now.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The step.
    pub step: &'a StepPath,
    /// The attempt, from 1.
    pub number: u32,
    /// What it would do.
    pub kind: ActionKind,
    /// Its rendered configuration.
    pub input: &'a Json,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It was written down for this rehearsal.
    Mocked,
    /// It is that of an equal call.
    Recorded,
    /// It is that of a call of the same step that asked for something else, and stands in.
    Assumed,
    /// There is none.
    None,
}

/// How an attempt ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Like this, after so long.
    Ends {
        /// How.
        outcome: Outcome,
        /// How long it takes.
        after: Span,
        /// Where this comes from.
        source: Source,
    },
    /// Not by itself: only its time limit ends it.
    Hangs,
    /// Nobody knows.
    Unknown,
}

/// A person's answer at a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    /// How long after the gate asked.
    pub after: Span,
    /// The answer.
    pub decision: Verdict,
    /// Who.
    pub by: String,
    /// Why.
    pub comment: Option<String>,
    /// The form's values.
    pub fields: Option<Json>,
}

/// What people answer at a gate.
#[derive(Debug, Clone, PartialEq)]
pub enum GateAnswer {
    /// These, and then nothing more: an empty list lets its time run out.
    Votes(Vec<Vote>, Source),
    /// Nobody knows.
    Unknown,
}

/// Answers.
pub trait Answers {
    /// How an attempt ends.
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer;

    /// What people answer at a gate.
    fn gate(&mut self, step: &StepPath, request: &ApprovalRequest) -> GateAnswer;

    /// What became of an uncertain step.
    fn uncertain(&mut self, _step: &StepPath) -> Option<Resolution> {
        None
    }

    /// When somebody cancels the run: the moment, who and why.
    fn cancel(&self) -> Option<(Timestamp, String, Option<String>)> {
        None
    }
}

/// Several sources: the first that knows an answer gives it.
#[derive(Default)]
pub struct Layers<'a> {
    layers: Vec<Box<dyn Answers + 'a>>,
    /// Whether gates that nobody answers are approved.
    approve: bool,
}

impl<'a> Layers<'a> {
    /// Adds a source behind those that are there.
    #[must_use]
    pub fn with(mut self, answers: impl Answers + 'a) -> Self {
        self.layers.push(Box::new(answers));
        self
    }

    /// Lets gates that no source answers be approved by as many people as they need.
    #[must_use]
    pub fn approving(mut self, approve: bool) -> Self {
        self.approve = approve;
        self
    }
}

impl Answers for Layers<'_> {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        self.layers
            .iter_mut()
            .map(|layer| layer.attempt(ask))
            .find(|answer| *answer != Answer::Unknown)
            .unwrap_or(Answer::Unknown)
    }

    fn gate(&mut self, step: &StepPath, request: &ApprovalRequest) -> GateAnswer {
        let known = self
            .layers
            .iter_mut()
            .map(|layer| layer.gate(step, request))
            .find(|answer| *answer != GateAnswer::Unknown);
        if let Some(known) = known {
            return known;
        }
        if !self.approve {
            return GateAnswer::Unknown;
        }
        let votes = (1..=request.needed.max(1)).map(|number| Vote {
            after: Span::default(),
            decision: Verdict::Approve,
            by: format!("user:rehearsal-{number}"),
            comment: None,
            fields: None,
        });
        GateAnswer::Votes(votes.collect(), Source::Assumed)
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolution> {
        self.layers
            .iter_mut()
            .find_map(|layer| layer.uncertain(step))
    }

    fn cancel(&self) -> Option<(Timestamp, String, Option<String>)> {
        self.layers.iter().find_map(|layer| layer.cancel())
    }
}
