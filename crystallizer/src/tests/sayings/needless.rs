//! What says nothing that the draft would go on without.

use super::*;
use crate::session::Role;

fn done(id: &str, batch: u32, tool: &str, sent: Value) -> crate::Turn {
    call(id, batch, tool, sent, json!({ "ok": true }))
}

#[test]
fn the_unit_of_a_number_that_a_filter_compares_is_carried() {
    let orders = json!([
        { "id": "o-60111", "total": 12.0, "status": "shipped" },
        { "id": "o-60112", "total": 55.0, "status": "shipped" },
        { "id": "o-60113", "total": 90.0, "status": "shipped" },
        { "id": "o-60114", "total": 190.0, "status": "open" },
    ]);
    let play = |task: &str| {
        session(
            task,
            vec![
                call("l", 0, "list_orders", json!({}), orders.clone()),
                done("a", 1, "refund", json!({ "id": "o-60112" })),
                done("b", 2, "refund", json!({ "id": "o-60113" })),
            ],
        )
    };
    hold_asked(
        &[
            ("Refund all orders over 20 euros that are shipped.", false),
            ("Refund all orders over 20 dollars that are shipped.", false),
            ("Refund all orders over 20 kilos that are shipped.", true),
            (
                "Refund all orders over 20 euros that are shipped and insured.",
                true,
            ),
        ],
        play,
    );
}

#[test]
fn what_a_person_dictates_is_said_of_nothing_else() {
    let mails = json!([
        { "id": "m-30111", "from": "Anna Kurz", "date": "2027-01-03" },
        { "id": "m-30112", "from": "Anna Kurz", "date": "2027-01-05" },
    ]);
    let play = |task: &str| {
        let body = match task.contains("if it rains") {
            true => "I will stay if it rains.",
            false => "I will come.",
        };
        session(
            task,
            vec![
                call(
                    "s",
                    0,
                    "search_mail",
                    json!({ "from": "Anna Kurz" }),
                    mails.clone(),
                ),
                done(
                    "r",
                    1,
                    "reply_mail",
                    json!({ "id": "m-30112", "body": body }),
                ),
            ],
        )
    };
    hold_asked(
        &[
            (
                "Reply to the latest mail from Anna Kurz that I will come.",
                false,
            ),
            (
                "Reply to the latest mail from Anna Kurz that I will stay if it rains.",
                false,
            ),
            (
                "Reply to the latest mail from Anna Kurz that is unread that I will come.",
                true,
            ),
            (
                "Reply to the latest mail from Anna Kurz that I will come, if it is unread.",
                true,
            ),
        ],
        play,
    );
}

#[test]
fn what_a_thing_does_the_most_of_is_no_further_condition() {
    let pods = json!([
        { "pod": "web-7f9c1", "memory_mb": 512, "ready": true },
        { "pod": "web-7f9c2", "memory_mb": 812, "ready": true },
    ]);
    let play = |task: &str| {
        session(
            task,
            vec![
                call(
                    "l",
                    0,
                    "list_pods",
                    json!({ "namespace": "shop" }),
                    pods.clone(),
                ),
                done(
                    "r",
                    1,
                    "restart_pod",
                    json!({ "pod": "web-7f9c2", "namespace": "shop" }),
                ),
            ],
        )
    };
    hold_asked(
        &[
            (
                "Restart the pod that uses the most memory in namespace shop.",
                false,
            ),
            (
                "Restart the pod that uses the most memory and fails in namespace shop.",
                true,
            ),
        ],
        play,
    );
}

#[test]
fn what_one_value_is_picked_by_stands_beside_what_another_is_picked_by() {
    let accounts = json!([
        { "id": "AC-10011", "type": "savings", "locked": false },
        { "id": "AC-10012", "type": "checking", "locked": false },
    ]);
    let play = |task: &str| {
        session(
            task,
            vec![
                call("l", 0, "list_accounts", json!({}), accounts.clone()),
                done(
                    "t",
                    1,
                    "transfer",
                    json!({ "from": "AC-10011", "to": "AC-10012", "amount": 150 }),
                ),
            ],
        )
    };
    hold_asked(
        &[
            (
                "Transfer 150 euros from my savings account to my checking account.",
                false,
            ),
            (
                "Transfer 150 euros from my savings account to my Irish checking account.",
                true,
            ),
        ],
        play,
    );
}

/// Names that stand in a text are sent as a list.
fn listed(names: &[&str]) -> Session {
    let text = format!(
        "Hotels in Paris:\n{}\n",
        ["Le Marais", "Good Night", "Luxury Palace"].join("\n")
    );
    session(
        "Find a hotel in Paris and note its price.",
        vec![
            call(
                "h",
                0,
                "get_hotels",
                json!({ "city": "Paris" }),
                json!(text),
            ),
            call(
                "p",
                1,
                "get_prices",
                json!({ "hotel_names": names }),
                json!("100, 200"),
            ),
            call(
                "q",
                2,
                "get_ratings",
                json!({ "hotel_names": names }),
                json!("4, 5"),
            ),
        ],
    )
}

#[test]
fn a_list_of_names_from_a_text_is_one_question() {
    let session = listed(&["Le Marais", "Good Night", "Luxury Palace"]);
    let made = crystallized(&session);
    let ids: Vec<&str> = made
        .report
        .questions
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(ids, ["source:get_prices:/hotel_names"]);
    let text = &made.report.questions[0].text;
    assert!(
        text.contains("[Le Marais, Good Night")
            && text.contains("the text that `get_hotels` answered"),
        "{text}"
    );
    assert_eq!(made.report.questions[0].choices, ["constant", "input"]);
    // One answer makes one input of it, for both calls.
    let answers = [(
        "source:get_prices:/hotel_names".to_owned(),
        "input".to_owned(),
    )];
    let options = crate::Options {
        answers: answers.into(),
        ..bound()
    };
    let answered = super::super::build::made(&session, &options);
    assert_eq!(answered.report.questions, []);
    let document = druse_engine::definition::to_yaml(&answered.document);
    assert_eq!(
        document.matches("{{ inputs.hotel_name }}").count(),
        2,
        "{document}"
    );
    // A single name is asked about as before.
    let made = crystallized(&listed(&["Good Night"]));
    assert_eq!(
        made.report.questions[0].id,
        "source:get_prices:/hotel_names/0"
    );
}

/// A name is looked up, an order is cancelled, and then the person says something.
fn afterwards(later: &str, looked: &str) -> Session {
    session(
        "Cancel order W48121 for me, I am Jon Smit.",
        vec![
            done("c", 0, "cancel_order", json!({ "order_id": "W48121" })),
            said(
                Role::Assistant,
                "It is cancelled. Anything else for Jon Smit?",
            ),
            said(Role::User, later),
            call(
                "f",
                1,
                "find_customer",
                json!({ "name": looked }),
                json!({ "customer": "c-77121" }),
            ),
        ],
    )
}

#[test]
fn a_correction_that_the_agent_took_up_is_no_objection_to_what_was_done() {
    for (later, looked, expected) in [
        ("That's wrong, my name is spelled Jhon.", "Jhon Smit", false),
        ("No, that's incorrect, it's Schmidt.", "Jon Schmidt", false),
        // Nothing was looked for by what was said.
        ("That's wrong, my name is spelled Jhon.", "Anna Kurz", true),
        ("That's wrong. My order was another one.", "Jon Smit", true),
        ("You should not have cancelled it.", "Jhon Smit", true),
    ] {
        let made = crystallized(&afterwards(later, looked));
        assert_eq!(
            !unshown(&made).is_empty(),
            expected,
            "{later} {:?}",
            unshown(&made)
        );
    }
}

#[test]
fn what_points_back_is_shown_with_what_it_points_at() {
    let task = "Is room 4 free on Monday? If so, book it for two hours.";
    let made = crystallized(&session(
        task,
        vec![done("b", 0, "book_room", json!({ "room": 4, "hours": 2 }))],
    ));
    let asked: Vec<&String> = made.report.questions.iter().map(|one| &one.text).collect();
    assert!(
        asked
            .iter()
            .any(|text| text.contains("Is room 4 free on Monday? *If so*, book it")),
        "{asked:?}"
    );
}

#[test]
fn of_work_on_files_less_is_a_condition() {
    let play = |task: &str| {
        session(
            task,
            vec![done(
                "e",
                0,
                "edit",
                json!({ "path": "src/footer.ts", "oldText": "a1", "newText": "b1" }),
            )],
        )
    };
    hold_asked(
        &[
            ("Make the footer dimmer, don't modify the theme.", false),
            ("Edit the footer, or else we get artifacts.", false),
            ("Edit the footer, don't edit the footer text.", true),
        ],
        play,
    );
    let started = |task: &str| {
        session(
            task,
            vec![done("s", 0, "start_engine", json!({ "mode": "START" }))],
        )
    };
    hold_asked(
        &[
            ("Start the engine so I can ensure all is smooth.", false),
            (
                "Start the engine, and ensure the doors are locked first.",
                true,
            ),
        ],
        started,
    );
}
