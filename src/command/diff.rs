//! `druse diff`.

use super::{Done, automations, document, print};
use crate::cli::{Diff, Output, Target};
use crate::client::{Client, EXIT_FAILED, Failure};
use crate::service::difference;
use druse_engine::definition::Document;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

pub(super) async fn diff(args: &Diff) -> Done {
    let mut asked = None;
    let old = side(&args.old, &args.target, &mut asked).await;
    let new = match &old {
        Ok(_) => side(&args.new, &args.target, &mut asked).await,
        Err(_) => Err(Failure::internal(&"not read")),
    };
    if let Some(client) = asked {
        client.close().await;
    }
    let (old, new) = (old?, new?);
    let found = difference::between(&old, &new, (&args.old, &args.new));
    match args.target.output {
        Output::Json => print::json(&json!(found)),
        Output::Text if found.is_empty() => {}
        Output::Text => {
            print::line(&found.text);
            print::line("");
            print::line(found.diff.trim_end());
        }
    }
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}

/// A document: a file, or a version of an automation (`name@2`, `name@active`, `name` for the latest).
async fn side(
    text: &str,
    target: &Target,
    asked: &mut Option<Client>,
) -> Result<Document, Failure> {
    if text == "-" || document::is_path(text) {
        return Ok(document::load(Path::new(text))?.document);
    }
    if asked.is_none() {
        *asked = Some(Client::connect(target).await?);
    }
    let Some(client) = asked else {
        return Err(Failure::internal(&"no way to the server"));
    };
    let (name, version) = match text.rsplit_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let automation = automations::find(client, name).await?;
    let id = print::cell(&automation["id"]);
    let number = match version {
        None => automation["latest_version"].clone(),
        Some("active") => automation["active_version"].clone(),
        Some(number) => number.parse::<u32>().map(Value::from).map_err(|_| {
            Failure::usage(
                format!("{number:?} is no version of {name}."),
                "Write name@2, name@active, or name for the latest.",
            )
        })?,
    };
    if number.is_null() {
        return Err(Failure::data(
            "not_active",
            format!("{name} has no active version."),
            "`druse automations versions` lists those that there are.",
        ));
    }
    let found = client
        .get(&format!("/automations/{id}/versions/{number}"))
        .await?;
    serde_json::from_value(found["document"].clone()).map_err(|error| Failure::internal(&error))
}
