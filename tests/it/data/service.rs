//! A service on loopback that remembers what it was sent, and answers with it. `/all` gives all that it was sent,
//! `/no` refuses and says what was wrong with it.

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

/// The service.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
        };
        let serving = service.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = serving.clone();
                let answer = service_fn(move |request| service.clone().answer(request));
                let session = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(session);
            }
        });
        service
    }

    /// What it was sent, oldest first.
    pub(crate) fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name: &str| {
            let value = parts.headers.get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let seen = json!({
            "method": parts.method.as_str(),
            "target": parts.uri.to_string(),
            "authorization": header("authorization"),
            "body": serde_json::from_slice(&body).unwrap_or(Value::Null),
        });
        let told = match parts.uri.path() {
            "/all" => json!({ "all": self.seen() }),
            _ => seen.clone(),
        };
        self.seen.lock().unwrap().push(seen);
        let answer = Response::builder()
            .status(if parts.uri.path() == "/no" { 400 } else { 200 })
            .header("content-type", "application/json")
            .body(Full::from(told.to_string()));
        Ok(answer.unwrap())
    }
}
