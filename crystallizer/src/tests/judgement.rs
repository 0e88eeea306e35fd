//! What is said about whether a recording should become an automation.

use super::build::{approval, call, change, failed, made, options, said, session};
use crate::report::{Judgement, Worth};
use crate::session::{ToolResult, Usage};
use crate::{Mode, Options, Role};
use serde_json::json;

fn codes(judgement: &Judgement) -> Vec<&str> {
    let reasons = judgement.reasons.iter();
    reasons.map(|reason| reason.code.as_str()).collect()
}

fn look(id: &str, batch: u32) -> crate::session::Turn {
    call(
        id,
        batch,
        "get_order",
        json!({ "order": id }),
        json!({ "total": 5 }),
    )
}

#[test]
fn what_speaks_against_it_is_said() {
    let one = session("look", vec![look("a", 0)]);
    let judged = made(&one, &options()).report.judgement;
    assert_eq!(
        (judged.worth, codes(&judged)),
        (Worth::Hardly, vec!["one_step_only"])
    );

    let looks = session(
        "look",
        (0..4).map(|n| look(&format!("A10{n}"), n)).collect(),
    );
    let judged = made(&looks, &options()).report.judgement;
    assert_eq!(
        (judged.worth, codes(&judged)),
        (Worth::LookFirst, vec!["exploratory"])
    );

    let mut trying = session(
        "fix it",
        vec![
            failed("a", 0, "get_x", json!({ "id": 1 }), "no"),
            failed("b", 1, "get_y", json!({ "id": 2 }), "no"),
            call(
                "c",
                2,
                "update_note",
                json!({ "note": "n" }),
                json!({ "ok": true }),
            ),
            call("d", 3, "get_z", json!({ "id": 3 }), json!({ "ok": true })),
        ],
    );
    trying.status = None;
    let judged = made(&trying, &options()).report.judgement;
    assert_eq!(codes(&judged), ["no_success", "exploratory"]);

    let edits = (0..3)
        .map(|n| {
            let arguments = json!({ "path": "a.txt", "content": format!("version {n}") });
            call(&format!("e{n}"), n, "write_file", arguments, json!("ok"))
        })
        .collect();
    let judged = made(&session("write", edits), &options()).report.judgement;
    assert!(codes(&judged).contains(&"still_changing"), "{judged:?}");
}

#[test]
fn what_cannot_be_taken_back_should_have_been_asked_about() {
    let gone = |asked: bool| {
        let mut turns = vec![
            look("A100", 0),
            call(
                "d",
                1,
                "delete_order",
                json!({ "order": "A100" }),
                json!({ "ok": true }),
            ),
        ];
        if asked {
            turns.insert(1, approval(Some("d"), true, "ana", ""));
        }
        made(&session("delete A100", turns), &options())
            .report
            .judgement
    };
    let judged = gone(false);
    assert_eq!(codes(&judged), ["no_approval"]);
    assert_eq!(judged.reasons[0].steps, ["delete_order"]);
    let judged = gone(true);
    assert_eq!((judged.worth, codes(&judged)), (Worth::Yes, vec![]));
}

#[test]
fn what_comes_out_otherwise_has_a_flag() {
    let turns = vec![
        call(
            "a",
            0,
            "search_mails",
            json!({ "query": "bill" }),
            json!({ "from": "zoe@example.com", "order": "ORD-55123" }),
        ),
        said(Role::Assistant, "I will answer."),
        change(
            call(
                "b",
                1,
                "send_mail",
                json!({ "to": "zoe@example.com", "body": "Dear Zoe, we have got your order ORD-55123 now." }),
                json!({ "ok": true }),
            ),
            |call| {
                call.result = Some(ToolResult {
                    is_error: false,
                    ..call.result.clone().unwrap()
                })
            },
        ),
    ];
    let mut session = session("Answer the mail about the bill", turns);
    session.usage = Some(Usage {
        input_tokens: 1_200,
        cached_input_tokens: 200,
        output_tokens: 80,
        cost_usd: Some(0.5),
    });
    let bound = Options {
        mode: Mode::Bound,
        ..options()
    };
    let report = made(&session, &bound).report;
    let flags: Vec<(&str, &[String])> = report
        .judgement
        .flags
        .iter()
        .map(|flag| (flag.code.as_str(), flag.steps.as_slice()))
        .collect();
    assert!(
        flags.contains(&("search", &["search_mails".to_owned()][..])),
        "{flags:?}"
    );
    assert!(
        flags.contains(&("template", &["send_mail".to_owned()][..])),
        "{flags:?}"
    );
    assert_eq!(
        (
            &report.savings["input_tokens"],
            &report.savings["output_tokens"],
            &report.savings["cost_usd"]
        ),
        (&json!(1_200), &json!(80), &json!(0.5))
    );
}

#[test]
fn the_passes_of_a_loop_are_one_step() {
    let orders = ["A-48121", "B-77340", "C-10553"];
    let list = json!({ "orders": orders.map(|order| json!({ "order_id": order, "late": true })) });
    let mut turns = vec![call("l", 0, "list_orders", json!({}), list)];
    for (n, order) in (1..).zip(orders) {
        let arguments = json!({ "order_id": order });
        let answer = json!({ "ok": true });
        turns.push(call(order, n, "cancel_order", arguments, answer));
    }
    let bound = Options {
        mode: Mode::Bound,
        ..options()
    };
    let made = made(&session("Cancel all late orders", turns), &bound);
    assert!(
        made.document
            .steps
            .iter()
            .any(|step| step.for_each.is_some())
    );
    let findings = made.report.findings.iter();
    let suggested = findings.filter(|finding| finding.code == "gate_suggested");
    assert_eq!(suggested.count(), 1);
    let mut reasons = made.report.judgement.reasons.iter();
    let unasked = reasons.find(|reason| reason.code == "no_approval").unwrap();
    assert_eq!(unasked.steps, ["cancel_order"]);
}

/// Three orders of a list are canceled, and nobody said which: as it is, every run cancels these.
#[test]
fn a_draft_of_which_more_is_open_than_follows_is_looked_at_first() {
    let orders: Vec<_> = ["W-481210", "W-773402", "W-118822", "W-559301", "W-664410"]
        .iter()
        .map(|id| json!({ "order_id": id, "state": "open" }))
        .collect();
    let mut turns = vec![call("l", 0, "list_orders", json!({}), json!(orders))];
    for (number, id) in (1..).zip(["W-773402", "W-481210", "W-664410"]) {
        turns.push(call(
            &format!("c{number}"),
            number,
            "update_order",
            json!({ "order_id": id, "state": "held" }),
            json!({ "ok": true }),
        ));
    }
    let bound = Options {
        mode: Mode::Bound,
        ..options()
    };
    let made = made(&session("Hold some of the orders", turns), &bound);
    let judged = &made.report.judgement;
    assert_eq!(judged.worth, Worth::LookFirst);
    assert!(
        codes(judged).contains(&"mostly_open"),
        "{:?}",
        codes(judged)
    );
}
