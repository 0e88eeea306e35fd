//! What a call was given and nobody can tell: a key that stands twice, a number that cannot be kept. In each notation in
//! which recordings keep it.

use super::*;
use crate::{Mode, Options, crystallize};

/// The text of one JSON text inside of another.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Recordings of one call of `pay`, which is given this text of JSON: each with the way in which it stands there.
fn recordings(given: &str) -> Vec<(&'static str, String)> {
    let text = quoted(given);
    let chat = |given: &str| {
        format!(
            r#"{{"messages":[{{"role":"user","content":"Pay."}},{{"role":"assistant","content":null,"tool_calls":[{{"id":"c1","type":"function","function":{{"name":"pay","arguments":{given}}}}}]}},{{"role":"tool","tool_call_id":"c1","content":"ok"}}]}}"#
        )
    };
    let blocks = format!(
        r#"[{{"role":"user","content":"Pay."}},{{"role":"assistant","content":[{{"type":"tool_use","id":"c1","name":"pay","input":{given}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c1","content":"ok"}}]}}]"#
    );
    let asked = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"pay","arguments":{given}}}}}"#
    );
    let told = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"ok"}]}}"#;
    vec![
        ("a chat, as text", chat(&text)),
        ("a chat, as it is", chat(given)),
        ("blocks", format!(r#"{{"messages":{blocks}}}"#)),
        (
            "a text that holds a recording",
            format!(r#"{{"thread":{}}}"#, quoted(&blocks)),
        ),
        ("messages of the protocol", format!("{asked}\n{told}")),
        (
            "the same as text in envelopes",
            format!(
                "{{\"message\":{}}}\n{{\"message\":{}}}",
                quoted(&asked),
                quoted(told)
            ),
        ),
        (
            "the same in a log",
            format!("10:00:00 [info] {asked}\n10:00:01 [info] {told}\n"),
        ),
        (
            "lines of an agent",
            format!(
                "{}\n{}\n{}",
                r#"{"type":"user","sessionId":"s","uuid":"1","message":{"role":"user","content":"Pay."}}"#,
                format_args!(
                    r#"{{"type":"assistant","sessionId":"s","uuid":"2","parentUuid":"1","message":{{"id":"m","role":"assistant","content":[{{"type":"tool_use","id":"c1","name":"pay","input":{given}}}]}}}}"#
                ),
                r#"{"type":"user","sessionId":"s","uuid":"3","parentUuid":"2","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"ok"}]}}"#
            ),
        ),
    ]
}

/// The codes that have to be acknowledged of the draft, of those that are about what a call was given.
fn acknowledged(body: &str, mode: Mode) -> Vec<String> {
    let sessions = sessions(body);
    let options = Options {
        mode,
        ..Options::default()
    };
    let made = crystallize(&sessions, &options).unwrap();
    let findings = made.report.findings.iter().filter(|finding| {
        finding.acknowledge && matches!(&*finding.code, "repeated_key" | "number_precision")
    });
    findings
        .map(|finding| format!("{} {}", finding.code, finding.step.as_deref().unwrap_or("")))
        .collect()
}

#[test]
fn they_have_to_be_acknowledged_however_they_were_recorded() {
    for (given, expected) in [
        (r#"{"to":"a","to":"b"}"#, "repeated_key pay"),
        (r#"{"in":[{"to":"a","n":1,"to":"b"}]}"#, "repeated_key pay"),
        (
            r#"{"to":"a","n":12345678901234567890123}"#,
            "number_precision pay",
        ),
        (
            r#"{"to":"a","n":0.1234567890123456789}"#,
            "number_precision pay",
        ),
    ] {
        for (name, body) in recordings(given) {
            for mode in [Mode::Exact, Mode::Bound] {
                assert_eq!(acknowledged(&body, mode), [expected], "{name}: {body}");
            }
        }
    }
}

#[test]
fn a_number_out_of_range_has_to_be_acknowledged_too() {
    for (name, body) in recordings(r#"{"to":"a","n":1e400}"#) {
        // What is no JSON is looked for as such neither in a text inside of another nor behind words.
        if matches!(name, "a text that holds a recording" | "the same in a log") {
            continue;
        }
        assert_eq!(
            acknowledged(&body, Mode::Exact),
            ["number_precision pay"],
            "{name}: {body}"
        );
    }
}

#[test]
fn what_is_certain_is_not_asked_about() {
    for given in [
        r#"{"to":"a","in":{"to":"b"}}"#,
        r#"{"to":"a","to":"a"}"#,
        r#"{"n":123456789012345678,"m":0.1,"k":1e300}"#,
        r#"{"text":"12345678901234567890123 and 1e400"}"#,
    ] {
        for (name, body) in recordings(given) {
            assert_eq!(
                acknowledged(&body, Mode::Exact),
                Vec::<String>::new(),
                "{name}: {body}"
            );
        }
    }
}
