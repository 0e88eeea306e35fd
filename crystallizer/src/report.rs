//! The report: what was recorded, what became of it, what is to be looked at, and the proof.

use crate::trust::Label;
use druse_engine::{Finding, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the crystallizer says about a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The figures.
    pub counts: ReportCounts,
    /// The proof: the draft was run through the engine with the recorded answers.
    pub replay: Replay,
    /// The draft run with changed answers (not done in `exact` mode, where nothing flows).
    pub perturbed: Perturbed,
    /// Whose word each value of a step is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// What became of the values that the calls sent; left out in `exact` mode, where all stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<ValueCounts>,
    /// What came of predicting the further recordings of the task; left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_out: Vec<HeldOut>,
    /// The highest level of change at which the draft held; `null` in `exact` mode.
    pub generalisable: Option<Level>,
    /// What only a person can answer.
    pub questions: Vec<Question>,
    /// What is to be looked at.
    pub findings: Vec<Finding>,
    /// What could be made better, without need.
    pub advice: Vec<Advice>,
    /// What running the automation saves against the recorded session: `agent_turns`, and where the recording tells
    /// them `recorded_ms`, `tools_ms`, `agent_ms`, `input_tokens`, `cached_input_tokens`, `output_tokens`, `cost_usd`.
    pub savings: Map<String, Value>,
    /// Whether the recording should become an automation, and what in it may come out otherwise each time.
    #[serde(default)]
    pub judgement: Judgement,
    /// The whole shape of the answers that were recorded, by step: what runs are compared with where somebody looks for
    /// what has changed. Nothing relies on it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub shapes: BTreeMap<String, Json>,
}

/// Whether a recording should become an automation. It stops nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// The answer.
    pub worth: Worth,
    /// What speaks against it: `no_success`, `objected`, `one_step_only`, `exploratory`, `still_changing`, `recordings_differ`,
    /// `no_approval`.
    pub reasons: Vec<Reason>,
    /// What may come out otherwise each time: `model`, `model_wrote`, `search`, `web_search`, `web_fetch`, `time`,
    /// `random`, `paging`, `live`, `open_world`, `person`, `tool_map`, `volatile`, `template`.
    pub flags: Vec<Flag>,
}

/// Whether it is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Worth {
    /// Nothing speaks against it.
    #[default]
    Yes,
    /// Something is to be looked at first.
    LookFirst,
    /// There is little to repeat.
    Hardly,
}

/// Something that speaks against an automation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Stable, snake_case.
    pub code: String,
    /// In one or two sentences.
    pub text: String,
    /// The steps it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// Why steps may do or answer otherwise though nothing else differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flag {
    /// Stable, snake_case.
    pub code: String,
    /// In a few words.
    pub text: String,
    /// The steps, in their order.
    pub steps: Vec<String>,
}

/// The figures of a draft: `calls` = `steps` + `left_out`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReportCounts {
    /// Recorded calls.
    pub calls: u64,
    /// Calls that became a step.
    pub steps: u64,
    /// Approval gates, which stand beside those steps.
    pub gates: u64,
    /// Calls that did not become a step.
    pub left_out: u64,
}

/// What became of the values that the calls sent: texts and numbers, counted where they stand in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ValueCounts {
    /// Bound to what the person said.
    pub said: u64,
    /// Bound to an earlier answer.
    pub answered: u64,
    /// Bound to the day of the run.
    pub clock: u64,
    /// Bound to an input that only the agent ever gave.
    pub repeated: u64,
    /// They stay, and where they come from is a question.
    pub open: u64,
    /// They stay: the agent made them.
    pub made: u64,
    /// They stay for another reason: too small to tell, a tool's default, named in the instructions, a secret.
    pub fixed: u64,
}

impl ValueCounts {
    /// Both together.
    pub(crate) fn with(self, other: &Self) -> Self {
        Self {
            said: self.said + other.said,
            answered: self.answered + other.answered,
            clock: self.clock + other.clock,
            repeated: self.repeated + other.repeated,
            open: self.open + other.open,
            made: self.made + other.made,
            fixed: self.fixed + other.fixed,
        }
    }
}

/// How the replay went: `matched` + `differing` + `missing` = kept calls.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Replay {
    /// Requests equal to the recorded ones.
    pub matched: u64,
    /// Requests that were made differently.
    pub differing: u64,
    /// Requests that were not made.
    pub missing: u64,
    /// What differed and what was missing.
    pub differences: Vec<Difference>,
}

/// One call that the replay did not repeat as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The step; empty where it is about the inputs.
    pub step: String,
    /// The recorded call.
    pub call: String,
    /// `differing` or `missing`.
    pub kind: String,
    /// JSON Pointer into the recorded arguments, or into the request where no argument stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What was recorded, as a whole up to 10,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// What the replay asked for, as a whole up to 10,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<String>,
    /// The same in one sentence.
    pub message: String,
}

/// The replays with changed answers, by what was changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Perturbed {
    /// Ids, dates and numbers renamed consistently.
    pub renamed: Perturbation,
    /// Independent answers in another order.
    pub reordered: Perturbation,
    /// Lists shuffled, with a decoy.
    pub shuffled: Perturbation,
}

/// One replay with changed answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Perturbation {
    /// How it went.
    pub verdict: Verdict,
    /// Values that moved as their source moved.
    pub moved: u64,
    /// Values that stayed.
    pub unmoved: u64,
    /// What went wrong.
    pub differences: Vec<Difference>,
}

/// A further recording of the task, predicted: the draft ran with its inputs and its answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct HeldOut {
    /// The recording: its own id, else its digest.
    pub recording: String,
    /// What people call it: the file or the stored recording that was given; left out where nothing else was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the draft changed there what was changed there, in that order, and asked for nothing unknown.
    pub verdict: Verdict,
    /// Requests that the recording holds.
    pub matched: u64,
    /// Requests that it does not hold.
    pub differing: u64,
    /// Recorded changes that the draft did not ask for.
    pub missing: u64,
    /// What differed and what was missing.
    pub differences: Vec<Difference>,
    /// Why it was not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl HeldOut {
    /// What to call the recording.
    pub(crate) fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.recording)
    }
}

/// How a replay with changed answers went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything moved that had to, and nothing else.
    Passed,
    /// Something did not.
    Failed,
    /// Not done.
    #[default]
    NotRun,
}

/// How far a draft was shown to hold on other data; each level holds the ones before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The same data only.
    Same,
    /// Other names.
    Renamed,
    /// Other order of independent answers.
    Reordered,
    /// Shuffled lists.
    Shuffled,
}

/// Something that only a person can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// Stable within its report.
    pub id: String,
    /// The step it is about.
    pub step: String,
    /// JSON Pointer into the document.
    pub path: String,
    /// The question.
    pub text: String,
    /// The possible answers.
    pub choices: Vec<String>,
    /// What each of them means, in a few words and in the same order: what it takes, from which step's answer, and what
    /// that was in the recording.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The answer that was assumed.
    pub default: String,
}

/// Something that could be made better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Advice {
    /// Stable, snake_case.
    pub code: String,
    /// In one or two sentences.
    pub text: String,
    /// The steps it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// The JSON Schema of a report.
pub fn report_schema() -> Value {
    schemars::schema_for!(Report).to_value()
}

/// The JSON Schema of a session in its normal form.
pub fn session_schema() -> Value {
    schemars::schema_for!(crate::session::Session).to_value()
}
