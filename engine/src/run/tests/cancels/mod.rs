//! A cancel ends a run from every state that there is. The states are those of the types: one that is new
//! has no case here, and the test says so.

mod cases;

use super::super::{ENDINGS, OWNERS, PHASES, SLOTS, TIMERS, TROUBLES};
use super::*;
use crate::flow::{Flow, RunLimits, Standing};
use crate::testing::Watch;
use cases::cases;
use std::collections::BTreeSet;

/// What is true of a run, by the names that its types give.
fn states(run: &Run) -> BTreeSet<(&'static str, &'static str)> {
    let mut states = BTreeSet::new();
    for (phase, owner, trouble) in run.phases() {
        states.insert(("phase", phase));
        states.insert(("trouble", trouble));
        if phase != "over" {
            states.insert(("owner", owner));
        }
    }
    let (slot, ending, timer) = run.stands();
    states.extend([("slot", slot), ("ending", ending)]);
    states.extend(timer.map(|timer| ("timer", timer)));
    states
}

/// Cancels, and lets what handles the end do its work; gives how many inputs that took.
fn ends(bench: &mut Bench, flow: &mut Flow, force: bool) -> usize {
    let mut inputs = 0;
    let steps = bench.run.steps().len();
    let mut forced = false;
    while !bench.run.is_over() {
        stand(bench, flow);
        inputs += 1;
        assert!(inputs < 40 + 3 * steps, "it does not end: {}", bench.line());
        let running = bench.running();
        if bench.run.goes_on() {
            bench.give(Input::Tick);
        } else if force && !forced {
            forced = true;
            bench.cancel();
            while bench.run.goes_on() {
                bench.give(Input::Tick);
            }
            assert!(
                bench.run.is_over(),
                "a second cancel forces: {}",
                bench.line()
            );
        } else if matches!(bench.run.standing(), Standing::Queued { .. }) {
            bench.give(Input::Admit);
        } else {
            // Nothing but what cleans up is left, and its answers are all that is waited for.
            let step = running
                .first()
                .unwrap_or_else(|| panic!("it waits: {}", bench.line()));
            let step = step.split('#').next().unwrap().to_owned();
            assert!(
                step.starts_with("finally.")
                    || step.starts_with("on_failure.")
                    || step.ends_with(".undo"),
                "{step} runs on"
            );
            bench.ok(&step);
        }
    }
    stand(bench, flow);
    inputs
}

fn stand(bench: &Bench, flow: &mut Flow) {
    if let Some(claim) = bench.run.claim() {
        flow.stand(bench.run.id(), None, claim, bench.run.standing());
        flow.check().unwrap();
    }
}

/// The laws hold over the whole journal; what cleans up has begun as often as it may.
fn holds(name: &str, bench: &Bench) {
    let mut watch = Watch::default();
    for entry in &bench.journal {
        watch
            .see(bench.run.plan(), entry, false)
            .unwrap_or_else(|broken| panic!("{name}: {broken}"));
    }
    watch
        .see_end(&bench.run)
        .unwrap_or_else(|broken| panic!("{name}: {broken}"));
    for list in HandlerList::ALL {
        let begun = |entry: &&Entry| matches!(&entry.event, RunEvent::HandlersStarted { list: of } if *of == list);
        assert!(
            bench.journal.iter().filter(begun).count() < 2,
            "{name}: {}",
            list.name()
        );
    }
    let mut tries = BTreeSet::new();
    for entry in &bench.journal {
        if let RunEvent::AttemptStarted { step, .. } = &entry.event
            && step.0.starts_with("finally.")
        {
            assert!(tries.insert(step.clone()), "{name}: {step} runs twice");
        }
    }
    let again = Input::Cancel {
        by: "ana".into(),
        reason: None,
    };
    let refused = bench.run.clone().handle(bench.now, again);
    assert_eq!(refused, Err(Rejected::AlreadyOver), "{name}");
    assert_eq!(
        (bench.run.pending(), bench.run.next_deadline()),
        (Vec::new(), None),
        "{name}"
    );
}

#[test]
fn a_cancel_ends_a_run_from_every_state() {
    let mut seen = BTreeSet::new();
    let mut ended = 0;
    for case in cases() {
        let name = case.name;
        let own = !case.more.as_object().unwrap().contains_key("finally");
        for cleans in [false, true] {
            if !own && cleans {
                continue;
            }
            for force in [false, true] {
                let mut bench = case.reached(cleans);
                seen.extend(states(&bench.run));
                let begun = bench.run.has_begun();
                let done = !bench.handlers().is_empty();
                let before = bench.run.is_canceled();
                let passed_over = bench.run.stands().1 == "passed over";
                let mut flow = Flow::new(RunLimits::default());
                stand(&bench, &mut flow);
                bench.cancel();
                ends(&mut bench, &mut flow, force);
                assert!(flow.is_empty(), "{name}: the slot is free");
                holds(name, &bench);
                ended += 1;
                if !done && !passed_over {
                    assert_eq!(bench.run.status(), Status::Canceled, "{name}");
                    let cleaned = bench.handlers().contains(&"finally".to_owned());
                    let has = bench
                        .run
                        .plan()
                        .handler_block(HandlerList::Finally)
                        .is_some();
                    assert_eq!(cleaned, has && begun && !before, "{name}");
                }
            }
        }
    }
    for (group, names) in [
        ("phase", PHASES),
        ("owner", OWNERS),
        ("slot", SLOTS),
        ("ending", ENDINGS),
        ("timer", TIMERS),
        ("trouble", TROUBLES),
    ] {
        for name in names {
            assert!(
                seen.contains(&(group, name)),
                "no case cancels a run with {group} {name}"
            );
        }
    }
    println!(
        "{ended} runs in {} states were canceled and ended",
        seen.len()
    );
}

/// The process dies at every fact of a cancel: what is left goes on to the same end.
#[test]
fn a_cancel_outlives_a_crash_at_each_of_its_facts() {
    for case in cases() {
        let mut bench = case.reached(true);
        let before = bench.journal.len();
        bench.cancel();
        while bench.run.goes_on() {
            bench.give(Input::Tick);
        }
        let whole = bench.line();
        for kept in before + 1..bench.journal.len() {
            let journal = bench.journal[..kept].to_vec();
            let run = Run::replay(bench.run.plan().clone(), journal.clone()).unwrap();
            let mut half = Bench {
                run,
                journal,
                now: bench.now,
            };
            half.give(Input::Recover { alone: false });
            while half.run.goes_on() {
                half.give(Input::Tick);
            }
            assert_eq!(half.line(), whole, "{} cut at {kept}", case.name);
            let mut flow = Flow::new(RunLimits::default());
            ends(&mut half, &mut flow, false);
            holds(case.name, &half);
            assert!(flow.is_empty());
        }
    }
}
