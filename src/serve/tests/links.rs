//! Links to approvals leave with their run, or a while after their time.

use super::super::*;
use super::help::*;
use crate::runtime::clock;
use crate::service::Role;
use crate::service::links::mint;
use druse_engine::{ApprovalId, Digest, Span};
use druse_storage::{ApprovalLink, Batch, Entity as _};
use serde_json::Value;

const ASKS: &str = "druse: 1
name: asks
steps:
  - { id: draft, action: transform, with: { value: 1 } }
  - id: ask
    action: approval_gate
    needs: [draft]
    with: { title: Go on?, send_back: { to: draft } }
";

const DAY: Span = Span::from_secs(24 * 3600);

/// The gate that a run has now.
async fn gate(assembly: &Assembly, run: &str) -> Value {
    let path = format!("/api/v1/approvals?status=pending&run_id={run}");
    until("the gate", || async {
        let (_, page) = ask(assembly, "GET", &path, "").await;
        page["items"].get(0).cloned()
    })
    .await
}

async fn decided(assembly: &Assembly, gate: &Value, verdict: &str) {
    let path = format!(
        "/api/v1/approvals/{}/decision",
        gate["id"].as_str().unwrap()
    );
    let body = json!({ "decision": verdict, "digest": gate["digest"], "comment": "so" });
    let (code, answer) = ask(assembly, "POST", &path, &body.to_string()).await;
    assert_eq!(code, 200, "{answer}");
}

/// Keeps a link to a gate that was over so long ago, and gives its key.
async fn linked(assembly: &Assembly, gate: &Value, over: Option<Span>) -> String {
    let approval: ApprovalId = gate["id"].as_str().unwrap().parse().unwrap();
    let (token, mut link) = mint(approval, "ana", Role::Approver, "test", DAY);
    assert_eq!(link.digest, Digest::of(token.as_bytes()));
    if let Some(over) = over {
        link.expires_at.0 = clock::now().0 - over.as_millis() as i64;
    }
    let ticket = assembly.app.store.append(Batch::new().claim(&link));
    ticket.unwrap().await.unwrap();
    link.key()
}

#[test]
fn links_leave_with_their_run_or_a_while_after_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Setup {
        serves: true,
        ..Setup::own()
    };
    life(async {
        let assembly = Assembly::open(folder.path(), serving).await.unwrap();
        let id = active(&assembly, ASKS).await;
        let path = format!("/api/v1/automations/{id}/runs");
        let mut runs = Vec::new();
        for _ in 0..2 {
            let (code, run) = ask(&assembly, "POST", &path, "{}").await;
            assert_eq!(code, 202, "{run}");
            runs.push(run["id"].as_str().unwrap().to_owned());
        }
        let waiting = gate(&assembly, &runs[0]).await;
        let kept = linked(&assembly, &waiting, None).await;
        let just_over = linked(&assembly, &waiting, Some(DAY)).await;
        let old = linked(&assembly, &waiting, Some(Span::from_secs(8 * 24 * 3600))).await;
        let first = gate(&assembly, &runs[1]).await;
        let to_first = linked(&assembly, &first, None).await;
        decided(&assembly, &first, "send_back").await;
        let second = gate(&assembly, &runs[1]).await;
        let to_second = linked(&assembly, &second, None).await;
        decided(&assembly, &second, "approve").await;
        let ended = format!("/api/v1/runs/{}", runs[1]);
        until("the run's end", || async {
            let (_, run) = ask(&assembly, "GET", &ended, "").await;
            (run["status"] == "succeeded").then_some(())
        })
        .await;
        let there = |key: &str| {
            let link: Option<ApprovalLink> = assembly.app.store.get(key).unwrap();
            link.is_some()
        };

        let compact = "/api/v1/store/compact";
        assert_eq!(ask(&assembly, "POST", compact, "{}").await.0, 200);
        assert!(!there(&old), "a link of long ago is still there");
        for key in [&kept, &just_over, &to_first, &to_second] {
            assert!(there(key), "a link left too early");
        }

        // A younger one stays in its place.
        let (_, third) = ask(&assembly, "POST", &path, "{}").await;
        let third = format!("/api/v1/runs/{}", third["id"].as_str().unwrap());
        assert_eq!(
            ask(&assembly, "POST", &format!("{third}/cancel"), "{}")
                .await
                .0,
            202
        );
        until("the cancel", || async {
            let (_, run) = ask(&assembly, "GET", &third, "").await;
            (run["status"] == "canceled").then_some(())
        })
        .await;
        let kept_runs = json!({ "max_runs": 1 }).to_string();
        let settings = "/api/v1/settings/retention";
        assert_eq!(ask(&assembly, "PUT", settings, &kept_runs).await.0, 200);
        assert_eq!(ask(&assembly, "POST", compact, "{}").await.0, 200);
        assert_eq!(ask(&assembly, "GET", &ended, "").await.0, 404);
        for gate in [&first, &second] {
            let path = format!("/api/v1/approvals/{}", gate["id"].as_str().unwrap());
            assert_eq!(ask(&assembly, "GET", &path, "").await.0, 404);
        }
        assert!(
            !there(&to_first) && !there(&to_second),
            "links of a run that left"
        );
        assert!(
            there(&kept) && there(&just_over),
            "links of a run that goes on"
        );
        assembly.close().await;
    });
}
