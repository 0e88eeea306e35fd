//! `druse approvals`.

use super::{Done, inputs, local, print, runs, state};
use crate::cli::{Approvals, Decision, Output, Target};
use crate::client::{Client, Failure, encode};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(super) async fn approvals(what: Approvals, target: &Target) -> Done {
    let client = Client::connect(target).await?;
    let answer = match &what {
        Approvals::List { status } => {
            let filter = if status == "all" {
                String::new()
            } else {
                format!("?status={}", encode(status))
            };
            let items = client.list(&format!("/approvals{filter}"), 1_000).await?;
            if target.output == Output::Text {
                let fields = [
                    "id",
                    "status",
                    "title",
                    "run_id",
                    "requested_at",
                    "expires_at",
                ];
                print::table_of_states(
                    &["ID", "STATUS", "TITLE", "RUN", "ASKED", "ENDS"],
                    &items,
                    &fields,
                    1,
                );
            }
            json!(items)
        }
        Approvals::Show { approval } => {
            let found = client
                .get(&format!("/approvals/{}", encode(approval)))
                .await?;
            if target.output == Output::Text {
                show(&found);
            }
            found
        }
        Approvals::Approve(decision) => decide(&client, target, decision, "approve").await?,
        Approvals::Reject(decision) => decide(&client, target, decision, "reject").await?,
        Approvals::SendBack(decision) => decide(&client, target, decision, "send_back").await?,
        Approvals::Reassign {
            approval,
            approvers,
            reason,
        } => {
            let path = format!("/approvals/{}/reassign", encode(approval));
            let body = json!({ "approvers": approvers, "reason": reason });
            let done = client.post(&path, &body).await?;
            if target.output == Output::Text {
                print::line(&format!(
                    "{}: asks {}.",
                    print::cell(&done["title"]),
                    approvers.join(", ")
                ));
            }
            done
        }
        Approvals::Link {
            approval,
            person,
            expires,
        } => {
            let path = format!("/approvals/{}/links", encode(approval));
            let body = json!({ "for": person, "expires": expires });
            let made = client.post(&path, &body).await?;
            if target.output == Output::Text {
                print::line(&print::cell(&made["address"]));
            }
            made
        }
    };
    if target.output == Output::Json {
        print::json(&answer);
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Prints a gate as the person who decides needs it.
fn show(approval: &Value) {
    let mut lines = local::shown(approval).into_iter();
    print::state_line(&format!(
        "{}  [{}]",
        lines.next().unwrap_or_default(),
        state::named(&approval["status"])
    ));
    for line in lines {
        print::line(&format!("  {line}"));
    }
    let asked: Vec<String> = approval["approvers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(print::cell)
        .collect();
    print::line(&format!(
        "  asks {}, {} needed",
        asked.join(", "),
        print::cell(&approval["needed"])
    ));
    for change in approval["changes"].as_array().into_iter().flatten() {
        print::line(&format!(
            "  changed: {}: {} became {}",
            print::cell(&change["what"]),
            print::value(&change["before"]),
            print::value(&change["after"])
        ));
    }
    for notice in approval["notices"].as_array().into_iter().flatten() {
        if let Some(message) = notice["error"]["message"].as_str() {
            print::line(&format!(
                "  could not tell anybody: {}",
                print::shown(message)
            ));
        }
    }
    for decision in approval["decisions"].as_array().into_iter().flatten() {
        print::line(&format!("  {}", runs::decided(decision)));
    }
    print::line(&format!(
        "  run {}, asked {}, digest {}",
        print::cell(&approval["run_id"]),
        print::cell(&approval["requested_at"]),
        print::cell(&approval["digest"])
    ));
}

async fn decide(
    client: &Client,
    target: &Target,
    decision: &Decision,
    verdict: &str,
) -> Result<Value, Failure> {
    let path = format!("/approvals/{}", encode(&decision.approval));
    let digest = match &decision.digest {
        Some(digest) => Value::from(digest.as_str()),
        None => client.get(&path).await?["digest"].clone(),
    };
    let mut body = json!({ "decision": verdict, "digest": digest });
    if let Some(comment) = &decision.comment {
        body["comment"] = comment.as_str().into();
    }
    if !decision.fields.is_empty() {
        body["fields"] = Value::Object(inputs::collect(None, &decision.fields)?);
    }
    let done = client
        .post(&format!("{path}/decision"), &body)
        .await
        .map_err(|failure| inputs::quoted(failure, "--field", &decision.fields))?;
    if target.output == Output::Text {
        print::line(&format!(
            "{}: {}.",
            print::cell(&done["title"]),
            print::cell(&done["status"])
        ));
    }
    Ok(done)
}
