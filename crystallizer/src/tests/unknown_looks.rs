//! Looks whose names have no verb that is known: what they did tells that they only look.

use super::build::*;
use crate::session::Session;
use druse_engine::definition::EffectLevel;
use serde_json::{Value, json};

/// A record is looked at by some tool, and its watchers are set.
fn watchers(look: &str, sent: Value, read: Value) -> Session {
    session(
        "Remove ana@shop.example from the watchers of WEB-44120.",
        vec![
            call("g", 0, look, sent, read),
            call(
                "u",
                1,
                "update_issue",
                json!({ "issue_id": "WEB-44120", "watchers": [] }),
                json!({ "ok": true }),
            ),
        ],
    )
}

fn asked(session: &Session) -> bool {
    let made = made(session, &bound());
    let mut all = made.report.questions.iter();
    all.any(|one| one.id == "source:update_issue:/watchers")
}

#[test]
fn what_a_look_showed_counts_whatever_it_is_called() {
    let record = || json!({ "issue_id": "WEB-44120", "title": "Login fails", "watchers": ["ana@shop.example"] });
    for look in [
        "get_issue",
        "issueCard",
        "issue_details",
        "jira_issue",
        "vorgang_lesen",
        "consulter_ticket",
        "order_details",
    ] {
        let sent = json!({ "issue_id": "WEB-44120" });
        assert!(asked(&watchers(look, sent, record())), "{look}");
    }
    // Who sends more than an id may have made that record, and so may who is answered only that it was done.
    let sent = json!({ "issue_id": "WEB-44120", "title": "Login fails", "blocked": true });
    assert!(!asked(&watchers("frobnicate", sent, record())));
    let sent = json!({ "issue_id": "WEB-44120" });
    assert!(!asked(&watchers(
        "frobnicate",
        sent,
        json!({ "ok": true, "watchers": "ana@shop.example" })
    )));
}

#[test]
fn what_it_does_to_the_world_stays_unknown() {
    let record = json!({ "issue_id": "WEB-44120", "title": "Login fails", "watchers": ["ana@shop.example"] });
    for (look, level) in [("get_issue", Some(EffectLevel::Read)), ("issueCard", None)] {
        let sent = json!({ "issue_id": "WEB-44120" });
        let made = made(&watchers(look, sent, record.clone()), &bound());
        assert_eq!(made.document.steps[0].effects, level, "{look}");
    }
}
