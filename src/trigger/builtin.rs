//! The events of what happens inside, in the words of the outside: a run that ended, a gate that asks, a
//! version that became active, a schedule that is late.

use super::Triggers;
use super::registry::Kind;
use crate::runtime::{clock, starters};
use druse_engine::event::{Entry, Probed, RunEvent, Status};
use druse_engine::run::Run;
use druse_engine::{EventId, Timestamp};
use druse_storage::{Batch, Outbox};
use druse_triggers::event::DEPTH;
use druse_triggers::event::builtin::{OF_CHANGES, OF_RUNS};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

/// The largest value of a run that an event carries; a larger one is read from the run.
const LARGEST_VALUE: usize = 64 * 1024;

/// An event in the structured form of CloudEvents. `id` makes it the same event when it is told again.
pub(super) fn event(
    event_type: &str,
    source: &str,
    id: String,
    subject: &str,
    at: Timestamp,
    depth: u32,
    data: Value,
) -> Value {
    let mut event = json!({
        "specversion": "1.0", "id": id, "source": source, "type": event_type, "time": at,
        "datacontenttype": "application/json", "data": data,
    });
    event[DEPTH] = depth.into();
    if !subject.is_empty() {
        event["subject"] = subject.into();
    }
    event
}

impl Triggers {
    /// Finds out which events of runs and changes anybody may want. To be called when triggers or
    /// subscriptions change.
    pub(super) fn find_wanted(&self) {
        let subscribed = self.all_subscribed();
        let wanted: BTreeSet<&'static str> = OF_RUNS
            .iter()
            .chain(OF_CHANGES)
            .map(|builtin| builtin.event_type)
            .filter(|event_type| {
                self.any(|armed| {
                    armed.is_active()
                        && matches!(&armed.kind, Kind::Event { filter } if filter.takes_type(event_type))
                }) || subscribed.iter().any(|one| one.is_active() && one.takes_type(event_type))
            })
            .collect();
        let mut known = self
            .0
            .wanted
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new(wanted);
    }

    /// Which of these events a trigger, a subscriber or a waiting run may want.
    pub(super) fn wanted_of(&self, types: &[&'static str]) -> BTreeSet<&'static str> {
        let wanted = {
            let wanted = self.0.wanted.read().unwrap_or_else(PoisonError::into_inner);
            wanted.clone()
        };
        let mut found = self.0.engine.may_hear(types);
        found.extend(types.iter().filter(|told| wanted.contains(*told)));
        found
    }

    /// The rows that tell what new facts of a run mean outside, to become durable together with them.
    /// What nobody wants is not told.
    pub(super) fn announce_run(&self, run: &Run, entries: &[Entry]) -> Batch {
        let mut batch = Batch::new();
        let types: Vec<&'static str> = entries
            .iter()
            .filter_map(|entry| told(run, &entry.event))
            .collect();
        if types.is_empty() {
            return batch;
        }
        let wanted = self.wanted_of(&types);
        let is_wanted = |told: &&'static str| wanted.contains(told);
        for entry in entries {
            let Some(event_type) = told(run, &entry.event).filter(is_wanted) else {
                continue;
            };
            let start = run.start();
            let value = event(
                event_type,
                &format!("/runs/{}", start.run),
                format!("{}/{}", start.run, entry.seq),
                &start.name,
                entry.at,
                start.depth + 1,
                data_of(run, &entry.event),
            );
            batch = batch.put(&Outbox {
                id: clock::new_id(EventId::from_parts),
                event: value,
                starters: behind(run, &entry.event),
            });
        }
        batch
    }
}

fn told(run: &Run, fact: &RunEvent) -> Option<&'static str> {
    match fact {
        RunEvent::Created(_) => Some("run.started"),
        RunEvent::Finished { status, .. } => match status {
            Status::Succeeded => Some("run.succeeded"),
            Status::Rejected => Some("run.rejected"),
            Status::Canceled => Some("run.canceled"),
            _ => Some("run.failed"),
        },
        RunEvent::ApprovalRequested { .. } => Some("approval.requested"),
        RunEvent::ApprovalDecided { .. } | RunEvent::ApprovalSentBack { .. } => {
            Some("approval.decided")
        }
        RunEvent::ApprovalExpired { .. } => Some("approval.expired"),
        RunEvent::ApprovalReminded { .. } => Some("approval.reminded"),
        RunEvent::ApprovalEscalated { .. } => Some("approval.escalated"),
        RunEvent::ApprovalReassigned { .. } => Some("approval.reassigned"),
        RunEvent::ApprovalVoided { .. } => Some("approval.voided"),
        RunEvent::Paused { .. } => Some("run.paused"),
        RunEvent::Resumed { .. } => Some("run.resumed"),
        RunEvent::StepFailed { .. } => Some("step.failed"),
        RunEvent::StepPaused { .. } => Some("step.paused"),
        RunEvent::StepResumed { .. } => Some("step.resumed"),
        RunEvent::StepResolved { .. } => Some("step.resolved"),
        // A person has to know only of what no check can tell.
        RunEvent::StepUncertain { step } => {
            let planned = run.plan().find(step);
            let checks = planned.is_some_and(|planned| planned.probe.is_some());
            (!checks).then_some("step.uncertain")
        }
        RunEvent::StepChecked {
            answer: Probed::Unknown,
            ..
        } => Some("step.uncertain"),
        _ => None,
    }
}

/// The people behind what is told: who began what led to the run, and who did what the fact says.
fn behind(run: &Run, fact: &RunEvent) -> Vec<String> {
    let mut people = starters::people(run.start());
    let by = match fact {
        RunEvent::ApprovalDecided { decision, .. }
        | RunEvent::ApprovalSentBack { decision, .. } => Some(decision.by.as_str()),
        RunEvent::ApprovalReassigned { by, .. }
        | RunEvent::Paused { by, .. }
        | RunEvent::Resumed { by, .. }
        | RunEvent::StepResumed { by, .. }
        | RunEvent::StepResolved { by, .. } => Some(by.as_str()),
        RunEvent::Finished {
            status: Status::Canceled,
            ..
        } => run.canceled_by(),
        _ => None,
    };
    let by = by.and_then(starters::person);
    starters::join(&mut people, by.as_deref());
    people
}

fn data_of(run: &Run, fact: &RunEvent) -> Value {
    let start = run.start();
    let mut data = json!({
        "run_id": start.run, "automation_id": start.automation, "automation": start.name,
        "version": start.version, "cause": start.cause.value()["kind"],
    });
    if let Some(step) = fact.step() {
        data["step_id"] = json!(step);
        if told(run, fact).is_some_and(|told| told.starts_with("approval.")) {
            let gate = run.approval_of(step);
            data["approval_id"] = json!(gate.map(|gate| gate.request.approval));
        }
    }
    match fact {
        RunEvent::Finished {
            status,
            outputs,
            failure,
        } => {
            data["status"] = json!(status);
            data["started_at"] = json!(run.started_at());
            data["error"] = json!(failure);
            if let Some(outputs) = outputs
                && outputs.text().len() <= LARGEST_VALUE
            {
                data["outputs"] = outputs.value().clone();
            }
        }
        RunEvent::ApprovalRequested { request, .. } => {
            data["approval_id"] = json!(request.approval);
            data["title"] = json!(request.title);
            data["message"] = json!(request.message);
            data["approvers"] = json!(request.approvers);
            data["expires_at"] = json!(request.expires_at);
        }
        RunEvent::ApprovalDecided { decision, .. }
        | RunEvent::ApprovalSentBack { decision, .. } => {
            data["decision"] = json!(decision.decision);
            data["by"] = json!(decision.by);
            data["comment"] = json!(decision.comment);
        }
        RunEvent::ApprovalEscalated {
            approvers,
            expires_at,
            ..
        } => {
            data["approvers"] = json!(approvers);
            data["expires_at"] = json!(expires_at);
        }
        RunEvent::ApprovalReassigned {
            approvers,
            by,
            reason,
            ..
        } => {
            data["approvers"] = json!(approvers);
            data["by"] = json!(by);
            data["reason"] = json!(reason);
        }
        RunEvent::StepFailed { failure, .. } | RunEvent::StepPaused { failure, .. } => {
            data["error"] = json!(failure);
        }
        RunEvent::Paused { by, reason }
        | RunEvent::Resumed { by, reason }
        | RunEvent::StepResumed { by, reason, .. }
        | RunEvent::StepResolved { by, reason, .. } => {
            data["by"] = json!(by);
            data["reason"] = json!(reason);
        }
        _ => {}
    }
    data
}
