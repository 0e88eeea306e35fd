//! What is wrong, and what helps.

use super::super::{
    call::{Call, ok},
    route::Answer,
};

pub(in crate::api) async fn examine(call: Call) -> Answer {
    ok(&call.app.diagnosis().await?)
}
