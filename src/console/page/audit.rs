//! The audit log: who did what, and why.

use super::home::items;
use crate::console::call::{Call, Done};
use crate::console::component::{filter, pager, time, value};
use crate::console::layout::{self, Here, Page};
use maud::{Markup, html};
use serde_json::Value;

const FILTERS: [&str; 6] = ["by", "action", "automation_id", "run_id", "since", "until"];

pub(in crate::console) async fn list(call: &Call) -> Done {
    let filters = call.query.query(&FILTERS);
    let all = [&FILTERS[..], &["cursor"]].concat();
    let found = match filter::query(call, &all).await {
        Ok(all) => call.api.get(&format!("/audit?{all}")).await,
        Err(refusal) => Err(refusal),
    };
    let (list, wrong) = match found {
        Ok(list) => (list, None),
        Err(refusal) if refusal.status.is_client_error() => (Value::Null, Some(refusal)),
        Err(refusal) => return Err(refusal),
    };
    let field = |name: &'static str, label: &str, example: &str, first: bool| {
        html! {
            label { span { (label) } input name=(name) value=(call.query.text(name)) placeholder=(example) data-filter[first]; }
        }
    };
    let body = html! {
        header .head {
            h1 { "Audit log" }
            p { "Who did what, the youngest first. It is only ever added to. " a href="/settings" { "Settings" } }
        }
        form .filters method="get" action="/audit" role="search" {
            (field("by", "Who", "ana", true))
            (field("action", "What", "run.*", false))
            (field("automation_id", "Automation", "a piece of its name", false))
            (field("run_id", "Run", "run_…", false))
            (filter::time(call, "since", "Since"))
            (filter::time(call, "until", "Until"))
            button { "Filter" }
            @if !filters.is_empty() { a href="/audit" { "All" } }
        }
        @if let Some(wrong) = &wrong { (layout::refusal(wrong)) }
        @else if items(&list).is_empty() { p .dim { "Nothing is like that." } }
        @else {
            div .scroll tabindex="0" role="region" aria-label="Audit log" { table .list {
                thead { tr { th scope="col" { "What" } th scope="col" { "On what" } th scope="col" { "Who" } th scope="col" { "When" } th scope="col" { "Why" } } }
                tbody { @for line in items(&list) { (row(call, line)) } }
            } }
        }
        (pager::links("/audit", &filters, &list, call.query.get("cursor").is_none()))
    };
    Ok(Page::new("Audit log", Here::Settings, body).into())
}

fn row(call: &Call, line: &Value) -> Markup {
    let text = |name: &str| line[name].as_str().unwrap_or_default();
    let more = line["details"]
        .as_object()
        .is_some_and(|all| !all.is_empty());
    html! {
        tr {
            td { strong { (text("action").replace(['.', '_'], " ")) }
                @if more { details { summary .dim { "what was said" } (value::pairs(&line["details"])) } } }
            td { (subject(line)) }
            td { span title=(text("by_id")) { (text("by")) } }
            td { (time::stop(&line["at"], call.now)) }
            td { (text("reason")) }
        }
    }
}

/// What it was done to, with the way there.
fn subject(line: &Value) -> Markup {
    let text = |name: &str| line[name].as_str();
    let subject = text("subject").unwrap_or_default();
    let shown = match subject.contains('_') && subject.len() > 26 {
        true => format!("…{}", value::short(subject)),
        false => value::cut(subject, 60),
    };
    html! {
        @match (text("run_id"), text("automation_id")) {
            (Some(run), _) => { (value::run(&Value::from(run))) @if let Some(name) = text("automation_name") { " of " (name) } }
            (None, Some(id)) => { a href={ "/automations/" (id) } { (text("automation_name").unwrap_or(&shown)) } }
            _ => { code title=(subject) { (shown) } }
        }
    }
}
