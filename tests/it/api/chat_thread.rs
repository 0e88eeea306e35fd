//! A chat thread in OpenAI's plain messages, from the recording to a dashboard, with the server killed
//! while a person is asked.

use crate::harness::{Client, Server, World, text, wait};
use serde_json::{Value, json};

#[tokio::test]
async fn a_chat_thread_becomes_an_automation_that_outlives_the_server() {
    let world = World::of("revenue-dashboard");
    let mut server = Server::new().await;
    let (mut admin, mut viewer) = (server.admin(), server.role("viewer").await);
    let id = crystallize(&admin, &viewer, &world).await;
    let path = format!("/automations/{id}");
    edit(&admin, &path).await;
    activate(&admin, &path).await;

    // A month was closed: the event starts a run, which asks before it publishes.
    let event = json!({
        "specversion": "1.0", "id": "2027-03", "source": "/books", "type": "com.example.month.closed",
        "data": { "title": "Closed: March" },
    });
    let taken = admin.request("POST", "/events");
    let taken = taken.header("content-type", "application/cloudevents+json");
    let taken = taken.bytes(event.to_string()).send().await.with(202);
    let rejected = text(&taken["runs"][0]);
    let started = admin
        .post(&format!("{path}/runs"), &json!({}))
        .await
        .with(202);
    let approved = text(&started["id"]);
    let mut gates = Vec::new();
    for run in [&rejected, &approved] {
        gates.push(wait::approval(&viewer, run).await);
    }

    server.crash().await;
    (admin, viewer) = (admin.at(server.address()), viewer.at(server.address()));
    for (run, gate) in [&rejected, &approved].into_iter().zip(&gates) {
        wait::run(&viewer, run, "waiting").await;
        let read = viewer
            .get(&format!("/approvals/{}", text(&gate["id"])))
            .await;
        assert_eq!(&read.with(200), gate);
    }
    reject(&admin, &rejected, &gates[0]).await;
    assert!(!world.path().join("dashboards").exists());
    approve(&admin, &approved, &gates[1]).await;

    let run = wait::run(&viewer, &approved, "succeeded").await;
    assert_eq!(
        run["outputs"],
        json!({ "page": "dashboards/eu-revenue.html", "why": "the board asks" })
    );
    // The rows of today's answer, not the recorded ones.
    let page = world.text("dashboards/eu-revenue.html");
    for cell in ["2027-01", "20500", "2027-03", "19500"] {
        assert!(page.contains(cell), "{cell} is not in {page}");
    }
    let listed = viewer.all(&format!("/runs?automation_id={id}")).await;
    let seen: Vec<(&Value, &Value, &Value)> = listed
        .iter()
        .map(|run| (&run["id"], &run["status"], &run["cause"]["kind"]))
        .collect();
    let expected = [
        (&json!(approved), &json!("succeeded"), &json!("manual")),
        (&json!(rejected), &json!("rejected"), &json!("event")),
    ];
    assert_eq!(seen, expected);
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}

async fn crystallize(admin: &Client, viewer: &Client, world: &World) -> String {
    let recording = world.file("recording.json");
    let post = |path: &'static str| admin.request("POST", path).bytes(recording.clone()).send();
    let stored = post("/chat/threads").await.with(201);
    assert_eq!(stored["kind"], "chat_thread");
    assert_eq!(stored["format"], "openai-chat");
    assert_eq!(stored["status"], Value::Null);
    assert_eq!(stored["counts"]["tool_calls"], 3);
    let thread = text(&stored["id"]);
    assert_eq!(
        viewer
            .all("/chat/threads?status=unknown&text=DASHBOARD")
            .await,
        [stored]
    );
    let normal = viewer
        .get(&format!("/chat/threads/{thread}"))
        .await
        .with(200);
    let calls = normal["turns"].as_array().unwrap().iter();
    let calls: Vec<&Value> = calls
        .filter(|turn| turn["type"] == "call")
        .map(|call| &call["name"])
        .collect();
    assert_eq!(calls, ["run_query", "run_query", "create_dashboard"]);

    admin
        .put("/connections/warehouse", &world.tools())
        .await
        .with(200);
    let tool = |name: &str| {
        json!({
            "match": name, "action": "mcp",
            "with": { "connection": "warehouse", "tool": "{{ call.name }}", "arguments": "{{ call.arguments }}" },
        })
    };
    let mut query = tool("run_*");
    query["effects"] = "read".into();
    query["deterministic"] = false.into();
    query["reason"] = "an AI wrote the SQL".into();
    let body = json!({ "name": "dashboard", "tools": [query, tool("create_dashboard")] });
    let path = format!("/chat/threads/{thread}/crystallize");
    let made = admin.post(&path, &body).await.with(201);
    let (automation, report) = (&made["automation"], &made["report"]);
    assert_eq!(
        report["counts"],
        json!({ "calls": 3, "steps": 3, "gates": 0, "left_out": 0 })
    );
    assert_eq!(
        (&report["replay"]["matched"], &report["replay"]["differing"]),
        (&json!(3), &json!(0))
    );
    let codes: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert!(codes.contains(&&json!("success_unknown")), "{codes:?}");
    assert_eq!(automation["source"]["kind"], "chat_thread");
    assert_eq!(automation["source"]["id"], thread);
    let flagged = &automation["document"]["metadata"]["non_deterministic_steps"];
    assert_eq!(flagged, &json!(["run_query", "run_query_2"]));

    // The recording can go; the draft stays.
    admin
        .delete(&format!("/chat/threads/{thread}"))
        .await
        .with(204);
    admin.post(&path, &body).await.problem(404, "not_found");
    text(&automation["id"])
}

/// The dashboard follows the answer and is asked for first; the second query goes.
async fn edit(admin: &Client, path: &str) {
    let steps = format!("{path}/steps");
    let removed = admin
        .delete(&format!("{steps}/run_query_2"))
        .await
        .with(200);
    assert_eq!(
        removed["document"]["steps"][1]["needs"],
        json!(["run_query"])
    );
    let gate = json!({
        "id": "publish_gate", "action": "approval_gate",
        "when": "steps.run_query.output.json.rows | length > 0",
        "with": {
            "title": "{{ inputs.title }}?",
            "show": "{{ steps.run_query.output.json.rows }}",
            "fields": { "type": "object", "required": ["why"], "additionalProperties": false,
                        "properties": { "why": { "type": "string", "minLength": 3 } } },
            "timeout": "24h",
        },
    });
    let mut document = admin.get(path).await.with(200)["document"].clone();
    document["inputs"] = json!({ "title": { "type": "string", "default": "EU revenue" } });
    document["triggers"] = json!([{
        "id": "closed", "event": { "type": "com.example.month.*" },
        "when": "trigger.source == '/books'", "inputs": { "title": "{{ trigger.data.title }}" },
    }]);
    admin.put(path, &document).await.with(200);
    admin
        .post(&steps, &json!({ "step": gate, "after": "run_query" }))
        .await
        .with(200);

    // One of the frozen figures follows the answer, and is asked about no more.
    let read = admin.get(path).await.with(200);
    assert_eq!(asked(&read).len(), 3, "{:#}", read["findings"]);
    let mut with = read["document"]["steps"][2]["with"].clone();
    let rows = &mut with["arguments"]["panels"][0]["rows"];
    rows[0]["revenue"] = "{{ steps.run_query.output.json.rows[0].revenue }}".into();
    let patch = json!({ "with": with, "needs": ["publish_gate"] });
    let patched = admin
        .patch(&format!("{steps}/create_dashboard"), &patch)
        .await
        .with(200);
    let open: Vec<&Value> = patched["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["acknowledge"] == true)
        .collect();
    let places: Vec<&Value> = open.iter().map(|one| &one["path"]).collect();
    // The step was the third and the second, and is the third again.
    let expected = [1, 2].map(|row| {
        json!(format!(
            "/steps/2/with/arguments/panels/0/rows/{row}/revenue"
        ))
    });
    assert_eq!(places, expected.iter().collect::<Vec<_>>());
}

/// The findings of an automation that have to be acknowledged.
fn asked(automation: &Value) -> Vec<String> {
    let findings = automation["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["acknowledge"] == true)
        .map(|finding| text(&finding["id"]))
        .collect()
}

/// What is asked about is acknowledged once and for all versions; nothing else will do.
async fn activate(admin: &Client, path: &str) {
    let activate = format!("{path}/activate");
    let open = asked(&admin.get(path).await.with(200));
    let refused = admin
        .post(&activate, &json!({}))
        .await
        .problem(422, "activation_blocked");
    assert_eq!(asked(&refused), open);
    let half = json!({ "acknowledge": [open[0]] });
    let refused = admin
        .post(&activate, &half)
        .await
        .problem(422, "activation_blocked");
    assert_eq!(asked(&refused), open[1..]);
    let active = admin
        .post(&activate, &json!({ "acknowledge": open }))
        .await
        .with(200);
    assert_eq!(active["status"], "active");
    assert_eq!(active["acknowledged"], json!(open));

    // A later version replaces the rows as a whole: nothing is asked about, and nothing acknowledged anew.
    let mut with = active["document"]["steps"][2]["with"].clone();
    with["arguments"]["title"] = "{{ inputs.title }}".into();
    let patch = json!({ "with": with, "timeout": "30s" });
    let later = admin
        .patch(&format!("{path}/steps/create_dashboard"), &patch)
        .await
        .with(200);
    assert_eq!(asked(&later), open);
    assert_eq!(later["active_version"], active["active_version"]);
    admin.post(&activate, &json!({})).await.with(200);
    with["arguments"]["panels"] =
        json!([{ "title": "Revenue by month", "rows": "{{ steps.run_query.output.json.rows }}" }]);
    let mut document = later["document"].clone();
    document["steps"][2]["with"] = with;
    document["outputs"] = json!({
        "page": "{{ steps.create_dashboard.output.json.path }}", "why": "{{ steps.publish_gate.output.fields.why }}",
    });
    let last = admin.put(path, &document).await.with(200);
    assert_eq!(asked(&last), [""; 0]);
    let active = admin.post(&activate, &json!({})).await.with(200);
    assert_eq!(active["active_version"], last["latest_version"]);
    let deactivate = format!("{path}/deactivate");
    assert_eq!(
        admin.post(&deactivate, &json!({})).await.with(200)["status"],
        "inactive"
    );
    admin
        .post(&deactivate, &json!({}))
        .await
        .problem(409, "not_active");
    admin
        .post(&activate, &json!({ "version": last["latest_version"] }))
        .await
        .with(200);
}

async fn reject(admin: &Client, run: &str, gate: &Value) {
    assert_eq!(gate["title"], "Closed: March?");
    let decide = format!("/approvals/{}/decision", text(&gate["id"]));
    let no = json!({ "decision": "reject", "comment": "Not yet.", "digest": gate["digest"] });
    let decided = admin.post(&decide, &no).await.with(200);
    assert_eq!(decided["status"], "rejected");
    let run = wait::run(admin, run, "rejected").await;
    let statuses: Vec<&Value> = run["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["status"])
        .collect();
    assert_eq!(statuses, ["succeeded", "rejected", "skipped"]);
    assert_eq!(run["cause"]["kind"], "event");
    assert_eq!(run["inputs"], json!({ "title": "Closed: March" }));
    let yes = json!({ "decision": "approve", "digest": gate["digest"], "fields": { "why": "after all" } });
    admin
        .post(&decide, &yes)
        .await
        .problem(409, "already_decided");
}

async fn approve(admin: &Client, run: &str, gate: &Value) {
    assert_eq!(gate["title"], "EU revenue?");
    assert_eq!(gate["run_id"], run);
    assert_eq!(gate["details"]["show"][0]["revenue"], 20500);
    assert!(gate["expires_at"].is_string());
    let decide = format!("/approvals/{}/decision", text(&gate["id"]));
    for fields in [
        Value::Null,
        json!({}),
        json!({ "why": 1 }),
        json!({ "why": "x" }),
        json!({ "why": "yes", "who": "me" }),
    ] {
        let wrong = json!({ "decision": "approve", "digest": gate["digest"], "fields": fields });
        admin.post(&decide, &wrong).await.problem(422, "bad_fields");
    }
    let yes = json!({ "decision": "approve", "digest": gate["digest"], "fields": { "why": "the board asks" } });
    assert_eq!(
        admin.post(&decide, &yes).await.with(200)["status"],
        "approved"
    );
}

#[tokio::test]
async fn what_cannot_be_crystallized_says_why() {
    let server = Server::new().await;
    let admin = server.admin();
    let store = async |path: &str, recording: Value| {
        let stored = admin.post(path, &recording).await.with(201);
        format!("{path}/{}/crystallize", text(&stored["id"]))
    };
    let call = json!([
        { "role": "user", "content": "Look." },
        { "role": "assistant", "tool_calls": [{ "id": "c1", "name": "look", "arguments": { "at": 1 } }] },
        { "role": "tool", "tool_call_id": "c1", "content": { "seen": true } },
    ]);
    let failed = store(
        "/agents/runs",
        json!({ "status": "failed", "messages": call }),
    )
    .await;
    admin
        .post(&failed, &json!({}))
        .await
        .problem(409, "run_not_successful");
    let forced = admin
        .post(&failed, &json!({ "force": true, "name": "look" }))
        .await
        .with(201);
    assert_eq!(forced["report"]["replay"]["matched"], 1);
    let idle = store(
        "/chat/threads",
        json!({ "messages": [{ "role": "user", "content": "Hello." }] }),
    )
    .await;
    admin
        .post(&idle, &json!({}))
        .await
        .problem(422, "nothing_to_crystallize");
    let wrong = async |body: Value| admin.post(&failed, &body).await;
    wrong(json!({ "force": true, "name": "not a name" }))
        .await
        .problem(422, "bad_name");
    wrong(json!({ "force": true, "mode": "loose" }))
        .await
        .problem(422, "bad_body");
    wrong(json!({ "force": true, "also": ["sess_nothing"] }))
        .await
        .problem(404, "not_found");
    let rules =
        wrong(json!({ "force": true, "tools": [{ "match": "look", "action": "mpc" }] })).await;
    let rules = rules.problem(422, "bad_tools");
    assert_eq!(rules["findings"][0]["path"], "/tools/0", "{rules:#}");
    admin
        .post("/agents/runs/sess_nothing/crystallize", &json!({}))
        .await
        .problem(404, "not_found");

    // Several recordings in one body are several recordings.
    let lines = format!(
        "{}\n{}\n",
        json!({ "messages": call }),
        json!({ "messages": call })
    );
    let both = admin
        .request("POST", "/agents/runs")
        .bytes(lines)
        .send()
        .await
        .with(201);
    assert_eq!(both["items"].as_array().map(Vec::len), Some(2), "{both:#}");
    let names: Vec<Value> = admin
        .all("/automations")
        .await
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["look"]);
}
