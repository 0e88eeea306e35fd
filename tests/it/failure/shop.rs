//! A shop on loopback: it remembers what it was asked, refuses what it is told to refuse, and keeps
//! whoever asks for what it holds waiting until it lets go.

use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

#[derive(Clone)]
pub(super) struct Shop {
    pub(super) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    refused: Arc<Mutex<BTreeSet<String>>>,
    held: Arc<watch::Sender<BTreeSet<String>>>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// Method and address: `POST /pay`.
    pub(super) what: String,
    pub(super) key: String,
}

impl Shop {
    pub(super) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shop = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            refused: Arc::default(),
            held: Arc::new(watch::Sender::default()),
        };
        let serving = shop.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shop = serving.clone();
                let answer = service_fn(move |request| shop.clone().answer(request));
                let session = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(session);
            }
        });
        shop
    }

    /// From now on this is answered with 422.
    pub(super) fn refuse(&self, what: &str) {
        self.refused.lock().unwrap().insert(what.to_owned());
    }

    /// From now on this is answered well again.
    pub(super) fn forgive(&self, what: &str) {
        self.refused.lock().unwrap().remove(what);
    }

    /// From now on this is not answered.
    pub(super) fn hold(&self, what: &str) {
        self.held.send_modify(|held| {
            held.insert(what.to_owned());
        });
    }

    /// This is answered, and so is who waits for it.
    pub(super) fn let_go_of(&self, what: &str) {
        self.held.send_modify(|held| {
            held.remove(what);
        });
    }

    /// All that was held is answered, and so is who waits.
    pub(super) fn let_go(&self) {
        self.held.send_modify(BTreeSet::clear);
    }

    /// What it was asked, oldest first.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The same without the keys.
    pub(super) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }

    /// Waits until it was asked this so many times.
    pub(super) async fn asks(&self, what: &str, times: usize) {
        crate::harness::wait::until(&format!("{times} times {what}"), || async {
            let lines = self.lines();
            (lines.iter().filter(|line| *line == what).count() >= times).then_some(())
        })
        .await;
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let what = format!("{} {}", request.method(), request.uri());
        let key = request.headers().get("idempotency-key");
        let key = key.map_or("", |key| key.to_str().unwrap()).to_owned();
        let what_asked = what.clone();
        self.asked.lock().unwrap().push(Asked {
            what: what_asked,
            key,
        });
        let mut held = self.held.subscribe();
        let _ = held.wait_for(|held| !held.contains(&what)).await;
        let refused = self.refused.lock().unwrap().contains(&what);
        let answer = Response::builder()
            .status(if refused { 422 } else { 200 })
            .header("content-type", "application/json")
            .body(Full::from(json!({ "id": what }).to_string()));
        Ok(answer.unwrap())
    }
}
