//! Every recording of the sessions folder replays as it was recorded.
//!
//! The folder is `DRUSE_SESSIONS`, or `shared/sessions` beside the checkout; without it nothing is run.

#[path = "../../../benches/harness/recorded.rs"]
mod recorded;

use super::build::options;
use super::figures::{self, Line};
use super::known::share;
use crate::{Options, crystallize, import};
use druse_engine::definition::{Syntax, parse, to_yaml};
pub(super) use recorded::{folder, recordings};
use std::collections::BTreeMap;

#[derive(Default)]
struct Row {
    sessions: u64,
    calls: u64,
    steps: u64,
    gates: u64,
    left_out: u64,
    matched: u64,
    wrong: u64,
    empty: u64,
    findings: BTreeMap<String, u64>,
}

#[test]
fn every_recording_replays_as_it_was_recorded() {
    let Some(root) = folder() else {
        println!("not run: no folder of recorded sessions (set DRUSE_SESSIONS)");
        return;
    };
    let options = Options {
        force: true,
        ..options()
    };
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for path in recordings(&root) {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(sessions) = import(&bytes) else {
            continue;
        };
        for session in sessions {
            let row = rows.entry(session.format.clone()).or_default();
            row.sessions += 1;
            let made = match crystallize(std::slice::from_ref(&session), &options) {
                Ok(made) => made,
                Err(error) => {
                    assert_eq!(error.code, "nothing_to_crystallize", "{}", path.display());
                    row.empty += 1;
                    continue;
                }
            };
            let report = &made.report;
            assert_eq!(report.replay.differences, [], "{}", path.display());
            assert_eq!(
                report.replay.matched,
                report.counts.steps,
                "{}",
                path.display()
            );
            row.calls += report.counts.calls;
            row.steps += report.counts.steps;
            row.gates += report.counts.gates;
            row.left_out += report.counts.left_out;
            row.matched += report.replay.matched;
            row.wrong += report.replay.differing + report.replay.missing;
            for finding in &report.findings {
                *row.findings.entry(finding.code.clone()).or_default() += 1;
            }
            let text = crate::text::text(report, &made.document);
            assert!(text.contains("Before it can be activated"));
            // What is written can be read again, as the same document.
            let written = to_yaml(&made.document);
            match parse(&written, Syntax::Yaml) {
                Ok(read) => assert_eq!(read.document, made.document, "{}", path.display()),
                Err(findings) => panic!("{}: {:?}", path.display(), findings.first()),
            }
        }
    }
    println!("format sessions calls steps gates left_out matched wrong without_calls");
    for (format, row) in &rows {
        println!(
            "{format} {} {} {} {} {} {} {} {}  {:?}",
            row.sessions,
            row.calls,
            row.steps,
            row.gates,
            row.left_out,
            row.matched,
            row.wrong,
            row.empty,
            row.findings
        );
    }
    let sum = |of: fn(&Row) -> u64| rows.values().map(of).sum::<u64>();
    let (calls, steps, left_out) = (
        sum(|row| row.calls),
        sum(|row| row.steps),
        sum(|row| row.left_out),
    );
    assert_eq!(calls, steps + left_out);
    figures::line(&Line {
        measure: "every call a step, or left out with a reason; `exact` replays byte for byte",
        n: format!("{calls} calls of {} sessions", sum(|row| row.sessions)),
        coverage: share(steps + left_out, calls),
        success: share(sum(|row| row.matched), steps),
        wrong: share(sum(|row| row.wrong), steps),
        reach: "100 %",
    });
}
