//! What the person named and one recording cannot show: followed where it can be, asked about where it cannot, and
//! never lost.

use super::build::*;
use crate::report::Level;
use crate::session::{Role, Session, Turn};
use crate::{Crystallized, Mode, Options};
use serde_json::{Value, json};

fn bound() -> Options {
    Options {
        mode: Mode::Bound,
        ..options()
    }
}

fn crystallized(session: &Session) -> Crystallized {
    let made = made(session, &bound());
    assert_eq!(made.report.replay.differences, []);
    made
}

/// What the loops go over.
fn over(made: &Crystallized) -> Vec<String> {
    made.document
        .steps
        .iter()
        .filter_map(|step| step.for_each.as_ref()?.items.as_str())
        .map(|items| items.replace("steps.list_tickets.output.tickets", "TICKETS"))
        .collect()
}

/// The words that are asked about.
fn asked(made: &Crystallized) -> Vec<String> {
    made.report
        .findings
        .iter()
        .filter(|finding| finding.code == "condition_not_shown" && finding.acknowledge)
        .map(|finding| {
            let (_, rest) = finding.message.split_once("said ").unwrap();
            rest.split_once("”, and ").unwrap().0.to_owned() + "”"
        })
        .collect()
}

fn list(elements: &[Value]) -> Turn {
    call(
        "l",
        0,
        "list_tickets",
        json!({ "customer_id": "ana_li_3668" }),
        json!({ "tickets": elements }),
    )
}

fn ticket(id: &str, more: Value) -> Value {
    let mut ticket = json!({ "ticket_id": id });
    for (key, value) in more.as_object().unwrap() {
        ticket[key] = value.clone();
    }
    ticket
}

/// Closes some of a list.
fn closing(task: &str, elements: &[Value], taken: &[usize]) -> Session {
    let mut turns = vec![list(elements)];
    for (number, at) in taken.iter().enumerate() {
        let number = u32::try_from(number + 1).unwrap();
        turns.push(call(
            &format!("c{number}"),
            number,
            "close_ticket",
            json!({ "ticket_id": elements[*at]["ticket_id"] }),
            json!({ "ok": true }),
        ));
    }
    session(task, turns)
}

const IDS: [&str; 5] = ["T-48121", "T-77340", "T-10553", "T-62087", "T-30912"];

/// Tickets with these fields.
fn tickets(fields: &[Value]) -> Vec<Value> {
    IDS.iter()
        .zip(fields)
        .map(|(id, fields)| ticket(id, fields.clone()))
        .collect()
}

#[test]
fn a_word_for_which_a_field_stands_is_followed() {
    for (task, field, value, expected) in [
        (
            "Close all unread tickets of ana_li_3668.",
            "read",
            false,
            "TICKETS | where('read', false)",
        ),
        (
            "Close all archived tickets of ana_li_3668.",
            "is_archived",
            true,
            "TICKETS | where('is_archived', true)",
        ),
        (
            "Close the tickets of ana_li_3668 that are not archived.",
            "archived",
            false,
            "TICKETS | where('archived', false)",
        ),
        (
            "Close all tickets of ana_li_3668 except the archived ones.",
            "archived",
            false,
            "TICKETS | where('archived', false)",
        ),
        (
            "Close the open tickets of ana_li_3668.",
            "closed",
            false,
            "TICKETS | where('closed', false)",
        ),
        (
            "Close the tickets of ana_li_3668 with free support.",
            "free_support",
            true,
            "TICKETS | where('free_support', true)",
        ),
    ] {
        let all = tickets(&[
            json!({ field: value }),
            json!({ field: value }),
            json!({ field: value }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), [format!("{{{{ {expected} }}}}")], "{task}");
        assert_eq!(asked(&made), Vec::<String>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
        assert!(
            made.report
                .findings
                .iter()
                .any(|finding| finding.code == "condition_held")
        );
    }
}

#[test]
fn words_for_which_nothing_stands_are_asked_about() {
    for (task, expected) in [
        ("Close all unread tickets of ana_li_3668.", "“unread”"),
        (
            "Close all tickets of ana_li_3668 except those of admins.",
            "“except those of admins”",
        ),
        (
            "Close all tickets of ana_li_3668 older than a month.",
            "“older than a month”",
        ),
        ("Close every other ticket of ana_li_3668.", "“other ticket”"),
        (
            "Close the tickets of ana_li_3668 which nobody answered.",
            "“which nobody answered”",
        ),
        (
            "Close the tickets of ana_li_3668 without an owner.",
            "“without an owner”",
        ),
        (
            "Do not close the urgent tickets of ana_li_3668, the others are done.",
            "“urgent”",
        ),
        (
            "Schließe alle offenen Tickets von ana_li_3668.",
            "“offenen”",
        ),
        (
            "Look at the tickets of ana_li_3668. Close the angry ones.",
            "“angry”",
        ),
        (
            "Close the ticket of ana_li_3668 if nobody has answered it.",
            "“if nobody has answered it”",
        ),
    ] {
        let all = tickets(&[
            json!({ "hours": 3 }),
            json!({ "hours": 7 }),
            json!({ "hours": 9 }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        let asked = asked(&made);
        assert_eq!(asked, [expected], "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
    }
}

#[test]
fn what_is_carried_or_narrows_nothing_is_not_asked_about() {
    for task in [
        "Close all tickets of ana_li_3668.",
        "Please close each of these three tickets of customer ana_li_3668.",
        "Close both tickets of ana_li_3668 and tell me when it is done.",
        "Look at the tickets of ana_li_3668 and close them, please. If you need anything else, ask me.",
        "I want you to close all the tickets of ana_li_3668 for me now.",
        "Close all waiting tickets of ana_li_3668.",
        "Close the tickets of ana_li_3668 that are waiting.",
        "Close the tickets of ana_li_3668 with more than 2 hours.",
    ] {
        let all = tickets(&[
            json!({ "hours": 3, "state": "waiting" }),
            json!({ "hours": 7, "state": "waiting" }),
            json!({ "hours": 9, "state": "waiting" }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(asked(&made), Vec::<String>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
}

#[test]
fn a_number_of_elements_is_a_limit() {
    let fields = vec![json!({ "hours": 31 }); 5];
    for (task, taken, all, expected) in [
        (
            "Close the first three tickets of ana_li_3668.",
            vec![0, 1, 2],
            5,
            "TICKETS[:inputs.count]",
        ),
        (
            "Close the first three tickets of ana_li_3668.",
            vec![0, 1, 2],
            3,
            "TICKETS[:inputs.count]",
        ),
        (
            "Close the first three tickets of ana_li_3668.",
            vec![0, 1],
            2,
            "TICKETS[:inputs.count]",
        ),
        (
            "Close the last 2 tickets of ana_li_3668.",
            vec![3, 4],
            5,
            "TICKETS[-inputs.count:]",
        ),
    ] {
        let made = crystallized(&closing(task, &tickets(&fields[..all]), &taken));
        assert_eq!(over(&made), [format!("{{{{ {expected} }}}}")], "{task}");
        assert_eq!(asked(&made), Vec::<String>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
    // The limit is of those that were named.
    let mixed = tickets(&[
        json!({ "state": "waiting" }),
        json!({ "state": "solved" }),
        json!({ "state": "waiting" }),
        json!({ "state": "solved" }),
        json!({ "state": "waiting" }),
    ]);
    let made = crystallized(&closing(
        "Close the first two waiting tickets of ana_li_3668.",
        &mixed,
        &[0, 2],
    ));
    assert_eq!(
        over(&made),
        ["{{ (TICKETS | where('state', inputs.state))[:inputs.count] }}"]
    );
}

#[test]
fn what_is_left_out_by_name_is_followed() {
    let all = tickets(&[
        json!({ "state": "waiting" }),
        json!({ "state": "solved" }),
        json!({ "state": "open" }),
        json!({ "state": "waiting" }),
    ]);
    let made = crystallized(&closing(
        "Close all tickets of ana_li_3668 except the solved ones.",
        &all,
        &[0, 2, 3],
    ));
    assert_eq!(
        over(&made),
        ["{{ TICKETS | rejectattr('state', 'eq', inputs.state) | list }}"]
    );
    assert_eq!(asked(&made), Vec::<String>::new());
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// The recording was made on 2027-01-15.
#[test]
fn an_age_is_counted_from_the_day_of_the_run() {
    let all = tickets(&[
        json!({ "opened_on": "2026-10-02" }),
        json!({ "opened_on": "2026-11-20" }),
        json!({ "opened_on": "2026-12-01" }),
    ]);
    for (task, expected) in [
        (
            "Close the tickets of ana_li_3668 older than 30 days.",
            "TICKETS | selectattr('opened_on', 'lt', run.started_at | format_date('%Y-%m-%d') | add_days(-30)) | list",
        ),
        (
            "Close the tickets of ana_li_3668 opened more than 2 weeks ago.",
            "TICKETS | selectattr('opened_on', 'lt', run.started_at | format_date('%Y-%m-%d') | add_days(-14)) | list",
        ),
        (
            "Close the tickets of ana_li_3668 from the last 200 days.",
            "TICKETS | selectattr('opened_on', 'ge', run.started_at | format_date('%Y-%m-%d') | add_days(-200)) | list",
        ),
    ] {
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), [format!("{{{{ {expected} }}}}")], "{task}");
        assert_eq!(asked(&made), Vec::<String>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
}

fn flights(task: &str, refundable: [Option<bool>; 3], chosen: usize) -> Session {
    let all: Vec<Value> = [("HAT069", 121), ("HAT083", 164), ("HAT271", 190)]
        .iter()
        .zip(refundable)
        .map(|((number, price), refundable)| {
            let mut flight = json!({ "flight_number": number, "price": price });
            if let Some(refundable) = refundable {
                flight["refundable"] = refundable.into();
            }
            flight
        })
        .collect();
    let number = all[chosen]["flight_number"].clone();
    session(
        task,
        vec![
            call(
                "s",
                0,
                "search_flights",
                json!({ "to": "OSL" }),
                json!({ "flights": all }),
            ),
            call(
                "b",
                1,
                "book_flight",
                json!({ "flight_number": number }),
                json!({ "ok": true }),
            ),
        ],
    )
}

fn booked(made: &Crystallized) -> String {
    let with = made.document.steps[1].with.as_ref().unwrap();
    with["arguments"]["flight_number"]
        .as_str()
        .unwrap()
        .replace("steps.search_flights.output.flights", "FLIGHTS")
}

#[test]
fn what_narrows_a_superlative_goes_with_it() {
    let yes = Some(true);
    let task = "Book the cheapest refundable flight to OSL.";
    for refundable in [[yes, yes, yes], [yes, Some(false), yes]] {
        let made = crystallized(&flights(task, refundable, 0));
        assert_eq!(
            booked(&made),
            "{{ (FLIGHTS | where('refundable', true) | min_by('price')).flight_number }}"
        );
        assert_eq!(asked(&made), Vec::<String>::new());
    }
    let made = crystallized(&flights(task, [Some(false), yes, yes], 1));
    assert_eq!(
        booked(&made),
        "{{ (FLIGHTS | where('refundable', true) | min_by('price')).flight_number }}"
    );
    let made = crystallized(&flights(task, [None; 3], 0));
    assert_eq!(asked(&made), ["“refundable”"]);
    assert_eq!(made.report.generalisable, Some(Level::Same));
    let plain = crystallized(&flights("Book the cheapest flight to OSL.", [None; 3], 0));
    assert_eq!(asked(&plain), Vec::<String>::new());
    assert!(plain.report.generalisable >= Some(Level::Renamed));
}

#[test]
fn a_superlative_that_is_turned_round_picks_nothing() {
    for task in [
        "Do not take the cheapest flight to OSL.",
        "Book a flight to OSL, but not the cheapest.",
        "Book the second cheapest flight to OSL.",
        "Book any flight to OSL other than the cheapest.",
        "Don't book the cheapest flight to OSL.",
        "Avoid the cheapest flight to OSL.",
    ] {
        let made = crystallized(&flights(task, [None; 3], 0));
        let written = made.document.steps[1]
            .with
            .as_ref()
            .unwrap()
            .get("arguments")
            .unwrap()
            .to_string();
        assert!(!written.contains("min_by"), "{task}: {written}");
        assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
    }
}

/// Deletes one of three messages, which the sender tells from the others.
fn deleting(task: &str, field: &str, value: Value) -> Session {
    let message = |id: &str, from: &str, value: &Value| {
        let mut message = json!({ "message_id": id, "from": from });
        message[field] = value.clone();
        message
    };
    let all = json!([
        message("M-48121", "Bruno", &value),
        message("M-77340", "Anna", &value),
        message("M-10553", "Carla", &value),
    ]);
    session(
        task,
        vec![
            call(
                "l",
                0,
                "list_messages",
                json!({}),
                json!({ "messages": all }),
            ),
            call(
                "d",
                1,
                "delete_message",
                json!({ "message_id": "M-77340" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn what_else_is_said_of_one_that_is_picked_goes_with_it() {
    for (task, field, value, narrowed, words) in [
        (
            "Delete the unread message from Anna.",
            "read",
            json!(false),
            " | where('read', false)",
            None,
        ),
        (
            "Delete the unread message from Anna.",
            "unread",
            json!(true),
            " | where('unread', true)",
            None,
        ),
        // Nothing stands for it, or the field says the contrary.
        (
            "Delete the unread message from Anna.",
            "size",
            json!(4),
            "",
            Some("“unread”"),
        ),
        (
            "Delete the unread message from Anna.",
            "read",
            json!(true),
            "",
            Some("“unread”"),
        ),
        (
            "Delete the latest message from Anna.",
            "size",
            json!(4),
            "",
            Some("“latest”"),
        ),
        // Nothing else is said of it: a deed that nobody knows is none, either.
        (
            "I want to tweak my message from Anna: delete it.",
            "size",
            json!(4),
            "",
            None,
        ),
        (
            "Delete the message from Anna.",
            "read",
            json!(false),
            "",
            None,
        ),
        (
            "There are unread messages. Delete the message from Anna.",
            "size",
            json!(4),
            "",
            None,
        ),
    ] {
        let made = crystallized(&deleting(task, field, value));
        let with = made.document.steps[1].with.as_ref().unwrap();
        let written = with["arguments"]["message_id"].as_str().unwrap();
        assert_eq!(
            written.replace("steps.list_messages.output.messages", "MESSAGES"),
            format!(
                "{{{{ (MESSAGES | where('from', inputs.from){narrowed} | only).message_id }}}}"
            ),
            "{task}"
        );
        let expected: Vec<&str> = words.into_iter().collect();
        assert_eq!(asked(&made), expected, "{task}");
        assert_eq!(
            made.report.generalisable == Some(Level::Same),
            words.is_some(),
            "{task}"
        );
    }
}

#[test]
fn what_is_looked_at_first_is_asked_about_once() {
    for (read, expected) in [(json!(true), vec!["“unread”"]), (json!(false), Vec::new())] {
        let mut session = deleting(
            "Show me the unread message from Anna and delete it.",
            "read",
            read,
        );
        session.turns.insert(
            2,
            call(
                "g",
                1,
                "get_message",
                json!({ "message_id": "M-77340" }),
                json!({ "message_id": "M-77340", "text": "Hello." }),
            ),
        );
        if let Some(Turn::Call(last)) = session.turns.last_mut() {
            last.batch = 2;
        }
        let made = crystallized(&session);
        assert_eq!(made.document.steps.len(), 3);
        assert_eq!(asked(&made), expected);
        let narrowed = made.document.steps[1..].iter().all(|step| {
            let written = Value::from(step.with.clone().unwrap()).to_string();
            written.contains("where('read', false)")
                || written.contains("get_message") && !written.contains("where('from'")
        });
        assert_eq!(narrowed, expected.is_empty());
    }
}

/// The way back is told by the ends of the way out, turned round: what was said of that is not said of it.
#[test]
fn what_is_said_of_another_is_not_asked_about() {
    let flight = |number: &str, origin: &str, destination: &str| json!({ "flight_number": number, "origin": origin, "destination": destination });
    let made = crystallized(&session(
        "Change my outbound flight from Lisbon to Tromso in reservation R-48121X, and keep the other.",
        vec![
            call(
                "s",
                0,
                "search_offers",
                json!({ "origin": "Lisbon", "destination": "Tromso" }),
                json!({ "offers": [{ "offer_id": "OF-771203" }] }),
            ),
            call(
                "g",
                1,
                "get_reservation",
                json!({ "reservation_id": "R-48121X" }),
                json!({ "flights": [
                    flight("HAT069", "Lisbon", "Tromso"),
                    flight("HAT271", "Tromso", "Lisbon"),
                ] }),
            ),
            call(
                "k",
                2,
                "keep_flight",
                json!({ "flight_number": "HAT271" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    let with = made.document.steps[2].with.as_ref().unwrap();
    let written = with["arguments"]["flight_number"].as_str().unwrap();
    assert!(
        written.contains("where('origin', inputs.destination)"),
        "{written}"
    );
    assert_eq!(asked(&made), Vec::<String>::new());
}

fn cancelling(task: &str) -> Session {
    session(
        task,
        vec![
            call(
                "g",
                0,
                "get_order",
                json!({ "order_id": "#W4817" }),
                json!({ "order_id": "#W4817", "tracking": "Z-77120" }),
            ),
            call(
                "x",
                1,
                "cancel_order",
                json!({ "order_id": "#W4817" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn a_condition_of_a_deed_is_asked_about() {
    for (task, expected) in [
        (
            "Cancel the order #W4817 if it has not shipped.",
            Some("“if it has not shipped”"),
        ),
        (
            "Unless it has shipped, cancel the order #W4817.",
            Some("“Unless it has shipped”"),
        ),
        (
            "Look at #W4817. If it is late, do it: cancel.",
            Some("“If it is late”"),
        ),
        ("Cancel the order #W4817. If you need more, ask me.", None),
        (
            "Can you tell me if #W4817 has shipped? Cancel the order.",
            None,
        ),
        (
            "Storniere die Bestellung #W4817, falls sie nicht versandt ist.",
            Some("“falls sie nicht versandt ist”"),
        ),
    ] {
        let made = crystallized(&cancelling(task));
        let asked = asked(&made);
        assert_eq!(
            asked,
            expected.map(str::to_owned).into_iter().collect::<Vec<_>>(),
            "{task}"
        );
        if expected.is_some() {
            assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
            assert_eq!(made.report.questions[0].id, "condition:cancel_order");
            assert_eq!(made.report.questions[0].choices, ["always", "gate"]);
        }
    }
}

#[test]
fn an_answer_settles_it() {
    let task = "Cancel the order #W4817 if it has not shipped.";
    let answered = |answer: &str| {
        let mut options = bound();
        options
            .answers
            .insert("condition:cancel_order".to_owned(), answer.to_owned());
        crate::tests::build::made(&cancelling(task), &options)
    };
    let made = answered("always");
    assert_eq!(made.report.questions, []);
    assert_eq!(asked(&made), Vec::<String>::new());
    assert!(made.report.generalisable >= Some(Level::Renamed));
    let made = answered("gate");
    assert_eq!(made.report.questions, []);
    assert!(made.report.generalisable >= Some(Level::Renamed));
    assert_eq!(
        chain(&made),
        [
            "get_order tool <- ",
            "approve_cancel_order approval_gate <- get_order",
            "cancel_order tool <- approve_cancel_order"
        ]
    );
    assert_eq!(made.report.counts.gates, 1);
    // The answer was for these words, and holds for no others.
    let mut options = bound();
    options
        .answers
        .insert("condition:cancel_order".to_owned(), "always".to_owned());
    options.answered_for.insert(
        "condition:cancel_order".to_owned(),
        "if it is late".to_owned(),
    );
    let made = crate::tests::build::made(&cancelling(task), &options);
    assert_eq!(asked(&made), ["“if it has not shipped”"]);
    assert!(
        made.report
            .findings
            .iter()
            .any(|finding| finding.code == "answer_outdated")
    );
}

/// Whoever was asked before the step in the recording is asked about this too: there is one gate, and it says both.
#[test]
fn a_gate_that_the_recording_has_is_the_one_that_asks() {
    let mut session = cancelling("Cancel the order #W4817 if it has not shipped.");
    let last = session.turns.len() - 1;
    session
        .turns
        .insert(last, approval(Some("x"), true, "ana", "as she wants"));
    let mut options = bound();
    let answer = ("condition:cancel_order".to_owned(), "gate".to_owned());
    options.answers = [answer].into();
    let made = crate::tests::build::made(&session, &options);
    assert_eq!(made.report.questions, []);
    assert_eq!(
        chain(&made),
        [
            "get_order tool <- ",
            "approve_cancel_order approval_gate <- get_order",
            "cancel_order tool <- approve_cancel_order"
        ]
    );
    assert_eq!(made.report.counts.gates, 1);
    let with = made.document.steps[1].with.as_ref().unwrap();
    let message = with["message"].as_str().unwrap();
    assert!(message.contains("as she wants"), "{message}");
}

#[test]
fn a_loop_can_be_left_one_by_one_or_behind_a_gate() {
    let all = tickets(&[json!({ "hours": 3 }), json!({ "hours": 7 })]);
    let session = closing("Close all unread tickets of ana_li_3668.", &all, &[0, 1]);
    let answered = |answer: &str| {
        let mut options = bound();
        options
            .answers
            .insert("condition:close_ticket".to_owned(), answer.to_owned());
        crate::tests::build::made(&session, &options)
    };
    let made = crystallized(&session);
    assert_eq!(
        made.report.questions[0].choices,
        ["always", "gate", "one_by_one"]
    );
    let made = answered("one_by_one");
    assert_eq!(over(&made), Vec::<String>::new());
    assert!(
        !made
            .report
            .findings
            .iter()
            .any(|finding| finding.code == "answer_not_used")
    );
    let made = answered("gate");
    assert_eq!(over(&made).len(), 1);
    assert_eq!(
        made.document.steps[1].action.as_deref(),
        Some("approval_gate")
    );
    assert_eq!(made.document.steps[2].needs, ["approve_close_ticket"]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn what_the_agent_says_names_nothing() {
    let all = tickets(&[json!({ "hours": 3 }), json!({ "hours": 7 })]);
    let mut session = closing("Close all tickets of ana_li_3668.", &all, &[0, 1]);
    session.turns.insert(
        1,
        said(
            Role::Assistant,
            "I close all unread tickets except old ones.",
        ),
    );
    assert_eq!(asked(&crystallized(&session)), Vec::<String>::new());
}

#[test]
fn a_stay_ends_where_its_length_says() {
    let book = |task: &str| {
        let session = session(
            task,
            vec![call(
                "b",
                0,
                "book_hotel",
                json!({ "hotel": "Sacher", "check_in": "2027-05-03", "check_out": "2027-05-05" }),
                json!({ "ok": true }),
            )],
        );
        let made = crystallized(&session);
        let questions: Vec<Vec<String>> = made
            .report
            .questions
            .iter()
            .map(|question| question.choices.clone())
            .collect();
        let end = made.document.steps[0].with.as_ref().unwrap()["arguments"]["check_out"].clone();
        (end, questions)
    };
    // A day that was said is the person's own, whatever lasts as long.
    for task in [
        "Book the hotel Sacher from 2027-05-03 to 2027-05-05.",
        "Book the hotel Sacher from May 3 to May 5 2027 for 2 nights.",
        "Book a 2-night stay in the hotel Sacher, from 2027-05-03 to 2027-05-05.",
        "Book the hotel Sacher from 2027-05-03 to 2027-05-05. Bob's reservation was for 2 days as well.",
    ] {
        let (end, questions) = book(task);
        assert_eq!(end, json!("{{ inputs.check_out }}"), "{task}");
        assert_eq!(questions, Vec::<Vec<String>>::new(), "{task}");
    }
    // One that only follows from the length is asked about, where the length is said of what begins.
    let (end, questions) = book("Book the hotel Sacher from May 3 2027 for two nights.");
    assert_eq!(end, json!("2027-05-05"));
    assert_eq!(
        questions,
        [["inputs.check_in | add_days(2)", "constant", "input"]]
    );
    let (end, questions) =
        book("Book the hotel Sacher from May 3 2027. Bob's reservation was for 2 days as well.");
    assert_eq!(end, json!("2027-05-05"));
    assert!(
        !questions
            .iter()
            .flatten()
            .any(|choice| choice.contains("add_days"))
    );
}

#[test]
fn what_does_not_plainly_leave_out_is_asked_about_and_not_followed() {
    for task in [
        "Close all tickets of ana_li_3668, not excluding the pinned ones.",
        "Close not only pinned tickets of ana_li_3668 but all tickets.",
        "Close all tickets of ana_li_3668, not only the pinned ones.",
        "Nobody needs the not pinned tickets kept; close all tickets of ana_li_3668.",
        "I don't mind if pinned tickets are closed. Close all tickets of ana_li_3668.",
        "I would not want the pinned tickets kept. Close all tickets of ana_li_3668.",
        "Close all tickets of ana_li_3668 no matter whether they are pinned.",
        "Close the tickets of ana_li_3668 that are unpinned or urgent.",
        "Close the unpinned or urgent tickets of ana_li_3668.",
        "Close the tickets of ana_li_3668 that are no longer pinned.",
        "Close the half-pinned tickets of ana_li_3668.",
    ] {
        let all = tickets(&[
            json!({ "pinned": false }),
            json!({ "pinned": false }),
            json!({ "pinned": false }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), ["{{ TICKETS }}"], "{task}");
        // That it makes no difference narrows nothing.
        let plain = task.starts_with("I don't mind")
            || task.contains("would not want")
            || task.contains("no matter");
        assert!(plain || !asked(&made).is_empty(), "{task}");
    }
}

#[test]
fn a_word_of_another_field_turns_nothing_round() {
    for (task, field, value) in [
        (
            "Close the missed tickets of ana_li_3668.",
            "dismissed",
            false,
        ),
        (
            "Close the closed tickets of ana_li_3668.",
            "disclosed",
            false,
        ),
        (
            "Close the non-pinned tickets of ana_li_3668.",
            "pinned",
            true,
        ),
    ] {
        let all = tickets(&[
            json!({ field: value }),
            json!({ field: value }),
            json!({ field: value }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), ["{{ TICKETS }}"], "{task}");
        assert!(!asked(&made).is_empty(), "{task}");
    }
}

#[test]
fn a_number_that_is_only_a_bound_is_asked_about() {
    for task in [
        "Close at least three tickets of ana_li_3668.",
        "Close up to three tickets of ana_li_3668.",
        "Close more than three tickets of ana_li_3668.",
    ] {
        let all = tickets(&[json!({}), json!({}), json!({})]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), ["{{ TICKETS }}"], "{task}");
        assert!(!asked(&made).is_empty(), "{task}");
    }
}

#[test]
fn an_age_is_bound_to_no_field_of_something_else() {
    for (task, field) in [
        (
            "Close the tickets of ana_li_3668 opened more than 30 days ago.",
            "due_date",
        ),
        (
            "Close the tickets of ana_li_3668 older than 30 days.",
            "closed_on",
        ),
        (
            "Close the tickets of ana_li_3668 older than 30 days but newer than 200 days.",
            "opened_on",
        ),
    ] {
        let all = tickets(&[
            json!({ field: "2026-10-02" }),
            json!({ field: "2026-11-20" }),
            json!({ field: "2026-12-01" }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), ["{{ TICKETS }}"], "{task}");
        assert!(!asked(&made).is_empty(), "{task}");
    }
    let all = tickets(&[
        json!({ "opened_on": "2026-10-02" }),
        json!({ "opened_on": "2026-11-20" }),
        json!({ "opened_on": "2026-12-16" }),
    ]);
    let made = crystallized(&closing(
        "Close the tickets of ana_li_3668 that are at least 30 days old.",
        &all,
        &[0, 1, 2],
    ));
    assert_eq!(
        over(&made),
        [
            "{{ TICKETS | selectattr('opened_on', 'le', run.started_at | format_date('%Y-%m-%d') | add_days(-30)) | list }}"
        ]
    );
}

#[test]
fn a_gate_tells_the_whole_sentence() {
    let all = tickets(&[json!({}), json!({}), json!({})]);
    let closing = closing(
        "Close all tickets of ana_li_3668 but keep the pinned tickets open.",
        &all,
        &[0, 1, 2],
    );
    let asked = made(&closing, &bound());
    let question = asked
        .report
        .questions
        .iter()
        .find(|question| question.id.starts_with("condition:"))
        .unwrap();
    let mut options = bound();
    options.answers = [(question.id.clone(), "gate".to_owned())].into();
    let made = made(&closing, &options);
    let gate = made
        .document
        .steps
        .iter()
        .find(|step| step.action.as_deref() == Some("approval_gate"))
        .unwrap();
    let message = &gate.with.as_ref().unwrap()["message"];
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("but keep the pinned tickets open"),
        "{message}"
    );
}
