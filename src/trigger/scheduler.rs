//! Time as a trigger: fires what is due, never early, and each time once.

use super::Triggers;
use super::fire::{Arrival, Claim, Fired};
use super::overlap::Turn;
use super::registry::{Armed, Kind};
use crate::runtime::clock;
use crate::service::RunError;
use druse_engine::{FiringId, Span, Timestamp};
use druse_storage::{Batch, Firing, FiringStatus, StoreExt, Trigger, TriggerStatus};
use druse_triggers::{due, mapping::scheduled};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The longest sleep: after a step of the wall clock, due times are noticed within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// The wait after which a firing that the store did not take is tried again.
const AGAIN: Span = Span::from_secs(1);

impl Triggers {
    /// Fires what is due until [`Triggers::close`].
    pub(super) async fn keep_schedules(self) {
        loop {
            let next = self.tick(clock::now()).await;
            let sleep = next.map_or(LONGEST_SLEEP, |at| {
                at.since(clock::now()).0.min(LONGEST_SLEEP)
            });
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.0.changed.notified() => {}
                () = self.0.closing.cancelled() => return,
            }
        }
    }

    /// Fires what is due at `now`, and gives the next time at which something may be.
    pub(super) async fn tick(&self, now: Timestamp) -> Option<Timestamp> {
        let mut wake = None;
        self.finish_events().await;
        if !self.unfinished().is_empty() {
            wake = Some(now.after(AGAIN));
        }
        for armed in
            self.those(|armed| armed.is_active() && matches!(armed.kind, Kind::Schedule { .. }))
        {
            if self.0.closing.is_cancelled() {
                return None;
            }
            let next = match self.turn(&armed, now).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(trigger = %armed.row.id, %error, "a schedule could not fire and is tried again");
                    Some(now.after(AGAIN))
                }
            };
            wake = [wake, next].into_iter().flatten().min();
        }
        wake
    }

    async fn turn(&self, armed: &Armed, now: Timestamp) -> Result<Option<Timestamp>, RunError> {
        let Kind::Schedule {
            timetable, rule, ..
        } = &armed.kind
        else {
            return Ok(None);
        };
        self.drain(armed).await?;
        let known = armed.next.load(Ordering::Relaxed);
        if known > now.0 {
            return Ok(Some(Timestamp(known)));
        }
        let due = due(timetable, *rule, armed.last(), now);
        if !due.skipped.is_empty()
            && !self
                .pass_over(armed, &due.skipped, due.skipped_count, now)
                .await?
        {
            return Ok(Some(now.after(AGAIN)));
        }
        for at in &due.fire {
            if self.0.closing.is_cancelled() {
                return Ok(None);
            }
            if !self.fire_scheduled(armed, *at, now).await? {
                // It is being changed: what it is then decides.
                return Ok(Some(now.after(AGAIN)));
            }
        }
        if due.until > armed.last() {
            armed.progress.passed(due.until);
        }
        armed
            .next
            .store(due.next.map_or(i64::MAX, |at| at.0), Ordering::Relaxed);
        Ok(due.next)
    }

    /// The row as it is now, if the trigger still is what it was when it was compiled.
    pub(super) fn current(&self, armed: &Armed) -> Result<Option<Trigger>, RunError> {
        let row: Option<Trigger> = self.store().get(&armed.row.id.to_string())?;
        Ok(row.filter(|row| {
            row.status == TriggerStatus::Active && row.definition == armed.row.definition
        }))
    }

    /// Notes times that the catch-up rule gives up; whether the trigger still is what it was.
    async fn pass_over(
        &self,
        armed: &Armed,
        times: &[Timestamp],
        count: u64,
        now: Timestamp,
    ) -> Result<bool, RunError> {
        let _held = self.0.writing.lock().await;
        let (Some(row), Some(newest)) = (self.current(armed)?, times.last()) else {
            return Ok(false);
        };
        let mut batch = Batch::new().put(&Self::moved(&row, *newest));
        for at in times {
            let reason = match count {
                1 => "the time was missed, and the catch-up rule passes it over".to_owned(),
                _ => format!(
                    "the time was missed with others ({count} in all), and the catch-up rule passes it over"
                ),
            };
            batch = batch.put(&Firing {
                id: clock::new_id(FiringId::from_parts),
                trigger: armed.row.id,
                occurrence: at.to_string(),
                scheduled_at: Some(*at),
                received_at: now,
                status: FiringStatus::Skipped,
                reason: Some(reason),
                run: None,
            });
        }
        self.append(batch).await?;
        armed.progress.passed(*newest);
        Ok(true)
    }

    /// What a scheduled time is when it comes.
    pub(super) fn scheduled_arrival(armed: &Armed, at: Timestamp, now: Timestamp) -> Arrival {
        let cause = json!({
            "kind": "schedule", "trigger_id": armed.row.id, "trigger": armed.row.name, "scheduled_at": at,
        });
        Arrival {
            occurrence: at.to_string(),
            claim: Claim::New,
            scheduled_at: Some(at),
            received_at: now,
            ..Arrival::new(armed, scheduled(at).into(), cause.into())
        }
    }

    /// Fires one time; whether the trigger still is what it was.
    async fn fire_scheduled(
        &self,
        armed: &Armed,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, RunError> {
        // Decided and done before the row is held: canceling the run before takes its time.
        let turn = self.turn_of(armed).await?;
        let _held = self.0.writing.lock().await;
        let Some(row) = self.current(armed)? else {
            return Ok(false);
        };
        let mut arrival = Self::scheduled_arrival(armed, at, now);
        arrival.extra = Batch::new().put(&Self::moved(&row, at));
        match turn {
            Turn::Start => {
                if let Fired::Again(_) = self.fire(armed, arrival).await? {
                    // Somebody has made up for this time already.
                    self.append(Batch::new().put(&Self::moved(&row, at)))
                        .await?;
                }
            }
            Turn::Skip(reason) => {
                let firing = arrival.firing(armed, FiringStatus::Skipped, None, Some(reason));
                self.append_unclaimed(arrival.rows(&firing), &row, at)
                    .await?;
            }
            Turn::Wait => {
                let firing = arrival.firing(armed, FiringStatus::Queued, None, None);
                if self
                    .append_unclaimed(arrival.rows(&firing), &row, at)
                    .await?
                {
                    armed.progress.queue().push_back(firing);
                    self.watch(armed);
                }
            }
        }
        armed.progress.passed(at);
        Ok(true)
    }

    /// Appends a claim; where it is taken, only moves on. Whether it was free.
    async fn append_unclaimed(
        &self,
        batch: Batch,
        row: &Trigger,
        at: Timestamp,
    ) -> Result<bool, RunError> {
        match self.append(batch).await {
            Ok(()) => Ok(true),
            Err(RunError::Claimed(_)) => {
                self.append(Batch::new().put(&Self::moved(row, at))).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
