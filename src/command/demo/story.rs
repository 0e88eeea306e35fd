//! What the demo says: each part of the way in words that need no knowledge of Druse.

use super::super::local::Came;
use super::super::print::{self, count};
use super::super::runs::{decided, ended};
use super::super::state;
use crate::example::Example;
use druse_engine::Timestamp;
use serde_json::Value;
use std::path::Path;

pub(super) fn say(text: &str) {
    print::line(text);
}

pub(super) fn title(text: &str) {
    say(&format!("\n{text}"));
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn recorded(example: &Example, stored: &Value) {
    let counts = &stored["counts"];
    let approvals = match counts["approvals"].as_u64() {
        None | Some(0) => String::new(),
        Some(_) => format!(
            ", and {} that a person gave",
            count(&counts["approvals"], "approval")
        ),
    };
    say(&format!(
        "  {} holds {} of the agent, {} of them failed{approvals}.",
        example.recording_name,
        count(&counts["tool_calls"], "tool call"),
        counts["failed"]
    ));
    say(&format!(
        "  Its format ({}) was found by its content; it is stored as {}.",
        print::cell(&stored["format"]),
        print::cell(&stored["id"])
    ));
}

pub(super) fn crystallized(automation: &Value, report: &Value) {
    let counts = &report["counts"];
    say(&format!(
        "  {} and {} from {}; {} left out.",
        count(&counts["steps"], "step"),
        count(&counts["gates"], "approval gate"),
        count(&counts["calls"], "call"),
        counts["left_out"]
    ));
    for (index, step) in items(&automation["document"]["steps"]).enumerate() {
        let kind = if step["action"] == "approval_gate" {
            "approval gate".to_owned()
        } else {
            print::cell(&step["action"])
        };
        let more = ["tool", "title", "script"]
            .iter()
            .find_map(|name| step["with"][name].as_str())
            .filter(|more| step["id"] != *more)
            .unwrap_or_default();
        let line = format!(
            "    {}. {:<18} {kind:<14} {more}",
            index + 1,
            print::cell(&step["id"])
        );
        say(line.trim_end());
    }
}

/// The gate and what is behind it, or the last step: enough to see what a draft looks like.
pub(super) fn draft(yaml: &str, document: &Value) {
    let ids: Vec<&str> = items(&document["steps"])
        .filter_map(|step| step["id"].as_str())
        .collect();
    let gate = items(&document["steps"]).position(|step| step["action"] == "approval_gate");
    let from = gate.unwrap_or(ids.len().saturating_sub(1));
    let shown = &ids[from..ids.len().min(from + 2)];
    say("  The draft is a YAML document. A part of it:");
    let mut inside = false;
    for line in yaml.lines() {
        if let Some(id) = line.strip_prefix("  - id: ") {
            inside = shown.contains(&id);
        } else if !line.starts_with(' ') {
            inside = false;
        }
        if inside {
            say(&format!(
                "    | {}",
                line.strip_prefix("  ").unwrap_or(line)
            ));
        }
    }
}

pub(super) fn replayed(replay: &Value) {
    say(&format!(
        "  The draft was run with each tool answered by the recording: {} equal, {} different, {} missing.",
        count(&replay["matched"], "request"),
        replay["differing"],
        replay["missing"]
    ));
}

/// The findings that a person accepts by name.
pub(super) fn to_acknowledge(automation: &Value) -> impl Iterator<Item = &Value> {
    items(&automation["findings"]).filter(|finding| finding["acknowledge"] == true)
}

pub(super) fn flagged(automation: &Value, report: &Value) {
    let mut any = false;
    for step in items(&automation["document"]["steps"]) {
        for reason in items(&step["metadata"]["reasons"]) {
            any = true;
            say(&format!(
                "  - {} is not deterministic: {}.",
                print::cell(&step["id"]),
                print::cell(&reason["message"])
            ));
        }
    }
    for finding in items(&report["findings"]) {
        let worth = finding["severity"] != "info" || finding["code"] == "failed_then_repeated";
        if worth {
            any = true;
            say(&format!("  - {}", print::cell(&finding["message"])));
        }
    }
    if !any {
        say("  - Nothing.");
    }
}

pub(super) fn activated(automation: &Value) {
    let accepted: Vec<String> = items(&automation["acknowledged"])
        .map(print::cell)
        .collect();
    if !accepted.is_empty() {
        say(&format!(
            "  Accepted by name, as a person does: {}.",
            accepted.join(", ")
        ));
    }
    say(&format!(
        "  {} is {} with version {}. From here on a trigger, a person or an API call can start it.",
        print::cell(&automation["name"]),
        print::cell(&automation["status"]),
        automation["active_version"]
    ));
}

/// When each step began, counted from the start of the run, and how long it took; of a gate, how long a
/// person was waited for.
pub(super) fn timeline(run: &Value, gates: &[Value]) {
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    let start = time(&run["created_at"]);
    for step in items(&run["steps"]) {
        let attempt = items(&step["attempts"]).last();
        let gate = gates.iter().find(|gate| gate["step_id"] == step["id"]);
        let decision = gate.and_then(|gate| items(&gate["decisions"]).last());
        let from = attempt
            .and_then(|attempt| time(&attempt["started_at"]))
            .or_else(|| time(&gate?["requested_at"]));
        let to = attempt
            .and_then(|attempt| time(&attempt["finished_at"]))
            .or_else(|| time(&decision?["at"]));
        let when = match (start, from) {
            (Some(start), Some(from)) => format!("+{:>5} ms", from.since(start).as_millis()),
            _ => String::new(),
        };
        let long = match (from, to) {
            (Some(from), Some(to)) => format!("{:>7} ms", to.since(from).as_millis()),
            _ => String::new(),
        };
        let by = decision
            .map(|decision| format!(": {}", decided(decision)))
            .unwrap_or_default();
        say(&format!(
            "  {when:<9} {long:<10}  {:<18} {}{by}",
            print::cell(&step["id"]),
            state::named(&step["status"])
        ));
    }
}

pub(super) fn changes(changes: &[String]) {
    if changes.is_empty() {
        say("  Nothing.");
    }
    for line in changes {
        say(&format!("  {line}"));
    }
}

/// Says how it came out; whether it succeeded.
pub(super) fn ending(came: &Came) -> bool {
    let status = print::cell(&came.run()["status"]);
    match came {
        Came::Waits { approval, .. } => say(&format!(
            "\nNobody answered, so the run waits for an approval: {}",
            print::cell(&approval["title"])
        )),
        Came::Over(run) if run["status"] == "succeeded" => {
            say("\nThe run succeeded. No AI took part in it, and it can run again every day.")
        }
        Came::Over(run) if run["status"] == "rejected" => {
            say("\nThe run was rejected at the gate, so what stood behind the gate was not done.")
        }
        Came::Over(run) => say(&format!(
            "\nThe run has {}: {}",
            ended(&status),
            print::cell(&run["error"]["message"])
        )),
    }
    status == "succeeded"
}

/// Where a newcomer goes from here.
pub(super) fn next(example: &Example, kept: Option<&Path>, came: &Came) {
    title("Where to go next");
    let line = |command: &str, why: &str| say(&format!("  {command}\n      {why}"));
    if let Some(folder) = kept {
        let (folder, data) = (folder.display(), folder.join("data"));
        let data = data.display();
        say(&format!("  Everything is kept in {folder}."));
        if let Came::Waits { approval, .. } = came {
            line(
                &format!(
                    "druse approvals approve {} --data {data}",
                    print::cell(&approval["id"])
                ),
                "decide now; the run goes on from where it stands",
            );
        }
        line(
            &format!("druse runs list --data {data}"),
            "the history of this run",
        );
        line(
            &format!("druse run {folder}/automation.yaml --connections {folder}/connections.yaml"),
            "run the draft again, in the same world",
        );
        line(
            &format!("druse serve --data {data}"),
            "the same automation in a server, with an HTTP API",
        );
    } else {
        if matches!(came, Came::Waits { .. }) {
            line("druse demo --yes", "the same, approved by itself");
        }
        line(
            &format!("druse demo --example {} --keep", example.name),
            "the same again, and its folder stays to look at",
        );
    }
    line(
        "druse crystallize YOUR-SESSION.jsonl > auto.yaml",
        "a recording of your own agent; then `druse check auto.yaml` and `druse run auto.yaml`",
    );
}
