//! Rates of connections: who waits for them, what is said about it, and what stands in the journals.

use super::{active, start};
use crate::harness::{Client, Server, druse, text, wait};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A service on loopback that counts who comes, and answers the first ones with what it is told.
#[derive(Clone, Default)]
struct Service {
    address: String,
    asked: Arc<AtomicUsize>,
    refuses: usize,
    status: u16,
    retry_after: &'static str,
}

impl Service {
    async fn open(refuses: usize, status: u16, retry_after: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            refuses,
            status,
            retry_after,
        };
        let serving = service.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = serving.clone();
                let answer = service_fn(move |request| service.clone().answer(request));
                let session = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(session);
            }
        });
        service
    }

    async fn answer(self, _: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = Response::builder().header("content-type", "application/json");
        let answer = match before < self.refuses {
            true => answer
                .status(self.status)
                .header("retry-after", self.retry_after),
            false => answer.status(200),
        };
        Ok(answer.body(Full::from("{}")).unwrap())
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn connect(&self, admin: &Client, rate: &Value) {
        let connection = json!({ "kind": "http", "base_url": self.address, "rate": rate });
        let answer = admin.put("/connections/crm", &connection).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    }
}

/// One call over the connection.
fn calls(name: &str, step: Value) -> Value {
    let mut call = json!({ "id": "call", "action": "http",
        "with": { "connection": "crm", "path": "/" } });
    for (key, value) in step.as_object().unwrap() {
        call[key] = value.clone();
    }
    json!({ "druse": 1, "name": name, "steps": [call] })
}

/// The times at which attempts began, as the journals have them.
async fn began(admin: &Client, runs: &[String]) -> Vec<i64> {
    let mut times = Vec::new();
    for run in runs {
        let shown = admin.get(&format!("/runs/{run}")).await.with(200);
        for step in shown["steps"].as_array().unwrap() {
            for attempt in step["attempts"].as_array().unwrap() {
                let at: jiff::Timestamp = text(&attempt["started_at"]).parse().unwrap();
                times.push(at.as_millisecond());
            }
        }
    }
    times.sort_unstable();
    times
}

#[tokio::test]
async fn never_more_attempts_begin_than_the_rate_says_whoever_makes_them_and_whatever_dies() {
    let service = Service::open(0, 200, "").await;
    let mut server = Server::new().await;
    let admin = server.admin();
    service.connect(&admin, &json!("5/s")).await;
    let one = active(&admin, &calls("one", json!({}))).await;
    let many = json!({ "druse": 1, "name": "many", "steps": [
        { "id": "each", "for_each": { "items": [1, 2, 3, 4, 5, 6], "max_parallel": 6 }, "steps": [
            { "id": "call", "action": "http", "with": { "connection": "crm", "path": "/" } }] }] });
    let many = active(&admin, &many).await;
    let mut runs = Vec::new();
    for crash in [true, true, false] {
        let admin = server.admin();
        for _ in 0..3 {
            runs.push(start(&admin, &one, json!({})).await);
        }
        runs.push(start(&admin, &many, json!({})).await);
        let before = service.asked();
        wait::until("a call", || async {
            (service.asked() > before).then_some(())
        })
        .await;
        if crash {
            server.crash().await;
        }
    }
    let admin = server.admin();
    for run in &runs {
        wait::run(&admin, run, "succeeded").await;
    }
    let times = began(&admin, &runs).await;
    assert!(
        times.len() >= 27 && times.len() >= service.asked(),
        "{times:?}"
    );
    for group in times.windows(6) {
        assert!(group[5] - group[0] >= 1_000, "{group:?} in {times:?}");
    }
}

#[tokio::test]
async fn a_step_that_waits_for_a_rate_says_so_and_can_be_ended_paused_and_let_go() {
    let service = Service::open(0, 200, "").await;
    let server = Server::new().await;
    let admin = server.admin();
    for (rate, burst, place) in [
        ("0/m", 1, "/rate"),
        ("30/x", 1, "/rate"),
        ("-3/m", 1, "/rate"),
        ("3/m", 4, "/burst"),
    ] {
        let wrong =
            json!({ "kind": "http", "base_url": service.address, "rate": rate, "burst": burst });
        let problem = admin
            .put("/connections/crm", &wrong)
            .await
            .problem(422, "bad_connection");
        let finding = &problem["findings"][0];
        assert_eq!(finding["code"], "wrong_value", "{problem:#}");
        assert_eq!(finding["path"], place, "{problem:#}");
        assert_ne!(finding["help"], "", "{problem:#}");
    }
    service.connect(&admin, &json!("1/h")).await;
    let path = active(&admin, &calls("calls", json!({}))).await;
    let first = start(&admin, &path, json!({})).await;
    wait::run(&admin, &first, "succeeded").await;
    let late = active(&admin, &{
        let mut document = calls("late", json!({}));
        document["timeout"] = json!("2s");
        document
    })
    .await;
    let late = start(&admin, &late, json!({})).await;
    let second = start(&admin, &path, json!({})).await;
    let third = start(&admin, &path, json!({ "priority": 9 })).await;
    for run in [&second, &third] {
        wait::run(&admin, run, "waiting").await;
    }
    // The run's own time goes on while a step of it waits.
    let late = wait::until("the end of the one with a time limit", || async {
        let shown = admin.get(&format!("/runs/{late}")).await.with(200);
        (!shown["finished_at"].is_null()).then_some(shown)
    })
    .await;
    assert_eq!(late["error"]["code"], "run_timeout", "{late:#}");

    let says = "waits for the rate 1/h of connection crm, position 1, about ";
    let shown = wait::run(&admin, &third, "waiting").await;
    let waits = text(&shown["waits_for"]);
    assert!(waits.starts_with(&format!("step call {says}")), "{shown:#}");
    let step = &shown["steps"][0];
    assert_eq!(step["status"], "waiting");
    assert!(text(&step["waits_for"]).starts_with(says), "{shown:#}");
    assert_eq!(
        (&step["attempts"], step["waits_until"].is_null()),
        (&json!([]), false)
    );
    let listed = admin.all("/runs?status=waiting").await;
    assert_eq!(listed.len(), 2);
    assert!(
        text(&listed[0]["waits_for"]).contains("of connection crm"),
        "{listed:#?}"
    );

    let queues = admin.all("/queues").await;
    let [queue] = queues.as_slice() else {
        panic!("{queues:#?}");
    };
    assert_eq!(
        [
            &queue["kind"],
            &queue["connection"],
            &queue["rate"],
            &queue["limit"],
            &queue["taken"]
        ],
        [
            &json!("rate"),
            &json!("crm"),
            &json!("1/h"),
            &json!(1),
            &json!(1)
        ]
    );
    let order: Vec<&Value> = queue["queue"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&order[0]["run_id"], &order[1]["run_id"]),
        (&json!(third), &json!(second))
    );
    assert_eq!(
        (&order[0]["step"], &order[0]["priority"]),
        (&json!("call"), &json!(9))
    );
    let metrics = admin.root("GET", "/metrics").send().await;
    assert!(
        metrics.text.contains("druse_steps_waiting_for_rate 2\n"),
        "{}",
        metrics.text
    );

    let data = server.data().to_str().unwrap();
    let said = |arguments: &[&str]| {
        let output = druse(arguments).args(["--data", data]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let table = said(&["queues"]);
    assert!(
        table.contains("crm (1/h)") && table.contains("1 of 1"),
        "{table}"
    );
    let why = said(&["runs", "why", &second]);
    assert!(
        why.contains("the rate 1/h of connection crm, position 2, about "),
        "{why}"
    );
    let doctor = admin.get("/doctor").await.with(200);
    assert_eq!(doctor["runs"]["stuck"], 0, "{doctor:#}");

    // Whoever is paused lets others pass; one that is canceled is gone from the queue.
    admin
        .post(&format!("/runs/{third}/pause"), &json!({}))
        .await
        .with(202);
    let shown = admin.get(&format!("/runs/{second}")).await.with(200);
    assert!(text(&shown["waits_for"]).contains(says), "{shown:#}");
    admin
        .post(&format!("/runs/{third}/resume"), &json!({}))
        .await
        .with(202);
    let shown = admin.get(&format!("/runs/{second}")).await.with(200);
    assert!(
        text(&shown["waits_for"]).contains("position 2"),
        "{shown:#}"
    );
    let canceled = admin
        .post(&format!("/runs/{third}/cancel"), &json!({}))
        .await
        .with(202);
    assert_eq!(canceled["status"], "canceled");
    let shown = admin.get(&format!("/runs/{second}")).await.with(200);
    assert!(
        text(&shown["waits_for"]).contains("position 1"),
        "{shown:#}"
    );
    // Another rate counts from the next attempt on, and none lets all go.
    service.connect(&admin, &json!("2/d")).await;
    wait::run(&admin, &second, "succeeded").await;
    let fourth = start(&admin, &path, json!({})).await;
    wait::run(&admin, &fourth, "waiting").await;
    service.connect(&admin, &Value::Null).await;
    wait::run(&admin, &fourth, "succeeded").await;
    assert_eq!(service.asked(), 3);
    assert_eq!(admin.all("/queues").await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_the_other_side_asked_for_holds_every_run_and_survives_a_crash() {
    let service = Service::open(1, 429, "Fri, 31 Dec 2100 23:59:59 GMT").await;
    let mut server = Server::new().await;
    let admin = server.admin();
    service.connect(&admin, &json!("1000/s")).await;
    let path = active(&admin, &calls("calls", json!({}))).await;
    let first = start(&admin, &path, json!({})).await;
    wait::run(&admin, &first, "failed").await;
    let other = active(&admin, &calls("other", json!({}))).await;
    let second = start(&admin, &other, json!({})).await;
    let shown = wait::run(&admin, &second, "waiting").await;
    let says = text(&shown["waits_for"]);
    assert!(
        says.contains("; the other side asked to wait until "),
        "{says}"
    );
    let before = admin.all("/queues").await;
    assert_ne!(before[0]["held_until"], Value::Null, "{before:#?}");
    server.crash().await;
    let admin = server.admin();
    wait::run(&admin, &second, "waiting").await;
    let after = admin.all("/queues").await;
    assert_eq!(
        after[0]["held_until"], before[0]["held_until"],
        "{after:#?}"
    );
    assert_eq!(service.asked(), 1);
    // Whoever writes the connection anew has looked at it.
    service.connect(&admin, &json!("1000/s")).await;
    wait::run(&admin, &second, "succeeded").await;
    server.crash().await;
    let admin = server.admin();
    let third = start(&admin, &other, json!({})).await;
    wait::run(&admin, &third, "succeeded").await;
}

#[tokio::test]
async fn a_retry_takes_its_turn_too() {
    let service = Service::open(2, 503, "0").await;
    let server = Server::new().await;
    let admin = server.admin();
    service.connect(&admin, &json!("2/s")).await;
    let retry = json!({ "retry": { "attempts": 5, "backoff": "1ms" } });
    let path = active(&admin, &calls("calls", retry)).await;
    let run = start(&admin, &path, json!({})).await;
    let shown = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(shown["steps"][0]["attempts"].as_array().unwrap().len(), 3);
    let times = began(&admin, &[run]).await;
    assert!(times[2] - times[0] >= 1_000, "{times:?}");
}
