//! Secrets: written, named, removed, never read.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use crate::service::Problem;
use druse_storage::Secret as Row;
use schemars::JsonSchema;
use serde::Deserialize;

/// A secret's value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Value {
    /// The value; it is not given out again.
    pub(in crate::api) value: String,
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let answer = call.page()?.list(&*call.app.store, "", false, |row: Row| {
        Ok(Some(crate::service::secrets::view(&row)))
    })?;
    ok(&answer)
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let row = call
        .app
        .secret(call.param("name"))?
        .ok_or_else(|| Problem::not_found("secret"))?;
    Ok(ok(&crate::service::secrets::view(&row))?.tagged(&crate::service::secrets::tag(&row)))
}

pub(in crate::api) async fn write(call: Call) -> Answer {
    let body: Value = call.json()?;
    let _edits = call.app.edits.lock().await;
    let name = call.param("name");
    let before = call.app.secret(name)?;
    call.if_match(before.as_ref().map(crate::service::secrets::tag).as_deref())?;
    let row = call
        .app
        .write_secret(&call.who, name, body.value, before)
        .await?;
    Ok(ok(&crate::service::secrets::view(&row))?.tagged(&crate::service::secrets::tag(&row)))
}

pub(in crate::api) async fn remove(call: Call) -> Answer {
    let _edits = call.app.edits.lock().await;
    let name = call.param("name");
    let before = call
        .app
        .secret(name)?
        .ok_or_else(|| Problem::not_found("secret"))?;
    call.if_match(Some(&crate::service::secrets::tag(&before)))?;
    call.app.remove_secret(&call.who, name).await?;
    Ok(Reply::empty())
}
