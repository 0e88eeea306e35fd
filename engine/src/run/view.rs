//! A run as people and programs see it.

use super::looping::LoopState;
use super::retry::FENCED_OFF;
use super::scope::{Place, TOP};
use super::state::AttemptState;
use super::state::{Ending, Phase, State, Timer};
use super::{GateStatus, Notice, Run};
use crate::definition::FailureClass;
use crate::event::{
    ApprovalRequest, Change, Decision, Failure, Probed, SkipReason, Status, StepPath,
};
use crate::expression::{Frame, Values};
use crate::plan::{ActionKind, NotifyPlan, Plan, SecretPlace};
use crate::{ApprovalId, Json, RunId, Span, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

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
    /// What it waits for, when that is an event (its type, and what must be in it) or the rate of a
    /// connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// The earlier run that its result was kept from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub kept_from: Option<RunId>,
    /// How what undoes it stands, once the run undoes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<Status>,
    /// What its check says, where it has one and was uncertain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckView>,
    /// How far a loop has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes: Option<PassesView>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What the check of a step says.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckView {
    /// Whether the step happened; null while it looks.
    pub answer: Option<Probed>,
    /// Why it does not know.
    pub error: Option<Failure>,
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

/// What became of telling somebody of a gate.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NoticeView {
    /// 0 for the request; each reminder and escalation counts one up.
    pub notice: u32,
    /// Which action of the gate's `notify`, from 0.
    pub index: u32,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was known.
    pub at: Timestamp,
    /// Why it did not work; null when it did.
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
    /// Who is asked now.
    pub approvers: Vec<String>,
    /// When its time runs out now.
    pub expires_at: Option<Timestamp>,
    /// Whether others were asked because its time ran out.
    pub escalated: bool,
    /// How often it was brought to mind.
    pub reminders: u32,
    /// How often the gate was sent back before it asked this.
    pub round: u32,
    /// Whether it can be sent back.
    pub can_send_back: bool,
    /// Why it is void.
    pub changes: Vec<Change>,
    /// What became of telling people.
    pub notices: Vec<NoticeView>,
}

impl AttemptState {
    /// Whether it failed by itself, or was given up because nothing is known of the run that it had started.
    fn has_failed(&self) -> bool {
        let failure = self.failure.as_deref();
        match self.status {
            Status::Failed => {
                failure.is_none_or(|failure| failure.class != FailureClass::Interrupted)
            }
            Status::Uncertain => failure.is_some_and(|failure| failure.code == FENCED_OFF),
            _ => false,
        }
    }
}

impl Run {
    /// Its steps in the order of the document, those of a loop's passes behind the loop, and what undoes or
    /// checks a step behind the step; then those of the handlers that have begun.
    pub fn steps(&self) -> Vec<StepView> {
        let mut views = Vec::with_capacity(self.state.held);
        self.view_scope(TOP, &mut views);
        for (_, scope) in &self.state.handling.begun {
            if let Some(scope) = scope {
                self.view_scope(*scope, &mut views);
            }
        }
        views
    }

    fn view_scope(&self, scope: usize, views: &mut Vec<StepView>) {
        for &step in &self.state.scopes[scope].list(&self.plan).written {
            let place = Place { scope, step };
            views.push(self.step_view(place));
            if let Some(undo) = self.state.step(place).undo {
                self.view_scope(undo, views);
            }
            if let Some(probe) = &self.state.step(place).probe {
                self.view_scope(probe.scope, views);
            }
            let looped = self.state.step(place).looped.iter();
            for pass in looped.flat_map(|looped| looped.passes.values()) {
                if let Some(scope) = pass.scope {
                    self.view_scope(scope, views);
                }
            }
        }
    }

    /// The idempotency key of a step that has begun.
    pub fn key_of(&self, path: &StepPath) -> Option<&str> {
        let place = self.state.place_of_step(&self.plan, path)?;
        self.state.step(place).key.as_deref()
    }

    /// How often attempts of a step have failed by themselves, whether `retry` or a person had it tried again:
    /// those that ended with the process are not counted. One counts that was given up because nothing is known of the
    /// run that it had started: it is not to be found again.
    pub fn failed_attempts(&self, path: &StepPath) -> usize {
        let place = self.state.place_of_step(&self.plan, path);
        let attempts = place.map_or(&[][..], |place| &self.state.step(place).attempts);
        attempts
            .iter()
            .filter(|attempt| attempt.has_failed())
            .count()
    }

    /// The fence of the first attempt of a step after the last one that is counted so: those since then have started one
    /// run, if any. Nothing where there is none.
    pub fn fence_since_failed(&self, path: &StepPath) -> Option<u64> {
        let place = self.state.place_of_step(&self.plan, path)?;
        let attempts = self.state.step(place).attempts.iter().rev();
        let since = attempts.take_while(|attempt| !attempt.has_failed());
        since.last().map(|attempt| attempt.fence)
    }

    /// Why a value is no output of a step, if it is not: what its `output_schema` says.
    pub fn misfit(&self, path: &StepPath, output: &Json) -> Option<Failure> {
        let place = self.state.place_of_step(&self.plan, path)?;
        self.state.misfit(&self.plan, place, output)
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
            error: attempt.failure.as_deref().cloned(),
        });
        StepView {
            id: planned.id.to_string(),
            path: self.state.path(&self.plan, place),
            action: planned.work.name(),
            status: self.state.status(place),
            attempts: attempts.collect(),
            input: step.input.clone(),
            output: value.output.clone(),
            error: value.error.as_deref().cloned(),
            skipped: step.skip.as_deref().cloned(),
            approval_id: step.gate.as_ref().map(|gate| gate.request.approval),
            waits_until: match step.phase {
                Phase::Retrying { due } => Some(due),
                Phase::Waiting { until } => Some(until),
                Phase::Listening => step.silence(),
                Phase::Looping => step.looped.as_ref().and_then(|looped| looped.due),
                _ => None,
            },
            waits_for: match &step.phase {
                Phase::Listening => self.listening_at(place).map(|listening| listening.says()),
                Phase::Throttled(wait) => {
                    Some(format!("the rate of connection {}", wait.connection))
                }
                _ => None,
            },
            kept_from: step.kept_from.as_deref().copied(),
            undo: self.state.undo_status(place),
            check: step.probe.as_deref().map(|probe| CheckView {
                answer: probe.answer,
                error: probe.failure.clone(),
            }),
            passes: step.looped.as_deref().map(passes_view),
            started_at: step.started_at,
            finished_at: step.finished_at,
        }
    }

    /// The gates that it has reached, in the order of their ids; one that asked anew is there with each
    /// of its requests.
    pub fn approvals(&self) -> Vec<ApprovalView> {
        let places = self.state.approvals.values();
        let asked = places.filter_map(|place| self.state.approval_at(&self.plan, *place));
        let mut all: Vec<_> = asked.chain(self.state.closed.values().cloned()).collect();
        all.sort_by_key(|gate| gate.request.approval);
        all
    }

    /// One gate.
    pub fn approval(&self, id: ApprovalId) -> Option<ApprovalView> {
        let closed = self.state.closed.get(&id).cloned();
        closed.or_else(|| {
            let place = *self.state.approvals.get(&id)?;
            self.state.approval_at(&self.plan, place)
        })
    }

    /// The gate that a step reached; of one that asked anew the last request.
    pub fn approval_of(&self, step: &StepPath) -> Option<ApprovalView> {
        let place = self.state.place_of_step(&self.plan, step)?;
        self.state.approval_at(&self.plan, place)
    }

    /// The requests of a step's gate that were sent back or are void, and those of gates in a loop of
    /// that path.
    pub fn closed_approvals(&self) -> impl Iterator<Item = &ApprovalView> {
        self.state.closed.values()
    }

    /// Why an approval cannot be given as it stands: what is not as it was when the gate asked.
    pub fn approval_changes(&self, id: ApprovalId) -> Vec<Change> {
        let place = self.state.approvals.get(&id);
        let gate = place.and_then(|place| Some((place, self.state.step(*place).gate.as_ref()?)));
        // Where nobody could be asked anew, each step is looked at when it would begin.
        let gate = gate
            .filter(|(place, _)| super::changes::may_ask_anew(&self.state, &self.plan, **place));
        gate.map_or_else(Vec::new, |(place, gate)| {
            let mut changes =
                super::changes::changes(&self.state, &self.plan, *place, &gate.request);
            changes.extend(self.child_changes(*place));
            changes
        })
    }

    /// Whom it is still to be told that gates ask, in order.
    pub fn notices(&self) -> Vec<Notice> {
        let gates = self.state.approvals.iter();
        gates
            .filter_map(|(approval, place)| {
                Some((approval, self.state.step(*place).gate.as_ref()?))
            })
            .filter(|(_, gate)| gate.status == GateStatus::Pending)
            .flat_map(|(approval, gate)| {
                gate.untold.iter().map(|(notice, index)| Notice {
                    approval: *approval,
                    notice: *notice,
                    index: *index,
                })
            })
            .collect()
    }

    /// What is done to tell somebody of a gate, where that is still to be done. `approval` is what the
    /// expressions in it see under that name; whom a link in it is made for is said by
    /// [`Run::notified_person`].
    ///
    /// # Errors
    /// When an expression in it has no value.
    pub fn notice(&self, notice: Notice, approval: &Json) -> Option<Result<Message, Failure>> {
        let (place, plan) = self.notify_plan(notice)?;
        let values = self.noticed_values(place, approval);
        Some(match plan.with.render(&values) {
            Ok(input) => Ok(Message {
                kind: plan.kind,
                input,
                secrets: plan.secrets.clone(),
                timeout: plan.timeout,
            }),
            Err(error) => Err(super::failure::of_expression(&error, "notify")),
        })
    }

    /// The person whom the link in a notice is made for (`user:<name>`), where there is one.
    pub fn notified_person(&self, notice: Notice, approval: &Json) -> Option<String> {
        let (place, plan) = self.notify_plan(notice)?;
        let values = self.noticed_values(place, approval);
        let person = plan.person.as_ref()?.render(&values).ok()?;
        person.value().as_str().map(ToOwned::to_owned)
    }

    fn noticed_values(&self, place: Place, approval: &Json) -> Arc<Values> {
        let mut values = (*self.state.values(place.scope)).clone();
        let mut frame = Frame::default();
        frame.locals.push(("approval".into(), approval.clone()));
        values.frames.insert(0, Arc::new(frame));
        Arc::new(values)
    }

    fn notify_plan(&self, notice: Notice) -> Option<(Place, &NotifyPlan)> {
        let place = *self.state.approvals.get(&notice.approval)?;
        let gate = self.state.step(place).gate.as_ref()?;
        if gate.status != GateStatus::Pending
            || !gate.untold.contains(&(notice.notice, notice.index))
        {
            return None;
        }
        let plan = self.state.planned(&self.plan, place).gate.as_ref()?;
        let index = usize::try_from(notice.index).ok()?;
        Some((place, plan.notify.get(index)?))
    }

    /// What it waits for, or how it ended, in one sentence without a full stop.
    pub fn waits_for(&self) -> String {
        self.waits_for_with(|_| None)
    }

    /// As [`Run::waits_for`], with what is known elsewhere: of steps that wait for the rate of a connection, and of
    /// those that wait for a run that they have started.
    pub fn waits_for_with(&self, rate: impl Fn(&StepPath) -> Option<String>) -> String {
        if let Some(finish) = &self.state.finish {
            return match &finish.failure {
                Some(failure) => format!("{}: {}", finish.status.name(), failure.message),
                None => finish.status.name().to_owned(),
            };
        }
        if self.goes_on() {
            return "goes on at once".into();
        }
        if let Some(pause) = &self.state.paused {
            return match &pause.reason {
                Some(reason) => format!("paused by {}: {reason}", pause.by),
                None => format!("paused by {}", pause.by),
            };
        }
        if self.state.is_queued() {
            return "waits for its turn".into();
        }
        let scopes = self.state.scopes.iter();
        let places = scopes.flat_map(|(scope, inner)| {
            (0..inner.steps.len()).map(move |step| Place { scope, step })
        });
        let mut parts: Vec<String> = places
            .filter_map(|place| self.step_waits_for(place, &rate))
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
        if let Some(current) = &self.state.handling.current {
            return format!("{text}; `{}` runs", current.list.name());
        }
        match self.state.ending {
            Some(Ending::Failing) => format!("{text}; the run is failing"),
            _ => text,
        }
    }

    /// The steps that go on only when a person says how: `paused` ones failed, and of `uncertain` ones nobody
    /// knows whether they happened.
    pub fn left_to_people(&self) -> Vec<(StepPath, Status)> {
        let scopes = self.state.scopes.iter();
        scopes
            .flat_map(|(scope, inner)| {
                let places = (0..inner.steps.len()).map(move |step| Place { scope, step });
                places.filter(|place| {
                    let phase = &self.state.step(*place).phase;
                    matches!(phase, Phase::Paused { .. } | Phase::Uncertain)
                })
            })
            .map(|place| {
                let status = self.state.status(place);
                (self.state.path(&self.plan, place), status)
            })
            .collect()
    }

    /// Whether it goes on without anybody outside: an attempt is under way, or a time is set at which something
    /// begins or is over. Limits count only where it waits for nobody: what waits for people or an event and has
    /// a limit waits.
    pub fn moves_by_itself(&self) -> bool {
        let state = &self.state;
        if self.is_over() {
            return false;
        }
        if self.goes_on() || !state.running.is_empty() {
            return true;
        }
        if state.paused.is_some() || state.is_queued() {
            return false;
        }
        let begins = |timer: Timer| matches!(timer, Timer::Retry | Timer::Wait | Timer::Pass);
        let waits = !state.listening.is_empty()
            || !self.left_to_people().is_empty()
            || state.approvals.values().any(|place| {
                let gate = state.step(*place).gate.as_ref();
                gate.is_some_and(|gate| gate.status == GateStatus::Pending)
            });
        state.timers.iter().any(|(_, timer, _)| begins(*timer))
            || (!waits && self.next_deadline().is_some())
    }

    fn step_waits_for(
        &self,
        place: Place,
        rate: &impl Fn(&StepPath) -> Option<String>,
    ) -> Option<String> {
        let step = self.state.step(place);
        if matches!(step.phase, Phase::Queued | Phase::Over) {
            return None;
        }
        let path = self.state.path(&self.plan, place);
        Some(match &step.phase {
            Phase::Running if self.state.is_child(&self.plan, place) && rate(&path).is_some() => {
                format!("step {path} {}", rate(&path)?)
            }
            Phase::Running => {
                let number = step.attempts.last().map_or(1, |attempt| attempt.number);
                format!("attempt {number} of step {path} runs")
            }
            Phase::Retrying { due } => format!("step {path} is tried again at {due}"),
            Phase::Throttled(wait) => match rate(&path) {
                Some(says) => format!("step {path} {says}"),
                None => format!(
                    "step {path} waits for the rate of connection {}",
                    wait.connection
                ),
            },
            Phase::Waiting { until } => format!("step {path} waits until {until}"),
            Phase::Listening => {
                format!("step {path} waits for {}", self.listening_at(place)?.says())
            }
            Phase::Asking => match &step.gate {
                Some(gate) if gate.request.needed > 1 => format!(
                    "waits for an approval of step {path} ({} of {})",
                    gate.decisions.len(),
                    gate.request.needed
                ),
                _ => format!("waits for an approval of step {path}"),
            },
            Phase::Uncertain => match step.probe.as_ref().and_then(|p| p.failure.as_ref()) {
                Some(failure) => format!(
                    "a person must find out whether step {path} happened, for its check does not know: {}",
                    failure.message.trim_end_matches('.')
                ),
                None => format!("a person must find out whether step {path} happened"),
            },
            Phase::Probing => format!("its check finds out whether step {path} happened"),
            Phase::Paused { failure } => {
                format!(
                    "step {path} failed and waits for a person: {}",
                    failure.message.trim_end_matches('.')
                )
            }
            Phase::Looping => {
                let due = step.looped.as_ref()?.due?;
                format!("the next pass of step {path} begins at {due}")
            }
            Phase::Queued
            | Phase::Broken { .. }
            | Phase::Interrupted
            | Phase::Told { .. }
            | Phase::Over => return None,
        })
    }
}

impl State {
    /// The gate that a step reached.
    pub(super) fn approval_at(&self, plan: &Plan, place: Place) -> Option<ApprovalView> {
        let step = self.step(place);
        let gate = step.gate.as_ref()?;
        Some(ApprovalView {
            step: self.path(plan, place),
            request: gate.request.clone(),
            status: gate.status,
            decisions: gate.decisions.clone(),
            requested_at: gate.requested_at,
            closed_at: step.finished_at,
            approvers: gate.approvers.clone(),
            expires_at: gate.expires_at,
            escalated: gate.escalated,
            reminders: gate.reminders,
            round: step.sent_back,
            can_send_back: gate.status == GateStatus::Pending
                && super::gate::cannot_send_back(self, plan, place).is_none(),
            changes: Vec::new(),
            notices: gate.told.clone(),
        })
    }
}

/// What is done to tell somebody of a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What to do.
    pub kind: ActionKind,
    /// The rendered configuration; secrets still stand in it as `{{ secrets.NAME }}`.
    pub input: Json,
    /// The secrets that may be filled in.
    pub secrets: Vec<SecretPlace>,
    /// Time limit of each try.
    pub timeout: Option<Span>,
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
