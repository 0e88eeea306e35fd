//! A retry keeps what asks for the same as before, and says so before it begins.

use crate::harness::server::druse;
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};
use std::path::Path;

/// Two steps that look something up, and one that pays, if it is not too much. Each leaves a line.
fn document(file: &Path, lookup: &str) -> Value {
    let step = |id: &str, script: &str, value: &str| {
        json!({ "id": id, "action": "shell",
            "with": { "argv": ["/bin/sh", "-c", script, "sh", value], "env": { "FILE": file } } })
    };
    let mut pay = step(
        "pay",
        "echo \"pay $1\" >> \"$FILE\"; [ \"$1\" -le 100 ]",
        "{{ inputs.amount }}",
    );
    pay["needs"] = json!(["lookup", "price"]);
    json!({ "druse": 1, "name": "pay",
        "inputs": { "amount": { "type": "integer" }, "region": { "type": "string", "default": "EU" } },
        "steps": [
            step("lookup", lookup, "{{ inputs.region }}"),
            step("price", "echo price >> \"$FILE\"", "x"),
            pay,
            { "id": "told", "needs": ["pay"], "action": "transform", "with": { "value": 1 } },
        ] })
}

const LOOKUP: &str = "echo \"lookup $1\" >> \"$FILE\"";

async fn failed(server: &Server, file: &Path) -> (Client, String, String) {
    let admin = server.admin();
    let made = admin
        .post("/automations", &document(file, LOOKUP))
        .await
        .with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let inputs = json!({ "inputs": { "amount": 500 } });
    let run = admin.post(&format!("{path}/runs"), &inputs).await.with(202);
    let run = text(&run["id"]);
    wait::run(&admin, &run, "failed").await;
    (admin, path, run)
}

fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // The first two come in any order.
    lines[..2].sort();
    lines
}

#[tokio::test]
async fn results_are_kept_by_what_their_steps_ask_for() {
    let server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("effects");
    let (admin, path, run) = failed(&server, &file).await;
    let second = "echo \"look $1\" >> \"$FILE\"";
    admin.put(&path, &document(&file, second)).await.with(200);
    let preview = async |body: Value| {
        let found = admin
            .post(&format!("/runs/{run}/retry/preview"), &body)
            .await;
        let found = found.with(200);
        (found["keeps"].clone(), found["runs_again"].clone())
    };
    let pay = json!({ "step": "pay", "why": "it failed before" });
    let told = json!({ "step": "told", "why": "it comes after pay" });
    let same = (json!(["lookup", "price"]), json!([pay, told]));
    assert_eq!(preview(json!({})).await, same);
    let less = json!({ "inputs": { "amount": 50, "region": "EU" } });
    assert_eq!(preview(less.clone()).await, same);
    let lookup = json!({ "step": "lookup", "why": "it asks for something else" });
    let after = json!({ "step": "pay", "why": "it comes after lookup" });
    let other = (json!(["price"]), json!([lookup, after, told]));
    let region = json!({ "inputs": { "amount": 50, "region": "US" } });
    assert_eq!(preview(region).await, other);
    assert_eq!(preview(json!({ "version": 2 })).await, other);
    let chosen = json!({ "step": "price", "why": "it was chosen" });
    let after = json!({ "step": "pay", "why": "it comes after price" });
    assert_eq!(
        preview(json!({ "from": "price" })).await,
        (json!(["lookup"]), json!([chosen, after, told]))
    );
    let unknown = json!({ "from": "nowhere" });
    let path = format!("/runs/{run}/retry/preview");
    admin.post(&path, &unknown).await.problem(404, "not_found");
    assert_eq!(
        lines(&file),
        ["lookup EU", "price", "pay 500"],
        "nothing ran"
    );
    let path = format!("/runs/{run}/retry");
    let again = text(&admin.post(&path, &less).await.with(202)["id"]);
    wait::run(&admin, &again, "succeeded").await;
    assert_eq!(lines(&file), ["lookup EU", "price", "pay 500", "pay 50"]);
    // What a retry has done anew is kept by the next one like anything else.
    let from_price = json!({ "from": "price" });
    let anew = text(&admin.post(&path, &from_price).await.with(202)["id"]);
    wait::run(&admin, &anew, "failed").await;
    let after = format!("/runs/{anew}/retry");
    let done = text(&admin.post(&after, &less).await.with(202)["id"]);
    wait::run(&admin, &done, "succeeded").await;
    let prices = lines(&file).iter().filter(|line| *line == "price").count();
    assert_eq!(prices, 2, "once, and once more from there");
    // What was kept once is kept again, by what the first run asked for.
    let path = format!("/runs/{again}/retry");
    let newer = json!({ "version": 2, "from": "pay", "reason": "the new way" });
    let third = text(&admin.post(&path, &newer).await.with(202)["id"]);
    wait::run(&admin, &third, "succeeded").await;
    let all = lines(&file);
    assert!(all.contains(&"look EU".to_owned()), "{all:?}");
}

#[tokio::test]
async fn the_command_line_says_what_is_kept_before_it_starts() {
    let server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("effects");
    let (admin, _, run) = failed(&server, &file).await;
    let retry = |more: &[&str]| {
        let output = druse(
            ["runs", "retry", &run]
                .iter()
                .chain(more)
                .chain(&["--data"]),
        )
        .arg(server.data())
        .output()
        .unwrap();
        assert!(output.status.success(), "{output:?}");
        (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let said = "Kept: lookup, price.\nRuns again: pay (it failed before).\nRuns again: told (it comes after pay).\n";
    let (out, err) = retry(&["-i", "amount=50", "--preview"]);
    assert_eq!((out.as_str(), err.as_str()), (said, ""));
    assert_eq!(lines(&file).len(), 3, "nothing ran");
    let (out, err) = retry(&["-i", "amount=50", "--reason", "too much before"]);
    assert_eq!(err, said);
    let again = out.trim().rsplit(' ').next().unwrap().trim_end_matches('.');
    let over = wait::run(&admin, again, "succeeded").await;
    assert_eq!(over["inputs"], json!({ "amount": 50, "region": "EU" }));
    assert_eq!(over["cause"]["reason"], "too much before");
    assert_eq!(lines(&file), ["lookup EU", "price", "pay 500", "pay 50"]);
}

/// The lines of effects that a step left, each with the key that it had.
fn keys(file: &Path, step: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix(step));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[tokio::test]
async fn what_is_tried_once_more_keeps_its_key_and_other_work_has_another() {
    let server = Server::new().await;
    let admin = server.admin();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("effects");
    let step = |id: &str, then: &str, value: &str| {
        let script = format!("echo \"{id} $DRUSE_IDEMPOTENCY_KEY\" >> \"$FILE\"; {then}");
        json!({ "id": id, "action": "shell",
            "with": { "argv": ["/bin/sh", "-c", script, "sh", value], "env": { "FILE": file } } })
    };
    let mut pay = step("pay", "[ \"$1\" = 50 ]", "{{ inputs.amount }}");
    pay["needs"] = json!(["look"]);
    let document = json!({ "druse": 1, "name": "pay", "inputs": { "amount": { "type": "integer" } },
        "steps": [step("look", "true", "x"), pay],
        "finally": [step("unlock", "true", "x")] });
    let made = admin.post("/automations", &document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let inputs = json!({ "inputs": { "amount": 500 } });
    let run = admin.post(&format!("{path}/runs"), &inputs).await.with(202);
    let first = text(&run["id"]);
    wait::run(&admin, &first, "failed").await;
    let retry = async |body: Value, status: &str| {
        let path = format!("/runs/{first}/retry");
        let run = text(&admin.post(&path, &body).await.with(202)["id"]);
        wait::run(&admin, &run, status).await;
        run
    };
    retry(json!({}), "failed").await;
    let pays = keys(&file, "pay");
    assert_eq!(pays[0], pays[1], "the same payment once more");
    retry(json!({ "inputs": { "amount": 50 } }), "succeeded").await;
    let pays = keys(&file, "pay");
    assert!(!pays[..2].contains(&pays[2]), "another payment: {pays:?}");
    retry(json!({ "from": "look" }), "failed").await;
    let (looks, pays) = (keys(&file, "look"), keys(&file, "pay"));
    assert_ne!(looks[0], looks[1]);
    assert_eq!((looks.len(), pays.len()), (2, 4));
    assert_eq!(pays[0], pays[3], "it had failed, and is tried once more");
    let unlocks = keys(&file, "unlock");
    let different: std::collections::BTreeSet<_> = unlocks.iter().collect();
    assert_eq!((unlocks.len(), different.len()), (4, 4), "{unlocks:?}");
}

/// Runs outlive their automation, and nothing new begins with it.
#[tokio::test]
async fn a_run_of_a_removed_automation_comes_to_its_end_and_is_not_retried() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({ "druse": 1, "name": "gone", "steps": [
        { "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } },
        { "id": "done", "action": "transform", "needs": ["ask"], "with": { "value": 1 } },
    ], "outputs": { "done": "{{ steps.done.output }}" } });
    let made = admin.post("/automations", &document).await.with(201);
    let id = text(&made["id"]);
    let path = format!("/automations/{id}");
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let run = admin.post(&format!("{path}/runs"), &json!({})).await;
    let run = text(&run.with(202)["id"]);
    wait::run(&admin, &run, "waiting").await;
    admin.delete(&path).await.problem(409, "still_active");
    let deactivate = format!("{path}/deactivate");
    admin.post(&deactivate, &json!({})).await.with(200);
    admin.delete(&path).await.with(204);
    let gates = admin.get("/approvals").await.with(200);
    let gate = &gates["items"][0];
    let decide = format!("/approvals/{}/decision", text(&gate["id"]));
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    admin.post(&decide, &yes).await.with(200);
    let ended = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(ended["outputs"], json!({ "done": 1 }));
    let retry = format!("/runs/{run}/retry");
    for path in [retry.clone(), format!("{retry}/preview")] {
        let refused = admin
            .post(&path, &json!({}))
            .await
            .problem(404, "not_found");
        assert!(
            text(&refused["detail"]).contains("automation"),
            "{refused:#}"
        );
    }
    // Neither does a step of another one, by its id.
    let other = json!({ "druse": 1, "name": "other", "steps": [
        { "id": "go", "action": "automation", "with": { "id": id, "version": 1 } },
    ] });
    let made = admin.post("/automations", &other).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let run = admin.post(&format!("{path}/runs"), &json!({})).await;
    let failed = wait::run(&admin, &text(&run.with(202)["id"]), "failed").await;
    assert_eq!(failed["error"]["code"], "unknown_automation", "{failed:#}");
}

/// A step that paid, and whose undo ran out of its time: nobody knows whether it was undone.
pub(crate) fn left_open(file: &Path) -> Value {
    json!({ "druse": 1, "name": "order", "undo_on_failure": true, "steps": [
        { "id": "pay", "action": "shell", "timeout": "2s",
            "with": { "argv": ["/bin/sh", "-c", "echo paid >> \"$FILE\""], "env": { "FILE": file } },
            "undo": { "action": "shell", "with": { "argv": ["sleep", "600"] } } },
        { "id": "ship", "needs": ["pay"], "action": "shell", "with": { "argv": ["false"] } },
    ] })
}

#[tokio::test]
async fn what_nobody_knows_to_be_undone_is_named_and_kept_where_a_person_says_so() {
    let server = Server::new().await;
    let admin = server.admin();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("effects");
    let made = admin.post("/automations", &left_open(&file)).await;
    let path = format!("/automations/{}", text(&made.with(201)["id"]));
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let run = admin.post(&format!("{path}/runs"), &json!({})).await;
    let run = text(&run.with(202)["id"]);
    wait::run(&admin, &run, "failed").await;
    let preview = async |body: Value| {
        let path = format!("/runs/{run}/retry/preview");
        admin.post(&path, &body).await.with(200)
    };
    let found = preview(json!({})).await;
    assert_eq!(found["keeps"], json!([]));
    let open = &found["undo_unknown"];
    assert_eq!(open[0]["step"], "pay", "{found}");
    assert_eq!(open[0]["undo"], "failed");
    assert_eq!(open[0]["error"]["class"], "timeout");
    assert_eq!(open[1], Value::Null);
    let kept = preview(json!({ "keep": ["pay"] })).await;
    assert_eq!(kept["keeps"], json!(["pay"]));
    assert_eq!(&kept["undo_unknown"], open);
    let said = |more: &[&str]| {
        let words = ["runs", "retry", &run, "--preview"];
        let words = words.iter().chain(more).chain(&["--data"]);
        let output = druse(words).arg(server.data()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let asks = "Nobody knows whether it was undone: pay. `--keep STEP` keeps its result.";
    assert!(said(&[]).contains(asks), "{}", said(&[]));
    let kept = said(&["--keep", "pay"]);
    assert_eq!(kept, "Kept: pay.\nRuns again: ship (it failed before).\n");
}
