//! A document that a form has changed, as it is sent: its text where there is one, so that comments and layout stay.

use crate::console::call::Call;
use crate::console::twin::Refusal;
use druse_engine::definition::{amend, from_value};
use http::header;
use serde_json::Value;

/// The media type and the body that say `after`, where the automation at this path says `before` now.
pub(super) async fn body(
    call: &Call,
    path: &str,
    before: &Value,
    after: &Value,
) -> Result<(&'static str, String), Refusal> {
    let yaml = [(header::ACCEPT, "application/yaml")];
    let stored = call
        .api
        .send(http::Method::GET, path, &yaml, "")
        .await?
        .text();
    let amended = || {
        let before = from_value(before.clone()).ok()?;
        let after = from_value(after.clone()).ok()?;
        Some(amend(&stored, &before, &after)?.text)
    };
    Ok(match amended() {
        Some(text) => ("application/yaml", text),
        None => ("application/json", after.to_string()),
    })
}
