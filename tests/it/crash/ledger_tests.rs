//! The comparison itself: a sound world has nothing broken, and each broken promise is named.

use super::ledger::{Broken, Effect, Found, Ledger, Work, compare};
use super::work::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct World {
    ledger: Ledger,
    store: BTreeMap<String, Found>,
    effects: Vec<Effect>,
}

fn effect(run: &str, step: &str, attempt: u64) -> Effect {
    Effect {
        run: run.into(),
        step: step.into(),
        attempt,
        key: format!("key of {step}"),
    }
}

fn numbered(facts: Vec<Value>) -> Vec<Value> {
    let number = |(index, mut fact): (usize, Value)| {
        fact["seq"] = (index + 1).into();
        fact
    };
    facts.into_iter().enumerate().map(number).collect()
}

fn started(step: &str, number: u64) -> Value {
    json!({ "type": "attempt_started", "step": step, "number": number, "idempotency_key": format!("key of {step}") })
}

fn finished(step: &str, number: u64) -> Value {
    json!({ "type": "attempt_finished", "step": step, "number": number, "outcome": { "kind": "succeeded", "output": {} } })
}

/// A gate that was approved over a crash, an event with its two runs, and a run that was canceled.
fn sound() -> World {
    let mut ledger = Ledger::default();
    let mut store = BTreeMap::new();
    let mut run = |id: &str, name: &str, n: u64, status: &str, facts: Vec<Value>| {
        let mut facts = facts;
        facts.insert(0, json!({ "type": "created", "run": id }));
        facts.push(json!({ "type": "finished", "status": status }));
        let found = Found {
            name: name.into(),
            n,
            status: status.into(),
            journal: numbered(facts),
        };
        store.insert(id.to_owned(), found);
    };
    run(
        "gated",
        "gate",
        1,
        "succeeded",
        vec![
            started("mark_before", 1),
            json!({ "type": "attempt_interrupted", "step": "mark_before", "number": 1 }),
            started("mark_before", 2),
            finished("mark_before", 2),
            json!({ "type": "approval_requested", "step": "ask" }),
            json!({ "type": "approval_decided", "step": "ask", "decision": { "decision": "approve" } }),
            started("mark_after", 1),
            finished("mark_after", 1),
        ],
    );
    run(
        "a",
        "event_a",
        2,
        "succeeded",
        vec![started("mark", 1), finished("mark", 1)],
    );
    run(
        "b",
        "event_b",
        2,
        "succeeded",
        vec![json!({ "type": "step_evaluated", "step": "plus", "output": 3 })],
    );
    run(
        "stopped",
        "long",
        3,
        "canceled",
        vec![
            started("mark_before", 1),
            finished("mark_before", 1),
            json!({ "type": "wait_started", "step": "pause" }),
            json!({ "type": "cancel_requested", "by": "user:admin" }),
            json!({ "type": "step_canceled", "step": "pause" }),
        ],
    );
    run(
        "told",
        "told",
        5,
        "succeeded",
        vec![
            json!({ "type": "event_awaited", "step": "wait" }),
            json!({ "type": "event_taken", "step": "wait", "event": "evt_5" }),
        ],
    );
    let mut work = |n: u64, kind: Kind, runs: &[&str]| {
        let mut work = Work::new(kind, Some(format!("{n}")));
        work.acknowledged = true;
        work.runs = runs.iter().map(|run| (*run).to_owned()).collect();
        ledger.works.insert(n, work);
    };
    work(1, Kind::Gate, &["gated"]);
    work(2, Kind::Event, &["a", "b"]);
    work(3, Kind::Long, &["stopped"]);
    work(5, Kind::Told, &["told"]);
    ledger.works.get_mut(&5).unwrap().told = Some("evt_5".into());
    ledger.works.get_mut(&1).unwrap().decided = Some("approve");
    ledger.works.get_mut(&3).unwrap().canceled = true;
    // Asked for, never answered, and not there: that is how it may be.
    ledger.works.insert(4, Work::new(Kind::One, None));
    let shown = store["gated"].journal[..5].iter().cloned();
    ledger
        .shown
        .insert("gated".into(), (1..=5).zip(shown).collect());
    ledger.ended.insert("a".into(), "succeeded".into());
    let effects = vec![
        effect("gated", "mark_before", 1),
        effect("gated", "mark_before", 2),
        effect("a", "mark", 1),
        effect("gated", "mark_after", 1),
        effect("stopped", "mark_before", 1),
    ];
    World {
        ledger,
        store,
        effects,
    }
}

/// What is broken after a change to the sound world.
fn after(change: impl FnOnce(&mut World)) -> Vec<Broken> {
    let mut world = sound();
    change(&mut world);
    compare(&world.ledger, &world.store, &world.effects).0
}

/// Puts facts into the journal of a run, before its end.
fn insert(world: &mut World, run: &str, facts: Vec<Value>) {
    let found = world.store.get_mut(run).unwrap();
    let mut journal = found.journal.clone();
    let end = journal.pop().unwrap();
    journal.extend(facts);
    journal.push(end);
    found.journal = numbered(journal);
}

fn at(run: &str, step: &str) -> (String, String) {
    (run.into(), step.into())
}

#[test]
fn nothing_is_broken_in_a_sound_world_and_its_figures_are_right() {
    let world = sound();
    let (broken, figures) = compare(&world.ledger, &world.store, &world.effects);
    assert_eq!(broken, []);
    assert_eq!((figures.runs, figures.attempts), (5, 5));
    assert_eq!((figures.interrupted, figures.effects), (1, 5));
    assert_eq!(figures.repeated_effects, 1);
}

#[test]
fn a_run_that_is_lost_missing_doubled_or_nobodys_is_named() {
    let lost = after(|world| drop(world.store.remove("b")));
    let missing = Broken::RunMissing {
        n: 2,
        name: "event_b".into(),
    };
    assert_eq!(lost, [Broken::RunLost("b".into()), missing]);
    let doubled = after(|world| {
        let found = world.store["b"].clone();
        world.store.insert("b2".into(), found);
    });
    let twice = Broken::RunTwice {
        n: 2,
        name: "event_b".into(),
    };
    assert_eq!(doubled, [twice]);
    let foreign = after(|world| world.store.get_mut("b").unwrap().n = 77);
    assert!(foreign.contains(&Broken::RunOfNobody("b".into())));
    let unanswered = after(|world| world.ledger.works.get_mut(&4).unwrap().acknowledged = true);
    let one = Broken::RunMissing {
        n: 4,
        name: "one".into(),
    };
    assert_eq!(unanswered, [one]);
}

#[test]
fn an_end_that_is_not_the_promised_one_is_named() {
    let failed = after(|world| world.store.get_mut("b").unwrap().status = "failed".into());
    let wrong = Broken::WrongEnd {
        run: "b".into(),
        status: "failed".into(),
        why: String::new(),
    };
    assert_eq!(failed, [wrong]);
    let shown = after(|world| {
        world.ledger.ended.insert("b".into(), "failed".into());
    });
    let changed = Broken::EndChanged {
        run: "b".into(),
        shown: "failed".into(),
    };
    assert_eq!(shown, [changed]);
}

#[test]
fn a_decision_and_a_cancel_that_are_gone_or_turned_round_are_named() {
    let turned = after(|world| {
        world.store.get_mut("gated").unwrap().journal[6]["decision"]["decision"] = "reject".into();
    });
    assert_eq!(turned, [Broken::DecisionLost("gated".into())]);
    let again = after(|world| {
        let fact = world.store["gated"].journal[6].clone();
        insert(world, "gated", vec![fact]);
    });
    assert_eq!(again, [Broken::DecisionLost("gated".into())]);
    let gone = after(|world| {
        let found = world.store.get_mut("stopped").unwrap();
        found.journal.remove(4);
        found.journal = numbered(std::mem::take(&mut found.journal));
    });
    assert_eq!(gone, [Broken::CancelLost("stopped".into())]);
}

#[test]
fn a_fact_that_was_shown_and_is_another_or_gone_is_named() {
    let other = after(|world| {
        world.store.get_mut("gated").unwrap().journal[1]["idempotency_key"] = "another".into();
    });
    let lost = Broken::FactLost {
        run: "gated".into(),
        seq: 2,
    };
    assert!(other.contains(&lost));
    let cut = after(|world| {
        world
            .ledger
            .shown
            .get_mut("gated")
            .unwrap()
            .insert(99, json!({}));
    });
    let gone = Broken::FactLost {
        run: "gated".into(),
        seq: 99,
    };
    assert_eq!(cut, [gone]);
    let gap = after(|world| world.store.get_mut("b").unwrap().journal[1]["seq"] = 9.into());
    let broken = Broken::Gap {
        run: "b".into(),
        seq: 2,
    };
    assert_eq!(gap, [broken]);
}

#[test]
fn a_step_that_ran_again_after_its_durable_end_is_named() {
    let again = after(|world| {
        insert(world, "a", vec![started("mark", 2), finished("mark", 2)]);
        world.effects.push(effect("a", "mark", 2));
    });
    let (run, step) = at("a", "mark");
    assert_eq!(again, [Broken::RanAgain { run, step }]);
    let hidden = after(|world| world.effects.push(effect("a", "mark", 1)));
    let (run, step) = at("a", "mark");
    assert_eq!(hidden, [Broken::EffectTwice { run, step }]);
    let pure = after(|world| {
        let fact = world.store["b"].journal[1].clone();
        insert(world, "b", vec![fact]);
    });
    let (run, step) = at("b", "plus");
    assert_eq!(pure, [Broken::RanAgain { run, step }]);
}

#[test]
fn a_second_try_of_what_is_tried_at_most_once_is_named() {
    let twice = after(|world| {
        let found = world.store.get_mut("gated").unwrap();
        found.name = "once".into();
        let work = world.ledger.works.get_mut(&1).unwrap();
        (work.kind, work.decided) = (Kind::Once, None);
    });
    let (run, step) = at("gated", "mark_before");
    assert_eq!(twice, [Broken::TriedTwice { run, step }]);
}

#[test]
fn an_effect_without_its_start_a_key_that_changed_and_an_effect_that_is_missing_are_named() {
    let (run, step) = at("a", "mark");
    let early = Broken::EffectUnannounced { run, step };
    let ahead = after(|world| world.effects.push(effect("a", "mark", 2)));
    assert_eq!(ahead, std::slice::from_ref(&early));
    let nobody = after(|world| world.effects.push(effect("nobody", "mark", 1)));
    let (run, step) = at("nobody", "mark");
    assert_eq!(nobody, [Broken::EffectUnannounced { run, step }]);
    let other = after(|world| world.effects[2].key = "another".into());
    assert_eq!(other, [early]);
    let keys = after(|world| {
        let journal = &mut world.store.get_mut("gated").unwrap().journal;
        journal[3]["idempotency_key"] = "another".into();
        world.ledger.shown.clear();
        world.effects[1].key = "another".into();
    });
    let (run, step) = at("gated", "mark_before");
    assert_eq!(keys, [Broken::KeyChanged { run, step }]);
    let missing = after(|world| drop(world.effects.remove(2)));
    let (run, step) = at("a", "mark");
    assert_eq!(missing, [Broken::EffectMissing { run, step }]);
}

#[test]
fn a_line_is_read_whole_or_not_at_all() {
    let read = Effect::parse("gated mark_before 2 key").unwrap();
    assert_eq!((read.run.as_str(), read.attempt), ("gated", 2));
    for line in [
        "",
        "gated mark_before",
        "gated mark_before x key",
        "a b 1 c d",
    ] {
        assert_eq!(Effect::parse(line), None, "{line}");
    }
}

#[test]
fn an_event_that_a_run_waited_for_is_taken_once() {
    let missed = [Broken::EventMissed("told".into())];
    let taken = |event: &str| json!({ "type": "event_taken", "step": "other", "event": event });
    assert_eq!(
        after(|world| insert(world, "told", vec![taken("evt_6")])),
        missed
    );
    assert_eq!(
        after(|world| {
            let journal = &mut world.store.get_mut("told").unwrap().journal;
            journal[2]["event"] = "evt_6".into();
        }),
        missed
    );
    assert_eq!(
        after(|world| world.ledger.works.get_mut(&5).unwrap().told = None),
        [Broken::WrongEnd {
            run: "told".into(),
            status: "succeeded".into(),
            why: String::new(),
        }]
    );
}
