//! Many people decide about the same few gates at once.

use super::*;
use crate::service::Principal;

const GATES: usize = 40;
const RACERS: usize = 250;

const REVIEWED: &str = "druse: 1
name: reviewed
steps:
  - id: draft
    action: transform
    with: { value: \"{{ review.round }}\" }
  - id: gate
    action: approval_gate
    needs: [draft]
    with: { title: Go on?, send_back: { to: draft, rounds: 50 } }
";

/// Whoever comes first decides, whatever the others wanted: 10,000 decisions give one outcome for each gate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_decisions_at_once_one_counts() {
    let server = Server::new().await;
    let made = server
        .call(
            "POST",
            "/automations",
            &[("content-type", "application/yaml")],
            REVIEWED,
        )
        .await;
    let automation = made.body["id"].as_str().unwrap().to_owned();
    let path = format!("/automations/{automation}");
    server
        .call("POST", &format!("{path}/activate"), &[], "{}")
        .await;
    let mut gates = Vec::new();
    for _ in 0..GATES {
        let run = server
            .call("POST", &format!("{path}/runs"), &[], "{}")
            .await;
        let run = run.body["id"].as_str().unwrap().to_owned();
        let found = server
            .call("GET", &format!("/approvals?run_id={run}"), &[], "")
            .await;
        gates.push((run, found.body["items"][0].clone()));
    }
    let mut racing = Vec::new();
    for racer in 0..RACERS {
        for (number, (_, gate)) in gates.iter().enumerate() {
            let verdict = ["approve", "reject", "send_back"][(racer + number) % 3];
            let body = json!({ "decision": verdict, "comment": "first", "digest": gate["digest"] });
            let id = gate["id"].as_str().unwrap();
            let mut request = Request::builder()
                .method("POST")
                .uri(format!("/api/v1/approvals/{id}/decision"))
                .header("content-type", "application/json")
                .body(Body::from(body.to_string()))
                .unwrap();
            request.extensions_mut().insert(Peer::Inside(Principal {
                id: format!("racer:{racer}"),
                name: format!("racer {racer}"),
                role: Role::Approver,
            }));
            let router = server.router.clone();
            racing.push(tokio::spawn(async move {
                let response = router.oneshot(request).await.unwrap();
                (number, verdict, response.status())
            }));
        }
    }
    assert_eq!(racing.len(), 10_000);
    let mut won: Vec<Vec<&str>> = vec![Vec::new(); GATES];
    for racer in racing {
        let (gate, verdict, status) = racer.await.unwrap();
        match status {
            StatusCode::OK => won[gate].push(verdict),
            StatusCode::CONFLICT => {}
            other => panic!("{other}"),
        }
    }
    for (number, (run, gate)) in gates.iter().enumerate() {
        assert_eq!(won[number].len(), 1, "gate {number}: {:?}", won[number]);
        let expected = match won[number][0] {
            "approve" => "approved",
            "reject" => "rejected",
            _ => "sent_back",
        };
        let path = format!("/approvals/{}", gate["id"].as_str().unwrap());
        let ended = server.call("GET", &path, &[], "").await;
        assert_eq!(ended.body["status"], expected);
        assert_eq!(ended.body["decisions"].as_array().unwrap().len(), 1);
        let all = server
            .call("GET", &format!("/approvals?run_id={run}"), &[], "")
            .await;
        let asked = all.body["items"].as_array().unwrap().len();
        assert_eq!(asked, 1 + usize::from(expected == "sent_back"));
    }
}
