//! What starts an automation, chosen in a form: nobody but a person, time, an HTTP call or an event.

use super::config_form;
use super::schema_form::of_inputs;
use crate::client::encode;
use crate::console::call::Call;
use crate::console::twin::Refusal;
use crate::service::Role;
use http::Method;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// How the sender of a webhook can prove itself with nothing but a secret.
const SCHEMES: [(&str, &str); 7] = [
    ("bearer", "a token in the Authorization header"),
    ("standard_webhooks", "Standard Webhooks"),
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("stripe", "Stripe"),
    ("slack", "Slack"),
    ("shopify", "Shopify"),
];

/// What can be chosen, as the form and the document name it.
const WAYS: [(&str, &str); 4] = [
    ("", "Only by hand"),
    ("schedule", "A schedule"),
    ("webhook", "A webhook"),
    ("event", "An event"),
];

/// The way that a form has chosen. A schedule that stands in it needs no more.
pub(in crate::console) fn way(call: &Call) -> &str {
    match call.form.text("starts") {
        "" if !call.form.text("cron").is_empty() => "schedule",
        way => way,
    }
}

/// The fields, of an automation with these inputs. `by_hand` says whether there may be no trigger.
pub(in crate::console) fn show(call: &Call, inputs: &Value, by_hand: bool) -> Markup {
    let chosen = match way(call) {
        "" if !by_hand => "schedule",
        way => way,
    };
    let schema = of_inputs(inputs);
    let fields = config_form::fields(&schema);
    let needed = fields.iter().filter(|field| field.required).count();
    let text = |name: &'static str, label: &str, example: &str| {
        html! {
            label { span { (label) } input name=(name) autocomplete="off" spellcheck="false" placeholder=(example) value=(call.kept(name, "")); }
        }
    };
    html! {
        fieldset .starts {
            legend { "What starts it" }
            div .row {
                @for (way, said) in WAYS.iter().filter(|(way, _)| by_hand || !way.is_empty()) {
                    label .check { input type="radio" name="starts" value=(way) checked[*way == chosen]; span { (said) } }
                }
            }
            div .by-schedule.row {
                (text("cron", "When, as cron", "0 7 * * MON"))
                (text("timezone", "Time zone", "Europe/Berlin"))
            }
            div .by-webhook {
                div .row {
                    label { span { "The sender proves itself by" } select name="scheme" {
                        @for (scheme, said) in SCHEMES { option value=(scheme) selected[call.kept("scheme", "") == scheme] { (said) } }
                    } }
                    (text("hook_secret", "The name of its secret", "orders_hook"))
                    @if call.may(Role::Admin) {
                        label { span { "The secret, where it is not set yet" } input type="password" name="hook_value" autocomplete="new-password"; }
                    }
                }
                p .dim { "Its address is shown once it is active." }
            }
            div .by-event.row {
                (text("event_type", "Type of the event", "com.example.order.paid"))
                (text("event_source", "From this source, or from any", "/shop"))
            }
            @if !fields.is_empty() {
                details .more.by-any open[needed > 0 || fields.iter().any(|field| call.form.has(&format!("given.{}", field.name)))] {
                    summary { "Inputs of each run" @if needed > 0 { " (" (needed) " needed)" } }
                    p .dim { "Left empty: the default. " code { "{{ trigger.body.name }}" } " reads what a webhook sent, " code { "{{ trigger.data.name }}" } " what an event holds." }
                    (config_form::show(call, "given", &fields, &Value::Null, |_| Vec::new()))
                }
            }
        }
    }
}

/// What is to be set up for a form's choice: the trigger, and the value of a secret that it names.
pub(in crate::console) struct Chosen {
    pub(in crate::console) trigger: Value,
    secret: Option<(String, String)>,
}

impl Chosen {
    /// Refuses where the secret that is to be written is there already: nobody could read the old one back.
    ///
    /// # Errors
    /// Where there is one of that name.
    pub(in crate::console) async fn check_secret(&self, call: &Call) -> Result<(), Refusal> {
        let Some((name, _)) = &self.secret else {
            return Ok(());
        };
        if call.api.find(&address(name)).await?.is_none() {
            return Ok(());
        }
        Err(Refusal::form(
            format!("There is a secret {name} already."),
            "Leave its value empty to use it as it is, or take another name. The settings write a new value.",
        ))
    }

    /// Writes it.
    ///
    /// # Errors
    /// What the API says.
    pub(in crate::console) async fn write_secret(&self, call: &Call) -> Result<(), Refusal> {
        if let Some((name, value)) = &self.secret {
            let body = json!({ "value": value });
            call.api
                .json(Method::PUT, &address(name), None, &body)
                .await?;
        }
        Ok(())
    }
}

fn address(secret: &str) -> String {
    format!("/secrets/{}", encode(secret))
}

/// What a form says, with an id that no trigger of `known` has; nothing where only people start it.
///
/// # Errors
/// Where something that the way needs is missing.
pub(in crate::console) fn read(
    call: &Call,
    inputs: &Value,
    known: &[Value],
) -> Result<Option<Chosen>, Refusal> {
    let form = &call.form;
    let way = way(call);
    let needed = |name: &str, what: &str| match form.text(name) {
        "" => Err(Refusal::form(
            format!("{what} is missing."),
            "Fill it in, or choose another start.",
        )),
        text => Ok(text.to_owned()),
    };
    let mut secret = None;
    let definition = match way {
        "" => return Ok(None),
        "schedule" => {
            let mut schedule = json!({ "cron": needed("cron", "When it starts")? });
            if !form.text("timezone").is_empty() {
                schedule["timezone"] = form.text("timezone").into();
            }
            schedule
        }
        "webhook" => {
            let name = needed("hook_secret", "The name of the secret")?;
            let scheme = needed("scheme", "How the sender proves itself")?;
            if let Some(value) = form.get("hook_value") {
                secret = Some((name.clone(), value.to_owned()));
            }
            json!({ "verify": { "scheme": scheme, "secret": name } })
        }
        "event" => {
            let mut event = json!({ "type": needed("event_type", "The type of the event")? });
            if !form.text("event_source").is_empty() {
                event["source"] = form.text("event_source").into();
            }
            event
        }
        _ => {
            return Err(Refusal::form(
                "There is no such start.",
                "Choose one of those that are offered.",
            ));
        }
    };
    let fields = config_form::fields(&of_inputs(inputs));
    let given = config_form::read(form, "given", &fields, &Map::new())?;
    let mut trigger = json!({ "id": way });
    trigger[way] = definition;
    if !given.is_empty() {
        trigger["inputs"] = given.into();
    }
    // The same once more is no second one.
    if known.contains(&trigger) {
        return Ok(Some(Chosen { trigger, secret }));
    }
    let mut number = 2;
    while known.iter().any(|one| one["id"] == trigger["id"]) {
        trigger["id"] = format!("{way}_{number}").into();
        number += 1;
    }
    Ok(Some(Chosen { trigger, secret }))
}
