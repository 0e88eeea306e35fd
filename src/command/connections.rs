//! `druse connections`.

use super::{Done, document, print};
use crate::cli::{Connections, Output, Target};
use crate::client::{Client, Failure, encode};
use crate::secret::names_in;
use druse_engine::definition;
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

pub(super) async fn connections(what: Connections, target: &Target) -> Done {
    let given = match &what {
        Connections::Set {
            name,
            definition,
            file,
        } => Some(definitions(
            name.as_deref(),
            definition.as_deref(),
            file.as_deref(),
        )?),
        Connections::Test { .. } | Connections::List | Connections::Rm { .. } => None,
    };
    let client = if matches!(what, Connections::Set { .. }) {
        Client::connect_or_create(target).await?
    } else {
        Client::connect(target).await?
    };
    let mut said = Vec::new();
    let answer = match &what {
        Connections::Set { .. } => {
            let mut done = Vec::new();
            for (name, definition) in given.into_iter().flatten() {
                done.push(
                    client
                        .request(
                            Method::PUT,
                            &format!("/connections/{}", encode(&name)),
                            Some(&definition),
                        )
                        .await?,
                );
                said.push(format!("{name} is set."));
                said.extend(unset(&client, &name, &definition).await?);
            }
            json!(done)
        }
        Connections::Test { name } => {
            let answer = client
                .post(&format!("/connections/{}/test", encode(name)), &json!({}))
                .await?;
            said.push(reached(name, &answer));
            answer
        }
        Connections::List => {
            let items = client.list("/connections", 10_000).await?;
            if target.output == Output::Text {
                print::table(
                    &["NAME", "KIND", "UPDATED"],
                    &print::rows(&items, &["name", "kind", "updated_at"]),
                );
            }
            json!(items)
        }
        Connections::Rm { name } => {
            let answer = client
                .request(
                    Method::DELETE,
                    &format!("/connections/{}", encode(name)),
                    None,
                )
                .await?;
            said.push(format!("{name} is removed."));
            answer
        }
    };
    match target.output {
        Output::Json => print::json(&answer),
        Output::Text => said.iter().for_each(|line| print::line(line)),
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The secrets that a definition names and that are not set, each in a sentence.
async fn unset(client: &Client, name: &str, definition: &Value) -> Result<Vec<String>, Failure> {
    fn names(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => found.extend(names_in(text).into_iter().map(str::to_owned)),
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            Value::Object(map) => map.values().for_each(|item| names(item, found)),
            _ => {}
        }
    }
    let mut wanted = BTreeSet::new();
    names(definition, &mut wanted);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known = client.list("/secrets", 10_000).await?;
    wanted.retain(|secret| known.iter().all(|one| one["name"] != secret.as_str()));
    let said = |secret: String| {
        format!("{name} names the secret {secret}, which is not set: druse secrets set {secret}")
    };
    Ok(wanted.into_iter().map(said).collect())
}

/// What a test found, in one sentence.
fn reached(name: &str, answer: &Value) -> String {
    if answer["kind"] == "http" {
        return format!("{name} answers with status {}.", answer["status"]);
    }
    if answer["kind"] != "mcp" {
        return format!("{name}: {}", print::cell(&answer["message"]));
    }
    let tools: Vec<String> = answer["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tool| print::cell(&tool["name"]))
        .collect();
    format!(
        "{name} offers {}: {}.",
        print::count(&json!(tools.len()), "tool"),
        tools.join(", ")
    )
}

fn definitions(
    name: Option<&str>,
    definition: Option<&str>,
    file: Option<&Path>,
) -> Result<Map<String, Value>, Failure> {
    match (name, definition, file) {
        (None, None, Some(path)) => document::connections_file(path),
        (Some(name), Some(text), None) => {
            let definition = if text.trim_start().starts_with('{') {
                serde_json::from_str(text).map_err(|error| {
                    Failure::data(
                        "bad_json",
                        format!("The connection is no JSON: {error}."),
                        "Example: '{\"kind\": \"http\", \"base_url\": \"https://…\"}'",
                    )
                })?
            } else {
                from_file(name, Path::new(text))?
            };
            Ok(Map::from_iter([(name.to_owned(), definition)]))
        }
        _ => Err(Failure::usage(
            "Give a name and a connection (as JSON, or the file that holds it), or --file.",
            "`druse connections set --help` has examples.",
        )),
    }
}

/// The connection of a name from a file: the file holds that one alone, or it among others.
fn from_file(name: &str, path: &Path) -> Result<Value, Failure> {
    let text = document::read_text(path)?;
    let (value, _) = definition::parse_value(&text, document::syntax_of(path))
        .map_err(|findings| document::wrong(path, &text, &findings))?;
    if value["kind"].is_string() {
        return Ok(value);
    }
    let mut all = document::connections_file(path)?;
    all.remove(name).ok_or_else(|| {
        Failure::data(
            "missing_connection",
            format!("There is no connection {name} in {}.", path.display()),
            "A file holds one connection, or several as `connections: {name: …}`.",
        )
    })
}
