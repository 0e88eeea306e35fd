//! What is wrong, as `druse doctor` says it.

use crate::console::call::Call;
use crate::console::component::{state, time, value};
use crate::console::twin::Refusal;
use maud::{Markup, html};
use serde_json::Value;

pub(super) async fn show(call: &Call) -> Result<Markup, Refusal> {
    let Some(found) = call.api.find("/doctor").await? else {
        return Ok(html! {});
    };
    let problems = found["problems"].as_array().map_or(&[][..], Vec::as_slice);
    let healthy = found["healthy"] == true;
    Ok(html! {
        section #health {
            h2 { "Health" }
            p .row {
                (state::mark(if healthy { "succeeded" } else { "failed" }))
                strong { @if healthy { "Nothing needs you" } @else { "Something needs you" } }
                span .dim { "looked at " (time::ago(&found["at"], call.now)) }
            }
            @for problem in problems { (one(problem)) }
            h3 { "Runs that have not ended" }
            (value::pairs(&found["runs"]))
            h3 { "The store" }
            (value::pairs(&found["store"]))
        }
    })
}

fn one(problem: &Value) -> Markup {
    let text = |name: &str| problem[name].as_str().unwrap_or_default();
    let (word, sign) = match text("severity") {
        "error" => ("error", "✕"),
        _ => ("warning", "⚠"),
    };
    html! {
        p .finding.(format!("f-{word}")) {
            span .sign aria-hidden="true" { (sign) }
            span .sr { (word) ": " }
            @if text("subject").starts_with("run_") { a href={ "/runs/" (text("subject")) } { "…" (value::short(text("subject"))) } }
            @else if !text("subject").is_empty() { code { (text("subject")) } }
            " " (value::said(text("message")))
            @if !text("help").is_empty() { " " span .dim { (value::said(text("help"))) } }
            " " code .dim { (text("code")) }
        }
    }
}
