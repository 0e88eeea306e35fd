//! A run as people and programs see it.

use super::looping::LoopState;
use super::scope::{Place, TOP};
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
    /// The kind of action; `for_each` or `repeat` for a loop.
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
    /// How far a loop has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes: Option<PassesView>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// How far a loop has come.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PassesView {
    /// How many items there are; null for a `repeat`.
    pub items: Option<u32>,
    /// The number of its first pass. Not zero where it goes on from an earlier run.
    pub first: u32,
    /// How many passes have begun.
    pub begun: u32,
    /// How many are open.
    pub open: u32,
    /// How many have succeeded.
    pub succeeded: u32,
    /// How many have failed or were rejected.
    pub failed: u32,
    /// How many of the succeeded ones were kept from an earlier run.
    pub kept: u32,
    /// Why the first one failed.
    pub error: Option<Failure>,
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
    /// Its steps in the order of the document, those of a loop's passes behind the loop.
    pub fn steps(&self) -> Vec<StepView> {
        let mut views = Vec::with_capacity(self.state.held);
        self.view_scope(TOP, &mut views);
        views
    }

    fn view_scope(&self, scope: usize, views: &mut Vec<StepView>) {
        for &step in &self.state.scopes[scope].list(&self.plan).written {
            let place = Place { scope, step };
            views.push(self.step_view(place));
            let looped = self.state.step(place).looped.iter();
            for pass in looped.flat_map(|looped| looped.passes.values()) {
                if let Some(scope) = pass.scope {
                    self.view_scope(scope, views);
                }
            }
        }
    }

    /// One step, by its path.
    pub fn step(&self, path: &str) -> Option<StepView> {
        let place = self.state.place_of_step(&self.plan, &path.into())?;
        Some(self.step_view(place))
    }

    fn step_view(&self, place: Place) -> StepView {
        let planned = self.state.planned(&self.plan, place);
        let step = self.state.step(place);
        let value = self.state.value(place);
        let attempts = step.attempts.iter().map(|attempt| AttemptView {
            number: attempt.number,
            status: attempt.status,
            started_at: attempt.started_at,
            finished_at: attempt.finished_at,
            error: attempt.failure.clone(),
        });
        StepView {
            id: planned.id.to_string(),
            path: self.state.path(&self.plan, place),
            action: planned.work.name(),
            status: self.state.status(place),
            attempts: attempts.collect(),
            input: step.input.clone(),
            output: value.output.clone(),
            error: value.error.clone(),
            skipped: step.skip.as_deref().cloned(),
            approval_id: step.gate.as_ref().map(|gate| gate.request.approval),
            waits_until: match step.phase {
                Phase::Retrying { due } => Some(due),
                Phase::Waiting { until } => Some(until),
                Phase::Looping => step.looped.as_ref().and_then(|looped| looped.due),
                _ => None,
            },
            kept_from: step.kept_from,
            passes: step.looped.as_deref().map(passes_view),
            started_at: step.started_at,
            finished_at: step.finished_at,
        }
    }

    /// The gates that it has reached, in the order of their ids.
    pub fn approvals(&self) -> Vec<ApprovalView> {
        self.state
            .approvals
            .values()
            .filter_map(|place| self.approval_at(*place))
            .collect()
    }

    /// One gate.
    pub fn approval(&self, id: ApprovalId) -> Option<ApprovalView> {
        self.approval_at(*self.state.approvals.get(&id)?)
    }

    /// The gate that a step reached.
    pub fn approval_of(&self, step: &StepPath) -> Option<ApprovalView> {
        self.approval_at(self.state.place_of_step(&self.plan, step)?)
    }

    fn approval_at(&self, place: Place) -> Option<ApprovalView> {
        let step = self.state.step(place);
        let gate = step.gate.as_ref()?;
        Some(ApprovalView {
            step: self.state.path(&self.plan, place),
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
        if self.goes_on() {
            return "goes on at once".into();
        }
        if self.state.is_queued() {
            return "waits for its turn".into();
        }
        let scopes = self.state.scopes.iter();
        let places = scopes.flat_map(|(scope, inner)| {
            (0..inner.steps.len()).map(move |step| Place { scope, step })
        });
        let mut parts: Vec<String> = places
            .filter_map(|place| self.step_waits_for(place))
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

    fn step_waits_for(&self, place: Place) -> Option<String> {
        let step = self.state.step(place);
        if matches!(step.phase, Phase::Queued | Phase::Over) {
            return None;
        }
        let path = self.state.path(&self.plan, place);
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
            Phase::Looping => {
                let due = step.looped.as_ref()?.due?;
                format!("the next pass of step {path} begins at {due}")
            }
            Phase::Queued | Phase::Broken { .. } | Phase::Interrupted | Phase::Over => return None,
        })
    }
}

fn passes_view(looped: &LoopState) -> PassesView {
    PassesView {
        items: (!looped.is_repeat()).then_some(looped.count),
        first: looped.first,
        begun: looped.next - looped.first,
        open: u32::try_from(looped.open).unwrap_or(u32::MAX),
        succeeded: looped.succeeded,
        failed: looped.failed,
        kept: looped.kept,
        error: looped.first_failure.as_deref().cloned(),
    }
}
