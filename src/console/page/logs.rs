//! What the attempts of a run wrote: the beginning beside each attempt, the whole on a page of its own.

use crate::client::encode;
use crate::console::call::{Answer, Call, Done, while_signed_in};
use crate::console::component::{time, value};
use crate::console::layout::{Here, Page};
use crate::console::twin::Refusal;
use bytes::Bytes;
use http::{HeaderName, Method, header};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// Pages of pieces that a run's page reads.
const PAGES: usize = 5;
/// Characters of an attempt that a run's page shows.
const BEGINNING: usize = 8_000;

/// What of the logs stands on a run's page.
pub(super) struct Logs {
    run: String,
    attempts: BTreeMap<(String, u64), String>,
    /// Whether there is more than was read.
    more: bool,
    /// Whether more may come.
    live: bool,
}

/// Reads the beginning of what the steps of a run wrote.
pub(super) async fn read(call: &Call, run: &str, live: bool) -> Result<Logs, Refusal> {
    let mut logs = Logs {
        run: run.to_owned(),
        attempts: BTreeMap::new(),
        more: true,
        live,
    };
    let mut after = 0;
    for _ in 0..PAGES {
        let path = format!("/runs/{}/logs?limit=200&after={after}", encode(run));
        let page = call.api.get(&path).await?;
        for piece in page["items"].as_array().into_iter().flatten() {
            after = piece["seq"].as_u64().unwrap_or(after);
            let step = piece["step"].as_str().unwrap_or_default().to_owned();
            let attempt = piece["attempt"].as_u64().unwrap_or(0);
            let text = logs.attempts.entry((step, attempt)).or_default();
            text.push_str(piece["text"].as_str().unwrap_or_default());
        }
        if page["next_cursor"].is_null() {
            logs.more = false;
            break;
        }
    }
    Ok(logs)
}

impl Logs {
    /// The log of an attempt; nothing where it wrote nothing.
    pub(super) fn of(&self, step: &str, attempt: u64) -> Markup {
        let text = self.attempts.get(&(step.to_owned(), attempt));
        let whole = format!(
            "/runs/{}/logs?step={}&attempt={attempt}",
            encode(&self.run),
            encode(step)
        );
        html! {
            @if let Some(text) = text {
                @let length = text.chars().count();
                details .log {
                    summary { "Log" " " span .dim { (value::count(text.lines().count(), "line", "lines")) } }
                    pre tabindex="0" { code { (text.chars().take(BEGINNING).collect::<String>()) } }
                    @if length > BEGINNING || self.more || self.live { p { a href=(whole) { "The whole log" } } }
                }
            } @else if self.more {
                p { a href=(whole) { "Its log" } }
            }
        }
    }
}

/// The log of an attempt, a step or a run, page by page.
pub(in crate::console) async fn show(call: &Call) -> Done {
    let id = call.part("id");
    let filter = call.query.query(&["step", "attempt", "cursor"]);
    let list = call
        .api
        .get(&format!("/runs/{id}/logs?limit=200&{filter}"))
        .await?;
    let pieces = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    let (step, attempt) = (call.query.text("step"), call.query.text("attempt"));
    let path = format!("/runs/{id}");
    let here = format!("{path}/logs?{}", call.query.query(&["step", "attempt"]));
    let run = call.api.get(&path).await?;
    let title = run["automation_name"].as_str().unwrap_or_default();
    let body = html! {
        header .head {
            h1 { "Log" @if !step.is_empty() { " of " (step) } @if !attempt.is_empty() { ", attempt " (attempt) } }
            p { a href=(path) { "To the run" } " " span .dim { (title) } }
        }
        @if pieces.is_empty() { p .dim { "Nothing was written." } }
        @for block in pieces.chunk_by(same) {
            @let first = &block[0];
            p .dim {
                @if step.is_empty() { strong { (first["step"].as_str().unwrap_or_default()) } " " }
                (first["stream"].as_str().unwrap_or_default())
                @if attempt.is_empty() { ", attempt " (first["attempt"]) }
                ", " (time::ago(&first["at"], call.now))
            }
            pre tabindex="0" { code { @for piece in block { (piece["text"].as_str().unwrap_or_default()) } } }
        }
        @if let Some(cursor) = list["next_cursor"].as_str() {
            p { a rel="next" href={ (here) "&cursor=" (encode(cursor)) } { "What came after" } }
        }
    };
    // The last page of a run that goes on grows.
    let live = run["finished_at"].is_null() && list["next_cursor"].is_null();
    let after = pieces.last().and_then(|piece| piece["seq"].as_u64());
    let stream = format!(
        "{path}/logs/stream?after={}&{}",
        after.unwrap_or(0),
        call.query.query(&["step", "attempt"])
    );
    let page = Page::new(format!("Log of {title}"), Here::Runs, body);
    Ok(page.follow(live.then_some(stream)).into())
}

/// The pieces as they come, for the script.
pub(in crate::console) async fn stream(call: &Call) -> Done {
    let id = call.part("id");
    let last = call.headers.get("last-event-id");
    let last = last.and_then(|last| last.to_str().ok());
    let mut headers = vec![(header::ACCEPT, "text/event-stream")];
    if let Some(last) = last {
        headers.push((HeaderName::from_static("last-event-id"), last));
    }
    let filter = call.query.query(&["after", "step", "attempt"]);
    let path = format!("/runs/{id}/logs?{filter}");
    let response = call
        .api
        .open(Method::GET, &path, &headers, Bytes::new())
        .await?;
    Ok(Answer::Raw(while_signed_in(call, response)))
}

/// Whether two pieces stand in one block.
fn same(one: &Value, other: &Value) -> bool {
    ["step", "attempt", "stream"]
        .iter()
        .all(|field| one[field] == other[field])
}
