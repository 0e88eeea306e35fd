//! A step of which nobody knows whether it happened: what a person has found out.

use crate::console::call::{Answer, Call, Done};
use crate::console::component::action;
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use maud::{Markup, html};
use serde_json::{Value, json};

const FOUND: [(&str, &str); 3] = [
    ("happened", "It happened: go on"),
    ("again", "It did not happen: start it again"),
    ("failed", "Give it up: it failed"),
];

/// The form for one step.
pub(super) fn form(call: &Call, run: &str, step: &str) -> Markup {
    let own = call.form.text("step") == step;
    let kept = |name| if own { call.kept(name, "") } else { "" };
    html! {
        form .bring method="post" action={ "/runs/" (run) "/resolve" } {
            (action::key())
            input type="hidden" name="step" value=(step);
            p { strong { "What did you find?" } " Look at the other side first." }
            div .field {
                label for={ "reason-" (step) } { "How you know" }
                input #{ "reason-" (step) } name="reason" autocomplete="off" value=(kept("reason"));
            }
            div .field {
                label for={ "output-" (step) } { "Where it happened: what later steps read as its output (JSON)" }
                textarea .code #{ "output-" (step) } name="output" rows="2" spellcheck="false" { (Kept(kept("output"))) }
            }
            div .buttons {
                @for (found, label) in FOUND { button name="found" value=(found) { (label) } }
            }
        }
    }
}

/// Takes what was found.
pub(in crate::console) async fn resolve(call: &Call) -> Done {
    let id = call.part("id");
    let found = call.form.text("found");
    let mut body = json!({ "step": call.form.text("step"), "found": found });
    if let Some(reason) = call.form.get("reason") {
        body["reason"] = reason.into();
    }
    if found == "happened"
        && let Some(output) = call.form.get("output")
    {
        let output: Value = serde_json::from_str(output)
            .map_err(|_| Refusal::form("The output is not JSON.", "Write a text in quotes."))?;
        body["output"] = output;
    }
    call.api
        .post(&format!("/runs/{id}/resolve"), call.key(), &body)
        .await?;
    Ok(Answer::See(format!("/runs/{id}")))
}
