//! Whether calls that repeat are a loop over a part of a list: asked with one recording, and answered by others that took
//! the same part of lists of other lengths.

use super::build::*;
use crate::report::{Level, Question, Verdict};
use crate::session::Session;
use crate::{Crystallized, crystallize};
use serde_json::{Value, json};

/// Tickets of a customer, each as id, state and hours, of which some were closed.
fn tidied(number: u32, customer: &str, tickets: &[(&str, &str, u32)], taken: &[usize]) -> Session {
    let tickets: Vec<Value> = tickets
        .iter()
        .map(|(id, state, hours)| json!({ "ticket_id": id, "state": state, "hours": hours }))
        .collect();
    let mut session = closing(
        &format!("Tidy up for {customer}."),
        json!({ "customer_id": customer }),
        &tickets,
        taken,
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

fn four() -> Session {
    let tickets = [
        ("T-48121", "waiting", 31),
        ("T-77340", "solved", 12),
        ("T-10553", "waiting", 4),
        ("T-62087", "solved", 55),
    ];
    tidied(1, "ana_li_3668", &tickets, &[0, 2])
}

fn three(taken: &[usize]) -> Session {
    let tickets = [
        ("T-90112", "solved", 8),
        ("T-11873", "waiting", 20),
        ("T-30441", "solved", 2),
    ];
    tidied(2, "ben_xu_7011", &tickets, taken)
}

fn five(taken: &[usize]) -> Session {
    let tickets = [
        ("T-55020", "waiting", 7),
        ("T-66131", "waiting", 44),
        ("T-70242", "solved", 19),
        ("T-81353", "solved", 3),
        ("T-92464", "waiting", 61),
    ];
    tidied(3, "cleo_ray_5150", &tickets, taken)
}

fn made_of(sessions: &[Session]) -> Crystallized {
    crystallize(sessions, &bound()).unwrap()
}

fn items(made: &Crystallized) -> Vec<&str> {
    made.document
        .steps
        .iter()
        .filter_map(|step| step.for_each.as_ref()?.items.as_str())
        .collect()
}

fn question(made: &Crystallized) -> Option<&Question> {
    let mut all = made.report.questions.iter();
    all.find(|question| question.id == "loop:close_ticket")
}

const WAITING: &str = "where('state', 'waiting')";

#[test]
fn the_question_names_the_list_and_what_each_answer_does() {
    let made = made_of(&[four()]);
    let asked = question(&made).unwrap();
    assert_eq!(
        asked.text,
        "`close_ticket` is done with 2 of the 4 elements of the list that `list_tickets` answered, \
         `steps.list_tickets.output.tickets`, and nobody said for which. Is it meant for all that have this in common, and \
         only for them? `one_by_one`: a run does it as often as it was recorded, 2 times, with what was recorded (T-48121, \
         T-10553) where nothing else gives it. `where('state', 'waiting')`: a run does it with each element that the list \
         has then and whose `state` is waiting."
    );
    assert_eq!(asked.choices, ["one_by_one", WAITING]);
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

#[test]
fn further_recordings_answer_it() {
    let all = [four(), three(&[1]), five(&[0, 1, 4])];
    let made = made_of(&all);
    assert_eq!(
        items(&made),
        [format!(
            "{{{{ steps.list_tickets.output.tickets | {WAITING} }}}}"
        )]
    );
    assert_eq!(made.report.questions, []);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    assert!(
        made.report
            .held_out
            .iter()
            .all(|held| held.verdict == Verdict::Passed)
    );
    let told = made
        .report
        .findings
        .iter()
        .find(|finding| finding.code == "folded_loop")
        .unwrap();
    assert!(
        told.message
            .contains("2 further recordings show that, though nobody said it"),
        "{}",
        told.message
    );

    // Whoever has answered that they stay is heard.
    let mut options = bound();
    let id = "loop:close_ticket".to_owned();
    options.answers.insert(id, "one_by_one".to_owned());
    let kept = crystallize(&all, &options).unwrap();
    assert_eq!(items(&kept), Vec::<&str>::new());
}

/// Three fields part two of four and one of three by chance in one of six ways: that is no proof.
#[test]
fn few_elements_show_too_little() {
    let made = made_of(&[four(), three(&[1])]);
    assert_eq!(items(&made), Vec::<&str>::new());
    assert_eq!(question(&made).unwrap().choices, ["one_by_one", WAITING]);
}

#[test]
fn a_recording_that_took_others_refutes_it() {
    let made = made_of(&[four(), three(&[1]), five(&[0, 2, 4])]);
    assert_eq!(items(&made), Vec::<&str>::new());
    assert_eq!(question(&made), None);
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

/// In all recordings another field explains it as well, by itself or besides the first.
#[test]
fn what_another_field_explains_too_is_asked() {
    // Hours: all that were closed waited longer than all that were not.
    let tickets = |number: u32, customer: &str, all: &[(&str, &str, u32)], taken: &[usize]| {
        tidied(number, customer, all, taken)
    };
    let first = tickets(
        1,
        "ana_li_3668",
        &[
            ("T-48121", "waiting", 31),
            ("T-77340", "solved", 12),
            ("T-10553", "waiting", 40),
            ("T-62087", "solved", 5),
        ],
        &[0, 2],
    );
    let second = tickets(
        2,
        "cleo_ray_5150",
        &[
            ("T-55020", "waiting", 37),
            ("T-66131", "waiting", 44),
            ("T-70242", "solved", 19),
            ("T-81353", "solved", 3),
            ("T-92464", "waiting", 61),
        ],
        &[0, 1, 4],
    );
    let made = made_of(&[first, second]);
    assert_eq!(items(&made), Vec::<&str>::new());
    assert_eq!(question(&made).unwrap().choices, ["one_by_one", WAITING]);
}

/// All of the first list was taken, and of a further one only a part: what the elements have in common may be why.
#[test]
fn a_whole_list_that_another_recording_refutes() {
    let first = tidied(
        1,
        "ana_li_3668",
        &[("T-48121", "waiting", 31), ("T-10553", "waiting", 4)],
        &[0, 1],
    );
    let alone = made_of(std::slice::from_ref(&first));
    assert_eq!(items(&alone), ["{{ steps.list_tickets.output.tickets }}"]);
    let two = made_of(&[first.clone(), three(&[1])]);
    assert_eq!(items(&two), Vec::<&str>::new());
    assert_eq!(question(&two).unwrap().choices, ["one_by_one", WAITING]);
    let more = made_of(&[first, three(&[1]), five(&[0, 1, 4]), four()]);
    assert_eq!(
        items(&more),
        [format!(
            "{{{{ steps.list_tickets.output.tickets | {WAITING} }}}}"
        )]
    );
}

/// Nothing was to be done there: that fits, where nothing of the list is waiting.
#[test]
fn a_recording_without_the_calls_counts() {
    let none = tidied(
        4,
        "dan_wu_2201",
        &[("T-20001", "solved", 9), ("T-20002", "waiting", 3)],
        &[],
    );
    let made = made_of(&[four(), three(&[1]), five(&[0, 1, 4]), none]);
    assert_eq!(items(&made), Vec::<&str>::new());
    assert_eq!(question(&made), None);
}

/// The same by the words of the person: what all tickets have was said for what is sent.
#[test]
fn whether_all_are_meant_is_answered_by_one_that_has_another() {
    let assigned = |number: u32, customer: &str, owners: &[&str]| {
        let tickets: Vec<Value> = owners
            .iter()
            .enumerate()
            .map(|(at, owner)| json!({ "ticket_id": format!("T-{number}00{at}1"), "team": owner }))
            .collect();
        let mut turns = vec![call(
            "l",
            0,
            "list_tickets",
            json!({ "customer_id": customer }),
            json!({ "tickets": tickets }),
        )];
        for (at, ticket) in tickets.iter().enumerate() {
            let batch = u32::try_from(at + 1).unwrap();
            turns.push(call(
                &format!("a{at}"),
                batch,
                "assign_ticket",
                json!({ "ticket_id": ticket["ticket_id"], "group": "billing" }),
                json!({ "ok": true }),
            ));
        }
        let mut session = session(&format!("Billing tickets of {customer}, please."), turns);
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let alike = || assigned(1, "ana_li_3668", &["billing", "billing"]);
    let asked = made_of(&[alike()]);
    let question = |made: &Crystallized| {
        let mut all = made.report.questions.iter();
        all.find(|question| question.id == "loop:assign_ticket")
            .cloned()
    };
    let one = question(&asked).unwrap();
    assert_eq!(
        one.choices,
        ["one_by_one", "all", "where('team', 'billing')"]
    );
    assert!(
        one.text
            .contains("`all`: a run does it with each element that the list has then. ")
    );
    // What all have there, too, leaves it open.
    let same = made_of(&[
        alike(),
        assigned(2, "ben_xu_7011", &["billing", "billing", "billing"]),
    ]);
    assert_eq!(question(&same).unwrap().choices, one.choices);
    let mixed = made_of(&[
        alike(),
        assigned(2, "ben_xu_7011", &["billing", "sales", "billing"]),
    ]);
    assert_eq!(question(&mixed), None);
    assert_eq!(items(&mixed), ["{{ steps.list_tickets.output.tickets }}"]);
}
