//! The shell around the pure engine.

pub mod clock;

use crate::service::{ApprovalView, DecisionRequest, Principal, Retry, RunError, RunView, Submit};
use druse_engine::{ApprovalId, AutomationId, RunId};
use std::time::Duration;

/// Starts runs and carries them to their end.
#[derive(Debug, Clone, Default)]
pub struct Engine(());

#[allow(clippy::unused_async, missing_docs)]
impl Engine {
    pub async fn submit(&self, _: Submit) -> Result<RunView, RunError> {
        Err(RunError::Ending)
    }
    pub async fn wait(&self, _: RunId, _: Duration) -> Result<RunView, RunError> {
        Err(RunError::Ending)
    }
    pub fn view(&self, _: RunId) -> Result<Option<RunView>, RunError> {
        Ok(None)
    }
    pub async fn cancel(
        &self,
        _: RunId,
        _by: String,
        _reason: Option<String>,
    ) -> Result<RunView, RunError> {
        Err(RunError::Ending)
    }
    pub async fn retry(&self, _: RunId, _: Retry) -> Result<RunView, RunError> {
        Err(RunError::Ending)
    }
    pub async fn decide(
        &self,
        _: ApprovalId,
        _: Principal,
        _: DecisionRequest,
    ) -> Result<ApprovalView, RunError> {
        Err(RunError::Ending)
    }
    pub fn changes(&self, _: RunId) -> tokio::sync::watch::Receiver<u64> {
        tokio::sync::watch::channel(0).1
    }
    pub fn live(&self) -> usize {
        0
    }
    pub fn automation_changed(&self, _: AutomationId) {}
    pub fn connection_changed(&self, _name: &str) {}
}
