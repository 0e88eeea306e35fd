//! A secret that somebody types where a reason is asked for stands nowhere afterwards.

use crate::cli::Desk;
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};

const KEY: &str = "sk-live-9f8e7d6c5b4a";

async fn active(admin: &Client, document: &Value) -> String {
    let made = admin.post("/automations", document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_what_somebody_says_is_masked_wherever_it_is_kept() {
    let mut server = Server::new().await;
    let admin = server.admin();
    admin
        .put("/secrets/shop", &json!({ "value": KEY }))
        .await
        .with(200);
    let said = format!("because the key is {KEY}");
    let why = json!({ "reason": said });
    let gated = json!({ "druse": 1, "name": "gated",
        "triggers": [{ "id": "daily", "schedule": { "cron": "@daily" } },
            { "id": "told", "event": { "type": "com.example.told" } }],
        "steps": [{ "id": "gate", "action": "approval_gate", "with": { "title": "Go?" } }] });
    let path = active(&admin, &gated).await;
    // Whoever wants to know is told without it, too.
    let listener = json!({ "druse": 1, "name": "listener", "triggers": [{ "id": "all", "event": { "type": "*" }, "when": "false" }],
        "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }] });
    active(&admin, &listener).await;
    let begun = async || {
        text(
            &admin
                .post(&format!("{path}/runs"), &json!({}))
                .await
                .with(202)["id"],
        )
    };

    // Each verb on runs and gates.
    let run = begun().await;
    let gate = wait::approval(&admin, &run).await;
    let approval = format!("/approvals/{}", text(&gate["id"]));
    for verb in ["pause", "resume"] {
        admin
            .post(&format!("/runs/{run}/{verb}"), &why)
            .await
            .with(202);
    }
    let over = json!({ "approvers": ["role:approver", "user:ana"], "reason": said });
    admin
        .post(&format!("{approval}/reassign"), &over)
        .await
        .with(200);
    let no = json!({ "decision": "reject", "digest": gate["digest"], "comment": said });
    let no = admin
        .post(&format!("{approval}/decision"), &no)
        .await
        .with(200);
    assert_eq!(
        no["decisions"][0]["comment"], "because the key is [redacted]",
        "{no:#}"
    );
    wait::run(&admin, &run, "rejected").await;
    let retried = admin
        .post(&format!("/runs/{run}/retry"), &why)
        .await
        .with(202);
    let retried = text(&retried["id"]);
    admin
        .post(&format!("/runs/{retried}/cancel"), &why)
        .await
        .with(202);
    wait::run(&admin, &retried, "canceled").await;

    // By the page of a link, and on the command line.
    let run = begun().await;
    let gate = wait::approval(&admin, &run).await;
    let links = format!("/approvals/{}/links", text(&gate["id"]));
    let link = admin.post(&links, &json!({})).await.with(201);
    let link = text(&link["address"]);
    let link = &link[link.find("/approve/").unwrap()..];
    let digest = text(&gate["digest"]);
    let form = [
        ("decision", "reject"),
        ("comment", &*said),
        ("digest", &*digest),
    ];
    let answered = server
        .anonymous()
        .root("POST", link)
        .form(&form)
        .send()
        .await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    assert!(!answered.text.contains(KEY), "{}", answered.text);
    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    let run = begun().await;
    let cancel = ["runs", "cancel", &run, "--reason", &said, "--data", &data];
    desk.run(&cancel).ok();

    // Triggers and subscriptions.
    let triggers = admin.get(&format!("{path}/triggers")).await.with(200);
    let trigger = format!("/triggers/{}", text(&triggers["items"][0]["id"]));
    for verb in ["pause", "resume", "fire"] {
        let done = admin.post(&format!("{trigger}/{verb}"), &why).await;
        assert!(done.status < 300, "{verb}: {}", done.text);
    }
    let key = json!({ "value": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
    admin.put("/secrets/signs", &key).await.with(200);
    let new = json!({ "name": "shop", "types": ["com.example.*"], "url": "https://example.org/told", "secret": "signs" });
    let new = admin.post("/subscriptions", &new).await.with(201);
    let pause = format!("/subscriptions/{}/pause", text(&new["id"]));
    admin.post(&pause, &why).await.with(200);

    // Nobody reads it: not in the audit log, not in the runs and events, not in what is on disk.
    let lines = admin.all("/audit").await;
    let masked = |line: &&Value| line["reason"] == "because the key is [redacted]";
    let actions: Vec<String> = lines
        .iter()
        .filter(masked)
        .map(|line| text(&line["action"]))
        .collect();
    for action in [
        "run.pause",
        "run.resume",
        "run.retry",
        "run.cancel",
        "approval.reassign",
        "approval.decide",
        "trigger.pause",
        "trigger.resume",
        "trigger.fire",
        "subscription.pause",
    ] {
        assert!(
            actions.iter().any(|known| known == action),
            "{action}: {actions:?}"
        );
    }
    let mut seen = serde_json::to_string(&lines).unwrap();
    for run in admin.all("/runs").await {
        let id = text(&run["id"]);
        seen += &admin.get(&format!("/runs/{id}")).await.text;
        seen += &serde_json::to_string(&admin.all(&format!("/runs/{id}/events")).await).unwrap();
    }
    seen += &serde_json::to_string(&admin.all("/approvals").await).unwrap();
    for event in admin.all("/events").await {
        seen += &admin
            .get(&format!("/events/{}", text(&event["id"])))
            .await
            .text;
    }
    assert!(seen.contains("[redacted]"));
    assert!(!seen.contains(KEY), "{seen}");
    server.stop().await;
    let mut folders = vec![server.data().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => {
                    let bytes = std::fs::read(entry.path()).unwrap();
                    let found = bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes());
                    assert!(!found, "{}", entry.path().display());
                }
                _ => {}
            }
        }
    }
}
