//! A recorded agent run, from the recording to the history of a finished run, with the server killed
//! while a person is asked.

use crate::harness::{Client, Server, Stream, World, text, wait};
use serde_json::{Value, json};

/// The people of this story, each with what they may and no more.
struct People {
    admin: Client,
    editor: Client,
    operator: Client,
    approver: Client,
    viewer: Client,
}

impl People {
    async fn of(server: &Server) -> Self {
        Self {
            admin: server.admin(),
            editor: server.role("editor").await,
            operator: server.role("operator").await,
            approver: server.role("approver").await,
            viewer: server.role("viewer").await,
        }
    }

    /// The same people at a server that listens elsewhere by now.
    fn at(&self, server: &Server) -> Self {
        let moved = |client: &Client| client.at(server.address());
        Self {
            admin: moved(&self.admin),
            editor: moved(&self.editor),
            operator: moved(&self.operator),
            approver: moved(&self.approver),
            viewer: moved(&self.viewer),
        }
    }
}

#[tokio::test]
async fn a_recorded_agent_run_becomes_an_automation_that_outlives_the_server() {
    let world = World::of("pay-bill");
    let mut server = Server::new().await;
    let mut people = People::of(&server).await;

    let recorded = store(&people, &world).await;
    refused_while_unmapped(&people, &recorded).await;
    connect(&people, &world).await;
    let made = crystallize(&people, &recorded).await;
    let id = text(&made["id"]);
    edit(&people, &id).await;
    activate(&people, &id).await;

    // It runs up to the gate, and somebody watches.
    let start = people
        .operator
        .request("POST", &format!("/automations/{id}/runs"))
        .key("start")
        .json(&json!({ "inputs": { "reserve": 200 } }))
        .send()
        .await;
    let location = start.header("location").to_owned();
    let run = text(&start.with(202)["id"]);
    assert_eq!(location, format!("/api/v1/runs/{run}"));
    let mut stream = Stream::of(&people.viewer, &run, None).await;
    let mut seen = stream.up_to("approval_requested").await;
    let waiting = wait::run(&people.viewer, &run, "waiting").await;
    let gate = wait::approval(&people.viewer, &run).await;
    assert_eq!(payments(&world), 0);

    // Killed, with all of this open.
    server.kill();
    // What was on its way is read; then the stream is cut.
    seen.extend(stream.rest().await);
    assert!(!stream.ended_well());
    server.start().await;
    people = people.at(&server);
    let again = people.viewer.get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(again, waiting);
    let path = format!("/approvals/{}", text(&gate["id"]));
    assert_eq!(people.viewer.get(&path).await.with(200), gate);
    assert_eq!(payments(&world), 0);

    let last = seen.last().map(|event| event.id.clone());
    let mut stream = Stream::of(&people.viewer, &run, last.as_deref()).await;
    decide(&people, &gate).await;
    let rest = stream.rest().await;
    let run = wait::run(&people.viewer, &run, "succeeded").await;
    assert_eq!(payments(&world), 1);
    assert_eq!(
        world.number("SELECT balance_cents FROM account"),
        125_000 - 5_000
    );
    finished(&people, &run).await;
    let followed: Vec<Value> = seen
        .into_iter()
        .chain(rest)
        .map(|event| event.data)
        .collect();
    history(&people, &run, &followed).await;

    // The history outlives the server, too.
    let journal = format!("/runs/{}/events", text(&run["id"]));
    server.crash().await;
    let people = people.at(&server);
    let path = format!("/runs/{}", text(&run["id"]));
    assert_eq!(people.viewer.get(&path).await.with(200), run);
    assert_eq!(people.viewer.all(&journal).await, followed);
    assert_eq!(payments(&world), 1);
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}

fn payments(world: &World) -> i64 {
    world.number("SELECT COUNT(*) FROM payment")
}

/// Stores the recording and reads it back.
async fn store(people: &People, world: &World) -> String {
    let recording = world.file("recording.json");
    let send = |key: &'static str| {
        let request = people.editor.request("POST", "/agents/runs").key(key);
        request.bytes(recording.clone()).send()
    };
    let stored = send("recording").await.with(201);
    assert_eq!(stored["kind"], "agent_run");
    assert_eq!(stored["format"], "druse");
    assert_eq!(stored["status"], "succeeded");
    let counts = json!({
        "turns": 3, "tool_calls": 5, "succeeded": 4, "failed": 1, "unmatched": 0, "approvals": 1,
        "bytes_left_out": 0,
    });
    assert_eq!(stored["counts"], counts);
    assert!(text(&stored["digest"]).starts_with("sha256:"));
    assert_eq!(stored["findings"], json!([]));
    assert!(text(&stored["id"]).starts_with("sess_"));
    assert_eq!(send("recording").await.with(201), stored);

    let id = text(&stored["id"]);
    let read = people.viewer.get(&format!("/agents/runs/{id}")).await;
    let normal = read.with(200);
    assert_eq!(normal["id"], id);
    assert_eq!(normal["agent"], "household-agent");
    let listed = people.viewer.all("/agents/runs?status=succeeded").await;
    assert_eq!(listed, [stored]);
    assert_eq!(
        people.viewer.all("/agents/runs?status=failed").await.len(),
        0
    );
    assert_eq!(people.viewer.all("/chat/threads").await.len(), 0);
    let elsewhere = people.viewer.get(&format!("/chat/threads/{id}")).await;
    elsewhere.problem(404, "not_found");
    id
}

/// Without a tool map the draft is made and proved, and cannot be activated.
async fn refused_while_unmapped(people: &People, recorded: &str) {
    let crystallize = format!("/agents/runs/{recorded}/crystallize");
    let made = people
        .editor
        .post(&crystallize, &json!({ "name": "unmapped" }))
        .await
        .with(201);
    let draft = &made["automation"];
    assert_eq!(draft["document"]["steps"][0]["action"], "tool");
    assert_eq!(made["report"]["replay"]["matched"], 4);
    let activate = format!("/automations/{}/activate", text(&draft["id"]));
    let refused = people.editor.post(&activate, &json!({})).await;
    let refused = refused.problem(422, "activation_blocked");
    let findings = refused["findings"].as_array().unwrap();
    for tool in ["list_files", "read_file", "get_account", "pay"] {
        let finding = findings
            .iter()
            .find(|finding| finding["step"] == tool)
            .unwrap_or_else(|| panic!("nothing is said about {tool}: {findings:?}"));
        assert_eq!(finding["code"], "unmapped_tool");
        assert_eq!(finding["severity"], "error");
        assert!(text(&finding["message"]).contains(tool));
        assert!(text(&finding["help"]).contains("match:"), "{finding}");
    }
    let still = people.viewer.get("/automations/unmapped").await.with(200);
    assert_eq!(still["status"], "draft");
    // A name leads there as an id does.
    people
        .editor
        .delete("/automations/unmapped")
        .await
        .with(204);
    people
        .viewer
        .get("/automations/unmapped")
        .await
        .problem(404, "not_found");
}

/// An administrator says how the tools are reached and what the recorded ones become.
async fn connect(people: &People, world: &World) {
    let household = "/connections/household";
    people
        .editor
        .put(household, &world.tools())
        .await
        .problem(403, "role_too_low");
    let written = people.admin.put(household, &world.tools()).await;
    assert!(!written.header("etag").is_empty());
    assert_eq!(written.with(200)["kind"], "mcp");
    let tried = people
        .admin
        .post(&format!("{household}/test"), &json!({}))
        .await
        .with(200);
    assert!(tried.to_string().contains("get_account"), "{tried}");

    let tool = |name: &str, effects: &str| {
        json!({
            "match": name, "action": "mcp", "effects": effects,
            "with": { "connection": "household", "tool": "{{ call.name }}", "arguments": "{{ call.arguments }}" },
        })
    };
    let mut account = tool("get_*", "read");
    account["deterministic"] = false.into();
    account["reason"] = "the balance changes with every payment".into();
    let rules = json!({ "tools": [tool("list_files", "read"), tool("read_file", "read"), account, tool("pay", "write")] });
    people
        .editor
        .put("/tools", &rules)
        .await
        .problem(403, "role_too_low");
    people.admin.put("/tools", &rules).await.with(200);
    assert_eq!(people.viewer.get("/tools").await.with(200), rules);
}

/// Crystallizes, and looks at everything that the product promises about the draft.
async fn crystallize(people: &People, recorded: &str) -> Value {
    let crystallize = format!("/agents/runs/{recorded}/crystallize");
    let send = || {
        let request = people.editor.request("POST", &crystallize).key("once");
        request.json(&json!({ "name": "pay-the-bill" })).send()
    };
    let first = send().await;
    let location = first.header("location").to_owned();
    let tag = first.header("etag").to_owned();
    let made = first.with(201);
    let second = send().await;
    assert_eq!(
        (second.header("location"), second.header("etag")),
        (location.as_str(), tag.as_str())
    );
    assert_eq!(second.with(201), made);
    let (automation, report) = (&made["automation"], &made["report"]);
    assert_eq!(
        location,
        format!("/api/v1/automations/{}", text(&automation["id"]))
    );
    assert_eq!(automation["name"], "pay-the-bill");
    assert_eq!(automation["source_type"], "CRYSTALLIZED");
    assert_eq!(automation["source"]["kind"], "agent_run");
    assert_eq!(automation["source"]["id"], recorded);
    assert_eq!(automation["status"], "draft");
    assert_eq!(automation["latest_version"], 1);
    assert_eq!(automation["active_version"], Value::Null);

    assert_eq!(
        report["counts"],
        json!({ "calls": 5, "steps": 4, "gates": 1, "left_out": 1 })
    );
    let replay = json!({ "matched": 4, "differing": 0, "missing": 0, "differences": [] });
    assert_eq!(report["replay"], replay);
    assert_eq!(report["generalisable"], Value::Null);

    let document = &automation["document"];
    let steps = document["steps"].as_array().unwrap();
    let ids: Vec<&str> = steps
        .iter()
        .map(|step| step["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "list_files",
            "read_file",
            "get_account",
            "approve_pay",
            "pay"
        ]
    );
    let needs: Vec<&Value> = steps.iter().skip(1).map(|step| &step["needs"]).collect();
    assert_eq!(
        needs,
        [
            &json!([ids[0]]),
            &json!([ids[1]]),
            &json!([ids[2]]),
            &json!([ids[3]])
        ]
    );
    assert_eq!(steps[3]["action"], "approval_gate");
    // Frozen with their types.
    let frozen = json!({
        "recipient": "Stadtwerke Nord GmbH", "iban": "DE89370400440532013000",
        "amount": 84.2, "reference": "4471-2027-03",
    });
    assert_eq!(
        steps[4]["with"],
        json!({ "connection": "household", "tool": "pay", "arguments": frozen })
    );
    assert_eq!(steps[2]["metadata"]["deterministic"], false);
    assert_eq!(
        steps[2]["metadata"]["reasons"][0]["message"],
        "the balance changes with every payment"
    );
    let metadata = &document["metadata"];
    assert_eq!(metadata["non_deterministic_steps"], json!(["get_account"]));
    assert_eq!(metadata["crystallized"]["mode"], "exact");
    assert_eq!(metadata["crystallized"]["source"]["id"], recorded);
    assert_eq!(metadata["crystallized"]["calls"]["pay"], "call_05");
    let left_out = json!([{ "call": "call_02", "code": "failed_then_repeated" }]);
    assert_eq!(metadata["crystallized"]["left_out"], left_out);

    let other = people.editor.request("POST", &crystallize).key("once");
    other
        .json(&json!({ "name": "another" }))
        .send()
        .await
        .problem(409, "idempotency_conflict");
    let second = people
        .editor
        .post(&crystallize, &json!({ "name": "pay-the-bill" }))
        .await
        .with(201);
    assert_eq!(second["automation"]["name"], "pay-the-bill-2");
    automation.clone()
}

/// Changes, adds, removes and branches steps, each as a version of its own.
async fn edit(people: &People, id: &str) {
    let path = format!("/automations/{id}");
    let steps = format!("{path}/steps");
    let editor = &people.editor;

    // A frozen parameter, as a number as it was.
    let first = editor.get(&path).await;
    let tag = first.header("etag").to_owned();
    let mut pay = first.with(200)["document"]["steps"][4]["with"].clone();
    pay["arguments"]["amount"] = json!(50.0);
    let patch = editor
        .request("PATCH", &format!("{steps}/pay"))
        .header("if-match", &tag);
    let changed = patch.json(&json!({ "with": pay })).send().await;
    assert_ne!(changed.header("etag"), tag);
    let changed = changed.with(200);
    assert_eq!(changed["latest_version"], 2);
    assert_eq!(
        changed["document"]["steps"][4]["with"]["arguments"]["amount"],
        50.0
    );
    assert_eq!(changed["document"]["steps"][4]["effects"], "write");
    let moved = editor
        .request("PATCH", &format!("{steps}/pay"))
        .header("if-match", &tag);
    moved
        .json(&json!({ "with": {} }))
        .send()
        .await
        .problem(412, "changed_meanwhile");
    // What was said about the frozen amount is said no more; what was said about the reference is.
    let said = |view: &Value, place: &str| {
        let findings = view["findings"].as_array().unwrap().iter();
        findings
            .filter(|finding| {
                finding["id"] == format!("frozen_from_output:pay:/with/arguments/{place}")
            })
            .count()
    };
    assert_eq!(
        (said(&changed, "amount"), said(&changed, "reference")),
        (0, 1)
    );

    // Removed: its dependant needs what it needed, which is nothing.
    let removed = editor
        .delete(&format!("{steps}/list_files"))
        .await
        .with(200);
    let rewired = removed["findings"].as_array().unwrap().iter();
    let rewired = rewired
        .filter(|finding| finding["code"] == "rewired")
        .count();
    assert_eq!(rewired, 1, "{:#}", removed["findings"]);
    assert_eq!(removed["document"]["steps"][0].get("needs"), None);

    // Branched: enough money goes on to the gate, too little tells somebody.
    let size = json!({
        "id": "size", "action": "switch",
        "with": { "cases": [
            { "id": "enough", "when": "steps.get_account.output.json.balance > inputs.reserve" },
            { "id": "short" },
        ] },
    });
    let inputs = editor
        .post(&steps, &json!({ "step": size, "after": "get_account" }))
        .await;
    let refused = inputs.problem(422, "bad_document");
    assert!(
        refused["findings"].to_string().contains("reserve"),
        "{refused:#}"
    );
    let mut document = editor.get(&path).await.with(200)["document"].clone();
    document["inputs"] = json!({ "reserve": { "type": "integer", "default": 100 } });
    editor.put(&path, &document).await.with(200);
    let add = editor.request("POST", &steps).key("size");
    let added = add
        .json(&json!({ "step": size, "after": "get_account" }))
        .send()
        .await
        .with(200);
    let ids: Vec<&Value> = added["document"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["id"])
        .collect();
    assert_eq!(
        ids,
        ["read_file", "get_account", "size", "approve_pay", "pay"]
    );
    assert_eq!(
        added["document"]["steps"][2]["needs"],
        json!(["get_account"])
    );
    assert_eq!(
        added["document"]["steps"][3]["needs"],
        json!(["get_account"])
    );
    let again = editor.request("POST", &steps).key("size");
    let again = again
        .json(&json!({ "step": size, "after": "get_account" }))
        .send()
        .await;
    assert_eq!(again.with(200), added);
    let gate = json!({ "needs": ["size.enough"] });
    editor
        .patch(&format!("{steps}/approve_pay"), &gate)
        .await
        .with(200);
    let tell = json!({
        "id": "tell", "action": "emit", "needs": ["size.short"],
        "with": { "type": "com.example.account.short", "data": { "balance": "{{ steps.get_account.output.json.balance }}" } },
    });
    editor
        .post(&steps, &json!({ "step": tell }))
        .await
        .with(200);
    let receipt = json!({
        "id": "receipt", "action": "transform", "when": "steps.pay.output.json.status == 'booked'",
        "with": { "value": { "payment": "{{ steps.pay.output.json.payment_id }}", "left": "{{ steps.pay.output.json.balance }}" } },
    });
    editor
        .post(&steps, &json!({ "step": receipt, "after": "pay" }))
        .await
        .with(200);

    replace(people, &path).await;

    let versions = people.viewer.all(&format!("{path}/versions")).await;
    let numbers: Vec<i64> = versions
        .iter()
        .map(|version| version["version"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let one = people
        .viewer
        .get(&format!("{path}/versions/1"))
        .await
        .with(200);
    assert_eq!(
        one["document"]["steps"][4]["with"]["arguments"]["amount"],
        84.2
    );
    let diff = people
        .viewer
        .get(&format!("{path}/diff?from=1&to=2"))
        .await
        .with(200);
    assert!(diff["diff"].to_string().contains("84.2"), "{diff:#}");
}

/// Replaces the whole document, with outputs and triggers, as YAML; who has not seen the newest is refused.
async fn replace(people: &People, path: &str) {
    let read = people
        .editor
        .request("GET", path)
        .header("accept", "application/yaml")
        .send()
        .await;
    let tag = read.header("etag").to_owned();
    assert_eq!(read.status, 200, "{}", read.text);
    let yaml = format!(
        "{}\n# What a caller gets.\noutputs:\n  payment: \"{{{{ steps.receipt.output.payment }}}}\"\n  told: \"{{{{ steps.tell.output.event_id }}}}\"\ntriggers:\n  - id: monthly\n    schedule: {{ cron: \"0 7 1 * *\", timezone: Europe/Berlin }}\n    inputs: {{ reserve: 300 }}\n  - id: letter\n    webhook: {{ verify: {{ scheme: bearer, secret: letters }}, respond: accepted }}\n",
        read.text.trim_end()
    );
    let put = |tag: &str| {
        people
            .editor
            .request("PUT", path)
            .header("if-match", tag)
            .yaml(&yaml)
            .send()
    };
    put("\"1-1\"").await.problem(412, "changed_meanwhile");
    let written = put(&tag).await;
    let newer = written.header("etag").to_owned();
    assert_ne!(newer, tag);
    assert_eq!(written.with(200)["latest_version"], 9);
    put(&tag).await.problem(412, "changed_meanwhile");
    let read = people
        .editor
        .request("GET", path)
        .header("accept", "application/yaml")
        .send()
        .await;
    assert_eq!(
        (read.text.as_str(), read.header("etag")),
        (yaml.as_str(), newer.as_str())
    );
}

/// Activation is refused until the webhook's secret is there; then the triggers live.
async fn activate(people: &People, id: &str) {
    let path = format!("/automations/{id}");
    let runs = format!("{path}/runs");
    people
        .operator
        .post(&runs, &json!({}))
        .await
        .problem(409, "not_active");
    let activate = format!("{path}/activate");
    let refused = people
        .editor
        .post(&activate, &json!({}))
        .await
        .problem(422, "activation_blocked");
    let findings = refused["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    assert!(
        findings
            .iter()
            .all(|finding| finding["code"] == "missing_secret"),
        "{refused:#}"
    );
    let secret = json!({ "value": "a letter came" });
    people
        .admin
        .put("/secrets/letters", &secret)
        .await
        .with(200);
    let active = people.editor.post(&activate, &json!({})).await.with(200);
    assert_eq!(
        (&active["status"], &active["active_version"]),
        (&json!("active"), &json!(9))
    );
    let triggers = people.editor.all(&format!("{path}/triggers")).await;
    let kinds: Vec<(&Value, &Value)> = triggers
        .iter()
        .map(|one| (&one["name"], &one["kind"]))
        .collect();
    assert_eq!(
        kinds,
        [
            (&json!("monthly"), &json!("schedule")),
            (&json!("letter"), &json!("webhook"))
        ]
    );
    assert_eq!(triggers[0]["address"], Value::Null);
    assert!(!triggers[0]["next"].as_array().unwrap().is_empty());
    assert!(text(&triggers[1]["address"]).starts_with("/hooks/"));

    // What people edit now does not touch what runs.
    let dry = people
        .operator
        .post(&runs, &json!({ "dry_run": true }))
        .await
        .with(200);
    assert_eq!(dry["version"], 9);
    assert_eq!(
        people
            .viewer
            .all(&format!("/runs?automation_id={id}"))
            .await
            .len(),
        0
    );
    let wrong = json!({ "inputs": { "reserve": "much", "colour": "red" } });
    let wrong = people
        .operator
        .post(&runs, &wrong)
        .await
        .problem(422, "bad_inputs");
    let said = wrong["findings"].to_string();
    assert!(
        said.contains("reserve") && said.contains("colour"),
        "{said}"
    );
}

/// The gate is decided once, on what was shown, by somebody who may.
async fn decide(people: &People, gate: &Value) {
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    let yes = json!({ "decision": "approve", "comment": "Go on.", "digest": gate["digest"] });
    people
        .operator
        .post(&path, &yes)
        .await
        .problem(403, "role_too_low");
    for digest in [
        format!("sha256:{}", "0".repeat(64)),
        "what I saw".to_owned(),
    ] {
        let wrong = json!({ "decision": "approve", "digest": digest });
        let refused = people
            .approver
            .request("POST", &path)
            .key("yes")
            .json(&wrong)
            .send()
            .await;
        refused.problem(409, "approval_changed");
    }
    let form =
        json!({ "decision": "approve", "digest": gate["digest"], "fields": { "colour": "red" } });
    people
        .approver
        .post(&path, &form)
        .await
        .problem(422, "bad_fields");
    // A refusal is not kept: the same key decides now.
    let send = || {
        people
            .approver
            .request("POST", &path)
            .key("yes")
            .json(&yes)
            .send()
    };
    let decided = send().await.with(200);
    assert_eq!(decided["status"], "approved");
    assert_eq!(decided["decisions"][0]["by"], "approver");
    assert_eq!(decided["decisions"][0]["comment"], "Go on.");
    assert_eq!(send().await.with(200), decided);
    people
        .approver
        .post(&path, &yes)
        .await
        .problem(409, "already_decided");
    let no = json!({ "decision": "reject", "digest": gate["digest"] });
    people
        .admin
        .post(&path, &no)
        .await
        .problem(409, "already_decided");
    let other = people
        .approver
        .request("POST", &path)
        .key("yes")
        .json(&no)
        .send()
        .await;
    other.problem(409, "idempotency_conflict");
}

/// What a finished run shows.
async fn finished(people: &People, run: &Value) {
    assert_eq!(run["version"], 9);
    assert_eq!(run["cause"]["kind"], "manual");
    assert_eq!(run["inputs"], json!({ "reserve": 200 }));
    assert_eq!(
        run["outputs"],
        json!({ "payment": "PAY-0001", "told": null })
    );
    assert_eq!(run["error"], Value::Null);
    let steps = run["steps"].as_array().unwrap();
    let statuses: Vec<(&str, &str)> = steps
        .iter()
        .map(|step| {
            (
                step["id"].as_str().unwrap(),
                step["status"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("read_file", "succeeded"),
        ("get_account", "succeeded"),
        ("size", "succeeded"),
        ("approve_pay", "succeeded"),
        ("pay", "succeeded"),
        ("receipt", "succeeded"),
        ("tell", "skipped"),
    ];
    assert_eq!(statuses, expected);
    for (step, tried) in steps.iter().zip([1, 1, 0, 0, 1, 0, 0]) {
        let attempts = step["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), tried, "{step:#}");
        for attempt in attempts {
            assert_eq!(
                (&attempt["number"], &attempt["status"]),
                (&json!(1), &json!("succeeded"))
            );
            assert_eq!(attempt["error"], Value::Null);
            assert!(attempt["started_at"].as_str() <= attempt["finished_at"].as_str());
        }
        for field in ["path", "action", "input", "output", "error"] {
            assert!(step.get(field).is_some(), "{field} of {step:#}");
        }
    }
    assert_eq!(steps[4]["input"]["arguments"]["amount"], 50.0);
    assert_eq!(steps[4]["output"]["json"]["balance"], 1200.0);
    assert_eq!(steps[3]["output"]["decision"], "approve");
    assert_eq!(steps[3]["output"]["by"], "approver");

    // The answer to the first request, again.
    let path = format!("/automations/{}/runs", text(&run["automation_id"]));
    let body = json!({ "inputs": { "reserve": 200 } });
    let again = people
        .operator
        .request("POST", &path)
        .key("start")
        .json(&body)
        .send()
        .await;
    assert_eq!(again.with(202)["id"], run["id"]);
    let other = people
        .operator
        .request("POST", &path)
        .key("start")
        .json(&json!({}))
        .send()
        .await;
    other.problem(409, "idempotency_conflict");
}

/// The journal as a list, page by page, is what was followed live, before and after the kill.
async fn history(people: &People, run: &Value, followed: &[Value]) {
    let path = format!("/runs/{}/events", text(&run["id"]));
    let listed = people.viewer.all(&path).await;
    assert_eq!(listed, followed);
    let numbers: Vec<u64> = listed
        .iter()
        .map(|fact| fact["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=listed.len() as u64).collect::<Vec<_>>());
    let names: Vec<&str> = listed
        .iter()
        .map(|fact| fact["type"].as_str().unwrap())
        .collect();
    assert_eq!((names[0], names[names.len() - 1]), ("created", "finished"));
    let middle = numbers.len() / 2;
    let after = people.viewer.all(&format!("{path}?after={middle}")).await;
    assert_eq!(after, &listed[middle..]);
    let mut cursor = String::new();
    let mut paged = Vec::new();
    loop {
        let page = people
            .viewer
            .get(&format!("{path}?limit=1{cursor}"))
            .await
            .with(200);
        assert!(page["items"].as_array().unwrap().len() <= 1);
        paged.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, listed);
    let filter = format!(
        "/runs?automation_id={}&status=succeeded&cause=manual",
        text(&run["automation_id"])
    );
    let runs = people.viewer.all(&filter).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["id"], run["id"]);
    assert_eq!(runs[0].get("steps"), None);
}
