//! Makes an example's recording by driving its real tools: every result in it is what a tool answered.

use super::{Example, World, tools, world};
use crate::runtime::clock;
use serde_json::{Map, Value, json};
use std::io;
use std::path::Path;
use std::process::Command;

/// What stands in a recording for the folder of the world, so that it holds no path of one machine.
const WORLD: &str = "${WORLD}";

/// Plays an example's script in a new world below `root`, and gives the recording in the script's format.
///
/// # Errors
/// When the world cannot be made or the script is not one.
pub fn record(example: &Example, root: &Path) -> io::Result<String> {
    let world = world::create(example, root)?;
    let script: Value = serde_json::from_str(example.script)?;
    let text = |name: &str| script[name].as_str().unwrap_or_default().to_owned();
    let mut player = Player {
        world,
        lines: Vec::new(),
        calls: 0,
    };
    let mut writer: Box<dyn Format> = match text("format").as_str() {
        "druse" => Box::new(Own),
        "openai" => Box::new(OpenAi),
        "claude-code" => Box::new(ClaudeCode {
            session: "5f1d2c3b-0000-4000-8000-7e57ab1e0001".into(),
            parent: Value::Null,
        }),
        other => return Err(io::Error::other(format!("unknown script format {other:?}"))),
    };
    for turn in script["turns"].as_array().into_iter().flatten() {
        for role in ["user", "assistant"] {
            if let Some(said) = turn[role].as_str() {
                let at = clock::now().to_string();
                writer.said(role, said, &at, &mut player.lines);
            }
        }
        let together: Vec<&Value> = match turn["together"].as_array() {
            Some(calls) => calls.iter().collect(),
            None if turn["call"].is_string() => vec![turn],
            None => continue,
        };
        let calls: Vec<Called> = together.into_iter().map(|call| player.call(call)).collect();
        writer.called(&calls, &mut player.lines);
    }
    Ok(match text("format").as_str() {
        "druse" => pretty(&json!({
            "status": "succeeded", "agent": text("agent"), "goal": text("goal"), "id": text("id"),
            "tools": offered(), "messages": player.lines,
        }))?,
        "openai" => pretty(&json!({ "messages": player.lines }))?,
        _ => player
            .lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect(),
    })
}

fn pretty(value: &Value) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn offered() -> Vec<Value> {
    tools::tools()
        .into_iter()
        .map(|tool| {
            json!({ "name": tool.name, "description": tool.description, "input_schema": tool.input_schema,
                "annotations": { "readOnlyHint": tool.read_only } })
        })
        .collect()
}

/// A call that was made, with what came of it.
struct Called {
    id: String,
    name: String,
    arguments: Map<String, Value>,
    answer: Value,
    is_error: bool,
    started: String,
    finished: String,
    approved_by: Option<String>,
    comment: Option<String>,
}

struct Player {
    world: World,
    lines: Vec<Value>,
    calls: u32,
}

impl Player {
    fn call(&mut self, plan: &Value) -> Called {
        self.calls += 1;
        let name = plan["call"].as_str().unwrap_or_default().to_owned();
        let arguments = plan["arguments"].as_object().cloned().unwrap_or_default();
        let started = clock::now().to_string();
        let answer = match name.as_str() {
            "Bash" => self.shell(
                arguments
                    .get("command")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            ),
            _ => tools::call(&self.world, &name, &arguments, None),
        };
        let (answer, is_error) = match answer {
            Ok(value) => (value, false),
            Err(sentence) => (sentence.into(), true),
        };
        Called {
            id: format!("call_{:02}", self.calls),
            name,
            arguments,
            answer,
            is_error,
            started,
            finished: clock::now().to_string(),
            approved_by: plan["approved_by"].as_str().map(String::from),
            comment: plan["comment"].as_str().map(String::from),
        }
    }

    fn shell(&self, command: &str) -> Result<Value, String> {
        let output = Command::new("/bin/sh")
            .args(["-c", command])
            .current_dir(&self.world.root)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .output()
            .map_err(|error| format!("The shell cannot be started: {error}."))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said.trim_end().into());
        }
        Err(format!("{said}{}", String::from_utf8_lossy(&output.stderr))
            .trim_end()
            .to_owned())
    }
}

/// How a recorder writes things down.
trait Format {
    fn said(&mut self, role: &str, text: &str, at: &str, lines: &mut Vec<Value>);
    fn called(&mut self, calls: &[Called], lines: &mut Vec<Value>);
}

struct Own;

impl Format for Own {
    fn said(&mut self, role: &str, text: &str, _: &str, lines: &mut Vec<Value>) {
        lines.push(json!({ "role": role, "content": text }));
    }

    fn called(&mut self, calls: &[Called], lines: &mut Vec<Value>) {
        let made: Vec<Value> = calls
            .iter()
            .map(|call| json!({ "id": call.id, "name": call.name, "arguments": call.arguments }))
            .collect();
        lines.push(json!({ "role": "assistant", "content": "", "tool_calls": made }));
        for call in calls {
            if let Some(by) = &call.approved_by {
                lines.push(json!({ "role": "approval", "tool_call_id": call.id, "decision": "approved", "by": by,
                    "comment": call.comment, "requested_at": call.started, "decided_at": call.started }));
            }
            lines.push(json!({ "role": "tool", "tool_call_id": call.id, "content": call.answer, "is_error": call.is_error,
                "started_at": call.started, "finished_at": call.finished }));
        }
    }
}

struct OpenAi;

impl Format for OpenAi {
    fn said(&mut self, role: &str, text: &str, _: &str, lines: &mut Vec<Value>) {
        lines.push(json!({ "role": role, "content": text }));
    }

    fn called(&mut self, calls: &[Called], lines: &mut Vec<Value>) {
        let made: Vec<Value> = calls
            .iter()
            .map(|call| {
                let arguments = Value::Object(call.arguments.clone()).to_string();
                json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": arguments } })
            })
            .collect();
        lines.push(json!({ "role": "assistant", "content": null, "tool_calls": made }));
        for call in calls {
            let content = call
                .answer
                .as_str()
                .map_or_else(|| call.answer.to_string(), String::from);
            lines.push(json!({ "role": "tool", "tool_call_id": call.id, "content": content }));
        }
    }
}

struct ClaudeCode {
    session: String,
    parent: Value,
}

impl ClaudeCode {
    fn line(&mut self, kind: &str, at: &str, message: Value, lines: &mut Vec<Value>) {
        let uuid = format!("5f1d2c3b-0000-4000-8000-{:012x}", lines.len() + 1);
        lines.push(json!({
            "parentUuid": self.parent, "isSidechain": false, "userType": "external", "cwd": WORLD,
            "sessionId": self.session, "version": "2.0.0", "type": kind, "message": message, "uuid": uuid, "timestamp": at,
        }));
        self.parent = uuid.into();
    }
}

impl Format for ClaudeCode {
    fn said(&mut self, role: &str, text: &str, at: &str, lines: &mut Vec<Value>) {
        let content = if role == "user" {
            json!(text)
        } else {
            json!([{ "type": "text", "text": text }])
        };
        self.line(role, at, json!({ "role": role, "content": content }), lines);
    }

    fn called(&mut self, calls: &[Called], lines: &mut Vec<Value>) {
        for call in calls {
            let used = json!([{ "type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments }]);
            let id = format!("msg_{}", call.id);
            self.line(
                "assistant",
                &call.started,
                json!({ "id": id, "role": "assistant", "content": used }),
                lines,
            );
            let answered = json!([{ "type": "tool_result", "tool_use_id": call.id, "content": call.answer, "is_error": call.is_error }]);
            self.line(
                "user",
                &call.finished,
                json!({ "role": "user", "content": answered }),
                lines,
            );
        }
    }
}
