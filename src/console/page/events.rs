//! What came as an event, what it started, and who waited for it.

use super::home::items;
use crate::client::encode;
use crate::console::call::{Call, Done};
use crate::console::component::{pager, time, value};
use crate::console::layout::{Here, Page};
use maud::{Markup, html};
use serde_json::Value;

pub(in crate::console) async fn list(call: &Call) -> Done {
    let filters = call.query.query(&["type", "source"]);
    let query = call.query.query(&["type", "source", "cursor"]);
    let list = call.api.get(&format!("/events?{query}")).await?;
    let body = html! {
        header .head { h1 { "Events" } (super::runs::parts("/events")) }
        form .filters method="get" action="/events" role="search" {
            label { span { "Type" } input name="type" value=(call.query.text("type")) placeholder="com.example.*" data-filter; }
            label { span { "Source" } input name="source" value=(call.query.text("source")); }
            button { "Filter" }
            @if !filters.is_empty() { a href="/events" { "All" } }
        }
        @if items(&list).is_empty() {
            @if filters.is_empty() { p .dim { "No event is kept. They come by " code { "POST /api/v1/events" } ", from steps that " code { "emit" } ", and from what happens in here." } }
            @else { p .dim { "No event is like that." } }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Events" { table .list {
                thead { tr { th scope="col" { "Type" } th scope="col" { "Source" } th scope="col" { "Came" } th scope="col" { "What became of it" } } }
                tbody {
                    @for event in items(&list) {
                        tr {
                            td { a href={ "/events/" (encode(event["id"].as_str().unwrap_or_default())) } data-open { (event["type"].as_str().unwrap_or_default()) }
                                @if let Some(subject) = event["subject"].as_str() { div .dim { (value::cut(subject, 90)) } } }
                            td { (event["source"].as_str().unwrap_or_default()) }
                            td { (time::ago(&event["received_at"], call.now)) }
                            td { (became(event)) }
                        }
                    }
                }
            } }
        }
        (pager::links("/events", &filters, &list, call.query.get("cursor").is_none()))
    };
    Ok(Page::new("Events", Here::Runs, body).into())
}

/// In a few words: the runs that it started and the steps that took it.
fn became(event: &Value) -> Markup {
    let runs = event["runs"].as_array().map_or(&[][..], Vec::as_slice);
    let woke = event["woke"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        @if runs.is_empty() && woke.is_empty() { span .dim { "started nothing" } }
        @if !runs.is_empty() { "started " @for (index, run) in runs.iter().enumerate() { @if index > 0 { ", " } (value::run(run)) } }
        @if !woke.is_empty() {
            @if !runs.is_empty() { "; " }
            "woke " @for (index, one) in woke.iter().enumerate() {
                @if index > 0 { ", " } (value::run(&one["run_id"])) " " code { (one["step_id"].as_str().unwrap_or_default()) }
            }
        }
    }
}

pub(in crate::console) async fn one(call: &Call) -> Done {
    let event = call
        .api
        .get(&format!("/events/{}", call.part("id")))
        .await?;
    let name = event["type"].as_str().unwrap_or_default().to_owned();
    let body = html! {
        header .head {
            h1 { (name) }
            p .row { span { "from " (event["source"].as_str().unwrap_or_default()) }
                @for person in event["starters"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    span { "by " (person.strip_prefix("user:").unwrap_or(person)) }
                }
                span { "came " (time::ago(&event["received_at"], call.now)) } (value::id(&event["id"])) }
        }
        h2 { "What became of it" }
        p { (became(&event)) }
        h2 { "The event" }
        (value::pairs(&event["event"]))
    };
    Ok(Page::new(name, Here::Runs, body).into())
}
