use super::*;
use crate::definition::{Syntax, parse};

fn document(steps: &str) -> Document {
    let text = format!("druse: 1\nname: t\n{steps}");
    parse(&text, Syntax::Yaml).expect(&text).document
}

fn told(old: &str, new: &str) -> String {
    let changes = between(&document(old), &document(new));
    let lines: Vec<String> = changes.iter().flat_map(Change::lines).collect();
    lines.join("\n")
}

#[test]
fn what_says_the_same_differs_in_nothing() {
    let one = "steps:\n  - { id: a, action: transform, with: { value: 1 } }\n";
    let other = "steps:\n  # the same\n  - id: a\n    with: { value: 1 }\n    action: transform\n";
    assert_eq!(told(one, other), "");
}

#[test]
fn every_part_is_told_in_its_own_words() {
    let old = r#"
inputs:
  region: { type: string, default: EU }
  gone: { type: string, default: "" }
triggers:
  - id: mondays
    schedule: { cron: "0 7 * * MON" }
timeout: 1h
steps:
  - id: read
    action: http
    with: { connection: crm, path: /a, query: { n: 1 } }
    timeout: 30s
  - { id: old, action: transform, with: { value: 1 } }
  - id: each
    for_each: { items: "{{ steps.read.output.json }}" }
    steps:
      - { id: pay, action: http, with: { connection: crm, path: /pay } }
outputs:
  n: "{{ steps.old.output }}"
"#;
    let new = r#"
inputs:
  region: { type: string, default: US }
triggers:
  - id: mondays
    schedule: { cron: "0 8 * * MON" }
  - id: orders
    event: { type: com.example.order }
timeout: 2h
priority: 3
steps:
  - id: read
    action: http
    with: { connection: crm, path: /b, query: { n: 1 } }
    retry: { attempts: 3 }
  - id: each
    for_each: { items: "{{ steps.read.output.json }}", max_parallel: 4 }
    steps:
      - { id: pay, action: http, with: { connection: crm, path: /pay, method: POST } }
      - { id: tell, action: emit, with: { type: paid } }
outputs:
  n: 1
"#;
    insta::assert_snapshot!(told(old, new), @r#"
~ input region
    default: "EU" -> "US"
- input gone
~ trigger mondays (schedule)
    schedule.cron: "0 7 * * MON" -> "0 8 * * MON"
+ trigger orders (event)
~ step read (http)
    retry: {"attempts":3,"backoff":"1s","factor":2.0,"max":"5m","jitter":true,"on":["retryable","timeout"]}
    with.path: "/a" -> "/b"
    timeout: "30s" -> (left out)
~ step each (for_each)
    for_each.max_parallel: 4
~ step each.pay (http)
    with.method: "POST"
+ step each.tell (emit)
- step old (transform)
~ output n
    "{{ steps.old.output }}" -> 1
~ timeout
    "1h" -> "2h"
+ priority
    3
"#);
}

#[test]
fn a_step_that_only_has_another_id_is_renamed_and_so_are_its_readers() {
    let old = "steps:
  - { id: find, action: http, with: { connection: crm, path: /a } }
  - { id: use, action: transform, with: { value: \"{{ steps.find.output.json }}\" } }
  - { id: last, action: transform, needs: [find], with: { value: \"{{ steps.finder }}\" } }
";
    let new = old
        .replace("id: find,", "id: search,")
        .replace("steps.find.", "steps.search.")
        .replace("[find]", "[search]");
    assert_eq!(told(old, &new), "= step search (http), renamed from find");
    // Two that could be meant are none.
    let twice = "steps:
  - { id: one, action: transform, with: { value: 1 } }
  - { id: two, action: transform, with: { value: 1 } }
";
    let other = "steps:\n  - { id: three, action: transform, with: { value: 1 } }\n";
    assert_eq!(
        told(twice, other),
        "+ step three (transform)\n- step one (transform)\n- step two (transform)"
    );
}

#[test]
fn only_what_moved_is_told_to_have_moved() {
    let list = |ids: &str| {
        let steps = ids.chars().map(|id| {
            format!("  - {{ id: {id}, action: transform, with: {{ value: \"{id}\" }} }}\n")
        });
        format!("steps:\n{}", steps.collect::<String>())
    };
    assert_eq!(
        told(&list("abcde"), &list("acdbe")),
        "> step b (transform) stands behind d now"
    );
    assert_eq!(
        told(&list("abc"), &list("cab")),
        "> step c (transform) stands first now"
    );
    assert_eq!(told(&list("abc"), &list("axbc")), "+ step x (transform)");
}

#[test]
fn tests_are_told_apart_from_what_runs() {
    let steps = "steps:\n  - { id: a, action: transform, with: { value: 1 } }\n";
    let old = format!(
        "{steps}tests:\n  - {{ name: one, expect: {{ status: succeeded }} }}\n  - {{ name: gone, expect: {{}} }}\n"
    );
    let new = format!(
        "{steps}tests:\n  - {{ name: more, expect: {{}} }}\n  - {{ name: one, expect: {{ status: failed }} }}\n"
    );
    assert_eq!(
        told(&old, &new),
        "+ test more\n~ test one\n    expect.status: \"succeeded\" -> \"failed\"\n- test gone"
    );
    let digest = |text: &str| crate::definition::digest(&document(text));
    assert_eq!(digest(&old), digest(&new));
    assert_eq!(digest(&old), digest(steps));
}
