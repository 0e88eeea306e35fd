use super::*;
use crate::Finding;
use crate::Span;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn shown(text: &str, findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| finding.render("a.yaml", text))
        .collect()
}

fn errors(text: &str) -> String {
    match parse(text, Syntax::Yaml) {
        Ok(parsed) => format!("OK\n{}", shown(text, &parsed.findings)),
        Err(findings) => shown(text, &findings),
    }
}

/// The example of a document that people see first.
const EXAMPLE: &str = r#"druse: 1
name: revenue-dashboard
description: Revenue and orders of a region, as a dashboard
inputs:
  region: { type: string, enum: [EU, US], default: EU, description: Sales region }
triggers:
  - id: mondays
    schedule: { cron: "0 7 * * MON", timezone: Europe/Berlin, catch_up: latest, overlap: skip }
    inputs: { region: EU }
concurrency: { key: "{{ inputs.region }}", limit: 1, overflow: queue }
steps:
  - id: revenue
    action: mcp
    with: { connection: warehouse, tool: generate_query, arguments: { question: "revenue by month in {{ inputs.region }}" } }
    timeout: 30s
    retry: { attempts: 5, backoff: 1s, factor: 1.50, max: 1m, on: [retryable, timeout] }
  - id: publish_gate
    action: approval_gate
    needs: [revenue]
    when: steps.revenue.output.json.rows | length > 0
    with: { title: Publish the dashboard?, approvers: [role:approver], needed: 1, timeout: 24h }
outputs:
  rows: "{{ steps.revenue.output.json.rows }}"
"#;

#[test]
fn the_example_is_read_and_written() {
    let parsed = parse(EXAMPLE, Syntax::Yaml).unwrap_or_else(|e| panic!("{}", shown(EXAMPLE, &e)));
    assert_eq!(parsed.document.steps[0].timeout, Some(Span::from_secs(30)));
    assert_eq!(parsed.document.steps[0].retry.as_ref().unwrap().factor, 1.5);
    assert_eq!(parsed.source.place("/steps/1/when"), Some((20, 11)));
    assert_eq!(parsed.source.key_place("/steps/1/when"), Some((20, 5)));
    let yaml = to_yaml(&parsed.document);
    insta::assert_snapshot!(yaml, @r#"
# yaml-language-server: $schema=http://127.0.0.1:7878/schema/v1.json
druse: 1
name: revenue-dashboard
description: Revenue and orders of a region, as a dashboard
inputs:
  region:
    type: string
    enum: [EU, US]
    default: EU
    description: Sales region
triggers:
  - id: mondays
    schedule:
      cron: "0 7 * * MON"
      timezone: Europe/Berlin
      catch_up: latest
      overlap: skip
    inputs:
      region: EU
concurrency:
  key: "{{ inputs.region }}"
  limit: 1
  overflow: queue
steps:
  - id: revenue
    action: mcp
    with:
      connection: warehouse
      tool: generate_query
      arguments:
        question: "revenue by month in {{ inputs.region }}"
    timeout: 30s
    retry:
      attempts: 5
      backoff: 1s
      factor: 1.5
      max: 1m
      jitter: true
      "on": [retryable, timeout]
  - id: publish_gate
    action: approval_gate
    needs: [revenue]
    when: steps.revenue.output.json.rows | length > 0
    with:
      title: Publish the dashboard?
      approvers: [role:approver]
      needed: 1
      timeout: 24h
outputs:
  rows: "{{ steps.revenue.output.json.rows }}"
"#);
    assert_eq!(
        parse(&yaml, Syntax::Yaml).unwrap().document,
        parsed.document
    );
    let json = serde_json::to_string_pretty(&parsed.document).unwrap();
    let again = parse(&json, Syntax::Json).unwrap();
    assert_eq!(again.document, parsed.document);
    assert_eq!(digest(&again.document), digest(&parsed.document));
}

#[test]
fn what_is_written_stays_what_it_was() {
    let text = "druse: 1\nname: x\nsteps: []\nmetadata:\n  a: NO\n  on: yes\n  b: 0123\n  c: 1.10\n  d: 12:30\n  e: 1e3\n  f: ~\n  g: true\n  h: -1.5\n  i: 9007199254740993\n  j: True\n  k: .inf\n  l: 1_000\n  m: 0x10\n  n: 2024-01-01\n  o: 123456789012345678901234567890\n";
    let parsed = parse(text, Syntax::Yaml).unwrap();
    assert_eq!(
        Value::Object(parsed.document.metadata),
        json!({"a": "NO", "on": "yes", "b": "0123", "c": "1.10", "d": "12:30", "e": "1e3", "f": null, "g": true, "h": -1.5, "i": 9007199254740993i64, "j": "True", "k": ".inf", "l": "1_000", "m": "0x10", "n": "2024-01-01", "o": "123456789012345678901234567890"})
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = "druse: 1
nmae: x
name: 5
timout: 5m
triggers:
  - id: t
    schedule: {cron: '* * * * *', overlap: skipp}
steps:
  - id: a
    acton: http
    action: http
    timeout: 5 minutes
    retry: {attempts: -1, atempts: 2}
    needs: b
    needs: c
    on_error: ignore
  - action: http
  - just text
";
    insta::assert_snapshot!(errors(text), @r#"
a.yaml:2:1: error[unknown_key]: there is no key `nmae` here
  2 | nmae: x
    | ^
  help: did you mean `name`?
a.yaml:3:7: error[wrong_type]: `name` is a text, not a number
  3 | name: 5
    |       ^
  help: quote it: "5"
a.yaml:4:1: error[unknown_key]: there is no key `timout` here
  4 | timout: 5m
    | ^
  help: did you mean `timeout`?
a.yaml:7:44: error[bad_value]: `overlap` cannot be `skipp`
  7 |     schedule: {cron: '* * * * *', overlap: skipp}
    |                                            ^
  help: did you mean `skip`?
a.yaml:10:5: error[unknown_key]: there is no key `acton` here
  10 |     acton: http
     |     ^
  help: did you mean `action`?
a.yaml:12:14: error[bad_value]: "5 minutes" is not a duration such as 300ms, 30s, 5m, 2h or 7d
  12 |     timeout: 5 minutes
     |              ^
  help: write a whole number and a unit
a.yaml:13:23: error[bad_value]: `attempts` is at least 0
  13 |     retry: {attempts: -1, atempts: 2}
     |                       ^
  help: write a value of the kind that the message says
a.yaml:13:27: error[unknown_key]: there is no key `atempts` here
  13 |     retry: {attempts: -1, atempts: 2}
     |                           ^
  help: did you mean `attempts`?
a.yaml:14:12: error[wrong_type]: `needs` is a list, not a text
  14 |     needs: b
     |            ^
  help: the message names the type
a.yaml:15:5: error[duplicate_key]: the key `needs` is here twice
  15 |     needs: c
     |     ^
  help: remove one of them
a.yaml:16:15: error[bad_value]: `on_error` cannot be `ignore`
  16 |     on_error: ignore
     |               ^
  help: one of: fail, continue, pause
a.yaml:17:5: error[missing_key]: `id` is missing
  17 |   - action: http
     |     ^
  help: `[a-z][a-z0-9_]*`, unique in its list.
a.yaml:18:5: error[wrong_type]: element 2 is a map, not a text
  18 |   - just text
     |     ^
  help: the message names the type
"#);
}

#[test]
fn yaml_that_eats_expressions_is_explained() {
    let start = "druse: 1\nname: x\nsteps:\n  - id: a\n    action: transform\n";
    let all: Vec<String> = [
        "    when: !x == 1\n",
        "    with: {value: 1}\n    when: hi {{ a }} # c\n",
        "    when: 'it' == inputs.a\n",
        "    when: inputs.a == 'x: y'\n",
        "    with: {value: 1}\n    idempotency_key: {{ run.id }}\n",
        "    with:\n      value: {{ run.id }} and more\n",
        "    with: {value: [{{ run.id }}]}\n",
        "    with: &a {value: 1}\n",
        "    with: *a\n",
        "    name: * * * * *\n",
        "\twith: {value: 1}\n",
        "---\nsecond: 1\n",
    ]
    .into_iter()
    .map(|end| errors(&format!("{start}{end}")))
    .collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
a.yaml:6:14: error[yaml_tag]: `!` begins a YAML tag, and what follows it would be lost
  6 |     when: !x == 1
    |              ^
  help: put the whole expression in double quotes; `not x` says the same as `!x`

OK
a.yaml:7:21: warning[yaml_comment]: the text ends before ` #`: the rest of the line is a YAML comment
  7 |     when: hi {{ a }} # c
    |                     ^
  help: put the whole value in double quotes if it belongs to the text

a.yaml:6:16: error[bad_yaml]: this is not YAML: invalid trailing content after single-quoted scalar
  6 |     when: 'it' == inputs.a
    |                ^
  help: YAML takes the first quote as the start of a text: put the whole value in double quotes, as in when: "'a' == inputs.x"

a.yaml:6:25: error[bad_yaml]: this is not YAML: mapping values are not allowed in this context
  6 |     when: inputs.a == 'x: y'
    |                         ^
  help: put the whole value in double quotes

a.yaml:7:22: error[unquoted_expression]: a value that begins with `{{` needs quotes: YAML takes `{` as the start of a map
  7 |     idempotency_key: {{ run.id }}
    |                      ^
  help: put the whole value in double quotes: "{{ … }}"

a.yaml:7:14: error[unquoted_expression]: a value that begins with `{{` needs quotes: YAML takes `{` as the start of a map
  7 |       value: {{ run.id }} and more
    |              ^
  help: put the whole value in double quotes: "{{ … }}"

a.yaml:6:20: error[unquoted_expression]: a value that begins with `{{` needs quotes: YAML takes `{` as the start of a map
  6 |     with: {value: [{{ run.id }}]}
    |                    ^
  help: put the whole value in double quotes: "{{ … }}"

a.yaml:6:14: error[yaml_anchor]: `&` begins a YAML anchor, and those are not taken
  6 |     with: &a {value: 1}
    |              ^
  help: write the value out; a text that begins with & needs quotes

a.yaml:6:11: error[yaml_anchor]: `*` begins a YAML alias, and those are not taken
  6 |     with: *a
    |           ^
  help: write the value out; a text that begins with * needs quotes

a.yaml:6:11: error[bad_yaml]: this is not YAML: while scanning an anchor or alias, did not find expected alphabetic or numeric character
  6 |     name: * * * * *
    |           ^
  help: a value that begins with this sign needs quotes

a.yaml:5:13: error[bad_yaml]: this is not YAML: while scanning a plain scalar, found a tab
  5 |     action: transform
    |             ^
  help: indent with blanks, not with tabs

a.yaml:6:1: error[bad_yaml]: a file holds one document, and here a second begins
  6 | ---
    | ^
  help: put it into a file of its own
"#);
}

#[test]
fn json_has_places_and_no_duplicates() {
    let text = "{\"druse\": 1,\n \"name\": \"x\", \"steps\": [],\n \"name\": \"y\",\n  \"nöte\": 1, \"bad\": 2}";
    let findings = parse(text, Syntax::Json).unwrap_err();
    insta::assert_snapshot!(shown(text, &findings), @r#"
a.yaml:3:2: error[duplicate_key]: the key `name` is here twice
  3 |  "name": "y",
    |  ^
  help: remove one of them
a.yaml:4:3: error[unknown_key]: there is no key `nöte` here
  4 |   "nöte": 1, "bad": 2}
    |   ^
  help: did you mean `name`?
a.yaml:4:14: error[unknown_key]: there is no key `bad` here
  4 |   "nöte": 1, "bad": 2}
    |              ^
  help: known here: druse, name, description, inputs, triggers, concurrency, steps, on_failure, finally, undo_on_failure, timeout, priority, outputs, capabilities, metadata, tests
"#);
}

#[test]
fn broken_json_has_a_place() {
    let text = "{\"druse\": 1,\n oops}";
    insta::assert_snapshot!(shown(text, &parse(text, Syntax::Json).unwrap_err()), @r"
a.yaml:2:2: error[bad_json]: this is not JSON: key must be a string
  2 |  oops}
    |  ^
  help: the message names what was expected there
");
}

#[test]
fn limits_hold() {
    let code = |text: &str, syntax| parse(text, syntax).unwrap_err()[0].code.clone();
    assert_eq!(code(&"x".repeat(TEXT_LIMIT + 1), Syntax::Yaml), "too_large");
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(code(&deep, Syntax::Json), "too_deep");
    assert!(matches!(
        code(&deep, Syntax::Yaml).as_str(),
        "too_deep" | "bad_yaml"
    ));
    let deep = "[".repeat(100_000);
    assert!(parse(&deep, Syntax::Yaml).is_err());
    assert!(parse(&deep, Syntax::Json).is_err());
}

#[test]
fn the_schema_takes_the_example_and_refuses_mistakes() {
    let schema = schema();
    let validator = crate::plan::validator(&schema).unwrap();
    let document = parse(EXAMPLE, Syntax::Yaml).unwrap().document;
    let mut value = serde_json::to_value(&document).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    value["steps"][1]["with"]["needed"] = json!("{{ inputs.n }}");
    assert!(validator.is_valid(&value));
    value["steps"][1]["with"]["needed"] = json!("many");
    assert!(!validator.is_valid(&value));
    value["steps"][1]["with"] = json!({"titel": "x"});
    assert!(!validator.is_valid(&value));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "([a-z:#{}\\[\\],&*!|>'\"%@`~ \t\n\r\\\\-]|\\{\\{|\u{85}|\u{2028}|\u{0}|\u{feff}){0,14}",
        "[a-z]{1,5}\n[ a-z]{0,5}\n?",
        Just("NO".to_owned()),
        Just("1.10".to_owned()),
        Just("null".to_owned()),
        Just("0123".to_owned()),
        Just("2024-01-01".to_owned()),
        Just("---".to_owned()),
        Just("<<".to_owned()),
        Just("{{ inputs.x }}".to_owned()),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((any_text(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_document() -> impl Strategy<Value = Document> {
    (
        any_text(),
        prop::option::of(any_text()),
        prop::collection::vec((any_text(), any_value()), 0..4),
        prop::collection::vec((any_text(), any_value()), 0..3),
        prop::option::of(any_text()),
        prop::option::of((1u32..9, 1.0f64..9.0)),
    )
        .prop_map(
            |(name, description, with, metadata, when, retry)| Document {
                tests: Vec::new(),
                druse: 1,
                name,
                description,
                inputs: Map::new(),
                triggers: Vec::new(),
                concurrency: None,
                steps: vec![Step {
                    id: "a".into(),
                    action: Some("transform".into()),
                    when,
                    with: Some(with.into_iter().collect()),
                    retry: retry.map(|(attempts, factor)| {
                        Box::new(Retry {
                            attempts,
                            factor,
                            ..Retry::default()
                        })
                    }),
                    ..Step::default()
                }],
                on_failure: Vec::new(),
                finally: Vec::new(),
                undo_on_failure: None,
                timeout: None,
                priority: None,
                outputs: Map::new(),
                capabilities: None,
                metadata: metadata.into_iter().collect(),
            },
        )
}

/// Whoever reads a document sees what stands there, and it is the same text when it is read again.
#[test]
fn characters_that_nobody_sees_are_written_out_and_read_back() {
    let every = (0..=0x10_ffff)
        .filter_map(char::from_u32)
        .filter(|one| crate::hidden::is_hidden(*one));
    let mut long: String = every.collect();
    long.push_str("\nlast line");
    for text in [
        "a\u{202e}b",
        "a\u{3164}",
        "line\nto\u{200b}o",
        "\u{e0041}x",
        "\u{85}",
        &long,
    ] {
        let document = json!({ "druse": 1, "name": "a", "steps": [
            { "id": "s", "action": "transform", "with": { "value": text } }], "metadata": { text: [text] } });
        let parsed = parse(&document.to_string(), Syntax::Json).unwrap();
        let yaml = to_yaml(&parsed.document);
        assert!(!yaml.contains(crate::hidden::is_hidden), "{yaml:?}");
        let again =
            parse(&yaml, Syntax::Yaml).unwrap_or_else(|findings| panic!("{yaml}{findings:?}"));
        assert_eq!(again.document, parsed.document, "{yaml}");
    }
}

proptest! {
    #[test]
    fn yaml_round_trips(document in any_document()) {
        let yaml = to_yaml(&document);
        let parsed = parse(&yaml, Syntax::Yaml).map_err(|e| TestCaseError::fail(format!("{yaml}\n{}", shown(&yaml, &e))))?;
        prop_assert_eq!(&parsed.document, &document, "{}", yaml);
        prop_assert_eq!(digest(&parsed.document), digest(&document));
    }

    #[test]
    fn json_round_trips(document in any_document()) {
        let json = serde_json::to_string(&document).unwrap();
        let parsed = parse(&json, Syntax::Json).map_err(|e| TestCaseError::fail(shown(&json, &e)))?;
        prop_assert_eq!(&parsed.document, &document);
    }

    #[test]
    fn reading_never_panics(text in "([a-z]{1,4}|[ \n\t:#{}\\[\\],&*!|>'\"%@`~?-]|\\PC|druse: 1\n|steps:\n  - id: ){0,30}") {
        let _ = parse(&text, Syntax::Yaml);
        let _ = parse(&text, Syntax::Json);
    }
}

#[test]
fn comments_are_told_from_text_that_looks_like_them() {
    let text = "# head\nname: a # tail\ntitle: \"Order #5\"\nplain: a#b\nscript: |\n  # in a script\n  echo '#'\n# end\n";
    assert_eq!(super::comments(text), ["# head", "# tail", "# end"]);
    assert!(super::comments("a: [1, 2]\nb: {c: \"# no\"}\n").is_empty());
    assert!(super::comments("a: [").is_empty());
}
