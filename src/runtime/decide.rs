//! Decisions: the one place where a person's answer to a gate, or wish to end a run, is judged. Every
//! surface comes through here.

use super::project::approval_row;
use super::{Engine, clock, live};
use crate::service::{
    ApprovalView, DecisionRequest, Principal, ResolveRequest, Role, RunError, RunView,
};
use druse_engine::event::{ApprovalRequest, Decision, Verdict};
use druse_engine::run::{GateStatus, Input, Rejected, Run};
use druse_engine::{ApprovalId, Finding, Json, RunId};
use druse_storage::{Approval, ApprovalStatus, StoreExt as _};
use serde_json::{Value, json};

impl Engine {
    /// Takes a person's answer to a gate. Returns when it is durable.
    ///
    /// # Errors
    /// When the gate has ended, asks for somebody else, shows something else by now, or takes other fields.
    pub async fn decide(
        &self,
        id: ApprovalId,
        who: &Principal,
        request: DecisionRequest,
    ) -> Result<ApprovalView, RunError> {
        let row: Approval = self
            .0
            .store
            .get(&id.to_string())?
            .ok_or(RunError::NotFound("approval"))?;
        let Some(live) = self.0.live.get(row.run) else {
            // One that is fenced off has not ended: nothing is known of it.
            self.0.store.run_head(row.run)?;
            return Err(RunError::AlreadyDecided(ended(row.status)));
        };
        // Looked at before a held run is moved: what is refused must move nothing.
        judged(&live::lock(&live).run, id, who, &request)?;
        self.take_up(row.run).await;
        let (way, view) = {
            let mut locked = live::lock(&live);
            let (fields, own_run) = judged(&locked.run, id, who, &request)?;
            let decision = Decision {
                decision: request.decision,
                by: who.name.clone(),
                comment: request.comment,
                fields,
                at: clock::now(),
                own_run,
            };
            let mut extra = request.extra;
            if let Some(claim) = &request.idempotency {
                // Free, or the caller would have been given the first answer: keys are locked by caller.
                extra = extra.put(&claim.row(json!({ "approval": id }), clock::now()));
            }
            let way = self
                .give_locked(
                    row.run,
                    &mut locked,
                    Input::Decide {
                        approval: id,
                        decision,
                    },
                    extra,
                )
                .map_err(rejected)?;
            let gate = locked
                .run
                .approval(id)
                .ok_or(RunError::NotFound("approval"))?;
            (
                way,
                ApprovalView::try_from(approval_row(&locked.run, &gate))?,
            )
        };
        match self.settle(row.run, live, way).await {
            Ok(true) => Ok(view),
            Ok(false) | Err(_) => Err(RunError::Ending),
        }
    }

    /// Asks a run to end. Returns when that is durable.
    ///
    /// # Errors
    /// When there is no such run, or it has ended.
    pub async fn cancel(
        &self,
        id: RunId,
        by: String,
        reason: Option<String>,
    ) -> Result<RunView, RunError> {
        let Some(live) = self.0.live.get(id) else {
            return Err(match self.0.store.run_head(id)? {
                Some(_) => RunError::AlreadyOver,
                None => RunError::NotFound("run"),
            });
        };
        let way = self
            .give(id, &live, Input::Cancel { by, reason })
            .map_err(rejected)?;
        let shown = super::view::view(&live::lock(&live).run);
        match self.settle(id, live, way).await {
            Ok(true) => {
                // Only now: what a held run was doing is not begun again to be canceled at once.
                self.take_up(id).await;
                Ok(shown)
            }
            Ok(false) | Err(_) => Err(RunError::Ending),
        }
    }
}

impl Engine {
    /// Takes what a person found out of an uncertain step. Returns when it is durable.
    ///
    /// # Errors
    /// When there is no such run, it has ended, or the step is not uncertain.
    pub async fn resolve(&self, id: RunId, request: ResolveRequest) -> Result<RunView, RunError> {
        let Some(live) = self.0.live.get(id) else {
            return Err(match self.0.store.run_head(id)? {
                Some(_) => RunError::AlreadyOver,
                None => RunError::NotFound("run"),
            });
        };
        let input = Input::ResolveUncertain {
            step: request.step.as_str().into(),
            resolution: request.resolution,
            by: request.by,
            reason: request.reason,
        };
        // Looked at before a held run is moved: what is refused must move nothing.
        live::lock(&live)
            .run
            .decide(clock::now(), &input)
            .map_err(rejected)?;
        self.take_up(id).await;
        let (way, view) = {
            let mut locked = live::lock(&live);
            let mut extra = request.extra;
            if let Some(claim) = &request.idempotency {
                extra = extra.put(&claim.row(json!({ "run": id }), clock::now()));
            }
            let way = self
                .give_locked(id, &mut locked, input, extra)
                .map_err(rejected)?;
            (way, super::view::view(&locked.run))
        };
        match self.settle(id, live, way).await {
            Ok(true) => Ok(view),
            Ok(false) | Err(_) => Err(RunError::Ending),
        }
    }
}

/// Whether this answer may be given to this gate as the run stands now: the fields as they are kept, and
/// whether whoever decides started the run.
fn judged(
    run: &Run,
    id: ApprovalId,
    who: &Principal,
    request: &DecisionRequest,
) -> Result<(Option<Json>, bool), RunError> {
    let gate = run.approval(id).ok_or(RunError::NotFound("approval"))?;
    if gate.status != GateStatus::Pending {
        return Err(RunError::AlreadyDecided(approval_row(run, &gate).status));
    }
    let own_run = run.start().started_by == who.user();
    may_decide(&gate.request, who, own_run)?;
    if request.digest != gate.request.digest {
        return Err(RunError::ApprovalChanged);
    }
    let fields = checked_fields(&gate.request, request.decision, request.fields.clone())?;
    Ok((fields, own_run))
}

fn ended(status: ApprovalStatus) -> ApprovalStatus {
    if status == ApprovalStatus::Pending {
        ApprovalStatus::Canceled
    } else {
        status
    }
}

/// Whether a gate asks this person. An administrator may always decide, except where the gate excludes
/// whoever started the run.
fn may_decide(request: &ApprovalRequest, who: &Principal, own_run: bool) -> Result<(), RunError> {
    if request.exclude_starter && own_run {
        return Err(RunError::NotAllowed(
            "This gate asks for somebody else than whoever started the run.".into(),
        ));
    }
    let asked = request
        .approvers
        .iter()
        .any(|approver| match approver.split_once(':') {
            Some(("user", name)) => name == who.name,
            Some(("role", role)) => Role::parse(role).is_some_and(|role| who.role >= role),
            Some(_) | None => false,
        });
    if asked || who.role == Role::Admin {
        return Ok(());
    }
    Err(RunError::NotAllowed(format!(
        "This gate asks {}.",
        request.approvers.join(" or ")
    )))
}

fn checked_fields(
    request: &ApprovalRequest,
    verdict: Verdict,
    fields: Option<Value>,
) -> Result<Option<Json>, RunError> {
    if verdict != Verdict::Approve || request.fields.value().is_null() {
        return match fields {
            Some(Value::Null) | None => Ok(None),
            Some(Value::Object(map)) if map.is_empty() => Ok(None),
            Some(fields) if verdict != Verdict::Approve => Ok(Some(fields.into())),
            Some(_) => Err(RunError::BadFields(vec![Finding::error(
                "unexpected_fields",
                "The gate has no form, so it takes no fields.",
            )])),
        };
    }
    let fields = fields.unwrap_or_else(|| json!({}));
    let findings = druse_engine::plan::check_value(request.fields.value(), &fields);
    if findings.is_empty() {
        Ok(Some(fields.into()))
    } else {
        Err(RunError::BadFields(findings))
    }
}

fn rejected(reason: Rejected) -> RunError {
    match reason {
        Rejected::AlreadyOver => RunError::AlreadyOver,
        Rejected::TooLarge => RunError::TooLarge,
        Rejected::UnknownApproval => RunError::NotFound("approval"),
        Rejected::AlreadyDecided { status } => RunError::AlreadyDecided(match status {
            GateStatus::Pending => ApprovalStatus::Pending,
            GateStatus::Approved => ApprovalStatus::Approved,
            GateStatus::Rejected => ApprovalStatus::Rejected,
            GateStatus::Expired => ApprovalStatus::Expired,
            GateStatus::Canceled => ApprovalStatus::Canceled,
        }),
        Rejected::AlreadyVoted { .. } | Rejected::NotSupportedYet { .. } => {
            RunError::NotAllowed(format!("{}.", sentence(&reason.to_string())))
        }
        Rejected::NotUncertain => RunError::NotUncertain,
        Rejected::StaleAttempt => RunError::NotFound("step that waits for this"),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
