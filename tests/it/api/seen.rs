//! Failed runs that somebody has seen: over the API and the command line, after a restart, and once the run has left.

use crate::cli::{Desk, json as said};
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};

const BREAKS: &str = "druse: 1
name: breaks
inputs: { code: { type: integer, default: 1 } }
steps:
  - { id: say, action: shell, with: { argv: [sh, -c, \"exit $CODE\"], env: { CODE: \"{{ inputs.code }}\" } } }
";

async fn automation(admin: &Client) -> String {
    let request = admin.request("POST", "/automations").yaml(BREAKS);
    let path = format!(
        "/automations/{}",
        text(&request.send().await.with(201)["id"])
    );
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    path
}

/// A run that ended; its id.
async fn ended(admin: &Client, path: &str, code: u32, how: &str) -> String {
    let body = json!({ "inputs": { "code": code } });
    let run = admin.post(&format!("{path}/runs"), &body).await.with(202);
    let run = text(&run["id"]);
    wait::run(admin, &run, how).await;
    run
}

fn ids(list: &[Value]) -> Vec<String> {
    list.iter().map(|run| text(&run["id"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_is_seen_once_and_stays_so() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let path = automation(&admin).await;
    let mut failed = Vec::new();
    for _ in 0..4 {
        failed.push(ended(&admin, &path, 1, "failed").await);
    }
    let good = ended(&admin, &path, 0, "succeeded").await;
    let (operator, other) = (server.role("operator").await, server.role("approver").await);
    let seen = format!("/runs/{}/seen", failed[1]);
    let body = json!({ "reason": "the shop was being moved" });
    let first = operator.post(&seen, &body).await.with(200);
    assert_eq!(first["seen_by"], "user:operator");
    assert_eq!(first["seen_reason"], "the shop was being moved");
    assert_eq!(first["status"], "failed");
    // Whoever was first stays, whatever is said later.
    let second = other.post(&seen, &json!({ "reason": "me, too" })).await;
    let second = second.with(200);
    assert_eq!(second, first);
    let read = admin.get(&format!("/runs/{}", failed[1])).await.with(200);
    assert_eq!(read["seen_at"], first["seen_at"]);

    let wrong = format!("/runs/{good}/seen");
    let refused = operator.post(&wrong, &json!({})).await;
    refused.problem(409, "not_failed");
    let unknown = format!("/runs/{}/seen", good.replace("run_0", "run_1"));
    let refused = operator.post(&unknown, &json!({})).await;
    refused.problem(404, "not_found");
    let refused = operator.post(&seen, &json!({ "why": "x" })).await;
    refused.problem(422, "bad_body");

    // The command line, of several at once.
    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    let words = ["runs", "seen", &failed[0], &failed[1], "--data", &data];
    let out = desk.run(&words).ok().out;
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with(&format!("{}: seen by you (uid:", failed[0])),
        "{out}"
    );
    assert!(
        lines[1].contains("seen by operator at")
            && lines[1].ends_with(": the shop was being moved"),
        "{out}"
    );
    let listed = said(&desk, &["runs", "list", "--seen", "--data", &data]);
    let of_line: Vec<String> = ids(listed.as_array().unwrap());
    assert_eq!(of_line, [failed[1].clone(), failed[0].clone()]);

    let line = admin.all("/audit?action=run.seen").await;
    let who: Vec<String> = line.iter().map(|line| text(&line["run_id"])).collect();
    assert_eq!(who, [failed[0].clone(), failed[1].clone()]);
    assert_eq!(line[1]["reason"], "the shop was being moved");
    assert_eq!(line[1]["automation_name"], "breaks");

    // Taken back by another one, and once: then it waits for people again.
    for _ in 0..2 {
        let back = other.delete(&seen).await.with(200);
        assert_eq!(back["status"], "failed");
        for key in ["seen_by", "seen_at", "seen_reason"] {
            assert!(back[key].is_null(), "{back:#}");
        }
    }
    let open = ids(&admin.all("/runs?seen=false").await);
    assert!(open.contains(&failed[1]), "{open:?}");
    let line = admin.all("/audit?action=run.unseen").await;
    assert_eq!(line.len(), 1, "{line:#?}");
    assert_eq!(line[0]["run_id"], failed[1].as_str());
    assert_eq!(line[0]["details"]["seen_by"], "user:operator");
    let nothing = other.delete(&wrong).await.with(200);
    assert_eq!(nothing["status"], "succeeded");
    let unknown = other.delete(&unknown).await;
    unknown.problem(404, "not_found");
    let words = ["runs", "seen", &failed[0], "--undo", "--data", &data];
    let out = desk.run(&words).ok().out;
    assert_eq!(out, format!("{}: seen by nobody\n", failed[0]));
    let mixed = [&words[..], &["--reason", "x"]].concat();
    desk.run(&mixed).with(2);
    let words = ["runs", "seen", &failed[0], "--data", &data];
    desk.run(&words).ok();
    operator.post(&seen, &body).await.with(200);

    server.crash().await;
    let admin = server.admin();
    for (query, wanted) in [
        ("seen=true", vec![&failed[1], &failed[0]]),
        ("seen=false", vec![&failed[3], &failed[2]]),
        ("seen=false&status=failed", vec![&failed[3], &failed[2]]),
        ("seen=true&status=succeeded", vec![]),
        ("seen=false&input.code=7", vec![]),
        ("seen=true&input.code=7", vec![]),
        ("seen=true&waits_for=uncertain", vec![]),
        (
            "seen=true&automation_id=breaks",
            vec![&failed[1], &failed[0]],
        ),
    ] {
        let found = ids(&admin.all(&format!("/runs?{query}")).await);
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
        // Page by page, they are the same.
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = format!("/runs?limit=1&{query}{cursor}");
            let page = admin.get(&page).await.with(200);
            paged.extend(ids(page["items"].as_array().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, found, "{query}");
    }
    let refused = admin.get("/runs?seen=perhaps").await;
    refused.problem(400, "bad_query");

    // What is said of a run goes with it.
    let one = json!({ "max_runs": 1 });
    admin.put("/settings/retention", &one).await.with(200);
    wait::until("the runs to leave", || async {
        admin.all("/runs?seen=true").await.is_empty().then_some(())
    })
    .await;
    let refused = admin.post(&seen, &json!({})).await;
    refused.problem(404, "not_found");
}
