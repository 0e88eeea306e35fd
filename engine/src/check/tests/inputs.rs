use super::*;

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
7:33 bad_schema: `sensitive` is true or false
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
