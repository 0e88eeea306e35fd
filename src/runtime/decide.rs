//! Decisions: the one place where a person's answer to a gate, or wish to end, hold or go on with a run, is
//! judged. Every surface comes through here.

use super::dispatch::OnItsWay;
use super::live::{self, LiveRun};
use super::project::approval_row;
use super::starters::{began, started};
use super::{Engine, attempt::given, clock};
use crate::secret::written_by_hand;
use crate::service::problem::sentence;
use crate::service::{
    ApprovalView, DecisionRequest, Filled, Principal, ResolveRequest, Resume, Role, RunError,
    RunView, Wish,
};
use druse_engine::event::{ApprovalRequest, Decision, RunEvent, Start, StepPath, Verdict};
use druse_engine::run::{
    ApprovalView as Gate, GateStatus, Input, Rejected, Resolution, ResumeAnswer, Run,
};
use druse_engine::{ApprovalId, Finding, Json, RunId};
use druse_storage::{Approval, ApprovalStatus, Batch, ReadError, StoreExt as _};
use serde_json::{Map, json};
use std::sync::{Arc, Mutex};

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
        let (run, live) = self.asking(id)?;
        // Looked at before a held run is moved: what is refused must move nothing.
        judged(&live::lock(&live).run, id, who, &request)?;
        self.take_up(run).await;
        let given = {
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
            let given = Input::Decide {
                approval: id,
                decision,
            };
            match self.give_locked(run, &mut locked, given, extra) {
                Err(reason) => Err(reason),
                Ok(way) => {
                    let gate = locked.run.approval(id);
                    let gate = gate.ok_or(RunError::NotFound("approval"))?;
                    let view = ApprovalView::try_from(approval_row(&locked.run, &gate))?;
                    Ok((way, view))
                }
            }
        };
        let (way, view) = match given {
            Ok(done) => done,
            Err(reason) => {
                if matches!(reason, Rejected::ApprovalChanged { .. }) {
                    self.ask_anew(run, live).await;
                }
                return Err(rejected(reason));
            }
        };
        self.taken(run, live, way).await?;
        Ok(view)
    }

    /// A gate asks about what is not so any more: it asks anew. Returns when that is durable.
    async fn ask_anew(&self, run: RunId, live: Arc<Mutex<LiveRun>>) {
        // One that has ended meanwhile asks nobody.
        if let Ok(way) = self.give(run, &live, Input::Tick) {
            let _ = self.settle(run, live, way).await;
        }
    }

    /// Gives an approval to others. Returns when it is durable.
    ///
    /// # Errors
    /// When the gate has ended, asks for somebody else than who says so, or the others are nobody.
    pub async fn reassign(
        &self,
        id: ApprovalId,
        who: &Principal,
        approvers: Vec<String>,
        reason: Option<String>,
        extra: Batch,
    ) -> Result<ApprovalView, RunError> {
        let (run, live) = self.asking(id)?;
        self.take_up(run).await;
        let (way, view) = {
            let mut locked = live::lock(&live);
            let gate = locked
                .run
                .approval(id)
                .ok_or(RunError::NotFound("approval"))?;
            let own_run = started(&locked.run, &who.user());
            may_decide(&gate, who, own_run)?;
            let input = Input::Reassign {
                approval: id,
                approvers,
                by: who.name.clone(),
                reason,
            };
            let way = self
                .give_locked(run, &mut locked, input, extra)
                .map_err(rejected)?;
            let gate = locked
                .run
                .approval(id)
                .ok_or(RunError::NotFound("approval"))?;
            let view = ApprovalView::try_from(approval_row(&locked.run, &gate))?;
            (way, view)
        };
        self.taken(run, live, way).await?;
        Ok(view)
    }

    /// Whether a gate that waits asks this person.
    ///
    /// # Errors
    /// When there is no such gate, it has ended, or it asks somebody else.
    pub fn is_asked(&self, id: ApprovalId, who: &Principal) -> Result<(), RunError> {
        let (_, live) = self.asking(id)?;
        let locked = live::lock(&live);
        let gate = locked
            .run
            .approval(id)
            .ok_or(RunError::NotFound("approval"))?;
        if gate.status != GateStatus::Pending {
            return Err(RunError::AlreadyDecided(
                approval_row(&locked.run, &gate).status,
            ));
        }
        may_decide(&gate, who, started(&locked.run, &who.user()))
    }

    /// Why this person cannot decide about a gate as it is shown; nothing where they can.
    pub fn why_not(&self, view: &ApprovalView, who: &Principal) -> Option<RunError> {
        if view.status != ApprovalStatus::Pending {
            return Some(RunError::AlreadyDecided(view.status));
        }
        // Who started the run is asked of the run only where it counts; a run that sleeps sleeps on.
        let own_run = match view.exclude_starter.then(|| self.start_of(view.run_id)) {
            Some(Err(refused)) => return Some(refused),
            Some(Ok(start)) => began(&start, &who.user()),
            None => false,
        };
        if let Err(refused) = asks(&view.approvers, view.exclude_starter, who, own_run) {
            return Some(refused);
        }
        let voted = view.decisions.iter().any(|known| known.by == who.name);
        let by = who.name.clone();
        voted.then(|| rejected(Rejected::AlreadyVoted { by }))
    }

    /// Asks a run to end. A second time ends what handles its end, too. Returns when that is durable.
    ///
    /// # Errors
    /// When there is no such run, or it has ended.
    pub async fn cancel(&self, id: RunId, wish: Wish) -> Result<RunView, RunError> {
        let live = self.going(id)?;
        let input = Input::Cancel {
            by: wish.by.clone(),
            reason: wish.reason.clone(),
        };
        let (way, shown, forces) = {
            let mut locked = live::lock(&live);
            let forces = locked.run.is_canceled();
            let (way, shown) = self.wished(id, &mut locked, input, wish)?;
            (way, shown, forces)
        };
        self.taken(id, live, way).await?;
        // Only now: what a held run was doing is not begun again to be canceled at once.
        self.take_up(id).await;
        if forces {
            self.force_children(id).await;
        }
        Ok(shown)
    }

    /// As [`Engine::cancel`], for whoever is no person: a run that is ending already is left to end, so
    /// that what cleans up is never stopped by a rule.
    ///
    /// # Errors
    /// As [`Engine::cancel`].
    pub async fn end(&self, id: RunId, by: String, reason: Option<String>) -> Result<(), RunError> {
        let live = self.going(id)?;
        let way = {
            let mut locked = live::lock(&live);
            if locked.run.is_canceled() {
                return Ok(());
            }
            let input = Input::Cancel { by, reason };
            self.give_locked(id, &mut locked, input, Batch::new())
                .map_err(rejected)?
        };
        self.taken(id, live, way).await?;
        self.take_up(id).await;
        Ok(())
    }

    /// Holds a run: what runs comes to its end, and nothing new starts. Returns when that is durable.
    ///
    /// # Errors
    /// When there is no such run, or it has ended.
    pub async fn pause(&self, id: RunId, wish: Wish) -> Result<RunView, RunError> {
        let live = self.going(id)?;
        let input = Input::Pause {
            by: wish.by.clone(),
            reason: wish.reason.clone(),
        };
        self.take_wish(id, live, input, wish).await
    }

    /// Lets a run go on that is paused, or in which steps failed and wait for a person.
    ///
    /// # Errors
    /// When there is no such run or step, it has ended, or the input cannot be changed.
    pub async fn resume(&self, id: RunId, resume: Resume, wish: Wish) -> Result<RunView, RunError> {
        let live = self.going(id)?;
        if let ResumeAnswer::Again { input: Some(input) } = &resume.answer {
            let given = given(live::lock(&live).run.start());
            unsealed(input, !given.value().is_null())?;
        }
        let input = Input::Resume {
            by: wish.by.clone(),
            reason: wish.reason.clone(),
            step: resume.step.map(|step| step.as_str().into()),
            answer: resume.answer,
        };
        let shown = self.take_wish(id, live, input, wish).await?;
        self.take_up(id).await;
        Ok(shown)
    }

    /// How a run began.
    fn start_of(&self, id: RunId) -> Result<Start, RunError> {
        if let Some(live) = self.0.live.get(id) {
            return Ok(live::lock(&live).run.start().clone());
        }
        let first = self.0.store.run_entries(id, 0, 1)?;
        match first.into_iter().next().map(|entry| entry.event) {
            Some(RunEvent::Created(start)) => Ok(*start),
            _ => Err(RunError::NotFound("run")),
        }
    }

    /// The run of a gate, which is under way.
    fn asking(&self, id: ApprovalId) -> Result<(RunId, Arc<Mutex<LiveRun>>), RunError> {
        let row: Approval = self
            .0
            .store
            .get(&id.to_string())?
            .ok_or(RunError::NotFound("approval"))?;
        match self.live_run(row.run)? {
            Some(live) => Ok((row.run, live)),
            None => {
                // One that is fenced off has not ended: nothing is known of it.
                self.0.store.run_head(row.run)?;
                self.is_readable(row.run)?;
                Err(RunError::AlreadyDecided(ended(row.status)))
            }
        }
    }

    /// A run that sleeps and cannot be woken, or that is fenced off, has not ended either.
    fn is_readable(&self, id: RunId) -> Result<(), RunError> {
        match self.0.live.find(id) {
            None if self.0.fence.holds(id) => Err(RunError::FencedOff),
            None => Ok(()),
            Some(_) => Err(RunError::Read(ReadError::Damaged(format!(
                "the journal of run {id} cannot be read again"
            )))),
        }
    }

    fn going(&self, id: RunId) -> Result<Arc<Mutex<LiveRun>>, RunError> {
        if let Some(live) = self.live_run(id)? {
            return Ok(live);
        }
        self.is_readable(id)?;
        Err(match self.0.store.run_head(id)? {
            Some(_) => RunError::AlreadyOver,
            None => RunError::NotFound("run"),
        })
    }

    /// Gives an input, and the run as it stands with it, once that is durable.
    async fn take_wish(
        &self,
        id: RunId,
        live: Arc<Mutex<LiveRun>>,
        input: Input,
        wish: Wish,
    ) -> Result<RunView, RunError> {
        let (way, shown) = self.wished(id, &mut live::lock(&live), input, wish)?;
        self.taken(id, live, way).await?;
        Ok(shown)
    }

    /// Gives an input to a run that is locked.
    fn wished(
        &self,
        id: RunId,
        locked: &mut LiveRun,
        input: Input,
        wish: Wish,
    ) -> Result<(OnItsWay, RunView), RunError> {
        let claim = wish.idempotency.as_ref();
        let claim = claim.map(|claim| claim.row(json!({ "run": id }), clock::now()));
        let mut extra = wish.extra;
        if let Some(claim) = &claim {
            extra = extra.put(claim);
        }
        let mut way = self
            .give_locked(id, locked, input, extra)
            .map_err(rejected)?;
        // The same request must find later, too, that it was taken.
        if let Some(claim) = claim.filter(|_| way.makes_nothing()) {
            way = way.with_rows(self.append_or_end(Batch::new().put(&claim)));
        }
        Ok((way, self.shown(&locked.run)))
    }

    async fn taken(
        &self,
        id: RunId,
        live: Arc<Mutex<LiveRun>>,
        way: OnItsWay,
    ) -> Result<(), RunError> {
        match self.settle(id, live, way).await {
            Ok(true) => Ok(()),
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
        let live = self.going(id)?;
        let wish = Wish {
            by: request.by,
            reason: request.reason,
            idempotency: request.idempotency,
            extra: request.extra,
        };
        let step: StepPath = request.step.as_str().into();
        let input = Input::ResolveUncertain {
            step: step.clone(),
            resolution: request.resolution,
            by: wish.by.clone(),
            reason: wish.reason.clone(),
        };
        let lost = self.has_lost(&live, &step)?;
        // Looked at before a held run is moved: what is refused must move nothing.
        let accepted = {
            let locked = live::lock(&live);
            match &input {
                Input::ResolveUncertain {
                    resolution: Resolution::Happened { output },
                    ..
                } if lost => Self::fits(&locked.run, &step, output),
                _ if lost => Ok(()),
                _ => locked.run.decide(clock::now(), &input).map(drop),
            }
        };
        accepted.map_err(rejected)?;
        self.take_up(id).await;
        if !lost {
            return self.take_wish(id, live, input, wish).await;
        }
        let (way, shown) = {
            let mut locked = live::lock(&live);
            let uncertain = self.give_up_on(id, &mut locked, &step).map_err(rejected)?;
            match self.wished(id, &mut locked, input, wish) {
                // What came of both is released with the second.
                Ok((way, shown)) => (way, Ok(shown)),
                Err(refused) => (uncertain, Err(refused)),
            }
        };
        self.taken(id, live, way).await?;
        shown
    }
}

/// Refuses a correction that holds a sealed input, or what is shown in the place of one: whoever writes it gives
/// values, and where a sealed one may go is said by the version alone.
fn unsealed(input: &Json, has_sealed: bool) -> Result<(), RunError> {
    let written = written_by_hand(input.value(), has_sealed);
    if written.is_empty() {
        return Ok(());
    }
    let refused = |path: String| {
        let message = "a sensitive input is not put into a correction: this is the form in which it is kept or shown";
        Finding::error("sensitive_not_allowed", message)
            .at_path(format!("/input{path}"))
            .help("leave the key out, so that it keeps what the version gives it, or correct the version and resume with it")
    };
    Err(RunError::BadCorrection(
        written.into_iter().map(refused).collect(),
    ))
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
    if gate.status == GateStatus::Void {
        return Err(RunError::ApprovalChanged(gate.changes));
    }
    if gate.status != GateStatus::Pending {
        return Err(RunError::AlreadyDecided(approval_row(run, &gate).status));
    }
    let own_run = started(run, &who.user());
    may_decide(&gate, who, own_run)?;
    if request.digest != gate.request.digest {
        return Err(RunError::ApprovalChanged(run.approval_changes(id)));
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

/// Whether a gate asks this person.
pub(super) fn may_decide(gate: &Gate, who: &Principal, own_run: bool) -> Result<(), RunError> {
    asks(&gate.approvers, gate.request.exclude_starter, who, own_run)
}

/// Whether a gate with these approvers asks this person. An administrator may always decide, except where the gate
/// excludes whoever started the run.
fn asks(
    approvers: &[String],
    exclude_starter: bool,
    who: &Principal,
    own_run: bool,
) -> Result<(), RunError> {
    if exclude_starter && own_run {
        return Err(RunError::NotAllowed(
            "This gate asks for somebody else than whoever started the run.".into(),
        ));
    }
    let asked = approvers
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
        approvers.join(" or ")
    )))
}

fn checked_fields(
    request: &ApprovalRequest,
    verdict: Verdict,
    fields: Option<Filled>,
) -> Result<Option<Json>, RunError> {
    let fields = fields.filter(|fields| !fields.given.is_null());
    if verdict != Verdict::Approve || request.fields.value().is_null() {
        return match fields {
            None => Ok(None),
            Some(fields) if fields.given.as_object().is_some_and(Map::is_empty) => Ok(None),
            Some(fields) if verdict != Verdict::Approve => Ok(Some(fields.kept.into())),
            Some(_) => Err(RunError::BadFields(vec![
                Finding::error(
                    "unexpected_fields",
                    "The gate has no form, so it takes no fields.",
                )
                .help("Leave `fields` out; what there is to say goes into `comment`."),
            ])),
        };
    }
    let fields = fields.unwrap_or_else(|| Filled {
        given: json!({}),
        kept: json!({}),
    });
    let findings = druse_engine::plan::check_value(request.fields.value(), &fields.given);
    if findings.is_empty() {
        Ok(Some(fields.kept.into()))
    } else {
        Err(RunError::BadFields(findings))
    }
}

fn rejected(reason: Rejected) -> RunError {
    match reason {
        Rejected::AlreadyOver => RunError::AlreadyOver,
        Rejected::NotPaused => RunError::NotPaused,
        Rejected::WhichStep => RunError::WhichStep,
        Rejected::Approved => RunError::ApprovedInput,
        Rejected::BadCorrection { findings } => RunError::BadCorrection(findings),
        Rejected::BadOutput { failure } => RunError::BadOutput(failure),
        Rejected::NotInVersion { why } => RunError::NotInVersion(sentence(&why)),
        Rejected::TooLarge => RunError::TooLarge,
        Rejected::FencedOff => RunError::FencedOff,
        Rejected::UnknownApproval => RunError::NotFound("approval"),
        Rejected::AlreadyDecided { status } => RunError::AlreadyDecided(match status {
            GateStatus::Pending => ApprovalStatus::Pending,
            GateStatus::Approved => ApprovalStatus::Approved,
            GateStatus::Rejected => ApprovalStatus::Rejected,
            GateStatus::Expired => ApprovalStatus::Expired,
            GateStatus::Canceled => ApprovalStatus::Canceled,
            GateStatus::SentBack => ApprovalStatus::SentBack,
            GateStatus::Void => ApprovalStatus::Void,
        }),
        Rejected::CommentNeeded => RunError::CommentNeeded,
        Rejected::ApprovalChanged { changes } => RunError::ApprovalChanged(changes),
        Rejected::CannotSendBack { why } => RunError::CannotSendBack(sentence(&why)),
        Rejected::BadApprovers { why } => RunError::BadApprovers(sentence(&why)),
        Rejected::AlreadyVoted { .. } => RunError::NotAllowed(sentence(&reason.to_string())),
        Rejected::NotUncertain => RunError::NotUncertain,
        Rejected::StaleAttempt | Rejected::NotItsTurn | Rejected::NotAwaited => {
            RunError::NotFound("step that waits for this")
        }
    }
}
