//! Webhooks: a delivery is verified on its bytes as they came, taken in once, and answered as its
//! trigger says.

use super::Triggers;
use super::fire::{Claim, Fired, key_of};
use super::registry::{Armed, Kind};
use crate::runtime::clock;
use crate::service::Problem;
use druse_engine::{FiringId, RunId};
use druse_storage::{Batch, Firing, FiringKey, FiringStatus, StoreExt, TriggerStatus};
use druse_triggers::address;
use druse_triggers::webhook::{Delivery, Headers, Request};
use http::StatusCode;
use serde_json::{Value, json};

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

impl Triggers {
    /// Takes in a delivery to the address with this token. Returns when what became of it is durable.
    /// `body` is as it came; its size is limited by who calls this.
    ///
    /// # Errors
    /// What the sender is told when the delivery is refused or starts no run that answers it.
    pub async fn receive(
        &self,
        token: &str,
        method: &str,
        query: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<HookAnswer, Problem> {
        let digest = address::digest(token).ok_or_else(unknown)?;
        let armed = self
            .at_address(&digest)
            .filter(|armed| armed.row.status != TriggerStatus::Inactive)
            .ok_or_else(unknown)?;
        let Kind::Webhook { verifier, respond } = &armed.kind else {
            return Err(unknown());
        };
        let now = self.now();
        let opened: Vec<_> = verifier
            .secret_names()
            .iter()
            .filter_map(|name| self.0.secrets.get(name))
            .collect();
        let secrets: Vec<&[u8]> = opened
            .iter()
            .map(|secret| secret.expose().as_bytes())
            .collect();
        let Ok(delivery) = verifier.verify(headers, body, &secrets, now) else {
            if armed.progress.notes_refusal(now) {
                let reason = match opened.is_empty() && !verifier.is_open() {
                    true => {
                        "the delivery could not be verified: the webhook's secret is not in the store"
                    }
                    false => "the delivery could not be verified",
                };
                self.note(&armed, FiringStatus::Rejected, reason).await?;
            }
            return Err(unverified());
        };
        if armed.row.status == TriggerStatus::Paused {
            self.note(&armed, FiringStatus::Skipped, "the trigger is paused")
                .await?;
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "paused",
                "This webhook is paused.",
                "Send it again later.",
            )
            .retry_after(60));
        }
        let _held = match &delivery.id {
            Some(id) => Some(
                self.0
                    .taking
                    .hold(format!("hook\n{}", key_of(&armed, id)))
                    .await,
            ),
            None => None,
        };
        if let Some(id) = &delivery.id
            && let Some(first) = self.store().get::<FiringKey>(&key_of(&armed, id))?
        {
            self.note_duplicate(&armed, &first).await?;
            return self.answer_or_filtered(respond, first.run).await;
        }
        let request = Request {
            method,
            query,
            headers,
            body,
        };
        let fired = self.fire_delivery(&armed, &delivery, &request).await?;
        match fired {
            Fired::Started(firing) => self.answer_or_filtered(respond, firing.run).await,
            Fired::Filtered(_) => self.answer_or_filtered(respond, None).await,
            Fired::Rejected(problem) => Err(problem),
            Fired::Again(first) => {
                self.note_duplicate(&armed, &first).await?;
                self.answer_or_filtered(respond, first.run).await
            }
        }
    }

    async fn fire_delivery(
        &self,
        armed: &Armed,
        delivery: &Delivery,
        request: &Request<'_>,
    ) -> Result<Fired, Problem> {
        let cause = json!({
            "kind": "webhook", "trigger_id": armed.row.id, "trigger": armed.row.name, "delivery_id": delivery.id,
        });
        let mut arrival = self.arrival(armed, Value::Null.into(), cause.into());
        if let Some(id) = &delivery.id {
            arrival.occurrence.clone_from(id);
            arrival.claim = Claim::New;
        }
        match request.trigger(delivery) {
            Ok(trigger) => {
                arrival.trigger = trigger.into();
                Ok(self.fire(armed, arrival).await?)
            }
            Err(error) => {
                let problem = Problem::unprocessable(
                    "bad_body",
                    format!("The delivery cannot be read: {error}."),
                    "Send JSON, a form or text, with the content type that it has.",
                );
                Ok(self.reject(armed, &arrival, problem).await?)
            }
        }
    }

    async fn answer_or_filtered(
        &self,
        respond: &druse_triggers::webhook::Respond,
        run: Option<RunId>,
    ) -> Result<HookAnswer, Problem> {
        match run {
            Some(run) => self.answer(respond, run).await,
            None => Ok(HookAnswer::new(
                202,
                json!({ "run_id": null, "status": "filtered" }),
            )),
        }
    }

    /// Writes down a delivery that starts nothing, without anything of it.
    async fn note(&self, armed: &Armed, status: FiringStatus, reason: &str) -> Result<(), Problem> {
        let arrival = self.arrival(armed, Value::Null.into(), Value::Null.into());
        let firing = arrival.firing(armed, status, None, Some(reason.into()));
        Ok(self.append(arrival.rows(&firing)).await?)
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
