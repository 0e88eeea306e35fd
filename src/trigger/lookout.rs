//! Triggers that look by themselves, at folders and at what services and databases answer: when each looks
//! next, and what is said of one that cannot.

use super::Triggers;
use super::registry::{Armed, Kind};
use crate::runtime::clock;
use crate::service::RunError;
use druse_engine::{AutomationId, Digest, Finding, Span, Timestamp, TriggerId};
use druse_storage::{Batch, Firing, FiringStatus, Lookout, ReadError, StoreExt, Trigger};
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The wait after which what the store did not take is tried again.
pub(super) const AGAIN: Span = Span::from_secs(1);

/// How long after a look that broke the next one comes.
const BROKEN: Span = Span::from_secs(60);

/// One that cannot look for longer than this is told.
const LONG: Span = Span::from_secs(300);

/// How many look at once.
const AT_ONCE: usize = 64;

/// What is known of a trigger's looks in this process.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    /// When it looked last.
    pub(super) looked_at: Option<Timestamp>,
    /// When it looks next at the latest.
    pub(super) next_at: Option<Timestamp>,
    /// How many files or items there were.
    pub(super) found: Option<usize>,
    /// Whether the system tells of changes.
    pub(super) notified: Option<bool>,
}

/// How a trigger that looks by itself stands, as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LookoutView {
    /// Whether what was there at first has been seen: what comes from then on starts runs.
    pub begun: bool,
    /// When it looked last, since the server started.
    pub looked_at: Option<Timestamp>,
    /// When it looks next at the latest.
    pub next_at: Option<Timestamp>,
    /// How many files or items it found last.
    pub found: Option<usize>,
    /// For files: whether the system tells of changes; otherwise they are found by looking.
    pub notified: Option<bool>,
    /// For polls: where the next answer goes on.
    pub cursor: Value,
    /// How often in a row it could not look.
    pub failures: u32,
    /// Since when.
    pub failing_since: Option<Timestamp>,
    /// Why.
    pub error: Option<String>,
}

/// Lets so many look at once.
pub(super) fn permits() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

impl Triggers {
    /// Puts all that look by themselves on the agenda, after a start.
    pub(super) fn look_everywhere(&self) {
        for armed in self.those(Armed::looks) {
            self.0.looks.add(armed.row.id, Timestamp(0));
        }
    }

    /// Sees what is there at first, for triggers of an automation that has just become active: what comes
    /// after the answer to the activation starts runs. One that cannot look now does so later.
    pub async fn begin_looking(&self, automation: AutomationId) {
        let those = self.those(|armed| armed.row.automation == automation && armed.is_active());
        for armed in those {
            let Kind::Files(folder) = &armed.kind else {
                continue;
            };
            if !folder.existing {
                self.look_and_again(armed.row.id).await;
            }
        }
    }

    /// Looks, and says when it looks again, whatever happens.
    pub(super) async fn look_and_again(&self, id: TriggerId) {
        let next = match AssertUnwindSafe(self.look(id)).catch_unwind().await {
            Ok(Ok(next)) => next,
            Ok(Err(error)) => {
                tracing::warn!(trigger = %id, %error, "what a trigger found could not be taken in and is tried again");
                Some(self.now().after(AGAIN))
            }
            Err(_) => {
                tracing::error!(trigger = %id, "a trigger broke while it looked and is tried again");
                Some(self.now().after(BROKEN))
            }
        };
        if let Some(armed) = self.armed(id) {
            armed.progress.standing().next_at = next;
        }
        if let Some(next) = next
            && self.0.looks.add(id, next)
        {
            self.0.changed.notify_one();
        }
    }

    async fn look(&self, id: TriggerId) -> Result<Option<Timestamp>, RunError> {
        let Some(before) = self.armed(id) else {
            self.0.notices.forget(id);
            return Ok(None);
        };
        let _turn = before.progress.turn.lock().await;
        // It may have been changed while others had their turn.
        let armed = self.armed(id).filter(|armed| armed.is_active());
        let Some(armed) = armed.filter(|_| !self.0.closing.is_cancelled()) else {
            self.0.notices.forget(id);
            return Ok(None);
        };
        match &armed.kind {
            Kind::Files(folder) => self.look_at_folder(&armed, folder).await,
            Kind::Poll(poll) => self.ask(&armed, poll).await,
            _ => Ok(None),
        }
    }

    /// Where a trigger stands. One that looks at something else than before begins anew.
    pub(super) fn lookout(&self, id: TriggerId, identity: &Digest) -> Result<Lookout, ReadError> {
        let known: Option<Lookout> = self.store().get(&id.to_string())?;
        Ok(known
            .filter(|row| row.identity == *identity)
            .unwrap_or_else(|| Lookout::new(id, identity.clone())))
    }

    /// Notes that it could not look, and tells it once that lasts.
    pub(super) async fn note_failure(
        &self,
        armed: &Armed,
        row: &Lookout,
        error: String,
        wait: Span,
    ) -> Result<Option<Timestamp>, RunError> {
        let now = self.now();
        let error = self
            .0
            .engine
            .actions()
            .redactor()
            .redact_text(&error)
            .into_owned();
        let since = row.failing_since.map_or(now, |since| since.min(now));
        let mut failed = Lookout {
            failures: row.failures.saturating_add(1),
            failing_since: Some(since),
            error: Some(error.clone()),
            not_before: Some(now.after(wait)),
            ..row.clone()
        };
        let mut announced = Batch::new();
        if now.since(since) >= LONG && !row.told {
            failed.told = true;
            let data = json!({ "error": error, "since": since, "failures": failed.failures });
            announced = self.announce("trigger.failing", armed, data);
        }
        // Ever more rarely: what fails for days fills no log.
        if failed.failures.is_power_of_two() {
            tracing::warn!(trigger = %armed.row.id, error, failures = failed.failures, "a trigger could not look");
        }
        self.append_announced(Batch::new().put(&failed), announced)
            .await?;
        Ok(Some(now.after(wait)))
    }

    /// Notes that it can look again, where it could not before.
    pub(super) async fn note_success(
        &self,
        armed: &Armed,
        row: &mut Lookout,
    ) -> Result<(), RunError> {
        if row.failures == 0 && row.not_before.is_none() {
            return Ok(());
        }
        let announced = match row.told {
            true => {
                let data = json!({ "since": row.failing_since, "failures": row.failures });
                self.announce("trigger.recovered", armed, data)
            }
            false => Batch::new(),
        };
        row.failures = 0;
        row.failing_since = None;
        row.error = None;
        row.told = false;
        row.not_before = None;
        self.append_announced(Batch::new().put(row), announced)
            .await
    }

    /// Writes down that something came which is no use, under its name, with the rows that go with it.
    pub(super) fn unusable(
        armed: &Armed,
        arrival: &super::fire::Arrival,
        reason: String,
    ) -> (Firing, Batch) {
        let firing = arrival.firing(armed, FiringStatus::Rejected, None, Some(reason));
        let rows = arrival.rows(&firing);
        (firing, rows)
    }

    /// How a trigger that looks by itself stands; `None` for the others.
    pub(super) fn lookout_view(&self, armed: &Armed) -> Result<Option<LookoutView>, ReadError> {
        if !armed.looks() {
            return Ok(None);
        }
        let row: Option<Lookout> = self.store().get(&armed.row.id.to_string())?;
        let standing = *armed.progress.standing();
        let asks = matches!(armed.kind, Kind::Poll(_));
        Ok(Some(LookoutView {
            begun: row.as_ref().is_some_and(|row| row.begun),
            looked_at: standing.looked_at,
            next_at: standing.next_at.filter(|_| armed.is_active()),
            found: standing.found,
            notified: standing.notified.filter(|_| !asks),
            cursor: row
                .as_ref()
                .map(|row| row.cursor.clone())
                .unwrap_or_default(),
            failures: row.as_ref().map_or(0, |row| row.failures),
            failing_since: row.as_ref().and_then(|row| row.failing_since),
            error: row.and_then(|row| row.error),
        }))
    }

    /// The triggers that cannot look, each with since when and why.
    pub fn failing(&self) -> Result<Vec<(Trigger, Timestamp, String)>, ReadError> {
        let mut failing = Vec::new();
        for armed in self.those(|armed| armed.looks() && armed.is_active()) {
            let row: Option<Lookout> = self.store().get(&armed.row.id.to_string())?;
            if let Some(row) = row
                && let (Some(since), Some(error)) = (row.failing_since, row.error)
            {
                failing.push((armed.row.clone(), since, error));
            }
        }
        Ok(failing)
    }
}

/// What is to be said about how a trigger looks.
pub(super) fn findings(view: &LookoutView, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let (Some(since), Some(error)) = (view.failing_since, &view.error) {
        let lasts = now.since(since);
        let message = format!(
            "it has not been able to look since {since}: {}",
            error.trim_end_matches('.')
        );
        let finding = match lasts >= LONG {
            true => Finding::error("trigger_failing", message),
            false => Finding::warning("trigger_failing", message),
        };
        findings.push(finding.help(match view.next_at {
            Some(next) => format!("It tries again at {next}; what came meanwhile is found then."),
            None => "It tries again by itself; what came meanwhile is found then.".to_owned(),
        }));
    }
    if view.notified == Some(false) {
        findings.push(
            Finding::info(
                "no_notices",
                "the system tells of no changes in this folder: they are found by looking through it",
            )
            .help("`every` says how often; on Linux, fs.inotify.max_user_watches may be too low."),
        );
    }
    findings
}

impl Armed {
    /// Whether it looks by itself.
    pub(super) fn looks(&self) -> bool {
        matches!(self.kind, Kind::Files(_) | Kind::Poll(_))
    }
}

/// A stand-in for what made a firing, in the cause of its run.
pub(super) fn cause(armed: &Armed, key: &str, value: &str) -> Value {
    let mut cause = json!({
        "kind": armed.kind_name(), "trigger_id": armed.row.id, "trigger": armed.row.name,
    });
    cause[key] = value.into();
    cause
}

/// A run's id for an attempt that belongs to none.
pub(super) fn nobody() -> druse_engine::RunId {
    clock::new_id(druse_engine::RunId::from_parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_the_system_does_not_tell_of_says_so() {
        let view = |notified| LookoutView {
            begun: true,
            looked_at: None,
            next_at: None,
            found: None,
            notified,
            cursor: Value::Null,
            failures: 0,
            failing_since: None,
            error: None,
        };
        let codes = |notified| -> Vec<String> {
            let findings = findings(&view(notified), Timestamp(0));
            findings.into_iter().map(|one| one.code).collect()
        };
        assert_eq!(codes(Some(false)), ["no_notices"]);
        assert_eq!(codes(Some(true)), [""; 0]);
        assert_eq!(codes(None), [""; 0]);
    }
}
