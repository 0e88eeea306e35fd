//! What a rehearsal came to.

use super::answers::Source;
use crate::definition::EffectLevel;
use crate::event::StepPath;
use crate::plan::ActionKind;
use crate::run::Run;
use crate::{Json, Span, Timestamp};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// An effect that would have happened.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Call {
    /// The step.
    pub path: StepPath,
    /// What it would do.
    #[serde(serialize_with = "kind_name")]
    #[schemars(with = "String")]
    pub action: ActionKind,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What it does to the world, when the document says so.
    pub effects: Option<EffectLevel>,
    /// The rendered configuration, without secrets.
    pub input: Json,
    /// When it would begin, if each answer takes as long as was said.
    pub at: Timestamp,
    /// Where its answer came from.
    pub answer: Source,
}

fn kind_name<S: Serializer>(kind: &ActionKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

/// A place where the rehearsal could not go on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Stop {
    /// The step.
    pub path: StepPath,
    /// `no_answer`, `no_decision`, `no_event`, `paused`, `not_resolved`, `held_up`, `refused` or `too_long`.
    pub code: String,
    /// What is missing, in one sentence.
    pub message: String,
}

/// A rehearsal that has ended, or could not go on.
#[derive(Debug)]
pub struct Course {
    /// The run as it stands then.
    pub run: Run,
    /// The effects that would have happened, in order.
    pub calls: Vec<Call>,
    /// Where it could not go on.
    pub stops: Vec<Stop>,
    /// When it ended, in its own time.
    pub ended_at: Timestamp,
}

impl Course {
    /// How long it took in its own time.
    pub fn took(&self) -> Span {
        self.ended_at.since(self.run.created_at())
    }
}
