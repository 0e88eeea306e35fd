mod any;
mod artifacts;
mod despite;
mod gates;
mod loops;
mod mutated;
mod pulls;
mod rehearsal;

use super::*;
use crate::definition::{Syntax, from_value, parse};
use serde_json::json;
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
20:94 bad_expression: the expression cannot be read: unexpected end of input, expected expression -- the message says where it stops being one
20:118 duplicate_id: two cases have the id `none` -- give each an id of its own
20:118 unreachable_case: the case `none` is never taken: `some` before it always holds -- the case without `when` stands last
21:5 cycle: steps wait for each other: `x` needs `z`, `z` needs `y`, `y` needs `x` -- remove one of these needs or references
32:5 self_need: step `own` needs itself -- a step cannot read its own output
36:8 unknown_step: there is no step `nope` -- expressions name steps of this document
"#);
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
    ), @r#"
8:28 missing_key: an http step needs a `connection` with a `path`, or a `url` -- add what is missing
8:46 unknown_key: there is no key `headres` here -- did you mean `headers`?
9:79 exclusive_keys: a request has one body, not json and body -- keep one of them
9:48 missing_connection: there is no connection `crmm` -- did you mean `crm`?
9:90 bad_value: `post` is not an HTTP method -- write it in capitals, such as POST
10:41 internal_address: an address written in a document may not be on this machine or in a private network -- an admin sets up a connection for it: then write `connection` and `path`
11:133 missing_secret: there is no secret `apikey` -- did you mean `api_key`?
11:41 internal_address: an address written in a document may not be on this machine or in a private network -- an admin sets up a connection for it: then write `connection` and `path`
12:86 unknown_key: there is no key `timeout` here -- known here: connection, path, url, method, query, headers, json, form, multipart, body, artifact, save_as, paginate
12:41 secret_not_allowed: the secret `api_key` cannot be used here -- secrets go into `headers`, `query`, `json` and `form` of http, `env` of shell, `arguments` of mcp and connections, nowhere else
13:44 template_not_allowed: the program is written as it is, never computed -- what a step may run must be known before it runs
13:79 exclusive_keys: `argv` and `script` exclude each other -- keep one of them
13:79 template_not_allowed: a script is never a template: a value could become a command -- hand values in through `env`, and read them as "$NAME"
14:29 missing_key: a shell step needs `argv` or `script` -- add what is missing
15:47 wrong_connection: the connection `crm` is for http, not for mcp -- name one of the right kind
15:58 template_not_allowed: `tool` is written as it is, never computed -- what a step may reach must be known before it runs
16:27 missing_key: `tool` is missing -- The tool's name; never a template.
16:47 template_not_allowed: `connection` is written as it is, never computed -- what a step may reach must be known before it runs
17:41 bad_value: `for` is a length of time and needs a unit -- write 5s for seconds, or 5ms, 5m, 5h, 5d
17:51 exclusive_keys: for and until exclude each other -- keep one of them
17:51 bad_value: "tomorrow" is not an RFC 3339 time such as 2027-03-28T01:00:00Z -- write a value of the kind that the message says
18:57 bad_value: "ana" does not say who decides -- write user:<name> or role:<role>
18:62 bad_value: "role:" does not say who decides -- write user:<name> or role:<role>
18:91 bad_schema: the schema of the form is not valid: "strng" is not valid under any of the schemas listed in the 'anyOf' keyword -- write a schema of JSON Schema 2020-12
18:80 bad_value: `needed` is at least 1 -- write a value of the kind that the message says
18:120 bad_value: `on_timeout` cannot be `aprove` -- did you mean `approve`?
18:120 no_effect: `on_timeout` does nothing without `timeout` -- add a `timeout`, or leave it out
19:48 missing_automation: there is no automation `reprot` -- did you mean `report`?
20:42 unmapped_tool: nothing says what the recorded tool `generate_query` is, so step `m` cannot run -- add a rule to the tool map (`tools: [{match: "generate_query", action: …}]`)
21:28 missing_key: `type` is missing -- The CloudEvents type.
22:47 wrong_connection: the connection `crm` is for http, not for sqlite or postgres -- name one of the right kind
23:5 missing_key: step `p` has no `action` -- say what it does, such as `action: http`
24:123 bad_value: `attempts` counts the first one too, so it is at least 1 -- write a value of the kind that the message says
24:134 bad_value: `factor` is at least 1 -- write a value of the kind that the message says
24:100 bad_value: a time limit is longer than nothing -- write a value of the kind that the message says
24:59 unknown_output: the output of step `c` has no `body` -- it has: status, headers, json, text, base64
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
    ), @r"
8:5 bad_trigger: trigger `none` says nothing that starts it -- a trigger has exactly one of `schedule`, `webhook`, `event`, `files` and `poll`
8:5 missing_input: trigger `none` gives no value for input `region` -- add it under the trigger's `inputs`, or give `region` a default
9:5 bad_trigger: trigger `both` has schedule and event -- a trigger has exactly one of `schedule`, `webhook`, `event`, `files` and `poll`
10:15 bad_schedule: a schedule has exactly one of `cron`, `every` and `at` -- give exactly one of `cron`, `every` and `at`
16:60 unknown_input: there is no input `regoin` -- did you mean `region`?
14:52 bad_value: `respond` is `accepted`, `result` or {status?, headers?, body} -- write a value of the kind that the message says
14:34 bad_value: there is no scheme `githb` -- did you mean `github`?
15:11 unknown_name: there is no name `inputs` here -- names that can be used here: trigger
17:9 duplicate_id: two triggers have the id `hook` -- give one of them another id
19:23 unknown_name: there is no name `steps` here -- names that can be used here: trigger
18:48 missing_secret: there is no secret `other` -- set it with `druse secrets set other`
20:21 unknown_name: there is no name `steps` here -- names that can be used here: inputs, trigger, run
20:52 bad_value: `limit` is at least 1 -- write a value of the kind that the message says
21:8 no_steps: the document has no steps, so a run does nothing -- add what it is to do
");
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

#[test]
fn data() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - { id: a, action: sql, with: { connection: crm, statement: "select {{ inputs.region }}" } }
  - { id: b, action: sql, with: { connection: books, statement: "select :a", params: { a: 1 } } }
  - { id: c, action: sql, with: { connection: ledger, statement: "delete from a; delete from b", params: 5 } }
  - { id: d, action: sql, with: { connection: ledger, statement: commit } }
  - { id: e, action: file, with: { connection: ledger, op: read, path: /etc/passwd, find: x } }
  - { id: f, action: file, with: { op: "{{ inputs.region }}", path: a } }
  - { id: g, action: file, with: { op: write, path: "../a", text: x, json: null } }
  - { id: h, action: file, with: { op: apend, path: a } }
  - { id: i, action: file, with: { op: append, path: a } }
  - { id: j, action: file, with: { op: edit, path: a, find: "" } }
  - { id: k, action: file, with: { op: list, path: ., max: 0, recursiv: true } }
  - { id: l, action: mail, with: { connection: post, to: ana, subject: Hi } }
  - { id: m, action: mail, with: { connection: post, to: [], cc: ["{{ inputs.region }}", bob], subject: Hi, html: "<b>{{ inputs.region }}</b>{{ inputs.region | escape_html }}", attachments: [ { filename: a, text: x, json: 1 }, { text: x } ] } }
  - { id: n, action: http, with: { connection: crm, method: POST, form: { a: { b: 1 }, c: [1, x] }, multipart: { d: { test: 1 } } } }
  - { id: o, action: http, with: { connection: crm, json: 1, paginate: { next: pages.json.next, items: "{{ page.json }}", max: 0 } } }
  - { id: p, action: http, with: { connection: crm, paginate: { next: link } } }
outputs:
  a: "{{ steps.d.output.row }} {{ steps.e.output.entries }} {{ steps.o.output.text }} {{ steps.k.output.entries }}"
"#
    ), @r#"
8:47 wrong_connection: the connection `crm` is for http, not for sqlite or postgres -- name one of the right kind
8:63 template_not_allowed: a statement is never a template: a value could become SQL -- hand values in through `params`, as `?1` for SQLite and `$1` for PostgreSQL
9:86 wrong_type: PostgreSQL knows parameters by number, not by name -- write a list: its first value is `$1`
10:106 wrong_type: `params` is a list or a map -- write [value, …] for `?1` or `$1`, or {name: value} for `:name`
10:66 bad_statement: a step runs one statement; write a step for each, or a function in the database -- write one statement, its values as parameters
11:66 bad_statement: `commit` is not a step: each step is a transaction of its own -- write one statement, its values as parameters
12:48 wrong_connection: the connection `ledger` is for sqlite, not for folder -- name one of the right kind
12:91 exclusive_keys: `find` belongs to `op: edit`, not to `read` -- `read` takes: encoding, save_as
12:72 bad_path: a path is relative to the root, so it does not begin with `/` -- write a path below the root of the connection
13:40 template_not_allowed: `op` is written as it is, never computed -- what a step may reach must be known before it runs
14:76 exclusive_keys: a file has one content, not text and json -- keep one of them
14:53 bad_path: a path does not leave the root: `..` is refused -- write a path below the root of the connection
15:40 bad_value: `op` cannot be `apend` -- did you mean `append`?
16:28 missing_key: `append` needs the content -- write `text`, `json` or `base64`
17:28 missing_key: an edit needs `replace` -- add what is missing
17:61 bad_value: the text to be replaced is not empty -- write a value of the kind that the message says
18:60 bad_value: `max` is at least 1 -- write a value of the kind that the message says
18:63 unknown_key: there is no key `recursiv` here -- did you mean `recursive`?
19:28 missing_key: a message needs `text` or `html` -- add what is missing
19:58 bad_value: "ana" is not an address of mail -- write ana@example.com, or Ana <ana@example.com>
20:193 exclusive_keys: an attachment has one content: `text`, `json` or `base64` -- keep one of them
20:228 missing_key: `filename` is missing -- Its name.
20:90 bad_value: "bob" is not an address of mail -- write ana@example.com, or Ana <ana@example.com>
20:115 unescaped_html: `inputs.region` stands in the HTML as it is: what it holds becomes part of the page -- write `| escape_html` behind it, unless it is HTML on purpose
20:58 bad_value: a message goes to at least one address -- write a value of the kind that the message says
21:78 wrong_type: `a` is a text or a number or true or false or a list, not a map -- the message names the type
21:112 exclusive_keys: a request has one body, not form and multipart -- keep one of them
21:119 unknown_key: there is no key `test` here -- did you mean `text`?
22:72 bad_value: pages are read by GET, without a body -- asking for a page must change nothing, for it may be asked for again
22:104 bad_expression: the expression cannot be read: unexpected `}`, expected `:` -- `items` is an expression already: write it without `{{ }}`
22:128 bad_value: `max` is at least 1 -- write a value of the kind that the message says
22:80 unknown_name: there is no name `pages` here -- did you mean `page`?
23:53 missing_key: `items` is missing -- An expression that gives the list of items of a page.
25:6 unknown_output: the output of step `d` has no `row` -- did you mean `rows`?
25:6 unknown_output: the output of step `e` has no `entries` -- it has: path, bytes, digest, text, base64, json
25:6 unknown_output: the output of step `o` has no `text` -- it has: status, headers, json, pages
"#);
}

#[test]
fn schemas_of_inputs() {
    let text = r#"
druse: 1
name: test
inputs:
  a: { type: string, formt: date, format: dat, x-order: 1, description: The day }
  b: { type: object, properties: { c: { type: string, requird: true, sensitive: true } }, items: { anyOf: [ { minimun: 1 } ] } }
  d: { type: string, sensitive: "yes" }
  e: { type: strng }
steps:
  - { id: gate, action: approval_gate, with: { fields: { type: object, proprties: {}, sensitive: true } } }
"#;
    insta::assert_snapshot!(of_text(text), @r#"
5:43 unknown_format: the format `dat` is not known, so it checks nothing -- did you mean `date`?
5:29 unknown_keyword: `formt` is no keyword of JSON Schema, so it checks nothing -- did you mean `format`?
6:120 unknown_keyword: `minimun` is no keyword of JSON Schema, so it checks nothing -- did you mean `minimum`?
6:64 unknown_keyword: `requird` is no keyword of JSON Schema, so it checks nothing -- did you mean `required`?
6:81 sensitive_not_allowed: only an input as a whole can be sensitive -- make an input of its own of it
7:33 bad_schema: `sensitive` is true or false -- write a schema of JSON Schema 2020-12
8:6 bad_schema: the schema of input `e` is not valid: "strng" is not valid under any of the schemas listed in the 'anyOf' keyword -- an input is a JSON Schema, such as {type: string, default: EU}
10:83 unknown_keyword: `proprties` is no keyword of JSON Schema, so it checks nothing -- did you mean `properties`?
10:98 sensitive_not_allowed: only an input as a whole can be sensitive -- make an input of its own of it
"#);
}

#[test]
fn sensitive_inputs() {
    let text = r#"
druse: 1
name: test
inputs:
  pin: { type: string, sensitive: true }
  key: { type: string, sensitive: true, default: abc }
  who: { type: string }
triggers:
  - id: hook
    webhook: { verify: { scheme: none }, respond: { body: "{{ inputs.pin }}" } }
    inputs: { pin: "{{ trigger.body.pin }}", who: x }
concurrency: { key: "{{ inputs.pin }}" }
steps:
  - { id: a, action: http, with: { connection: crm, path: "/{{ inputs.pin }}", headers: { a: "Bearer {{ inputs.pin }}" }, json: { p: ["{{ inputs.pin }}", "{{ inputs.who }}"] } } }
  - { id: b, action: shell, with: { argv: [x, "{{ inputs.pin }}"], env: { A: "{{ inputs.pin }}" }, stdin: "{{ inputs.pin }}" } }
  - { id: c, action: transform, with: { value: "{{ inputs.pin }}" }, when: inputs.pin == 'x' }
  - { id: d, action: http, with: { connection: crm, json: { p: "{{ inputs.pin | upper }}", all: "{{ inputs }}" } }, idempotency_key: "{{ inputs.pin }}" }
  - { id: e, action: switch, with: { cases: [ { id: x, when: inputs.pin } ] } }
  - { id: f, action: emit, with: { type: x, data: { p: "{{ inputs.pin }}" } } }
  - { id: g, action: automation, with: { name: report, inputs: { p: "{{ inputs.pin }}" } } }
  - { id: h, action: sql, with: { connection: ledger, statement: "select ?", params: ["{{ inputs.pin }}"] } }
  - id: loop
    for_each: { items: "{{ [inputs.pin] }}", until: inputs.pin }
    steps:
      - { id: i, action: transform, with: { value: "{{ inputs.pin }}" } }
      - { id: j, action: mcp, with: { connection: warehouse, tool: t, arguments: { p: "{{ inputs.pin }}" } } }
finally:
  - { id: k, action: mail, with: { connection: post, to: a@b, subject: "{{ inputs.pin }}", text: "{{ inputs.pin }}" } }
outputs:
  p: "{{ inputs.pin }}"
"#;
    let all = of_text(text);
    let lines: Vec<&str> = all
        .lines()
        .filter(|line| line.contains("sensitive"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
6:50 sensitive_not_allowed: the sensitive input `key` has a default, which everybody who sees the document reads -- leave it out, or use a secret: `druse secrets set`
11:20 sensitive_in_trigger: the sensitive input `pin` comes from a trigger, and what a trigger brought is kept in clear -- let the sender name a secret of this server instead of sending it
10:59 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
12:21 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
15:47 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
16:76 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
16:48 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
17:134 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
17:97 sensitive_not_allowed: `inputs` as a whole holds sensitive ones -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
17:64 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
18:62 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
19:56 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
23:24 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
23:53 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
25:52 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
30:6 sensitive_not_allowed: the sensitive input `pin` cannot be used here -- it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out
"#);
}

#[test]
fn waits_for_events() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - id: right
    action: wait
    with: { event: { type: "order.{{ inputs.region }}", when: event.data.id == inputs.region }, timeout: 5m, on_timeout: continue, lookback: 1h }
  - id: other
    action: transform
    with: { value: "{{ steps.right.output.evnt }} {{ event.data }}" }
  - id: wrong
    action: wait
    with: { event: { type: "", when: "{{ data.id }}" }, on_timeout: stop }
  - id: names
    action: wait
    with: { event: { type: x, when: data.id == secrets.api_key and steps.later.output }, for: 5m }
  - id: idle
    action: wait
    with: { for: 5m, timeout: 1m, lookback: 1h }
  - id: later
    action: transform
    when: inputs.count > 1
    with: { value: 1 }
"#
    ), @r"
13:20 unknown_output: the output of step `right` has no `evnt` -- did you mean `event`?
13:20 unknown_name: there is no name `event` here -- names that can be used here: inputs, steps, trigger, run, secrets, review
16:28 bad_value: the `type` of an event is empty or holds control characters -- write a text; `*` matches any characters
16:38 bad_expression: the expression cannot be read: unexpected `}`, expected `:` -- `when` is an expression already: write it without `{{ }}`
16:69 bad_value: `on_timeout` cannot be `stop` -- one of: fail, continue
16:69 no_effect: `on_timeout` does nothing without `timeout` -- add the other one, or remove it
19:20 exclusive_keys: for and event exclude each other -- keep one of them
19:37 unknown_name: there is no name `data` here -- names that can be used here: event, inputs, steps, trigger, run, secrets, review
19:37 secret_not_allowed: the secret `api_key` cannot be used here -- secrets go into `headers`, `query`, `json` and `form` of http, `env` of shell, `arguments` of mcp and connections, nowhere else
19:37 may_be_skipped: step `later` may be skipped, and then it has no output to read -- write `steps.later.output | default(…)`, or add `later` to the `needs` of this step
22:45 no_effect: `lookback` does nothing without `event` -- add the other one, or remove it
22:31 no_effect: `timeout` does nothing without `event` -- add the other one, or remove it
");
}

#[test]
fn what_an_answer_is_about_stands_at_two_places() {
    let steps = |answers_to: &str| {
        format!(
            "  pin: {{type: string, sensitive: true}}\nsteps:\n  - {{ id: a, action: http, with: {{ connection: crm, path: \"/orders/{{{{ inputs.region }}}}\", query: \"{{{{ {{'q': inputs.region}} }}}}\", headers: {{ X: \"{{{{ secrets.api_key }}}}\", Y: \"{{{{ inputs.pin }}}}\" }} }}, answers_to: {answers_to} }}\n"
        )
    };
    for places in [
        "{ /json/id: /path }",
        // What is computed has it, or has it not, in a run.
        "{ /json/id: /query/q }",
    ] {
        assert_eq!(findings(&steps(places)), "", "{places}");
    }
    for (places, expected) in [
        (
            "{ json.id: /path }",
            "`json.id` is no JSON Pointer into the output",
        ),
        (
            "{ /json/id: path }",
            "`path` is no JSON Pointer into `with`",
        ),
        (
            "{ /json/id: /json/id }",
            "the step is sent nothing at `/json/id`",
        ),
        (
            "{ /json/id: /headers/X }",
            "what is sent at `/headers/X` is secret",
        ),
        (
            "{ /json/id: /headers/Y }",
            "what is sent at `/headers/Y` is secret",
        ),
    ] {
        let found = findings(&steps(places));
        assert!(
            found.contains("bad_value")
                && found.contains(expected)
                && found.contains("write two JSON Pointers"),
            "{places}: {found}"
        );
    }
    let found = findings(
        "steps:\n  - { id: a, action: transform, with: { value: 1 }, answers_to: { /x: /value } }\n  - { id: b, for_each: { items: [] }, answers_to: { /x: /value }, steps: [ { id: c, action: transform, with: { value: 1 } } ] }\n",
    );
    assert!(
        found.contains("only what an action outside of the engine gives is checked")
            && found.contains("not_for_loops: `answers_to` does not belong to a loop"),
        "{found}"
    );
}
