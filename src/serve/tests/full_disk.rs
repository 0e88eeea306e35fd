use super::super::*;
use druse_storage::fault::FaultyDisk;

use super::help::*;

const GREET: &str = "druse: 1
name: greet
steps:
  - { id: say, action: transform, with: { value: hello } }
";

const GATED: &str = "druse: 1
name: gated
steps:
  - { id: ask, action: approval_gate, with: { title: Go on? } }
  - { id: start, needs: [ask], action: automation, with: { name: greet } }
  - { id: tell, needs: [start], action: emit, with: { type: com.example.greeted, data: {} } }
";

const RECORDING: &str = r#"{"messages":[{"role":"user","content":"hello"}]}"#;
const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"/test","type":"a","data":{}}"#;

/// On a disk that fails on command.
pub(super) fn on(disk: &FaultyDisk) -> Setup {
    let store = embedded::Options {
        disk: Arc::new(disk.clone()),
        ..embedded::Options::small()
    };
    Setup {
        store,
        ..Setup::own()
    }
}

/// Whatever makes something new is refused in the same words, and nothing else is.
async fn refuses_new_work(assembly: &Assembly, greet: &str) {
    let runs = format!("/api/v1/automations/{greet}/runs");
    let new = [
        (runs.as_str(), "{}"),
        ("/api/v1/agents/runs", RECORDING),
        ("/api/v1/automations", DOCUMENT),
        ("/api/v1/events", EVENT),
        ("/api/v1/tokens", r#"{"name":"more","role":"viewer"}"#),
    ];
    for (path, body) in new {
        let (status, problem) = ask(assembly, "POST", path, body).await;
        assert_eq!(status, 507, "{path}: {problem}");
        assert_eq!(problem["code"], "disk_full", "{path}");
        assert!(!problem["help"].as_str().unwrap().is_empty(), "{path}");
    }
    assert_eq!(ask(assembly, "GET", "/readyz", "").await.0, 507);
    for path in [
        "/healthz",
        "/api/v1/runs",
        "/api/v1/approvals",
        "/api/v1/automations",
        "/metrics",
    ] {
        assert_eq!(ask(assembly, "GET", path, "").await.0, 200, "{path}");
    }
}

#[test]
fn with_hardly_any_space_new_work_is_refused_and_what_was_begun_goes_on() {
    life(async {
        let folder = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::new();
        let assembly = Assembly::open(folder.path(), on(&disk)).await.unwrap();
        let greet = active(&assembly, GREET).await;
        let gated = active(&assembly, GATED).await;
        let (status, run) = ask(
            &assembly,
            "POST",
            &format!("/api/v1/automations/{gated}/runs"),
            "{}",
        )
        .await;
        assert_eq!(status, 202, "{run}");
        let run = run["id"].as_str().unwrap().to_owned();

        disk.set_short(true);
        let mut acknowledged = Vec::new();
        loop {
            let (status, body) = ask(
                &assembly,
                "POST",
                &format!("/api/v1/automations/{greet}/runs"),
                "{}",
            )
            .await;
            if status == 507 {
                break;
            }
            assert_eq!(status, 202, "{body}");
            acknowledged.push(body["id"].as_str().unwrap().to_owned());
        }
        refuses_new_work(&assembly, &greet).await;

        // A decision is never shed; what it sets going waits for space instead of failing.
        let (_, gates) = ask(&assembly, "GET", "/api/v1/approvals?status=pending", "").await;
        let gate = &gates["items"][0];
        let decision = json!({ "decision": "approve", "digest": gate["digest"] }).to_string();
        let path = format!(
            "/api/v1/approvals/{}/decision",
            gate["id"].as_str().unwrap()
        );
        let (status, taken) = ask(&assembly, "POST", &path, &decision).await;
        assert_eq!((status, &taken["status"]), (200, &json!("approved")));
        let path = format!("/api/v1/runs/{run}");
        let (_, shown) = ask(&assembly, "GET", &path, "").await;
        assert_eq!(shown["steps"][1]["status"], "running", "{shown}");

        disk.set_short(false);
        let ended = until("the end of the run", || async {
            let (_, shown) = ask(&assembly, "GET", &path, "").await;
            (!shown["finished_at"].is_null()).then_some(shown)
        })
        .await;
        assert_eq!(ended["status"], "succeeded", "{ended}");
        assert_eq!(ended["steps"][1]["attempts"].as_array().unwrap().len(), 1);
        for id in acknowledged {
            let (status, shown) = ask(&assembly, "GET", &format!("/api/v1/runs/{id}"), "").await;
            assert_eq!((status, &shown["status"]), (200, &json!("succeeded")));
        }
        assert_eq!(ask(&assembly, "POST", "/api/v1/events", EVENT).await.0, 202);
        assembly.close().await;
    });
}

#[test]
fn on_a_full_disk_nothing_is_shown_that_is_not_written_and_writing_goes_on_with_space() {
    let folder = tempfile::tempdir().unwrap();
    life(async {
        let disk = FaultyDisk::new();
        let assembly = Assembly::open(folder.path(), on(&disk)).await.unwrap();
        let greet = active(&assembly, GREET).await;
        let runs = format!("/api/v1/automations/{greet}/runs");
        assert_eq!(ask(&assembly, "POST", &runs, "{}").await.0, 202);

        disk.set_full(true);
        let first = tokio::spawn({
            let (router, runs) = (assembly.router(), runs.clone());
            async move { ask_router(router, "POST", &runs, "{}").await }
        });
        until("a full disk", || async {
            (!assembly.store.accepts_work()).then_some(())
        })
        .await;
        refuses_new_work(&assembly, &greet).await;
        let (_, shown) = ask(&assembly, "GET", "/api/v1/runs", "").await;
        assert_eq!(shown["items"].as_array().unwrap().len(), 1, "{shown}");
        assert!(!first.is_finished());

        disk.set_full(false);
        let (status, made) = first.await.unwrap();
        assert_eq!(status, 202, "{made}");
        until("space", || async {
            assembly.store.accepts_work().then_some(())
        })
        .await;
        assert_eq!(ask(&assembly, "POST", &runs, "{}").await.0, 202);
        let (_, shown) = ask(&assembly, "GET", "/api/v1/runs", "").await;
        assert_eq!(shown["items"].as_array().unwrap().len(), 3, "{shown}");
        assembly.close().await;
    });
    assert!(druse_storage::verify(folder.path()).unwrap().is_sound());
}

#[test]
fn a_log_that_cannot_be_synced_ends_the_process_and_what_was_acknowledged_is_there_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = life(async {
        let disk = FaultyDisk::new();
        let assembly = Assembly::open(folder.path(), on(&disk)).await.unwrap();
        let greet = active(&assembly, GREET).await;
        let runs = format!("/api/v1/automations/{greet}/runs");
        let (status, made) = ask(&assembly, "POST", &runs, "{}").await;
        assert_eq!(status, 202, "{made}");
        disk.fail_sync(1);
        for _ in 0..2 {
            let (status, problem) = ask(&assembly, "POST", &runs, "{}").await;
            assert_eq!(
                (status, &problem["code"]),
                (503, &json!("ending")),
                "{problem}"
            );
        }
        let reason = assembly.app.engine.failure().await;
        assert!(reason.contains("the log"), "{reason}");
        let (_, shown) = ask(&assembly, "GET", "/api/v1/runs", "").await;
        assert_eq!(shown["items"].as_array().unwrap().len(), 1, "{shown}");
        assembly.close().await;
        made["id"].as_str().unwrap().to_owned()
    });
    assert!(druse_storage::verify(folder.path()).unwrap().is_sound());
    life(async {
        let disk = FaultyDisk::new();
        let assembly = Assembly::open(folder.path(), on(&disk)).await.unwrap();
        let path = format!("/api/v1/runs/{acknowledged}");
        let (status, shown) = ask(&assembly, "GET", &path, "").await;
        assert_eq!((status, &shown["status"]), (200, &json!("succeeded")));
        assembly.close().await;
    });
}
