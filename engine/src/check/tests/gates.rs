//! What gates say of sending back and of telling people.

use super::*;

#[test]
fn a_gate_sends_back_to_what_it_needs_and_nothing_beside_it_works_with_that() {
    let found = findings(
        r#"steps:
  - id: source
    action: transform
    with: { value: 1 }
  - id: draft
    action: transform
    with: { value: "{{ steps.source.output }} {{ review.comment }} {{ review.coment }}" }
  - id: note
    action: transform
    with: { value: "{{ steps.draft.output }}" }
  - id: gate
    action: approval_gate
    needs: [draft]
    with: { send_back: { to: draft, rounds: 60 } }
  - id: nowhere
    action: approval_gate
    needs: [draft]
    with: { send_back: { to: [sorce, publish] } }
  - id: publish
    action: transform
    needs: [gate, nowhere]
    with: { value: "{{ steps.draft.output }}" }
"#,
    );
    insta::assert_snapshot!(found, @r"
12:20 unknown_name: `review` has no `coment` -- did you mean `comment`?
19:45 bad_value: `rounds` is from 1 to 50 -- write a value of the kind that the message says
19:30 send_back_leaks: step `note` works with `draft`, which runs again when the gate `gate` is sent back -- put it behind the gate (`needs: [gate]`), or before it
19:30 send_back_leaks: step `nowhere` works with `draft`, which runs again when the gate `gate` is sent back -- put it behind the gate (`needs: [gate]`), or before it
23:30 unknown_step: there is no step `sorce` here -- name a step of the same list
23:30 send_back_not_before: step `publish` does not come before the gate `nowhere` -- a gate sends back to steps that it needs, directly or through others
");
}

#[test]
fn what_would_have_to_be_undone_is_not_sent_back() {
    insta::assert_snapshot!(
        findings(
            r#"undo_on_failure: true
steps:
  - id: pay
    action: http
    with: { connection: crm, method: POST, path: /pay }
    undo: { action: http, with: { connection: crm, method: DELETE, path: /pay } }
  - id: gate
    action: approval_gate
    needs: [pay]
    with: { send_back: { to: pay } }
"#
        ),
        @"15:30 send_back_undo: step `pay` has an `undo`, and runs again when the gate `gate` is sent back: what it did before would not be undone -- leave its `undo` out, or send back to a step behind it"
    );
}

#[test]
fn what_tells_people_is_checked_like_a_step() {
    insta::assert_snapshot!(
        findings(
            r#"steps:
  - id: gate
    action: approval_gate
    with:
      title: "{{ approval.title }}"
      notify:
        - { action: approval_gate, with: {} }
        - { action: http, for: ana, with: { connection: chat, path: /say, jsn: "{{ approval.link }}" } }
        - { action: http, with: { url: "http://127.0.0.1/", json: "{{ steps.none.output }}" } }
        - { action: http, with: { connection: crm, path: /say, headers: { x: "{{ secrets.api_key }}" }, body: "{{ secrets.api_key }}" } }
"#
        ),
        @r#"
    12:21 unknown_action: `approval_gate` cannot tell anybody of a gate -- `notify` takes http, mail, shell, mcp, sql and file
    13:32 bad_value: `ana` is no person -- a link is made for one person: write user:<name>
    13:57 missing_connection: there is no connection `chat` -- an admin sets it up: `druse connections set chat '{"kind": "http", "base_url": "https://…"}'`
    13:75 unknown_key: there is no key `jsn` here -- did you mean `json`?
    14:67 unknown_step: there is no step `none` -- expressions name steps of this document
    14:40 internal_address: an address written in a document may not be on this machine or in a private network -- an admin sets up a connection for it: then write `connection` and `path`
    15:111 secret_not_allowed: the secret `api_key` cannot be used here -- secrets go into `headers`, `query`, `json` and `form` of http, `env` of shell, `arguments` of mcp and connections, nowhere else
    10:14 unknown_name: there is no name `approval` here -- names that can be used here: inputs, steps, trigger, run, secrets, review
    "#
    );
}

#[test]
fn what_can_only_fail_or_does_nothing_is_said() {
    insta::assert_snapshot!(
        findings(
            r#"steps:
  - { id: a, action: approval_gate, with: { title: " ", timeout: 0s, remind: 1ms, approvers: [], escalate_to: [] } }
  - { id: b, action: approval_gate, with: { title: Go?, approvers: [user:ana, user:ana, user:ben], needed: 3 } }
  - { id: c, action: approval_gate, with: { title: Go?, timeout: 1h, remind: 1h, escalate_to: [user:eva] } }
  - { id: d, action: approval_gate, with: { title: Go?, on_timeout: escalate } }
  - { id: e, action: approval_gate, with: { title: Go?, approvers: [user:ana, role:approver], needed: 9, timeout: 2h, remind: 1h } }
  - { id: f, action: approval_gate, with: { title: Go?, approvers: [user:ana], needed: 2, timeout: 2h, on_timeout: escalate, escalate_to: [user:eva] } }
  - { id: g, action: approval_gate, with: { title: Go?, approvers: [user:ana, "{{ inputs.other }}"], needed: 3 } }
"#
        ),
        @r"
    7:94 bad_value: `approvers` is empty: nobody could decide -- write user:<name> or role:<role>, or leave it out
    7:111 bad_value: `escalate_to` is empty: nobody could decide -- write user:<name> or role:<role>, or leave it out
    7:78 bad_value: `remind` is at least 1s -- people are reminded so often until they answer; write such as 2h
    7:66 bad_value: `timeout` is over before anybody can answer -- give people time, such as 24h, or leave it out: then the gate waits for ever
    7:52 bad_value: `title` is empty: nobody sees what is asked -- write a question, or leave it out: then the step's name stands there
    8:108 too_few_approvers: 3 people have to approve, and 2 are asked -- ask more people or a role, or lower `needed`
    9:95 no_effect: `escalate_to` does nothing without `on_timeout: escalate` -- add `on_timeout: escalate` and a `timeout`, or leave it out
    9:78 no_effect: `remind` does nothing: the gate's time is over before -- make it shorter than `timeout`, or leave it out
    10:37 missing_key: `on_timeout: escalate` needs `escalate_to` -- write who is asked then, such as `escalate_to: [role:admin]`
    10:69 no_effect: `on_timeout` does nothing without `timeout` -- add a `timeout`, or leave it out
    13:79 unknown_input: there is no input `other` -- add it under `inputs`
    "
    );
}

#[test]
fn a_step_that_runs_when_its_gate_was_refused_is_told_of() {
    let of = |join: &str, needs: &str, when: &str| {
        findings(&format!(
            r#"steps:
  - {{ id: other, action: transform, with: {{ value: 1 }} }}
  - {{ id: large, action: approval_gate, with: {{ title: "Go?" }} }}
  - {{ id: small, action: approval_gate, with: {{ title: "Go?" }} }}
  - id: pay
    action: http
    needs: [{needs}]
    join: {join}
    when: {when}
    with: {{ connection: crm, method: POST, path: /pay }}
"#
        ))
    };
    insta::assert_snapshot!(
        of("all_done", "other, large", "steps.other.status == 'succeeded'"),
        @"13:11 runs_when_refused: step `pay` runs also when the gate `large` was refused -- leave `join` out, or look at the gate: `when: steps.large.status == 'succeeded'`"
    );
    for (join, needs, when, told) in [
        ("all_done", "large", "inputs.count > 0", true),
        ("any_succeeded", "other, large", "inputs.count > 0", true),
        // As the README has it: what became of the gate is looked at.
        (
            "all_done",
            "large",
            "steps.large.status in ['succeeded', 'skipped']",
            false,
        ),
        ("any_succeeded", "large, small", "inputs.count > 0", false),
        // It is there for the refusal.
        ("any_failed", "large", "inputs.count > 0", false),
        ("none_failed", "other, large", "inputs.count > 0", false),
        ("all_succeeded", "large", "inputs.count > 0", false),
        ("all_done", "other", "inputs.count > 0", false),
    ] {
        let said = of(join, needs, when);
        assert_eq!(
            said.contains("runs_when_refused"),
            told,
            "{join} {needs} {when}: {said}"
        );
    }
}
