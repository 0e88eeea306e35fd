//! The tools that a version is held to, where another version comes while their servers are asked.

use super::*;
use crate::service::Principal;
use druse_storage::{Review, StoreExt as _, ToolPins};
use std::time::{Duration, Instant};

/// A server of one tool in a few lines of shell, which writes down that it was asked.
const TOOLS: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"method":"initialize"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}\n' "$id" ;;
    *'"method":"tools/list"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"pay","inputSchema":{}},{"name":"pay_back","inputSchema":{}}]}}\n' "$id"
      echo asked >> "$ASKED" ;;
  esac
done
"#;

fn document(tool: &str) -> String {
    json!({ "druse": 1, "name": "pay", "steps": [{ "id": "pay", "action": "mcp",
        "with": { "connection": "bank", "tool": tool, "arguments": {} } }] })
    .to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activation_that_is_overtaken_pins_the_tools_of_the_version_that_it_activates() {
    let server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let bank =
        json!({ "kind": "mcp", "command": ["/bin/sh", "-c", TOOLS], "env": { "ASKED": asked } });
    let set = server
        .call("PUT", "/connections/bank", &[], &bank.to_string())
        .await;
    assert_eq!(set.status, 200, "{}", set.body);
    let kind = [("content-type", "application/json")];
    let made = server
        .call("POST", "/automations", &kind, &document("pay"))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["id"].as_str().unwrap().to_owned();
    let who = Principal {
        id: "token:test".into(),
        name: "test".into(),
        role: Role::Admin,
    };

    let edits = server.app.edits.lock().await;
    let mut request = Request::builder()
        .method("POST")
        .uri(format!("/api/v1/automations/{id}/activate"))
        .header("content-type", "application/json")
        .body(Body::from("{}"))
        .unwrap();
    request.extensions_mut().insert(Peer::Inside(who.clone()));
    let router = server.router.clone();
    let activation = tokio::spawn(async move { router.oneshot(request).await.unwrap().status() });
    let until = Instant::now() + Duration::from_secs(60);
    while !asked.exists() {
        assert!(Instant::now() < until, "the server was never asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It has asked for the first version, and waits for the edits: a second one comes before it.
    let row = server.app.automation(&id).unwrap();
    let written = server
        .app
        .read_document("application/json", document("pay_back").as_bytes())
        .unwrap();
    let change = server
        .app
        .new_version(&who, row, written, "automation.edit")
        .unwrap();
    server.app.commit(change.batch).await.unwrap();
    drop(edits);
    assert_eq!(activation.await.unwrap(), 200);

    let row = server.app.automation(&id).unwrap();
    assert_eq!(row.active_version, Some(2));
    let pins: ToolPins = server
        .app
        .store
        .get(&Review::key_of(row.id, 2))
        .unwrap()
        .expect("the version is held to its tools");
    let names: Vec<&str> = pins.tools.iter().map(|pin| pin.tool.as_str()).collect();
    assert_eq!(names, ["pay_back"]);
}
