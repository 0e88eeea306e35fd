//! `druse runs`.

use super::progress::Busy;
use super::{Done, apply, artifacts, automations, document, inputs, logs, print, rehearsal, state};
use crate::cli::{Output, Resolve, Retry, Runs, Target};
use crate::client::{Client, EXIT_FAILED, EXIT_UNREACHABLE, Failure, encode};
use crate::command::print::talk;
use crate::service::words::changed;
use http::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Says what a retry keeps and what it runs again, and starts it unless only that was asked for.
async fn retry(client: &Client, what: &Retry, output: Output) -> Result<Value, Failure> {
    let path = format!("/runs/{}/retry", encode(&what.run));
    let mut body = json!({});
    if let Some(from) = &what.from {
        body["from"] = json!(from);
    }
    if let Some(version) = what.version {
        body["version"] = json!(version);
    }
    if !what.keep.is_empty() {
        body["keep"] = json!(what.keep);
    }
    if !what.input.is_empty() {
        // The others stay as they were; what is shown in the place of a hidden one stands for it.
        let run = client.get(&format!("/runs/{}", encode(&what.run))).await?;
        body["inputs"] = run["inputs"].clone();
        for (name, value) in inputs::collect(None, &what.input)? {
            body["inputs"][name] = value;
        }
    }
    let preview = client
        .post(&format!("{path}/preview"), &body)
        .await
        .map_err(|failure| inputs::placed(failure, None, &what.input))?;
    if what.preview {
        if output == Output::Text {
            for line in previewed(&preview, &what.keep) {
                print::line(&line);
            }
        }
        return Ok(preview);
    }
    if output == Output::Text {
        for line in previewed(&preview, &what.keep) {
            talk!("{line}");
        }
    }
    if let Some(reason) = &what.reason {
        body["reason"] = json!(reason);
    }
    let done = client.carried(client.post(&path, &body).await?).await?;
    if output == Output::Text {
        print::line(&format!(
            "{} goes on in {}.",
            what.run,
            print::cell(&done["id"])
        ));
    }
    Ok(done)
}

/// What a retry keeps and runs again, a line each; of the steps `keep` it was said that they were not undone.
fn previewed(preview: &Value, keep: &[String]) -> Vec<String> {
    let keeps = preview["keeps"].as_array().into_iter().flatten();
    let keeps: Vec<String> = keeps.map(print::cell).collect();
    let mut lines = vec![match keeps.is_empty() {
        true => "Nothing is kept.".to_owned(),
        false => format!("Kept: {}.", keeps.join(", ")),
    }];
    let asked: Vec<String> = preview["undo_unknown"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| print::cell(&one["step"]))
        .filter(|step| !keep.contains(step))
        .collect();
    if !asked.is_empty() {
        lines.push(format!(
            "Nobody knows whether it was undone: {}. `--keep STEP` keeps its result.",
            asked.join(", ")
        ));
    }
    for again in preview["runs_again"].as_array().into_iter().flatten() {
        lines.push(format!(
            "Runs again: {} ({}).",
            print::cell(&again["step"]),
            print::cell(&again["why"])
        ));
    }
    lines
}

/// The body that says what became of an uncertain step.
fn resolution(what: &Resolve) -> Value {
    let mut body = json!({ "step": what.step });
    body["found"] = json!(match (&what.failed, what.again) {
        (Some(_), _) => "failed",
        (None, true) => "again",
        (None, false) => "happened",
    });
    if let Some(message) = &what.failed {
        body["message"] = json!(message);
    }
    if let Some(output) = &what.output_value {
        body["output"] = inputs::read(output);
    }
    if let Some(reason) = &what.reason {
        body["reason"] = json!(reason);
    }
    body
}

pub(super) async fn runs(what: Runs, target: &Target) -> Done {
    let client = Client::connect(target).await?;
    let mut exit = ExitCode::SUCCESS;
    let answer = match &what {
        Runs::Start {
            automation,
            input,
            inputs: file,
            version,
            labels,
            wait,
            priority,
            dry,
        } => {
            let given = inputs::collect(file.as_deref(), input)?;
            let is_path = document::is_path(automation);
            if dry.dry_run && is_path {
                return Err(Failure::usage(
                    "A dry run sends nothing, so it does not send the document either.",
                    format!("druse run {automation} --dry-run"),
                ));
            }
            let (id, version) = if is_path {
                let path = Path::new(automation);
                let applied = apply::one(&client, path, &document::load_storable(path)?)
                    .await?
                    .automation;
                let number = applied["latest_version"].clone();
                (print::cell(&applied["id"]), number)
            } else {
                (
                    automations::id_of(&client, automation).await?,
                    json!(version),
                )
            };
            let mut body = json!({ "inputs": given });
            if !version.is_null() {
                body["version"] = version;
            }
            for label in labels {
                let (name, text) = pair(label)?;
                body["labels"][name] = text.into();
            }
            if let Some(priority) = priority {
                body["priority"] = json!(priority);
            }
            if dry.dry_run {
                let wanted = rehearsal::Wanted {
                    mocks: dry.mocks.as_deref(),
                    from_run: dry.from_run.as_deref(),
                    from_recording: dry.from_recording,
                    approve: dry.approve,
                };
                wanted.add_to(&mut body)?;
            }
            let wait = wait
                .as_ref()
                .map(|wait| format!("?wait={}", encode(&wait.to_string())))
                .unwrap_or_default();
            let busy = (!wait.is_empty()).then(|| Busy::new("waiting for its end"));
            let run = client
                .post(&format!("/automations/{id}/runs{wait}"), &body)
                .await
                .map_err(|failure| inputs::placed(failure, file.as_deref(), input))?;
            let run = match dry.dry_run {
                true => run,
                false => client.carried(run).await?,
            };
            drop(busy);
            if target.output == Output::Text {
                match dry.dry_run {
                    true => rehearsal::show(&run),
                    false => show(&run),
                }
            }
            let ill = ["failed", "rejected", "canceled"];
            if dry.dry_run {
                exit = rehearsal::exit_of(&run);
            } else if ill.iter().any(|status| run["status"] == *status) {
                exit = ExitCode::from(EXIT_FAILED);
            }
            run
        }
        Runs::List {
            status,
            automation,
            cause,
            waits_for,
            seen,
            inputs,
            labels,
            since,
            until,
            limit,
        } => {
            let mut filter = Vec::new();
            let given = [
                ("cause", cause),
                ("waits_for", waits_for),
                ("since", since),
                ("until", until),
            ];
            for (name, given) in given {
                if let Some(given) = given {
                    filter.push(format!("{name}={}", encode(given)));
                }
            }
            if let Some(seen) = seen {
                filter.push(format!("seen={seen}"));
            }
            for (kind, given) in [("input", inputs), ("label", labels)] {
                for one in given {
                    let (name, text) = pair(one)?;
                    filter.push(format!("{kind}.{}={}", encode(name), encode(text)));
                }
            }
            if let Some(status) = status {
                filter.push(format!("status={}", encode(status)));
            }
            if let Some(automation) = automation {
                filter.push(format!(
                    "automation_id={}",
                    automations::id_of(&client, automation).await?
                ));
            }
            let items = client
                .list(&format!("/runs?{}", filter.join("&")), *limit as usize)
                .await?;
            if target.output == Output::Text {
                let fields = [
                    "id",
                    "automation_name",
                    "status",
                    "cause.kind",
                    "created_at",
                    "finished_at",
                ];
                print::table_of_states(
                    &["ID", "AUTOMATION", "STATUS", "CAUSE", "CREATED", "FINISHED"],
                    &items,
                    &fields,
                    2,
                );
            }
            json!(items)
        }
        Runs::Show { run } => {
            let found = client.get(&format!("/runs/{}", encode(run))).await?;
            if target.output == Output::Text {
                show(&found);
            }
            found
        }
        Runs::Watch { run } => {
            exit = watch(&client, run, target.output).await?;
            client.close().await;
            return Ok(exit);
        }
        Runs::Logs(what) => {
            exit = logs::logs(&client, what, target.output).await?;
            client.end().await;
            return Ok(exit);
        }
        Runs::Cancel { run, reason } => {
            let body = reason
                .as_ref()
                .map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
            let done = client
                .post(&format!("/runs/{}/cancel", encode(run)), &body)
                .await?;
            if target.output == Output::Text {
                print::line(&format!("{run} is {}.", print::cell(&done["status"])));
            }
            done
        }
        Runs::Pause { run, reason } => {
            let done = client
                .post(
                    &format!("/runs/{}/pause", encode(run)),
                    &json!({ "reason": reason }),
                )
                .await?;
            if target.output == Output::Text {
                print::line(&format!("{run} is {}.", print::cell(&done["status"])));
            }
            done
        }
        Runs::Resume {
            run,
            step,
            input,
            as_written,
            version,
            fail,
            reason,
        } => {
            let mut body = json!({ "reason": reason, "step": step });
            if let Some(version) = version {
                body["version"] = json!(version);
            }
            if *fail {
                body["decision"] = "fail".into();
            }
            if *as_written {
                body["input"] = json!({});
            }
            if !input.is_empty() {
                body["input"] = json!(inputs::collect(None, input)?);
            }
            let done = client
                .post(&format!("/runs/{}/resume", encode(run)), &body)
                .await?;
            if target.output == Output::Text {
                print::line(&format!("{run} is {}.", print::cell(&done["status"])));
            }
            done
        }
        Runs::Seen { runs, reason, undo } => {
            let mut seen = Vec::with_capacity(runs.len());
            for run in runs {
                let path = format!("/runs/{}/seen", encode(run));
                let done = match undo {
                    true => client.request(Method::DELETE, &path, None).await?,
                    false => client.post(&path, &json!({ "reason": reason })).await?,
                };
                if target.output == Output::Text {
                    let says = match undo {
                        true => "seen by nobody".to_owned(),
                        false => seen_by(&done),
                    };
                    print::line(&format!("{run}: {says}"));
                }
                seen.push(done);
            }
            json!(seen)
        }
        Runs::Retry(what) => retry(&client, what, target.output).await?,
        Runs::Artifacts { run } => artifacts::list(&client, run, target.output).await?,
        Runs::Artifact(what) => {
            artifacts::take(&client, what, target.output).await?;
            client.close().await;
            return Ok(exit);
        }
        Runs::Export { run } => {
            let found = client.get(&format!("/runs/{}/export", encode(run))).await?;
            if target.output == Output::Text {
                print::json(&found);
            }
            found
        }
        Runs::Resolve(what) => {
            let done = client
                .post(
                    &format!("/runs/{}/resolve", encode(&what.run)),
                    &resolution(what),
                )
                .await?;
            let done = client.carried(done).await?;
            if target.output == Output::Text {
                print::line(&format!(
                    "{} is {}.",
                    what.run,
                    print::cell(&done["status"])
                ));
            }
            done
        }
        Runs::Drift { run } => {
            let found = client.get(&format!("/runs/{}/drift", encode(run))).await?;
            if target.output == Output::Text {
                super::review::drift(&found);
            }
            found
        }
        Runs::Why { run } => {
            let found = client.get(&format!("/runs/{}", encode(run))).await?;
            let why = why(&found);
            if target.output == Output::Text {
                let mark = state::mark(&found["status"]);
                print::line(&format!("{mark} {}", print::shown(&why)));
            }
            json!({ "run_id": found["id"], "status": found["status"], "why": why })
        }
    };
    if target.output == Output::Json {
        print::json(&answer);
    }
    client.close().await;
    Ok(exit)
}

/// `NAME=TEXT` in its two parts.
fn pair(text: &str) -> Result<(&str, &str), Failure> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.ok_or_else(|| {
        Failure::usage(
            format!("{text:?} is not NAME=VALUE."),
            "Write it as region=EU.",
        )
    })
}

fn why(run: &Value) -> String {
    if let Some(waits) = run["waits_for"].as_str() {
        let mut letters = waits.chars();
        let first: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        return format!("{first}{}.", letters.as_str());
    }
    let status = print::cell(&run["status"]);
    match run["error"]["message"].as_str() {
        Some(message) => format!("It does not wait, it has {}: {message}", ended(&status)),
        None => format!("It does not wait, it has {}.", ended(&status)),
    }
}

/// A final status as what a run has done.
pub(super) fn ended(status: &str) -> String {
    match status {
        "rejected" | "canceled" => format!("been {status}"),
        other => other.to_owned(),
    }
}

/// Prints a run as people read it.
pub(super) fn show(run: &Value) {
    print::state_line(&format!(
        "{} {} [{}]",
        print::cell(&run["id"]),
        print::cell(&run["automation_name"]),
        state::named(&run["status"])
    ));
    for line in steps(run) {
        print::state_line(&line);
    }
    if !run["outputs"].is_null() && run["outputs"] != json!({}) {
        print::line(&format!("  outputs: {}", print::value(&run["outputs"])));
    }
    if let Some(message) = run["error"]["message"].as_str() {
        print::line(&format!("  error: {}", print::shown(message)));
    }
    if let Some((_, help)) = changed(&run["error"]["details"]["changes"]) {
        print::line(&format!("  {help}"));
    }
    if let Some(waits) = run["waits_for"].as_str() {
        print::line(&format!("  {}", print::shown(waits)));
    }
    if !run["seen_by"].is_null() {
        print::line(&format!("  {}", seen_by(run)));
    }
}

/// Who has seen that a run failed, when, and why nothing more is done about it.
fn seen_by(run: &Value) -> String {
    let by = run["seen_by"].as_str().unwrap_or_default();
    let by = you(by.strip_prefix("user:").unwrap_or(by));
    let at = print::cell(&run["seen_at"]);
    print::shown(&match run["seen_reason"].as_str() {
        Some(reason) => format!("seen by {by} at {at}: {reason}"),
        None => format!("seen by {by} at {at}"),
    })
}

/// Whoever does something on the machine itself is known by the number of the user.
fn you(by: &str) -> String {
    match by == format!("uid:{}", nix::unistd::getuid()) {
        true => format!("you ({by})"),
        false => by.to_owned(),
    }
}

/// The most steps of one loop's passes that are printed; of more, only those that say something.
const SHOWN: usize = 40;

/// The steps of a run, a line each.
fn steps(run: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let steps = run["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let loop_of = |step: &Value| {
        let path = step["path"].as_str().unwrap_or_default();
        path.split_once('[').map(|(outer, _)| outer.to_owned())
    };
    let mut rest = steps;
    while let Some((first, _)) = rest.split_first() {
        let outer = loop_of(first);
        let end = rest.iter().position(|step| loop_of(step) != outer);
        let (part, more) = rest.split_at(end.unwrap_or(rest.len()));
        rest = more;
        let Some(outer) = outer.filter(|_| part.len() > SHOWN) else {
            for step in part {
                lines.push(step_line(step));
                lines.extend(changes(step));
            }
            continue;
        };
        let quiet = ["succeeded", "skipped"];
        let telling = part
            .iter()
            .filter(|step| !quiet.iter().any(|status| step["status"] == *status));
        let before = lines.len();
        lines.extend(telling.take(SHOWN).map(step_line));
        let left = part.len() - (lines.len() - before);
        lines.push(format!(
            "               {} of {outer} not shown; `--output json` has all",
            print::count(&json!(left), "step")
        ));
    }
    lines
}

/// What has changed outside so that a step stopped, a line each.
fn changes(step: &Value) -> Vec<String> {
    let changes = changed(&step["error"]["details"]["changes"]);
    let (told, _) = changes.unwrap_or_default();
    let line = |message: &str| format!("               {}", print::shown(message));
    told.into_iter().map(line).collect()
}

fn step_line(step: &Value) -> String {
    let attempts = step["attempts"].as_array().map_or(0, Vec::len);
    let times = if attempts > 1 {
        format!("  {attempts} attempts")
    } else {
        String::new()
    };
    let passes = &step["passes"];
    let mut tally = String::new();
    if passes.is_object() {
        let begun = &passes["begun"];
        tally = match passes["items"].as_u64() {
            Some(items) => format!("  {begun} of {} begun", print::count(&json!(items), "item")),
            None => format!(
                "  {} begun",
                if *begun == 1 {
                    "1 pass".to_owned()
                } else {
                    format!("{begun} passes")
                }
            ),
        };
        for (count, what) in [("failed", "failed"), ("kept", "kept from an earlier run")] {
            if passes[count] != 0 {
                tally.push_str(&format!(", {} {what}", passes[count]));
            }
        }
    }
    let mut error = step["error"]["message"]
        .as_str()
        .map(|message| format!("  {}", print::shown(message)))
        .unwrap_or_default();
    let child = step["child"]
        .as_str()
        .map(|child| format!("  -> {child}"))
        .unwrap_or_default();
    if !step["skipped"].is_null() {
        error.push_str(&format!("  {}", rehearsal::why_skipped(&step["skipped"])));
    }
    format!(
        "  {:<12} {} ({}){times}{tally}{child}{error}",
        state::named(&step["status"]),
        print::cell(&step["path"]),
        print::cell(&step["action"])
    )
}

/// Prints a run's journal as it grows, to its end. With no server nothing grows: what waits is said then.
async fn watch(client: &Client, run: &str, output: Output) -> Result<ExitCode, Failure> {
    let path = format!("/runs/{}", encode(run));
    let wait = if client.is_inside() { "" } else { "&wait=20s" };
    let mut after = 0;
    loop {
        let page = client
            .get(&format!("{path}/events?after={after}&limit=200{wait}"))
            .await?;
        let entries = page["items"].as_array().cloned().unwrap_or_default();
        for entry in &entries {
            after = entry["seq"].as_u64().unwrap_or(after);
            match output {
                Output::Json => print::exact(&entry.to_string()),
                Output::Text => {
                    print::state_line(&format!("{}  {}", print::cell(&entry["at"]), words(entry)))
                }
            }
            if entry["type"] == "finished" {
                let failed = entry["status"] != "succeeded";
                return Ok(if failed {
                    ExitCode::from(EXIT_FAILED)
                } else {
                    ExitCode::SUCCESS
                });
            }
        }
        if entries.is_empty() && client.is_inside() {
            let why = why(&client.get(&path).await?);
            return Err(Failure::new(
                EXIT_UNREACHABLE,
                "not_moving",
                format!("No server is running, so this run does not go on. {why}"),
                "Start one with `druse serve` on this folder.",
            ));
        }
    }
}

/// A decision in a few words: what it is, whose, and why.
pub(super) fn decided(decision: &Value) -> String {
    let verdict = match decision["decision"].as_str().unwrap_or_default() {
        "approve" => "approved",
        "reject" => "rejected",
        "send_back" => "sent back",
        other => other,
    };
    let by = decision["by"].as_str().unwrap_or_default();
    let by = you(by);
    print::shown(&match decision["comment"].as_str() {
        Some(comment) => format!("{verdict} by {by}: {comment}"),
        None => format!("{verdict} by {by}"),
    })
}

/// A list of texts, in one line.
fn list(texts: &Value) -> String {
    let texts = texts.as_array().into_iter().flatten();
    texts.map(print::cell).collect::<Vec<_>>().join(", ")
}

/// A fact of a journal in a few words, within a line.
pub(super) fn words(entry: &Value) -> String {
    print::shown(&said(entry))
}

fn said(entry: &Value) -> String {
    let step = entry["step"].as_str().unwrap_or_default();
    match entry["type"].as_str().unwrap_or_default() {
        "created" => "accepted".into(),
        "step_skipped" => format!(
            "{step}: skipped, {}",
            rehearsal::why_skipped(&entry["reason"])
        ),
        "step_evaluated" => format!("{step}: evaluated"),
        "step_kept" => format!("{step}: kept from an earlier run"),
        "attempt_started" => format!("{step}: attempt {} started", entry["number"]),
        "attempt_finished" => match entry["outcome"]["failure"]["message"].as_str() {
            Some(message) => format!("{step}: attempt {} failed: {message}", entry["number"]),
            None => format!("{step}: succeeded"),
        },
        "attempt_interrupted" => format!("{step}: attempt {} was interrupted", entry["number"]),
        "retry_scheduled" => format!("{step}: tried again at {}", print::cell(&entry["due"])),
        "wait_started" => format!("{step}: waits until {}", print::cell(&entry["until"])),
        "wait_finished" => format!("{step}: waited"),
        "event_awaited" => {
            let key = entry["key"].as_str();
            let key = key.map(|key| format!(" with {key:?}")).unwrap_or_default();
            let until = entry["until"].as_str();
            let until = until
                .map(|until| format!(", until {until}"))
                .unwrap_or_default();
            let wanted = print::cell(&entry["event_type"]);
            format!("{step}: waits for an event of the type {wanted}{key}{until}")
        }
        "event_taken" => format!("{step}: took the event {}", print::cell(&entry["event"])),
        "approval_requested" => {
            format!("{step}: asks: {}", print::cell(&entry["request"]["title"]))
        }
        "approval_decided" => format!("{step}: {}", decided(&entry["decision"])),
        "approval_reminded" => format!("{step}: asks again"),
        "approval_escalated" => format!("{step}: asks others, too: {}", list(&entry["approvers"])),
        "approval_reassigned" => format!(
            "{step}: given to {} by {}",
            list(&entry["approvers"]),
            print::cell(&entry["by"])
        ),
        "approval_sent_back" => format!("{step}: {}", decided(&entry["decision"])),
        "approval_voided" => format!(
            "{step}: what it let through has changed ({}): asks anew",
            entry["changes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|change| print::cell(&change["what"]))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        "approval_notified" => match entry["failure"]["message"].as_str() {
            Some(message) => format!("{step}: could not tell anybody: {message}"),
            None => format!("{step}: told"),
        },
        "approval_expired" => format!("{step}: nobody answered in time"),
        "step_failed" => format!(
            "{step}: failed: {}",
            print::cell(&entry["failure"]["message"])
        ),
        "step_resolved" => format!(
            "{step}: {} says what became of it",
            print::cell(&entry["by"])
        ),
        "step_uncertain" => format!("{step}: nobody knows whether it happened"),
        "step_checked" => match entry["answer"].as_str() {
            Some("happened") => format!("{step}: its check says that it happened"),
            Some("not_happened") => format!("{step}: its check says that it did not happen"),
            _ => format!(
                "{step}: its check does not know: {}",
                print::cell(&entry["failure"]["message"])
            ),
        },
        "step_canceled" => format!("{step}: canceled"),
        "loop_started" => format!("{step}: begins"),
        "pass_started" => format!("{step}: begins"),
        "pass_finished" => match entry["failure"]["message"].as_str() {
            Some(message) => format!("{step}: {}: {message}", print::cell(&entry["status"])),
            None => format!("{step}: {}", print::cell(&entry["status"])),
        },
        "loop_finished" => match entry["failure"]["message"].as_str() {
            Some(message) => format!("{step}: {}: {message}", print::cell(&entry["status"])),
            None => format!("{step}: {}", print::cell(&entry["status"])),
        },
        "loop_timed_out" => format!("{step}: ran out of time"),
        "pass_kept" => format!("{step}: kept from an earlier run"),
        "keeping_started" => format!("keeps {} results of an earlier run", entry["results"]),
        "cancel_requested" => format!("canceled by {}", print::cell(&entry["by"])),
        "work_finished" => format!("its own work is over: {}", print::cell(&entry["status"])),
        "handlers_started" => format!("`{}` begins", print::cell(&entry["list"])),
        "paused" => format!("paused by {}", print::cell(&entry["by"])),
        "resumed" => format!("goes on, says {}", print::cell(&entry["by"])),
        "step_paused" => format!(
            "{step}: failed and waits for a person: {}",
            print::cell(&entry["failure"]["message"])
        ),
        "step_resumed" => format!("{step}: tried again, says {}", print::cell(&entry["by"])),
        "asked_before" => {
            format!(
                "{step}: was tried by an earlier run; what asks for something else is other work"
            )
        }
        "sent_back_before" => {
            format!("{step}: had run again in an earlier run, and goes on from there")
        }
        "artifact_kept" => format!(
            "{step}: leaves {} ({})",
            print::cell(&entry["artifact"]["name"]),
            print::count(&entry["artifact"]["bytes"], "byte")
        ),
        "done_before" => format!("{step}: was done by an earlier run, and is other work here"),
        "queued" => "waits for its turn".into(),
        "rate_awaited" => format!(
            "{step}: waits for the rate of {}",
            entry["connection"].as_str().unwrap_or("its connection")
        ),
        "admitted" => "its turn has come".into(),
        "parked" => "only waits, and gives its turn to others".into(),
        "passed_over" => format!("skipped: {}", print::cell(&entry["reason"])),
        "run_timed_out" => "ran out of time".into(),
        "finished" => state::named(&entry["status"]),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::event::RunEvent;

    #[test]
    fn every_fact_has_words() {
        // Which facts there are is said by who reads them.
        let unknown = serde_json::from_value::<RunEvent>(json!({ "type": "none such" }));
        let told = unknown.unwrap_err().to_string();
        let (_, list) = told.split_once("expected one of ").unwrap();
        let types: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        assert!(types.contains(&"created") && types.contains(&"event_taken"));
        let fallback = words(&json!({ "type": "none_such" }));
        assert_eq!(fallback, "none such");
        for name in types {
            let said = words(&json!({ "type": name, "step": "pay", "status": "failed" }));
            assert_ne!(said, name.replace('_', " "), "{name} has no words");
        }
    }

    fn step(path: &str, status: &str) -> Value {
        json!({ "path": path, "status": status, "action": "http", "attempts": [] })
    }

    #[test]
    fn of_many_passes_only_those_that_say_something_are_printed() {
        let mut looped = step("each", "failed");
        looped["action"] = "for_each".into();
        looped["passes"] = json!({ "items": 60, "begun": 50, "failed": 1, "kept": 0 });
        let mut run = json!({ "steps": [step("find", "succeeded"), looped] });
        let steps = run["steps"].as_array_mut().unwrap();
        for pass in 0..50 {
            let status = if pass == 7 { "failed" } else { "succeeded" };
            steps.push(step(&format!("each[{pass}].send"), status));
        }
        steps.push(step("few", "succeeded"));
        steps.push(step("few[0].x", "succeeded"));
        assert_eq!(
            super::steps(&run),
            [
                "  ✓ succeeded  find (http)",
                "  ✕ failed     each (for_each)  50 of 60 items begun, 1 failed",
                "  ✕ failed     each[7].send (http)",
                "               49 steps of each not shown; `--output json` has all",
                "  ✓ succeeded  few (http)",
                "  ✓ succeeded  few[0].x (http)",
            ]
        );
    }
}
