//! From the recording to a draft that is proved and cannot do anything yet.

use super::People;
use crate::harness::{World, text};
use serde_json::{Value, json};

/// Stores the recording and reads it back.
pub(super) async fn store(people: &People, world: &World) -> String {
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
pub(super) async fn refused_while_unmapped(people: &People, recorded: &str) {
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
pub(super) async fn connect(people: &People, world: &World) {
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
pub(super) async fn crystallize(people: &People, recorded: &str) -> Value {
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
