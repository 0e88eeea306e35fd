//! Sending events to subscribers: signed, tried again, each with a bound on how many at once, so that one
//! that does not answer holds up nobody else.

use super::Triggers;
use super::subscription::Subscribed;
use crate::action::Attempt;
use crate::artifacts::Files;
use crate::service::RunError;
use crate::step_log::AttemptLog;
use druse_engine::event::Outcome;
use druse_engine::{EventId, Json, RunId, Span, SubscriptionId, Timestamp};
use druse_storage::{
    Batch, Outgoing, ReadError, Scan, Sent, StoreExt, StoredEvent, SubscriptionStatus,
};
use druse_triggers::event::send::{signed_headers, wait_after};
use druse_triggers::schedule::STEP;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many events are sent at once, to all subscribers.
const AT_ONCE: usize = 64;

/// How long a subscriber may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The longest sleep: after a step of the wall clock, due times are noticed within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// The wait after which an event is looked at again that could not be sent for reasons of our own.
const AGAIN: Span = Span::from_secs(1);

/// How often an event for a paused subscription is looked at.
const PAUSED: Span = Span::from_secs(300);

/// What came of one try.
enum Tried {
    Delivered(u16),
    /// The other side is gone for good.
    Gone,
    Failed {
        answered: Option<u16>,
        error: String,
        asked: Option<Span>,
    },
}

impl Triggers {
    /// Takes up what was still to be sent.
    pub(super) fn take_up_outgoing(&self) -> Result<(), ReadError> {
        const PAGE: usize = 1_000;
        let mut after = None;
        loop {
            let page: Vec<Outgoing> = self.store().scan(&Scan {
                after: after.take(),
                limit: PAGE,
                ..Scan::default()
            })?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(druse_storage::Entity::key(last));
            for row in page {
                if let Some(subscribed) = self.subscribed(row.subscription) {
                    subscribed.waiting.fetch_add(1, Ordering::Relaxed);
                }
                self.0
                    .sending
                    .add((row.subscription, row.event), row.next_at);
            }
        }
    }

    /// An event has become durable that is to be sent.
    pub(super) fn send_to(&self, to: Vec<SubscriptionId>, event: EventId, now: Timestamp) {
        for id in to {
            if let Some(subscribed) = self.subscribed(id) {
                subscribed.waiting.fetch_add(1, Ordering::Relaxed);
            }
            self.send_at(id, event, now);
        }
    }

    pub(super) fn send_at(&self, id: SubscriptionId, event: EventId, at: Timestamp) {
        self.0.sending.add((id, event), at);
        self.0.to_send.notify_one();
    }

    /// Sends events until [`Triggers::close`].
    pub(super) async fn keep_sending(self) {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            let now = self.now();
            for (id, event) in self.0.sending.take(now) {
                let Some(subscribed) = self.subscribed(id) else {
                    continue;
                };
                // One that is busy with others waits, without holding a place.
                let Ok(own) = subscribed.permits.clone().try_acquire_owned() else {
                    let soon = now.after(Span::from_millis(100));
                    self.0.sending.add((id, event), soon);
                    continue;
                };
                let Ok(permit) = permits.clone().acquire_owned().await else {
                    return;
                };
                let triggers = self.clone();
                tokio::spawn(async move {
                    triggers.send_and_again(id, event).await;
                    drop((own, permit));
                });
            }
            let sleep = self.0.sending.first().map_or(LONGEST_SLEEP, |at| {
                at.since(self.now()).0.min(LONGEST_SLEEP)
            });
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.0.to_send.notified() => {}
                () = self.0.closing.cancelled() => return,
            }
        }
    }

    /// Sends once what is due now, and returns when it is done.
    #[cfg(test)]
    pub(super) async fn send_due(&self) {
        for (id, event) in self.0.sending.take(self.now()) {
            self.send_and_again(id, event).await;
        }
    }

    async fn send_and_again(&self, id: SubscriptionId, event: EventId) {
        let next = match self.send_one(id, event).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(subscription = %id, %event, %error, "the sending of an event is tried again");
                Some(self.now().after(AGAIN))
            }
        };
        if let Some(next) = next {
            self.send_at(id, event, next);
        }
    }

    async fn send_one(
        &self,
        id: SubscriptionId,
        event: EventId,
    ) -> Result<Option<Timestamp>, RunError> {
        let key = format!("{id}/{event}");
        let _held = self.0.taking.hold(format!("send\n{key}")).await;
        let (Some(row), Some(subscribed)) =
            (self.store().get::<Outgoing>(&key)?, self.subscribed(id))
        else {
            return Ok(None);
        };
        let now = self.now();
        // What began to wait in what is now the future is sent: the clock went back.
        if row.next_at > now && row.created_at <= now.after(STEP) {
            return Ok(Some(row.next_at));
        }
        let stored: Option<StoredEvent> = self.store().get(&event.to_string())?;
        let event_type = stored
            .as_ref()
            .and_then(|stored| stored.event["type"].as_str())
            .unwrap_or_default()
            .to_owned();
        let tried = match (&stored, subscribed.row.status) {
            (_, SubscriptionStatus::Paused) => return Ok(Some(now.after(PAUSED))),
            (_, SubscriptionStatus::Gone) => Tried::Gone,
            (None, _) => Tried::Failed {
                answered: None,
                error: "the event is not kept any more".into(),
                asked: None,
            },
            (Some(stored), SubscriptionStatus::Active) => {
                self.attempt(&subscribed, stored, row.attempts + 1).await
            }
        };
        let attempts = row.attempts + 1;
        let sent = |delivered, answered, error| Sent {
            subscription: id,
            event,
            event_type: event_type.clone(),
            delivered,
            attempts,
            answered,
            error,
            created_at: row.created_at,
            at: self.now(),
        };
        let done = Batch::new().remove::<Outgoing>(key.clone());
        let batch = match tried {
            Tried::Delivered(status) => done.put(&sent(true, Some(status), None)),
            Tried::Gone => {
                self.note_gone(&subscribed).await?;
                let error = "the subscriber says that it is gone".to_owned();
                done.put(&sent(false, Some(410), Some(error)))
            }
            Tried::Failed {
                answered,
                error,
                asked,
            } => match wait_after(attempts, asked, &event.to_string()) {
                Some(wait) if stored.is_some() => {
                    let next_at = self.now().after(wait);
                    let again = Outgoing {
                        attempts,
                        next_at,
                        error: Some(error),
                        ..row
                    };
                    self.append(Batch::new().put(&again)).await?;
                    return Ok(Some(next_at));
                }
                _ => done.put(&sent(false, answered, Some(error))),
            },
        };
        self.append(batch).await?;
        subscribed.waiting.fetch_sub(1, Ordering::Relaxed);
        Ok(None)
    }

    async fn note_gone(&self, subscribed: &Subscribed) -> Result<(), RunError> {
        if subscribed.row.status == SubscriptionStatus::Gone {
            return Ok(());
        }
        let row = &subscribed.row;
        let data = json!({ "subscription_id": row.id, "name": row.name });
        let source = format!("/subscriptions/{}", row.id);
        let told = super::announcement("subscription.gone", &source, &row.name, self.now(), data);
        let reason = Some("the subscriber answered 410 Gone".to_owned());
        self.set_subscription(row.id, SubscriptionStatus::Gone, reason, told)
            .await?;
        self.look_into_outbox();
        Ok(())
    }

    async fn attempt(&self, subscribed: &Subscribed, stored: &StoredEvent, number: u32) -> Tried {
        let row = &subscribed.row;
        let own_fault = |error: String| Tried::Failed {
            answered: None,
            error,
            asked: None,
        };
        let body = stored.event.to_string();
        let id = stored.id.to_string();
        let opened: Vec<_> = [Some(&row.secret), row.also.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|name| self.0.secrets.get(name))
            .collect();
        let secrets: Vec<&[u8]> = opened
            .iter()
            .map(|secret| secret.expose().as_bytes())
            .collect();
        let signed = signed_headers(&secrets, &id, self.now(), body.as_bytes());
        let Some(signed) = signed else {
            return own_fault(format!("the secret `{}` cannot sign", row.secret));
        };
        let mut headers = json!({ "content-type": "application/cloudevents+json" });
        for (name, value) in signed {
            headers[name] = value.into();
        }
        let mut input = json!({ "method": "POST", "headers": headers, "body": body });
        for (key, value) in [
            ("url", &row.url),
            ("connection", &row.connection),
            ("path", &row.path),
        ] {
            if let Some(value) = value {
                input[key] = value.as_str().into();
            }
        }
        let attempt = Attempt {
            run: RunId::from_parts(0, [0; 10]),
            root: RunId::from_parts(0, [0; 10]),
            step: format!("subscription {}", row.id),
            number,
            kind: "http".into(),
            input: Json::from(input),
            given: Json::null(),
            sensitive: Vec::new(),
            secrets: Vec::new(),
            idempotency_key: id,
            fence: 0,
            timeout: Some(TIMEOUT),
            reads_only: false,
            pins: Default::default(),
            capabilities: None,
            log: AttemptLog::default(),
            files: Files::default(),
        };
        let cancel = self.0.closing.child_token();
        match self.0.engine.actions().perform(attempt, cancel).await {
            Outcome::Succeeded { output } => {
                let status = output.value()["status"].as_u64();
                Tried::Delivered(
                    status
                        .and_then(|status| u16::try_from(status).ok())
                        .unwrap_or(200),
                )
            }
            Outcome::Failed {
                failure,
                retry_after_ms,
            } => {
                let details = failure.details.as_ref().map(Json::value);
                let answered = details
                    .and_then(|details: &Value| details["status"].as_u64())
                    .and_then(|status| u16::try_from(status).ok());
                if answered == Some(410) {
                    return Tried::Gone;
                }
                Tried::Failed {
                    answered,
                    error: failure.message,
                    asked: retry_after_ms.map(Span::from_millis),
                }
            }
        }
    }
}
