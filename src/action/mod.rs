//! Actions: what an attempt of a step does to the world.
//!
//! [`Actions::perform`] is the one way out. It fills in secrets at the last moment, keeps to the
//! limits, never panics, and takes every known secret out of what comes back.

mod attempt;
mod blocking;
mod capability;
pub mod file;
mod guard;
pub mod http;
mod input;
pub mod mail;
pub mod mcp;
mod mcp_files;
mod schema_changes;
pub mod shell;
pub mod sql;

pub use attempt::{Attempt, Failed, Limits, Performed};
pub use capability::TOOL_CHANGED;
pub use guard::is_public;
pub(crate) use schema_changes::schema_changes;
pub use shell::ShellPolicy;

use crate::{
    artifacts::{ArtifactLimits, Files},
    connection::Connections,
    secret::{Redactor, Secrets, hold_numbers, without_answered},
    step_log::StepLogs,
};
use druse_engine::{definition::FailureClass, event::Outcome};
use futures_util::{FutureExt as _, future::BoxFuture};
use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, Weak},
};
use tokio_util::sync::CancellationToken;

/// One kind of action.
pub trait Action: Send + Sync {
    /// Performs one attempt. It ends soon after `cancel`, and when the attempt's time runs out.
    fn perform<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed>;
}

/// The kinds that act on Druse itself, done by the runtime.
pub trait Internal: Send + Sync {
    /// `automation {name | id, version?, inputs?, wait?}`: starts a run, waits for it if so told,
    /// and gives `{run_id, outputs}`.
    fn automation<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed>;

    /// `emit {type, source?, subject?, data}`: publishes an event, and gives `{event_id}`.
    fn emit<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed>;
}

/// All that attempts can do.
pub struct Actions {
    kinds: BTreeMap<&'static str, Arc<dyn Action>>,
    internal: OnceLock<Weak<dyn Internal>>,
    connections: Arc<Connections>,
    secrets: Arc<Secrets>,
    limits: Limits,
    /// Where the server's own data is, which no action and no trigger touches.
    own: Option<PathBuf>,
    logs: StepLogs,
    artifacts: ArtifactLimits,
}

impl std::fmt::Debug for Actions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actions")
            .field("kinds", &self.kinds.keys())
            .finish_non_exhaustive()
    }
}

impl Actions {
    /// Every kind; `file` only over connections until [`Actions::with_work_folders`].
    pub fn new(
        connections: Arc<Connections>,
        secrets: Arc<Secrets>,
        shell: ShellPolicy,
        limits: Limits,
    ) -> Self {
        let http = http::Http::new(connections.clone(), secrets.clone(), limits);
        let mcp = mcp::Mcp::new(connections.clone(), secrets.clone(), limits);
        let shell = shell::Shell::new(secrets.clone(), shell, limits);
        let sql = sql::Sql::new(connections.clone(), limits);
        let file = file::File::new(connections.clone(), None, limits);
        let mail = mail::Mail::new(connections.clone(), limits);
        let kinds: [(&'static str, Arc<dyn Action>); 6] = [
            ("file", Arc::new(file)),
            ("http", Arc::new(http)),
            ("mail", Arc::new(mail)),
            ("mcp", Arc::new(mcp)),
            ("shell", Arc::new(shell)),
            ("sql", Arc::new(sql)),
        ];
        Self {
            kinds: kinds.into(),
            internal: OnceLock::new(),
            connections,
            secrets,
            limits,
            own: None,
            logs: StepLogs::default(),
            artifacts: ArtifactLimits::default(),
        }
    }

    /// Keeps what attempts write.
    #[must_use]
    pub fn with_logs(mut self, logs: StepLogs) -> Self {
        self.logs = logs;
        self
    }

    /// Keeps what attempts leave within these limits.
    #[must_use]
    pub fn with_artifacts(mut self, limits: ArtifactLimits) -> Self {
        self.artifacts = limits;
        self
    }

    /// How much attempts may leave.
    pub fn artifact_limits(&self) -> ArtifactLimits {
        self.artifacts
    }

    /// What attempts have written.
    pub fn logs(&self) -> &StepLogs {
        &self.logs
    }

    /// Gives `file` steps that name no connection a folder for each run.
    #[must_use]
    pub fn with_work_folders(mut self, work: file::work::WorkFolders) -> Self {
        self.own = work.own().map(Path::to_path_buf);
        let file = file::File::new(self.connections.clone(), Some(work), self.limits);
        self.with("file", Arc::new(file))
    }

    /// Adds a kind, or puts another in its place.
    #[must_use]
    pub fn with(mut self, kind: &'static str, action: Arc<dyn Action>) -> Self {
        self.kinds.insert(kind, action);
        self
    }

    /// Says who does `automation` and `emit`. Held weakly: that one holds this.
    pub fn set_internal(&self, internal: Weak<dyn Internal>) {
        let _ = self.internal.set(internal);
    }

    /// The connections that attempts use.
    pub fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// The secrets that attempts use.
    pub fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// The folder of the server's own data, where there is one.
    pub fn own_folder(&self) -> Option<&Path> {
        self.own.as_deref()
    }

    /// What takes the known secrets out of a text.
    pub fn redactor(&self) -> Arc<Redactor> {
        self.secrets.redactor()
    }

    /// Performs one attempt. The outcome holds no known secret, and no sensitive input of the run.
    pub async fn perform(&self, mut attempt: Attempt, cancel: CancellationToken) -> Outcome {
        let opened = match attempt.kind.as_str() {
            // An event is stored and passed on: it keeps the seals of the run's inputs.
            "emit" => {
                attempt.input = without_answered(&attempt.input);
                Ok(None)
            }
            _ => self
                .secrets
                .open_sealed(attempt.root, &attempt.input, &attempt.given),
        };
        let own = match opened {
            Ok(opened) => {
                // An answer may hold what another step has sent. What nobody can open was sent by none.
                let given = &attempt.given;
                let given = self.secrets.open_sealed(attempt.root, given, given);
                let given = given.ok().flatten();
                let mut clear = given.map_or_else(Vec::new, |given| given.clear);
                if let Some(opened) = opened {
                    attempt.input = opened.value;
                    attempt.sensitive = opened.places;
                    clear.extend(opened.clear);
                }
                (!clear.is_empty()).then(|| {
                    let own = Arc::new(Redactor::of_inputs(&clear));
                    attempt.log.hide(own.clone());
                    attempt.files.hide(own.clone());
                    own
                })
            }
            Err(error) => {
                let failed = Failed::permanent("sensitive_unreadable", error.to_string());
                return Outcome::Failed {
                    failure: failed.failure,
                    retry_after_ms: None,
                };
            }
        };
        attempt.files.hide(self.redactor());
        let outcome = self.outcome(&attempt, &cancel).await;
        attempt.log.end().await;
        let known = self.redactor();
        let mut outcome = known.redact_outcome(outcome);
        let mut redactors = vec![&*known];
        if let Some(own) = &own {
            outcome = own.redact_outcome(outcome);
            redactors.push(own);
        }
        // A number that is a secret's value is data of later steps all the same: they get it, and nobody sees it.
        let held = |number: &_| self.secrets.hold_number(attempt.root, number);
        hold_numbers(&redactors, outcome, &held)
    }

    async fn outcome(&self, attempt: &Attempt, cancel: &CancellationToken) -> Outcome {
        let performed = AssertUnwindSafe(self.dispatch(attempt, cancel));
        let outcome = match performed.catch_unwind().await {
            Ok(Ok(output)) => Outcome::Succeeded { output },
            Ok(Err(failed)) => Outcome::Failed {
                failure: failed.failure,
                retry_after_ms: failed.retry_after_ms,
            },
            Err(_) => {
                tracing::error!(run = %attempt.run, step = %attempt.step, "an action panicked");
                let failed = Failed::permanent(
                    "internal_error",
                    "The action ended by a defect of Druse. The log says more.",
                );
                Outcome::Failed {
                    failure: failed.failure,
                    retry_after_ms: None,
                }
            }
        };
        with_files(outcome, &attempt.files)
    }

    async fn dispatch(&self, attempt: &Attempt, cancel: &CancellationToken) -> Performed {
        if cancel.is_cancelled() {
            return Err(Failed::canceled());
        }
        capability::check(attempt)?;
        if let Some(action) = self.kinds.get(attempt.kind.as_str()) {
            return action.perform(attempt, cancel).await;
        }
        let internal = self.internal.get().and_then(Weak::upgrade);
        match (attempt.kind.as_str(), internal) {
            ("automation", Some(internal)) => internal.automation(attempt, cancel).await,
            ("emit", Some(internal)) => internal.emit(attempt, cancel).await,
            (kind, _) => Err(Failed::new(
                FailureClass::Permanent,
                "not_supported",
                format!("The action {kind:?} cannot be performed here."),
            )),
        }
    }

    /// Ends what is open: connections to MCP servers and their programs.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}

/// The outcome with the artifacts that the attempt left.
fn with_files(outcome: Outcome, files: &Files) -> Outcome {
    match (outcome, files.shown()) {
        (Outcome::Succeeded { output }, Some(shown)) if output.value().is_object() => {
            let mut output = output.value().clone();
            output["artifacts"] = shown;
            Outcome::Succeeded {
                output: output.into(),
            }
        }
        (outcome, _) => outcome,
    }
}

#[cfg(test)]
mod tests;
