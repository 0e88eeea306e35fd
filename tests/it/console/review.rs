//! The review of a draft: what can be done with each parameter, and with the gates, by forms alone.

use super::about_value;
use crate::harness::{Browser, Client, Server, text};
use serde_json::{Map, Value, json};

fn called(id: &str, name: &str, arguments: &Value) -> Value {
    json!({ "role": "assistant", "content": "", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] })
}

fn answered(id: &str, content: &Value) -> Value {
    json!({ "role": "tool", "tool_call_id": id, "content": content })
}

/// A recording from calls with their answers.
fn recording(said: &str, calls: &[(&str, Value, Value)]) -> Value {
    let mut messages = vec![json!({ "role": "user", "content": said })];
    for (index, (name, arguments, content)) in calls.iter().enumerate() {
        let id = format!("c{}", index + 1);
        messages.push(called(&id, name, arguments));
        messages.push(answered(&id, content));
    }
    json!({ "agent": "helper", "status": "succeeded", "messages": messages })
}

/// A parcel is sent with what an order holds: lists, objects, and lists of objects.
fn shipping() -> Value {
    let items = json!([{ "sku": "LAMP-40127", "count": 2 }, { "sku": "DESK-77310", "count": 1 }]);
    let address = json!({ "street": "Lindenweg 14", "city": "Ulm" });
    recording(
        "Ship the order ORD-48213, it is fragile",
        &[
            (
                "get_order",
                json!({ "order_id": "ORD-48213" }),
                json!({ "order_id": "ORD-48213", "items": items, "address": address }),
            ),
            (
                "ship_parcel",
                json!({
                    "order_id": "ORD-48213", "items": items, "address": address,
                    "tags": ["fragile", "gift"], "options": { "express": true, "pin": 48213, "notes": { "door": "the blue one" } },
                    "a/b": { "c~d": "odd" }, "none": [],
                }),
                json!({ "ok": true }),
            ),
        ],
    )
}

/// Tickets are closed one after another: a loop.
fn tickets() -> Value {
    let all = ["T-48121", "T-77340", "T-10553", "T-62087"];
    let list: Vec<Value> = all
        .iter()
        .map(|id| json!({ "ticket_id": id, "state": "solved" }))
        .collect();
    let mut calls = vec![(
        "list_tickets",
        json!({ "customer_id": "ana_li_3668" }),
        json!({ "tickets": list }),
    )];
    for id in all {
        calls.push((
            "close_ticket",
            json!({ "ticket_id": id, "note": format!("{id} is done."), "mail": { "to": "ana@example.com" } }),
            json!({ "ok": true }),
        ));
    }
    recording(
        "Close all tickets of ana_li_3668 and write to ana@example.com.",
        &calls,
    )
}

/// A draft of a recording; the address of the automation.
async fn drafted(admin: &Client, recording: &Value, tools: Value) -> String {
    let stored = admin.post("/agents/runs", recording).await.with(201);
    let body = json!({ "mode": "bound", "name": "helps", "tools": tools });
    let path = format!("/agents/runs/{}/crystallize", text(&stored["id"]));
    let made = admin.post(&path, &body).await.with(201);
    format!("/automations/{}", text(&made["automation"]["id"]))
}

/// What a page has for each parameter, by the way to its step and its pointer.
fn rows(page: &str) -> Map<String, Value> {
    let mut found = Map::new();
    for part in page.split("<dd data-parameter=\"").skip(1) {
        let (name, rest) = part.split_once('"').expect("the attribute ends");
        found.insert(name.to_owned(), rest.into());
    }
    found
}

/// Each parameter below a value, lists and objects among them.
fn below(pointer: &str, value: &Value, all: &mut Vec<(String, Value)>) {
    all.push((pointer.to_owned(), value.clone()));
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                below(&format!("{pointer}/{}", escaped(name)), value, all);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                below(&format!("{pointer}/{index}"), value, all);
            }
        }
        _ => {}
    }
}

/// All parameters of all steps, those of loops among them, as a person would count them in the document.
fn parameters(steps: &Value, around: &str, all: &mut Vec<(String, String, Value)>) {
    for step in steps.as_array().into_iter().flatten() {
        let way = format!("{around}{}", text(&step["id"]));
        for (name, value) in step["with"]["arguments"].as_object().into_iter().flatten() {
            let name = name.replace('~', "~0").replace('/', "~1");
            let mut found = Vec::new();
            below(&format!("/arguments/{name}"), value, &mut found);
            all.extend(
                found
                    .into_iter()
                    .map(|(at, value)| (way.clone(), at, value)),
            );
        }
        parameters(&step["steps"], &format!("{way}."), all);
    }
}

fn is_written(row: &str, name: &str, pointer: &str) -> bool {
    row.contains(&format!("name=\"{name}\" value=\"{pointer}\""))
}

/// Holds that each parameter has a button for all that makes sense with it; gives how many there are.
fn holds_every_button(page: &str, document: &Value, items: &[&str], recorded: &Value) -> usize {
    let rows = rows(page);
    let mut all = Vec::new();
    parameters(&document["steps"], "", &mut all);
    for (way, pointer, value) in &all {
        let follows = value.to_string().contains("{{");
        let was = match follows {
            true => recorded[way].pointer(pointer).unwrap_or(&Value::Null),
            false => value,
        };
        let row = rows.get(&format!("{way} {pointer}"));
        let row = row.unwrap_or_else(|| panic!("{way} {pointer} is not on the page: {page}"));
        let row = row.as_str().expect("a text");
        assert!(row.contains("Bind it"), "{way} {pointer}: {row}");
        let written = value.to_string();
        // What each pass gives anew is in none of them one value.
        let per_pass = items.iter().any(|item| written.contains(item));
        let is_input = value
            .as_str()
            .is_some_and(|text| text.starts_with("{{ inputs.") && text.ends_with("}}"));
        for (name, wanted) in [
            ("input", !per_pass && !is_input),
            ("freeze", !per_pass && follows),
            ("secret", !per_pass && (was.is_string() || was.is_number())),
        ] {
            assert_eq!(
                is_written(row, name, pointer),
                wanted,
                "{name} of {way} {pointer}: {row}"
            );
        }
    }
    assert_eq!(rows.len(), all.len());
    all.len()
}

fn step<'v>(document: &'v Value, id: &str) -> &'v Value {
    let steps = document["steps"].as_array().expect("steps");
    steps
        .iter()
        .find(|step| step["id"] == id)
        .unwrap_or_else(|| panic!("{id} is not in {document}"))
}

#[tokio::test]
async fn each_parameter_lists_and_objects_and_all_in_them_can_be_bound_made_an_input_frozen_and_kept_secret()
 {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let automation = drafted(&admin, &shipping(), json!([])).await;
    let review = format!("{automation}/review");
    let about = |fields| {
        let (admin, editor, automation) = (&admin, &editor, &automation);
        async move {
            let fields: Vec<(&str, &str)> = fields;
            about_value(admin, editor, automation, &fields).await
        }
    };
    let document = async || admin.get(&automation).await.with(200)["document"].clone();
    let page = editor.see(&review).await;
    let first = document().await;
    let sent = |at: usize| shipping()["messages"][at]["tool_calls"][0].clone();
    let recorded = json!({ "get_order": sent(1), "ship_parcel": sent(3) });
    assert!(holds_every_button(&page, &first, &[], &recorded) >= 15);
    // Each step can be dropped, and whoever may only look has no buttons.
    assert_eq!(page.matches("Drop this step").count(), 2);
    let viewer = Browser::role(&server, "viewer").await;
    let seen = viewer.see(&review).await;
    assert!(
        seen.contains("data-parameter")
            && !seen.contains("Bind it")
            && !seen.contains("Make it an input")
    );

    // A list is bound as a whole to where an earlier step gave the same.
    let asked = editor
        .see(&format!(
            "{review}?bind=ship_parcel&at=%2Farguments%2Fitems"
        ))
        .await;
    let expression = "steps.get_order.output.items";
    assert!(asked.contains(&format!("⇐ {expression}")), "{asked}");
    let ship =
        |pointer: &'static str, name: &'static str| vec![("step", "ship_parcel"), (name, pointer)];
    let mut fields = ship("/arguments/items", "bind");
    fields.push(("expression", expression));
    about(fields).await.to(&review);
    let now = document().await;
    let parcel = step(&now, "ship_parcel");
    assert_eq!(
        parcel["with"]["arguments"]["items"],
        format!("{{{{ {expression} }}}}")
    );
    // What was said of why its elements were bound is gone with them.
    let bindings = parcel["metadata"]["bindings"]
        .as_object()
        .expect("bindings");
    assert!(
        bindings.keys().all(|at| !at.starts_with("/items/")),
        "{bindings:?}"
    );
    holds_every_button(&editor.see(&review).await, &now, &[], &recorded);

    // It is frozen again as it was recorded, and an object is made an input, with what is in it.
    about(ship("/arguments/items", "freeze")).await.to(&review);
    about(ship("/arguments/options", "input")).await.to(&review);
    // An element of a list, and a value deep inside of it.
    about(ship("/arguments/tags/1", "input")).await.to(&review);
    about(ship("/arguments/items/0/sku", "input"))
        .await
        .to(&review);
    about(ship("/arguments/a~1b/c~0d", "secret"))
        .await
        .to(&review);
    let now = document().await;
    let given = &step(&now, "ship_parcel")["with"]["arguments"];
    assert_eq!(
        given["items"][1],
        json!({ "sku": "DESK-77310", "count": 1 })
    );
    assert_eq!(given["items"][0]["sku"], "{{ inputs.sku }}");
    assert_eq!(given["options"], "{{ inputs.options }}");
    assert_eq!(given["tags"][1], "{{ inputs.tags_2 }}");
    assert_eq!(given["a/b"]["c~d"], "{{ inputs.c_d }}");
    let inputs = &now["inputs"];
    assert_eq!(inputs["options"]["type"], "object");
    assert_eq!(
        inputs["options"]["default"]["notes"]["door"],
        "the blue one"
    );
    assert_eq!(inputs["tags_2"]["default"], "gift");
    assert_eq!(inputs["c_d"]["sensitive"], true);
    assert!(
        !now.to_string().contains("odd"),
        "a secret stands in no document: {now}"
    );

    // What was made an input can be frozen again; a secret cannot be, nor made an input that anybody reads.
    let page = editor.see(&review).await;
    let rows = rows(&page);
    let row = |pointer: &str| {
        rows[&format!("ship_parcel {pointer}")]
            .as_str()
            .expect("a row")
            .to_owned()
    };
    assert!(is_written(
        &row("/arguments/options"),
        "freeze",
        "/arguments/options"
    ));
    assert!(!is_written(
        &row("/arguments/options"),
        "input",
        "/arguments/options"
    ));
    let hidden = row("/arguments/a~1b/c~0d");
    assert!(
        hidden.contains("Bind it")
            && !hidden.contains("Freeze it")
            && !hidden.contains("Make it an input"),
        "{hidden}"
    );
    let refused = about(ship("/arguments/a~1b/c~0d", "freeze")).await;
    refused.says(422, "not there any more");
    about(ship("/arguments/options", "freeze"))
        .await
        .to(&review);
    let now = document().await;
    assert_eq!(
        step(&now, "ship_parcel")["with"]["arguments"]["options"]["express"],
        true
    );
}

#[tokio::test]
async fn the_steps_of_a_loop_are_reviewed_inside_of_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let automation = drafted(&admin, &tickets(), json!([])).await;
    let review = format!("{automation}/review");
    let made = admin.get(&automation).await.with(200);
    let looped = step(&made["document"], "each_ticket");
    assert_eq!(looped["steps"][0]["id"], "close_ticket", "{made}");
    let page = editor.see(&review).await;
    assert!(
        page.contains("for each") && page.contains("Drop this loop"),
        "{page}"
    );
    let sent = |at: usize| tickets()["messages"][at]["tool_calls"][0].clone();
    let recorded = json!({ "list_tickets": sent(1), "each_ticket.close_ticket": sent(3) });
    holds_every_button(&page, &made["document"], &["{{ ticket."], &recorded);
    // Each of the recorded calls is a pass of the step, and none was dropped.
    assert!(!page.contains("its step was dropped"), "{page}");
    assert_eq!(page.matches("href=\"#step-close_ticket\">→").count(), 4);
    // What a pass is about is no value that the agent made.
    let rows = rows(&page);
    let row = rows["each_ticket.close_ticket /arguments/ticket_id"]
        .as_str()
        .expect("a row");
    assert!(row.contains("what the pass is about"), "{row}");

    let fields = [
        ("step", "each_ticket.close_ticket"),
        ("bind", "/arguments/note"),
        ("expression", "'Closed: ' ~ ticket.ticket_id"),
    ];
    about_value(&admin, &editor, &automation, &fields)
        .await
        .to(&review);
    let now = admin.get(&automation).await.with(200);
    let inner = &step(&now["document"], "each_ticket")["steps"][0];
    assert_eq!(
        inner["with"]["arguments"]["note"],
        "{{ 'Closed: ' ~ ticket.ticket_id }}"
    );
    assert_eq!(inner["metadata"]["bindings"]["/note"], "bound by hand");
    let version = now["latest_version"].to_string();
    let dropped = [("step", "each_ticket"), ("version", &*version)];
    editor.act(&format!("{review}/remove"), &dropped).await;
    let now = admin.get(&automation).await.with(200);
    assert_eq!(now["document"]["steps"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_suggested_gate_is_put_in_changed_and_left_out_by_forms() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let recording = recording(
        "Delete the account ACC-48213",
        &[
            (
                "get_account",
                json!({ "account": "ACC-48213" }),
                json!({ "account": "ACC-48213", "state": "open" }),
            ),
            (
                "delete_account",
                json!({ "account": "ACC-48213" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let automation = drafted(&admin, &recording, json!([])).await;
    let review = format!("{automation}/review");
    let page = editor.see(&review).await;
    for part in [
        "A gate is suggested before it",
        "cannot be taken back",
        "Put this gate in",
        "value=\"Delete account?\"",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let before = admin.get(&automation).await.with(200);
    let version = before["latest_version"].to_string();
    let name = |field: &str| format!("gate-delete_account.{field}");
    let (title, approvers, timeout) = (name("title"), name("approvers"), name("timeout"));
    let ask = format!("{review}/ask");
    let fields = |version: &str, waits: &str| -> Vec<(String, String)> {
        [
            ("step", "delete_account"),
            ("version", version),
            (&title, "Delete {{ inputs.account }}?"),
            (&approvers, "role:approver, user:ana"),
            (&timeout, waits),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    };
    let send = async |path: &str, fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        editor.post(path, &fields).await
    };
    // Who saw another version is told, and what is wrong is told beside the form; nothing that was written is lost.
    let late = send(&ask, fields("77", "24h")).await;
    late.says(412, "Somebody changed it");
    assert!(
        late.text.contains("value=\"Delete {{ inputs.account }}?\""),
        "{}",
        late.text
    );
    let wrong = send(&ask, fields(&version, "soon")).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(wrong.text.contains("value=\"soon\""), "{}", wrong.text);
    assert_eq!(send(&ask, fields(&version, "2h")).await.status, 303);
    let now = admin.get(&automation).await.with(200);
    let gate = step(&now["document"], "approve_delete_account");
    assert_eq!(
        gate["with"],
        json!({ "title": "Delete {{ inputs.account }}?", "approvers": ["role:approver", "user:ana"], "timeout": "2h" })
    );
    assert_eq!(gate["needs"], json!(["get_account"]));
    assert_eq!(
        step(&now["document"], "delete_account")["needs"],
        json!(["approve_delete_account"])
    );
    let page = editor.see(&review).await;
    assert!(!page.contains("A gate is suggested"), "{page}");
    for part in [
        "role:approver, user:ana",
        "2h, then it rejects",
        "Save this gate",
        "Leave this gate out",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }

    // It is changed in its form, which leaves what it has no field for.
    let version = now["latest_version"].to_string();
    let change = [
        ("step", "approve_delete_account"),
        ("version", &version),
        ("gate-approve_delete_account.title", "Really?"),
        ("gate-approve_delete_account.approvers", ""),
        ("gate-approve_delete_account.needed", "2"),
    ];
    editor.act(&format!("{review}/gate"), &change).await;
    let now = admin.get(&automation).await.with(200);
    let gate = step(&now["document"], "approve_delete_account");
    assert_eq!(
        gate["with"],
        json!({ "title": "Really?", "timeout": "2h", "needed": 2 })
    );

    // Left out again, its step needs what came before, and the gate is offered once more.
    let version = now["latest_version"].to_string();
    let dropped = [("step", "approve_delete_account"), ("version", &*version)];
    editor.act(&format!("{review}/remove"), &dropped).await;
    let now = admin.get(&automation).await.with(200);
    assert_eq!(
        step(&now["document"], "delete_account")["needs"],
        json!(["get_account"])
    );
    assert!(editor.see(&review).await.contains("Put this gate in"));
}
