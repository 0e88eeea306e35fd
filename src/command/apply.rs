//! `druse apply`.

use super::{Done, automations, document, print};
use crate::cli::{Apply, Output};
use crate::client::{Client, EXIT_FAILED, Failure};
use crate::service::difference;
use http::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) async fn apply(args: Apply) -> Done {
    let files = files_of(&args.path)?;
    let client = Client::connect_or_create(&args.target).await?;
    let mut done = Vec::new();
    let mut blocked = false;
    for path in &files {
        let (before, verb) = known(&client, path).await?;
        if args.dry_run {
            let loaded = document::load(path)?;
            let changes = match &before {
                None => "would be created".to_owned(),
                Some(before) => {
                    let old = serde_json::from_value(before["document"].clone())
                        .map_err(|error| Failure::internal(&error))?;
                    difference::between(&old, &loaded.document, ("stored", "file")).words()
                }
            };
            if args.target.output == Output::Text {
                print::line(&format!("{}: {changes}", loaded.document.name));
            }
            done.push(json!({ "name": loaded.document.name, "changes": changes }));
            continue;
        }
        let mut applied = one(&client, path).await?;
        let name = print::cell(&applied["name"]);
        if args.target.output == Output::Text {
            let same = before
                .as_ref()
                .is_some_and(|before| before["latest_version"] == applied["latest_version"]);
            let verb = if same { "unchanged" } else { verb };
            print::line(&format!(
                "{name}: {verb}, version {}",
                applied["latest_version"]
            ));
            automations::findings(&applied["findings"]);
        }
        if args.activate {
            let body = json!({ "acknowledge": args.acknowledge });
            let path = format!("/automations/{}/activate", print::cell(&applied["id"]));
            match client.post(&path, &body).await {
                Ok(active) => {
                    applied = active;
                    if args.target.output == Output::Text {
                        print::line(&format!("{name}: active"));
                    }
                }
                Err(failure) => {
                    blocked = true;
                    eprintln!("{failure}");
                }
            }
        }
        done.push(applied);
    }
    if args.target.output == Output::Json {
        print::json(&json!(done));
    }
    client.close().await;
    Ok(if blocked {
        ExitCode::from(EXIT_FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let inside = std::fs::read_dir(path).map_err(|error| Failure::io(path, &error))?;
    let mut files: Vec<PathBuf> = inside
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known))
        })
        .collect();
    files.sort();
    Ok(files)
}

async fn known(client: &Client, path: &Path) -> Result<(Option<Value>, &'static str), Failure> {
    let name = document::load(path)?.document.name;
    match automations::find(client, &name).await {
        Ok(found) => Ok((Some(found), "a new version")),
        Err(failure) if failure.code == "not_found" => Ok((None, "created")),
        Err(failure) => Err(failure),
    }
}

/// Sends one document: a new name is created, a known one gets a new version.
///
/// # Errors
/// When the document is wrong or the server refuses it.
pub(super) async fn one(client: &Client, path: &Path) -> Result<Value, Failure> {
    let (before, _) = known(client, path).await?;
    let text = document::read_text(path)?;
    let content_type = match document::syntax_of(path) {
        druse_engine::definition::Syntax::Json => "application/json",
        druse_engine::definition::Syntax::Yaml => "application/yaml",
    };
    let (method, address) = match &before {
        None => (Method::POST, "/automations".to_owned()),
        Some(before) => (
            Method::PUT,
            format!("/automations/{}", print::cell(&before["id"])),
        ),
    };
    let answer = client
        .send(method, &address, content_type, text.into_bytes())
        .await?;
    answer.success()
}
