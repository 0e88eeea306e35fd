//! Triggers and firings as callers see them.

use super::Triggers;
use super::lookout::LookoutView;
use super::registry::{Armed, Broken, Kind};
use crate::service::Problem;
use crate::service::page::Page;
use druse_engine::definition::Trigger as Definition;
use druse_engine::{
    AutomationId, BackfillId, Finding, FiringId, RunId, Span, Timestamp, TriggerId,
};
use druse_storage::{
    Automation, Firing, FiringStatus, ReadError, Scan, StoreExt, Trigger, TriggerStatus,
};
use druse_triggers::timetable::Preview;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// How many of a schedule's next times are shown.
const NEXT: usize = 5;

/// How many firings are counted by status.
const TALLIED: usize = 1_000;

/// A trigger as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TriggerView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: TriggerId,
    /// Its id in the document.
    pub name: String,
    /// Whose.
    #[schemars(with = "String")]
    pub automation_id: AutomationId,
    /// Its automation's name.
    pub automation: Option<String>,
    /// `schedule`, `webhook`, `event`, `files` or `poll`.
    pub kind: &'static str,
    /// `/hooks/…` of a webhook, or null; a secret to everybody but editors.
    pub address: Option<String>,
    /// Whether it fires.
    #[schemars(with = "String")]
    pub status: TriggerStatus,
    /// Why it is paused.
    pub reason: Option<String>,
    /// The next times of a schedule; it fires `delay` after each.
    pub next: Vec<Timestamp>,
    /// The same times in the schedule's zone, with the offset and what the clock does then.
    #[schemars(with = "Vec<Value>")]
    pub upcoming: Vec<Preview>,
    /// How long after its times a schedule with `jitter` fires.
    pub delay: Option<Span>,
    /// Whether everybody who knows the address can start it: a webhook that verifies nothing.
    pub open: bool,
    /// What waits in its windows: `{kind, key, held, since, due}` each.
    pub waiting: Vec<Value>,
    /// How one that looks by itself stands: `files` and `poll`.
    pub lookout: Option<LookoutView>,
    /// What is wrong or odd about it now.
    pub findings: Vec<Finding>,
    /// What came last.
    pub last_firing: Option<FiringView>,
    /// What became of the last thousand that came, by status; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firings: Option<BTreeMap<String, Tally>>,
    /// The trigger as the document writes it.
    pub definition: Value,
}

/// The firings of one status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Tally {
    /// How many.
    pub count: u32,
    /// The last of them, with its reason.
    pub last: FiringView,
}

/// A firing as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FiringView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: FiringId,
    /// Whose.
    #[schemars(with = "String")]
    pub trigger_id: TriggerId,
    /// What makes it one: a scheduled time, a delivery id, an event's source and id.
    pub key: String,
    /// The logical time of a schedule.
    pub scheduled_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
    /// What became of it.
    #[schemars(with = "String")]
    pub status: FiringStatus,
    /// Why.
    pub reason: Option<String>,
    /// The run it started.
    #[schemars(with = "Option<String>")]
    pub run_id: Option<RunId>,
    /// How long after its time a scheduled one came, in milliseconds.
    pub late_ms: Option<u64>,
    /// The firing that it repeats.
    #[schemars(with = "Option<String>")]
    pub replay_of: Option<FiringId>,
    /// The backfill that it belongs to.
    #[schemars(with = "Option<String>")]
    pub backfill_id: Option<BackfillId>,
    /// What the trigger saw; only where one firing is read, and left out where the run has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
}

impl From<Firing> for FiringView {
    fn from(firing: Firing) -> Self {
        // A scheduled time is unique for its trigger, which makes a name of the two.
        let key = match firing.scheduled_at {
            Some(_) => format!("{}@{}", firing.trigger, firing.occurrence),
            None => firing.occurrence,
        };
        Self {
            id: firing.id,
            trigger_id: firing.trigger,
            key,
            scheduled_at: firing.scheduled_at,
            received_at: firing.received_at,
            status: firing.status,
            reason: firing.reason,
            run_id: firing.run,
            late_ms: firing.late_ms,
            replay_of: firing.replay_of,
            backfill_id: firing.backfill,
            payload: None,
        }
    }
}

impl Triggers {
    /// The triggers of an automation, or all; those that are no more left out. `with_address` for
    /// callers that may know the addresses of webhooks.
    ///
    /// # Errors
    /// When firings cannot be read.
    pub fn list(
        &self,
        automation: Option<AutomationId>,
        with_address: bool,
    ) -> Result<Vec<TriggerView>, Problem> {
        let wanted = |row: &Trigger| {
            automation.is_none_or(|id| row.automation == id)
                && row.status != TriggerStatus::Inactive
        };
        let usable = self.those(|armed| wanted(&armed.row));
        let mut views = usable
            .iter()
            .map(|armed| self.view(armed, with_address))
            .collect::<Result<Vec<_>, _>>()?;
        for broken in self.broken() {
            if wanted(&broken.row) {
                views.push(self.broken_view(broken)?);
            }
        }
        Ok(views)
    }

    /// A page of the same, the youngest first. Only what is on it is viewed.
    ///
    /// # Errors
    /// When firings cannot be read.
    pub fn page(
        &self,
        automation: Option<AutomationId>,
        with_address: bool,
        page: &Page,
    ) -> Result<Value, Problem> {
        let wanted = |row: &Trigger| {
            automation.is_none_or(|id| row.automation == id)
                && row.status != TriggerStatus::Inactive
                && page
                    .after
                    .as_ref()
                    .is_none_or(|after| row.id.to_string() < *after)
        };
        let usable = self.those(|armed| wanted(&armed.row));
        let mut broken = self.broken();
        broken.retain(|broken| wanted(&broken.row));
        let mut ids: Vec<TriggerId> = usable.iter().map(|armed| armed.row.id).collect();
        ids.extend(broken.iter().map(|broken| broken.row.id));
        ids.sort_by_key(|id| std::cmp::Reverse(id.to_string()));
        ids.truncate(page.limit + 1);
        let mut items = Vec::new();
        for id in ids {
            let armed = usable.iter().find(|armed| armed.row.id == id);
            let view = match armed {
                Some(armed) => self.view(armed, with_address)?,
                None => {
                    let Some(at) = broken.iter().position(|broken| broken.row.id == id) else {
                        continue;
                    };
                    self.broken_view(broken.swap_remove(at))?
                }
            };
            items.push((id.to_string(), view));
        }
        Ok(page.answer(items))
    }

    /// One trigger.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn get(&self, id: TriggerId, with_address: bool) -> Result<TriggerView, Problem> {
        if let Some(armed) = self.armed(id) {
            let firings = Some(self.tallies(id)?);
            let view = self.view(&armed, with_address)?;
            return Ok(TriggerView { firings, ..view });
        }
        let mut broken = self.broken();
        broken.retain(|broken| broken.row.id == id);
        broken
            .pop()
            .map(|broken| Ok(self.broken_view(broken)?))
            .unwrap_or_else(|| Err(Problem::not_found("trigger")))
    }

    /// What became of the last firings of a trigger, by status.
    fn tallies(&self, id: TriggerId) -> Result<BTreeMap<String, Tally>, ReadError> {
        let newest: Vec<Firing> = self.store().scan(&Scan {
            prefix: format!("{id}/"),
            descending: true,
            limit: TALLIED,
            ..Scan::default()
        })?;
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        for firing in newest {
            let status = serde_json::to_value(firing.status).unwrap_or_default();
            let status = status.as_str().unwrap_or_default().to_owned();
            let tally = tallies.entry(status).or_insert_with(|| Tally {
                count: 0,
                last: firing.into(),
            });
            tally.count += 1;
        }
        Ok(tallies)
    }

    /// A page of a trigger's firings, youngest first: `{items, next_cursor}`. With a status, those alone.
    ///
    /// # Errors
    /// When there is no such trigger, or they cannot be read.
    pub fn firings(
        &self,
        id: TriggerId,
        status: Option<FiringStatus>,
        page: &Page,
    ) -> Result<Value, Problem> {
        if !self.is_known(id) {
            return Err(Problem::not_found("trigger"));
        }
        page.list(self.store(), &format!("{id}/"), true, |firing: Firing| {
            Ok(status
                .is_none_or(|status| firing.status == status)
                .then(|| FiringView::from(firing)))
        })
    }

    /// One firing, with what the trigger saw where no run has it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn firing(&self, id: TriggerId, firing: FiringId) -> Result<FiringView, Problem> {
        let row: Option<Firing> = self.store().get(&Firing::key_of(id, firing))?;
        let mut row = row.ok_or_else(|| Problem::not_found("firing"))?;
        let payload = row.payload.take();
        let mut view = FiringView::from(row);
        view.payload = payload;
        Ok(view)
    }

    /// The next times of a schedule strictly after a moment, as people read them.
    ///
    /// # Errors
    /// When there is no such trigger, or it is no schedule.
    pub fn upcoming(
        &self,
        id: TriggerId,
        from: Option<Timestamp>,
        count: usize,
    ) -> Result<Vec<Preview>, Problem> {
        let armed = self
            .armed(id)
            .ok_or_else(|| Problem::not_found("trigger"))?;
        let Kind::Schedule { timetable, .. } = &armed.kind else {
            return Err(Problem::unprocessable(
                "no_schedule",
                "Only a schedule has next times.",
                "A webhook or an event comes when it comes.",
            ));
        };
        let from = from.unwrap_or_else(|| armed.last().max(self.now()));
        Ok(timetable.preview(from, count))
    }

    pub(super) fn view(&self, armed: &Armed, with_address: bool) -> Result<TriggerView, Problem> {
        let last: Vec<Firing> = self.store().scan(&Scan {
            prefix: format!("{}/", armed.row.id),
            descending: true,
            limit: 1,
            ..Scan::default()
        })?;
        let last = last.into_iter().next();
        let now = self.now();
        let upcoming = match &armed.kind {
            Kind::Schedule { timetable, .. } if armed.is_active() => {
                timetable.preview(armed.last().max(now), NEXT)
            }
            _ => Vec::new(),
        };
        let token = armed.row.token.as_deref().filter(|_| with_address);
        let mut findings = super::late::findings(armed, last.as_ref(), now);
        findings.extend(self.hook_findings(armed));
        let lookout = self.lookout_view(armed)?;
        if let Some(lookout) = &lookout {
            findings.extend(super::lookout::findings(lookout, now));
        }
        Ok(TriggerView {
            id: armed.row.id,
            name: armed.row.name.clone(),
            automation_id: armed.row.automation,
            automation: self.name_of(armed.row.automation)?,
            kind: armed.kind_name(),
            address: token.map(druse_triggers::address::path),
            status: armed.row.status,
            reason: armed.row.reason.clone(),
            next: upcoming.iter().map(|next| next.at).collect(),
            upcoming,
            delay: match &armed.kind {
                Kind::Schedule { delay, .. } if *delay > Span::default() => Some(*delay),
                _ => None,
            },
            open: matches!(&armed.kind, Kind::Webhook { verifier, .. } if verifier.is_open()),
            waiting: match &armed.windows {
                Some(_) => self.waiting_windows(armed.row.id)?,
                None => Vec::new(),
            },
            lookout,
            findings,
            last_firing: last.map(FiringView::from),
            firings: None,
            definition: armed.row.definition.clone(),
        })
    }

    fn name_of(&self, automation: AutomationId) -> Result<Option<String>, ReadError> {
        let row: Option<Automation> = self.store().get(&automation.to_string())?;
        Ok(row.map(|row| row.name))
    }

    fn broken_view(&self, broken: Broken) -> Result<TriggerView, ReadError> {
        let row = broken.row;
        Ok(TriggerView {
            id: row.id,
            name: row.name,
            automation_id: row.automation,
            automation: self.name_of(row.automation)?,
            kind: Definition::KINDS
                .into_iter()
                .find(|kind| row.definition.get(*kind).is_some())
                .unwrap_or_default(),
            address: None,
            status: row.status,
            reason: row.reason,
            next: Vec::new(),
            upcoming: Vec::new(),
            delay: None,
            open: false,
            waiting: Vec::new(),
            lookout: None,
            findings: broken.findings,
            last_firing: None,
            firings: None,
            definition: row.definition,
        })
    }

    /// What is to be said about how a webhook's senders prove themselves.
    fn hook_findings(&self, armed: &Armed) -> Vec<Finding> {
        let Kind::Webhook { verifier, .. } = &armed.kind else {
            return Vec::new();
        };
        if verifier.is_open() {
            let message = "everybody who knows the address can start this automation";
            return vec![
                Finding::warning("open_webhook", message)
                    .help("Use `bearer` or the scheme of the sender."),
            ];
        }
        let mut findings = Vec::new();
        for name in verifier.secret_names() {
            let found = self.0.secrets.get(name);
            let wrong = match &found {
                None => Some("is not in the store"),
                Some(secret) => verifier.check_secret(secret.expose().as_bytes()).err(),
            };
            if let Some(wrong) = wrong {
                let message = format!("the secret `{name}` cannot verify anything: {wrong}");
                findings.push(
                    Finding::error("missing_secret", message)
                        .help(format!("Set it with `druse secrets set {name}`.")),
                );
            }
        }
        findings
    }
}
