//! One approval: what will be done, what is different from last time, and the decision.

use super::home::items;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, schema_form, state, time, value};
use crate::console::layout::{Here, Page};
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use crate::service::behind::{self, Leaf};
use crate::service::words;
use maud::{Markup, html};
use serde_json::{Value, json};

pub(in crate::console) async fn show(call: &Call) -> Done {
    let path = format!("/approvals/{}", call.part("id"));
    let gate = call.api.get(&path).await?;
    let run_id = gate["run_id"].as_str().unwrap_or_default();
    let run = call
        .api
        .find(&format!("/runs/{run_id}"))
        .await?
        .unwrap_or_default();
    let document = document(call, &run).await?;
    let leaves = behind::leaves(&gate, &document, &run["cause"]);
    let last = last_time(call, &gate).await?;
    let marked = leaves.iter().filter(|leaf| leaf.is_from_outside()).count();
    let pending = gate["status"] == "pending";
    let title = gate["title"].as_str().unwrap_or_default();
    let asked = html! {
        @if let Some(message) = gate["message"].as_str() { p .said { (message) } }
        section {
            h2 { @if pending { "Will happen" } @else { "What was asked" } }
            (will_happen(&gate, &leaves))
        }
        @let show = &gate["details"]["show"];
        @if !show.is_null() { section { h2 { "To look at" } (value::pairs(show)) } }
        (different(&leaves, last.as_ref(), &document))
        @if pending { (decided(call, &gate)) }
        (history(&gate))
    };
    let body = html! {
        article .approval {
            header .head {
                h1 { (title) }
                p .row {
                    (state::pill(gate["status"].as_str().unwrap_or_default()))
                    @if pending {
                        @if gate["expires_at"].is_null() { span .dim { "no time limit" } }
                        @else { span .left { "ends " (time::ago(&gate["expires_at"], call.now)) } }
                    }
                }
                p .dim {
                    "asked " (time::ago(&gate["requested_at"], call.now)) " by run "
                    a href={ "/runs/" (run_id) } { "…" (value::short(run_id)) }
                    @if let Some(name) = run["automation_name"].as_str() { " of “" (name) "”" }
                    ", " (super::runs::cause(&run["cause"]))
                }
            }
            @if pending { (decision(call, &gate, &asked, marked)) }
            @else { (after(&gate, &run)) (decided(call, &gate)) (asked) }
            (super::delegation::show(call, &gate))
            p .dim.covers {
                "covers exactly: version " (run["version"]) ", digest "
                code title=(gate["digest"].as_str().unwrap_or_default()) { (value::short(gate["digest"].as_str().unwrap_or_default())) }
                ", " (steps_behind(&gate))
                @if gate["needed"].as_u64().unwrap_or(1) > 1 { ", " (gate["needed"]) " approvals needed" }
            }
        }
    };
    // While it waits, others may decide: the page looks by itself. A form that is being filled in is left alone.
    let page =
        Page::new(title, Here::Approvals, body).about(gate["status"].as_str().unwrap_or_default());
    Ok(if pending {
        page.looks()
    } else {
        page.follow(stream(&run))
    }
    .into())
}

/// The answers so far.
fn decided(call: &Call, gate: &Value) -> Markup {
    html! {
        @if !items_of(&gate["decisions"]).is_empty() {
            section {
                h2 { "Decisions" }
                ul .plain {
                    @for one in items_of(&gate["decisions"]) {
                        li {
                            (state::pill(word(one["decision"].as_str().unwrap_or_default())))
                            " by " (one["by"].as_str().unwrap_or_default()) ", " (time::stop(&one["at"], call.now))
                            @if one["own_run"] == true { " · on their own run" }
                            @if let Some(comment) = one["comment"].as_str() { p .said { (comment) } }
                            @if one["fields"].as_object().is_some_and(|fields| !fields.is_empty()) { (value::pairs(&one["fields"])) }
                        }
                    }
                }
            }
        }
    }
}

/// The stream of the run, while there is something to follow.
fn stream(run: &Value) -> Option<String> {
    let id = run["id"].as_str()?;
    run["finished_at"]
        .is_null()
        .then(|| format!("/runs/{id}/events"))
}

/// Whether a gate may be approved among others, without its own page: it has no form, and nothing behind it
/// comes from a text of others.
pub(super) async fn is_plain(call: &Call, gate: &Value) -> Result<bool, Refusal> {
    if gate["status"] != "pending" || !schema_form::is_empty(&gate["fields"]) {
        return Ok(false);
    }
    let run_id = gate["run_id"].as_str().unwrap_or_default();
    let run = call.api.find(&format!("/runs/{run_id}")).await?;
    let run = run.unwrap_or_default();
    let document = document(call, &run).await?;
    let leaves = behind::leaves(gate, &document, &run["cause"]);
    Ok(!leaves.iter().any(Leaf::is_from_outside))
}

fn items_of(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn word(decision: &str) -> &str {
    match decision {
        "approve" => "approved",
        "reject" => "rejected",
        "send_back" => "sent_back",
        other => other,
    }
}

fn steps_behind(gate: &Value) -> String {
    match items_of(&gate["details"]["next"]).len() {
        0 => "no step behind this gate".into(),
        1 => "1 step behind this gate".into(),
        more => format!("{more} steps behind this gate"),
    }
}

/// The document of the run's version.
async fn document(call: &Call, run: &Value) -> Result<Value, Refusal> {
    let (Some(id), Some(version)) = (run["automation_id"].as_str(), run["version"].as_u64()) else {
        return Ok(Value::Null);
    };
    let path = format!("/automations/{id}/versions/{version}");
    let version = call.api.find(&path).await?.unwrap_or_default();
    Ok(version["document"].clone())
}

fn will_happen(gate: &Value, leaves: &[Leaf]) -> Markup {
    let next = items_of(&gate["details"]["next"]);
    html! {
        @if next.is_empty() { p .dim { "No step stands directly behind this gate." } }
        @for step in next {
            @let id = step["step"].as_str().unwrap_or_default();
            @let own = leaves.iter().filter(|leaf| leaf.step == id && !leaf.says_how());
            div .step {
                p {
                    strong { (id) } " "
                    span .dim { (value::cut(&words::doing(step["action"].as_str().unwrap_or_default(), &step["with"]), 160)) }
                }
                dl .pairs {
                    @for leaf in own {
                        dt { (leaf.name()) }
                        dd .outside[leaf.is_from_outside()] {
                            (value::show(&leaf.value))
                            @if let Some(from) = &leaf.from {
                                " " span .origin { @if from.outside { span title="A text of others: look at it" { "⚠" } } span title="What it was made of" { "⇐ " (from.name) } }
                            }
                        }
                    }
                }
                @if step["rendered"] == false { p .dim { "Some of it is known only later; here is how it is written." } }
            }
        }
    }
}

/// How many lists of approvals are looked through for the last one of the same gate.
const LISTS: usize = 10;

/// The youngest approved one of the same gate.
async fn last_time(call: &Call, gate: &Value) -> Result<Option<Value>, Refusal> {
    let same = |one: &&Value| {
        one["id"] != gate["id"]
            && !gate["automation_id"].is_null()
            && one["automation_id"] == gate["automation_id"]
            && one["step_id"] == gate["step_id"]
    };
    let mut cursor = String::new();
    for _ in 0..LISTS {
        let path = format!("/approvals?status=approved&limit=200{cursor}");
        let list = call.api.get(&path).await?;
        if let Some(found) = items(&list).iter().find(same) {
            return Ok(Some(found.clone()));
        }
        let Some(next) = list["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={}", encode(next));
    }
    Ok(None)
}

fn different(leaves: &[Leaf], last: Option<&Value>, document: &Value) -> Markup {
    let Some(last) = last else {
        return html! { p .dim { "This gate was not approved before: there is nothing to compare with." } };
    };
    let before = behind::leaves(last, document, &Value::Null);
    let moved = behind::different(leaves, &before);
    html! {
        section .different {
            h2 { "Different from last time" }
            @if moved.is_empty() { p { "Nothing: the values are those that were approved last." } }
            dl .pairs {
                @for one in moved {
                    dt { (one.name) }
                    dd {
                        @match (one.now, one.was) {
                            (Some(now), Some(was)) => { (value::show(now)) " " span .dim.unbroken { "was " (value::line(was, 80)) } }
                            (Some(now), None) => { (value::show(now)) " " span .dim { "new" } }
                            (None, was) => { span .dim { "gone, was " (value::line(was.unwrap_or(&Value::Null), 80)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What is asked and the form that answers it, in one: so the answers stay within reach all the way.
fn decision(call: &Call, gate: &Value, asked: &Markup, marked: usize) -> Markup {
    let whom = super::waits::whom(gate);
    if gate["can_decide"] != true {
        return html! { (asked) p .dim { (gate["why_not"].as_str().unwrap_or_default()) " It asks " (whom) "." } };
    }
    html! {
        form .decision method="post" action={ "/approvals/" (gate["id"].as_str().unwrap_or_default()) } {
            (action::key())
            input type="hidden" name="digest" value=(gate["digest"].as_str().unwrap_or_default());
            (asked)
            (schema_form::show(call, &gate["fields"], &Value::Null))
            div .field {
                label for="comment" { "Comment " span .dim { "needed to reject" } }
                textarea #comment name="comment" rows="2" { (Kept(call.kept("comment", ""))) }
            }
            // Within reach of the thumb, together.
            div .last {
                @if marked > 0 {
                    label .check {
                        input type="checkbox" name="looked" value="yes" data-needed-for="approve" checked[call.form.has("looked")];
                        span { "I have looked at what is marked ⚠ (" (marked) "): it comes from texts of others." }
                    }
                }
                div .buttons {
                    button name="decision" value="reject" .danger { "Reject" }
                    @if gate["can_send_back"] == true { button name="decision" value="send_back" .quiet { "Send back" } }
                    button name="decision" value="approve" .primary { "Approve" }
                }
            }
            p .dim { "It asks " (whom) "." }
        }
    }
}

/// What has become of it since it was asked.
fn history(gate: &Value) -> Markup {
    let round = gate["round"].as_u64().unwrap_or(0);
    let reminders = gate["reminders"].as_u64().unwrap_or(0);
    let changes = items_of(&gate["changes"]);
    html! {
        @if round > 0 { p { "It was sent back " (value::count(usize::try_from(round).unwrap_or(0), "time", "times")) " before it asked this." } }
        @if gate["escalated"] == true { p { "Its first time ran out, so others are asked now." } }
        @if reminders > 0 { p .dim { "It was brought to mind " (value::count(usize::try_from(reminders).unwrap_or(0), "time", "times")) "." } }
        @if !changes.is_empty() {
            section { h2 { "What has changed since it was asked" } @for change in changes { (value::pairs(change)) } }
        }
    }
}

/// What became of it.
fn after(gate: &Value, run: &Value) -> Markup {
    html! {
        section {
            h2 { "What happens now" }
            p {
                @if gate["status"] == "approved" { "The run goes on. " }
                "Run " a href={ "/runs/" (run["id"].as_str().unwrap_or_default()) } { "…" (value::short(run["id"].as_str().unwrap_or_default())) }
                " is " (state::pill(run["status"].as_str().unwrap_or("unknown")))
                @if let Some(waits) = run["waits_for"].as_str() { ": " (value::said(waits)) }
            }
        }
    }
}

/// The answer of a person.
pub(in crate::console) async fn decide(call: &Call) -> Done {
    let path = format!("/approvals/{}", call.part("id"));
    let gate = call.api.get(&path).await?;
    let verdict = call.form.text("decision");
    if verdict == "approve" && gate["status"] == "pending" && !call.form.has("looked") {
        let run_id = gate["run_id"].as_str().unwrap_or_default();
        let run = call.api.find(&format!("/runs/{run_id}")).await?;
        let run = run.unwrap_or_default();
        let document = document(call, &run).await?;
        let leaves = behind::leaves(&gate, &document, &run["cause"]);
        if leaves.iter().any(Leaf::is_from_outside) {
            return Err(Refusal::form(
                "Some values come from texts of others and are marked ⚠.",
                "Look at them, tick that you have, and approve.",
            ));
        }
    }
    let mut body = json!({ "decision": verdict, "digest": call.form.text("digest") });
    if !call.form.text("comment").is_empty() {
        body["comment"] = call.form.text("comment").into();
    }
    if verdict == "approve" && !schema_form::is_empty(&gate["fields"]) {
        body["fields"] = schema_form::read(&gate["fields"], &call.form)?;
    }
    call.api
        .post(&format!("{path}/decision"), call.key(), &body)
        .await?;
    Ok(Answer::See(format!("/approvals/{}", call.part("id"))))
}
