//! What waits for somebody, and what nobody is shown.

use super::{active, started};
use crate::api::uncertain::uncertain;
use crate::harness::{Browser, Server, wait};
use serde_json::{Value, json};

#[tokio::test]
async fn a_step_of_which_nobody_knows_whether_it_happened_waits_at_home_and_is_decided() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("payments");
    let (admin, run) = uncertain(&mut server, &file).await;
    let operator = Browser::role(&server, "operator").await;
    let home = operator.see("/").await;
    assert!(
        home.contains("Decide: did step pay of pay happen?"),
        "{home}"
    );
    let path = format!("/runs/{run}");
    assert!(home.contains(&format!("href=\"{path}\"")), "{home}");
    let page = operator.see(&path).await;
    for part in [
        "a person must find out whether step pay happened",
        "What did you find?",
        "It happened: go on",
        "It did not happen: start it again",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let resolve = format!("{path}/resolve");
    let wrong = [
        ("step", "pay"),
        ("found", "happened"),
        ("output", "{ paid"),
        ("reason", "the bank shows it"),
    ];
    let refused = operator.post(&resolve, &wrong).await;
    refused.says(422, "is not JSON");
    refused.says(422, "the bank shows it");
    let right = [
        ("step", "pay"),
        ("found", "happened"),
        ("output", r#"{ "stdout": "paid by hand" }"#),
        ("reason", "the bank shows it"),
    ];
    operator.act(&resolve, &right).await;
    wait::run(&admin, &run, "succeeded").await;
    assert!(!operator.see("/").await.contains("Decide:"));
}

#[tokio::test]
async fn a_sensitive_input_is_on_no_page_of_its_run_and_a_large_value_is_folded() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(
        &server,
        "druse: 1
name: keeps
capabilities: { programs: [\"true\"] }
inputs:
  pin: { type: string, sensitive: true }
  text: { type: string }
steps:
  - { id: send, action: shell, with: { argv: [\"true\"], env: { PIN: \"{{ inputs.pin }}\" } } }
  - { id: say, action: transform, needs: [send], with: { value: \"{{ inputs.text }}\" } }
",
    )
    .await;
    let long = "a long text ".repeat(200);
    let run = started(
        &admin,
        &id,
        json!({ "pin": "7731-secret-4410", "text": long }),
    )
    .await;
    wait::run(&admin, &run, "succeeded").await;
    let viewer = Browser::role(&server, "viewer").await;
    for tab in ["steps", "graph", "values", "journal", "compare"] {
        let page = viewer.see(&format!("/runs/{run}?tab={tab}")).await;
        assert!(!page.contains("7731-secret-4410"), "{tab}: {page}");
    }
    let page = viewer.see(&format!("/runs/{run}?tab=values")).await;
    assert!(
        page.contains("<details class=\"value\">") && page.contains("2400 characters"),
        "{page}"
    );
    let read: Value = admin.get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(read["inputs"]["text"], long);
}
