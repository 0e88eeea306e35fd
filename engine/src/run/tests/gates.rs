use super::*;

fn gate(with: Value) -> Value {
    json!({"id": "gate", "action": "approval_gate", "name": "Publish", "with": with})
}

fn publishing(with: Value) -> Bench {
    Bench::with_inputs(
        json!({
            "inputs": {"region": {"type": "string"}},
            "steps": [
                {"id": "rows", "action": "transform", "with": {"value": [1, 2]}},
                gate(with),
                call("publish", json!({"needs": ["gate"], "with": {"rows": "{{ steps.rows.output }}"}})),
                call("note", json!({"with": {"by": "{{ steps.gate.output.by }}"}})),
            ],
        }),
        json!({"region": "EU"}),
    )
}

#[test]
fn what_is_asked_is_rendered_and_holds_what_comes_next() {
    let bench = publishing(json!({
        "title": "Publish {{ inputs.region }}?", "message": "{{ steps.rows.output | length }} rows",
        "show": {"rows": "{{ steps.rows.output }}"}, "needed": 2, "timeout": "24h",
        "approvers": ["user:ana", "role:approver"], "exclude_starter": true,
        "fields": {"type": "object"},
    }));
    let view = &bench.run.approvals()[0];
    assert_eq!(view.status, GateStatus::Pending);
    assert_eq!(view.requested_at, BEGIN);
    let request = serde_json::to_value(&view.request).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&request).unwrap(), @r#"
{
  "approval": "appr_01mcc5rm00ebh8k07xyv5gsdf6",
  "title": "Publish EU?",
  "message": "2 rows",
  "details": {
    "show": {
      "rows": [
        1,
        2
      ]
    },
    "next": [
      {
        "step": "publish",
        "action": "http",
        "rendered": true,
        "with": {
          "rows": [
            1,
            2
          ]
        }
      },
      {
        "step": "note",
        "action": "http",
        "rendered": false,
        "with": {
          "by": "{{ steps.gate.output.by }}"
        }
      }
    ]
  },
  "fields": {
    "type": "object"
  },
  "approvers": [
    "user:ana",
    "role:approver"
  ],
  "needed": 2,
  "exclude_starter": true,
  "digest": "sha256:cb318e5538d1533f81a83c3f247f5794b3de6e6aa15b3c9824d3c6e4cc7a8b7a",
  "expires_at": "2027-01-16T08:00:00.000Z"
}
"#);
    assert_eq!(
        bench.line(),
        "rows=succeeded gate=waiting publish=queued note=queued run=waiting"
    );
    assert_eq!(
        bench.run.waits_for(),
        "waits for an approval of step gate (0 of 2)"
    );
    assert_eq!(bench.deadline(), "+1d ApprovalExpiry { step: gate }");
    assert_eq!(
        bench.run.step("gate").unwrap().approval_id,
        Some(view.request.approval)
    );
    assert_eq!(
        bench.run.approval(view.request.approval).as_ref(),
        Some(view)
    );
}

#[test]
fn what_is_not_said_has_defaults() {
    let bench = publishing(json!({}));
    let request = &bench.run.approvals()[0].request;
    assert_eq!(request.title, "Publish");
    assert_eq!(request.message, None);
    assert_eq!(request.approvers, ["role:approver"]);
    assert_eq!((request.needed, request.exclude_starter), (1, false));
    assert_eq!(request.expires_at, None);
    assert_eq!(bench.run.waits_for(), "waits for an approval of step gate");
}

#[test]
fn the_digest_is_of_all_that_is_shown_and_all_that_will_run() {
    let digest = |with: Value| publishing(with).run.approvals()[0].request.digest.clone();
    let base = digest(json!({"title": "a"}));
    assert_eq!(base, digest(json!({"title": "a"})));
    assert_ne!(base, digest(json!({"title": "b"})));
    assert_ne!(base, digest(json!({"title": "a", "message": "m"})));
    assert_ne!(base, digest(json!({"title": "a", "show": 1})));
    // The same gate before other inputs.
    let behind = |rows: Value| {
        let bench = Bench::with_inputs(
            json!({
                "inputs": {"rows": {}},
                "steps": [gate(json!({"title": "a"})), call("p", json!({"needs": ["gate"], "with": {"rows": "{{ inputs.rows }}"}}))],
            }),
            json!({"rows": rows}),
        );
        bench.run.approvals()[0].request.digest.clone()
    };
    assert_ne!(behind(json!([1])), behind(json!([2])));
}

#[test]
fn a_gate_that_cannot_be_asked_fails() {
    for with in [
        json!({"needed": 0}),
        json!({"needed": "two"}),
        json!({"needed": 4294967296u64}),
        json!({"approvers": []}),
        json!({"approvers": "ana"}),
        json!({"approvers": [1]}),
        json!({"timeout": "soon"}),
        json!({"timeout": 5}),
        json!({"exclude_starter": "yes"}),
    ] {
        let bench = publishing(with.clone());
        assert_eq!(bench.run.failure().unwrap().code, "invalid_gate", "{with}");
    }
}

#[test]
fn approval_lets_the_run_go_on() {
    let mut bench = publishing(json!({"title": "a"}));
    bench.vote("ana", Verdict::Approve);
    assert_eq!(bench.running(), ["publish#1", "note#1"]);
    assert_eq!(
        bench.run.step("gate").unwrap().output.unwrap().text(),
        r#"{"decision":"approve","by":"ana","comment":"seen","fields":null}"#
    );
    let Effect::Attempt { input, .. } = bench.effect("note");
    assert_eq!(input.text(), r#"{"by":"ana"}"#);
    let view = &bench.run.approvals()[0];
    assert_eq!(
        (view.status, view.closed_at),
        (GateStatus::Approved, Some(BEGIN))
    );
    for (by, verdict) in [("ana", Verdict::Approve), ("ben", Verdict::Reject)] {
        let again = bench.voting(by, verdict);
        assert_eq!(
            bench.refused(again),
            Rejected::AlreadyDecided {
                status: GateStatus::Approved
            }
        );
    }
}

#[test]
fn several_approvals_are_of_several_people_and_one_rejection_is_enough() {
    let mut bench = publishing(json!({"needed": 2}));
    bench.vote("ana", Verdict::Approve);
    assert_eq!(bench.status("gate"), Status::Waiting);
    assert_eq!(
        bench.run.waits_for(),
        "waits for an approval of step gate (1 of 2)"
    );
    let again = bench.voting("ana", Verdict::Reject);
    let rejected = bench.refused(again);
    assert_eq!(rejected, Rejected::AlreadyVoted { by: "ana".into() });
    assert_eq!(rejected.code(), "already_voted");
    bench.vote("ben", Verdict::Approve);
    assert_eq!(bench.status("gate"), Status::Succeeded);

    let mut bench = publishing(json!({"needed": 3}));
    bench
        .vote("ana", Verdict::Approve)
        .vote("ben", Verdict::Reject);
    assert_eq!(
        bench.line(),
        "rows=succeeded gate=rejected publish=skipped note=skipped run=rejected"
    );
    let failure = bench.run.failure().unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        ("rejected", "ben rejected step gate: seen")
    );
    assert_eq!(bench.run.step("gate").unwrap().error, None);
    assert_eq!(
        serde_json::to_value(bench.run.step("publish").unwrap().skipped).unwrap(),
        json!({"kind": "need", "step": "gate", "status": "rejected"})
    );
}

#[test]
fn a_gate_that_names_no_place_is_not_sent_back_and_unknown_gates_are_refused() {
    let mut bench = publishing(json!({}));
    let back = bench.voting("ana", Verdict::SendBack);
    let refused = bench.refused(back);
    assert_eq!(refused.code(), "cannot_send_back");
    assert_eq!(
        refused.to_string(),
        "this gate names no step that it sends back to"
    );
    let Input::Decide { decision, .. } = bench.voting("ana", Verdict::Approve) else {
        unreachable!()
    };
    let approval = ApprovalId::from_parts(1, [1; 10]);
    assert_eq!(
        bench.refused(Input::Decide { approval, decision }),
        Rejected::UnknownApproval
    );
}

#[test]
fn whoever_refuses_says_why() {
    let mut bench = publishing(json!({}));
    for (verdict, comment) in [
        (Verdict::Reject, None),
        (Verdict::Reject, Some("  ")),
        (Verdict::SendBack, None),
    ] {
        let Input::Decide {
            approval,
            mut decision,
        } = bench.voting("ana", verdict)
        else {
            unreachable!()
        };
        decision.comment = comment.map(ToOwned::to_owned);
        let refused = bench.refused(Input::Decide { approval, decision });
        assert_eq!(refused, Rejected::CommentNeeded);
    }
}

#[test]
fn time_runs_out_as_a_rejection_or_as_the_gate_says() {
    let mut bench = publishing(json!({"timeout": "1h"}));
    bench.now = BEGIN.after(Span::from_secs(3_600));
    // At the very moment it is too late, even when the tick has not come.
    let late = bench.voting("ana", Verdict::Approve);
    let expired = Rejected::AlreadyDecided {
        status: GateStatus::Expired,
    };
    assert_eq!(bench.refused(late.clone()), expired);
    bench.give(Input::Tick);
    assert_eq!(bench.refused(late), expired);
    assert_eq!(bench.run.status(), Status::Rejected);
    assert_eq!(bench.run.failure().unwrap().code, "approval_expired");

    let mut bench = publishing(json!({"timeout": "1h", "on_timeout": "approve"}));
    bench.pass("1h");
    assert_eq!(bench.running(), ["publish#1", "note#1"]);
    assert_eq!(
        bench.run.step("gate").unwrap().output.unwrap().text(),
        r#"{"decision":"approve","by":null,"comment":null,"fields":null}"#
    );
    assert_eq!(bench.run.approvals()[0].status, GateStatus::Approved);
}

#[test]
fn a_refusal_can_be_handled() {
    let mut bench = Bench::new(json!({"steps": [
        gate(json!({})),
        call("publish", json!({"needs": ["gate"]})),
        call("tell", json!({"needs": ["gate"], "join": "any_failed", "with": {"why": "{{ steps.gate.output.comment }}"}})),
    ]}));
    bench.vote("ana", Verdict::Reject);
    let Effect::Attempt { input, .. } = bench.effect("tell");
    assert_eq!(input.text(), r#"{"why":"seen"}"#);
    bench.ok("tell");
    assert_eq!(
        bench.line(),
        "gate=rejected publish=skipped tell=succeeded run=succeeded"
    );
    assert_eq!(
        serde_json::to_value(bench.run.step("publish").unwrap().skipped).unwrap(),
        json!({"kind": "need", "step": "gate", "status": "rejected"})
    );
}

#[test]
fn gates_of_two_runs_and_of_one_run_have_ids_of_their_own() {
    let document =
        json!({"steps": [gate(json!({})), {"id": "other", "action": "approval_gate", "with": {}}]});
    let bench = Bench::new(document.clone());
    let ids: Vec<_> = bench
        .run
        .approvals()
        .iter()
        .map(|a| a.request.approval)
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[0].0.unix_ms(), 1_800_000_000_000);
    let again = Bench::new(document);
    assert_eq!(again.run.approvals()[0].request.approval, ids[0]);
}

/// What is computed is looked at when the gate asks.
#[test]
fn people_and_forms_that_are_computed_are_looked_at() {
    for (key, value, said) in [
        ("approvers", json!(["bogus"]), "does not say who decides"),
        (
            "approvers",
            json!(["user:ana", "user:"]),
            "does not say who decides",
        ),
        ("approvers", json!([]), "nobody could decide"),
        ("escalate_to", json!(["ana"]), "does not say who decides"),
        (
            "fields",
            json!({"type": 5}),
            "the schema of the form is not valid",
        ),
    ] {
        let bench = Bench::with_inputs(
            json!({ "inputs": {"v": {}}, "steps": [gate(json!({key: "{{ inputs.v }}"}))] }),
            json!({"v": value}),
        );
        let error = bench.run.step("gate").unwrap().error.unwrap();
        assert_eq!(error.code, "invalid_gate");
        assert!(error.message.contains(said), "{}", error.message);
    }
}
