//! `druse doctor` says what is wrong, with what helps, and by its exit code.

use super::active;
use crate::cli::Desk;
use crate::harness::Server;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

fn codes(found: &Value) -> Vec<&str> {
    let problems = found["problems"].as_array().unwrap();
    let errors = problems.iter().filter(|one| one["severity"] == "error");
    errors.map(|one| one["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_put_right() {
    let server = Server::new().await;
    let admin = server.admin();
    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    let doctor = || desk.run(&["doctor", "--data", &data, "--output", "json"]);

    let found = doctor().ok().json();
    assert_eq!(
        (found["healthy"].clone(), codes(&found).len()),
        (json!(true), 0)
    );

    let secret = json!({ "value": "a secret value" });
    admin.put("/secrets/crm", &secret).await.with(200);
    let connection = json!({
        "kind": "http", "base_url": "http://127.0.0.1:9", "headers": { "x-key": "{{ secrets.crm }}" },
    });
    admin.put("/connections/crm", &connection).await.with(200);
    let document = json!({
        "druse": 1, "name": "calls",
        "steps": [
            { "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } },
            { "id": "call", "action": "http", "needs": ["ask"], "with": { "connection": "crm", "path": "/x" } },
        ],
    });
    let id = active(&admin, &document).await;
    let path = format!("/automations/{id}/runs");
    admin.post(&path, &json!({})).await.with(202);
    crate::harness::wait::until("the gate", || async {
        let found = admin.get("/doctor").await.with(200);
        (found["runs"]["waiting"] == 1).then_some(())
    })
    .await;
    let found = doctor().ok().json();
    let runs = json!({ "live": 1, "moving": 0, "waiting": 1, "held": 0, "stuck": 0 });
    assert_eq!(found["runs"], runs);

    admin.delete("/secrets/crm").await.with(204);
    admin.delete("/connections/crm").await.with(204);
    let other = json!({
        "kind": "http", "base_url": "http://127.0.0.1:9", "headers": { "x-key": "{{ secrets.gone }}" },
    });
    admin.put("/connections/other", &other).await.with(200);
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(server.data(), open).unwrap();
    let ran = doctor().with(1);
    let found = ran.json();
    assert_eq!(found["healthy"], false);
    let codes = codes(&found);
    for code in ["open_to_others", "missing_connection", "missing_secret"] {
        assert!(codes.contains(&code), "{found:#}");
    }
    let said = desk.run(&["doctor", "--data", &data]).with(1).out;
    for words in ["Something is wrong.", "druse secrets set gone", "chmod go="] {
        assert!(said.contains(words), "{said}");
    }
    let viewer = server.role("viewer").await;
    viewer.get("/doctor").await.with(403);
}
