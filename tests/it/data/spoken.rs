//! A secret that somebody types where a reason is asked for stands nowhere afterwards.

use crate::cli::Desk;
use crate::harness::{Browser, Client, Server, active, text, wait};
use serde_json::{Value, json};
use std::path::Path;

const KEY: &str = "sk-live-9f8e7d6c5b4a";

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
    is_nowhere_below(server.data(), KEY);
}

/// Found nowhere by chance.
const PIN: &str = "pin-4711-geheim";

/// What asks by a form, and then makes a payment that must not be made twice and whose first try never ends.
fn asks_and_pays(file: &Path) -> Value {
    let script = "echo \"$PIN\" | wc -c >> \"$FILE\"; [ $(wc -l < \"$FILE\") -gt 1 ] || exec sleep 100000; echo paid";
    let form = json!({ "type": "object", "properties": { "memo": { "type": "string" }, "more": { "type": "array" } } });
    json!({ "druse": 1, "name": "pays",
        "inputs": { "pin": { "type": "string", "sensitive": true } },
        "steps": [
            { "id": "ask", "action": "approval_gate", "with": { "title": "Go?", "fields": form } },
            { "id": "pay", "action": "shell", "needs": ["ask"], "delivery": "at_most_once",
              "with": { "script": script, "env": { "FILE": file, "PIN": "{{ inputs.pin }}" } } }],
        "outputs": { "memo": "{{ steps.ask.output.fields }}", "paid": "{{ steps.pay.output }}" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_an_output_and_a_runs_own_sensitive_input_are_masked_too() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payments");
    let admin = server.admin();
    admin
        .put("/secrets/shop", &json!({ "value": KEY }))
        .await
        .with(200);
    let path = active(&admin, &asks_and_pays(&file)).await;
    let given = json!({ "inputs": { "pin": PIN } });
    let begun = async |admin: &Client| {
        let run = admin.post(&format!("{path}/runs"), &given).await.with(202);
        let run = text(&run["id"]);
        let gate = wait::approval(admin, &run).await;
        (run, gate)
    };
    let said = format!("{KEY} and {PIN}");
    let masked = "[redacted] and [redacted]";

    // By the page of a link: a form and a comment.
    let (run, gate) = begun(&admin).await;
    let approval = format!("/approvals/{}", text(&gate["id"]));
    let link = admin.post(&format!("{approval}/links"), &json!({})).await;
    let link = text(&link.with(201)["address"]);
    let digest = text(&gate["digest"]);
    let form = [
        ("decision", "approve"),
        ("comment", &*said),
        ("digest", &*digest),
        ("field.memo", &*said),
    ];
    let answered = server
        .anonymous()
        .root("POST", &link[link.find("/approve/").unwrap()..])
        .form(&form)
        .send()
        .await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    let decided = admin.get(&approval).await.with(200);
    assert_eq!(decided["decisions"][0]["fields"]["memo"], masked);
    assert_eq!(decided["decisions"][0]["comment"], masked);
    wait::until("the payment", || {
        let there = std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'));
        std::future::ready(there.then_some(()))
    })
    .await;

    // Of a step of which nobody knows whether it happened, what it gave and how that is known.
    server.crash().await;
    let admin = server.admin();
    let shown = wait::run(&admin, &run, "waiting").await;
    assert_eq!(shown["steps"][1]["status"], "uncertain", "{shown:#}");
    let happened = json!({ "step": "pay", "found": "happened", "reason": said,
        "output": { "stdout": said, "lines": [{ "text": said }] } });
    admin
        .post(&format!("/runs/{run}/resolve"), &happened)
        .await
        .with(202);
    let shown = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(
        shown["outputs"],
        json!({ "memo": { "memo": masked }, "paid": { "stdout": masked, "lines": [{ "text": masked }] } })
    );

    // Of a run that has ended, and by the API in any depth.
    let retry = json!({ "from": "ask", "reason": said });
    let retried = admin.post(&format!("/runs/{run}/retry"), &retry).await;
    let retried = text(&retried.with(202)["id"]);
    let gate = wait::approval(&admin, &retried).await;
    let approval = format!("/approvals/{}", text(&gate["id"]));
    let why = json!({ "approvers": ["role:approver"], "reason": said });
    admin
        .post(&format!("{approval}/reassign"), &why)
        .await
        .with(200);
    let yes = json!({ "decision": "approve", "digest": gate["digest"], "comment": said,
        "fields": { "memo": "as agreed", "more": [{ "note": said }] } });
    let yes = admin.post(&format!("{approval}/decision"), &yes).await;
    assert_eq!(
        yes.with(200)["decisions"][0]["fields"],
        json!({ "memo": "as agreed", "more": [{ "note": masked }] })
    );
    wait::run(&admin, &retried, "succeeded").await;

    let mut seen = serde_json::to_string(&admin.all("/audit").await).unwrap();
    for run in [&run, &retried] {
        seen += &admin.get(&format!("/runs/{run}")).await.text;
        seen += &serde_json::to_string(&admin.all(&format!("/runs/{run}/events")).await).unwrap();
    }
    seen += &serde_json::to_string(&admin.all("/approvals").await).unwrap();
    assert!(seen.contains(masked));
    server.stop().await;
    for value in [KEY, PIN] {
        assert!(!seen.contains(value), "{value}: {seen}");
        is_nowhere_below(server.data(), value);
    }
}

/// Found nowhere by chance.
const CODE: u32 = 831_427_559;

#[tokio::test(flavor = "multi_thread")]
async fn a_sensitive_input_in_a_form_counts_and_is_shown_to_nobody() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let form = json!({ "type": "object", "required": ["code"], "properties": {
        "code": { "type": "integer", "minimum": 100_000_000, "maximum": 999_999_999 }, "memo": { "type": "string" } } });
    let document = json!({ "druse": 1, "name": "asks",
        "inputs": { "code": { "type": "integer", "sensitive": true } },
        "steps": [
            { "id": "ask", "action": "approval_gate", "with": { "title": "Which code?", "fields": form } },
            { "id": "use", "action": "shell", "needs": ["ask"], "with": {
                "script": "expr \"$GIVEN\" + 1 | tail -c 3; [ \"$GIVEN\" = \"$CODE\" ] && echo same",
                "env": { "GIVEN": "{{ steps.ask.output.fields.code }}", "CODE": "{{ inputs.code }}" } } }],
        "outputs": { "said": "{{ steps.use.output.stdout }}", "given": "{{ steps.ask.output.fields }}" } });
    let path = active(&admin, &document).await;
    let given = json!({ "inputs": { "code": CODE } });
    let mut runs = Vec::new();
    for way in ["api", "link", "console"] {
        let run = admin.post(&format!("{path}/runs"), &given).await.with(202);
        let run = text(&run["id"]);
        let gate = wait::approval(&admin, &run).await;
        let approval = format!("/approvals/{}", text(&gate["id"]));
        let digest = text(&gate["digest"]);
        let code = CODE.to_string();
        let form = [
            ("decision", "approve"),
            ("digest", &*digest),
            ("field.code", &*code),
            ("field.memo", "it is 831427559"),
        ];
        match way {
            "api" => {
                // What does not fit is refused by its own value.
                let yes = |code: u32| json!({ "decision": "approve", "digest": gate["digest"], "fields": { "code": code, "memo": "it is 831427559" } });
                let decision = format!("{approval}/decision");
                admin
                    .post(&decision, &yes(17))
                    .await
                    .problem(422, "bad_fields");
                admin.post(&decision, &yes(CODE)).await.with(200);
            }
            "link" => {
                let link = admin.post(&format!("{approval}/links"), &json!({})).await;
                let link = text(&link.with(201)["address"]);
                let link = &link[link.find("/approve/").unwrap()..];
                let answered = server.anonymous().root("POST", link).form(&form);
                let answered = answered.send().await;
                assert_eq!(answered.status, 200, "{}", answered.text);
            }
            _ => {
                let owner = Browser::owner(&server).await;
                owner.act(&approval, &form).await;
                let page = owner.see(&approval).await;
                assert!(page.contains("[sensitive]"), "{page}");
                assert!(!page.contains(&code), "{page}");
            }
        }
        let decided = admin.get(&approval).await.with(200);
        let kept = json!({ "code": "[sensitive]", "memo": "it is [redacted]" });
        assert_eq!(decided["decisions"][0]["fields"], kept, "{way}");
        let done = wait::run(&admin, &run, "succeeded").await;
        assert_eq!(done["outputs"]["said"], "60\nsame\n", "{way}: {done:#}");
        assert_eq!(done["outputs"]["given"], kept, "{way}");
        runs.push(run);
    }
    let mut seen = serde_json::to_string(&admin.all("/audit").await).unwrap();
    for run in &runs {
        seen += &admin.get(&format!("/runs/{run}")).await.text;
        seen += &serde_json::to_string(&admin.all(&format!("/runs/{run}/events")).await).unwrap();
    }
    assert!(!seen.contains(&CODE.to_string()), "{seen}");
    server.stop().await;
    is_nowhere_below(server.data(), &CODE.to_string());
}

fn is_nowhere_below(folder: &Path, value: &str) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => {
                    let bytes = std::fs::read(entry.path()).unwrap();
                    let found = bytes
                        .windows(value.len())
                        .any(|part| part == value.as_bytes());
                    assert!(!found, "{}", entry.path().display());
                }
                _ => {}
            }
        }
    }
}
