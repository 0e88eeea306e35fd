//! A run in this process, seen through the same API as a server's: gates are answered on the terminal.

use super::print;
use super::runs::words;
use crate::client::{Client, Failure, encode};
use http::Method;
use serde_json::{Map, Value, json};
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// How a person's answer at a gate is had.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gates {
    /// Each is approved.
    Approve,
    /// The terminal is asked; with none, the run stays where it is.
    Ask,
}

/// How a run came out.
pub(super) enum Came {
    /// To its end.
    Over(Value),
    /// To a gate that nobody here could answer.
    Waits {
        /// The run.
        run: Value,
        /// The gate.
        approval: Value,
    },
}

/// Stores connections from a file.
pub(super) async fn connect(
    client: &Client,
    connections: &Map<String, Value>,
) -> Result<(), Failure> {
    for (name, connection) in connections {
        client
            .request(
                Method::PUT,
                &format!("/connections/{}", encode(name)),
                Some(connection),
            )
            .await?;
    }
    Ok(())
}

/// Follows a run to its end or to a gate that nobody here can answer; tells what happens on standard error.
pub(super) async fn follow(client: &Client, id: &str, gates: Gates) -> Result<Came, Failure> {
    let path = format!("/runs/{}", encode(id));
    let mut after = 0;
    loop {
        let page = client
            .get(&format!("{path}/events?after={after}&limit=200&wait=10s"))
            .await?;
        for entry in page["items"].as_array().into_iter().flatten() {
            after = entry["seq"].as_u64().unwrap_or(after);
            eprintln!("  {}", words(entry));
            if entry["type"] == "finished" {
                return Ok(Came::Over(client.get(&path).await?));
            }
            if entry["type"] == "approval_requested" {
                let approval = client
                    .get(&format!(
                        "/approvals/{}",
                        print::cell(&entry["request"]["approval"])
                    ))
                    .await?;
                if !answer(client, &approval, gates).await? {
                    return Ok(Came::Waits {
                        run: client.get(&path).await?,
                        approval,
                    });
                }
            }
        }
    }
}

/// Answers a gate; says whether it was answered.
async fn answer(client: &Client, approval: &Value, gates: Gates) -> Result<bool, Failure> {
    if approval["status"] != "pending" {
        return Ok(true);
    }
    let decision = match gates {
        Gates::Approve => "approve",
        Gates::Ask => match ask(approval) {
            Some(decision) => decision,
            None => return Ok(false),
        },
    };
    let mut body = json!({ "decision": decision, "digest": approval["digest"] });
    if gates == Gates::Approve {
        body["comment"] = "approved with --yes".into();
    }
    client
        .post(
            &format!("/approvals/{}/decision", print::cell(&approval["id"])),
            &body,
        )
        .await?;
    Ok(true)
}

fn ask(approval: &Value) -> Option<&'static str> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let mut err = std::io::stderr();
    let _ = writeln!(err, "\n  {}", print::cell(&approval["title"]));
    if let Some(message) = approval["message"].as_str() {
        let _ = writeln!(err, "  {message}");
    }
    for step in approval["details"]["next"].as_array().into_iter().flatten() {
        let _ = writeln!(
            err,
            "  then {} ({}): {}",
            print::cell(&step["step"]),
            print::cell(&step["action"]),
            step["with"]
        );
    }
    loop {
        let _ = write!(err, "  Approve? [y/n] ");
        let _ = err.flush();
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) => match line.trim().to_lowercase().as_str() {
                "y" | "yes" => return Some("approve"),
                "n" | "no" => return Some("reject"),
                _ => {}
            },
        }
    }
}
