//! Making up for a stretch of missed times: bounded in what goes at once, to be watched and to be
//! stopped, and going on after a restart where it was.

use super::Triggers;
use super::fire::{Claim, Fired, is_passing, key_of};
use super::manual::By;
use super::registry::{Armed, Kind};
use crate::runtime::clock;
use crate::service::page::Page;
use crate::service::{Problem, RunError};
use druse_engine::{BackfillId, RunId, Span, Timestamp, TriggerId};
use druse_storage::{
    Backfill, BackfillStatus, Batch, Firing, FiringKey, FiringStatus, ReadError, Scan, StoreExt,
};
use druse_triggers::Timetable;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The most times that one backfill makes up for.
const MOST_TIMES: usize = 100_000;

/// The most runs of one backfill that go at once.
const MOST_PARALLEL: u32 = 64;

/// The longest label, in characters.
const LONGEST_LABEL: usize = 200;

/// The wait after which what the store did not take is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackfillRequest {
    /// From this time on.
    pub from: Timestamp,
    /// Up to this time; the present one at the latest.
    pub to: Timestamp,
    /// What people call it; stands in the cause of its runs.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether times that have a run are left out; left out: yes.
    #[serde(default)]
    pub only_missing: Option<bool>,
    /// How many of its runs go at once; left out: 1, one after the other.
    #[serde(default)]
    pub parallel: Option<u32>,
}

/// A backfill as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BackfillView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: BackfillId,
    /// Whose times.
    #[schemars(with = "String")]
    pub trigger_id: TriggerId,
    /// From this time on.
    pub from: Timestamp,
    /// Up to this time.
    pub to: Timestamp,
    /// What people call it.
    pub label: Option<String>,
    /// Whether times that have a run are left out.
    pub only_missing: bool,
    /// How many of its runs go at once.
    pub parallel: u32,
    /// `running`, `done`, `canceled` or `failed`.
    #[schemars(with = "String")]
    pub status: BackfillStatus,
    /// Why it ended early.
    pub reason: Option<String>,
    /// How many times there are.
    pub total: u64,
    /// How many of them are dealt with.
    pub done: u64,
    /// How many runs it started.
    pub started: u64,
    /// How many times had a run already.
    pub present: u64,
    /// How many times started none.
    pub refused: u64,
    /// All times up to here are dealt with.
    pub reached: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl From<Backfill> for BackfillView {
    fn from(row: Backfill) -> Self {
        Self {
            id: row.id,
            trigger_id: row.trigger,
            from: row.from,
            to: row.to,
            label: row.label,
            only_missing: row.only_missing,
            parallel: row.parallel,
            status: row.status,
            reason: row.reason,
            total: row.total,
            done: row.started + row.present + row.refused,
            started: row.started,
            present: row.present,
            refused: row.refused,
            reached: row.reached,
            created_at: row.created_at,
            created_by: row.created_by,
            finished_at: row.finished_at,
        }
    }
}

/// The times of a backfill that are not dealt with yet.
fn times<'a>(table: &'a Timetable, row: &Backfill) -> impl Iterator<Item = Timestamp> + use<'a> {
    let first = druse_triggers::schedule::before(row.from, Span::from_millis(1));
    let (from, to) = (row.reached.unwrap_or(first), row.to);
    table.after(from).take_while(move |at| *at <= to)
}

impl Triggers {
    fn backfills_at_work(
        &self,
    ) -> MutexGuard<'_, std::collections::BTreeMap<BackfillId, CancellationToken>> {
        let backfills = &self.0.backfills;
        backfills.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes up for the times of a schedule from one moment to another, oldest first. A time that has a
    /// run already is left out unless all are asked for. Returns when the wish is durable; the work goes
    /// on by itself.
    ///
    /// # Errors
    /// When it is no schedule, or the request cannot be met.
    pub async fn backfill(
        &self,
        id: TriggerId,
        request: BackfillRequest,
        by: By,
    ) -> Result<BackfillView, Problem> {
        let armed = self.usable(id)?;
        let Kind::Schedule { timetable, .. } = &armed.kind else {
            return Err(Problem::unprocessable(
                "no_schedule",
                "Only a schedule has times to make up for.",
                "Fire the trigger by hand instead.",
            ));
        };
        let now = self.now();
        let parallel = request.parallel.unwrap_or(1);
        if !(1..=MOST_PARALLEL).contains(&parallel) {
            return Err(Problem::unprocessable(
                "bad_parallel",
                format!("`parallel` is a number from 1 to {MOST_PARALLEL}."),
                "1 is one after the other.",
            ));
        }
        if request.to < request.from {
            return Err(Problem::unprocessable(
                "bad_range",
                "The stretch of time ends before it begins.",
                "Give a `to` after `from`.",
            ));
        }
        let label = request.label.filter(|label| !label.trim().is_empty());
        if label
            .as_ref()
            .is_some_and(|label| label.chars().count() > LONGEST_LABEL)
        {
            return Err(Problem::unprocessable(
                "bad_label",
                format!("The label is longer than {LONGEST_LABEL} characters."),
                "A few words are enough.",
            ));
        }
        let mut row = Backfill {
            id: clock::new_id(BackfillId::from_parts),
            trigger: id,
            from: request.from,
            to: request.to.min(now),
            label,
            only_missing: request.only_missing.unwrap_or(true),
            parallel,
            status: BackfillStatus::Running,
            reason: None,
            total: 0,
            reached: None,
            started: 0,
            present: 0,
            refused: 0,
            created_at: now,
            created_by: by.user,
            finished_at: None,
        };
        let total = times(timetable, &row).take(MOST_TIMES + 1).count();
        if total > MOST_TIMES {
            return Err(Problem::unprocessable(
                "too_many_times",
                format!("There are more than {MOST_TIMES} times between the two."),
                "Ask for a shorter stretch of time.",
            ));
        }
        row.total = total as u64;
        if total == 0 {
            row.status = BackfillStatus::Done;
            row.finished_at = Some(now);
        }
        let mut batch = by.extra.put(&row);
        if let Some(claim) = &by.idempotency {
            let made = json!({ "status": 202, "body": BackfillView::from(row.clone()) });
            batch = batch.claim(&claim.row(made, now));
        }
        self.append(batch).await?;
        if row.status == BackfillStatus::Running {
            self.go_on_with(row.clone());
        }
        Ok(row.into())
    }

    /// A page of a trigger's backfills, youngest first.
    ///
    /// # Errors
    /// When there is no such trigger, or they cannot be read.
    pub fn backfills(&self, id: TriggerId, page: &Page) -> Result<Value, Problem> {
        self.armed(id)
            .ok_or_else(|| Problem::not_found("trigger"))?;
        page.list(self.store(), &format!("{id}/"), true, |row: Backfill| {
            Ok(Some(BackfillView::from(row)))
        })
    }

    /// One backfill of a trigger.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn backfill_of(
        &self,
        id: TriggerId,
        backfill: BackfillId,
    ) -> Result<BackfillView, Problem> {
        let row: Option<Backfill> = self.store().get(&Backfill::key_of(id, backfill))?;
        row.map(BackfillView::from)
            .ok_or_else(|| Problem::not_found("backfill"))
    }

    /// Stops a backfill: no further run is started. Runs that go are canceled when that is asked for.
    ///
    /// # Errors
    /// When there is none, or it has ended.
    pub async fn cancel_backfill(
        &self,
        id: TriggerId,
        backfill: BackfillId,
        reason: Option<String>,
        with_runs: bool,
        by: By,
    ) -> Result<BackfillView, Problem> {
        let key = format!("backfill\n{backfill}");
        let row = {
            let _held = self.0.taking.hold(key).await;
            let row: Option<Backfill> = self.store().get(&Backfill::key_of(id, backfill))?;
            let mut row = row.ok_or_else(|| Problem::not_found("backfill"))?;
            if row.status != BackfillStatus::Running {
                return Err(Problem::conflict(
                    "already_over",
                    "The backfill has ended.",
                    "Nothing needs to be done.",
                ));
            }
            row.status = BackfillStatus::Canceled;
            row.reason = Some(reason.unwrap_or_else(|| format!("canceled by {}", by.user)));
            row.finished_at = Some(self.now());
            self.append(by.extra.put(&row)).await?;
            // While it is held no time is being made up for.
            if let Some(token) = self.backfills_at_work().remove(&backfill) {
                token.cancel();
            }
            row
        };
        if with_runs {
            for run in self.runs_of(backfill)? {
                let reason = row.reason.clone();
                match self.0.engine.end(run, by.user.clone(), reason).await {
                    Ok(_) | Err(RunError::AlreadyOver | RunError::NotFound(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(row.into())
    }

    /// Goes on with the backfills that had not ended, after a start.
    pub(super) fn take_up_backfills(&self) -> Result<(), ReadError> {
        let mut after = None;
        loop {
            let page: Vec<Backfill> = self.store().scan(&Scan {
                after: after.take(),
                limit: 500,
                ..Scan::default()
            })?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(druse_storage::Entity::key(last));
            for row in page {
                if row.status == BackfillStatus::Running {
                    self.go_on_with(row);
                }
            }
        }
    }

    fn go_on_with(&self, row: Backfill) {
        let token = self.0.closing.child_token();
        self.backfills_at_work().insert(row.id, token.clone());
        let triggers = self.clone();
        tokio::spawn(async move {
            let id = row.id;
            // Once it is canceled it does nothing more, whatever it waited for.
            tokio::select! {
                biased;
                () = token.cancelled() => {}
                () = triggers.make_up(row) => {}
            }
            triggers.backfills_at_work().remove(&id);
        });
    }

    /// The runs of a backfill that have not ended.
    fn runs_of(&self, backfill: BackfillId) -> Result<Vec<RunId>, ReadError> {
        let backfill = backfill.to_string();
        let mut found = Vec::new();
        for run in self.store().live_runs()? {
            let head = self.store().run_head(run)?;
            if head.is_some_and(|head| {
                !head.status.is_final() && head.cause.value()["backfill_id"] == backfill.as_str()
            }) {
                found.push(run);
            }
        }
        Ok(found)
    }

    async fn make_up(&self, mut row: Backfill) {
        let running = loop {
            match self.runs_of(row.id) {
                Ok(running) => break running,
                Err(error) => {
                    tracing::error!(backfill = %row.id, %error, "runs cannot be read");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        };
        let wait_for = |run: RunId| self.0.engine.until_over(run);
        let mut going: FuturesUnordered<_> = running.into_iter().map(wait_for).collect();
        loop {
            while going.len() >= row.parallel as usize {
                going.next().await;
            }
            let Some(armed) = self.armed(row.trigger).filter(|armed| !armed.is_off()) else {
                return self
                    .end(
                        row,
                        BackfillStatus::Failed,
                        Some("the trigger is not active any more"),
                    )
                    .await;
            };
            let Kind::Schedule { timetable, .. } = &armed.kind else {
                return self
                    .end(
                        row,
                        BackfillStatus::Failed,
                        Some("the trigger is no schedule any more"),
                    )
                    .await;
            };
            let Some(at) = times(timetable, &row).next() else {
                return self.end(row, BackfillStatus::Done, None).await;
            };
            match self.make_up_for(&armed, &mut row, at).await {
                Ok(Some(run)) => going.push(wait_for(run)),
                Ok(None) => tokio::task::yield_now().await,
                Err(error) if is_passing(&error) => tokio::time::sleep(AGAIN).await,
                Err(error) => {
                    return self
                        .end(row, BackfillStatus::Failed, Some(&error.to_string()))
                        .await;
                }
            }
        }
    }

    /// Fires one time of a backfill; the run and how far the backfill is become durable together.
    async fn make_up_for(
        &self,
        armed: &Armed,
        row: &mut Backfill,
        at: Timestamp,
    ) -> Result<Option<RunId>, RunError> {
        let _held = self.0.taking.hold(format!("backfill\n{}", row.id)).await;
        let known: Option<FiringKey> = self.store().get(&key_of(armed, &at.to_string()))?;
        let is_missing = match &known {
            None => true,
            Some(key) => self.has_no_run(key)?,
        };
        let next = |change: &dyn Fn(&mut Backfill)| {
            let mut next = row.clone();
            next.reached = Some(at);
            change(&mut next);
            next
        };
        if row.only_missing && !is_missing {
            // Nothing that anybody waits for: it becomes durable with the next run, or at the end.
            *row = next(&|row| row.present += 1);
            return Ok(None);
        }
        let mut arrival = self.scheduled_arrival(armed, at);
        arrival.backfill = Some(row.id);
        arrival.started_by.clone_from(&row.created_by);
        let mut cause = json!({
            "kind": "schedule", "trigger_id": armed.row.id, "trigger": armed.row.name,
            "scheduled_at": at, "backfill_id": row.id, "label": row.label,
        });
        if let Some(label) = &row.label {
            cause["labels"] = json!({ "backfill": label });
        }
        arrival.cause = cause.into();
        arrival.claim = match (is_missing, &known) {
            (true, None) => Claim::New,
            // A time that was passed over because of an overlap holds its claim without a run.
            (true, Some(_)) => Claim::Held,
            (false, _) => {
                arrival.occurrence = format!("{at}#{}", row.id);
                Claim::New
            }
        };
        let started = next(&|row| row.started += 1);
        let refused = next(&|row| row.refused += 1);
        arrival.extra = Batch::new().put(&started);
        arrival.extra_if_none = Some(Batch::new().put(&refused));
        Ok(match self.fire(armed, arrival).await? {
            Fired::Started(firing) => {
                *row = started;
                firing.run
            }
            Fired::Filtered(_) | Fired::Rejected(_) | Fired::Same(_) | Fired::Waits(_) => {
                *row = refused;
                None
            }
            Fired::Again(_) => {
                *row = next(&|row| row.present += 1);
                None
            }
        })
    }

    /// Whether a claimed time started nothing because something else went before.
    fn has_no_run(&self, key: &FiringKey) -> Result<bool, ReadError> {
        if key.run.is_some() {
            return Ok(false);
        }
        let firing: Option<Firing> = self.store().get(&Firing::key_of(key.trigger, key.firing))?;
        Ok(firing.is_none_or(|firing| firing.status == FiringStatus::Skipped))
    }

    async fn end(&self, mut row: Backfill, status: BackfillStatus, reason: Option<&str>) {
        row.status = status;
        row.reason = reason.map(str::to_owned);
        row.finished_at = Some(self.now());
        loop {
            let held = self.0.taking.hold(format!("backfill\n{}", row.id)).await;
            let data = json!({
                "backfill_id": row.id, "trigger_id": row.trigger, "label": row.label, "status": row.status,
                "started": row.started, "present": row.present, "refused": row.refused,
            });
            let source = format!("/triggers/{}", row.trigger);
            let told = super::announcement("backfill.finished", &source, "", self.now(), data);
            match self.append_announced(Batch::new().put(&row), told).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(backfill = %row.id, %error, "the end of a backfill is tried again");
                }
            }
            drop(held);
            tokio::time::sleep(AGAIN).await;
        }
    }
}
