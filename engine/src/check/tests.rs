use super::*;
use crate::definition::{Syntax, from_value, parse};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn catalog() -> Catalog {
    Catalog {
        connections: Some(
            [("crm", "http"), ("warehouse", "mcp")]
                .into_iter()
                .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
                .collect(),
        ),
        secrets: Some(["api_key".to_owned()].into_iter().collect()),
        automations: Some(["report".to_owned()].into_iter().collect()),
        schedule: None,
    }
}

fn findings(steps: &str) -> String {
    let text = format!(
        "druse: 1\nname: test\ninputs:\n  region: {{type: string}}\n  count: {{type: integer, default: 1}}\n{steps}"
    );
    let parsed = match parse(&text, Syntax::Yaml) {
        Ok(parsed) => parsed,
        Err(findings) => panic!("{findings:#?}"),
    };
    let mut findings = check(&parsed.document, &catalog());
    parsed.source.locate(&mut findings);
    let lines: Vec<String> = findings
        .iter()
        .map(|f| {
            format!(
                "{}:{} {}: {}{}",
                f.line.unwrap_or_default(),
                f.column.unwrap_or_default(),
                f.code,
                f.message,
                if f.help.is_empty() {
                    String::new()
                } else {
                    format!(" -- {}", f.help)
                }
            )
        })
        .collect();
    lines.join("\n")
}

#[test]
fn names_and_references() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - id: send-mail
    action: htpp
  - id: a
    action: transform
    needs: [b, sise.none, size.non, a.x]
    with: { value: "{{ inputs.regoin }} {{ steps.fnid.output }} {{ steps.send-mail.output }}" }
  - id: a
    action: transform
    when: "{{ inputs.count }} > 1"
    with: { value: "{{ steps[inputs.region].output }} {{ inpts.x }} {{ steps.size }} {{ run.start }}", vlaue: 1 }
  - id: size
    action: switch
    with: { cases: [ { id: none, when: inputs.count == 0 }, { id: some }, { id: never, when: inputs.count > }, { id: none } ] }
  - id: x
    action: transform
    needs: [z]
    with: { value: 1 }
  - id: y
    action: transform
    needs: [x]
    with: { value: 1 }
  - id: z
    action: transform
    with: { value: "{{ steps.y.output }}" }
  - id: own
    action: transform
    with: { value: "{{ steps.own.output }}" }
outputs:
  sum: "{{ steps.nope.output }}"
"#
    ));
}

#[test]
fn configurations() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - { id: a, action: http, with: { path: /x, headres: {} } }
  - { id: b, action: http, with: { connection: crmm, path: /x, json: 1, body: x, method: post } }
  - { id: c, action: http, with: { url: "http://127.1:80/x" } }
  - { id: d, action: http, with: { url: "https://[::ffff:10.0.0.1]/x", headers: { authorization: "Bearer {{ secrets.api_key }}", x: "{{ secrets.apikey }}" } } }
  - { id: e, action: http, with: { url: "https://example.com/{{ secrets.api_key }}", timeout: 5 } }
  - { id: f, action: shell, with: { argv: ["{{ inputs.region }}", x], script: "echo {{ inputs.region }}" } }
  - { id: g, action: shell, with: { env: { A: 1 } } }
  - { id: h, action: mcp, with: { connection: crm, tool: "{{ inputs.region }}" } }
  - { id: i, action: mcp, with: { connection: "{{ inputs.region }}" } }
  - { id: j, action: wait, with: { for: 5, until: tomorrow } }
  - { id: k, action: approval_gate, with: { approvers: [ana, "role:"], needed: 0, fields: { type: strng }, on_timeout: aprove } }
  - { id: l, action: automation, with: { name: reprot } }
  - { id: m, action: tool, with: { tool: generate_query, arguments: { a: 1 } } }
  - { id: n, action: emit, with: { data: {} } }
  - { id: o, action: sql, with: { connection: crm, statement: select 1 } }
  - { id: p }
  - { id: q, action: http, with: { connection: crm, path: "/{{ steps.c.output.body }}" }, timeout: 0s, retry: { attempts: 0, factor: 0.5 }, on_error: pause }
"#
    ));
}

#[test]
fn triggers_and_settings() {
    insta::assert_snapshot!(findings(
        r#"
triggers:
  - id: none
  - id: both
    schedule: { cron: "* * * * *", every: 1s }
    event: { type: x }
    inputs: { region: EU }
  - id: hook
    webhook: { verify: { scheme: githb }, respond: soon }
    when: inputs.region == 'x' and trigger.body
    inputs: { region: "{{ trigger.body.region }}", regoin: 1 }
  - id: hook
    webhook: { verify: { scheme: hmac, secret: other } }
    inputs: { region: "{{ steps.a.output }}" }
concurrency: { key: "{{ steps.a.output }}", limit: 0 }
steps: []
finally:
  - { id: x, action: wait, with: { for: 1s } }
"#
    ));
}

#[test]
fn reading_what_may_be_skipped() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - { id: find, action: transform, with: { value: [] } }
  - { id: maybe, action: transform, when: inputs.count > 1, with: { value: 1 } }
  - { id: bad, action: transform, with: { value: "{{ steps.maybe.output }}" } }
  - { id: by_default, action: transform, with: { value: "{{ steps.maybe.output | default(0) }}" } }
  - { id: by_need, action: transform, needs: [maybe], with: { value: "{{ steps.maybe.output }}" } }
  - { id: behind, action: transform, needs: [by_need], with: { value: "{{ steps.maybe.output }}" } }
  - { id: same_when, action: transform, when: inputs.count > 1, with: { value: "{{ steps.maybe.output }}" } }
  - { id: by_status, action: transform, when: steps.maybe.status == 'succeeded', with: { value: "{{ steps.maybe.output }}" } }
  - { id: join, action: transform, needs: [maybe, find], join: none_failed, with: { value: "{{ steps.maybe.output }}" } }
  - { id: size, action: switch, with: { cases: [ { id: few, when: inputs.count < 5 }, { id: many } ] } }
  - { id: few, action: transform, needs: [size.few], with: { value: 1 } }
  - { id: many, action: transform, needs: [size.many], with: { value: "{{ steps.few.output }}" } }
  - { id: either, action: transform, needs: [few, many], join: none_failed, with: { value: "{{ steps.few.output | default(steps.many.output) }}" } }
  - { id: on_case, action: transform, needs: [size.few], with: { value: "{{ steps.few.output }}" } }
  - { id: shaky, action: transform, on_error: continue, with: { value: 1 } }
  - { id: after, action: transform, with: { value: "{{ steps.shaky.output }}" } }
outputs:
  a: "{{ steps.maybe.output }}"
"#
    ));
}

#[test]
fn a_right_document_has_no_findings_and_a_plan() {
    let document = from_value(json!({
        "druse": 1, "name": "ok",
        "steps": [
            {"id": "a", "action": "http", "with": {"connection": "crm", "path": "/x", "query": {"n": "{{ 3 }}"}}},
            {"id": "b", "action": "transform", "with": {"value": "{{ steps.a.output.json.rows | length }}"}},
        ],
    }))
    .unwrap();
    assert_eq!(check(&document, &catalog()), []);
    assert_eq!(
        crate::plan::Plan::compile(Arc::new(document))
            .unwrap()
            .steps
            .len(),
        2
    );
}

#[test]
fn internal_addresses_are_known_in_all_spellings() {
    for url in [
        "http://localhost/",
        "http://LOCALHOST.:80",
        "http://127.0.0.1",
        "http://127.1",
        "http://2130706433/",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://10.1.2.3",
        "http://172.16.0.1",
        "http://192.168.1.1:8080/x",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]",
        "http://[::ffff:127.0.0.1]",
        "http://user:pw@127.0.0.1/",
        "http://0.0.0.0",
        "http://printer.local/",
        "http://x.internal",
        "http://100.64.0.1",
        "http://x@localhost\\@example.com/",
    ] {
        assert!(address::is_internal(url), "{url}");
    }
    for url in [
        "https://example.com/127.0.0.1",
        "https://8.8.8.8",
        "https://[2606:4700::1]/",
        "https://172.32.0.1",
        "https://localhost.example.com/x?u=http://localhost",
    ] {
        assert!(!address::is_internal(url), "{url}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("id"),
        Just("action"),
        Just("with"),
        Just("needs"),
        Just("when"),
        Just("cases"),
        Just("a"),
        Just("b.c"),
        Just("switch"),
        Just("http"),
        Just("shell"),
        Just("argv"),
        Just("url"),
        Just("http://[::"),
        Just("{{ steps.a.output }}"),
        Just("{{ steps.b.output | default(steps.a.output.x) }}"),
        Just("steps.a.status == 'x'"),
        Just("{{"),
        Just("approval_gate"),
        Just("fields"),
        Just("transform"),
        Just("value"),
        Just("wait"),
        Just("for"),
        Just("5s"),
    ]
    .prop_map(str::to_owned);
    let leaf = prop_oneof![
        word.clone().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        Just(Value::Null)
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn any_step() -> impl Strategy<Value = Value> {
    let kinds: Vec<&str> = crate::plan::ActionKind::ALL
        .iter()
        .map(|kind| kind.name())
        .collect();
    (
        prop_oneof![Just("a"), Just("b"), Just("c"), Just("A-b")],
        prop::sample::select(kinds),
        prop::collection::vec(
            prop_oneof![Just("a"), Just("b"), Just("a.x"), Just("zz")],
            0..3,
        ),
        prop::option::of(prop_oneof![
            Just("steps.a.output"),
            Just("steps.b.status == 'failed'"),
            Just("((")
        ]),
        any_json(),
    )
        .prop_map(|(id, action, needs, when, with)| {
            let mut step = json!({"id": id, "action": action, "needs": needs});
            if let Some(when) = when {
                step["when"] = when.into();
            }
            if with.is_object() {
                step["with"] = with;
            }
            step
        })
}

proptest! {
    #[test]
    fn no_document_makes_the_check_panic(steps in prop::collection::vec(any_step(), 0..5), extra in any_json()) {
        let document = json!({"druse": 1, "name": "x", "steps": steps, "outputs": {"o": extra.clone()}});
        if let Ok(document) = from_value(document) {
            let findings = check(&document, &catalog());
            let wrong = findings.iter().any(|f| f.severity == crate::Severity::Error);
            let plan = crate::plan::Plan::compile(Arc::new(document));
            // What passes the check has a plan.
            prop_assert!(wrong || plan.is_ok(), "{:?}", plan.err());
        }
        let _ = from_value(extra);
    }
}
