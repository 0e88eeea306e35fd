//! Ways to the states of a run.

use super::super::*;
use crate::definition::Overflow;
use crate::flow::{Claim, KeyClaim};
use crate::plan::Plan;
use std::sync::Arc;

/// A way to a state.
pub(super) struct Case {
    pub(super) name: &'static str,
    steps: Value,
    /// What else the document says.
    pub(super) more: Value,
    /// A key that it shares, and whether it keeps its slot while it waits.
    claim: Option<bool>,
    /// How many facts a turn has at most.
    turn: Option<usize>,
    drive: fn(&mut Bench),
}

fn case(name: &'static str, steps: Value, drive: fn(&mut Bench)) -> Case {
    Case {
        name,
        steps,
        more: json!({}),
        claim: None,
        turn: None,
        drive,
    }
}

impl Case {
    fn more(self, more: Value) -> Self {
        Self { more, ..self }
    }

    fn claiming(self, hold: bool) -> Self {
        let claim = Some(hold);
        Self { claim, ..self }
    }

    fn turns_of(self, facts: usize) -> Self {
        let turn = Some(facts);
        Self { turn, ..self }
    }

    fn plan(&self, cleans: bool) -> Arc<Plan> {
        let mut document = json!({"steps": self.steps});
        let all = document.as_object_mut().unwrap();
        all.extend(self.more.as_object().unwrap().clone());
        if cleans {
            let finally = json!([
                call("unlock", json!({})),
                call("tell", json!({"needs": ["unlock"], "join": "all_done"}))
            ]);
            all.insert("finally".into(), finally);
        }
        let plan = plan(&document);
        let Some(turn) = self.turn else { return plan };
        let mut short = Plan::compile(plan.document.clone()).unwrap();
        short.turn = turn;
        Arc::new(short)
    }

    /// A run in the state.
    pub(super) fn reached(&self, cleans: bool) -> Bench {
        let plan = self.plan(cleans);
        let claim = self.claim.map(|hold| Claim {
            priority: 0,
            key: Some(KeyClaim {
                key: "one".into(),
                limit: 1,
                overflow: Overflow::Queue,
                hold,
            }),
        });
        let start = start(&plan, json!({}));
        let (run, journal) = Run::begin_claiming(plan, start, Vec::new(), claim, BEGIN);
        let mut bench = Bench {
            run,
            journal,
            now: BEGIN,
        };
        (self.drive)(&mut bench);
        assert!(
            !bench.run.is_over(),
            "{} is over: {}",
            self.name,
            bench.line()
        );
        bench
    }
}

fn gate(with: Value) -> Value {
    json!([{"id": "gate", "action": "approval_gate", "with": with}, call("after", json!({"needs": ["gate"]}))])
}

fn wait(with: Value) -> Value {
    json!([{"id": "nap", "action": "wait", "with": with}])
}

fn retrying() -> Value {
    json!([call(
        "a",
        json!({"retry": {"attempts": 3, "backoff": "1h", "jitter": false}})
    )])
}

fn give(bench: &mut Bench, input: Input) {
    bench.give(input);
}

fn pause(bench: &mut Bench) {
    give(
        bench,
        Input::Pause {
            by: "ana".into(),
            reason: None,
        },
    );
}

/// The journal up to a fact is all that is left of the run.
fn cut(bench: &mut Bench, last: impl Fn(&RunEvent) -> bool) {
    let end = bench
        .journal
        .iter()
        .rposition(|entry| last(&entry.event))
        .unwrap();
    bench.journal.truncate(end + 1);
    bench.run = Run::replay(bench.run.plan().clone(), bench.journal.clone()).unwrap();
}

/// Answers the gate of a step that asks.
fn decide(bench: &mut Bench, step: &str, verdict: Verdict) {
    let gates = bench.run.approvals();
    let asks = |gate: &&ApprovalView| &*gate.step.0 == step && gate.status == GateStatus::Pending;
    let pending = gates.iter().find(asks).unwrap();
    let approval = pending.request.approval;
    let Input::Decide { decision, .. } = bench.voting("ana", verdict) else {
        unreachable!()
    };
    give(bench, Input::Decide { approval, decision });
}

/// What two gates let through, of which one sends back what the other was asked about.
fn bound() -> Value {
    json!([
        call("draft", json!({})),
        {"id": "start", "action": "wait", "with": {"for": "1h"}},
        {"id": "legal", "action": "approval_gate", "needs": ["start"], "with": {"title": "legal?"}},
        {"id": "style", "action": "approval_gate", "needs": ["draft"], "with": {"title": "style?", "send_back": {"to": "draft"}}},
        call("publish", json!({"needs": ["legal", "style"], "with": {"text": "{{ steps.draft.output }}"}})),
    ])
}

/// A step behind another, over a connection.
fn rated(more: Value) -> Value {
    let mut b = call(
        "b",
        json!({"needs": ["a"], "with": {"connection": "crm", "path": "/"}}),
    );
    b.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!([call("a", json!({})), b])
}

fn rates() -> Option<Arc<ConnectionRates>> {
    let rate = crate::flow::Rate::new(1, crate::flow::Per::Minute).unwrap();
    Some(Arc::new([("crm".to_owned(), rate)].into()))
}

/// A step of which it can be found out whether it happened.
fn checked() -> Value {
    let check = json!({"action": "http", "with": {"path": "/"}, "done": "check.output == 'seen'"});
    json!([call(
        "a",
        json!({"delivery": "at_most_once", "check": check})
    )])
}

/// Every way to every state.
pub(super) fn cases() -> Vec<Case> {
    let two = || json!([call("a", json!({})), call("b", json!({"needs": ["a"]}))]);
    let undone = || {
        json!([
            call(
                "a",
                json!({"undo": {"action": "http", "with": {"path": "/undo"}}})
            ),
            call("b", json!({"needs": ["a"]}))
        ])
    };
    let reviewed = || {
        json!([
            call("draft", json!({})),
            {"id": "gate", "action": "approval_gate", "needs": ["draft"], "with": {"send_back": {"to": "draft"}}},
        ])
    };
    vec![
        case("an attempt under way, and a step behind it", two(), |_| {}),
        case(
            "an attempt with a time limit",
            json!([call("a", json!({"timeout": "1m"}))]),
            |_| {},
        ),
        case("a step between two attempts", retrying(), |bench| {
            bench.fail("a", FailureClass::Retryable);
        }),
        case("a second attempt", retrying(), |bench| {
            bench.fail("a", FailureClass::Retryable).pass("1h");
        }),
        case("an attempt that has just failed", retrying(), |bench| {
            bench.fail("a", FailureClass::Retryable);
            cut(bench, |event| {
                matches!(event, RunEvent::AttemptFinished { .. })
            });
        }),
        case("an attempt that the process died in", two(), |bench| {
            give(bench, Input::Recover { alone: true });
            cut(bench, |event| {
                matches!(event, RunEvent::AttemptFinished { .. })
            });
        }),
        case("a wait for a time", wait(json!({"for": "1h"})), |_| {}),
        case(
            "a wait for an event",
            wait(json!({"event": {"type": "x"}})),
            |_| {},
        ),
        case(
            "a wait for an event with a time limit",
            wait(json!({"event": {"type": "x"}, "timeout": "1h"})),
            |_| {},
        ),
        case("a gate", gate(json!({})), |_| {}),
        case(
            "a gate with a time limit",
            gate(json!({"timeout": "1h"})),
            |_| {},
        ),
        case(
            "a gate that was brought to mind",
            gate(json!({"remind": "1h"})),
            |bench| {
                bench.pass("1h");
            },
        ),
        case(
            "a gate that was escalated",
            gate(json!({"timeout": "1h", "on_timeout": "escalate", "escalate_to": ["user:eva"]})),
            |bench| {
                bench.pass("1h");
            },
        ),
        case(
            "a gate with one of two approvals",
            gate(json!({"needed": 2})),
            |bench| {
                bench.vote("ana", Verdict::Approve);
            },
        ),
        case("a gate that was handed over", gate(json!({})), |bench| {
            let (approval, by) = (bench.approval(), "ana".into());
            let approvers = vec!["user:eva".into()];
            give(
                bench,
                Input::Reassign {
                    approval,
                    approvers,
                    by,
                    reason: None,
                },
            );
        }),
        case("a gate that was sent back", reviewed(), |bench| {
            bench.ok("draft");
            decide(bench, "gate", Verdict::SendBack);
        }),
        case("a gate that asks again", reviewed(), |bench| {
            bench.ok("draft");
            decide(bench, "gate", Verdict::SendBack);
            bench.ok("draft");
        }),
        case("a gate whose approval is void", bound(), |bench| {
            bench.ok("draft").pass("1h");
            decide(bench, "legal", Verdict::Approve);
            decide(bench, "style", Verdict::SendBack);
            bench.answer("draft", succeeded(json!("other")));
            decide(bench, "style", Verdict::Approve);
            let gates = bench.run.approvals();
            assert!(gates.iter().any(|gate| gate.status == GateStatus::Void));
        }),
        case("a step that waits for a rate", rated(json!({})), |bench| {
            bench.run.know_rates(rates());
            bench.ok("a");
        }),
        case(
            "a step that waits for a rate and for the time of its retries",
            rated(
                json!({"retry": {"attempts": 3, "backoff": "1m", "jitter": false, "total": "1h"}}),
            ),
            |bench| {
                bench.ok("a");
                bench.run.know_rates(rates());
                bench.fail("b", FailureClass::Retryable).pass("1m");
            },
        ),
        case("a check that looks", checked(), |bench| {
            bench.fail("a", FailureClass::Uncertain);
        }),
        case(
            "a check that has just said what it saw",
            checked(),
            |bench| {
                bench.fail("a", FailureClass::Uncertain).ok("a.check");
                cut(bench, |event| matches!(event, RunEvent::StepChecked { .. }));
            },
        ),
        case(
            "an uncertain step",
            json!([call("a", json!({"delivery": "at_most_once"}))]),
            |bench| {
                bench.fail("a", FailureClass::Uncertain);
            },
        ),
        case(
            "a step that has failed and waits for a person",
            json!([call("a", json!({"on_error": "pause"}))]),
            |bench| {
                bench.fail("a", FailureClass::Permanent);
            },
        ),
        case(
            "a step that a person has tried again",
            json!([call("a", json!({"on_error": "pause"}))]),
            |bench| {
                bench.fail("a", FailureClass::Permanent);
                let answer = ResumeAnswer::Again { input: None };
                give(
                    bench,
                    Input::Resume {
                        by: "ben".into(),
                        reason: None,
                        step: None,
                        answer,
                    },
                );
            },
        ),
        case("a paused run with an attempt under way", two(), pause),
        case(
            "a paused run with a retry that is due",
            retrying(),
            |bench| {
                bench.fail("a", FailureClass::Retryable);
                pause(bench);
                bench.pass("2h");
            },
        ),
        case(
            "a paused run whose work is done",
            json!([call("a", json!({}))]),
            |bench| {
                pause(bench);
                bench.ok("a");
                // Without anything to clean up it would be over.
            },
        )
        .more(json!({"finally": [call("unlock", json!({}))]})),
        case(
            "a pass of a loop",
            json!([{"id": "each", "for_each": {"items": [1, 2, 3]}, "steps": [call("x", json!({}))]}]),
            |bench| {
                bench.ok("each[0].x");
            },
        ),
        case(
            "a loop with a time limit",
            json!([{"id": "each", "timeout": "1h", "for_each": {"items": [1, 2, 3]}, "steps": [call("x", json!({}))]}]),
            |_| {},
        ),
        case(
            "a gate in a loop in a loop",
            json!([{"id": "each", "for_each": {"items": [1]}, "steps": [
                {"id": "inner", "for_each": {"items": [1]}, "steps": [{"id": "gate", "action": "approval_gate", "with": {}}]},
            ]}]),
            |_| {},
        ),
        case(
            "a repeat between two passes",
            json!([{"id": "poll", "repeat": {"until": "1 == 2", "max": 9, "every": "1h"}, "steps": [call("x", json!({}))]}]),
            |bench| {
                bench.ok("poll[0].x");
            },
        ),
        case(
            "a run that was started by a step",
            json!([{"id": "a", "action": "automation", "with": {"automation": "other"}}]),
            |_| {},
        ),
        case(
            "what handles a failure, its other need still open",
            json!([
                call("a", json!({})),
                call("b", json!({})),
                call("z", json!({"needs": ["a", "b"], "join": "all_done"})),
            ]),
            |bench| {
                bench.fail("a", FailureClass::Permanent);
            },
        ),
        case(
            "what handles a failure",
            json!([
                call("a", json!({})),
                call("z", json!({"needs": ["a"], "join": "any_failed"}))
            ]),
            |bench| {
                bench.fail("a", FailureClass::Permanent);
            },
        ),
        case(
            "what still runs while the run is failing",
            json!([
                call("a", json!({})),
                call("b", json!({})),
                call("z", json!({"needs": ["b"], "join": "all_done"})),
            ]),
            |bench| {
                bench.fail("a", FailureClass::Permanent);
            },
        ),
        case("on_failure", json!([call("a", json!({}))]), |bench| {
            bench.fail("a", FailureClass::Permanent);
        })
        .more(json!({"on_failure": [call("tell", json!({}))]})),
        case("finally", json!([value("a", json!(1))]), |_| {})
            .more(json!({"finally": [call("unlock", json!({}))]})),
        case(
            "finally after a time limit",
            json!([call("a", json!({}))]),
            |bench| {
                bench.pass("1h");
            },
        )
        .more(json!({"timeout": "1h", "finally": [call("unlock", json!({}))]})),
        case("finally after a cancel", two(), |bench| {
            bench.cancel();
        })
        .more(json!({"finally": [call("unlock", json!({}))]})),
        case("undoing", undone(), |bench| {
            bench.ok("a").fail("b", FailureClass::Permanent);
        })
        .more(json!({"undo_on_failure": true})),
        case("a run that waits for its first turn", two(), |_| {}).claiming(false),
        case("a run that has its turn", two(), |bench| {
            give(bench, Input::Admit)
        })
        .claiming(false),
        case(
            "a run that has given its slot back",
            gate(json!({})),
            |bench| give(bench, Input::Admit),
        )
        .claiming(false),
        case(
            "a run that keeps its slot while it waits",
            gate(json!({})),
            |bench| give(bench, Input::Admit),
        )
        .claiming(true),
        case(
            "a run that waits for another turn",
            gate(json!({})),
            |bench| {
                give(bench, Input::Admit);
                bench.vote("ana", Verdict::Approve);
            },
        )
        .claiming(false),
        case(
            "a run that waits for another turn and keeps its slot",
            gate(json!({})),
            |bench| {
                give(bench, Input::Admit);
                bench.vote("ana", Verdict::Approve);
            },
        )
        .claiming(true),
        case("a run that is passed over", two(), |bench| {
            give(
                bench,
                Input::PassOver {
                    reason: "another one runs".into(),
                },
            );
        })
        .claiming(false)
        .turns_of(1),
        case(
            "a turn that goes on",
            json!(
                (0..9)
                    .map(|n| value(&format!("s{n}"), json!(n)))
                    .collect::<Vec<_>>()
            ),
            |_| {},
        )
        .turns_of(3),
        case("a run that is still told what it keeps", two(), |bench| {
            let plan = bench.run.plan().clone();
            bench.ok("a").fail("b", FailureClass::Permanent);
            while !bench.run.is_over() {
                match bench.running().first() {
                    Some(step) => {
                        let step = step.split('#').next().unwrap().to_owned();
                        bench.ok(&step);
                    }
                    None => {
                        bench.give(Input::Tick);
                    }
                }
            }
            let kept = bench.run.kept(&plan, None).unwrap();
            (bench.run, bench.journal) =
                Run::begin_with(plan.clone(), start(&plan, json!({})), kept, BEGIN);
            cut(bench, |event| {
                matches!(event, RunEvent::KeepingStarted { .. })
            });
        })
        .turns_of(1),
    ]
}
