//! Labels of trust: whose word each value of a draft is, and which steps somebody else than the person may have
//! brought about. A recording is what an agent did, and an agent does what it reads.

mod encoded;
mod fixed;
mod host;
mod key;
mod line;
pub(crate) mod once;
mod request;
mod seen;
mod spot;
mod state;
mod switch;
mod walk;
mod why;

pub(crate) use host::in_program as hosts_in;
pub(crate) use key::{is_path, is_recipient, runs};
pub(crate) use line::{leading, lists};
pub(crate) use request::{Kinds, Request, by_noun, ends_things, is_thing, kinds};
pub(crate) use state::is_of_state;
pub(crate) use switch::each_word as each_of_switch;
pub(crate) use walk::{may_be_influenced, trust};

use druse_engine::{Finding, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Whose word a value of a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Label {
    /// The step.
    pub step: String,
    /// JSON Pointer into the step: `/with/arguments/to`.
    pub path: String,
    /// The host that it is about, where one stands in a line or a program that the value is; none: about all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Whose word it is.
    pub from: Word,
    /// The step that answered it, or the tool where its call is no step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Whose word something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// People or instructions named it.
    Person,
    /// A tool answered it, as a value of its own.
    Tool,
    /// It stood in a text that a tool answered, or in an answer that anybody may write into.
    Open,
    /// The agent made it.
    Agent,
    /// It is the name of a secret.
    Secret,
}

/// Adds findings to those that are there. What is said of a place already is made one to acknowledge.
pub(crate) fn join(all: &mut Vec<Finding>, more: Vec<Finding>) {
    let at = |finding: &Finding| (finding.step.clone(), finding.path.clone());
    let mut places: HashMap<_, usize> = HashMap::new();
    for (index, finding) in all.iter().enumerate() {
        if is_of_trust(finding) {
            places.entry(at(finding)).or_insert(index);
        }
    }
    for finding in more {
        let known = places
            .get(&at(&finding))
            .and_then(|index| all.get_mut(*index));
        match known {
            Some(_) if !finding.acknowledge => {}
            Some(known) => {
                known.acknowledge = true;
                if known.severity == Severity::Info {
                    known.severity = Severity::Warning;
                }
            }
            None => {
                if is_of_trust(&finding) {
                    places.insert(at(&finding), all.len());
                }
                all.push(finding);
            }
        }
    }
}

/// Whether a finding is about whose word a value or step is.
fn is_of_trust(finding: &Finding) -> bool {
    matches!(
        finding.code.as_str(),
        "frozen_from_output" | "flows_into_sink" | "influenced"
    )
}
