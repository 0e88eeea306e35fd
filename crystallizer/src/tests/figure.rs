//! Figures of an answer that stay in a message while what it is about moves.

use super::build::*;
use crate::{Mode, Options};
use serde_json::json;

fn told(body: &str, answer: Option<&str>) -> crate::Crystallized {
    let session = session(
        "Write to the customer of order #W4817 about it.",
        vec![
            call(
                "g",
                0,
                "get_order",
                json!({ "order_id": "#W4817" }),
                json!({ "order_id": "#W4817", "total": 98.7, "parcels": 3, "days": 5, "limit": 1250, "eta": "2026-12-09", "contact": "ana@example.org" }),
            ),
            call(
                "m",
                1,
                "send_email",
                json!({ "to": "ana@example.org", "body": body }),
                json!({ "ok": true }),
            ),
        ],
    );
    let mut options = Options {
        mode: Mode::Bound,
        ..options()
    };
    if let Some(answer) = answer {
        options
            .answers
            .insert("figure:send_email:/body".to_owned(), answer.to_owned());
    }
    made(&session, &options)
}

#[test]
fn a_figure_that_stays_in_a_message_is_asked_about() {
    for (body, expected) in [
        ("Order #W4817 costs 98.70 EUR.", Some("`98.70`")),
        ("Order #W4817 comes in 3 parcels.", Some("`3`")),
        ("Order #W4817: call us on 3 of our lines.", None),
        ("Order #W4817 is on its way.", None),
        ("It costs 98.70 EUR.", None),
        ("Order #W4817: up to $1,250.00.", Some("`1,250.00`")),
        ("Order #W4817: up to 1.250,00 EUR.", Some("`1.250,00`")),
        ("Order #W4817 costs EUR 98,70.", Some("`98,70`")),
        ("Order #W4817 comes by 9/12.", Some("`9/12`")),
        ("Order #W4817 comes by 2026-12-10.", None),
        ("Order #W4817 comes on December 10.", None),
    ] {
        let made = told(body, None);
        let found: Vec<&str> = made
            .report
            .findings
            .iter()
            .filter(|finding| finding.code == "figure_stays" && finding.acknowledge)
            .filter_map(|finding| finding.message.split(' ').nth(2))
            .collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{body}");
        let asked = made
            .report
            .questions
            .iter()
            .any(|question| question.id == "figure:send_email:/body");
        assert_eq!(asked, expected.is_some(), "{body}");
    }
}

#[test]
fn an_answer_settles_it() {
    let body = "Order #W4817 comes in 3 parcels.";
    for answer in ["constant", "gate"] {
        let made = told(body, Some(answer));
        assert_eq!(made.report.questions, [], "{answer}");
        assert!(
            !made
                .report
                .findings
                .iter()
                .any(|finding| finding.code == "answer_not_used")
        );
        assert_eq!(made.report.counts.gates, u64::from(answer == "gate"));
    }
}

#[test]
fn a_day_in_words_that_stays_is_asked_about() {
    let made = told("Order #W4817 comes on December 9.", None);
    let question = &made.report.questions[0];
    assert_eq!(question.id, "figure:send_email:/body");
    assert!(question.text.contains("`December 9`"), "{}", question.text);
    assert!(made.report.generalisable < Some(crate::report::Level::Renamed));
}
