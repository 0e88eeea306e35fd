mod any;
mod configurations;
mod gates;
mod inputs;
mod loops;
mod rehearsal;

use super::*;
use crate::definition::{Syntax, from_value, parse};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn catalog() -> Catalog {
    Catalog {
        connections: Some(
            [
                ("crm", "http"),
                ("warehouse", "mcp"),
                ("ledger", "sqlite"),
                ("books", "postgres"),
                ("inbox", "folder"),
                ("post", "smtp"),
            ]
            .into_iter()
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .collect(),
        ),
        secrets: Some(["api_key".to_owned()].into_iter().collect()),
        automations: Some(["report".to_owned()].into_iter().collect()),
        schedule: None,
    }
}

pub(super) fn findings(steps: &str) -> String {
    let text = format!(
        "druse: 1\nname: test\ninputs:\n  region: {{type: string}}\n  count: {{type: integer, default: 1}}\n{steps}"
    );
    of_text(&text)
}

fn of_text(text: &str) -> String {
    let parsed = match parse(text, Syntax::Yaml) {
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
    ), @r#"
9:13 unknown_action: there is no action `htpp` -- did you mean `http`?
8:9 bad_id: `send-mail` cannot be the id of a step -- a dash would be a subtraction in an expression: write `send_mail`
10:5 self_need: step `a` needs itself -- a step cannot read its own output
12:13 unknown_step: there is no step `b` -- `needs` names steps of this document
12:16 unknown_step: there is no step `sise` -- did you mean `size`?
12:27 unknown_case: the switch `size` has no case `non` -- did you mean `none`?
12:37 unknown_case: `a.x`: step `a` is not a switch and has no cases -- write `a`
13:20 unknown_input: there is no input `regoin` -- did you mean `region`?
13:20 unknown_step: there is no step `fnid` -- expressions name steps of this document
13:20 unknown_step: there is no step `send` -- `send-mail` is read as a subtraction: names have no dash, or write ["send-mail"]
14:9 duplicate_id: two steps have the id `a` -- give one of them another id
16:11 bad_expression: the expression cannot be read: unexpected `}`, expected `:` -- `when` is an expression already: write it without `{{ }}`
17:20 dynamic_reference: a step is named as it stands, not computed -- write steps.<id>.output: what a step reads must be known before it runs
17:20 unknown_name: there is no name `inpts` here -- did you mean `inputs`?
17:20 unknown_name: say what of step `size` is meant -- `steps.size.output`, `.status` or `.error`
17:20 unknown_name: `run` has no `start` -- there are run.id, run.started_at and run.scheduled_at
17:104 unknown_key: there is no key `vlaue` here -- did you mean `value`?
20:81 unreachable_case: the case `never` is never taken: `some` before it always holds -- the case without `when` stands last
20:94 bad_expression: the expression cannot be read: unexpected end of input, expected expression
20:118 duplicate_id: two cases have the id `none`
20:118 unreachable_case: the case `none` is never taken: `some` before it always holds -- the case without `when` stands last
21:5 cycle: steps wait for each other: `x` needs `z`, `z` needs `y`, `y` needs `x` -- remove one of these needs or references
32:5 self_need: step `own` needs itself -- a step cannot read its own output
36:8 unknown_step: there is no step `nope` -- expressions name steps of this document
"#);
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
    ), @r#"
8:5 bad_trigger: trigger `none` says nothing that starts it -- a trigger has exactly one of `schedule`, `webhook` and `event`
8:5 missing_input: trigger `none` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
9:5 bad_trigger: trigger `both` has schedule and event -- a trigger has exactly one of `schedule`, `webhook` and `event`
10:15 bad_schedule: a schedule has exactly one of `cron`, `every` and `at`
16:60 unknown_input: there is no input `regoin` -- did you mean `region`?
14:52 bad_value: `respond` is `accepted`, `result` or {status?, headers?, body}
14:34 bad_value: there is no scheme `githb` -- did you mean `github`?
15:11 unknown_name: there is no name `inputs` here -- names that can be used here: trigger
17:9 duplicate_id: two triggers have the id `hook` -- give one of them another id
19:23 unknown_name: there is no name `steps` here -- names that can be used here: trigger
18:48 missing_secret: there is no secret `other` -- set it with `druse secrets set other`
20:21 unknown_name: there is no name `steps` here -- names that can be used here: inputs, trigger, run
20:52 bad_value: `limit` is at least 1
21:8 no_steps: the document has no steps, so a run does nothing
"#);
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
    ), @r#"
10:50 may_be_skipped: step `maybe` may be skipped, and then it has no output to read -- write `steps.maybe.output | default(…)`, or add `maybe` to the `needs` of this step
16:92 may_be_skipped: step `maybe` may be skipped, and then it has no output to read -- write `steps.maybe.output | default(…)`, or add `maybe` to the `needs` of this step
19:71 may_be_skipped: step `few` may be skipped, and then it has no output to read -- write `steps.few.output | default(…)`, or add `few` to the `needs` of this step
23:52 may_be_skipped: step `shaky` may fail while the run goes on, and then it has no output to read -- write `steps.shaky.output | default(…)`, or add `shaky` to the `needs` of this step
"#);
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
            .steps()
            .len(),
        2
    );
}
