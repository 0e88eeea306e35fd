//! Laws over generated sessions.

use super::build::{connections, options};
use crate::session::*;
use crate::{Options, crystallize, parse_tools};
use druse_engine::Digest;
use druse_engine::Severity;
use druse_engine::check::{Catalog, check};
use druse_engine::definition::{Syntax, blocks_storing, parse, to_yaml};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,6}",
        "\\PC{0,12}",
        Just("{{ inputs.x }}".to_owned()),
        Just("{{".to_owned()),
        Just("}} {% x %} {# y".to_owned()),
        Just("a\n\\ 'b' \"c\"\t\u{0}\u{7f}\u{2028}".to_owned()),
        Just("NO".to_owned()),
        Just("0123".to_owned()),
        Just("2027-03-28T01:00:00Z".to_owned()),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e18..1e18).prop_map(|number: f64| Value::from(number)),
        Just(json!(1.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

#[derive(Debug, Clone)]
struct Made {
    name: String,
    arguments: Value,
    next_batch: bool,
    result: Option<(Value, Option<Value>, bool, bool)>,
    approval: Option<(bool, bool)>,
}

fn tool() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("get_user".to_owned()),
        Just("send_mail".to_owned()),
        Just("Bash".to_owned()),
        Just("shell".to_owned()),
        Just("mcp__files__read".to_owned()),
        Just("generate_query".to_owned()),
        Just("sleep".to_owned()),
        text(),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    let arguments = prop_oneof![
        json_value(),
        text().prop_map(|text| json!({ "id": text })),
        text().prop_map(|text| json!({ "command": text })),
        prop::collection::vec(text(), 1..3).prop_map(|words| json!({ "command": words })),
    ];
    let result = (
        json_value(),
        prop::option::of(json_value()),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.1),
    );
    (
        tool(),
        arguments,
        any::<bool>(),
        prop::option::weighted(0.9, result),
        prop::option::weighted(0.3, any::<(bool, bool)>()),
    )
        .prop_map(|(name, arguments, next_batch, result, approval)| Made {
            name,
            arguments,
            next_batch,
            result,
            approval,
        })
}

fn session(calls: Vec<Made>, task: &str) -> Session {
    let mut session = super::build::session(task, vec![]);
    let mut batch = 0;
    for (index, made) in calls.into_iter().enumerate() {
        batch += u32::from(made.next_batch);
        let id = format!("c{index}");
        if let Some((approved, named)) = made.approval {
            session.turns.push(super::build::approval(
                named.then_some(id.as_str()),
                approved,
                "ana",
                "{{ ok }}",
            ));
        }
        session.turns.push(Turn::Call(Box::new(ToolCall {
            id,
            name: made.name,
            arguments: made.arguments,
            batch,
            agent: None,
            folder: None,
            shell: None,
            inside: None,
            waits: false,
            started_at: None,
            finished_at: None,
            result: made
                .result
                .map(|(content, structured, is_error, refused)| ToolResult {
                    content,
                    structured: structured.map(Box::new),
                    is_error,
                    refused,
                    truncated: false,
                    unread: false,
                    exit_code: None,
                }),
        })));
    }
    session.digest = Digest::of(b"x");
    session
}

fn with_rules() -> Options {
    let tools = parse_tools(
        "- { match: \"generate_*\", action: http, with: { connection: api, method: POST, path: \"/tools/{{ call.name }}\", json: \"{{ call.arguments }}\", headers: { a: \"{{ secrets.K }}\" } }, result: output.json.data }\n- { match: \"send_*\", action: emit, with: { type: com.example.mail, data: { all: \"{{ call.arguments }}\", id: \"{{ call.arguments.id }}\" } } }",
    )
    .unwrap();
    Options {
        tools,
        connections: connections(
            json!({ "files": { "kind": "mcp", "url": "http://x" }, "api": { "kind": "http", "base_url": "http://x" } }),
        ),
        ..options()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was recorded: the draft repeats it exactly, is a valid document, and the same again gives the same bytes.
    #[test]
    fn any_session_replays_as_recorded(calls in prop::collection::vec(made(), 1..12), task in text()) {
        let session = session(calls, &task);
        let bound = |options: Options| Options { mode: crate::Mode::Bound, ..options };
        for options in [options(), with_rules(), bound(options()), bound(with_rules())] {
            let first = match crystallize(std::slice::from_ref(&session), &options) {
                Ok(first) => first,
                Err(error) => {
                    prop_assert_eq!(error.code, "nothing_to_crystallize");
                    continue;
                }
            };
            let report = &first.report;
            prop_assert_eq!(&report.replay.differences, &[]);
            prop_assert_eq!(report.replay.matched, report.counts.steps);
            prop_assert_eq!(report.counts.calls, report.counts.steps + report.counts.left_out);
            prop_assert_eq!(report.counts.steps + report.counts.gates, first.document.steps.len() as u64);

            let wrong: Vec<_> = check(&first.document, &Catalog::default())
                .into_iter()
                .filter(|finding| finding.severity == Severity::Error && blocks_storing(&finding.code))
                .collect();
            prop_assert_eq!(wrong, vec![]);

            let written = to_yaml(&first.document);
            let read = parse(&written, Syntax::Yaml);
            prop_assert!(read.is_ok(), "{:?}\n{}", read.err(), written);
            let read = read.map(|read| read.document).ok();
            prop_assert_eq!(read.as_ref(), Some(&first.document));

            let again = crystallize(std::slice::from_ref(&session), &options).unwrap();
            prop_assert_eq!(to_yaml(&again.document), written);
            prop_assert_eq!(serde_json::to_string(&again.report).unwrap(), serde_json::to_string(report).unwrap());

            let ids: std::collections::BTreeSet<_> = report.findings.iter().map(|finding| finding.id.as_str()).collect();
            prop_assert_eq!(ids.len(), report.findings.len());
            let _ = crate::text::text(report, &first.document);
        }
    }
}
