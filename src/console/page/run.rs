//! One run: why it stands where it does, its steps over time, and what a person can do.

use super::{artifacts, comparison, journal, logs, pause, retries, retry, seen, timeline, why};
use crate::client::encode;
use crate::console::call::{Answer, Call, Done, while_signed_in};
use crate::console::component::{action, state, time, value};
use crate::console::layout::{Here, Page};
use crate::console::picture;
use crate::console::twin::Refusal;
use crate::service::Role;
use crate::service::way::of_pass;
use bytes::Bytes;
use http::{HeaderName, Method, header};
use maud::{Markup, html};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TABS: [(&str, &str); 5] = [
    ("steps", "Steps"),
    ("graph", "Graph"),
    ("values", "Input and output"),
    ("journal", "History"),
    ("compare", "Compare"),
];

/// The most steps that a page shows in full, beside those that wait for somebody.
const MOST: usize = 300;

pub(in crate::console) async fn show(call: &Call) -> Done {
    let id = call.part("id");
    let run = call.api.get(&format!("/runs/{id}")).await?;
    let status = run["status"].as_str().unwrap_or_default();
    let name = run["automation_name"].as_str().unwrap_or_default();
    let document = document(call, &run).await?;
    let tab = match call.query.text("tab") {
        "" => "steps",
        tab => tab,
    };
    let path = format!("/runs/{id}");
    let again = retry::Again::read(call, &run).await?;
    let main = match tab {
        "graph" => graph(&run, &document),
        "compare" => comparison::show(call, &run).await?,
        "values" => values(&run),
        "journal" => {
            let cursor = call
                .query
                .get("cursor")
                .map_or_else(String::new, |cursor| format!("&cursor={}", encode(cursor)));
            let list = call
                .api
                .get(&format!("/runs/{id}/events?limit=200{cursor}"))
                .await?;
            journal::show(&path, &list, call.now)
        }
        _ => {
            let logs = logs::read(call, call.param("id"), run["finished_at"].is_null()).await?;
            let versions = pause::versions(call, &run).await?;
            let shown = Shown {
                call,
                run: &run,
                logs: &logs,
                versions: &versions,
                again: &again,
            };
            html! { (timeline::show(&run, &document, call.now)) (pause::of_all(call, &run, &versions)) (shown.steps()) (artifacts::show(&run, call.now)) }
        }
    };
    let retries = retries::of(call, &run).await?;
    let retry = retry::show(call, &run, &document, &retries, &again).await?;
    // What is still at work is not compared: the page looks again and again.
    let drift = match run["finished_at"].is_null() {
        true => Value::Null,
        false => call.api.get(&format!("/runs/{id}/drift")).await?,
    };
    let body = html! {
        header .head {
            h1 { @match run["automation_id"].as_str() { Some(automation) => a href={ "/automations/" (automation) } { (name) }, None => (name) } " " span .dim { "#" (value::short(run["id"].as_str().unwrap_or_default())) } }
            p .row {
                (state::pill(status)) span { (why::length(&run, call.now)) }
                span .dim { (super::runs::cause(&run["cause"])) " " (time::ago(&run["created_at"], call.now)) }
                @if let Some(automation) = run["automation_id"].as_str() {
                    a href={ "/automations/" (automation) "?tab=versions" } { "version " (run["version"]) }
                }
                (value::id(&run["id"]))
            }
        }
        @if let Some((sentence, hint)) = why::of(&run, again.newer()) {
            section .why.(state::class(status)) aria-label="Why" {
                @let hint = why::retried(&retries).unwrap_or(&hint);
                p { strong { (value::said(&sentence)) } @if !hint.is_empty() { " " (hint) } }
                (retries::show(call, &retries))
                @let open = status == "failed" && retries.last().is_none_or(|last| last["status"] != "succeeded");
                @if let Some(number) = again.newer() && open && let Some(automation) = run["automation_id"].as_str() {
                    p { a href={ "/automations/" (automation) "?tab=versions&from=" (run["version"]) "&to=" (number) } { "What version " (number) " says otherwise" } }
                }
                @if let Some(step) = to_correct(call, &run) && retries.last().is_none_or(|last| last["status"] != "succeeded") {
                    p { a .button href=(step.0) { "Correct " (step.1) } }
                }
                (seen::by(call, &run))
                @for gate in waiting_gates(&run) {
                    p { a .button href={ "/approvals/" (gate) } { "To the approval" } }
                }
            }
        }
        @if run["cause"]["kind"] == "automation" && let Some(parent) = run["cause"]["run_id"].as_str() {
            p { a href={ "/runs/" (parent) } { "The run that started it" } }
        }
        @if let Some(before) = retries::before(&run) {
            p .dim { "It goes on from run " a href={ "/runs/" (before) } { "…" (value::short(before)) } "." }
        }
        (actions(call, &run, html! { (retry) (seen::form(call, &run, &retries)) }))
        (drifted(&drift))
        nav .tabs aria-label="Parts of the run" {
            @for (one, label) in TABS {
                a href={ (path) "?tab=" (one) } aria-current=[(one == tab).then_some("true")] { (label) }
            }
        }
        (main)
    };
    let live = run["finished_at"].is_null() && call.refusal.is_none();
    let title = format!(
        "{} {name} #{}",
        state::sign(status),
        value::short(run["id"].as_str().unwrap_or_default())
    );
    let page = Page::new(title, Here::Runs, body).about(status);
    Ok(page.follow(live.then(|| format!("{path}/events"))).into())
}

/// Answers that look otherwise than they were recorded, though nothing relies on it.
fn drifted(drift: &Value) -> Markup {
    let items = drift["items"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        @if !items.is_empty() {
            details .more {
                summary { "Answers look otherwise than recorded (" (items.len()) ")" }
                p .dim { "No step relies on it, so the run went on." }
                ul .plain {
                    @for item in items {
                        @for change in item["changes"].as_array().into_iter().flatten() {
                            li { code { (item["step"].as_str().unwrap_or_default()) } " " (value::said(&value::cut(change["message"].as_str().unwrap_or_default(), 200))) }
                        }
                    }
                }
            }
        }
    }
}

/// The form of the step that broke the run, for whoever may change it.
fn to_correct<'r>(call: &Call, run: &'r Value) -> Option<(String, &'r str)> {
    let automation = run["automation_id"].as_str()?;
    let step = why::broken(run).filter(|_| call.may(Role::Editor))?;
    let way = encode(&of_pass(step));
    Some((
        format!("/automations/{automation}?tab=steps&step={way}"),
        step,
    ))
}

pub(super) async fn document(call: &Call, run: &Value) -> Result<Value, Refusal> {
    let (Some(id), Some(version)) = (run["automation_id"].as_str(), run["version"].as_u64()) else {
        return Ok(Value::Null);
    };
    let found = call
        .api
        .find(&format!("/automations/{id}/versions/{version}"))
        .await?;
    Ok(found.map_or(Value::Null, |version| version["document"].clone()))
}

fn all_steps(run: &Value) -> &[Value] {
    run["steps"].as_array().map_or(&[], Vec::as_slice)
}

fn waiting_gates(run: &Value) -> Vec<&str> {
    let waiting = all_steps(run)
        .iter()
        .filter(|step| step["status"] == "waiting");
    waiting
        .filter_map(|step| step["approval_id"].as_str())
        .collect()
}

fn graph(run: &Value, document: &Value) -> Markup {
    let mut states: BTreeMap<String, String> = BTreeMap::new();
    for step in all_steps(run) {
        let (path, status) = (step["path"].as_str(), step["status"].as_str());
        states.insert(
            path.unwrap_or_default().into(),
            status.unwrap_or_default().into(),
        );
    }
    // The steps stand on another part of the page.
    let id = run["id"].as_str().unwrap_or_default();
    picture::of_document(document, &states, &format!("/runs/{id}?tab=steps#step-"))
}

fn values(run: &Value) -> Markup {
    html! {
        div .columns {
            section { h2 { "Inputs" } (value::pairs(&run["inputs"])) }
            section { h2 { "Outputs" }
                @if run["outputs"].is_null() { p .dim { "None yet." } } @else { (value::pairs(&run["outputs"])) } }
        }
        @if !run["error"].is_null() { section { h2 { "Error" } (value::pairs(&run["error"])) } }
        section { h2 { "Cause" } (value::pairs(&run["cause"])) }
    }
}

/// The steps that a page shows: the first ones, and wherever they stand those that wait for somebody, who answers them
/// here and nowhere else.
fn listed(all: &[Value]) -> Vec<&Value> {
    let mut room = MOST;
    let is_shown = |step: &&Value| {
        let waits = matches!(
            step["status"].as_str(),
            Some("paused" | "uncertain" | "waiting")
        );
        let fits = waits || room > 0;
        room -= usize::from(fits && !waits);
        fits
    };
    all.iter().filter(is_shown).collect()
}

/// What the steps of a run are shown with.
struct Shown<'a> {
    call: &'a Call,
    run: &'a Value,
    logs: &'a logs::Logs,
    versions: &'a [pause::Choice],
    again: &'a retry::Again,
}

fn skipped(reason: &Value) -> String {
    let step = reason["step"].as_str().unwrap_or_default();
    match reason["kind"]
        .as_str()
        .or(reason["reason"].as_str())
        .unwrap_or_default()
    {
        "when" => "its condition did not hold".into(),
        "need" => format!(
            "{step} ended as {}",
            reason["status"].as_str().unwrap_or("otherwise")
        ),
        "case" => format!("{step} took another case"),
        "run_ending" => "the run was ending before it began".into(),
        other => other.replace('_', " "),
    }
}

/// What the check of an uncertain step says.
fn checked(check: &Value) -> Option<String> {
    if check.is_null() {
        return None;
    }
    Some(match check["answer"].as_str() {
        None => "its check looks whether it happened".to_owned(),
        Some("happened") => "its check says that it happened".to_owned(),
        Some("not_happened") => "its check says that it had not happened".to_owned(),
        Some(_) => format!(
            "its check does not know: {}",
            check["error"]["message"].as_str().unwrap_or_default()
        ),
    })
}

impl Shown<'_> {
    fn steps(&self) -> Markup {
        let all = all_steps(self.run);
        let listed = listed(all);
        html! {
            h2 .sr { "Steps" }
            ol .steps {
                @for step in &listed { (self.step(step)) }
            }
            @if all.len() > listed.len() { p .dim { "These are the first " (MOST) " of " (all.len()) " steps, and all that wait for somebody; the rest is read by the API." } }
        }
    }

    fn step(&self, step: &Value) -> Markup {
        let (call, run, logs, versions) = (self.call, self.run, self.logs, self.versions);
        let path = step["path"].as_str().unwrap_or_default();
        let status = step["status"].as_str().unwrap_or_default();
        let attempts = step["attempts"].as_array().map_or(&[][..], Vec::as_slice);
        let open = matches!(status, "failed" | "paused" | "uncertain" | "rejected");
        html! {
            li #{ "step-" (path) } {
                details open[open] {
                    summary {
                        (state::pill(status)) " " strong { (path) } " " span .dim { (step["action"].as_str().unwrap_or_default()) }
                        @if !step["skipped"].is_null() { " " span .dim { (skipped(&step["skipped"])) } }
                        @if let Some(message) = step["error"]["message"].as_str() { " " span .dim { (value::said(&value::cut(message, 100))) } }
                        @if let Some(undo) = step["undo"].as_str() { " " span .dim { "undo" } " " (state::pill(undo)) }
                        @if let Some(says) = checked(&step["check"]) { " " span .dim { (value::cut(&says, 100)) } }
                        @if let Some(passes) = step["passes"].as_object() {
                            " " span .dim { (passes["succeeded"]) " of " (if passes["items"].is_null() { &passes["begun"] } else { &passes["items"] }) " passes done" }
                        }
                    }
                    div .inside {
                        @if let Some(gate) = step["approval_id"].as_str() { p { a href={ "/approvals/" (gate) } { "The approval" } } }
                        @if let Some(child) = step["child"].as_str() { p { a href={ "/runs/" (child) } { "The run that it started" } } }
                        @if status == "paused" && call.may(Role::Operator) { (pause::of_step(call, run["id"].as_str().unwrap_or_default(), path, versions)) }
                        @if status == "uncertain" && call.may(Role::Operator) { (super::uncertain::form(call, run["id"].as_str().unwrap_or_default(), path)) }
                        @if !step["error"].is_null() { h3 { "Error" } (value::pairs(&step["error"])) }
                        @if !step["input"].is_null() { h3 { "Input" } (value::pairs(&step["input"])) }
                        @if !step["output"].is_null() { h3 { "Output" } (value::pairs(&step["output"])) }
                        @if !attempts.is_empty() {
                            h3 { "Attempts" }
                            ul .plain {
                                @for attempt in attempts {
                                    li {
                                        (state::pill(attempt["status"].as_str().unwrap_or_default()))
                                        " " (attempt["number"]) ", began " (time::stop(&attempt["started_at"], call.now))
                                        @if let Some(took) = time::between(&attempt["started_at"], &attempt["finished_at"], call.now) { ", " (time::span(took)) }
                                        @if let Some(message) = attempt["error"]["message"].as_str() {
                                            div .dim { code { (attempt["error"]["code"].as_str().unwrap_or_default()) } " " (value::said(&value::cut(message, 400))) }
                                        }
                                        (logs.of(path, attempt["number"].as_u64().unwrap_or(0)))
                                    }
                                }
                            }
                        }
                        // Where a person has to say first what was undone, the form on top asks for it.
                        @if call.may(Role::Operator) && !run["finished_at"].is_null() && !path.contains(['[', '.']) && status != "skipped" && !self.again.asks() {
                            (action::with(&format!("/runs/{}/retry", run["id"].as_str().unwrap_or_default()), &format!("Retry from {path}"), "quiet", &[("from", path)]))
                        }
                    }
                }
            }
        }
    }
}

fn actions(call: &Call, run: &Value, retry: Markup) -> Markup {
    if !call.may(Role::Operator) {
        return html! {};
    }
    let path = format!("/runs/{}", run["id"].as_str().unwrap_or_default());
    let over = !run["finished_at"].is_null();
    html! {
        div .actions {
            @if !over {
                (pause::of_run(call, run))
                details .more {
                    summary { "Cancel" }
                    form method="post" action={ (path) "/cancel" } {
                        (action::key())
                        label for="reason" { "Reason" } input #reason name="reason" autocomplete="off" value=(call.kept("reason", ""));
                        button .danger { "Cancel this run" }
                    }
                }
            } @else {
                (retry)
            }
        }
    }
}

/// The facts as they come, for the script.
pub(in crate::console) async fn events(call: &Call) -> Done {
    let id = call.part("id");
    let last = call
        .headers
        .get("last-event-id")
        .and_then(|last| last.to_str().ok());
    let mut headers = vec![(header::ACCEPT, "text/event-stream")];
    if let Some(last) = last {
        headers.push((HeaderName::from_static("last-event-id"), last));
    }
    let after = call.query.query(&["after"]);
    let path = format!("/runs/{id}/events?{after}");
    let response = call
        .api
        .open(Method::GET, &path, &headers, Bytes::new())
        .await?;
    Ok(Answer::Raw(while_signed_in(call, response)))
}

pub(in crate::console) async fn cancel(call: &Call) -> Done {
    let id = call.part("id");
    let mut body = json!({});
    if !call.form.text("reason").is_empty() {
        body["reason"] = call.form.text("reason").into();
    }
    call.api
        .post(&format!("/runs/{id}/cancel"), call.key(), &body)
        .await?;
    Ok(Answer::See(format!("/runs/{id}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_waits_for_somebody_is_shown_wherever_it_stands() {
        let step = |index: usize| {
            let status = match index {
                314 => "paused",
                320 => "uncertain",
                325 => "waiting",
                329 => "failed",
                _ => "succeeded",
            };
            json!({ "path": format!("each[{index}].a"), "status": status })
        };
        let all: Vec<Value> = (0..330).map(step).collect();
        let listed = listed(&all);
        assert_eq!(listed.len(), MOST + 3);
        let waits: Vec<&str> = listed[MOST..]
            .iter()
            .filter_map(|step| step["path"].as_str())
            .collect();
        assert_eq!(waits, ["each[314].a", "each[320].a", "each[325].a"]);
    }
}
