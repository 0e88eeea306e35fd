//! The examples that ship with Druse.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use crate::service::examples;
use http::StatusCode;
use serde_json::json;

pub(in crate::api) async fn list(_: Call) -> Answer {
    ok(&json!({ "items": examples::list(), "next_cursor": null }))
}

pub(in crate::api) async fn lay_out(call: Call) -> Answer {
    let made = call.app.lay_out(&call.who, call.param("name")).await?;
    Reply::json(StatusCode::CREATED, &made)
}
