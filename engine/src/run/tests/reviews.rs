//! Gates that send back, that bind what they let through, that remind, escalate and tell.

use super::*;

/// A draft that is reviewed before it is published.
fn reviewed(with: Value) -> Bench {
    let mut gate = json!({"send_back": {"to": "draft"}});
    gate.as_object_mut()
        .unwrap()
        .extend(with.as_object().unwrap().clone());
    Bench::new(json!({"steps": [
        call("source", json!({})),
        call("draft", json!({"needs": ["source"], "with": {"said": "{{ review.comment }}", "round": "{{ review.round }}"}})),
        value("text", json!("{{ steps.draft.output }}!")),
        {"id": "gate", "action": "approval_gate", "needs": ["text"], "with": gate},
        call("publish", json!({"needs": ["gate"], "with": {"text": "{{ steps.text.output }}"}})),
    ]}))
}

fn said(bench: &mut Bench, comment: &str, decision: Verdict) -> Input {
    let Input::Decide {
        approval: _,
        mut decision,
    } = bench.voting("ana", decision)
    else {
        unreachable!()
    };
    decision.comment = Some(comment.into());
    let pending = bench.run.approvals();
    let pending = pending
        .iter()
        .find(|gate| gate.status == GateStatus::Pending)
        .unwrap();
    Input::Decide {
        approval: pending.request.approval,
        decision,
    }
}

fn input_of(bench: &Bench, step: &str) -> Value {
    let Effect::Attempt { input, .. } = bench.effect(step);
    input.value().clone()
}

fn key_of(bench: &Bench, step: &str) -> String {
    let Effect::Attempt {
        idempotency_key, ..
    } = bench.effect(step);
    idempotency_key
}

#[test]
fn what_is_sent_back_runs_again_with_what_the_reviewer_said() {
    let mut bench = reviewed(json!({}));
    bench.ok("source");
    assert_eq!(input_of(&bench, "draft"), json!({"said": null, "round": 0}));
    let key = key_of(&bench, "draft");
    bench.ok("draft");
    let first = bench.run.approvals()[0].clone();
    assert!(first.can_send_back);
    let back = said(&mut bench, "shorter", Verdict::SendBack);
    bench.give(back.clone());
    assert_eq!(
        bench.line(),
        "source=succeeded draft=running text=queued gate=queued publish=queued run=running"
    );
    assert_eq!(
        input_of(&bench, "draft"),
        json!({"said": "shorter", "round": 1})
    );
    assert_ne!(key_of(&bench, "draft"), key);
    assert_eq!(
        bench.refused(back),
        Rejected::AlreadyDecided {
            status: GateStatus::SentBack
        }
    );
    bench.answer("draft", succeeded(json!("short")));
    let mut gates = bench.run.approvals();
    gates.sort_by_key(|gate| gate.round);
    assert_eq!(gates.len(), 2);
    assert_eq!(gates[0].status, GateStatus::SentBack);
    assert_eq!(gates[0].decisions[0].comment.as_deref(), Some("shorter"));
    assert_eq!(gates[0].closed_at, Some(BEGIN));
    assert_eq!((gates[1].status, gates[1].round), (GateStatus::Pending, 1));
    assert_ne!(gates[0].request.digest, gates[1].request.digest);
    let approve = said(&mut bench, "good", Verdict::Approve);
    bench.give(approve);
    assert_eq!(input_of(&bench, "publish"), json!({"text": "short!"}));
    bench.ok("publish");
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn a_gate_is_sent_back_as_often_as_it_says() {
    let mut bench = reviewed(json!({"send_back": {"to": ["draft"], "rounds": 2}}));
    bench.ok("source").ok("draft");
    for _ in 0..2 {
        let back = said(&mut bench, "no", Verdict::SendBack);
        bench.give(back).ok("draft");
    }
    let last = bench.run.approvals().pop().unwrap();
    assert!(!last.can_send_back);
    let back = said(&mut bench, "no", Verdict::SendBack);
    assert_eq!(bench.refused(back).code(), "cannot_send_back");
    let reject = said(&mut bench, "enough", Verdict::Reject);
    bench.give(reject);
    assert_eq!(bench.run.status(), Status::Rejected);
}

#[test]
fn loops_and_gates_before_a_gate_run_again_as_a_whole() {
    let mut bench = over(
        json!(["a", "b"]),
        json!([
            each(
                json!({"as": "name"}),
                json!([
                    {"id": "ask", "action": "approval_gate", "with": {"title": "{{ name }}?"}},
                    call("make", json!({"needs": ["ask"]})),
                ])
            ),
            {"id": "gate", "action": "approval_gate", "needs": ["each"], "with": {"title": "all?", "send_back": {"to": "each"}}},
            call("ship", json!({"needs": ["gate"]})),
        ]),
    );
    let mut keys = Vec::new();
    for round in 0..3 {
        for pass in 0..2 {
            let yes = said(&mut bench, "yes", Verdict::Approve);
            bench.give(yes);
            let make = format!("each[{pass}].make");
            keys.push(key_of(&bench, &make));
            bench.ok(&make);
        }
        if round < 2 {
            let back = said(&mut bench, "again", Verdict::SendBack);
            bench.give(back);
        }
    }
    keys.sort();
    keys.dedup();
    assert_eq!(
        keys.len(),
        6,
        "each pass of each round has a key of its own"
    );
    assert_eq!(bench.run.approvals().len(), 9);
    let yes = said(&mut bench, "yes", Verdict::Approve);
    bench.give(yes).ok("ship");
    assert_eq!(bench.run.status(), Status::Succeeded);
}

/// Two gates side by side before one step; the second sends back what the step works with.
fn side_by_side() -> Bench {
    Bench::new(json!({"steps": [
        call("draft", json!({})),
        {"id": "legal", "action": "approval_gate", "with": {"title": "legal?"}},
        {"id": "style", "action": "approval_gate", "needs": ["draft"], "with": {"title": "style?", "send_back": {"to": "draft"}}},
        call("publish", json!({"needs": ["legal", "style"], "with": {"text": "{{ steps.draft.output }}"}})),
    ]}))
}

fn pending(bench: &Bench, step: &str) -> Option<ApprovalId> {
    let gates = bench.run.approvals();
    let gate = gates
        .iter()
        .find(|gate| &*gate.step.0 == step && gate.status == GateStatus::Pending)?;
    Some(gate.request.approval)
}

fn decide(bench: &Bench, step: &str, by: &str, verdict: Verdict) -> Input {
    let Input::Decide { decision, .. } = bench.voting(by, verdict) else {
        unreachable!()
    };
    Input::Decide {
        approval: pending(bench, step).unwrap_or_else(|| panic!("{step} does not ask")),
        decision,
    }
}

#[test]
fn what_could_not_be_rendered_when_a_gate_asked_is_said_so() {
    let bench = side_by_side();
    let legal = bench.run.approvals()[0].request.details.value()["next"][0].clone();
    assert_eq!(
        legal,
        json!({"step": "publish", "action": "http", "rendered": false, "with": {"text": "{{ steps.draft.output }}"}})
    );
}

/// `legal` asks once the draft is known, by waiting for it.
fn bound() -> Bench {
    let mut bench = Bench::new(json!({"steps": [
        call("draft", json!({})),
        {"id": "start", "action": "wait", "with": {"for": "1h"}},
        {"id": "legal", "action": "approval_gate", "needs": ["start"], "with": {"title": "legal?"}},
        {"id": "style", "action": "approval_gate", "needs": ["draft"], "with": {"title": "style?", "send_back": {"to": "draft"}}},
        call("publish", json!({"needs": ["legal", "style"], "with": {"text": "{{ steps.draft.output }}"}})),
    ]}));
    bench.ok("draft").pass("1h");
    bench
}

#[test]
fn an_approval_is_void_when_what_it_let_through_changes_and_says_what() {
    let mut bench = bound();
    let legal = decide(&bench, "legal", "ben", Verdict::Approve);
    bench.give(legal);
    let style = decide(&bench, "style", "ana", Verdict::SendBack);
    bench.give(style);
    bench.answer("draft", succeeded(json!("other")));
    let style = decide(&bench, "style", "ana", Verdict::Approve);
    bench.give(style);
    // The step does not begin: its gate asks anew.
    assert_eq!(
        bench.line(),
        "draft=succeeded start=succeeded legal=waiting style=succeeded publish=queued run=waiting"
    );
    let gates = bench.run.approvals();
    let void = gates
        .iter()
        .find(|gate| gate.status == GateStatus::Void)
        .unwrap();
    assert_eq!(
        serde_json::to_value(&void.changes).unwrap(),
        json!([{"what": "publish/with/text", "before": "draft", "after": "other"}])
    );
    let legal = decide(&bench, "legal", "ben", Verdict::Approve);
    bench.give(legal);
    assert_eq!(input_of(&bench, "publish"), json!({"text": "other"}));
}

/// A gate lets two steps through. Its approval is void for the one that is to run again; the other one has begun
/// and comes to its end.
#[test]
fn what_has_begun_behind_a_gate_goes_on_while_the_gate_asks_anew() {
    let mut bench = Bench::new(json!({"steps": [
        {"id": "legal", "action": "approval_gate", "with": {"title": "legal?"}},
        call("draft", json!({"needs": ["legal"], "with": {"said": "{{ review.comment }}"}})),
        call("ship", json!({"needs": ["legal"]})),
        {"id": "late", "action": "approval_gate", "needs": ["legal"], "with": {"timeout": "1h", "on_timeout": "approve"}},
        {"id": "style", "action": "approval_gate", "needs": ["draft"], "with": {"title": "style?", "send_back": {"to": "draft"}}},
    ]}));
    let legal = decide(&bench, "legal", "ben", Verdict::Approve);
    bench.give(legal).ok("draft");
    let style = decide(&bench, "style", "ana", Verdict::SendBack);
    bench.give(style);
    assert_eq!(
        bench.line(),
        "legal=waiting draft=queued ship=running late=waiting style=queued run=running"
    );
    bench.ok("ship").pass("1h");
    assert_eq!(
        bench.line(),
        "legal=waiting draft=queued ship=succeeded late=succeeded style=queued run=waiting"
    );
    let legal = decide(&bench, "legal", "ben", Verdict::Approve);
    bench.give(legal).ok("draft");
    let style = decide(&bench, "style", "ana", Verdict::Approve);
    bench.give(style);
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn an_approval_stands_when_what_ran_again_came_to_the_same() {
    let mut bench = bound();
    let legal = decide(&bench, "legal", "ben", Verdict::Approve);
    bench.give(legal);
    let style = decide(&bench, "style", "ana", Verdict::SendBack);
    bench.give(style).ok("draft");
    let style = decide(&bench, "style", "ana", Verdict::Approve);
    bench.give(style);
    assert_eq!(bench.running(), ["publish#1"]);
}

#[test]
fn a_gate_that_asks_meanwhile_takes_no_approval_and_asks_anew_when_it_is_known() {
    let mut bench = bound();
    let style = decide(&bench, "style", "ana", Verdict::SendBack);
    bench.give(style);
    let early = decide(&bench, "legal", "ben", Verdict::Approve);
    let Rejected::ApprovalChanged { changes } = bench.refused(early) else {
        panic!("what is not known cannot be approved")
    };
    assert_eq!(changes[0].what, "publish/rendered");
    bench.answer("draft", succeeded(json!("other")));
    let gates = bench.run.approvals();
    let statuses: Vec<_> = gates
        .iter()
        .filter(|gate| &*gate.step.0 == "legal")
        .map(|gate| gate.status)
        .collect();
    assert!(statuses.contains(&GateStatus::Void));
    let new = gates
        .iter()
        .find(|gate| &*gate.step.0 == "legal" && gate.status == GateStatus::Pending)
        .unwrap();
    assert_eq!(
        new.request.details.value()["next"][0]["with"],
        json!({"text": "other"})
    );
}

/// The same journal under another version, other inputs or another result of a step: whatever was asked
/// is not what would run, and no approval is taken.
#[test]
fn nothing_that_was_changed_after_the_request_is_approved() {
    let document = |url: &str, more: &str| {
        json!({
            "inputs": {"to": {}},
            "steps": [
                value("rows", json!([1, 2])),
                {"id": "gate", "action": "approval_gate", "needs": ["rows"], "with": {"title": format!("Send{more}?")}},
                call("send", json!({"needs": ["gate"], "with": {"path": url, "to": "{{ inputs.to }}", "rows": "{{ steps.rows.output }}"}})),
            ],
        })
    };
    let asked = Bench::with_inputs(document("/a", ""), json!({"to": "eu"}));
    let approval = asked.approval();
    let attempt = |plan: Value, change: &dyn Fn(&mut RunEvent)| {
        let mut journal = asked.journal.clone();
        for entry in &mut journal {
            change(&mut entry.event);
        }
        let plan = crate::testing::plan(&plan);
        let mut run = Run::replay(plan, journal).unwrap();
        let Input::Decide { decision, .. } = asked.voting("ana", Verdict::Approve) else {
            unreachable!()
        };
        run.handle(asked.now, Input::Decide { approval, decision })
    };
    assert!(attempt(document("/a", ""), &|_| {}).is_ok());
    let what = |given: Result<Vec<crate::event::Entry>, Rejected>| match given {
        Err(Rejected::ApprovalChanged { changes }) => changes
            .into_iter()
            .map(|change| change.what)
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        what(attempt(document("/b", ""), &|_| {})),
        ["send/with/path", "version"]
    );
    assert_eq!(
        what(attempt(document("/a", " it"), &|_| {})),
        ["gate/title", "version"]
    );
    let mut other = document("/a", "");
    other["description"] = "another version".into();
    assert_eq!(what(attempt(other, &|_| {})), ["version"]);
    assert_eq!(
        what(attempt(document("/a", ""), &|event| {
            if let RunEvent::Created(start) = event {
                start.inputs = json!({"to": "us"}).into();
            }
        })),
        ["send/with/to"]
    );
    assert_eq!(
        what(attempt(document("/a", ""), &|event| {
            if let RunEvent::StepEvaluated { output, .. } = event {
                *output = json!([1, 3]).into();
            }
        })),
        ["send/with/rows/1"]
    );
    // What was shown to the person was changed on its way.
    let forged = attempt(document("/a", ""), &|event| {
        if let RunEvent::ApprovalRequested { request, .. } = event {
            let mut details = request.details.value().clone();
            details["next"][0]["with"]["to"] = "nobody".into();
            request.details = details.into();
        }
    });
    assert_eq!(what(forged), ["send/with/to"]);
}

#[test]
fn others_are_asked_when_nobody_answers_and_those_before_still_may() {
    let mut bench = reviewed(
        json!({"timeout": "1h", "on_timeout": "escalate", "escalate_to": ["user:eva"], "approvers": ["user:ana"]}),
    );
    bench.ok("source").ok("draft");
    let approval = bench.approval();
    bench.now = BEGIN.after(Span::from_secs(3_600));
    // At the very moment it is not too late: that moment only asks others, too.
    let mut early = bench.run.clone();
    let yes = bench.voting("ana", Verdict::Approve);
    early.handle(bench.now, yes).unwrap();
    bench.give(Input::Tick);
    let gate = bench.run.approval(approval).unwrap();
    assert_eq!(gate.approvers, ["user:ana", "user:eva"]);
    assert!(gate.escalated);
    assert_eq!(gate.expires_at, Some(BEGIN.after(Span::from_secs(7_200))));
    // The digest is of what it lets through, not of who says so.
    let yes = bench.voting("eva", Verdict::Approve);
    let mut late = bench.run.clone();
    late.handle(bench.now, yes).unwrap();
    bench.pass("1h");
    assert_eq!(
        bench.run.approval(approval).unwrap().status,
        GateStatus::Expired
    );
    assert_eq!(bench.run.status(), Status::Rejected);
}

#[test]
fn a_gate_is_brought_to_mind_and_tells_people_each_time() {
    let mut bench = reviewed(json!({
        "title": "Right?",
        "remind": "2h", "timeout": "5h",
        "notify": [
            {"action": "http", "with": {"text": "{{ approval.title }} {{ steps.text.output }}"}},
            {"action": "mail", "for": "user:{{ 'ana' }}", "with": {"text": "{{ approval.link }}"}},
        ],
    }));
    bench.ok("source").ok("draft");
    let approval = bench.approval();
    let due = |notice, index| Notice {
        approval,
        notice,
        index,
    };
    assert_eq!(bench.run.notices(), [due(0, 0), due(0, 1)]);
    assert_eq!(bench.deadline(), "+2h ApprovalReminder { step: gate }");
    let seen: Json = json!({"title": "Right?", "link": "/here"}).into();
    let first = bench.run.notice(due(0, 0), &seen).unwrap().unwrap();
    assert_eq!(first.input.value(), &json!({"text": "Right? draft!"}));
    assert_eq!(first.kind, crate::plan::ActionKind::Http);
    assert_eq!(
        bench.run.notified_person(due(0, 1), &seen).as_deref(),
        Some("user:ana")
    );
    let told = |notice, index, failure| Input::Notified {
        approval,
        notice,
        index,
        attempts: 2,
        failure,
    };
    bench.give(told(0, 0, None));
    let failure = Failure::new(FailureClass::Timeout, "timeout", "nobody took it");
    bench.give(told(0, 1, Some(failure)));
    assert_eq!(bench.refused(told(0, 1, None)), Rejected::StaleAttempt);
    assert_eq!(bench.status("gate"), Status::Waiting);
    let gate = bench.run.approval(approval).unwrap();
    assert_eq!(gate.notices.len(), 2);
    assert_eq!(gate.notices[1].error.as_ref().unwrap().code, "timeout");
    bench.pass("2h");
    assert_eq!(bench.run.notices(), [due(1, 0), due(1, 1)]);
    bench.pass("2h");
    assert_eq!(bench.run.approval(approval).unwrap().reminders, 2);
    assert_eq!(bench.deadline(), "+5h ApprovalExpiry { step: gate }");
    bench.pass("1h");
    assert_eq!(bench.run.notices(), []);
}

#[test]
fn an_approval_can_be_handed_over() {
    let mut bench = reviewed(json!({"needed": 2}));
    bench.ok("source").ok("draft");
    let approval = bench.approval();
    bench.vote("ana", Verdict::Approve);
    let hand = |approvers: &[&str]| Input::Reassign {
        approval,
        approvers: approvers.iter().map(|who| (*who).to_owned()).collect(),
        by: "ana".into(),
        reason: Some("on leave".into()),
    };
    for bad in [&[][..], &["eva"], &["user:"], &["group:x"]] {
        assert_eq!(bench.refused(hand(bad)).code(), "bad_approvers");
    }
    bench.give(hand(&["user:eva"]));
    let gate = bench.run.approval(approval).unwrap();
    assert_eq!(gate.approvers, ["user:eva"]);
    assert_eq!(gate.decisions.len(), 1, "answers stand");
    bench.vote("eva", Verdict::Approve);
    assert_eq!(bench.running(), ["publish#1"]);
    assert_eq!(
        bench.refused(hand(&["user:eva"])),
        Rejected::AlreadyDecided {
            status: GateStatus::Approved
        }
    );
}

#[test]
fn a_cancel_ends_what_runs_again() {
    let mut bench = reviewed(json!({}));
    bench.ok("source").ok("draft");
    let back = said(&mut bench, "no", Verdict::SendBack);
    bench.give(back).give(Input::Cancel {
        by: "ana".into(),
        reason: None,
    });
    assert_eq!(
        bench.line(),
        "source=succeeded draft=canceled text=skipped gate=skipped publish=skipped run=canceled"
    );
}

#[test]
fn a_new_run_keeps_no_approval_for_another_version_or_for_what_is_made_anew() {
    let document = |path: &str| {
        json!({"steps": [
            {"id": "gate", "action": "approval_gate", "with": {}},
            call("read", json!({})),
            call("pay", json!({"needs": ["gate"], "with": {"path": path, "n": "{{ steps.read.output }}"}})),
        ]})
    };
    let ended = |fail_first: bool| {
        let mut bench = Bench::new(document("/pay"));
        bench.vote("ana", Verdict::Approve);
        if fail_first {
            bench.fail("read", FailureClass::Permanent);
        } else {
            bench.ok("read").fail("pay", FailureClass::Permanent);
        }
        assert_eq!(bench.run.status(), Status::Failed);
        bench
    };
    let kept = |bench: &Bench, path: &str| -> Vec<String> {
        let plan = crate::testing::plan(&document(path));
        let kept = bench.run.kept(&plan, None).unwrap();
        let name = |kept: &Kept| match kept {
            Kept::Step { step, .. }
            | Kept::Pass { step, .. }
            | Kept::Undone { step, .. }
            | Kept::Asked { step, .. }
            | Kept::SentBack { step, .. }
            | Kept::Artifact { step, .. } => step.to_string(),
        };
        kept.iter().map(name).collect()
    };
    assert_eq!(kept(&ended(false), "/pay"), ["gate", "read"]);
    assert_eq!(kept(&ended(false), "/other"), ["read"]);
    assert!(kept(&ended(true), "/pay").is_empty());
}

/// What was sent back and then failed is tried once more, as the reviewer wanted it and under its own key.
#[test]
fn a_retry_goes_on_from_where_the_run_was_sent_back_to() {
    let mut bench = reviewed(json!({}));
    bench.ok("source");
    let first = key_of(&bench, "draft");
    bench.ok("draft");
    let back = said(&mut bench, "shorter", Verdict::SendBack);
    bench.give(back);
    let second = key_of(&bench, "draft");
    bench.fail("draft", FailureClass::Permanent);
    assert_eq!(bench.run.status(), Status::Failed);
    let mut bench = kept::again(&bench, None);
    assert_eq!(bench.running(), ["draft#1"]);
    assert_eq!(
        input_of(&bench, "draft"),
        json!({"said": "shorter", "round": 1})
    );
    assert_eq!(key_of(&bench, "draft"), second);
    bench.ok("draft");
    let gate = bench.run.approvals().pop().unwrap();
    assert_eq!((gate.status, gate.round), (GateStatus::Pending, 1));
    let back = said(&mut bench, "and nicer", Verdict::SendBack);
    bench.give(back);
    assert_eq!(
        input_of(&bench, "draft"),
        json!({"said": "and nicer", "round": 2})
    );
    let third = key_of(&bench, "draft");
    assert!(third != first && third != second);
    // And so does a retry of the retry.
    bench.fail("draft", FailureClass::Permanent);
    let bench = kept::again(&bench, None);
    assert_eq!(key_of(&bench, "draft"), third);
    assert_eq!(
        input_of(&bench, "draft"),
        json!({"said": "and nicer", "round": 2})
    );
}

/// What is kept runs again when the new run is sent back: the other side must not take it for what it did before.
#[test]
fn what_a_retry_is_sent_back_to_has_no_key_of_an_earlier_round() {
    let mut bench = reviewed(json!({}));
    bench.ok("source");
    let mut keys = vec![key_of(&bench, "draft")];
    bench.ok("draft");
    let back = said(&mut bench, "shorter", Verdict::SendBack);
    bench.give(back);
    keys.push(key_of(&bench, "draft"));
    bench.ok("draft");
    let reject = said(&mut bench, "no", Verdict::Reject);
    bench.give(reject);
    assert_eq!(bench.run.status(), Status::Rejected);
    let mut bench = kept::again(&bench, None);
    assert_eq!(bench.running(), [""; 0]);
    let back = said(&mut bench, "nicer", Verdict::SendBack);
    bench.give(back);
    assert_eq!(
        input_of(&bench, "draft"),
        json!({"said": "nicer", "round": 2})
    );
    let key = key_of(&bench, "draft");
    assert!(!keys.contains(&key), "{key} in {keys:?}");
}

#[test]
fn a_retry_goes_on_with_what_was_said_of_a_pass() {
    let mut bench = over(
        json!(["a", "b"]),
        json!([each(
            json!({"as": "name", "on_item_error": "continue"}),
            json!([
                call("make", json!({"with": {"name": "{{ name }}", "said": "{{ review.comment }}"}})),
                {"id": "ask", "action": "approval_gate", "needs": ["make"],
                 "with": {"title": "{{ name }}?", "send_back": {"to": "make"}}},
            ])
        )]),
    );
    bench.ok("each[0].make");
    let back = said(&mut bench, "shorter", Verdict::SendBack);
    bench.give(back);
    let key = key_of(&bench, "each[0].make");
    bench.fail("each[0].make", FailureClass::Permanent);
    bench.ok("each[1].make");
    let approve = said(&mut bench, "good", Verdict::Approve);
    bench.give(approve);
    assert_eq!(bench.run.status(), Status::Succeeded);
    let bench = kept::again(&bench, Some("each"));
    assert_eq!(bench.running(), ["each[0].make#1"]);
    assert_eq!(
        input_of(&bench, "each[0].make"),
        json!({"name": "a", "said": "shorter"})
    );
    assert_eq!(key_of(&bench, "each[0].make"), key);
}

/// In a list of handlers a failure stops nothing, so the list can be sent back to the step that failed.
#[test]
fn a_failure_that_was_sent_back_to_is_none_any_more() {
    let mut bench = Bench::new(json!({
        "steps": [value("work", json!(1))],
        "finally": [
            call("unlock", json!({})),
            value("how", json!("{{ steps.unlock.status }}")),
            {"id": "look", "action": "approval_gate", "needs": ["how"], "with": {"send_back": {"to": "unlock"}}},
        ],
    }));
    bench.fail("finally.unlock", FailureClass::Permanent);
    let back = said(&mut bench, "once more", Verdict::SendBack);
    bench.give(back);
    bench.ok("finally.unlock");
    let approve = said(&mut bench, "good", Verdict::Approve);
    bench.give(approve);
    assert_eq!(bench.run.status(), Status::Succeeded);
}

/// Nobody is asked who could never decide.
#[test]
fn an_approval_is_not_handed_to_too_few() {
    let hand = |bench: &Bench, approvers: &[&str]| Input::Reassign {
        approval: bench.approval(),
        approvers: approvers.iter().map(|who| (*who).to_owned()).collect(),
        by: "ben".into(),
        reason: None,
    };
    // Ana has started the run.
    let mut bench = reviewed(json!({"exclude_starter": true}));
    bench.ok("source").ok("draft");
    let refused = bench.refused(hand(&bench, &["user:ana"]));
    assert_eq!(refused.code(), "bad_approvers");
    assert!(
        refused
            .to_string()
            .contains("whoever started the run is excluded (ana)"),
        "{refused}"
    );
    let input = hand(&bench, &["user:ana", "user:eva"]);
    bench.give(input);

    let mut bench = reviewed(json!({"needed": 2}));
    bench.ok("source").ok("draft");
    assert_eq!(
        bench.refused(hand(&bench, &["user:eva"])).code(),
        "bad_approvers"
    );
    assert_eq!(
        bench
            .refused(hand(&bench, &["user:eva", "user:eva"]))
            .code(),
        "bad_approvers"
    );
    let input = hand(&bench, &["user:eva", "role:approver"]);
    bench.give(input);
    bench.vote("eva", Verdict::Approve);
    assert_eq!(
        bench.refused(hand(&bench, &["user:eva"])).code(),
        "bad_approvers"
    );
    let input = hand(&bench, &["user:ben"]);
    bench.give(input);
}

/// While a run ends, nobody is asked anew: a step that is not what was approved does not run.
#[test]
fn what_is_not_as_it_was_approved_fails_while_the_run_is_ending() {
    let mut bench = Bench::new(json!({"steps": [
        call("text", json!({})),
        call("rest", json!({})),
        call("bad", json!({})),
        {"id": "legal", "action": "approval_gate", "needs": ["rest"], "with": {"title": "Legal?"}},
        {"id": "style", "action": "approval_gate", "needs": ["text"], "with": {"title": "Style?", "send_back": {"to": "text"}}},
        call("publish", json!({"needs": ["legal", "style"], "join": "all_done", "with": {"text": "{{ steps.text.output }}"}})),
    ]}));
    bench.answer("text", succeeded(json!("one"))).ok("rest");
    for (gate, verdict) in [("legal", Verdict::Approve), ("style", Verdict::SendBack)] {
        let asked = bench.run.approvals();
        let asked = asked
            .iter()
            .find(|one| &*one.step.0 == gate && one.status == GateStatus::Pending)
            .unwrap();
        let Input::Decide { mut decision, .. } = bench.voting("ana", verdict) else {
            unreachable!()
        };
        decision.comment = Some("again".into());
        bench.give(Input::Decide {
            approval: asked.request.approval,
            decision,
        });
    }
    bench.fail("bad", FailureClass::Permanent);
    let publish = bench.run.step("publish").unwrap();
    assert_eq!(publish.status, Status::Failed, "{}", bench.line());
    let error = publish.error.unwrap();
    assert_eq!(error.code, "approval_changed");
    assert!(error.message.contains("step legal"), "{}", error.message);
    let details = error.details.unwrap();
    assert_eq!(
        details.value()["changes"][1]["what"],
        "publish/with/text",
        "{details:?}"
    );
    assert_eq!(bench.run.status(), Status::Failed);
}

#[test]
fn a_gate_that_still_asks_while_the_run_is_ending_can_be_approved() {
    let mut bench = Bench::new(json!({"steps": [
        call("text", json!({})),
        call("rest", json!({})),
        call("bad", json!({})),
        {"id": "legal", "action": "approval_gate", "needs": ["rest"], "join": "all_done", "with": {"title": "Legal?"}},
        {"id": "style", "action": "approval_gate", "needs": ["text"], "with": {"title": "Style?", "send_back": {"to": "text"}}},
        call("publish", json!({"needs": ["legal", "style"], "join": "all_done", "with": {"text": "{{ steps.text.output | default('none') }}"}})),
    ]}));
    bench.answer("text", succeeded(json!("one"))).ok("rest");
    let decide = |bench: &mut Bench, gate: &str, verdict| {
        let approval = pending(bench, gate).unwrap();
        let Input::Decide { mut decision, .. } = bench.voting("ana", verdict) else {
            unreachable!()
        };
        decision.comment = Some("again".into());
        bench.give(Input::Decide { approval, decision });
        approval
    };
    decide(&mut bench, "style", Verdict::SendBack);
    bench.fail("bad", FailureClass::Permanent);
    // What it shows is not so any more; it asks nobody anew, so that is no reason to refuse the answer.
    let approval = pending(&bench, "legal").unwrap();
    assert!(bench.run.approval_changes(approval).is_empty());
    decide(&mut bench, "legal", Verdict::Approve);
    let publish = bench.run.step("publish").unwrap();
    assert_eq!(publish.status, Status::Failed, "{}", bench.line());
    assert_eq!(publish.error.unwrap().code, "approval_changed");
    assert_eq!(bench.run.status(), Status::Failed);
}
