//! What the contract says about odd requests.

use super::*;

impl Server {
    async fn by(&self, token: &str, path: &str, body: &Value) -> Answered {
        let request = Request::builder()
            .method("POST")
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }
}

#[tokio::test]
async fn a_document_that_is_no_text_is_a_wrong_document_with_a_place() {
    let server = Server::new().await;
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/automations")
        .header("authorization", format!("Bearer {}", server.admin))
        .header("content-type", "application/yaml")
        .body(Body::from(&b"druse: 1\nname: \xff\xfe\n"[..]))
        .unwrap();
    let refused = server.send(request).await;
    assert_eq!(refused.status, 422);
    let finding = &refused.body["findings"][0];
    assert_eq!(finding["code"], "unreadable");
    assert_eq!(finding["line"], 2);
}

#[tokio::test]
async fn a_version_that_nobody_activated_is_started_only_by_who_may_answer_for_it() {
    let server = Server::new().await;
    let recording = json!({ "status": "succeeded", "messages": [
        { "role": "assistant", "tool_calls": [{ "id": "c1", "name": "look", "arguments": { "with": "true" } }] },
        { "role": "tool", "tool_call_id": "c1", "content": "seen" },
    ] });
    let stored = server.post("/agents/runs", &recording).await;
    let id = stored.body["id"].as_str().unwrap();
    let crystallize = format!("/agents/runs/{id}/crystallize");
    let unmapped = server.post(&crystallize, &json!({})).await;
    let with = json!({ "argv": ["{{ call.arguments.with }}"] });
    let rule = json!({ "match": "look", "action": "shell", "with": with });
    let mapped = server.post(&crystallize, &json!({ "tools": [rule] })).await;
    let runs = |made: &Answered| {
        let id = made.body["automation"]["id"].as_str().unwrap();
        format!("/automations/{id}/runs")
    };
    let (unmapped, mapped) = (runs(&unmapped), runs(&mapped));
    let first = json!({ "version": 1 });

    let refused = server.post(&unmapped, &first).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(refused.body["code"], "not_runnable");
    assert_eq!(refused.body["findings"][0]["code"], "unmapped_tool");

    let operator = server.token(Role::Operator).await;
    let refused = server.by(&operator, &mapped, &first).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let finding = &refused.body["findings"][0];
    assert_eq!(finding["code"], "runs_program");
    let editor = server.token(Role::Editor).await;
    let started = server.by(&editor, &mapped, &first).await;
    assert_eq!(started.status, 202, "{}", started.body);

    let activate = mapped.replace("/runs", "/activate");
    let acknowledged = json!({ "acknowledge": [finding["id"]] });
    assert_eq!(server.post(&activate, &acknowledged).await.status, 200);
    let deactivate = mapped.replace("/runs", "/deactivate");
    assert_eq!(server.post(&deactivate, &json!({})).await.status, 200);
    let started = server.by(&operator, &mapped, &first).await;
    assert_eq!(started.status, 202, "{}", started.body);

    let automation = mapped.replace("/runs", "");
    let removed = server.call("DELETE", &automation, &[], "").await;
    assert_eq!(removed.status, 204);
    assert_eq!(server.post(&mapped, &first).await.status, 404);
}

#[tokio::test]
async fn recordings_are_found_by_what_was_said_in_them() {
    let server = Server::new().await;
    for (goal, said) in [
        ("Pay a bill", "The one of the Waterworks"),
        ("Walk the dog", "Soon"),
    ] {
        let recording = json!({ "status": "succeeded", "goal": goal, "agent": "helper", "messages": [
            { "role": "user", "content": said },
            { "role": "assistant", "tool_calls": [{ "id": "c", "name": "look", "arguments": {} }] },
            { "role": "tool", "tool_call_id": "c", "content": "a result about the waterworks" },
        ] });
        assert_eq!(server.post("/agents/runs", &recording).await.status, 201);
    }
    for (text, found) in [("waterworks", 1), ("BILL", 1), ("helper", 2), ("result", 0)] {
        let list = server
            .call("GET", &format!("/agents/runs?text={text}"), &[], "")
            .await;
        let items = list.body["items"].as_array().unwrap();
        assert_eq!(items.len(), found, "{text}");
    }
}
