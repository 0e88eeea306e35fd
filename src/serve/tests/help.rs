//! Requests to an assembly, and lives of a process.

use super::super::*;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::time::Duration;
use tower::ServiceExt as _;

/// What a request from inside is answered.
pub(super) const DOCUMENT: &str = "druse: 1
name: tells
steps:
  - id: tell
    action: emit
    with: { type: com.example.told, data: {} }
";

pub(super) async fn ask(assembly: &Assembly, method: &str, path: &str, body: &str) -> (u16, Value) {
    ask_router(assembly.router(), method, path, body).await
}

pub(super) async fn ask_router(
    router: Router,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, Value) {
    let kind = match body.starts_with('{') {
        true => "application/json",
        false => "application/yaml",
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .body(axum::body::Body::from(body.to_owned()))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// Stores an automation, makes it active, and gives its id.
pub(super) async fn active(assembly: &Assembly, document: &str) -> String {
    let (status, made) = ask(assembly, "POST", "/api/v1/automations", document).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/automations/{id}/activate");
    assert_eq!(ask(assembly, "POST", &path, "{}").await.0, 200);
    id
}

/// Looks again and again until there is something.
pub(super) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), looking).await;
    found.unwrap_or_else(|_| panic!("{what} did not come about in time"))
}

/// A life of its own, which ends as a killed process does: in the middle of everything.
pub(super) fn life<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let gave = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(60));
    gave
}
