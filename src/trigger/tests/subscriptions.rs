use super::{Life, World};
use crate::api::{Listener, serve};
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use druse_engine::Timestamp;
use druse_triggers::Verifier;
use druse_triggers::webhook::Headers;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A status, and how long to wait.
type Told = (u16, Option<&'static str>);

/// Somebody who is told of events: answers as it is told, and keeps what came.
#[derive(Clone, Default)]
struct Subscriber {
    answers: Arc<Mutex<VecDeque<Told>>>,
    came: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

async fn take(
    State(me): State<Subscriber>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    me.came.lock().unwrap().push((headers, body));
    let (status, wait) = me
        .answers
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or((204, None));
    let mut answer = HeaderMap::new();
    if let Some(wait) = wait {
        answer.insert("retry-after", wait.parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), answer)
}

impl Subscriber {
    /// Listens, and makes the connection `here` point at it.
    async fn listen(&self, life: &Life, end: &CancellationToken) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .route("/events", post(take))
            .with_state(self.clone());
        tokio::spawn(serve(vec![Listener::Tcp(listener)], router, end.clone()));
        let connection = json!({ "kind": "http", "base_url": base_url });
        let (status, answer) = life.call("PUT", "/connections/here", &connection).await;
        assert!(status.is_success(), "{answer}");
    }

    fn came(&self) -> Vec<(HeaderMap, Bytes)> {
        self.came.lock().unwrap().clone()
    }
}

async fn secret(life: &Life, name: &str, value: &str) {
    let body = json!({ "value": value });
    let (status, answer) = life.call("PUT", &format!("/secrets/{name}"), &body).await;
    assert!(status.is_success(), "{answer}");
}

async fn subscribe(life: &Life, change: Value) -> Value {
    let mut body = json!({
        "name": "accounts", "types": ["com.example.*"], "connection": "here", "path": "/events",
        "secret": "signing",
    });
    for (key, value) in change.as_object().unwrap() {
        body[key] = value.clone();
    }
    life.post("/subscriptions", &body).await
}

async fn publish(life: &Life, id: &str, event_type: &str) -> Value {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/shop", "type": event_type, "data": { "n": 1 },
    });
    life.post("/events", &event).await
}

async fn deliveries(life: &Life, subscription: &Value) -> Value {
    let id = subscription["id"].as_str().unwrap();
    life.get(&format!("/subscriptions/{id}/deliveries")).await
}

#[test]
fn an_event_is_sent_signed_and_tried_again_over_a_restart() {
    let world = World::at("2027-03-01T00:00:00Z");
    let subscriber = Subscriber::default();
    subscriber
        .answers
        .lock()
        .unwrap()
        .extend([(500, None), (503, Some("90"))]);
    let subscription = world.life(async |life| {
        let end = CancellationToken::new();
        subscriber.listen(&life, &end).await;
        secret(&life, "signing", SECRET).await;
        secret(&life, "old", "whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw").await;
        let subscription = subscribe(&life, json!({ "also": "old" })).await;
        publish(&life, "1", "com.example.paid").await;
        publish(&life, "2", "org.example.other").await;
        life.triggers.send_due().await;
        assert_eq!(subscriber.came().len(), 1, "what nobody named is not sent");
        let listed = deliveries(&life, &subscription).await;
        assert_eq!(listed["waiting"][0]["attempts"], 1);
        let error = listed["waiting"][0]["error"].as_str().unwrap();
        assert!(error.contains("500"), "{error}");
        end.cancel();
        subscription
    });
    world.life(async |life| {
        let end = CancellationToken::new();
        subscriber.listen(&life, &end).await;
        secret(&life, "signing", SECRET).await;
        life.set_clock("2027-03-01T00:00:04Z");
        life.triggers.send_due().await;
        assert_eq!(subscriber.came().len(), 1, "not before its time");
        life.set_clock("2027-03-01T00:00:06Z");
        life.triggers.send_due().await;
        assert_eq!(subscriber.came().len(), 2);
        let listed = deliveries(&life, &subscription).await;
        let next: Timestamp = listed["waiting"][0]["next_at"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        // Five minutes by the plan, which is more than the other side asks for.
        assert!(
            next >= super::time("2027-03-01T00:05:06Z")
                && next < super::time("2027-03-01T00:06:00Z")
        );
        life.set_clock("2027-03-01T00:06:00Z");
        life.triggers.send_due().await;
        let came = subscriber.came();
        assert_eq!(came.len(), 3);
        let listed = deliveries(&life, &subscription).await;
        assert_eq!(
            (&listed["waiting"], &listed["items"][0]["status"]),
            (&json!([]), &json!("delivered"))
        );
        assert_eq!(
            (
                &listed["items"][0]["attempts"],
                &listed["items"][0]["answered"]
            ),
            (&json!(3), &json!(204))
        );

        // Each try carries the same id and body, a time of its own, and what an outsider verifies.
        let verify = json!({ "scheme": "standard_webhooks", "secret": "s" });
        let verifier = Verifier::parse(verify.as_object().unwrap()).unwrap();
        for (index, (headers, body)) in came.iter().enumerate() {
            assert_eq!(headers["content-type"], "application/cloudevents+json");
            assert_eq!(
                (&headers["webhook-id"], body),
                (&came[0].0["webhook-id"], &came[0].1)
            );
            let signatures = headers["webhook-signature"].to_str().unwrap();
            assert_eq!(signatures.split(' ').count(), 2, "both secrets sign");
            let at = [0, 6, 360][index];
            let now = Timestamp(super::time("2027-03-01T00:00:00Z").0 + at * 1_000);
            let given: Headers = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                .collect();
            assert!(
                verifier
                    .verify(&given, body, &[SECRET.as_bytes()], now)
                    .is_ok()
            );
            let event: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(
                (&event["type"], &event["id"]),
                (&json!("com.example.paid"), &json!("1"))
            );
        }
        end.cancel();
    });
}

#[test]
fn a_subscriber_that_is_gone_is_not_asked_again_and_a_paused_one_waits() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let end = CancellationToken::new();
        let subscriber = Subscriber::default();
        subscriber.listen(&life, &end).await;
        secret(&life, "signing", SECRET).await;
        let subscription = subscribe(&life, json!({ "when": "trigger.data.n == 1" })).await;
        let path = format!("/subscriptions/{}", subscription["id"].as_str().unwrap());
        life.post(&format!("{path}/pause"), &json!({ "reason": "they move" }))
            .await;
        let first = publish(&life, "1", "com.example.paid").await;
        life.triggers.send_due().await;
        assert_eq!(subscriber.came().len(), 0);
        assert_eq!(life.get(&path).await["waiting"], 1);
        life.post(&format!("{path}/resume"), &json!({})).await;
        life.triggers.send_due().await;
        assert_eq!(subscriber.came().len(), 1);
        let retry = format!("{path}/deliveries/{}/retry", first["id"].as_str().unwrap());
        life.post(&retry, &json!({})).await;
        life.triggers.send_due().await;
        assert_eq!(subscriber.came().len(), 2, "it can be sent again by hand");
        subscriber.answers.lock().unwrap().push_back((410, None));
        publish(&life, "2", "com.example.paid").await;
        life.triggers.send_due().await;
        let now = life.get(&path).await;
        assert_eq!(
            (&now["status"], &now["waiting"]),
            (&json!("gone"), &json!(0))
        );
        publish(&life, "3", "com.example.paid").await;
        life.triggers.send_due().await;
        assert_eq!(subscriber.came().len(), 3);
        let (status, _) = life.call("DELETE", &path, &Value::Null).await;
        assert_eq!(status, 204);
        assert_eq!(life.get("/subscriptions").await["items"], json!([]));
        end.cancel();
    });
}

#[test]
fn what_happens_inside_is_told_outside_and_given_up_after_days() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let end = CancellationToken::new();
        let subscriber = Subscriber::default();
        subscriber
            .answers
            .lock()
            .unwrap()
            .extend(vec![(400, None); 20]);
        subscriber.listen(&life, &end).await;
        secret(&life, "signing", SECRET).await;
        let subscription = subscribe(&life, json!({ "types": ["run.succeeded"] })).await;
        let id = life.active(&super::quick("told", json!([]))).await;
        let run = life
            .post(&format!("/automations/{id}/runs"), &json!({}))
            .await;
        life.ended(&run["id"]).await;
        life.until("the event of the run", async || {
            life.triggers.tick().await;
            (life.get("/subscriptions").await["items"][0]["waiting"] == 1).then_some(())
        })
        .await;
        let mut tries = 0;
        let given_up = loop {
            life.triggers.send_due().await;
            tries += 1;
            let listed = deliveries(&life, &subscription).await;
            match listed["waiting"][0]["next_at"].as_str() {
                Some(next) => life.set_clock(next),
                None => break listed["items"][0].clone(),
            }
            assert!(tries < 20);
        };
        assert_eq!(
            (tries, &given_up["status"], &given_up["attempts"]),
            (10, &json!("failed"), &json!(10))
        );
        assert_eq!(given_up["answered"], 400);
        let event: Value = serde_json::from_slice(&subscriber.came()[0].1).unwrap();
        assert_eq!(event["data"]["run_id"], run["id"]);
        let days = (life.triggers.now().0 - super::time("2027-03-01T00:00:00Z").0) / 86_400_000;
        assert!((3..=4).contains(&days), "{days}");
        end.cancel();
    });
}

#[test]
fn subscriptions_that_cannot_be_are_refused() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        secret(&life, "signing", SECRET).await;
        secret(&life, "weak", "hunter2!").await;
        let right = json!({ "name": "x", "types": ["*"], "url": "https://example.com/hook", "secret": "signing" });
        let change = |key: &str, value: Value| {
            let mut body = right.clone();
            body[key] = value;
            body
        };
        for (body, path) in [
            (change("url", json!("http://127.0.0.1/")), "/url"),
            (change("url", json!("http://[::ffff:169.254.169.254]/")), "/url"),
            (change("url", json!("ftp://example.com/")), "/url"),
            (change("url", Value::Null), "/url"),
            (change("connection", json!("none")), "/url"),
            (change("types", json!([])), "/types"),
            (change("types", json!(["a", ""])), "/types/1"),
            (change("when", json!("event.x")), "/when"),
            (change("secret", json!("none")), "/secret"),
            (change("secret", json!("weak")), "/secret"),
            (change("also", json!("none")), "/also"),
            (change("path", json!("/x")), "/path"),
            (change("name", json!(" ")), "/name"),
        ] {
            let (status, problem) = life.call("POST", "/subscriptions", &body).await;
            assert_eq!(status, 422, "{body}");
            assert_eq!(problem["findings"][0]["path"], path, "{body}: {problem}");
        }
        life.post("/subscriptions", &right).await;
    });
}
