//! How long a draft takes when each tool takes 100 ms, beside the longest chain of calls that have to wait for each
//! other. The clock is simulated. What has to wait is told from the recording alone: a call for the answer that first
//! held a name which it sends, a change for all before it, and all behind a change for it.

use super::are_written;
use super::elsewhere::{approved, names_of, not_found, said_names, sessions};
use super::{Line, line, section};
use crate::session::{Session, ToolCall};
use crate::tests::build::options;
use crate::tests::known::{recorded_examples, share};
use crate::{Mode, Options, crystallize, recorded_outcomes};
use druse_engine::definition::{Document, EffectLevel, Step};
use druse_engine::event::{Entry, Outcome, RunEvent, Start};
use druse_engine::plan::Plan;
use druse_engine::run::{Input, Run};
use druse_engine::{Json, RunId, Span, Timestamp};
use serde_json::json;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

/// How long a tool takes.
const TOOL: u64 = 100;

/// How long a run takes in milliseconds, and how many calls it makes.
fn takes(
    document: &Document,
    outcomes: &HashMap<String, Outcome>,
    now: Timestamp,
) -> Option<(u64, u64)> {
    let plan = Arc::new(Plan::compile(Arc::new(document.clone())).ok()?);
    let inputs = plan.check_inputs(&json!({})).ok()?;
    let id = RunId::from_parts(1, [3; 10]);
    let start = Start {
        run: id,
        automation: None,
        name: document.name.clone(),
        version: 0,
        digest: plan.digest().clone(),
        cause: json!({ "kind": "manual" }).into(),
        started_by: "user:test".to_owned(),
        inputs,
        trigger: Json::null(),
        scheduled_at: None,
        root: id,
        depth: 0,
    };
    let (mut state, entries) = Run::begin(plan, start, now);
    let mut facts: VecDeque<Entry> = entries.into();
    // What is at work, by when it ends and by the order in which it began.
    let mut open = BinaryHeap::new();
    let mut work: BTreeMap<u64, Input> = BTreeMap::new();
    let (mut clock, mut calls) = (0, 0);
    loop {
        let Some(fact) = facts.pop_front() else {
            let Some(Reverse((end, call))) = open.pop() else {
                return Some((clock, calls));
            };
            clock = end;
            let at = now.after(Span::from_millis(clock));
            let input = work.remove(&call)?;
            facts.extend(state.handle(at, input).unwrap_or_default());
            continue;
        };
        let at = now.after(Span::from_millis(clock));
        match fact.event {
            RunEvent::AttemptStarted {
                step,
                number,
                fence,
                ..
            } => {
                let outcome = outcomes.get(&*step.0).cloned().unwrap_or_else(not_found);
                calls += 1;
                open.push(Reverse((clock + TOOL, calls)));
                let finished = Input::Finished {
                    step,
                    number,
                    fence,
                    outcome,
                };
                work.insert(calls, finished);
            }
            RunEvent::ApprovalRequested { request, .. } => {
                facts.extend(approved(&mut state, &request, at));
            }
            // A wait is no tool: it is over at once here.
            RunEvent::WaitStarted { until, .. } => {
                facts.extend(state.handle(at.max(until), Input::Tick).unwrap_or_default());
            }
            _ => {}
        }
    }
}

/// The longest chain of the calls of a draft that have to wait for each other, in milliseconds.
fn chain(session: &Session, document: &Document) -> Option<u64> {
    let calls = document
        .metadata
        .get("crystallized")?
        .get("calls")?
        .as_object()?;
    let mut effects: BTreeMap<&str, Option<EffectLevel>> = BTreeMap::new();
    fn gather<'d>(steps: &'d [Step], effects: &mut BTreeMap<&'d str, Option<EffectLevel>>) {
        for step in steps {
            effects.insert(&step.id, step.effects);
            gather(&step.steps, effects);
        }
    }
    gather(&document.steps, &mut effects);
    let step_of: HashMap<&str, &str> = calls
        .iter()
        .filter_map(|(path, call)| Some((call.as_str()?, path.rsplit('.').next()?)))
        .collect();
    let kept: Vec<&ToolCall> = session
        .calls()
        .filter(|call| step_of.contains_key(call.id.as_str()))
        .collect();
    let level = |call: &ToolCall| effects.get(step_of[call.id.as_str()]).copied().flatten();
    let changes =
        |call: &ToolCall| level(call).is_none_or(|level| level >= EffectLevel::IdempotentWrite);
    // When each name was first known: with the answer of the call, at its end.
    let said = said_names(session);
    let mut known: BTreeMap<String, u64> = BTreeMap::new();
    // When all before is over, and when the last change is.
    let (mut all, mut change) = (0, 0);
    for call in kept {
        let sent = names_of(&call.arguments);
        let mut begin = sent
            .iter()
            .filter_map(|name| known.get(name))
            .max()
            .copied()
            .unwrap_or(0);
        if level(call) != Some(EffectLevel::Pure) {
            begin = begin.max(if changes(call) { all } else { change });
        }
        let end = begin + TOOL;
        if let Some(result) = &call.result {
            for name in names_of(&result.content) {
                if !said.contains(&name) && !sent.contains(&name) {
                    known.entry(name).or_insert(end);
                }
            }
        }
        all = all.max(end);
        if changes(call) {
            change = end;
        }
    }
    Some(all)
}

#[test]
fn what_does_not_wait_runs_together() {
    let options = Options {
        mode: Mode::Bound,
        force: true,
        ..options()
    };
    let mut table = String::from(
        "| | drafts | calls | one after the other | the draft | the longest chain | the draft, chain × | drafts within 1.15 × |\n|---|---|---|---|---|---|---|---|\n",
    );
    let (mut all_drafts, mut all_within, mut all_took, mut all_chain) = (0, 0, 0, 0);
    for (name, sessions) in [
        ("known programs", recorded_examples(240)),
        ("real recordings", sessions()),
    ] {
        let (mut drafts, mut calls, mut took, mut chains, mut within) = (0, 0, 0, 0, 0);
        let step = if are_written() { 1 } else { 8 };
        for session in sessions.iter().step_by(step) {
            let Ok(made) = crystallize(std::slice::from_ref(session), &options) else {
                continue;
            };
            let outcomes = recorded_outcomes(&made.document, session, &options).unwrap();
            let outcomes: HashMap<String, Outcome> = outcomes.into_iter().collect();
            let now = session.started_at.unwrap_or_default();
            let Some((time, count)) = takes(&made.document, &outcomes, now) else {
                continue;
            };
            let Some(chain) = chain(session, &made.document).filter(|_| count > 1) else {
                continue;
            };
            if std::env::var_os("DRUSE_VERBOSE").is_some() && time * 100 > chain * 115 {
                println!(
                    "{} {:?}: {time} ms, chain {chain} ms, {count} calls",
                    session.format, session.external_id
                );
            }
            drafts += 1;
            calls += count;
            took += time;
            chains += chain;
            within += u64::from(time * 100 <= chain * 115);
        }
        table.push_str(&format!(
            "| {name} | {drafts} | {calls} | {:.1} s | {:.1} s | {:.1} s | {:.2} | {} |\n",
            (calls * TOOL) as f64 / 1e3,
            took as f64 / 1e3,
            chains as f64 / 1e3,
            took as f64 / chains.max(1) as f64,
            share(within, drafts),
        ));
        all_drafts += drafts;
        all_within += within;
        all_took += took;
        all_chain += chains;
    }
    section("parallel", &table);
    line(&Line {
        measure: "parallel, tools of 100 ms",
        n: format!("{all_drafts} drafts"),
        coverage: String::new(),
        success: format!(
            "{:.2} × the longest chain; within 1.15 ×: {}",
            all_took as f64 / all_chain.max(1) as f64,
            share(all_within, all_drafts)
        ),
        wrong: String::new(),
        reach: "≤ 1.15 ×",
    });
    assert!(all_took * 100 <= all_chain * 115, "{all_took} {all_chain}");
}

#[test]
fn two_looks_take_as_long_as_one() {
    let session = crate::tests::build::session(
        "Compare ord_710033 and ord_820044",
        vec![
            crate::tests::build::call(
                "a",
                0,
                "get_order",
                json!({ "id": "ord_710033" }),
                json!({ "n": 1 }),
            ),
            crate::tests::build::call(
                "b",
                1,
                "get_order",
                json!({ "id": "ord_820044" }),
                json!({ "item": "item_930055" }),
            ),
            crate::tests::build::call(
                "c",
                2,
                "get_item",
                json!({ "id": "item_930055" }),
                json!({ "n": 3 }),
            ),
        ],
    );
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    let made = crystallize(std::slice::from_ref(&session), &options).unwrap();
    let outcomes = recorded_outcomes(&made.document, &session, &options).unwrap();
    let time = takes(
        &made.document,
        &outcomes.into_iter().collect(),
        Timestamp(0),
    );
    assert_eq!(time, Some((200, 3)));
    assert_eq!(chain(&session, &made.document), Some(200));
}
