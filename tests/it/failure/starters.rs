//! Who is behind an event may not decide at the gates of what it starts, where the gate excludes its starter.

use crate::cli::Desk;
use crate::harness::{Browser, Client, Server, active, text, wait};
use serde_json::{Value, json};

/// Asks somebody else than whoever started it, once an event of this type has come.
fn asks(name: &str, trigger: Value) -> Value {
    json!({ "druse": 1, "name": name, "triggers": [trigger],
        "steps": [{ "id": "ask", "action": "approval_gate", "with": { "title": "Go on?", "exclude_starter": true } }] })
}

fn event(id: &str, event_type: &str) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "/tests", "type": event_type, "data": {} })
}

/// The gate of a run.
async fn gate(admin: &Client, run: &str) -> Value {
    wait::until("the gate", || async {
        let path = format!("/approvals?status=pending&run_id={run}");
        admin.all(&path).await.into_iter().next()
    })
    .await
}

/// The run that an event of this type has started.
async fn run_of(admin: &Client, event_type: &str) -> String {
    wait::until("the run of the event", || async {
        let path = format!("/events?type={event_type}");
        let all = admin.all(&path).await;
        all.iter()
            .find_map(|event| event["runs"][0].as_str().map(str::to_owned))
    })
    .await
}

/// Nobody of those who may not decides, by no way; then another one does.
async fn asks_another(admin: &Client, run: &str, excluded: &[&Client], other: &Client) {
    let gate = gate(admin, run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    for who in excluded {
        let refused = who.post(&format!("{path}/decision"), &yes).await;
        let refused = refused.problem(403, "not_allowed");
        assert!(
            text(&refused["message"]).contains("started the run"),
            "{refused}"
        );
        who.post(&format!("{path}/links"), &json!({}))
            .await
            .with(403);
        let over = json!({ "approvers": ["role:viewer"] });
        who.post(&format!("{path}/reassign"), &over).await.with(403);
    }
    other
        .post(&format!("{path}/decision"), &yes)
        .await
        .with(200);
    wait::run(admin, run, "succeeded").await;
}

#[tokio::test]
async fn whoever_is_behind_an_event_is_excluded_at_the_gates_of_what_it_starts() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let (editor, approver) = (server.role("editor").await, server.role("approver").await);
    let told = json!({ "id": "told", "event": { "type": "com.example.told" } });
    let automation = active(&admin, &asks("told", told)).await;

    // One who sent it, also in a batch, also after a crash.
    let taken = editor
        .post("/events", &event("1", "com.example.told"))
        .await
        .with(202);
    let sent = text(&taken["runs"][0]);
    let shown = admin
        .get(&format!("/events/{}", text(&taken["id"])))
        .await
        .with(200);
    assert_eq!(shown["starters"], json!(["user:editor"]));
    let data = server.data().to_str().unwrap().to_owned();
    let told = ["events", "show", &text(&taken["id"]), "--data", &data];
    let told = Desk::new().run(&told).ok().out;
    assert!(told.contains("Behind it: user:editor."), "{told}");
    let owner = Browser::owner(&server).await;
    let page = owner.see(&format!("/events/{}", text(&taken["id"]))).await;
    assert!(page.contains("by editor"), "{page}");
    server.crash().await;
    let admin = server.admin();
    let (editor, approver) = (editor.at(server.address()), approver.at(server.address()));
    asks_another(&admin, &sent, &[&editor], &approver).await;

    // One who began the run that emitted it.
    let emits = active(
        &editor,
        &json!({ "druse": 1, "name": "emits",
        "steps": [{ "id": "tell", "action": "emit", "with": { "type": "com.example.emitted" } }] }),
    )
    .await;
    let emitted = json!({ "id": "emitted", "event": { "type": "com.example.emitted" } });
    active(&admin, &asks("emitted", emitted)).await;
    editor
        .post(&format!("{emits}/runs"), &json!({}))
        .await
        .with(202);
    let run = run_of(&admin, "com.example.emitted").await;
    asks_another(&admin, &run, &[&editor], &approver).await;

    // One who did what Druse tells of it, and one who began the run that it tells of.
    let plain = json!({ "druse": 1, "name": "plain",
        "steps": [{ "id": "ask", "action": "approval_gate", "with": { "title": "Plain?" } }] });
    let plain = active(&admin, &plain).await;
    let decided = json!({ "id": "decided", "event": { "type": "approval.decided" }, "when": "trigger.data.automation == 'plain'" });
    active(&admin, &asks("decided", decided)).await;
    let begun = text(
        &editor
            .post(&format!("{plain}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    let asked = gate(&admin, &begun).await;
    let yes = json!({ "decision": "approve", "digest": asked["digest"] });
    let path = format!("/approvals/{}/decision", text(&asked["id"]));
    approver.post(&path, &yes).await.with(200);
    let run = wait::until("the run of the decision", || async {
        let all = admin.all("/events?type=approval.decided").await;
        all.iter()
            .find_map(|event| event["runs"][0].as_str().map(str::to_owned))
    })
    .await;
    asks_another(&admin, &run, &[&editor, &approver], &admin).await;

    // A replay stays that of who sent what comes again, and becomes that of who lets it come.
    let triggers = admin.get(&format!("{automation}/triggers")).await.with(200);
    let trigger = text(&triggers["items"][0]["id"]);
    let firings = admin.all(&format!("/triggers/{trigger}/firings")).await;
    let replay = format!(
        "/triggers/{trigger}/firings/{}/replay",
        text(&firings[0]["id"])
    );
    let again = approver.post(&replay, &json!({})).await;
    assert!(again.status < 300, "{}", again.text);
    asks_another(
        &admin,
        &text(&again.body["run_id"]),
        &[&editor, &approver],
        &admin,
    )
    .await;
}

/// Behind a window all count whose events went into the run, and whoever only fed a waiting run does not.
#[tokio::test]
async fn all_behind_a_window_are_excluded_and_whoever_only_fed_a_waiting_run_is_not() {
    let server = Server::new().await;
    let admin = server.admin();
    let (editor, approver) = (server.role("editor").await, server.role("approver").await);
    let batch = json!({ "id": "told", "event": { "type": "com.example.told" }, "batch": { "count": 2, "time": "1h" } });
    let batch = active(&admin, &asks("batched", batch)).await;
    editor
        .post("/events", &event("1", "com.example.told"))
        .await
        .with(202);
    approver
        .post("/events", &event("2", "com.example.told"))
        .await
        .with(202);
    let run = wait::until("the run of both", || async {
        let id = batch.rsplit('/').next().unwrap();
        let runs = admin.all(&format!("/runs?automation_id={id}")).await;
        runs.first().map(|run| text(&run["id"]))
    })
    .await;
    asks_another(&admin, &run, &[&editor, &approver], &admin).await;

    let waits = json!({ "druse": 1, "name": "waits", "steps": [
        { "id": "paid", "action": "wait", "with": { "event": { "type": "com.example.paid" } } },
        { "id": "ask", "action": "approval_gate", "needs": ["paid"], "with": { "title": "Go on?", "exclude_starter": true } }] });
    let waits = active(&admin, &waits).await;
    let run = text(
        &editor
            .post(&format!("{waits}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    approver
        .post("/events", &event("3", "com.example.paid"))
        .await
        .with(202);
    asks_another(&admin, &run, &[&editor], &approver).await;
}

/// Whoever fired a trigger by hand is behind what comes of it, also where it starts a run only when somebody else
/// lets it come again, and also behind one that was let come again in vain.
#[tokio::test]
async fn whoever_fired_by_hand_what_was_filtered_then_is_excluded_when_it_comes_again() {
    let server = Server::new().await;
    let admin = server.admin();
    let (editor, approver) = (server.role("editor").await, server.role("approver").await);
    let mut document = asks(
        "told",
        json!({ "id": "told", "event": { "type": "com.example.told" }, "when": "false" }),
    );
    let path = active(&admin, &document).await;
    let triggers = admin.get(&format!("{path}/triggers")).await.with(200);
    let trigger = format!("/triggers/{}", text(&triggers["items"][0]["id"]));
    let again = |firing: &Value| format!("{trigger}/firings/{}/replay", text(&firing["id"]));
    let fired = approver.post(&format!("{trigger}/fire"), &json!({})).await;
    assert_eq!(fired.body["status"], "filtered", "{}", fired.text);
    let in_vain = editor.post(&again(&fired.body), &json!({})).await;
    assert_eq!(in_vain.body["status"], "filtered", "{}", in_vain.text);

    document["triggers"][0]["when"] = "true".into();
    admin.put(&path, &document).await.with(200);
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let other = json!({ "name": "other", "role": "approver" });
    let other = admin.post("/tokens", &other).await.with(201);
    let other = server.anonymous().token(&text(&other["token"]));
    for (firing, who, excluded) in [
        (&fired.body, &editor, vec![&editor, &approver]),
        (&in_vain.body, &admin, vec![&admin, &editor, &approver]),
    ] {
        let come = who.post(&again(firing), &json!({})).await;
        assert!(come.status < 300, "{}", come.text);
        let run = text(&come.body["run_id"]);
        asks_another(&admin, &run, &excluded, &other).await;
    }
}
