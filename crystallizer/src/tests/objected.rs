//! What a person says of a change once it was made is shown on it.

use super::build::*;
use crate::{Crystallized, Mode, Options, Session, import};
use serde_json::{Value, json};

fn order(id: &str, tool: &str, order: &str) -> [Value; 2] {
    let arguments = json!({ "order_id": order }).to_string();
    [
        json!({ "role": "assistant", "tool_calls": [{ "id": id, "type": "function", "function": { "name": tool, "arguments": arguments } }] }),
        json!({ "role": "tool", "tool_call_id": id, "content": "{\"ok\": true}" }),
    ]
}

fn said(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn read(messages: Vec<Vec<Value>>) -> Session {
    let recording = json!({ "messages": messages.concat() });
    import(recording.to_string().as_bytes()).unwrap().remove(0)
}

fn both(session: &Session) -> [Crystallized; 2] {
    [Mode::Exact, Mode::Bound].map(|mode| made(session, &Options { mode, ..options() }))
}

/// The steps that were objected to, and whether that has to be acknowledged.
fn objected(made: &Crystallized) -> Vec<(String, bool)> {
    let found = made.report.findings.iter();
    let found = found.filter(|one| one.code == "objected_after");
    found
        .map(|one| (one.step.clone().unwrap_or_default(), one.acknowledge))
        .collect()
}

fn reasons(made: &Crystallized) -> Vec<(&str, &[String])> {
    let reasons = made.report.judgement.reasons.iter();
    reasons
        .map(|one| (one.code.as_str(), one.steps.as_slice()))
        .collect()
}

fn cancelled(word: &str) -> Session {
    read(vec![
        vec![said("Have a look at my order W48121.")],
        order("a", "get_order", "W48121").to_vec(),
        order("b", "cancel_order", "W48121").to_vec(),
        vec![
            json!({ "role": "assistant", "content": "Cancelled." }),
            said(word),
        ],
    ])
}

#[test]
fn a_late_no_stands_on_the_step_in_four_languages() {
    for word in [
        "What?! I never told you to do that.",
        "Why on earth did you cancel it?",
        "Das wollte ich nicht!",
        "Mais non, je ne voulais pas ça !",
        "No lo quería, deshazlo",
    ] {
        for made in both(&cancelled(word)) {
            let step = "cancel_order".to_owned();
            assert_eq!(objected(&made), [(step.clone(), true)], "{word}");
            assert!(
                reasons(&made).contains(&("objected", &[step][..])),
                "{word}: {:?}",
                reasons(&made)
            );
            let id = "objected_after:cancel_order";
            let mut found = made.report.findings.iter();
            let told = found.find(|one| one.id == id).unwrap();
            assert!(told.message.contains(word), "{}", told.message);
        }
    }
    for word in [
        "Thanks!",
        "No, that's all.",
        "Danke, das war's",
        "What about W48122?",
    ] {
        for made in both(&cancelled(word)) {
            assert_eq!(objected(&made), [], "{word}");
            assert!(
                !reasons(&made).iter().any(|(code, _)| *code == "objected"),
                "{word}"
            );
        }
    }
}

#[test]
fn what_a_question_asks_of_already_is_signed_once() {
    for word in ["that was wrong", "Undo that"] {
        let [exact, bound] = both(&cancelled(word));
        assert_eq!(
            objected(&exact),
            [("cancel_order".to_owned(), true)],
            "{word}"
        );
        assert_eq!(
            objected(&bound),
            [("cancel_order".to_owned(), false)],
            "{word}"
        );
        assert!(
            bound
                .report
                .questions
                .iter()
                .any(|one| one.id == "condition:cancel_order")
        );
    }
}

#[test]
fn a_late_no_is_to_what_it_names_or_to_what_was_done_last() {
    let two = |word: &str| {
        read(vec![
            vec![said("Clean up my orders W48121 and W48122.")],
            order("a", "cancel_order", "W48121").to_vec(),
            order("b", "archive_order", "W48122").to_vec(),
            vec![said(word)],
        ])
    };
    for (word, step) in [
        ("Why did you touch W48121?", "cancel_order"),
        ("You shouldn't have cancelled anything!", "cancel_order"),
        ("I never asked for that", "archive_order"),
    ] {
        let [exact, _] = both(&two(word));
        assert_eq!(objected(&exact), [(step.to_owned(), true)], "{word}");
    }
    // An order of its own names nothing that was done.
    let [exact, _] = both(&two("Restore the backup of Monday"));
    assert_eq!(objected(&exact), []);
}

#[test]
fn what_was_put_right_is_told_and_not_signed() {
    let session = read(vec![
        vec![said("Cancel my order W48121.")],
        order("a", "cancel_order", "W48121").to_vec(),
        vec![said("Undo that.")],
        order("b", "restore_order", "W48121").to_vec(),
    ]);
    let [exact, _] = both(&session);
    assert_eq!(objected(&exact), [("cancel_order".to_owned(), false)]);
    let session = read(vec![
        vec![said("Look at my order W48121.")],
        order("a", "cancel_order", "W48121").to_vec(),
        vec![said("I never told you to cancel it!")],
        order("b", "restore_order", "W48121").to_vec(),
    ]);
    let [exact, _] = both(&session);
    assert_eq!(objected(&exact), [("cancel_order".to_owned(), true)]);
    // What is said before anything was done objects to nothing.
    let session = read(vec![
        vec![said("I never ordered W48121, that was wrong.")],
        order("a", "cancel_order", "W48121").to_vec(),
    ]);
    assert_eq!(objected(&both(&session)[0]), []);
}
