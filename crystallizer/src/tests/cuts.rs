//! Recordings that a number parts: what is done below it, and what is done above.

use super::build::*;
use crate::report::Verdict;
use crate::session::Session;
use crate::{Options, crystallize};
use serde_json::json;

fn handled(number: u32, total: u32) -> Session {
    let id = format!("O-{}", 11_010 + number);
    let deed = match total < 60 {
        true => ("refund_order", json!({ "order_id": id, "amount": total })),
        false => (
            "create_ticket",
            json!({ "order_id": id, "kind": "complaint" }),
        ),
    };
    let mut session = session(
        &format!("Customer complains about order {id}, handle it."),
        vec![
            call(
                "g",
                0,
                "get_order",
                json!({ "order_id": id }),
                json!({ "order_id": id, "total": total, "status": "delivered" }),
            ),
            call("x", 1, deed.0, deed.1, json!({ "ok": true })),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn a_number_between_the_sides_is_offered_and_followed_once_a_person_says_so() {
    let all: Vec<Session> = (1..)
        .zip([30, 45, 12, 80, 210, 95])
        .map(|(number, total)| handled(number, total))
        .collect();
    let open = crystallize(&all, &bound()).unwrap();
    let asked = open
        .report
        .questions
        .iter()
        .find(|one| one.id == "branch:refund_order")
        .unwrap();
    let below = |sign: &str, limit: u32| {
        let end = format!("total {sign} {limit}");
        asked
            .choices
            .iter()
            .find(|one| one.ends_with(&end))
            .unwrap_or_else(|| panic!("{:?}", asked.choices))
    };
    let (at_most, _) = (below("<=", 45), below("<", 80));
    let at = asked.choices.iter().position(|one| one == at_most).unwrap();
    assert_eq!(
        asked.labels[at],
        "`total` of `get_order` is at most 45 (it holds in the recording)"
    );
    let options = Options {
        answers: [("branch:refund_order".to_owned(), at_most.clone())].into(),
        ..bound()
    };
    let made = crystallize(&all, &options).unwrap();
    let verdicts: Vec<Verdict> = made.report.held_out.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Verdict::Passed; 5], "{:?}", made.report.held_out);
    let when = |id: &str| {
        made.document
            .steps
            .iter()
            .find(|one| one.id == id)
            .unwrap()
            .when
            .clone()
            .unwrap()
    };
    assert!(
        when("refund_order").contains("total <= 45"),
        "{}",
        when("refund_order")
    );
    assert!(
        when("create_ticket").contains("total > 45"),
        "{}",
        when("create_ticket")
    );
}

#[test]
fn numbers_that_overlap_and_ids_part_nothing() {
    let all: Vec<Session> = (1..).zip([30, 45, 12, 80, 210, 95]).map(|(number, total)| {
        let mut session = handled(number, total);
        // The total says nothing here, and the number of the order is none.
        for turn in &mut session.turns {
            if let crate::session::Turn::Call(call) = turn
                && call.name == "get_order"
            {
                let result = call.result.as_mut().unwrap();
                result.content = json!({ "order_id": result.content["order_id"], "order_number": 100 + number, "weight": number % 2 });
            }
        }
        session
    }).collect();
    let open = crystallize(&all, &bound()).unwrap();
    assert!(
        open.report
            .questions
            .iter()
            .all(|one| !one.id.starts_with("branch:")),
        "{:?}",
        open.report.questions
    );
}
