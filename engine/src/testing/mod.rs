//! For tests of this and of other crates: random documents, and a simulator that lives runs through
//! random answers, late and double ones, clock steps, cancels, decisions and crashes, and holds the laws
//! ([`Law`]) against them after every input. What it comes by is counted ([`Coverage`]), and bugs are
//! planted to see that each law catches one.

mod children;
mod coverage;
mod document;
mod law;
mod names;
#[cfg(test)]
mod planted;
mod random;
mod simulator;
mod throttle;
mod world;

pub use coverage::Coverage;
pub use document::{
    DocumentSpec, EVENT_TYPES, ForEachSpec, GRANTS, HANDED_ON, KindSpec, NeedSpec, OutputSpec,
    RepeatSpec, ReviewSpec, StepSpec, WhenSpec, documents,
};
pub use law::{Broken, Law, Looked, Watch};
pub(crate) use names::names;
#[cfg(test)]
pub(crate) use planted::{Bug, chance, planted};
pub use random::Random;
pub use simulator::{Life, Lost, Report, live};

use crate::event::Start;
use crate::plan::Plan;
use crate::{Json, RunId};
use serde_json::{Value, json};
use std::sync::Arc;

/// The plan of a document given as JSON; `druse` and `name` may be left out.
///
/// # Panics
/// When it is not a document that can be run: tests only.
pub fn plan(document: &Value) -> Arc<Plan> {
    let mut full = json!({"druse": 1, "name": "test"});
    if let (Some(full), Some(given)) = (full.as_object_mut(), document.as_object()) {
        full.extend(given.clone());
    }
    let document = serde_json::from_value(full).expect("a test's document has the right shape");
    let plan = Plan::compile(Arc::new(document)).expect("a test's document compiles");
    Arc::new(plan)
}

/// How a manual run of a plan starts.
pub fn start(plan: &Plan, inputs: Value) -> Start {
    let run = RunId::from_parts(1_800_000_000_000, [7; 10]);
    Start {
        run,
        automation: None,
        name: plan.document.name.clone(),
        version: 1,
        digest: plan.digest().clone(),
        cause: json!({"kind": "manual"}).into(),
        started_by: "user:ana".into(),
        inputs: inputs.into(),
        trigger: Json::null(),
        scheduled_at: None,
        root: run,
        depth: 0,
    }
}

#[cfg(test)]
mod docs;
#[cfg(test)]
mod example;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use example::right_documents;
#[cfg(test)]
pub(crate) use tests::random_plan;
#[cfg(test)]
mod witness;
