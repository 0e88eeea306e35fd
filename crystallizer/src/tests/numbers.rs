//! Numbers that a person says: a small one is theirs though the record at hand has an equal one, it may be sent in another
//! unit than it was said in, and the days of a range have one month.

use super::build::*;
use crate::report::Level;
use crate::session::Session;
use crate::{Crystallized, Mode, Options, crystallize};
use serde_json::{Value, json};

fn made_of(sessions: &[Session]) -> Crystallized {
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    crystallize(sessions, &options).unwrap()
}

/// What the last step sends.
fn sent(made: &Crystallized) -> &Value {
    &made.document.steps.last().unwrap().with.as_ref().unwrap()["arguments"]
}

fn asked(made: &Crystallized) -> Vec<&str> {
    let all = made.report.questions.iter();
    all.map(|one| one.id.as_str()).collect()
}

/// Looks something up and changes it.
fn looked_up(task: &str, look: (&str, Value, Value), change: (&str, Value)) -> Session {
    session(
        task,
        vec![
            call("l", 0, look.0, look.1, look.2),
            call("c", 1, change.0, change.1, json!({ "ok": true })),
        ],
    )
}

fn order(task: &str, record: Value, change: &str, arguments: Value) -> Session {
    let look = ("get_order", json!({ "order_id": "O-5512" }), record);
    looked_up(task, look, (change, arguments))
}

#[test]
fn a_small_number_that_the_person_said_is_theirs() {
    for (task, change, key, number) in [
        ("Refund $20 for order O-5512.", "refund_order", "amount", 20),
        (
            "Refund 20 dollars for order O-5512.",
            "refund_order",
            "amount",
            20,
        ),
        ("Refund 20 of order O-5512.", "refund_order", "amount", 20),
        ("Ship 7 units of order O-5512.", "ship_order", "quantity", 7),
        ("Ship 7 boxes of order O-5512.", "ship_order", "quantity", 7),
        (
            "Ship a dozen of order O-5512.",
            "ship_order",
            "quantity",
            12,
        ),
        (
            "Book order O-5512 for 6 people.",
            "book_table",
            "party_size",
            6,
        ),
        (
            "Book order O-5512, a table for six.",
            "book_table",
            "party_size",
            6,
        ),
        (
            "Book order O-5512, we are 6.",
            "book_table",
            "party_size",
            6,
        ),
    ] {
        // Whether the record has just that, another, or none.
        for record in [json!({ key: number }), json!({ key: 900 }), json!({})] {
            let made = made_of(&[order(
                task,
                record.clone(),
                change,
                json!({ "order_id": "O-5512", key: number }),
            )]);
            assert_eq!(
                sent(&made)[key],
                format!("{{{{ inputs.{key} }}}}"),
                "{task} {record}"
            );
            assert_eq!(made.report.questions, [], "{task}");
            assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
        }
    }
}

#[test]
fn whether_a_small_number_is_that_of_the_record_is_asked_where_nothing_tells() {
    let refunded = |task: &str, amount: u32, record: u32| {
        order(
            task,
            json!({ "order_id": "O-5512", "level": record }),
            "update_order",
            json!({ "order_id": "O-5512", "level": amount }),
        )
    };
    let id = "source:update_order:/level";
    let made = made_of(&[refunded("Put order O-5512 to 20.", 20, 20)]);
    assert_eq!(sent(&made)["level"], 20);
    assert_eq!(asked(&made), [id]);
    assert_eq!(
        made.report.questions[0].choices,
        ["constant", "input", "steps.get_order.output.level"]
    );
    // What is said of something else is no wish.
    for task in [
        "Update order O-5512 by May 20.",
        "Update order O-5512 within 20 days.",
    ] {
        let made = made_of(&[refunded(task, 20, 20)]);
        assert_eq!(
            sent(&made)["level"],
            "{{ steps.get_order.output.level }}",
            "{task}"
        );
    }
}

#[test]
fn further_recordings_decide_whose_a_small_number_is() {
    let one = |number: u32, task: &str, record: u32, sent: u32| {
        let mut session = order(
            task,
            json!({ "order_id": "O-5512", "level": record }),
            "update_order",
            json!({ "order_id": "O-5512", "level": sent }),
        );
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let first = one(1, "Put order O-5512 to 20.", 20, 20);
    // The record has another, and what was said is sent.
    let wish = made_of(&[first.clone(), one(2, "Put order O-5512 to 35.", 60, 35)]);
    assert_eq!(sent(&wish)["level"], "{{ inputs.level }}");
    // Another was said, and what the record has is sent.
    let record = made_of(&[first, one(2, "Put order O-5512 there.", 60, 60)]);
    assert_eq!(sent(&record)["level"], "{{ steps.get_order.output.level }}");
}

#[test]
fn a_number_may_be_sent_in_another_unit_than_it_was_said_in() {
    for (task, key, number, input, expected) in [
        (
            "Refund $20.00 of order O-5512.",
            "amount",
            json!(2000),
            "amount",
            "{{ (inputs.amount * 100) | round | int }}",
        ),
        (
            "Lower the price of order O-5512 to $9.99.",
            "sale_price_cents",
            json!(999),
            "sale_price",
            "{{ (inputs.sale_price * 100) | round | int }}",
        ),
        (
            "Give a discount of 15 percent on order O-5512.",
            "discount",
            json!(0.15),
            "discount_percent",
            "{{ (inputs.discount_percent / 100) | round(6) }}",
        ),
        (
            "Block 2 hours for order O-5512.",
            "duration",
            json!(120),
            "duration_hours",
            "{{ (inputs.duration_hours * 60) | round | int }}",
        ),
    ] {
        for record in [json!({ key: number }), json!({})] {
            let made = made_of(&[order(
                task,
                record,
                "update_order",
                json!({ "order_id": "O-5512", key: number }),
            )]);
            assert_eq!(sent(&made)[key], expected, "{task}");
            assert_eq!(made.document.inputs[input]["type"], "number", "{task}");
            assert_eq!(made.report.questions, [], "{task}");
        }
    }
}

#[test]
fn whether_whole_dollars_are_sent_in_cents_is_asked() {
    let paid = |number: u32, said: u32, sent: u32, record: u32| {
        let mut session = order(
            &format!("Refund ${said} of order O-5512."),
            json!({ "amount": record }),
            "refund_order",
            json!({ "order_id": "O-5512", "amount": sent }),
        );
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let made = made_of(&[paid(1, 20, 2000, 2000)]);
    assert_eq!(sent(&made)["amount"], 2000);
    assert_eq!(
        made.report.questions[0].choices,
        [
            "constant",
            "input",
            "(inputs.amount * 100) | round | int",
            "steps.get_order.output.amount"
        ]
    );
    let made = made_of(&[paid(1, 20, 2000, 2000), paid(2, 35, 3500, 9000)]);
    assert_eq!(
        sent(&made)["amount"],
        "{{ (inputs.amount * 100) | round | int }}"
    );
    assert_eq!(made.report.questions, []);
}

#[test]
fn both_days_of_a_range_are_said() {
    for task in [
        "Book room RM-4410 from December 12 to 15.",
        "Book room RM-4410 for December 12-15.",
        "Buche bitte das Zimmer RM-4410 vom 12. bis 15. Dezember.",
        "Book room RM-4410, arriving December 12 and staying until the 15th.",
    ] {
        let look = (
            "get_room",
            json!({ "room_id": "RM-4410" }),
            json!({ "beds": 2 }),
        );
        let stay = json!({
            "room_id": "RM-4410", "check_in": "2026-12-12", "check_out": "2026-12-15"
        });
        let made = made_of(&[looked_up(task, look, ("book_room", stay))]);
        assert_eq!(sent(&made)["check_in"], "{{ inputs.check_in }}", "{task}");
        assert_eq!(sent(&made)["check_out"], "{{ inputs.check_out }}", "{task}");
        let sources = asked(&made);
        let mut sources = sources.into_iter().filter(|id| id.starts_with("source:"));
        assert_eq!(sources.next(), None, "{task}");
    }
}

#[test]
fn short_numbers_of_lists_without_a_name_are_followed() {
    for (boards, sprints) in [
        ("values", "values"),
        ("items", "items"),
        ("results", "data"),
    ] {
        let made = made_of(&[session(
            "Put PAY-431 into the active sprint of the Payments board.",
            vec![
                call(
                    "b",
                    0,
                    "list_boards",
                    json!({}),
                    json!({ boards: [{ "id": 84, "name": "Payments board" }, { "id": 91, "name": "Claims board" }] }),
                ),
                call(
                    "s",
                    1,
                    "list_sprints",
                    json!({ "boardId": 84 }),
                    json!({ sprints: [{ "id": 37, "state": "closed" }, { "id": 38, "state": "active" }] }),
                ),
                call(
                    "m",
                    2,
                    "move_to_sprint",
                    json!({ "issue": "PAY-431", "sprintId": 38 }),
                    json!({ "ok": true }),
                ),
            ],
        )]);
        let board = &made.document.steps[1].with.as_ref().unwrap()["arguments"]["boardId"];
        assert_eq!(
            *board,
            format!(
                "{{{{ (steps.list_boards.output.{boards} | where('name', inputs.name) | only).id }}}}"
            )
        );
        assert_eq!(
            sent(&made)["sprintId"],
            format!(
                "{{{{ (steps.list_sprints.output.{sprints} | where('state', inputs.state) | only).id }}}}"
            )
        );
    }
}

#[test]
fn a_sum_of_another_name_is_known_by_all_passes_together() {
    let paid = |total: [u32; 3]| {
        let mut turns = vec![call(
            "l",
            0,
            "list_invoices",
            json!({ "status": "approved" }),
            json!({ "invoices": [
                { "id": "INV-7001", "total": total[0] },
                { "id": "INV-7002", "total": total[1] },
                { "id": "INV-7003", "total": total[2] }
            ] }),
        )];
        for (at, total) in (1..).zip(total) {
            turns.push(call(
                &format!("p{at}"),
                at,
                "pay_invoice",
                json!({ "invoice_id": format!("INV-700{at}"), "amount": total }),
                json!({ "ok": true }),
            ));
        }
        made_of(&[session("Pay every approved invoice.", turns)])
    };
    let made = paid([1080, 2120, 4433]);
    assert_eq!(made.document.steps.len(), 2, "{:#?}", made.report.questions);
    // Small ones say nothing together.
    assert_eq!(paid([2, 5, 9]).document.steps.len(), 4);
}

#[test]
fn a_share_of_whole_numbers_is_followed() {
    let one = |number: u32, order: &str, total: Value, half: Value| {
        let mut session = looked_up(
            &format!("Refund half of {order}."),
            (
                "get_order",
                json!({ "order_id": order }),
                json!({ "total": total }),
            ),
            ("refund_order", json!({ "order_id": order, "amount": half })),
        );
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    for totals in [
        [
            (json!(80), json!(40)),
            (json!(36), json!(18)),
            (json!(120), json!(60)),
        ],
        [
            (json!(180.4), json!(90.2)),
            (json!(236.2), json!(118.1)),
            (json!(320), json!(160)),
        ],
        [
            (json!(320), json!(160)),
            (json!(180.4), json!(90.2)),
            (json!(236.2), json!(118.1)),
        ],
    ] {
        let sessions: Vec<Session> = (1..)
            .zip(["O-5512", "O-6617", "O-7121"])
            .zip(totals)
            .map(|((number, order), (total, half))| one(number, order, total, half))
            .collect();
        let made = made_of(&sessions);
        let amount = sent(&made)["amount"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            amount.contains("steps.get_order.output.total * 50"),
            "{amount}"
        );
        let held = made.report.held_out.iter();
        assert!(held.into_iter().all(|one| one.differing + one.missing == 0));
    }
}

#[test]
fn inputs_are_no_words_in_passing_and_keep_their_plural() {
    let made = made_of(&[session(
        "Search for \"usb-c hub\" on https://shop.example.com and book it for 2 adults.",
        vec![
            call(
                "t",
                0,
                "browser_type",
                json!({ "element": "Search", "text": "usb-c hub" }),
                json!({ "ok": true }),
            ),
            call(
                "b",
                1,
                "book",
                json!({ "adults": 2 }),
                json!({ "ok": true }),
            ),
        ],
    )]);
    let typed = &made.document.steps[0].with.as_ref().unwrap()["arguments"];
    assert_eq!(typed["element"], "Search");
    assert_eq!(typed["text"], "{{ inputs.type_text }}");
    assert_eq!(sent(&made)["adults"], "{{ inputs.adults }}");
}
