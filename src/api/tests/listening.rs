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
