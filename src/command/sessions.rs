//! `druse sessions`.

use super::print::count;
use super::progress::Progress;
use super::recordings::joined;
use super::{Done, automations, crystallize, discover, document, print};
use crate::cli::{Mode, Output, Sessions, Target};
use crate::client::{Answer, Client, Failure, encode};
use crate::command::print::talk;
use druse_crystallizer::report::Report;
use druse_crystallizer::{Decisions, Options, SessionKind};
use druse_engine::definition::Document;
use http::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The two addresses where recordings live.
const HOMES: [&str; 2] = ["/agents/runs", "/chat/threads"];

pub(super) async fn sessions(what: Sessions, target: &Target) -> Done {
    if let Sessions::Import { files } = &what {
        return import(files, target).await;
    }
    if let Sessions::Discover(args) = &what {
        return discover::discover(args, target.output);
    }
    let client = Client::connect(target).await?;
    let answer = match &what {
        Sessions::Import { .. } | Sessions::Discover(_) => Value::Null,
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
        Sessions::Recurring => {
            let found = client.get("/recordings/recurring").await?;
            if target.output == Output::Text {
                recurring(&found);
            }
            found
        }
        Sessions::Crystallize {
            id,
            also,
            name,
            mode,
            into,
            discard_edits,
            tools,
            force,
            folder,
            answers,
            keep,
            decisions,
        } => {
            let given = crystallize::answers_of(answers)?;
            if matches!(mode, Some(Mode::Exact)) {
                crystallize::no_answers(&given)?;
            }
            let mut decided = Options {
                answers: given.clone(),
                keep: keep.iter().cloned().collect(),
                folder: folder.clone(),
                ..Options::default()
            };
            let mut kept = None;
            if let Some(path) = decisions {
                kept = Some((path, crystallize::decide(path, &mut decided)?));
            }
            let mut before = Value::Null;
            if let Some(name) = into {
                before = automations::find(&client, name).await?;
                // One more answer must not lose those before it.
                Decisions::of_metadata(&before["document"]["metadata"]).apply(&mut decided);
            }
            // What was decided before is taken where it fits; what is answered now has to.
            decided.answers.retain(|id, _| !given.contains_key(id));
            let mut body = json!({
                "force": force, "answers": given, "answers_before": decided.answers, "keep": decided.keep,
                "answered_for": decided.answered_for,
            });
            if let Some(mode) = mode {
                body["mode"] = match mode {
                    Mode::Exact => "exact".into(),
                    Mode::Bound => "bound".into(),
                };
            }
            if into.is_some() {
                body["into"] = before["id"].clone();
                body["discard_edits"] = (*discard_edits).into();
            }
            if !also.is_empty() {
                body["also"] = json!(also);
            }
            if let Some(name) = name {
                body["name"] = name.as_str().into();
            }
            if let Some(folder) = decided.folder {
                body["folder"] = folder.into();
            }
            if let Some(file) = tools {
                body["tools"] = json!(document::tools_file(file)?);
            }
            let path = path_of(&client, id).await?;
            let made = client.post(&format!("{path}/crystallize"), &body).await?;
            if let Some((path, before)) = kept {
                let metadata = &made["automation"]["document"]["metadata"];
                let findings = &made["report"]["findings"];
                crystallize::keep_decisions(path, before, metadata, findings)?;
            }
            if target.output == Output::Text {
                say_made(id, name.as_deref(), &made)?;
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

/// Says what was made of a recording, in the words in which it is said where no server is.
fn say_made(id: &str, name: Option<&str>, made: &Value) -> Result<(), Failure> {
    let (automation, report) = (&made["automation"], &made["report"]);
    let read = |error: serde_json::Error| Failure::internal(&error);
    let told: Report = serde_json::from_value(report.clone()).map_err(read)?;
    let document: Document =
        serde_json::from_value(automation["document"].clone()).map_err(read)?;
    talk!(
        "{}",
        druse_crystallizer::text::text(&told, &document).trim_end()
    );
    // What is so here, beside what the recording shows.
    let told_of_tools = told.findings.iter().any(|one| one.code == "unmapped_tool");
    let known = |one: &&Value| {
        let mut all = told.findings.iter();
        !(told_of_tools && one["code"] == "unmapped_tool")
            && all.all(|known| one["id"] != known.id.as_str())
    };
    let all = automation["findings"].as_array().into_iter().flatten();
    let here: Vec<&Value> = all.filter(known).collect();
    if !here.is_empty() {
        talk!("\nOn this server");
        automations::findings(&json!(here), automation);
    }
    let called = print::cell(&automation["name"]);
    if !told.questions.is_empty() {
        talk!(
            "\nAn answer makes a new version:\n  druse sessions crystallize {id} --into {called} --answer ID=CHOICE"
        );
    }
    let (counts, replay) = (&report["counts"], &report["replay"]);
    print::line(&format!(
        "{called}: {} from {}, {}, {} left out; replay {} matched, {} differing, {} missing.",
        count(&counts["steps"], "step"),
        count(&counts["calls"], "call"),
        count(&counts["gates"], "gate"),
        counts["left_out"],
        replay["matched"],
        replay["differing"],
        replay["missing"]
    ));
    if let Some(name) = name.filter(|name| *name != document.name) {
        talk!(
            "There is an automation {name} already: `--into {name}` makes a new version of that one."
        );
    }
    Ok(())
}

/// What recurs, each with the command that makes one draft of it.
fn recurring(found: &Value) {
    let words = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(shown).collect()
    };
    let items = found["items"].as_array().map_or(&[][..], Vec::as_slice);
    for item in items {
        let changes = words(&item["changes"]);
        let recordings = words(&item["recordings"]);
        print::line(&format!(
            "{} times, {} % alike: {}",
            item["count"],
            item["likeness"],
            item["goal"]
                .as_str()
                .map_or("no task is named".to_owned(), shown)
        ));
        print::line(&match changes.is_empty() {
            true => format!("  only looks, with {}", words(&item["tools"]).join(", ")),
            false => format!("  changes {}", changes.join(", then ")),
        });
        let (first, others) = match recordings.split_first() {
            Some((first, others)) => (first.as_str(), others),
            None => continue,
        };
        let also: String = others.iter().map(|id| format!(" --also {id}")).collect();
        print::line(&format!(
            "  druse sessions crystallize {first}{also} --mode bound"
        ));
    }
    if items.is_empty() {
        talk!(
            "No task recurs among {}.",
            count(&found["compared"], "recording")
        );
    }
    if found["nothing_to_repeat"].as_u64() > Some(0) {
        talk!(
            "Passed over, for nothing in them is to be done again: {}.",
            count(&found["nothing_to_repeat"], "recording")
        );
    }
    if found["limited"] == true {
        talk!("Only the newest recordings were compared.");
    }
}

/// A recorded text on one line, as it may stand on a terminal.
fn shown(text: &str) -> String {
    discover::plain(text, 100)
}

/// Stores what can be read, says what cannot, and ends with the first failure.
async fn import(files: &[PathBuf], target: &Target) -> Done {
    let mut failures = Vec::new();
    let mut readable = Vec::new();
    let mut given = Vec::new();
    for path in files {
        match document::read_bytes(path) {
            Ok(bytes) => given.push((path.clone(), bytes)),
            Err(failure) => failures.push(failure),
        }
    }
    for (path, bytes) in joined(given) {
        match home_of(&path, &bytes) {
            Ok(home) => readable.push((path, home, bytes)),
            Err(failure) => failures.push(failure),
        }
    }
    let mut stored = Vec::new();
    if !readable.is_empty() {
        let client = Client::connect_or_create(target).await?;
        let mut progress = Progress::new("stored", readable.len());
        for (path, home, bytes) in readable {
            let sent = client.send(Method::POST, home, "application/octet-stream", bytes);
            match sent.await.and_then(Answer::success) {
                Ok(mut answer) => match answer["items"].as_array_mut() {
                    Some(items) => stored.append(items),
                    None => stored.push(answer),
                },
                Err(failure) => failures.push(Failure {
                    message: format!("{}: {}", path.display(), failure.message),
                    ..failure
                }),
            }
            progress.step();
        }
        drop(progress);
        client.close().await;
    }
    if !stored.is_empty() {
        match target.output {
            Output::Json => print::json(&json!(stored)),
            Output::Text => {
                table(&stored);
                for one in stored.iter().filter(|one| one["same_as"].is_string()) {
                    talk!(
                        "{} is the same recording as {}; `druse sessions rm` removes one of them.",
                        print::cell(&one["id"]),
                        print::cell(&one["same_as"])
                    );
                }
            }
        }
    }
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else {
        return Ok(ExitCode::SUCCESS);
    };
    for failure in failures {
        talk!("{failure}");
    }
    Err(first)
}

/// A recording that can be read, with the address where its kind lives.
pub(super) fn read(path: &Path) -> Result<(&'static str, Vec<u8>), Failure> {
    let bytes = document::read_bytes(path)?;
    Ok((home_of(path, &bytes)?, bytes))
}

/// The address where the kind of a recording lives.
fn home_of(path: &Path, bytes: &[u8]) -> Result<&'static str, Failure> {
    let sessions = super::crystallize::import(path, bytes)?;
    let chat = sessions
        .first()
        .is_some_and(|session| session.kind == SessionKind::ChatThread);
    Ok(HOMES[usize::from(chat)])
}

fn table(items: &[Value]) {
    let fields = [
        "id",
        "created_at",
        "kind",
        "format",
        "status",
        "counts.tool_calls",
        "counts.failed",
        "counts.approvals",
        "goal",
    ];
    let mut rows = print::rows(items, &fields);
    for (row, item) in rows.iter_mut().zip(items) {
        if let (Some(cell), Some(goal)) = (row.last_mut(), item["goal"].as_str()) {
            *cell = discover::plain(goal, WHAT);
        }
    }
    print::table(
        &[
            "ID",
            "BROUGHT",
            "KIND",
            "FORMAT",
            "STATUS",
            "CALLS",
            "FAILED",
            "APPROVALS",
            "WHAT",
        ],
        &rows,
    );
}

/// The most characters of what was wanted that a line shows.
const WHAT: usize = 60;

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
