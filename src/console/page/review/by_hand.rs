//! What people changed by hand in a draft: kept when it is made anew, and named before anything of it is lost.

use super::Draft;
use crate::console::call::Call;
use crate::console::component::value;
use crate::console::visible::kept;
use crate::service::Role;
use crate::service::edits::{self, Edit};
use maud::{Markup, html};

/// The changes that stand in a draft.
fn standing(draft: &Draft) -> Vec<Edit> {
    let known = &draft.made["metadata"]["crystallized"]["edits"];
    let known: Vec<Edit> = serde_json::from_value(known.clone()).unwrap_or_default();
    let since = match draft.made.is_null() {
        true => Vec::new(),
        false => edits::between(&draft.made, &draft.automation["document"]),
    };
    let mut all = edits::joined(known, since);
    all.retain(|one| !one.is_remark());
    all
}

/// What was changed, and of what the proof is.
pub(super) fn show(draft: &Draft, edited: bool) -> Markup {
    let all = standing(draft);
    html! {
        @if edited && draft.reported > 0 {
            p .dim { "The proof is of version " (draft.reported) "; version " (draft.automation["latest_version"]) " was changed by hand since." }
        } @else if !all.is_empty() {
            p .dim { "The proof is of what was made from the recording, without what was changed by hand." }
        }
        @if !all.is_empty() {
            details .more {
                summary { "Changed by hand (" (all.len()) ")" }
                p .dim { "It is kept when the draft is made anew from its recording." }
                ul .plain { @for one in &all { li { (value::said(&one.said())) } } }
            }
        }
    }
}

/// What would be lost by what was asked for, with a button that takes that.
pub(super) fn would_be_lost(call: &Call, draft: &Draft) -> Markup {
    let refused = call.refusal.as_ref();
    let Some(refusal) = refused.filter(|one| one.code == "edits_would_be_lost") else {
        return html! {};
    };
    if refusal.findings.is_empty() || !call.may(Role::Editor) {
        return html! {};
    }
    let id = draft.automation["id"].as_str().unwrap_or_default();
    let fields = call.form.pairs();
    let fields = fields.filter(|(name, _)| !["_key", "discard_edits"].contains(name));
    html! {
        section .questions aria-label="What would be lost" {
            form method="post" action={ "/automations/" (id) "/review/answer" } {
                (crate::console::component::action::key())
                input type="hidden" name="discard_edits" value="yes";
                @for (name, text) in fields { input type="hidden" name=(name) value=(kept(text)); }
                div .buttons {
                    @let many = refusal.findings.len();
                    button .danger { "Do it, and leave out " @if many == 1 { "this" } @else { "these " (many) } }
                    a .button href={ "/automations/" (id) "/review" } { "Leave the draft as it is" }
                }
            }
        }
    }
}
