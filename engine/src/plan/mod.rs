//! A document, compiled once for all of its runs: steps in order, edges, templates and conditions.

mod build;
mod graph;
mod inputs;
mod kind;

pub(crate) use inputs::validator;
pub use inputs::{InputCheck, check_value, is_sensitive};
pub use kind::ActionKind;

pub(crate) use build::{cycle_finding, finding, pointer, unsupported};
pub(crate) use graph::{Graph, split_need};

use crate::definition::{Concurrency, Delivery, Document, EffectLevel, Join, OnError, Retry};
use crate::event::StepPath;
use crate::expression::{Expression, Template};
use crate::{Digest, Finding, Json, Span};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A compiled document.
#[derive(Debug)]
pub struct Plan {
    /// The document that it was made from.
    pub document: Arc<Document>,
    /// Its digest.
    pub digest: Digest,
    /// In topological order; ties as in the document.
    pub steps: Vec<PlannedStep>,
    /// Step id to index in [`Plan::steps`].
    pub names: Arc<BTreeMap<String, usize>>,
    /// The inputs' schemas, compiled, in document order.
    pub inputs: Vec<InputCheck>,
    /// The run's outputs in document order. Render them with [`Template::render_output`].
    pub outputs: Vec<(String, Template)>,
    /// The limit on runs that share a key, with its key compiled.
    pub concurrency: Option<(Template, Concurrency)>,
    /// Time limit of the run.
    pub timeout: Option<Span>,
}

/// A compiled step.
#[derive(Debug)]
pub struct PlannedStep {
    /// Where it stands in a run.
    pub path: StepPath,
    /// What it does.
    pub kind: ActionKind,
    /// What comes before it, in the order of the document, explicit ones first.
    pub needs: Vec<Need>,
    /// Steps that have it among their needs, ascending.
    pub dependants: Vec<usize>,
    /// It is skipped unless this holds.
    pub when: Option<Expression>,
    /// The action's configuration; empty for a switch.
    pub with: Template,
    /// The cases of a switch, in order; one without an expression is the default.
    pub cases: Vec<(String, Option<Expression>)>,
    /// How the outcomes of `needs` are joined.
    pub join: Join,
    /// Time limit of each attempt.
    pub timeout: Option<Span>,
    /// When and how often it is tried; one attempt when the document says nothing.
    pub retry: Retry,
    /// What its failure does to the run.
    pub on_error: OnError,
    /// Whether it may run again when it is not known whether it ran.
    pub delivery: Delivery,
    /// The key that makes repeating it harmless, when the document gives one.
    pub idempotency_key: Option<Template>,
    /// Names of the secrets that its configuration holds places for.
    pub secrets: Vec<String>,
    /// What it does to the world, when the document says so.
    pub effects: Option<EffectLevel>,
}

/// A step that comes before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its index in [`Plan::steps`].
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
        build::build(document)
    }

    /// Checks given inputs against the document: all that are required are there, none is unknown, each
    /// fits its schema. Gives them with defaults, in document order. Null counts as no inputs.
    ///
    /// # Errors
    /// All that is wrong, with JSON Pointers into the inputs.
    pub fn check_inputs(&self, given: &Value) -> Result<Json, Vec<Finding>> {
        inputs::check(&self.inputs, given)
    }

    /// The index of a step in [`Plan::steps`].
    pub fn step(&self, id: &str) -> Option<usize> {
        self.names.get(id).copied()
    }
}

#[cfg(test)]
mod tests;
