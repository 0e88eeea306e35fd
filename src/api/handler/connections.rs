//! Connections: list, read, write, try out, remove.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use crate::service::Problem;
use crate::service::connections::{ConnectionView, read_connection, tag};
use druse_storage::Connection as Row;
use http::StatusCode;
use serde_json::json;

fn unknown() -> Problem {
    Problem::not_found("connection")
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let answer = call.page()?.list(&*call.app.store, "", false, |row: Row| {
        Ok(Some(ConnectionView::from(row)))
    })?;
    ok(&answer)
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let row = call
        .app
        .connection(call.param("name"))?
        .ok_or_else(unknown)?;
    let tag = tag(&row);
    Ok(ok(&ConnectionView::from(row))?.tagged(&tag))
}

pub(in crate::api) async fn write(call: Call) -> Answer {
    let definition = call.json()?;
    let _edits = call.app.edits.lock().await;
    let name = call.param("name");
    let before = call.app.connection(name)?;
    call.if_match(before.as_ref().map(tag).as_deref())?;
    let row = call
        .app
        .write_connection(&call.who, name, definition)
        .await?;
    let tag = tag(&row);
    Ok(ok(&ConnectionView::from(row))?.tagged(&tag))
}

pub(in crate::api) async fn test(call: Call) -> Answer {
    let name = call.param("name");
    // A definition is tried out as it is, and not kept.
    let mut given = match call.body.is_empty() {
        true => json!({}),
        false => call.json()?,
    };
    let tested = if given == json!({}) {
        call.app.connection(name)?.ok_or_else(unknown)?;
        call.app.connections.test(name).await
    } else {
        let connection = read_connection(&mut given)?;
        call.app.connections.try_out(name, connection).await
    };
    match tested {
        Ok(found) => ok(&found),
        Err(failure) => Err(Problem::new(
            StatusCode::BAD_GATEWAY,
            "connection_failed",
            failure.message,
            "Check the address, the headers and the secrets that it names.",
        )),
    }
}

pub(in crate::api) async fn remove(call: Call) -> Answer {
    let _edits = call.app.edits.lock().await;
    let name = call.param("name");
    let before = call.app.connection(name)?.ok_or_else(unknown)?;
    call.if_match(Some(&tag(&before)))?;
    call.app.remove_connection(&call.who, name).await?;
    Ok(Reply::empty())
}
