//! Figures of an answer that stay in a message while what it is about moves.

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

/// A draft of a session, with what a person answered about the figures of its message.
fn answered(session: &Session, tool: &str, answer: Option<&str>) -> Crystallized {
    let mut options = bound();
    let answer = answer.map(|answer| (format!("figure:{tool}:/body"), answer.to_owned()));
    options.answers.extend(answer);
    let made = made(session, &options);
    assert_eq!(made.report.replay.differences, []);
    made
}

/// What the last step sends as its message.
fn body(made: &Crystallized) -> Value {
    let last = made.document.steps.last().unwrap();
    last.with.as_ref().unwrap()["arguments"]["body"].clone()
}

fn told(body: &str, answer: Option<&str>) -> Crystallized {
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
    answered(&session, "send_email", answer)
}

#[test]
fn a_figure_that_stays_in_a_message_is_asked_about() {
    for (body, expected) in [
        ("Order #W4817 costs 98.70 EUR.", Some("`98.70`")),
        ("Order #W4817 comes in 3 parcels.", Some("`3`")),
        ("Order #W4817: call us on 3 of our lines.", None),
        ("Order #W4817 is on its way.", None),
        ("It costs 98.70 EUR.", Some("`98.70`")),
        ("Order #W4817: up to $1,250.00.", Some("`1,250.00`")),
        ("Order #W4817: up to 1.250,00 EUR.", Some("`1.250,00`")),
        ("Order #W4817 costs EUR 98,70.", Some("`98,70`")),
        ("Order #W4817 comes by 9/12.", Some("`9/12`")),
        // A day that nobody said and nothing answered.
        ("Order #W4817 comes by 2026-12-10.", Some("`2026-12-10`")),
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
    let text = "Order #W4817 comes in 3 parcels.";
    for answer in ["constant", "gate"] {
        let made = told(text, Some(answer));
        assert_eq!(made.report.questions, [], "{answer}");
        assert!(
            !made
                .report
                .findings
                .iter()
                .any(|finding| finding.code == "question_unknown")
        );
        assert_eq!(made.report.counts.gates, u64::from(answer == "gate"));
        // The figure stays, and a gate before it shows the message.
        let shown = body(&made);
        assert!(
            shown.as_str().unwrap().ends_with("comes in 3 parcels."),
            "{shown}"
        );
        let gates = made.document.steps.iter();
        let gates = gates.filter(|step| step.action.as_deref() == Some("approval_gate"));
        for gate in gates {
            assert_eq!(
                made.document.steps.last().unwrap().needs,
                std::slice::from_ref(&gate.id)
            );
        }
    }
}

#[test]
fn a_day_in_words_that_stays_is_asked_about() {
    let made = told("Order #W4817 comes on December 9.", None);
    let question = &made.report.questions[0];
    assert_eq!(question.id, "figure:send_email:/body");
    assert!(question.text.contains("`December 9`"), "{}", question.text);
    assert!(made.report.generalisable < Some(Level::Renamed));
}

/// A message about a list that was looked at.
fn about_invoices(body: &str, answer: Option<&str>) -> Crystallized {
    let session = session(
        "Mail boss@example.com about the overdue invoices.",
        vec![
            call(
                "l",
                0,
                "list_invoices",
                json!({ "status": "overdue" }),
                json!({ "invoices": [
                    { "id": "inv_3001", "amount": 210.5, "status": "overdue" },
                    { "id": "inv_3002", "amount": 99.0, "status": "overdue" },
                ] }),
            ),
            call(
                "m",
                1,
                "send_mail",
                json!({ "to": "boss@example.com", "subject": "Overdue", "body": body }),
                json!({ "ok": true }),
            ),
        ],
    );
    answered(&session, "send_mail", answer)
}

#[test]
fn what_a_list_tells_in_a_fixed_message_is_asked_about() {
    for (body, shown, source) in [
        (
            "inv_3001, inv_3002",
            "`inv_3001, inv_3002`",
            Some("steps.list_invoices.output.invoices | column('id') | join(', ')"),
        ),
        (
            "First inv_3002, then inv_3001.",
            "`inv_3002`, `inv_3001`",
            None,
        ),
        ("Please pay invoice inv_3001.", "`inv_3001`", None),
        (
            "There are 2 overdue invoices.",
            "`2`",
            Some("steps.list_invoices.output.invoices | length"),
        ),
        (
            "The total is 309.5.",
            "`309.5`",
            Some("steps.list_invoices.output.invoices | column('amount') | sum"),
        ),
        (
            "The total is 309.50 EUR.",
            "`309.50`",
            Some("'%.2f' | format(steps.list_invoices.output.invoices | column('amount') | sum)"),
        ),
        ("That makes 417.35 in all.", "`417.35`", None),
    ] {
        let made = about_invoices(body, None);
        let asked: Vec<&crate::report::Question> = made.report.questions.iter().collect();
        assert_eq!(asked.len(), 1, "{body}: {asked:?}");
        assert!(asked[0].text.contains(shown), "{body}: {}", asked[0].text);
        let mut choices = vec!["constant", "gate"];
        choices.extend(source);
        assert_eq!(asked[0].choices, choices, "{body}");
        let waived: Vec<&str> = made
            .report
            .findings
            .iter()
            .filter(|finding| finding.acknowledge)
            .map(|finding| finding.code.as_str())
            .collect();
        assert_eq!(waived, ["figure_stays"], "{body}");
        let Some(source) = source else { continue };
        let made = about_invoices(body, Some(source));
        assert_eq!(made.report.questions, [], "{body}");
        assert!(
            made.report.generalisable >= Some(Level::Renamed),
            "{body}: {:?}",
            made.report.perturbed
        );
        assert_eq!(
            made.report.replay.differing + made.report.replay.missing,
            0,
            "{body}"
        );
        let sent = self::body(&made);
        let figure = shown.trim_matches('`');
        assert_eq!(
            sent,
            json!(body.replace(figure, &format!("{{{{ {source} }}}}"))),
            "{body}"
        );
    }
    for body in ["Please look at them.", "Call us 3 times."] {
        assert_eq!(about_invoices(body, None).report.questions, [], "{body}");
    }
}

#[test]
fn what_some_of_a_list_come_to_is_offered_where_the_message_says_which() {
    let told = |body: &str| {
        let session = session(
            "Mail boss@example.com about the invoices.",
            vec![
                call(
                    "l",
                    0,
                    "list_invoices",
                    json!({}),
                    json!({ "invoices": [
                        { "id": "inv_3001", "amount": 210.5, "status": "overdue", "paid": false },
                        { "id": "inv_3002", "amount": 87.4, "status": "open", "paid": true },
                        { "id": "inv_3003", "amount": 99.0, "status": "overdue", "paid": true },
                        { "id": "inv_3004", "amount": 12.0, "status": "open", "paid": true },
                    ] }),
                ),
                call(
                    "m",
                    1,
                    "send_mail",
                    json!({ "to": "boss@example.com", "subject": "Invoices", "body": body }),
                    json!({ "ok": true }),
                ),
            ],
        );
        let options = bound();
        let made = made(&session, &options);
        let question = made.report.questions.first();
        question.map_or_else(Vec::new, |question| question.choices.clone())
    };
    let list = "steps.list_invoices.output.invoices";
    for (body, source) in [
        (
            "There are 2 overdue invoices.",
            format!("{list} | where('status', 'overdue') | length"),
        ),
        (
            "3 are paid.",
            format!("{list} | where('paid', true) | length"),
        ),
        (
            "The overdue 309.5 have to come in.",
            format!("{list} | where('status', 'overdue') | column('amount') | sum"),
        ),
    ] {
        assert_eq!(told(body), ["constant", "gate", source.as_str()], "{body}");
    }
    // Nothing says which, or it is another number than these come to.
    for body in ["Call us 2 times.", "There are 7 overdue invoices."] {
        assert_eq!(told(body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn what_a_person_calls_constant_needs_no_waiver_more() {
    let made = about_invoices("inv_3001, inv_3002", Some("constant"));
    assert_eq!(made.report.questions, []);
    assert_eq!(body(&made), json!("inv_3001, inv_3002"));
    assert!(
        !made
            .report
            .findings
            .iter()
            .any(|finding| finding.acknowledge)
    );
}

/// Refunds an order and says so.
fn refunded(number: u32, order: &str, total: f64, body: &str) -> Session {
    let mut session = session(
        &format!("Refund order {order} in full and mail ana@example.com."),
        vec![
            call(
                "g",
                0,
                "get_order",
                json!({ "order_id": order }),
                json!({ "order_id": order, "total": total, "item": "lamp" }),
            ),
            call(
                "r",
                1,
                "refund_order",
                json!({ "order_id": order, "amount": total }),
                json!({ "ok": true }),
            ),
            call(
                "m",
                2,
                "send_mail",
                json!({ "to": "ana@example.com", "body": body }),
                json!({ "ok": true }),
            ),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn a_figure_that_differs_between_recordings_is_no_constant() {
    let both = |second: &str| {
        let all = [
            refunded(
                1,
                "ord_55120",
                84.2,
                "We refunded 84.2 for order ord_55120.",
            ),
            refunded(2, "ord_60001", 120.0, second),
        ];
        crate::crystallize(&all, &bound()).unwrap()
    };
    let made = both("We refunded 120.0 for order ord_60001.");
    assert_eq!(made.report.questions, []);
    assert_eq!(
        body(&made),
        json!("We refunded {{ steps.get_order.output.total }} for order {{ inputs.order_id }}.")
    );
    assert_eq!(
        made.report.held_out[0].verdict,
        crate::report::Verdict::Passed
    );
    // Nothing gives what the other one says.
    let made = both("We refunded 118.5 for order ord_60001.");
    assert_eq!(made.report.questions[0].choices, ["gate"]);
    let mut waived: Vec<&str> = made
        .report
        .findings
        .iter()
        .filter(|finding| finding.acknowledge)
        .map(|finding| finding.code.as_str())
        .collect();
    waived.sort_unstable();
    assert_eq!(waived, ["figure_stays", "held_out_differs"]);
}

/// A small amount with its sign is another amount in the renamed world, and what is read from it moves with it.
#[test]
fn a_small_amount_is_renamed_as_one() {
    let session = session(
        "Submit the change for REC-5501.",
        vec![
            call(
                "c1",
                0,
                "get_record",
                json!({ "record_id": "REC-5501" }),
                json!({ "id": "REC-5501", "total": "1,250.00 EUR", "net": "$42" }),
            ),
            call(
                "c2",
                1,
                "submit_change",
                json!({ "record_id": "REC-5501", "amount": 1250.0, "net": 42 }),
                json!({ "ok": 1 }),
            ),
        ],
    );
    let made = made(&session, &bound());
    let with = &made.document.steps[1].with.as_ref().unwrap()["arguments"];
    assert_ne!(with["net"], json!(42));
    assert!(
        made.report.generalisable >= Some(Level::Renamed),
        "{:?}",
        made.report.findings
    );
}
