//! Why a run is not succeeded, in a sentence, and what a person can do.

use crate::console::component::{time, value};
use crate::service::words;
use serde_json::Value;

/// The hint where somebody has tried the run again since.
pub(super) fn retried(retries: &[Value]) -> Option<&'static str> {
    let last = retries.last()?;
    Some(match last["status"].as_str().unwrap_or_default() {
        "succeeded" => "A retry has done it since: nothing is left to do here.",
        "failed" | "uncertain" => "A retry failed, too: go on from that one.",
        "rejected" | "canceled" => "A retry was ended by a person.",
        _ => "A retry is on its way.",
    })
}

/// The step that broke it.
pub(super) fn broken(run: &Value) -> Option<&str> {
    failed_step(run)?["path"].as_str()
}

/// The step that failed: one of the run's own work, or else one of what follows when that is over.
fn failed_step(run: &Value) -> Option<&Value> {
    let failed = || steps(run).filter(|step| step["status"] == "failed");
    let own = |step: &&Value| !follows(step["path"].as_str().unwrap_or_default());
    failed().find(own).or_else(|| failed().next())
}

/// Whether what failed will fail again, unless something is corrected.
pub(super) fn fails_again(run: &Value) -> bool {
    let failed = failed_step(run).filter(|_| run["status"] == "failed");
    failed.is_some_and(|step| step["error"]["class"] == "permanent")
}

/// Whether a step undoes or checks another one, or handles the end of the run. Only passes of a loop have a number
/// before what is inside of them.
fn follows(path: &str) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    let inside = parts.windows(2);
    let mut inside = inside.filter(|pair| !pair[0].ends_with(']'));
    inside.any(|pair| {
        matches!(pair[1], "undo" | "check") || matches!(pair[0], "on_failure" | "finally")
    })
}

/// The sentence on top of a run, and the hint behind it; `newer` is a version that is active by now and is newer than
/// the one that ran.
pub(super) fn of(run: &Value, newer: Option<u64>) -> Option<(String, String)> {
    let status = run["status"].as_str().unwrap_or_default();
    match status {
        "succeeded" => None,
        "failed" => Some(failed(run, newer)),
        "rejected" => Some(rejected(run)),
        "skipped" => Some((
            sentence(run["error"]["message"].as_str().unwrap_or("It was skipped.")),
            "Start it again when that one has ended.".into(),
        )),
        "canceled" => Some((
            run["error"]["message"].as_str().unwrap_or("It was canceled.").to_owned(),
            "Retry it to go on from what had succeeded.".into(),
        )),
        "uncertain" => Some((
            "A step may or may not have happened: its attempt was cut, and it is not to be repeated by itself.".into(),
            "Look at the other side, then retry or cancel.".into(),
        )),
        _ => run["waits_for"].as_str().map(|waits| (sentence(waits), String::new())),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let mut text = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    if !text.ends_with(['.', '?', ':']) {
        text.push('.');
    }
    text
}

fn steps(run: &Value) -> impl Iterator<Item = &Value> {
    run["steps"].as_array().into_iter().flatten()
}

fn failed(run: &Value, newer: Option<u64>) -> (String, String) {
    let Some(step) = failed_step(run) else {
        let message = run["error"]["message"].as_str().unwrap_or("It failed.");
        return (
            sentence(message),
            "Retry it, or look at its history below.".into(),
        );
    };
    let id = step["path"].as_str().unwrap_or_default();
    let attempts = step["attempts"].as_array().map_or(0, Vec::len);
    let error = if step["error"].is_null() {
        &run["error"]
    } else {
        &step["error"]
    };
    let message = error["message"].as_str().unwrap_or("it says nothing more");
    let tried = match attempts {
        0 => format!("{id} could not begin"),
        1 => format!("{id} failed"),
        2 => format!("{id} failed twice"),
        more => format!("{id} failed {more} times"),
    };
    // Whatever the class says was said of the version that ran.
    let put_right = newer.map(|newer| {
        format!("As it is, it will fail again. Version {newer} is active by now: a retry with version {newer} may help.")
    });
    let changed = words::changed(&error["details"]["changes"]);
    let hint = match error["class"].as_str() {
        Some("permanent") if put_right.is_some() => put_right.as_deref().unwrap_or_default(),
        _ if error["code"] == "answer_changed" => {
            "The other side answers otherwise than when this was reviewed. The automation's page says what has changed."
        }
        _ if changed.is_some() => changed.as_ref().map_or("", |(_, help)| help),
        Some("retryable" | "timeout") => {
            "The other side may be back: retry goes on from this step."
        }
        Some("permanent") => {
            "It will fail again as it is: correct the step or the inputs, then retry."
        }
        Some("uncertain") => "Look at the other side before you retry: it may have happened.",
        _ => "Retry goes on from this step; the ones before it are kept.",
    };
    // A name stays as it is written.
    let mut why = format!("{tried}: {message}");
    if !why.ends_with(['.', '?', ':']) {
        why.push('.');
    }
    let told = changed.as_ref().map_or(&[][..], |(told, _)| told);
    // What the message says of an answer need not be said twice.
    for one in told.iter().filter(|one| !message.contains(**one)).take(3) {
        why.push_str(&format!(" {}", value::cut(one, 200)));
    }
    let said = error["details"]["stderr"].as_str().unwrap_or_default();
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    // Where the message does not say it already.
    if let Some(last) = last.filter(|last| !message.contains(last.trim())) {
        why.push_str(&format!(" It said: “{}”.", value::cut(last.trim(), 160)));
    }
    (why, hint.into())
}

fn rejected(run: &Value) -> (String, String) {
    let hint = "Retry it when the reason is gone: it asks again.";
    let gate = steps(run).find(|step| step["status"] == "rejected");
    let Some(gate) = gate else {
        return ("A person refused.".into(), hint.into());
    };
    let comment = gate["output"]["comment"].as_str();
    let id = gate["id"].as_str().unwrap_or_default();
    let Some(by) = gate["output"]["by"].as_str() else {
        return (
            format!("Nobody answered at the gate {id} in time."),
            "Retry it, and it asks again. Where people need longer, give the gate a longer `timeout`."
                .into(),
        );
    };
    let by = by.trim_start_matches("user:");
    let said = match comment {
        None => format!("{by} refused at the gate {id}."),
        Some(comment) => format!("{by} refused at the gate {id}: “{comment}”."),
    };
    (said, hint.into())
}

/// How long a run took or takes, in words.
pub(super) fn length(run: &Value, now: druse_engine::Timestamp) -> String {
    let from = if run["started_at"].is_null() {
        &run["created_at"]
    } else {
        &run["started_at"]
    };
    let took = time::between(from, &run["finished_at"], now).map_or_else(String::new, time::span);
    if run["finished_at"].is_null() {
        format!("for {took}")
    } else {
        format!("after {took}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_will_fail_again_may_have_been_put_right_by_a_newer_version() {
        let run = |class: &str| {
            let error =
                json!({ "class": class, "code": "exit_code", "message": "it exited with 3" });
            json!({ "status": "failed", "version": 1, "steps": [{ "path": "pay", "status": "failed", "attempts": [{}], "error": error }] })
        };
        let hint = |class: &str, newer| of(&run(class), newer).map(|(_, hint)| hint).unwrap();
        assert!(hint("permanent", None).starts_with("It will fail again as it is: correct"));
        assert_eq!(
            hint("permanent", Some(3)),
            "As it is, it will fail again. Version 3 is active by now: a retry with version 3 may help."
        );
        // What may pass by itself does so with any version.
        assert_eq!(hint("timeout", Some(3)), hint("timeout", None));
        let (why, _) = of(&run("permanent"), Some(3)).unwrap();
        assert_eq!(why, "pay failed: it exited with 3.");
    }

    #[test]
    fn a_gate_that_ran_out_of_time_was_refused_by_nobody() {
        let run = |output: Value| json!({ "status": "rejected", "steps": [{ "id": "ask", "status": "rejected", "output": output }] });
        let said = |output: Value| of(&run(output), None).unwrap();
        let (why, hint) = said(json!({ "decision": "reject", "by": null, "comment": null }));
        assert_eq!(why, "Nobody answered at the gate ask in time.");
        assert!(hint.contains("longer `timeout`"), "{hint}");
        let (why, hint) = said(json!({ "by": "user:ana", "comment": "too much" }));
        assert_eq!(why, "ana refused at the gate ask: “too much”.");
        assert!(hint.starts_with("Retry it when the reason is gone"));
    }

    #[test]
    fn a_skipped_run_says_why() {
        let run = json!({ "status": "skipped", "steps": [], "error": { "message": "run 1 of the key a is still going on" } });
        let (why, hint) = of(&run, None).unwrap();
        assert_eq!(why, "Run 1 of the key a is still going on.");
        assert_eq!(hint, "Start it again when that one has ended.");
    }

    #[test]
    fn what_broke_a_run_is_no_undo_and_no_handler_unless_nothing_else_failed() {
        let run = |paths: &[&str]| {
            let step = |path: &&str| json!({ "path": path, "status": "failed" });
            json!({ "status": "failed", "steps": paths.iter().map(step).collect::<Vec<_>>() })
        };
        for (paths, wanted) in [
            (&["pay.undo", "ship"][..], "ship"),
            (&["each[3].pay.undo", "each[4].ship"], "each[4].ship"),
            (
                &["pay.check", "finally.unlock", "each[0].undo"],
                "each[0].undo",
            ),
            (&["on_failure.tell", "undo"], "undo"),
            (&["pay.undo", "finally.unlock"], "pay.undo"),
            (&["finally[0].x"], "finally[0].x"),
        ] {
            assert_eq!(broken(&run(paths)), Some(wanted), "{paths:?}");
        }
    }
}
