//! What a person stated as the condition of a deed, offered as an expression over what was answered before it.

use super::build::*;
use super::known::run::{Ended, run};
use crate::report::Level;
use crate::session::Session;
use crate::{Options, crystallize};
use serde_json::{Map, Value, json};

fn order(total: Value, status: &str) -> Value {
    json!({
        "order_id": "ORD-88213",
        "total": total,
        "status": status,
        "paid": true,
        "items": 3,
        "customer_email": "dora.lind@example.com",
    })
}

/// An order is looked at, refunded, and its customer told; then a note is added.
fn refunded(task: &str) -> Session {
    let id = json!({ "order_id": "ORD-88213" });
    let mail =
        json!({ "to": "dora.lind@example.com", "body": "Your order ORD-88213 is refunded." });
    let note = json!({ "order_id": "ORD-88213", "text": "Looked at." });
    let refund = json!({ "order_id": "ORD-88213", "amount": 31.5 });
    session(
        task,
        vec![
            call("c1", 0, "get_order", id, order(json!(31.5), "delivered")),
            call("c2", 1, "refund_order", refund, json!({ "ok": true })),
            call("c3", 2, "send_mail", mail, json!({ "ok": true })),
            call("c4", 3, "add_note", note, json!({ "ok": true })),
        ],
    )
}

const QUESTION: &str = "condition:refund_order";

#[test]
fn a_condition_is_offered_as_what_it_says_of_an_answer() {
    let place = "steps.get_order.output";
    for (condition, expected) in [
        ("If its total is under 50 euros", Some("total < 50")),
        ("If the order total is less than 50", Some("total < 50")),
        ("If it's under 50 euros", Some("total < 50")),
        ("If the total is not over 50", Some("total <= 50")),
        ("Unless its total is over 50", Some("total <= 50")),
        ("If its total is at least 20.50", Some("total >= 20.5")),
        ("If its total is 20 or more", Some("total >= 20")),
        ("If the order has at least three items", Some("items >= 3")),
        ("If it is delivered", Some("status == 'delivered'")),
        ("If it is paid", Some("paid == true")),
        (
            "If it is delivered and paid",
            Some("status == 'delivered' and {}.paid == true"),
        ),
        (
            "If it is delivered and its total is under 50",
            Some("status == 'delivered' and {}.total < 50"),
        ),
        ("If its status is not cancelled", None),
        ("If the total is under 1,000", None),
        ("If the total is under 1.000 euros", None),
        ("If it is delivered, paid and not late", None),
        ("If it would be under 50 euros", None),
        ("If its total is under 50%", None),
        // What does not hold in the recording is not what was meant, and of what else is said nothing is known.
        ("If its total is over 50", None),
        ("If its total is under 50 and the customer is nice", None),
        ("If the total of last year is under 50", None),
        ("If it is late", None),
        ("If Anna agrees", None),
        ("If the id is under 90000", None),
        ("Unless it is cancelled and its total is over 50", None),
    ] {
        let task = format!("Look at order ORD-88213. {condition}, refund it.");
        let made = made(&refunded(&task), &bound());
        let question = made.report.questions.iter().find(|one| one.id == QUESTION);
        let question = question.unwrap_or_else(|| panic!("{task}: nothing is asked"));
        let expected: Vec<String> = expected
            .map(|one| format!("{place}.{}", one.replace("{}", place)))
            .into_iter()
            .collect();
        assert_eq!(question.choices[2..], expected, "{task}");
        assert_eq!(question.choices[..2], ["always", "gate"]);
        assert_eq!(question.default, "always");
        assert_eq!(question.labels.len(), question.choices.len());
    }
}

#[test]
fn what_is_no_condition_of_one_step_offers_none() {
    for task in [
        "Look at order ORD-88213 and refund it.",
        "Look at order ORD-88213 and refund it, otherwise tell me.",
        "Look at order ORD-88213. If it is delivered, refund it, otherwise tell me.",
        "Look at order ORD-88213. If it is delivered, refund it and mail dora either way.",
        "Look at order ORD-88213. If it is delivered, refund it. But not if it is a gift.",
    ] {
        let made = made(&refunded(task), &bound());
        let mut all = made.report.questions.iter();
        assert!(
            all.all(|one| one
                .choices
                .iter()
                .all(|choice| !choice.contains("==") && !choice.contains('<'))),
            "{task}: {:?}",
            made.report.questions
        );
    }
}

#[test]
fn a_condition_reads_what_stands_behind_a_label_and_under_what_a_run_is_given() {
    let hotel = json!({ "Le Marais": "Rating: 4.2\nReviews: charming, 5 minutes to the river" });
    let booking = json!({ "hotel": "Le Marais", "start_day": "2027-01-11" });
    let session = session(
        "Check the reviews of 'Le Marais'. If it's rated higher than 4, reserve it from 2027-01-11.",
        vec![
            call(
                "c1",
                0,
                "get_hotel_reviews",
                json!({ "hotel": "Le Marais" }),
                hotel,
            ),
            call("c2", 1, "reserve_hotel", booking, json!({ "ok": true })),
        ],
    );
    let made = made(&session, &bound());
    let asked = made
        .report
        .questions
        .iter()
        .find(|one| one.id == "condition:reserve_hotel");
    let place =
        "steps.get_hotel_reviews.output[inputs.hotel] | line_value('Rating') | parse_number";
    assert_eq!(
        asked.unwrap().choices[2..],
        [format!("({place}) > 4")],
        "{:?}",
        made.report.questions
    );
}

fn answered(session: &Session, answer: &str) -> crate::Crystallized {
    let options = Options {
        answers: [(QUESTION.to_owned(), answer.to_owned())].into(),
        ..bound()
    };
    crystallize(std::slice::from_ref(session), &options).unwrap()
}

/// The changes of a run in a world where the order is this one.
fn changes(made: &crate::Crystallized, order: &Value) -> (Vec<String>, Ended) {
    let (calls, ended) = run(
        &made.document,
        Map::new(),
        session("x", Vec::new()).started_at.unwrap_or_default(),
        &|tool, _| {
            Some(match tool {
                "get_order" => order.clone(),
                _ => json!({ "ok": true }),
            })
        },
    );
    let tools = calls.into_iter().map(|one| one.tool);
    (tools.filter(|tool| tool != "get_order").collect(), ended)
}

#[test]
fn a_step_with_an_answered_condition_is_done_where_it_holds() {
    let task = "Look at order ORD-88213. If its total is under 50 euros, refund it and mail the customer. Add a note in any case.";
    let made = answered(&refunded(task), "steps.get_order.output.total < 50");
    assert_eq!(made.report.questions, []);
    assert_eq!(made.report.replay.differences, []);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    let held = made
        .report
        .findings
        .iter()
        .find(|one| one.code == "condition_held");
    assert!(
        held.is_some_and(|one| !one.acknowledge),
        "{:?}",
        made.report.findings
    );
    let small = changes(&made, &order(json!(20), "delivered"));
    assert_eq!(
        small,
        (
            vec![
                "refund_order".to_owned(),
                "send_mail".to_owned(),
                "add_note".to_owned()
            ],
            Ended::Over
        )
    );
    // The mail goes with the refund, and the note was asked for by itself.
    let large = changes(&made, &order(json!(50), "delivered"));
    assert_eq!(large, (vec!["add_note".to_owned()], Ended::Over));
    // An answer without what the condition reads stops the run before anything is changed.
    let (done, ended) = changes(&made, &json!({ "order_id": "ORD-88213" }));
    assert_eq!(done, Vec::<String>::new());
    assert!(matches!(ended, Ended::Failed(_)), "{ended:?}");
}

#[test]
fn an_answer_is_kept_and_one_that_is_none_of_the_choices_is_told() {
    let task = "Look at order ORD-88213. If it is delivered, refund it.";
    let taken = "steps.get_order.output.status == 'delivered'";
    let made = answered(&refunded(task), taken);
    assert_eq!(
        made.document.metadata["crystallized"]["answers"][QUESTION],
        taken
    );
    let other = answered(&refunded(task), "steps.get_order.output.total < 50");
    assert!(
        codes(&other.report.findings)
            .iter()
            .any(|code| code.ends_with("choice_unknown")),
        "{:?}",
        codes(&other.report.findings)
    );
    let (done, _) = changes(&other, &order(json!(31.5), "open"));
    assert_eq!(done.len(), 3, "what was not answered is done in every run");
}
