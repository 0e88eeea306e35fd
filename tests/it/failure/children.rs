//! What a cancel of a run means for the runs that its steps have started.

use super::shop::Shop;
use super::{call, facts, server, start, with};
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};

/// A child that pays and cleans up, stored as `child`, and a parent's parent that waits for it.
async fn family(admin: &Client) -> String {
    let child = json!({ "druse": 1, "name": "child",
        "steps": [call("pay", "POST /pay", json!({}))],
        "finally": [{ "id": "unlock", "action": "http", "with": with("POST", "/unlock") }] });
    let made = admin.post("/automations", &child).await.with(201);
    let activate = format!("/automations/{}/activate", text(&made["id"]));
    admin.post(&activate, &json!({})).await.with(200);
    let parent = json!({ "druse": 1, "name": "parent", "steps": [
        { "id": "go", "action": "automation", "with": { "name": "child" } }] });
    let made = admin.post("/automations", &parent).await.with(201);
    let activate = format!("/automations/{}/activate", text(&made["id"]));
    admin.post(&activate, &json!({})).await.with(200);
    let above = json!({ "druse": 1, "name": "above", "steps": [
        { "id": "go", "action": "automation", "with": { "name": "parent" } }] });
    start(admin, &above).await
}

async fn of(admin: &Client, name: &str) -> Value {
    wait::until(name, || async {
        let runs = admin.all("/runs").await;
        runs.into_iter().find(|run| run["automation_name"] == name)
    })
    .await
}

/// The family, its child in the middle of the payment.
async fn paying(server: &Server, shop: &Shop) -> (String, String) {
    shop.hold("POST /pay");
    shop.hold("POST /unlock");
    let admin = server.admin();
    let above = family(&admin).await;
    shop.asks("POST /pay", 1).await;
    let child = text(&of(&admin, "child").await["id"]);
    (above, child)
}

#[tokio::test]
async fn the_second_cancel_reaches_the_children_like_the_first() {
    let shop = Shop::open().await;
    let server = server(&shop).await;
    let admin = server.admin();
    let (above, child) = paying(&server, &shop).await;
    let cancel = format!("/runs/{above}/cancel");
    admin.post(&cancel, &json!({})).await.with(202);
    // The child ends its work and cleans up, and so it is when its parents have ended already.
    shop.asks("POST /unlock", 1).await;
    let shown = admin.get(&format!("/runs/{child}")).await.with(200);
    assert_eq!(shown["status"], "running");
    let parent = text(&of(&admin, "parent").await["id"]);
    wait::run(&admin, &parent, "canceled").await;
    // Whoever is over cannot be forced any more: then the child is canceled by itself.
    let over = wait::run(&admin, &above, "canceled").await;
    assert_eq!(over["error"]["code"], "canceled");
    let forced = admin.post(&cancel, &json!({})).await;
    forced.problem(409, "already_over");
    let own = format!("/runs/{child}/cancel");
    admin.post(&own, &json!({})).await.with(202);
    wait::run(&admin, &child, "canceled").await;
}

#[tokio::test]
async fn a_parent_that_still_cleans_up_forces_its_child() {
    let shop = Shop::open().await;
    let mut server = server(&shop).await;
    let admin = server.admin();
    shop.hold("POST /pay");
    shop.hold("POST /unlock");
    shop.hold("POST /last");
    let child = json!({ "druse": 1, "name": "child",
        "steps": [call("pay", "POST /pay", json!({}))],
        "finally": [{ "id": "unlock", "action": "http", "with": with("POST", "/unlock") }] });
    let made = admin.post("/automations", &child).await.with(201);
    let activate = format!("/automations/{}/activate", text(&made["id"]));
    admin.post(&activate, &json!({})).await.with(200);
    let parent = json!({ "druse": 1, "name": "parent",
        "steps": [{ "id": "go", "action": "automation", "with": { "name": "child" } }],
        "finally": [{ "id": "last", "action": "http", "with": with("POST", "/last") }] });
    let parent = start(&admin, &parent).await;
    shop.asks("POST /pay", 1).await;
    let child = text(&of(&admin, "child").await["id"]);
    let cancel = format!("/runs/{parent}/cancel");
    admin.post(&cancel, &json!({})).await.with(202);
    shop.asks("POST /unlock", 1).await;
    shop.asks("POST /last", 1).await;
    admin.post(&cancel, &json!({})).await.with(202);
    wait::run(&admin, &parent, "canceled").await;
    wait::run(&admin, &child, "canceled").await;
    let cancels = facts(&admin, &child, &["cancel_requested"]).await;
    assert_eq!(cancels.len(), 2);
    assert_eq!(cancels[1]["by"], format!("run:{parent}"));
    server.kill();
    server.verify();
}

#[tokio::test]
async fn a_child_whose_parent_was_canceled_before_a_crash_ends_after_it() {
    let shop = Shop::open().await;
    let mut server = server(&shop).await;
    let admin = server.admin();
    let (above, child) = paying(&server, &shop).await;
    let cancel = format!("/runs/{above}/cancel");
    admin.post(&cancel, &json!({})).await.with(202);
    server.crash().await;
    shop.let_go_of("POST /unlock");
    let ended = wait::run(&server.admin(), &child, "canceled").await;
    assert!(text(&ended["error"]["message"]).starts_with("canceled by run:run_"));
    shop.asks("POST /unlock", 1).await;
    server.kill();
    server.verify();
}

#[tokio::test]
async fn automations_start_each_other_sixteen_deep_and_no_deeper() {
    let server = Server::new().await;
    let admin = server.admin();
    // Whoever is named comes first: it starts itself only in its second version.
    let plain = json!({ "druse": 1, "name": "itself", "steps": [
        { "id": "say", "action": "transform", "with": { "value": 1 } }] });
    let made = admin.post("/automations", &plain).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let itself = json!({ "druse": 1, "name": "itself", "steps": [
        { "id": "go", "action": "automation", "with": { "name": "itself" } }] });
    admin.put(&path, &itself).await.with(200);
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let runs = format!("{path}/runs");
    let first = text(&admin.post(&runs, &json!({})).await.with(202)["id"]);
    wait::run(&admin, &first, "failed").await;
    let all = admin.all("/runs").await;
    assert_eq!(all.len(), 17, "the first, and sixteen below it");
    let deepest = admin
        .get(&format!("/runs/{}", text(&all[0]["id"])))
        .await
        .with(200);
    let error = &deepest["steps"][0]["error"];
    assert_eq!(error["code"], "not_started", "{deepest:#}");
    assert!(text(&error["message"]).contains("16 deep"), "{error}");
}
