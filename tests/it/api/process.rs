//! The server as a process: started on an empty folder, killed, started again, and stopped.

use crate::harness::{Server, druse};

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

#[tokio::test]
async fn a_folder_has_one_server() {
    let server = Server::new().await;
    let second = druse(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(server.data())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(75));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&server.pid().to_string()), "{said}");
    server.admin().get("/runs").await.with(200);
}

#[tokio::test]
async fn a_folder_of_a_newer_version_is_left_alone() {
    let mut server = Server::new().await;
    server.stop().await;
    let format = server.data().join("format");
    let ours = std::fs::read_to_string(&format).unwrap();
    std::fs::write(&format, "format = 99\nmin_reader = 99\n").unwrap();
    for verb in [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"]] {
        let refused = druse(verb).arg("--data").arg(server.data()).output();
        let (refused, verb) = (refused.unwrap(), verb[0]);
        assert!(!refused.status.success(), "{verb}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            said.contains("newer") && !said.contains("panicked"),
            "{verb}: {said}"
        );
    }
    std::fs::write(&format, ours).unwrap();
    server.start().await;
    server.admin().get("/runs").await.with(200);
}
