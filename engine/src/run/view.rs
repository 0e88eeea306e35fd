//! A run as people and programs see it.

use super::state::{Ending, Phase};
use super::{GateStatus, Run};
use crate::event::{ApprovalRequest, Decision, Failure, SkipReason, Status, StepPath};
use crate::{ApprovalId, Json, RunId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StepView {
    /// Its id in the document.
    pub id: String,
    /// Where it stands in the run.
    pub path: StepPath,
    /// The kind of action.
    pub action: &'static str,
    /// How it stands.
    pub status: Status,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptView>,
    /// The rendered configuration of its attempts, without secrets; null when there were none.
    pub input: Option<Json>,
    /// What it gave.
    pub output: Option<Json>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// Why it did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<SkipReason>,
    /// The approval that it asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub approval_id: Option<ApprovalId>,
    /// Until when it waits, or when it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_until: Option<Timestamp>,
    /// The earlier run that its result was kept from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub kept_from: Option<RunId>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// One try of a step.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AttemptView {
    /// From 1.
    pub number: u32,
    /// How it stands. One that ended with the process is `failed` with an error of class `interrupted`.
    pub status: Status,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<Failure>,
}

/// A gate that was reached.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalView {
    /// The step.
    pub step: StepPath,
    /// What it shows and asks.
    pub request: ApprovalRequest,
    /// How it stands.
    pub status: GateStatus,
    /// The answers so far.
    pub decisions: Vec<Decision>,
    /// When it was asked.
    pub requested_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
}

impl Run {
    /// Its steps, in the order of the document.
    pub fn steps(&self) -> Vec<StepView> {
        let written = &self.plan.document.steps;
        written
            .iter()
            .filter_map(|step| self.step_view(self.plan.step(&step.id)?))
            .collect()
    }

    /// One step, by its path.
    pub fn step(&self, path: &str) -> Option<StepView> {
        self.step_view(self.plan.step(path)?)
    }

    fn step_view(&self, index: usize) -> Option<StepView> {
        let planned = self.plan.steps.get(index)?;
        let step = self.state.steps.get(index)?;
        let value = self.state.values.steps.get(index)?;
        let attempts = step.attempts.iter().map(|attempt| AttemptView {
            number: attempt.number,
            status: attempt.status,
            started_at: attempt.started_at,
            finished_at: attempt.finished_at,
            error: attempt.failure.clone(),
        });
        Some(StepView {
            id: planned.path.to_string(),
            path: planned.path.clone(),
            action: planned.kind.name(),
            status: self.state.status(index),
            attempts: attempts.collect(),
            input: step.input.clone(),
            output: value.output.clone(),
            error: value.error.clone(),
            skipped: step.skip.clone(),
            approval_id: step.gate.as_ref().map(|gate| gate.request.approval),
            waits_until: match step.phase {
                Phase::Retrying { due } => Some(due),
                Phase::Waiting { until } => Some(until),
                _ => None,
            },
            kept_from: step.kept_from,
            started_at: step.started_at,
            finished_at: step.finished_at,
        })
    }

    /// The gates that it has reached, in the order of their ids.
    pub fn approvals(&self) -> Vec<ApprovalView> {
        self.state
            .approvals
            .values()
            .filter_map(|index| self.approval_at(*index))
            .collect()
    }

    /// One gate.
    pub fn approval(&self, id: ApprovalId) -> Option<ApprovalView> {
        self.approval_at(*self.state.approvals.get(&id)?)
    }

    fn approval_at(&self, index: usize) -> Option<ApprovalView> {
        let step = self.state.steps.get(index)?;
        let gate = step.gate.as_ref()?;
        Some(ApprovalView {
            step: self.plan.steps[index].path.clone(),
            request: gate.request.clone(),
            status: gate.status,
            decisions: gate.decisions.clone(),
            requested_at: gate.requested_at,
            closed_at: step.finished_at,
        })
    }

    /// What it waits for, or how it ended, in one sentence without a full stop.
    pub fn waits_for(&self) -> String {
        if let Some(finish) = &self.state.finish {
            return match &finish.failure {
                Some(failure) => format!("{}: {}", finish.status.name(), failure.message),
                None => finish.status.name().to_owned(),
            };
        }
        let mut parts: Vec<String> = self
            .state
            .steps
            .iter()
            .enumerate()
            .filter_map(|(index, _)| self.step_waits_for(index))
            .take(4)
            .collect();
        if parts.len() == 4 {
            parts.truncate(3);
            parts.push("more".into());
        }
        if parts.is_empty() {
            return "goes on with the next input".into();
        }
        let text = parts.join(", and ");
        match self.state.ending {
            Some(Ending::Failing) => format!("{text}; the run is failing"),
            _ => text,
        }
    }

    fn step_waits_for(&self, index: usize) -> Option<String> {
        let step = self.state.steps.get(index)?;
        let path = &self.plan.steps[index].path;
        Some(match &step.phase {
            Phase::Running => {
                let number = step.attempts.last().map_or(1, |attempt| attempt.number);
                format!("attempt {number} of step {path} runs")
            }
            Phase::Retrying { due } => format!("step {path} is tried again at {due}"),
            Phase::Waiting { until } => format!("step {path} waits until {until}"),
            Phase::Asking => match &step.gate {
                Some(gate) if gate.request.needed > 1 => format!(
                    "waits for an approval of step {path} ({} of {})",
                    gate.decisions.len(),
                    gate.request.needed
                ),
                _ => format!("waits for an approval of step {path}"),
            },
            Phase::Uncertain => {
                format!("a person must find out whether step {path} happened")
            }
            Phase::Queued | Phase::Broken { .. } | Phase::Interrupted | Phase::Over => return None,
        })
    }
}
