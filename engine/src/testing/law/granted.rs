//! The law of what a version may touch.

use super::{Broken, Law, Looked};
use crate::capability::INTERPRETER;
use crate::event::{Entry, Outcome, Probed, RunEvent, StepPath};
use crate::plan::{ActionKind, Plan};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The code of the failure of an attempt that asks for what it may not touch.
pub(in crate::testing) const DENIED: &str = "capability_denied";

/// Reads along.
#[derive(Debug, Default, Clone)]
pub(super) struct Granted {
    /// Attempts that run, each with whether what it asks for is on the list.
    asks: BTreeMap<StepPath, bool>,
    /// Steps of which a check has said that they happened.
    told: BTreeSet<StepPath>,
}

impl Granted {
    /// Reads one fact about a step. `resolved` is whether a person said what became of it.
    pub(super) fn see(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        resolved: bool,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        match &entry.event {
            RunEvent::AttemptStarted { input, .. } => {
                let kind = plan
                    .locate(step)
                    .and_then(|(_, planned)| planned.work.kind());
                match kind.and_then(|kind| is_listed(plan, kind, input.value())) {
                    Some(listed) => self.asks.insert(step.clone(), listed),
                    None => self.asks.remove(step),
                };
                self.told.remove(step);
            }
            RunEvent::StepChecked {
                answer: Probed::Happened,
                ..
            } => {
                self.told.insert(step.clone());
            }
            RunEvent::AttemptFinished { outcome, .. } => {
                let Some(listed) = self.asks.remove(step) else {
                    return Ok(());
                };
                // Who says that it happened knows more than its answer did.
                let said = resolved || self.told.remove(step);
                let right = match outcome {
                    Outcome::Succeeded { .. } => listed || said,
                    Outcome::Failed { failure, .. } => !listed || failure.code != DENIED,
                };
                looked.hold(Law::Granted, right, || format!("{entry:?}"))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a configuration asks for nothing but what the document lists, which are plain texts; none where it
/// has no list.
fn is_listed(plan: &Plan, kind: ActionKind, with: &Value) -> Option<bool> {
    let list = plan.document.capabilities.as_ref()?;
    let text = |key: &str| with[key].as_str();
    let connection = text("connection");
    let connected = connection.is_none_or(|name| list.connections.contains(name));
    let named = |key: &str| text(key).unwrap_or_default();
    Some(match kind {
        ActionKind::Http | ActionKind::Sql => connected,
        ActionKind::Mcp => {
            let tool = |one: &&crate::capability::ToolGrant| {
                Some(&*one.connection) == connection && one.tool == named("tool")
            };
            connected && list.tools.iter().any(|one| tool(&one))
        }
        ActionKind::File => {
            let file = |one: &&crate::capability::FileGrant| {
                one.connection.as_deref() == connection && one.path == named("path")
            };
            connected && list.files.iter().any(|one| file(&one))
        }
        ActionKind::Mail => connected && list.recipients.contains(named("to")),
        ActionKind::Shell => {
            let program = with["argv"][0].as_str().unwrap_or(INTERPRETER);
            list.programs.contains(program)
        }
        ActionKind::Automation => list.automations.contains(named("name")),
        ActionKind::Emit => list.events.contains(named("type")),
        ActionKind::Tool
        | ActionKind::Transform
        | ActionKind::Wait
        | ActionKind::ApprovalGate
        | ActionKind::Switch => true,
    })
}
