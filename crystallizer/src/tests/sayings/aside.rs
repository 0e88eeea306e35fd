//! Sayings beside an order for all of something, reasons, and the day of a deed that every pass is told.

use super::*;

/// Each customer of a tier is looked up, and each of their requests is answered; one of the customers lives in Bonn.
fn nested(task: &str) -> Session {
    let customers = json!({ "customers": [
        { "customer_id": "cus_48121", "city": "Kiel", "mail": "a@x.example" },
        { "customer_id": "cus_77340", "city": "Bonn", "mail": "b@x.example" },
        { "customer_id": "cus_10553", "city": "Graz", "mail": "c@x.example" },
    ] });
    let requests = [
        ("cus_48121", vec!["rq_3317", "rq_9052"]),
        ("cus_77340", vec!["rq_6120"]),
        ("cus_10553", vec!["rq_4408", "rq_7719"]),
    ];
    let asked = json!({ "tier": "gold" });
    let mut turns = vec![call("l", 0, "list_customers", asked, customers)];
    let mut batch = 1;
    for (customer, ids) in requests {
        let all: Vec<Value> = ids
            .iter()
            .map(|id| json!({ "request_id": id, "state": "waiting" }))
            .collect();
        let asked = json!({ "customer_id": customer });
        let found = json!({ "requests": all });
        turns.push(call(
            &format!("r{batch}"),
            batch,
            "list_requests",
            asked,
            found,
        ));
        batch += 1;
        for id in ids {
            turns.push(call(
                &format!("a{batch}"),
                batch,
                "answer_request",
                json!({ "request_id": id }),
                json!({ "ok": true }),
            ));
            batch += 1;
        }
    }
    session(task, turns)
}

fn is_folded(made: &Crystallized) -> bool {
    let outer = made.document.steps.iter().find(|step| {
        step.for_each.as_ref().is_some_and(|each| {
            each.items.as_str() == Some("{{ steps.list_customers.output.customers }}")
        })
    });
    outer.is_some_and(|step| step.steps.iter().any(|inner| inner.for_each.is_some()))
}

#[test]
fn where_somebody_lives_picks_nobody_out_of_all() {
    for (task, expected) in [
        (
            "I live in Bonn. Take every customer of tier gold. Answer all of their requests.",
            true,
        ),
        // So are those that are meant, and who says that the others are waiting may mean none of these.
        (
            "I'm from Bonn. Take every customer of tier gold. Answer all of their requests.",
            false,
        ),
        (
            "Ich wohne in Bonn. Take every customer of tier gold. Answer all of their requests.",
            true,
        ),
        // What is said of the work may say which are meant.
        (
            "We look after Bonn. Take every customer of tier gold. Answer all of their requests.",
            false,
        ),
        (
            "I live in Bonn. Take the customers of tier gold. Answer their requests.",
            false,
        ),
    ] {
        let made = crystallized(&nested(task));
        let accepted = made.report.generalisable >= Some(Level::Renamed)
            && made.report.questions.is_empty()
            && unshown(&made).is_empty();
        assert_eq!(accepted && is_folded(&made), expected, "{task}");
    }
}

/// All tickets of a list are closed; they are all waiting, and of one desk.
fn closing(task: &str) -> Session {
    let all = ["T-48121", "T-77340", "T-10553"]
        .map(|id| json!({ "ticket_id": id, "state": "waiting", "kind": "invoice" }));
    let asked = json!({ "queue": "desk_2207" });
    super::super::build::closing(task, asked, &all, &[0, 1, 2])
}

#[test]
fn reports_reasons_and_where_a_deed_begins_are_told_apart_from_what_narrows() {
    hold_asked(
        &[
            (
                "Everything else I had was waiting. Close all tickets of desk_2207.",
                true,
            ),
            (
                "The rest was waiting. Close every ticket of desk_2207.",
                true,
            ),
            (
                "The rest was waiting. Close the tickets of desk_2207.",
                true,
            ),
            (
                "Everything else I had was waiting, so skip it. Close all tickets of desk_2207.",
                true,
            ),
            (
                "I only want the waiting tickets of desk_2207 closed.",
                false,
            ),
            ("I only want the urgent tickets of desk_2207 closed.", true),
            (
                "Go through the tickets that are waiting and deal with each of them.",
                false,
            ),
            (
                "Go through the tickets that are urgent and deal with each of them.",
                true,
            ),
            // They may be the ones that have that reason.
            (
                "Close all tickets in desk_2207 due to some staff issues.",
                true,
            ),
            (
                "Close all tickets of desk_2207 due to a printing error.",
                true,
            ),
            ("Close all tickets in desk_2207 owing to my mistake.", true),
            (
                "Schließe alle Tickets von desk_2207 wegen Lieferverzug.",
                true,
            ),
            (
                "Schließe alle Tickets von desk_2207 aufgrund meiner Eingabe.",
                true,
            ),
            (
                "Due to a printing error close all tickets of Bob in desk_2207.",
                true,
            ),
            (
                "Due to some staff issues, close all tickets of desk_2207.",
                false,
            ),
            (
                "Close all tickets of desk_2207, due to a family emergency.",
                false,
            ),
            ("Close all tickets due to a printing error.", true),
            ("Close all tickets in desk_2207 due to expire.", true),
            ("Close all tickets in desk_2207 due to the board.", true),
        ],
        closing,
    );
}

/// All tickets of a list are closed, and only some of them are waiting.
fn closing_both(task: &str) -> Session {
    let all = [
        ("T-48121", "waiting"),
        ("T-77340", "open"),
        ("T-10553", "waiting"),
    ]
    .map(|(id, state)| json!({ "ticket_id": id, "state": state }));
    let asked = json!({ "queue": "desk_2207" });
    super::super::build::closing(task, asked, &all, &[0, 1, 2])
}

/// Those that are meant are not so, and some that were taken are so: the sentence is not about this list.
#[test]
fn how_the_rest_was_leaves_out_nothing_of_what_is_both_ways() {
    let order = "Close all tickets of desk_2207.";
    let told = |aside: &str| format!("{aside} {order}");
    let cases = [
        (told("Everything else I had was waiting."), false),
        (told("The rest was already waiting."), false),
        (told("The others were waiting."), false),
        (told("Everything else is waiting."), true),
        (told("Everything else gets waiting."), true),
        (told("Everything else I had was waiting, so skip it."), true),
        (told("The rest was only waiting."), true),
        (told("The rest was waiting or held."), true),
        (told("The rest was not waiting."), true),
        (told("The rest was waiting for Anna."), true),
        (told("The waiting ones were mine."), true),
        (told("Waiting was no option."), true),
        (
            "The rest was waiting. Close the tickets of desk_2207.".to_owned(),
            true,
        ),
        (
            "The rest was waiting. Close any ticket of desk_2207.".to_owned(),
            true,
        ),
    ];
    let cases: Vec<(&str, bool)> = cases
        .iter()
        .map(|(task, expected)| (task.as_str(), *expected))
        .collect();
    hold_asked(&cases, closing_both);
}

/// Of each customer of a tier the requests that are waiting are answered; one of the customers lives in Bonn. `place` is
/// where each request is from.
fn waiting_of_each(task: &str, place: &str, counts: [usize; 3]) -> Session {
    let customers = json!({ "customers": [
        { "customer_id": "cus_48121", "city": "Kiel", "mail": "a@x.example" },
        { "customer_id": "cus_77340", "city": "Kiel", "mail": "b@x.example" },
        { "customer_id": "cus_10553", "city": "Bonn", "mail": "c@x.example" },
    ] });
    let asked = json!({ "tier": "gold" });
    let mut turns = vec![call("l", 0, "list_customers", asked, customers.clone())];
    let mut batch = 1;
    for (number, count) in counts.into_iter().enumerate() {
        let id = &customers["customers"][number]["customer_id"];
        let all: Vec<Value> = (0..=count)
            .map(|at| {
                let state = if at < count { "waiting" } else { "done" };
                let request = format!("rq_{}", 3317 + number * 1_409 + at * 97);
                json!({ "request_id": request, "state": state, "from": place })
            })
            .collect();
        turns.push(call(
            &format!("r{batch}"),
            batch,
            "list_requests",
            json!({ "customer_id": id }),
            json!({ "requests": all }),
        ));
        batch += 1;
        for request in all.iter().take(count) {
            turns.push(call(
                &format!("a{batch}"),
                batch,
                "answer_request",
                json!({ "request_id": request["request_id"] }),
                json!({ "ok": true }),
            ));
            batch += 1;
        }
    }
    session(task, turns)
}

#[test]
fn where_somebody_lives_says_nothing_of_what_a_loop_inside_leaves_out() {
    let task =
        "I live in Bonn. Take every customer of tier gold. Answer their requests that are waiting.";
    for (place, expected) in [("shop", true), ("Bonn", false)] {
        let made = crystallized(&waiting_of_each(task, place, [2, 1, 3]));
        let accepted =
            made.report.generalisable >= Some(Level::Renamed) && unshown(&made).is_empty();
        assert_eq!(accepted && is_folded(&made), expected, "{place}");
    }
}

/// The first passes are alike by chance, and so are the customers of these: what goes over all of them is the loop.
#[test]
fn passes_that_are_alike_by_chance_are_passes_of_the_loop_over_all() {
    let task = "Take every customer of tier gold. Answer their requests that are waiting.";
    let made = crystallized(&waiting_of_each(task, "shop", [2, 2, 1]));
    assert!(is_folded(&made), "{:?}", made.report.questions);
    assert!(made.report.generalisable >= Some(Level::Renamed));
    // Where all customers were not gone over, they are asked about.
    let session = waiting_of_each(task, "shop", [2, 2, 1]);
    let short = crate::tests::build::session(task, session.turns[1..8].to_vec());
    let made = crystallized(&short);
    assert!(!is_folded(&made));
    let mut questions = made.report.questions.iter();
    assert!(questions.any(|one| one.id.starts_with("loop:")));
}

#[test]
fn things_that_are_left_out_may_be_named_again() {
    let all = [
        ("T-48121", "private"),
        ("T-77340", "partner"),
        ("T-10553", "private"),
        ("T-62087", "press"),
    ]
    .map(|(id, source)| json!({ "ticket_id": id, "source": source }));
    for (task, expected) in [
        (
            "Close every ticket of desk_2207 other than partner tickets.",
            true,
        ),
        (
            "Close every ticket of desk_2207 except the partner ones.",
            true,
        ),
        (
            "Close every ticket of desk_2207 other than partner reports.",
            false,
        ),
    ] {
        let asked = json!({ "queue": "desk_2207" });
        let session = super::super::build::closing(task, asked, &all, &[0, 2, 3]);
        let made = crystallized(&session);
        let accepted = made.report.generalisable >= Some(Level::Renamed);
        assert_eq!(
            accepted && unshown(&made).is_empty(),
            expected,
            "{task} {:?}",
            unshown(&made)
        );
    }
}

/// Each customer of a list is visited on the day after the recording; `due` is a day that each of them has.
fn visiting(task: &str, due: &str) -> Session {
    let all =
        ["cus_48121", "cus_77340", "cus_10553"].map(|id| json!({ "customer_id": id, "due": due }));
    let mut turns = vec![call(
        "l",
        0,
        "list_customers",
        json!({ "tier": "gold" }),
        json!({ "customers": all }),
    )];
    for (number, one) in all.iter().enumerate() {
        let batch = u32::try_from(number + 1).unwrap();
        turns.push(call(
            &format!("v{number}"),
            batch,
            "book_visit",
            json!({ "customer_id": one["customer_id"], "date": "2027-01-16" }),
            json!({ "ok": true }),
        ));
    }
    session(task, turns)
}

#[test]
fn the_day_that_every_pass_is_told_is_carried() {
    for (task, due, expected) in [
        (
            "Book a visit tomorrow for every customer of tier gold.",
            "2027-03-01",
            false,
        ),
        (
            "Book every customer of tier gold a visit for tomorrow.",
            "2027-03-01",
            false,
        ),
        // They may be the ones that are due then.
        (
            "Book a visit for every customer of tier gold for tomorrow.",
            "2027-01-16",
            true,
        ),
    ] {
        let made = crystallized(&visiting(task, due));
        assert_eq!(!unshown(&made).is_empty(), expected, "{task} {due}");
    }
}

/// The first of some orders by their dates is refunded, the latest.
fn refunding(task: &str) -> Session {
    let all = [
        ("W48121", "2027-01-03"),
        ("W77340", "2027-01-09"),
        ("W10553", "2026-12-20"),
    ]
    .map(|(id, at)| json!({ "order_id": id, "ordered_at": at, "status": "delivered" }));
    session(
        task,
        vec![
            call(
                "l",
                0,
                "list_orders",
                json!({ "shop": "north" }),
                json!({ "orders": all }),
            ),
            call(
                "r",
                1,
                "refund_order",
                json!({ "order_id": "W77340" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn how_the_rest_was_may_say_which_one_is_meant() {
    hold_asked(
        &[
            ("Refund the latest order of shop north.", false),
            (
                "Refund the latest order of shop north. The rest was delivered.",
                true,
            ),
            (
                "Everything else I had was delivered. Refund the latest order of shop north.",
                true,
            ),
        ],
        refunding,
    );
}

/// All requests of a list are approved, each of the team in the same place.
fn approving(task: &str, teams: [&str; 3]) -> Session {
    let ids = ["T-48121", "T-77340", "T-10553"];
    let all: Vec<Value> = ids
        .iter()
        .zip(teams)
        .map(|(id, team)| json!({ "ticket_id": id, "team": team }))
        .collect();
    super::super::build::closing(task, json!({ "queue": "desk_2207" }), &all, &[0, 1, 2])
}

#[test]
fn where_somebody_lives_may_say_whose_are_meant() {
    let mixed = ["Berlin", "Munich", "Berlin"];
    for (task, teams, expected) in [
        (
            "I live in Berlin. Close every ticket of desk_2207.",
            mixed,
            false,
        ),
        // As far as can be told, others were never taken.
        (
            "I live in Berlin. Close every ticket of desk_2207.",
            ["Berlin"; 3],
            true,
        ),
        (
            "I'm from Berlin. Close every ticket of desk_2207.",
            mixed,
            true,
        ),
        (
            "I come from Berlin. Close every ticket of desk_2207.",
            ["Berlin"; 3],
            true,
        ),
    ] {
        let made = crystallized(&approving(task, teams));
        assert_eq!(!unshown(&made).is_empty(), expected, "{task} {teams:?}");
    }
    // Where not all are taken, it may be why.
    let all = [
        ("T-48121", "Berlin"),
        ("T-77340", "Munich"),
        ("T-10553", "Berlin"),
    ]
    .map(|(id, team)| json!({ "ticket_id": id, "team": team, "state": "open" }));
    let mut all = all.to_vec();
    all.push(json!({ "ticket_id": "T-62087", "team": "Munich", "state": "held" }));
    let task = "I live in Berlin. Close every open ticket of desk_2207.";
    let session =
        super::super::build::closing(task, json!({ "queue": "desk_2207" }), &all, &[0, 1, 2]);
    assert!(!unshown(&crystallized(&session)).is_empty());
}

/// Each customer of a list is visited on the day after the recording; what is due for them is looked up before.
fn visiting_looked_up(task: &str, due: &str) -> Session {
    let all = ["cus_48121", "cus_77340", "cus_10553"].map(|id| json!({ "customer_id": id }));
    let mut turns = vec![call(
        "l",
        0,
        "list_customers",
        json!({ "tier": "gold" }),
        json!({ "customers": all }),
    )];
    let mut batch = 1;
    for one in &all {
        let id = &one["customer_id"];
        let plan = json!({ "plan": { "due": due } });
        let asked = json!({ "customer_id": id });
        turns.push(call(&format!("g{batch}"), batch, "get_plan", asked, plan));
        turns.push(call(
            &format!("v{batch}"),
            batch + 1,
            "book_visit",
            json!({ "customer_id": id, "date": "2027-01-16" }),
            json!({ "ok": true }),
        ));
        batch += 2;
    }
    session(task, turns)
}

#[test]
fn a_day_that_elements_may_have_says_which_are_meant() {
    let task = "Book a visit for every customer of tier gold for tomorrow.";
    for due in [
        "2027-01-16",
        "Saturday",
        "16.01.2027",
        "Jan 16, 2027",
        "Sat 9 am",
    ] {
        let made = crystallized(&visiting(task, due));
        assert!(!unshown(&made).is_empty(), "{due}");
        let made = crystallized(&visiting_looked_up(task, due));
        assert!(!unshown(&made).is_empty(), "looked up: {due}");
    }
    // Whoever is due on the day is picked by it, or asked about: the day is no mere day of the visit.
    let task = "Book a visit tomorrow for every customer of tier gold who is due on Saturday.";
    for due in ["Saturday", "16.01.2027", "Jan 16, 2027"] {
        let made = crystallized(&visiting(task, due));
        let picked = yaml(&made.document).contains("where('due'");
        assert!(picked || !unshown(&made).is_empty(), "{due}");
    }
    // The day of the visit, which none of them has.
    let task = "Book a visit tomorrow for every customer of tier gold.";
    let made = crystallized(&visiting(task, "2027-03-01"));
    assert_eq!(unshown(&made), Vec::<&str>::new());
    let made = crystallized(&visiting_looked_up(task, "2027-03-01"));
    assert_eq!(unshown(&made), Vec::<&str>::new());
}
