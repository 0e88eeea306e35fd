//! The list of runs.

use super::home::items;
use crate::console::call::{Call, Done};
use crate::console::component::{filter, pager, state, time, value};
use crate::console::layout::{self, Here, Page};
use crate::service::CAUSES;
pub(super) use crate::service::words::cause;
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

const FILTERS: [&str; 7] = [
    "automation_id",
    "status",
    "waits_for",
    "seen",
    "cause",
    "since",
    "until",
];
const STATES: [&str; 10] = [
    "queued",
    "running",
    "waiting",
    "succeeded",
    "failed",
    "rejected",
    "canceled",
    "paused",
    "skipped",
    "uncertain",
];

pub(in crate::console) async fn show(call: &Call) -> Done {
    let query = call.query.query(&FILTERS);
    let all = [&FILTERS[..], &["cursor"]].concat();
    // What cannot be read is told above the form that it stands in.
    let found = match filter::query(call, &all).await {
        Ok(all) => call.api.get(&format!("/runs?{all}")).await,
        Err(refusal) => Err(refusal),
    };
    let (list, wrong) = match found {
        Ok(list) => (list, None),
        Err(refusal) if refusal.status.is_client_error() => (Value::Null, Some(refusal)),
        Err(refusal) => return Err(refusal),
    };
    let chosen = |name: &str| call.query.text(name).to_owned();
    let body = html! {
        header .head { h1 { "Runs" } (parts("/runs")) }
        form .filters method="get" action="/runs" role="search" {
            label { span { "Automation" } input name="automation_id" value=(chosen("automation_id")) placeholder="a piece of its name" data-filter; }
            label { span { "State" } select name="status" {
                option value="" { "any" }
                @for one in STATES { option value=(one) selected[chosen("status") == one] { (one) } }
            } }
            label { span { "Waits for" } select name="waits_for" {
                option value="" { "anything" }
                option value="uncertain" selected[chosen("waits_for") == "uncertain"] { "whether a step happened" }
            } }
            label { span { "Seen" } select name="seen" {
                option value="" { "any" }
                @for (value, says) in [("false", "failed, seen by nobody"), ("true", "failed, and seen")] { option value=(value) selected[chosen("seen") == value] { (says) } }
            } }
            label { span { "Cause" } select name="cause" {
                option value="" { "any" }
                @for one in CAUSES { option value=(one) selected[chosen("cause") == one] { (one) } }
            } }
            (filter::time(call, "since", "Since"))
            (filter::time(call, "until", "Until"))
            button { "Filter" }
            @if !query.is_empty() { a href="/runs" { "All" } }
        }
        @if let Some(wrong) = &wrong { (layout::refusal(wrong)) }
        @else if items(&list).is_empty() {
            @if query.is_empty() { p .dim { "No run yet. Start one on the page of an automation, or let a trigger do it." } }
            @else { p .dim { "No run is like that." } }
        } @else {
            (table(&list, call.now))
        }
        (pager::links("/runs", &query, &list, call.query.get("cursor").is_none()))
    };
    let page = Page::new("Runs", Here::Runs, body);
    Ok(if call.query.get("cursor").is_none() {
        page.looks()
    } else {
        page
    }
    .into())
}

/// Runs, a line each.
pub(super) fn table(list: &Value, now: Timestamp) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label="Runs" {
            table .list {
                thead { tr { th scope="col" { "State" } th scope="col" { "Automation" } th scope="col" { "Run" } th scope="col" { "Cause" } th scope="col" { "Began" } th scope="col" .num { "Took" } } }
                tbody {
                    @for run in items(list) {
                        @let id = run["id"].as_str().unwrap_or_default();
                        tr {
                            td { (state::pill(run["status"].as_str().unwrap_or_default())) }
                            td { a href={ "/runs/" (id) } data-open { (run["automation_name"].as_str().unwrap_or_default()) }
                                @if let Some(message) = run["error"]["message"].as_str() { div .dim { (value::said(&value::cut(message, 90))) } }
                                @if let Some(by) = run["seen_by"].as_str() { div .dim { "seen by " (by.trim_start_matches("user:")) } } }
                            td .brief { (value::id(&run["id"])) }
                            td { (cause(&run["cause"])) }
                            td { (time::ago(&run["created_at"], now)) }
                            td .num { (took(run, now)) }
                        }
                    }
                }
            }
        }
    }
}

fn took(run: &Value, now: Timestamp) -> String {
    let from = if run["started_at"].is_null() {
        &run["created_at"]
    } else {
        &run["started_at"]
    };
    time::between(from, &run["finished_at"], now).map_or_else(String::new, time::span)
}

/// The last runs as bars by duration, oldest first; each is a link.
pub(super) fn strip(list: &Value, now: Timestamp) -> Markup {
    let runs: Vec<&Value> = items(list).iter().take(50).collect();
    let length = |run: &Value| {
        let from = if run["started_at"].is_null() {
            &run["created_at"]
        } else {
            &run["started_at"]
        };
        time::between(from, &run["finished_at"], now).unwrap_or(0)
    };
    let height = |millis: u64| {
        // Seconds and days on one scale.
        let steps = (millis.max(1) as f64).log10() * 5.0;
        (steps as u64).clamp(4, 36)
    };
    html! {
        @if runs.is_empty() { p .dim { "No run yet." } } @else {
            svg .strip viewBox={ "0 0 " (runs.len() * 12) " 44" } width=(runs.len() * 12) height="44" role="group" aria-label="Last runs, oldest first" {
                @for (index, run) in runs.iter().rev().enumerate() {
                    @let status = run["status"].as_str().unwrap_or_default();
                    @let high = height(length(run));
                    @let says = format!("{} {}, {}", run["automation_name"].as_str().unwrap_or_default(), status, time::span(length(run)));
                    a href={ "/runs/" (run["id"].as_str().unwrap_or_default()) } aria-label=(says) {
                        title { (says) }
                        rect .hit x=(index * 12) y="0" width="12" height="44" {}
                        rect .bar.(state::class(status)) x=(index * 12 + 1) y=(40 - high) width="9" height=(high) rx="1.5" {}
                        @if status != "succeeded" { text .(state::class(status)) x=(index * 12 + 5) y=(36 - high.min(28)) text-anchor="middle" { (state::sign(status)) } }
                    }
                }
            }
        }
    }
}

/// The parts of the console that are about what goes on, with the one that is shown.
pub(super) fn parts(here: &str) -> Markup {
    html! {
        nav .tabs aria-label="What goes on" {
            @for (address, name) in [("/runs", "Runs"), ("/queues", "Queues"), ("/events", "Events")] {
                a href=(address) aria-current=[(address == here).then_some("true")] { (name) }
            }
        }
    }
}
