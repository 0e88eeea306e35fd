//! Who was quicker, and what they changed: told to whoever comes too late with a change of their own.

use super::versions;
use crate::console::call::Call;
use crate::console::component::time;
use crate::console::twin::Refusal;
use http::StatusCode;
use maud::{Markup, html};
use serde_json::Value;

/// The most versions that are told one by one.
const MOST: usize = 10;

/// Whether a form was refused because somebody else had been quicker.
pub(super) fn is_late(call: &Call) -> bool {
    let refused = call.refusal.as_ref();
    refused.is_some_and(|refusal| refusal.status == StatusCode::PRECONDITION_FAILED)
}

/// The version that the form was shown with: by itself, or at the beginning of an entity tag.
pub(super) fn seen(call: &Call) -> Option<u64> {
    let tag = call.form.text("tag").trim_matches('"');
    let named = tag.split('-').next().filter(|number| !number.is_empty());
    named.unwrap_or(call.form.text("version")).parse().ok()
}

/// Who made the versions since the one that was seen, and how the newest differs from it. Nothing where nobody did.
pub(super) async fn show(call: &Call, automation: &Value) -> Result<Markup, Refusal> {
    let latest = automation["latest_version"].as_u64().unwrap_or(1);
    let seen = seen(call).filter(|seen| is_late(call) && *seen < latest);
    let (Some(seen), Some(id)) = (seen, automation["id"].as_str()) else {
        return Ok(html! {});
    };
    let path = format!("/automations/{id}");
    let mut made = Vec::new();
    for number in (seen + 1..=latest).rev().take(MOST) {
        made.extend(call.api.find(&format!("{path}/versions/{number}")).await?);
    }
    let diff = format!("{path}/diff?from={seen}&to={latest}");
    let diff = call.api.find(&diff).await?.unwrap_or_default();
    Ok(html! {
        section .questions #meanwhile aria-label="What was changed meanwhile" {
            h2 { "Changed since you saw version " (seen) }
            ul .plain {
                @for one in &made {
                    li { "Version " (one["version"]) " by " strong { (one["created_by"].as_str().unwrap_or_default()) } ", " (time::ago(&one["created_at"], call.now)) }
                }
            }
            details .more open { summary { "What they changed" } (versions::difference(&diff)) }
        }
    })
}
