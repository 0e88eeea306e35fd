//! What large runs come to. Times are printed, never asserted:
//! `DRUSE_SCALE=100000 cargo test -p druse-engine --release scale -- --nocapture --test-threads 1` shows
//! processor times over so many steps of each size; without it each size runs once.

use super::*;
use crate::plan::Plan;
use std::sync::Arc;

/// Drives a run to its end: every attempt is answered, one input each.
fn drive(plan: &Arc<Plan>, inputs: Value) -> (Run, Vec<Entry>) {
    let (mut run, mut journal) = Run::begin(plan.clone(), start(plan, inputs), BEGIN);
    let mut next = 0;
    loop {
        while let Some(entry) = journal.get(next) {
            next += 1;
            if let RunEvent::AttemptStarted {
                step,
                number,
                fence,
                ..
            } = &entry.event
            {
                assert!(run.effect(&step.0).is_some());
                let input = Input::Finished {
                    step: step.clone(),
                    number: *number,
                    fence: *fence,
                    outcome: succeeded(json!({"id": step.0})),
                };
                journal.extend(run.handle(BEGIN, input).unwrap());
            }
        }
        if !run.goes_on() {
            return (run, journal);
        }
        journal.extend(run.handle(BEGIN, Input::Tick).unwrap());
    }
}

/// The processor time that this process has used, in seconds, or the time of day where that is not told.
fn processor() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat")
        .ok()
        .and_then(|text| {
            let fields: Vec<u64> = text
                .rsplit(')')
                .next()?
                .split_whitespace()
                .skip(11)
                .take(2)
                .map_while(|field| field.parse().ok())
                .collect();
            Some(fields.iter().sum::<u64>() as f64 / 100.0)
        });
    let since_boot = || {
        std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map(|time| time.as_secs_f64())
    };
    told.or(since_boot().ok()).unwrap_or_default()
}

fn measure(name: &str, steps: usize, document: Value, inputs: Value) -> (Run, Vec<Entry>) {
    let wanted = std::env::var("DRUSE_SCALE").ok();
    let wanted: usize = wanted.and_then(|text| text.parse().ok()).unwrap_or(1);
    let times = wanted.div_ceil(steps);
    let plan = plan(&document);
    let (run, journal) = drive(&plan, inputs.clone());
    assert_eq!(run.status(), Status::Succeeded);
    run.check().unwrap();
    let replayed = Run::replay(plan.clone(), journal.clone()).unwrap();
    assert!(replayed.same_state(&run));
    let text: usize = journal
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap().len())
        .sum();
    let per_step = |work: &mut dyn FnMut()| {
        let begin = processor();
        for _ in 0..times {
            work();
        }
        (processor() - begin) * 1e6 / (times * steps) as f64
    };
    let compiled = per_step(&mut || drop(super::plan(&document)));
    let ran = per_step(&mut || drop(drive(&plan, inputs.clone())));
    let replayed = per_step(&mut || drop(Run::replay(plan.clone(), journal.clone())));
    println!(
        "{name:<22} {steps:>6} steps: {ran:>6.2} µs a step, replayed {replayed:>6.2}, compiled {compiled:>6.2}; {:.2} facts and {} B of JSON a step",
        journal.len() as f64 / steps as f64,
        text / steps,
    );
    (run, journal)
}

fn items(count: usize) -> Value {
    let items =
        (0..count).map(|n| json!({"id": n, "name": format!("invoice {n}"), "total": n * 7}));
    json!({"items": items.collect::<Vec<_>>()})
}

fn looped(parallel: usize, body: Value) -> Value {
    json!({"inputs": {"items": {}}, "steps": [
        each(json!({"max_parallel": parallel}), body),
        value("count", json!("{{ steps.each.output | length }}")),
    ]})
}

#[test]
fn loops_from_ten_to_ten_thousand_items() {
    for count in [10, 100, 1_000, 10_000] {
        let effect = json!([call("send", json!({"with": {"to": "{{ item.id }}"}}))]);
        let (run, _) = measure(
            "for_each, one by one",
            count,
            looped(1, effect.clone()),
            items(count),
        );
        assert_eq!(
            run.step("count").unwrap().output.unwrap().text(),
            count.to_string()
        );
        measure(
            "for_each, all at once",
            count,
            looped(count, effect),
            items(count),
        );
        let pure = json!([value("x", json!("{{ item.total + loop.index }}"))]);
        let (_, journal) = measure("for_each, pure", count, looped(1, pure), items(count));
        assert_eq!(journal.len(), 2 * count + 5);
        let gated = json!([
            call("a", json!({"with": {"id": "{{ item.id }}"}})),
            value("b", json!("{{ steps.a.output.id }}")),
            call("c", json!({"needs": ["b"]})),
        ]);
        measure(
            "for_each, three steps",
            3 * count,
            looped(8, gated),
            items(count),
        );
    }
}

#[test]
fn chains_and_fans_from_ten_to_a_thousand_steps() {
    for count in [10, 100, 1_000] {
        let steps: Vec<Value> = (0..count)
            .map(|n| match n {
                0 => call("s0", json!({})),
                _ => call(
                    &format!("s{n}"),
                    json!({"with": {"before": format!("{{{{ steps.s{}.output.id }}}}", n - 1)}}),
                ),
            })
            .collect();
        measure("chain", count, json!({"steps": steps}), json!({}));
        let mut steps: Vec<Value> = (0..count)
            .map(|n| call(&format!("s{n}"), json!({"with": {"n": n}})))
            .collect();
        let needs: Vec<String> = (0..count).map(|n| format!("s{n}")).collect();
        steps.push(call("join", json!({"needs": needs})));
        measure(
            "fan-out with join",
            count + 1,
            json!({"steps": steps}),
            json!({}),
        );
    }
}

#[test]
fn a_poll_of_ten_thousand_passes() {
    let document = json!({"steps": [
        {"id": "ready", "repeat": {"until": "loop.index == 9999", "max": 10_000}, "steps": [call("poll", json!({}))]},
    ]});
    let (run, _) = measure("repeat", 10_000, document, json!({}));
    assert_eq!(run.steps().len(), 1 + KNOWN_PASSES);
}

#[test]
fn a_run_that_rests_knows_the_same() {
    let mut bench = Bench::with_inputs(
        json!({"inputs": {"items": {}, "text": {}}, "steps": [
            each(json!({"items": "{{ inputs.items }}"}), json!([call("pay", json!({}))])),
            {"id": "ask", "action": "approval_gate", "needs": ["each"], "with": {"title": "Right?", "show": {"all": "{{ steps.each.output }}"}}},
            call("tell", json!({"needs": ["ask"], "with": {"path": "/{{ inputs.text }}"}})),
        ]}),
        json!({"items": [1, 2, 3], "text": "x"}),
    );
    for pass in 0..3 {
        bench.ok(&format!("each[{pass}].pay"));
        bench.run.rest();
    }
    for entry in &bench.journal {
        // As on its way to the disk, which is what makes the texts known.
        serde_json::to_string(entry).unwrap();
    }
    let before = bench.run.clone();
    bench.run.rest();
    assert!(bench.run.same_state(&before));
    assert_eq!(bench.run.waits_for(), before.waits_for());
    bench.run.check().unwrap();
    bench.vote("ben", Verdict::Approve).ok("tell");
    assert_eq!(bench.run.status(), Status::Succeeded);
}
