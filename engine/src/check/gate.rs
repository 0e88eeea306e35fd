//! What a gate says of people and of times: what can only fail, and what does nothing.

use super::Context;
use super::actions::Look;
use crate::{Finding, Severity, Span};
use serde_json::Value;
use std::collections::BTreeSet;

/// The least time between two reminders.
const LEAST_REMIND: Span = Span::from_secs(1);

pub(super) fn check(context: &mut Context<'_>, look: &Look<'_>) {
    title(context, look);
    people(context, look);
    times(context, look);
}

fn title(context: &mut Context<'_>, look: &Look<'_>) {
    if look
        .text("title")
        .is_some_and(|title| title.trim().is_empty())
    {
        context.say(
            look.wrong(
                "bad_value",
                "title",
                "`title` is empty: nobody sees what is asked",
            )
            .help("write a question, or leave it out: then the step's name stands there"),
        );
    }
}

fn people(context: &mut Context<'_>, look: &Look<'_>) {
    let escalates = look.text("on_timeout") == Some("escalate");
    for key in ["approvers", "escalate_to"] {
        if list(look, key).is_some_and(<[Value]>::is_empty) {
            context.say(
                look.wrong(
                    "bad_value",
                    key,
                    format!("`{key}` is empty: nobody could decide"),
                )
                .help("write user:<name> or role:<role>, or leave it out"),
            );
        }
    }
    if escalates && !look.has("escalate_to") {
        context.say(
            look.wrong(
                "missing_key",
                "",
                "`on_timeout: escalate` needs `escalate_to`",
            )
            .help("write who is asked then, such as `escalate_to: [role:admin]`"),
        );
    }
    if list(look, "escalate_to").is_none_or(|list| !list.is_empty())
        && look.has("escalate_to")
        && !escalates
    {
        context.say(
            idle(
                look,
                "escalate_to",
                "`escalate_to` does nothing without `on_timeout: escalate`",
            )
            .help("add `on_timeout: escalate` and a `timeout`, or leave it out"),
        );
    }
    let Some(needed) = look.with.get("needed").and_then(Value::as_u64) else {
        return;
    };
    let later = list(look, "escalate_to").filter(|_| escalates);
    let Some(asked) = list(look, "approvers") else {
        return;
    };
    let mut names = BTreeSet::new();
    for who in asked.iter().chain(later.into_iter().flatten()) {
        match who
            .as_str()
            .filter(|who| who.starts_with("user:") && !who.contains("{{"))
        {
            Some(who) => names.insert(who),
            // Of how many a role is, nobody knows before.
            None => return,
        };
    }
    if !names.is_empty() && needed > names.len() as u64 {
        let message = format!(
            "{needed} people have to approve, and {} asked",
            is_are(names.len())
        );
        let mut finding = look
            .wrong("too_few_approvers", "needed", message)
            .help("ask more people or a role, or lower `needed`");
        finding.severity = Severity::Warning;
        context.say(finding);
    }
}

fn is_are(count: usize) -> String {
    match count {
        1 => "1 is".to_owned(),
        count => format!("{count} are"),
    }
}

fn times(context: &mut Context<'_>, look: &Look<'_>) {
    let span = |key: &str| look.text(key).and_then(|text| text.parse::<Span>().ok());
    let timeout = span("timeout");
    if timeout.is_some_and(|timeout| timeout.0.is_zero()) {
        context.say(
            look.wrong(
                "bad_value",
                "timeout",
                "`timeout` is over before anybody can answer",
            )
            .help("give people time, such as 24h, or leave it out: then the gate waits for ever"),
        );
    }
    if let Some(remind) = span("remind") {
        if remind < LEAST_REMIND {
            context.say(
                look.wrong(
                    "bad_value",
                    "remind",
                    format!("`remind` is at least {LEAST_REMIND}"),
                )
                .help("people are reminded so often until they answer; write such as 2h"),
            );
        } else if timeout.is_some_and(|timeout| remind >= timeout) {
            context.say(
                idle(
                    look,
                    "remind",
                    "`remind` does nothing: the gate's time is over before",
                )
                .help("make it shorter than `timeout`, or leave it out"),
            );
        }
    }
    if look.has("on_timeout") && !look.has("timeout") {
        context.say(
            idle(
                look,
                "on_timeout",
                "`on_timeout` does nothing without `timeout`",
            )
            .help("add a `timeout`, or leave it out"),
        );
    }
}

fn list<'a>(look: &Look<'a>, key: &str) -> Option<&'a [Value]> {
    look.with.get(key)?.as_array().map(Vec::as_slice)
}

/// What does nothing as it stands.
fn idle(look: &Look<'_>, key: &str, message: impl Into<String>) -> Finding {
    let mut finding = look.wrong("no_effect", key, message);
    finding.severity = Severity::Warning;
    finding
}
