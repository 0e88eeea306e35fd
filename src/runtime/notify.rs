//! Telling people of gates: each action of a gate's `notify` is tried a few times, beside the gate. What
//! came of it becomes a fact of the run, and never more than that: a gate waits whether anybody was told or
//! not. What was still to be told when the process ended is told by the next one.

use super::decide::may_decide;
use super::starters::started;
use super::{Engine, attempt::given, live};
use crate::action::Attempt;
use crate::artifacts::Files;
use crate::secret::hide;
use crate::service::links::{self, Access};
use crate::service::{Principal, Role};
use crate::step_log::AttemptLog;
use druse_engine::definition::FailureClass;
use druse_engine::event::{Failure, Outcome};
use druse_engine::run::{GateStatus, Input, Message, Notice};
use druse_engine::{Digest, Json, RunId, Span};
use druse_storage::Batch;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is tried to tell somebody.
const ATTEMPTS: u32 = 5;
/// The wait before the second try; each further one is twice as long.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a link in a message can be used.
const LASTS: Span = Span::from_secs(7 * 24 * 3600);

impl Engine {
    /// Says at which address the server is known to people.
    pub fn set_address(&self, address: Option<String>) {
        let _ = self.0.address.set(address);
    }

    /// Tells people of the gates of a run of which they have not been told.
    pub(super) fn notify(&self, run: RunId) {
        let Some(live) = self.0.live.get(run) else {
            return;
        };
        let notices = live::lock(&live).begin_telling();
        for notice in notices {
            let engine = self.clone();
            tokio::spawn(async move {
                engine.tell_one(run, notice).await;
                if let Some(live) = engine.0.live.get(run) {
                    live::lock(&live).told(notice);
                }
                engine.0.live.disturb(run);
            });
        }
    }

    async fn tell_one(&self, run: RunId, notice: Notice) {
        let Some((approval, token)) = self.said_of(run, notice).await else {
            return;
        };
        let mut wait = AGAIN;
        for attempt in 1..=ATTEMPTS {
            let Some(message) = self.message(run, notice, &approval) else {
                // The gate has been answered meanwhile.
                return;
            };
            let outcome = match message {
                Ok((message, root, step)) => {
                    self.send(run, root, step, notice, attempt, message).await
                }
                Err(failure) => Some(failure),
            };
            if self.0.closing.is_cancelled() {
                return;
            }
            let last = match &outcome {
                None => true,
                Some(failure) => {
                    attempt == ATTEMPTS
                        || !matches!(
                            failure.class,
                            FailureClass::Retryable | FailureClass::Timeout
                        )
                }
            };
            if last {
                let failure = outcome.map(|failure| without(failure, token.as_deref()));
                self.give_and_forget(
                    run,
                    Input::Notified {
                        approval: notice.approval,
                        notice: notice.notice,
                        index: notice.index,
                        attempts: attempt,
                        failure,
                    },
                );
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.0.closing.cancelled() => return,
            }
            wait *= 2;
        }
    }

    /// What the message may say of the gate, and the token of the link in it, which is made here: it stands
    /// in the message alone.
    async fn said_of(&self, run: RunId, notice: Notice) -> Option<(Json, Option<String>)> {
        let live = self.0.live.get(run)?;
        let (mut shown, gate, person, own_run) = {
            let locked = live::lock(&live);
            let gate = locked.run.approval(notice.approval)?;
            if gate.status != GateStatus::Pending {
                return None;
            }
            let shown = json!({
                "id": notice.approval,
                "title": gate.request.title,
                "message": gate.request.message,
                "step": gate.step,
                "run_id": run,
                "automation": locked.run.start().name,
                "approvers": gate.approvers,
                "needed": gate.request.needed,
                "round": gate.round,
                "reminder": notice.notice,
                "requested_at": gate.requested_at,
                "expires_at": gate.expires_at,
                "details": shown_details(&gate.request.details),
                "link": null,
            });
            let seen = Json::from(shown.clone());
            let person = locked.run.notified_person(notice, &seen);
            let own_run = person.as_ref().is_some_and(|person| {
                let name = person.strip_prefix("user:").unwrap_or(person);
                started(&locked.run, &format!("user:{name}"))
            });
            (shown, gate, person, own_run)
        };
        let mut made = None;
        if let Some(who) = person.and_then(|person| self.linked(run, &person)) {
            if let Err(refused) = may_decide(&gate, &who, own_run) {
                tracing::warn!(
                    %run, approval = %notice.approval, person = who.name, role = who.role.name(), %refused,
                    "a message has no link: whom it is for may not decide",
                );
                return Some((shown.into(), None));
            }
            let by = format!("run:{run}");
            let (token, link) = links::mint(notice.approval, &who.name, who.role, &by, LASTS);
            let server = self.0.address.get().cloned().flatten();
            let kept = self.0.store.append(Batch::new().claim(&link));
            match kept {
                Ok(ticket) => {
                    if ticket.await.is_ok() {
                        shown["link"] = links::address(server.as_deref(), &token).into();
                        made = Some(token);
                    }
                }
                Err(error) => tracing::warn!(%run, %error, "a link for a message is not kept"),
            }
        }
        Some((shown.into(), made))
    }

    /// Whom a link would be for, with the role that their tokens have: a document gives nobody more.
    fn linked(&self, run: RunId, person: &str) -> Option<Principal> {
        let name = person.strip_prefix("user:").unwrap_or(person);
        let known = |role| {
            Some(Principal {
                id: "link".into(),
                name: name.to_owned(),
                role,
            })
        };
        match links::access_of(&*self.0.store, name) {
            Ok(Access::As(role)) => known(role),
            Ok(Access::Never) => known(Role::Viewer),
            Ok(Access::Over) => {
                tracing::warn!(%run, person = name, "a message has no link: the access of whom it is for is over");
                None
            }
            Err(error) => {
                tracing::warn!(%run, %error, "who a link is for cannot be read");
                None
            }
        }
    }

    #[allow(clippy::type_complexity)]
    fn message(
        &self,
        run: RunId,
        notice: Notice,
        approval: &Json,
    ) -> Option<Result<(Message, RunId, String), Failure>> {
        let live = self.0.live.get(run)?;
        let locked = live::lock(&live);
        let root = locked.run.start().root;
        let step = locked.run.approval(notice.approval)?.step.to_string();
        let message = locked.run.notice(notice, approval)?;
        Some(message.map(|message| (message, root, step)))
    }

    async fn send(
        &self,
        run: RunId,
        root: RunId,
        step: String,
        notice: Notice,
        number: u32,
        message: Message,
    ) -> Option<Failure> {
        let live = self.0.live.get(run)?;
        let (given, capabilities, of) = {
            let locked = live::lock(&live);
            let start = locked.run.start();
            let of = (start.automation, start.version);
            (given(start), locked.run.plan().capabilities().clone(), of)
        };
        let pins = match self.pins_for(message.kind, of) {
            Ok(pins) => pins,
            Err(failure) => return Some(failure),
        };
        let key = json!([root, notice.approval, notice.notice, notice.index]);
        let attempt = Attempt {
            run,
            root,
            step,
            number,
            kind: message.kind.name().to_owned(),
            input: message.input,
            given,
            sensitive: Vec::new(),
            secrets: message.secrets,
            idempotency_key: Digest::of(key.to_string().as_bytes()).to_string(),
            fence: 0,
            timeout: message.timeout.map(|span| span.0),
            reads_only: false,
            pins,
            capabilities: Some(capabilities),
            log: AttemptLog::default(),
            files: Files::default(),
        };
        let stop: CancellationToken = self.0.closing.child_token();
        match self.0.actions.perform(attempt, stop).await {
            Outcome::Succeeded { .. } => None,
            Outcome::Failed { failure, .. } => Some(failure),
        }
    }
}

/// What is behind a gate, without the seals of sensitive inputs: the message's action would open them.
fn shown_details(details: &Json) -> Json {
    match hide(details.text()) {
        Cow::Borrowed(_) => details.clone(),
        Cow::Owned(shown) => serde_json::from_str::<Value>(&shown)
            .unwrap_or_default()
            .into(),
    }
}

/// A failure without the token that its message may repeat.
fn without(mut failure: Failure, token: Option<&str>) -> Failure {
    failure.details = None;
    if let Some(token) = token {
        failure.message = failure.message.replace(token, "…");
    }
    failure
}
