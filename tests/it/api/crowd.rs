//! More connections than the server may have files open.

use crate::harness::{Raw, Server, druse, text};
use serde_json::{Value, json};

/// Files that the server may have open.
const FILES: u32 = 192;

#[tokio::test]
async fn connections_that_say_nothing_keep_nobody_else_out_and_end_nothing() {
    let mut server = Server::limited(FILES).await;
    let admin = server.admin();
    let document = json!({ "druse": 1, "name": "writes", "steps": [
        { "id": "note", "action": "file", "effects": "write",
          "with": { "op": "write", "path": "a.txt", "text": "x" } },
    ] });
    let made = admin.post("/automations", &document).await.with(201);
    let path = format!("/automations/{}/activate", text(&made["id"]));
    admin.post(&path, &json!({})).await.with(200);

    // Whoever sends half a request holds a connection until its time is over.
    let mut held = Vec::new();
    for _ in 0..FILES {
        let mut one = Raw::to(server.address()).await;
        one.send("GET / HTTP/1.1\r\n").await;
        held.push(one);
    }
    // Over the socket of the data folder the server is as it was, and has files left to work with.
    let data = server.data().to_str().unwrap().to_owned();
    for _ in 0..8 {
        let data = data.clone();
        let start = move || {
            let arguments = [
                "runs", "start", "writes", "--wait", "60s", "--output", "json",
            ];
            druse(arguments).args(["--data", &data]).output()
        };
        let output = tokio::task::spawn_blocking(start).await.unwrap().unwrap();
        assert!(output.status.success(), "{output:?}\n{}", server.said());
        let run: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(run["status"], "succeeded", "{run}");
    }
    drop(held);
    // And over the network, when they are gone.
    assert!(!admin.all("/runs").await.is_empty());
    let said = server.said();
    assert!(!said.contains("open files"), "{said}");
    assert!(server.stop().await.success());
    server.verify();
}
