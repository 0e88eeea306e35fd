//! The decision, and what is to be read of a run afterwards.

use super::People;
use crate::harness::text;
use serde_json::{Value, json};

/// The gate is decided once, on what was shown, by somebody who may.
pub(super) async fn decide(people: &People, gate: &Value) {
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    let yes = json!({ "decision": "approve", "comment": "Go on.", "digest": gate["digest"] });
    people
        .operator
        .post(&path, &yes)
        .await
        .problem(403, "role_too_low");
    for digest in [
        format!("sha256:{}", "0".repeat(64)),
        "what I saw".to_owned(),
    ] {
        let wrong = json!({ "decision": "approve", "digest": digest });
        let refused = people
            .approver
            .request("POST", &path)
            .key("yes")
            .json(&wrong)
            .send()
            .await;
        refused.problem(409, "approval_changed");
    }
    let form =
        json!({ "decision": "approve", "digest": gate["digest"], "fields": { "colour": "red" } });
    people
        .approver
        .post(&path, &form)
        .await
        .problem(422, "bad_fields");
    // A refusal is not kept: the same key decides now.
    let send = || {
        people
            .approver
            .request("POST", &path)
            .key("yes")
            .json(&yes)
            .send()
    };
    let decided = send().await.with(200);
    assert_eq!(decided["status"], "approved");
    assert_eq!(decided["decisions"][0]["by"], "approver");
    assert_eq!(decided["decisions"][0]["comment"], "Go on.");
    assert_eq!(send().await.with(200), decided);
    people
        .approver
        .post(&path, &yes)
        .await
        .problem(409, "already_decided");
    let no = json!({ "decision": "reject", "comment": "no", "digest": gate["digest"] });
    people
        .admin
        .post(&path, &no)
        .await
        .problem(409, "already_decided");
    let other = people
        .approver
        .request("POST", &path)
        .key("yes")
        .json(&no)
        .send()
        .await;
    other.problem(409, "idempotency_conflict");
}

/// What a finished run shows.
pub(super) async fn finished(people: &People, run: &Value) {
    assert_eq!(run["version"], 9);
    assert_eq!(run["cause"]["kind"], "manual");
    assert_eq!(run["inputs"], json!({ "reserve": 200 }));
    assert_eq!(
        run["outputs"],
        json!({ "payment": "PAY-0001", "told": null })
    );
    assert_eq!(run["error"], Value::Null);
    let steps = run["steps"].as_array().unwrap();
    let statuses: Vec<(&str, &str)> = steps
        .iter()
        .map(|step| {
            (
                step["id"].as_str().unwrap(),
                step["status"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("read_file", "succeeded"),
        ("get_account", "succeeded"),
        ("size", "succeeded"),
        ("approve_pay", "succeeded"),
        ("pay", "succeeded"),
        ("receipt", "succeeded"),
        ("tell", "skipped"),
    ];
    assert_eq!(statuses, expected);
    for (step, tried) in steps.iter().zip([1, 1, 0, 0, 1, 0, 0]) {
        let attempts = step["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), tried, "{step:#}");
        for attempt in attempts {
            assert_eq!(
                (&attempt["number"], &attempt["status"]),
                (&json!(1), &json!("succeeded"))
            );
            assert_eq!(attempt["error"], Value::Null);
            assert!(attempt["started_at"].as_str() <= attempt["finished_at"].as_str());
        }
        for field in ["path", "action", "input", "output", "error"] {
            assert!(step.get(field).is_some(), "{field} of {step:#}");
        }
    }
    assert_eq!(steps[4]["input"]["arguments"]["amount"], 50.0);
    assert_eq!(steps[4]["output"]["json"]["balance"], 1200.0);
    assert_eq!(steps[3]["output"]["decision"], "approve");
    assert_eq!(steps[3]["output"]["by"], "approver");

    // The answer to the first request, again.
    let path = format!("/automations/{}/runs", text(&run["automation_id"]));
    let body = json!({ "inputs": { "reserve": 200 } });
    let again = people
        .operator
        .request("POST", &path)
        .key("start")
        .json(&body)
        .send()
        .await;
    assert_eq!(again.with(202)["id"], run["id"]);
    let other = people
        .operator
        .request("POST", &path)
        .key("start")
        .json(&json!({}))
        .send()
        .await;
    other.problem(409, "idempotency_conflict");
}

/// The journal as a list, page by page, is what was followed live, before and after the kill.
pub(super) async fn history(people: &People, run: &Value, followed: &[Value]) {
    let path = format!("/runs/{}/events", text(&run["id"]));
    let listed = people.viewer.all(&path).await;
    assert_eq!(listed, followed);
    let numbers: Vec<u64> = listed
        .iter()
        .map(|fact| fact["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=listed.len() as u64).collect::<Vec<_>>());
    let names: Vec<&str> = listed
        .iter()
        .map(|fact| fact["type"].as_str().unwrap())
        .collect();
    assert_eq!((names[0], names[names.len() - 1]), ("created", "finished"));
    let middle = numbers.len() / 2;
    let after = people.viewer.all(&format!("{path}?after={middle}")).await;
    assert_eq!(after, &listed[middle..]);
    let mut cursor = String::new();
    let mut paged = Vec::new();
    loop {
        let page = people
            .viewer
            .get(&format!("{path}?limit=1{cursor}"))
            .await
            .with(200);
        assert!(page["items"].as_array().unwrap().len() <= 1);
        paged.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, listed);
    let filter = format!(
        "/runs?automation_id={}&status=succeeded&cause=manual",
        text(&run["automation_id"])
    );
    let runs = people.viewer.all(&filter).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["id"], run["id"]);
    assert_eq!(runs[0].get("steps"), None);
}
