//! Recordings that went different ways: each way is in the draft, under what parts those that went it from the others.

use super::build::*;
use crate::report::{Level, Verdict};
use crate::session::{Role, Session, Turn};
use crate::{Crystallized, Mode, Options, crystallize};
use serde_json::{Value, json};

/// What becomes of them once a person has said that what parts them is the reason.
fn both(sessions: &[Session]) -> Crystallized {
    let made = answered(sessions, &[]);
    let proposed = made.report.questions.iter().filter(|question| {
        question.id.starts_with("branch:") && question.default.contains("steps.")
    });
    let confirmed: Vec<(&str, &str)> = proposed
        .map(|question| (question.id.as_str(), question.default.as_str()))
        .collect();
    match confirmed.is_empty() {
        true => made,
        false => answered(sessions, &confirmed),
    }
}

fn answered(sessions: &[Session], answers: &[(&str, &str)]) -> Crystallized {
    let answers = answers
        .iter()
        .map(|(id, answer)| ((*id).to_owned(), (*answer).to_owned()));
    crystallize(
        sessions,
        &Options {
            mode: Mode::Bound,
            answers: answers.collect(),
            ..options()
        },
    )
    .unwrap()
}

fn held(made: &Crystallized) -> Vec<Verdict> {
    made.report
        .held_out
        .iter()
        .map(|held| held.verdict)
        .collect()
}

fn asked(made: &Crystallized) -> Vec<&str> {
    made.report
        .questions
        .iter()
        .map(|question| question.id.as_str())
        .collect()
}

fn messages<'m>(made: &'m Crystallized, code: &str) -> Vec<&'m str> {
    made.report
        .findings
        .iter()
        .filter(|finding| finding.code == code)
        .map(|finding| finding.message.as_str())
        .collect()
}

/// A recording of an order with these fields, of what was done with it and what came behind.
fn order(number: u32, fields: Value, does: impl Fn(&str, &Value) -> Vec<Turn>) -> Session {
    let id = format!("W-{}", 481_210 + number * 1_117);
    let mut found = json!({ "order_id": id, "total": 12.5 + f64::from(number) * 3.25 });
    if let (Some(found), Some(more)) = (found.as_object_mut(), fields.as_object()) {
        found.extend(more.clone());
    }
    let mut turns = vec![call(
        "g",
        0,
        "get_order",
        json!({ "order_id": id }),
        found.clone(),
    )];
    turns.extend(does(&id, &found));
    let mut session = session(&format!("Look after order {id}."), turns);
    session.external_id = Some(format!("rec-{number}"));
    session
}

fn refunded(id: &str, found: &Value) -> Turn {
    call(
        "r",
        1,
        "refund_order",
        json!({ "order_id": id, "amount": found["total"] }),
        json!({ "refund_id": format!("RF-{}", id.trim_start_matches("W-")) }),
    )
}

fn cancelled(id: &str, _: &Value) -> Turn {
    call(
        "x",
        1,
        "cancel_order",
        json!({ "order_id": id }),
        json!({ "cancel_id": format!("CN-{}", id.trim_start_matches("W-")) }),
    )
}

fn noted(id: &str) -> Turn {
    call(
        "n",
        3,
        "add_note",
        json!({ "order_id": id }),
        json!({ "ok": true }),
    )
}

fn either(number: u32, status: &str) -> Session {
    order(number, json!({ "status": status }), |id, found| {
        let way = match status {
            "delivered" => refunded(id, found),
            _ => cancelled(id, found),
        };
        vec![way, noted(id)]
    })
}

#[test]
fn each_of_two_ways_runs_under_its_condition() {
    let all = [
        either(1, "delivered"),
        either(2, "shipped"),
        either(3, "delivered"),
        either(4, "shipped"),
    ];
    let made = both(&all);
    assert_eq!(
        chain(&made),
        [
            "get_order tool <- ",
            "refund_order tool <- get_order when steps.get_order.output.status == 'delivered'",
            "cancel_order tool <- get_order when steps.get_order.output.status == 'shipped'",
            "add_note tool <- get_order when steps.refund_order.status in ['succeeded', 'skipped'] and steps.cancel_order.status in ['succeeded', 'skipped']",
        ]
    );
    assert_eq!(asked(&made), Vec::<&str>::new());
    assert_eq!(held(&made), [Verdict::Passed; 3]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    let cancel = &made.document.steps[2];
    assert_eq!(
        cancel.with.as_ref().unwrap()["arguments"],
        json!({ "order_id": "{{ inputs.order_id }}" })
    );
    // Where it comes from is told, in the document and in words.
    assert_eq!(
        cancel.metadata["recorded_in"],
        json!({ "recording": "rec-2", "call": "x" })
    );
    assert_eq!(
        made.document.metadata["crystallized"]["further"],
        json!([{ "recording": "rec-2", "calls": { "cancel_order": "x" } }])
    );
    assert_eq!(
        messages(&made, "step_has_condition"),
        [
            "It runs when `steps.get_order.output.status == 'delivered'`: 2 recordings have it, 2 do not (`cancel_order` instead), and this parts them.",
            "It runs when `steps.get_order.output.status == 'shipped'`: 2 recordings have it, 2 do not (`refund_order` instead), and this parts them. It is the call `x` of the recording `rec-2`.",
        ]
    );
    let text = crate::report_text(&made.report, &made.document);
    assert!(
        text.contains("cancel_order  tool  (") && text.contains("of the recording rec-2"),
        "{text}"
    );
    // What is neither stops the run before anything is changed.
    let schema = made.document.steps[0].output_schema.as_ref().unwrap();
    assert_eq!(
        schema["properties"]["status"]["enum"],
        json!(["delivered", "shipped"])
    );
    assert_eq!((made.report.counts.calls, made.report.counts.steps), (4, 4));
}

/// Four recordings are parted by chance by one field of three that has two values: what parts them is followed only
/// where a person says so, where they named it, or where so many recordings show it that chance does not.
#[test]
fn what_parts_a_few_recordings_may_part_them_by_chance() {
    let ways = ["delivered", "shipped"];
    let some = |count: u32| -> Vec<Session> {
        let number = |at: u32| either(at + 1, ways[at as usize % 2]);
        (0..count).map(number).collect()
    };
    let few = answered(&some(4), &[]);
    let delivered = "steps.get_order.output.status == 'delivered'";
    // It is in the draft, to be looked at.
    assert!(chain(&few)[1].ends_with(delivered), "{:?}", chain(&few));
    assert_eq!(asked(&few), ["branch:refund_order"]);
    let question = &few.report.questions[0];
    assert_eq!(question.choices, ["always", delivered]);
    assert_eq!(question.default, delivered);
    assert!(question.text.contains("by chance"), "{}", question.text);
    let waits = |made: &Crystallized| {
        let mut all = made.report.findings.iter();
        all.any(|one| one.code == "step_has_condition" && one.acknowledge)
    };
    assert!(waits(&few));
    assert_eq!(few.report.generalisable, Some(Level::Same));
    let always = answered(&some(4), &[("branch:refund_order", "always")]);
    assert_eq!(always.document.steps.len(), 3);
    for (count, expected) in [(6, true), (8, false)] {
        let made = answered(&some(count), &[]);
        assert_eq!(waits(&made), expected, "{count}");
        assert_eq!(!asked(&made).is_empty(), expected, "{count}");
    }
    // Each further field that could have parted them counts, though it does not.
    let with = |at: u32| {
        let (status, priority, carrier) = (ways[at as usize % 2], at % 4 < 2, at < 4);
        let fields = json!({ "status": status, "express": priority, "domestic": carrier });
        order(at + 1, fields, |id, found| {
            let way = match status {
                "delivered" => refunded(id, found),
                _ => cancelled(id, found),
            };
            vec![way, noted(id)]
        })
    };
    let more: Vec<Session> = (0..8).map(with).collect();
    assert!(waits(&answered(&more, &[])));
}

/// What goes with what is done otherwise is done for all that the other side does not have, too: it reads what was made.
#[test]
fn what_comes_with_what_is_done_otherwise_has_the_same_condition() {
    let told = |number: u32, status: &str, region: &str| {
        let fields = json!({ "status": status, "region": region });
        let all = order(number, fields, |id, found| {
            let (way, of) = match status {
                "delivered" => (refunded(id, found), "RF"),
                _ => (cancelled(id, found), "CN"),
            };
            let reference = format!("{of}-{}", id.trim_start_matches("W-"));
            let arguments = json!({ "order_id": id, "reference": reference });
            let mail = call("m", 2, "send_mail", arguments, json!({ "ok": true }));
            vec![way, mail]
        });
        let id = format!("W-{}", 481_210 + number * 1_117);
        let task = format!(
            "Look after order {id}. If its status is shipped, cancel the order, otherwise refund the order."
        );
        let mut told = session(&task, all.turns[1..].to_vec());
        told.external_id = all.external_id;
        told
    };
    // The region parts them as well, and nobody named it.
    let all = [
        told(1, "delivered", "north"),
        told(2, "shipped", "south"),
        told(3, "delivered", "west"),
        told(4, "shipped", "south"),
    ];
    let made = answered(&all, &[]);
    assert_eq!(asked(&made), Vec::<&str>::new());
    assert!(made.report.generalisable >= Some(Level::Renamed));
    let otherwise = "steps.get_order.output.status not in ['shipped']";
    let conditions = chain(&made);
    let under = conditions.iter().filter(|step| step.contains(otherwise));
    assert_eq!(under.count(), 2, "{conditions:?}");
}

/// What the same recordings did besides is done with it: one question is about all of it.
#[test]
fn what_comes_with_a_way_is_asked_about_with_it() {
    let told = |number: u32, status: &str| {
        order(
            number,
            json!({ "status": status, "gift": status == "delivered" }),
            |id, found| {
                let (way, of) = match status {
                    "delivered" => (refunded(id, found), "RF"),
                    _ => (cancelled(id, found), "CN"),
                };
                let reference = format!("{of}-{}", id.trim_start_matches("W-"));
                let arguments = json!({ "order_id": id, "reference": reference });
                let mail = call("m", 2, "send_mail", arguments, json!({ "ok": true }));
                vec![way, mail, noted(id)]
            },
        )
    };
    let ways = ["delivered", "shipped", "delivered", "shipped"];
    let all: Vec<Session> = (1..).zip(ways).map(|(at, way)| told(at, way)).collect();
    let open = answered(&all, &[]);
    assert_eq!(asked(&open), ["branch:refund_order"]);
    let made = answered(
        &all,
        &[("branch:refund_order", "steps.get_order.output.gift == true")],
    );
    assert_eq!(asked(&made), Vec::<&str>::new());
    let conditions: Vec<String> = chain(&made)
        .into_iter()
        .filter(|step| step.contains("output.gift"))
        .collect();
    assert_eq!(conditions.len(), 4, "{:?}", chain(&made));
    assert_eq!(held(&made), [Verdict::Passed; 3]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// A step that only further recordings have, and that stands in the place of none, is asked about by itself.
#[test]
fn what_may_be_added_by_chance_is_asked_about() {
    let some = |number: u32, tier: &str| {
        order(number, json!({ "tier": tier }), |id, _| {
            let arguments = json!({ "order_id": id });
            let voucher = call("v", 1, "send_voucher", arguments, json!({ "ok": true }));
            let gold = (tier == "gold").then_some(voucher);
            gold.into_iter().chain([noted(id)]).collect()
        })
    };
    let all = ["basic", "gold", "gold", "silver"];
    let all: Vec<Session> = (1..).zip(all).map(|(at, tier)| some(at, tier)).collect();
    let made = answered(&all, &[]);
    assert_eq!(asked(&made), ["branch:send_voucher"]);
    let question = &made.report.questions[0];
    assert_eq!(
        question.choices,
        ["never", "steps.get_order.output.tier == 'gold'"]
    );
    assert_eq!(made.report.generalisable, Some(Level::Same));
    let never = answered(&all, &[("branch:send_voucher", "never")]);
    assert_eq!(never.document.steps.len(), 2);
    assert_eq!(both(&all).report.generalisable, Some(Level::Shuffled));
}

#[test]
fn whichever_way_the_first_recording_went() {
    let made = both(&[
        either(2, "shipped"),
        either(4, "lost"),
        either(1, "delivered"),
        either(3, "delivered"),
        either(5, "shipped"),
    ]);
    assert_eq!(
        chain(&made)[1..3],
        [
            "cancel_order tool <- get_order when steps.get_order.output.status != 'delivered'",
            "refund_order tool <- get_order when steps.get_order.output.status == 'delivered'",
        ]
    );
    assert_eq!(
        made.document.steps[2].with.as_ref().unwrap()["arguments"],
        json!({ "order_id": "{{ inputs.order_id }}", "amount": "{{ steps.get_order.output.total }}" })
    );
    assert_eq!(held(&made), [Verdict::Passed; 4]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn there_may_be_more_than_two_ways() {
    let three = |number: u32, status: &str| {
        order(number, json!({ "status": status }), |id, found| {
            let way = match status {
                "delivered" => refunded(id, found),
                "shipped" => cancelled(id, found),
                _ => call(
                    "h",
                    1,
                    "hold_order",
                    json!({ "order_id": id }),
                    json!({ "ok": true }),
                ),
            };
            vec![way, noted(id)]
        })
    };
    let made = both(&[
        three(1, "delivered"),
        three(2, "shipped"),
        three(3, "delivered"),
        three(4, "shipped"),
        three(5, "held"),
        three(6, "held"),
    ]);
    let conditions: Vec<String> = chain(&made)
        .into_iter()
        .filter(|step| !step.starts_with("add_note"))
        .filter_map(|step| Some(step.rsplit_once("output.status ")?.1.to_owned()))
        .collect();
    assert_eq!(conditions, ["== 'delivered'", "== 'shipped'", "== 'held'"]);
    assert_eq!(held(&made), [Verdict::Passed; 5]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn a_step_that_the_first_recording_lacks_is_added() {
    let some = |number: u32, tier: &str| {
        order(number, json!({ "tier": tier }), |id, _| {
            let voucher = call(
                "v",
                1,
                "send_voucher",
                json!({ "order_id": id }),
                json!({ "ok": true }),
            );
            let gold = (tier == "gold").then_some(voucher);
            gold.into_iter().chain([noted(id)]).collect()
        })
    };
    let all = [
        some(1, "basic"),
        some(2, "gold"),
        some(3, "gold"),
        some(4, "silver"),
    ];
    let made = both(&all);
    assert_eq!(
        chain(&made),
        [
            "get_order tool <- ",
            "send_voucher tool <- get_order when steps.get_order.output.tier == 'gold'",
            "add_note tool <- get_order when steps.send_voucher.status in ['succeeded', 'skipped']",
        ]
    );
    assert_eq!(held(&made), [Verdict::Passed; 3]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));

    // One recording of a side is too little.
    let few = both(&all[..3]);
    assert_eq!(few.document.steps.len(), 2);
    assert_eq!(
        messages(&few, "step_only_in_others"),
        [
            "`send_voucher` is done in 2 further recordings, and not in 1: the draft does not do it, for two recordings of each side are needed to tell when. It is the call `v` of the recording `rec-2`."
        ]
    );
    assert_eq!(few.report.generalisable, Some(Level::Same));
}

#[test]
fn what_comes_of_either_way_follows_its_own() {
    let told = |number: u32, status: &str| {
        order(number, json!({ "status": status }), |id, found| {
            let (way, of) = match status {
                "delivered" => (refunded(id, found), "RF"),
                _ => (cancelled(id, found), "CN"),
            };
            let reference = format!("{of}-{}", id.trim_start_matches("W-"));
            let mail = call(
                "m",
                2,
                "send_mail",
                json!({ "order_id": id, "reference": reference }),
                json!({ "ok": true }),
            );
            vec![way, mail, noted(id)]
        })
    };
    let made = both(&[
        told(1, "delivered"),
        told(2, "shipped"),
        told(3, "delivered"),
        told(4, "shipped"),
    ]);
    let references: Vec<(&str, &Value)> = made
        .document
        .steps
        .iter()
        .filter_map(|step| {
            let arguments = &step.with.as_ref()?["arguments"];
            Some((step.id.as_str(), arguments.get("reference")?))
        })
        .collect();
    assert_eq!(
        references,
        [
            (
                "send_mail",
                &json!("{{ steps.refund_order.output.refund_id }}")
            ),
            (
                "send_mail_2",
                &json!("{{ steps.cancel_order.output.cancel_id }}")
            ),
        ]
    );
    assert_eq!(asked(&made), Vec::<&str>::new());
    assert_eq!(
        chain(&made)[1..5],
        [
            "refund_order tool <- get_order when steps.get_order.output.status == 'delivered'",
            "send_mail tool <- get_order when steps.refund_order.status == 'succeeded' and steps.get_order.output.status == 'delivered'",
            "cancel_order tool <- get_order when steps.get_order.output.status == 'shipped'",
            "send_mail_2 tool <- get_order when steps.cancel_order.status == 'succeeded' and steps.get_order.output.status == 'shipped'",
        ]
    );
    assert_eq!(held(&made), [Verdict::Passed; 3], "{:#?}", chain(&made));
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    // Nothing that may not have run is read.
    assert!(
        !codes(&made.report.findings)
            .iter()
            .any(|code| code.contains("may_be_skipped"))
    );
}

#[test]
fn what_two_things_part_is_asked_about_once_for_both_ways() {
    let parted = |number: u32, status: &str, gift: bool| {
        order(
            number,
            json!({ "status": status, "gift": gift }),
            |id, found| {
                let way = match status {
                    "delivered" => refunded(id, found),
                    _ => cancelled(id, found),
                };
                vec![way, noted(id)]
            },
        )
    };
    let all = [
        parted(1, "delivered", true),
        parted(2, "shipped", false),
        parted(3, "delivered", true),
        parted(4, "lost", false),
    ];
    let open = both(&all);
    assert_eq!(asked(&open), ["branch:refund_order"]);
    let question = &open.report.questions[0];
    assert!(question.text.contains("`refund_order`") && question.text.contains("`cancel_order`"));
    assert_eq!(
        question.choices,
        [
            "always",
            "steps.get_order.output.status == 'delivered'",
            "steps.get_order.output.gift == true"
        ]
    );
    assert_eq!(open.document.steps.len(), 3);
    assert_eq!(open.report.generalisable, Some(Level::Same));
    assert_eq!(messages(&open, "step_only_in_others").len(), 1);

    let id = "branch:refund_order";
    let made = answered(
        &all,
        &[(id, "steps.get_order.output.status == 'delivered'")],
    );
    assert_eq!(asked(&made), Vec::<&str>::new());
    assert!(chain(&made)[2].ends_with("steps.get_order.output.status != 'delivered'"));
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    let made = answered(&all, &[(id, "steps.get_order.output.gift == true")]);
    assert!(chain(&made)[2].ends_with("steps.get_order.output.gift == false"));
    assert!(!codes(&made.report.findings).contains(&"- unused_answer".to_owned()));
    // Where it is done in every run, the other way is in none.
    let always = answered(&all, &[(id, "always")]);
    assert_eq!(always.document.steps.len(), 3);
    assert_eq!(always.report.generalisable, Some(Level::Same));
}

#[test]
fn the_other_way_is_held_to_all_that_a_step_is_held_to() {
    // It keeps what had to follow: the id of another record, which stands nowhere else.
    let coded = |number: u32, status: &str, code: &str| {
        order(number, json!({ "status": status }), |id, found| {
            let way = match status {
                "delivered" => refunded(id, found),
                _ => call(
                    "x",
                    1,
                    "cancel_order",
                    json!({ "order_id": id, "code": code }),
                    json!({ "ok": true }),
                ),
            };
            vec![way, noted(id)]
        })
    };
    let made = both(&[
        coded(1, "delivered", ""),
        coded(2, "shipped", "RX-2210-77"),
        coded(3, "delivered", ""),
        coded(4, "shipped", "RX-9931-04"),
    ]);
    assert_eq!(asked(&made), ["source:cancel_order:/code"]);
    assert_eq!(made.report.generalisable, Some(Level::Same));
    assert!(made.report.perturbed.renamed.verdict == Verdict::Failed);
}

#[test]
fn a_gate_before_the_other_way_comes_with_it() {
    let gated = |number: u32, status: &str| {
        order(number, json!({ "status": status }), |id, found| {
            let mut way = match status {
                "delivered" => vec![refunded(id, found)],
                _ => vec![
                    cancelled(id, found),
                    approval(Some("x"), true, "ana", "looks right"),
                ],
            };
            way.push(noted(id));
            way
        })
    };
    let made = both(&[
        gated(1, "delivered"),
        gated(2, "shipped"),
        gated(3, "delivered"),
        gated(4, "shipped"),
    ]);
    let steps = chain(&made);
    assert_eq!(
        steps[2],
        "approve_cancel_order approval_gate <- get_order when steps.get_order.output.status == 'shipped'"
    );
    assert!(
        steps[3].starts_with("cancel_order tool")
            && steps[3].contains("steps.approve_cancel_order.status in ['succeeded', 'skipped']"),
        "{}",
        steps[3]
    );
    assert_eq!(made.report.counts.gates, 1);
    assert_eq!(held(&made), [Verdict::Passed; 3]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn one_more_of_the_same_is_no_other_way() {
    let closed = |number: u32, tickets: usize| {
        let listed: Vec<Value> = (0..tickets)
            .map(|at| json!({ "ticket_id": format!("T-{number}{at}07") }))
            .collect();
        order(
            number,
            json!({ "tickets": listed, "count": tickets }),
            |_, found| {
                let all = found["tickets"].as_array().into_iter().flatten();
                all.map(|one| {
                    call(
                        one["ticket_id"].as_str().unwrap_or(""),
                        1,
                        "close_ticket",
                        json!({ "ticket_id": one["ticket_id"] }),
                        json!({ "ok": true }),
                    )
                })
                .collect()
            },
        )
    };
    let made = both(&[closed(1, 1), closed(2, 2), closed(3, 1), closed(4, 2)]);
    assert!(
        made.document
            .steps
            .iter()
            .all(|step| step.when.is_none() && step.metadata.get("recorded_in").is_none())
    );
}

#[test]
fn what_was_said_of_both_ways_is_not_asked_about() {
    let told = |number: u32, status: &str, gift: bool| {
        let mut session = order(
            number,
            json!({ "status": status, "gift": gift }),
            |id, found| match status {
                "delivered" => vec![refunded(id, found)],
                _ => vec![cancelled(id, found)],
            },
        );
        let id = format!("W-{}", 481_210 + number * 1_117);
        let task = format!("Refund order {id} in full if it was delivered, otherwise cancel it.");
        session.goal = Some(task.clone());
        session.turns[0] = said(crate::session::Role::User, &task);
        session
    };
    let ways = [
        (1, "delivered"),
        (2, "shipped"),
        (3, "delivered"),
        (4, "shipped"),
    ];
    // Whichever is followed, and also where something else parts them by chance.
    for turned in [0, 1] {
        for by_chance in [false, true] {
            let mut all: Vec<Session> = ways
                .iter()
                .map(|(number, status)| told(*number, status, by_chance && *status == "shipped"))
                .collect();
            all.rotate_left(turned);
            let made = both(&all);
            assert_eq!(asked(&made), Vec::<&str>::new(), "{turned} {by_chance}");
            let mut conditions: Vec<String> = made.document.steps[1..]
                .iter()
                .filter_map(|step| step.when.clone())
                .collect();
            conditions.sort();
            assert_eq!(
                conditions,
                [
                    "steps.get_order.output.status == 'delivered'",
                    "steps.get_order.output.status not in ['delivered']"
                ]
            );
            // What is neither is done otherwise, as it was said.
            let schema = made.document.steps[0].output_schema.as_ref().unwrap();
            assert_eq!(schema["properties"]["status"], json!({ "type": "string" }));
            assert_eq!(held(&made), [Verdict::Passed; 3]);
            assert_eq!(made.report.generalisable, Some(Level::Shuffled));
        }
    }
}

/// What is made of the one way may be called like a thing of the other: `open a dispute` and `add_note` both make
/// something. Where a dispute is made the condition is of that; where none is made, the note may be what was meant.
#[test]
fn a_condition_is_of_the_way_that_it_names() {
    let one = |number: u32, status: &str| {
        let mut session = order(number, json!({ "status": status }), |id, _| {
            let (tool, key) = match status {
                "lost" => ("create_dispute", "dispute_id"),
                _ => ("send_message", "message_id"),
            };
            let made = format!("MK-{}", 70_310 + number * 911);
            let note = json!({ "order_id": id, "reference": made });
            vec![
                call(
                    "m",
                    1,
                    tool,
                    json!({ "order_id": id }),
                    json!({ key: made }),
                ),
                call("n", 2, "add_note", note, json!({ "ok": true })),
            ]
        });
        let id = format!("W-{}", 481_210 + number * 1_117);
        session.turns[0] = said(
            Role::User,
            &format!(
                "Look after order {id}. If its status is lost, open a dispute, otherwise send a message."
            ),
        );
        session
    };
    let all = ["lost", "sent", "lost", "sent"];
    let sessions: Vec<Session> = (0..)
        .zip(all)
        .map(|(number, status)| one(number, status))
        .collect();
    let made = answered(&sessions, &[]);
    assert_eq!(asked(&made), ["condition:add_note_2"]);
    for session in &sessions[..1] {
        let made = answered(std::slice::from_ref(session), &[]);
        assert_eq!(asked(&made), ["condition:create_dispute"]);
    }
}
