//! Sensitive inputs in tests: compared, and not shown.

use super::super::*;
use crate::testing::plan;
use serde_json::{Value, json};

fn result(expect: &Value) -> TestResult {
    let plan = plan(&json!({
        "inputs": {
            "pin": { "type": "integer", "sensitive": true },
            "word": { "type": "string", "sensitive": true },
        },
        "steps": [{ "id": "pay", "action": "http", "with": {
            "connection": "bank", "path": "/{{ inputs.word }}", "json": { "pin": "{{ inputs.pin }}", "n": 1 } } }],
    }));
    let file = json!({ "tests": [{
        "name": "one", "inputs": { "pin": 4711, "word": "geheimnis" },
        "mocks": { "pay": { "output": {} } }, "expect": expect,
    }] });
    let tests = read_tests(file, &plan).unwrap();
    run_test(&plan, &tests[0])
}

#[test]
fn they_are_compared_with_what_was_given() {
    let input = json!({ "path": "/geheimnis", "json": { "pin": 4711 } });
    let expect = json!({ "status": "succeeded", "steps": { "pay": { "input": input } } });
    let result = result(&expect);
    assert_eq!(result.differences, []);
    let told = serde_json::to_string(&result).unwrap();
    assert!(
        !told.contains("4711") && !told.contains("geheimnis"),
        "{told}"
    );
    let call = result.run.calls[0].input.value();
    assert_eq!(call["path"], "/[sensitive]");
    assert_eq!(call["json"], json!({ "pin": "[sensitive]", "n": 1 }));
}

#[test]
fn what_is_said_of_a_difference_does_not_show_them() {
    let input = json!({ "path": "/else", "json": { "pin": 7, "n": 4711 }, "body": "geheimnis" });
    let expect = json!({ "steps": { "pay": { "input": input } }, "never": ["pay"] });
    let result = result(&expect);
    let told: Vec<&str> = result.differences.iter().map(|one| &*one.message).collect();
    assert_eq!(
        told,
        [
            "expected \"/else\", found \"/[sensitive]\"",
            "expected 7, found \"[sensitive]\"",
            "expected \"[sensitive]\", found 1",
            "expected \"[sensitive]\", found nothing",
            "pay is called, with {\"connection\":\"bank\",\"path\":\"/[sensitive]\",\"json\":{\"pin\":\"[sensitive]\",\"n\":1}}",
        ]
    );
    let told = serde_json::to_string(&result).unwrap();
    assert!(
        !told.contains("4711") && !told.contains("geheimnis"),
        "{told}"
    );
    // What a test that stops says of its step, too.
    assert!(!told.contains("sealed"), "{told}");
}
