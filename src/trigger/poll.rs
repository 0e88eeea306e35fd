//! Polls at work: one question at a time, and each new item of the answer a firing. The cursor moves in the
//! same batch as the firing that moves it.

use super::Triggers;
use super::fire::{Claim, Fired};
use super::lookout::{AGAIN, cause, nobody};
use super::registry::{Armed, Kind};
use crate::action::Attempt;
use crate::artifacts::Files;
use crate::service::RunError;
use crate::step_log::AttemptLog;
use druse_engine::event::Outcome;
use druse_engine::{Digest, Span, Timestamp, TriggerId};
use druse_storage::{Batch, Entity, Lookout, Scan, SeenFile, SeenItem, StoreExt};
use druse_triggers::Poll;
use druse_triggers::poll::{Answer, Item, seen};
use druse_triggers::schedule::STEP;
use druse_triggers::webhook::REMEMBERED;
use std::collections::{BTreeMap, BTreeSet};

/// How many rows become durable at once where no run is started.
const AT_ONCE: usize = 500;

/// How often it is noted that an item is still in the answers.
const NOTED: Span = Span::from_secs(86_400);

/// The longest key that is a firing's; a longer one is told by its digest.
const LONGEST_KEY: usize = 512;

impl Triggers {
    pub(super) async fn ask(
        &self,
        armed: &Armed,
        poll: &Poll,
    ) -> Result<Option<Timestamp>, RunError> {
        let asked_at = self.now();
        let mut row = self.lookout(armed.row.id, poll.identity())?;
        // A failure in what is now the future keeps nobody waiting: the clock went back.
        let failed_before = row
            .failing_since
            .is_none_or(|since| since <= asked_at.after(STEP));
        if let Some(not_before) = row.not_before.filter(|at| *at > asked_at && failed_before) {
            return Ok(Some(not_before));
        }
        let failures = row.failures.saturating_add(1);
        let output = match poll.request(&row.cursor) {
            Err(error) => Err((error.to_string(), None)),
            Ok(request) => match self.perform(armed, poll, request, asked_at).await {
                Outcome::Succeeded { output } => Ok(output),
                Outcome::Failed {
                    failure,
                    retry_after_ms,
                } => Err((failure.message, retry_after_ms.map(Span::from_millis))),
            },
        };
        if self.0.closing.is_cancelled() {
            return Ok(None);
        }
        armed.progress.standing().looked_at = Some(asked_at);
        let answer = output.and_then(|output| {
            let answer = poll.answer(output);
            answer.map_err(|error| (error.to_string(), None))
        });
        let answer = match answer {
            Ok(answer) => answer,
            Err((error, asked)) => {
                let wait = poll.wait(failures, asked);
                return self.note_failure(armed, &row, error, wait).await;
            }
        };
        armed.progress.standing().found = Some(answer.items.len());
        let known = self.known_items(armed, &answer).await?;
        self.note_answer(&mut row, asked_at).await?;
        let taken = match row.begun || poll.existing {
            true => {
                self.take_items(armed, poll, &answer, &known, &mut row)
                    .await?
            }
            false => {
                self.pass_items(armed, poll, &answer, &known, &mut row)
                    .await?
            }
        };
        match taken {
            Taken::All => {
                self.note_success(armed, &mut row).await?;
                Ok(Some(asked_at.after(poll.every).max(self.now())))
            }
            // There is more that was there at first.
            Taken::More => Ok(Some(self.now().after(AGAIN))),
            // It is being changed: what it is then decides.
            Taken::Changed => Ok(Some(self.now().after(AGAIN))),
            Taken::Closing => Ok(None),
            Taken::Wrong(error) => {
                let wait = poll.wait(failures, None);
                self.note_failure(armed, &row, error, wait).await
            }
        }
    }

    async fn perform(
        &self,
        armed: &Armed,
        poll: &Poll,
        request: druse_engine::Json,
        asked_at: Timestamp,
    ) -> Outcome {
        let run = nobody();
        let attempt = Attempt {
            run,
            root: run,
            step: format!("trigger {}", armed.row.name),
            number: 1,
            kind: poll.action.clone(),
            input: request,
            given: druse_engine::Json::null(),
            sensitive: Vec::new(),
            secrets: poll.secrets.clone(),
            // Each question is one of its own: a service must not give an earlier answer again.
            idempotency_key: format!("{}@{asked_at}", armed.row.id),
            fence: 0,
            timeout: poll.timeout.map(|span| span.0),
            reads_only: true,
            pins: Default::default(),
            capabilities: Some(self.0.engine.capabilities(armed.row.automation)),
            log: AttemptLog::default(),
            files: Files::default(),
        };
        let cancel = self.0.closing.child_token();
        self.0.engine.actions().perform(attempt, cancel).await
    }

    /// The keys of an answer's items that came before. That they still come is noted once a day, for what
    /// no longer comes is forgotten.
    async fn known_items(
        &self,
        armed: &Armed,
        answer: &Answer,
    ) -> Result<BTreeSet<String>, RunError> {
        let now = self.now();
        let (mut known, mut noted) = (BTreeSet::new(), BTreeMap::new());
        for item in &answer.items {
            let row = seen_item(armed, item, now);
            if let Some(before) = self.store().get::<SeenItem>(&row.key())? {
                known.insert(item.key.clone());
                if now.since(before.at) >= NOTED {
                    noted.insert(row.key(), row);
                }
            }
        }
        let noted: Vec<SeenItem> = noted.into_values().collect();
        for some in noted.chunks(AT_ONCE) {
            let batch = some.iter().fold(Batch::new(), |batch, row| batch.put(row));
            self.append(batch).await?;
        }
        Ok(known)
    }

    /// Notes once a day that there was an answer, after the items that came in it: those that did not are counted
    /// from then, however long no answer followed.
    async fn note_answer(&self, row: &mut Lookout, asked_at: Timestamp) -> Result<(), RunError> {
        let noted = |at: Timestamp| at <= asked_at && asked_at.since(at) < NOTED;
        if row.answered_at.is_some_and(noted) {
            return Ok(());
        }
        row.answered_at = Some(asked_at);
        self.append(Batch::new().put(row)).await
    }

    /// Takes what is there at first for seen.
    async fn pass_items(
        &self,
        armed: &Armed,
        poll: &Poll,
        answer: &Answer,
        known: &BTreeSet<String>,
        row: &mut Lookout,
    ) -> Result<Taken, RunError> {
        let now = self.now();
        let plan = poll.plan(answer, |key| known.contains(key), usize::MAX);
        for some in plan.fresh.chunks(AT_ONCE) {
            let batch = some.iter().fold(Batch::new(), |batch, index| {
                batch.put(&seen_item(armed, &answer.items[*index], now))
            });
            self.append(batch).await?;
        }
        let cursor = match poll.cursor_after(answer, None, true) {
            Ok(cursor) => cursor,
            Err(error) => return Ok(Taken::Wrong(error.to_string())),
        };
        // One that goes on may have more of what was there at first behind it.
        let more =
            cursor.as_ref().is_some_and(|cursor| *cursor != row.cursor) && !plan.fresh.is_empty();
        row.cursor = cursor.unwrap_or_else(|| row.cursor.clone());
        row.begun = !more;
        self.append(Batch::new().put(row)).await?;
        Ok(match more {
            true => Taken::More,
            false => Taken::All,
        })
    }

    async fn take_items(
        &self,
        armed: &Armed,
        poll: &Poll,
        answer: &Answer,
        known: &BTreeSet<String>,
        row: &mut Lookout,
    ) -> Result<Taken, RunError> {
        let plan = poll.plan(answer, |key| known.contains(key), poll.limit);
        let mut wrong = None;
        for (place, index) in plan.fresh.iter().enumerate() {
            if self.0.closing.is_cancelled() {
                return Ok(Taken::Closing);
            }
            let item = &answer.items[*index];
            let is_last = plan.whole && place + 1 == plan.fresh.len();
            let moved = match is_last {
                true => poll.cursor_after(answer, None, true),
                false => poll.cursor_after(answer, Some(item), false),
            };
            let moved = moved.unwrap_or_else(|error| {
                wrong = Some(error.to_string());
                None
            });
            let next = Lookout {
                begun: true,
                cursor: moved.unwrap_or_else(|| row.cursor.clone()),
                ..row.clone()
            };
            if !self.fire_item(armed, item, &next).await? {
                return Ok(Taken::Changed);
            }
            *row = next;
        }
        if let Some(error) = wrong {
            return Ok(Taken::Wrong(error));
        }
        if plan.whole {
            // Behind the last new one there may be others that are known.
            let cursor = match poll.cursor_after(answer, None, true) {
                Ok(cursor) => cursor.unwrap_or_else(|| row.cursor.clone()),
                Err(error) => return Ok(Taken::Wrong(error.to_string())),
            };
            if cursor != row.cursor || !row.begun {
                row.cursor = cursor;
                row.begun = true;
                self.append(Batch::new().put(row)).await?;
            }
        }
        Ok(Taken::All)
    }

    /// Fires an item; whether the trigger still is what it was.
    async fn fire_item(
        &self,
        armed: &Armed,
        item: &Item,
        next: &Lookout,
    ) -> Result<bool, RunError> {
        let _held = self.0.writing.read().await;
        if self.current(armed)?.is_none() {
            return Ok(false);
        }
        let rows = Batch::new()
            .put(&seen_item(armed, item, self.now()))
            .put(next);
        let key = match item.key.len() > LONGEST_KEY {
            true => Digest::of(item.key.as_bytes()).to_string(),
            false => item.key.clone(),
        };
        let mut arrival = self.arrival(armed, seen(item).into(), cause(armed, "key", &key).into());
        arrival.occurrence = key;
        arrival.claim = Claim::New;
        arrival.extra = rows.clone();
        if let Some(fault) = &item.fault {
            arrival.claim = Claim::None;
            let (_, rows) = Self::unusable(armed, &arrival, fault.clone());
            self.append(rows).await?;
            return Ok(true);
        }
        if let Fired::Again(_) = self.take(armed, arrival).await? {
            self.append(rows).await?;
        }
        Ok(true)
    }

    /// Forgets items that had not been in an answer for a week when there was one last, and all that was seen by
    /// triggers that are no more. Time in which nothing was asked or answered does not count.
    pub(super) async fn sweep_seen(&self) -> Result<(), RunError> {
        let mut answered: BTreeMap<TriggerId, Timestamp> = BTreeMap::new();
        for armed in self.those(|armed| matches!(armed.kind, Kind::Poll(_))) {
            let id = armed.row.id;
            let row: Option<Lookout> = self.store().get(&id.to_string())?;
            answered.extend(row.and_then(|row| Some((id, row.answered_at?))));
        }
        self.sweep_rows(|row: &SeenItem| {
            let answered = answered.get(&row.trigger);
            answered.is_some_and(|answered| answered.since(row.at) > REMEMBERED)
                || !self.is_known(row.trigger)
        })
        .await?;
        self.sweep_rows(|row: &SeenFile| !self.is_known(row.trigger))
            .await?;
        self.sweep_rows(|row: &Lookout| !self.is_known(row.trigger))
            .await
    }

    async fn sweep_rows<E: Entity>(&self, is_old: impl Fn(&E) -> bool) -> Result<(), RunError> {
        let mut after = None;
        loop {
            let page: Vec<E> = self.store().scan(&Scan {
                after: after.take(),
                limit: AT_ONCE,
                ..Scan::default()
            })?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.key());
            let gone = page.iter().filter(|row| is_old(row));
            let gone = gone.fold(Batch::new(), |batch, row| batch.remove::<E>(row.key()));
            if !gone.facts.is_empty() {
                self.append(gone).await?;
            }
        }
    }
}

/// What became of an answer.
enum Taken {
    /// All of it that was to be.
    All,
    /// More follows at once.
    More,
    /// The trigger was changed meanwhile.
    Changed,
    /// The server ends.
    Closing,
    /// An expression has no value.
    Wrong(String),
}

fn seen_item(armed: &Armed, item: &Item, at: Timestamp) -> SeenItem {
    SeenItem {
        trigger: armed.row.id,
        digest: Digest::of(item.key.as_bytes()),
        at,
    }
}
