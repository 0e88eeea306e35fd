//! Who is told of events over HTTP: set up by an administrator, as connections are.

use super::Triggers;
use super::manual::By;
use crate::service::page::Page;
use crate::service::{Problem, RunError};
use druse_engine::definition::{EventFilter, Trigger as Definition};
use druse_engine::expression::RunFacts;
use druse_engine::{EventId, Finding, RunId, SubscriptionId, Timestamp};
use druse_storage::{
    Batch, Outgoing, ReadError, Scan, Sent, Store, StoreExt, Subscription, SubscriptionStatus,
};
use druse_triggers::event::Filter;
use druse_triggers::{Event, Mapping};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use tokio::sync::Semaphore;

/// The most subscriptions.
const MOST: usize = 1_000;

/// The most events that wait to be sent to one subscription.
pub(super) const MOST_WAITING: usize = 100_000;

/// How many events are sent to one subscription at once.
const AT_ONCE: usize = 8;

/// What is asked for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// What people call it.
    pub name: String,
    /// Types of events; `*` matches any characters.
    pub types: Vec<String>,
    /// Source of events; `*` matches any characters.
    #[serde(default)]
    pub source: Option<String>,
    /// Subject of events; `*` matches any characters.
    #[serde(default)]
    pub subject: Option<String>,
    /// A bare expression over `trigger`, the event, that must hold.
    #[serde(default)]
    pub when: Option<String>,
    /// A public address. What is inside the network is reached by a connection.
    #[serde(default)]
    pub url: Option<String>,
    /// A connection of kind `http`.
    #[serde(default)]
    pub connection: Option<String>,
    /// The path below the connection.
    #[serde(default)]
    pub path: Option<String>,
    /// The name of the secret that signs: `whsec_` and base64.
    pub secret: String,
    /// A second one that signs too, while secrets change.
    #[serde(default)]
    pub also: Option<String>,
}

/// A subscription as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SubscriptionView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: SubscriptionId,
    /// What people call it.
    pub name: String,
    /// Types of events.
    pub types: Vec<String>,
    /// Source of events.
    pub source: Option<String>,
    /// Subject of events.
    pub subject: Option<String>,
    /// An expression that must hold.
    pub when: Option<String>,
    /// A public address.
    pub url: Option<String>,
    /// A connection.
    pub connection: Option<String>,
    /// The path below it.
    pub path: Option<String>,
    /// The name of the secret that signs.
    pub secret: String,
    /// The name of a second one.
    pub also: Option<String>,
    /// `active`, `paused` or `gone`.
    #[schemars(with = "String")]
    pub status: SubscriptionStatus,
    /// Why it is not active.
    pub reason: Option<String>,
    /// How many events wait to be sent.
    pub waiting: usize,
    /// What is wrong about it now.
    pub findings: Vec<Finding>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

/// An event on its way to a subscriber, or at its end.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DeliveryView {
    /// The event.
    #[schemars(with = "String")]
    pub event_id: EventId,
    /// Its type.
    pub event_type: Option<String>,
    /// `waiting`, `delivered` or `failed`.
    pub status: &'static str,
    /// How often it was tried.
    pub attempts: u32,
    /// The HTTP status of the last answer.
    pub answered: Option<u16>,
    /// What came of the last try.
    pub error: Option<String>,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// Since when it waits or waited.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// A subscription, compiled.
pub(super) struct Subscribed {
    pub(super) row: Subscription,
    filters: Vec<Filter>,
    when: Mapping,
    /// How many events wait.
    pub(super) waiting: Arc<AtomicUsize>,
    /// Lets so many be sent at once.
    pub(super) permits: Arc<Semaphore>,
}

/// All subscriptions.
pub(super) type Subscriptions = BTreeMap<SubscriptionId, Arc<Subscribed>>;

impl Subscribed {
    fn compile(row: Subscription, before: Option<&Self>) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut filters = Vec::new();
        if row.types.is_empty() {
            findings.push(
                Finding::error("bad_value", "a subscription has no types of events")
                    .at_path("/types")
                    .help("`[\"*\"]` is all of them."),
            );
        }
        for (index, event_type) in row.types.iter().enumerate() {
            let filter = EventFilter {
                event_type: event_type.clone(),
                source: row.source.clone(),
                subject: row.subject.clone(),
            };
            match Filter::compile(&filter) {
                Ok(filter) => filters.push(filter),
                Err(wrong) => findings.extend(wrong.into_iter().map(|finding| {
                    let path = match finding.path.as_deref() {
                        Some("/type") | None => format!("/types/{index}"),
                        Some(path) => path.to_owned(),
                    };
                    finding.at_path(path)
                })),
            }
        }
        let as_trigger = Definition {
            id: "subscription".into(),
            event: Some(EventFilter::default()),
            when: row.when.clone(),
            ..Definition::default()
        };
        let when = Mapping::compile(&as_trigger).map_err(|wrong| findings.extend(wrong));
        let (Ok(when), true) = (when, findings.is_empty()) else {
            return Err(findings);
        };
        Ok(Self {
            row,
            filters,
            when,
            waiting: before
                .map(|before| before.waiting.clone())
                .unwrap_or_default(),
            permits: before.map_or_else(
                || Arc::new(Semaphore::new(AT_ONCE)),
                |before| before.permits.clone(),
            ),
        })
    }

    pub(super) fn is_active(&self) -> bool {
        self.row.status == SubscriptionStatus::Active
    }

    /// Whether events of this type may be wanted.
    pub(super) fn takes_type(&self, event_type: &str) -> bool {
        self.filters
            .iter()
            .any(|filter| filter.takes_type(event_type))
    }

    fn wants(&self, event: &Event, now: Timestamp) -> bool {
        if !self.filters.iter().any(|filter| filter.matches(event)) {
            return false;
        }
        let none = RunFacts {
            id: RunId::from_parts(0, [0; 10]),
            started_at: now,
            scheduled_at: None,
        };
        // An event that has not what the expression asks for is not meant.
        let holds = self.when.holds(&event.trigger().into(), none);
        holds.unwrap_or(false)
    }
}

/// Reads all subscriptions. One that cannot be compiled is named in the log.
pub(super) fn load(store: &dyn Store) -> Result<Subscriptions, ReadError> {
    let rows: Vec<Subscription> = store.scan(&Scan {
        limit: MOST + 1,
        ..Scan::default()
    })?;
    let mut all = Subscriptions::new();
    for row in rows {
        let id = row.id;
        match Subscribed::compile(row, None) {
            Ok(subscribed) => {
                all.insert(id, Arc::new(subscribed));
            }
            Err(findings) => {
                tracing::error!(subscription = %id, ?findings, "a subscription cannot be used");
            }
        }
    }
    Ok(all)
}

/// What is wrong with one more beside so many.
fn no_room(present: usize) -> Option<Finding> {
    let finding = Finding::error(
        "too_many",
        format!("there are {MOST} subscriptions, which is the most"),
    );
    let help = "`druse events subscriptions` lists them; remove one that nobody needs.";
    (present >= MOST).then(|| finding.help(help))
}

impl Triggers {
    pub(super) fn subscribed(&self, id: SubscriptionId) -> Option<Arc<Subscribed>> {
        let all = &self.0.subscriptions;
        let all = all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&id).cloned()
    }

    pub(super) fn all_subscribed(&self) -> Vec<Arc<Subscribed>> {
        let all = &self.0.subscriptions;
        let all = all.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().collect()
    }

    /// The rows that make an event be sent to whoever wants it, to become durable together with it.
    pub(super) fn outgoing(
        &self,
        event: &Event,
        id: EventId,
        now: Timestamp,
    ) -> (Batch, Vec<SubscriptionId>) {
        let (mut batch, mut to) = (Batch::new(), Vec::new());
        for subscribed in self.all_subscribed() {
            let row = &subscribed.row;
            if row.status == SubscriptionStatus::Gone || !subscribed.wants(event, now) {
                continue;
            }
            if subscribed.waiting.load(Ordering::Relaxed) >= MOST_WAITING {
                batch = batch.put(&Sent {
                    subscription: row.id,
                    event: id,
                    event_type: event.event_type.clone(),
                    delivered: false,
                    attempts: 0,
                    answered: None,
                    error: Some(format!("{MOST_WAITING} events wait already")),
                    created_at: now,
                    at: now,
                });
                continue;
            }
            batch = batch.put(&Outgoing {
                subscription: row.id,
                event: id,
                attempts: 0,
                next_at: now,
                error: None,
                created_at: now,
            });
            to.push(row.id);
        }
        (batch, to)
    }

    /// Makes a subscription: from now on the events that it names are sent there.
    ///
    /// # Errors
    /// 422 with findings when something is wrong about it.
    pub async fn subscribe(
        &self,
        new: NewSubscription,
        by: By,
    ) -> Result<SubscriptionView, Problem> {
        let row = Subscription {
            id: crate::runtime::clock::new_id(SubscriptionId::from_parts),
            name: new.name,
            types: new.types,
            source: new.source,
            subject: new.subject,
            when: new.when,
            url: new.url,
            connection: new.connection,
            path: new.path,
            secret: new.secret,
            also: new.also,
            status: SubscriptionStatus::Active,
            reason: None,
            created_at: self.now(),
            created_by: by.user,
        };
        let mut findings = self.destination_findings(&row);
        let subscribed = Subscribed::compile(row.clone(), None).map_err(|wrong| {
            findings.extend(wrong);
        });
        findings.extend(no_room(self.all_subscribed().len()));
        let (Ok(subscribed), true) = (subscribed, findings.is_empty()) else {
            return Err(Problem::unprocessable(
                "bad_subscription",
                "The subscription is wrong.",
                "The findings say what and where.",
            )
            .findings(findings));
        };
        let view = self.subscription_view(&subscribed);
        let mut batch = by.extra.put(&row);
        if let Some(claim) = &by.idempotency {
            let made = json!({ "status": 201, "body": view });
            batch = batch.claim(&claim.row(made, self.now()));
        }
        self.append(batch).await?;
        self.put_subscribed(subscribed);
        Ok(view)
    }

    fn put_subscribed(&self, subscribed: Subscribed) {
        {
            let all = &self.0.subscriptions;
            let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(subscribed.row.id, Arc::new(subscribed));
        }
        self.find_wanted();
    }

    /// What is wrong about where a subscription goes and what signs it.
    fn destination_findings(&self, row: &Subscription) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut wrong = |code: &str, path: &str, message: String, help: &str| {
            findings.push(Finding::error(code, message).at_path(path).help(help));
        };
        match (&row.url, &row.connection) {
            (Some(url), None) => {
                if let Err(message) = crate::action::http::check_public(url) {
                    let help = "Inside the network an administrator sets up a connection.";
                    wrong("bad_value", "/url", message, help);
                }
                if row.path.is_some() {
                    let message = "a `path` belongs to a `connection`".to_owned();
                    wrong(
                        "exclusive_keys",
                        "/path",
                        message,
                        "Write it into the `url`.",
                    );
                }
            }
            (None, Some(name)) => {
                let connections = self.0.engine.actions().connections();
                let usable = connections
                    .get(name)
                    .and_then(|open| open.http().map(|_| ()));
                if let Err(error) = usable {
                    let help = "`druse connections list` shows those that there are.";
                    wrong("missing_connection", "/connection", error.to_string(), help);
                }
            }
            _ => {
                let message = "a subscription has either a `url` or a `connection`".to_owned();
                wrong("exclusive_keys", "/url", message, "Keep one of them.");
            }
        }
        for (path, name) in [("/secret", Some(&row.secret)), ("/also", row.also.as_ref())] {
            let Some(name) = name else { continue };
            let can_sign = self.0.secrets.get(name).map(|secret| {
                let bytes = secret.expose().as_bytes();
                druse_triggers::webhook::webhook_signature(bytes, "", "", b"").is_some()
            });
            let help = "`whsec_` and the base64 of 24 to 64 random bytes.";
            match can_sign {
                None => {
                    let message = format!("there is no secret `{name}`");
                    wrong("missing_secret", path, message, help);
                }
                Some(false) => {
                    let message = format!("the secret `{name}` cannot sign");
                    wrong("bad_secret", path, message, help);
                }
                Some(true) => {}
            }
        }
        if row.name.trim().is_empty() || row.name.chars().count() > 200 {
            let message = "`name` is a text of at most 200 characters".to_owned();
            wrong("bad_value", "/name", message, "A few words are enough.");
        }
        findings
    }

    pub(super) fn subscription_view(&self, subscribed: &Subscribed) -> SubscriptionView {
        let row = subscribed.row.clone();
        SubscriptionView {
            findings: self.destination_findings(&row),
            waiting: subscribed.waiting.load(Ordering::Relaxed),
            id: row.id,
            name: row.name,
            types: row.types,
            source: row.source,
            subject: row.subject,
            when: row.when,
            url: row.url,
            connection: row.connection,
            path: row.path,
            secret: row.secret,
            also: row.also,
            status: row.status,
            reason: row.reason,
            created_at: row.created_at,
            created_by: row.created_by,
        }
    }

    /// All subscriptions.
    pub fn subscriptions(&self) -> Vec<SubscriptionView> {
        let all = self.all_subscribed();
        all.iter().map(|one| self.subscription_view(one)).collect()
    }

    /// One subscription.
    ///
    /// # Errors
    /// When there is none.
    pub fn subscription(&self, id: SubscriptionId) -> Result<SubscriptionView, Problem> {
        let found = self.subscribed(id);
        found
            .map(|subscribed| self.subscription_view(&subscribed))
            .ok_or_else(|| Problem::not_found("subscription"))
    }

    /// Removes a subscription; what waits for it is not sent.
    ///
    /// # Errors
    /// When there is none.
    pub async fn unsubscribe(&self, id: SubscriptionId, by: By) -> Result<(), Problem> {
        self.subscription(id)?;
        self.append(by.extra.remove::<Subscription>(id.to_string()))
            .await?;
        {
            let all = &self.0.subscriptions;
            let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
            all.remove(&id);
        }
        self.find_wanted();
        // Nobody sends them any more: in parts, because there may be many.
        for part in self.waiting_for(id)?.chunks(1_000) {
            let gone = part.iter().fold(Batch::new(), |batch, waiting| {
                batch.remove::<Outgoing>(druse_storage::Entity::key(waiting))
            });
            self.append(gone).await?;
        }
        Ok(())
    }

    /// The events that wait for a subscription.
    pub(super) fn waiting_for(&self, id: SubscriptionId) -> Result<Vec<Outgoing>, ReadError> {
        self.store().scan(&Scan {
            prefix: format!("{id}/"),
            limit: MOST_WAITING + 1_000,
            ..Scan::default()
        })
    }

    /// Stops the sending to a subscription, or goes on with it; what waits stays.
    ///
    /// # Errors
    /// When there is none.
    pub async fn switch_subscription(
        &self,
        id: SubscriptionId,
        status: SubscriptionStatus,
        reason: Option<String>,
        by: By,
    ) -> Result<SubscriptionView, Problem> {
        let reason = match status {
            SubscriptionStatus::Active => None,
            _ => Some(reason.unwrap_or_else(|| format!("paused by {}", by.user))),
        };
        self.set_subscription(id, status, reason, by.extra)
            .await?
            .ok_or_else(|| Problem::not_found("subscription"))
            .map(|subscribed| self.subscription_view(&subscribed))
    }

    pub(super) async fn set_subscription(
        &self,
        id: SubscriptionId,
        status: SubscriptionStatus,
        reason: Option<String>,
        extra: Batch,
    ) -> Result<Option<Arc<Subscribed>>, RunError> {
        let Some(before) = self.subscribed(id) else {
            return Ok(None);
        };
        let mut row = before.row.clone();
        row.status = status;
        row.reason = reason;
        self.append(extra.put(&row)).await?;
        if let Ok(now) = Subscribed::compile(row, Some(&before)) {
            self.put_subscribed(now);
        }
        for waiting in self.waiting_for(id)? {
            let at = waiting.next_at;
            self.0.sending.add((id, waiting.event), at);
        }
        self.0.changed.notify_one();
        Ok(self.subscribed(id))
    }

    /// A page of what is or was sent to a subscription, youngest first; what waits comes first.
    ///
    /// # Errors
    /// When there is none, or they cannot be read.
    pub fn deliveries(&self, id: SubscriptionId, page: &Page) -> Result<Value, Problem> {
        const SHOWN: usize = 50;
        self.subscription(id)?;
        let mut answer = page.list(self.store(), &format!("{id}/"), true, |sent: Sent| {
            Ok(Some(DeliveryView {
                event_id: sent.event,
                event_type: Some(sent.event_type),
                status: if sent.delivered {
                    "delivered"
                } else {
                    "failed"
                },
                attempts: sent.attempts,
                answered: sent.answered,
                error: sent.error,
                next_at: None,
                created_at: sent.created_at,
                finished_at: Some(sent.at),
            }))
        })?;
        if page.after.is_none() {
            let waiting: Vec<Outgoing> = self.store().scan(&Scan {
                prefix: format!("{id}/"),
                limit: SHOWN,
                ..Scan::default()
            })?;
            let waiting: Vec<DeliveryView> = waiting
                .into_iter()
                .map(|row| DeliveryView {
                    event_id: row.event,
                    event_type: None,
                    status: "waiting",
                    attempts: row.attempts,
                    answered: None,
                    error: row.error,
                    next_at: Some(row.next_at),
                    created_at: row.created_at,
                    finished_at: None,
                })
                .collect();
            answer["waiting"] = json!(waiting);
        }
        Ok(answer)
    }

    /// Sends an event again, whatever came of it before.
    ///
    /// # Errors
    /// When there is no such subscription or event, or it is being sent.
    pub async fn send_again(
        &self,
        id: SubscriptionId,
        event: EventId,
        by: By,
    ) -> Result<DeliveryView, Problem> {
        self.subscription(id)?;
        let known: Option<druse_storage::StoredEvent> = self.store().get(&event.to_string())?;
        known.ok_or_else(|| Problem::not_found("event"))?;
        let now = self.now();
        let row = Outgoing {
            subscription: id,
            event,
            attempts: 0,
            next_at: now,
            error: None,
            created_at: now,
        };
        let key = druse_storage::Entity::key(&row);
        let is_new = self.store().get::<Outgoing>(&key)?.is_none();
        self.append(by.extra.put(&row)).await?;
        if is_new && let Some(subscribed) = self.subscribed(id) {
            subscribed.waiting.fetch_add(1, Ordering::Relaxed);
        }
        self.send_at(id, event, now);
        Ok(DeliveryView {
            event_id: event,
            event_type: None,
            status: "waiting",
            attempts: 0,
            answered: None,
            error: None,
            next_at: Some(now),
            created_at: now,
            finished_at: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_a_thousand() {
        assert_eq!(no_room(MOST - 1), None);
        assert_eq!(no_room(MOST).unwrap().code, "too_many");
    }
}
