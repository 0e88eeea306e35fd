//! The harness itself: a server is started, killed, started again, and stopped.

use crate::harness::Server;

#[tokio::test]
async fn a_server_starts_on_an_empty_folder_dies_and_comes_back() {
    let mut server = Server::new().await;
    let before = server.address().to_owned();
    server.admin().get("/automations").await.with(200);
    let file = server.data().join("server.json");
    let state: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(state["address"], before);
    assert_eq!(state["pid"], server.pid());
    server.crash().await;
    server.admin().get("/automations").await.with(200);
    let up = server.anonymous().root("GET", "/readyz").send().await;
    assert_eq!(up.with(200)["status"], "ready");
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}
