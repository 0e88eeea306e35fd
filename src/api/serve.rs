//! Accepting connections: bounded in number, with time limits on what a slow or silent client may hold.

use super::route::{Peer, Sender};
use super::share::{Counted, Senders, Shares};
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

/// How long the head of a request may take. The same clock runs while a kept connection is idle.
const HEAD: Duration = Duration::from_secs(30);

/// How long requests may go on after the server was asked to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// The most headers, and the most bytes of them with the request line.
const MOST_HEADERS: usize = 100;
const HEAD_BYTES: usize = 64 * 1024;

/// Where connections come from.
#[derive(Debug)]
pub enum Listener {
    /// The network.
    Tcp(TcpListener),
    /// The socket of the data folder; its file has mode 0600.
    Socket(UnixListener),
}

/// Serves until `end` is cancelled, then lets requests finish for ten seconds.
pub async fn serve(listeners: Vec<Listener>, router: Router, end: CancellationToken) {
    let shares = Shares::here();
    let network = Arc::new(Semaphore::new(shares.network));
    let local = Arc::new(Semaphore::new(shares.local));
    let senders = Senders::default();
    let tasks = TaskTracker::new();
    let loops = listeners.into_iter().map(|listener| {
        let room = match listener {
            Listener::Tcp(_) => network.clone(),
            Listener::Socket(_) => local.clone(),
        };
        let room = Room {
            permits: room,
            senders: senders.clone(),
            each: shares.each,
        };
        accept(listener, router.clone(), room, tasks.clone(), end.clone())
    });
    futures_util::future::join_all(loops).await;
    tasks.close();
    // What is still going after that is cut with the process.
    let _ = tokio::time::timeout(FAREWELL, tasks.wait()).await;
}

/// What bounds the connections of a listener.
struct Room {
    permits: Arc<Semaphore>,
    senders: Senders,
    each: usize,
}

impl Room {
    /// Counts a connection for its sender, who is told where that is one too many.
    fn count(&self, stream: &Stream, sender: Option<Sender>) -> Result<Option<Counted>, ()> {
        let Some(Sender(sender)) = sender else {
            return Ok(None);
        };
        if let Some(counted) = self.senders.count(sender, self.each) {
            return Ok(Some(counted));
        }
        tracing::debug!(%sender, "a sender has too many connections");
        if let Stream::Tcp(stream) = stream {
            // Whoever does not read it is not waited for.
            let _ = stream.try_write(too_many().as_bytes());
        }
        Err(())
    }
}

/// What a sender is told that has as many connections as one may.
fn too_many() -> String {
    let body = serde_json::json!({
        "type": "urn:druse:problem:too_many_connections",
        "title": "Too Many Requests",
        "status": 429,
        "code": "too_many_connections",
        "message": "There are too many connections from this address.",
        "help": "Close some, or use one for several requests.",
    });
    let body = body.to_string();
    format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn accept(
    listener: Listener,
    router: Router,
    room: Room,
    tasks: TaskTracker,
    end: CancellationToken,
) {
    loop {
        let permit = tokio::select! {
            permit = room.permits.clone().acquire_owned() => permit,
            () = end.cancelled() => return,
        };
        let Ok(permit) = permit else { return };
        let accepted = tokio::select! {
            accepted = accept_one(&listener) => accepted,
            () = end.cancelled() => return,
        };
        match accepted {
            Ok(Some((stream, peer, sender))) => {
                let Ok(counted) = room.count(&stream, sender) else {
                    continue;
                };
                let (router, end) = (router.clone(), end.clone());
                tasks.spawn(async move {
                    match stream {
                        Stream::Tcp(stream) => connection(stream, peer, sender, router, end).await,
                        Stream::Socket(stream) => {
                            connection(stream, peer, sender, router, end).await
                        }
                    }
                    drop((permit, counted));
                });
            }
            Ok(None) => {}
            Err(error) => {
                // Out of file descriptors, mostly: others have to close first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

enum Stream {
    Tcp(tokio::net::TcpStream),
    Socket(tokio::net::UnixStream),
}

async fn accept_one(
    listener: &Listener,
) -> std::io::Result<Option<(Stream, Peer, Option<Sender>)>> {
    match listener {
        Listener::Tcp(listener) => {
            let (stream, from) = listener.accept().await?;
            let _ = stream.set_nodelay(true);
            let sender = Sender(from.ip());
            Ok(Some((Stream::Tcp(stream), Peer::Network, Some(sender))))
        }
        Listener::Socket(listener) => {
            let (stream, _) = listener.accept().await?;
            // Whoever cannot be named is not let in.
            let Ok(peer) = stream.peer_cred() else {
                return Ok(None);
            };
            let uid = peer.uid();
            Ok(Some((Stream::Socket(stream), Peer::Socket { uid }, None)))
        }
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: Peer,
    sender: Option<Sender>,
    router: Router,
    end: CancellationToken,
) {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        if let Some(sender) = sender {
            request.extensions_mut().insert(sender);
        }
        let mut router = router.clone();
        async move { router.call(request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(MOST_HEADERS)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        result = connection.as_mut() => {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection ended");
            }
        }
        () = end.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
