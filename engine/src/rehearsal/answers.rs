//! Where a rehearsal takes its answers from.

use crate::definition::Delivery;
use crate::event::{ApprovalRequest, Failure, Outcome, StepPath, Verdict};
use crate::flow::Claim;
use crate::plan::ActionKind;
use crate::run::{ConnectionRates, Input, Resolution, ResumeAnswer};
use crate::{EventId, Json, Span, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

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
    /// Whether it is repeated after a crash.
    pub delivery: Delivery,
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
    /// It is what the run had kept of an earlier one, and what was asked for there is not known any more.
    Kept,
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

/// An event that comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Comes {
    /// How long after the wait began.
    pub after: Span,
    /// Its id, where it has one already.
    pub event: Option<EventId>,
    /// Its attributes and `data`; what is left out is as if nobody had said it.
    pub value: Json,
}

/// What comes to a `wait` for an event.
#[derive(Debug, Clone, PartialEq)]
pub enum EventAnswer {
    /// These, and then nothing more: with an empty list its time runs out.
    Come(Vec<Comes>),
    /// Nobody knows.
    Unknown,
}

/// What a person says to a step that has failed and waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Resume {
    /// How long after it failed.
    pub after: Span,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// What becomes of the step.
    pub answer: ResumeAnswer,
    /// Whether that was said of all steps that waited, at once.
    pub all: bool,
}

/// What a run has to wait for, besides what it does itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// What it asks for before anything of it begins; none where nothing limits it.
    pub claim: Option<Claim>,
    /// The connections that have a rate; none for none.
    pub rates: Option<Arc<ConnectionRates>>,
}

/// How long a limit holds something up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// So long.
    Ends(Span),
    /// Until what it holds up is ended.
    Lasts,
}

impl Default for Hold {
    /// Not at all.
    fn default() -> Self {
        Self::Ends(Span::default())
    }
}

/// What somebody finds out about an uncertain step.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// How long after it became uncertain.
    pub after: Span,
    /// What became of it.
    pub resolution: Resolution,
}

impl From<Resolution> for Resolved {
    /// Found out at once.
    fn from(resolution: Resolution) -> Self {
        Self {
            after: Span::default(),
            resolution,
        }
    }
}

/// Answers.
pub trait Answers {
    /// How an attempt ends.
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer;

    /// What people answer at a gate.
    fn gate(&mut self, step: &StepPath, request: &ApprovalRequest) -> GateAnswer;

    /// An output as it came, where an attempt is answered with only what was kept of it. It is judged as it came.
    fn clear(&self, _output: &Json) -> Option<Json> {
        None
    }

    /// What became of an uncertain step.
    fn uncertain(&mut self, _step: &StepPath) -> Option<Resolved> {
        None
    }

    /// What a person says to a step that has failed under `on_error: pause`.
    fn paused(&mut self, _step: &StepPath, _failure: &Failure) -> Option<Resume> {
        None
    }

    /// Which events come to a wait for one of this type.
    fn event(&mut self, _step: &StepPath, _event_type: &str) -> EventAnswer {
        EventAnswer::Unknown
    }

    /// For how long it is known that nothing more comes for a step that begins or waits now and has no answer:
    /// it was ended then. What would have come later, nobody knows.
    fn quiet(&self, _step: &StepPath) -> Option<Span> {
        None
    }

    /// What limits the run as it begins.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// How long the run is queued that waits for its turn now.
    fn turn(&mut self) -> Option<Hold> {
        None
    }

    /// How long a step waits for the rate of its connection.
    fn permit(&mut self, _step: &StepPath) -> Option<Hold> {
        None
    }

    /// When the run ended whose answers these are.
    fn ended(&self) -> Option<Timestamp> {
        None
    }

    /// What happens to the run from outside without being asked for, each with its moment: somebody
    /// cancels or pauses it, or limits it from then on.
    fn outside(&self) -> Vec<(Timestamp, Input)> {
        Vec::new()
    }

    /// Whether the run's own time runs out, whatever else is not known.
    fn times_out(&self) -> bool {
        false
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

    fn clear(&self, output: &Json) -> Option<Json> {
        self.layers.iter().find_map(|layer| layer.clear(output))
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolved> {
        self.layers
            .iter_mut()
            .find_map(|layer| layer.uncertain(step))
    }

    fn paused(&mut self, step: &StepPath, failure: &Failure) -> Option<Resume> {
        self.layers
            .iter_mut()
            .find_map(|layer| layer.paused(step, failure))
    }

    fn event(&mut self, step: &StepPath, event_type: &str) -> EventAnswer {
        self.layers
            .iter_mut()
            .map(|layer| layer.event(step, event_type))
            .find(|answer| *answer != EventAnswer::Unknown)
            .unwrap_or(EventAnswer::Unknown)
    }

    fn quiet(&self, step: &StepPath) -> Option<Span> {
        self.layers.iter().find_map(|layer| layer.quiet(step))
    }

    fn limits(&self) -> Limits {
        let mut layers = self.layers.iter().map(|layer| layer.limits());
        let none = Limits::default();
        layers.find(|limits| *limits != none).unwrap_or(none)
    }

    fn turn(&mut self) -> Option<Hold> {
        self.layers.iter_mut().find_map(|layer| layer.turn())
    }

    fn permit(&mut self, step: &StepPath) -> Option<Hold> {
        self.layers.iter_mut().find_map(|layer| layer.permit(step))
    }

    fn ended(&self) -> Option<Timestamp> {
        self.layers.iter().find_map(|layer| layer.ended())
    }

    fn outside(&self) -> Vec<(Timestamp, Input)> {
        let mut layers = self.layers.iter().map(|layer| layer.outside());
        layers.find(|inputs| !inputs.is_empty()).unwrap_or_default()
    }

    fn times_out(&self) -> bool {
        self.layers.iter().any(|layer| layer.times_out())
    }
}
