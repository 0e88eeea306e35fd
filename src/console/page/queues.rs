//! Limits on what goes at once: who has their slots, and who waits for one.

use super::home::items;
use crate::console::call::{Call, Done};
use crate::console::component::{pager, time, value};
use crate::console::layout::{Here, Page};
use maud::{Markup, html};
use serde_json::Value;

pub(in crate::console) async fn show(call: &Call) -> Done {
    let query = call.query.query(&["cursor"]);
    let list = call.api.get(&format!("/queues?{query}")).await?;
    let body = html! {
        header .head { h1 { "Queues" } (super::runs::parts("/queues")) }
        @if items(&list).is_empty() {
            p .dim { "Nothing is limited now. A document limits its runs with " code { "concurrency" } ", the server all of them with " code { "max_concurrent_runs" } "; a limit stands here while a run holds it." }
        }
        @for queue in items(&list) { (one(call, queue)) }
        (pager::links("/queues", "", &list, call.query.get("cursor").is_none()))
    };
    Ok(Page::new("Queues", Here::Runs, body).looks().into())
}

fn one(call: &Call, queue: &Value) -> Markup {
    let text = |name: &str| queue[name].as_str().unwrap_or_default();
    let held = queue["held_by"].as_array().map_or(&[][..], Vec::as_slice);
    let rate = text("kind") == "rate";
    let (go, one, many) = match rate {
        true => ("began in its period", "step waits", "steps wait"),
        false => ("go", "run waits", "runs wait"),
    };
    let waiting = queue["queue"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        section {
            h2 {
                @match text("kind") {
                    "server" => "The server",
                    "rate" => { "Connection " code { (text("connection")) } " · rate " code { (text("rate")) } },
                    kind => { (text("automation_name")) @if kind == "key" { " · key " code { (text("key")) } } }
                }
            }
            p .row {
                span { (queue["taken"]) " of " (queue["limit"]) " " (go) }
                span { (value::count(usize::try_from(queue["waiting"].as_u64().unwrap_or(0)).unwrap_or(usize::MAX), one, many)) }
                @if !queue["held_until"].is_null() { span { "The other side asked to wait until " (time::exact(&queue["held_until"])) } }
            }
            @if !held.is_empty() {
                p { "Held by " @for (index, run) in held.iter().take(10).enumerate() { @if index > 0 { ", " } (value::run(run)) }
                    @if held.len() > 10 { " and " (held.len() - 10) " more" } "." }
            }
            @if !waiting.is_empty() {
                div .scroll tabindex="0" role="region" aria-label="Who waits" { table .list {
                    thead { tr { th scope="col" .num { "Place" } th scope="col" { "Run" } th scope="col" .num { "Priority" } th scope="col" { "Waits since" } } }
                    tbody {
                        @for one in waiting {
                            tr { td .num { span .phone-word { "place " } (one["position"]) } td { (value::run(&one["run_id"])) } td .num { span .phone-word { "priority " } (one["priority"]) } td { span .phone-word { "since " } (time::ago(&one["since"], call.now)) } }
                        }
                    }
                } }
            }
        }
    }
}
