//! What watched folders and polls say.

use super::*;

#[test]
fn folders_and_polls_are_held_to_the_rules_of_steps() {
    let found = findings(
        r#"triggers:
  - id: a
    files: { connection: crm, path: ../x, on: [] }
  - id: b
    files: { connection: inbx }
  - id: c
    poll: { action: shell, with: { argv: [ls] }, every: 1m }
  - id: d
    poll:
      action: http
      with: { connection: crm, url: "https://example.com", query: { after: "{{ trigger.x }}" }, headers: { a: "{{ secrets.nope }}" } }
      every: 1m
      items: "{{ output.json }}"
      key: trigger.id
      cursor: item.id ~ cursor
  - id: e
    poll: { action: sql, with: { connection: ledger, statement: "delete from a" }, every: 5s }
  - id: f
    poll: { action: sql, with: { connection: ledger, statement: "select 1", params: ["{{ cursor }}"] }, every: 1m, cursor: item.id }
  - id: g
    files: { connection: inbox }
    event: { type: x }
steps: [{ id: s, action: transform, with: { value: 1 } }]
"#,
    );
    insta::assert_snapshot!(found, @r"
7:5 missing_input: trigger `a` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
8:26 wrong_connection: the connection `crm` is for http, not for folder -- name one of the right kind
8:47 bad_value: `on` names nothing that starts a run -- leave it out for complete files
8:37 bad_path: a path does not leave the root: `..` is refused -- write a path below the root of the connection
9:5 missing_input: trigger `b` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
10:26 missing_connection: there is no connection `inbx` -- did you mean `inbox`?
11:5 missing_input: trigger `c` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
12:21 unknown_action: a poll does not ask by `shell` -- one of: http, sql
13:5 missing_input: trigger `d` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
20:15 unknown_name: there is no name `cursor` here -- names that can be used here: item, output
18:14 bad_expression: the expression cannot be read: unexpected `}`, expected `:` -- `items` is an expression already: write it without `{{ }}`
19:12 unknown_name: there is no name `trigger` here -- names that can be used here: item
16:111 missing_secret: there is no secret `nope` -- set it with `druse secrets set nope`
16:76 unknown_name: there is no name `trigger` here -- names that can be used here: cursor
16:37 exclusive_keys: `connection` and `url` exclude each other -- with a connection, write what comes after its address as `path`
21:5 missing_input: trigger `e` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
22:65 bad_statement: a poll reads and changes nothing -- write a SELECT; what a run has done with an item is for the run to note
23:5 missing_input: trigger `f` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
25:5 bad_trigger: trigger `g` has event and files -- a trigger has exactly one of `schedule`, `webhook`, `event`, `files` and `poll`
25:5 missing_input: trigger `g` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
");
}
