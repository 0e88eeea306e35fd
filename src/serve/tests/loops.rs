//! Loops over the whole way: document, API, log, restart, retry.

use super::damage::{live, over};
use crate::client::Client;
use druse_storage::Store as _;
use http::Method;
use serde_json::{Value, json};

async fn put(client: &Client, document: &str) -> String {
    let made = client
        .send(
            Method::POST,
            "/automations",
            "application/yaml",
            document.into(),
        )
        .await
        .unwrap()
        .success()
        .unwrap();
    activated(client, &made["id"]).await
}

async fn activated(client: &Client, id: &Value) -> String {
    let id = id.as_str().unwrap();
    let path = format!("/automations/{id}/activate");
    client.post(&path, &json!({})).await.unwrap();
    id.to_owned()
}

async fn start(client: &Client, id: &str, inputs: Value) -> String {
    let path = format!("/automations/{id}/runs");
    let run = client.post(&path, &json!({ "inputs": inputs })).await;
    run.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Statuses by path, and attempts where there was one.
fn lines(run: &Value) -> Vec<String> {
    let steps = run["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    steps
        .map(|step| format!("{} {}", text(&step["path"]), text(&step["status"])))
        .collect()
}

const GATED: &str = "druse: 1
name: gated
inputs:
  items: { type: array }
steps:
  - id: each
    for_each: { items: \"{{ inputs.items }}\", as: it, max_parallel: 2, on_item_error: continue, output: \"{{ steps.sum.output }}\" }
    steps:
      - { id: ask, action: approval_gate, with: { title: \"{{ it }}?\" } }
      - { id: sum, needs: [ask], action: transform, with: { value: \"{{ it * 10 + loop.index }}\" } }
  - id: ready
    needs: [each]
    repeat: { until: loop.index == 2, every: 5ms }
    steps:
      - { id: poll, action: transform, with: { value: \"{{ loop.index }}\" } }
outputs:
  sums: \"{{ steps.each.output }}\"
  polls: \"{{ steps.ready.output }}\"
";

/// The gate of a step, once it asks.
async fn decide(client: &Client, run: &str, step: &str, decision: &str) {
    for _ in 0..600 {
        let pending = client.list("/approvals?status=pending", 100).await.unwrap();
        let mut gates = pending.iter();
        if let Some(gate) = gates.find(|g| g["run_id"] == *run && g["step_id"] == *step) {
            let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
            let answer =
                json!({ "decision": decision, "comment": "so be it", "digest": gate["digest"] });
            client.post(&path, &answer).await.unwrap();
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{step} does not ask within a minute");
}

#[test]
fn a_loop_with_gates_goes_on_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let run = live(folder.path(), async |client| {
        let id = put(client, GATED).await;
        let run = start(client, &id, json!({ "items": [7, 8, 9] })).await;
        decide(client, &run, "each[1].ask", "approve").await;
        run
    });
    live(folder.path(), async |client| {
        let read = client.get(&format!("/runs/{run}")).await.unwrap();
        assert_eq!(
            lines(&read),
            [
                "each running",
                "each[0].ask waiting",
                "each[0].sum queued",
                "each[1].ask succeeded",
                "each[1].sum succeeded",
                "each[2].ask waiting",
                "each[2].sum queued",
                "ready queued",
            ]
        );
        let each = &read["steps"][0];
        assert_eq!(each["action"], "for_each");
        assert_eq!(
            (&each["passes"]["items"], &each["passes"]["succeeded"]),
            (&json!(3), &json!(1))
        );
        assert_eq!(read["steps"][4]["id"], "sum");
        assert_eq!(read["steps"][4]["output"], 81);
        decide(client, &run, "each[0].ask", "reject").await;
    });
    live(folder.path(), async |client| {
        decide(client, &run, "each[2].ask", "approve").await;
        let read = over(client, &run).await;
        assert_eq!(read["status"], "succeeded", "{}", read["error"]);
        assert_eq!(
            read["outputs"],
            json!({ "sums": [null, 81, 92], "polls": 2 })
        );
        let facts = client.list(&format!("/runs/{run}/events"), 500).await;
        let facts = facts.unwrap();
        let of = |kind: &str| facts.iter().filter(|fact| fact["type"] == kind).count();
        assert_eq!((of("loop_started"), of("pass_finished")), (2, 6));
        assert_eq!((of("pass_started"), of("loop_finished")), (2, 2));
    });
    assert!(druse_storage::verify(folder.path()).unwrap().is_sound());
}

const CHILD: &str = "druse: 1
name: child
inputs:
  n: { type: integer }
steps:
  - { id: x, action: transform, with: { value: \"{{ [LIMIT - inputs.n] | select('>', 0) | only }}\" } }
outputs:
  left: \"{{ steps.x.output }}\"
";

const PARENT: &str = "druse: 1
name: parent
steps:
  - id: each
    for_each: { items: [1, 2, 3, 4], max_parallel: 4, output: \"{{ steps.call.output.outputs.left }}\" }
    steps:
      - { id: call, action: automation, with: { name: child, inputs: { n: \"{{ item }}\" } } }
outputs:
  all: \"{{ steps.each.output }}\"
";

#[test]
fn a_retry_runs_the_failed_items_only() {
    let folder = tempfile::tempdir().unwrap();
    live(folder.path(), async |client| {
        // The child fails for 3 and 4 until it is changed.
        let child = put(client, &CHILD.replace("LIMIT", "3")).await;
        let parent = put(client, PARENT).await;
        let run = start(client, &parent, json!({})).await;
        let read = over(client, &run).await;
        assert_eq!(read["status"], "failed");
        let code = &read["error"]["code"];
        assert_eq!(code, "run_not_successful");
        let step = read["error"]["details"]["step"].as_str().unwrap();
        assert!(["each[2].call", "each[3].call"].contains(&step), "{step}");

        let better = CHILD.replace("LIMIT", "9");
        client
            .send(
                Method::PUT,
                &format!("/automations/{child}"),
                "application/yaml",
                better.into(),
            )
            .await
            .unwrap()
            .success()
            .unwrap();
        activated(client, &json!(child)).await;
        let path = format!("/runs/{run}/retry");
        let again = client.post(&path, &json!({})).await.unwrap();
        let again = over(client, again["id"].as_str().unwrap()).await;
        assert_eq!(again["status"], "succeeded", "{}", again["error"]);
        let succeeded = |run: &Value| -> Vec<String> {
            let mut lines = lines(run);
            lines.retain(|line| line.contains(".call succeeded"));
            lines
        };
        // What had succeeded by the time of the failure is kept: its output is the old child's.
        let (before, after) = (succeeded(&read), succeeded(&again));
        assert_eq!(before.len() + after.len(), 4);
        assert!(before.iter().all(|line| !after.contains(line)));
        let passes = &again["steps"][0]["passes"];
        assert_eq!(passes["kept"], before.len());
        let left = |n: i64| {
            let kept = before.contains(&format!("each[{}].call succeeded", n - 1));
            json!(if kept { 3 - n } else { 9 - n })
        };
        assert_eq!(
            again["outputs"]["all"],
            json!([left(1), left(2), left(3), left(4)])
        );
        let path = format!("/runs/{}/events", again["id"].as_str().unwrap());
        let facts = client.list(&path, 500).await.unwrap();
        let kept = facts.iter().filter(|fact| fact["type"] == "pass_kept");
        assert_eq!(kept.count(), 4);
    });
}

/// Ten thousand passes are many turns and records, and one run that is read as a whole.
#[test]
fn ten_thousand_items_go_through() {
    let folder = tempfile::tempdir().unwrap();
    let document = "druse: 1
name: many
inputs:
  items: { type: array }
steps:
  - id: each
    for_each: { items: \"{{ inputs.items }}\" }
    steps:
      - { id: x, action: transform, with: { value: \"{{ item.id + loop.index }}\" } }
  - id: naps
    needs: [each]
    for_each: { items: \"{{ inputs.items }}\", max_parallel: 10000, output: \"{{ loop.index }}\" }
    steps:
      - { id: nap, action: wait, with: { for: 1ms } }
outputs:
  last: \"{{ steps.each.output | last }}\"
  naps: \"{{ steps.naps.output | length }}\"
";
    let run = live(folder.path(), async |client| {
        let id = put(client, document).await;
        let items: Vec<Value> = (0..10_000).map(|n| json!({ "id": n })).collect();
        let run = start(client, &id, json!({ "items": items })).await;
        let read = over(client, &run).await;
        assert_eq!(read["status"], "succeeded", "{}", read["error"]);
        assert_eq!(read["outputs"], json!({ "last": 19_998, "naps": 10_000 }));
        assert_eq!(read["steps"].as_array().unwrap().len(), 20_002);
        run
    });
    live(folder.path(), async |client| {
        let read = client.get(&format!("/runs/{run}")).await.unwrap();
        assert_eq!(read["steps"][10_000]["path"], "each[9999].x");
        assert_eq!(read["steps"][10_000]["output"], 19_998);
    });
    let store = druse_storage::embedded::Embedded::open(
        folder.path(),
        druse_storage::embedded::Options {
            prepare: false,
            ..Default::default()
        },
    )
    .unwrap();
    let entries = store.run_entries(run.parse().unwrap(), 0, 100_000).unwrap();
    assert_eq!(entries.len(), 1 + 2 * (2 + 10_000) + 10_000 + 20_000 + 1);
}
