//! Running again what ended: what would be kept, what would run, and the start of it.

use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, schema_form};
use crate::console::twin::Refusal;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Value, json};

/// Steps that are named before the others are counted.
const NAMED: usize = 12;

/// The most versions that a form offers.
const MOST_VERSIONS: usize = 50;

/// The ways to run it again, for one that has ended.
pub(super) async fn show(
    call: &Call,
    run: &Value,
    document: &Value,
    retries: &[Value],
) -> Result<Markup, Refusal> {
    if run["finished_at"].is_null() || !call.may(Role::Operator) {
        return Ok(html! {});
    }
    let path = format!("/runs/{}", run["id"].as_str().unwrap_or_default());
    let asked = call.form.has("otherwise");
    let otherwise = match asked && call.refusal.is_none() {
        true => Some(preview(call, &path, &wanted(call, document)?).await?),
        false => None,
    };
    let succeeded = run["status"] == "succeeded";
    let plain = match succeeded || asked {
        true => None,
        // A run whose document is gone has nothing to go on from.
        false => preview(call, &path, &json!({})).await.ok(),
    };
    let versions = Versions::read(call, run).await?;
    // What the active version says goes first: a run mostly failed for what has been put right since.
    let newest = match (&plain, versions.newer()) {
        (Some(_), Some(number)) => preview(call, &path, &json!({ "version": number }))
            .await
            .ok()
            .map(|keeps| (number, keeps)),
        _ => None,
    };
    let done = retries
        .last()
        .is_some_and(|last| last["status"] == "succeeded");
    let first = if done { "" } else { "primary" };
    let schema = schema_form::of_inputs(&document["inputs"]);
    let steps = document["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let from = call.form.text("from");
    Ok(html! {
        @if let Some((number, keeps)) = &newest {
            (action::with(&format!("{path}/retry"), &format!("Retry with version {number}"), first, &[("version", &number.to_string())]))
            div .keeps { p .dim { "Version " (number) " is active; this run was of version " (run["version"]) "." } (keeps) }
            (action::button(&format!("{path}/retry"), &format!("Retry with version {} again", run["version"]), "quiet"))
        } @else {
            @if !succeeded { (action::button(&format!("{path}/retry"), "Retry", first)) }
            @if let Some(plain) = plain { div .keeps { (plain) } }
        }
        details .more open[asked] {
            summary { @if schema_form::is_empty(&schema) { "Retry from a step" } @else { "Retry with other inputs" } }
            form method="post" action={ (path) "/retry" } {
                (action::key())
                input type="hidden" name="otherwise" value="yes";
                (schema_form::show(call, &schema, &run["inputs"]))
                div .row {
                    label { span { "From" } select name="from" {
                        option value="" { "what failed" }
                        @for id in steps.iter().filter_map(|step| step["id"].as_str()) { option value=(id) selected[id == from] { (id) } }
                    } }
                    label { span { "Version" } select name="version" { (versions.options(call.form.text("version"))) } }
                }
                @if let Some(otherwise) = otherwise { div role="status" { (otherwise) } }
                div .buttons {
                    button formaction={ (path) "/retry/preview" } { "See what it keeps" }
                    button .primary { "Retry with these" }
                }
            }
        }
    })
}

/// The versions that a run can be tried again with.
struct Versions {
    all: Vec<u64>,
    active: Option<u64>,
    ran: u64,
}

impl Versions {
    async fn read(call: &Call, run: &Value) -> Result<Self, Refusal> {
        let ran = run["version"].as_u64().unwrap_or(1);
        let mut versions = Self {
            all: vec![ran],
            active: None,
            ran,
        };
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

/// In two sentences, what a retry would keep and what it would run.
async fn preview(call: &Call, path: &str, body: &Value) -> Result<Markup, Refusal> {
    let found = call
        .api
        .post(&format!("{path}/retry/preview"), None, body)
        .await?;
    let keeps = found["keeps"].as_array().map_or(&[][..], Vec::as_slice);
    let again = found["runs_again"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    Ok(html! {
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
    })
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
