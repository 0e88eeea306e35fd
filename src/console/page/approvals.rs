//! The inbox.

use super::home::items;
use crate::client::encode;
use crate::console::call::{Call, Done};
use crate::console::component::{pager, state, time, value};
use crate::console::layout::{Here, Page};
use maud::html;

const STATES: [&str; 7] = [
    "pending",
    "approved",
    "rejected",
    "sent_back",
    "expired",
    "canceled",
    "void",
];

pub(in crate::console) async fn show(call: &Call) -> Done {
    let status = call.query.get("status").unwrap_or("pending");
    let mut query = format!("status={}", encode(status));
    if let Some(run) = call.query.get("run_id") {
        query.push_str(&format!("&run_id={}", encode(run)));
    }
    let cursor = call.query.get("cursor");
    let page = cursor.map_or_else(String::new, |cursor| format!("&cursor={}", encode(cursor)));
    let list = call.api.get(&format!("/approvals?{query}{page}")).await?;
    let body = html! {
        header .head {
            h1 { "Approvals" }
            nav .tabs aria-label="By state" {
                @for one in STATES {
                    a href={ "/approvals?status=" (one) } aria-current=[(one == status).then_some("true")] { (one.replace('_', " ")) }
                }
            }
        }
        @if items(&list).is_empty() {
            @if status == "pending" {
                p .dim { "Nothing waits for a decision. A step " code { "action: approval_gate" } " asks here before what stands behind it happens." }
            } @else {
                p .dim { "None." }
            }
        }
        ul .cards {
            @for gate in items(&list) {
                li {
                    a .card href={ "/approvals/" (gate["id"].as_str().unwrap_or_default()) } {
                        strong { (gate["title"].as_str().unwrap_or_default()) }
                        span .row {
                            (state::pill(gate["status"].as_str().unwrap_or_default()))
                            span .dim {
                                "asked " (time::ago(&gate["requested_at"], call.now))
                                @if status == "pending" && !gate["expires_at"].is_null() {
                                    " · ends " (time::ago(&gate["expires_at"], call.now))
                                }
                            }
                        }
                        @if let Some(message) = gate["message"].as_str() { span .dim { (value::cut(message, 140)) } }
                    }
                }
            }
        }
        (pager::links("/approvals", &query, &list, cursor.is_none()))
    };
    Ok(Page::new("Approvals", Here::Approvals, body).looks().into())
}
