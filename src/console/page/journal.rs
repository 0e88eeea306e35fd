//! A run's whole history, fact by fact.

use crate::client::encode;
use crate::console::component::{time, value};
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::{Map, Value};

/// One page of facts; `path` is the run's page.
pub(super) fn show(path: &str, list: &Value, now: Timestamp) -> Markup {
    let facts = super::home::items(list);
    html! {
        ol .journal {
            @for fact in facts {
                @let kind = fact["type"].as_str().unwrap_or_default();
                li value=(fact["seq"]) #{ "fact-" (fact["seq"]) } {
                    span .when { (time::stop(&fact["at"], now)) }
                    " " strong { (kind.replace('_', " ")) }
                    @if let Some(step) = fact["step"].as_str() { " " code { (step) } }
                    @let rest = rest(fact);
                    @if !rest.is_empty() {
                        details { summary { (value::line(&Value::Object(rest.clone()), 100)) } (value::pairs(&Value::Object(rest))) }
                    }
                }
            }
        }
        @if let Some(cursor) = list["next_cursor"].as_str() {
            p { a rel="next" href={ (path) "?tab=journal&cursor=" (encode(cursor)) } { "What came after" } }
        }
    }
}

/// What a fact holds beside what is shown already.
fn rest(fact: &Value) -> Map<String, Value> {
    let mut rest = fact.as_object().cloned().unwrap_or_default();
    for shown in ["seq", "at", "type", "step"] {
        rest.remove(shown);
    }
    rest
}
