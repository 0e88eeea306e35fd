//! Sayings about a single deed.

use super::*;
use crate::session::Role;

/// One order is cancelled.
fn cancelling(task: &str) -> Session {
    let order = json!({ "order_id": "W48121", "status": "pending" });
    with_order(task, order, "cancel_order")
}

#[test]
fn a_single_deed_in_a_language_that_is_not_read_is_asked_about() {
    for (task, expected) in [
        ("Cancel order W48121, please.", false),
        ("Storniere bitte order W48121.", false),
        (
            "Annule la commande W48121 si elle n'est pas expédiée.",
            true,
        ),
        ("Cancela el pedido W48121 si no ha sido enviado.", true),
        ("Annule la commande W48121 s'il te plaît.", false),
        ("Отмени заказ W48121, если он не отправлен.", true),
    ] {
        let made = crystallized(&cancelling(task));
        let asked = unshown(&made);
        assert_eq!(asked.len(), usize::from(expected), "{task} {asked:?}");
    }
    // What the person agreed to is not read either; a name is.
    let mut session = cancelling("Cancel order W48121.");
    session
        .turns
        .insert(1, said(Role::User, "Mia Li, 12345 Boston"));
    assert_eq!(unshown(&crystallized(&session)), Vec::<&str>::new());
}

#[test]
fn what_a_single_deed_hangs_on_is_asked_about() {
    let cases = [
        ("Cancel order W48121.", false),
        ("Cancel order W48121, I no longer need it.", false),
        (
            "Cancel my order W48121 because it was ordered by mistake.",
            false,
        ),
        ("Cancel order W48121 due to some money issues.", false),
        ("Due to a mistake, cancel order W48121.", false),
        (
            "I want to cancel order W48121. I noticed after that it is wrong.",
            false,
        ),
        (
            "Hi, I placed an order before my holiday and want to cancel order W48121.",
            false,
        ),
        (
            "Cancel order W48121 and then tell me once it's done.",
            false,
        ),
        ("Cancel only order W48121.", false),
        ("I only want to cancel order W48121.", false),
        ("Cancel order W48121 after all.", false),
        ("Can you help me? Cancel order W48121.", false),
        ("Cancel order W48121 once it is paid.", true),
        ("Once it is paid, cancel order W48121.", true),
        ("As soon as it is paid cancel order W48121.", true),
        ("After Anna agreed cancel order W48121.", true),
        ("Cancel order W48121 while it is pending.", true),
        ("Cancel order W48121 before it ships.", true),
        ("Cancel order W48121 until Friday.", true),
        ("Wait until Friday and then cancel order W48121.", true),
        ("Cancel order W48121 with Anna's consent.", true),
        ("Cancel order W48121 without a fee.", true),
        ("Cancel order W48121 for free only.", true),
        ("Cancel order W48121 except the lamp.", true),
        ("Cancel everything in order W48121 but the lamp.", true),
        ("Cancel half of order W48121.", true),
        ("Cancel order W48121 tomorrow.", true),
        ("Storniere order W48121 erst am Freitag.", true),
        ("Storniere order W48121, sobald sie bezahlt ist.", true),
        ("Look at order W48121. Not shipped? Cancel it.", true),
        ("Is order W48121 pending? Then cancel it.", true),
        ("Cancel order W48121. It must have been paid.", true),
        ("Cancel order W48121. It has to be pending still.", true),
        ("Check that order W48121 is paid and cancel it.", true),
        ("Verify that order W48121 was paid, then cancel it.", true),
        ("Cancel order W48121 after checking that it was paid.", true),
        (
            "Make sure at least 50 are left and cancel order W48121.",
            true,
        ),
        (
            "Cancel order W48121. Only paid orders may be cancelled.",
            true,
        ),
        ("Cancel order W48121. The limit for refunds is 100.", true),
        (
            "Cancel order W48121 - there has to be enough money on the account.",
            true,
        ),
        ("Cancel order W48121. It must be cancelled.", false),
        ("Make sure to cancel order W48121.", false),
        ("Please make sure you cancel order W48121.", false),
        ("I must have order W48121 cancelled.", false),
        (
            "Cancel order W48121. I have to be in Rome on Friday.",
            false,
        ),
    ];
    hold_asked(&cases, cancelling);
}

#[test]
fn what_is_added_to_a_single_deed_is_asked_about() {
    let asked = [
        "On Friday cancel order W48121.",
        "On Friday, cancel order W48121.",
        "Cancel order W48121 on Friday.",
        "Cancel order W48121 next week.",
        "Cancel order W48121 in two hours.",
        "Cancel order W48121 at 5 pm.",
        "Cancel order W48121 every Monday.",
        "Cancel order W48121 at no cost.",
        "Cancel order W48121 for free.",
        "Cancel order W48121 free of charge.",
        "Cancel one item of order W48121.",
        "Cancel two of the items in order W48121.",
        "Cancel the lamp in order W48121.",
        "Cancel order W48121 partially.",
        "Cancel order W48121 anonymously.",
        "Cancel order W48121 with a full refund to my card.",
        "Cancel order W48121 via Anna's account.",
        "Cancel order W48121 as a goodwill gesture.",
        "Cancel order W48121 but keep the lamp.",
        "Cancel order W48121 and leave the lamp in it.",
        "Cancel order W48121, not the lamp.",
        "Cancel order W48121, but not the lamp.",
        "Cancel order W48121 instead of W48122.",
        "Cancel order W48121. Don't touch the gift.",
        "Cancel order W48121. Don't use Anna's account.",
        "Cancel order W48121. Leave the lamp out.",
        "Cancel order W48121. No gift card, please.",
        "Cancel order W48121. Only the lamp.",
        "Cancel order W48121. Just the lamp, please.",
        "Cancel order W48121. I need the lamp though.",
        "Cancel order W48121. I'd like a written confirmation.",
        "I need a confirmation by fax. Cancel order W48121.",
        "Cancel order W48121, lamp only.",
        "Cancel order W48121 when Anna agrees.",
        "Should Anna agree, cancel order W48121.",
        "It may be late. In that case cancel order W48121.",
        "Cancel order W48121 subject to Anna's ok.",
        "Is order W48121 late? Cancel it.",
        "Late? Cancel order W48121.",
        "Cancel order W48121, nothing above 100.",
        "Cancel order W48121 at most once.",
        "Cancel order W48121 for under 50 euros.",
        "Cancel order W48121, preferably without a fee.",
        "Never cancel shipped orders, but cancel order W48121.",
        "Cancel order W48121 only if it is late.",
        "Cancel order W48121 unless it's a gift.",
        "Ask Anna about order W48121 and cancel it if she agrees.",
    ];
    let not = [
        "Please go ahead and cancel order W48121 as discussed.",
        "Cancel order W48121 as usual.",
        "As agreed, cancel order W48121.",
        "Cancel order W48121, thanks, and have a nice day!",
        "Would you mind cancelling order W48121?",
        "I'd like to cancel order W48121, please.",
        "Could you kindly cancel order W48121 for me?",
        "Cancel order W48121, which I placed on Friday.",
        "Cancel order W48121 that I bought on Friday.",
        "I ordered it on Friday. Cancel order W48121.",
        "The parcel came on Monday. Cancel order W48121.",
        "Cancel order W48121, I do not need it.",
        "Cancel order W48121, no rush.",
        "Cancel order W48121. No need to reply.",
        "Cancel order W48121. Don't worry about the lamp.",
        "Cancel order W48121. Don't send me a mail.",
        "Cancel order W48121 by Friday.",
        "Hello, I need help with order W48121. Cancel it.",
        "I want order W48121 cancelled.",
        "I need you to cancel order W48121.",
        "Cancel order W48121. It arrived damaged.",
        "Cancel order W48121. Sorry for the trouble.",
        "Is this possible? Cancel order W48121.",
        "Can you do that? Cancel order W48121.",
        "Cancel order W48121.\nCarla",
        "Cancel order W48121. Thanks, Carla Meier",
        "Cancel order W48121. Carla Meier",
    ];
    let all = asked.map(|task| (task, true));
    let all: Vec<(&str, bool)> = all
        .into_iter()
        .chain(not.map(|task| (task, false)))
        .collect();
    hold_asked(&all, cancelling);
}

/// What is told beside the deed and no call does is asked about; what a call does, or what is told to the agent, is not.
#[test]
fn an_order_that_nothing_does_is_asked_about() {
    let cases = [
        ("Cancel order W48121 and mail Anna.", true),
        ("Cancel order W48121 and send an email to Anna.", true),
        ("Cancel order W48121. Notify the customer.", true),
        ("Cancel order W48121, then refund it.", true),
        ("Please delete the account. And cancel order W48121.", true),
        ("Storniere order W48121 und schreibe Anna.", true),
        ("Cancel order W48121 and tell me its total.", false),
        ("Cancel order W48121 and send me the total.", false),
        ("Cancel order W48121. Don't mail Anna.", false),
        ("Cancel order W48121. Book 5 hours for it.", false),
        ("Cancel order W48121, it was ordered by mistake.", false),
    ];
    hold_asked(&cases, cancelling);
    let made = crystallized(&cancelling("Cancel order W48121 and mail Anna."));
    let question = &made.report.questions[0];
    assert_eq!(question.id, "undone:cancel_order");
    assert_eq!(question.choices, ["always", "gate"]);
    assert!(question.text.contains("*mail Anna*"), "{}", question.text);
    assert_eq!(made.report.generalisable, Some(Level::Same));
    // Once it is answered a run goes without it.
    let answer = [("undone:cancel_order".to_owned(), "always".to_owned())];
    let options = crate::Options {
        answers: answer.into(),
        ..bound()
    };
    let session = cancelling("Cancel order W48121 and mail Anna.");
    let answered = super::super::build::made(&session, &options);
    assert_eq!(answered.report.questions, []);
    assert!(answered.report.generalisable >= Some(Level::Renamed));
    // Where somebody is mailed, nothing is missing.
    let mut session = cancelling("Cancel order W48121 and mail anna@example.com.");
    let sent = json!({ "to": "anna@example.com", "body": "It is done." });
    session
        .turns
        .push(call("m", 2, "send_message", sent, json!({ "ok": true })));
    assert_eq!(unshown(&crystallized(&session)), Vec::<&str>::new());
}

/// One flight is looked up and booked; the day may be told to the tool.
fn booking(task: &str) -> Session {
    let mut asked = json!({ "flight_number": "HAT069" });
    if task.contains("Monday") {
        asked["date"] = json!("2027-01-18");
    }
    session(
        task,
        vec![
            call(
                "g",
                0,
                "get_flight",
                asked,
                json!({ "flight_number": "HAT069", "gate": "B4" }),
            ),
            call(
                "b",
                1,
                "book_flight",
                json!({ "flight_number": "HAT069", "passengers": 2 }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn what_a_booking_is_to_have_is_told_to_the_tool_or_asked_about() {
    hold_asked(
        &[
            ("Book flight HAT069 for 2 passengers.", false),
            ("Book flight HAT069 for two passengers on Monday.", false),
            ("Book flight HAT069 for 2 passengers on Tuesday.", true),
            ("On Wednesday book flight HAT069 for 2 passengers.", true),
            ("Book flight HAT069 for three passengers.", true),
            (
                "Book flight HAT069 with a window seat for 2 passengers.",
                true,
            ),
            (
                "Book flight HAT069 for 2 passengers. I need a window seat.",
                true,
            ),
            (
                "Book flight HAT069 for 2 passengers. I'd prefer an aisle seat.",
                true,
            ),
            (
                "Book flight HAT069 for 2 passengers. Window seat, please.",
                true,
            ),
            ("Book flight HAT069 for 2 passengers, window seat.", true),
            (
                "Book flight HAT069 for 2 passengers including breakfast.",
                true,
            ),
            (
                "Book flight HAT069 for 2 passengers in business class.",
                true,
            ),
            (
                "Book flight HAT069 for 2 passengers at no extra charge.",
                true,
            ),
            ("Book flight HAT069 for 2 passengers, no middle seat.", true),
            (
                "Book flight HAT069 for 2 passengers. Not in the middle.",
                true,
            ),
            (
                "Book flight HAT069 for 2 passengers. They should sit together.",
                true,
            ),
        ],
        booking,
    );
}

/// The one flight that a search finds is booked.
fn found_and_booked(task: &str) -> Session {
    let asked = json!({ "to": "OSL", "cabin": "economy" });
    let found = json!({ "flights": [{ "flight_number": "HAT069", "price": 121 }] });
    let taken = json!({ "flight_number": "HAT069" });
    session(
        task,
        vec![
            call("s", 0, "search_flights", asked, found),
            call("b", 1, "book_flight", taken, json!({ "ok": true })),
        ],
    )
}

/// Whatever was found is taken, so that a word which says of it what it is like chooses nothing.
#[test]
fn a_word_for_what_is_taken_out_of_an_answer_is_carried_or_asked_about() {
    hold_asked(
        &[
            ("Find flights to OSL in economy and book the flight.", false),
            ("Book the flight to OSL in economy.", false),
            ("Book the economy flight to OSL.", false),
            ("Please book the entire flight to OSL in economy.", false),
            (
                "Book the quiet flight HAT069 to OSL, it is in economy.",
                false,
            ),
            // What stands behind another thing, or is its title, says nothing of what is taken.
            (
                "Book the flight to OSL in economy for the quiet flight crew.",
                false,
            ),
            (
                "Book the flight to OSL in economy. Use the title flight.",
                false,
            ),
            ("Book the quiet flight to OSL in economy.", true),
            (
                "Find flights to OSL in economy. Book the quiet flight.",
                true,
            ),
            ("Find flights to OSL in economy. Book the quiet one.", true),
            (
                "Find flights to OSL in economy. Take my usual small flight.",
                true,
            ),
        ],
        found_and_booked,
    );
}

/// An order is locked, a dispute is made of it, and then a message is sent.
fn disputing(task: &str) -> Session {
    let id = json!({ "order_id": "W48121" });
    let order = json!({ "order_id": "W48121", "status": "lost" });
    let done = json!({ "ok": true });
    session(
        task,
        vec![
            call("g", 0, "get_order", id.clone(), order),
            call("k", 1, "lock_order", id.clone(), done.clone()),
            call("x", 2, "create_dispute", id.clone(), done.clone()),
            call("m", 3, "send_message", id, done),
        ],
    )
}

#[test]
fn a_condition_is_of_the_deed_that_is_meant_by_a_word_like_it() {
    for task in [
        "Look at order W48121. If its status is lost, open a claim unless I say otherwise.",
        "Look at order W48121. If its status is lost, open a claim, otherwise send a message.",
        "Look at order W48121. If its status is lost, open a dispute, otherwise send a message.",
    ] {
        let made = crystallized(&disputing(task));
        let steps: Vec<&str> = made
            .report
            .findings
            .iter()
            .filter(|finding| finding.code == "condition_not_shown")
            .filter_map(|finding| finding.step.as_deref())
            .collect();
        assert_eq!(steps.first(), Some(&"create_dispute"), "{task} {steps:?}");
    }
}

/// An order is refunded.
fn refunding(task: &str) -> Session {
    let order = json!({ "order_id": "W48121", "status": "delivered" });
    with_order(task, order, "refund_order")
}

#[test]
fn how_something_is_given_back_is_told_to_the_tool_or_asked_about() {
    hold_asked(
        &[
            ("Refund order W48121.", false),
            ("Refund order W48121 in store credit.", true),
            ("Refund order W48121 as store credit.", true),
            ("Refund order W48121 to the gift card.", true),
            ("Refund order W48121 to my PayPal.", true),
            ("Please refund order W48121 onto Anna's card.", true),
            ("Refund order W48121 to me.", false),
            ("Refund order W48121 to the customer.", false),
        ],
        refunding,
    );
    let with_card = |task: &str| {
        let sent = json!({ "order_id": "W48121", "payment_id": "gift_card_5128346" });
        session(
            task,
            vec![call("r", 0, "refund_order", sent, json!({ "ok": true }))],
        )
    };
    hold_asked(
        &[("Refund order W48121 to the gift card.", false)],
        with_card,
    );
}

#[test]
fn what_somebody_does_themselves_of_a_single_deed_is_asked_about() {
    hold_asked(
        &[
            ("Cancel order W48121. The lamp I will do myself.", true),
            ("Cancel order W48121. I'll book the new one myself.", false),
            ("Cancel order W48121. I tried it myself.", false),
        ],
        cancelling,
    );
}

/// Things of many kinds are looked up and changed, each by the id that was found.
#[test]
fn what_is_said_of_many_kinds_of_things_is_read_once() {
    const KINDS: usize = 300;
    let mut turns = Vec::new();
    let mut batch = 0;
    for kind in 0..KINDS {
        let letters: String = [kind / 26 / 26, kind / 26 % 26, kind % 26]
            .iter()
            .filter_map(|at| char::from_digit(u32::try_from(at + 10).unwrap(), 36))
            .collect();
        let id = format!("ID-{}", 481_210 + kind * 7_919);
        turns.push(call(
            &format!("g{kind}"),
            batch,
            &format!("get_{letters}box"),
            json!({ "lane": format!("lane-{kind}") }),
            json!({ "ref": id }),
        ));
        turns.push(call(
            &format!("u{kind}"),
            batch + 1,
            &format!("update_{letters}box"),
            json!({ "ref": id }),
            json!({ "ok": true }),
        ));
        batch += 2;
    }
    // A hundred messages of short sentences that name none of them.
    for number in 0..100 {
        let text = "The lamps in the hall were bright and the floor was clean. ".repeat(18);
        turns.insert(number, said(Role::User, &text));
    }
    let made = crystallized(&session("Update what you find in the boxes.", turns));
    let codes = codes(&made.report.findings);
    let cut = codes.iter().find(|code| code.contains("words_not_read"));
    assert_eq!(cut, None);
}

/// A stock is looked up, and something is ordered.
fn ordering(task: &str) -> Session {
    let sku = json!({ "sku": "SKU-44712" });
    session(
        task,
        vec![
            call(
                "g",
                0,
                "get_stock",
                sku.clone(),
                json!({ "sku": "SKU-44712", "available": 0 }),
            ),
            call("x", 1, "create_entry", sku, json!({ "ok": true })),
        ],
    )
}

#[test]
fn an_order_in_a_word_that_is_mostly_none_is_an_order() {
    hold_asked(
        &[
            ("Order SKU-44712.", false),
            ("Order SKU-44712 if possible.", false),
            ("Is SKU-44712 in stock? If not, order it.", true),
            ("Is SKU-44712 in stock? Otherwise order it.", true),
            ("Check SKU-44712 and order it if not.", true),
            ("Look at SKU-44712. Only order it when there is none.", true),
            ("Order SKU-44712 unless we still have some.", true),
            ("If fewer than 5 of SKU-44712 are left, order more.", true),
            ("If SKU-44712 is late, turn it off.", true),
            ("If SKU-44712 is late, let the team know.", true),
            ("If SKU-44712 is late, tell Anna.", true),
            ("Look at SKU-44712. If it is late, let me know.", false),
            ("Look at SKU-44712. If it is late, tell me.", false),
        ],
        ordering,
    );
}

#[test]
fn what_is_sent_as_it_was_quoted_is_no_condition() {
    let commented = |task: &str| {
        let id = json!({ "order_id": "W48121" });
        let mut sent = id.clone();
        sent["text"] = "Closed as stale. Reopen it if it still happens.".into();
        session(
            task,
            vec![
                call("g", 0, "get_order", id, json!({ "order_id": "W48121" })),
                call("x", 1, "comment_order", sent, json!({ "ok": true })),
            ],
        )
    };
    hold_asked(
        &[
            (
                "Comment order W48121 with \"Closed as stale. Reopen it if it still happens.\"",
                false,
            ),
            (
                "Comment order W48121 with \"Closed as stale. Reopen it if it still happens.\" if it is old.",
                true,
            ),
        ],
        commented,
    );
}
