//! Runs: waited for, followed, cancelled, tried again, and left alone by a server that ends.

use crate::harness::{Server, Stream, active, text, wait};
use serde_json::{Value, json};

fn gated() -> Value {
    json!({ "druse": 1, "name": "gated", "steps": [
        { "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } },
        { "id": "then", "needs": ["ask"], "action": "transform", "with": { "value": 1 } },
    ] })
}

fn document() -> Value {
    let steps = json!([{ "id": "a", "action": "transform", "with": { "value": 1 } }]);
    json!({ "druse": 1, "name": "plain", "steps": steps })
}

#[tokio::test]
async fn whoever_waits_for_facts_gets_them_when_they_come() {
    let server = Server::new().await;
    let admin = server.admin();
    let path = active(&admin, &gated()).await;
    let run = text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    let gate = wait::approval(&admin, &run).await;
    let events = format!("/runs/{run}/events");
    let seen = admin.all(&events).await;
    let nothing = admin
        .get(&format!("{events}?after={}&wait=1ms", seen.len()))
        .await
        .with(200);
    assert_eq!(nothing, json!({ "items": [], "next_cursor": null }));
    let waiting = tokio::spawn({
        let (admin, path) = (
            admin.clone(),
            format!("{events}?after={}&wait=50s", seen.len()),
        );
        async move { admin.get(&path).await.with(200) }
    });
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    admin
        .post(&format!("/approvals/{}/decision", text(&gate["id"])), &yes)
        .await
        .with(200);
    let came = waiting.await.unwrap();
    assert_eq!(came["items"][0]["type"], "approval_decided", "{came:#}");
    assert_eq!(came["items"][0]["seq"], seen.len() + 1);
    // A run that is over has no more to tell, and says so at once.
    let all = admin.all(&events).await;
    assert_eq!(all.last().unwrap()["type"], "finished");
    let over = admin
        .get(&format!("{events}?after={}&wait=10m", all.len()))
        .await
        .with(200);
    assert_eq!(over["items"], json!([]));
    admin
        .get(&format!("{events}?wait=soon"))
        .await
        .problem(400, "bad_query");
}

#[tokio::test]
async fn a_server_that_ends_lets_nobody_wait_and_loses_nothing() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let path = active(&admin, &gated()).await;
    let waiting = tokio::spawn({
        let (admin, path) = (admin.clone(), format!("{path}/runs?wait=10m"));
        async move { admin.post(&path, &json!({})).await.with(202) }
    });
    let run = wait::until("the run", || async { admin.all("/runs").await.pop() }).await;
    let id = text(&run["id"]);
    wait::approval(&admin, &id).await;
    let mut stream = Stream::of(&admin, &id, None).await;
    stream.up_to("approval_requested").await;
    assert_eq!(server.stop().await.code(), Some(0));
    // Both were answered in order, not cut.
    assert_eq!(waiting.await.unwrap()["status"], "waiting");
    assert_eq!(stream.rest().await, []);
    assert!(stream.ended_well());
    server.start().await;
    let admin = admin.at(server.address());
    wait::run(&admin, &id, "waiting").await;
}

#[tokio::test]
async fn of_many_who_decide_at_once_one_has_decided() {
    let server = Server::new().await;
    let admin = server.admin();
    let path = active(&admin, &gated()).await;
    for round in 0..5 {
        let run = text(
            &admin
                .post(&format!("{path}/runs"), &json!({}))
                .await
                .with(202)["id"],
        );
        let gate = wait::approval(&admin, &run).await;
        let decide = format!("/approvals/{}/decision", text(&gate["id"]));
        let mut asked = Vec::new();
        for (number, decision) in ["approve", "reject"]
            .into_iter()
            .cycle()
            .take(8)
            .enumerate()
        {
            let body = json!({ "decision": decision, "comment": "seen", "digest": gate["digest"] });
            let request = admin
                .request("POST", &decide)
                .key(&format!("{round}-{number}"));
            asked.push(tokio::spawn(request.json(&body).send()));
        }
        let mut decided = Vec::new();
        for answer in asked {
            let answer = answer.await.unwrap();
            match answer.status {
                200 => decided.push(text(&answer.body["status"])),
                _ => _ = answer.problem(409, "already_decided"),
            }
        }
        assert_eq!(decided.len(), 1, "{decided:?}");
        let end = if decided[0] == "approved" {
            "succeeded"
        } else {
            "rejected"
        };
        let run = wait::run(&admin, &run, end).await;
        let facts = admin
            .all(&format!("/runs/{}/events", text(&run["id"])))
            .await;
        let counted = facts
            .iter()
            .filter(|fact| fact["type"] == "approval_decided")
            .count();
        assert_eq!(counted, 1);
    }
}

#[tokio::test]
async fn of_many_who_start_with_one_key_all_get_one_run() {
    let server = Server::new().await;
    let admin = server.admin();
    let path = format!("{}/runs?wait=30s", active(&admin, &document()).await);
    let mut asked = Vec::new();
    for number in 0..24 {
        let request = admin
            .request("POST", &path)
            .key(&format!("k{}", number % 3));
        asked.push(tokio::spawn(request.json(&json!({})).send()));
    }
    let mut ids = std::collections::BTreeSet::new();
    for answer in asked {
        ids.insert(text(&answer.await.unwrap().with(200)["id"]));
    }
    assert_eq!(ids.len(), 3);
    assert_eq!(admin.all("/runs").await.len(), 3);
}

#[tokio::test]
async fn a_run_is_cancelled_and_its_gate_with_it() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let path = active(&admin, &gated()).await;
    let run = text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    let gate = wait::approval(&admin, &run).await;
    let cancel = format!("/runs/{run}/cancel");
    admin
        .post(&cancel, &json!({ "reason": "no longer wanted" }))
        .await
        .with(202);
    let ended = wait::run(&admin, &run, "canceled").await;
    assert_eq!(ended["outputs"], Value::Null);
    admin
        .post(&cancel, &json!({}))
        .await
        .problem(409, "already_over");
    let approval = format!("/approvals/{}", text(&gate["id"]));
    assert_eq!(admin.get(&approval).await.with(200)["status"], "canceled");
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    admin
        .post(&format!("{approval}/decision"), &yes)
        .await
        .problem(409, "already_decided");
    admin
        .post("/runs/run_x/cancel", &json!({}))
        .await
        .problem(404, "not_found");
    server.crash().await;
    let admin = admin.at(server.address());
    assert_eq!(admin.get(&format!("/runs/{run}")).await.with(200), ended);
    let facts = admin.all(&format!("/runs/{run}/events")).await;
    let asked = facts
        .iter()
        .find(|fact| fact["type"] == "cancel_requested")
        .unwrap();
    assert_eq!(
        (&asked["by"], &asked["reason"]),
        (&json!("user:admin"), &json!("no longer wanted"))
    );
}

#[tokio::test]
async fn a_failed_run_is_tried_again_from_where_it_failed() {
    let world = tempfile::tempdir().unwrap();
    let server = Server::with(&["--allow-program", "cat"]).await;
    let admin = server.admin();
    let file = world.path().join("figures");
    let document = json!({
        "druse": 1, "name": "read",
        "steps": [
            { "id": "name", "action": "transform", "with": { "value": file } },
            { "id": "read", "action": "shell", "with": { "argv": ["cat", "{{ steps.name.output }}"] },
              "retry": { "attempts": 2, "backoff": "1ms", "on": ["permanent", "retryable"] } },
        ],
        "outputs": { "text": "{{ steps.read.output.stdout }}" },
    });
    let path = active(&admin, &document).await;
    let failed = admin
        .post(&format!("{path}/runs?wait=30s"), &json!({}))
        .await
        .with(200);
    assert_eq!(failed["status"], "failed", "{failed:#}");
    let error = &failed["error"];
    for field in ["class", "code", "message", "details"] {
        assert!(error.get(field).is_some(), "{field} of {error:#}");
    }
    let attempts = failed["steps"][1]["attempts"].as_array().unwrap();
    let numbers: Vec<&Value> = attempts.iter().map(|attempt| &attempt["number"]).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt["status"] == "failed" && attempt["error"]["class"].is_string())
    );
    let again = format!("/runs/{}/retry?wait=30s", text(&failed["id"]));
    std::fs::write(&file, "42").unwrap();
    let retry = || {
        admin
            .request("POST", &again)
            .key("again")
            .json(&json!({ "reason": "it is there now" }))
            .send()
    };
    let second = retry().await.with(200);
    assert_eq!(second["status"], "succeeded", "{second:#}");
    assert_eq!(second["outputs"], json!({ "text": "42" }));
    assert_eq!(second["cause"]["kind"], "retry");
    assert!(second["cause"].to_string().contains(&text(&failed["id"])));
    assert_eq!(retry().await.with(200), second);
    assert_eq!(admin.all("/runs?cause=retry").await.len(), 1);
}
