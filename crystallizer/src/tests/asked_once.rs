//! One thing is asked about once: what follows from the answer waits for it.

use super::build::*;
use crate::session::Session;
use crate::{Crystallized, Options};
use serde_json::{Value, json};

fn tickets() -> Vec<Value> {
    [
        ("T-48121", "low", 14),
        ("T-77340", "urgent", 31),
        ("T-10553", "normal", 7),
        ("T-62087", "normal", 55),
    ]
    .map(|(id, priority, hours)| json!({ "ticket_id": id, "priority": priority, "hours": hours }))
    .to_vec()
}

/// One of some tickets is passed on with what is known of it, and noted.
fn passed_on() -> Session {
    let all = tickets();
    let one = &all[1];
    let note = json!({ "text": "Ticket T-77340 was passed on." });
    session(
        "Take care of the odd ticket of desk_2207.",
        vec![
            call(
                "l",
                0,
                "list_tickets",
                json!({ "queue": "desk_2207" }),
                json!({ "tickets": all }),
            ),
            call(
                "e",
                1,
                "escalate_ticket",
                one.clone(),
                json!({ "ok": true }),
            ),
            call("n", 2, "add_note", note, json!({ "ok": true })),
        ],
    )
}

fn asked(made: &Crystallized) -> Vec<&str> {
    let questions = made.report.questions.iter();
    questions.map(|one| one.id.as_str()).collect()
}

fn answered(session: &Session, answers: &[(&str, &str)]) -> Crystallized {
    let answers = answers
        .iter()
        .map(|(id, answer)| ((*id).to_owned(), (*answer).to_owned()));
    made(
        session,
        &Options {
            answers: answers.collect(),
            ..bound()
        },
    )
}

#[test]
fn which_element_is_meant_is_asked_once() {
    let session = passed_on();
    let made = answered(&session, &[]);
    let first = "source:escalate_ticket:/ticket_id";
    assert_eq!(asked(&made), [first]);
    // Each place that stays says so, and what is to be answered first.
    let places = made.report.findings.iter().filter(|one| {
        let help = format!("Answer `{first}` first.");
        one.help.starts_with(&help)
    });
    let places: Vec<&str> = places.filter_map(|one| one.step.as_deref()).collect();
    assert!(places.contains(&"escalate_ticket") && places.contains(&"add_note"));
    // What the answer settles is not asked about at all.
    let choice = "steps.list_tickets.output.tickets[1].ticket_id";
    for answer in [choice, "input"] {
        let made = answered(&session, &[(first, answer)]);
        assert!(!asked(&made).contains(&"figure:add_note:/text"), "{answer}");
    }
    // Where it stays, what waited is asked about.
    let stays = answered(&session, &[(first, "constant")]);
    assert!(!asked(&stays).is_empty());
}

#[test]
fn the_calls_of_what_may_be_a_loop_are_asked_about_behind_it() {
    let all: Vec<Value> = tickets()
        .into_iter()
        .zip(["mail", "phone", "phone", "mail"])
        .map(|(mut one, way)| {
            one["way"] = json!(way);
            one
        })
        .collect();
    let queue = json!({ "queue": "desk_2207" });
    let session = closing("Take care of desk_2207.", queue, &all, &[1, 2]);
    let made = answered(&session, &[]);
    assert_eq!(asked(&made), ["loop:close_ticket"]);
    let apart = answered(&session, &[("loop:close_ticket", "one_by_one")]);
    assert_eq!(
        asked(&apart),
        [
            "source:close_ticket:/ticket_id",
            "source:close_ticket_2:/ticket_id"
        ]
    );
    let question = &made.report.questions[0];
    let together = answered(&session, &[("loop:close_ticket", &question.choices[1])]);
    assert_eq!(asked(&together), Vec::<&str>::new());
}
