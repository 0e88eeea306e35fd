//! Texts and choices that the agent made of an answer, or copied out of it, and that stay while what they are about
//! moves.

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

/// A thing is read, and something is sent that is about it.
fn sent(task: &str, read: Value, key: &str, value: &str) -> Session {
    let mut arguments = json!({ "thread_id": "th_55102" });
    arguments[key] = value.into();
    session(
        task,
        vec![
            call(
                "g",
                0,
                "get_thread",
                json!({ "thread_id": "th_55102" }),
                read,
            ),
            call("u", 1, "update_thread", arguments, json!({ "ok": true })),
        ],
    )
}

fn asked(made: &Crystallized) -> Vec<&str> {
    let all = made.report.questions.iter();
    all.map(|one| one.id.as_str())
        .filter(|id| id.starts_with("figure:"))
        .collect()
}

const BODY: &str =
    "We can deliver the pumps in summer, the price stays as discussed. Please send the contract.";

#[test]
fn what_the_agent_made_of_an_answer_is_asked_about() {
    let mail = || json!({ "thread_id": "th_55102", "body": BODY });
    for (task, key, value, expected) in [
        (
            "Summarize thread th_55102 in its note.",
            "note",
            "They deliver soon and all is well.",
            true,
        ),
        (
            "Translate thread th_55102 into German.",
            "note",
            "Wir liefern die Ware bald aus.",
            true,
        ),
        // Told by the words that both have.
        (
            "Leave a note at thread th_55102.",
            "note",
            "Deliver the pumps in summer, contract wanted.",
            true,
        ),
        (
            "Leave a note at thread th_55102.",
            "note",
            "Handled by the desk, all is well.",
            false,
        ),
        ("Triage thread th_55102.", "queue", "billing", true),
        (
            "Put thread th_55102 into the right queue.",
            "queue",
            "billing",
            true,
        ),
        (
            "Put thread th_55102 into the right queue.",
            "language",
            "german",
            false,
        ),
        (
            "Put thread th_55102 into the billing queue.",
            "queue",
            "billing",
            false,
        ),
        ("Handle thread th_55102.", "queue", "billing", false),
    ] {
        let made = made(&sent(task, mail(), key, value), &bound());
        let id = format!("figure:update_thread:/{key}");
        assert_eq!(
            asked(&made).contains(&id.as_str()),
            expected,
            "{task} {value}"
        );
        let waived = made.report.findings.iter();
        let mut waived = waived.filter(|one| one.code == "figure_stays" && one.acknowledge);
        match expected {
            true => {
                assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
                let message = &waived.next().unwrap().message;
                assert!(message.contains("what `get_thread` answered"), "{message}");
            }
            false => assert_eq!(waived.next(), None, "{task} {value}"),
        }
    }
}

#[test]
fn an_answer_settles_it() {
    for (answer, gates) in [("constant", 0), ("gate", 1)] {
        let read = json!({ "thread_id": "th_55102", "body": BODY });
        let task = "Summarize thread th_55102 in its note.";
        let session = sent(task, read, "note", "They deliver soon and all is well.");
        let mut options = bound();
        let id = "figure:update_thread:/note".to_owned();
        options.answers.insert(id, answer.to_owned());
        let made = made(&session, &options);
        assert_eq!(asked(&made), Vec::<&str>::new());
        assert_eq!(made.report.counts.gates, gates, "{answer}");
    }
}

#[test]
fn lines_that_were_copied_out_of_an_answer_are_asked_about() {
    let note = "Weekly sync\nOpen points:\n- Budget for autumn\n- Hiring of engineers\n- Release plan\nNotes: none";
    for (task, read, text, expected) in [
        (
            "Keep the open points of thread th_55102.",
            json!({ "body": note }),
            "- Budget for autumn\n- Hiring of engineers\n- Release plan",
            true,
        ),
        // In a text that is none, and with other marks.
        (
            "Keep the open points of thread th_55102.",
            json!(note),
            "1. Budget for autumn\n2. Hiring of engineers\n3. Release plan",
            true,
        ),
        // From the elements of a list, beside other words.
        (
            "Keep the open points of thread th_55102.",
            json!({ "points": ["Budget for autumn", "Hiring of engineers", "Release plan"] }),
            "Hi all,\n\n* Budget for autumn\n* Hiring of engineers\n* Release plan\n\nSee you there",
            true,
        ),
        // Two lines of many are wording.
        (
            "Keep thread th_55102.",
            json!({ "body": note }),
            "Weekly sync\nwas held\nby all of us\nas it should be\nNotes: none",
            false,
        ),
        // What the person said was not copied.
        (
            "Keep at thread th_55102:\nBudget for autumn\nHiring of engineers\nRelease plan",
            json!({ "body": note }),
            "- Budget for autumn\n- Hiring of engineers\n- Release plan",
            false,
        ),
    ] {
        let made = made(&sent(task, read, "list", text), &bound());
        let any = asked(&made).contains(&"figure:update_thread:/list");
        assert_eq!(any, expected, "{task} {text}");
    }
}

#[test]
fn a_word_that_an_earlier_change_sent_is_offered_in_the_message_that_tells_of_it() {
    let session = session(
        "Raise the priority of ticket T-22011 and tell the reporter.",
        vec![
            call(
                "g",
                0,
                "get_ticket",
                json!({ "ticket_id": "T-22011" }),
                json!({ "ticket_id": "T-22011", "priority": "medium", "next_priority": "high", "reporter": { "id": "usr_44102" } }),
            ),
            call(
                "u",
                1,
                "update_ticket",
                json!({ "ticket_id": "T-22011", "priority": "high" }),
                json!({ "ok": true }),
            ),
            call(
                "m",
                2,
                "send_message",
                json!({ "user_id": "usr_44102", "text": "Your ticket T-22011 has priority high now." }),
                json!({ "ok": true }),
            ),
        ],
    );
    let first = made(&session, &bound());
    let text = |made: &Crystallized| {
        made.document.steps[2].with.as_ref().unwrap()["arguments"]["text"].clone()
    };
    let question = first.report.questions.iter();
    let question = question
        .clone()
        .find(|one| one.id == "figure:send_message:/text")
        .unwrap();
    let source = "steps.get_ticket.output.next_priority";
    assert!(
        question.choices.iter().any(|one| one == source),
        "{question:?}"
    );
    let mut options = bound();
    options
        .answers
        .insert(question.id.clone(), source.to_owned());
    let answered = made(&session, &options);
    assert_eq!(
        text(&answered),
        json!(
            "Your ticket {{ inputs.ticket_id }} has priority {{ steps.get_ticket.output.next_priority }} now."
        )
    );
}
