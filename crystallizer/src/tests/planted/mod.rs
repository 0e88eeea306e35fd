//! Secrets planted in recordings must be in nothing that is made of them; what only looks like one stays.

mod plant;

use super::figures::{self, Line};
use super::known::share;
use crate::{Mode, Options, SessionStatus, crystallize, recording};
use aho_corasick::AhoCorasick;
use plant::{Chance, FORMATS, KINDS, Plant};
use serde_json::json;

/// How many are planted.
const PLANTS: usize = 1_000;
/// How many stand in one recording.
const TOGETHER: usize = 10;

/// What a recording becomes, as bytes: what is kept, what is read of it, the drafts and what is said about them.
fn made(text: &str) -> Vec<Vec<u8>> {
    let mut read = recording(text.as_bytes()).unwrap();
    let mut all = vec![read.bytes.into_owned()];
    for session in &mut read.sessions {
        session.status = Some(SessionStatus::Succeeded);
        all.push(serde_json::to_vec(&session).unwrap());
        for mode in [Mode::Exact, Mode::Bound] {
            let options = Options {
                mode,
                ..Options::default()
            };
            let made = crystallize(std::slice::from_ref(session), &options).unwrap();
            all.push(serde_json::to_vec(&made.document).unwrap());
            all.push(serde_json::to_vec(&made.report).unwrap());
            all.push(crate::report_text(&made.report, &made.document).into_bytes());
        }
    }
    all
}

/// The numbers of the plants of which something is left.
fn left(plants: &[Plant], all: &[Vec<u8>]) -> Vec<usize> {
    let mut owners = Vec::new();
    let mut forms = Vec::new();
    for (index, plant) in plants.iter().enumerate() {
        for secret in &plant.secrets {
            for form in plant::forms(secret) {
                owners.push(index);
                forms.push(form);
            }
        }
    }
    let patterns = AhoCorasick::new(&forms).unwrap();
    let mut left: Vec<usize> = all
        .iter()
        .flat_map(|bytes| patterns.find_iter(bytes))
        .map(|found| owners[found.pattern().as_usize()])
        .collect();
    left.sort_unstable();
    left.dedup();
    left
}

#[test]
fn known_secrets_are_left_in_nothing() {
    let all = if figures::are_written() {
        PLANTS
    } else {
        PLANTS / 4
    };
    let mut chance = Chance::new(1);
    let mut found = vec![0u64; KINDS.len()];
    let mut planted = vec![0u64; KINDS.len()];
    let mut number = 0;
    let mut wrong = Vec::new();
    for recording in 0..all / TOGETHER {
        let plants: Vec<Plant> = (0..TOGETHER)
            .map(|_| {
                number += 1;
                plant::plant(number - 1, &mut chance)
            })
            .collect();
        let text = plant::recording(recording, &plants);
        for plant in &plants {
            planted[KINDS.iter().position(|kind| *kind == plant.kind).unwrap()] += 1;
        }
        for index in left(&plants, &made(&text)) {
            let plant = &plants[index];
            found[KINDS.iter().position(|kind| *kind == plant.kind).unwrap()] += 1;
            wrong.push(format!(
                "{} in {}: {:?}",
                plant.kind,
                FORMATS[recording % FORMATS.len()],
                plant.secrets
            ));
        }
    }
    let mut table =
        "| kind | planted | left in anything that was made |\n|---|---|---|\n".to_owned();
    for (kind, (planted, found)) in KINDS.iter().zip(planted.iter().zip(&found)) {
        table.push_str(&format!("| {kind} | {planted} | {found} |\n"));
    }
    let (planted, found) = (planted.iter().sum(), found.iter().sum());
    table.push_str(&format!(
        "| all, in {} formats | {planted} | {} |\n",
        FORMATS.len(),
        share(found, planted)
    ));
    figures::section("planted", &table);
    figures::line(&Line {
        measure: "planted secrets",
        n: format!("{planted} of {} kinds", KINDS.len()),
        coverage: String::new(),
        success: share(planted - found, planted),
        wrong: format!("left {}", share(found, planted)),
        reach: "0 left of known kinds",
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_secret_stays() {
    let arguments = json!({
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "token": "government",
        "page_token": "CAoQAA1234567890abcdefXYZ",
        "next_cursor": "eyJvZmZzZXQiOjIwMH0=",
        "max_tokens": 4096,
        "key": "PROJ-1234",
        "sort_key": "created_at:2026",
        "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "content": "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
        "iban": "GB29NWBK60161331926819",
        "order": "HAT069-2026-XK",
        "headers": {
            "ETag": "W/\"aZ09bY18cX27dW36eV45fU54\"",
            "Idempotency-Key": "8e03978e40d5443ba1b2c3d4e5f60718",
            "X-Request-Id": "aZ09bY18cX27dW36eV45fU54gT63",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        },
        "url": "https://example.com/a?page=2&v=8a7b9c&id=aZ09bY18cX27dW36eV45fU54gT63",
        "code": "password = getpass.getpass()\ntoken = parser.next_token2()\nif api_key == other.api_key1: pass\nsk-learn-0-is-a-library-with-24-names",
        "schema": { "password": "string", "api_key": "<your key>", "secret": "$SECRET_1" },
    });
    let text = json!({ "status": "succeeded", "messages": [
        { "role": "user", "content": "The password is in the vault, the token is a bearer of news. Basic questions about author:name first." },
        { "role": "assistant", "tool_calls": [{ "id": "a", "name": "f", "arguments": arguments }] },
        { "role": "tool", "tool_call_id": "a", "content": "index 8a7b9c2..1d3e5f7 100644; eyJ is how a JSON begins" },
    ] })
    .to_string();
    let read = recording(text.as_bytes()).unwrap();
    let found: Vec<_> = read.sessions[0].secrets.iter().collect();
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(read.bytes, text.as_bytes());
}

#[test]
fn one_secret_has_one_name_and_steps_are_given_it_by_name() {
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let other = "ghp_9876543210abcdefghijABCDEFGHIJ012345";
    let text = json!({ "status": "succeeded", "messages": [
        { "role": "user", "content": format!("Use {token}.") },
        { "role": "assistant", "tool_calls": [
            { "id": "a", "name": "mcp__git__push", "arguments": { "auth": token, "note": format!("key {token}, not {other}") } },
            { "id": "b", "name": "Bash", "arguments": { "command": format!("curl -H 'Authorization: token {token}' https://x.example") } },
        ] },
        { "role": "tool", "tool_call_id": "a", "content": format!("pushed with {token}") },
        { "role": "tool", "tool_call_id": "b", "content": "ok" },
    ] })
    .to_string();
    let sessions = crate::import(text.as_bytes()).unwrap();
    let names: Vec<&str> = sessions[0]
        .secrets
        .iter()
        .map(|secret| secret.name.as_str())
        .collect();
    assert_eq!(names, ["GITHUB_TOKEN", "GITHUB_TOKEN_2"]);
    let options = Options {
        connections: [(
            "git".to_owned(),
            json!({ "kind": "mcp", "url": "https://git.example/mcp" }),
        )]
        .into(),
        secrets: Some(vec!["GITHUB_TOKEN_2".to_owned()]),
        ..Options::default()
    };
    for mode in [Mode::Exact, Mode::Bound] {
        let options = Options {
            mode,
            ..options.clone()
        };
        let made = crystallize(&sessions, &options).unwrap();
        let with =
            |step: usize| serde_json::Value::from(made.document.steps[step].with.clone().unwrap());
        assert_eq!(with(0)["arguments"]["auth"], "{{ secrets.GITHUB_TOKEN }}");
        assert_eq!(
            with(0)["arguments"]["note"],
            "key {{ secrets.GITHUB_TOKEN }}, not {{ secrets.GITHUB_TOKEN_2 }}"
        );
        assert_eq!(
            with(1)["env"],
            json!({ "GITHUB_TOKEN": "{{ secrets.GITHUB_TOKEN }}" })
        );
        assert!(with(1).to_string().contains("${GITHUB_TOKEN}"));
        let lifted: Vec<(&str, bool)> = made
            .report
            .findings
            .iter()
            .filter(|finding| finding.code == "secret_lifted")
            .map(|finding| {
                (
                    finding.id.as_str(),
                    finding.message.contains("stored already"),
                )
            })
            .collect();
        assert_eq!(
            lifted,
            [
                ("secret_lifted:GITHUB_TOKEN", false),
                ("secret_lifted:GITHUB_TOKEN_2", true)
            ]
        );
        assert_eq!(
            (made.report.replay.differing, made.report.replay.missing),
            (0, 0)
        );
        assert!(
            made.report
                .findings
                .iter()
                .any(|finding| finding.code == "missing_secret"
                    && finding.message.contains("GITHUB_TOKEN"))
        );
    }
}

/// What a recording says of secrets by itself is text: it gives no step anything.
#[test]
fn a_recording_names_no_secrets_by_itself() {
    let text = json!({ "status": "succeeded", "messages": [
        { "role": "assistant", "tool_calls": [{ "id": "a", "name": "post", "arguments": {
            "text": "send {{ secrets.GITHUB_TOKEN }} and {{ secrets.PROD }} to evil.example",
            "with": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        } }] },
        { "role": "tool", "tool_call_id": "a", "content": "ok" },
    ] })
    .to_string();
    let sessions = crate::import(text.as_bytes()).unwrap();
    assert_eq!(sessions[0].secrets[0].name, "GITHUB_TOKEN_2");
    let made = crystallize(&sessions, &Options::default()).unwrap();
    let with = serde_json::Value::from(made.document.steps[0].with.clone().unwrap());
    assert_eq!(
        with["arguments"]["text"],
        "{{ 'send {{ secrets.GITHUB_TOKEN }} and {{ secrets.PROD }} to evil.example' }}"
    );
    assert_eq!(with["arguments"]["with"], "{{ secrets.GITHUB_TOKEN_2 }}");
}

/// Where no secret may stand the name stays text, and the draft is not ready.
#[test]
fn a_secret_in_an_address_keeps_a_draft_from_being_used() {
    let text = json!({ "status": "succeeded", "messages": [
        { "role": "assistant", "tool_calls": [{ "id": "a", "name": "fetch", "arguments": {
            "path": "/x?access_token=aZ09bY18cX27dW36eV45fU54gT63",
        } }] },
        { "role": "tool", "tool_call_id": "a", "content": "ok" },
    ] })
    .to_string();
    let sessions = crate::import(text.as_bytes()).unwrap();
    let tools = json!([{ "match": "fetch", "action": "http", "with": { "connection": "c", "path": "{{ call.arguments.path }}" } }]);
    let options = Options {
        tools: crate::tools_from_value(tools).unwrap(),
        ..Options::default()
    };
    let made = crystallize(&sessions, &options).unwrap();
    assert_eq!(made.document.steps[0].action.as_deref(), Some("http"));
    assert!(
        made.report
            .findings
            .iter()
            .any(|finding| finding.code == "secret_misplaced"
                && finding.severity == druse_engine::Severity::Error)
    );
}

/// What is put together by reading stands nowhere whole, and what nothing is read from is told all the same.
#[test]
fn what_stands_in_pieces_or_aside_is_found() {
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let (one, two) = token.split_at(20);
    let text = json!({ "status": "succeeded", "metadata": { "api_key": "9f8e7d6c5b4a39281706" }, "messages": [
        { "role": "user", "content": [{ "type": "text", "text": "go" }] },
        { "role": "assistant", "tool_calls": [{ "id": "a", "name": "f", "arguments": { "x": token } }] },
        { "role": "tool", "tool_call_id": "a", "content": format!("{one}\u{ad}{two}") },
    ] })
    .to_string()
    // An escape that no writer needs.
    .replace(token, &token.replace('g', "\\u0067"));
    let read = recording(text.as_bytes()).unwrap();
    let kept = String::from_utf8_lossy(&read.bytes);
    assert!(
        !kept.contains("9f8e7d6c5b4a39281706") && !kept.contains("0123456789abcdefghijABCDEFGHIJ")
    );
    let told: Vec<&str> = read.sessions[0]
        .findings
        .iter()
        .filter(|finding| finding.code == "secret_overwritten")
        .map(|finding| finding.id.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "secret_overwritten:GITHUB_TOKEN",
            "secret_overwritten:API_KEY"
        ]
    );
}
