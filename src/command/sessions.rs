//! `druse sessions`.

use super::print::count;
use super::progress::Progress;
use super::{Done, automations, document, print};
use crate::cli::{Mode, Output, Sessions, Target};
use crate::client::{Client, Failure, encode};
use http::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

/// The two addresses where recordings live.
const HOMES: [&str; 2] = ["/agents/runs", "/chat/threads"];

pub(super) async fn sessions(what: Sessions, target: &Target) -> Done {
    let client = if matches!(what, Sessions::Import { .. }) {
        Client::connect_or_create(target).await?
    } else {
        Client::connect(target).await?
    };
    let answer = match &what {
        Sessions::Import { files } => {
            let mut stored = Vec::new();
            let mut progress = Progress::new("stored", files.len());
            for path in files {
                let bytes = std::fs::read(path).map_err(|error| Failure::io(path, &error))?;
                let home = home_of(&bytes);
                let answer = client
                    .send(Method::POST, home, "application/octet-stream", bytes)
                    .await?
                    .success();
                let answer = answer.map_err(|failure| Failure {
                    message: format!("{}: {}", path.display(), failure.message),
                    ..failure
                })?;
                match answer["items"].as_array() {
                    Some(items) => stored.extend(items.iter().cloned()),
                    None => stored.push(answer),
                }
                progress.step();
            }
            if target.output == Output::Text {
                table(&stored);
            }
            json!(stored)
        }
        Sessions::List => {
            let mut items = Vec::new();
            for home in HOMES {
                items.extend(client.list(home, 10_000).await?);
            }
            items.sort_by(|a, b| b["id"].as_str().cmp(&a["id"].as_str()));
            if target.output == Output::Text {
                table(&items);
            }
            json!(items)
        }
        Sessions::Show { id } => {
            let found = client.get(&path_of(&client, id).await?).await?;
            if target.output == Output::Text {
                print::json(&found);
            }
            found
        }
        Sessions::Crystallize {
            id,
            name,
            mode,
            tools,
            force,
        } => {
            let mut body = json!({
                "force": force,
                "mode": match mode { Mode::Exact => "exact", Mode::Bound => "bound" },
            });
            if let Some(name) = name {
                body["name"] = name.as_str().into();
            }
            if let Some(file) = tools {
                body["tools"] = json!(document::tools_file(file)?);
            }
            let path = path_of(&client, id).await?;
            let made = client.post(&format!("{path}/crystallize"), &body).await?;
            if target.output == Output::Text {
                let counts = &made["report"]["counts"];
                let replay = &made["report"]["replay"];
                print::line(&format!(
                    "{}: {} from {}, {}, {} left out; replay {} matched, {} differing, {} missing.",
                    print::cell(&made["automation"]["name"]),
                    count(&counts["steps"], "step"),
                    count(&counts["calls"], "call"),
                    count(&counts["gates"], "gate"),
                    counts["left_out"],
                    replay["matched"],
                    replay["differing"],
                    replay["missing"]
                ));
                automations::findings(&made["automation"]["findings"]);
            }
            made
        }
        Sessions::Rm { id } => {
            let path = path_of(&client, id).await?;
            let done = client.request(Method::DELETE, &path, None).await?;
            if target.output == Output::Text {
                print::line(&format!("{id} is removed."));
            }
            done
        }
    };
    if target.output == Output::Json {
        print::json(&answer);
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

fn table(items: &[Value]) {
    let fields = [
        "id",
        "kind",
        "format",
        "status",
        "counts.tool_calls",
        "counts.failed",
        "counts.approvals",
    ];
    print::table(
        &[
            "ID",
            "KIND",
            "FORMAT",
            "STATUS",
            "CALLS",
            "FAILED",
            "APPROVALS",
        ],
        &print::rows(items, &fields),
    );
}

/// Where a recording belongs by what it looks like; one that cannot be read is refused there with the reason.
pub(super) fn home_of(bytes: &[u8]) -> &'static str {
    let chat = druse_crystallizer::import(bytes).ok().and_then(|sessions| {
        sessions
            .first()
            .map(|session| session.kind == druse_crystallizer::SessionKind::ChatThread)
    });
    HOMES[usize::from(chat == Some(true))]
}

async fn path_of(client: &Client, id: &str) -> Result<String, Failure> {
    for home in HOMES {
        let path = format!("{home}/{}", encode(id));
        let answer = client
            .send(Method::GET, &path, "application/json", Vec::new())
            .await?;
        if answer.status.as_u16() != 404 {
            answer.success()?;
            return Ok(path);
        }
    }
    Err(Failure::data(
        "not_found",
        format!("There is no recording {id}."),
        "`druse sessions list` shows them.",
    ))
}
