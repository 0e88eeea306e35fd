//! Of calls that become steps as they were recorded.

use super::given;
use crate::findings::of_replay;
use crate::parse_tools;
use crate::report::Replay;
use crate::tests::build::*;
use crate::{Options, crystallize};
use druse_engine::Finding;
use serde_json::json;

fn of(turns: Vec<crate::Turn>, options: &Options) -> Vec<Finding> {
    made(&session("Look after it.", turns), options)
        .report
        .findings
}

#[test]
fn calls_that_are_not_whole_are_told() {
    let paid = || call("a", 0, "pay", json!({ "amount": 5 }), "ok".into());
    let plain = options();
    let without = change(paid(), |call| call.result = None);
    let cut = change(paid(), |call| {
        if let Some(result) = &mut call.result {
            result.truncated = true;
        }
    });
    let refused = approval(Some("a"), false, "ana", "no");
    let noted = call("n", 0, "TodoWrite", json!({ "todos": [] }), "ok".into());
    let long = call(
        "a",
        0,
        "pay",
        json!({ "text": "x".repeat(1 << 20) }),
        "ok".into(),
    );
    given(vec![
        ("no_result", of(vec![without], &plain)),
        ("answer_cut", of(vec![cut], &plain)),
        ("refused_but_ran", of(vec![refused, paid()], &plain)),
        ("agent_bookkeeping", of(vec![noted, paid()], &plain)),
        ("document_too_large", of(vec![long], &plain)),
    ]);
}

#[test]
fn what_was_asked_for_and_is_not_done_is_told() {
    let paid = |task: &str| session(task, vec![call("a", 0, "pay", json!({}), "ok".into())]);
    let wanted = Options {
        accept: vec!["not_renamed".to_owned()],
        ..options()
    };
    // No draft is known that does not repeat its recording: what would be said of one.
    let differs = Replay {
        matched: 1,
        missing: 1,
        ..Replay::default()
    };
    assert_eq!(of_replay(&Replay::default(), 2), None);
    let two = crystallize(&[paid("Pay."), paid("Pay again.")], &options());
    given(vec![
        (
            "accept_not_applied",
            made(&paid("Pay."), &wanted).report.findings,
        ),
        ("further_recordings_unused", two.unwrap().report.findings),
        (
            "replay_differs",
            of_replay(&differs, 2).into_iter().collect(),
        ),
        (
            "wrong_tool_rule",
            parse_tools("tools: [{ match: pay }]").unwrap_err(),
        ),
    ]);
}
