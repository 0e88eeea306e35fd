//! How Codex answers its model: the words that it puts before what a tool gave, and those in the place of an answer.

use super::body::parse_text;
use super::builder::Answer;
use super::notes::Notes;
use super::refusal;
use super::value::*;
use serde_json::Value;

/// An answer, with what its head tells.
pub(super) struct Read {
    pub(super) answer: Answer,
    /// Whether it was a person who refused the call; a policy or a reviewer may have done it, too.
    pub(super) by_person: bool,
    /// The session of a command that still runs.
    pub(super) running: Option<String>,
}

/// What an answer begins with when the call failed.
const FAILED: [&str; 9] = [
    "exec_command failed for ",
    "write_stdin failed",
    "apply_patch verification failed",
    "tool call error",
    "tool call failed",
    "unable to locate ",
    "failed ",
    "execution error",
    "unsupported call",
];

/// What it begins with when a policy, a hook or a reviewing model let the call not run: nobody was asked.
const NOT_RUN: [&str; 5] = [
    "This action was rejected due to ",
    "Command blocked by ",
    "approval policy is ",
    "patch rejected: ",
    "Tool call blocked by ",
];

/// What a wrapped error ends with when the person said no.
const BY_PERSON: [&str; 2] = [
    "Rejected(\\\"rejected by user\\\")\" }",
    "Rejected(\"rejected by user\")",
];

/// Reads an output item.
pub(super) fn read(output: &Value, notes: &mut Notes, line: u32) -> Read {
    let parsed = output
        .as_str()
        .filter(|text| text.trim_start().starts_with('{'))
        .and_then(|text| parse_text(text, notes));
    let object = parsed.as_ref().unwrap_or(output);
    let code = object
        .get("metadata")
        .and_then(|metadata| metadata.get("exit_code"))
        .and_then(Value::as_i64);
    if let Some(inner) = object.get("output").filter(|_| {
        object.get("metadata").is_some() || object.as_object().is_some_and(|map| map.len() == 1)
    }) {
        return with_code(inner.clone(), code);
    }
    if let Some(inner) = object.get("content").filter(|_| parsed.is_none()) {
        let mut read = of_text(content_text(inner, notes, line), notes, line);
        read.answer.result.is_error |= object.get("success") == Some(&Value::Bool(false));
        return read;
    }
    of_text(content_text(output, notes, line), notes, line)
}

fn with_code(content: Value, code: Option<i64>) -> Read {
    let mut answer = Answer::new(content);
    answer.is_sure = true;
    answer.result.exit_code = code;
    answer.result.is_error = code.is_some_and(|code| code != 0);
    Read {
        answer,
        by_person: false,
        running: None,
    }
}

fn of_text(text: String, notes: &mut Notes, line: u32) -> Read {
    if let Some(rest) = text.strip_prefix("failed in sandbox") {
        // The recorder's own words, with the code inside: "…, exit code: 1, stdout: …".
        let code = rest
            .split_once("exit code: ")
            .and_then(|(_, rest)| rest.split(',').next()?.trim().parse().ok());
        let mut read = with_code(Value::from(text), code);
        read.answer.result.is_error |= code.is_none();
        return read;
    }
    let head = Head::of(&text);
    if head.code.is_some() {
        return with_code(Value::from(head.body), head.code);
    }
    let is_headed = head.body.len() < text.len();
    let running = head.running.map(str::to_owned);
    let body = listed(head.body, notes, line).unwrap_or_else(|| head.body.to_owned());
    let by_person = is_refusal(&body, is_headed) || head.aborted;
    let not_run = !is_headed
        && (NOT_RUN.iter().any(|begin| body.starts_with(begin))
            || body.starts_with(FAILED[0]) && body.contains("message: \"Rejected("));
    let failed = running.is_none()
        && (by_person
            || not_run
            || !is_headed && FAILED.iter().any(|begin| body.starts_with(begin)));
    let inferred = !failed && running.is_none() && text_says_failed(&body);
    if inferred {
        notes.add("failure_inferred", "", line);
    }
    let mut read = with_code(Value::from(body), None);
    read.answer.result.is_error = failed || inferred;
    read.answer.result.refused = by_person || not_run;
    read.by_person = by_person;
    read.running = running;
    read
}

/// Whether an answer without an exit code tells that the person refused the call, or stopped it.
fn is_refusal(body: &str, is_headed: bool) -> bool {
    let whole = body.trim_end();
    refusal::is_told(body)
        || !is_headed && body.starts_with("aborted by user")
        || whole.starts_with(FAILED[0]) && BY_PERSON.iter().any(|end| whole.ends_with(end))
}

/// What stands before an answer, a line each, and the answer behind it.
struct Head<'t> {
    code: Option<i64>,
    running: Option<&'t str>,
    /// Whether the person stopped it: this stands in the place of an answer.
    aborted: bool,
    body: &'t str,
}

/// How the lines of a head begin. None of them stands in it twice, and others may stand between.
const LINES: [&str; 3] = ["Chunk ID: ", "Wall time: ", "Exit code: "];
/// The most lines of a head.
const MOST_LINES: usize = 10;

impl<'t> Head<'t> {
    fn of(text: &'t str) -> Self {
        let mut head = Self {
            code: None,
            running: None,
            aborted: false,
            body: text,
        };
        if !LINES.iter().any(|begin| text.starts_with(begin)) {
            return head;
        }
        let (mut code, mut running, mut place) = (None, None, 0);
        for line in text.split_inclusive('\n').take(MOST_LINES) {
            place += line.len();
            let line = line.trim_end();
            let told = |begin: &str| line.strip_prefix(begin).map(str::trim);
            if line == "Output:" {
                head.body = &text[place..];
                (head.code, head.running) = (code, running);
                return head;
            }
            if line == "aborted by user" {
                head.aborted = true;
                return head;
            }
            code = code.or_else(|| {
                told("Exit code: ")
                    .or_else(|| told("Process exited with code "))?
                    .parse()
                    .ok()
            });
            running = running.or_else(|| told("Process running with session ID "));
        }
        // A command that put nothing out may have no such line.
        let told = |line: &str| {
            LINES.iter().any(|begin| line.starts_with(begin)) || line.starts_with("Process ")
        };
        if text.lines().all(told) {
            (head.code, head.running) = (code, running);
        }
        head
    }
}

/// The text of an answer that is the list of parts that a server of the Model Context Protocol gave.
fn listed(body: &str, notes: &mut Notes, line: u32) -> Option<String> {
    if !body.trim_start().starts_with("[{") || !body.contains("\"type\"") {
        return None;
    }
    let list = parse_text(body, notes)?;
    let is_part = |part: &Value| match text(part, "type") {
        Some("text") => part.get("text").is_some_and(Value::is_string),
        Some("image" | "audio") => part.get("data").is_some_and(Value::is_string),
        Some("resource") => part.get("resource").is_some_and(Value::is_object),
        Some("resource_link") => part.get("uri").is_some_and(Value::is_string),
        _ => false,
    };
    let is_small = |part: &Value| {
        part.as_object().is_some_and(|map| {
            map.keys().all(|key| {
                [
                    "type",
                    "text",
                    "data",
                    "mimeType",
                    "resource",
                    "uri",
                    "name",
                    "title",
                    "description",
                    "size",
                    "annotations",
                    "_meta",
                ]
                .contains(&key.as_str())
            })
        })
    };
    list.as_array()
        .filter(|parts| parts.iter().all(|part| is_part(part) && is_small(part)))
        .filter(|parts| parts.iter().any(|part| text(part, "type") == Some("text")))
        .map(|_| content_text(&list, notes, line))
}

/// The words of an error that `codex exec` keeps beside its item.
pub(super) fn of_error(error: &Value) -> Option<Read> {
    let said = text(error, "message").or_else(|| error.as_str())?;
    let mut read = of_text(said.to_owned(), &mut Notes::default(), 0);
    read.answer.result.is_error = true;
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(output: &str) -> (bool, bool, bool, Option<i64>, String) {
        let read = read(&json!(output), &mut Notes::default(), 0);
        let result = &read.answer.result;
        (
            result.is_error,
            result.refused,
            read.by_person,
            result.exit_code,
            result.content.as_str().unwrap().to_owned(),
        )
    }

    #[test]
    fn what_did_not_run_is_told_from_what_failed() {
        let long = format!("echo {}", "x".repeat(400));
        let wrapped = |reason: &str| {
            format!(
                "exec_command failed for `/bin/bash -lc '{long}'`: CreateProcess {{ message: {reason:?} }}"
            )
        };
        let refused = (true, true, true);
        let not_run = (true, true, false);
        let failed = (true, false, false);
        let ran = (false, false, false);
        for (output, expected) in [
            ("user rejected MCP tool call".to_owned(), refused),
            ("user cancelled MCP tool call".to_owned(), refused),
            (
                "Wall time: 0.1 seconds\nOutput:\nuser rejected MCP tool call".to_owned(),
                refused,
            ),
            ("exec command rejected by user".to_owned(), refused),
            ("aborted by user after 3.1s".to_owned(), refused),
            (
                "Wall time: 3.1 seconds\naborted by user".to_owned(),
                refused,
            ),
            (wrapped("Rejected(\"rejected by user\")"), refused),
            (
                wrapped(
                    "Rejected(\"approval required by policy, but AskForApproval is set to Never\")",
                ),
                not_run,
            ),
            (
                "This action was rejected due to unacceptable risk.\nReason: x".to_owned(),
                not_run,
            ),
            (
                "Command blocked by PreToolUse hook: no. Command: rm a".to_owned(),
                not_run,
            ),
            (wrapped("Codex(Sandbox(Denied { exit_code: 1 }))"), failed),
            (
                "apply_patch verification failed: Failed to find expected lines".to_owned(),
                failed,
            ),
            (
                "write_stdin failed: Unknown process id 7".to_owned(),
                failed,
            ),
            ("tool call error: timed out".to_owned(), failed),
            ("unable to locate image at `/a.png`".to_owned(), failed),
            (
                "Wall time: 0.2 seconds\nOutput:\nError: job is locked".to_owned(),
                failed,
            ),
            ("{\"ok\":true}".to_owned(), ran),
            // What somebody else wrote about it is an answer.
            ("The log says: user rejected MCP tool call".to_owned(), ran),
            (
                "Wall time: 0.2 seconds\nOutput:\nCommand blocked by the firewall of the guest"
                    .to_owned(),
                ran,
            ),
            ("Payment pay_7 was denied by user ann".to_owned(), ran),
        ] {
            let (is_error, refused, by_person, _, _) = told(&output);
            assert_eq!((is_error, refused, by_person), expected, "{output}");
        }
    }

    #[test]
    fn the_code_is_that_of_the_head() {
        let exit = |code: i64, body: &str| (code != 0, false, false, Some(code), body.to_owned());
        let plain = |body: &str| (false, false, false, None, body.to_owned());
        for (output, expected) in [
            (
                "Chunk ID: ac\nWall time: 0.1 seconds\nProcess exited with code 0\nOriginal token count: 5\nOutput:\njob 7 failed\nExit code: 1\n",
                exit(0, "job 7 failed\nExit code: 1\n"),
            ),
            (
                "Chunk ID: ac\nWall time: 0.1 seconds\nProcess exited with code 0\nOutput:\nabc Payments denied by user\n",
                exit(0, "abc Payments denied by user\n"),
            ),
            (
                "Exit code: 124\nWall time: 10 seconds\nTotal output lines: 3\nOutput:\ntimed out\n",
                exit(124, "timed out\n"),
            ),
            (
                "{\"output\":\"Exit code: 1\",\"metadata\":{\"exit_code\":0}}",
                exit(0, "Exit code: 1"),
            ),
            (
                "{\"status\":\"failed\",\"log\":\"Exit code: 1\"}",
                plain("{\"status\":\"failed\",\"log\":\"Exit code: 1\"}"),
            ),
            (
                "Wall time: 0.2 seconds\nOutput:\n{\"total\":5}",
                plain("{\"total\":5}"),
            ),
            (
                "Wall time: 0.2 seconds\nOutput:\n[{\"type\":\"text\",\"text\":\"{\\\"total\\\":5}\"}]",
                plain("{\"total\":5}"),
            ),
            (
                "[{\"type\":\"text\",\"body\":\"x\"}]",
                plain("[{\"type\":\"text\",\"body\":\"x\"}]"),
            ),
            (
                "Wall time: two hours\nWe met and spoke.",
                plain("Wall time: two hours\nWe met and spoke."),
            ),
        ] {
            assert_eq!(told(output), expected, "{output}");
        }
    }

    #[test]
    fn a_command_that_still_runs_names_its_session() {
        let output = json!(
            "Chunk ID: ac\nWall time: 10.0 seconds\nProcess running with session ID 77\nOutput:\nError: none so far\n"
        );
        let read = read(&output, &mut Notes::default(), 0);
        assert_eq!(read.running.as_deref(), Some("77"));
        assert!(!read.answer.result.is_error);
        assert_eq!(read.answer.result.content, "Error: none so far\n");
    }
}
