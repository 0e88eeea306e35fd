//! Every recording of the sessions folder is read, and holds what a plain count of its text says.
//!
//! The folder is `DRUSE_SESSIONS`, or `shared/sessions` beside the checkout; without it nothing is run.

#[path = "../../benches/harness/recorded.rs"]
mod recorded;

use druse_crystallizer::{Session, detect, import, to_own_form};
use recorded::{folder, recordings};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

struct File {
    format: String,
    path: PathBuf,
    bytes: Vec<u8>,
}

fn files() -> Vec<File> {
    let Some(root) = folder() else {
        println!("not run: no folder of recorded sessions (set DRUSE_SESSIONS)");
        return Vec::new();
    };
    let file = |path: PathBuf| {
        let folder = path.parent().and_then(Path::file_name).unwrap();
        let format = match folder.to_str().unwrap() {
            "otel-traces" => "otel",
            name => name,
        };
        File {
            format: format.to_owned(),
            bytes: std::fs::read(&path).unwrap(),
            path,
        }
    };
    recordings(&root).into_iter().map(file).collect()
}

fn read(file: &File) -> Vec<Session> {
    import(&file.bytes).unwrap_or_else(|error| panic!("{}: {error}", file.path.display()))
}

#[derive(Default, Debug, Clone, Copy, PartialEq)]
struct Figures {
    files: u64,
    sessions: u64,
    calls: u64,
    failed: u64,
    unmatched: u64,
    approvals: u64,
    bytes_left_out: u64,
}

#[test]
fn every_recording_is_read_in_the_format_of_its_folder() {
    let mut totals: BTreeMap<String, Figures> = BTreeMap::new();
    for file in files() {
        let found = detect(&file.bytes).map(|format| format.name());
        assert_eq!(found, Some(file.format.as_str()), "{}", file.path.display());
        let figures = totals.entry(file.format.clone()).or_default();
        figures.files += 1;
        for session in read(&file) {
            assert_eq!(session.format, file.format, "{}", file.path.display());
            let counts = session.counts();
            figures.sessions += 1;
            figures.calls += counts.tool_calls;
            figures.failed += counts.failed;
            figures.unmatched += counts.unmatched;
            figures.approvals += counts.approvals;
            figures.bytes_left_out += counts.bytes_left_out;
        }
    }
    for (format, figures) in totals {
        println!("{format}: {figures:?}");
    }
}

/// A recording's values, whatever its shape: lines that are JSON, or one document.
fn values(bytes: &[u8]) -> Vec<Value> {
    match serde_json::from_slice(bytes) {
        Ok(value) => vec![value],
        Err(_) => String::from_utf8_lossy(bytes)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
    }
}

/// How many objects anywhere in the value the test picks.
fn count(value: &Value, pick: &dyn Fn(&Value) -> u64) -> u64 {
    let inner: u64 = match value {
        Value::Array(items) => items.iter().map(|item| count(item, pick)).sum(),
        Value::Object(map) => map.values().map(|item| count(item, pick)).sum(),
        _ => 0,
    };
    inner + pick(value)
}

fn len(value: &Value, key: &str) -> u64 {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(0, |list| list.len() as u64)
}

/// Calls by a plain count over the raw JSON; `None` for formats where that is as long as reading them.
fn plain_count(file: &File) -> Option<u64> {
    let values = values(&file.bytes);
    let all =
        |pick: &dyn Fn(&Value) -> u64| values.iter().map(|value| count(value, pick)).sum::<u64>();
    let typed = |kind: &'static str| {
        move |value: &Value| u64::from(value.get("type").is_some_and(|found| found == kind))
    };
    Some(match file.format.as_str() {
        "agentdojo" => values
            .iter()
            .map(|value| count(&value["messages"], &|message| len(message, "tool_calls")))
            .sum(),
        "tau-bench" => values
            .iter()
            .map(|value| count(&value["traj"], &|message| len(message, "tool_calls")))
            .sum(),
        "tau2-bench" => {
            let messages = |value: &Value| {
                value["messages"].as_array().map_or(0, |list| {
                    list.iter().map(|message| len(message, "tool_calls")).sum()
                })
            };
            values.iter().map(messages).sum()
        }
        "codex-rollout" => all(&typed("function_call")) + all(&typed("custom_tool_call")),
        "codex-exec" => values
            .iter()
            .filter(|value| {
                value["type"] == "item.completed" && value["item"]["type"] == "command_execution"
            })
            .count() as u64,
        "gemini-cli" => all(&|value| len(value, "toolCalls")),
        "pi" => all(&typed("toolCall")),
        "bfcl" => values
            .iter()
            .map(|value| {
                value["ground_truth"].as_array().map_or(0, |turns| {
                    turns
                        .iter()
                        .map(|turn| turn.as_array().map_or(0, |calls| calls.len() as u64))
                        .sum()
                })
            })
            .sum(),
        "google-adk" => {
            all(&|value| len(value, "expected_tool_use") + len(value, "tool_uses"))
                + values
                    .iter()
                    .map(|value| {
                        count(&value["events"], &|part| {
                            u64::from(part.get("function_call").is_some_and(Value::is_object))
                        })
                    })
                    .sum::<u64>()
        }
        "swe-agent" => values
            .iter()
            .map(|value| match value["trajectory"].as_array() {
                Some(steps) => steps
                    .iter()
                    .filter(|step| {
                        step["action"]
                            .as_str()
                            .is_some_and(|action| !action.trim().is_empty())
                    })
                    .count() as u64,
                None => count(&value["history"], &|message| len(message, "tool_calls")),
            })
            .sum(),
        "atif" => all(&|value| {
            u64::from(value.get("tool_call_id").is_some() && value.get("function_name").is_some())
        }),
        "claude-code" => {
            let mut ids = std::collections::BTreeSet::new();
            let is_line =
                |value: &&Value| value["type"] == "assistant" || value.get("loglines").is_some();
            for value in values.iter().filter(is_line) {
                let lines = value["loglines"]
                    .as_array()
                    .map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
                for block in lines
                    .iter()
                    .filter_map(|line| line["message"]["content"].as_array())
                    .flatten()
                {
                    if block["type"] == "tool_use" {
                        ids.insert(block["id"].to_string());
                    }
                }
            }
            ids.len() as u64
        }
        _ => return None,
    })
}

#[test]
fn calls_are_as_many_as_a_plain_count_says() {
    for file in files() {
        let calls: u64 = read(&file)
            .iter()
            .map(|session| session.counts().tool_calls)
            .sum();
        if let Some(expected) = plain_count(&file) {
            assert_eq!(calls, expected, "{}", file.path.display());
        }
    }
}

/// Failed calls by the marks in the raw JSON, for formats that have such marks.
fn plain_failures(file: &File) -> Option<u64> {
    let values = values(&file.bytes);
    let all = |pick: &dyn Fn(&Value) -> bool| {
        values
            .iter()
            .map(|value| count(value, &|inner| u64::from(pick(inner))))
            .sum::<u64>()
    };
    let starts =
        |value: &Value, mark: &str| value.as_str().is_some_and(|text| text.starts_with(mark));
    Some(match file.format.as_str() {
        "agentdojo" => all(&|value| value["role"] == "tool" && !value["error"].is_null()),
        "tau-bench" => all(&|value| value["role"] == "tool" && starts(&value["content"], "Error")),
        "tau2-bench" => all(&|value| value["role"] == "tool" && value["error"] == true),
        "gemini-cli" => all(&|value| {
            value.get("functionResponse").is_none()
                && value.get("args").is_some()
                && value["status"] != "success"
        }),
        "pi" => all(&|value| value["role"] == "toolResult" && value["isError"] == true),
        "claude-code" => all(&|value| value["type"] == "tool_result" && value["is_error"] == true),
        "codex-rollout" => all(&|value| {
            let output = &value["output"];
            value["type"] == "function_call_output"
                && (starts(output, "failed in sandbox")
                    || starts(output, "execution error")
                    || output
                        .as_str()
                        .and_then(|text| serde_json::from_str::<Value>(text).ok())
                        .is_some_and(|inner| {
                            inner["metadata"]["exit_code"]
                                .as_i64()
                                .is_some_and(|code| code != 0)
                        }))
        }),
        _ => return None,
    })
}

#[test]
fn failed_calls_are_as_many_as_the_marks_say() {
    for file in files() {
        let failed: u64 = read(&file)
            .iter()
            .map(|session| session.counts().failed)
            .sum();
        if let Some(expected) = plain_failures(&file) {
            assert_eq!(failed, expected, "{}", file.path.display());
        }
    }
}

#[test]
fn results_find_their_calls_where_the_format_keeps_results() {
    for file in files() {
        let strict = [
            "agentdojo",
            "tau-bench",
            "tau2-bench",
            "codex-rollout",
            "codex-exec",
            "gemini-cli",
            "inspect-ai",
            "otel",
        ];
        for session in read(&file) {
            let counts = session.counts();
            if strict.contains(&file.format.as_str()) {
                assert_eq!(counts.unmatched, 0, "{}", file.path.display());
            }
            assert_eq!(
                counts.tool_calls,
                counts.succeeded + counts.failed + counts.unmatched
            );
            let ids: std::collections::BTreeSet<_> = session.calls().map(|call| &call.id).collect();
            assert_eq!(
                ids.len() as u64,
                counts.tool_calls,
                "ids are unique in {}",
                file.path.display()
            );
        }
    }
}

#[test]
fn our_own_form_holds_all_of_a_session() {
    for file in files() {
        for session in read(&file) {
            let text = serde_json::to_vec(&to_own_form(&session)).unwrap();
            let again =
                import(&text).unwrap_or_else(|error| panic!("{}: {error}", file.path.display()));
            assert_eq!(again.len(), 1, "{}", file.path.display());
            assert_eq!(again[0].turns, session.turns, "{}", file.path.display());
            assert_eq!(
                (&again[0].goal, &again[0].status, &again[0].tools),
                (&session.goal, &session.status, &session.tools)
            );
        }
    }
}

#[test]
fn reading_twice_gives_the_same_sessions() {
    for file in files() {
        assert_eq!(read(&file), read(&file), "{}", file.path.display());
    }
}

/// What is taken out of the recordings as a secret is little, and told by name, so that it can be looked through.
#[test]
fn few_values_of_recordings_are_taken_for_secrets() {
    let mut taken = 0;
    let mut sessions = 0;
    for file in files() {
        for session in read(&file) {
            sessions += 1;
            for secret in &session.secrets {
                taken += 1;
                let name = file.path.file_name().unwrap_or_default();
                println!(
                    "{} {}: {:?}",
                    name.to_string_lossy(),
                    secret.name,
                    secret.places
                );
            }
        }
    }
    println!("{taken} in {sessions} sessions");
    assert!(taken * 20 <= sessions, "{taken} in {sessions} sessions");
}
