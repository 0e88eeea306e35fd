//! Calls that would be left out, and become steps because somebody wants them.

use super::build::*;
use crate::{Mode, Options, crystallize};
use serde_json::{Value, json};

/// The calls that a draft left out for a reason.
fn left_out(document: &druse_engine::definition::Document, code: &str) -> Vec<String> {
    let all = document.metadata["crystallized"]["left_out"].as_array();
    all.into_iter()
        .flatten()
        .filter(|one| one["code"] == code)
        .filter_map(|one| Some(one["call"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn a_failed_call_comes_back_and_a_refused_one_does_not() {
    let plain = made(&bill(), &options());
    let failed = left_out(&plain.document, "failed_then_repeated");
    let refused = left_out(&plain.document, "refused");
    assert_eq!((failed.len(), refused.len()), (1, 1));
    for mode in [Mode::Exact, Mode::Bound] {
        let kept = Options {
            mode,
            keep: failed.iter().chain(&refused).cloned().collect(),
            ..options()
        };
        let made = made(&bill(), &kept);
        assert!(left_out(&made.document, "failed_then_repeated").is_empty());
        assert_eq!(left_out(&made.document, "refused"), refused);
        assert_eq!(made.document.steps.len(), plain.document.steps.len() + 1);
        let told = |code: &str| made.report.findings.iter().any(|one| one.code == code);
        assert!(told("put_back") && told("refused"));
        assert_eq!(
            (made.report.replay.differing, made.report.replay.missing),
            (0, 0)
        );
        // Who looks at the draft later knows it, too.
        let again = crate::replay_edited(&made.document, &bill(), &Options { mode, ..options() });
        assert_eq!(again.map(|replay| replay.missing), Ok(0));
    }
}

#[test]
fn a_repeated_look_comes_back() {
    let look = |id: &str, batch| call(id, batch, "get_state", json!({ "id": 7 }), "open".into());
    let session = session("Look", vec![look("a", 0), look("b", 1)]);
    let bound = |keep: &[&str]| {
        let options = Options {
            mode: Mode::Bound,
            keep: keep.iter().map(ToString::to_string).collect(),
            ..options()
        };
        made(&session, &options).document
    };
    assert_eq!(bound(&[]).steps.len(), 1);
    let document = bound(&["b"]);
    assert_eq!(document.steps.len(), 2);
    assert_eq!(document.metadata["crystallized"]["keep"], json!(["b"]));
    assert_eq!(
        document.metadata["crystallized"]["left_out"],
        Value::Array(Vec::new())
    );
}

#[test]
fn a_call_that_is_not_there_is_refused() {
    let options = Options {
        keep: ["nobody".to_owned()].into(),
        ..options()
    };
    let error = crystallize(&[bill()], &options).unwrap_err();
    assert_eq!((error.code, error.status()), ("unknown_call", 422));
}
