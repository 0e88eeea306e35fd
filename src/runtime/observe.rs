//! Tells who looks at them of runs of crystallized versions that have ended. It costs other runs a look into a map,
//! and no run waits for it: where more end than are looked at, some are not.

use super::Engine;
use druse_engine::RunId;
use druse_engine::run::Run;
use tokio::sync::{mpsc, oneshot};

/// The most runs that wait to be looked at.
const WAITING: usize = 256;

/// What whoever looks is told.
#[derive(Debug)]
pub enum Ended {
    /// A run has ended, and that is durable.
    Run(RunId),
    /// Somebody waits until all before was looked at.
    Before(oneshot::Sender<()>),
}

impl Engine {
    /// The runs that end from now on. Once.
    pub fn observe(&self) -> mpsc::Receiver<Ended> {
        let (told, ended) = mpsc::channel(WAITING);
        let _ = self.0.observer.set(told);
        ended
    }

    /// Whether somebody looks at runs of the version that this one is of.
    pub(super) fn is_observed(&self, run: &Run) -> bool {
        self.0.observer.get().is_some() && run.plan().document.metadata.contains_key("crystallized")
    }

    /// A run has ended.
    pub(super) fn tell_ended(&self, run: RunId) {
        if let Some(told) = self.0.observer.get()
            && told.try_send(Ended::Run(run)).is_err()
        {
            tracing::debug!(%run, "the answers of a run are not looked at: too many have ended");
        }
    }

    /// Waits until the runs that have ended were looked at.
    pub async fn observed(&self) {
        let Some(told) = self.0.observer.get() else {
            return;
        };
        let (done, seen) = oneshot::channel();
        if told.send(Ended::Before(done)).await.is_ok() {
            let _ = seen.await;
        }
    }
}
