//! What expressions see.

use crate::event::{Failure, Status};
use crate::{Json, RunId, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The names and values of one run. Held behind an `Arc` and changed by `Arc::make_mut`; outputs are
/// read in place and never converted as a whole.
#[derive(Debug, Clone)]
pub struct Values {
    /// The run's inputs, an object.
    pub inputs: Json,
    /// What started the run.
    pub trigger: Json,
    /// Facts about the run.
    pub run: RunFacts,
    /// One a step, at the index that [`Values::names`] gives.
    pub steps: Vec<StepValue>,
    /// Step id to index in [`Values::steps`].
    pub names: Arc<BTreeMap<String, usize>>,
    /// Further names: those of loops, and whatever a caller defines.
    pub locals: BTreeMap<String, Json>,
}

/// `run` as expressions see it: `run.id`, `run.started_at`, `run.scheduled_at` (null without a schedule).
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// The run.
    pub id: RunId,
    /// When it began.
    pub started_at: Timestamp,
    /// The logical time, where a schedule gave one.
    pub scheduled_at: Option<Timestamp>,
}

/// A step as expressions see it: `status`, `output` (undefined until it succeeded), `error` (null without one).
#[derive(Debug, Clone, Default)]
pub struct StepValue {
    /// How it stands; `None` reads as `queued`.
    pub status: Option<Status>,
    /// What it gave.
    pub output: Option<Json>,
    /// Why it failed.
    pub error: Option<Failure>,
}

impl Values {
    /// Values with no step done yet.
    pub fn new(
        inputs: Json,
        trigger: Json,
        run: RunFacts,
        names: Arc<BTreeMap<String, usize>>,
    ) -> Self {
        let count = names.values().map(|index| index + 1).max().unwrap_or(0);
        Self {
            inputs,
            trigger,
            run,
            steps: vec![StepValue::default(); count],
            names,
            locals: BTreeMap::new(),
        }
    }

    /// What a trigger's expressions see: `trigger` and nothing else, for there is no run yet.
    pub fn for_trigger(trigger: Json) -> Arc<Self> {
        let nobody = RunFacts {
            id: RunId::from_parts(0, [0; 10]),
            started_at: Timestamp::default(),
            scheduled_at: None,
        };
        let empty = serde_json::Value::Object(serde_json::Map::new());
        Arc::new(Self::new(empty.into(), trigger, nobody, Arc::default()))
    }

    /// The step of this id.
    pub fn step(&self, id: &str) -> Option<&StepValue> {
        self.steps.get(*self.names.get(id)?)
    }
}

impl StepValue {
    pub(super) fn status_name(&self) -> &'static str {
        self.status.unwrap_or(Status::Queued).name()
    }

    pub(super) fn error_json(&self) -> Json {
        match &self.error {
            Some(failure) => serde_json::to_value(failure).unwrap_or_default().into(),
            None => null(),
        }
    }
}

impl RunFacts {
    pub(super) const FIELDS: [&'static str; 3] = ["id", "started_at", "scheduled_at"];

    pub(super) fn field(&self, name: &str) -> Option<serde_json::Value> {
        match name {
            "id" => Some(self.id.to_string().into()),
            "started_at" => Some(self.started_at.to_string().into()),
            "scheduled_at" => Some(self.scheduled_at.map(|at| at.to_string()).into()),
            _ => None,
        }
    }
}

fn null() -> Json {
    static NULL: OnceLock<Json> = OnceLock::new();
    NULL.get_or_init(Json::null).clone()
}
