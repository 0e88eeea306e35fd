//! Values that are nested deep: refused where they come in, and never made.

use crate::harness::{Server, active, text, wait};
use serde_json::{Value, json};

fn nested(deep: usize) -> Value {
    (0..deep).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test]
async fn what_can_be_stored_can_be_read_again() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let document = json!({ "druse": 1, "name": "deep", "inputs": { "x": {} },
        "steps": [
            { "id": "hold", "action": "transform", "with": { "value": "{{ inputs.x }}" } },
            { "id": "wrap", "needs": ["hold"], "on_error": "continue", "action": "transform",
              "with": { "value": { "a": { "b": { "c": "{{ steps.hold.output }}" } } } } },
            { "id": "loop", "needs": ["wrap"], "join": "all_done", "on_error": "continue",
              "repeat": { "until": "loop.index >= 150", "max": 1000, "output": "{{ {'p': loop.previous} }}" },
              "steps": [{ "id": "t", "action": "transform", "with": { "value": "{{ loop.index }}" } }] }],
        "outputs": { "x": "{{ steps.hold.output }}" } });
    let path = active(&admin, &document).await;
    let start = format!("{path}/runs");
    let refused = admin
        .post(&start, &json!({ "inputs": { "x": nested(120) } }))
        .await;
    let message = refused.problem(400, "unreadable");
    assert!(text(&message["message"]).contains("100 deep"), "{message}");

    let body = json!({ "inputs": { "x": nested(98) } });
    let run = text(&admin.post(&start, &body).await.with(202)["id"]);
    wait::run(&admin, &run, "succeeded").await;
    server.crash().await;
    let admin = server.admin();
    let shown = admin.get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(shown["outputs"]["x"], nested(98));
    let error = |id: &str| {
        let steps = shown["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["id"] == id).unwrap();
        step["error"].clone()
    };
    for id in ["wrap", "loop"] {
        let message = error(id)["message"].to_string();
        assert!(message.contains("100 deep"), "{id}: {message} {shown:#}");
    }
    let facts = admin.all(&format!("/runs/{run}/events")).await;
    assert!(facts.len() > 100, "{}", facts.len());
}
