//! Running again what ended: what would be kept, what would run, and the start of it.

use super::why;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, schema_form, value};
use crate::console::twin::Refusal;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Value, json};

/// Steps that are named before the others are counted.
const NAMED: usize = 12;

/// The most versions that a form offers.
const MOST_VERSIONS: usize = 50;

/// The most steps of which a form asks whether they were undone.
const MOST_ASKED: usize = 100;

/// What is known before an ended run is tried again.
pub(super) struct Again {
    versions: Versions,
    /// What a retry would keep, as the run was; nothing where nobody may try it, or its document is gone.
    plain: Option<Value>,
}

impl Again {
    pub(super) async fn read(call: &Call, run: &Value) -> Result<Self, Refusal> {
        let over = !run["finished_at"].is_null();
        let ill = over && run["status"] != "succeeded";
        let path = format!("/runs/{}", run["id"].as_str().unwrap_or_default());
        let plain = match ill && call.may(Role::Operator) {
            true => preview(call, &path, &json!({})).await.ok(),
            false => None,
        };
        let versions = match over {
            true => Versions::read(call, run).await?,
            false => Versions::of(run),
        };
        Ok(Self { versions, plain })
    }

    /// The active version, where it is newer than the one that ran.
    pub(super) fn newer(&self) -> Option<u64> {
        self.versions.newer()
    }

    /// The steps of which nobody knows whether they were undone.
    fn asked(&self) -> &[Value] {
        let asked = self.plain.as_ref().map(|plain| &plain["undo_unknown"]);
        asked
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
    }

    /// Whether a person has to say first what was undone.
    pub(super) fn asks(&self) -> bool {
        !self.asked().is_empty()
    }
}

/// The ways to run it again, for one that has ended.
pub(super) async fn show(
    call: &Call,
    run: &Value,
    document: &Value,
    retries: &[Value],
    again: &Again,
) -> Result<Markup, Refusal> {
    if run["finished_at"].is_null() || !call.may(Role::Operator) {
        return Ok(html! {});
    }
    let path = format!("/runs/{}", run["id"].as_str().unwrap_or_default());
    let versions = &again.versions;
    let sent = call.form.has("otherwise");
    let otherwise = match sent && call.refusal.is_none() {
        true => Some(preview(call, &path, &wanted(call, document)?).await?),
        false => None,
    };
    let succeeded = run["status"] == "succeeded";
    let plain = again.plain.as_ref().filter(|_| !sent);
    // What the active version says goes first: a run mostly failed for what has been put right since.
    let newest = match (plain, versions.newer()) {
        (Some(_), Some(number)) => preview(call, &path, &json!({ "version": number }))
            .await
            .ok()
            .map(|keeps| (number, keeps)),
        _ => None,
    };
    let done = retries
        .last()
        .is_some_and(|last| last["status"] == "succeeded");
    // What will fail again as it is has to be corrected first.
    let in_vain = newest.is_none() && why::fails_again(run);
    let first = if done || in_vain { "" } else { "primary" };
    let schema = schema_form::of_inputs(&document["inputs"]);
    let steps = document["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let from = call.form.text("from");
    let button = |label: &str, class: &str, values: &[(&str, &str)]| {
        action::with(&format!("{path}/retry"), label, class, values)
    };
    let keeps = html! {
        @match (&newest, plain) {
            (Some((number, keeps)), _) => div .keeps { p .dim { "Version " (number) " is active; this run was of version " (run["version"]) "." } (told(keeps)) },
            (None, Some(plain)) => div .keeps { (told(plain)) },
            (None, None) => {},
        }
    };
    Ok(html! {
        // Where something is asked first there is one way, and the answer goes along.
        @if again.asks() {}
        @else if let Some((number, _)) = &newest {
            (button(&format!("Retry with version {number}"), first, &[("version", &number.to_string())]))
        } @else if !succeeded { (button("Retry", first, &[])) }
        @if !again.asks() { (keeps) }
        @if newest.is_some() && !again.asks() { (button(&format!("Retry with version {} again", run["version"]), "quiet", &[])) }
        details .more open[sent || (again.asks() && !done)] {
            summary { @if again.asks() { "Retry" } @else if schema_form::is_empty(&schema) { "Retry from a step" } @else { "Retry with other inputs" } }
            form method="post" action={ (path) "/retry" } {
                (action::key())
                input type="hidden" name="otherwise" value="yes";
                (undone(call, again.asked()))
                (schema_form::show(call, &schema, &run["inputs"]))
                div .row {
                    label { span { "From" } select name="from" {
                        option value="" { "what failed" }
                        @for id in steps.iter().filter_map(|step| step["id"].as_str()) { option value=(id) selected[id == from] { (id) } }
                    } }
                    label { span { "Version" } select name="version" { (versions.options(call.form.text("version"))) } }
                }
                @if let Some(otherwise) = otherwise { div role="status" { (told(&otherwise)) } }
                @else if again.asks() { (keeps) }
                div .buttons {
                    button formaction={ (path) "/retry/preview" } { "See what it keeps" }
                    button .primary { @if again.asks() { "Retry" } @else { "Retry with these" } }
                }
            }
        }
    })
}

/// Asks of each step of which nobody knows whether it was undone what a person has found out.
fn undone(call: &Call, asked: &[Value]) -> Markup {
    html! {
        @if !asked.is_empty() {
            fieldset {
                legend { "Was it undone?" }
                p { "This run began to undo what it had done, and of " @if asked.len() == 1 { "one step" } @else { (asked.len()) " steps" }
                    " nobody knows whether that came about. Look at the other side first. Tick what was not undone. What has no tick runs again, and has then happened twice if it was not undone after all." }
                @for one in asked.iter().take(MOST_ASKED) {
                    @let step = one["step"].as_str().unwrap_or_default();
                    label .check {
                        input type="checkbox" name="keep" value=(step) checked[call.form.all("keep").any(|kept| kept == step)];
                        span { code { (step) } " was not undone: keep its result, and do not run it again"
                            span .dim { " · " (known(one)) } }
                    }
                }
                @if asked.len() > MOST_ASKED { p .dim { "These are the first " (MOST_ASKED) " of " (asked.len()) "; the others are named in " code { "keep" } " of the API." } }
            }
        }
    }
}

/// What is known of an undo, in a few words.
fn known(one: &Value) -> Markup {
    let how = match one["undo"].as_str().unwrap_or_default() {
        "canceled" => "its undo was stopped while it was at work",
        "uncertain" => "its undo was cut off, and was not begun again",
        _ => "its undo ended without saying whether it worked",
    };
    html! {
        (how)
        @if let Some(message) = one["error"]["message"].as_str() { ": " (value::said(&value::cut(message, 200))) }
    }
}

/// The versions that a run can be tried again with.
struct Versions {
    all: Vec<u64>,
    active: Option<u64>,
    ran: u64,
}

impl Versions {
    /// The one that ran.
    fn of(run: &Value) -> Self {
        let ran = run["version"].as_u64().unwrap_or(1);
        Self {
            all: vec![ran],
            active: None,
            ran,
        }
    }

    async fn read(call: &Call, run: &Value) -> Result<Self, Refusal> {
        let mut versions = Self::of(run);
        let ran = versions.ran;
        let Some(id) = run["automation_id"].as_str() else {
            return Ok(versions);
        };
        let Some(automation) = call.api.find(&format!("/automations/{id}")).await? else {
            return Ok(versions);
        };
        versions.active = automation["active_version"].as_u64();
        let latest = automation["latest_version"].as_u64().unwrap_or(ran);
        versions.all = (1..=latest).rev().take(MOST_VERSIONS).collect();
        for one in [Some(ran), versions.active].into_iter().flatten() {
            if !versions.all.contains(&one) {
                versions.all.push(one);
            }
        }
        Ok(versions)
    }

    /// The active version, where it is newer than the one that ran.
    fn newer(&self) -> Option<u64> {
        self.active.filter(|active| *active > self.ran)
    }

    fn options(&self, chosen: &str) -> Markup {
        let first = self.newer().unwrap_or(self.ran).to_string();
        let chosen = if chosen.is_empty() { &first } else { chosen };
        html! {
            @for one in &self.all {
                option value=(one) selected[one.to_string() == chosen] {
                    (one)
                    @if *one == self.ran { ", which ran" }
                    @if Some(*one) == self.active { ", active" }
                }
            }
        }
    }
}

/// What the form asks for, as the API takes it.
fn wanted(call: &Call, document: &Value) -> Result<Value, Refusal> {
    let mut body = json!({});
    if let Some(from) = call.form.get("from") {
        body["from"] = from.into();
    }
    let keep: Vec<&str> = call.form.all("keep").collect();
    if !keep.is_empty() {
        body["keep"] = json!(keep);
    }
    let schema = schema_form::of_inputs(&document["inputs"]);
    if call.form.has("otherwise") && !schema_form::is_empty(&schema) {
        body["inputs"] = schema_form::read(&schema, &call.form)?;
    }
    if let Some(version) = call.form.get("version") {
        let number: u32 = version.trim().parse().map_err(|_| {
            Refusal::form(
                "The version is not a number.",
                "Leave it empty for the version that ran.",
            )
        })?;
        body["version"] = number.into();
    }
    Ok(body)
}

/// What a retry would keep and what it would run, as the API says it.
async fn preview(call: &Call, path: &str, body: &Value) -> Result<Value, Refusal> {
    let path = format!("{path}/retry/preview");
    call.api.post(&path, None, body).await
}

/// The same in two sentences.
fn told(preview: &Value) -> Markup {
    let keeps = preview["keeps"].as_array().map_or(&[][..], Vec::as_slice);
    let again = preview["runs_again"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    html! {
        p { @if keeps.is_empty() { "A retry keeps nothing." } @else { "A retry keeps " (named(keeps.iter().filter_map(Value::as_str))) "." } }
        @if again.is_empty() { p { "It runs nothing again." } }
        @else {
            ul .plain {
                @for one in again.iter().take(NAMED) {
                    li { code { (one["step"].as_str().unwrap_or_default()) } " runs again: " (one["why"].as_str().unwrap_or_default()) }
                }
                @if again.len() > NAMED { li .dim { "and " (again.len() - NAMED) " more" } }
            }
        }
    }
}

fn named<'a>(all: impl Iterator<Item = &'a str>) -> Markup {
    let all: Vec<&str> = all.collect();
    html! {
        @for (index, one) in all.iter().take(NAMED).enumerate() { @if index > 0 { ", " } code { (one) } }
        @if all.len() > NAMED { " and " (all.len() - NAMED) " more" }
    }
}

pub(in crate::console) async fn start(call: &Call) -> Done {
    let path = format!("/runs/{}", call.part("id"));
    let run = call.api.get(&path).await?;
    let document = super::run::document(call, &run).await?;
    let body = wanted(call, &document)?;
    let made = call
        .api
        .post(&format!("{path}/retry"), call.key(), &body)
        .await?;
    let made = made["id"].as_str().unwrap_or_default();
    Ok(Answer::See(format!("/runs/{made}")))
}
