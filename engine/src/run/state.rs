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
//! | `Queued`       | `RateAwaited`                             | `Throttled`                                 |
//! | `Queued`       | `WaitStarted`                             | `Waiting`                                   |
//! | `Queued`       | `EventAwaited`                            | `Listening`                                 |
//! | `Queued`       | `ApprovalRequested`                       | `Asking`                                    |
//! | `Running`      | `AttemptFinished` succeeded               | `Over` (succeeded)                          |
//! | `Running`      | `AttemptFinished` failed                  | [Broken]; [Interrupted] for a death         |
//! | `Running`      | `AttemptInterrupted`                      | [Interrupted]                               |
//! | [Broken]       | `RetryScheduled`                          | `Retrying`                                  |
//! | [Broken]       | `StepFailed`                              | `Over` (failed)                             |
//! | [Broken]       | `StepUncertain`                           | `Uncertain`; `Probing` where it has a check |
//! | [Interrupted]  | `AttemptStarted`                          | `Running`                                   |
//! | [Interrupted]  | `StepUncertain` (at most once)            | `Uncertain`; `Probing` where it has a check |
//! | [Interrupted]  | `StepFailed` (quarantined)                | `Over` (failed)                             |
//! | `Retrying`     | `AttemptStarted`                          | `Running`                                   |
//! | [Interrupted], `Retrying`, `Uncertain`, `Probing`, [Told] | `RateAwaited` | `Throttled`                  |
//! | `Throttled`    | `AttemptStarted`                          | `Running`                                   |
//! | `Throttled`    | `StepFailed` (its time is over)           | `Over` (failed)                             |
//! | `Waiting`      | `WaitFinished`                            | `Over` (succeeded)                          |
//! | `Listening`    | `EventTaken`, `WaitFinished`              | `Over` (succeeded)                          |
//! | `Listening`    | `StepFailed`                              | `Over` (failed)                             |
//! | `Asking`       | `ApprovalDecided`                         | `Asking`, `Over` (succeeded or rejected)    |
//! | `Asking`       | `ApprovalExpired`                         | `Over` (rejected, or succeeded)             |
//! | `Asking`       | `ApprovalReminded`, `ApprovalEscalated`, `ApprovalReassigned` | `Asking`               |
//! | `Asking`       | `ApprovalSentBack`                        | `Queued`, with steps before it              |
//! | `Asking`, `Over` (approved) | `ApprovalVoided`             | `Queued`                                    |
//! | `Uncertain`    | `AttemptFinished` succeeded               | `Over` (succeeded)                          |
//! | `Uncertain`    | `StepFailed`                              | `Over` (failed)                             |
//! | `Uncertain`    | `AttemptStarted`                          | `Running`                                   |
//! | `Uncertain`    | `RetryScheduled` (in a pause, or not its turn) | `Retrying`                             |
//! | `Probing`      | `StepChecked`                             | [Told]; `Uncertain` when it does not know   |
//! | `Probing`      | all that a person makes of `Uncertain`    | as there                                    |
//! | [Told]         | `AttemptFinished` succeeded               | `Over` (succeeded)                          |
//! | [Told]         | `AttemptStarted`, `RetryScheduled`        | `Running`, `Retrying`                       |
//! | [Told]         | `StepFailed`, `StepPaused`                | `Over` (failed), `Paused`                   |
//! | `Queued`       | `LoopStarted`                             | `Looping`                                   |
//! | `Looping`      | `PassStarted`, `PassFinished`, `LoopTimedOut` | `Looping`                               |
//! | `Looping`      | `LoopFinished`                            | `Over` (succeeded, failed or rejected)      |
//! | `Queued`, `Throttled`, [Broken], [Interrupted] | `StepPaused` | `Paused`                                 |
//! | `Paused`       | `StepResumed`                             | `Retrying` (due at once), `Queued` where it had no configuration |
//! | `Paused`       | `StepFailed`                              | `Over` (failed)                             |
//! | all but `Queued` and `Over` | `StepCanceled`               | `Over` (canceled)                           |
//!
//! A loop is over only after all of its passes: they end with facts of their own.

use super::GateStatus;
use super::artifact::KeptArtifact;
use super::handlers::Handling;
use super::hear::Hearing;
use super::kept::Keep;
use super::looping::LoopState;
use super::pause::Pause;
use super::probe::ProbeState;
use super::scope::{Owner, Place, Scope, Scopes, TOP};
use super::slot::Slot;
use super::view::{ApprovalView, NoticeView};
use crate::event::{ApprovalRequest, Decision, Failure, SkipReason, Start, Status, StepPath};
use crate::expression::{LoopNames, RunFacts, StepValue, Values};
use crate::plan::{PROBE, Plan, PlannedStep, UNDO};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{ApprovalId, EventId, Json, RunId, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a step is in its life; how it ended stands in its [`StepValue`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    /// Not begun.
    Queued,
    /// Its last attempt runs.
    Running,
    /// Its last attempt failed; what follows is decided in the same turn.
    Broken {
        failure: Box<Failure>,
        retry_after_ms: Option<u64>,
    },
    /// Its last attempt ended with the process; what follows is decided in the same turn.
    Interrupted,
    /// It is tried again at that time.
    Retrying { due: Timestamp },
    /// Its next attempt waits for the rate of a connection.
    Throttled(Box<Throttled>),
    /// It is a `wait` until that time.
    Waiting { until: Timestamp },
    /// It is a `wait` for an event.
    Listening,
    /// It is a gate that asks.
    Asking,
    /// Nobody knows whether it happened, and a person is to say.
    Uncertain,
    /// Nobody knows whether it happened, and its check looks.
    Probing,
    /// Its check has said whether it happened; what follows is decided in the same turn.
    Told { happened: bool },
    /// It failed, and a person is to say what becomes of it.
    Paused { failure: Box<Failure> },
    /// It is a loop with passes to come or under way.
    Looping,
    /// Nothing more happens to it.
    Over,
}

/// A wait for the rate of a connection.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Throttled {
    pub(super) connection: String,
    /// Since when, and by which fact.
    pub(super) since: Timestamp,
    pub(super) turn: u64,
    /// When the time over all its attempts is over.
    pub(super) until: Option<Timestamp>,
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
    pub(super) failure: Option<Box<Failure>>,
}

/// A gate that was reached.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GateState {
    pub(super) request: ApprovalRequest,
    pub(super) requested_at: Timestamp,
    pub(super) decisions: Vec<Decision>,
    pub(super) status: GateStatus,
    /// Who is asked now.
    pub(super) approvers: Vec<String>,
    /// When its time runs out now.
    pub(super) expires_at: Option<Timestamp>,
    /// Whether others were asked because its time ran out.
    pub(super) escalated: bool,
    /// How often it is brought to mind, and when next.
    pub(super) remind: Option<Span>,
    pub(super) remind_at: Option<Timestamp>,
    pub(super) reminders: u32,
    /// How often people were to be told: of the request, and of each reminder and escalation.
    pub(super) notices: u32,
    /// Notices that are still to be given: their number, and which action.
    pub(super) untold: BTreeSet<(u32, u32)>,
    /// What became of the others.
    pub(super) told: Vec<NoticeView>,
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

/// One step of a run. There may be very many, so what few of them have stands in boxes.
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
    /// How many of its attempts came before a person had it tried anew.
    pub(super) anew: usize,
    /// Deaths of the process in a row while its attempt was the only one.
    pub(super) deaths: u32,
    pub(super) gate: Option<Box<GateState>>,
    pub(super) hearing: Option<Box<Hearing>>,
    pub(super) looped: Option<Box<LoopState>>,
    pub(super) skip: Option<Box<SkipReason>>,
    pub(super) kept_from: Option<Box<RunId>>,
    /// The number of the run's turning back that made it run again; 0 the first time. Another one has
    /// other idempotency keys.
    pub(super) round: u32,
    /// How often it was sent back, being a gate.
    pub(super) sent_back: u32,
    /// The scope of what undoes it, once that has begun.
    pub(super) undo: Option<usize>,
    /// What checks it, once it was uncertain.
    pub(super) probe: Option<Box<ProbeState>>,
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
    /// It would have had to wait for its turn, and is skipped instead.
    PassedOver { reason: String },
}

/// What a point in time is for. The order breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Retry,
    Wait,
    Expiry,
    Remind,
    Attempt,
    Pass,
    Loop,
    Rate,
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
/// The sets are indexes over the steps of all scopes, so that no fact costs a walk over them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) start: Box<Start>,
    pub(super) created_at: Timestamp,
    facts: RunFacts,
    pub(super) scopes: Scopes,
    /// How many steps all scopes have.
    pub(super) held: usize,
    /// Queued steps whose needs have all ended.
    pub(super) ready: BTreeSet<Place>,
    /// Steps in a phase that lasts only until the next fact.
    pub(super) unsettled: BTreeSet<Place>,
    /// Steps with a running attempt.
    pub(super) running: BTreeSet<Place>,
    /// Steps that wait for the rate of a connection.
    pub(super) throttled: BTreeSet<Place>,
    /// Steps that must end because their scope does.
    pub(super) to_end: BTreeSet<Place>,
    /// Scopes whose steps are all over, and whose own end is to follow.
    pub(super) over: BTreeSet<usize>,
    /// Loops whose passes are all over, and whose own end is to follow.
    pub(super) idle: BTreeSet<Place>,
    /// Steps that failed and wait for a person.
    pub(super) held_steps: BTreeSet<Place>,
    pub(super) timers: BTreeSet<(Timestamp, Timer, Place)>,
    /// Steps that wait for an event.
    pub(super) listening: BTreeSet<Place>,
    /// When no event counts any more for those of them that have a time limit.
    pub(super) silences: BTreeSet<(Timestamp, Place)>,
    /// The events that were taken.
    pub(super) taken: BTreeSet<EventId>,
    pub(super) approvals: BTreeMap<ApprovalId, Place>,
    /// Gates as they ended whose steps ran again since.
    pub(super) closed: BTreeMap<ApprovalId, ApprovalView>,
    /// Gates that ask about what has changed meanwhile.
    pub(super) stale: BTreeSet<Place>,
    /// How often the run has turned back: gates that were sent back or are void.
    pub(super) rounds: u32,
    /// Results of an earlier run for passes to come.
    pub(super) keep: Keep,
    /// Files that steps have left, by path and name.
    pub(super) artifacts: BTreeMap<(StepPath, String), KeptArtifact>,
    /// Of all that were ever kept, also those that do not count any more: their bytes, and how many.
    pub(super) artifacts_ever: (u64, u64),
    /// The highest fence given out.
    pub(super) fence: u64,
    pub(super) last_seq: u64,
    pub(super) last_at: Timestamp,
    pub(super) ending: Option<Ending>,
    pub(super) paused: Option<Pause>,
    pub(super) handling: Handling,
    pub(super) finish: Option<Finish>,
    /// What it asks for before it works, where something limits it.
    pub(super) slot: Option<Box<Slot>>,
}

impl State {
    pub(super) fn new(plan: &Plan, start: Box<Start>, at: Timestamp) -> Self {
        let facts = RunFacts {
            id: start.run,
            started_at: at,
            scheduled_at: start.scheduled_at,
        };
        let top = Scope::new(plan, Owner::Run, 0, None);
        let mut state = Self {
            start,
            created_at: at,
            facts,
            scopes: Scopes::new(top),
            held: 0,
            ready: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            running: BTreeSet::new(),
            throttled: BTreeSet::new(),
            to_end: BTreeSet::new(),
            over: BTreeSet::new(),
            idle: BTreeSet::new(),
            held_steps: BTreeSet::new(),
            timers: BTreeSet::new(),
            listening: BTreeSet::new(),
            silences: BTreeSet::new(),
            taken: BTreeSet::new(),
            approvals: BTreeMap::new(),
            closed: BTreeMap::new(),
            stale: BTreeSet::new(),
            rounds: 0,
            keep: Keep::default(),
            artifacts: BTreeMap::new(),
            artifacts_ever: (0, 0),
            fence: 0,
            last_seq: 1,
            last_at: at,
            ending: None,
            paused: None,
            handling: Handling::default(),
            finish: None,
            slot: None,
        };
        state.enlist(TOP);
        state
    }

    /// Takes a new scope into the indexes.
    pub(super) fn enlist(&mut self, scope: usize) {
        let steps = &self.scopes[scope].steps;
        self.held += steps.len();
        if steps.is_empty() {
            self.over.insert(scope);
        }
        let free = steps.iter().enumerate().filter(|(_, s)| s.open_needs == 0);
        self.ready
            .extend(free.map(|(step, _)| Place { scope, step }));
    }

    pub(super) fn step(&self, place: Place) -> &StepState {
        &self.scopes[place.scope].steps[place.step]
    }

    pub(super) fn step_mut(&mut self, place: Place) -> &mut StepState {
        &mut self.scopes[place.scope].steps[place.step]
    }

    pub(super) fn value(&self, place: Place) -> &StepValue {
        self.scopes[place.scope].value(place.step)
    }

    /// How a step stands.
    pub(super) fn status(&self, place: Place) -> Status {
        self.value(place).status.unwrap_or(Status::Queued)
    }

    pub(super) fn planned<'a>(&self, plan: &'a Plan, place: Place) -> &'a PlannedStep {
        &self.scopes[place.scope].list(plan).steps[place.step]
    }

    pub(super) fn path(&self, plan: &Plan, place: Place) -> StepPath {
        self.scopes[place.scope].path(self.planned(plan, place))
    }

    /// What expressions of a scope's steps see.
    pub(super) fn values(&self, scope: usize) -> Arc<Values> {
        let mut frames = Vec::with_capacity(2);
        let mut passes = Vec::new();
        let mut next = Some(scope);
        while let Some(scope) = next {
            let scope = &self.scopes[scope];
            frames.push(scope.frame.clone());
            next = match scope.owner {
                Owner::Run => None,
                Owner::Pass { of, number } => {
                    passes.push((frames.len(), of, number, &scope.previous));
                    Some(of.scope)
                }
                Owner::Undo { of } | Owner::Probe { of } => Some(of.scope),
                Owner::Handlers(_) => Some(TOP),
            };
        }
        let names = |(within, of, number, previous): (usize, _, _, &Option<Json>)| {
            let looped = self.step(of).looped.as_ref();
            let items = looped.and_then(|looped| looped.named_items());
            LoopNames::new(frames.len() - within, items, number, previous.clone())
        };
        let loops = passes.into_iter().map(names).collect();
        Arc::new(Values {
            inputs: self.start.inputs.clone(),
            trigger: self.start.trigger.clone(),
            run: self.facts.clone(),
            frames,
            loops,
        })
    }

    /// The step that a path leads to, and the number of the pass where it leads to one.
    pub(super) fn place(&self, plan: &Plan, path: &StepPath) -> Option<(Place, Option<u32>)> {
        let rest;
        let (mut scope, path) = match plan.split_handlers(path) {
            Some((list, inside)) => {
                rest = StepPath::from(inside);
                let mut begun = self.handling.begun.iter();
                let scope = begun.find(|(known, _)| *known == list)?.1;
                (scope, &rest)
            }
            None => (Some(TOP), path),
        };
        let mut found: Option<(Place, Option<u32>)> = None;
        for part in path.parts() {
            let (id, pass) = part?;
            let Some(inside) = scope.take() else {
                let behind = match found {
                    Some((place, None)) if pass.is_none() => self.behind(place, id),
                    _ => None,
                };
                let place = Place {
                    scope: behind?,
                    step: 0,
                };
                found = Some((place, None));
                continue;
            };
            let step = self.scopes[inside].list(plan).step(id)?;
            let place = Place {
                scope: inside,
                step,
            };
            if let Some(number) = pass {
                let looped = self.step(place).looped.as_ref();
                // A pass to come has no scope yet.
                scope = looped.and_then(|looped| looped.passes.get(number)?.scope);
            }
            found = Some((place, pass));
        }
        found
    }

    /// The scope of what undoes or checks a step.
    fn behind(&self, place: Place, id: &str) -> Option<usize> {
        match id {
            UNDO => self.step(place).undo,
            PROBE => self.step(place).probe.as_ref().map(|probe| probe.scope),
            _ => None,
        }
    }

    /// The step that a path leads to.
    pub(super) fn place_of_step(&self, plan: &Plan, path: &StepPath) -> Option<Place> {
        match self.place(plan, path)? {
            (place, None) => Some(place),
            (_, Some(_)) => None,
        }
    }
}

impl StepState {
    pub(super) fn new(open_needs: usize) -> Self {
        Self {
            phase: Phase::Queued,
            open_needs,
            attempts: Vec::new(),
            input: None,
            key: None,
            failures: 0,
            anew: 0,
            deaths: 0,
            gate: None,
            hearing: None,
            looped: None,
            skip: None,
            kept_from: None,
            round: 0,
            sent_back: 0,
            undo: None,
            probe: None,
            trouble: Trouble::None,
            started_at: None,
            finished_at: None,
        }
    }

    /// When no event counts for it any more.
    pub(super) fn silence(&self) -> Option<Timestamp> {
        let hearing = self.hearing.as_deref()?;
        hearing.until.filter(|_| self.phase == Phase::Listening)
    }

    /// The point in time that its phase waits for.
    pub(super) fn timer(&self) -> Option<(Timestamp, Timer)> {
        match &self.phase {
            Phase::Running => self
                .attempts
                .last()
                .and_then(|attempt| attempt.deadline)
                .map(|at| (at, Timer::Attempt)),
            #[cfg(test)]
            Phase::Retrying { .. } if planted(Bug::TimerLost) => None,
            Phase::Retrying { due } => Some((*due, Timer::Retry)),
            Phase::Throttled(wait) => wait.until.map(|at| (at, Timer::Rate)),
            Phase::Waiting { until } => Some((*until, Timer::Wait)),
            Phase::Asking => {
                let gate = self.gate.as_ref()?;
                let end = gate.expires_at.map(|at| (at, Timer::Expiry));
                let remind = gate.remind_at.map(|at| (at, Timer::Remind));
                end.into_iter().chain(remind).min()
            }
            Phase::Looping => {
                let looped = self.looped.as_ref()?;
                let pass = looped.due.map(|at| (at, Timer::Pass));
                let end = looped.deadline.map(|at| (at, Timer::Loop));
                pass.into_iter().chain(end).min()
            }
            _ => None,
        }
    }
}
