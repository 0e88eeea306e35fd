//! A state as a shape, a word and a colour; never by colour alone.

use maud::{Markup, html};

/// The name of a known state, for a class, and its shape.
fn known(state: &str) -> (&'static str, &'static str) {
    match state {
        "succeeded" => ("succeeded", "✓"),
        "approved" => ("succeeded", "✓"),
        "passed" => ("succeeded", "✓"),
        "failed" => ("failed", "✕"),
        "sent_back" => ("rejected", "↩"),
        "void" => ("skipped", "–"),
        "rejected" => ("rejected", "⊘"),
        "waiting" | "pending" | "paused" => ("waiting", "‖"),
        "running" => ("running", "▶"),
        "queued" => ("queued", "○"),
        "skipped" | "inactive" | "not_run" | "expired" => ("skipped", "–"),
        "uncertain" => ("uncertain", "?"),
        "needs_review" => ("uncertain", "!"),
        "canceled" => ("canceled", "■"),
        "draft" => ("draft", "◇"),
        "active" => ("succeeded", "◆"),
        _ => ("queued", "·"),
    }
}

/// The class of a state's colour.
pub(in crate::console) fn class(state: &str) -> String {
    format!("s-{}", known(state).0)
}

/// The address of the icon that says it beside the title of a page.
pub(in crate::console) fn icon(state: &str) -> &'static str {
    crate::console::asset::icon(known(state).0)
}

/// The shape alone, in its colour.
pub(in crate::console) fn mark(state: &str) -> Markup {
    html! { span .(class(state)) aria-hidden="true" { (known(state).1) } }
}

/// Shape and word.
pub(crate) fn pill(state: &str) -> Markup {
    html! {
        span .pill.(class(state)) {
            span aria-hidden="true" { (known(state).1) }
            " " (state.replace('_', " "))
        }
    }
}

/// The shape, for pictures and for the command line.
pub(crate) fn sign(state: &str) -> &'static str {
    known(state).1
}
