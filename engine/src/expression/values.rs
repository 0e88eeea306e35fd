//! What expressions see.

use crate::event::{Failure, Status};
use crate::{Json, RunId, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The name of what a person said who sent a gate back.
pub const REVIEW: &str = "review";

/// `review` while no gate was sent back.
pub(super) fn no_review() -> Json {
    static NONE: OnceLock<Json> = OnceLock::new();
    NONE.get_or_init(|| {
        serde_json::json!({"step": null, "by": null, "comment": null, "fields": null, "round": 0})
            .into()
    })
    .clone()
}

/// The names and values that one expression sees. Cheap to make: it shares its parts, and outputs are
/// read in place and never converted as a whole.
#[derive(Debug, Clone)]
pub struct Values {
    /// The run's inputs, an object.
    pub inputs: Json,
    /// What started the run.
    pub trigger: Json,
    /// Facts about the run.
    pub run: RunFacts,
    /// The lists of steps that are seen, the innermost first: in the body of a loop those of its pass,
    /// then those around the loop.
    pub frames: Vec<Arc<Frame>>,
}

/// One list of steps with what is known of them, and the names that belong to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Step id to index in [`Frame::steps`].
    pub names: Arc<BTreeMap<String, usize>>,
    /// One a step, at the index that [`Frame::names`] gives.
    pub steps: Vec<StepValue>,
    /// Further names: the item of a loop and `loop`.
    pub locals: Vec<(Arc<str>, Json)>,
}

/// `run` as expressions see it: `run.id`, `run.started_at`, `run.scheduled_at` (null without a schedule).
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    /// The run.
    pub id: RunId,
    /// When it began.
    pub started_at: Timestamp,
    /// The logical time, where a schedule gave one.
    pub scheduled_at: Option<Timestamp>,
}

/// A step as expressions see it: `status`, `output` (undefined until it succeeded), `error` (null without one).
#[derive(Debug, Clone, Default, PartialEq)]
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
        Self {
            inputs,
            trigger,
            run,
            frames: vec![Arc::new(Frame::new(names))],
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
        let (frame, index) = self.place(id)?;
        self.frames.get(frame)?.steps.get(index)
    }

    /// The steps of the outermost list, to be filled in.
    pub fn steps_mut(&mut self) -> &mut [StepValue] {
        match self.frames.last_mut() {
            Some(frame) => &mut Arc::make_mut(frame).steps,
            None => &mut [],
        }
    }

    /// The frame that has a step of this id, and the step's index there.
    pub(super) fn place(&self, id: &str) -> Option<(usize, usize)> {
        self.frames
            .iter()
            .enumerate()
            .find_map(|(frame, inner)| Some((frame, *inner.names.get(id)?)))
    }

    /// The ids of all steps that are seen.
    pub(super) fn step_ids(&self) -> impl Iterator<Item = &str> {
        self.frames
            .iter()
            .flat_map(|frame| frame.names.keys().map(String::as_str))
    }

    /// A name that a loop, or whoever made the values, gave.
    pub fn local(&self, name: &str) -> Option<&Json> {
        self.locals()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The names of the loops around, the innermost first.
    pub(super) fn locals(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.frames
            .iter()
            .flat_map(|frame| frame.locals.iter().map(|(name, value)| (&**name, value)))
    }
}

impl Frame {
    /// A list of steps none of which is done.
    pub fn new(names: Arc<BTreeMap<String, usize>>) -> Self {
        let count = names.values().map(|index| index + 1).max().unwrap_or(0);
        Self {
            names,
            steps: vec![StepValue::default(); count],
            locals: Vec::new(),
        }
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
