//! Whether the server lives, is ready, and how it does; and the description of this API.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    openapi,
    route::Answer,
};
use crate::service::Problem;
use http::StatusCode;
use serde_json::json;
use std::sync::atomic::Ordering;

pub(in crate::api) async fn alive(_: Call) -> Answer {
    ok(&json!({ "status": "ok" }))
}

pub(in crate::api) async fn schema(_: Call) -> Answer {
    ok(&druse_engine::definition::schema())
}

pub(in crate::api) async fn ready(call: Call) -> Answer {
    if !call.app.ready.load(Ordering::Acquire) {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "The server is starting or ending.",
            "Try again in a moment.",
        )
        .retry_after(1));
    }
    if !call.app.store.accepts_work() {
        return Err(druse_storage::AppendError::Full.into());
    }
    ok(&json!({ "status": "ready" }))
}

pub(in crate::api) async fn metrics(call: Call) -> Answer {
    let app = &call.app;
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: u64| {
        text.push_str(&format!(
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
        ));
    };
    metric(
        "druse_runs_live",
        "gauge",
        "Runs that have not ended.",
        app.engine.live() as u64,
    );
    let (queued, limited) = app.engine.queued();
    metric(
        "druse_runs_queued",
        "gauge",
        "Runs that wait for their turn.",
        queued as u64,
    );
    metric(
        "druse_runs_working_limited",
        "gauge",
        "Runs that work and are subject to a limit.",
        limited as u64,
    );
    metric(
        "druse_steps_waiting_for_rate",
        "gauge",
        "Steps that wait for the rate of a connection.",
        app.engine.throttled() as u64,
    );
    metric(
        "druse_http_requests_total",
        "counter",
        "Requests answered since the start.",
        app.requests.load(Ordering::Relaxed),
    );
    metric(
        "druse_http_faults_total",
        "counter",
        "Requests answered with a status of 500 or more.",
        app.faults.load(Ordering::Relaxed),
    );
    metric(
        "druse_api_appends_total",
        "counter",
        "Records that the API made durable since the start, runs not counted.",
        app.appended.load(Ordering::Relaxed),
    );
    metric(
        "druse_store_accepts_work",
        "gauge",
        "Whether new work is let in.",
        u64::from(app.store.accepts_work()),
    );
    Ok(Reply::of(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        text,
    ))
}

pub(in crate::api) async fn description(_: Call) -> Answer {
    ok(&openapi::document())
}
