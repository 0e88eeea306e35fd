//! Which version of another automation a step behind a gate starts.

use super::*;
use crate::plan::{ChildTarget, Plan};
use crate::{AutomationId, Digest};
use std::sync::Arc;

/// The version of `payout` that is active.
fn active(version: u32) -> Option<Arc<ChildVersions>> {
    let target = ChildTarget {
        name: Some("payout".into()),
        id: None,
        version: None,
    };
    let found = ChildVersion {
        automation: AutomationId::from_parts(1, [5; 10]),
        version,
        digest: Digest::of(&version.to_be_bytes()),
    };
    Some(Arc::new([(target, Some(found))].into()))
}

fn knowing(plan: &Arc<Plan>, version: u32) -> Bench {
    let known = Known {
        rates: None,
        children: active(version),
    };
    let begin = start(plan, json!({}));
    let (run, journal) = Run::begin_knowing(plan.clone(), begin, Vec::new(), None, known, BEGIN);
    Bench {
        run,
        journal,
        now: BEGIN,
    }
}

fn pay(id: &str, needs: &str) -> Value {
    json!({ "id": id, "needs": [needs], "action": "automation", "with": { "name": "payout", "inputs": { "a": 5 } } })
}

fn gate() -> Value {
    json!({ "id": "gate", "action": "approval_gate", "with": { "title": "Pay?" } })
}

fn last(bench: &Bench) -> ApprovalView {
    let gates = bench.run.approvals();
    let mut pending = gates
        .into_iter()
        .filter(|gate| gate.status == GateStatus::Pending);
    pending.next().expect("a gate asks")
}

fn approve(bench: &Bench) -> Input {
    let Input::Decide { decision, .. } = bench.voting("ana", Verdict::Approve) else {
        unreachable!()
    };
    let approval = last(bench).request.approval;
    Input::Decide { approval, decision }
}

#[test]
fn a_gate_shows_which_version_would_be_started() {
    let plan = plan(&json!({ "steps": [gate(), pay("pay", "gate")] }));
    let bench = knowing(&plan, 1);
    let shown = last(&bench).request;
    let item = &shown.details.value()["next"][0]["automation"];
    assert_eq!(item["version"], 1);
    assert_eq!(item["digest"], json!(Digest::of(&1u32.to_be_bytes())));
    let other = last(&knowing(&plan, 2)).request;
    assert_ne!(shown.digest, other.digest, "the digest is over it");
}

#[test]
fn an_approval_of_another_version_is_refused_and_asked_anew() {
    let plan = plan(&json!({ "steps": [gate(), pay("pay", "gate")] }));
    let mut bench = knowing(&plan, 1);
    let first = last(&bench).request;
    bench.run.know_children(active(2));
    let Rejected::ApprovalChanged { changes } = bench.refused(approve(&bench)) else {
        panic!("it is approved");
    };
    let said: Vec<&str> = changes.iter().map(|change| &*change.what).collect();
    assert_eq!(said, ["pay/automation/digest", "pay/automation/version"]);
    assert_eq!(bench.run.approval_changes(first.approval), changes);
    // A rejection would count all the same; the next turn asks anew.
    bench.give(Input::Tick);
    let second = last(&bench).request;
    assert_ne!(first.digest, second.digest);
    assert_eq!(
        second.details.value()["next"][0]["automation"]["version"],
        2
    );
    let void = bench.run.approval(first.approval).unwrap();
    assert_eq!((void.status, void.changes), (GateStatus::Void, changes));
    let input = approve(&bench);
    bench.give(input);
    assert_eq!(bench.running(), ["pay#1"]);
    let (_, version) = bench.run.approved_child(&"pay".into()).unwrap();
    assert_eq!(version, 2);
}

/// Between the approval and the beginning of the step another version becomes active.
#[test]
fn an_approval_is_void_when_another_version_would_begin() {
    let rest = json!({ "id": "rest", "action": "wait", "with": { "for": "1h" } });
    let mut step = pay("pay", "gate");
    step["needs"] = json!(["gate", "rest"]);
    step["retry"] = json!({ "attempts": 2, "on": ["permanent"], "backoff": "1m" });
    let plan = plan(&json!({ "steps": [rest, gate(), step] }));
    let mut bench = knowing(&plan, 1);
    let input = approve(&bench);
    bench.give(input);
    assert_eq!(
        bench.line(),
        "rest=waiting gate=succeeded pay=queued run=waiting"
    );
    bench.run.know_children(active(2));
    bench.pass("1h");
    assert_eq!(
        bench.line(),
        "rest=succeeded gate=waiting pay=queued run=waiting"
    );
    let input = approve(&bench);
    bench.give(input);
    assert_eq!(bench.running(), ["pay#1"]);
    // What has begun goes on with what was let through, whatever is active by then.
    bench.run.know_children(active(3));
    bench.fail("pay", FailureClass::Permanent).pass("1h");
    assert_eq!(bench.running(), ["pay#2"]);
    let (_, version) = bench.run.approved_child(&"pay".into()).unwrap();
    assert_eq!(version, 2);
}

/// While a run ends, nobody is asked anew: what was let through is what runs.
#[test]
fn what_was_let_through_runs_while_the_run_is_ending() {
    let mut cleanup = pay("cleanup", "gate");
    cleanup["needs"] = json!(["gate", "work"]);
    cleanup["join"] = json!("all_done");
    let plan = plan(&json!({ "steps": [
        gate(), call("work", json!({})), call("bad", json!({})), cleanup,
    ]}));
    let mut bench = knowing(&plan, 1);
    let input = approve(&bench);
    bench.give(input);
    bench.run.know_children(active(2));
    bench.fail("bad", FailureClass::Permanent);
    assert_eq!(bench.running(), ["cleanup#1"]);
    let (_, version) = bench.run.approved_child(&"cleanup".into()).unwrap();
    assert_eq!(version, 1);
    bench.ok("cleanup");
    assert_eq!(bench.run.status(), Status::Failed);
}

/// A gate that asks while its run ends takes an answer about what it has shown.
#[test]
fn a_gate_of_a_run_that_is_ending_takes_an_answer_about_what_it_shows() {
    let mut late = gate();
    (late["needs"], late["join"]) = (json!(["work"]), json!("all_done"));
    let mut cleanup = pay("cleanup", "gate");
    cleanup["join"] = json!("all_done");
    let plan = plan(&json!({ "steps": [
        call("work", json!({})), call("bad", json!({})), late, cleanup,
    ]}));
    let mut bench = knowing(&plan, 1);
    bench.fail("bad", FailureClass::Permanent);
    let first = last(&bench).request.approval;
    bench.run.know_children(active(2));
    bench.give(Input::Tick);
    assert_eq!(last(&bench).request.approval, first);
    let input = approve(&bench);
    bench.give(input);
    assert_eq!(bench.running(), ["cleanup#1"]);
    let (_, version) = bench.run.approved_child(&"cleanup".into()).unwrap();
    assert_eq!(version, 1);
}

/// A version that is computed is bound with the configuration, whatever is active.
#[test]
fn a_version_that_is_computed_is_what_the_gate_shows() {
    let mut step = pay("pay", "gate");
    step["with"]["version"] = json!("{{ inputs.v }}");
    let plan = plan(&json!({ "inputs": { "v": { "default": 7 } }, "steps": [gate(), step] }));
    let known = Known {
        rates: None,
        children: active(1),
    };
    let begin = start(&plan, json!({ "v": 7 }));
    let (run, journal) = Run::begin_knowing(plan.clone(), begin, Vec::new(), None, known, BEGIN);
    let mut bench = Bench {
        run,
        journal,
        now: BEGIN,
    };
    let shown = last(&bench).request.details;
    let item = &shown.value()["next"][0];
    assert_eq!(item["with"]["version"], 7);
    assert_eq!(item.get("automation"), None, "{item}");
    let input = approve(&bench);
    bench.run.know_children(active(1));
    bench.give(input);
    assert_eq!(bench.running(), ["pay#1"]);
}

/// What comes after other steps, or stands in a loop, starts what was shown.
#[test]
fn what_comes_later_starts_the_version_that_was_shown() {
    let body = json!({ "id": "inner", "action": "automation", "with": { "name": "payout" } });
    let plan = plan(&json!({ "steps": [
        gate(),
        call("first", json!({ "needs": ["gate"] })),
        pay("pay", "first"),
        { "id": "each", "needs": ["gate"], "for_each": { "items": [1] }, "steps": [body] },
        { "id": "free", "action": "automation", "with": { "name": "payout" } },
    ]}));
    let mut bench = knowing(&plan, 1);
    let shown = last(&bench).request.details;
    let all = &shown.value()["automations"];
    assert_eq!(all[0]["name"], "payout");
    assert_eq!(all[0]["starts"]["version"], 1);
    let input = approve(&bench);
    bench.give(input);
    bench.run.know_children(active(2));
    bench.ok("first");
    for step in ["pay", "each[0].inner"] {
        let (_, version) = bench.run.approved_child(&step.into()).unwrap();
        assert_eq!(version, 1, "{step}");
    }
    assert_eq!(bench.run.approved_child(&"free".into()), None);
}

/// Which version a retry starts is said anew, unless the document says it.
#[test]
fn a_retry_asks_anew_about_what_it_starts() {
    for (version, asks) in [(None, true), (Some(3), false)] {
        let mut step = pay("pay", "gate");
        if let Some(version) = version {
            step["with"]["version"] = json!(version);
        }
        let mut bench = Bench::new(json!({ "steps": [gate(), step] }));
        bench.vote("ana", Verdict::Approve);
        bench.fail("pay", FailureClass::Permanent);
        let retried = super::kept::again(&bench, None);
        let gate = retried.status("gate");
        assert_eq!(gate == Status::Waiting, asks, "{}", retried.line());
    }
}
