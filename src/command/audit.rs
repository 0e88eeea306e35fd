//! `druse audit`.

use super::{Done, automations, print};
use crate::cli::{AuditLines, Output, Target};
use crate::client::{Client, Failure, encode};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(super) async fn audit(what: &AuditLines, target: &Target) -> Done {
    let client = Client::connect(target).await?;
    let items = lines(&client, what).await;
    client.close().await;
    let items = items?;
    match target.output {
        Output::Json => print::json(&json!(items)),
        Output::Text => print::table(
            &["TIME", "WHO", "WHAT", "ON", "AUTOMATION", "WHY"],
            &print::rows(
                &items,
                &["at", "by", "action", "subject", "automation_name", "reason"],
            ),
        ),
    }
    Ok(ExitCode::SUCCESS)
}

async fn lines(client: &Client, what: &AuditLines) -> Result<Vec<Value>, Failure> {
    let automation = match &what.automation {
        // One that is gone is still found by its id.
        Some(id) if id.starts_with("auto_") => Some(id.clone()),
        Some(given) => Some(automations::id_of(client, given).await?),
        None => None,
    };
    let filter: Vec<String> = [
        ("automation_id", &automation),
        ("run_id", &what.run),
        ("by", &what.by),
        ("action", &what.action),
        ("since", &what.since),
        ("until", &what.until),
    ]
    .into_iter()
    .filter_map(|(name, given)| Some(format!("{name}={}", encode(given.as_ref()?))))
    .collect();
    client
        .list(&format!("/audit?{}", filter.join("&")), what.limit as usize)
        .await
}
