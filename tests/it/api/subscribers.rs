//! Druse as a sender of webhooks: signed, tried again over a crash, and listed.

use crate::cli::Desk;
use crate::harness::{Client, Server, text, wait};
use druse_engine::Timestamp;
use druse_triggers::Verifier;
use druse_triggers::webhook::Headers;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Somebody who is told of events: remembers what came, and refuses the first ones.
#[derive(Clone)]
struct Receiver {
    address: String,
    came: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    refuses: usize,
    with: StatusCode,
}

impl Receiver {
    async fn open(refuses: usize, with: StatusCode) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            came: Arc::default(),
            refuses,
            with,
        };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = serving.clone();
                let answer = service_fn(move |request| receiver.clone().answer(request));
                let session = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(session);
            }
        });
        receiver
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        let mut came = self.came.lock().unwrap();
        came.push((head.headers, body.unwrap_or_default()));
        let status = match came.len() <= self.refuses {
            true => self.with,
            false => StatusCode::NO_CONTENT,
        };
        let answer = Response::builder().status(status);
        Ok(answer.body(Full::default()).unwrap())
    }

    async fn gets(&self, times: usize) -> Vec<(HeaderMap, Bytes)> {
        wait::until(&format!("{times} deliveries"), || {
            let came = self.came.lock().unwrap().clone();
            std::future::ready((came.len() >= times).then_some(came))
        })
        .await
    }
}

async fn set_up(admin: &Client, receiver: &Receiver) {
    admin
        .put("/secrets/signing", &json!({ "value": KEY }))
        .await
        .with(200);
    let connection = json!({ "kind": "http", "base_url": receiver.address });
    admin
        .put("/connections/accounts", &connection)
        .await
        .with(200);
}

/// An automation that emits an event.
async fn emitter(admin: &Client) -> String {
    let emit = json!({ "type": "com.example.paid", "data": { "order": 7 } });
    let document = json!({
        "druse": 1, "name": "emits", "steps": [{ "id": "tell", "action": "emit", "with": emit }],
    });
    let made = admin.post("/automations", &document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    path
}

#[tokio::test]
async fn a_subscription_that_cannot_be_kept_says_why() {
    let server = Server::new().await;
    let admin = server.admin();
    let value = json!({ "value": "too short to sign" });
    admin.put("/secrets/weak", &value).await.with(200);
    let wrong = json!({
        "name": "accounts", "types": ["com.example.*"], "url": "https://example.com/told", "secret": "weak",
    });
    let refused = admin.post("/subscriptions", &wrong).await;
    let refused = refused.problem(422, "bad_subscription");
    assert_eq!(refused["findings"][0]["code"], "bad_secret", "{refused:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_emits_is_sent_signed_and_tried_again_over_a_crash() {
    let receiver = Receiver::open(1, StatusCode::INTERNAL_SERVER_ERROR).await;
    let mut server = Server::new().await;
    let admin = server.admin();
    set_up(&admin, &receiver).await;
    let data = server.data().to_str().unwrap().to_owned();
    let desk = Desk::new();
    let words = "events subscribe accounts --type com.example.* --type run.succeeded --when trigger.data.order==7";
    let words: Vec<&str> = words.split(' ').collect();
    let where_to = [
        "--connection",
        "accounts",
        "--path",
        "/told",
        "--secret",
        "signing",
        "--data",
        &data,
    ];
    let id = desk.run(&[words.as_slice(), &where_to].concat()).ok().out;
    let id = id.trim();
    let path = emitter(&admin).await;
    admin
        .post(&format!("{path}/runs?wait=30s"), &json!({}))
        .await
        .with(200);
    let first = receiver.gets(1).await;
    // It was refused, and the server dies before it tries again.
    let waiting = wait::until("the failed try", || async {
        let page = admin.get(&format!("/subscriptions/{id}/deliveries")).await;
        let waiting = page.with(200)["waiting"][0].clone();
        (waiting["attempts"] == 1).then_some(waiting)
    })
    .await;
    assert!(text(&waiting["error"]).contains("500"), "{waiting}");
    assert!(waiting["next_at"].is_string());
    server.crash().await;
    let both = receiver.gets(2).await;

    // The same event under the same id, each signed for its own time, as the receiver can verify.
    let verify = json!({ "scheme": "standard_webhooks", "secret": "x" });
    let verifier = Verifier::parse(verify.as_object().unwrap()).unwrap();
    for (headers, body) in &both {
        let given: Headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let at = headers["webhook-timestamp"].to_str().unwrap();
        let at = Timestamp(at.parse::<i64>().unwrap() * 1_000);
        let let_in = verifier
            .verify(&given, body, &[KEY.as_bytes()], at)
            .unwrap();
        assert!(let_in.id.unwrap().starts_with("evt_"));
        assert!(
            verifier
                .verify(&given, body, &[b"whsec_b3RoZXIga2V5IG9mIDI0IGJ5dGVz"], at)
                .is_err()
        );
    }
    assert_eq!(both[0].0["webhook-id"], both[1].0["webhook-id"]);
    assert_eq!(both[0].1, both[1].1);
    let event: Value = serde_json::from_slice(&first[0].1).unwrap();
    assert_eq!(event["type"], "com.example.paid");
    assert_eq!(event["data"], json!({ "order": 7 }));
    assert_eq!(event["drusedepth"], 1);
    let admin = server.admin();
    let delivered = wait::until("the delivery", || async {
        let page = admin.get(&format!("/subscriptions/{id}/deliveries")).await;
        let page = page.with(200);
        (page["waiting"] == json!([])).then(|| page["items"][0].clone())
    })
    .await;
    assert_eq!(
        (
            &delivered["status"],
            &delivered["attempts"],
            &delivered["answered"]
        ),
        (&json!("delivered"), &json!(2), &json!(204))
    );
    let said = desk
        .run(&["events", "deliveries", id, "--data", &data])
        .ok()
        .out;
    assert!(
        said.contains("com.example.paid") && said.contains("delivered"),
        "{said}"
    );
    desk.run(&["events", "unsubscribe", id, "--data", &data])
        .ok();
    admin
        .post(&format!("{path}/runs?wait=30s"), &json!({}))
        .await
        .with(200);
    assert_eq!(receiver.gets(2).await.len(), 2, "nobody is told any more");
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_is_gone_is_left_alone() {
    let receiver = Receiver::open(usize::MAX, StatusCode::GONE).await;
    let server = Server::new().await;
    let admin = server.admin();
    set_up(&admin, &receiver).await;
    let new = json!({ "name": "left", "types": ["com.example.*"], "connection": "accounts", "secret": "signing" });
    let made = admin.post("/subscriptions", &new).await.with(201);
    let id = text(&made["id"]);
    let path = emitter(&admin).await;
    for _ in 0..2 {
        admin
            .post(&format!("{path}/runs?wait=30s"), &json!({}))
            .await
            .with(200);
        wait::until("the end of it", || async {
            let shown = admin.get(&format!("/subscriptions/{id}")).await.with(200);
            (shown["status"] == "gone" && shown["waiting"] == 0).then_some(())
        })
        .await;
    }
    assert_eq!(receiver.gets(1).await.len(), 1);
    let types: Vec<String> = wait::until("what tells of it", || async {
        let events = admin.all("/events?type=subscription.*").await;
        (!events.is_empty()).then(|| events.iter().map(|one| text(&one["type"])).collect())
    })
    .await;
    assert_eq!(types, ["subscription.gone"]);
}
