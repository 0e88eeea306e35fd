//! Each code that is said of a recording or its draft, by the least that gives it. What other tests expect by name is
//! not repeated here.

mod bound;
mod coding;
mod exact;
mod imported;

use druse_engine::Finding;
use druse_engine::finding::codes::find;

/// Each code is among its findings, as grave as it is listed, and says what to do where there is something to do.
#[track_caller]
fn given(table: Vec<(&str, Vec<Finding>)>) {
    let mut wrong = Vec::new();
    for (code, findings) in &table {
        let known = find(code).unwrap_or_else(|| panic!("{code} is not listed"));
        let Some(found) = findings.iter().find(|finding| finding.code == *code) else {
            let codes: Vec<&str> = findings.iter().map(|one| one.code.as_str()).collect();
            wrong.push(format!("{code} is not among {codes:?}"));
            continue;
        };
        if !known.severities.contains(&found.severity) {
            wrong.push(format!("{code} is {:?}", found.severity));
        }
        if found.acknowledge && found.help.is_empty() {
            wrong.push(format!("{code} does not say what to do: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
