//! Webhooks: a delivery is verified on its bytes as they came, taken in once, and answered as its
//! trigger says.

use super::Triggers;
use super::fire::{Arrival, Claim, Fired, key_of};
use super::manual::UNREADABLE;
use super::registry::{Armed, Kind};
use crate::runtime::clock;
use crate::service::Problem;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use druse_engine::{Digest, FiringId, RunId, Timestamp};
use druse_storage::{Batch, Firing, FiringKey, FiringStatus, StoreExt, TriggerStatus};
use druse_triggers::address;
use druse_triggers::webhook::{
    BodyError, Delivery, Headers, MAX_BODY, REMEMBERED, Request, handshake,
};
use http::StatusCode;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The answer to a delivery that was let in.
#[derive(Debug, Clone, PartialEq)]
pub struct HookAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Lower-case names and lawful values.
    pub headers: Vec<(String, String)>,
    /// To be sent as JSON, except for a text under a content type of its own.
    pub body: Value,
}

impl HookAnswer {
    /// 200 with a text.
    fn text(text: String) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".into(), "text/plain; charset=utf-8".into())],
            body: text.into(),
        }
    }

    pub(super) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }
}

/// Nobody is told whether an address exists, or why a proof does not count.
fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is nothing here.",
        "Check the address.",
    )
}

fn unverified() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "The delivery could not be verified.",
        "Check the secret that sender and receiver share.",
    )
}

/// What came to an address.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The token in the address.
    pub token: &'a str,
    /// The query without its question mark.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a Headers,
    /// The body as it came; its size is limited by who reads it.
    pub body: &'a [u8],
    /// Where it came from, when that is known.
    pub sender: Option<IpAddr>,
    /// Canceled when the sender waits for no answer any more.
    pub gone: &'a CancellationToken,
}

/// Stands in for a secret that is not there; what it fits is refused all the same.
const NO_SECRET: &[u8] = b"whsec_bm9ib2R5IGlzIGxldCBpbiBieSB0aGlzIGtleQ==";

/// The most bytes of a body that could not be read that are kept.
const KEPT_BODY: usize = 64 * 1024;

/// Digest of what is asked for under a key that the caller made for it. Ids that providers give their
/// deliveries are not among them: what they send again may tell of itself that it is sent again.
fn asked_under(delivery: &Delivery, incoming: &Incoming<'_>) -> Option<Digest> {
    let key = incoming.headers.one("idempotency-key").ok().flatten();
    let is_key = key.is_some() && key == delivery.id.as_deref();
    is_key.then(|| Digest::of(&[incoming.query.as_bytes(), b"\n", incoming.body].concat()))
}

impl Triggers {
    /// The webhook at an address, and what it is made of.
    fn hook_at(&self, token: &str) -> Result<Arc<Armed>, Problem> {
        let digest = address::digest(token).ok_or_else(unknown)?;
        self.at_address(&digest)
            .filter(|armed| !armed.is_off() && matches!(armed.kind, Kind::Webhook { .. }))
            .ok_or_else(unknown)
    }

    /// The longest body that the webhook at an address takes, known before anything of it is read.
    pub fn longest_body(&self, token: &str) -> usize {
        let longest = match self.hook_at(token).as_deref() {
            Ok(Armed {
                kind: Kind::Webhook { max_body, .. },
                ..
            }) => *max_body,
            _ => MAX_BODY,
        };
        usize::try_from(longest).unwrap_or(usize::MAX)
    }

    /// Notes a delivery whose body was too long to be read.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub async fn note_too_long(&self, token: &str) -> Result<(), Problem> {
        match self.hook_at(token) {
            Ok(armed) if armed.progress.notes_refusal(self.now()) => {
                let reason = "the body was longer than the webhook takes";
                self.note(&armed, FiringStatus::Rejected, reason).await
            }
            _ => Ok(()),
        }
    }

    /// Answers a sender that subscribes before it sends (Meta's `hub.challenge`): the challenge, as text.
    ///
    /// # Errors
    /// When there is no such address, it asks for no token, or the sender does not know it.
    pub fn challenge(&self, token: &str, query: &str) -> Result<String, Problem> {
        let armed = self.hook_at(token)?;
        let Kind::Webhook { verifier, .. } = &armed.kind else {
            return Err(unknown());
        };
        let Some(name) = verifier.challenge_secret() else {
            return Err(Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This webhook takes deliveries alone.",
                "Send them with POST; for Meta's subscription give `verify_token`.",
            ));
        };
        let secret = self.0.secrets.get(name).ok_or_else(unverified)?;
        handshake::hub_challenge(query, secret.expose().as_bytes()).map_err(|_| unverified())
    }

    /// Answers CloudEvents' question whether deliveries are wanted: the headers that grant it.
    ///
    /// # Errors
    /// When there is no such address.
    pub fn allowed_origin(
        &self,
        token: &str,
        headers: &Headers,
    ) -> Result<Vec<(&'static str, String)>, Problem> {
        let armed = self.hook_at(token)?;
        let Kind::Webhook { origins, rate, .. } = &armed.kind else {
            return Err(unknown());
        };
        let per_minute = rate.map(|rate| rate.per_minute());
        Ok(handshake::allow_origin(headers, origins, per_minute).unwrap_or_default())
    }

    /// Takes in a delivery. Returns when what became of it is durable.
    ///
    /// # Errors
    /// What the sender is told when the delivery is refused or starts no run that answers it.
    pub async fn receive(&self, incoming: Incoming<'_>) -> Result<HookAnswer, Problem> {
        let armed = self.hook_at(incoming.token)?;
        let Kind::Webhook {
            verifier,
            respond,
            rate,
            ..
        } = &armed.kind
        else {
            return Err(unknown());
        };
        let now = self.now();
        let (trigger, sender) = (armed.row.id, incoming.sender);
        if !self.0.senders.may_try(trigger, sender, now) {
            return Err(unverified());
        }
        let opened: Vec<_> = verifier
            .secret_names()
            .iter()
            .filter_map(|name| self.0.secrets.get(name))
            .collect();
        let mut secrets: Vec<&[u8]> = opened
            .iter()
            .map(|secret| secret.expose().as_bytes())
            .collect();
        // Without a secret the same is reckoned as with a wrong one, so that time does not tell it.
        let is_missing = secrets.is_empty() && !verifier.is_open();
        if is_missing {
            secrets.push(NO_SECRET);
        }
        let verified = verifier.verify(incoming.headers, incoming.body, &secrets, now);
        let Some(delivery) = verified.ok().filter(|_| !is_missing) else {
            self.0.senders.failed(trigger, sender, now);
            if armed.progress.notes_refusal(now) {
                let reason = match is_missing {
                    true => {
                        "the delivery could not be verified: the webhook's secret is not in the store"
                    }
                    false => "the delivery could not be verified",
                };
                self.note(&armed, FiringStatus::Rejected, reason).await?;
            }
            return Err(unverified());
        };
        if verifier.is_slack()
            && let Some(challenge) = handshake::slack_challenge(incoming.body)
        {
            return Ok(HookAnswer::text(challenge));
        }
        let held = match &delivery.id {
            Some(id) => Some(
                self.0
                    .taking
                    .hold(format!("hook\n{}", key_of(&armed, id)))
                    .await,
            ),
            None => None,
        };
        let asked = asked_under(&delivery, &incoming);
        let mut claim = delivery.id.as_ref().map(|_| Claim::New);
        if let Some(id) = &delivery.id
            && let Some(first) = self.store().get::<FiringKey>(&key_of(&armed, id))?
        {
            if now.since(first.at) <= REMEMBERED {
                if first.asked.is_some() && first.asked != asked {
                    return self.refuse_key(&armed, &first, now).await;
                }
                self.note_duplicate(&armed, &first).await?;
                drop(held);
                return self.answer_or_none(respond, first.run, incoming.gone).await;
            }
            // So long ago that it is another delivery with the same id.
            claim = Some(Claim::Held);
        }
        let taken = rate.map_or(Ok(()), |rate| rate.take(&mut armed.progress.used(), now));
        if let Err(wait) = taken {
            if armed.progress.notes_refusal(now) {
                let reason = "the rate limit of the webhook was reached";
                self.note(&armed, FiringStatus::Rejected, reason).await?;
            }
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "This webhook takes no more deliveries for now.",
                "Send it again later.",
            )
            .retry_after(wait.as_millis().div_ceil(1_000).max(1)));
        }
        let arrival = match self.delivered(&armed, &delivery, &incoming, claim) {
            Ok(arrival) => Arrival { asked, ..arrival },
            Err(unread) => {
                let (arrival, problem) = *unread;
                self.reject(&armed, &arrival, problem.clone()).await?;
                return Err(problem);
            }
        };
        if armed.row.status == TriggerStatus::Paused {
            // It claims nothing: sent again after the pause, it starts its run.
            let reason = Some("the trigger is paused".to_owned());
            let firing = arrival.firing(&armed, FiringStatus::Skipped, None, reason);
            self.append(Batch::new().put(&firing)).await?;
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "paused",
                "This webhook is paused.",
                "Send it again later.",
            )
            .retry_after(60));
        }
        let run = match self.take(&armed, arrival).await? {
            Fired::Waits(firing) => {
                let body = json!({ "run_id": firing.run, "firing_id": firing.id });
                return Ok(HookAnswer::new(202, body));
            }
            Fired::Started(firing) | Fired::Same(firing) => firing.run,
            Fired::Filtered(_) => None,
            Fired::Rejected(problem) => return Err(problem),
            Fired::Again(first) => {
                self.note_duplicate(&armed, &first).await?;
                first.run
            }
        };
        // It is taken in: who sends it again joins the run, and does not wait for this answer first.
        drop(held);
        self.answer_or_none(respond, run, incoming.gone).await
    }

    /// What a verified delivery is when it comes; with the problem when its body cannot be read.
    fn delivered(
        &self,
        armed: &Armed,
        delivery: &Delivery,
        incoming: &Incoming<'_>,
        claim: Option<Claim>,
    ) -> Result<Arrival, Box<(Arrival, Problem)>> {
        let cause = json!({
            "kind": "webhook", "trigger_id": armed.row.id, "trigger": armed.row.name, "delivery_id": delivery.id,
        });
        let mut arrival = self.arrival(armed, Value::Null.into(), cause.into());
        if let Some(id) = &delivery.id {
            arrival.occurrence.clone_from(id);
        }
        arrival.claim = claim.unwrap_or(Claim::None);
        let request = Request {
            method: "POST",
            query: incoming.query,
            headers: incoming.headers,
            body: incoming.body,
        };
        match request.trigger(delivery) {
            Ok(trigger) => {
                arrival.trigger = trigger.into();
                Ok(arrival)
            }
            Err(error) => {
                let kept = &incoming.body[..incoming.body.len().min(KEPT_BODY)];
                let content_type = incoming.headers.one("content-type").ok().flatten();
                let mut payload = json!({
                    "content_type": content_type, "size": incoming.body.len(), "base64": STANDARD.encode(kept),
                });
                payload[UNREADABLE] = error.to_string().into();
                arrival.trigger = payload.into();
                let help = match error {
                    BodyError::TooDeep => "Send a flatter value, or the deep part as a text.",
                    BodyError::InvalidJson | BodyError::BadMultipart => {
                        "Send a body that is what its content type says."
                    }
                };
                let problem = Problem::unprocessable(
                    "bad_body",
                    format!("The delivery cannot be read: {error}."),
                    help,
                );
                Err(Box::new((arrival, problem)))
            }
        }
    }

    async fn answer_or_none(
        &self,
        respond: &druse_triggers::webhook::Respond,
        run: Option<RunId>,
        gone: &CancellationToken,
    ) -> Result<HookAnswer, Problem> {
        match run {
            Some(run) => self.answer(respond, run, gone).await,
            None => Ok(HookAnswer::new(202, json!({ "run_id": null }))),
        }
    }

    /// Writes down a delivery that starts nothing, without anything of it.
    async fn note(&self, armed: &Armed, status: FiringStatus, reason: &str) -> Result<(), Problem> {
        let arrival = self.arrival(armed, Value::Null.into(), Value::Null.into());
        let firing = arrival.firing(armed, status, None, Some(reason.into()));
        Ok(self.append(arrival.rows(&firing)).await?)
    }

    /// A key that was used for something else before: whoever gets the first answer would take it for this one's.
    async fn refuse_key(
        &self,
        armed: &Armed,
        first: &FiringKey,
        now: Timestamp,
    ) -> Result<HookAnswer, Problem> {
        if armed.progress.notes_refusal(now) {
            let reason = format!("its key came before with another body, as {}", first.firing);
            self.note(armed, FiringStatus::Rejected, &reason).await?;
        }
        Err(Problem::conflict(
            "idempotency_conflict",
            "This Idempotency-Key was used with another body.",
            "Take a new key for a new delivery.",
        ))
    }

    async fn note_duplicate(&self, armed: &Armed, first: &FiringKey) -> Result<(), Problem> {
        let firing = Firing {
            reason: Some(format!("it came before, as {}", first.firing)),
            run: first.run,
            ..Firing::new(
                clock::new_id(FiringId::from_parts),
                armed.row.id,
                first.occurrence.clone(),
                self.now(),
                FiringStatus::Duplicate,
            )
        };
        Ok(self.append(Batch::new().put(&firing)).await?)
    }
}
