//! `druse automations`.

use super::{Done, document, print, rehearsal, review};
use crate::cli::{Automations, Output, Target};
use crate::client::{Client, EXIT_FAILED, Failure, encode};
use crate::command::print::talk;
use druse_engine::AutomationId;
use druse_engine::capability::Capabilities;
use http::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

pub(super) async fn automations(what: Automations, target: &Target) -> Done {
    let client = Client::connect(target).await?;
    let mut exit = ExitCode::SUCCESS;
    let answer = match &what {
        Automations::List {
            status,
            source,
            name,
            needs_review,
        } => {
            let filters = [
                ("status", status.clone()),
                ("source_type", source.as_deref().map(str::to_uppercase)),
                ("q", name.clone()),
                (
                    "needs_review",
                    needs_review.map(|wanted| wanted.to_string()),
                ),
            ];
            let filters: Vec<_> = filters
                .iter()
                .filter_map(|(key, given)| Some(format!("{key}={}", encode(given.as_deref()?))))
                .collect();
            let address = format!("/automations?{}", filters.join("&"));
            let items = client.list(&address, 10_000).await?;
            if target.output == Output::Text {
                review::waiting(&items);
                let fields = [
                    "name",
                    "status",
                    "source_type",
                    "active_version",
                    "latest_version",
                    "updated_at",
                ];
                print::table(
                    &["NAME", "STATUS", "SOURCE", "ACTIVE", "LATEST", "UPDATED"],
                    &print::rows(&items, &fields),
                );
            }
            json!(items)
        }
        Automations::Show { automation } => {
            let found = find(&client, automation).await?;
            if target.output == Output::Text {
                // The document alone is data, as it was written; all else is talk.
                talk!(
                    "{} ({}), {}, version {} active, {} latest",
                    print::cell(&found["name"]),
                    print::cell(&found["id"]),
                    print::cell(&found["status"]),
                    print::cell(&found["active_version"]),
                    print::cell(&found["latest_version"])
                );
                review::waiting(std::slice::from_ref(&found));
                let path = format!("/automations/{}", print::cell(&found["id"]));
                let yaml = client.text(&path, "application/yaml").await?;
                print::document(yaml.trim_end());
                touches(&found["capabilities"]);
                findings(&found["findings"], &found);
            }
            found
        }
        Automations::Activate {
            automation,
            version,
            acknowledge,
        } => {
            let id = id_of(&client, automation).await?;
            let body = json!({ "version": version, "acknowledge": acknowledge });
            let body: Value = body
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let done = client
                .post(&format!("/automations/{id}/activate"), &body)
                .await?;
            if target.output == Output::Text {
                print::line(&format!(
                    "{} is active with version {}.",
                    print::cell(&done["name"]),
                    print::cell(&done["active_version"])
                ));
                review::of_tools(&done);
                triggers(&client, &id).await?;
            }
            done
        }
        Automations::Deactivate { automation } => {
            let id = id_of(&client, automation).await?;
            let done = client
                .post(&format!("/automations/{id}/deactivate"), &json!({}))
                .await?;
            if target.output == Output::Text {
                print::line(&format!(
                    "{} is no longer active.",
                    print::cell(&done["name"])
                ));
            }
            done
        }
        Automations::Versions { automation } => {
            let found = find(&client, automation).await?;
            let id = print::cell(&found["id"]);
            let items = client
                .list(&format!("/automations/{id}/versions"), 10_000)
                .await?;
            if target.output == Output::Text {
                let fields = ["version", "state", "digest", "created_by", "created_at"];
                let mut rows = print::rows(&items, &fields);
                for (row, item) in rows.iter_mut().zip(&items) {
                    let active = item["version"] == found["active_version"];
                    row[1] = if active { "active" } else { "" }.to_owned();
                }
                print::table(&["VERSION", "STATE", "DIGEST", "BY", "CREATED"], &rows);
            }
            json!(items)
        }
        Automations::Rollback {
            automation,
            version,
        } => {
            let id = id_of(&client, automation).await?;
            let body = match version {
                Some(version) => json!({ "version": version }),
                None => json!({}),
            };
            let done = client
                .post(&format!("/automations/{id}/rollback"), &body)
                .await?;
            if target.output == Output::Text {
                let active = match done["active_version"] == done["latest_version"] {
                    true => " It is active.",
                    false => " It is not active.",
                };
                let latest = done["latest_version"].as_u64().unwrap_or_default();
                let old = version.map_or(latest.saturating_sub(2), u64::from);
                print::line(&format!(
                    "{}: version {latest} has the document of version {old}.{active}",
                    print::cell(&done["name"]),
                ));
                review::of_tools(&done);
            }
            done
        }
        Automations::Try {
            automation,
            version,
            runs,
        } => {
            let found = find(&client, automation).await?;
            let number = match version {
                Some(version) => json!(version),
                None => found["latest_version"].clone(),
            };
            let id = print::cell(&found["id"]);
            let tried = client
                .post(
                    &format!("/automations/{id}/versions/{number}/try"),
                    &json!({ "runs": runs }),
                )
                .await?;
            if target.output == Output::Text {
                rehearsal::show_tried(&tried);
            }
            if tried["counts"]["same"] != tried["counts"]["runs"] {
                exit = ExitCode::from(EXIT_FAILED);
            }
            tried
        }
        Automations::Reviewed { automation } => {
            let id = id_of(&client, automation).await?;
            let done = client
                .post(&format!("/automations/{id}/reviewed"), &json!({}))
                .await?;
            if target.output == Output::Text {
                print::line(&format!(
                    "{} needs no review now.",
                    print::cell(&done["name"])
                ));
            }
            done
        }
        Automations::Drift { automation } => {
            let id = id_of(&client, automation).await?;
            let found = client.get(&format!("/automations/{id}/drift")).await?;
            let items = found["items"].as_array().cloned().unwrap_or_default();
            if target.output == Output::Text {
                review::unread(&found);
            }
            json!(items)
        }
        Automations::Learn { automation, runs } => {
            let id = id_of(&client, automation).await?;
            let learned = client
                .get(&format!("/automations/{id}/learn?runs={runs}"))
                .await?;
            if target.output == Output::Text {
                review::learned(&learned);
            }
            learned
        }
        Automations::Rm { automation } => {
            let id = id_of(&client, automation).await?;
            let done = client
                .request(Method::DELETE, &format!("/automations/{id}"), None)
                .await?;
            if target.output == Output::Text {
                print::line(&format!(
                    "{automation} is removed; its runs stay in the history."
                ));
            }
            done
        }
    };
    if target.output == Output::Json {
        print::json(&answer);
    }
    client.close().await;
    Ok(exit)
}

/// Says what an automation may touch.
pub(super) fn touches(capabilities: &Value) {
    let capabilities: Capabilities =
        serde_json::from_value(capabilities.clone()).unwrap_or_default();
    let lines: Vec<String> = capabilities
        .said()
        .into_iter()
        .map(|(list, items)| format!("  {list}: {}", items.join(", ")))
        .collect();
    match lines.is_empty() {
        true => talk!("may touch nothing outside of itself"),
        false => talk!("may touch\n{}", lines.join("\n")),
    }
}

/// A document as YAML, or as JSON where it cannot be read as one.
pub(super) fn document_text(document: &Value) -> String {
    serde_json::from_value(document.clone())
        .map(|document| druse_engine::definition::to_yaml(&document))
        .unwrap_or_else(|_| document.to_string())
}

/// Prints findings of an automation as people read them: what is said about several steps is said once, and of what was
/// accepted by whom.
pub(super) fn findings(findings: &Value, automation: &Value) {
    let mut said: Vec<(Vec<&str>, &Value)> = Vec::new();
    for finding in findings.as_array().into_iter().flatten() {
        let step = finding["step"].as_str();
        let same = |known: &Value| {
            ["severity", "code", "message", "help", "acknowledge"]
                .iter()
                .all(|field| known[field] == finding[field])
        };
        match said.iter_mut().find(|(_, known)| same(known)) {
            Some((steps, _)) if finding["acknowledge"] != true => steps.extend(step),
            _ => said.push((step.into_iter().collect(), finding)),
        }
    }
    for (mut steps, finding) in said {
        let text = |name: &str| finding[name].as_str().unwrap_or_default();
        steps.dedup();
        let place = if steps.is_empty() {
            String::new()
        } else {
            format!(" {}", steps.join(", "))
        };
        talk!(
            "{}[{}]{place}: {}",
            text("severity"),
            text("code"),
            text("message")
        );
        if !text("help").is_empty() {
            talk!("  {}", text("help"));
        }
        if finding["acknowledge"] == true {
            talk!("  {}", accepted(text("id"), automation));
        }
    }
}

/// Who accepted a finding, or how it is accepted.
fn accepted(id: &str, automation: &Value) -> String {
    let all = automation["acknowledgements"].as_array();
    let mut all = all.into_iter().flatten().rev();
    if let Some(one) = all.find(|one| one["finding"] == id) {
        return format!(
            "Accepted by {}, version {}.",
            print::cell(&one["by"]),
            one["version"]
        );
    }
    let known = automation["acknowledged"].as_array();
    match known.is_some_and(|known| known.iter().any(|known| known == id)) {
        true => "Accepted.".to_owned(),
        false => format!("To accept it: --acknowledge {id}"),
    }
}

async fn triggers(client: &Client, id: &str) -> Result<(), Failure> {
    let answer = client.get(&format!("/automations/{id}/triggers")).await?;
    for trigger in answer["items"].as_array().into_iter().flatten() {
        let more = match (trigger["address"].as_str(), trigger["next"][0].as_str()) {
            (Some(address), _) => format!("POST {address}"),
            (None, Some(next)) => format!("next at {next}"),
            (None, None) => String::new(),
        };
        print::line(&format!(
            "  {} ({}) {more}",
            print::cell(&trigger["name"]),
            print::cell(&trigger["kind"])
        ));
    }
    Ok(())
}

/// The automation with this id, name or file.
///
/// # Errors
/// When there is none.
pub(super) async fn find(client: &Client, automation: &str) -> Result<Value, Failure> {
    client
        .get(&format!(
            "/automations/{}",
            encode(&id_of(client, automation).await?)
        ))
        .await
}

/// The id of the automation with this id, this name, or the name that a document in this file has.
///
/// # Errors
/// When there is none, or the file holds no document.
pub(super) async fn id_of(client: &Client, automation: &str) -> Result<String, Failure> {
    if automation.parse::<AutomationId>().is_ok() {
        return Ok(automation.to_owned());
    }
    let named;
    let automation = if document::is_path(automation) {
        named = document::load(Path::new(automation))?.document.name;
        &named
    } else {
        automation
    };
    let answer = client
        .get(&format!("/automations?name={}", encode(automation)))
        .await?;
    let known = answer["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|item| item["name"] == automation);
    known
        .and_then(|item| item["id"].as_str())
        .map(String::from)
        .ok_or_else(|| {
            let help = if Path::new(automation).is_file() {
                format!("For the document in the file of that name, write ./{automation}.")
            } else {
                "`druse automations list` shows the names.".into()
            };
            let missing = format!("There is no automation named {automation}.");
            Failure::data("not_found", missing, help)
        })
}
