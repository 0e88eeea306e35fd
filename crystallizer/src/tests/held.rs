//! Values that only a text holds which a call answered, and short ids: they are asked about, and no draft is said to
//! hold on other data that keeps one.

use super::build::*;
use crate::report::Level;
use crate::session::{Role, Session};
use crate::{Crystallized, report_text};
use serde_json::{Value, json};

fn asked(made: &Crystallized) -> Vec<&str> {
    let questions = made.report.questions.iter();
    questions.map(|one| one.id.as_str()).collect()
}

fn chosen(task: &str, looked: (&str, Value, Value), done: (&str, Value)) -> Session {
    session(
        task,
        vec![
            call("a", 0, looked.0, looked.1, looked.2),
            call("b", 1, done.0, done.1, json!({ "ok": true })),
        ],
    )
}

#[test]
fn a_name_of_a_list_of_lines_is_asked_about() {
    let hotels = "Hotel Names: Le Marais Boutique\nGood Night\nLuxury Palace\n";
    for name in ["Luxury Palace", "Le Marais Boutique", "Good Night"] {
        let session = chosen(
            "Reserve the hotel with the highest rating in Paris.",
            ("list_hotels", json!({ "city": "Paris" }), hotels.into()),
            ("reserve_hotel", json!({ "hotel": name })),
        );
        let made = made(&session, &bound());
        assert_eq!(asked(&made), ["source:reserve_hotel:/hotel"], "{name}");
        assert_eq!(made.report.generalisable, Some(Level::Same), "{name}");
        let text = &made.report.questions[0].text;
        assert!(text.contains("`list_hotels` answered"), "{text}");
        let mut findings = made.report.findings.iter();
        let place = ":reserve_hotel:/with/arguments/hotel";
        assert!(
            findings.any(|one| one.id.ends_with(place) && one.acknowledge),
            "{name}"
        );
    }
    let session = chosen(
        "Delete the oldest repo of the org acme.",
        (
            "list_repos",
            json!({ "org": "acme" }),
            "billing\nweb-shop\npayments-api\n".into(),
        ),
        (
            "delete_repo",
            json!({ "org": "acme", "repo": "payments-api" }),
        ),
    );
    let made = made(&session, &bound());
    assert_eq!(asked(&made), ["source:delete_repo:/repo"]);
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

#[test]
fn what_the_agent_brought_along_is_its_own() {
    // It was sent before it was answered; or no word of the answer is it.
    let echoed = chosen(
        "Look after the shop.",
        (
            "search_shops",
            json!({ "query": "Harbour Bakery" }),
            "1 hit:\nHarbour Bakery\n".into(),
        ),
        ("open_shop", json!({ "shop": "Harbour Bakery" })),
    );
    let part = chosen(
        "Look after the shop.",
        (
            "list_shops",
            json!({}),
            "harbour-bakery\nharbour-mill\n".into(),
        ),
        ("open_shop", json!({ "shop": "harbour" })),
    );
    for session in [echoed, part] {
        assert_eq!(asked(&made(&session, &bound())), Vec::<&str>::new());
    }
}

#[test]
fn a_short_id_of_a_change_is_asked_about() {
    for id in [json!("4"), json!(1), json!("A4")] {
        let session = chosen(
            "Cancel all pending orders of ana_lee_77.",
            ("list_orders", json!({ "user": "ana_lee_77" }), Value::Null),
            ("cancel_order", json!({ "order_id": id })),
        );
        let made = made(&session, &bound());
        assert_eq!(asked(&made), ["source:cancel_order:/order_id"], "{id}");
    }
    // What only looks may look at the same.
    let session = chosen(
        "How is it going?",
        ("list_orders", json!({}), Value::Null),
        ("get_order", json!({ "order_id": "4" })),
    );
    assert_eq!(asked(&made(&session, &bound())), Vec::<&str>::new());
}

#[test]
fn a_task_with_a_secret_keeps_its_words() {
    let token = "ghp_Zk3vTq9LmXw2RbYs8HdNc5JfPg7AeUo4iVtW";
    for task in [
        format!("Log in with {token} and post the weekly report"),
        "Log in with {{ secrets.github }} and post the weekly report".to_owned(),
    ] {
        let session = session(
            &task,
            vec![call("a", 0, "post_report", json!({}), "ok".into())],
        );
        let made = made(&session, &options());
        let description = made.document.description.unwrap();
        assert_eq!(description, "Log in with ••• and post the weekly report");
        assert!(
            made.document.name.starts_with("log-"),
            "{}",
            made.document.name
        );
        assert!(!made.document.name.contains("ghp"));
    }
}

#[test]
fn what_may_fail_is_not_said_to_have_failed() {
    let session = session(
        "What is 2 and 3?",
        vec![
            call(
                "a",
                0,
                "calculate",
                json!({ "expression": "2 + 3" }),
                json!(5),
            ),
            failed("b", 1, "get_weather", json!({}), "Error: no such place"),
            call("c", 2, "get_day", json!({}), json!("Friday")),
        ],
    );
    let made = made(&session, &bound());
    let has = |code: &str| made.report.findings.iter().any(|one| one.code == code);
    assert!(has("informs_nobody"));
    let text = report_text(&made.report, &made.document);
    let line = |step: &str| {
        text.lines()
            .find(|line| line.contains(&format!(". {step}")))
            .unwrap()
            .to_owned()
    };
    assert!(line("calculate").contains("may fail"), "{text}");
    assert!(
        line("get_weather").contains("failed in the recording"),
        "{text}"
    );
}

#[test]
fn the_title_of_a_gate_names_what_is_in_a_list() {
    let booked = session(
        "Book flight HAT271 for user mia_li_3668, please. Pay 174 with certificate_8045380.",
        vec![
            call(
                "a",
                0,
                "get_user",
                json!({ "user_id": "mia_li_3668" }),
                json!({ "ok": true }),
            ),
            said(Role::Assistant, "I will book HAT271. Shall I?"),
            said(Role::User, "Yes, please."),
            call(
                "b",
                1,
                "book_reservation",
                json!({
                    "user_id": "mia_li_3668",
                    "origin": "ORD",
                    "destination": "PHL",
                    "cabin": "economy",
                    "flights": [{ "flight_number": "HAT271", "day": "2024-05-26" }],
                    "payments": [{ "payment_id": "certificate_8045380", "amount": 174 }],
                }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = made(&booked, &bound());
    let mut steps = made.document.steps.iter();
    let gate = steps.find(|step| step.action.as_deref() == Some("approval_gate"));
    let title = gate.unwrap().with.as_ref().unwrap()["title"].to_string();
    for part in ["payments", "flights", "user id"] {
        assert!(title.contains(part), "{title}");
    }
    let values = made.report.values.unwrap();
    assert!(values.said > 0);
}

#[test]
fn what_is_bound_as_a_whole_is_asked_about_once() {
    let guests = json!(["ada@example.com", "udo@example.org", "eva@example.net"]);
    let planned = session(
        "Plan a second round with the guests of the meeting 'Harbour walk'.",
        vec![
            call(
                "s",
                0,
                "search_meetings",
                json!({ "query": "Harbour walk" }),
                json!([{ "title": "Harbour walk", "guests": guests }]),
            ),
            call(
                "c",
                1,
                "create_meeting",
                json!({ "recipients": guests }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = made(&planned, &bound());
    let findings = made.report.findings.iter().filter(|one| one.acknowledge);
    let ids: Vec<&str> = findings.map(|one| one.id.as_str()).collect();
    assert_eq!(
        ids,
        ["flows_into_sink:create_meeting:/with/arguments/recipients"]
    );
}

#[test]
fn what_the_person_said_last_asks_for_what_is_made_of_it() {
    let chosen = |words: &str, value: &str| {
        session(
            "Find me a skirt.",
            vec![
                call(
                    "s",
                    0,
                    "search",
                    json!({ "query": "skirt" }),
                    "There are many of them here. The one that people like best is of denim."
                        .into(),
                ),
                said(Role::User, words),
                call(
                    "c",
                    1,
                    "click",
                    json!({ "button": value }),
                    json!({ "ok": true }),
                ),
            ],
        )
    };
    let influenced = |session: &Session| {
        let made = made(session, &options());
        made.report
            .findings
            .iter()
            .any(|one| one.code == "influenced")
    };
    assert!(!influenced(&chosen(
        "12 plus, in natural khaki",
        "natural khaki"
    )));
    assert!(influenced(&chosen("12 plus, in natural khaki", "deep sea")));
    assert!(influenced(&chosen(
        "12 plus, in natural khaki",
        "natural kha"
    )));
}
