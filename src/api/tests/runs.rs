//! Runs and gates.

use super::*;
use druse_storage::StoreExt as _;

#[tokio::test]
async fn whoever_ends_holds_or_repeats_a_run_stands_in_the_audit_log_with_why() {
    const GATE: &str = "druse: 1
name: held
steps:
  - { id: ask, action: approval_gate, with: { title: Go on? } }
";
    let server = Server::new().await;
    let yaml = [("content-type", "application/yaml")];
    let made = server.call("POST", "/automations", &yaml, GATE).await;
    let automation = format!("/automations/{}", made.body["id"].as_str().unwrap());
    server
        .post(&format!("{automation}/activate"), &json!({}))
        .await;
    let run = server.post(&format!("{automation}/runs"), &json!({})).await;
    let id = run.body["id"].as_str().unwrap().to_owned();
    let verbs = ["pause", "resume", "cancel", "retry"];
    for verb in verbs {
        let why = json!({ "reason": format!("because of {verb}") });
        let answer = server.post(&format!("/runs/{id}/{verb}"), &why).await;
        assert_eq!(answer.status, 202, "{verb}: {}", answer.body);
        if verb == "cancel" {
            let over = server
                .app
                .engine
                .wait(id.parse().unwrap(), std::time::Duration::from_secs(60));
            assert!(over.await.unwrap().is_over());
        }
    }
    let rows: Vec<druse_storage::Audit> = server
        .app
        .store
        .scan(&druse_storage::Scan {
            limit: 100,
            ..Default::default()
        })
        .unwrap();
    for verb in verbs {
        let line = rows.iter().find(|row| row.action == format!("run.{verb}"));
        let line = line.unwrap_or_else(|| panic!("{verb} is not in {rows:#?}"));
        assert_eq!(
            (line.subject.as_str(), line.actor.as_str()),
            (id.as_str(), "a admin")
        );
        assert_eq!(line.details["reason"], format!("because of {verb}"));
    }
}

#[tokio::test]
async fn of_equal_requests_at_once_one_makes_something_and_all_get_its_answer() {
    let server = Server::new().await;
    let headers = [
        ("idempotency-key", "k1"),
        ("content-type", "application/yaml"),
    ];
    let same = || server.call("POST", "/automations", &headers, DOCUMENT);
    let (a, b, c) = tokio::join!(same(), same(), same());
    assert_eq!(
        (a.status, b.status, c.status),
        (
            StatusCode::CREATED,
            StatusCode::CREATED,
            StatusCode::CREATED
        )
    );
    assert_eq!((&a.body, &a.body), (&b.body, &c.body));
    let list = server.call("GET", "/automations", &[], "").await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    let other = server.call("POST", "/automations", &headers, GATED).await;
    assert_eq!(
        (other.status.as_u16(), other.body["code"].as_str()),
        (409, Some("idempotency_conflict"))
    );
    let taken = server
        .call("POST", "/automations", &headers[1..], DOCUMENT)
        .await;
    assert_eq!(taken.body["code"], "name_taken");

    let id = a.body["id"].as_str().unwrap();
    server
        .post(&format!("/automations/{id}/activate"), &json!({}))
        .await;
    let runs = format!("/automations/{id}/runs");
    let start = || server.call("POST", &runs, &headers[..1], "{}");
    let (a, b) = (start().await, start().await);
    assert_eq!(a.status, 202, "{}", a.body);
    assert_eq!((&b.body["id"], b.status), (&a.body["id"], a.status));
    assert_eq!(
        server.call("GET", "/runs", &[], "").await.body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let token = || {
        server.call(
            "POST",
            "/tokens",
            &headers[..1],
            "{\"role\":\"viewer\",\"name\":\"v\"}",
        )
    };
    let (a, b) = (token().await, token().await);
    assert_eq!(a.status, 201);
    assert_eq!(a.body, b.body);
}

#[tokio::test]
async fn a_run_is_started_waited_for_read_and_followed() {
    let server = Server::new().await;
    let id = server.active(DOCUMENT).await;
    let path = format!("/automations/{id}/runs?wait=10s");
    let run = server
        .post(&path, &json!({ "inputs": { "name": "you" } }))
        .await;
    assert_eq!(run.status, 200, "{}", run.body);
    assert_eq!(run.body["status"], "succeeded");
    assert_eq!(run.body["outputs"], json!({ "text": "hello you" }));
    assert_eq!(run.body["steps"][0]["id"], "say");
    let wrong = server
        .post(&path, &json!({ "inputs": { "nam": "you" } }))
        .await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(!wrong.body["findings"].as_array().unwrap().is_empty());
    let run = run.body["id"].as_str().unwrap();
    let list = server
        .call(
            "GET",
            &format!("/runs?automation_id={id}&status=succeeded&cause=manual"),
            &[],
            "",
        )
        .await;
    assert_eq!(list.body["items"][0]["id"], run);
    assert!(list.body["items"][0].get("steps").is_none());
    let facts = server
        .call("GET", &format!("/runs/{run}/events"), &[], "")
        .await;
    assert_eq!(facts.body["items"][0]["type"], "created");
    let request = Request::builder()
        .uri(format!("/api/v1/runs/{run}/events"))
        .header("authorization", format!("Bearer {}", server.admin))
        .header("accept", "text/event-stream")
        .header("last-event-id", "1")
        .body(Body::empty())
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.starts_with("id: 2\n"), "{text}");
    assert!(text.contains("event: finished"), "{text}");

    server
        .post(&format!("/automations/{id}/deactivate"), &json!({}))
        .await;
    let refused = server.post(&path, &json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.body["code"].as_str()),
        (409, Some("not_active"))
    );
    let named = server.post(&path, &json!({ "version": 1 })).await;
    assert_eq!(named.status, 200, "{}", named.body);
}

#[tokio::test]
async fn a_gate_is_decided_once_on_what_was_seen() {
    let server = Server::new().await;
    let id = server.active(GATED).await;
    let run = server
        .post(&format!("/automations/{id}/runs"), &json!({}))
        .await;
    assert_eq!(run.status, 202, "{}", run.body);
    let inbox = server
        .call("GET", "/approvals?status=pending", &[], "")
        .await;
    let gate = &inbox.body["items"][0];
    assert_eq!(gate["title"], "Go on?");
    let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
    let wrong = server
        .post(
            &path,
            &json!({ "decision": "approve", "digest": "sha256:00" }),
        )
        .await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.body["code"].as_str()),
        (409, Some("approval_changed"))
    );
    let body = json!({ "decision": "approve", "digest": gate["digest"] }).to_string();
    let keyed = || server.call("POST", &path, &[("idempotency-key", "d1")], &body);
    let (first, again) = (keyed().await, keyed().await);
    assert_eq!(
        (first.status.as_u16(), &first.body["status"]),
        (200, &json!("approved"))
    );
    assert_eq!((again.status, again.body), (first.status, first.body));
    let late = server.call("POST", &path, &[], &body).await;
    assert_eq!(
        (late.status.as_u16(), late.body["code"].as_str()),
        (409, Some("already_decided"))
    );
    let run = run.body["id"].as_str().unwrap().parse().unwrap();
    let run = server
        .app
        .engine
        .wait(run, std::time::Duration::from_secs(10))
        .await
        .unwrap();
    assert_eq!(run.status.name(), "succeeded");
}

#[tokio::test]
async fn whoever_lost_their_token_hears_no_more_of_a_run() {
    let server = Server::new().await;
    let id = server.active(GATED).await;
    let run = server
        .post(&format!("/automations/{id}/runs"), &json!({}))
        .await;
    let run = run.body["id"].as_str().unwrap().to_owned();
    let new = json!({ "name": "gone", "role": "viewer" });
    let token = server.post("/tokens", &new).await.body;
    let follow = |token: &str| {
        let request = Request::builder()
            .uri(format!("/api/v1/runs/{run}/events"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "text/event-stream")
            .body(Body::empty())
            .unwrap();
        server.router.clone().oneshot(request)
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut theirs = follow(token["token"].as_str().unwrap())
        .await
        .unwrap()
        .into_body();
    let others = follow(&server.admin).await.unwrap().into_body();
    let first = theirs.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(text(&first).contains("event: created"), "{first:?}");

    let path = format!("/tokens/{}", token["id"].as_str().unwrap());
    assert_eq!(server.call("DELETE", &path, &[], "").await.status, 204);
    let gates = server
        .call("GET", "/approvals?status=pending", &[], "")
        .await;
    let gate = &gates.body["items"][0];
    let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
    let decision = json!({ "decision": "approve", "digest": gate["digest"] });
    assert_eq!(server.post(&path, &decision).await.status, 200);

    let all = text(&others.collect().await.unwrap().to_bytes());
    assert!(all.contains("event: finished"), "{all}");
    let rest = text(&theirs.collect().await.unwrap().to_bytes());
    assert_eq!(
        rest, "",
        "the stream ends, and tells nothing that came later"
    );
}
