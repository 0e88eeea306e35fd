//! Versions of an automation: list, read, compare, go back.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use super::automations::{done, overtaken};
use crate::service::Problem;
use crate::service::activation::yaml_of;
use crate::service::automation::{document_of, tag};
use crate::service::difference;
use crate::service::document::Written;
use crate::service::pins::Listed;
use druse_engine::capability::Capabilities;
use druse_storage::{Automation, AutomationStatus, Version};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

fn view(version: &Version) -> Value {
    // One that cannot be read as a document is shown all the same, without.
    let capabilities = document_of(version)
        .ok()
        .map(|document| Capabilities::of(&document));
    json!({
        "automation_id": version.automation,
        "version": version.number,
        "number": version.number,
        "digest": version.digest,
        "document": version.document,
        "capabilities": capabilities,
        "report": version.report,
        "created_at": version.created_at,
        "created_by": version.created_by,
    })
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let row = call.app.automation(call.param("id"))?;
    let answer = call.page()?.list(
        &*call.app.store,
        &format!("{}/", row.id),
        true,
        |version: Version| {
            let mut item = view(&version);
            if let Some(item) = item.as_object_mut() {
                item.remove("document");
                item.remove("capabilities");
                item.remove("report");
            }
            Ok(Some(item))
        },
    )?;
    ok(&answer)
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let row = call.app.automation(call.param("id"))?;
    let version = call.app.version(row.id, call.id("n", "version")?)?;
    let tag = format!("\"{}\"", version.digest);
    if call
        .header("accept")
        .is_some_and(|accept| accept.contains("yaml"))
    {
        return Ok(Reply::of(StatusCode::OK, "application/yaml", yaml_of(&version)?).tagged(&tag));
    }
    Ok(ok(&view(&version))?.tagged(&tag))
}

pub(in crate::api) async fn diff(call: Call) -> Answer {
    let row = call.app.automation(call.param("id"))?;
    let to = call
        .query
        .read("to", "the number of a version")?
        .unwrap_or(row.latest_version);
    let from = call
        .query
        .read("from", "the number of a version")?
        .unwrap_or_else(|| to.saturating_sub(1).max(1));
    let (before, after) = (
        call.app.version(row.id, from)?,
        call.app.version(row.id, to)?,
    );
    let names = (format!("version {from}"), format!("version {to}"));
    let found = difference::between(
        &document_of(&before)?,
        &document_of(&after)?,
        (&names.0, &names.1),
    );
    ok(&json!({
        "from": from, "to": to,
        "from_digest": before.digest, "to_digest": after.digest,
        "steps": found.steps,
        "changes": found.changes,
        "text": found.text,
        "diff": found.diff,
    }))
}

/// Where to go back to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Rollback {
    /// Left out: the one before the latest.
    #[serde(default)]
    pub(in crate::api) version: Option<u32>,
    /// The same, as other clients write it.
    #[serde(default)]
    pub(in crate::api) to: Option<u32>,
}

/// How often the servers are asked again because it came to be about another version meanwhile.
const ASKED_AGAIN: usize = 8;

/// History is not cut: the old document becomes the newest version, and the active one where the
/// automation is active.
pub(in crate::api) async fn rollback(call: Call) -> Answer {
    let wanted: Rollback = call.json()?;
    let mut row = call.app.automation(call.param("id"))?;
    for _ in 0..ASKED_AGAIN {
        // Before anything is held: a server may take its time.
        let listed = match row.status {
            AutomationStatus::Active => {
                let number = earlier(&wanted, &row)?;
                Some(call.app.tools_of(row.id, number).await?)
            }
            AutomationStatus::Draft | AutomationStatus::Inactive => None,
        };
        match rollback_held(&call, &wanted, listed.as_ref()).await? {
            Some(answer) => {
                call.app.triggers()?.begin_looking(row.id).await;
                return Ok(answer);
            }
            None => row = call.app.automation(call.param("id"))?,
        }
    }
    Err(overtaken())
}

/// The version to go back to.
fn earlier(wanted: &Rollback, row: &Automation) -> Result<u32, Problem> {
    match wanted.version.or(wanted.to) {
        Some(number) => Ok(number),
        None if row.latest_version > 1 => Ok(row.latest_version - 1),
        None => Err(Problem::conflict(
            "no_earlier_version",
            "There is only one version.",
            "Nothing needs to be done.",
        )),
    }
}

/// None where it is about another version than that whose servers were asked.
async fn rollback_held(
    call: &Call,
    wanted: &Rollback,
    listed: Option<&Listed>,
) -> Result<Option<Reply>, Problem> {
    let _edits = call.app.edits.lock().await;
    let _held = call.app.triggers()?.hold().await;
    let row = call.app.automation(call.param("id"))?;
    call.if_match(Some(&tag(&row)))?;
    let number = earlier(wanted, &row)?;
    let old = call.app.version(row.id, number)?;
    let written = Written {
        document: document_of(&old)?,
        text: old.source_text,
    };
    let active = row.status == AutomationStatus::Active;
    let listed = listed.filter(|listed| listed.version == number);
    if active {
        let Some(listed) = listed else {
            return Ok(None);
        };
        // What would block it is told before anything is stored.
        call.app
            .activated(&call.who, row.clone(), Some(number), None, listed)?;
    }
    let mut change =
        call.app
            .new_version(&call.who, row.clone(), written, "automation.rollback")?;
    let Some(listed) = listed.filter(|_| active) else {
        return Ok(Some(done(call, change, StatusCode::OK).await?));
    };
    // The new version has to be there before it can be activated; the edits are still locked.
    call.app.commit(std::mem::take(&mut change.batch)).await?;
    let row = call.app.automation(&row.id.to_string())?;
    let change = call.app.activated(&call.who, row, None, None, listed)?;
    Ok(Some(done(call, change, StatusCode::OK).await?))
}
