//! Where requests come from.

use super::*;

#[tokio::test]
async fn a_foreign_host_name_is_refused_on_the_network_only() {
    let server = Server::new().await;
    let request = |host: &str, peer: Option<Peer>| {
        let mut request = Request::builder()
            .uri("/healthz")
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().extend({
            let mut extensions = http::Extensions::new();
            if let Some(peer) = peer {
                extensions.insert(peer);
            }
            extensions
        });
        request
    };
    let network = || Some(Peer::Network);
    assert_eq!(
        server
            .send(request("evil.example:80", network()))
            .await
            .status,
        421
    );
    assert_eq!(
        server
            .send(request("LOCALHOST:7878", network()))
            .await
            .status,
        200
    );
    assert_eq!(
        server
            .send(request("evil.example", Some(Peer::Socket { uid: 1 })))
            .await
            .status,
        200
    );
    let mut local = Request::builder()
        .uri("/api/v1/tokens")
        .body(Body::empty())
        .unwrap();
    local.extensions_mut().insert(Peer::Socket { uid: 1 });
    assert_eq!(
        server.send(local).await.status,
        200,
        "whoever opened the socket is admin"
    );
}

#[tokio::test]
async fn both_listeners_answer_and_end_when_told() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("druse.sock");
    let socket = tokio::net::UnixListener::bind(&path).unwrap();
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let end = tokio_util::sync::CancellationToken::new();
    let listeners = vec![
        crate::api::Listener::Tcp(tcp),
        crate::api::Listener::Socket(socket),
    ];
    let serving = tokio::spawn(crate::api::serve(
        listeners,
        server.router.clone(),
        end.clone(),
    ));

    let request = b"GET /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut local = tokio::net::UnixStream::connect(&path).await.unwrap();
    local.write_all(request).await.unwrap();
    let mut answer = String::new();
    local.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let mut remote = tokio::net::TcpStream::connect(address).await.unwrap();
    remote.write_all(request).await.unwrap();
    answer.clear();
    remote.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    // A kept connection that is idle does not hold up the end.
    let idle = tokio::net::TcpStream::connect(address).await.unwrap();
    end.cancel();
    serving.await.unwrap();
    drop(idle);
}

#[tokio::test]
async fn a_token_ends_at_a_time_that_can_be_written() {
    let server = Server::new().await;
    let long = json!({ "name": "e", "role": "viewer", "expires": "100000000d" });
    let refused = server.post("/tokens", &long).await;
    assert_eq!(
        (refused.status.as_u16(), refused.body["code"].as_str()),
        (422, Some("bad_expiry")),
        "{}",
        refused.body
    );
    let late = json!({ "name": "e", "role": "viewer", "expires": "9000000000000000ms" });
    assert_eq!(server.post("/tokens", &late).await.status, 422);
    let last = json!({ "name": "e", "role": "viewer", "expires_at": "9999-12-31T23:59:59Z" });
    let made = server.post("/tokens", &last).await;
    assert_eq!(made.status, 201, "{}", made.body);

    let turned = json!({ "name": "ana\u{202e}x", "role": "viewer" });
    let refused = server.post("/tokens", &turned).await;
    assert_eq!(refused.body["code"], "bad_name", "{}", refused.body);

    // One that was stored without a date is shown, and can be revoked.
    let row = druse_storage::Token {
        id: crate::runtime::clock::new_id(druse_engine::TokenId::from_parts),
        name: "old".into(),
        role: "viewer".into(),
        digest: druse_engine::Digest::of(b"old"),
        created_at: crate::runtime::clock::now(),
        expires_at: Some(druse_engine::Timestamp(8_641_795_762_628_750)),
        created_by: "admin".into(),
    };
    server.app.commit(App::token_batch(&row)).await.unwrap();
    let list = server.call("GET", "/tokens", &[], "").await;
    assert_eq!(list.status, 200, "{}", list.body);
    assert_eq!(list.body["items"][0]["expires_at"], "8641795762628750ms");
    let path = format!("/tokens/{}", row.id);
    let gone = server.call("DELETE", &path, &[], "").await;
    assert_eq!(gone.status, 204, "{}", gone.body);
}
