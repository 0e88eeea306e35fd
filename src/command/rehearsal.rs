//! What did not happen, as people read it: dry runs, and versions tried on earlier runs.

use super::{document, print, state};
use crate::client::{EXIT_FAILED, Failure};
use druse_engine::definition;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Where the answers of a dry run come from, as the command line says it.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    pub(super) mocks: Option<&'a Path>,
    pub(super) from_run: Option<&'a str>,
    pub(super) from_recording: bool,
    pub(super) approve: bool,
}

impl Wanted<'_> {
    /// Adds them to the body of a start.
    pub(super) fn add_to(&self, body: &mut Value) -> Result<(), Failure> {
        body["dry_run"] = true.into();
        if let Some(path) = self.mocks {
            body["mocks"] = Value::Object(mocks_file(path)?);
        }
        if let Some(run) = self.from_run {
            body["from_run"] = run.into();
        }
        if self.from_recording {
            body["from_recording"] = true.into();
        }
        if self.approve {
            body["approve"] = true.into();
        }
        Ok(())
    }
}

/// A file of mocks: a map of paths of steps to answers, alone or under `mocks`.
fn mocks_file(path: &Path) -> Result<Map<String, Value>, Failure> {
    let text = document::read_text(path)?;
    let (mut value, _) = definition::parse_value(&text, document::syntax_of(path))
        .map_err(|findings| document::wrong(path, &text, &findings))?;
    if let Some(inner) = value.get_mut("mocks") {
        value = inner.take();
    }
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Failure::data(
            "bad_mocks",
            format!("{} holds no map of steps to answers.", path.display()),
            "Write `step: { output: … }`, as in a test.",
        )),
    }
}

/// The exit code of a dry run, wherever it was made: a failure unless it came to a good end.
pub(super) fn exit_of(run: &Value) -> ExitCode {
    match run["status"] == "succeeded" {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_FAILED),
    }
}

/// A dry run: each effect with what it asks for, and how it ends.
pub(super) fn show(run: &Value) {
    let effects = run["effects"].as_array().cloned().unwrap_or_default();
    for effect in &effects {
        let again = match effect["attempt"].as_u64() {
            Some(1) | None => String::new(),
            Some(number) => format!(", attempt {number}"),
        };
        print::line(&format!(
            "would run {} ({}{again}): {}",
            print::cell(&effect["path"]),
            print::cell(&effect["action"]),
            print::value(&effect["input"])
        ));
        let answer = match effect["answer"].as_str().unwrap_or_default() {
            "mocked" => "answered by a mock",
            "kept" => "answered as the run had kept it of an earlier one",
            "recorded" => "answered as it was recorded",
            "assumed" => "answered as a call that asked for something else",
            _ => "no answer is known",
        };
        print::line(&format!("    {answer}"));
    }
    if effects.is_empty() {
        print::line("nothing outside would be done");
    }
    for stop in run["stops"].as_array().into_iter().flatten() {
        print::line(&format!("stops: {}", print::cell(&stop["message"])));
    }
    let skipped: Vec<String> = steps_with(run, "skipped");
    if !skipped.is_empty() {
        print::line(&format!("skipped: {}", skipped.join(", ")));
    }
    let error = match run["error"]["message"].as_str() {
        Some(message) => format!(": {}", print::shown(message)),
        None => String::new(),
    };
    print::state_line(&format!(
        "dry run: {}{error}; nothing was sent",
        state::named(&run["status"])
    ));
    if !run["outputs"].is_null() {
        print::line(&format!("outputs {}", print::value(&run["outputs"])));
    }
}

fn steps_with(run: &Value, status: &str) -> Vec<String> {
    run["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|step| step["status"] == status)
        .map(|step| print::cell(&step["path"]))
        .collect()
}

/// A version tried on earlier runs.
pub(super) fn show_tried(tried: &Value) {
    for run in tried["runs"].as_array().into_iter().flatten() {
        print::line(&format!(
            "{} (version {}): {}",
            print::cell(&run["run_id"]),
            print::cell(&run["version"]),
            match run["outcome"].as_str().unwrap_or_default() {
                "not_tried" => format!("not tried: {}", print::cell(&run["reason"])),
                other => other.to_owned(),
            }
        ));
        for finding in run["findings"].as_array().into_iter().flatten() {
            print::line(&format!("    {}", print::cell(&finding["message"])));
        }
        if run["outcome"] != "changed" {
            continue;
        }
        if run["status_before"] != run["status_after"] {
            print::line(&format!(
                "  run: {} -> {}",
                print::cell(&run["status_before"]),
                print::cell(&run["status_after"])
            ));
        }
        for change in run["decisions"].as_array().into_iter().flatten() {
            print::line(&format!(
                "  {}: {} -> {}",
                print::cell(&change["path"]),
                decided(&change["before"]),
                decided(&change["after"])
            ));
        }
        for call in run["calls"].as_array().into_iter().flatten() {
            show_call(call);
        }
        if !run["outputs_before"].is_null() || !run["outputs_after"].is_null() {
            print::line("  outputs");
            print::line(&format!(
                "    before {}",
                print::value(&run["outputs_before"])
            ));
            print::line(&format!(
                "    after  {}",
                print::value(&run["outputs_after"])
            ));
        }
        for stop in run["stops"].as_array().into_iter().flatten() {
            print::line(&format!("  stops: {}", print::cell(&stop["message"])));
        }
    }
    let counts = &tried["counts"];
    print::line(&format!(
        "version {} on {}: {} the same, {} changed ({} without an answer), {} not tried; nothing was sent",
        print::cell(&tried["version"]),
        print::count(&counts["runs"], "run"),
        counts["same"],
        counts["changed"],
        counts["stopped"],
        counts["not_tried"],
    ));
}

fn show_call(call: &Value) {
    let path = print::cell(&call["path"]);
    let action = print::cell(&call["action"]);
    let what = match call["kind"].as_str().unwrap_or_default() {
        "added" => "is called now".to_owned(),
        "removed" => "is not called any more".to_owned(),
        "moved" => format!("is what {} was", print::cell(&call["from"])),
        _ => "asks for something else".to_owned(),
    };
    print::line(&format!("  {path} ({action}) {what}"));
    if call["kind"] == "moved" {
        return;
    }
    for (side, name) in [("before", "before"), ("after", "after ")] {
        if !call[side].is_null() {
            print::line(&format!("    {name} {}", print::value(&call[side])));
        }
    }
    if call["answer"] == "none" && call["kind"] != "removed" {
        print::line("    there is no recorded answer to it");
    }
}

fn decided(decided: &Value) -> String {
    if decided.is_null() {
        return "not there".into();
    }
    let mut text = print::cell(&decided["status"]);
    if let Some(case) = decided["case"].as_str() {
        text.push_str(&format!(" (case {case})"));
    }
    if let Some(decision) = decided["decision"].as_str() {
        text.push_str(&format!(" ({decision})"));
    }
    match &decided["skipped"] {
        Value::Null => {}
        reason => text.push_str(&format!(" ({})", why_skipped(reason))),
    }
    text
}

/// Why a step was skipped, in a few words.
pub(super) fn why_skipped(reason: &Value) -> String {
    let step = print::cell(&reason["step"]);
    match reason["kind"].as_str().unwrap_or_default() {
        "when" => "its `when` does not hold".into(),
        "need" => format!("{step} is {}", print::cell(&reason["status"])),
        "case" => match reason["taken"].as_str() {
            Some(taken) => format!("{step} took {taken}"),
            None => format!("{step} took no case"),
        },
        "run_ending" => "the run was ending".into(),
        _ => json!(reason).to_string(),
    }
}
