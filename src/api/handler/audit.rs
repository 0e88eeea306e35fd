//! The audit log: who did what, and why.

use super::super::{
    call::{Call, ok},
    route::Answer,
};
use crate::service::audit::AuditQuery;
use druse_engine::pattern::Pattern;

pub(in crate::api) async fn list(call: Call) -> Answer {
    let page = call.page()?;
    let automation = match call.query.get("automation_id") {
        Some(text) => match text.parse() {
            // One that is gone has its lines all the same.
            Ok(id) => Some(id),
            Err(_) => Some(call.app.automation(text)?.id),
        },
        None => None,
    };
    let query = AuditQuery {
        automation,
        run: call.query.read("run_id", "the id of a run")?,
        by: call.query.get("by").map(str::to_owned),
        action: call.query.get("action").map(Pattern::new),
        since: call.query.read("since", "an RFC 3339 time")?,
        until: call.query.read("until", "an RFC 3339 time")?,
    };
    // A search may have to look at many lines: the others do not wait for it.
    let app = call.app.clone();
    let look = move || app.audit_lines(&query, &page);
    ok(&call.app.off_thread(look).await?)
}
