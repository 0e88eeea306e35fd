//! Where a condition hangs when the person speaks several times, and how what they said is shown.

use super::*;
use crate::session::Role;

fn done(id: &str, batch: u32, tool: &str, sent: Value) -> crate::Turn {
    call(id, batch, tool, sent, json!({ "ok": true }))
}

/// Files are copied as the person first asked, and a message is sent two turns later.
fn two_turns(task: &str, first: &str, later: &str) -> Crystallized {
    crystallized(&session(
        task,
        vec![
            done(
                "c",
                0,
                first,
                json!({ "source": "report-48121.txt", "destination": "backup" }),
            ),
            said(Role::User, later),
            done(
                "s",
                1,
                "send_message",
                json!({ "to": "ana@x.example", "text": "It is there." }),
            ),
        ],
    ))
}

fn asked(made: &Crystallized) -> Vec<&str> {
    let all = made.report.questions.iter();
    all.filter(|one| one.id.starts_with("condition:"))
        .map(|one| one.id.as_str())
        .collect()
}

#[test]
fn a_condition_hangs_at_what_is_done_before_the_person_speaks_again() {
    let later = "Tell ana@x.example that it is there.";
    for (task, first, expected) in [
        // `transfer` is like `send`, which was ordered later.
        (
            "If there is room, transfer report-48121.txt to the backup.",
            "cp",
            "condition:cp",
        ),
        (
            "If there is room, transfer report-48121.txt to the backup.",
            "copy_file",
            "condition:copy_file",
        ),
        (
            "If there is room, copy report-48121.txt to the backup.",
            "copy_file",
            "condition:copy_file",
        ),
        // The very deed is named: it is meant, however late it is done.
        (
            "Copy report-48121.txt to the backup. If there is room, send ana@x.example a message then.",
            "copy_file",
            "condition:send_message",
        ),
    ] {
        let made = two_turns(task, first, later);
        assert_eq!(asked(&made), [expected], "{task}");
    }
    // Where nothing is done before, what comes later is meant.
    let made = crystallized(&session(
        "If there is room, copy report-48121.txt to the backup.",
        vec![
            said(Role::Assistant, "To which one?"),
            said(Role::User, "The one in Kiel."),
            done("c", 0, "copy_file", json!({ "source": "report-48121.txt" })),
        ],
    ));
    assert_eq!(asked(&made), ["condition:copy_file"]);
}

#[test]
fn what_is_asked_about_is_shown_with_its_sentence() {
    let made = crystallized(&session(
        "Thanks for the help. If there is room, copy report-48121.txt to the backup.",
        vec![done(
            "c",
            0,
            "copy_file",
            json!({ "source": "report-48121.txt" }),
        )],
    ));
    let [question] = made.report.questions.as_slice() else {
        panic!("{:#?}", made.report.questions)
    };
    assert!(
        question
            .text
            .contains("“*If there is room*, copy report-48121.txt to the backup”"),
        "{}",
        question.text
    );
}

/// A flight is booked after a yes with more words in it.
fn agreed(answer: &str) -> Crystallized {
    crystallized(&session(
        "Book me a flight, I am mia_li_3668.",
        vec![
            said(Role::Assistant, "I would book flight HAT083. Shall I?"),
            said(Role::User, answer),
            done(
                "b",
                0,
                "book_flight",
                json!({ "user_id": "mia_li_3668", "flight_number": "HAT083" }),
            ),
        ],
    ))
}

#[test]
fn of_a_yes_before_a_gate_only_what_limits_it_is_asked_about() {
    for (answer, expected) in [
        (
            "Yes, everything looks correct. Please go ahead with the booking.",
            false,
        ),
        (
            "Yes, please. I'd appreciate talking to a human agent about my points later.",
            false,
        ),
        ("Sure, that summary looks correct, let's go with it.", false),
        ("Yes, HAT083 looks good.", false),
        ("Yes, but take the other one.", true),
        ("Yes, if it is still free.", true),
        ("Yes, when it is below 150.", true),
        ("Yes, only the way there.", true),
        ("Yes, the one of 14:30.", true),
        ("Ja, aber nur die Hälfte.", true),
    ] {
        let made = agreed(answer);
        assert_eq!(made.report.counts.gates, 1, "{answer}");
        assert_eq!(
            !unshown(&made).is_empty(),
            expected,
            "{answer} {:?}",
            unshown(&made)
        );
    }
}
