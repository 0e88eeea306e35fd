//! What the own tools of coding agents answered, as the steps that they became give it in a run.

use super::build::*;
use crate::Options;
use crate::session::{Session, Turn};
use serde_json::{Value, json};

/// A call of an agent's own tool, with what the agent keeps beside its answer.
fn kept_beside(id: &str, batch: u32, name: &str, with: Value, text: &str, beside: Value) -> Turn {
    change(call(id, batch, name, with, text.into()), |call| {
        if let Some(result) = &mut call.result {
            result.structured = Some(Box::new(beside));
        }
    })
}

fn agent(task: &str, turns: Vec<Turn>) -> Session {
    let mut session = session(task, turns);
    session.format = "claude-code".to_owned();
    session.working_folder = Some("/home/ana/shop".to_owned());
    session
}

fn stored(arguments: Value) -> Turn {
    call(
        "m",
        1,
        "mcp__archive__store_order",
        arguments,
        json!({ "ok": true }),
    )
}

const BILL: &str = r#"{"order_id":"ord-77812","total":137}"#;

#[test]
fn a_shell_answers_with_what_its_program_wrote() {
    let beside = |out: &str| json!({ "stdout": out, "stderr": "", "interrupted": false });
    let made_of = |line: &str, out: &str, sent: Value| {
        let cat = kept_beside("r", 0, "Bash", json!({ "command": line }), out, beside(out));
        made(
            &agent("Store the newest order", vec![cat, stored(sent)]),
            &bound(),
        )
    };
    let bill = made_of(
        "cat orders/bill.json",
        BILL,
        json!({ "order_id": "ord-77812", "total": 137 }),
    );
    let steps = &bill.document.steps;
    assert_eq!(
        steps[1].with.as_ref().unwrap()["arguments"],
        json!({
            "order_id": "{{ steps.cat.output.json.order_id }}",
            "total": "{{ steps.cat.output.json.total }}",
        })
    );
    let schema = steps[0].output_schema.as_ref().unwrap();
    assert_eq!(
        schema["properties"]["json"]["required"],
        json!(["order_id", "total"])
    );
    // What the run gives has an end of line that no recorder keeps.
    let newest = made_of(
        "cat orders/newest.txt",
        "ord-77812",
        json!({ "order_id": "ord-77812" }),
    );
    let steps = &newest.document.steps;
    assert_eq!(
        steps[1].with.as_ref().unwrap()["arguments"]["order_id"],
        "{{ steps.cat.output.stdout | trim }}"
    );
    assert_eq!(
        steps[0].output_schema.as_ref().unwrap()["required"],
        json!(["stdout"])
    );
    let shape = newest.report.shapes["cat"].value();
    assert_eq!(
        shape["required"],
        json!(["exit_code", "stderr", "stdout"]),
        "{shape:#}"
    );
}

#[test]
fn a_file_is_text_whatever_it_holds() {
    let read = kept_beside(
        "r",
        0,
        "Read",
        json!({ "file_path": "/home/ana/shop/orders/bill.json" }),
        &format!("     1→{BILL}"),
        json!({ "type": "text", "file": { "content": format!("{BILL}\n"), "numLines": 1 } }),
    );
    let sent = json!({ "order_id": "ord-77812", "total": 137 });
    let made = made(
        &agent("Store the amount of the bill", vec![read, stored(sent)]),
        &bound(),
    );
    let steps = &made.document.steps;
    assert_eq!(
        steps[1].with.as_ref().unwrap()["arguments"]["total"],
        "{{ (steps.read.output.text | parse_json).total }}"
    );
    let text = &steps[0].output_schema.as_ref().unwrap()["properties"]["text"];
    assert_eq!(text["type"], "string", "{text:#}");
    // What a run gives besides the text is nothing new.
    let given = json!({ "path": "orders/bill.json", "bytes": 9, "digest": "x", "text": BILL });
    let changes = crate::drift::changes(made.report.shapes["read"].value(), &given);
    assert_eq!(changes, []);
}

#[test]
fn nothing_follows_an_answer_that_no_step_gives() {
    let page = "The invoice number is inv-99817";
    let fetch = kept_beside(
        "r",
        0,
        "WebFetch",
        json!({ "url": "https://shop.example/a", "prompt": "give id" }),
        page,
        json!({ "code": 200, "result": page }),
    );
    let found = "/home/ana/shop/a/inv-99817.txt";
    let glob = kept_beside(
        "r",
        0,
        "Glob",
        json!({ "pattern": "**/a/*.{txt,md}" }),
        found,
        json!({ "filenames": [found], "numFiles": 1 }),
    );
    for (look, sent) in [(fetch, "inv-99817"), (glob, found)] {
        let made = made(
            &agent("Store it", vec![look, stored(json!({ "file": sent }))]),
            &bound(),
        );
        let steps = &made.document.steps;
        assert_eq!(steps[1].with.as_ref().unwrap()["arguments"]["file"], sent);
        assert!(steps[0].output_schema.is_none());
        assert!(!made.report.shapes.contains_key(&steps[0].id));
    }
}

#[test]
fn blocks_beside_the_text_of_a_server_are_the_text() {
    let text = r#"{"id":"usr-5521"}"#;
    let look = kept_beside(
        "r",
        0,
        "mcp__crm__get_user",
        json!({ "name": "Ana" }),
        text,
        json!([{ "type": "text", "text": text }]),
    );
    let made = made(
        &agent(
            "Store Ana",
            vec![look, stored(json!({ "user": "usr-5521" }))],
        ),
        &Options {
            connections: connections(json!({ "crm": { "kind": "mcp", "url": "http://x" } })),
            ..bound()
        },
    );
    assert_eq!(
        made.document.steps[1].with.as_ref().unwrap()["arguments"]["user"],
        "{{ steps.get_user.output.json.id }}"
    );
}

#[test]
fn no_advice_names_what_a_run_does_not_give() {
    let found = "/home/ana/shop/src/greet.py";
    let glob = kept_beside(
        "r",
        0,
        "Glob",
        json!({ "pattern": "src/*.py" }),
        found,
        json!({ "filenames": [found], "numFiles": 1 }),
    );
    let edit = call(
        "e",
        1,
        "Edit",
        json!({ "file_path": found, "old_string": "helo", "new_string": "hello" }),
        "ok".into(),
    );
    let made = made(&agent("Mend the greeting", vec![glob, edit]), &options());
    let said: Vec<_> = made
        .report
        .findings
        .iter()
        .filter(|finding| finding.code == "frozen_from_output")
        .collect();
    assert!(!said.is_empty());
    for finding in said {
        assert!(!finding.help.contains("{{"), "{}", finding.help);
        assert!(!finding.acknowledge, "{finding:#?}");
    }
}

#[test]
fn a_search_through_files_only_reads() {
    let grep = call("g", 0, "Grep", json!({ "pattern": "x" }), "a.rs".into());
    let made = made(&agent("Look for x", vec![grep]), &options());
    let step = &made.document.steps[0];
    assert_eq!(step.with.as_ref().unwrap()["op"], "search");
    assert_eq!(
        step.effects,
        Some(druse_engine::definition::EffectLevel::Read)
    );
}

#[test]
fn a_yes_before_a_shell_line_makes_a_gate() {
    use crate::session::Role;
    let made = made(
        &agent(
            "Clean up the old releases",
            vec![
                call(
                    "a",
                    0,
                    "Bash",
                    json!({ "command": "ls releases" }),
                    "r1\nr2".into(),
                ),
                said(Role::Assistant, "Shall I delete r1 and r2?"),
                said(Role::User, "y"),
                call(
                    "b",
                    1,
                    "Bash",
                    json!({ "command": "rm -rf releases/r1 releases/r2" }),
                    "".into(),
                ),
            ],
        ),
        &options(),
    );
    assert_eq!(made.report.counts.gates, 1);
}

#[test]
fn a_loop_gives_only_what_is_read() {
    let orders: Vec<Value> = ["ord-77812", "ord-90211", "ord-55123"]
        .iter()
        .map(|order| json!({ "order_id": order }))
        .collect();
    let list = call(
        "g",
        0,
        "mcp__shop__list_orders",
        json!({}),
        json!({ "orders": orders }),
    );
    let cancel = |number: u32, order: &Value| {
        call(
            &format!("c{number}"),
            number,
            "mcp__shop__cancel_order",
            order.clone(),
            json!({ "ok": true }),
        )
    };
    let mut turns = vec![list];
    turns.extend(
        (1..)
            .zip(&orders)
            .map(|(number, order)| cancel(number, order)),
    );
    let made = made(
        &session("Cancel all orders", turns),
        &Options {
            connections: connections(json!({ "shop": { "kind": "mcp", "url": "http://x" } })),
            ..bound()
        },
    );
    let each = &made.document.steps[1];
    assert_eq!(each.for_each.as_ref().unwrap().output, None);
    // Of what nobody reads only the mark that it was done is asked for.
    assert_eq!(
        each.steps[0].output_schema.as_deref(),
        Some(&json!({
            "type": "object", "required": ["json"], "properties": { "json": {
                "type": "object", "required": ["ok"], "properties": { "ok": { "type": "boolean", "const": true } },
            } },
        }))
    );
}

/// A tool that a rule makes a step of the action `file`: what follows it, and what is asserted of its answer, is what
/// that action gives.
#[test]
fn what_follows_a_mapped_file_is_what_the_action_gives() {
    let rules = |with: &str| {
        let text = format!("tools:\n- {{ match: read_doc, action: file, with: {with} }}\n");
        Options {
            tools: crate::parse_tools(&text).unwrap(),
            ..bound()
        }
    };
    let turns = |content: &str| {
        vec![
            call(
                "r",
                0,
                "read_doc",
                json!({ "path": "orders/newest" }),
                content.into(),
            ),
            stored(json!({ "order_id": "ord-77812" })),
        ]
    };
    let path = "path: \"{{ call.arguments.path }}\"";
    for (with, content, expected, given) in [
        (
            format!("{{ op: read, {path} }}"),
            "ord-77812",
            "{{ steps.read_doc.output.text | trim }}",
            json!({ "path": "orders/newest", "bytes": 10, "digest": "x", "text": "ord-77812\n" }),
        ),
        (
            format!("{{ op: read, {path}, encoding: json }}"),
            "{\"order_id\": \"ord-77812\"}",
            "{{ steps.read_doc.output.json | parse_json.order_id }}",
            json!({ "path": "orders/newest", "bytes": 10, "digest": "x", "json": { "order_id": "ord-77812" } }),
        ),
    ] {
        let made = made(
            &agent("Store the newest order", turns(content)),
            &rules(&with),
        );
        let steps = &made.document.steps;
        let bound = steps[1].with.as_ref().unwrap()["arguments"]["order_id"]
            .as_str()
            .unwrap();
        let plain = |text: &str| text.replace(['(', ')'], "");
        assert_eq!(plain(bound), expected);
        let schema = steps[0].output_schema.as_ref().unwrap();
        assert_eq!(
            druse_engine::plan::check_value(schema, &given),
            [],
            "{schema:#}"
        );
        let changes = crate::drift::changes(made.report.shapes["read_doc"].value(), &given);
        assert_eq!(changes, []);
    }
    // What lists, or only writes, answers in words that no step gives: nothing follows them.
    let made = made(
        &agent("Store the newest order", turns("ord-77812")),
        &rules("{ op: list, path: \".\" }"),
    );
    assert!(made.document.steps[0].output_schema.is_none());
    assert_eq!(
        made.document.steps[1].with.as_ref().unwrap()["arguments"]["order_id"],
        "ord-77812"
    );
}

/// An order that is looked up, its refund, and the message about it.
fn refunded(answer: Value, refund: &Value) -> crate::Crystallized {
    let turns = vec![
        call("a", 0, "get_order", json!({ "order_id": "W48121" }), answer),
        call(
            "b",
            1,
            "refund_payment",
            json!({ "payment_id": "pay_881273", "note": "late" }),
            refund.to_string().into(),
        ),
        call(
            "c",
            2,
            "send_sms",
            json!({ "to": "+4915112345678", "text": "Your refund is on its way" }),
            json!({ "sent": 1 }).to_string().into(),
        ),
    ];
    made(
        &session("Refund order W48121 and tell +4915112345678.", turns),
        &bound(),
    )
}

#[test]
fn what_a_change_is_done_to_is_never_empty() {
    let order = json!({ "payment_id": "pay_881273", "note": "late" }).to_string();
    let made = refunded(order.into(), &json!({ "refund": 7 }));
    let schema = made.document.steps[0].output_schema.as_ref().unwrap();
    let id = &schema["contentSchema"]["properties"]["payment_id"];
    assert_eq!(
        id,
        &json!({ "type": "string", "minLength": 1, "pattern": "\\S" }),
        "{schema:#}"
    );
    // What only goes along may be empty.
    let note = &schema["contentSchema"]["properties"]["note"];
    assert_eq!(note, &json!({ "type": "string" }), "{schema:#}");
}

#[test]
fn a_word_that_is_cut_out_of_a_text_stays_one() {
    let made = refunded(
        "Order W48121\nPayment id: pay_881273\nState: late".into(),
        &json!({ "refund": 7 }),
    );
    let sent = &made.document.steps[1].with.as_ref().unwrap()["arguments"]["payment_id"];
    assert_eq!(
        sent,
        "{{ steps.get_order.output | line_value('Payment id') | plain_word }}"
    );
    assert_eq!(made.report.replay.differing + made.report.replay.missing, 0);
}

#[test]
fn a_change_has_to_show_the_mark_that_it_was_done() {
    let order = || json!({ "payment_id": "pay_881273" }).to_string().into();
    for (refund, mark) in [
        (
            json!({ "ok": true, "refund_id": "r1" }),
            Some(("ok", json!(true))),
        ),
        (
            json!({ "status": "success" }),
            Some(("status", json!("success"))),
        ),
        (json!({ "ok": true, "error": "late" }), None),
        (json!({ "refund": 7 }), None),
    ] {
        let made = refunded(order(), &refund);
        let schema = made.document.steps[1].output_schema.as_ref();
        let Some((key, value)) = mark else {
            assert!(schema.is_none(), "{refund}");
            continue;
        };
        let json = &schema.unwrap()["contentSchema"];
        assert_eq!(json["required"], json!([key]), "{refund}");
        assert_eq!(json["properties"][key]["const"], value, "{refund}");
        assert_eq!(json["properties"].as_object().unwrap().len(), 1, "{refund}");
    }
}
