//! What a person names one by one, and the same calls are made for each, is one input that is a list, and a loop over it.

use super::build::*;
use crate::report::{Level, Verdict};
use crate::session::{Session, Turn};
use crate::{Crystallized, crystallize};
use serde_json::{Value, json};

fn several(sessions: &[Session]) -> Crystallized {
    crystallize(sessions, &bound()).unwrap()
}

/// The loops as `items as name [body]`, and the other steps by their ids.
fn steps(made: &Crystallized) -> Vec<String> {
    assert_eq!(made.report.replay.differences, []);
    let of_step = |step: &druse_engine::definition::Step| match &step.for_each {
        Some(each) => {
            let body: Vec<&str> = step.steps.iter().map(|step| step.id.as_str()).collect();
            let items = each.items.as_str().unwrap_or_default();
            format!("{}: {items} [{}]", step.id, body.join(" "))
        }
        None => step.id.clone(),
    };
    made.document.steps.iter().map(of_step).collect()
}

fn arguments<'m>(made: &'m Crystallized, step: &str) -> &'m Value {
    let all = made
        .document
        .steps
        .iter()
        .flat_map(|one| std::iter::once(one).chain(&one.steps));
    let mut all = all.filter(|one| one.id == step);
    &all.next().unwrap().with.as_ref().unwrap()["arguments"]
}

fn one_each(tool: &str, key: &str, values: &[Value]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for (number, value) in (1_u32..).zip(values) {
        let id = format!("{tool}{number}");
        turns.push(call(
            &id,
            number,
            tool,
            json!({ key: value }),
            json!({ "ok": true }),
        ));
    }
    turns
}

fn invited(number: u32, task: &str, users: &[&str]) -> Session {
    let users: Vec<Value> = users.iter().map(|user| json!(user)).collect();
    let mut session = session(task, one_each("invite_user", "user", &users));
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn the_same_for_each_is_a_loop_over_one_list() {
    let made = made(
        &invited(
            1,
            "Please invite anna, bob and carl.",
            &["anna", "bob", "carl"],
        ),
        &bound(),
    );
    assert_eq!(
        steps(&made),
        ["each_user: {{ inputs.users }} [invite_user]"]
    );
    assert_eq!(
        arguments(&made, "invite_user"),
        &json!({ "user": "{{ user }}" })
    );
    assert_eq!(
        made.document.inputs["users"],
        json!({
            "type": "array",
            "items": { "type": "string" },
            "uniqueItems": true,
            "description": "In the recording: “Please invite anna, bob and carl.”",
            "default": ["anna", "bob", "carl"],
        })
    );
    assert_eq!(made.document.inputs.len(), 1);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    assert_eq!(made.report.questions, []);
    let told = made
        .report
        .findings
        .iter()
        .find(|one| one.code == "folded_loop")
        .unwrap();
    assert_eq!(
        told.message,
        "3 calls became the loop `each_user`, one pass for each element of `inputs.users`: the person named what it is done with one by one, so that a run takes as many as its list has; every pass was predicted exactly."
    );
}

#[test]
fn numbers_and_lines_are_lists_too() {
    for task in [
        "Close tickets 12, 15 and 19 of the Payments board.",
        "Please close:\n- ticket 12\n- ticket 15\n- ticket 19\n",
    ] {
        let session = session(
            task,
            one_each(
                "close_ticket",
                "ticket_id",
                &[json!(12), json!(15), json!(19)],
            ),
        );
        let made = made(&session, &bound());
        assert_eq!(
            steps(&made),
            ["each_ticket: {{ inputs.ticket_ids }} [close_ticket]"],
            "{task}"
        );
        assert_eq!(
            made.document.inputs["ticket_ids"]["items"],
            json!({ "type": "integer" })
        );
    }
}

/// Looks each of them up and then does something with what was found.
fn looked_up(task: &str, users: &[(&str, &str)], in_rounds: bool) -> Session {
    let mut turns = Vec::new();
    let look = |turns: &mut Vec<Turn>, name: &str, id: &str| {
        let number = u32::try_from(turns.len()).unwrap();
        turns.push(call(
            &format!("l{number}"),
            number,
            "find_user",
            json!({ "name": name }),
            json!({ "id": id, "name": name, "team": format!("team-{id}") }),
        ));
    };
    let invite = |turns: &mut Vec<Turn>, id: &str| {
        let number = u32::try_from(turns.len()).unwrap();
        let sent = json!({ "user_id": id, "channel": "C-889120" });
        turns.push(call(
            &format!("i{number}"),
            number,
            "invite",
            sent,
            json!({ "ok": true }),
        ));
    };
    if in_rounds {
        users
            .iter()
            .for_each(|(name, id)| look(&mut turns, name, id));
        users.iter().for_each(|(_, id)| invite(&mut turns, id));
    } else {
        for (name, id) in users {
            look(&mut turns, name, id);
            invite(&mut turns, id);
        }
    }
    session(task, turns)
}

const PEOPLE: [(&str, &str); 3] = [("Anna", "U48121"), ("Bob", "U77340"), ("Carl", "U10553")];

#[test]
fn what_is_looked_up_for_each_comes_along() {
    let task = "Invite Anna, Bob and Carl to the channel C-889120.";
    let one = made(&looked_up(task, &PEOPLE, false), &bound());
    assert_eq!(
        steps(&one),
        ["each_user_name: {{ inputs.user_names }} [find_user invite]"]
    );
    assert_eq!(
        arguments(&one, "invite"),
        &json!({ "user_id": "{{ steps.find_user.output.id }}", "channel": "{{ inputs.channel }}" })
    );
    assert_eq!(one.report.generalisable, Some(Level::Shuffled));
    let two = made(&looked_up(task, &PEOPLE, true), &bound());
    assert_eq!(steps(&two).len(), 2, "{:?}", steps(&two));
    assert!(steps(&two)[0].starts_with("each_user_name: {{ inputs.user_names }}"));
    assert_eq!(two.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn a_list_that_is_sent_and_gone_over_is_one_input() {
    let people = ["anna.b@example.com", "carl@example.org", "dora@example.net"];
    let mut turns = vec![call(
        "e",
        0,
        "create_event",
        json!({ "title": "Planning", "attendees": people }),
        json!({ "ok": true }),
    )];
    let values: Vec<Value> = people.iter().map(|one| json!(one)).collect();
    turns.extend(one_each("send_invitation", "email", &values));
    let task = "Create the event “Planning” with anna.b@example.com, carl@example.org and dora@example.net, and send each of them an invitation.";
    let first = made(&session(task, turns.clone()), &bound());
    assert_eq!(
        steps(&first),
        [
            "create_event",
            "each_email: {{ inputs.attendee }} [send_invitation]"
        ]
    );
    assert_eq!(
        arguments(&first, "create_event")["attendees"],
        json!("{{ inputs.attendee }}")
    );
    // The other way round, too.
    turns.rotate_left(1);
    let second = made(&session(task, turns), &bound());
    assert_eq!(
        steps(&second),
        [
            "each_email: {{ inputs.emails }} [send_invitation]",
            "create_event"
        ]
    );
    assert_eq!(
        arguments(&second, "create_event")["attendees"],
        json!("{{ inputs.emails }}")
    );
}

#[test]
fn a_text_that_tells_all_of_them_follows() {
    let mut session = invited(
        1,
        "Invite anna, bob and carl, and tell desk@example.com.",
        &["anna", "bob", "carl"],
    );
    session.turns.push(call(
        "m",
        9,
        "send_email",
        json!({ "to": "desk@example.com", "body": "I invited anna, bob and carl today." }),
        json!({ "ok": true }),
    ));
    let made = made(&session, &bound());
    assert_eq!(
        steps(&made)[0],
        "each_user: {{ inputs.users }} [invite_user]"
    );
    assert_eq!(
        arguments(&made, "send_email")["body"],
        json!(
            "I invited {{ (inputs.users[:-1] | join(', ')) ~ (' and ' if (inputs.users | length) > 1 else '') ~ (inputs.users[-1:] | join('')) }} today."
        )
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn what_is_needed_one_by_one_is_no_list() {
    let account = |number: u32, name: &str, id: &str| {
        call(
            &format!("a{number}"),
            number,
            "get_account",
            json!({ "kind": name }),
            json!({ "account_id": id, "kind": name }),
        )
    };
    let session = session(
        "Look at my checking and savings accounts, and move 250 euros from the first to the second.",
        vec![
            account(1, "checking", "AC-481210"),
            account(2, "savings", "AC-773402"),
            call(
                "t",
                3,
                "transfer",
                json!({ "from": "AC-481210", "to": "AC-773402", "amount": 250 }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = made(&session, &bound());
    assert_eq!(steps(&made), ["get_account", "get_account_2", "transfer"]);
    assert_eq!(made.document.inputs["kind"]["default"], json!("checking"));
}

#[test]
fn a_part_of_what_was_named_is_no_list() {
    let made = made(
        &invited(1, "Please invite anna, bob and carl.", &["anna", "bob"]),
        &bound(),
    );
    assert_eq!(steps(&made), ["invite_user", "invite_user_2"]);
}

#[test]
fn a_person_may_want_them_one_by_one() {
    let mut options = bound();
    options
        .answers
        .insert("loop:invite_user".to_owned(), "one_by_one".to_owned());
    let made = made(
        &invited(1, "Invite anna and bob, please.", &["anna", "bob"]),
        &options,
    );
    assert_eq!(steps(&made), ["invite_user", "invite_user_2"]);
    assert!(
        made.report
            .findings
            .iter()
            .all(|one| one.code != "answer_not_used")
    );
}

#[test]
fn recordings_with_lists_of_other_lengths_agree() {
    let first = invited(
        1,
        "Please invite anna, bob and carl.",
        &["anna", "bob", "carl"],
    );
    for others in [
        vec![invited(
            2,
            "Please invite dora and emil.",
            &["dora", "emil"],
        )],
        vec![invited(2, "Please invite dora.", &["dora"])],
        vec![
            invited(
                2,
                "Invite fay, gus, hal, ida and jon.",
                &["fay", "gus", "hal", "ida", "jon"],
            ),
            invited(3, "Please invite kim and lou.", &["kim", "lou"]),
        ],
    ] {
        let mut all = vec![first.clone()];
        all.extend(others.clone());
        let made = several(&all);
        assert_eq!(
            steps(&made),
            ["each_user: {{ inputs.users }} [invite_user]"]
        );
        let verdicts: Vec<Verdict> = made.report.held_out.iter().map(|one| one.verdict).collect();
        assert_eq!(
            verdicts,
            vec![Verdict::Passed; others.len()],
            "{:?}",
            made.report.held_out
        );
        assert_eq!(made.report.questions, []);
        let told = made
            .report
            .findings
            .iter()
            .find(|one| one.code == "folded_loop")
            .unwrap();
        assert!(told.message.contains("another list"), "{}", told.message);
    }
}

#[test]
fn twice_the_same_may_be_meant_where_it_was_recorded() {
    let made = made(
        &invited(1, "Invite anna, bob and anna.", &["anna", "bob", "anna"]),
        &bound(),
    );
    assert_eq!(
        steps(&made),
        ["each_user: {{ inputs.users }} [invite_user]"]
    );
    assert_eq!(made.document.inputs["users"].get("uniqueItems"), None);
}

#[test]
fn what_was_looked_at_for_each_and_stays_further_on_makes_no_list() {
    let hotels = |number: u32, city: &str, all: &str| {
        call(
            &format!("h{number}"),
            number,
            "list_hotels",
            json!({ "city": city }),
            json!(format!("Hotels: {all}")),
        )
    };
    let session = session(
        "Look for the hotels in Paris and London, and book the best of each.",
        vec![
            hotels(1, "Paris", "Le Marais, Good Night"),
            hotels(2, "London", "Cozy Stay, Riverside"),
            call(
                "b",
                3,
                "book_hotel",
                json!({ "hotel": "Good Night" }),
                json!({ "ok": true }),
            ),
            call(
                "c",
                4,
                "book_hotel",
                json!({ "hotel": "Cozy Stay" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let one_by_one = ["list_hotels", "list_hotels_2", "book_hotel", "book_hotel_2"];
    assert_eq!(steps(&made(&session, &bound())), one_by_one);
}

#[test]
fn letters_that_get_shorter_as_small_ones_stand_in_no_way() {
    for task in [
        "Lade GROẞ und anna und bob ein.",
        "Lade \u{212a} und anna und bob ein.",
        "Lade İ, anna und bob ein.",
    ] {
        let made = made(&invited(1, task, &["anna", "bob"]), &bound());
        assert!(!made.document.steps.is_empty(), "{task}");
    }
}

#[test]
fn a_long_list_of_ids_that_begin_alike_is_one_list() {
    let ids: Vec<String> = (1000..1100).map(|number| format!("T-{number}")).collect();
    let values: Vec<Value> = ids.iter().map(|id| json!(id)).collect();
    let task = format!("Close {}.", ids.join(", "));
    let session = session(&task, one_each("close_ticket", "ticket_id", &values));
    let made = made(&session, &bound());
    assert_eq!(made.document.steps.len(), 1, "{:?}", steps(&made));
    assert_eq!(made.report.questions, []);
}

#[test]
fn who_wants_them_one_by_one_where_a_condition_is_asked_about_has_answered() {
    let task = "Invite anna, bob and carl to team T-9911 if they have an account.";
    let turns = ["anna", "bob", "carl"]
        .iter()
        .zip(1..)
        .map(|(user, number)| {
            call(
                &format!("c{number}"),
                number,
                "invite_user",
                json!({ "user": user, "team": "T-9911" }),
                json!({ "ok": true }),
            )
        });
    let session = session(task, turns.collect());
    let id = "condition:invite_user".to_owned();
    let asked = made(&session, &bound());
    let question = asked.report.questions.iter().find(|one| one.id == id);
    assert!(question.is_some_and(|one| one.choices.contains(&"one_by_one".to_owned())));
    let mut options = bound();
    options.answers.insert(id.clone(), "one_by_one".to_owned());
    let made = made(&session, &options);
    assert_eq!(steps(&made).len(), 3);
    assert!(made.report.questions.iter().all(|one| one.id != id));
    let codes: Vec<&str> = made.report.findings.iter().map(|one| &*one.code).collect();
    assert!(
        !codes.contains(&"choice_unknown") && !codes.contains(&"question_unknown"),
        "{codes:?}"
    );
}
