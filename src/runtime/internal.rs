//! The two actions whose effect is inside Druse: starting another automation, and publishing an event.
//! Both carry the step's idempotency key, so that a repeated attempt finds what the first one made.

use super::{
    Engine, Inner, clock, live,
    starters::{all_starters, first_starter, people},
};
use crate::action::{Attempt, Failed, Internal, Performed};
use crate::service::{IdempotencyClaim, RunError, RunView, Submit};
use druse_engine::event::{Entry, Status, StepPath};
use druse_engine::plan::InputCheck;
use druse_engine::run::Run;
use druse_engine::{AutomationId, Digest, Finding, Json, RunId};
use druse_storage::{AutomationName, Batch, IdempotencyKey, ReadError, StoreExt as _};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Weak;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Who publishes events: makes them durable, and starts what waits for them.
pub trait Publish: Send + Sync {
    /// The rows that tell what new facts of a run mean outside, to become durable together with them.
    fn announce(&self, _run: &Run, _entries: &[Entry]) -> Batch {
        Batch::new()
    }

    /// What was announced has become durable.
    fn announced(&self) {}

    /// Publishes a CloudEvents event with the people behind it; the same `source` and `id` again changes
    /// nothing. Gives its id here.
    fn publish<'a>(
        &'a self,
        event: Value,
        starters: Vec<String>,
    ) -> BoxFuture<'a, Result<String, RunError>>;
}

/// Between two tries while the store has no space for new work, or cannot be read.
const AGAIN: Duration = Duration::from_secs(1);

impl Internal for Inner {
    fn automation<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            let engine = self.engine().ok_or_else(Failed::canceled)?;
            engine.run_child(attempt, cancel).await
        })
    }

    fn emit<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            let publisher = self
                .publisher
                .get()
                .and_then(Weak::upgrade)
                .ok_or_else(|| {
                    Failed::permanent("no_events", "This engine publishes no events.")
                })?;
            let (depth, starters) = match self.live.get(attempt.run) {
                None => (0, Vec::new()),
                Some(live) => {
                    let locked = live::lock(&live);
                    let start = locked.run.start();
                    (start.depth, people(start))
                }
            };
            let mut event = attempt.input.value().clone();
            if let Some(map) = event.as_object_mut() {
                map.insert("specversion".into(), "1.0".into());
                map.insert("id".into(), attempt.idempotency_key.as_str().into());
                map.insert("time".into(), json!(clock::now()));
                // Counts how many events follow one from another, so that a loop comes to an end.
                map.insert(druse_triggers::event::DEPTH.into(), (depth + 1).into());
                map.entry("source")
                    .or_insert_with(|| format!("/runs/{}", attempt.run).into());
            }
            let publish = || publisher.publish(event.clone(), starters.clone());
            let id = once_taken(cancel, publish, refused_event).await?;
            Ok(json!({ "event_id": id }).into())
        })
    }
}

impl Engine {
    /// The rows that tell what new facts of a run mean outside.
    pub(super) fn announce(&self, run: &Run, entries: &[Entry]) -> Batch {
        let publisher = self.0.publisher.get().and_then(Weak::upgrade);
        publisher.map_or_else(Batch::new, |publisher| publisher.announce(run, entries))
    }

    /// Such rows have become durable.
    pub(super) fn announced(&self) {
        if let Some(publisher) = self.0.publisher.get().and_then(Weak::upgrade) {
            publisher.announced();
        }
    }

    /// The run that a step of a run has started last.
    pub(super) fn child(&self, parent: &Run, step: &StepPath) -> Option<RunId> {
        let key = parent.key_of(step)?;
        let mut tries = (0..=parent.failed_attempts(step)).rev();
        tries.find_map(|failed| self.child_with(parent.id(), key, failed))
    }

    /// Whether a step has started a run with an attempt before its present one.
    pub(super) fn is_earlier_child(&self, parent: &Run, step: &StepPath, child: RunId) -> bool {
        let Some(key) = parent.key_of(step) else {
            return false;
        };
        let mut earlier = 0..parent.failed_attempts(step);
        earlier.any(|failed| self.child_with(parent.id(), key, failed) == Some(child))
    }

    fn child_with(&self, parent: RunId, key: &str, failed: usize) -> Option<RunId> {
        let key = child_claim(parent, key, failed);
        let row: IdempotencyKey = self.0.store.get(&key).ok()??;
        made(&row).ok()
    }

    async fn run_child(&self, attempt: &Attempt, cancel: &CancellationToken) -> Performed {
        let input = attempt.input.value();
        let waits = waits_of(input)?;
        let parent = self.0.live.get(attempt.run).ok_or_else(Failed::canceled)?;
        let (depth, parent_name, person, starters, failed) = {
            let locked = live::lock(&parent);
            let start = locked.run.start();
            let person = first_starter(&locked.run);
            let starters = json!(all_starters(start));
            let failed = locked.run.failed_attempts(&attempt.step.as_str().into());
            (
                start.depth + 1,
                start.name.clone(),
                person,
                starters,
                failed,
            )
        };
        let claim = IdempotencyClaim {
            scope: child_scope(attempt.run),
            key: child_key(&attempt.idempotency_key, failed),
            body: Digest::of(attempt.input.text().as_bytes()),
        };
        let claimed = child_claim(attempt.run, &attempt.idempotency_key, failed);
        let step = attempt.step.as_str().into();
        let known = || self.started(&parent, &step, &claimed);
        let child = match self.once_known(attempt, cancel, known).await? {
            // Whatever became of the automation since.
            Some(row) => {
                let child = made(&row)?;
                self.take_up(child).await;
                child
            }
            None if cancel.is_cancelled() => return Err(Failed::canceled()),
            None => {
                let (automation, version) = self.child_version(attempt, version_of(input)?)?;
                self.stays_sensitive(attempt, automation, version)?;
                let submit = Submit {
                    automation,
                    version,
                    inputs: input.get("inputs").cloned().unwrap_or_else(|| json!({})),
                    cause: Json::from(json!({
                        "kind": "automation", "run_id": attempt.run, "step": attempt.step, "automation": parent_name, "depth": depth,
                        "started_by": person, "starters": starters,
                    })),
                    started_by: format!("run:{}", attempt.run),
                    trigger: Json::null(),
                    scheduled_at: None,
                    idempotency: Some(claim),
                    extra: Batch::new(),
                    run: clock::new_id(RunId::from_parts),
                    dry_run: false,
                    priority: None,
                    judged: false,
                };
                let started = || async {
                    match self.submit(submit.clone()).await {
                        // It was started after all.
                        Err(RunError::Claimed(key)) => {
                            let child = known()?.and_then(|row| made(&row).ok());
                            child.ok_or(RunError::Claimed(key))
                        }
                        started => started.map(|run| run.id),
                    }
                };
                match once_taken(cancel, started, refused).await {
                    // It may have been started by a try of which that was not known.
                    Err(failed) if cancel.is_cancelled() => {
                        let row = self.once_known(attempt, cancel, known).await?;
                        made(&row.ok_or(failed)?)?
                    }
                    taken => taken?,
                }
            }
        };
        if !waits {
            return Ok(json!({ "run_id": child, "outputs": null }).into());
        }
        tokio::select! {
            view = self.end_of_child(attempt, child) => {
                let secrets = self.0.actions.secrets();
                outcome_of(&view?).map(|output| secrets.moved(child, attempt.root, &output))
            }
            () = cancel.cancelled() => {
                if !self.0.closing.is_cancelled() {
                    self.end_child(attempt.run, child).await;
                }
                Err(Failed::canceled())
            }
        }
    }

    /// Reads again until it is known whether there is a row. While that is not known no attempt may end, canceled or
    /// not: it may have started a run, which nobody would find.
    async fn once_known<T>(
        &self,
        attempt: &Attempt,
        cancel: &CancellationToken,
        read: impl Fn() -> Result<T, ReadError>,
    ) -> Result<T, Failed> {
        loop {
            match read() {
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "whether a step has started a run is not known yet");
                }
                // What is damaged stays so, and may be what tells that a run was started.
                Err(error) => return Err(self.never_found(attempt, &error, cancel).await),
                Ok(found) => return Ok(found),
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                // The next start asks again.
                () = self.closing() => return Err(Failed::canceled()),
            }
        }
    }

    /// Waits for the end of a run that a step has started. That it cannot be read is no end of it: an attempt that
    /// failed because of that would leave it to itself, and the next one would start another.
    async fn end_of_child(&self, attempt: &Attempt, child: RunId) -> Result<RunView, Failed> {
        loop {
            if self.0.closing.is_cancelled() {
                return Err(Failed::canceled());
            }
            if self.0.fence.holds(child) {
                self.until_found(attempt, child).await?;
            }
            match self.look(child).await {
                Ok(Some(view)) if view.is_over() => return Ok(view),
                Ok(_) => {}
                Err(RunError::Read(error)) => {
                    self.0
                        .fence
                        .add(child, format!("it cannot be read: {error}"));
                }
                Err(other) => return Err(refused(other)),
            }
        }
    }

    /// A sensitive input goes only into one that the other automation keeps as such.
    fn stays_sensitive(
        &self,
        attempt: &Attempt,
        child: AutomationId,
        version: Option<u32>,
    ) -> Result<(), Failed> {
        if attempt.sensitive.is_empty() {
            return Ok(());
        }
        let compiled = self
            .0
            .plans
            .get(self.0.store.as_ref(), child, version)
            .map_err(|reason| refused(reason.into()))?;
        for place in &attempt.sensitive {
            let name = place
                .strip_prefix("/inputs/")
                .and_then(|rest| rest.split('/').next())
                .unwrap_or_default();
            let kept = |input: &InputCheck| input.name == name && input.sensitive;
            if !compiled.plan.inputs.iter().any(kept) {
                return Err(Failed::permanent(
                    "sensitive_not_allowed",
                    format!(
                        "The automation {:?} does not keep its input {name:?} sensitive.",
                        compiled.name
                    ),
                ));
            }
        }
        Ok(())
    }

    pub(super) fn child_of(&self, input: &Value) -> Result<AutomationId, Failed> {
        if let Some(id) = input["id"].as_str() {
            let automation = id
                .parse()
                .map_err(|_| Failed::input(format!("{id:?} is not an automation's id.")))?;
            let known = self.has_automation(automation);
            return match known.map_err(|error| refused(error.into()))? {
                true => Ok(automation),
                false => Err(Failed::permanent(
                    "unknown_automation",
                    format!("There is no automation {id}."),
                )),
            };
        }
        let name = input["name"].as_str().unwrap_or_default();
        let row: Option<AutomationName> = self
            .0
            .store
            .get(name)
            .map_err(|error| refused(error.into()))?;
        row.map(|row| row.automation).ok_or_else(|| {
            Failed::permanent(
                "unknown_automation",
                format!("There is no automation named {name:?}."),
            )
        })
    }
}

/// The version that is named, if one is. What is no number of a version never means the active one.
fn version_of(input: &Value) -> Result<Option<u32>, Failed> {
    let named = &input["version"];
    if named.is_null() {
        return Ok(None);
    }
    let number = named.as_u64().and_then(|number| u32::try_from(number).ok());
    match number.filter(|number| *number > 0) {
        Some(number) => Ok(Some(number)),
        None => Err(Failed::input(format!(
            "\"version\" is {named}, and has to be the number of a version."
        ))),
    }
}

/// Whether the child's end is waited for.
pub(super) fn waits_of(input: &Value) -> Result<bool, Failed> {
    match &input["wait"] {
        Value::Null => Ok(true),
        Value::Bool(waits) => Ok(*waits),
        other => Err(Failed::input(format!(
            "\"wait\" is {other}, and has to be true or false."
        ))),
    }
}

/// Where the claims of a run's children stand.
fn child_scope(parent: RunId) -> String {
    format!("run:{parent}")
}

/// The key of the row by which the run is found that an attempt has started.
pub(super) fn child_claim(parent: RunId, key: &str, failed: usize) -> String {
    let claim = IdempotencyClaim {
        scope: child_scope(parent),
        key: child_key(key, failed),
        body: Digest::of(b""),
    };
    druse_storage::Entity::key(&claim.row(Value::Null, clock::now()))
}

/// What tells the run that an attempt has started from others of its step. An attempt that a crash interrupted is repeated and finds
/// it; once an attempt has failed, the next one starts another.
fn child_key(key: &str, failed: usize) -> String {
    match failed {
        0 => key.to_owned(),
        failed => format!("{key}~{failed}"),
    }
}

/// Asks again while the store takes no new work, or cannot be read just now: a run that has begun does not fail
/// because a disk is full for a while, and what was asked for may have been done when a read failed behind it. The
/// step's own time limit still holds. `refused` words what is refused.
async fn once_taken<T, F: Future<Output = Result<T, RunError>>>(
    cancel: &CancellationToken,
    ask: impl Fn() -> F,
    refused: fn(RunError) -> Failed,
) -> Result<T, Failed> {
    loop {
        let wait = match ask().await {
            Err(RunError::Full) => AGAIN,
            Err(RunError::Read(error)) if error.is_transient() => {
                tracing::warn!(%error, "whether a step's request was taken is not known yet");
                AGAIN
            }
            Err(RunError::Busy { retry_after }) => retry_after.0,
            answer => return answer.map_err(refused),
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = cancel.cancelled() => return Err(Failed::canceled()),
        }
    }
}

pub(super) fn made(row: &IdempotencyKey) -> Result<RunId, Failed> {
    row.made["run"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| Failed::permanent("internal_error", "The started run cannot be found."))
}

fn outcome_of(child: &RunView) -> Performed {
    if child.status == Status::Succeeded {
        return Ok(json!({ "run_id": child.id, "outputs": child.outputs }).into());
    }
    let reason = child
        .error
        .as_ref()
        .map(|error| format!(": {}", error.message))
        .unwrap_or_default();
    Err(Failed::permanent(
        "run_not_successful",
        format!(
            "The run {} ended as {}{reason}",
            child.id,
            child.status.name()
        ),
    )
    .details(json!({ "run_id": child.id, "status": child.status })))
}

/// Why an event was not published.
fn refused_event(error: RunError) -> Failed {
    match error {
        RunError::BadInputs(findings) => Failed::permanent(
            "bad_event",
            format!("This is no event: {}", messages(&findings)),
        ),
        other => refused(other),
    }
}

fn messages(findings: &[Finding]) -> String {
    let all: Vec<&str> = findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    all.join(" ")
}

/// Why a run was not started.
pub(super) fn refused(error: RunError) -> Failed {
    match error {
        RunError::Full | RunError::Busy { .. } | RunError::Read(_) | RunError::Claimed(_) => {
            Failed::retryable("not_accepted", error.to_string())
        }
        RunError::Ending => Failed::canceled(),
        RunError::BadInputs(findings) => Failed::permanent(
            "bad_inputs",
            format!(
                "The inputs are not what the automation takes: {}",
                messages(&findings)
            ),
        ),
        RunError::NotRunnable(findings) => Failed::permanent(
            "not_runnable",
            format!(
                "The version cannot run as it is: {}",
                findings
                    .first()
                    .map_or("", |finding| finding.message.as_str())
            ),
        )
        .details(json!({ "findings": findings })),
        other => Failed::permanent("not_started", other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn unread() -> RunError {
        RunError::Read(ReadError::Io("a read failed".into()))
    }

    async fn taken(
        cancel: &CancellationToken,
        answers: impl IntoIterator<Item = Result<u8, RunError>>,
    ) -> Result<u8, Failed> {
        let answers: Vec<_> = answers.into_iter().collect();
        let answers = RefCell::new(answers.into_iter());
        let ask = || async { answers.borrow_mut().next().unwrap() };
        once_taken(cancel, ask, refused).await
    }

    /// A try whose answer cannot be read may have been taken: as a failure it would be made under another key.
    #[tokio::test(start_paused = true)]
    async fn what_was_taken_before_a_read_failed_is_asked_for_again() {
        let never = CancellationToken::new();
        assert_eq!(
            taken(&never, [Err(unread()), Err(unread()), Ok(7)]).await,
            Ok(7)
        );
        let damaged = RunError::Read(ReadError::Damaged("torn".into()));
        let failed = taken(&never, [Err(damaged)]).await.unwrap_err();
        assert_eq!(failed.failure.code, "not_accepted");
        never.cancel();
        let canceled = taken(&never, [Err(unread())]).await.unwrap_err();
        assert_eq!(canceled, Failed::canceled());
    }
}
