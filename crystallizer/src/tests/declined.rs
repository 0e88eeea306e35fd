//! What a person said no to, or had not said yes to, is never a plain step.

use super::build::*;
use crate::{Crystallized, Mode, Options, Session, import};
use serde_json::{Value, json};

fn read(recording: &Value) -> Session {
    import(recording.to_string().as_bytes()).unwrap().remove(0)
}

fn both(session: &Session) -> [Crystallized; 2] {
    [Mode::Exact, Mode::Bound].map(|mode| made(session, &Options { mode, ..options() }))
}

fn actions(made: &Crystallized) -> Vec<&str> {
    let steps = made.document.steps.iter();
    steps.map(|step| step.id.as_str()).collect()
}

/// Whether what came after a no has to be acknowledged; nothing where nothing is said of it.
fn after(made: &Crystallized, step: &str) -> Option<bool> {
    let id = format!("after_refusal:{step}");
    let mut found = made.report.findings.iter();
    found.find(|one| one.id == id).map(|one| one.acknowledge)
}

fn has_gate(made: &Crystallized) -> bool {
    let mut steps = made.document.steps.iter();
    steps.any(|step| step.action.as_deref() == Some("approval_gate"))
}

fn asked(question: &str, answer: &str, tool: &str, arguments: Value) -> Session {
    read(&json!({ "messages": [
        { "role": "user", "content": "Have a look at the server srv-771." },
        { "role": "assistant", "tool_calls": [{ "id": "a", "type": "function", "function": { "name": "get_server", "arguments": "{\"id\": \"srv-771\"}" } }] },
        { "role": "tool", "tool_call_id": "a", "content": "{\"id\": \"srv-771\", \"state\": \"stopped\"}" },
        { "role": "assistant", "content": question },
        { "role": "user", "content": answer },
        { "role": "assistant", "tool_calls": [{ "id": "c", "type": "function", "function": { "name": tool, "arguments": arguments.to_string() } }] },
        { "role": "tool", "tool_call_id": "c", "content": "ok" },
    ] }))
}

#[test]
fn what_a_person_said_no_to_waits_for_an_acknowledgement() {
    let question = "Shall I delete srv-771?";
    for answer in [
        "no",
        "No, thanks.",
        "Better not",
        "nein",
        "Cancel that.",
        "stop",
        "No, we still need it.",
        "Don't, I might want it back",
        "No, delete srv-772 instead.",
    ] {
        let session = asked(
            question,
            answer,
            "delete_server",
            json!({ "id": "srv-771" }),
        );
        for made in both(&session) {
            assert_eq!(after(&made, "delete_server"), Some(true), "{answer}");
            assert!(has_gate(&made), "{answer}: {:?}", actions(&made));
        }
    }
    // The deed of the question is enough, and so is a question in other words.
    for question in ["Delete srv-771?", "It is stopped. Do you want me to go on?"] {
        let session = asked(question, "no", "delete_server", json!({ "id": "srv-771" }));
        for made in both(&session) {
            assert_eq!(after(&made, "delete_server"), Some(true), "{question}");
        }
    }
}

#[test]
fn a_no_stays_one_whatever_is_to_be_done_with_the_thing_instead() {
    let closed = json!({ "id": "srv-771", "status": "closed" });
    for answer in [
        "No, keep it open",
        "No, leave it open.",
        "No. Let it run on.",
    ] {
        let session = asked("Shall I close it?", answer, "update_server", closed.clone());
        for made in both(&session) {
            assert_eq!(after(&made, "update_server"), Some(true), "{answer}");
            assert!(has_gate(&made), "{answer}: {:?}", actions(&made));
        }
    }
    // To such a question a no lets the agent go on.
    for (question, answer) in [
        ("I will close it. Any objections?", "No, go ahead"),
        ("Shall I close it?", "Yes, do not keep it open"),
    ] {
        let session = asked(question, answer, "update_server", closed.clone());
        for made in both(&session) {
            assert_eq!(after(&made, "update_server"), None, "{question}");
        }
    }
    let session = asked(
        "Do you want to keep it?",
        "No, delete it.",
        "delete_server",
        json!({ "id": "srv-771" }),
    );
    for made in both(&session) {
        assert_eq!(after(&made, "delete_server"), None);
    }
}

#[test]
fn an_order_beside_a_no_is_told_and_a_yes_stays_one() {
    let question = "Shall I delete srv-771?";
    let said = |answer: &str, tool: &str, arguments: Value| {
        both(&asked(question, answer, tool, arguments))
            .map(|made| (after(&made, tool), has_gate(&made)))
    };
    let id = json!({ "id": "srv-771" });
    let rename = json!({ "id": "srv-771", "name": "old" });
    for told in said("No. Rename it to old.", "rename_server", rename) {
        assert_eq!(told, (Some(false), false));
    }
    let other = json!({ "id": "srv-772" });
    for told in said("No, delete srv-772 instead.", "delete_server", other) {
        assert_eq!(told, (Some(false), false));
    }
    for told in said("Yes, please.", "delete_server", id.clone()) {
        assert_eq!(told, (None, true));
    }
    // A no to a question that is not about doing something.
    let session = asked(
        "Did it ever run on Windows?",
        "no",
        "start_server",
        json!({ "id": "srv-8" }),
    );
    for made in both(&session) {
        assert_eq!(
            (after(&made, "start_server"), has_gate(&made)),
            (None, false)
        );
    }
}

/// Messages of the two between the look and the change, and whether the change has to be acknowledged.
fn talked(messages: &[(&str, &str)]) -> Session {
    let mut all = vec![
        json!({ "role": "user", "content": "Have a look at the order W48121." }),
        json!({ "role": "assistant", "tool_calls": [{ "id": "a", "type": "function", "function": { "name": "get_order", "arguments": "{\"order_id\": \"W48121\"}" } }] }),
        json!({ "role": "tool", "tool_call_id": "a", "content": "{\"order_id\": \"W48121\", \"state\": \"pending\"}" }),
    ];
    all.extend(
        messages
            .iter()
            .map(|(role, content)| json!({ "role": role, "content": content })),
    );
    all.extend([
        json!({ "role": "assistant", "tool_calls": [{ "id": "c", "type": "function", "function": { "name": "cancel_order", "arguments": "{\"order_id\": \"W48121\"}" } }] }),
        json!({ "role": "tool", "tool_call_id": "c", "content": "ok" }),
    ]);
    read(&json!({ "messages": all }))
}

const MAY_I: (&str, &str) = ("assistant", "Shall I cancel order W48121?");

#[test]
fn a_yes_that_is_taken_back_is_a_no() {
    let yes = ("user", "yes");
    for messages in [
        vec![MAY_I, yes, ("user", "wait, no, keep it!")],
        vec![
            MAY_I,
            yes,
            ("assistant", "Ok, one moment."),
            ("user", "stop"),
        ],
        vec![
            MAY_I,
            yes,
            ("assistant", "Are you really sure?"),
            ("user", "Hmm, no."),
        ],
        vec![("assistant", "Cancelling W48121 now."), ("user", "Stop!")],
        vec![
            ("user", "Cancel W48121 please."),
            ("user", "No wait, don't."),
        ],
    ] {
        for made in both(&talked(&messages)) {
            assert_eq!(after(&made, "cancel_order"), Some(true), "{messages:?}");
            assert!(has_gate(&made), "{messages:?}");
        }
    }
    // What is no no to the change.
    for messages in [
        vec![
            MAY_I,
            yes,
            ("assistant", "Do you have a voucher?"),
            ("user", "No."),
        ],
        vec![
            MAY_I,
            yes,
            ("assistant", "Tell me why."),
            ("user", "No longer needed"),
        ],
        vec![
            MAY_I,
            ("user", "no"),
            ("assistant", "Are you sure?"),
            ("user", "Oh, yes cancel it, please."),
        ],
        vec![
            ("assistant", "It is pending."),
            ("user", "No problem. Cancel W48121."),
        ],
        vec![
            ("assistant", "Order W48121 is pending."),
            ("user", "Cancel the order at once, and tell me."),
        ],
        vec![
            ("assistant", "I will cancel order W48120."),
            ("user", "No, W48121"),
        ],
        vec![
            ("assistant", "Order W48121 costs 59.90 EUR."),
            ("user", "Never mind the price."),
        ],
        vec![
            ("assistant", "Order W48121 is pending."),
            ("user", "No rush, but cancel it."),
        ],
    ] {
        for made in both(&talked(&messages)) {
            assert_eq!(after(&made, "cancel_order"), None, "{messages:?}");
        }
    }
}

#[test]
fn an_answer_that_is_not_understood_waits_for_a_person() {
    let found = |answer: &str| {
        both(&talked(&[MAY_I, ("user", answer)])).map(|made| {
            let of = |code: &str| made.report.findings.iter().any(|one| one.code == code);
            (
                has_gate(&made),
                of("answer_not_understood"),
                of("after_refusal"),
            )
        })
    };
    for answer in [
        "I need to ask my wife first",
        "Ich will sie behalten",
        "Das möchte ich nicht",
        "Je préfère la garder",
        "Prefiero conservarlo",
        "Tja.",
        "Let me sleep on it",
    ] {
        for told in found(answer) {
            assert_eq!(told, (true, true, false), "{answer}");
        }
    }
    for answer in [
        "Keep it",
        "I'd rather keep it",
        "Under no circumstances",
        "I said no!",
        "Bloß nicht",
        "Jamais",
        "Nunca",
        "Oui mais n'annulez pas",
        "Sí, pero no la cancele",
    ] {
        for told in found(answer) {
            assert_eq!(told, (true, false, true), "{answer}");
        }
    }
    for answer in [
        "Affirmative",
        "By all means",
        "Please cancel it.",
        "Cancel it",
        "Klar",
        "Na klar, mach das",
        "Natürlich",
        "Bien sûr",
        "Vale",
        "Adelante",
        "Claro",
        "Por supuesto",
    ] {
        for told in found(answer) {
            assert_eq!(told, (true, false, false), "{answer}");
        }
    }
    // A condition that is not read, beside a yes.
    for answer in [
        "Oui, si elle n'est pas expédiée",
        "Oui, à condition que ce soit gratuit",
        "Sí, siempre que sea gratis",
    ] {
        for told in found(answer) {
            assert_eq!(told, (true, true, false), "{answer}");
        }
    }
    // An order, a choice or a question is no answer that is not understood.
    for (question, answer) in [
        (
            "Would you like me to look for another order?",
            "W48121 is the one",
        ),
        (
            "Shall I send the refund to the card or to PayPal?",
            "PayPal",
        ),
        ("Shall I cancel order W48121?", "What does it cost?"),
    ] {
        for made in both(&talked(&[("assistant", question), ("user", answer)])) {
            let mut found = made.report.findings.iter();
            assert!(
                !found.any(|one| one.code == "answer_not_understood"),
                "{answer}"
            );
        }
    }
}

/// Who decides at the gate sees to what the yes was one.
#[test]
fn the_question_stands_with_the_yes() {
    let question = "Your order is pending. Do you want a receipt of the order?";
    for made in both(&talked(&[("assistant", question), ("user", "yes")])) {
        let mut steps = made.document.steps.iter();
        let gate = steps.find(|step| step.action.as_deref() == Some("approval_gate"));
        let with = gate.and_then(|gate| gate.with.as_ref()).unwrap();
        assert_eq!(
            with["message"],
            "In the recording the agent asked “Do you want a receipt of the order?”, and a person said “yes”."
        );
    }
}

#[test]
fn a_refusal_told_in_place_of_an_answer_is_one_in_every_format() {
    let no = "The user doesn't want to proceed with this tool use. The tool use was rejected.";
    let refund = json!({ "order": "ORD-7781", "amount": 77.5 });
    let openai = |name: &str, id: &str| json!({ "role": "assistant", "tool_calls": [{ "id": id, "type": "function", "function": { "name": name, "arguments": refund.to_string() } }] });
    let anthropic = |name: &str, id: &str| json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": id, "name": name, "input": refund }] });
    let told = |id: &str, text: &str, failed: bool| json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": text, "is_error": failed }] });
    let task = json!({ "role": "user", "content": "Refund ORD-7781, 77.5." });
    for recording in [
        json!({ "messages": [task, openai("refund_order", "a"), { "role": "tool", "tool_call_id": "a", "content": no },
            openai("issue_credit", "b"), { "role": "tool", "tool_call_id": "b", "content": "ok" }] }),
        json!({ "messages": [task, anthropic("refund_order", "a"), told("a", no, true), anthropic("issue_credit", "b"), told("b", "ok", false)] }),
    ] {
        let session = read(&recording);
        // Druse writes it anew, and it stays one refusal.
        let again = read(&crate::to_own_form(&session));
        for session in [&session, &again] {
            assert_eq!(session.counts().approvals, 1);
            for made in both(session) {
                assert_eq!(actions(&made), ["issue_credit"]);
                assert_eq!(after(&made, "issue_credit"), Some(true));
            }
        }
    }
    // A tool that hands such a text on as its answer has run.
    let page = json!({ "messages": [task, anthropic("read_page", "a"), told("a", no, false)] });
    for made in both(&read(&page)) {
        assert_eq!(actions(&made), ["read_page"]);
    }
}

#[test]
fn what_nobody_had_approved_stands_behind_a_gate() {
    let wire = |state: &str, approval: Value| {
        let part = json!({ "type": "tool-wireMoney", "toolCallId": "c4", "state": state, "approval": approval,
            "input": { "iban": "DE89370400440532013000", "amount": 900 } });
        read(&json!([
            { "id": "1", "role": "user", "parts": [{ "type": "text", "text": "Wire 900 EUR to DE89370400440532013000." }] },
            { "id": "2", "role": "assistant", "parts": [{ "type": "step-start" }, part] },
        ]))
    };
    let item = json!({ "type": "mcp_approval_request", "id": "r1", "server_label": "bank", "name": "wire", "arguments": "{\"amount\": 900}" });
    let response = json!({ "object": "response", "id": "resp_1", "output": [item] });
    let models = json!([
        { "role": "user", "content": "Wire 900 EUR." },
        { "role": "assistant", "content": [
            { "type": "tool-call", "toolCallId": "t1", "toolName": "wire", "input": { "amount": 900 } },
            { "type": "tool-approval-request", "approvalId": "p1", "toolCallId": "t1" },
        ] },
    ]);
    for session in [
        wire("approval-requested", json!({ "id": "ap4" })),
        read(&response),
        read(&models),
    ] {
        for session in [&session, &read(&crate::to_own_form(&session))] {
            assert!(session.calls().all(|call| call.waits), "{session:#?}");
            for made in both(session) {
                assert!(has_gate(&made));
                let mut found = made.report.findings.iter();
                assert!(found.any(|one| one.code == "gate_suggested" && one.acknowledge));
            }
        }
    }
    let approved = wire(
        "approval-responded",
        json!({ "id": "ap4", "approved": true }),
    );
    assert!(approved.calls().all(|call| !call.waits));
}

/// Whether a change has to be acknowledged for what was said to a question, and whether a gate stands before it.
fn answered_to(question: &str, answer: &str) -> Vec<(bool, bool)> {
    let id = json!({ "id": "srv-771" });
    let made = both(&asked(question, answer, "delete_server", id));
    let asks = |made: &Crystallized| {
        let mut found = made.report.findings.iter();
        found.any(|one| {
            one.acknowledge && matches!(&*one.code, "after_refusal" | "answer_not_understood")
        })
    };
    made.iter()
        .map(|made| (asks(made), has_gate(made)))
        .collect()
}

#[test]
fn a_no_lets_the_agent_go_on_where_that_is_what_it_asked() {
    for question in [
        "I will delete srv-771 now. Any objections?",
        "I will delete srv-771. Anything else before I go on?",
        "Do you want to keep srv-771?",
        "srv-771 is stopped. Do you still need it?",
        "I am going to delete srv-771. Do you mind?",
        "Ich werde srv-771 löschen. Einwände?",
        "Je vais supprimer srv-771. Des objections ?",
        "Voy a borrar srv-771. ¿Alguna objeción?",
    ] {
        for answer in ["No", "No, go ahead", "Nope, none"] {
            for told in answered_to(question, answer) {
                assert_eq!(told, (false, true), "{question} {answer}");
            }
        }
        for told in answered_to(question, "No, wait!") {
            assert_eq!(told, (true, true), "{question}");
        }
        if !question.contains("else") {
            for told in answered_to(question, "Yes") {
                assert_eq!(told, (true, true), "{question}");
            }
        }
    }
    for (question, answer) in [
        ("Do you want to keep srv-771?", "No, delete it."),
        ("Do you want to keep it?", "No, please delete it."),
        ("Do you want to keep it?", "No. Delete server srv-771."),
        ("Brauchen Sie ihn noch?", "Nein, danke."),
        ("Do you mind if I delete it?", "Sure, no problem."),
        ("Do you mind if I delete it?", "Yes, that's fine."),
        (
            "Do you mind if I delete srv-771?",
            "Yes, of course, delete it.",
        ),
        ("Shall I delete the object srv-771?", "Yes."),
        (
            "If you have no objection, shall I delete srv-771?",
            "Yes, please.",
        ),
    ] {
        for told in answered_to(question, answer) {
            assert_eq!(told, (false, true), "{question} {answer}");
        }
    }
    for (question, answer) in [
        ("Shall I delete the object srv-771?", "No."),
        (
            "Shall I delete any more servers before I close your case?",
            "No.",
        ),
        (
            "Would you like me to delete any more before I go?",
            "No, thanks.",
        ),
        ("Soll ich noch etwas löschen, bevor ich aufhöre?", "Nein."),
        ("¿Quiere que borre algo más antes de enviar?", "No."),
        ("If you have no objection, shall I delete srv-771?", "No."),
        ("Unless you object, may I delete srv-771?", "No."),
        (
            "srv-771 is stopped. Do you still need it?",
            "No I do need it.",
        ),
        (
            "Do you want to keep server srv-771?",
            "No, thanks, I want it.",
        ),
    ] {
        for told in answered_to(question, answer) {
            assert_eq!(told, (true, true), "{question} {answer}");
        }
    }
    // What is asked of something else lets nobody go on.
    for question in [
        "Shall I keep a copy of the disk?",
        "Do you need this server today?",
        "Do you want this as a PDF?",
        "Brauchen Sie noch eine Rechnung?",
    ] {
        for told in answered_to(question, "No.") {
            assert!(!told.1 || told.0, "{question}");
        }
    }
    for told in answered_to("Should I not delete srv-771?", "Yes") {
        assert_eq!(told, (true, true));
    }
    // Where it asks for the deed beside it, a no is one.
    let question = "Shall I delete srv-771? Any questions?";
    for told in answered_to(question, "No") {
        assert_eq!(told, (true, true));
    }
}

#[test]
fn a_reason_beside_a_yes_is_no_refusal() {
    let question = "srv-771 is stopped. Shall I delete srv-771?";
    for answer in [
        "I can't use it, delete it",
        "I don't want it, so yes",
        "Not a problem, go ahead",
        "It never worked. Delete it please",
        "I don't mind",
        "Yes, I am sure. I don't want it.",
        "no changes needed, proceed",
        "I'm not happy with it, delete it please",
        "Can't afford it. Delete.",
    ] {
        for told in answered_to(question, answer) {
            assert_eq!(told, (false, true), "{answer}");
        }
    }
    for answer in [
        "I can't allow that",
        "don't touch it",
        "No, delete nothing",
        "Not now, I need it",
        "I do not want it deleted",
        "Don't delete it, I need it",
        "never ever",
        "No way, keep it",
    ] {
        for told in answered_to(question, answer) {
            assert_eq!(told, (true, true), "{answer}");
        }
    }
    for (question, answer, expected) in [
        (
            "Soll ich srv-771 löschen?",
            "Ja, löschen Sie ihn",
            (false, true),
        ),
        (
            "Soll ich srv-771 löschen?",
            "Lösche ihn nicht",
            (true, true),
        ),
        (
            "Voulez-vous que je supprime srv-771 ?",
            "Oui, supprimez-le",
            (false, true),
        ),
        (
            "Voulez-vous que je supprime srv-771 ?",
            "Ne le supprimez pas",
            (true, true),
        ),
    ] {
        for told in answered_to(question, answer) {
            assert_eq!(told, expected, "{question} {answer}");
        }
    }
}
