//! Recordings with lists of different lengths: the loop is found whichever of them was given first.

use super::build::*;
use crate::report::{Level, Verdict};
use crate::session::Session;
use crate::{Crystallized, Options, crystallize};
use serde_json::{Value, json};

/// All tickets of a queue are closed.
fn closed(queue: &str, tickets: &[&str]) -> Session {
    let tickets: Vec<Value> = tickets
        .iter()
        .map(|id| json!({ "ticket_id": id }))
        .collect();
    let all: Vec<usize> = (0..tickets.len()).collect();
    let task = format!("Close all tickets of queue {queue}.");
    let mut session = closing(&task, json!({ "queue": queue }), &tickets, &all);
    session.external_id = Some(format!("rec-{queue}"));
    session
}

fn four() -> [Session; 4] {
    [
        closed("QU-77120", &["T-48121", "T-77340"]),
        closed("QU-88990", &["T-90112", "T-11873", "T-30441"]),
        closed("QU-99101", &[]),
        closed("QU-10001", &["T-62087"]),
    ]
}

/// A recording with one ticket, and one with three.
pub(super) fn one_and_three() -> [Session; 2] {
    let [_, three, _, one] = four();
    [one, three]
}

fn items(made: &Crystallized) -> Vec<&str> {
    let steps = made.document.steps.iter();
    steps
        .filter_map(|step| step.for_each.as_ref()?.items.as_str())
        .collect()
}

#[test]
fn the_loop_is_found_in_any_order() {
    let all = four();
    for order in [
        [0, 1, 2, 3],
        [0, 3, 2, 1],
        [1, 0, 2, 3],
        [1, 2, 3, 0],
        [2, 0, 1, 3],
        [2, 3, 1, 0],
        [3, 0, 1, 2],
        [3, 2, 1, 0],
    ] {
        let sessions: Vec<Session> = order.iter().map(|at: &usize| all[*at].clone()).collect();
        let made = crystallize(&sessions, &bound()).unwrap();
        assert_eq!(
            items(&made),
            ["{{ steps.list_tickets.output.tickets }}"],
            "{order:?}"
        );
        assert_eq!(
            made.report.generalisable,
            Some(Level::Shuffled),
            "{order:?}"
        );
        assert_eq!(made.report.held_out.len(), 3);
        assert!(
            made.report
                .held_out
                .iter()
                .all(|held| held.verdict == Verdict::Passed),
            "{order:?}"
        );
        let told = made
            .report
            .findings
            .iter()
            .filter(|one| one.code == "followed_another");
        assert_eq!(told.count(), usize::from(order[0] > 1), "{order:?}");
    }
}

/// The document names the recording that is followed, and the others keep what people call them.
#[test]
fn the_one_that_is_followed_is_named() {
    let [two, three, _, one] = four();
    let options = Options {
        names: ["one", "two", "three"].map(str::to_owned).to_vec(),
        source: Some(crate::SourceRef {
            kind: "session".to_owned(),
            id: Some("one".to_owned()),
            digest: one.digest.clone(),
        }),
        ..bound()
    };
    let made = crystallize(&[one, two, three.clone()], &options).unwrap();
    let source = &made.document.metadata["crystallized"]["source"];
    assert_eq!(source["digest"], json!(three.digest.to_string()));
    assert_eq!(source["id"], json!("three"));
    let held = made
        .report
        .held_out
        .iter()
        .filter_map(|held| held.name.as_deref());
    assert_eq!(held.collect::<Vec<_>>(), ["one", "two"]);
    let told = made
        .report
        .findings
        .iter()
        .find(|one| one.code == "followed_another")
        .unwrap();
    assert!(told.message.contains("`three`"), "{}", told.message);
}

/// Where the longer recording shows no loop, the first one is followed as ever.
#[test]
fn what_shows_no_loop_changes_nothing() {
    let first = closed("QU-10001", &["T-62087"]);
    let mut other = closed("QU-77120", &["T-48121", "T-77340"]);
    other.turns.remove(1);
    let made = crystallize(&[first, other], &bound()).unwrap();
    assert_eq!(items(&made), Vec::<&str>::new());
    assert!(
        made.report
            .findings
            .iter()
            .all(|one| one.code != "followed_another")
    );
}
