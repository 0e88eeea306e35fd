//! Automations: made, listed, read, replaced and removed.

use super::acknowledged;
use super::document::Written;
use super::review::ReviewView;
use super::{App, Principal, Problem, audit::Audited, page::Page};
use crate::runtime::clock;
use druse_engine::capability::Capabilities;
use druse_engine::carried::{self, StepPlaces};
use druse_engine::check::Catalog;
use druse_engine::definition::{Document, digest, of_surroundings};
use druse_engine::{AutomationId, Digest, Finding, Severity, Timestamp};
use druse_storage::{
    Acknowledgement, Automation, AutomationName, AutomationStatus, Batch, HookAddress, ReadError,
    Source, SourceType, StoreExt, Trigger, Version,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A change that waits to be made durable, and the answer that it gives then.
#[derive(Debug)]
pub struct Change {
    /// What is written.
    pub batch: Batch,
    /// What is answered.
    pub answer: Value,
    /// The automation that it is about.
    pub automation: AutomationId,
    /// The automation's entity tag after it.
    pub tag: String,
}

/// An automation as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AutomationView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: AutomationId,
    /// Its unique name.
    pub name: String,
    /// MANUAL or CRYSTALLIZED.
    #[schemars(with = "String")]
    pub source_type: SourceType,
    /// The recording it came from.
    #[schemars(with = "Option<Value>")]
    pub source: Option<Source>,
    /// draft, active or inactive.
    #[schemars(with = "String")]
    pub status: AutomationStatus,
    /// The newest version.
    pub latest_version: u32,
    /// The version that triggers start.
    pub active_version: Option<u32>,
    /// The digest of the newest version.
    pub digest: Digest,
    /// The newest version's document.
    pub document: Value,
    /// All that a run of it may touch: the list of its document, or else what is written in its steps.
    pub capabilities: Capabilities,
    /// What there is to say about it here and now.
    pub findings: Vec<Finding>,
    /// Findings that were acknowledged, by id. One that is about something else by now is among `findings` with `@` and
    /// the number of the version behind its id, and has to be acknowledged anew.
    pub acknowledged: Vec<String>,
    /// Who acknowledged them, in which version and when; nothing says so of those that were acknowledged by a server of
    /// before.
    pub acknowledgements: Vec<AcknowledgementView>,
    /// Why it needs review, because an answer was not as its steps rely on; null: it does not.
    pub needs_review: Option<ReviewView>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// That somebody acknowledged a finding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AcknowledgementView {
    /// The id of the finding.
    pub finding: String,
    /// The number of the version in which it was acknowledged.
    pub version: u32,
    /// Who did it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl AcknowledgementView {
    fn of(row: &Acknowledgement) -> Self {
        Self {
            finding: row.finding.clone(),
            version: row.version,
            by: row.by.clone(),
            at: row.at,
        }
    }
}

/// What a new automation is made of, beside its document.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who made it: a person or the crystallizer.
    pub source_type: SourceType,
    /// The recording.
    pub source: Option<Source>,
    /// The crystallizer's report.
    pub report: Option<Value>,
}

impl Origin {
    /// Written by a person.
    pub const MANUAL: Self = Self {
        source_type: SourceType::Manual,
        source: None,
        report: None,
    };
}

/// The entity tag of an automation.
pub fn tag(row: &Automation) -> String {
    format!("\"{}-{}\"", row.latest_version, row.updated_at.0)
}

fn name_taken(name: &str) -> Problem {
    Problem::conflict(
        "name_taken",
        format!("There is already an automation with the name {name}."),
        "Take another name, or replace that automation.",
    )
}

impl App {
    /// The automation of an id or a name.
    ///
    /// # Errors
    /// 404 for an unknown one.
    pub fn automation(&self, id_or_name: &str) -> Result<Automation, Problem> {
        let id = match id_or_name.parse::<AutomationId>() {
            Ok(id) => Some(id),
            Err(_) => self
                .store
                .get::<AutomationName>(id_or_name)?
                .map(|row| row.automation),
        };
        match id {
            Some(id) => self.store.get::<Automation>(&id.to_string())?,
            None => None,
        }
        .ok_or_else(|| Problem::not_found("automation"))
    }

    /// A version of an automation.
    ///
    /// # Errors
    /// 404 for an unknown one.
    pub fn version(&self, automation: AutomationId, number: u32) -> Result<Version, Problem> {
        self.store
            .get::<Version>(&Version::key_of(automation, number))?
            .ok_or_else(|| Problem::not_found("version"))
    }

    /// What is to be said about a version: the check of its document, and what the crystallizer found
    /// about the steps that are still in it.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn findings(
        &self,
        version: &Version,
        catalog: &Catalog,
    ) -> Result<Vec<Finding>, ReadError> {
        if let Some(known) = self.checked.known(version, catalog) {
            return Ok(known.to_vec());
        }
        let findings = self.found(version, catalog)?;
        self.checked.keep(version, catalog, &findings);
        Ok(findings)
    }

    fn found(&self, version: &Version, catalog: &Catalog) -> Result<Vec<Finding>, ReadError> {
        let document = document_of(version)?;
        let mut findings = self.check_with(&document, catalog);
        let Some(source) = self.reported(version)? else {
            return Ok(findings);
        };
        let reported: Vec<Finding> = source
            .report
            .as_ref()
            .and_then(|report| serde_json::from_value(report["findings"].clone()).ok())
            .unwrap_or_default();
        let then = StepPlaces::of(&source.document);
        let now = StepPlaces::of(&version.document);
        let mut by_id: HashMap<String, usize> = HashMap::new();
        for (at, finding) in findings.iter().enumerate() {
            by_id.entry(finding.id.clone()).or_insert(at);
        }
        for finding in reported {
            // The check says these kinds anew, against what is there now.
            if of_surroundings(&finding.code) {
                continue;
            }
            let Some(finding) = still(finding, &then, &now) else {
                continue;
            };
            let finding = without_gate(finding, &then, &now);
            // The report says more of what the document carries from it.
            match by_id.get(&finding.id).and_then(|at| findings.get_mut(*at)) {
                Some(known) if known.acknowledge == finding.acknowledge => *known = finding,
                Some(_) => {}
                None => {
                    by_id.insert(finding.id.clone(), findings.len());
                    findings.push(finding);
                }
            }
        }
        Ok(findings)
    }

    /// The newest version, up to this one, that the crystallizer made and reported about.
    pub(super) fn reported(&self, version: &Version) -> Result<Option<Version>, ReadError> {
        if version.report.is_some() {
            return Ok(Some(version.clone()));
        }
        let crystallized = self
            .store
            .get::<Automation>(&version.automation.to_string())?
            .is_some_and(|row| row.source_type == SourceType::Crystallized);
        if !crystallized {
            return Ok(None);
        }
        for number in (1..version.number).rev() {
            if let Some(row) = self
                .store
                .get::<Version>(&Version::key_of(version.automation, number))?
                && row.report.is_some()
            {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// An automation as callers see it.
    ///
    /// # Errors
    /// When its version cannot be read.
    pub fn automation_view(
        &self,
        row: &Automation,
        catalog: &Catalog,
    ) -> Result<AutomationView, Problem> {
        let version = self.version(row.id, row.latest_version)?;
        self.view_of(row, &version, catalog)
    }

    fn view_of(
        &self,
        row: &Automation,
        version: &Version,
        catalog: &Catalog,
    ) -> Result<AutomationView, Problem> {
        Ok(AutomationView {
            id: row.id,
            name: row.name.clone(),
            source_type: row.source_type,
            source: row.source.clone(),
            status: row.status,
            latest_version: row.latest_version,
            active_version: row.active_version,
            digest: version.digest.clone(),
            capabilities: Capabilities::of(&document_of(version)?),
            findings: self.asked(row, version, catalog)?.findings,
            document: version.document.clone(),
            acknowledged: acknowledged::ids(row),
            acknowledgements: row
                .acknowledgements
                .iter()
                .map(AcknowledgementView::of)
                .collect(),
            needs_review: self.needs_review(row)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    /// Automations, youngest first; `piece` is looked for in their names, in whatever case.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn automations(
        &self,
        page: &Page,
        name: Option<&str>,
        piece: Option<&str>,
        status: Option<AutomationStatus>,
        source_type: Option<SourceType>,
        needs_review: Option<bool>,
    ) -> Result<Value, Problem> {
        let catalog = self.catalog()?;
        let piece = piece.map(str::to_lowercase);
        let words: Vec<&str> = piece
            .iter()
            .flat_map(|piece| piece.split_whitespace())
            .collect();
        let holds = |row: &Automation| {
            let name = row.name.to_lowercase();
            words.iter().all(|word| name.contains(word))
        };
        let fits = |row: &Automation| {
            name.is_none_or(|name| row.name == name)
                && holds(row)
                && status.is_none_or(|status| row.status == status)
                && source_type.is_none_or(|kind| row.source_type == kind)
        };
        page.list_views(&*self.store, fits, |row: Automation| {
            // Before it is viewed, which checks it.
            if let Some(wanted) = needs_review
                && self.needs_review(&row)?.is_some() != wanted
            {
                return Ok(None);
            }
            match self.automation_view(&row, &catalog) {
                // One version that cannot be read is no reason to show none of the others.
                Err(problem) if problem.code == "damaged" => Ok(None),
                view => view.map(Some),
            }
        })
    }

    /// A new automation, not stored yet. Hold [`super::app::Parts::edits`] from here to the commit.
    ///
    /// # Errors
    /// 409 when the name is taken.
    pub fn new_automation(
        &self,
        who: &Principal,
        written: Written,
        origin: Origin,
    ) -> Result<Change, Problem> {
        let now = clock::now();
        let name = written.document.name.clone();
        if self.store.get::<AutomationName>(&name)?.is_some() {
            return Err(name_taken(&name));
        }
        let row = Automation {
            id: clock::new_id(AutomationId::from_parts),
            name: name.clone(),
            source_type: origin.source_type,
            source: origin.source,
            status: AutomationStatus::Draft,
            latest_version: 1,
            active_version: None,
            acknowledged: Vec::new(),
            acknowledgements: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let mut version = version_row(&row, 1, written, who, now)?;
        version.report = origin.report;
        let answer = json!(self.view_of(&row, &version, &self.catalog()?)?);
        let batch = Batch::new()
            .claim(&row)
            .claim(&AutomationName {
                name,
                automation: row.id,
            })
            .claim(&version)
            .audited(
                who,
                "automation.create",
                &row.id,
                json!({ "automation": row.name, "name": row.name, "version": 1, "digest": version.digest }),
            );
        Ok(Change {
            batch,
            answer,
            automation: row.id,
            tag: tag(&row),
        })
    }

    /// A new version of an automation, not stored yet. The active version stays what it is.
    /// Hold [`super::app::Parts::edits`] from reading the row to the commit.
    ///
    /// # Errors
    /// 409 when the document has another name, and that is taken.
    pub fn new_version(
        &self,
        who: &Principal,
        row: Automation,
        written: Written,
        action: &str,
    ) -> Result<Change, Problem> {
        self.next_version(who, row, written, None, action)
    }

    /// A further version that the crystallizer made, with what it reports about it, not stored yet.
    ///
    /// # Errors
    /// As [`App::new_version`].
    pub fn crystallized_version(
        &self,
        who: &Principal,
        row: Automation,
        written: Written,
        report: Value,
    ) -> Result<Change, Problem> {
        self.next_version(who, row, written, Some(report), "automation.crystallize")
    }

    fn next_version(
        &self,
        who: &Principal,
        mut row: Automation,
        written: Written,
        report: Option<Value>,
        action: &str,
    ) -> Result<Change, Problem> {
        let now = clock::now();
        let mut batch = Batch::new();
        if written.document.name != row.name {
            if self
                .store
                .get::<AutomationName>(&written.document.name)?
                .is_some()
            {
                return Err(name_taken(&written.document.name));
            }
            batch = batch
                .remove::<AutomationName>(row.name.clone())
                .claim(&AutomationName {
                    name: written.document.name.clone(),
                    automation: row.id,
                });
            row.name = written.document.name.clone();
        }
        row.latest_version += 1;
        // A tag must differ even when two changes fall into one millisecond: the version is in it too.
        row.updated_at = now;
        let mut version = version_row(&row, row.latest_version, written, who, now)?;
        version.report = report;
        let answer = json!(self.view_of(&row, &version, &self.catalog()?)?);
        let batch = batch.put(&row).claim(&version).audited(
            who,
            action,
            &row.id,
            json!({ "automation": row.name, "version": version.number, "digest": version.digest }),
        );
        Ok(Change {
            batch,
            answer,
            automation: row.id,
            tag: tag(&row),
        })
    }

    /// Removes an automation with its versions and triggers; its runs stay as history.
    ///
    /// # Errors
    /// 409 while it is active.
    pub fn without_automation(&self, who: &Principal, row: &Automation) -> Result<Batch, Problem> {
        if row.status == AutomationStatus::Active {
            return Err(Problem::conflict(
                "still_active",
                "An active automation is not removed.",
                "Deactivate it first.",
            ));
        }
        let mut batch = self
            .without_reviews(row)?
            .remove::<Automation>(row.id.to_string())
            .remove::<AutomationName>(row.name.clone());
        // Its versions stay: the histories of its runs are read with them.
        for trigger in self.triggers_of(row.id)? {
            batch = batch.remove::<Trigger>(trigger.id.to_string());
            if let Some(digest) = trigger
                .token
                .as_deref()
                .and_then(druse_triggers::address::digest)
            {
                batch = batch.remove::<HookAddress>(digest.to_string());
            }
        }
        Ok(batch.audited(
            who,
            "automation.delete",
            &row.id,
            json!({ "automation": row.name, "name": row.name }),
        ))
    }
}

/// What the crystallizer found in one document, as it stands in a later one: with the step where it is
/// now; `None` when the step is gone, or when somebody put another value in the place of the one in question.
pub(super) fn still(
    mut finding: Finding,
    then: &StepPlaces<'_>,
    now: &StepPlaces<'_>,
) -> Option<Finding> {
    let Some(step) = finding.step.as_deref() else {
        return Some(finding);
    };
    let Some(path) = finding.path.as_deref() else {
        // It is about more than the step that it names, such as a program that several steps run.
        if now.place(step).is_none() {
            if !finding.acknowledge {
                return None;
            }
            finding.step = None;
        }
        return Some(finding);
    };
    let (before, after) = (then.place(step)?, now.place(step)?);
    let inner = path.strip_prefix(before)?;
    let value = |steps: &StepPlaces<'_>, place: &str| {
        let document = steps.document();
        document.pointer(&format!("{place}{inner}")).cloned()
    };
    if inner.starts_with("/with/") && value(then, before) != value(now, after) {
        return None;
    }
    // Nothing but another step's content can put right what is wrong with a whole step.
    let with = |steps: &StepPlaces<'_>, place: &str| {
        let document = steps.document();
        document.pointer(&format!("{place}/with")).cloned()
    };
    if finding.severity == Severity::Error && with(then, before) != with(now, after) {
        return None;
    }
    finding.path = Some(format!("{after}{inner}"));
    Some(finding)
}

/// What nobody had to acknowledge because a gate stood before the step has to be, once that gate is gone.
pub(super) fn without_gate(
    mut finding: Finding,
    then: &StepPlaces<'_>,
    now: &StepPlaces<'_>,
) -> Finding {
    let gone = finding
        .step
        .as_deref()
        .is_some_and(|step| then.has_gate(step) && !now.has_gate(step));
    if carried::gate_answers(&finding.code) && gone && !finding.acknowledge {
        finding.severity = Severity::Warning;
        finding = finding.must_acknowledge().help(carried::GATE_GONE);
    }
    finding
}

/// The document of a version.
///
/// # Errors
/// When the row is damaged.
pub fn document_of(version: &Version) -> Result<Document, ReadError> {
    serde_json::from_value(version.document.clone())
        .map_err(|error| ReadError::Damaged(error.to_string()))
}

fn version_row(
    row: &Automation,
    number: u32,
    written: Written,
    who: &Principal,
    now: Timestamp,
) -> Result<Version, Problem> {
    Ok(Version {
        automation: row.id,
        number,
        digest: digest(&written.document),
        document: serde_json::to_value(&written.document)
            .map_err(|error| Problem::internal(&error))?,
        source_text: written.text,
        report: None,
        created_at: now,
        created_by: who.name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_gate_stood_before_is_asked_about_once_the_gate_is_gone() {
        let steps = |needs: Value| {
            json!({ "steps": [
                { "id": "gate", "action": "approval_gate" }, { "id": "between", "needs": ["gate"] },
                { "id": "pay", "needs": needs, "with": { "to": "x" } },
            ] })
        };
        let finding = Finding::info("frozen_from_output", "x")
            .at_step("pay")
            .at_path("/steps/2/with/to");
        let then = steps(json!(["gate"]));
        let asked = |now: Value| {
            without_gate(
                finding.clone(),
                &StepPlaces::of(&then),
                &StepPlaces::of(&now),
            )
            .acknowledge
        };
        assert!(!asked(steps(json!(["gate"]))));
        assert!(!asked(steps(json!(["between"]))));
        assert!(asked(steps(json!([]))));
        assert!(asked(
            json!({ "steps": [{ "id": "pay", "with": { "to": "x" } }] })
        ));
        // Where no gate stood it was asked about from the beginning, or never.
        let open = steps(json!([]));
        let open = StepPlaces::of(&open);
        assert!(!without_gate(finding.clone(), &open, &open).acknowledge);
    }

    #[test]
    fn a_finding_goes_with_its_step_and_ends_with_its_value() {
        let still = |finding: Finding, then: &Value, now: &Value| {
            super::still(finding, &StepPlaces::of(then), &StepPlaces::of(now))
        };
        let then = json!({ "steps": [
            { "id": "a", "with": { "x": 1, "y": "z" } },
            { "id": "b", "with": { "x": 1 } },
        ] });
        let at = |step: &str, path: Option<&str>| {
            let finding = Finding::warning("frozen", "x is frozen").at_step(step);
            Finding {
                path: path.map(str::to_owned),
                ..finding
            }
        };
        let frozen = at("a", Some("/steps/0/with/x"));
        let path = |now: &Value| still(frozen.clone(), &then, now).map(|finding| finding.path);
        assert_eq!(path(&then), Some(frozen.path.clone()));
        let moved =
            json!({ "steps": [{ "id": "new" }, { "id": "a", "with": { "x": 1, "y": "other" } }] });
        assert_eq!(path(&moved), Some(Some("/steps/1/with/x".into())));
        let typed = json!({ "steps": [{ "id": "a", "with": { "x": "1" } }] });
        assert_eq!(path(&typed), None);
        assert_eq!(
            path(&json!({ "steps": [{ "id": "a", "action": "emit" }] })),
            None
        );
        assert_eq!(
            path(&json!({ "steps": [{ "id": "b", "with": { "x": 1 } }] })),
            None
        );

        // A step of a loop is found where it stands now, too.
        let looped = |inner: &str| json!({ "steps": [{ "id": "first" }, { "id": "loop", "steps": [{ "id": "a", "with": { "x": inner } }] }] });
        let inside = at("a", Some("/steps/1/steps/0/with/x")).must_acknowledge();
        let outside = json!({ "steps": [{ "id": "a", "with": { "x": "1" } }] });
        let found = still(inside.clone(), &looped("1"), &outside).map(|finding| finding.path);
        assert_eq!(found, Some(Some("/steps/0/with/x".into())));
        assert!(still(inside, &looped("1"), &looped("2")).is_none());

        // What is said about a whole step stays with the step, whatever else in it changes.
        let whole = at("a", Some("/steps/0"));
        assert!(still(whole, &then, &typed).is_some());
        let program = at("a", None).must_acknowledge();
        let gone = json!({ "steps": [{ "id": "b" }] });
        assert_eq!(
            still(program, &then, &gone).map(|finding| finding.step),
            Some(None)
        );
        assert_eq!(still(at("a", None), &then, &gone), None);
    }
}
