//! The examples of findings about triggers have the findings that they are examples of.

use druse_engine::check::{Catalog, check};
use druse_engine::definition::{Syntax, parse};
use druse_engine::finding::codes::{Group, all};

#[test]
fn every_example_of_a_trigger_has_its_finding() {
    let mut wrong = Vec::new();
    let mut shown = 0;
    for code in all().filter(|code| code.group == Group::Trigger && !code.example.is_empty()) {
        shown += 1;
        let more = match code.example {
            text if text.starts_with("schedule") || text.starts_with("webhook") => "",
            text if text.starts_with("event") || text.starts_with("files") => "",
            _ => ", event: { type: x }",
        };
        let text = format!(
            "druse: 1\nname: example\ninputs: {{ n: {{ default: 1 }} }}\ntriggers: [ {{ id: t, {}{more} }} ]\nsteps: [ {{ id: a, action: transform, with: {{ value: 1 }} }} ]\n",
            code.example
        );
        let findings = match parse(&text, Syntax::Yaml) {
            Err(findings) => findings,
            Ok(parsed) => {
                let mut findings = check(&parsed.document, &Catalog::default());
                druse_triggers::check::add_to(&mut findings, &parsed.document);
                findings
            }
        };
        if !findings.iter().any(|finding| finding.code == code.code) {
            let found: Vec<&str> = findings.iter().map(|one| one.code.as_str()).collect();
            wrong.push(format!("{}: {found:?}", code.code));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(shown > 5, "{shown}");
}
