//! What expressions see.

use super::names::Names;
use crate::event::{Failure, Status};
use crate::{Json, RunId, Timestamp};
use std::sync::{Arc, OnceLock};

/// The name of what a person said who sent a gate back.
pub const REVIEW: &str = "review";

/// The name of what a pass of a loop knows of itself.
const LOOP: &str = "loop";

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
    /// What passes of loops call their item, the innermost first.
    pub loops: Vec<LoopNames>,
}

/// The names that a pass of a loop has: its item and `loop`. Most steps read at most one of them, so each is
/// made when it is first read.
#[derive(Debug, Clone)]
pub struct LoopNames {
    /// How many frames stand around that of the pass.
    around: usize,
    /// The name of the item, and the items; none for a loop without them.
    items: Option<(Arc<str>, Json)>,
    number: u32,
    /// What the pass before it handed on, where passes do.
    previous: Option<Json>,
    item: OnceLock<Json>,
    facts: OnceLock<Json>,
}

/// One list of steps with what is known of them, and the names that belong to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Step id to index in [`Frame::steps`].
    pub names: Arc<Names>,
    /// One a step, at the index that [`Frame::names`] gives.
    pub steps: Vec<StepValue>,
    /// Further names.
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
    pub error: Option<Box<Failure>>,
}

impl Values {
    /// Values with no step done yet.
    pub fn new(inputs: Json, trigger: Json, run: RunFacts, names: Arc<Names>) -> Self {
        Self {
            inputs,
            trigger,
            run,
            frames: vec![Arc::new(Frame::new(names))],
            loops: Vec::new(),
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
            .find_map(|(frame, inner)| Some((frame, inner.names.get(id)?)))
    }

    /// The ids of all steps that are seen.
    pub(super) fn step_ids(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().flat_map(|frame| frame.names.ids())
    }

    /// A name that a loop, or whoever made the values, gave.
    pub fn local(&self, name: &str) -> Option<&Json> {
        let mut loops = self.loops.iter().peekable();
        for (index, frame) in self.frames.iter().enumerate() {
            let mut own = frame.locals.iter();
            if let Some((_, value)) = own.find(|(known, _)| **known == *name) {
                return Some(value);
            }
            let around = self.frames.len() - index - 1;
            if let Some(names) = loops.next_if(|names| names.around >= around)
                && let Some(value) = names.get(name)
            {
                return Some(value);
            }
        }
        None
    }

    /// The names that [`Values::local`] knows.
    pub(super) fn locals(&self) -> impl Iterator<Item = &str> {
        let own = self.frames.iter().flat_map(|frame| &frame.locals);
        let loops = self.loops.iter().flat_map(|names| {
            let item = names.items.as_ref().map(|(name, _)| &**name);
            item.into_iter().chain([LOOP])
        });
        own.map(|(name, _)| &**name).chain(loops)
    }
}

impl LoopNames {
    /// The names of a pass whose own frame stands before `around` others.
    pub fn new(
        around: usize,
        items: Option<(Arc<str>, Json)>,
        number: u32,
        previous: Option<Json>,
    ) -> Self {
        Self {
            around,
            items,
            number,
            previous,
            item: OnceLock::new(),
            facts: OnceLock::new(),
        }
    }

    fn get(&self, name: &str) -> Option<&Json> {
        match &self.items {
            Some((item, items)) if **item == *name => {
                let made = || items.item(self.number as usize);
                Some(self.item.get_or_init(made))
            }
            _ if name == LOOP => Some(self.facts.get_or_init(|| self.facts())),
            _ => None,
        }
    }

    fn facts(&self) -> Json {
        let mut facts = serde_json::json!({ "index": self.number });
        if let Some(previous) = &self.previous {
            facts["previous"] = previous.value().clone();
        }
        facts.into()
    }
}

impl Frame {
    /// A list of steps none of which is done.
    pub fn new(names: Arc<Names>) -> Self {
        Self {
            steps: vec![StepValue::default(); names.count()],
            names,
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
