//! Clients that hang up in the middle of a request, and what is asked for twice while the disk is slow.

use super::super::*;
use super::full_disk::on;
use super::help::*;
use axum::response::Response;
use druse_storage::fault::FaultyDisk;
use futures_util::future::BoxFuture;
use futures_util::poll;
use http::Request;
use serde_json::Value;
use std::convert::Infallible;
use tower::ServiceExt as _;

const GREET: &str = "druse: 1
name: greet
steps:
  - { id: say, action: transform, with: { value: hello } }
";

const GATED: &str = "druse: 1
name: gated
steps:
  - { id: ask, action: approval_gate, with: { title: Go on? } }
";

type Asked = BoxFuture<'static, Result<Response, Infallible>>;

/// A request that is on its way.
fn asked(assembly: &Assembly, method: &str, path: &str) -> Asked {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("idempotency-key", "one")
        .body(axum::body::Body::from("{}"))
        .unwrap();
    Box::pin(assembly.router().oneshot(request))
}

/// What a token is answered by the network's way in.
async fn with_token(assembly: &Assembly, token: &str) -> u16 {
    let request = Request::builder()
        .uri("/api/v1/automations")
        .header("authorization", format!("Bearer {token}"))
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = assembly.router.clone().oneshot(request).await.unwrap();
    answer.status().as_u16()
}

/// Begins a request whose facts the disk holds up, and hangs up.
async fn hang_up(assembly: &Assembly, disk: &FaultyDisk, method: &str, path: &str) {
    disk.set_full(true);
    let mut request = asked(assembly, method, path);
    let polled = poll!(&mut request);
    assert!(polled.is_pending(), "{method} {path} waited for no disk");
    drop(request);
    disk.set_full(false);
    until("space", || async {
        assembly.store.accepts_work().then_some(())
    })
    .await;
}

#[test]
fn what_a_client_that_hung_up_had_asked_for_happens_whole() {
    let folder = tempfile::tempdir().unwrap();
    life(async {
        let disk = FaultyDisk::new();
        let assembly = Assembly::open(folder.path(), on(&disk)).await.unwrap();
        let body = r#"{"name":"more","role":"viewer"}"#;
        let (status, made) = ask(&assembly, "POST", "/api/v1/tokens", body).await;
        assert_eq!(status, 201, "{made}");
        let token = made["token"].as_str().unwrap();
        assert_eq!(with_token(&assembly, token).await, 200);
        let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
        hang_up(&assembly, &disk, "DELETE", &path).await;
        until("the end of the token", || async {
            (with_token(&assembly, token).await == 401).then_some(())
        })
        .await;

        let greet = active(&assembly, GREET).await;
        let automation = format!("/api/v1/automations/{greet}");
        hang_up(
            &assembly,
            &disk,
            "POST",
            &format!("{automation}/deactivate"),
        )
        .await;
        let runs = format!("{automation}/runs");
        until("the end of the automation's service", || async {
            let (status, refused) = ask(&assembly, "POST", &runs, "{}").await;
            (status != 202).then_some(refused)
        })
        .await;
        assembly.close().await;
    });
}

#[test]
fn whoever_hangs_up_while_a_run_is_waited_for_joins_it_at_once_when_they_come_again() {
    let folder = tempfile::tempdir().unwrap();
    life(async {
        let assembly = Assembly::open(folder.path(), on(&FaultyDisk::new()))
            .await
            .unwrap();
        let gated = active(&assembly, GATED).await;
        let runs = format!("/api/v1/automations/{gated}/runs");
        let mut first = asked(&assembly, "POST", &format!("{runs}?wait=10m"));
        let run = until("the run", || {
            assert!(futures_util::FutureExt::now_or_never(&mut first).is_none());
            async {
                let (_, shown) = ask(&assembly, "GET", "/api/v1/runs", "").await;
                shown["items"][0]["id"].as_str().map(str::to_owned)
            }
        })
        .await;
        drop(first);
        // The key of the first is held as long as it is answered.
        let again = asked(&assembly, "POST", &runs);
        let again = tokio::time::timeout(Duration::from_secs(60), again).await;
        let again = again.expect("an answer before the end of the run").unwrap();
        assert_eq!(again.status(), 202);
        let location = again.headers()["location"].to_str().unwrap().to_owned();
        assert!(location.ends_with(&run), "{location}");
        assembly.close().await;
    });
}

#[test]
fn what_changes_nothing_is_answered_when_what_it_relies_on_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    life(async {
        let disk = FaultyDisk::new();
        let assembly = Assembly::open(folder.path(), on(&disk)).await.unwrap();
        let gated = active(&assembly, GATED).await;
        let runs = format!("/api/v1/automations/{gated}/runs");
        let (_, run) = ask(&assembly, "POST", &runs, "{}").await;
        let run = format!("/api/v1/runs/{}", run["id"].as_str().unwrap());
        disk.set_full(true);
        let path = format!("{run}/pause");
        let mut first = asked(&assembly, "POST", &path);
        assert!(poll!(&mut first).is_pending());
        // It is paused already, which nobody has written down yet.
        let mut second = asked(&assembly, "POST", &path);
        for _ in 0..1_000 {
            assert!(poll!(&mut second).is_pending());
            tokio::task::yield_now().await;
        }
        disk.set_full(false);
        for request in [first, second] {
            assert_eq!(request.await.unwrap().status(), 202);
        }
        let (_, shown) = ask(&assembly, "GET", &run, "").await;
        assert_eq!(shown["status"], "paused", "{shown}");
        assembly.close().await;
    });
}

#[test]
fn a_log_that_takes_no_more_acknowledges_nothing_that_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    life(async {
        let disk = FaultyDisk::new();
        let assembly = Assembly::open(folder.path(), on(&disk)).await.unwrap();
        let gated = active(&assembly, GATED).await;
        let runs = format!("/api/v1/automations/{gated}/runs");
        let (_, run) = ask(&assembly, "POST", &runs, "{}").await;
        let pause = format!("/api/v1/runs/{}/pause", run["id"].as_str().unwrap());
        disk.fail_sync(1);
        let (status, first) = ask(&assembly, "POST", &pause, "{}").await;
        assert_eq!((status, &first["code"]), (503, &Value::from("ending")));
        let (status, second) = ask(&assembly, "POST", &pause, "{}").await;
        assert_eq!(
            (status, &second["code"]),
            (503, &Value::from("ending")),
            "{second}"
        );
        assembly.close().await;
    });
}
