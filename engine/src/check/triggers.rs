//! What starts an automation. Whether a schedule's own text is right is said by the crate of triggers,
//! through [`super::Catalog::schedule`].

use super::expressions::{At, Sight, bare, template};
use super::{Context, pulls, suggest};
use crate::Finding;
use crate::definition::Trigger;
use crate::plan::pointer;
use serde_json::Value;

const SCHEMES: [&str; 10] = [
    "standard_webhooks",
    "github",
    "gitlab",
    "stripe",
    "slack",
    "shopify",
    "hmac",
    "bearer",
    "basic",
    "none",
];

pub(super) fn check(context: &mut Context<'_>) {
    let document = context.document;
    for (index, trigger) in document.triggers.iter().enumerate() {
        one(context, trigger, &format!("/triggers/{index}"));
    }
}

fn one(context: &mut Context<'_>, trigger: &Trigger, path: &str) {
    let given = trigger.kinds();
    if given.len() != 1 {
        let message = match given.as_slice() {
            [] => format!("trigger `{}` says nothing that starts it", trigger.id),
            several => format!("trigger `{}` has {}", trigger.id, several.join(" and ")),
        };
        context.say(Finding::error("bad_trigger", message).at_path(path).help(
            "a trigger has exactly one of `schedule`, `webhook`, `event`, `files` and `poll`",
        ));
    }
    let at = At {
        step: None,
        sight: Sight::Trigger,
        list: 0,
        secrets: false,
    };
    if let Some(when) = &trigger.when {
        bare(context, when, &format!("{path}/when"), &at);
    }
    inputs(context, trigger, path, &at);
    if let Some(schedule) = &trigger.schedule {
        let path = format!("{path}/schedule");
        let kinds = [
            schedule.cron.is_some(),
            schedule.every.is_some(),
            schedule.at.is_some(),
        ];
        if kinds.iter().filter(|there| **there).count() != 1 {
            context.say(
                Finding::error(
                    "bad_schedule",
                    "a schedule has exactly one of `cron`, `every` and `at`",
                )
                .at_path(&path),
            );
        } else if schedule.every.is_some_and(|span| span.as_millis() < 1_000) {
            context.say(
                Finding::error("bad_schedule", "`every` is at least one second").at_path(&path),
            );
        } else if let Some(right) = context.catalog.schedule
            && let Err(message) = right(schedule)
        {
            context.say(Finding::error("bad_schedule", message).at_path(&path));
        }
    }
    if trigger.webhook.is_some() {
        webhook(context, trigger, &format!("{path}/webhook"), &at);
    }
    pulls::files(context, trigger, &format!("{path}/files"));
    pulls::poll(context, trigger, &format!("{path}/poll"));
    if trigger
        .event
        .as_ref()
        .is_some_and(|event| event.event_type.is_empty())
    {
        context.say(
            Finding::error("bad_value", "an event has a type")
                .at_path(format!("{path}/event/type")),
        );
    }
}

fn inputs(context: &mut Context<'_>, trigger: &Trigger, path: &str, at: &At<'_>) {
    let known = &context.document.inputs;
    for (name, value) in &trigger.inputs {
        let path = format!("{path}/inputs{}", pointer(&[name]));
        template(context, value, &path, at);
        if !known.contains_key(name) {
            let finding = Finding::error("unknown_input", format!("there is no input `{name}`"))
                .at_path(path);
            context.say(suggest(
                finding,
                name,
                known.keys().map(String::as_str),
                "add it under `inputs`",
            ));
        }
    }
    for (name, schema) in known {
        if schema.get("default").is_none() && !trigger.inputs.contains_key(name) {
            context.say(
                Finding::error(
                    "missing_input",
                    format!("trigger `{}` gives no value for input `{name}`", trigger.id),
                )
                .at_path(path)
                .help(format!(
                    "add it under the trigger's `inputs`, or give `{name}` a default"
                )),
            );
        }
    }
}

fn webhook(context: &mut Context<'_>, trigger: &Trigger, path: &str, at: &At<'_>) {
    let Some(webhook) = &trigger.webhook else {
        return;
    };
    match webhook.verify.get("scheme").and_then(Value::as_str) {
        None => context.say(
            Finding::error(
                "missing_key",
                "`verify` has no `scheme`: how does the sender prove itself?",
            )
            .at_path(format!("{path}/verify"))
            .help(format!("one of: {}", SCHEMES.join(", "))),
        ),
        Some(scheme) if !SCHEMES.contains(&scheme) => {
            let finding = Finding::error("bad_value", format!("there is no scheme `{scheme}`"))
                .at_path(format!("{path}/verify/scheme"));
            let listed = format!("one of: {}", SCHEMES.join(", "));
            context.say(suggest(finding, scheme, SCHEMES, &listed));
        }
        Some("none") => {}
        Some(scheme) => {
            if webhook
                .verify
                .get("secret")
                .and_then(Value::as_str)
                .is_none()
            {
                context.say(
                    Finding::error(
                        "missing_key",
                        format!("`{scheme}` needs `secret`, the name of a secret"),
                    )
                    .at_path(format!("{path}/verify")),
                );
            }
        }
    }
    for key in ["secret", "also", "verify_token"] {
        if let Some(name) = webhook.verify.get(key).and_then(Value::as_str)
            && let Some(known) = &context.catalog.secrets
            && !known.contains(name)
        {
            let finding = Finding::error("missing_secret", format!("there is no secret `{name}`"))
                .at_path(format!("{path}/verify/{key}"));
            let known: Vec<String> = known.iter().cloned().collect();
            let help = format!("set it with `druse secrets set {name}`");
            context.say(suggest(
                finding,
                name,
                known.iter().map(String::as_str),
                &help,
            ));
        }
    }
    match &webhook.respond {
        None | Some(Value::Object(_)) => {}
        Some(Value::String(word)) if word == "accepted" || word == "result" => {}
        Some(_) => context.say(
            Finding::error(
                "bad_value",
                "`respond` is `accepted`, `result` or {status?, headers?, body}",
            )
            .at_path(format!("{path}/respond")),
        ),
    }
    if let Some(respond @ Value::Object(_)) = &webhook.respond {
        let at = At {
            sight: Sight::Run,
            list: 0,
            ..*at
        };
        template(context, respond, &format!("{path}/respond"), &at);
    }
}
