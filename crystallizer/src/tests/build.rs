//! Small sessions for tests.

use crate::session::*;
use crate::{Crystallized, Mode, Options, crystallize};
use druse_engine::{Digest, Finding, Timestamp};
use serde_json::{Map, Value, json};

/// A session that succeeded, with the task as its first message.
pub(super) fn session(task: &str, turns: Vec<Turn>) -> Session {
    let mut all = vec![said(Role::User, task)];
    all.extend(turns);
    Session {
        format: "druse".to_owned(),
        recorded_as: None,
        kind: SessionKind::AgentRun,
        external_id: Some("ext-1".to_owned()),
        agent: Some("clerk".to_owned()),
        goal: Some(task.to_owned()),
        status: Some(SessionStatus::Succeeded),
        started_at: Some(Timestamp(1_800_000_000_000)),
        finished_at: Some(Timestamp(1_800_000_060_000)),
        working_folder: None,
        tools: Vec::new(),
        turns: all,
        digest: Digest::of(task.as_bytes()),
        bytes_left_out: 0,
        findings: Vec::new(),
        secrets: Vec::new(),
        usage: None,
    }
}

pub(super) fn said(role: Role, text: &str) -> Turn {
    Turn::Message {
        role,
        text: text.to_owned(),
        at: None,
    }
}

/// A call that succeeded.
pub(super) fn call(id: &str, batch: u32, name: &str, arguments: Value, content: Value) -> Turn {
    Turn::Call(Box::new(ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
        batch,
        agent: None,
        folder: None,
        shell: None,
        inside: None,
        waits: false,
        started_at: None,
        finished_at: None,
        result: Some(result(content)),
    }))
}

pub(super) fn result(content: Value) -> ToolResult {
    ToolResult {
        content,
        structured: None,
        is_error: false,
        refused: false,
        truncated: false,
        unread: false,
        exit_code: None,
    }
}

/// A call that failed.
pub(super) fn failed(id: &str, batch: u32, name: &str, arguments: Value, error: &str) -> Turn {
    change(call(id, batch, name, arguments, error.into()), |call| {
        if let Some(result) = &mut call.result {
            result.is_error = true;
        }
    })
}

pub(super) fn change(mut turn: Turn, with: impl FnOnce(&mut ToolCall)) -> Turn {
    if let Turn::Call(call) = &mut turn {
        with(call);
    }
    turn
}

pub(super) fn approval(call: Option<&str>, approved: bool, by: &str, comment: &str) -> Turn {
    Turn::Approval(Box::new(RecordedApproval {
        call: call.map(str::to_owned),
        approved,
        by: (!by.is_empty()).then(|| by.to_owned()),
        comment: (!comment.is_empty()).then(|| comment.to_owned()),
        requested_at: None,
        decided_at: Some(Timestamp(1_800_000_030_000)),
    }))
}

pub(super) fn options() -> Options {
    Options {
        at: Timestamp(1_800_000_100_000),
        druse_version: "0.1.0".to_owned(),
        ..Options::default()
    }
}

pub(super) fn bound() -> Options {
    Options {
        mode: Mode::Bound,
        ..options()
    }
}

/// What is asked about because the person said it and nothing carries it.
pub(super) fn unshown(made: &Crystallized) -> Vec<&str> {
    made.report
        .findings
        .iter()
        .filter(|finding| finding.code == "condition_not_shown" && finding.acknowledge)
        .map(|finding| finding.message.as_str())
        .collect()
}

/// Some tickets of a list are closed, one after the other. `asked` is what the list was asked for with.
pub(super) fn closing(task: &str, asked: Value, tickets: &[Value], taken: &[usize]) -> Session {
    let mut turns = vec![call(
        "l",
        0,
        "list_tickets",
        asked,
        json!({ "tickets": tickets }),
    )];
    for (number, at) in taken.iter().enumerate() {
        let number = u32::try_from(number + 1).unwrap();
        turns.push(call(
            &format!("c{number}"),
            number,
            "close_ticket",
            json!({ "ticket_id": tickets[*at]["ticket_id"] }),
            json!({ "ok": true }),
        ));
    }
    session(task, turns)
}

/// One of three flights is booked. `more` is what is known of each beside its number and its price.
pub(super) fn flight_booked(task: &str, more: [Value; 3], chosen: usize) -> Session {
    let all: Vec<Value> = [("HAT069", 121), ("HAT083", 164), ("HAT271", 190)]
        .iter()
        .zip(more)
        .map(|((number, price), more)| {
            let mut flight = json!({ "flight_number": number, "price": price });
            if let (Some(flight), Value::Object(more)) = (flight.as_object_mut(), more) {
                flight.extend(more);
            }
            flight
        })
        .collect();
    let taken = json!({ "flight_number": all[chosen]["flight_number"] });
    let (asked, found) = (json!({ "to": "OSL" }), json!({ "flights": all }));
    session(
        task,
        vec![
            call("s", 0, "search_flights", asked, found),
            call("b", 1, "book_flight", taken, json!({ "ok": true })),
        ],
    )
}

/// An order is looked up, and one thing is done with it.
pub(super) fn with_order(task: &str, order: Value, deed: &str) -> Session {
    let id = json!({ "order_id": order["order_id"] });
    session(
        task,
        vec![
            call("g", 0, "get_order", id.clone(), order),
            call("x", 1, deed, id, json!({ "ok": true })),
        ],
    )
}

pub(super) fn made(session: &Session, options: &Options) -> Crystallized {
    crystallize(std::slice::from_ref(session), options).unwrap()
}

/// The draft with these answers, which asks for what was recorded.
pub(super) fn drafted(session: &Session, answers: &[(&str, &str)]) -> Crystallized {
    let answers = answers
        .iter()
        .map(|(id, answer)| ((*id).to_owned(), (*answer).to_owned()));
    let options = Options {
        answers: answers.collect(),
        ..bound()
    };
    let made = made(session, &options);
    assert_eq!(made.report.replay.differences, []);
    made
}

/// What the last step sends under a key.
pub(super) fn sent(made: &Crystallized, key: &str) -> Value {
    let last = made.document.steps.last().unwrap();
    last.with.as_ref().unwrap()["arguments"][key].clone()
}

/// The ids of what is asked.
pub(super) fn asked(made: &Crystallized) -> Vec<&str> {
    let questions = made.report.questions.iter();
    questions.map(|one| one.id.as_str()).collect()
}

/// `step code`, in order, of the findings that are no mere notes on where texts came from.
pub(super) fn codes(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            let mark = if finding.acknowledge {
                " (acknowledge)"
            } else {
                ""
            };
            format!(
                "{} {}{mark}",
                finding.step.as_deref().unwrap_or("-"),
                finding.code
            )
        })
        .collect()
}

/// The steps as `id <- needs`, with what is odd about them.
pub(super) fn chain(made: &Crystallized) -> Vec<String> {
    made.document
        .steps
        .iter()
        .map(|step| {
            let mut text = format!(
                "{} {} <- {}",
                step.id,
                step.action.as_deref().unwrap_or("?"),
                step.needs.join(" ")
            );
            if step.on_error.is_some() {
                text.push_str(" continue");
            }
            if let Some(when) = &step.when {
                text.push_str(&format!(" when {when}"));
            }
            text
        })
        .collect()
}

/// The bill example: read a file, pay what it says after an approval, note it.
pub(super) fn bill() -> Session {
    session(
        "Please pay the bill in bill-december.txt",
        vec![
            call("c1", 0, "read_file", json!({ "file_path": "bill-december.txt" }),
                "Bill for the month\nAmount: 98.70\nIBAN: UK12345678901234567890\nReference: INV-2027-0042".into()),
            said(Role::Assistant, "I will pay 98.70."),
            call("c2", 1, "get_balance", json!({}), json!({ "balance": 1810.0 })),
            failed("c3", 2, "send_money", json!({ "recipient": "UK12345678901234567890", "amount": "98.7O", "subject": "x" }), "Error: amount is no number"),
            call("c4", 3, "send_money", json!({ "recipient": "UK12345678901234567890", "amount": 98.7, "subject": "INV-2027-0042" }), json!({ "ok": true })),
            approval(Some("c4"), true, "ana", "looks right"),
            call("c5", 4, "delete_file", json!({ "file_path": "bill-december.txt" }), "refused".into()),
            approval(Some("c5"), false, "ana", "keep it"),
        ]
        .into_iter()
        .map(|turn| match turn {
            Turn::Call(mut call) if call.id == "c5" => {
                call.result = Some(ToolResult { is_error: true, refused: true, ..result("The person refused".into()) });
                Turn::Call(call)
            }
            turn => turn,
        })
        .collect(),
    )
}

pub(super) fn connections(value: Value) -> std::collections::BTreeMap<String, Value> {
    let map: Map<String, Value> = value.as_object().cloned().unwrap_or_default();
    map.into_iter().collect()
}

/// The document as YAML, without the line that names the schema.
pub(super) fn yaml(document: &druse_engine::definition::Document) -> String {
    let text = druse_engine::definition::to_yaml(document);
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with('#') => rest.to_owned(),
        _ => text,
    }
}
