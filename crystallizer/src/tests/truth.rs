//! Values that are true or false: said, different between recordings, or what the agent always sends.

use super::build::*;
use crate::report::Verdict;
use crate::session::Session;
use crate::{Crystallized, crystallize};
use serde_json::{Value, json};

fn sent(task: &str, name: &str, arguments: Value) -> Session {
    session(
        task,
        vec![call("a", 0, name, arguments, json!({ "ok": true }))],
    )
}

fn arguments(made: &Crystallized) -> Value {
    made.document.steps[0].with.as_ref().unwrap()["arguments"].clone()
}

fn codes(made: &Crystallized) -> Vec<&str> {
    let all = made.report.findings.iter();
    all.map(|finding| finding.code.as_str()).collect()
}

#[test]
fn one_input_for_what_was_said_and_none_for_what_was_not() {
    let task = "Refund order W-48121. Notify is true.";
    let made = made(
        &sent(
            task,
            "refund_order",
            json!({ "order_id": "W-48121", "notify": true, "silent": true, "deep": false }),
        ),
        &bound(),
    );
    assert_eq!(
        arguments(&made),
        json!({ "order_id": "{{ inputs.order_id }}", "notify": "{{ inputs.notify }}", "silent": true, "deep": false })
    );
    assert_eq!(made.document.inputs["notify"]["type"], "boolean");
    assert_eq!(
        codes(&made)
            .iter()
            .filter(|code| **code == "chosen_by_agent")
            .count(),
        2
    );
    let values = made.report.values.unwrap();
    assert_eq!((values.said, values.made), (2, 2));
}

#[test]
fn a_look_that_sends_a_flag_is_not_spoken_of() {
    let made = made(
        &sent(
            "Look at order W-48121.",
            "get_order",
            json!({ "order_id": "W-48121", "deep": true }),
        ),
        &bound(),
    );
    assert!(
        !codes(&made).contains(&"chosen_by_agent"),
        "{:?}",
        codes(&made)
    );
    // Where recordings differ it is no constant, whatever the call does.
    let other = sent(
        "Look at order W-90077.",
        "get_order",
        json!({ "order_id": "W-90077", "deep": false }),
    );
    let first = sent(
        "Look at order W-48121.",
        "get_order",
        json!({ "order_id": "W-48121", "deep": true }),
    );
    let both = crystallize(&[first, other], &bound()).unwrap();
    assert_eq!(
        both.report.questions.len(),
        1,
        "{:#?}",
        both.report.questions
    );
    assert_eq!(both.report.questions[0].choices, ["input"]);
}

/// A step that a further recording gives no counterpart to may still show by the words whether something is on.
#[test]
fn what_was_said_of_it_predicts_another_recording() {
    let on = sent(
        "Set the lamp DEV-4471 to on",
        "set_device",
        json!({ "device": "DEV-4471", "on": true }),
    );
    let off = sent(
        "Set the lamp DEV-8812 to off",
        "set_device",
        json!({ "device": "DEV-8812", "on": false }),
    );
    for both in [[on.clone(), off.clone()], [off, on]] {
        let made = crystallize(&both, &bound()).unwrap();
        assert_eq!(made.report.questions, []);
        assert_eq!(made.report.held_out[0].verdict, Verdict::Passed);
        assert_eq!(arguments(&made)["on"], "{{ inputs.on }}");
    }
}
