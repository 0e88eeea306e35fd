//! Of values that follow from where they came from, and of what is shown of that.

use super::given;
use crate::session::{Role, Session, SessionStatus};
use crate::tests::build::*;
use crate::tests::{longer, loops, several};
use crate::{Mode, Options, Turn, crystallize, parse_tools};
use druse_engine::Finding;
use serde_json::{Value, json};

fn bound() -> Options {
    Options {
        mode: Mode::Bound,
        ..options()
    }
}

fn of_all(sessions: &[Session], options: &Options) -> Vec<Finding> {
    crystallize(sessions, options).unwrap().report.findings
}

fn of(task: &str, turns: Vec<Turn>) -> Vec<Finding> {
    of_all(&[session(task, turns)], &bound())
}

fn noted(number: u32, arguments: Value) -> Turn {
    call(
        &format!("n{number}"),
        number,
        "add_note",
        arguments,
        json!({ "ok": true }),
    )
}

#[test]
fn where_values_come_from_is_told() {
    let day = noted(0, json!({ "date": "2027-01-15" }));
    let text = "W-481210 costs 98.70 until 2027-03-04.";
    let costs = json!({ "price": 4848, "paid": 4848 });
    let looked = call(
        "l",
        0,
        "get_order",
        json!({ "order_id": "W-481210" }),
        costs,
    );
    let pays = call("c", 1, "pay_back", json!({ "sum": 4848 }), "ok".into());
    let many: Vec<String> = (0..60_000).map(|n| format!("row-{n}")).collect();
    let large = call("l", 0, "list_rows", json!({}), json!(many));
    let words = "the cheapest and ".repeat(70);
    let mut script = session(
        "Note it.",
        vec![call(
            "b",
            0,
            "Bash",
            json!({ "command": "echo 98.70" }),
            "98.70".into(),
        )],
    );
    script.format = "claude-code".to_owned();
    script.working_folder = Some("/home/u/shop".to_owned());
    given(vec![
        ("bound_to_clock", of("Note it for today.", vec![day])),
        (
            "part_stays",
            of(
                "Note order W-481210.",
                vec![noted(0, json!({ "text": text }))],
            ),
        ),
        (
            "open_source",
            of("Look after order W-481210.", vec![looked, pays]),
        ),
        (
            "answer_too_large",
            of(
                "Note the rows.",
                vec![large, noted(1, json!({ "text": "row-7" }))],
            ),
        ),
        (
            "words_not_read",
            of(
                "Note it.",
                vec![said(Role::User, &words), noted(0, json!({}))],
            ),
        ),
        ("stays_as_run", of_all(&[script], &bound())),
    ]);
}

#[test]
fn calls_that_repeat_are_told() {
    let look = |number: u32| {
        call(
            &format!("g{number}"),
            number,
            "get_order",
            json!({ "order_id": "W-481210" }),
            json!({ "state": "late" }),
        )
    };
    let rules = "tools: [{ match: get_order, action: http, effects: read, \
                 with: { connection: crm, path: /order, json: \"{{ call.arguments }}\" } }]";
    let mapped = Options {
        tools: parse_tools(rules).unwrap(),
        ..bound()
    };
    let twice = session("Look at W-481210.", vec![look(0), look(1)]);
    let part = vec![
        loops::list(),
        loops::close(1, "T-48121"),
        loops::close(2, "T-10553"),
    ];
    given(vec![
        ("exact_duplicate", of_all(&[twice], &mapped)),
        ("loop_not_folded", of("Tidy up for ana_li_3668.", part)),
    ]);
}

#[test]
fn what_further_recordings_show_is_told() {
    let all = [
        several::looked_at(1, "W-481210", "gold", "late", true),
        several::looked_at(2, "W-555120", "basic", "late", false),
        several::looked_at(3, "W-773402", "gold", "sent", true),
        several::looked_at(4, "W-900817", "silver", "sent", false),
    ];
    let mut lost = all[1].clone();
    lost.status = Some(SessionStatus::Failed);
    let voucher = |number: u32, order: &str, code: Option<&str>| {
        let mut turns = vec![call(
            "g",
            0,
            "get_order",
            json!({ "order_id": order }),
            json!({ "state": "late" }),
        )];
        let mut task = format!("Look after order {order}.");
        if let Some(code) = code {
            task.push_str(&format!(" Send the voucher {code}."));
            turns.push(call(
                "v",
                1,
                "send_voucher",
                json!({ "voucher": code }),
                "ok".into(),
            ));
        }
        let mut session = session(&task, turns);
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let hidden = [
        voucher(1, "W-481210", Some("RX-2210")),
        voucher(2, "W-555120", None),
    ];
    given(vec![
        ("step_has_condition", of_all(&all, &bound())),
        ("held_out_predicted", of_all(&all, &bound())),
        (
            "recording_not_used",
            of_all(&[all[0].clone(), lost], &bound()),
        ),
        ("held_out_not_run", of_all(&hidden, &bound())),
        (
            "followed_another",
            of_all(&longer::one_and_three(), &bound()),
        ),
    ]);
}
