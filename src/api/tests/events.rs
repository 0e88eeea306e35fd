//! Webhooks and events.

use super::*;

#[tokio::test]
async fn webhooks_and_events_start_runs_once() {
    let server = Server::new().await;
    let put = server
        .call("PUT", "/secrets/hook", &[], "{\"value\":\"open sesame\"}")
        .await;
    assert_eq!(put.status, 200, "{}", put.body);
    assert!(!put.body.to_string().contains("sesame"));
    let id = server
        .active(
            "druse: 1
name: hooked
inputs: { n: { type: integer } }
triggers:
  - id: hook
    webhook: { verify: { scheme: bearer, secret: hook }, respond: result }
    inputs: { n: \"{{ trigger.body.n }}\" }
  - id: closed
    event: { type: com.example.* }
    inputs: { n: \"{{ trigger.data.n }}\" }
steps:
  - id: double
    action: transform
    with: { value: \"{{ inputs.n * 2 }}\" }
outputs: { twice: \"{{ steps.double.output }}\" }
",
        )
        .await;
    let triggers = server
        .call("GET", &format!("/automations/{id}/triggers"), &[], "")
        .await;
    let items = triggers.body["items"].as_array().unwrap();
    let hook = items.iter().find(|item| item["name"] == "hook").unwrap();
    let address = hook["address"].as_str().unwrap();
    let deliver = |secret: &'static str| {
        Request::builder()
            .method(Method::POST)
            .uri(address)
            .header("authorization", format!("Bearer {secret}"))
            .header("content-type", "application/json")
            .header("idempotency-key", "delivery-1")
            .body(Body::from("{\"n\": 21}"))
            .unwrap()
    };
    assert_eq!(server.send(deliver("guess")).await.status, 401);
    let first = server.send(deliver("open sesame")).await;
    assert_eq!(
        (first.status.as_u16(), &first.body),
        (200, &json!({ "twice": 42 }))
    );
    let again = server.send(deliver("open sesame")).await;
    assert_eq!(again.body, first.body);

    let event = json!({ "specversion": "1.0", "id": "1", "source": "/books", "type": "com.example.closed", "data": { "n": 1 } });
    let (one, two) = (
        server.post("/events", &event).await,
        server.post("/events", &event).await,
    );
    assert_eq!(one.status, 202, "{}", one.body);
    assert_eq!(one.body["runs"].as_array().unwrap().len(), 1);
    assert_eq!(one.body, two.body);
    let runs = server.call("GET", "/runs", &[], "").await;
    assert_eq!(runs.body["items"].as_array().unwrap().len(), 2);
    let firings = server
        .call(
            "GET",
            &format!("/triggers/{}/firings", hook["id"].as_str().unwrap()),
            &[],
            "",
        )
        .await;
    let statuses: Vec<_> = firings.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|firing| firing["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        ["duplicate", "accepted", "rejected"],
        "newest first"
    );
}
