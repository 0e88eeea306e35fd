//! The report in words.

use super::build::*;
use crate::session::{Session, Usage};
use crate::{Mode, Options};
use serde_json::json;

fn text(session: &Session, mode: Mode) -> String {
    let options = Options { mode, ..options() };
    let made = made(session, &options);
    crate::text::text(&made.report, &made.document)
}

/// The lines of a part of the report, without its title.
fn part<'t>(text: &'t str, title: &str) -> Vec<&'t str> {
    text.lines()
        .skip_while(|line| !line.starts_with(title))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect()
}

#[test]
fn other_data_shows_nothing_where_nothing_follows_data() {
    let frozen = session(
        "Tidy up",
        vec![call(
            "c1",
            0,
            "add_note",
            json!({ "text": "everything looks tidy again" }),
            json!({ "ok": true }),
        )],
    );
    let text = text(&frozen, Mode::Bound);
    assert_eq!(
        part(&text, "On other data"),
        [
            "  nothing in it follows data: every run asks for what was recorded, whatever the answers are"
        ]
    );
    assert!(!text.contains("shown to hold"), "{text}");
}

#[test]
fn what_does_not_hold_is_said_once() {
    let orders = json!({ "orders": [{ "order_id": "ord-77812" }, { "order_id": "ord-90211" }, { "order_id": "ord-10553" }] });
    let session = session(
        "Cancel one of the orders of ana_li_3668.",
        vec![
            call(
                "g",
                0,
                "list_orders",
                json!({ "customer_id": "ana_li_3668" }),
                orders,
            ),
            call(
                "c",
                1,
                "cancel_order",
                json!({ "order_id": "ord-90211" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let text = text(&session, Mode::Bound);
    let other = part(&text, "On other data");
    assert!(
        other[0].contains("does not hold: `cancel_order` at `/order_id`"),
        "{text}"
    );
    assert!(other[1].ends_with("does not hold: the same"), "{text}");
    assert!(other[2].ends_with("does not hold: the same"), "{text}");
    assert_eq!(text.matches("where it comes from is").count(), 1, "{text}");
}

#[test]
fn all_that_was_left_out_is_told_with_its_tool() {
    let mut session = session(
        "Look around and build",
        vec![
            call("a", 0, "TodoWrite", json!({ "todos": [] }), "ok".into()),
            call("b", 1, "TodoWrite", json!({ "todos": [1] }), "ok".into()),
            call("c", 2, "WebSearch", json!({ "query": "make" }), "…".into()),
            failed("d", 3, "Bash", json!({ "command": "make all" }), "no rule"),
            call(
                "e",
                4,
                "Bash",
                json!({ "command": "make all" }),
                "ok".into(),
            ),
        ],
    );
    session.format = "claude-code".to_owned();
    let text = text(&session, Mode::Exact);
    let title = text.lines().find(|line| line.starts_with("Left out"));
    let told = part(&text, "Left out").join("\n");
    assert_eq!(title, Some("Left out: 4 calls"), "{text}");
    assert!(told.contains("2 calls of `TodoWrite`"), "{text}");
    assert!(told.contains("1 call of `WebSearch`"), "{text}");
    assert!(told.contains("A call of `Bash` failed"), "{text}");
}

#[test]
fn a_count_that_cannot_be_right_is_left_out() {
    let mut session = session(
        "Write the page",
        vec![call(
            "c1",
            0,
            "write_page",
            json!({ "name": "about", "text": "We sell apples. ".repeat(100) }),
            json!({ "ok": true }),
        )],
    );
    let mut with = |output_tokens: u64| {
        session.usage = Some(Usage {
            input_tokens: 12_000,
            output_tokens,
            ..Usage::default()
        });
        text(&session, Mode::Exact)
    };
    assert!(with(400).contains("12,000 tokens in, 400 out, which a run does without"));
    // Sixteen hundred characters are no nine tokens: the count is that of the answer's beginning.
    assert!(with(9).contains("  12,000 tokens in, which a run does without"));
}

#[test]
fn a_time_that_nobody_measured_is_none() {
    let at = Some(druse_engine::Timestamp(1_800_000_010_000));
    let session = session(
        "Note it",
        vec![change(
            call(
                "c1",
                0,
                "add_note",
                json!({ "text": "it" }),
                json!({ "ok": true }),
            ),
            |call| (call.started_at, call.finished_at) = (at, at),
        )],
    );
    let text = text(&session, Mode::Exact);
    assert!(
        text.contains("1 tool call in 1 turn of the agent, 60.0 s\n"),
        "{text}"
    );
}
