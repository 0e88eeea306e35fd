//! What further recordings confirm: a source that was only said by chance, a share of an answered number. And what a
//! second source says: one that is the only element of its list asks no more than that the value is one of the list.

use super::build::*;
use crate::report::{Level, Verdict};
use crate::session::{Role, Session};
use crate::{Crystallized, Mode, Options, crystallize};
use serde_json::{Value, json};

fn bound(sessions: &[Session]) -> Crystallized {
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    crystallize(sessions, &options).unwrap()
}

fn argument(made: &Crystallized, step: usize, key: &str) -> Value {
    made.document.steps[step].with.as_ref().unwrap()["arguments"][key].clone()
}

/// Looks a depot up and has somebody drive to its town.
fn driven(number: u32, words: &str, depot: &str, town: &str) -> Session {
    let mut session = session(
        &format!("{words} Send a van to depot {depot}."),
        vec![
            call(
                "d",
                0,
                "get_depot",
                json!({ "depot_id": depot }),
                json!({ "depot_id": depot, "site": { "town": town, "gate": 4 } }),
            ),
            call(
                "v",
                1,
                "send_van",
                json!({ "depot_id": depot, "town": town }),
                json!({ "ok": true }),
            ),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn what_was_said_by_chance_hides_no_source_that_the_others_confirm() {
    let first = driven(1, "I grew up in Porto.", "dep_40917", "Porto");
    let second = driven(2, "It rains.", "dep_77120", "Ghent");
    let third = driven(3, "I have two dogs.", "dep_15388", "Bergen");
    let made = bound(&[first.clone(), second, third]);
    assert_eq!(
        argument(&made, 1, "town"),
        "{{ steps.get_depot.output.site.town }}"
    );
    assert_eq!(made.report.questions, []);
    assert!(
        made.report
            .held_out
            .iter()
            .all(|held| held.verdict == Verdict::Passed)
    );
    assert!(made.report.generalisable >= Some(Level::Shuffled));
    // Alone nothing shows that it was by chance: what the person said is what they chose.
    let alone = bound(std::slice::from_ref(&first));
    assert_ne!(
        argument(&alone, 1, "town"),
        "{{ steps.get_depot.output.site.town }}"
    );
}

#[test]
fn what_the_others_do_not_confirm_stays_open() {
    let first = driven(1, "I grew up in Porto.", "dep_40917", "Porto");
    let mut second = driven(2, "It rains.", "dep_77120", "Ghent");
    // There the van went elsewhere than to the town of the depot.
    for turn in &mut second.turns {
        if let crate::session::Turn::Call(call) = turn
            && call.name == "send_van"
        {
            call.arguments["town"] = json!("Lima");
        }
    }
    let made = bound(&[first, second]);
    assert_eq!(argument(&made, 1, "town"), "Porto");
    assert!(!made.report.questions.is_empty());
    assert!(made.report.generalisable < Some(Level::Renamed));
}

/// A member whose only booking names them too, and a note about them.
fn noted() -> Session {
    session(
        "Member mem_771204 wants a copy of booking BK-90417. Note that.",
        vec![
            call(
                "m",
                0,
                "get_member",
                json!({ "member_id": "mem_771204" }),
                json!({ "member_id": "mem_771204", "name": { "first_name": "Odile", "last_name": "Brandt" } }),
            ),
            call(
                "b",
                1,
                "get_booking",
                json!({ "booking_id": "BK-90417" }),
                json!({ "booking_id": "BK-90417", "guests": [{ "first_name": "Odile", "last_name": "Brandt" }] }),
            ),
            said(Role::Assistant, "I will note it."),
            call(
                "n",
                2,
                "add_note",
                json!({ "text": "Member Odile Brandt asks for a copy of booking BK-90417." }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn a_further_element_of_the_second_source_stops_nothing() {
    let made = bound(&[noted()]);
    let text = argument(&made, 2, "text");
    let text = text.as_str().unwrap();
    assert!(
        text.contains(
            "{{ steps.get_member.output.name.first_name | agreed((steps.get_booking.output.guests | where('first_name', steps.get_member.output.name.first_name) | first).first_name) }}"
        ),
        "{text}"
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// Looks a rental up and gives a part of its price back.
fn given_back(number: u32, rental: &str, price: f64, back: f64) -> Session {
    let mut session = session(
        &format!("Rental {rental} came late. Give them what we give for that."),
        vec![
            call(
                "r",
                0,
                "get_rental",
                json!({ "rental_id": rental }),
                json!({ "rental_id": rental, "price": price, "days": 12 }),
            ),
            call(
                "g",
                1,
                "give_back",
                json!({ "rental_id": rental, "amount": back }),
                json!({ "ok": true }),
            ),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn a_share_is_followed_once_three_recordings_agree() {
    let all = [
        given_back(1, "RN-40917", 184.3, 46.08),
        given_back(2, "RN-77120", 96.4, 24.1),
        given_back(3, "RN-15388", 251.9, 62.98),
    ];
    let made = bound(&all);
    assert_eq!(
        argument(&made, 1, "amount"),
        "{{ (steps.get_rental.output.price * 0.25) | round(2) }}"
    );
    assert_eq!(made.report.questions, []);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    // Two may be chance, and one shows nothing.
    for few in [&all[..2], &all[..1]] {
        let made = bound(few);
        assert_eq!(argument(&made, 1, "amount"), 46.08);
        assert!(made.report.generalisable < Some(Level::Renamed));
    }
    let other = given_back(3, "RN-15388", 251.9, 60.0);
    let made = bound(&[all[0].clone(), all[1].clone(), other]);
    assert_eq!(argument(&made, 1, "amount"), 46.08);
}

#[test]
fn a_formula_is_offered_and_followed_only_where_a_person_says_so() {
    let id = "source:give_back:/amount";
    let offered = |prices: &[(f64, f64)]| {
        let rentals = ["RN-40917", "RN-77120", "RN-15388"];
        let all: Vec<Session> = prices
            .iter()
            .zip(rentals)
            .zip(1..)
            .map(|(((price, back), rental), number)| given_back(number, rental, *price, *back))
            .collect();
        let made = bound(&all);
        let question = made.report.questions.into_iter().find(|one| one.id == id);
        let mut choices = question.map(|one| one.choices).unwrap_or_default();
        choices.retain(|choice| choice != "constant" && choice != "input");
        (all, choices)
    };
    let price = "steps.get_rental.output.price";
    let share = format!("({price} * 0.9) | round(2)");
    let fee = format!("({price} - 4.9) | round(2)");
    let both = format!("({price} * 0.05 + 3) | round(2)");
    for (prices, formula) in [
        (vec![(184.3, 165.87), (96.4, 86.76)], &share),
        (vec![(184.3, 179.4), (96.4, 91.5)], &fee),
        (vec![(184.0, 12.2), (96.0, 7.8), (251.0, 15.55)], &both),
    ] {
        let (all, choices) = offered(&prices);
        assert_eq!(choices, [formula.as_str()], "{prices:?}");
        let options = Options {
            mode: Mode::Bound,
            answers: [(id.to_owned(), formula.clone())].into(),
            ..options()
        };
        let made = crystallize(&all, &options).unwrap();
        assert_eq!(made.report.questions, []);
        assert_eq!(argument(&made, 1, "amount"), format!("{{{{ {formula} }}}}"));
        let held = &made.report.held_out;
        assert!(held.iter().all(|held| held.verdict == Verdict::Passed));
        assert!(made.report.generalisable >= Some(Level::Renamed));
    }
    // What one recording does not have is no formula, and neither is what two of them show of a share with a fee.
    for prices in [
        vec![(184.3, 165.87), (96.4, 80.0)],
        vec![(184.0, 12.2), (96.0, 7.8)],
        vec![(184.3, 165.87)],
    ] {
        assert_eq!(offered(&prices).1, Vec::<String>::new(), "{prices:?}");
    }
}

#[test]
fn what_another_sum_or_share_explains_too_is_no_share() {
    let refunded = |number: u32, order: &str, fields: Value, amount: u64| {
        let mut session = session(
            &format!("Refund order {order} as we do it."),
            vec![
                call("r", 0, "get_order", json!({ "order_id": order }), fields),
                call(
                    "g",
                    1,
                    "refund_order",
                    json!({ "order_id": order, "amount": amount }),
                    json!({ "ok": true }),
                ),
            ],
        );
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    for (key, values) in [
        // What is left without the fee, three times the fee, and three quarters of the total.
        ("fee", [10, 20, 30]),
        // Half of it, and three quarters of the total.
        ("points", [60, 120, 180]),
    ] {
        let all = [
            refunded(1, "RN-40917", json!({ "total": 40, key: values[0] }), 30),
            refunded(2, "RN-77120", json!({ "total": 80, key: values[1] }), 60),
            refunded(3, "RN-15388", json!({ "total": 120, key: values[2] }), 90),
        ];
        let made = bound(&all);
        assert_eq!(argument(&made, 1, "amount"), 30, "{key}");
        assert!(!made.report.questions.is_empty(), "{key}");
        assert!(made.report.generalisable < Some(Level::Renamed), "{key}");
    }
    // Three times something is no share of it.
    let all = [
        refunded(1, "RN-40917", json!({ "deposit": 11 }), 33),
        refunded(2, "RN-77120", json!({ "deposit": 23 }), 69),
        refunded(3, "RN-15388", json!({ "deposit": 31 }), 93),
    ];
    assert_eq!(argument(&bound(&all), 1, "amount"), 33);
}

#[test]
fn the_only_hit_is_told_by_what_was_asked_for() {
    let session = session(
        "Plan a second round with the guests of the meeting 'Harbour walk'.",
        vec![
            call(
                "s",
                0,
                "search_meetings",
                json!({ "query": "Harbour walk" }),
                json!([{ "title": "Harbour walk", "guests": ["ada@example.com", "udo@example.org"] }]),
            ),
            call(
                "c",
                1,
                "create_meeting",
                json!({ "guests": ["ada@example.com", "udo@example.org"] }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = bound(&[session]);
    assert_eq!(
        argument(&made, 1, "guests"),
        "{{ (steps.search_meetings.output | where('title', inputs.query) | only).guests }}"
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// Closes the first of some cases and writes down which it was.
fn closed(number: u32, client: &str, cases: [&str; 2]) -> Session {
    let mut session = session(
        &format!("Close a case of {client}."),
        vec![
            call(
                "l",
                0,
                "list_cases",
                json!({ "client_id": client }),
                json!({ "cases": [{ "case_id": cases[0] }, { "case_id": cases[1] }] }),
            ),
            call(
                "c",
                1,
                "close_case",
                json!({ "case_id": cases[0] }),
                json!({ "ok": true }),
            ),
            call(
                "n",
                2,
                "add_note",
                json!({ "text": format!("The case {} is closed.", cases[0]) }),
                json!({ "ok": true }),
            ),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn a_text_names_what_was_sent_before() {
    let first = closed(1, "cl_409172", ["CASE-48121", "CASE-77340"]);
    let second = closed(2, "cl_771204", ["CASE-55512", "CASE-90081"]);
    let made = bound(&[first.clone(), second]);
    let of_first = "(steps.list_cases.output.cases | first).case_id";
    assert_eq!(
        argument(&made, 1, "case_id"),
        format!("{{{{ {of_first} }}}}")
    );
    assert_eq!(
        argument(&made, 2, "text"),
        format!("The case {{{{ {of_first} }}}} is closed.")
    );
    assert!(made.report.generalisable >= Some(Level::Renamed));
    // Where nothing tells which it is, the text stays as well.
    let alone = bound(&[first]);
    assert_eq!(
        argument(&alone, 2, "text"),
        "The case CASE-48121 is closed."
    );
    assert!(alone.report.generalisable < Some(Level::Renamed));
}
