//! Activation: what blocks it, what a person acknowledged, and the triggers that come to life.

use super::automation::{Change, document_of, tag};
use super::pins::Listed;
use super::{App, Principal, Problem, Role, audit::Audited};
use crate::runtime::clock;
use crate::trigger::Triggers;
use druse_engine::definition;
use druse_engine::{AutomationId, Finding, Timestamp};
use druse_storage::{Automation, AutomationStatus, Batch, StoreExt as _, Trigger, Version};
use serde_json::{Value, json};

impl App {
    /// All triggers that an automation has or had.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn triggers_of(&self, automation: AutomationId) -> Result<Vec<Trigger>, Problem> {
        Ok(self.triggers()?.rows_of(automation)?)
    }

    /// Makes a version the one that triggers start, and holds it to the tools that were `listed`; not stored yet.
    /// Hold [`super::app::Parts::edits`] and [`crate::trigger::Triggers::hold`] from reading the row to the commit.
    ///
    /// # Errors
    /// 422 with the findings that block it.
    pub fn activated(
        &self,
        who: &Principal,
        mut row: Automation,
        version: Option<u32>,
        acknowledge: &[String],
        listed: &Listed,
    ) -> Result<Change, Problem> {
        let number = version.unwrap_or(row.latest_version);
        let version = self.version(row.id, number)?;
        let catalog = self.catalog()?;
        let document = document_of(&version)?;
        let mut asked = self.asked(&row, &version, &catalog)?;
        asked.extend(self.pinned(row.id, &document)?);
        let given = self.given(&asked, &version, acknowledge, &catalog)?;
        let blocking = asked.blocking(&given);
        if !blocking.is_empty() {
            let open = blocking
                .iter()
                .filter(|finding| finding.acknowledge)
                .count();
            let message = format!(
                "Version {number} cannot be activated: {} to be put right, {open} to be acknowledged.",
                blocking.len() - open
            );
            return Err(Problem::unprocessable(
                "activation_blocked",
                message,
                "Put right what is an error; acknowledge the others by their ids in `acknowledge`.",
            )
            .findings(blocking));
        }
        let pins = self.pins(&row, number, &document, listed)?;
        asked.take(who, &version, &mut row);
        let now = clock::now();
        row.status = AutomationStatus::Active;
        row.active_version = Some(number);
        row.updated_at = now;
        let since = self.triggers().map_or(now, Triggers::now);
        let rows = crate::trigger::rows(
            &*self.store,
            row.id,
            self.triggers_of(row.id)?,
            Some(&document),
            since,
        )?;
        let mut batch = rows.put(&row);
        if let Some(pins) = pins {
            batch = batch.put(&pins);
        }
        batch = batch.audited(
            who,
            "automation.activate",
            &row.id,
            json!({ "version": number, "digest": version.digest, "acknowledged": acknowledge }),
        );
        let data = json!({
            "automation_id": row.id, "automation": row.name, "version": number,
            "digest": version.digest, "by": who.name,
        });
        batch
            .facts
            .extend(told("version.activated", &row, now, data).facts);
        Ok(Change {
            batch,
            answer: json!(self.automation_view(&row, &catalog)?),
            automation: row.id,
            tag: tag(&row),
        })
    }

    /// What is wrong with the versions that triggers pin.
    fn pinned(
        &self,
        automation: AutomationId,
        document: &definition::Document,
    ) -> Result<Vec<Finding>, Problem> {
        let mut findings = Vec::new();
        for (index, trigger) in document.triggers.iter().enumerate() {
            let Some(number) = trigger.version else {
                continue;
            };
            let key = Version::key_of(automation, number);
            if self.store.get::<Version>(&key)?.is_none() {
                let message = format!("the automation has no version {number}");
                findings.push(
                    Finding::error("unknown_version", message)
                        .at_path(format!("/triggers/{index}/version"))
                        .help("Name one that exists, or leave it out for the active one."),
                );
            }
        }
        Ok(findings)
    }

    /// Looks whether somebody may start a version by its number, also one that was never activated. What
    /// is an error stops everybody; what is to be acknowledged stops those who may not activate either, and
    /// the others know what they do.
    ///
    /// # Errors
    /// 404 for an unknown one, 422 with the findings that stop it.
    pub fn may_start(
        &self,
        who: &Principal,
        automation: AutomationId,
        number: u32,
    ) -> Result<(), Problem> {
        let row = self.automation(&automation.to_string())?;
        if row.active_version == Some(number) {
            return Ok(());
        }
        let version = self.version(row.id, number)?;
        let mut stopping = self.asked(&row, &version, &self.catalog()?)?.blocking(&[]);
        stopping.retain(|finding| !finding.acknowledge || who.role < Role::Editor);
        if stopping.is_empty() {
            return Ok(());
        }
        Err(Problem::unprocessable(
            "not_runnable",
            format!("Version {number} cannot run as it is."),
            "The findings say what has to change, or what an editor has to acknowledge by activating it.",
        )
        .findings(stopping))
    }

    /// Takes an automation out of service, not stored yet; its runs go on to their end.
    ///
    /// # Errors
    /// 409 when it is not active.
    pub fn deactivated(&self, who: &Principal, mut row: Automation) -> Result<Change, Problem> {
        if row.status != AutomationStatus::Active {
            return Err(Problem::conflict(
                "not_active",
                "The automation is not active.",
                "Nothing needs to be done.",
            ));
        }
        row.status = AutomationStatus::Inactive;
        row.active_version = None;
        row.updated_at = clock::now();
        let present = self.triggers_of(row.id)?;
        let rows = crate::trigger::rows(&*self.store, row.id, present, None, row.updated_at)?;
        let batch = rows.put(&row);
        let mut batch = batch.audited(who, "automation.deactivate", &row.id, json!({}));
        let data = json!({ "automation_id": row.id, "automation": row.name, "by": who.name });
        let told = told("automation.deactivated", &row, row.updated_at, data);
        batch.facts.extend(told.facts);
        Ok(Change {
            batch,
            answer: json!(self.automation_view(&row, &self.catalog()?)?),
            automation: row.id,
            tag: tag(&row),
        })
    }
}

/// The row that tells an event of an automation; its name is the subject.
fn told(event_type: &str, row: &Automation, at: Timestamp, data: Value) -> Batch {
    let source = format!("/automations/{}", row.id);
    crate::trigger::announcement(event_type, &source, &row.name, at, data)
}

/// A version as text for people: the YAML as written, else written anew.
pub fn yaml_of(version: &Version) -> Result<String, Problem> {
    match &version.source_text {
        Some(text) => Ok(text.clone()),
        None => Ok(definition::to_yaml(&document_of(version)?)),
    }
}
