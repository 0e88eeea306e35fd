//! Triggers at work over a real store and engine, on a clock that the tests set, through lives that end
//! as a killed process does.

mod backfills;
mod builtin;
mod clock;
mod crowded;
mod files;
mod history;
mod hooks;
mod polls;
mod schedules;
mod subscriptions;
mod unread;
mod waits;
mod windows;

use super::Triggers;
use crate::action::{Actions, Limits, ShellPolicy};
use crate::api::{self, Peer};
use crate::connection::Connections;
use crate::runtime::Engine;
use crate::secret::{SecretStore, Secrets};
use crate::service::{App, Options, Principal};
use axum::body::Body;
use druse_engine::Timestamp;
use druse_storage::embedded::{self, Embedded};
use druse_storage::fault::FaultyReads;
use druse_storage::{Store, Table};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tower::ServiceExt as _;

/// A data folder and a clock, over several lives.
struct World {
    folder: tempfile::TempDir,
    clock: Arc<AtomicI64>,
}

/// One life of the process.
struct Life {
    app: App,
    triggers: Triggers,
    router: axum::Router,
    /// Makes reads fail.
    reads: FaultyReads,
    clock: Arc<AtomicI64>,
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl World {
    fn at(start: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(AtomicI64::new(time(start).0)),
        }
    }

    /// A life that ends in the middle of everything when the work is done.
    fn life<T, F: Future<Output = T>>(&self, work: impl FnOnce(Life) -> F) -> T {
        self.life_that(true, None, work)
    }

    /// A life that ends before it tells any wait of events.
    fn deaf_life<T, F: Future<Output = T>>(&self, work: impl FnOnce(Life) -> F) -> T {
        self.life_that(false, None, work)
    }

    /// A life that begins while no row of a table can be read.
    fn life_without<T, F: Future<Output = T>>(
        &self,
        unread: Table,
        work: impl FnOnce(Life) -> F,
    ) -> T {
        self.life_that(true, Some(unread), work)
    }

    fn life_that<T, F: Future<Output = T>>(
        &self,
        hears: bool,
        unread: Option<Table>,
        work: impl FnOnce(Life) -> F,
    ) -> T {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let gave = runtime.block_on(async {
            let life = Life::open(self.folder.path(), self.clock.clone(), hears, unread).await;
            work(life).await
        });
        runtime.shutdown_timeout(Duration::from_secs(60));
        gave
    }
}

/// The store in a folder; reads of it can be made to fail.
fn store_in(folder: &Path) -> FaultyReads {
    let options = embedded::Options {
        prepare: false,
        ballast_bytes: 0,
        ..embedded::Options::default()
    };
    FaultyReads::new(Arc::new(Embedded::open(folder, options).unwrap()))
}

fn engine_over(store: &Arc<dyn Store>) -> (Arc<Secrets>, Arc<Connections>, Engine) {
    let secrets = Arc::new(Secrets::new());
    let connections = Arc::new(Connections::new(secrets.clone()));
    let actions = Actions::new(
        connections.clone(),
        secrets.clone(),
        ShellPolicy::any(),
        Limits::default(),
    );
    let engine = Engine::new(store.clone(), Arc::new(actions));
    (secrets, connections, engine)
}

impl Life {
    async fn open(
        folder: &Path,
        clock: Arc<AtomicI64>,
        hears: bool,
        unread: Option<Table>,
    ) -> Self {
        let reads = store_in(folder);
        let store: Arc<dyn Store> = Arc::new(reads.clone());
        let (secrets, connections, engine) = engine_over(&store);
        let seal = Arc::new(SecretStore::with_key([7; 32]));
        let app = App::new(
            store.clone(),
            engine.clone(),
            seal,
            secrets.clone(),
            connections,
            Options::default(),
        );
        app.open_secrets().unwrap();
        app.open_connections().unwrap();
        let shown = clock.clone();
        let now = Arc::new(move || Timestamp(shown.load(Ordering::SeqCst)));
        let triggers = Triggers::load_with(store, engine.clone(), secrets, now).unwrap();
        if let Some(table) = unread {
            reads.set_table_unread(table, true);
        }
        engine.recover().await.unwrap();
        tokio::spawn(engine.clone().keep_time());
        if hears {
            tokio::spawn(engine.keep_hearing(true));
        }
        triggers.take_up().await.unwrap();
        app.set_triggers(triggers.clone());
        let who = Principal::local(0);
        let router = api::router(app.clone()).layer(axum::Extension(Peer::Inside(who)));
        Self {
            app,
            triggers,
            router,
            reads,
            clock,
        }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let (status, _, body) = self.send_with_headers(request).await;
        (status, body)
    }

    async fn send_with_headers(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
        (status, headers, body)
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let body = match body {
            Value::Null => Body::empty(),
            Value::String(text) => Body::from(text.clone()),
            other => Body::from(other.to_string()),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .body(body)
            .unwrap();
        self.send(request).await
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null).await;
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call("POST", path, body).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    /// Stores and activates a document; gives the automation's id.
    async fn active(&self, document: &Value) -> String {
        let made = self.post("/automations", document).await;
        let id = made["id"].as_str().unwrap().to_owned();
        self.post(&format!("/automations/{id}/activate"), &json!({}))
            .await;
        id
    }

    /// The triggers of an automation, in the order of their names.
    async fn triggers_of(&self, automation: &str) -> Vec<Value> {
        let path = format!("/automations/{automation}/triggers");
        let mut items = self.get(&path).await["items"].as_array().unwrap().clone();
        items.sort_by_key(|item| item["name"].as_str().unwrap().to_owned());
        items
    }

    /// All firings of a trigger, oldest first.
    async fn firings(&self, trigger: &Value) -> Vec<Value> {
        let id = trigger["id"].as_str().unwrap();
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .get(&format!("/triggers/{id}/firings?limit=200{cursor}"))
                .await;
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        all.reverse();
        all
    }

    fn set_clock(&self, to: &str) {
        self.clock.store(time(to).0, Ordering::SeqCst);
    }

    /// Sets the clock and does what is due then.
    async fn tick_at(&self, to: &str) {
        self.set_clock(to);
        self.triggers.tick().await;
    }

    /// Waits for a level: until the check gives something, at most a minute.
    async fn until<T>(&self, what: &str, check: impl AsyncFn() -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(found) = check().await {
                return found;
            }
            assert!(tokio::time::Instant::now() < deadline, "{what} never came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until a run has ended, and gives it.
    async fn ended(&self, run: &Value) -> Value {
        let path = format!("/runs/{}", run.as_str().unwrap());
        self.until("the end of a run", async || {
            let run = self.get(&path).await;
            let over = ["succeeded", "failed", "canceled", "rejected"];
            over.contains(&run["status"].as_str().unwrap())
                .then_some(run)
        })
        .await
    }
}

/// A document whose runs end at once.
fn quick(name: &str, triggers: Value) -> Value {
    json!({
        "druse": 1, "name": name, "triggers": triggers,
        "steps": [{ "id": "note", "action": "transform", "with": { "value": "{{ run.scheduled_at }}" } }],
        "outputs": { "at": "{{ steps.note.output }}" },
    })
}

/// A document whose runs wait at a gate until somebody decides.
fn gated(name: &str, triggers: Value) -> Value {
    json!({
        "druse": 1, "name": name, "triggers": triggers,
        "steps": [{ "id": "gate", "action": "approval_gate", "with": { "title": "Go on?" } }],
    })
}

/// `status` and `scheduled_at` of firings, as short text.
fn shown(firings: &[Value]) -> Vec<String> {
    firings
        .iter()
        .map(|firing| {
            let at = firing["scheduled_at"].as_str().unwrap_or("-");
            format!("{} {at}", firing["status"].as_str().unwrap())
        })
        .collect()
}
