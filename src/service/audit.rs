//! The audit log: who changed what and why, kept in the same record as the change, and read back.

use super::{App, Principal, Problem, page::Page};
use crate::runtime::clock;
use druse_engine::pattern::Pattern;
use druse_engine::{ApprovalId, AutomationId, RequestId, RunId, Timestamp, TriggerId};
use druse_storage::{Approval, Audit, Automation, Batch, Scan, Store, StoreExt as _, Trigger};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Lines that are read from the store at once.
const CHUNK: usize = 500;

/// Adds a line about a change to the batch that makes it.
pub trait Audited {
    /// `action` is `<noun>.<verb>`, `subject` an id or a name.
    #[must_use]
    fn audited(self, who: &Principal, action: &str, subject: &dyn ToString, details: Value)
    -> Self;
}

impl Audited for Batch {
    fn audited(
        self,
        who: &Principal,
        action: &str,
        subject: &dyn ToString,
        details: Value,
    ) -> Self {
        let subject = subject.to_string();
        let about = About::named(&subject);
        self.put(&line(who, action, subject, details, about))
    }
}

fn line(who: &Principal, action: &str, subject: String, details: Value, about: About) -> Audit {
    Audit {
        at: clock::now(),
        nonce: clock::new_id(RequestId::from_parts).to_string(),
        actor: who.name.clone(),
        actor_id: who.id.clone(),
        action: action.into(),
        subject,
        automation: about.automation,
        run: about.run,
        details,
    }
}

/// What a line is about, beside its subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct About {
    automation: Option<AutomationId>,
    run: Option<RunId>,
}

impl About {
    /// What the subject itself says.
    fn named(subject: &str) -> Self {
        Self {
            automation: subject.parse().ok(),
            run: subject.parse().ok(),
        }
    }

    /// What is known of the subject: whose a run or a trigger is, of which run an approval.
    fn known(store: &dyn Store, subject: &str) -> Result<Self, Problem> {
        let mut about = Self::named(subject);
        if let Some(run) = about.run {
            let head = store.run_head(run)?;
            about.automation = head.and_then(|head| head.automation);
        } else if subject.parse::<ApprovalId>().is_ok() {
            if let Some(row) = store.get::<Approval>(subject)? {
                about.run = Some(row.run);
                about.automation = row.automation;
            }
        } else if subject.parse::<TriggerId>().is_ok() {
            let row = store.get::<Trigger>(subject)?;
            about.automation = row.map(|row| row.automation);
        }
        Ok(about)
    }
}

/// Which lines are wanted. All that is said must hold.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// About this automation, its runs, its gates and its triggers.
    pub automation: Option<AutomationId>,
    /// About this run and its gates, and the retry that made it.
    pub run: Option<RunId>,
    /// Of this person, `user:` before the name or not.
    pub by: Option<String>,
    /// With this action; `*` stands for any characters.
    pub action: Option<Pattern>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl AuditQuery {
    /// Whether a line is one of them; `about` is what it is about.
    fn takes(&self, line: &Audit, about: About) -> bool {
        let automation = self
            .automation
            .is_none_or(|wanted| about.automation == Some(wanted));
        let run = self.run.is_none_or(|wanted| {
            about.run == Some(wanted) || line.details["run"] == wanted.to_string()
        });
        let by = self.by.as_deref().is_none_or(|wanted| {
            line.actor == wanted || wanted.strip_prefix("user:") == Some(&line.actor)
        });
        let action = self
            .action
            .as_ref()
            .is_none_or(|wanted| wanted.matches(&line.action));
        automation && run && by && action
    }
}

/// A line of the audit log, as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditView {
    /// When.
    at: Timestamp,
    /// Who: the name of a token, `uid:<n>` for whoever opened the socket of the data folder.
    by: String,
    /// The id of who: of a token, `uid:<n>`. Of a few old lines it is not known.
    by_id: Option<String>,
    /// What: `run.cancel`, `automation.activate`, …
    action: String,
    /// On what: an id or a name.
    subject: String,
    /// The automation that it is about.
    #[schemars(with = "Option<String>")]
    automation_id: Option<AutomationId>,
    /// Its name by now; null where it is gone.
    automation_name: Option<String>,
    /// The run that it is about.
    #[schemars(with = "Option<String>")]
    run_id: Option<RunId>,
    /// Why, as the person said it.
    reason: Option<String>,
    /// What else was said; never a secret.
    details: Value,
}

impl App {
    /// A batch with one line about a change, with the run and the automation that it is about.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit(
        &self,
        who: &Principal,
        action: &str,
        subject: &dyn ToString,
        details: Value,
    ) -> Result<Batch, Problem> {
        let subject = subject.to_string();
        let about = About::known(&*self.store, &subject)?;
        Ok(Batch::new().put(&line(who, action, subject, details, about)))
    }

    /// A page of the audit log, youngest lines first. Reads the log from there on: not for an async task.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_lines(&self, query: &AuditQuery, page: &Page) -> Result<Value, Problem> {
        let store = &*self.store;
        // What comes before the first key of that time is older.
        let until = query.until.map(|until| format!("{:016}", until.0));
        let mut after = match (&page.after, until) {
            (Some(cursor), Some(until)) => Some(cursor.clone().min(until)),
            (cursor, until) => cursor.clone().or(until),
        };
        let mut names: BTreeMap<AutomationId, Option<String>> = BTreeMap::new();
        let mut items = Vec::new();
        'log: loop {
            let rows: Vec<Audit> = store.scan(&Scan {
                after: after.clone(),
                descending: true,
                limit: CHUNK,
                ..Scan::default()
            })?;
            let last = rows.len() < CHUNK;
            for row in rows {
                if query.since.is_some_and(|since| row.at < since) || items.len() > page.limit {
                    break 'log;
                }
                let key = druse_storage::Entity::key(&row);
                after = Some(key.clone());
                let mut about = About {
                    automation: row.automation,
                    run: row.run,
                };
                if about == About::default() {
                    about = About::known(store, &row.subject)?;
                }
                if query.takes(&row, about) {
                    items.push((key, view(store, row, about, &mut names)?));
                }
            }
            if last {
                break;
            }
        }
        Ok(page.answer(items))
    }
}

fn view(
    store: &dyn Store,
    row: Audit,
    about: About,
    names: &mut BTreeMap<AutomationId, Option<String>>,
) -> Result<AuditView, Problem> {
    let automation_name = match about.automation {
        Some(id) => match names.get(&id) {
            Some(name) => name.clone(),
            None => {
                let found: Option<Automation> = store.get(&id.to_string())?;
                let name = found.map(|row| row.name);
                names.insert(id, name.clone());
                name
            }
        },
        None => None,
    };
    let text = |name: &str| row.details[name].as_str().map(str::to_owned);
    Ok(AuditView {
        at: row.at,
        by_id: (!row.actor_id.is_empty()).then_some(row.actor_id),
        by: row.actor,
        action: row.action,
        subject: row.subject,
        automation_id: about.automation,
        automation_name,
        run_id: about.run,
        // People say why they decide in a comment.
        reason: text("reason").or_else(|| text("comment")),
        details: row.details,
    })
}
