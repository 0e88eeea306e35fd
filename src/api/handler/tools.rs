//! The tool map.

use super::super::{
    call::{Call, ok},
    route::Answer,
};

pub(in crate::api) async fn read(call: Call) -> Answer {
    let (value, tag) = call.app.tools()?;
    Ok(ok(&value)?.tagged(&tag))
}

pub(in crate::api) async fn write(call: Call) -> Answer {
    let value = call.value()?;
    let _edits = call.app.edits.lock().await;
    let (_, tag) = call.app.tools()?;
    call.if_match(Some(&tag))?;
    call.app.write_tools(&call.who, value).await?;
    let (value, tag) = call.app.tools()?;
    Ok(ok(&value)?.tagged(&tag))
}
