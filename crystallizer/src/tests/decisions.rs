//! What a person decided holds when the recording is crystallized anew, when a call is put back, and when another
//! recording is added.

use super::build::{approval, bound, call, failed, made, session};
use crate::report::Level;
use crate::session::Session;
use crate::{Crystallized, Decisions, Mode, Options, crystallize};
use serde_json::json;

const QUESTION: &str = "source:cancel_order:/fee";

fn canceled(order: &str, name: &str) -> Session {
    let mut session = session(
        &format!("Cancel the order {order}"),
        vec![
            call(
                "a",
                0,
                "get_order",
                json!({ "order_id": order }),
                json!({ "order_id": order, "state": "open" }),
            ),
            failed(
                "b",
                1,
                "cancel_order",
                json!({ "order_id": order, "fee": "none" }),
                "Error: fee is no number",
            ),
            call(
                "c",
                2,
                "cancel_order",
                json!({ "order_id": order, "fee": 17.25 }),
                json!({ "ok": true }),
            ),
        ],
    );
    session.external_id = Some(name.to_owned());
    session
}

#[test]
fn a_decision_holds_when_a_call_is_put_back_and_when_a_recording_is_added() {
    let first = canceled("ORD-48213", "one");
    let asked = made(&first, &bound());
    assert_eq!(
        asked.report.questions.len(),
        1,
        "{:#?}",
        asked.report.questions
    );
    assert_eq!(asked.report.questions[0].id, QUESTION);

    // As it is kept with the draft.
    let mut options = bound();
    options
        .answers
        .insert(QUESTION.to_owned(), "input".to_owned());
    let answered = made(&first, &options);
    let kept = Decisions::of_metadata(&json!(answered.document.metadata));
    // With the value that it was answered for.
    options
        .answered_for
        .insert(QUESTION.to_owned(), "17.25".to_owned());
    assert_eq!(kept, Decisions::of_options(&options));
    let fee = |made: &crate::Crystallized| {
        let step = made
            .document
            .steps
            .iter()
            .find(|step| step.id == "cancel_order")
            .unwrap();
        step.with.as_ref().unwrap()["arguments"]["fee"].clone()
    };
    assert_eq!(fee(&answered), "{{ inputs.fee }}");

    // A call that was left out stands before the one that was asked about, and takes neither its id nor its answer.
    let mut again = bound();
    kept.apply(&mut again);
    again.keep.insert("b".to_owned());
    let put_back = made(&first, &again);
    let ids: Vec<&str> = put_back
        .document
        .steps
        .iter()
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(ids, ["get_order", "cancel_order_2", "cancel_order"]);
    assert_eq!(fee(&put_back), "{{ inputs.fee }}");
    assert!(
        put_back
            .report
            .findings
            .iter()
            .all(|finding| finding.code != "question_unknown")
    );

    // So it is with another recording of the task.
    let mut again = bound();
    kept.apply(&mut again);
    let both = crystallize(&[first.clone(), canceled("ORD-90077", "two")], &again).unwrap();
    assert_eq!(fee(&both), "{{ inputs.fee }}");
    assert!(
        both.report
            .findings
            .iter()
            .all(|finding| finding.code != "question_unknown")
    );

    // The same again gives the same bytes.
    let bytes = |made: &crate::Crystallized| {
        serde_json::to_string(&(&made.document, &made.report)).unwrap()
    };
    assert_eq!(bytes(&made(&first, &options)), bytes(&answered));
}

/// A file of decisions may name no values: then they are taken for those that stand there, and that is said.
#[test]
fn a_decision_that_names_no_value_is_taken_as_it_stands_and_said() {
    let first = canceled("ORD-48213", "one");
    let file = Decisions::parse(&format!("decisions:\n  \"{QUESTION}\": constant\n")).unwrap();
    let mut options = bound();
    file.apply(&mut options);
    let once = made(&first, &options);
    let told = |made: &crate::Crystallized| {
        let found = made
            .report
            .findings
            .iter()
            .find(|one| one.code == "answer_taken");
        found.map(|finding| finding.message.clone())
    };
    let message = told(&once).unwrap();
    assert!(
        message.contains(QUESTION) && message.contains("17.25"),
        "{message}"
    );
    // What comes out names it, and is held to it.
    let kept = Decisions::of_metadata(&json!(once.document.metadata));
    assert_eq!(kept.answered_for[QUESTION], "17.25");
    let mut again = bound();
    kept.apply(&mut again);
    assert_eq!(told(&made(&first, &again)), None);
}

/// Where one question stands for two places, it is asked once and acknowledged once.
#[test]
fn what_is_asked_is_not_asked_again_before_activation() {
    let mut session = canceled("ORD-48213", "one");
    session.turns.push(call(
        "d",
        3,
        "cancel_charge",
        json!({ "order_id": "ORD-48213", "fee": 17.25, "note": "late" }),
        json!({ "ok": true }),
    ));
    // The same sum twice is an input; two of them, one each, are not.
    if let Some(crate::session::Turn::Call(call)) = session.turns.last_mut() {
        call.arguments["fee"] = json!(4.75);
    }
    let made = made(&session, &bound());
    let text = crate::report_text(&made.report, &made.document);
    let asked = made.report.questions.len();
    assert_eq!(asked, 2, "{:#?}", made.report.questions);
    for question in &made.report.questions {
        let id = question.id.trim_start_matches("source:");
        assert_eq!(text.matches(id).count(), 1, "{text}");
    }
    assert_eq!(
        text.matches("or acknowledge as made_by_agent:").count(),
        asked,
        "{text}"
    );
    assert!(
        text.contains("Answer or acknowledge 2 questions above."),
        "{text}"
    );
    assert!(!text.contains("Change or acknowledge"), "{text}");
}

/// A bill says whom it is paid to. Nothing but a person can tell that the line is what is meant, and what the person
/// answers is followed: whoever the next bill names is paid.
#[test]
fn the_line_that_a_person_names_is_followed() {
    let text = "Stadtwerke Nord\nAmount due:  84.20 EUR\n\nPay to:      Stadtwerke Nord GmbH\nIBAN:        DE89 3704 0044 0532 0130 00\n";
    let recorded = session(
        "The bill is in bill-april.txt. Please pay it.",
        vec![
            call(
                "r",
                0,
                "read_file",
                json!({ "path": "bill-april.txt" }),
                json!({ "path": "bill-april.txt", "text": text }),
            ),
            call(
                "p",
                1,
                "pay",
                json!({ "recipient": "Stadtwerke Nord GmbH", "iban": "DE89370400440532013000", "amount": 84.2 }),
                json!({ "ok": true }),
            ),
            approval(Some("p"), true, "ana", "checked"),
        ],
    );
    let asked = made(&recorded, &bound());
    let question = &asked.report.questions[0];
    let choice = "steps.read_file.output.text | line_value('Pay to')";
    assert_eq!(question.id, "source:pay:/recipient");
    assert!(
        question.choices.contains(&choice.to_owned()),
        "{:?}",
        question.choices
    );
    assert!(asked.report.generalisable < Some(Level::Renamed));
    let mut options = bound();
    options.answers = [(question.id.clone(), choice.to_owned())].into();
    let made = made(&recorded, &options);
    assert_eq!(made.report.questions, []);
    assert_eq!(made.report.replay.differences, []);
    assert!(made.report.generalisable >= Some(Level::Renamed));
    let pay = made.document.steps.last().unwrap().with.as_ref().unwrap();
    assert_eq!(
        pay["arguments"]["recipient"],
        json!(format!("{{{{ {choice} }}}}"))
    );
}

#[test]
fn what_is_accepted_by_the_code_of_its_finding_is_answered_as_assumed() {
    let first = canceled("ORD-48213", "one");
    let asked = made(&first, &bound());
    let place = &asked.report.questions[0].path;
    let about = asked.report.findings.iter();
    let code = about
        .filter(|finding| finding.path.as_ref() == Some(place))
        .map(|finding| finding.code.clone())
        .next()
        .expect("a finding stands with the question");
    let with = |codes: &[&str]| Options {
        accept: codes.iter().map(|code| (*code).to_owned()).collect(),
        ..bound()
    };
    let taken = made(&first, &with(&[&code]));
    assert_eq!(taken.report.questions, []);
    let default = &asked.report.questions[0].default;
    let crystallized = &taken.document.metadata["crystallized"];
    assert_eq!(crystallized["answers"], json!({ QUESTION: default }));
    let codes = |made: &Crystallized| -> Vec<String> {
        let found = made.report.findings.iter();
        found.map(|finding| finding.code.clone()).collect()
    };
    assert!(!codes(&taken).contains(&"accept_not_applied".to_owned()));
    // What is answered goes before what is accepted.
    let mut both = with(&[&code]);
    both.answers.insert(QUESTION.to_owned(), "input".to_owned());
    let answered = made(&first, &both);
    let crystallized = &answered.document.metadata["crystallized"];
    assert_eq!(crystallized["answers"], json!({ QUESTION: "input" }));
    // A code that stands with no question changes nothing, and one that there is not is refused.
    let other = made(&first, &with(&["unmapped_tool"]));
    assert_eq!(other.report.questions, asked.report.questions);
    assert!(codes(&other).contains(&"accept_not_applied".to_owned()));
    for options in [
        with(&["unmaped_tool"]),
        Options {
            mode: Mode::Exact,
            ..with(&["unmaped_tool"])
        },
    ] {
        let refused = crystallize(std::slice::from_ref(&first), &options).unwrap_err();
        assert_eq!((refused.code, refused.status()), ("unknown_code", 422));
        assert!(refused.help.contains("`unmapped_tool`"), "{}", refused.help);
    }
}
