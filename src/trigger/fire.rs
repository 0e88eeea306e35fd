//! From what came to a run: the one way that every firing takes.

use super::Triggers;
use super::registry::{Armed, Kind};
use super::view::FiringView;
use super::window::{Admitted, Windowed};
use crate::runtime::{clock, starters};
use crate::service::{IdempotencyClaim, Problem, RunError, Submit};
use druse_engine::definition::Overlap;
use druse_engine::expression::RunFacts;
use druse_engine::{BackfillId, Digest, FiringId, Json, RunId, Timestamp};
use druse_storage::{Batch, Entity, Firing, FiringKey, FiringStatus, StoreExt, Trigger};
use druse_triggers::Mapped;
use serde_json::json;

/// What came.
pub(super) struct Arrival {
    pub(super) firing: FiringId,
    /// What makes it one.
    pub(super) occurrence: String,
    /// Whether the same occurrence again is a repetition.
    pub(super) claim: Claim,
    /// Digest of what came, where the caller gave the key of its own.
    pub(super) asked: Option<Digest>,
    pub(super) scheduled_at: Option<Timestamp>,
    pub(super) received_at: Timestamp,
    /// How long after its time, in milliseconds.
    pub(super) late_ms: Option<u64>,
    pub(super) replay_of: Option<FiringId>,
    pub(super) backfill: Option<BackfillId>,
    /// The run that it becomes, where others have to know it before.
    pub(super) run: Option<RunId>,
    /// Whether `when` held for it already.
    pub(super) admitted: bool,
    /// What is said about it when it starts a run.
    pub(super) reason: Option<String>,
    /// Whether it is of several, fewer of which may fit where all of them are too large: then nothing is noted of it.
    pub(super) divides: bool,
    /// What expressions see as `trigger`.
    pub(super) trigger: Json,
    /// What came, where expressions see more than that.
    pub(super) came: Option<Json>,
    pub(super) cause: Json,
    pub(super) started_by: String,
    /// The key of whoever fires it by hand, answered with the firing.
    pub(super) idempotency: Option<IdempotencyClaim>,
    /// Rows that become durable with it, whatever becomes of it.
    pub(super) extra: Batch,
    /// Rows that take their place when it starts no run.
    pub(super) extra_if_none: Option<Batch>,
}

/// The claim of an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It can come once only.
    New,
    /// This firing holds it already.
    Held,
    /// It has no name by which it could come again.
    None,
}

/// What became of it.
pub(super) enum Fired {
    Started(Firing),
    Filtered(Firing),
    Rejected(Problem),
    /// It came before.
    Again(FiringKey),
    /// Something with the same key came before.
    Same(Firing),
    /// It waits in a window, or one was over its limit.
    Waits(Firing),
}

impl Arrival {
    /// The firing that it is.
    pub(super) fn firing(
        &self,
        armed: &Armed,
        status: FiringStatus,
        run: Option<RunId>,
        reason: Option<String>,
    ) -> Firing {
        // A run keeps what it saw; what started none is kept here, to be looked at and replayed.
        let came = self.came.as_ref().unwrap_or(&self.trigger).value();
        let kept = run.is_none() && !came.is_null();
        let mut people = Vec::new();
        if kept {
            people = starters::people_of(self.cause.value());
            // Whoever had it come is behind it, whatever it becomes when it comes again.
            starters::join(&mut people, [self.started_by.as_str()]);
        }
        Firing {
            starters: people,
            scheduled_at: self.scheduled_at,
            reason,
            run,
            late_ms: self.late_ms,
            payload: (kept && self.scheduled_at.is_none()).then(|| came.clone()),
            replay_of: self.replay_of,
            backfill: self.backfill,
            ..Firing::new(
                self.firing,
                armed.row.id,
                self.occurrence.clone(),
                self.received_at,
                status,
            )
        }
    }

    /// The rows of a firing, with those that go with it.
    pub(super) fn rows(&self, firing: &Firing) -> Batch {
        let key = FiringKey {
            trigger: firing.trigger,
            occurrence: firing.occurrence.clone(),
            firing: firing.id,
            run: firing.run,
            at: firing.received_at,
            asked: self.asked.clone(),
        };
        let batch = match self.claim {
            Claim::New => Batch::new().claim(&key),
            Claim::Held => Batch::new().put(&key),
            Claim::None => Batch::new(),
        };
        let mut batch = batch.put(firing);
        if let Some(claim) = &self.idempotency {
            // Free, or the caller would have been given the first answer: keys are locked by caller.
            let answer = json!({ "status": 202, "body": FiringView::from(firing.clone()) });
            batch = batch.put(&claim.row(answer, firing.received_at));
        }
        batch.facts.extend(self.with_it(firing.run).facts);
        batch
    }

    /// The rows that go with it.
    fn with_it(&self, run: Option<RunId>) -> Batch {
        match &self.extra_if_none {
            Some(other) if run.is_none() => other.clone(),
            _ => self.extra.clone(),
        }
    }
}

/// Whether it can be tried again as it is; otherwise it is an answer.
pub(super) fn is_passing(error: &RunError) -> bool {
    matches!(
        error,
        RunError::Full
            | RunError::Busy { .. }
            | RunError::Read(_)
            | RunError::Ending
            | RunError::Claimed(_)
    )
}

/// A refusal in one line, with the first place that is wrong.
pub(super) fn reason_of(problem: &Problem) -> String {
    match problem.findings.first() {
        Some(finding) => format!("{} {}", problem.message, finding.message),
        None => problem.message.clone(),
    }
}

impl Triggers {
    /// A new run's id.
    pub(super) fn run_id(&self) -> RunId {
        clock::new_id(RunId::from_parts)
    }

    /// A new arrival at a trigger, at this moment.
    pub(super) fn arrival(&self, armed: &Armed, trigger: Json, cause: Json) -> Arrival {
        let firing = clock::new_id(FiringId::from_parts);
        Arrival {
            firing,
            occurrence: firing.to_string(),
            claim: Claim::None,
            asked: None,
            scheduled_at: None,
            received_at: self.now(),
            late_ms: None,
            replay_of: None,
            backfill: None,
            run: None,
            admitted: false,
            reason: None,
            divides: false,
            trigger,
            came: None,
            cause,
            started_by: armed.starter(),
            idempotency: None,
            extra: Batch::new(),
            extra_if_none: None,
        }
    }

    /// The facts of a run that may be, as a trigger's expressions see them.
    pub(super) fn facts(arrival: &Arrival, run: RunId) -> RunFacts {
        RunFacts {
            id: run,
            started_at: arrival.received_at,
            scheduled_at: arrival.scheduled_at,
        }
    }

    /// As [`Triggers::fire`], through the trigger's windows.
    ///
    /// # Errors
    /// As [`Triggers::fire`].
    pub(super) async fn take(
        &self,
        armed: &Armed,
        mut arrival: Arrival,
    ) -> Result<Fired, RunError> {
        if armed.windows.is_none() {
            return self.fire(armed, arrival).await;
        }
        let run = self.run_id();
        let holds = armed
            .mapping
            .holds(&arrival.trigger, Self::facts(&arrival, run));
        if !matches!(holds, Ok(true)) {
            // What does not pass `when` touches no window.
            return self.fire(armed, arrival).await;
        }
        arrival.admitted = true;
        arrival.run = Some(run);
        let mut windowed = Windowed::default();
        let fired = match self.admit(armed, &mut arrival, run, &mut windowed).await? {
            Admitted::Start => self.fire(armed, arrival).await?,
            Admitted::Rejected(problem) => self.reject(armed, &arrival, problem).await?,
            Admitted::Rows(firing, rows) => match self.append(rows).await {
                Ok(()) if firing.status == FiringStatus::Duplicate => Fired::Same(*firing),
                Ok(()) => Fired::Waits(*firing),
                Err(error) => self.again(armed, &arrival, error)?,
            },
        };
        self.windows_changed(windowed);
        Ok(fired)
    }

    /// Makes a run of what came, or notes why not. Returns when that is durable.
    ///
    /// # Errors
    /// When nothing is stored and it can be tried again, or with fewer of several.
    pub(super) async fn fire(
        &self,
        armed: &Armed,
        mut arrival: Arrival,
    ) -> Result<Fired, RunError> {
        let run = arrival.run.unwrap_or_else(|| self.run_id());
        let (seen, facts) = (arrival.trigger.clone(), Self::facts(&arrival, run));
        let mapped = match arrival.admitted {
            true => armed.mapping.inputs(seen, facts).map(Mapped::Start),
            false => armed.mapping.apply(seen, facts),
        };
        let inputs = match mapped {
            Ok(Mapped::Start(inputs)) => inputs,
            Ok(Mapped::Filtered) => {
                let firing = arrival.firing(
                    armed,
                    FiringStatus::Filtered,
                    None,
                    Some("`when` did not hold".into()),
                );
                return match self.append(arrival.rows(&firing)).await {
                    Ok(()) => Ok(Fired::Filtered(firing)),
                    Err(error) => self.again(armed, &arrival, error),
                };
            }
            Err(error) => {
                let finding = druse_engine::Finding::error(error.code, error.message.clone())
                    .help(match error.help.is_empty() {
                        true => format!(
                            "Correct the expression at {} of the trigger, or look at what came with `druse triggers firing`.",
                            error.path
                        ),
                        false => error.help,
                    })
                    .at_path(error.path);
                let message = "The trigger's expressions do not fit what came.";
                let problem = Problem::unprocessable(
                    "bad_mapping",
                    message,
                    "The finding says which expression it is.",
                )
                .findings(vec![finding]);
                return self.reject(armed, &arrival, problem).await;
            }
        };
        let reason = arrival.reason.take();
        let firing = arrival.firing(armed, FiringStatus::Accepted, Some(run), reason);
        let submit = self.submission(armed, &mut arrival, &firing, run, inputs.value().clone());
        match self.0.engine.submit(submit).await {
            Ok(_) => {
                if arrival.backfill.is_none() {
                    self.note_run(armed, run);
                }
                Ok(Fired::Started(firing))
            }
            Err(error) if is_passing(&error) => self.again(armed, &arrival, error),
            Err(RunError::TooLarge) if arrival.divides => Err(RunError::TooLarge),
            Err(error) => self.reject(armed, &arrival, error.into()).await,
        }
    }

    /// What the engine is asked for.
    pub(super) fn submission(
        &self,
        armed: &Armed,
        arrival: &mut Arrival,
        firing: &Firing,
        run: RunId,
        inputs: serde_json::Value,
    ) -> Submit {
        Submit {
            automation: armed.row.automation,
            version: armed.version,
            inputs,
            cause: arrival.cause.clone(),
            started_by: arrival.started_by.clone(),
            trigger: arrival.trigger.clone(),
            scheduled_at: arrival.scheduled_at,
            // A caller's key is among the rows of the firing, which is what its answer is made of.
            idempotency: None,
            extra: arrival.rows(firing),
            run,
            dry_run: false,
            priority: None,
            judged: false,
        }
    }

    /// Notes that what came was not what it should be. It may come again: it claims nothing.
    pub(super) async fn reject(
        &self,
        armed: &Armed,
        arrival: &Arrival,
        problem: Problem,
    ) -> Result<Fired, RunError> {
        let firing = arrival.firing(
            armed,
            FiringStatus::Rejected,
            None,
            Some(reason_of(&problem)),
        );
        let mut batch = Batch::new().put(&firing);
        if arrival.claim == Claim::Held {
            batch = batch.remove::<FiringKey>(key_of(armed, &arrival.occurrence));
        }
        batch.facts.extend(arrival.with_it(None).facts);
        self.append(batch).await?;
        Ok(Fired::Rejected(problem))
    }

    /// A claim that was taken is a repetition; anything else stays an error.
    fn again(&self, armed: &Armed, arrival: &Arrival, error: RunError) -> Result<Fired, RunError> {
        let key = key_of(armed, &arrival.occurrence);
        if let RunError::Claimed(taken) = &error
            && *taken == key
            && let Some(found) = self.store().get::<FiringKey>(&key)?
        {
            return Ok(Fired::Again(found));
        }
        Err(error)
    }

    /// Remembers a run where the overlap of runs matters.
    fn note_run(&self, armed: &Armed, run: RunId) {
        if matches!(&armed.kind, Kind::Schedule { overlap, .. } if *overlap != Overlap::Allow) {
            armed.progress.running().push(run);
        }
    }

    /// The trigger's row with `last_scheduled` moved to a time.
    pub(super) fn moved(row: &Trigger, at: Timestamp) -> Trigger {
        Trigger {
            last_scheduled: Some(row.last_scheduled.map_or(at, |last| last.max(at))),
            ..row.clone()
        }
    }
}

/// The key of an occurrence's claim.
pub(super) fn key_of(armed: &Armed, occurrence: &str) -> String {
    FiringKey {
        trigger: armed.row.id,
        occurrence: occurrence.to_owned(),
        firing: FiringId::from_parts(0, [0; 10]),
        run: None,
        at: Timestamp::default(),
        asked: None,
    }
    .key()
}
