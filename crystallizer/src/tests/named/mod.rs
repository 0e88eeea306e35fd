//! What the person named and one recording cannot show: followed where it can be, asked about where it cannot, and
//! never lost.

mod age;
mod condition;
mod extreme;
mod list;
mod pick;

use super::build::*;
use crate::Crystallized;
use crate::session::Session;
use serde_json::{Value, json};

fn crystallized(session: &Session) -> Crystallized {
    let made = made(session, &bound());
    assert_eq!(made.report.replay.differences, []);
    made
}

/// What the loops go over.
fn over(made: &Crystallized) -> Vec<String> {
    made.document
        .steps
        .iter()
        .filter_map(|step| step.for_each.as_ref()?.items.as_str())
        .map(|items| items.replace("steps.list_tickets.output.tickets", "TICKETS"))
        .collect()
}

/// The words that are asked about.
fn asked(made: &Crystallized) -> Vec<String> {
    made.report
        .findings
        .iter()
        .filter(|finding| finding.code == "condition_not_shown" && finding.acknowledge)
        .map(|finding| {
            let (_, rest) = finding.message.split_once("said ").unwrap();
            let shown = rest.split_once("”, and ").unwrap().0.to_owned() + "”";
            // The words are marked in their sentence, where they are not all of it.
            let marked: Vec<String> = shown
                .split('*')
                .skip(1)
                .step_by(2)
                .map(|words| format!("“{words}”"))
                .collect();
            match marked.is_empty() {
                true => shown,
                false => marked.join(", "),
            }
        })
        .collect()
}

fn ticket(id: &str, more: Value) -> Value {
    let mut ticket = json!({ "ticket_id": id });
    for (key, value) in more.as_object().unwrap() {
        ticket[key] = value.clone();
    }
    ticket
}

/// Closes some tickets of a customer.
fn closing(task: &str, tickets: &[Value], taken: &[usize]) -> Session {
    let asked = json!({ "customer_id": "ana_li_3668" });
    super::build::closing(task, asked, tickets, taken)
}

const IDS: [&str; 5] = ["T-48121", "T-77340", "T-10553", "T-62087", "T-30912"];

/// Tickets with these fields.
fn tickets(fields: &[Value]) -> Vec<Value> {
    IDS.iter()
        .zip(fields)
        .map(|(id, fields)| ticket(id, fields.clone()))
        .collect()
}
