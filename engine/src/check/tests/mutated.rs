//! What happens to a document that is right: each part of it is left out, misspelt, of another type, too large, too
//! deep. Whatever it is, nothing panics; what is said has a place and a hint; no key that nobody knows passes in
//! silence; and what passes the check has a plan.

use super::*;
use crate::Severity;
use crate::testing::right_documents;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Of so many values that are put in the place of a part one is tried, others at other parts.
const SAMPLE: usize = 9;

/// A change of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    LeaveOut,
    Misspell,
    Put(usize),
}

/// What is put in the place of a part.
fn other(number: usize) -> Option<Value> {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let all = [
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(0.5),
        json!(""),
        json!("x y"),
        json!("{{ nowhere }}"),
        json!("{{ steps.nowhere.output }}"),
        json!("{{"),
        json!("{{ 1 + }}"),
        json!("\u{0}\u{202e}ä\u{1F600}"),
        json!("9".repeat(400)),
        json!([]),
        json!({}),
        json!([null, 1, "x"]),
        json!({ "x": { "y": 1 } }),
        json!(["nowhere"]),
        deep,
    ];
    all.get(number).cloned()
}

/// JSON Pointers to all parts.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                found.push(at.clone());
                places(inner, &at, found);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                let at = format!("{at}/{index}");
                found.push(at.clone());
                places(inner, &at, found);
            }
        }
        _ => {}
    }
}

/// The document with one part of it changed; none where that cannot be done.
fn changed(document: &Value, at: &str, change: Change) -> Option<Value> {
    let mut whole = document.clone();
    let (around, key) = at.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    if let Change::Put(number) = change {
        *whole.pointer_mut(at)? = other(number)?;
        return Some(whole);
    }
    match (whole.pointer_mut(around)?, change) {
        (Value::Object(map), Change::LeaveOut) => drop(map.remove(&key)?),
        (Value::Object(map), _) => {
            let value = map.remove(&key)?;
            map.insert(format!("{key}_x"), value);
        }
        (Value::Array(list), Change::LeaveOut) => drop(list.remove(key.parse().ok()?)),
        // The same once more: ids are there twice then.
        (Value::Array(list), _) => list.push(list.get(key.parse::<usize>().ok()?)?.clone()),
        _ => return None,
    }
    Some(whole)
}

/// Whether any key may stand in the map at this place: names that people give, and data.
fn is_free(at: &str) -> bool {
    const NAMES: [&str; 6] = [
        "inputs",
        "outputs",
        "metadata",
        "env",
        "properties",
        "answers_to",
    ];
    const DATA: [&str; 17] = [
        "arguments",
        "json",
        "headers",
        "query",
        "form",
        "multipart",
        "data",
        "value",
        "items",
        "show",
        "default",
        "params",
        "output",
        "mocks",
        "artifacts",
        "input",
        "outputs",
    ];
    let parts: Vec<&str> = at.split('/').skip(1).collect();
    let Some((_, around)) = parts.split_last() else {
        return false;
    };
    around.last().is_some_and(|last| NAMES.contains(last))
        || around
            .iter()
            .any(|part| DATA.contains(part) || *part == "metadata")
}

fn all_of(text: &str, syntax: Syntax) -> (Vec<Finding>, Option<Document>) {
    match parse(text, syntax) {
        Err(findings) => (findings, None),
        Ok(parsed) => {
            let mut findings = parsed.findings;
            findings.extend(check(&parsed.document, &Catalog::default()));
            parsed.source.locate(&mut findings);
            (findings, Some(parsed.document))
        }
    }
}

#[test]
fn whatever_is_changed_is_told_with_its_place_and_a_hint() {
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let (mut looked, mut number) = (0, 0);
    for document in right_documents() {
        let text = serde_json::to_string_pretty(&document).unwrap();
        let said = |findings: &[Finding]| -> BTreeSet<String> {
            let texts = findings
                .iter()
                .map(|one| format!("{}{}", one.id, one.message));
            texts.collect()
        };
        let before = said(&all_of(&text, Syntax::Json).0);
        let mut found = Vec::new();
        places(&document, "", &mut found);
        for at in found {
            // Names that people give, and data, are as anybody likes.
            if is_free(&at) {
                continue;
            }
            // What stands at a place of one kind (`/steps/with/path`) is changed in one way once.
            let parts = at.split('/').filter(|part| part.parse::<usize>().is_err());
            let kind = parts.collect::<Vec<_>>().join("/");
            let puts = (0..).take_while(|number| other(*number).is_some());
            let changes = [Change::LeaveOut, Change::Misspell].into_iter();
            for change in changes.chain(puts.map(Change::Put)) {
                number += 1;
                let left_out = matches!(change, Change::Put(_)) && number % SAMPLE != 0;
                if left_out || !seen.insert(format!("{kind} {change:?}")) {
                    continue;
                }
                let Some(whole) = changed(&document, &at, change) else {
                    continue;
                };
                looked += 1;
                let text = serde_json::to_string_pretty(&whole).unwrap();
                let syntax = match number % 2 {
                    0 => Syntax::Yaml,
                    _ => Syntax::Json,
                };
                let (findings, read) = all_of(&text, syntax);
                let mut complain = |what: String| {
                    let name = document["name"].as_str().unwrap_or_default();
                    wrong
                        .entry(what)
                        .or_insert_with(|| format!("{name}{at} {change:?}"));
                };
                for finding in &findings {
                    if finding.line.is_none() || finding.column.is_none() {
                        complain(format!("no place: {}: {}", finding.code, finding.message));
                    }
                    if finding.help.is_empty() && finding.severity == Severity::Error {
                        complain(format!("no hint: {}: {}", finding.code, finding.message));
                    }
                }
                let key = at
                    .rsplit('/')
                    .next()
                    .is_some_and(|key| key.parse::<usize>().is_err());
                let silent = said(&findings).is_subset(&before);
                if change == Change::Misspell && key && silent {
                    complain(format!("silence: {kind}"));
                }
                let errors = findings.iter().any(|one| one.severity == Severity::Error);
                if let Some(document) = read.filter(|_| !errors)
                    && let Err(findings) = crate::plan::Plan::compile(Arc::new(document))
                {
                    complain(format!("no plan: {findings:?}"));
                }
            }
        }
    }
    let mut told = String::new();
    for (what, place) in &wrong {
        let _ = writeln!(told, "{what:.300}\n    {place}");
    }
    println!("{looked} changed documents");
    assert!(looked > 500, "{looked}");
    assert!(wrong.is_empty(), "{}\n{told}", wrong.len());
}
