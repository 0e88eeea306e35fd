//! The triggers of the documentation with one part left out, misspelt or of another type: nothing panics, no key that
//! nobody knows passes in silence, and what is wrong is said with its place and a hint.

use druse_engine::check::{Catalog, check};
use druse_engine::definition::{Syntax, parse, parse_value};
use druse_engine::{Finding, Severity};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../docs/triggers.md");

/// All triggers of the page.
fn triggers() -> Vec<Value> {
    let blocks = PAGE.split("```yaml\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    let mut found = Vec::new();
    for block in blocks {
        let list = block.strip_prefix("triggers:\n").unwrap_or(block);
        let (value, _) = parse_value(&format!("list:\n{list}"), Syntax::Yaml).unwrap();
        found.extend(value["list"].as_array().unwrap().clone());
    }
    found
}

fn others() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("x y"),
        json!("99999999999d"),
        json!("{{ nowhere }}"),
        json!("\u{0}ä"),
        json!([]),
        json!({}),
        json!([null]),
        json!({ "x": 1 }),
    ]
}

fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, one)| (key.clone(), one)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, one)| (index.to_string(), one))
            .collect(),
        _ => return,
    };
    for (key, one) in parts {
        let at = format!("{at}/{key}");
        found.push(at.clone());
        places(one, &at, found);
    }
}

/// A trigger in each way in which a part of it can be otherwise; whether its key is misspelt.
fn changed(trigger: &Value, at: &str) -> Vec<(Value, bool)> {
    let (around, key) = at.rsplit_once('/').unwrap();
    let mut all = Vec::new();
    for other in others() {
        let mut whole = trigger.clone();
        *whole.pointer_mut(at).unwrap() = other;
        all.push((whole, false));
    }
    for misspelt in [false, true] {
        let mut whole = trigger.clone();
        if let Some(Value::Object(map)) = whole.pointer_mut(around) {
            let value = map.remove(key).unwrap();
            if misspelt {
                map.insert(format!("{key}_x"), value);
            }
            all.push((whole, misspelt));
        }
    }
    all
}

/// Whether any key may stand at this place: names that people give, and data.
fn is_free(at: &str) -> bool {
    let data = ["/inputs/", "/query/", "/headers/", "/json/", "/body/"];
    data.iter().any(|part| at.contains(part))
}

fn findings(trigger: &Value) -> Vec<Finding> {
    let document = json!({
        "druse": 1, "name": "example",
        "inputs": { "region": { "default": null }, "n": { "default": null } },
        "triggers": [trigger],
        "steps": [{ "id": "s", "action": "transform", "with": { "value": 1 } }],
    });
    let text = serde_json::to_string_pretty(&document).unwrap();
    match parse(&text, Syntax::Json) {
        Err(findings) => findings,
        Ok(parsed) => {
            let mut findings = check(&parsed.document, &Catalog::default());
            druse_triggers::check::add_to(&mut findings, &parsed.document);
            parsed.source.locate(&mut findings);
            findings
        }
    }
}

#[test]
fn whatever_is_changed_is_told_with_its_place_and_a_hint() {
    let mut wrong = Vec::new();
    let mut looked = 0;
    for trigger in triggers() {
        let said = |told: &[Finding]| -> BTreeSet<String> {
            let texts = told.iter().map(|one| format!("{}{}", one.id, one.message));
            texts.collect()
        };
        let before = said(&findings(&trigger));
        let mut found = Vec::new();
        places(&trigger, "", &mut found);
        for at in found {
            for (whole, misspelt) in changed(&trigger, &at) {
                looked += 1;
                let told = findings(&whole);
                if misspelt && !is_free(&at) && said(&told).is_subset(&before) {
                    wrong.push(format!("silence: {at} in {trigger}"));
                }
                for one in told.iter().filter(|one| one.severity == Severity::Error) {
                    if one.line.is_none() || one.column.is_none() || one.help.is_empty() {
                        wrong.push(format!("{at}: {one:?}"));
                    }
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{} of {looked}: {wrong:#?}", wrong.len());
    assert!(looked > 500, "{looked}");
}
