//! What a version may touch holds in each run: what a value makes of a step, and what a person makes of one, is
//! refused before anything is sent.

use crate::harness::{Client, Server, World, text, wait};
use serde_json::{Value, json};

/// A step that the run goes on after, however it ends.
fn step(id: &str, action: &str, with: Value) -> Value {
    json!({ "id": id, "action": action, "with": with, "on_error": "continue" })
}

/// Starts an automation with these inputs, and gives the run at its end.
async fn run(client: &Client, document: &Value, inputs: Value, status: &str) -> Value {
    let made = client.post("/automations", document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    client
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let (path, given) = (format!("{path}/runs"), json!({ "inputs": inputs }));
    let started = client.post(&path, &given).await.with(202);
    wait::run(client, &text(&started["id"]), status).await
}

/// A step of a run.
fn of<'a>(run: &'a Value, id: &str) -> &'a Value {
    let steps = run["steps"].as_array().expect("steps");
    let found = steps.iter().find(|step| step["path"] == id);
    found.unwrap_or_else(|| panic!("no step {id} in {run:#}"))
}

/// A step that was refused, and what it would have touched.
fn denied(run: &Value, id: &str, kind: &str, value: &str) {
    let step = of(run, id);
    let error = &step["error"];
    assert_eq!(
        (
            &error["code"],
            &error["class"],
            &error["details"]["kind"],
            &error["details"]["value"]
        ),
        (
            &json!("capability_denied"),
            &json!("permanent"),
            &json!(kind),
            &json!(value)
        ),
        "{step:#}"
    );
}

#[tokio::test]
async fn what_a_value_leads_elsewhere_is_refused() {
    let server = Server::new().await;
    let admin = server.admin();
    let outside = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = json!({ "kind": "folder", "path": outside.path() });
    admin.put("/connections/docs", &folder).await;
    let elsewhere = outside.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder can be made");
    let document = json!({
        "druse": 1, "name": "bound",
        "inputs": {
            "host": { "type": "string" }, "path": { "type": "string" }, "folder": { "type": "string" },
            "event": { "type": "string" },
        },
        "capabilities": {
            "hosts": ["*.shop.example"], "connections": ["docs"],
            "files": [{ "path": "reports/*" }, { "connection": "docs", "path": "in/*" }],
            "programs": ["touch"], "folders": ["/work-that-is-not-there/*"],
            "events": ["bill.*"],
        },
        "steps": [
            step("ask", "http", json!({ "url": "https://{{ inputs.host }}/x" })),
            step("whole", "http", json!({ "url": "{{ 'https://' ~ inputs.host ~ ':8443' }}" })),
            step("write", "file", json!({ "op": "write", "path": "{{ inputs.path }}", "text": "x" })),
            step("docs", "file", json!({ "op": "write", "connection": "docs", "path": "{{ inputs.path }}", "text": "x" })),
            step("inside", "file", json!({ "op": "write", "path": "reports/{{ inputs.path }}", "text": "x", "create_folders": true })),
            step("touch", "shell", json!({ "argv": ["touch", "made"], "cwd": "{{ inputs.folder }}" })),
            step("tell", "emit", json!({ "type": "{{ inputs.event }}", "data": 1 })),
        ],
    });
    let folder = elsewhere.to_str().expect("a path in UTF-8");
    let inputs = json!({
        "host": "shop.example.evil.example", "path": "other/x.txt", "folder": folder,
        "event": "user.deleted",
    });
    let read = run(&admin, &document, inputs, "succeeded").await;
    denied(&read, "ask", "host", "shop.example.evil.example");
    denied(&read, "whole", "host", "shop.example.evil.example:8443");
    denied(&read, "write", "path", "other/x.txt");
    denied(&read, "docs", "path", "other/x.txt");
    denied(&read, "touch", "folder", folder);
    denied(&read, "tell", "event", "user.deleted");
    assert_eq!(of(&read, "inside")["status"], "succeeded", "{read:#}");
    assert!(!elsewhere.join("made").exists());
    assert!(!outside.path().join("other").exists());
    let told = admin.all("/events?type=user.deleted").await;
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test]
async fn what_a_person_corrects_stays_within_it_too() {
    let server = Server::new().await;
    let admin = server.admin();
    let world = World::of("pay-bill");
    admin
        .put("/connections/household", &world.tools())
        .await
        .with(200);
    let made = world.path().join("made");
    let mut fails = step("fails", "shell", json!({ "argv": ["false"] }));
    fails["on_error"] = "pause".into();
    let mut reads = step(
        "reads",
        "mcp",
        json!({ "connection": "household", "tool": "read_file", "arguments": { "path": "nothing" } }),
    );
    reads["on_error"] = "pause".into();
    // No list: what is written counts.
    let document = json!({ "druse": 1, "name": "corrected", "steps": [fails, reads] });
    let read = run(&admin, &document, json!({}), "paused").await;
    let id = text(&read["id"]).to_owned();
    let path = format!("/runs/{id}/resume");
    let other = json!({ "argv": ["/usr/bin/touch", made] });
    admin
        .post(&path, &json!({ "step": "fails", "input": other }))
        .await
        .with(202);
    let pay = json!({ "tool": "pay", "arguments": {
        "recipient": "Eve", "iban": "DE1", "amount": 9.0, "reference": "x",
    } });
    admin
        .post(&path, &json!({ "step": "reads", "input": pay }))
        .await
        .with(202);
    let read = wait::until("both steps refused", || async {
        let read = admin.get(&format!("/runs/{id}")).await.with(200);
        let refused = |id: &str| of(&read, id)["error"]["code"] == "capability_denied";
        (refused("fails") && refused("reads")).then_some(read)
    })
    .await;
    denied(&read, "fails", "program", "/usr/bin/touch");
    denied(&read, "reads", "tool", "pay");
    assert!(!made.exists());
    assert_eq!(world.number("select count(*) from payment"), 0);
}

#[tokio::test]
async fn a_tool_that_takes_other_arguments_than_before_is_not_called() {
    let server = Server::new().await;
    let admin = server.admin();
    let world = World::of("pay-bill");
    admin
        .put("/connections/household", &world.tools())
        .await
        .with(200);
    let document = |name: &str, schema: &str| {
        json!({
            "druse": 1, "name": name,
            "capabilities": { "connections": ["household"], "tools": [
                { "connection": "household", "tool": "pay", "schema": schema },
            ] },
            "steps": [step("pay", "mcp", json!({ "connection": "household", "tool": "pay", "arguments": {
                "recipient": "Ana", "iban": "DE1", "amount": 9.0, "reference": "x",
            } }))],
        })
    };
    let before = format!("sha256:{}", "0".repeat(64));
    let read = run(&admin, &document("before", &before), json!({}), "succeeded").await;
    denied(&read, "pay", "tool", "pay");
    assert_eq!(world.number("select count(*) from payment"), 0);
    let found = text(&of(&read, "pay")["error"]["details"]["found"]).to_owned();
    let read = run(&admin, &document("now", &found), json!({}), "succeeded").await;
    assert_eq!(of(&read, "pay")["status"], "succeeded", "{read:#}");
    assert_eq!(world.number("select count(*) from payment"), 1);
}

#[tokio::test]
async fn the_list_is_shown_and_what_is_missing_in_it_keeps_a_version_from_being_activated() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "shown",
        "steps": [{ "id": "a", "action": "shell", "with": { "argv": ["git", "status"] } }],
    });
    let made = admin.post("/automations", &document).await.with(201);
    assert_eq!(made["capabilities"], json!({ "programs": ["git"] }));
    let path = format!("/automations/{}", text(&made["id"]));
    let version = admin.get(&format!("{path}/versions/1")).await.with(200);
    assert_eq!(version["capabilities"], json!({ "programs": ["git"] }));
    let mut closed = document.clone();
    closed["capabilities"] = json!({ "programs": ["ls"] });
    let put = admin.put(&path, &closed).await.with(200);
    assert_eq!(put["capabilities"], json!({ "programs": ["ls"] }));
    let problem = admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .problem(422, "activation_blocked");
    assert_eq!(
        problem["findings"][0]["code"], "capability_missing",
        "{problem:#}"
    );
}

/// A server of one tool in a few lines of shell, which takes what stands in a file, and writes down each call.
const TOOLS: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"method":"initialize"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}\n' "$id" ;;
    *'"method":"tools/list"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"pay","inputSchema":%s}]}}\n' "$id" "$(cat "$SCHEMA")" ;;
    *'"method":"tools/call"'*)
      echo called >> "$CALLS"
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"paid"}]}}\n' "$id" ;;
  esac
done
"#;

/// Starts a run of the automation at this path, and gives it as it ends like this.
async fn ended(admin: &Client, path: &str, status: &'static str) -> Value {
    let path = format!("{path}/runs");
    let started = admin.post(&path, &json!({})).await.with(202);
    wait::run(admin, &text(&started["id"]), status).await
}

#[tokio::test]
async fn a_tool_that_changed_since_the_activation_is_not_called_and_opens_a_review() {
    let server = Server::new().await;
    let admin = server.admin();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (schema, calls) = (folder.path().join("schema"), folder.path().join("calls"));
    let takes = |kind: &str| {
        let text = json!({ "type": "object", "properties": { "amount": { "type": kind } } });
        std::fs::write(&schema, text.to_string()).expect("a file can be written");
    };
    let called = || std::fs::read_to_string(&calls).map_or(0, |text| text.lines().count());
    takes("number");
    let connection = json!({
        "kind": "mcp", "command": ["/bin/sh", "-c", TOOLS],
        "env": { "SCHEMA": schema, "CALLS": calls },
    });
    admin.put("/connections/bank", &connection).await.with(200);
    // Written by hand, and without a digest.
    let document = json!({ "druse": 1, "name": "pay", "steps": [{
        "id": "pay", "action": "mcp",
        "with": { "connection": "bank", "tool": "pay", "arguments": { "amount": 9 } },
    }] });
    let made = admin.post("/automations", &document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let go = |status: &'static str| ended(&admin, &path, status);
    go("succeeded").await;
    assert_eq!(called(), 1);

    takes("string");
    let stopped = go("failed").await;
    assert_eq!(called(), 1);
    let error = &of(&stopped, "pay")["error"];
    assert_eq!(error["code"], "tool_changed", "{error:#}");
    assert_eq!(
        error["details"]["changes"][0]["message"],
        "/properties/amount/type is string, and was number."
    );
    let review = admin.get(&path).await.with(200)["needs_review"].clone();
    assert_eq!(
        (&review["run_id"], &review["step"]),
        (&stopped["id"], &json!("pay")),
        "{review:#}"
    );
    assert_eq!(review["changes"], error["details"]["changes"]);
    let asked = |wanted: bool| format!("/automations?needs_review={wanted}");
    let listed = admin.all(&asked(true)).await;
    assert_eq!(listed.len(), 1, "{listed:#?}");
    assert_eq!(path, format!("/automations/{}", text(&listed[0]["id"])));
    assert_eq!(admin.all(&asked(false)).await, Vec::<Value>::new());

    // Activated anew it is taken as it is now.
    admin
        .post(&format!("{path}/reviewed"), &json!({}))
        .await
        .with(200);
    admin.post(&activate, &json!({})).await.with(200);
    go("succeeded").await;
    assert_eq!(called(), 2);

    // A server that cannot be reached holds no activation up.
    let gone = json!({ "kind": "mcp", "command": ["/nowhere/to/be/found"] });
    admin.put("/connections/bank", &gone).await.with(200);
    admin.post(&activate, &json!({})).await.with(200);
}

/// A program that tells of changes is asked for its tools once, and stopped all the same when one changes.
#[tokio::test]
async fn a_tool_of_a_program_that_tells_of_changes_is_looked_at_once_and_after_each() {
    let server = Server::new().await;
    let admin = server.admin();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let at = |name: &str| folder.path().join(name);
    let tells = TOOLS
        .replace("\"tools\":{}", "\"tools\":{\"listChanged\":true}")
        .replace("*'\"method\":\"tools/list\"'*)", "*'\"method\":\"tools/list\"'*)\n      echo asked >> \"$ASKED\"")
        .replace(
            "echo called >> \"$CALLS\"",
            "echo called >> \"$CALLS\"\n      printf 'string' | cmp -s - \"$NEXT\" && printf '{\"type\":\"string\"}' > \"$SCHEMA\" && printf '{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\\n'",
        );
    let lines =
        |name: &str| std::fs::read_to_string(at(name)).map_or(0, |text| text.lines().count());
    std::fs::write(at("schema"), r#"{"type":"number"}"#).expect("a file can be written");
    let connection = json!({
        "kind": "mcp", "command": ["/bin/sh", "-c", tells],
        "env": { "SCHEMA": at("schema"), "CALLS": at("calls"), "ASKED": at("asked"), "NEXT": at("next") },
    });
    admin.put("/connections/bank", &connection).await.with(200);
    let document = json!({ "druse": 1, "name": "pay", "steps": [{ "id": "pay", "action": "mcp",
        "with": { "connection": "bank", "tool": "pay", "arguments": {} } }] });
    let made = admin.post("/automations", &document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let activated = lines("asked");
    let go = |status: &'static str| ended(&admin, &path, status);
    for _ in 0..3 {
        go("succeeded").await;
    }
    // What the activation asked for is known from then on.
    assert_eq!((lines("calls"), lines("asked")), (3, activated));
    // It tells of the change with the answer to this call.
    std::fs::write(at("next"), "string").expect("a file can be written");
    go("succeeded").await;
    let stopped = go("failed").await;
    assert_eq!(
        of(&stopped, "pay")["error"]["code"],
        "tool_changed",
        "{stopped:#}"
    );
    assert_eq!((lines("calls"), lines("asked")), (4, activated + 1));
}

/// What `TOOLS` gives for the schema of its tool.
fn schema_of(kind: &str) -> String {
    json!({ "type": "object", "properties": { "amount": { "type": kind } } }).to_string()
}

#[tokio::test]
async fn pins_hold_after_a_rollback_and_after_an_activation_whose_server_was_silent() {
    let server = Server::new().await;
    let admin = server.admin();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (schema, calls) = (folder.path().join("schema"), folder.path().join("calls"));
    let takes = |kind: &str| {
        std::fs::write(&schema, schema_of(kind)).expect("a file can be written");
    };
    let bank = |tools: &str| {
        json!({ "kind": "mcp", "command": ["/bin/sh", "-c", tools],
            "env": { "SCHEMA": schema, "CALLS": calls } })
    };
    let set = |connection: Value| {
        let admin = admin.clone();
        async move {
            admin.put("/connections/bank", &connection).await.with(200);
        }
    };
    let document = |amount: u32| {
        json!({ "druse": 1, "name": "pay", "steps": [{ "id": "pay", "action": "mcp",
            "with": { "connection": "bank", "tool": "pay", "arguments": { "amount": amount } } }] })
    };
    takes("number");
    set(bank(TOOLS)).await;
    let made = admin.post("/automations", &document(1)).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let activate = format!("{path}/activate");
    let stops = |why: &'static str| {
        let (admin, path) = (admin.clone(), path.clone());
        async move {
            let runs = format!("{path}/runs");
            let started = admin.post(&runs, &json!({})).await.with(202);
            let run = wait::run(&admin, &text(&started["id"]), "failed").await;
            assert_eq!(
                of(&run, "pay")["error"]["code"],
                "tool_changed",
                "{why}: {run:#}"
            );
        }
    };
    admin.post(&activate, &json!({})).await.with(200);

    // A server that cannot be reached, and one that leaves the tool out.
    let gone = json!({ "kind": "mcp", "command": ["/nowhere/to/be/found"] });
    let hides = TOOLS.replace("\"name\":\"pay\"", "\"name\":\"other\"");
    for (silent, hidden) in [
        (gone.clone(), vec![]),
        (
            bank(&hides),
            vec!["tool_not_offered:pay:/steps/0/with/tool"],
        ),
    ] {
        set(silent).await;
        // The one that answers is taken at its word only by somebody who says so.
        let given = json!({ "version": 1, "acknowledge": hidden });
        admin.post(&activate, &given).await.with(200);
        takes("string");
        set(bank(TOOLS)).await;
        stops("the same version").await;
        takes("number");
        admin
            .post(&activate, &json!({ "version": 1 }))
            .await
            .with(200);
    }
    // So it is for the next version, which has what the one before it was held to.
    admin.put(&path, &document(2)).await.with(200);
    set(gone).await;
    admin.post(&activate, &json!({})).await.with(200);
    takes("string");
    set(bank(TOOLS)).await;
    stops("the next version").await;

    // Who goes back takes the tools as they are then.
    takes("number");
    let back = admin
        .post(&format!("{path}/rollback"), &json!({ "to": 1 }))
        .await
        .with(200);
    assert_eq!(back["active_version"], 3, "{back:#}");
    takes("string");
    stops("after a rollback").await;
    assert!(!calls.exists(), "nothing was paid");
}
