//! Activation: what blocks it, what a person acknowledged, and the triggers that come to life.

use super::acknowledged::{Asked, Given};
use super::automation::{Change, document_of, tag};
use super::children::children;
use super::offered::{self, TOOL_RENEWED};
use super::pins::Listed;
use super::{App, Principal, Problem, Role, RunError, audit::Audited};
use crate::runtime::clock;
use crate::trigger::Triggers;
use druse_engine::capability::{Grant, needs};
use druse_engine::definition;
use druse_engine::expression::nearest;
use druse_engine::{AutomationId, Finding, Timestamp};
use druse_storage::{
    Automation, AutomationStatus, Batch, ReadError, Secret, StoreExt as _, Trigger, Version,
};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
    /// `acknowledge` are the findings that a person takes; none where nobody is asked: then what the servers say of the
    /// tools is told, and blocks nothing.
    ///
    /// # Errors
    /// 422 with the findings that block it, or with the ids that no finding has.
    pub fn activated(
        &self,
        who: &Principal,
        mut row: Automation,
        version: Option<u32>,
        acknowledge: Option<&[String]>,
        listed: &Listed,
    ) -> Result<Change, Problem> {
        let number = version.unwrap_or(row.latest_version);
        let version = self.version(row.id, number)?;
        let catalog = self.catalog()?;
        let document = document_of(&version)?;
        let mut asked = self.asked(&row, &version, &catalog)?;
        asked.extend(self.pinned(&version, &row.name, &document)?);
        asked.extend(self.started(&document)?);
        asked.extend(self.secrets_of_connections(&document)?);
        let before = self.seen_before(&row, number)?;
        let mut of_tools = offered::findings(&document, &version.document, listed, &before);
        if acknowledge.is_none() {
            of_tools
                .iter_mut()
                .for_each(|finding| finding.acknowledge = false);
        }
        let told = of_tools.clone();
        self.ask_of_tools(&mut asked, &row, &version, of_tools)?;
        let acknowledge = acknowledge.unwrap_or_default();
        let given = self.given(&asked, &row, &version, acknowledge, &catalog)?;
        let blocking = asked.blocking(&given.findings);
        if !given.unknown.is_empty() {
            return Err(unknown_ids(number, acknowledge, &given, &asked, blocking));
        }
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
        let renewed = told.iter().filter(|one| one.code == TOOL_RENEWED);
        let renewed: Vec<&str> = renewed.map(|one| one.message.as_str()).collect();
        let mut batch = rows.put(&row);
        if let Some(pins) = pins {
            batch = batch.put(&pins);
        }
        batch = batch.audited(
            who,
            "automation.activate",
            &row.id,
            json!({
                "version": number, "digest": version.digest, "acknowledged": given.used, "tools": renewed,
            }),
        );
        let data = json!({
            "automation_id": row.id, "automation": row.name, "version": number,
            "digest": version.digest, "by": who.name,
        });
        let event = announced("version.activated", &row, now, data);
        batch.facts.extend(event.facts);
        let mut answer = json!(self.automation_view(&row, &catalog)?);
        if let Some(findings) = answer["findings"].as_array_mut() {
            findings.extend(told.iter().map(|finding| json!(finding)));
        }
        Ok(Change {
            batch,
            answer,
            automation: row.id,
            tag: tag(&row),
        })
    }

    /// Looks whether a version may be started by a trigger or by another automation, where nobody is there who knows
    /// what they do: there is no error in it, and everything that asks for it was acknowledged.
    ///
    /// # Errors
    /// When it may not, with the findings that stop it; or when that cannot be read now.
    pub(super) fn may_run_alone(
        &self,
        automation: AutomationId,
        number: u32,
    ) -> Result<(), RunError> {
        let row: Option<Automation> = self.store.get(&automation.to_string())?;
        let row = row.ok_or(RunError::NotFound("automation"))?;
        if row.active_version == Some(number) {
            return Ok(());
        }
        let key = Version::key_of(automation, number);
        let version = self.store.get::<Version>(&key)?;
        let version = version.ok_or(RunError::NotFound("version"))?;
        let stopping = self.stopping(&row, &version);
        let stopping = stopping.inspect_err(|error| {
            tracing::error!(%error, "a version cannot be judged");
        })?;
        match stopping.is_empty() {
            true => Ok(()),
            false => Err(RunError::NotRunnable(stopping)),
        }
    }

    /// What stops a version that is not the active one: errors, and what nobody has acknowledged.
    fn stopping(&self, row: &Automation, version: &Version) -> Result<Vec<Finding>, ReadError> {
        Ok(self.asked(row, version, &self.catalog()?)?.blocking(&[]))
    }

    /// The secrets that the connections of a document name and that are not set.
    fn secrets_of_connections(
        &self,
        document: &definition::Document,
    ) -> Result<Vec<Finding>, Problem> {
        let mut findings = Vec::new();
        let mut seen = BTreeSet::new();
        for need in needs(document).into_iter().filter(|need| !need.computed) {
            let Grant::Connection(name) = &need.grant else {
                continue;
            };
            let Ok(open) = self.connections.get(name) else {
                continue;
            };
            for secret in open.connection().secrets() {
                let is_set = self.store.get::<Secret>(&secret)?.is_some();
                if is_set || !seen.insert((name.clone(), secret.clone())) {
                    continue;
                }
                let message = format!(
                    "the connection `{name}` needs the secret `{secret}`, which is not set"
                );
                let mut finding = Finding::error("missing_secret", message)
                    .help(format!("set it with `druse secrets set {secret}`"))
                    .at_path(need.path.clone());
                finding.step = need.step.clone();
                findings.push(finding);
            }
        }
        Ok(findings)
    }

    /// What is wrong with the versions that steps start by number.
    fn started(&self, document: &definition::Document) -> Result<Vec<Finding>, Problem> {
        let mut findings = Vec::new();
        for (path, with) in children(document) {
            let text = |key: &str| with.get(key).and_then(Value::as_str);
            let Some(number) = with.get("version").and_then(Value::as_u64) else {
                continue;
            };
            let named = text("id").or(text("name"));
            let row = match named.map(|named| self.automation(named)) {
                None => continue,
                // One that may come later.
                Some(Err(unknown)) if unknown.status == StatusCode::NOT_FOUND => continue,
                Some(found) => found?,
            };
            let number = u32::try_from(number).unwrap_or(0);
            let path = format!("{path}/with/version");
            findings.extend(self.pinned_to(row.id, &row.name, number, path, false)?);
        }
        Ok(findings)
    }

    /// What is wrong with a version of an automation that is started by its number. The one that a step starts may
    /// come later than the step.
    fn pinned_to(
        &self,
        automation: AutomationId,
        name: &str,
        number: u32,
        path: String,
        must_exist: bool,
    ) -> Result<Option<Finding>, Problem> {
        Ok(match self.may_run_alone(automation, number) {
            Ok(()) => None,
            Err(RunError::NotFound(_)) if !must_exist => None,
            Err(RunError::NotFound(_)) => Some(
                Finding::error(
                    "unknown_version",
                    format!("the automation has no version {number}"),
                )
                .at_path(path)
                .help("Name one that exists, or leave it out for the active one."),
            ),
            Err(RunError::NotRunnable(stopping)) => {
                let first = stopping.first().map_or("", |one| one.message.as_str());
                let message = format!(
                    "version {number} of {name:?} may not run without a person who starts it: {first}"
                );
                Some(
                    Finding::error("version_not_runnable", message)
                        .at_path(path)
                        .help("Activate that version once, which acknowledges what it asks for, or leave the number out for the active one."),
                )
            }
            Err(other) => return Err(other.into()),
        })
    }

    /// What is wrong with the versions that triggers pin.
    fn pinned(
        &self,
        own: &Version,
        name: &str,
        document: &definition::Document,
    ) -> Result<Vec<Finding>, Problem> {
        let mut findings = Vec::new();
        for (index, trigger) in document.triggers.iter().enumerate() {
            let Some(number) = trigger.version else {
                continue;
            };
            // What it is about to be acknowledged for counts for itself, too.
            if number == own.number {
                continue;
            }
            let path = format!("/triggers/{index}/version");
            findings.extend(self.pinned_to(own.automation, name, number, path, true)?);
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
        let mut stopping = self.stopping(&row, &version)?;
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
        let event = announced("automation.deactivated", &row, row.updated_at, data);
        batch.facts.extend(event.facts);
        Ok(Change {
            batch,
            answer: json!(self.automation_view(&row, &self.catalog()?)?),
            automation: row.id,
            tag: tag(&row),
        })
    }
}

/// The refusal of ids that no finding has, each with the one that is nearest, and with what is open beside them.
fn unknown_ids(
    number: u32,
    ids: &[String],
    given: &Given,
    asked: &Asked,
    blocking: Vec<Finding>,
) -> Problem {
    let open: Vec<&Finding> = asked
        .findings
        .iter()
        .filter(|one| one.acknowledge)
        .collect();
    let mut findings = Vec::new();
    for at in &given.unknown {
        let id = ids.get(*at).map_or("", String::as_str);
        let names = || open.iter().map(|one| one.id.as_str());
        // Of a long id the beginning may be all that is right.
        let near = nearest(id, names()).or_else(|| {
            let like = |name: &&str| id.starts_with(*name) || name.starts_with(id);
            names().filter(like).max_by_key(|name| name.len())
        });
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if open.is_empty() => "nothing in it is to be acknowledged".to_owned(),
            None => "leave it out".to_owned(),
        };
        let message = format!("version {number} has no finding `{id}`");
        let path = format!("/acknowledge/{at}");
        findings.push(
            Finding::error("unknown_finding", message)
                .at_path(path)
                .help(help),
        );
    }
    findings.extend(blocking);
    Problem::unprocessable(
        "unknown_finding",
        "What is to be acknowledged is not there; nothing was activated.",
        "Acknowledge findings by the ids that they have.",
    )
    .findings(findings)
}

/// The row that tells an event of an automation; its name is the subject.
fn announced(event_type: &str, row: &Automation, at: Timestamp, data: Value) -> Batch {
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
