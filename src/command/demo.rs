//! `druse demo`: the whole way on an example, against real tools.

use super::local::{self, Came, Gates};
use super::{Done, print};
use crate::cli::Demo;
use crate::client::{Client, EXIT_FAILED, Failure};
use crate::example::{self, Example};
use crate::serve::{Assembly, Setup};
use druse_engine::definition;
use http::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) async fn demo(args: Demo) -> Done {
    let example = example::find(&args.example).ok_or_else(|| {
        let names: Vec<&str> = example::EXAMPLES
            .iter()
            .map(|example| example.name)
            .collect();
        Failure::usage(
            format!("There is no example {}.", args.example),
            format!("There are {}.", names.join(", ")),
        )
    })?;
    let temporary = tempfile::Builder::new()
        .prefix("druse-demo-")
        .tempdir()
        .map_err(|error| Failure::internal(&error))?;
    let folder: PathBuf = args
        .data
        .clone()
        .unwrap_or_else(|| temporary.path().to_path_buf());
    let done = show(example, &folder, args.yes).await;
    if args.keep || args.data.is_some() {
        let kept = if args.data.is_some() {
            folder
        } else {
            temporary.keep()
        };
        say(&format!("\nEverything is kept in {}.", kept.display()));
        say(&format!(
            "  druse runs list --data {}",
            kept.join("data").display()
        ));
    }
    done
}

async fn show(example: &Example, folder: &Path, yes: bool) -> Done {
    let exe = std::env::current_exe().map_err(|error| Failure::internal(&error))?;
    let place = folder.join("world");
    if place.exists() {
        return Err(Failure::usage(
            format!("{} is there already.", place.display()),
            "Name an empty folder with --data.",
        ));
    }
    let world = example::create(example, &place).map_err(|error| Failure::io(&place, &error))?;
    let before = world
        .snapshot()
        .map_err(|error| Failure::io(&place, &error))?;
    let filled = |text: &str| example.filled(text, &exe, &world.root);

    say(&format!("Druse demo: {}\n{}", example.name, example.about));
    // A shell step may start what the recording started: this is the person's own machine and act.
    let client = Client::inside(Assembly::open(&folder.join("data"), Setup::own()).await?);
    let finished = walk(&client, example, &filled, yes).await;
    client.close().await;
    let Some(run) = finished? else {
        return Ok(ExitCode::from(EXIT_FAILED));
    };

    title("What changed in the world");
    let after = world
        .snapshot()
        .map_err(|error| Failure::io(&place, &error))?;
    let changes = example::changes(&before, &after);
    if changes.is_empty() {
        say("  nothing");
    }
    for line in changes {
        say(&format!("  {line}"));
    }
    let succeeded = run["status"] == "succeeded";
    say(&format!(
        "\nThe run {}. No AI took part in it, and it can run again every day.",
        print::cell(&run["status"])
    ));
    Ok(if succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}

async fn walk(
    client: &Client,
    example: &Example,
    filled: &dyn Fn(&str) -> String,
    yes: bool,
) -> Result<Option<Value>, Failure> {
    title("1. Recorded");
    let recording = filled(example.recording);
    let home = super::sessions::home_of(recording.as_bytes());
    let stored = client
        .send(
            Method::POST,
            home,
            "application/octet-stream",
            recording.into_bytes(),
        )
        .await?
        .success()?;
    let counts = &stored["counts"];
    say(&format!(
        "  {} holds {} messages and {} tool calls ({} failed), {} approval(s); read as {}.",
        example.recording_name,
        counts["turns"],
        counts["tool_calls"],
        counts["failed"],
        counts["approvals"],
        print::cell(&stored["format"])
    ));

    title("2. Crystallized");
    let (connections, _) =
        definition::parse_value(&filled(example.connections), definition::Syntax::Yaml)
            .map_err(|findings| bad(&findings))?;
    local::connect(
        client,
        connections["connections"]
            .as_object()
            .unwrap_or(&serde_json::Map::new()),
    )
    .await?;
    let (tools, _) = definition::parse_value(&filled(example.tools), definition::Syntax::Yaml)
        .map_err(|findings| bad(&findings))?;
    let body = json!({ "name": example.name, "tools": tools["tools"], "force": true });
    let made = client
        .post(
            &format!("{home}/{}/crystallize", print::cell(&stored["id"])),
            &body,
        )
        .await?;
    let (automation, report) = (&made["automation"], &made["report"]);
    for step in automation["document"]["steps"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let kind = if step["action"] == "approval_gate" {
            "approval gate"
        } else {
            step["action"].as_str().unwrap_or_default()
        };
        let more = step["with"]["tool"]
            .as_str()
            .or(step["with"]["title"].as_str())
            .or(step["with"]["script"].as_str());
        say(&format!(
            "  {:<28} {kind:<14} {}",
            print::cell(&step["id"]),
            more.unwrap_or_default()
        ));
    }
    say(&format!(
        "  {} steps and {} gate(s) from {} calls.",
        report["counts"]["steps"], report["counts"]["gates"], report["counts"]["calls"]
    ));

    title("3. Replayed");
    let replay = &report["replay"];
    say(&format!(
        "  The draft was run through the engine with the recorded answers: {} requests equal, {} different, {} missing.",
        replay["matched"], replay["differing"], replay["missing"]
    ));

    title("4. Flagged");
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let worth: Vec<&Value> = findings
        .iter()
        .filter(|finding| {
            finding["severity"] != "info" || finding["code"] == "failed_then_repeated"
        })
        .collect();
    for finding in &worth {
        say(&format!(
            "  {}: {}",
            print::cell(&finding["code"]),
            print::cell(&finding["message"])
        ));
    }
    for step in automation["document"]["steps"]
        .as_array()
        .into_iter()
        .flatten()
    {
        for reason in step["metadata"]["reasons"].as_array().into_iter().flatten() {
            say(&format!(
                "  not deterministic: {} ({})",
                print::cell(&step["id"]),
                print::cell(&reason["message"])
            ));
        }
    }

    title("5. Activated and run");
    let acknowledge: Vec<&Value> = automation["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finding| finding["acknowledge"] == true)
        .map(|finding| &finding["id"])
        .collect();
    let id = print::cell(&automation["id"]);
    client
        .post(
            &format!("/automations/{id}/activate"),
            &json!({ "acknowledge": acknowledge }),
        )
        .await?;
    let started = client
        .post(&format!("/automations/{id}/runs"), &json!({}))
        .await?;
    let gates = if yes { Gates::Approve } else { Gates::Ask };
    match local::follow(client, &print::cell(&started["id"]), gates).await? {
        Came::Over(run) => {
            timeline(&run);
            Ok(Some(run))
        }
        Came::Waits { approval, .. } => {
            say(&format!(
                "\nThe run waits for an approval: {}. Without a terminal, give --yes.",
                print::cell(&approval["title"])
            ));
            Ok(None)
        }
    }
}

fn timeline(run: &Value) {
    title("6. Timeline");
    let start: Option<druse_engine::Timestamp> = run["created_at"]
        .as_str()
        .and_then(|text| text.parse().ok());
    for step in run["steps"].as_array().into_iter().flatten() {
        let attempt = step["attempts"]
            .as_array()
            .and_then(|attempts| attempts.last());
        let at = |name: &str| {
            attempt.and_then(|attempt| {
                attempt[name]
                    .as_str()?
                    .parse::<druse_engine::Timestamp>()
                    .ok()
            })
        };
        let when = match (start, at("started_at"), at("finished_at")) {
            (Some(start), Some(from), Some(to)) => format!(
                "+{:>5} ms  {:>5} ms",
                from.since(start).as_millis(),
                to.since(from).as_millis()
            ),
            _ => " ".repeat(19),
        };
        say(&format!(
            "  {when}  {:<28} {}",
            print::cell(&step["id"]),
            print::cell(&step["status"])
        ));
    }
}

fn bad(findings: &[druse_engine::Finding]) -> Failure {
    let message = findings
        .first()
        .map(|finding| finding.message.clone())
        .unwrap_or_default();
    Failure::internal(&message)
}

fn title(text: &str) {
    say(&format!("\n{text}"));
}

fn say(text: &str) {
    print::line(text);
}
