//! Documents that are looked at and not stored.

use super::super::{
    call::{Call, ok},
    route::Answer,
};
use druse_engine::Finding;
use schemars::JsonSchema;
use serde::Serialize;

/// What there is to say about a document.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Checked {
    /// Its name; null where it cannot be read as a document.
    name: Option<String>,
    /// Whether it would be stored as it is.
    storable: bool,
    /// Every finding, with its line and column.
    findings: Vec<Finding>,
}

pub(in crate::api) async fn check(call: Call) -> Answer {
    let (app, media, body) = (call.app.clone(), call.media_type(), call.body.clone());
    let judged = call
        .app
        .off_thread(move || app.judge(&media, &body))
        .await?;
    ok(&Checked {
        storable: judged.storable(),
        name: judged.document.map(|document| document.name),
        findings: judged.findings,
    })
}
