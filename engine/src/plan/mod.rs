//! A document, compiled once for all of its runs: steps in order, edges, templates and conditions.

mod answers_to;
mod block;
mod build;
mod child;
mod gate;
mod graph;
mod handlers;
mod hears;
mod inputs;
mod kind;
mod lent;
mod looping;
mod output;
mod probe;
mod secrets;
mod written;

pub use answers_to::{AnswersTo, found_at, shows};
pub use block::Block;
pub use child::ChildTarget;
pub use gate::{GatePlan, NotifyPlan, ROUNDS, SendBackPlan};
pub(crate) use gate::{notices, send_back_findings, tells};
pub use hears::Hears;
pub(crate) use inputs::validator;
pub use inputs::{InputCheck, check_value, is_sensitive};
pub use kind::ActionKind;
pub use looping::{ForEachPlan, LoopPlan, RepeatPlan, Times};
pub use output::{ANSWER_CHANGED, OutputCheck};
pub use probe::ProbePlan;
pub use secrets::{SecretPlace, secret_places};
pub use written::Written;

pub(crate) use build::{cycle_finding, finding, pointer};
pub(crate) use graph::{Graph, split_need};
pub(crate) use handlers::{UNDO, undo_step};
pub(crate) use hears::{EVENT, when_of, without_when};
pub(crate) use looping::{ITEM, shape};
pub(crate) use probe::{ATTEMPT, PROBE, PROBED, not_a_read, probe_step};

use crate::capability::Capabilities;
use crate::definition::{self, Concurrency, Delivery, Document, EffectLevel, Join, OnError, Retry};
use crate::event::HandlerList;
use crate::expression::{Expression, Template};
use crate::{Digest, Finding, Json, Pattern, Span};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// How many facts one turn of a run makes at most; what follows then comes with the next turn.
pub const TURN: usize = 10_000;

/// A compiled document.
#[derive(Debug)]
pub struct Plan {
    /// The document that it was made from.
    pub document: Arc<Document>,
    /// Its digest, once somebody has asked.
    pub(crate) digest: OnceLock<Digest>,
    /// The lists of steps: the document's own first, each loop's body behind the list that the loop
    /// stands in, then those of handlers.
    pub blocks: Vec<Block>,
    /// The lists that begin when the run's own work is over, as indexes in [`Plan::blocks`]; undoing is
    /// none of them.
    pub handlers: Vec<(HandlerList, usize)>,
    /// Whether failure undoes what succeeded.
    pub undo_on_failure: bool,
    /// The inputs' schemas, compiled, in document order.
    pub inputs: Vec<InputCheck>,
    /// The run's outputs in document order. Render them with [`Template::render_output`].
    pub outputs: Vec<(String, Template)>,
    /// The limit on runs that share a key, with its key compiled.
    pub concurrency: Option<(Template, Concurrency)>,
    /// Time limit of the run.
    pub timeout: Option<Span>,
    /// The types of events that its steps may wait for, `*` for what is only known in a run.
    pub hears: Vec<Pattern>,
    /// The automations that its steps start, where it has gates.
    pub starts: BTreeSet<ChildTarget>,
    /// Whether any step goes over a connection.
    pub connects: bool,
    /// All that its steps may touch, once somebody has asked.
    pub(crate) capabilities: OnceLock<Arc<Capabilities>>,
    /// The steps whose configurations are lent, by list and place in it.
    pub(crate) lent: Vec<(usize, usize)>,
    /// How many facts one turn makes at most: [`TURN`], less in tests.
    pub turn: usize,
}

/// Plans of the same document are equal.
impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

/// A compiled step.
#[derive(Debug)]
pub struct PlannedStep {
    /// Its id, unique in its list and in the lists around that.
    pub id: Arc<str>,
    /// Where it is written.
    pub written: Written,
    /// What it does.
    pub work: Work,
    /// What comes before it in its list, in the order of the document, explicit ones first.
    pub needs: Vec<Need>,
    /// Steps of its list that have it among their needs, ascending.
    pub dependants: Vec<usize>,
    /// It is skipped unless this holds.
    pub when: Option<Expression>,
    /// The action's configuration; empty for a switch and for a loop.
    pub with: Template,
    /// The cases of a switch, in order; one without an expression is the default.
    pub cases: Vec<(String, Option<Expression>)>,
    /// Which event a `wait` takes, for one that waits for an event.
    pub hears: Option<Box<Hears>>,
    /// Whom a gate tells and where it sends back to, where it does.
    pub gate: Option<Box<GatePlan>>,
    /// How the outcomes of `needs` are joined.
    pub join: Join,
    /// Time limit of each attempt, or of a loop as a whole.
    pub timeout: Option<Span>,
    /// When and how often it is tried; one attempt when the document says nothing.
    pub retry: Arc<Retry>,
    /// What its failure does to the run, or to the pass of a loop that it stands in.
    pub on_error: OnError,
    /// Whether it may run again when it is not known whether it ran.
    pub delivery: Delivery,
    /// The key that makes repeating it harmless, when the document gives one.
    pub idempotency_key: Option<Template>,
    /// The secrets that its configuration holds places for.
    pub secrets: Vec<SecretPlace>,
    /// The connection that its attempts go over.
    pub connection: Option<Arc<str>>,
    /// What it does to the world, when the document says so.
    pub effects: Option<EffectLevel>,
    /// What its output has to be, when the document says so; one for all steps that say the same.
    pub output_check: Option<Arc<OutputCheck>>,
    /// What its output has to show again of what it was sent, when the document says so.
    pub answers_to: Option<Box<AnswersTo>>,
    /// What undoes it, an index in [`Plan::blocks`]; only where the document asks for it.
    pub undo: Option<usize>,
    /// How it is found out whether it happened when that is not known.
    pub probe: Option<Box<ProbePlan>>,
}

/// What a step does.
#[derive(Debug)]
pub enum Work {
    /// An action.
    Action(ActionKind),
    /// Its body, several times.
    Loop(Box<LoopPlan>),
}

impl Work {
    /// The kind of action; none for a loop.
    pub fn kind(&self) -> Option<ActionKind> {
        match self {
            Self::Action(kind) => Some(*kind),
            Self::Loop(_) => None,
        }
    }

    /// The name in answers: that of the action, or `for_each` or `repeat`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Action(kind) => kind.name(),
            Self::Loop(plan) => plan.times.name(),
        }
    }

    /// The loop, if it is one.
    pub fn looped(&self) -> Option<&LoopPlan> {
        match self {
            Self::Action(_) => None,
            Self::Loop(plan) => Some(plan),
        }
    }
}

/// A step that comes before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its index in [`Block::steps`].
    pub step: usize,
    /// The case that must have been taken, for a switch.
    pub case: Option<String>,
    /// It only has to have ended: the reader names its status or error, or says `| default(…)`. The
    /// join does not count it.
    pub order_only: bool,
}

impl Plan {
    /// Compiles a document.
    ///
    /// # Errors
    /// Everything that keeps it from running. Recorded tools that nothing maps yet (`tool` steps) do
    /// not: they are replayed.
    pub fn compile(document: Arc<Document>) -> Result<Self, Vec<Finding>> {
        build::build(document, false)
    }

    /// The digest of the document that it was made from.
    pub fn digest(&self) -> &Digest {
        let made = || definition::digest(&self.document);
        self.digest.get_or_init(made)
    }

    /// Checks given inputs against the document: all that are required are there, none is unknown, each
    /// fits its schema. Gives them with defaults, in document order. Null counts as no inputs.
    ///
    /// # Errors
    /// All that is wrong, with JSON Pointers into the inputs.
    pub fn check_inputs(&self, given: &Value) -> Result<Json, Vec<Finding>> {
        inputs::check(&self.inputs, given)
    }

    /// All that its steps may touch.
    pub fn capabilities(&self) -> &Arc<Capabilities> {
        let made = || Arc::new(Capabilities::of(&self.document));
        self.capabilities.get_or_init(made)
    }

    /// The document's own list of steps.
    pub fn top(&self) -> &Block {
        // A plan is never made without it.
        &self.blocks[0]
    }

    /// The steps of the document's own list.
    pub fn steps(&self) -> &[PlannedStep] {
        &self.top().steps
    }

    /// The index of a step in [`Plan::steps`].
    pub fn step(&self, id: &str) -> Option<usize> {
        self.top().step(id)
    }
}

#[cfg(test)]
mod tests;
