//! One approval: what will be done, what is different from last time, and the decision.

use super::home::items;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, schema_form, state, time, value};
use crate::console::layout::{Here, Page};
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Value, json};

/// A value of a step behind the gate.
struct Leaf {
    step: String,
    path: String,
    value: Value,
    /// The step whose output it came from, and whether that is a text of somebody else.
    from: Option<(String, bool)>,
}

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
    let leaves = leaves(&gate, &document);
    let last = last_time(call, &gate).await?;
    let marked = leaves.iter().filter(|leaf| from_outside(leaf)).count();
    let pending = gate["status"] == "pending";
    let title = gate["title"].as_str().unwrap_or_default();
    let body = html! {
        article .approval {
            header .head {
                h1 { (title) }
                p .row {
                    (state::pill(gate["status"].as_str().unwrap_or_default()))
                    @if pending && !gate["expires_at"].is_null() { span { "ends " (time::ago(&gate["expires_at"], call.now)) } }
                }
                p .dim {
                    "asked " (time::ago(&gate["requested_at"], call.now)) " by run "
                    a href={ "/runs/" (run_id) } { "…" (value::short(run_id)) }
                    @if let Some(name) = run["automation_name"].as_str() { " of “" (name) "”" }
                    ", " (super::runs::cause(&run["cause"]))
                }
            }
            @if let Some(message) = gate["message"].as_str() { p .said { (message) } }
            section {
                h2 { "Will happen" }
                (will_happen(&gate, &leaves))
            }
            @let show = &gate["details"]["show"];
            @if !show.is_null() { section { h2 { "To look at" } (value::pairs(show)) } }
            (different(&leaves, last.as_ref(), &document))
            @if !items_of(&gate["decisions"]).is_empty() {
                section {
                    h2 { "Decisions" }
                    ul .plain {
                        @for one in items_of(&gate["decisions"]) {
                            li {
                                (state::pill(word(one["decision"].as_str().unwrap_or_default())))
                                " by " (one["by"].as_str().unwrap_or_default()) ", " (time::ago(&one["at"], call.now))
                                @if one["own_run"] == true { " · on their own run" }
                                @if let Some(comment) = one["comment"].as_str() { p .said { (comment) } }
                                @if one["fields"].as_object().is_some_and(|fields| !fields.is_empty()) { (value::pairs(&one["fields"])) }
                            }
                        }
                    }
                }
            }
            (history(&gate))
            @if pending { (decision(call, &gate, marked)) }
            @else { (after(&gate, &run)) }
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
    let page = Page::new(title, Here::Approvals, body);
    Ok(if pending {
        page.looks()
    } else {
        page.follow(stream(&run))
    }
    .into())
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
    let document = document(call, &run.unwrap_or_default()).await?;
    Ok(!leaves(gate, &document).iter().any(from_outside))
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

fn step_of<'a>(document: &'a Value, id: &str) -> Option<&'a Value> {
    items_of(&document["steps"])
        .iter()
        .find(|step| step["id"] == id)
}

/// Every value of the steps behind the gate, with where the document takes it from.
fn leaves(gate: &Value, document: &Value) -> Vec<Leaf> {
    let mut all = Vec::new();
    for next in items_of(&gate["details"]["next"]) {
        let step = next["step"].as_str().unwrap_or_default();
        let written = step_of(document, step).map(|step| &step["with"]);
        collect(
            &mut all,
            document,
            step,
            String::new(),
            &next["with"],
            written,
        );
    }
    all
}

fn collect(
    all: &mut Vec<Leaf>,
    document: &Value,
    step: &str,
    path: String,
    value: &Value,
    written: Option<&Value>,
) {
    if let (Value::Object(map), true) = (value, written.is_none_or(|one| !one.is_string())) {
        for (name, value) in map {
            let written = written.and_then(|written| written.get(name));
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            collect(all, document, step, path, value, written);
        }
        return;
    }
    let from = written.and_then(Value::as_str).and_then(|text| {
        let rest = text.split("{{").nth(1)?.split("steps.").nth(1)?;
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let action = step_of(document, &name).and_then(|step| step["action"].as_str());
        let outside = !matches!(
            action,
            Some("transform" | "approval_gate" | "switch" | "wait")
        );
        Some((name, outside))
    });
    all.push(Leaf {
        step: step.to_owned(),
        path,
        value: value.clone(),
        from,
    });
}

fn from_outside(leaf: &Leaf) -> bool {
    leaf.from.as_ref().is_some_and(|(_, outside)| *outside)
}

/// The names of a step's configuration that say how, not what.
fn is_how(path: &str) -> bool {
    ["connection", "tool", "method"].contains(&path)
}

fn will_happen(gate: &Value, leaves: &[Leaf]) -> Markup {
    let next = items_of(&gate["details"]["next"]);
    html! {
        @if next.is_empty() { p .dim { "No step stands directly behind this gate." } }
        @for step in next {
            @let id = step["step"].as_str().unwrap_or_default();
            @let own: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.step == id).collect();
            @let how = |name: &str| own.iter().find(|leaf| leaf.path == name).and_then(|leaf| leaf.value.as_str()).unwrap_or_default();
            div .step {
                p {
                    strong { (id) } " "
                    span .dim {
                        (step["action"].as_str().unwrap_or_default())
                        @if !how("tool").is_empty() { " · " (how("tool")) }
                        @if !how("method").is_empty() { " · " (how("method")) }
                        @if !how("connection").is_empty() { " · " (how("connection")) }
                    }
                }
                dl .pairs {
                    @for leaf in own.iter().filter(|leaf| !is_how(&leaf.path)) {
                        dt { (leaf.path.strip_prefix("arguments.").unwrap_or(&leaf.path)) }
                        dd .outside[from_outside(leaf)] {
                            (value::show(&leaf.value))
                            @if let Some((from, outside)) = &leaf.from {
                                " " span .origin { @if *outside { span title="A text of others: look at it" { "⚠" } } span title="The output of an earlier step" { "⇐ " (from) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The youngest approved one of the same gate.
async fn last_time(call: &Call, gate: &Value) -> Result<Option<Value>, Refusal> {
    let list = call.api.get("/approvals?status=approved&limit=200").await?;
    let same = |one: &&Value| {
        one["id"] != gate["id"]
            && !gate["automation_id"].is_null()
            && one["automation_id"] == gate["automation_id"]
            && one["step_id"] == gate["step_id"]
    };
    Ok(items(&list).iter().find(same).cloned())
}

fn different(leaves: &[Leaf], last: Option<&Value>, document: &Value) -> Markup {
    let Some(last) = last else {
        return html! { p .dim { "This gate was not approved before: there is nothing to compare with." } };
    };
    let before = self::leaves(last, document);
    let was = |leaf: &Leaf| {
        let same = |one: &&Leaf| one.step == leaf.step && one.path == leaf.path;
        before.iter().find(same).map(|one| &one.value)
    };
    let moved: Vec<(&Leaf, Option<&Value>)> = leaves
        .iter()
        .map(|leaf| (leaf, was(leaf)))
        .filter(|(leaf, was)| *was != Some(&leaf.value))
        .collect();
    html! {
        section {
            h2 { "Different from last time" }
            @if moved.is_empty() { p { "Nothing: the values are those that were approved last." } }
            dl .pairs {
                @for (leaf, was) in moved {
                    dt { (leaf.path.strip_prefix("arguments.").unwrap_or(&leaf.path)) }
                    dd {
                        (value::show(&leaf.value)) " "
                        span .dim { @match was { Some(was) => { "was " (value::line(was, 80)) } None => { "new" } } }
                    }
                }
            }
        }
    }
}

/// Who is asked, in words.
fn asked(who: &[&str]) -> String {
    let words = who.iter().map(|one| match one.split_once(':') {
        Some(("role", role)) => format!("whoever has the role {role}"),
        Some(("user", name)) => name.to_owned(),
        _ => (*one).to_owned(),
    });
    words.collect::<Vec<_>>().join(" or ")
}

fn decision(call: &Call, gate: &Value, marked: usize) -> Markup {
    let who = items_of(&gate["approvers"])
        .iter()
        .filter_map(Value::as_str);
    let who: Vec<&str> = who.collect();
    if !call.may(Role::Approver) {
        return html! { p .dim { "Deciding needs the role approver. It asks " (asked(&who)) "." } };
    }
    html! {
        form .decision method="post" action={ "/approvals/" (gate["id"].as_str().unwrap_or_default()) } {
            (action::key())
            input type="hidden" name="digest" value=(gate["digest"].as_str().unwrap_or_default());
            (schema_form::show(call, &gate["fields"], &Value::Null))
            div .field {
                label for="comment" { "Comment " span .dim { "needed to reject" } }
                textarea #comment name="comment" rows="2" { (Kept(call.kept("comment", ""))) }
            }
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
            p .dim { "It asks " (asked(&who)) "." }
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
                @if let Some(waits) = run["waits_for"].as_str() { ": " (waits) }
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
        let document = document(call, &run.unwrap_or_default()).await?;
        if leaves(&gate, &document).iter().any(from_outside) {
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
