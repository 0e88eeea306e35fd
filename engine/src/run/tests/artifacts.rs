//! Files that attempts leave.

use super::*;
use crate::rehearsal::{Ended, retain};
use crate::{Artifact, Digest};

fn artifact(name: &str, content: &str) -> Artifact {
    Artifact {
        name: name.into(),
        media_type: "text/plain".into(),
        bytes: content.len() as u64,
        digest: Digest::of(content.as_bytes()),
    }
}

/// What the running attempt of a step would say that it left.
fn left(bench: &Bench, step: &str, artifact: Artifact) -> Input {
    let Effect::Attempt {
        step,
        number,
        fence,
        ..
    } = bench.effect(step);
    Input::Artifact {
        step,
        number,
        fence,
        artifact,
    }
}

fn leaves(bench: &mut Bench, step: &str, name: &str, content: &str) {
    let input = left(bench, step, artifact(name, content));
    bench.give(input);
}

fn listed(run: &Run) -> Vec<String> {
    run.artifacts()
        .map(|(step, kept)| {
            let bytes = kept.artifact.bytes;
            let from = if kept.from.is_some() { " kept" } else { "" };
            format!("{step}: {} {bytes}{from}", kept.artifact.name)
        })
        .collect()
}

#[test]
fn files_are_those_of_the_last_attempt_and_only_of_one_that_runs() {
    let mut bench = Bench::new(json!({ "steps": [
        call("a", json!({ "retry": { "jitter": false } })),
        call("b", json!({ "needs": ["a"] })),
    ] }));
    leaves(&mut bench, "a", "report.txt", "first try");
    leaves(&mut bench, "a", "log.txt", "why");
    let early = left(&bench, "a", artifact("late.txt", "x"));
    bench.fail("a", FailureClass::Retryable);
    assert_eq!(listed(&bench.run), ["a: log.txt 3", "a: report.txt 9"]);
    assert_eq!(bench.refused(early.clone()), Rejected::StaleAttempt);
    bench.pass("1s");
    assert_eq!(listed(&bench.run), [""; 0], "it begins anew");
    assert_eq!(bench.refused(early), Rejected::StaleAttempt);
    leaves(&mut bench, "a", "report.txt", "second");
    leaves(&mut bench, "a", "report.txt", "second, corrected");
    bench.ok("a");
    leaves(&mut bench, "b", "report.txt", "b");
    bench.ok("b");
    assert_eq!(listed(&bench.run), ["a: report.txt 17", "b: report.txt 1"]);
    assert_eq!(bench.run.status(), Status::Succeeded);
    // What stays on the disk is more: "first try", "why", and both of the second attempt.
    assert_eq!(bench.run.artifacts_ever(), (9 + 3 + 6 + 17 + 1, 5));
}

#[test]
fn an_attempt_that_the_process_died_in_leaves_nothing() {
    let mut bench = Bench::new(json!({ "steps": [call("a", json!({}))] }));
    leaves(&mut bench, "a", "report.txt", "half");
    bench.give(Input::Recover { alone: false });
    assert_eq!(listed(&bench.run), [""; 0]);
    leaves(&mut bench, "a", "report.txt", "whole");
    bench.ok("a");
    assert_eq!(listed(&bench.run), ["a: report.txt 5"]);
}

#[test]
fn a_retry_keeps_the_files_of_the_results_that_it_keeps() {
    let mut bench = over(
        json!(["x", "y"]),
        json!([
            call("fetch", json!({})),
            each(json!({}), json!([call("render", json!({}))])),
            call("mail", json!({ "needs": ["each"] })),
        ]),
    );
    leaves(&mut bench, "fetch", "rows.csv", "fetched");
    bench.ok("fetch");
    leaves(&mut bench, "each[0].render", "page.pdf", "page x");
    bench.ok("each[0].render");
    leaves(
        &mut bench,
        "each[1].render",
        "page.pdf",
        "page y of the first run",
    );
    bench.fail("each[1].render", FailureClass::Permanent);
    assert_eq!(bench.run.status(), Status::Failed);

    let plan = bench.run.plan().clone();
    let id = RunId::from_parts(1_800_000_000_001, [8; 10]);
    let inputs = bench.run.start().inputs.clone();
    let retained = retain(
        &Ended::new(&bench.run, &bench.journal),
        &plan,
        &inputs,
        None,
        &std::collections::BTreeSet::new(),
        id,
    )
    .unwrap();
    let mut begin = bench.run.start().clone();
    begin.run = id;
    let (run, journal) = Run::begin_with(plan.clone(), begin, retained.kept, bench.now);
    run.check().unwrap();
    assert_eq!(
        listed(&run),
        ["each[0].render: page.pdf 6 kept", "fetch: rows.csv 7 kept"]
    );
    let mut second = Bench {
        run,
        journal,
        now: bench.now,
    };
    leaves(&mut second, "each[1].render", "page.pdf", "page y");
    second.ok("each[1].render").ok("mail");
    assert_eq!(second.run.status(), Status::Succeeded);
    assert_eq!(
        listed(&second.run),
        [
            "each[0].render: page.pdf 6 kept",
            "each[1].render: page.pdf 6",
            "fetch: rows.csv 7 kept"
        ]
    );
}
