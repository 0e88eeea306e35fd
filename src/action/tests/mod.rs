//! Actions against real sockets and processes.

mod artifacts;
mod file;
mod http;
mod mail;
mod mcp;
mod postgres;
mod shell;
mod sqlite;

use super::*;
use crate::connection::Connection;
use druse_engine::{Json, RunId, event::Failure, plan::SecretPlace};
use serde_json::{Value, json};
use std::time::Duration;

/// Far beyond what a loaded machine needs; no test waits for it.
const LONG: Duration = Duration::from_secs(120);

fn limits() -> Limits {
    Limits {
        http_timeout: LONG,
        http_body: 100_000,
        shell_timeout: LONG,
        shell_output: 100_000,
        shell_grace: Duration::from_millis(50),
        mcp_timeout: LONG,
        sql_timeout: LONG,
        sql_rows: 100,
        sql_bytes: 100_000,
        file_timeout: LONG,
        file_bytes: 1_000,
        file_size: 2_000,
        mail_timeout: LONG,
        mail_bytes: 100_000,
    }
}

fn actions(connections: Value, secrets: &[(&str, &str)]) -> Actions {
    with_policy(connections, secrets, ShellPolicy::any())
}

fn with_policy(connections: Value, secrets: &[(&str, &str)], policy: ShellPolicy) -> Actions {
    let known = Arc::new(Secrets::new());
    for (name, value) in secrets {
        known.set(*name, *value);
    }
    let set = Arc::new(Connections::new(known.clone()));
    for (name, value) in connections.as_object().unwrap() {
        set.set(name, Connection::parse("", value).unwrap());
    }
    Actions::new(set, known, policy, limits())
}

fn attempt(kind: &str, input: Value) -> Attempt {
    Attempt {
        run: RunId::from_parts(1_800_000_000_000, [1; 10]),
        root: RunId::from_parts(1_800_000_000_000, [1; 10]),
        step: "a_step".into(),
        number: 2,
        kind: kind.into(),
        input: input.into(),
        given: Json::null(),
        sensitive: Vec::new(),
        secrets: vec![SecretPlace {
            place: String::new(),
            name: "TOKEN".into(),
        }],
        idempotency_key: "key-1".into(),
        fence: 7,
        timeout: None,
        reads_only: false,
        pins: Default::default(),
        capabilities: None,
        log: crate::step_log::AttemptLog::default(),
        files: crate::artifacts::Files::default(),
    }
}

async fn output(actions: &Actions, kind: &str, input: Value) -> Value {
    match actions.perform(attempt(kind, input), never()).await {
        Outcome::Succeeded { output } => output.value().clone(),
        failed @ Outcome::Failed { .. } => panic!("{failed:?}"),
    }
}

async fn failure(actions: &Actions, kind: &str, input: Value) -> Failure {
    failed(actions.perform(attempt(kind, input), never()).await).0
}

fn failed(outcome: Outcome) -> (Failure, Option<u64>) {
    match outcome {
        Outcome::Failed {
            failure,
            retry_after_ms,
        } => (failure, retry_after_ms),
        succeeded @ Outcome::Succeeded { .. } => panic!("{succeeded:?}"),
    }
}

fn never() -> CancellationToken {
    CancellationToken::new()
}

fn details(failure: &Failure) -> &Value {
    failure.details.as_ref().map_or(&Value::Null, Json::value)
}

struct Runtime;

impl Internal for Runtime {
    fn automation<'a>(
        &'a self,
        _: &'a Attempt,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(async { panic!("kaboom") })
    }

    fn emit<'a>(
        &'a self,
        attempt: &'a Attempt,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(async { Ok(attempt.input.clone()) })
    }
}

#[tokio::test]
async fn the_runtime_does_its_own_kinds_and_a_panic_is_a_failure() {
    let actions = actions(json!({}), &[("TOKEN", "s3cret-token")]);
    let unknown = failure(&actions, "emit", json!({})).await;
    assert_eq!(unknown.code, "not_supported");
    let runtime: Arc<dyn Internal> = Arc::new(Runtime);
    actions.set_internal(Arc::downgrade(&runtime));
    let emitted = output(&actions, "emit", json!({ "a": "s3cret-token" })).await;
    assert_eq!(emitted, json!({ "a": "[redacted]" }));
    let panicked = failure(&actions, "automation", json!({})).await;
    assert_eq!(panicked.code, "internal_error");
    assert!(!panicked.message.contains("kaboom"));
}

#[tokio::test]
async fn a_canceled_attempt_does_nothing() {
    let actions = actions(json!({}), &[]);
    let cancel = never();
    cancel.cancel();
    let outcome = actions
        .perform(attempt("shell", json!({ "argv": ["true"] })), cancel)
        .await;
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
}
