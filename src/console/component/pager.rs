//! The way to the next page of a list.

use crate::client::encode;
use maud::{Markup, html};
use serde_json::Value;

/// Says that a list which stands whole on a page goes on where that is too long.
pub(in crate::console) fn cut(list: &Value, what: &str) -> Markup {
    html! {
        @if !list["next_cursor"].is_null() { p .dim { "There are more " (what) " than are shown here; the API lists them all." } }
    }
}

/// A link to what comes after, and one back to the beginning. `filters` is the query without the cursor.
pub(in crate::console) fn links(path: &str, filters: &str, list: &Value, begun: bool) -> Markup {
    let joint = if filters.is_empty() { "" } else { "&" };
    let next = list["next_cursor"].as_str();
    html! {
        @if next.is_some() || !begun {
            nav .pager aria-label="Pages" {
                @if !begun { a href={ (path) "?" (filters) } { "To the newest" } }
                @if let Some(cursor) = next {
                    a rel="next" href={ (path) "?" (filters) (joint) "cursor=" (encode(cursor)) } { "Older" }
                }
            }
        }
    }
}
