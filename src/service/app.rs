//! What every service works with.

use super::acknowledged::Before;
use super::checked::Checked;
use super::recorded::RecordedShapes;
use super::recurring::Signatures;
use super::retention::Keeper;
use super::{
    Problem, RunError, RunView, idempotency::KeyLocks, signin::SignIns, tokens::KnownTokens,
};
use crate::connection::Connections;
use crate::runtime::Engine;
use crate::secret::{SecretStore, Secrets};
use crate::trigger::Triggers;
use druse_engine::RunId;
use druse_storage::{AppendError, Batch, Position, Store};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use tokio::sync::Mutex;

/// How a server behaves towards its callers.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Host names (without a port) that a request over TCP may name. Empty: any, which is right only
    /// where the address is not a loopback one.
    pub hosts: Vec<String>,
    /// The address as it is told to callers (`http://127.0.0.1:7878`).
    pub address: Option<String>,
    /// The programs that shell steps may start; `None` for any.
    pub programs: Option<Vec<String>>,
    /// The data folder, below which an example is laid out.
    pub data: Option<std::path::PathBuf>,
}

/// The store, the engine and what is shared between requests. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    /// Durable truth.
    pub store: Arc<dyn Store>,
    /// Starts and carries runs.
    pub engine: Engine,
    /// The opened secrets.
    pub secrets: Arc<Secrets>,
    /// The open connections.
    pub connections: Arc<Connections>,
    /// Seals secrets.
    pub seal: Arc<SecretStore>,
    /// How the server behaves.
    pub options: Options,
    /// Tokens that were seen.
    pub tokens: KnownTokens,
    /// Who is signed in to the console.
    pub sign_ins: SignIns,
    /// Held over read, change and write of what people edit, so that no change is lost.
    pub edits: Mutex<()>,
    /// Idempotency keys whose requests are being answered.
    pub keys: KeyLocks,
    /// Keeps the history to what is wanted.
    pub keeper: Keeper,
    /// What recordings have in common with others.
    pub signatures: Signatures,
    /// How the answers of versions looked that were made elsewhere.
    pub recorded_shapes: RecordedShapes,
    /// What was found about versions.
    pub checked: Checked,
    /// What the audit log tells of earlier acknowledgements.
    pub before: Before,
    /// Requests answered since the start.
    pub requests: AtomicU64,
    /// Requests answered with a status of 500 or more.
    pub faults: AtomicU64,
    /// Records written for the API since the start.
    pub appended: AtomicU64,
    triggers: OnceLock<Triggers>,
    /// Whether new requests are let in (`/readyz`).
    pub ready: AtomicBool,
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(…)")
    }
}

impl App {
    /// An app over an open store and a recovered engine.
    pub fn new(
        store: Arc<dyn Store>,
        engine: Engine,
        seal: Arc<SecretStore>,
        secrets: Arc<Secrets>,
        connections: Arc<Connections>,
        options: Options,
    ) -> Self {
        secrets.set_seal(seal.clone());
        let app = Self(Arc::new(Parts {
            store,
            engine,
            secrets,
            connections,
            seal,
            options,
            tokens: KnownTokens::default(),
            signatures: Signatures::default(),
            sign_ins: SignIns::default(),
            edits: Mutex::new(()),
            keys: KeyLocks::default(),
            keeper: Keeper::default(),
            recorded_shapes: RecordedShapes::default(),
            checked: Checked::default(),
            before: Before::default(),
            requests: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            appended: AtomicU64::new(0),
            ready: AtomicBool::new(true),
            triggers: OnceLock::new(),
        }));
        let parts = Arc::downgrade(&app.0);
        app.engine.set_judge(Box::new(move |automation, version| {
            let parts = parts.upgrade().ok_or(RunError::Ending)?;
            App(parts).may_run_alone(automation, version)
        }));
        app
    }

    /// Says who keeps the triggers at work. Once, before the first request.
    pub fn set_triggers(&self, triggers: Triggers) {
        let _ = self.triggers.set(triggers);
    }

    /// The triggers at work.
    ///
    /// # Errors
    /// When there are none in this process.
    pub fn triggers(&self) -> Result<&Triggers, Problem> {
        self.triggers
            .get()
            .ok_or_else(|| Problem::internal(&"no triggers are at work in this process"))
    }

    /// What a run looks like now.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub async fn run_view(&self, run: RunId) -> Result<RunView, Problem> {
        let view = self.engine.view(run).await?;
        let mut view = view.ok_or_else(|| Problem::not_found("run"))?;
        self.say_seen(&mut view)?;
        Ok(view)
    }

    /// Makes a batch durable.
    ///
    /// # Errors
    /// When an expectation does not hold or the log does not take it; nothing is stored then.
    pub async fn append(&self, mut batch: Batch) -> Result<Position, AppendError> {
        let triggers = self.triggers.get();
        let tells = triggers.filter(|triggers| triggers.tell_changes(&mut batch));
        let position = self.store.append(batch)?.await?;
        self.appended.fetch_add(1, Ordering::Relaxed);
        if let Some(triggers) = tells {
            triggers.changes_told();
        }
        Ok(position)
    }

    /// As [`App::append`], with a problem that can be told.
    ///
    /// # Errors
    /// As [`App::append`].
    pub async fn commit(&self, batch: Batch) -> Result<(), Problem> {
        self.append(batch).await.map(|_| ()).map_err(Problem::from)
    }

    /// Does work that takes the processor or the disk for long on a thread of its own.
    ///
    /// # Errors
    /// What the work gives, and a problem when it panicked.
    pub async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(Problem::internal(&error)))
    }
}
