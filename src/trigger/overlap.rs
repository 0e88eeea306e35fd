//! What a scheduled time does when the run of an earlier one is still going.

use super::fire::{Claim, is_passing};
use super::registry::{Armed, Kind};
use super::{Started, Triggers};
use crate::service::RunError;
use druse_engine::definition::Overlap;
use druse_engine::{RunId, Timestamp, TriggerId};
use druse_storage::{Batch, Firing, FiringStatus, ReadError, Scan, StoreExt};

/// What a scheduled time may do.
pub(super) enum Turn {
    Start,
    /// Nothing, for this reason.
    Skip(String),
    /// Be started when its turn comes.
    Wait,
}

/// How many firings that do not wait are read past, from the youngest on, to find those that wait: they
/// are the youngest but for a few that a person made in between.
const PAST: usize = 500;

/// The most firings of one schedule that wait.
const LONGEST_QUEUE: usize = 1_000;

impl Triggers {
    /// Finds the runs that are going and the firings that wait, after a start.
    pub(super) fn take_up_overlaps(&self) -> Result<(), ReadError> {
        for run in self.store().live_runs()? {
            let Started::Going(head) = self.started(run)? else {
                continue;
            };
            let cause = head.cause.value();
            if !cause["backfill_id"].is_null() {
                // A backfill keeps to a bound of its own.
                continue;
            }
            let trigger = cause["trigger_id"]
                .as_str()
                .and_then(|id| id.parse::<TriggerId>().ok());
            if let Some(armed) = trigger.and_then(|id| self.armed(id))
                && limits(&armed)
            {
                armed.progress.running().push(run);
            }
        }
        for armed in self
            .those(|armed| matches!(overlap_of(armed), Some(Overlap::Queue | Overlap::QueueOne)))
        {
            let waiting = self.waiting(armed.row.id)?;
            if !waiting.is_empty() {
                armed.progress.queue().extend(waiting);
                self.watch(&armed);
            }
        }
        Ok(())
    }

    /// The stored firings of a trigger that wait, oldest first.
    fn waiting(&self, trigger: TriggerId) -> Result<Vec<Firing>, ReadError> {
        const PAGE: usize = 200;
        let (mut found, mut past, mut after) = (Vec::new(), 0, None);
        loop {
            let page: Vec<Firing> = self.store().scan(&Scan {
                prefix: format!("{trigger}/"),
                after: after.take(),
                descending: true,
                limit: PAGE,
            })?;
            let last = page.len() < PAGE;
            for firing in page {
                after = Some(druse_storage::Entity::key(&firing));
                if firing.status == FiringStatus::Queued {
                    past = 0;
                    found.push(firing);
                } else {
                    past += 1;
                }
            }
            if last || past >= PAST {
                found.reverse();
                return Ok(found);
            }
        }
    }

    /// The runs of a trigger that have not ended, oldest first.
    pub(super) fn still_running(&self, armed: &Armed) -> Result<Vec<RunId>, RunError> {
        let known = armed.progress.running().clone();
        let mut going = Vec::new();
        for run in &known {
            if matches!(self.started(*run)?, Started::Going(_)) {
                going.push(*run);
            }
        }
        armed
            .progress
            .running()
            .retain(|run| !known.contains(run) || going.contains(run));
        Ok(going)
    }

    /// What a scheduled time may do now.
    pub(super) async fn turn_of(&self, armed: &Armed) -> Result<Turn, RunError> {
        let overlap = overlap_of(armed).unwrap_or_default();
        if overlap == Overlap::Allow {
            return Ok(Turn::Start);
        }
        let going = self.still_running(armed)?;
        let queued = armed.progress.queue().len();
        Ok(match (overlap, going.as_slice()) {
            (Overlap::Queue, []) if queued > 0 => Turn::Wait,
            (Overlap::QueueOne, _) if queued > 0 => {
                Turn::Skip("another firing waits already, and only one may".into())
            }
            (_, []) => Turn::Start,
            (Overlap::Queue, _) if queued >= LONGEST_QUEUE => Turn::Skip(format!(
                "{queued} firings wait already, which is the most that may"
            )),
            (Overlap::Queue | Overlap::QueueOne, _) => Turn::Wait,
            (Overlap::CancelRunning, going) => {
                for run in going {
                    let reason = "the schedule's next time has come, and it cancels the run before"
                        .to_owned();
                    match self.0.engine.end(*run, armed.starter(), Some(reason)).await {
                        Ok(_) | Err(RunError::AlreadyOver | RunError::NotFound(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Turn::Start
            }
            (Overlap::Skip | Overlap::Allow, [first, ..]) => Turn::Skip(format!(
                "the run {first} of an earlier firing has not ended"
            )),
        })
    }

    /// Starts the firings whose turn it is.
    pub(super) async fn drain(&self, armed: &Armed) -> Result<(), RunError> {
        loop {
            let Some(waiting) = armed.progress.queue().front().cloned() else {
                return Ok(());
            };
            if !self.still_running(armed)?.is_empty() {
                return Ok(());
            }
            let _held = self.0.writing.read().await;
            let Some(row) = self.current(armed)? else {
                return Ok(());
            };
            if waiting.received_at < row.since {
                let firing = Firing {
                    status: FiringStatus::Skipped,
                    reason: Some("the trigger was stopped while it waited".into()),
                    ..waiting
                };
                self.append(Batch::new().put(&firing)).await?;
            } else {
                let at = waiting.scheduled_at.unwrap_or(waiting.received_at);
                let mut arrival = self.scheduled_arrival(armed, at);
                arrival.firing = waiting.id;
                arrival.received_at = waiting.received_at;
                arrival.late_ms = waiting.late_ms;
                arrival.claim = Claim::Held;
                match self.fire(armed, arrival).await {
                    Ok(_) => {}
                    Err(error) if is_passing(&error) => return Err(error),
                    Err(error) => {
                        tracing::error!(firing = %waiting.id, %error, "a waiting firing is given up")
                    }
                }
            }
            armed.progress.queue().pop_front();
            if !armed.progress.queue().is_empty() {
                self.watch(armed);
            }
        }
    }

    /// Wakes the scheduler when the runs that are going now have ended.
    pub(super) fn watch(&self, armed: &Armed) {
        let (triggers, runs) = (self.clone(), armed.progress.running().clone());
        let trigger = armed.row.id;
        tokio::spawn(async move {
            let all_over = async {
                for run in runs {
                    triggers.0.engine.until_over(run).await;
                }
            };
            tokio::select! {
                () = all_over => {
                    triggers.0.schedules.add(trigger, Timestamp(0));
                    triggers.0.changed.notify_one();
                }
                () = triggers.0.closing.cancelled() => {}
            }
        });
    }
}

fn overlap_of(armed: &Armed) -> Option<Overlap> {
    match &armed.kind {
        Kind::Schedule { overlap, .. } => Some(*overlap),
        _ => None,
    }
}

fn limits(armed: &Armed) -> bool {
    overlap_of(armed).is_some_and(|overlap| overlap != Overlap::Allow)
}
