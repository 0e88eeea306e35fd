//! What an automation may touch.

use druse_engine::capability::Capabilities;
use maud::{Markup, html};
use serde_json::Value;

/// The list, as people read it.
pub(super) fn list(automation: &Value) -> Markup {
    let capabilities: Capabilities =
        serde_json::from_value(automation["capabilities"].clone()).unwrap_or_default();
    let all = capabilities.said();
    html! {
        @if all.is_empty() { p .dim { "Nothing outside of itself." } } @else {
            dl .pairs {
                @for (list, items) in &all {
                    dt { (list) }
                    dd { @for (index, item) in items.iter().enumerate() { @if index > 0 { ", " } code .value { (item) } } }
                }
            }
            p .dim { "What is not listed is refused in each run, before anything is sent." }
        }
    }
}
