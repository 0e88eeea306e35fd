use super::{Life, World};
use crate::api::Sender;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// A request to a webhook's address.
struct Send<'a> {
    address: &'a str,
    method: Method,
    query: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
}

impl<'a> Send<'a> {
    fn to(trigger: &'a Value) -> Self {
        Self {
            address: trigger["address"].as_str().unwrap(),
            method: Method::POST,
            query: "",
            headers: Vec::new(),
            body: b"",
        }
    }

    fn with(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn body(mut self, content_type: &'a str, body: &'a [u8]) -> Self {
        self.body = body;
        self.with("content-type", content_type)
    }

    async fn send(self, life: &Life) -> (StatusCode, http::HeaderMap, Value) {
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("{}?{}", self.address, self.query));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::from(self.body.to_vec())).unwrap();
        request
            .extensions_mut()
            .insert(Sender("192.0.2.7".parse().unwrap()));
        life.send_with_headers(request).await
    }
}

/// An automation whose runs give back what the delivery brought.
fn echo(name: &str, trigger: Value) -> Value {
    json!({
        "druse": 1, "name": name, "inputs": { "body": {} }, "triggers": [trigger],
        "steps": [{ "id": "echo", "action": "transform", "with": { "value": "{{ inputs.body }}" } }],
        "outputs": { "body": "{{ steps.echo.output }}" },
    })
}

async fn hook(life: &Life, name: &str, webhook: Value) -> Value {
    let inputs = json!({ "body": "{{ trigger.body }}" });
    let trigger = json!({ "id": "hook", "webhook": webhook, "inputs": inputs });
    let id = life.active(&echo(name, trigger)).await;
    life.triggers_of(&id).await.remove(0)
}

async fn secret(life: &Life, name: &str, value: &str) {
    let body = json!({ "value": value });
    let (status, answer) = life.call("PUT", &format!("/secrets/{name}"), &body).await;
    assert!(status.is_success(), "{answer}");
}

fn statuses(firings: &[Value]) -> Vec<&str> {
    firings
        .iter()
        .map(|firing| firing["status"].as_str().unwrap())
        .collect()
}

#[test]
fn bodies_of_every_kind_reach_the_run() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let verify = json!({ "scheme": "none" });
        let hook = hook(&life, "kinds", json!({ "verify": verify, "respond": "result" })).await;
        assert_eq!(hook["open"], true);
        assert_eq!(hook["findings"][0]["code"], "open_webhook");
        let form = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--";
        let file = json!({ "filename": "a.txt", "content_type": "text/plain", "size": 2, "text": "hi" });
        for (content_type, body, seen) in [
            ("application/json", b"{\"a\": [1, 2.5]}".as_slice(), json!({ "a": [1, 2.5] })),
            ("application/x-www-form-urlencoded", b"a=1&b=x+y", json!({ "a": "1", "b": "x y" })),
            ("multipart/form-data; boundary=b", form, json!({ "f": file })),
            ("text/plain", "gr\u{fc}n".as_bytes(), json!("gr\u{fc}n")),
            ("application/octet-stream", b"\xff\x00", json!({ "base64": "/wA=", "size": 2 })),
            ("application/json", b"", Value::Null),
        ] {
            let (status, _, answer) = Send::to(&hook).body(content_type, body).send(&life).await;
            assert_eq!((status.as_u16(), &answer["body"]), (200, &seen), "{content_type}: {answer}");
        }
        let (status, _, problem) = Send::to(&hook).body("application/json", b"{\xff").send(&life).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("bad_body")));
        let firings = life.firings(&hook).await;
        let last = firings.last().unwrap();
        assert_eq!(last["status"], "rejected");
        let path = format!("/triggers/{}/firings/{}", hook["id"].as_str().unwrap(), last["id"].as_str().unwrap());
        let kept = life.get(&path).await;
        assert_eq!(kept["payload"]["base64"], "e/8=", "what could not be read can be looked at");
        let (status, problem) = life.call("POST", &format!("{path}/replay"), &json!({})).await;
        assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("nothing_kept")));
    });
}

#[test]
fn a_repeated_delivery_gets_the_first_answer_for_a_week() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        secret(&life, "key", "open sesame").await;
        let verify = json!({ "scheme": "bearer", "secret": "key" });
        let hook = hook(
            &life,
            "repeats",
            json!({ "verify": verify, "respond": "result" }),
        )
        .await;
        let send = async |body: &[u8]| {
            Send::to(&hook)
                .with("authorization", "Bearer open sesame")
                .with("idempotency-key", "order-7")
                .body("application/json", body)
                .send(&life)
                .await
        };
        let first = send(b"1").await;
        assert_eq!(first.2["body"], 1);
        for day in ["02T00:00:00Z", "07T23:59:59Z", "08T00:00:00Z"] {
            life.set_clock(&format!("2027-03-{day}"));
            assert_eq!(send(b"1").await.2, first.2, "{day}");
        }
        // At once, from many sides: one run.
        life.set_clock("2027-03-08T00:00:01Z");
        let many = (0..8).map(|_| send(b"2"));
        for answer in futures_util::future::join_all(many).await {
            assert_eq!(answer.2["body"], 2, "after a week it is another delivery");
        }
        let firings = life.firings(&hook).await;
        let accepted = statuses(&firings)
            .iter()
            .filter(|status| **status == "accepted")
            .count();
        assert_eq!((accepted, firings.len()), (2, 12));
        // Claims that tell nothing any more are forgotten; the others are not.
        let id = hook["id"].as_str().unwrap();
        let key = format!("{id}/order-7");
        let known = || {
            use druse_storage::StoreExt as _;
            let found: Option<druse_storage::FiringKey> = life.triggers.store().get(&key).unwrap();
            found.is_some()
        };
        life.set_clock("2027-03-15T00:00:00Z");
        life.triggers.sweep().await.unwrap();
        assert!(known());
        life.set_clock("2027-03-15T00:00:02Z");
        life.triggers.sweep().await.unwrap();
        assert!(!known());
    });
}

#[test]
fn what_cannot_be_verified_leaves_a_firing_without_its_body() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        secret(&life, "key", "open sesame").await;
        let verify = json!({ "scheme": "bearer", "secret": "key" });
        let hook = hook(&life, "guessed", json!({ "verify": verify })).await;
        let send = async |key: &str| {
            let key = format!("Bearer {key}");
            let body = b"{\"secret\": \"thing\"}";
            let sent = Send::to(&hook).with("authorization", &key);
            sent.body("application/json", body).send(&life).await
        };
        let mut answers = std::collections::BTreeSet::new();
        for guess in 0..60 {
            let (status, _, mut problem) = send(&format!("guess {guess}")).await;
            assert_eq!(status, 401);
            problem.as_object_mut().unwrap().remove("request_id");
            answers.insert(problem.to_string());
        }
        assert_eq!(answers.len(), 1, "nothing is learned from the text");
        // Who guessed so often is not even looked at for the rest of the minute.
        assert_eq!(send("open sesame").await.0, 401);
        life.set_clock("2027-03-01T00:01:00Z");
        assert_eq!(send("open sesame").await.0, 202);
        let firings = life.firings(&hook).await;
        assert_eq!(firings.len(), 61, "60 refused ones are noted a minute");
        let path = format!(
            "/triggers/{}/firings/{}",
            hook["id"].as_str().unwrap(),
            firings[0]["id"].as_str().unwrap()
        );
        let kept = life.get(&path).await;
        assert_eq!(
            (&kept["status"], kept.get("payload")),
            (&json!("rejected"), None)
        );
        assert!(!kept.to_string().contains("thing"));
    });
}

#[test]
fn whatever_is_wrong_with_a_proof_is_answered_in_the_same_words() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        secret(&life, "key", key).await;
        let verify = json!({ "scheme": "standard_webhooks", "secret": "key" });
        let hook = hook(&life, "silent", json!({ "verify": verify })).await;
        let now = life.clock.load(Ordering::SeqCst) / 1_000;
        let signed = |at: i64| {
            let seconds = at.to_string();
            let signature = druse_triggers::webhook::webhook_signature(
                key.as_bytes(),
                "msg_1",
                &seconds,
                b"{}",
            )
            .unwrap();
            (seconds, signature)
        };
        let (right, long_ago) = (signed(now), signed(now - 301));
        let forged = format!("v1,{}", "A".repeat(43));
        let cases: [&[(&str, &str)]; 6] = [
            &[],
            &[("webhook-id", "msg_1")],
            &[
                ("webhook-id", "msg_1"),
                ("webhook-timestamp", &right.0),
                ("webhook-signature", &forged),
            ],
            &[
                ("webhook-id", "msg_2"),
                ("webhook-timestamp", &right.0),
                ("webhook-signature", &right.1),
            ],
            &[
                ("webhook-id", "msg_1"),
                ("webhook-timestamp", &long_ago.0),
                ("webhook-signature", &long_ago.1),
            ],
            &[
                ("webhook-id", "msg_1"),
                ("webhook-timestamp", "soon"),
                ("webhook-signature", "v1"),
            ],
        ];
        let ask = async |headers: &[(&str, &str)]| {
            let mut sent = Send::to(&hook);
            for (name, value) in headers {
                sent = sent.with(name, value);
            }
            let (status, headers, mut problem) =
                sent.body("application/json", b"{}").send(&life).await;
            problem.as_object_mut().unwrap().remove("request_id");
            let names: Vec<String> = headers.keys().map(ToString::to_string).collect();
            (status.as_u16(), names, problem.to_string())
        };
        let mut answers = std::collections::BTreeSet::new();
        for headers in cases {
            answers.insert(ask(headers).await);
        }
        // A webhook whose secret is not in the store says the same, even to who would know it.
        let (gone, _) = life.call("DELETE", "/secrets/key", &Value::Null).await;
        assert!(gone.is_success());
        let signed = [
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", right.0.as_str()),
            ("webhook-signature", right.1.as_str()),
        ];
        answers.insert(ask(&signed).await);
        assert_eq!(answers.len(), 1, "{answers:#?}");
        assert_eq!(answers.first().unwrap().0, 401);
        // Only those who may see the trigger are told what is the matter with it.
        let id = hook["id"].as_str().unwrap();
        let shown = life.get(&format!("/triggers/{id}")).await;
        assert_eq!(shown["findings"][0]["code"], "missing_secret");
        assert_eq!(shown["firings"]["rejected"]["count"], 7);
        let reason = shown["firings"]["rejected"]["last"]["reason"]
            .as_str()
            .unwrap();
        assert!(reason.contains("not in the store"), "{reason}");
        secret(&life, "key", key).await;
        assert_eq!(ask(&signed).await.0, 202);
    });
}

#[test]
fn limits_of_size_and_number_are_each_hooks_own() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let webhook = json!({
            "verify": { "scheme": "none" }, "max_body": 10, "rate_limit": { "limit": 2, "per": "1m" },
        });
        let hook = hook(&life, "limited", webhook).await;
        let send = async |body: &[u8]| Send::to(&hook).body("text/plain", body).send(&life).await;
        assert_eq!(send(b"01234567890").await.0, 413);
        assert_eq!(send(b"0123456789").await.0, 202);
        assert_eq!(send(b"2").await.0, 202);
        let (status, headers, problem) = send(b"3").await;
        assert_eq!((status.as_u16(), &problem["code"]), (429, &json!("rate_limited")));
        assert_eq!(headers["retry-after"], "30");
        life.set_clock("2027-03-01T00:00:30Z");
        assert_eq!(send(b"4").await.0, 202);
        let firings = life.firings(&hook).await;
        assert_eq!(
            statuses(&firings),
            ["rejected", "accepted", "accepted", "rejected", "accepted"]
        );
    });
}

#[test]
fn what_a_pause_kept_out_can_come_again() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let webhook = json!({ "verify": { "scheme": "none" } });
        let hook = hook(&life, "paused", webhook).await;
        let path = format!("/triggers/{}", hook["id"].as_str().unwrap());
        life.post(&format!("{path}/pause"), &json!({})).await;
        let send = async || {
            let sent = Send::to(&hook).with("idempotency-key", "k");
            sent.body("application/json", b"{\"n\": 7}")
                .send(&life)
                .await
        };
        let (status, headers, _) = send().await;
        assert_eq!(status, 503);
        assert_eq!(headers["retry-after"], "60");
        life.post(&format!("{path}/resume"), &json!({})).await;
        let firing = life.firings(&hook).await.remove(0);
        assert_eq!(firing["status"], "skipped");
        let replay = format!("{path}/firings/{}/replay", firing["id"].as_str().unwrap());
        let again = life.post(&replay, &json!({})).await;
        assert_eq!(
            (&again["status"], &again["replay_of"]),
            (&json!("accepted"), &firing["id"])
        );
        let run = life.ended(&again["run_id"]).await;
        assert_eq!(run["outputs"]["body"]["n"], 7);
        assert_eq!(
            (&run["cause"]["kind"], &run["cause"]["replay_of"]),
            (&json!("webhook"), &firing["id"])
        );
        // The sender's own repetition is no duplicate of what was kept out.
        assert_eq!(send().await.0, 202);
        // What a run has seen is replayed from there.
        let replay = format!("{path}/firings/{}/replay", again["id"].as_str().unwrap());
        let third = life.post(&replay, &json!({})).await;
        assert_eq!(
            life.ended(&third["run_id"]).await["outputs"]["body"]["n"],
            7
        );
    });
}

#[test]
fn handshakes_are_answered_to_those_who_know_the_secret() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        secret(&life, "app", "app secret").await;
        secret(&life, "token", "meatyhamhock").await;
        secret(&life, "signing", "8f742231b10e8888abcd99yyyzzz85a5").await;
        let verify = json!({ "scheme": "github", "secret": "app", "verify_token": "token" });
        let meta = hook(&life, "meta", json!({ "verify": verify })).await;
        let get = |query| Send { method: Method::GET, query, ..Send::to(&meta) };
        let (status, headers, answer) = get("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock")
            .send(&life)
            .await;
        // The test reads JSON where it can: the challenge is a number.
        assert_eq!((status.as_u16(), answer), (200, json!(1_158_201_444)));
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let wrong = get("hub.mode=subscribe&hub.challenge=1&hub.verify_token=guess");
        assert_eq!(wrong.send(&life).await.0, 401);

        let slack = hook(&life, "slack", json!({ "verify": { "scheme": "slack", "secret": "signing" } })).await;
        let body = br#"{"type":"url_verification","challenge":"3eZbrw1aBm2r"}"#;
        let signed = slack_signature(body, 1_803_859_200);
        let send = |signature| {
            Send::to(&slack)
                .with("x-slack-request-timestamp", "1803859200")
                .with("x-slack-signature", signature)
                .body("application/json", body)
        };
        let (status, headers, answer) = send(signed.as_str()).send(&life).await;
        assert_eq!((status.as_u16(), answer), (200, json!("3eZbrw1aBm2r")));
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(send("v0=00").send(&life).await.0, 401, "the challenge has to be signed, too");
        assert_eq!(statuses(&life.firings(&slack).await), ["rejected"], "a challenge is no firing");
        let no_token = Send { method: Method::GET, ..Send::to(&slack) };
        assert_eq!(no_token.send(&life).await.0, 405);

        let origins = json!(["eventgrid.azure.net"]);
        let webhook = json!({
            "verify": { "scheme": "none" }, "origins": origins, "rate_limit": { "limit": 100, "per": "1m" },
        });
        let events = hook(&life, "events", webhook).await;
        let ask = |origin| Send { method: Method::OPTIONS, ..Send::to(&events) }
            .with("webhook-request-origin", origin)
            .with("webhook-request-rate", "1000");
        let (status, headers, _) = ask("eventgrid.azure.net").send(&life).await;
        assert_eq!(status, 200);
        assert_eq!(headers["webhook-allowed-origin"], "eventgrid.azure.net");
        assert_eq!(headers["webhook-allowed-rate"], "100");
        let (status, headers, _) = ask("elsewhere.example.com").send(&life).await;
        assert_eq!((status.as_u16(), headers.get("webhook-allowed-origin")), (200, None));
        let nowhere = json!({ "address": format!("/hooks/{}", "x".repeat(43)) });
        let nobody = Send { method: Method::OPTIONS, ..Send::to(&nowhere) };
        assert_eq!(nobody.send(&life).await.0, 404);
    });
}

fn slack_signature(body: &[u8], at: i64) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac =
        Hmac::<sha2::Sha256>::new_from_slice(b"8f742231b10e8888abcd99yyyzzz85a5").unwrap();
    mac.update(format!("v0:{at}:").as_bytes());
    mac.update(body);
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("v0={hex}")
}

#[test]
fn answers_are_what_the_trigger_says() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let verify = json!({ "scheme": "none" });
        let respond = json!({
            "status": "{{ 201 if steps.echo.status == 'succeeded' else 500 }}",
            "headers": { "X-Run": "{{ run.id }}", "Content-Type": "text/csv" },
            "body": "{{ inputs.body.n }};{{ trigger.method }}",
        });
        let custom = hook(&life, "custom", json!({ "verify": verify, "respond": respond })).await;
        let (status, headers, answer) = Send::to(&custom).body("application/json", b"{\"n\": 7}").send(&life).await;
        assert_eq!((status.as_u16(), answer), (201, json!("7;POST")));
        assert_eq!(headers["content-type"], "text/csv");
        assert!(headers["x-run"].to_str().unwrap().starts_with("run_"));

        // A run that takes longer than the answer may wait for.
        let slow = json!({
            "druse": 1, "name": "slow",
            "triggers": [{ "id": "hook", "webhook": { "verify": verify, "respond": "result", "respond_timeout": "50ms" } }],
            "steps": [{ "id": "gate", "action": "approval_gate", "with": { "title": "Go on?" } }],
        });
        let id = life.active(&slow).await;
        let slow = life.triggers_of(&id).await.remove(0);
        let (status, headers, answer) = Send::to(&slow).with("idempotency-key", "a").send(&life).await;
        assert_eq!(status, 202);
        let location = format!("/api/v1/runs/{}", answer["run_id"].as_str().unwrap());
        assert_eq!((&answer["location"], headers["location"].to_str().unwrap()), (&json!(location), location.as_str()));
        // The caller comes back: the same run, and its answer once it has one.
        let gate = life.get("/approvals").await["items"][0].clone();
        let decide = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
        life.post(&decide, &json!({ "decision": "reject", "comment": "no", "digest": gate["digest"] })).await;
        life.ended(&answer["run_id"]).await;
        let (status, _, problem) = Send::to(&slow).with("idempotency-key", "a").send(&life).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("run_not_successful")));
    });
}

#[test]
fn who_repeats_a_delivery_joins_its_run_while_the_first_still_waits() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let id = life
            .active(&json!({
                "druse": 1, "name": "joined",
                "triggers": [{ "id": "hook", "webhook": {
                    "verify": { "scheme": "none" }, "respond": "result", "respond_timeout": "10m" } }],
                "steps": [{ "id": "gate", "action": "approval_gate", "with": { "title": "Go on?" } }],
                "outputs": { "decision": "{{ steps.gate.output.decision }}" },
            }))
            .await;
        let hook = life.triggers_of(&id).await.remove(0);
        let send = async || {
            Send::to(&hook)
                .with("idempotency-key", "a")
                .send(&life)
                .await
        };
        // Decides only once the first and two that joined are all there, none of them answered yet.
        let decide = async {
            life.until("two that joined", async || {
                let found = life.firings(&hook).await;
                (statuses(&found) == ["accepted", "duplicate", "duplicate"]).then_some(())
            })
            .await;
            let gate = life.get("/approvals").await["items"][0].clone();
            let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
            let body = json!({ "decision": "approve", "digest": gate["digest"] });
            life.post(&path, &body).await;
        };
        let ((), first, second, third) =
            futures_util::future::join4(decide, send(), send(), send()).await;
        for (status, _, answer) in [first, second, third] {
            assert_eq!((status.as_u16(), answer), (200, json!({ "decision": "approve" })));
        }
    });
}

#[test]
fn a_key_that_was_used_for_something_else_is_refused() {
    let world = World::at("2027-03-01T00:00:00Z");
    let (direct, behind) = world.life(async |life| {
        let verify = json!({ "scheme": "none" });
        let direct = hook(&life, "direct", json!({ "verify": verify })).await;
        let mut windowed = json!({ "id": "hook", "webhook": { "verify": verify },
            "inputs": { "body": "{{ trigger.body }}" } });
        windowed["debounce"] = json!({ "delay": "10s" });
        let id = life.active(&echo("behind", windowed)).await;
        let behind = life.triggers_of(&id).await.remove(0);
        for hook in [&direct, &behind] {
            let first = Send::to(hook)
                .with("idempotency-key", "k")
                .body("text/plain", b"one");
            assert_eq!(first.send(&life).await.0, 202);
        }
        (direct, behind)
    });
    // The process dies in between, and the window has started its run.
    world.life(async |life| {
        life.tick_at("2027-03-01T00:00:10Z").await;
        for hook in [&direct, &behind] {
            let again = Send::to(hook)
                .with("idempotency-key", "k")
                .body("text/plain", b"one");
            let (status, _, body) = again.send(&life).await;
            assert_eq!(status, 202);
            assert!(body["run_id"].is_string(), "{body}");
            let other = Send::to(hook)
                .with("idempotency-key", "k")
                .body("text/plain", b"two");
            let (status, _, problem) = other.send(&life).await;
            assert_eq!(
                (status.as_u16(), &problem["code"]),
                (409, &json!("idempotency_conflict"))
            );
            let firings = life.firings(hook).await;
            assert_eq!(statuses(&firings), ["accepted", "duplicate", "rejected"]);
            // An id that a provider gives is only an id.
            for body in [b"one", b"two"] {
                let sent = Send::to(hook)
                    .with("webhook-id", "w")
                    .body("text/plain", body);
                assert_eq!(sent.send(&life).await.0, 202);
            }
        }
    });
}

#[test]
fn no_two_triggers_ever_share_an_address() {
    use druse_storage::{AppendError, Batch, HookAddress};
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let webhook = json!({ "verify": { "scheme": "none" } });
        let first = hook(&life, "first", webhook.clone()).await;
        let second = hook(&life, "second", webhook).await;
        assert_ne!(first["address"], second["address"]);
        let token = first["address"]
            .as_str()
            .unwrap()
            .trim_start_matches("/hooks/");
        let taken = HookAddress {
            digest: druse_triggers::address::digest(token).unwrap(),
            trigger: second["id"].as_str().unwrap().parse().unwrap(),
        };
        let refused = life.triggers.store().append(Batch::new().claim(&taken));
        assert!(matches!(refused.err(), Some(AppendError::Conflict { .. })));
        // Over versions an address stays whose it is.
        let id = first["automation_id"].as_str().unwrap();
        let mut document = life.get(&format!("/automations/{id}")).await["document"].clone();
        document["description"] = "another".into();
        let (status, answer) = life
            .call("PUT", &format!("/automations/{id}"), &document)
            .await;
        assert!(status.is_success(), "{answer}");
        life.post(&format!("/automations/{id}/activate"), &json!({}))
            .await;
        assert_eq!(life.triggers_of(id).await[0]["address"], first["address"]);
    });
}

#[test]
fn a_trigger_may_pin_a_version() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let document = |value: i64, version: Value| {
            let mut trigger = json!({ "id": "hook", "webhook": { "verify": { "scheme": "none" }, "respond": "result" } });
            if !version.is_null() {
                trigger["version"] = version;
            }
            json!({
                "druse": 1, "name": "pinned", "triggers": [trigger],
                "steps": [{ "id": "say", "action": "transform", "with": { "value": value } }],
                "outputs": { "said": "{{ steps.say.output }}" },
            })
        };
        let id = life.active(&document(1, Value::Null)).await;
        let put = async |document: Value| {
            let (status, answer) = life.call("PUT", &format!("/automations/{id}"), &document).await;
            assert!(status.is_success(), "{answer}");
        };
        put(document(2, json!(1))).await;
        life.post(&format!("/automations/{id}/activate"), &json!({})).await;
        let hook = life.triggers_of(&id).await.remove(0);
        assert_eq!(Send::to(&hook).send(&life).await.2, json!({ "said": 1 }));
        put(document(3, json!(9))).await;
        let (status, problem) = life.call("POST", &format!("/automations/{id}/activate"), &json!({})).await;
        assert_eq!(status, 422);
        assert_eq!(problem["findings"][0]["code"], "unknown_version");
        assert_eq!(problem["findings"][0]["path"], "/triggers/0/version");
    });
}
