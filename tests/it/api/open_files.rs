//! The server lets itself have many files open; what it starts begins with the limit that the server began with.

use crate::harness::{Server, active, text, wait};
use serde_json::json;

const SOFT: u32 = 300;

#[tokio::test]
async fn programs_begin_with_the_limit_of_open_files_that_the_server_began_with() {
    let server = Server::raising(SOFT).await;
    let admin = server.admin();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let own = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let own: Vec<&str> = own.unwrap().split_whitespace().collect();
    let (soft, hard): (u64, u64) = (own[3].parse().unwrap(), own[4].parse().unwrap());
    assert!(soft > u64::from(SOFT), "the server keeps the limit {soft}");

    let document = json!({ "druse": 1, "name": "limits", "steps": [
        { "id": "soft", "action": "shell", "with": { "script": "ulimit -S -n" } },
        { "id": "hard", "action": "shell", "with": { "argv": ["sh", "-c", "ulimit -H -n"] } },
    ] });
    let path = active(&admin, &document).await;
    let run = admin
        .post(&format!("{path}/runs"), &json!({}))
        .await
        .with(202);
    let run = wait::run(&admin, &text(&run["id"]), "succeeded").await;
    let printed = |step: usize| text(&run["steps"][step]["output"]["stdout"]);
    assert_eq!(printed(0), format!("{SOFT}\n"));
    assert_eq!(printed(1), format!("{hard}\n"));

    // A tool server too.
    let file = server.data().join("said");
    let line = format!("ulimit -S -n > {}", file.display());
    let connection = json!({ "kind": "mcp", "command": ["sh", "-c", line] });
    admin.put("/connections/tools", &connection).await.with(200);
    let answer = admin.post("/connections/tools/test", &json!({})).await;
    assert_ne!(answer.body["ok"], true, "{}", answer.text);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{SOFT}\n"));
}
