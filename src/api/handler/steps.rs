//! Single steps of an automation: each change makes a new version.

use super::super::{call::Call, route::Answer};
use super::automations::done;
use crate::service::Problem;
use crate::service::automation::{document_of, tag};
use crate::service::document::Written;
use crate::service::kept_text::KeptText;
use crate::service::steps;
use druse_engine::Finding;
use druse_engine::capability::widen;
use druse_storage::Automation;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A step to be added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewStep {
    /// The step, as in a document.
    pub(in crate::api) step: Value,
    /// Puts it behind this step.
    #[serde(default)]
    pub(in crate::api) after: Option<String>,
}

pub(in crate::api) async fn add(call: Call) -> Answer {
    let new: NewStep = call.json()?;
    edit(&call, "automation.step.add", |document| {
        steps::add(document, new.step, new.after.as_deref()).map(|()| Vec::new())
    })
    .await
}

pub(in crate::api) async fn change(call: Call) -> Answer {
    let patch: Map<String, Value> = call.json()?;
    let id = call.param("step_id").to_owned();
    edit(&call, "automation.step.change", |document| {
        steps::change(document, &id, patch).map(|()| Vec::new())
    })
    .await
}

pub(in crate::api) async fn remove(call: Call) -> Answer {
    let id = call.param("step_id").to_owned();
    edit(&call, "automation.step.remove", |document| {
        let said = steps::remove(document, &id)?;
        Ok(said
            .into_iter()
            .map(|(step, sentence)| {
                Finding::info("rewired", sentence)
                    .at_step(step)
                    .help("Change `needs` of the step if something else was meant.")
            })
            .collect())
    })
    .await
}

async fn edit(
    call: &Call,
    action: &str,
    edit: impl FnOnce(&mut Value) -> Result<Vec<Finding>, Problem>,
) -> Answer {
    let _edits = call.app.edits.lock().await;
    let row: Automation = call.app.automation(call.param("id"))?;
    call.if_match(Some(&tag(&row)))?;
    let version = call.app.version(row.id, row.latest_version)?;
    let before = document_of(&version)?;
    let mut document = version.document;
    let mut said = edit(&mut document)?;
    let mut document = call.app.changed_document(document)?;
    said.extend(widen(&before, &mut document));
    let kept = KeptText::of(version.source_text.as_deref(), &before, &document);
    said.extend(kept.told());
    let text = kept.text;
    let written = Written { document, text };
    let mut change = call.app.new_version(&call.who, row, written, action)?;
    if let Some(findings) = change.answer["findings"].as_array_mut() {
        findings.extend(said.iter().map(|finding| json!(finding)));
    }
    done(call, change, StatusCode::OK).await
}
