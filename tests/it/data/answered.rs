//! A number in an answer that is the value of a secret, by chance or not: later steps get it as it was, and nobody
//! sees it.

use super::sensitive::{active, all_views, approve, holding, start};
use super::service::Service;
use crate::harness::{Server, wait};
use serde_json::{Value, json};

/// Found nowhere by chance.
const ACCOUNT: u64 = 831_427_551;
const PIN: u64 = 4711;

const PAY: &str = r#"druse: 1
name: pay
inputs:
  pin: { type: integer, sensitive: true }
steps:
  - id: look
    action: shell
    with: { argv: [cat, FILE] }
  - id: ask
    action: approval_gate
    needs: [look]
    with: { title: Pay? }
  - id: pay
    action: http
    needs: [ask]
    with:
      connection: bank
      method: POST
      path: /pay
      json:
        amount: "{{ steps.look.output.json.amount }}"
        count: "{{ steps.look.output.json.count }}"
        text: "no. {{ steps.look.output.json.amount }}"
        rows: "{{ steps.look.output.json.rows }}"
outputs:
  amount: "{{ steps.look.output.json.amount }}"
"#;

const OUTER: &str = r#"druse: 1
name: outer-NAME
steps:
  - id: look
    action: shell
    with: { argv: [cat, FILE] }
  - id: inner
    action: automation
    needs: [look]
    with: { name: NAME, inputs: { amount: "{{ steps.look.output.json.amount }}" } }
"#;

const INNER: &str = r#"druse: 1
name: NAME
inputs:
  amount: SCHEMA
steps:
  - id: pay
    action: http
    with: { connection: bank, method: POST, path: /inner, json: { amount: "{{ inputs.amount }}" } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_a_secrets_value_reaches_later_steps_and_nobody_else() {
    let bank = Service::start().await;
    let mut server = Server::new().await;
    let client = server.admin();
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("answer.json");
    let answer = json!({ "amount": ACCOUNT, "count": PIN, "rows": [ACCOUNT, 12], "other": 7 });
    std::fs::write(&file, answer.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let connection = json!({ "kind": "http", "base_url": bank.address });
    client.put("/connections/bank", &connection).await.with(200);
    let secret = json!({ "value": ACCOUNT.to_string() });
    client.put("/secrets/account", &secret).await.with(200);
    let pay = active(&client, &PAY.replace("FILE", file)).await;
    let run = start(&client, &pay, &json!({ "pin": PIN })).await;
    wait::approval(&client, &run).await;

    server.crash().await;
    let client = server.admin();
    approve(&client, &run).await;
    let done = wait::run(&client, &run, "succeeded").await;
    let sent = json!({ "amount": ACCOUNT, "count": PIN, "text": format!("no. {ACCOUNT}"), "rows": [ACCOUNT, 12] });
    assert_eq!(bank.seen()[0]["body"], sent);

    let hidden = "[sensitive]";
    let shown = json!({ "amount": hidden, "count": hidden, "rows": [hidden, 12], "other": 7 });
    assert_eq!(done["steps"][0]["output"]["json"], shown);
    let printed = &done["steps"][0]["output"]["stdout"];
    assert!(printed.to_string().contains("[redacted]"), "{printed}");
    assert_eq!(done["outputs"], json!({ "amount": hidden }));
    assert_eq!(done["steps"][2]["input"]["json"]["text"], "no. [sensitive]");
    // The service says what it was sent.
    assert_eq!(done["steps"][2]["output"]["json"]["body"]["amount"], hidden);
    let views = all_views(&client, &run).await;
    for secret in [ACCOUNT.to_string().as_str(), "{{ sealed."] {
        assert!(!views.contains(secret), "{views}");
    }
    assert_eq!(
        holding(server.data(), &ACCOUNT.to_string()),
        Vec::<String>::new()
    );

    // A retry keeps what was looked up, and sends the same.
    let body = json!({ "from": "pay" });
    let again = client.post(&format!("/runs/{run}/retry"), &body).await;
    let again = again.with(202)["id"].as_str().unwrap().to_owned();
    wait::run(&client, &again, "succeeded").await;
    assert_eq!(bank.seen()[1]["body"], sent);
    server.stop().await;
    server.verify();
}

const FINDS: &str = r#"druse: 1
name: finds
steps:
  - id: look
    action: shell
    with: { argv: [cat, FILE] }
outputs:
  amount: "{{ steps.look.output.json.amount }}"
"#;

const ASKS: &str = r#"druse: 1
name: asks
steps:
  - id: found
    action: automation
    with: { name: finds }
  - id: pay
    action: http
    with: { connection: bank, method: POST, path: /pay, json: { amount: "{{ steps.found.output.outputs.amount }}" } }
"#;

/// Another run shows its inputs, but for those that it keeps sensitive.
#[tokio::test(flavor = "multi_thread")]
async fn such_a_number_goes_into_another_automation_only_as_a_sensitive_input() {
    let bank = Service::start().await;
    let server = Server::new().await;
    let client = server.admin();
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("answer.json");
    std::fs::write(&file, json!({ "amount": ACCOUNT }).to_string()).unwrap();
    let connection = json!({ "kind": "http", "base_url": bank.address });
    client.put("/connections/bank", &connection).await.with(200);
    let secret = json!({ "value": ACCOUNT.to_string() });
    client.put("/secrets/account", &secret).await.with(200);
    let children = [
        ("shows", "{ type: integer }", "failed"),
        ("keeps", "{ type: integer, sensitive: true }", "succeeded"),
    ];
    for (name, schema, status) in children {
        let inner = INNER.replace("NAME", name).replace("SCHEMA", schema);
        active(&client, &inner).await;
        let outer = OUTER.replace("NAME", name);
        let outer = outer.replace("FILE", file.to_str().unwrap());
        let outer = active(&client, &outer).await;
        let run = start(&client, &outer, &json!({})).await;
        let done = wait::run(&client, &run, status).await;
        if status == "failed" {
            assert_eq!(done["error"]["code"], "sensitive_not_allowed");
        }
        let views = all_views(&client, &run).await;
        assert!(!views.contains(&ACCOUNT.to_string()), "{views}");
    }
    // What another automation found comes back as it was.
    active(&client, &FINDS.replace("FILE", file.to_str().unwrap())).await;
    let asks = active(&client, ASKS).await;
    let run = start(&client, &asks, &json!({})).await;
    wait::run(&client, &run, "succeeded").await;
    let views = all_views(&client, &run).await;
    for secret in [ACCOUNT.to_string().as_str(), "{{ sealed."] {
        assert!(!views.contains(secret), "{views}");
    }
    let seen = bank.seen();
    let sent: Vec<&Value> = seen.iter().map(|seen| &seen["body"]).collect();
    assert_eq!(sent, [&json!({ "amount": ACCOUNT }); 2]);
    assert_eq!(
        holding(server.data(), &ACCOUNT.to_string()),
        Vec::<String>::new()
    );
}

const CHECKED: &str = r#"druse: 1
name: checked-MOST
steps:
  - id: look
    action: shell
    with: { argv: [cat, FILE] }
    output_schema:
      type: object
      properties:
        json:
          type: object
          required: [amount]
          properties: { amount: { type: integer, maximum: MOST } }
  - id: pay
    action: http
    needs: [look]
    with: { connection: bank, method: POST, path: /pay, json: { amount: "{{ steps.look.output.json.amount }}" } }
"#;

/// What a step has to give is said of the number, and not of what is kept in its place.
#[tokio::test(flavor = "multi_thread")]
async fn such_a_number_is_judged_by_what_it_is_and_not_told() {
    let bank = Service::start().await;
    let server = Server::new().await;
    let client = server.admin();
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("answer.json");
    std::fs::write(&file, json!({ "amount": ACCOUNT }).to_string()).unwrap();
    let connection = json!({ "kind": "http", "base_url": bank.address });
    client.put("/connections/bank", &connection).await.with(200);
    let secret = json!({ "value": ACCOUNT.to_string() });
    client.put("/secrets/account", &secret).await.with(200);
    let document = |most: u64| {
        let document = CHECKED.replace("FILE", file.to_str().unwrap());
        document.replace("MOST", &most.to_string())
    };
    let fits = active(&client, &document(900_000_000)).await;
    let run = start(&client, &fits, &json!({})).await;
    let done = wait::run(&client, &run, "succeeded").await;
    assert_eq!(done["steps"][0]["output"]["json"]["amount"], "[sensitive]");
    assert_eq!(bank.seen()[0]["body"], json!({ "amount": ACCOUNT }));

    // So it is for other versions that are tried on the run, and where it is tried again with one.
    let path = format!("/automations/{fits}");
    let mut versions = Vec::new();
    for most in [800_000_000_u64, 900_000_001] {
        let other = document(most).replace(&format!("checked-{most}"), "checked-900000000");
        let request = client.request("PUT", &path).yaml(&other);
        let made = request.send().await.with(200);
        versions.push(made["latest_version"].as_u64().unwrap());
    }
    for (version, same) in versions.iter().zip([false, true]) {
        let body = json!({ "runs": 1 });
        let address = format!("{path}/versions/{version}/try");
        let tried = client.post(&address, &body).await.with(200);
        assert_eq!(tried["counts"]["same"], u64::from(same), "{tried:#}");
        assert!(
            !tried.to_string().contains(&ACCOUNT.to_string()),
            "{tried:#}"
        );
    }

    let small = active(&client, &document(800_000_000)).await;
    let run_of_small = start(&client, &small, &json!({})).await;
    let done = wait::run(&client, &run_of_small, "failed").await;
    assert_eq!(done["error"]["code"], "answer_changed");
    let change = &done["error"]["details"]["changes"][0];
    assert_eq!(change["place"], "/json/amount");
    assert_eq!(change["came"], "[sensitive]", "{change:#}");
    assert_eq!(change["came_type"], "number");
    assert_eq!(change["value"], Value::Null);
    assert_eq!(bank.seen().len(), 1);
    for run in [&run, &run_of_small] {
        let views = all_views(&client, run).await;
        for secret in [ACCOUNT.to_string().as_str(), "{{ sealed."] {
            assert!(!views.contains(secret), "{views}");
        }
    }
    assert_eq!(
        holding(server.data(), &ACCOUNT.to_string()),
        Vec::<String>::new()
    );
}
