//! Time as a trigger: fires what is due, never early, and each time once. When that is follows from the
//! definition and the last firing, so there is nothing that could be forgotten to be armed again.

use super::Triggers;
use super::fire::{Arrival, Claim, Fired};
use super::overlap::Turn;
use super::registry::{Armed, Kind};
use crate::runtime::clock;
use crate::service::RunError;
use druse_engine::{FiringId, Span, Timestamp, TriggerId};
use druse_storage::{Batch, Firing, FiringStatus, StoreExt, Trigger, TriggerStatus};
use druse_triggers::schedule::{STEP, before, rewound};
use druse_triggers::{due, mapping::scheduled};
use futures_util::FutureExt as _;
use serde_json::json;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The longest sleep: after a step of the wall clock, due times are noticed within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// The wait after which a firing that the store did not take is tried again.
const AGAIN: Span = Span::from_secs(1);

/// How many triggers fire at once: many due in one second share the syncs of the log.
const AT_ONCE: usize = 256;

impl Triggers {
    /// Fires what is due until [`Triggers::close`].
    pub(super) async fn keep(self) {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let looking = super::lookout::permits();
        while !self.0.closing.is_cancelled() {
            self.notice_clock();
            for id in self.0.looks.take(self.now()) {
                let (triggers, looking) = (self.clone(), looking.clone());
                // What is asked may take its time: nobody else waits for that.
                tokio::spawn(async move {
                    if let Ok(_permit) = looking.acquire_owned().await {
                        triggers.look_and_again(id).await;
                    }
                });
            }
            for id in self.0.schedules.take(self.now()) {
                let Ok(permit) = permits.clone().acquire_owned().await else {
                    return;
                };
                let triggers = self.clone();
                tokio::spawn(async move {
                    triggers.turn_and_again(id).await;
                    drop(permit);
                });
            }
            for key in self.0.windows.take(self.now()) {
                let Ok(permit) = permits.clone().acquire_owned().await else {
                    return;
                };
                let triggers = self.clone();
                tokio::spawn(async move {
                    triggers.window_and_again(key).await;
                    drop(permit);
                });
            }
            self.finish_events().await;
            let sleep = self.next_look().map_or(LONGEST_SLEEP, |at| {
                at.since(self.now()).0.min(LONGEST_SLEEP)
            });
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.0.changed.notified() => {}
                () = self.0.closing.cancelled() => return,
            }
        }
    }

    /// When the clock went back, everything is looked at: what waits for a time that was to come soon would
    /// wait for as long as the clock went.
    fn notice_clock(&self) {
        let now = self.now();
        let before = Timestamp(self.0.clock_showed.swap(now.0, Ordering::Relaxed));
        if before.since(now) <= STEP {
            return;
        }
        tracing::warn!(%before, %now, "the clock went back: whatever waits for a time is looked at");
        self.0.schedules.hurry(now);
        self.0.looks.hurry(now);
        self.0.windows.hurry(now);
        self.0.sending.hurry(now);
        self.0.to_send.notify_one();
    }

    /// Does once all that is due now, and returns when it is done.
    #[cfg(test)]
    pub(super) async fn tick(&self) {
        self.notice_clock();
        let due = self.0.schedules.take(self.now());
        let turns = due.into_iter().map(|id| self.turn_and_again(id));
        futures_util::future::join_all(turns).await;
        let due = self.0.looks.take(self.now());
        let looks = due.into_iter().map(|id| self.look_and_again(id));
        futures_util::future::join_all(looks).await;
        let due = self.0.windows.take(self.now());
        let looks = due.into_iter().map(|key| self.window_and_again(key));
        futures_util::future::join_all(looks).await;
        self.publish_outbox().await;
        self.finish_events().await;
    }

    /// When something may be due next.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        let owing = !self.unfinished().is_empty();
        let again = owing.then(|| self.now().after(AGAIN));
        let agendas = [
            self.0.schedules.first(),
            self.0.looks.first(),
            self.0.windows.first(),
        ];
        agendas.into_iter().chain([again]).flatten().min()
    }

    /// Fires what is due of a trigger, and says when it is looked at again, whatever happens.
    async fn turn_and_again(&self, id: TriggerId) {
        let next = match AssertUnwindSafe(self.turn(id)).catch_unwind().await {
            Ok(Ok(next)) => next,
            Ok(Err(error)) => {
                tracing::warn!(trigger = %id, %error, "a schedule could not fire and is tried again");
                Some(self.now().after(AGAIN))
            }
            Err(_) => {
                tracing::error!(trigger = %id, "a schedule broke while it fired and is tried again");
                Some(self.now().after(Span::from_secs(60)))
            }
        };
        if let Some(next) = next
            && self.0.schedules.add(id, next)
        {
            self.0.changed.notify_one();
        }
    }

    async fn turn(&self, id: TriggerId) -> Result<Option<Timestamp>, RunError> {
        let Some(progress) = self.armed(id).map(|armed| armed.progress.clone()) else {
            return Ok(None);
        };
        let _turn = progress.turn.lock().await;
        // It may have been changed while its turn was waited for.
        let Some(armed) = self.armed(id).filter(|armed| armed.is_active()) else {
            return Ok(None);
        };
        let armed = &*armed;
        let Kind::Schedule {
            timetable,
            rule,
            delay,
            ..
        } = &armed.kind
        else {
            return Ok(None);
        };
        let now = self.now();
        if let Some(to) = rewound(armed.last(), now, *delay)
            && !self.rewind(armed, to, now).await?
        {
            return Ok(Some(now.after(AGAIN)));
        }
        self.drain(armed).await?;
        let due = due(timetable, *rule, armed.last(), before(now, *delay));
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
            if !self.fire_scheduled(armed, *at, *delay).await? {
                // It is being changed: what it is then decides.
                return Ok(Some(now.after(AGAIN)));
            }
        }
        if due.until > armed.last() {
            armed.progress.passed(due.until);
        }
        Ok(due.next.map(|at| at.after(*delay)))
    }

    /// The row as it is now, if the trigger still is what it was when it was compiled.
    pub(super) fn current(&self, armed: &Armed) -> Result<Option<Trigger>, RunError> {
        let row: Option<Trigger> = self.store().get(&armed.row.id.to_string())?;
        Ok(row.filter(|row| {
            row.status == TriggerStatus::Active && row.definition == armed.row.definition
        }))
    }

    /// Notes that the clock went back, so that times count from there on; whether the trigger still is
    /// what it was.
    async fn rewind(&self, armed: &Armed, to: Timestamp, now: Timestamp) -> Result<bool, RunError> {
        let _held = self.0.writing.read().await;
        let Some(row) = self.current(armed)? else {
            return Ok(false);
        };
        let last = armed.last();
        tracing::warn!(trigger = %row.id, %last, %now, "the clock went back: times count from now on");
        let row = Trigger {
            since: row.since.min(to),
            last_scheduled: Some(to),
            ..row
        };
        let announced = self.announce(
            "schedule.clock_went_back",
            armed,
            json!({ "last": last, "now": now }),
        );
        self.append_announced(Batch::new().put(&row), announced)
            .await?;
        armed.progress.rewind(to);
        Ok(true)
    }

    /// Notes times that the catch-up rule gives up; whether the trigger still is what it was.
    async fn pass_over(
        &self,
        armed: &Armed,
        times: &[Timestamp],
        count: u64,
        now: Timestamp,
    ) -> Result<bool, RunError> {
        let _held = self.0.writing.read().await;
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
                scheduled_at: Some(*at),
                reason: Some(reason),
                late_ms: Some(now.since(*at).as_millis()),
                ..Firing::new(
                    clock::new_id(FiringId::from_parts),
                    armed.row.id,
                    at.to_string(),
                    now,
                    FiringStatus::Skipped,
                )
            });
        }
        let announced = self.announce(
            "schedule.missed",
            armed,
            json!({ "count": count, "newest": newest, "times": times }),
        );
        self.append_announced(batch, announced).await?;
        armed.progress.passed(*newest);
        Ok(true)
    }

    /// What a scheduled time is when it comes.
    pub(super) fn scheduled_arrival(&self, armed: &Armed, at: Timestamp) -> Arrival {
        let cause = json!({
            "kind": "schedule", "trigger_id": armed.row.id, "trigger": armed.row.name, "scheduled_at": at,
        });
        Arrival {
            occurrence: at.to_string(),
            claim: Claim::New,
            scheduled_at: Some(at),
            ..self.arrival(armed, scheduled(at).into(), cause.into())
        }
    }

    /// Fires one time; whether the trigger still is what it was.
    async fn fire_scheduled(
        &self,
        armed: &Armed,
        at: Timestamp,
        delay: Span,
    ) -> Result<bool, RunError> {
        // Decided and done before the row is held: canceling the run before takes its time.
        let turn = self.turn_of(armed).await?;
        let _held = self.0.writing.read().await;
        let Some(row) = self.current(armed)? else {
            return Ok(false);
        };
        let mut arrival = self.scheduled_arrival(armed, at);
        let late = arrival.received_at.since(at.after(delay));
        arrival.late_ms = Some(late.as_millis());
        arrival.extra = Batch::new().put(&Self::moved(&row, at));
        let announced = match late > super::late::LATE {
            true => self.announce(
                "schedule.late",
                armed,
                json!({ "scheduled_at": at, "late_ms": late.as_millis(), "firing_id": arrival.firing }),
            ),
            false => Batch::new(),
        };
        arrival.extra.facts.extend(announced.facts.iter().cloned());
        match turn {
            Turn::Start => {
                if let Fired::Again(_) = self.fire(armed, arrival).await? {
                    // Somebody has made up for this time already, or the clock went back.
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
        if !announced.facts.is_empty() {
            self.look_into_outbox();
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
