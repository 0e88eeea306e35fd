//! A run as callers see it, made from its state.

use super::project::head_of;
use super::{Engine, clock};
use crate::service::{AttemptView, FailureView, QueuePlace, RunView, StepView};
use druse_engine::RunId;
use druse_engine::event::{Status, StepPath};
use druse_engine::flow::RatePlace;
use druse_engine::plan::ActionKind;
use druse_engine::run::Run;
use std::collections::BTreeMap;

/// Of how many steps of a run it is said which place they have among those that wait for a rate.
const MOST_PLACES: usize = 1_000;

impl Engine {
    /// The run with its steps, and why it waits.
    pub(super) fn shown(&self, run: &Run) -> RunView {
        let mut view = view(run);
        self.say_rates(run, &mut view);
        self.say_children(run, &mut view);
        self.say_why(&mut view);
        view
    }

    /// Says of a queued run what it waits for.
    pub fn say_why(&self, view: &mut RunView) {
        if view.status == Status::Queued
            && let Some(wait) = self.why_queued(view.id)
        {
            view.waits_for = Some(wait.sentence());
            view.queue = Some(QueuePlace::from(wait));
        }
        // First of all that it waits for: this one needs somebody.
        if !view.status.is_final()
            && view.waits_for.is_none()
            && let Some(step) = self.step_in_question(view.id)
        {
            view.waits_for = Some(format!(
                "a person must find out whether step {step} happened"
            ));
        }
        if view.status == Status::Waiting && view.waits_for.is_none() {
            view.waits_for = self.says_throttled(view.id);
        }
    }

    /// Says of steps that start other automations which run each has started, and of those that wait for one of which
    /// nothing is known that a person has to find out.
    fn say_children(&self, run: &Run, view: &mut RunView) {
        let lost = self.0.lost.of(run.id());
        let steps = view.steps.iter_mut().flatten();
        for step in steps.filter(|step| step.action == ActionKind::Automation.name()) {
            let path = StepPath::from(step.path.as_str());
            step.child = self.child(run, &path);
            step.child = step.child.or_else(|| said_child(step));
            if let Some(reason) = lost.get(&path).filter(|_| step.status == Status::Running) {
                step.status = Status::Uncertain;
                step.waits_for = Some(format!(
                    "a person who finds out whether it happened, for {reason}"
                ));
            }
        }
    }

    /// Says of steps that wait for the rate of a connection what is known of their place.
    fn say_rates(&self, run: &Run, view: &mut RunView) {
        let throttled = run.throttled();
        if throttled.is_empty() {
            return;
        }
        let now = clock::now();
        let places: BTreeMap<StepPath, RatePlace> = throttled
            .into_iter()
            .take(MOST_PLACES)
            .filter_map(|(step, _)| Some((step.clone(), self.why_throttled(run.id(), &step)?)))
            .collect();
        let says = |step: &StepPath| places.get(step).map(|place| place.sentence(now));
        view.waits_for = Some(run.waits_for_with(says));
        for step in view.steps.iter_mut().flatten() {
            if let Some(place) = places.get(&StepPath::from(step.path.as_str())) {
                step.waits_for = Some(place.sentence(now));
                step.waits_until = Some(place.about);
            }
        }
    }
}

/// The run that a step says it has started: what claimed it is forgotten after a while.
fn said_child(step: &StepView) -> Option<RunId> {
    let output = step.output.as_ref().map(|output| output.value());
    let details = step.error.as_ref().and_then(|error| error.details.as_ref());
    let said = output.or(details.map(|details| details.value()))?;
    said["run_id"].as_str()?.parse().ok()
}

fn view(run: &Run) -> RunView {
    let mut view = RunView::from(&head_of(run));
    if !run.is_over() {
        view.waits_for = Some(run.waits_for());
    }
    view.steps = Some(run.steps().into_iter().map(step_view).collect());
    view.artifacts = super::artifacts::views(run);
    view
}

fn step_view(step: druse_engine::run::StepView) -> StepView {
    StepView {
        id: step.id,
        path: step.path.to_string(),
        action: step.action.to_owned(),
        status: step.status,
        attempts: step
            .attempts
            .into_iter()
            .map(|attempt| AttemptView {
                number: attempt.number,
                status: attempt.status,
                started_at: Some(attempt.started_at),
                finished_at: attempt.finished_at,
                error: attempt.error.map(FailureView::from),
            })
            .collect(),
        input: step.input,
        output: step.output,
        error: step.error.map(FailureView::from),
        skipped: step
            .skipped
            .and_then(|reason| serde_json::to_value(reason).ok()),
        waits_for: step.waits_for,
        waits_until: step.waits_until,
        approval_id: step.approval_id,
        child: None,
        kept_from: step.kept_from,
        undo: step.undo,
        check: step.check,
        passes: step.passes,
        started_at: step.started_at,
        finished_at: step.finished_at,
    }
}
