//! What is kept of the history, and the space of what is not.

use super::super::{
    call::{Call, ok},
    route::Answer,
};
use crate::service::audit::Audited as _;
use druse_storage::Batch;
use serde_json::json;

pub(in crate::api) async fn read(call: Call) -> Answer {
    let (kept, tag) = call.app.retention()?;
    Ok(ok(&kept)?.tagged(&tag))
}

pub(in crate::api) async fn write(call: Call) -> Answer {
    let kept = call.json()?;
    let _edits = call.app.edits.lock().await;
    let (_, tag) = call.app.retention()?;
    call.if_match(Some(&tag))?;
    call.app.write_retention(&call.who, kept).await?;
    let (kept, tag) = call.app.retention()?;
    Ok(ok(&kept)?.tagged(&tag))
}

pub(in crate::api) async fn head(call: Call) -> Answer {
    ok(&call.app.store.log_head())
}

pub(in crate::api) async fn compact(call: Call) -> Answer {
    // What it removes is many records of its own: the line says beforehand who began it, and is let in where space
    // is what is wanted.
    let mut batch = Batch::new().audited(&call.who, "store.compact", &"store", json!({}));
    batch.must_fit = true;
    call.app.commit(batch).await?;
    let app = call.app.clone();
    ok(&call.app.off_thread(move || app.sweep(true)).await?)
}
