//! The state of a run and of its steps.
//!
//! A step goes through these phases. Facts stand on the arrows; a phase in brackets lasts only until
//! the next fact of the same turn, and a journal that was cut there goes on from it.
//!
//! | Phase          | Fact                                      | Next phase                                  |
//! |----------------|-------------------------------------------|---------------------------------------------|
//! | `Queued`       | `StepSkipped`                             | `Over` (skipped)                            |
//! | `Queued`       | `StepEvaluated`, `StepKept`               | `Over` (succeeded)                          |
//! | `Queued`       | `StepFailed` (an expression has no value) | `Over` (failed)                             |
//! | `Queued`       | `AttemptStarted`                          | `Running`                                   |
//! | `Queued`       | `WaitStarted`                             | `Waiting`                                   |
//! | `Queued`       | `ApprovalRequested`                       | `Asking`                                    |
//! | `Running`      | `AttemptFinished` succeeded               | `Over` (succeeded)                          |
//! | `Running`      | `AttemptFinished` failed                  | [Broken]; [Interrupted] for a death         |
//! | `Running`      | `AttemptInterrupted`                      | [Interrupted]                               |
//! | [Broken]       | `RetryScheduled`                          | `Retrying`                                  |
//! | [Broken]       | `StepFailed`                              | `Over` (failed)                             |
//! | [Broken]       | `StepUncertain`                           | `Uncertain`                                 |
//! | [Interrupted]  | `AttemptStarted`                          | `Running`                                   |
//! | [Interrupted]  | `StepUncertain` (at most once)            | `Uncertain`                                 |
//! | [Interrupted]  | `StepFailed` (quarantined)                | `Over` (failed)                             |
//! | `Retrying`     | `AttemptStarted`                          | `Running`                                   |
//! | `Waiting`      | `WaitFinished`                            | `Over` (succeeded)                          |
//! | `Asking`       | `ApprovalDecided`                         | `Asking`, `Over` (succeeded or rejected)    |
//! | `Asking`       | `ApprovalExpired`                         | `Over` (rejected, or succeeded)             |
//! | `Uncertain`    | `AttemptFinished` succeeded               | `Over` (succeeded)                          |
//! | `Uncertain`    | `StepFailed`                              | `Over` (failed)                             |
//! | `Uncertain`    | `AttemptStarted`                          | `Running`                                   |
//! | all but `Queued` and `Over` | `StepCanceled`               | `Over` (canceled)                           |

use super::GateStatus;
use crate::event::{ApprovalRequest, Decision, Failure, SkipReason, Start, Status};
use crate::expression::Values;
use crate::plan::Plan;
use crate::{ApprovalId, Json, RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a step is in its life; how it ended stands in [`Values::steps`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    /// Not begun.
    Queued,
    /// Its last attempt runs.
    Running,
    /// Its last attempt failed; what follows is decided in the same turn.
    Broken {
        failure: Failure,
        retry_after_ms: Option<u64>,
    },
    /// Its last attempt ended with the process; what follows is decided in the same turn.
    Interrupted,
    /// It is tried again at that time.
    Retrying { due: Timestamp },
    /// It is a `wait` until that time.
    Waiting { until: Timestamp },
    /// It is a gate that asks.
    Asking,
    /// Nobody knows whether it happened.
    Uncertain,
    /// Nothing more happens to it.
    Over,
}

/// One try.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AttemptState {
    pub(super) number: u32,
    pub(super) fence: u64,
    pub(super) status: Status,
    pub(super) started_at: Timestamp,
    pub(super) deadline: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) failure: Option<Failure>,
}

/// A gate that was reached.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GateState {
    pub(super) request: ApprovalRequest,
    pub(super) requested_at: Timestamp,
    pub(super) decisions: Vec<Decision>,
    pub(super) status: GateStatus,
}

/// What a failure or refusal of a step means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is none.
    None,
    /// This many handlers have not been decided.
    Open(usize),
    /// A handler ran.
    Handled,
    /// No handler ran: the run fails or is rejected.
    Unhandled,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepState {
    pub(super) phase: Phase,
    /// Steps before it that have not ended.
    pub(super) open_needs: usize,
    pub(super) attempts: Vec<AttemptState>,
    pub(super) input: Option<Json>,
    pub(super) key: Option<Arc<str>>,
    /// Attempts that failed by themselves: only these use up retries.
    pub(super) failures: u32,
    /// Deaths of the process in a row while its attempt was the only one.
    pub(super) deaths: u32,
    pub(super) gate: Option<Box<GateState>>,
    pub(super) skip: Option<SkipReason>,
    pub(super) kept_from: Option<RunId>,
    pub(super) trouble: Trouble,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
}

/// Why a run is ending although steps are left.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    /// A failure or refusal was not handled: only handlers still run.
    Failing,
    /// Somebody asked for it.
    Canceled { by: String, reason: Option<String> },
    /// The run's own time ran out.
    TimedOut,
}

/// What a point in time is for. The order breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Retry,
    Wait,
    Expiry,
    Attempt,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finish {
    pub(super) status: Status,
    pub(super) outputs: Option<Json>,
    pub(super) failure: Option<Failure>,
    pub(super) at: Timestamp,
}

/// Everything that a run knows: the fold of its facts.
///
/// The sets are indexes over `steps`, so that no fact costs a walk over all of them.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) start: Box<Start>,
    pub(super) created_at: Timestamp,
    pub(super) values: Arc<Values>,
    pub(super) steps: Vec<StepState>,
    /// Steps that are not over.
    pub(super) open: usize,
    /// Queued steps whose needs have all ended.
    pub(super) ready: BTreeSet<usize>,
    /// Steps in a phase that lasts only until the next fact.
    pub(super) unsettled: BTreeSet<usize>,
    /// Steps with a running attempt.
    pub(super) running: BTreeSet<usize>,
    /// Steps that must end because the run does.
    pub(super) to_end: BTreeSet<usize>,
    pub(super) timers: BTreeSet<(Timestamp, Timer, usize)>,
    pub(super) approvals: BTreeMap<ApprovalId, usize>,
    /// The highest fence given out.
    pub(super) fence: u64,
    pub(super) last_seq: u64,
    pub(super) ending: Option<Ending>,
    /// The first step whose failure was not handled.
    pub(super) failed: Option<usize>,
    /// The first step whose refusal was not handled.
    pub(super) refused: Option<usize>,
    pub(super) finish: Option<Finish>,
}

impl State {
    pub(super) fn new(plan: &Plan, start: Box<Start>, at: Timestamp) -> Self {
        let facts = crate::expression::RunFacts {
            id: start.run,
            started_at: at,
            scheduled_at: start.scheduled_at,
        };
        let mut values = Values::new(
            start.inputs.clone(),
            start.trigger.clone(),
            facts,
            plan.names.clone(),
        );
        values.steps.resize_with(plan.steps.len(), Default::default);
        let steps: Vec<StepState> = plan
            .steps
            .iter()
            .map(|step| StepState::new(distinct_needs(step)))
            .collect();
        let ready = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.open_needs == 0)
            .map(|(index, _)| index)
            .collect();
        Self {
            start,
            created_at: at,
            values: Arc::new(values),
            open: steps.len(),
            steps,
            ready,
            unsettled: BTreeSet::new(),
            running: BTreeSet::new(),
            to_end: BTreeSet::new(),
            timers: BTreeSet::new(),
            approvals: BTreeMap::new(),
            fence: 0,
            last_seq: 1,
            ending: None,
            failed: None,
            refused: None,
            finish: None,
        }
    }

    /// How a step stands.
    pub(super) fn status(&self, index: usize) -> Status {
        self.values
            .steps
            .get(index)
            .and_then(|value| value.status)
            .unwrap_or(Status::Queued)
    }
}

/// How many different steps it needs: two cases of one switch are one.
fn distinct_needs(step: &crate::plan::PlannedStep) -> usize {
    let needs = &step.needs;
    match needs.as_slice() {
        [] => 0,
        [_] => 1,
        _ => needs
            .iter()
            .map(|need| need.step)
            .collect::<BTreeSet<_>>()
            .len(),
    }
}

impl StepState {
    fn new(open_needs: usize) -> Self {
        Self {
            phase: Phase::Queued,
            open_needs,
            attempts: Vec::new(),
            input: None,
            key: None,
            failures: 0,
            deaths: 0,
            gate: None,
            skip: None,
            kept_from: None,
            trouble: Trouble::None,
            started_at: None,
            finished_at: None,
        }
    }

    /// The point in time that its phase waits for.
    pub(super) fn timer(&self) -> Option<(Timestamp, Timer)> {
        match &self.phase {
            Phase::Running => self
                .attempts
                .last()
                .and_then(|attempt| attempt.deadline)
                .map(|at| (at, Timer::Attempt)),
            Phase::Retrying { due } => Some((*due, Timer::Retry)),
            Phase::Waiting { until } => Some((*until, Timer::Wait)),
            Phase::Asking => self
                .gate
                .as_ref()
                .and_then(|gate| gate.request.expires_at)
                .map(|at| (at, Timer::Expiry)),
            _ => None,
        }
    }
}

impl State {
    /// Whether two states are the same in every part.
    pub(super) fn same(&self, other: &Self) -> bool {
        let values = self.values.steps.len() == other.values.steps.len()
            && self
                .values
                .steps
                .iter()
                .zip(&other.values.steps)
                .all(|(a, b)| a.status == b.status && a.output == b.output && a.error == b.error);
        values
            && self.start == other.start
            && self.created_at == other.created_at
            && self.values.inputs == other.values.inputs
            && self.values.trigger == other.values.trigger
            && self.steps == other.steps
            && self.open == other.open
            && self.ready == other.ready
            && self.unsettled == other.unsettled
            && self.running == other.running
            && self.to_end == other.to_end
            && self.timers == other.timers
            && self.approvals == other.approvals
            && self.fence == other.fence
            && self.last_seq == other.last_seq
            && self.ending == other.ending
            && self.failed == other.failed
            && self.refused == other.refused
            && self.finish == other.finish
    }
}
