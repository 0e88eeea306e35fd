//! Calls that turn the pages of a list become one loop that gives the whole list.

use super::build::*;
use crate::report::Level;
use crate::session::{Session, Turn};
use crate::{Crystallized, Mode, Options};
use druse_engine::Severity;
use druse_engine::check::{Catalog, check};
use serde_json::{Value, json};

fn crystallized(session: &Session) -> Crystallized {
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    let made = made(session, &options);
    assert_eq!(made.report.replay.differences, []);
    let wrong: Vec<_> = check(&made.document, &Catalog::default())
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error && finding.code != "unmapped_tool")
        .collect();
    assert_eq!(wrong, []);
    made
}

fn rows(ids: &[u32]) -> Value {
    ids.iter()
        .map(|id| json!({ "ticket_id": format!("T-{id}"), "state": if id % 2 == 0 { "solved" } else { "waiting" } }))
        .collect()
}

fn page(number: u32, arguments: Value, answer: Value) -> Turn {
    call(
        &format!("p{number}"),
        number,
        "list_tickets",
        arguments,
        answer,
    )
}

fn close(number: u32, ticket: u32) -> Turn {
    call(
        &format!("c{number}"),
        number,
        "close_ticket",
        json!({ "ticket_id": format!("T-{ticket}") }),
        json!({ "ok": true }),
    )
}

/// The loop over the pages: its `until`, what it gives, and what its body asks for.
fn repeat(made: &Crystallized) -> Value {
    let step = &made.document.steps[0];
    let repeat = step.repeat.as_ref().unwrap();
    json!({
        "until": repeat.until,
        "output": repeat.output,
        "asks": step.steps[0].with.as_ref().unwrap()["arguments"],
    })
}

#[test]
fn a_cursor_is_handed_from_page_to_page() {
    let ask = |cursor: Option<&str>| match cursor {
        None => json!({ "customer_id": "ana_li_3668" }),
        Some(cursor) => json!({ "customer_id": "ana_li_3668", "cursor": cursor }),
    };
    let session = session(
        "Close every waiting ticket of ana_li_3668.",
        vec![
            page(
                0,
                ask(None),
                json!({ "tickets": rows(&[48121, 77340]), "next_cursor": "b7f31c90aa" }),
            ),
            page(
                1,
                ask(Some("b7f31c90aa")),
                json!({ "tickets": rows(&[10553, 62088]), "next_cursor": "c99d02e1bb" }),
            ),
            page(
                2,
                ask(Some("c99d02e1bb")),
                json!({ "tickets": rows(&[99113]), "next_cursor": null }),
            ),
            close(3, 48121),
            close(4, 10553),
            close(5, 99113),
        ],
    );
    let made = crystallized(&session);
    assert_eq!(
        repeat(&made),
        json!({
            "until": "not (steps.list_tickets.output.next_cursor | default(''))",
            "output": {
                "tickets": "{{ loop.previous.tickets | default([]) | chain(steps.list_tickets.output.tickets) | list }}",
                "next": "{{ steps.list_tickets.output.next_cursor | default(none) }}",
            },
            "asks": "{{ {'customer_id': (inputs.customer_id)} if loop.index == 0 else {'customer_id': (inputs.customer_id), 'cursor': (loop.previous.next)} }}",
        })
    );
    assert_eq!(
        made.document.steps[1].for_each.as_ref().unwrap().items,
        json!("{{ steps.all_ticket_pages.output.tickets | where('state', inputs.state) }}")
    );
    assert_eq!(made.document.steps.len(), 2);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn pages_are_counted() {
    let numbered = |number: u32, ids: &[u32]| {
        page(
            number,
            json!({ "customer_id": "ana_li_3668", "page": number + 1 }),
            json!({ "tickets": rows(ids), "has_more": number < 2 }),
        )
    };
    let made = crystallized(&session(
        "Close all tickets of ana_li_3668.",
        vec![
            numbered(0, &[48121, 77340]),
            numbered(1, &[10553, 62088]),
            numbered(2, &[99113]),
            close(3, 48121),
            close(4, 77340),
            close(5, 10553),
            close(6, 62088),
            close(7, 99113),
        ],
    ));
    assert_eq!(
        repeat(&made),
        json!({
            "until": "not steps.list_tickets.output.has_more",
            "output": { "tickets": "{{ loop.previous.tickets | default([]) | chain(steps.list_tickets.output.tickets) | list }}" },
            "asks": { "customer_id": "{{ inputs.customer_id }}", "page": "{{ loop.index + 1 }}" },
        })
    );
    assert_eq!(
        made.document.steps[1].for_each.as_ref().unwrap().items,
        json!("{{ steps.all_ticket_pages.output.tickets }}")
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn an_empty_page_is_the_last_of_those_by_their_offset() {
    let from = |number: u32, ids: &[u32]| {
        page(
            number,
            json!({ "customer_id": "ana_li_3668", "limit": 2, "offset": number * 2 }),
            rows(ids),
        )
    };
    let made = crystallized(&session(
        "Show all tickets of ana_li_3668.",
        vec![
            from(0, &[48121, 77340]),
            from(1, &[10553, 62088]),
            from(2, &[]),
        ],
    ));
    assert_eq!(
        repeat(&made),
        json!({
            "until": "steps.list_tickets.output | length == 0",
            "output": { "items": "{{ loop.previous.items | default([]) | chain(steps.list_tickets.output) | list }}" },
            "asks": { "customer_id": "{{ inputs.customer_id }}", "limit": 2, "offset": "{{ loop.index * 2 }}" },
        })
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// Pages with a change between them are no loop, and a run looks at no further one.
#[test]
fn pages_that_stay_one_by_one_are_told() {
    let task = "Close all tickets of ana_li_3668.";
    let numbered = |number: u32, page_number: u32, ids: &[u32]| {
        page(
            number,
            json!({ "customer_id": "ana_li_3668", "page": page_number }),
            json!({ "tickets": rows(ids) }),
        )
    };
    let told = |made: &Crystallized| {
        made.report
            .findings
            .iter()
            .filter(|finding| finding.code == "pages_as_recorded")
            .map(|finding| (finding.id.clone(), finding.acknowledge))
            .collect::<Vec<_>>()
    };
    let by_number = crystallized(&session(
        task,
        vec![
            numbered(0, 1, &[48121, 77340]),
            close(1, 48121),
            close(2, 77340),
            numbered(3, 2, &[10553, 62088]),
            close(4, 10553),
            close(5, 62088),
        ],
    ));
    let by_cursor = crystallized(&session(
        task,
        vec![
            page(
                0,
                json!({ "customer_id": "ana_li_3668" }),
                json!({ "tickets": rows(&[48121]), "next_cursor": "b7f31c90aa" }),
            ),
            close(1, 48121),
            page(
                2,
                json!({ "customer_id": "ana_li_3668", "cursor": "b7f31c90aa" }),
                json!({ "tickets": rows(&[10553]), "next_cursor": null }),
            ),
            close(3, 10553),
        ],
    ));
    for made in [&by_number, &by_cursor] {
        assert_eq!(
            told(made),
            [("pages_as_recorded:list_tickets".to_owned(), true)]
        );
        assert_eq!(made.report.generalisable, Some(Level::Same));
    }
    // One page is no turning of pages.
    let one = crystallized(&session(
        task,
        vec![numbered(0, 1, &[48121]), close(1, 48121)],
    ));
    assert_eq!(told(&one), []);
    assert_eq!(one.report.generalisable, Some(Level::Reordered));
    // Those that a loop turns need no word.
    let folded = crystallized(&session(
        "Close all tickets.",
        vec![
            page(
                0,
                json!({ "page": 1 }),
                json!({ "tickets": rows(&[48121]), "has_more": true }),
            ),
            page(
                1,
                json!({ "page": 2 }),
                json!({ "tickets": rows(&[77340]), "has_more": false }),
            ),
            close(2, 48121),
            close(3, 77340),
        ],
    ));
    assert_eq!(told(&folded), []);
    assert_eq!(folded.report.generalisable, Some(Level::Shuffled));
}

/// Pages that end for no reason that an answer gives, one that the person named, and steps that are not even.
#[test]
fn what_tells_no_end_stays_one_by_one() {
    let none = |what: &str, task: &str, turns: Vec<Turn>| {
        let made = crystallized(&session(task, turns));
        assert!(
            made.document.steps.iter().all(|step| step.repeat.is_none()),
            "{what}"
        );
    };
    let numbered = |number: u32, page_number: u32, more: bool| {
        page(
            number,
            json!({ "customer_id": "ana_li_3668", "page": page_number }),
            json!({ "tickets": rows(&[48121 + number]), "has_more": more }),
        )
    };
    none(
        "it stopped before the last page",
        "Look through the tickets of ana_li_3668.",
        vec![numbered(0, 1, true), numbered(1, 2, true)],
    );
    none(
        "a page was left out",
        "Look through the tickets of ana_li_3668.",
        vec![
            numbered(0, 1, true),
            numbered(1, 2, true),
            numbered(2, 4, false),
        ],
    );
}
