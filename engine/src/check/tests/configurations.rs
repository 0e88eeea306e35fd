use super::*;

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
8:28 missing_key: an http step needs a `connection` with a `path`, or a `url`
8:46 unknown_key: there is no key `headres` here -- did you mean `headers`?
9:79 exclusive_keys: a request has one body, not json and body
9:48 missing_connection: there is no connection `crmm` -- did you mean `crm`?
9:90 bad_value: `post` is not an HTTP method -- write it in capitals, such as POST
10:41 internal_address: an address written in a document may not be on this machine or in a private network -- an admin sets up a connection for it: then write `connection` and `path`
11:133 missing_secret: there is no secret `apikey` -- did you mean `api_key`?
11:41 internal_address: an address written in a document may not be on this machine or in a private network -- an admin sets up a connection for it: then write `connection` and `path`
12:86 unknown_key: there is no key `timeout` here -- known here: connection, path, url, method, query, headers, json, form, multipart, body, paginate
12:41 secret_not_allowed: the secret `api_key` cannot be used here -- secrets go into http `headers`, shell `env` and connections, nowhere else
13:44 template_not_allowed: the program is written as it is, never computed -- what a step may run must be known before it runs
13:79 exclusive_keys: `argv` and `script` exclude each other
13:79 template_not_allowed: a script is never a template: a value could become a command -- hand values in through `env`, and read them as "$NAME"
14:29 missing_key: a shell step needs `argv` or `script`
15:47 wrong_connection: the connection `crm` is for http, not for mcp
15:58 template_not_allowed: `tool` is written as it is, never computed -- what a step may reach must be known before it runs
16:27 missing_key: `tool` is missing -- The tool's name; never a template.
16:47 template_not_allowed: `connection` is written as it is, never computed -- what a step may reach must be known before it runs
17:41 bad_value: `for` is a length of time and needs a unit -- write 5s for seconds, or 5ms, 5m, 5h, 5d
17:51 exclusive_keys: for and until exclude each other
17:51 bad_value: "tomorrow" is not an RFC 3339 time such as 2027-03-28T01:00:00Z
18:57 bad_value: "ana" does not say who decides -- write user:<name> or role:<role>
18:62 bad_value: "role:" does not say who decides -- write user:<name> or role:<role>
18:91 bad_schema: the schema of the form is not valid: "strng" is not valid under any of the schemas listed in the 'anyOf' keyword
18:80 bad_value: `needed` is at least 1
18:120 bad_value: `on_timeout` cannot be `aprove` -- did you mean `approve`?
18:120 no_effect: `on_timeout` does nothing without `timeout`
19:48 missing_automation: there is no automation `reprot` -- did you mean `report`?
20:42 unmapped_tool: nothing says what the recorded tool `generate_query` is, so step `m` cannot run -- add a rule to the tool map (`tools: [{match: "generate_query", action: …}]`), or a connection whose MCP server has this tool
21:28 missing_key: `type` is missing -- The CloudEvents type.
22:47 wrong_connection: the connection `crm` is for http, not for sqlite or postgres
23:5 missing_key: step `p` has no `action` -- say what it does, such as `action: http`
24:123 bad_value: `attempts` counts the first one too, so it is at least 1
24:134 bad_value: `factor` is at least 1
24:100 bad_value: a time limit is longer than nothing
24:59 unknown_output: the output of step `c` has no `body` -- it has: status, headers, json, text, base64
"#);
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
8:47 wrong_connection: the connection `crm` is for http, not for sqlite or postgres
8:63 template_not_allowed: a statement is never a template: a value could become SQL -- hand values in through `params`, as `?1` for SQLite and `$1` for PostgreSQL
9:86 wrong_type: PostgreSQL knows parameters by number, not by name -- write a list: its first value is `$1`
10:106 wrong_type: `params` is a list or a map -- write [value, …] for `?1` or `$1`, or {name: value} for `:name`
10:66 bad_statement: a step runs one statement; write a step for each, or a function in the database
11:66 bad_statement: `commit` is not a step: each step is a transaction of its own
12:48 wrong_connection: the connection `ledger` is for sqlite, not for folder
12:91 exclusive_keys: `find` belongs to `op: edit`, not to `read` -- `read` takes: encoding
12:72 bad_path: a path is relative to the root, so it does not begin with `/`
13:40 template_not_allowed: `op` is written as it is, never computed -- what a step may reach must be known before it runs
14:76 exclusive_keys: a file has one content, not text and json
14:53 bad_path: a path does not leave the root: `..` is refused
15:40 bad_value: `op` cannot be `apend` -- did you mean `append`?
16:28 missing_key: `append` needs the content -- write `text`, `json` or `base64`
17:28 missing_key: an edit needs `replace`
17:61 bad_value: the text to be replaced is not empty
18:60 bad_value: `max` is at least 1
18:63 unknown_key: there is no key `recursiv` here -- did you mean `recursive`?
19:28 missing_key: a message needs `text` or `html`
19:58 bad_value: "ana" is not an address of mail -- write ana@example.com, or Ana <ana@example.com>
20:193 exclusive_keys: an attachment has one content: `text`, `json` or `base64`
20:228 missing_key: `filename` is missing -- Its name.
20:90 bad_value: "bob" is not an address of mail -- write ana@example.com, or Ana <ana@example.com>
20:115 unescaped_html: `inputs.region` stands in the HTML as it is: what it holds becomes part of the page -- write `| escape_html` behind it, unless it is HTML on purpose
20:58 bad_value: a message goes to at least one address
21:78 wrong_type: `a` is a text or a number or true or false or a list, not a map
21:112 exclusive_keys: a request has one body, not form and multipart
21:119 unknown_key: there is no key `test` here -- did you mean `text`?
22:72 bad_value: pages are read by GET, without a body -- asking for a page must change nothing, for it may be asked for again
22:104 bad_expression: the expression cannot be read: unexpected `}`, expected `:` -- `items` is an expression already: write it without `{{ }}`
22:128 bad_value: `max` is at least 1
22:80 unknown_name: there is no name `pages` here -- did you mean `page`?
23:53 missing_key: `items` is missing -- An expression that gives the list of items of a page.
25:6 unknown_output: the output of step `d` has no `row` -- did you mean `rows`?
25:6 unknown_output: the output of step `e` has no `entries` -- it has: path, bytes, digest, text, base64, json
25:6 unknown_output: the output of step `o` has no `text` -- it has: status, headers, json, pages
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
    ), @r#"
    13:20 unknown_output: the output of step `right` has no `evnt` -- did you mean `event`?
    13:20 unknown_name: there is no name `event` here -- names that can be used here: inputs, steps, trigger, run, secrets, review
    16:28 bad_value: the `type` of an event is empty or holds control characters -- write a text; `*` matches any characters
    16:38 bad_expression: the expression cannot be read: unexpected `}`, expected `:` -- `when` is an expression already: write it without `{{ }}`
    16:69 bad_value: `on_timeout` cannot be `stop` -- one of: fail, continue
    16:69 no_effect: `on_timeout` does nothing without `timeout`
    19:20 exclusive_keys: for and event exclude each other
    19:37 unknown_name: there is no name `data` here -- names that can be used here: event, inputs, steps, trigger, run, secrets, review
    19:37 secret_not_allowed: the secret `api_key` cannot be used here -- secrets go into http `headers`, shell `env` and connections, nowhere else
    19:37 may_be_skipped: step `later` may be skipped, and then it has no output to read -- write `steps.later.output | default(…)`, or add `later` to the `needs` of this step
    22:45 no_effect: `lookback` does nothing without `event`
    22:31 no_effect: `timeout` does nothing without `event`
    "#);
}
