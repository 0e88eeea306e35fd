//! Everything that is wrong is said at once, and nothing that only comes of something else.

use crate::Finding;
use crate::definition::{Syntax, from_value, parse};
use serde_json::{Value, json};

fn lines(text: &str) -> String {
    let findings = parse(text, Syntax::Yaml).expect_err("it is wrong");
    let line = |one: &Finding| {
        let (line, column) = (one.line.unwrap(), one.column.unwrap());
        format!(
            "{line}:{column} {}: {} -- {}",
            one.code, one.message, one.help
        )
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_wrong_is_said_all_at_once() {
    insta::assert_snapshot!(lines(
        r#"druse: 1
name: wrong
colour: red
inputs:
  n: { type: integr }
steps:
  - id: size
    action: switch
    with: { cases: [ { id: big, when: inputs.n > 10 }, { id: small } ] }
    needs: [late]
  - { id: late, action: transform, needs: [size.big], with: { value: 1 } }
  - { id: far, action: transform, needs: [nowhere], with: { value: 1 } }
  - id: each
    for_each: { items: [1], max_paralel: 2 }
    steps:
      - { id: inner, action: transform, with: { value: 1 } }
  - { id: into, action: transform, needs: [inner], with: { value: 1 } }
  - { id: maybe, action: transform, when: inputs.n > 3, with: { value: 1 } }
  - { id: reads, action: transform, needs: [maybe], join: all_done, with: { value: "{{ steps.maybe.output }}" } }
  - { id: typed, action: transform, needs: 7, timeout: soon, with: { value: "{{ inputs.none }}" } }
  - { id: misspelt, acton: transform, with: { value: "{{ inputs.n + }}" } }
  - { id: calls, action: http, with: { conection: shop, path: 7 } }
outputs:
  last: "{{ steps.lost.output }}"
"#
    ));
}

#[test]
fn a_text_that_is_no_good_yaml_is_looked_at_as_well() {
    let text = "druse: 1\nname: twice\nname: twice\nsteps:\n  - { id: a, action: transform, needs: [b], with: { value: 1 } }\n";
    insta::assert_snapshot!(lines(text));
}

/// Whatever is taken out of a document that is right, what is said is about that and nothing else.
#[test]
fn nothing_is_said_that_only_comes_of_something_else() {
    let (mut broken, mut others) = (0, Vec::new());
    for example in crate::testing::right_documents() {
        let name = &example["name"];
        for at in places(&example, "") {
            let (to, key) = at.rsplit_once('/').unwrap();
            let key = &*key.replace("~1", "/").replace("~0", "~");
            let wrongs: [&dyn Fn(&mut Value); 3] = [
                &|map| {
                    let value = map.as_object_mut().unwrap().remove(key).unwrap();
                    map[format!("{key}_misspelt")] = value;
                },
                &|map| map[key] = json!([[{}]]),
                &|map| map["more"] = json!(1),
            ];
            for wrong in wrongs {
                let mut document = example.clone();
                wrong(document.pointer_mut(to).unwrap());
                let Err(findings) = from_value(document.clone()) else {
                    continue;
                };
                broken += 1;
                for finding in findings {
                    let path = finding.path.as_deref().unwrap_or_default();
                    let about_it = path.starts_with(to) || to.starts_with(path);
                    if !about_it {
                        others.push(format!(
                            "{at} of {name}: {} at {path}: {}",
                            finding.code, finding.message
                        ));
                    }
                }
            }
        }
    }
    assert!(
        others.is_empty(),
        "{} of {broken}:\n{}",
        others.len(),
        others.join("\n")
    );
    assert!(broken > 2_000, "{broken}");
    println!("{broken} documents were broken");
}

/// The keys of a document, of its steps and of what stands in these.
fn places(value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                if !["with", "inputs", "outputs", "metadata", "tests"].contains(&key.as_str()) {
                    found.extend(places(inner, &at));
                }
                found.push(at);
            }
        }
        Value::Array(list) => {
            for (number, inner) in list.iter().enumerate() {
                found.extend(places(inner, &format!("{at}/{number}")));
            }
        }
        _ => {}
    }
    found
}

/// A fault of one key hides nothing that is said about another one, nor one trigger what is wrong with the next.
#[test]
fn a_fault_of_one_key_hides_no_other() {
    insta::assert_snapshot!(lines(
        r#"druse: 1
name: wrong
triggers:
  - { id: first, schedule: { every: 7 } }
  - { id: second }
steps:
  - { id: a, action: http, with: { url: "http://10.0.0.1/x" }, timeout: soon }
  - { id: b, action: http, with: { url: "http://127.0.0.1/", method: 7 } }
  - { id: c, action: http, with: { connection: 7 } }
"#
    ));
}
