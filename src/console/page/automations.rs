//! The list of automations, and the writing of a new one.

use super::home::items;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, editor, pager, state, time, value};
use crate::console::layout::{Here, Page};
use crate::service::Role;
use http::{HeaderName, Method, header};
use maud::{Markup, html};
use serde_json::Value;

/// What a new document begins with.
const BEGINNING: &str = "# yaml-language-server: $schema=/schema/v1.json
druse: 1
name: my-automation
steps:
  - id: hello
    action: transform
    with: { value: \"Hello\" }
";

pub(in crate::console) async fn show(call: &Call) -> Done {
    let query = call
        .query
        .query(&["q", "name", "status", "source_type", "needs_review"]);
    let all = call.query.query(&[
        "q",
        "name",
        "status",
        "source_type",
        "needs_review",
        "cursor",
    ]);
    let list = call.api.get(&format!("/automations?{all}")).await?;
    let chosen = call.query.text("status");
    let checked = editor::checked(call).await?;
    let body = html! {
        header .head { h1 { "Automations" } }
        form .filters method="get" action="/automations" role="search" {
            label { span { "Name" } input name="q" value=(call.query.get("q").unwrap_or(call.query.text("name"))) placeholder="a piece of it" data-filter; }
            label { span { "State" } select name="status" {
                option value="" { "any" }
                @for one in ["draft", "active", "inactive"] { option value=(one) selected[one == chosen] { (one) } }
            } }
            button { "Filter" }
            @if !query.is_empty() { a href="/automations" { "All" } }
        }
        @if items(&list).is_empty() {
            @if query.is_empty() { p .dim { "No automation yet. " a href="/recordings" { "Bring a recording" } ", or write one here." } }
            @else { p .dim { "No automation is like that." } }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Automations" { table .list {
                thead { tr { th scope="col" { "State" } th scope="col" { "Name" } th scope="col" { "From" } th scope="col" .num { "Active" } th scope="col" .num { "Latest" } th scope="col" { "Changed" } } }
                tbody {
                    @for one in items(&list) {
                        @let id = one["id"].as_str().unwrap_or_default();
                        @let review = one["source_type"] == "CRYSTALLIZED" && one["status"] == "draft";
                        tr {
                            td { (state::pill(one["status"].as_str().unwrap_or_default())) }
                            td { a href={ "/automations/" (id) @if review { "/review" } } data-open { (one["name"].as_str().unwrap_or_default()) }
                                @if let Some(said) = one["document"]["description"].as_str() { div .dim { (value::cut(said, 90)) } } }
                            td { @if one["source_type"] == "CRYSTALLIZED" { "a recording" } @else { "by hand" } }
                            td .num { span .phone-word { "active: " } @match one["active_version"].as_u64() { Some(version) => { (version) } None => { "–" } } }
                            td .num { span .phone-word { "latest: " } (one["latest_version"]) }
                            td { (time::ago(&one["updated_at"], call.now)) }
                        }
                    }
                }
            } }
        }
        (pager::links("/automations", &query, &list, call.query.get("cursor").is_none()))
        @if call.may(Role::Editor) { (write(call, checked.as_ref())) }
    };
    Ok(Page::new("Automations", Here::Automations, body).into())
}

fn write(call: &Call, checked: Option<&Value>) -> Markup {
    let text = call.kept("document", BEGINNING);
    html! {
        details .more open[call.form.has("document")] {
            summary { "Write one" }
            form method="post" action="/automations" {
                (action::key())
                (editor::show(text, 14, "/documents/check", checked))
                div .buttons {
                    button .primary { "Make this automation" }
                    button formaction="/documents/check" { "Check" }
                }
            }
        }
    }
}

pub(in crate::console) async fn create(call: &Call) -> Done {
    let text = call.form.get("document").unwrap_or_default().to_owned();
    let mut headers = vec![(header::CONTENT_TYPE, "application/yaml")];
    if let Some(key) = call.key() {
        headers.push((HeaderName::from_static("idempotency-key"), key));
    }
    let said = call
        .api
        .send(Method::POST, "/automations", &headers, text)
        .await?;
    let made = said.json();
    Ok(Answer::See(format!(
        "/automations/{}",
        made["id"].as_str().unwrap_or_default()
    )))
}
