//! All that is wrong with the triggers of a document, at once.

use crate::{
    event::{Filter, builtin::meant_by},
    folder::Folder,
    mapping::Mapping,
    poll::Poll,
    rate::Rate,
    schedule::check_firing,
    suggest::{nearest, shown},
    timetable::Timetable,
    webhook::{MOST_MAX_BODY, Respond, RespondKind, Verifier},
    window::Windows,
};
use druse_engine::{
    Finding, Severity,
    definition::{Document, Trigger, Webhook},
};
use serde_json::Value;

/// What is wrong with one trigger by itself. Paths begin at the trigger (`/schedule/cron`).
pub fn check(trigger: &Trigger) -> Vec<Finding> {
    let mut findings = Vec::new();
    if trigger.kinds().len() != 1 {
        findings.push(
            Finding::error(
                "invalid_trigger",
                "a trigger has exactly one of schedule, webhook, event, files and poll",
            )
            .at_path("")
            .help("Write a trigger of its own for each."),
        );
    }
    if let Some(schedule) = &trigger.schedule {
        nest(
            "/schedule",
            Timetable::compile(schedule).err(),
            &mut findings,
        );
        nest("/schedule", Some(check_firing(schedule)), &mut findings);
        let dates = schedule.start.is_some() || schedule.end.is_some() || !schedule.skip.is_empty();
        if schedule.timezone.is_some() && schedule.cron.is_none() && !dates {
            findings.push(unused(
                "/schedule/timezone",
                "a time zone changes nothing without `cron` or dates",
            ));
        }
    }
    if let Some(webhook) = &trigger.webhook {
        match Verifier::parse(&webhook.verify) {
            Ok(verifier) if verifier.is_open() => findings.push(
                Finding::warning(
                    "open_webhook",
                    "everybody who knows the address can start this automation",
                )
                .at_path("/webhook/verify/scheme")
                .help("Use `bearer` or the scheme of the sender."),
            ),
            Ok(_) => {}
            Err(wrong) => nest("/webhook/verify", Some(wrong), &mut findings),
        }
        check_limits(webhook, &mut findings);
        match Respond::compile(webhook) {
            Ok(Respond {
                kind: RespondKind::Accepted,
                ..
            }) if webhook.respond_timeout.is_some() => {
                findings.push(unused(
                    "/webhook/respond_timeout",
                    "a time limit changes nothing when the answer does not wait",
                ));
            }
            Ok(_) => {}
            Err(wrong) => nest("/webhook", Some(wrong), &mut findings),
        }
    }
    if let Some(event) = &trigger.event {
        nest("/event", Filter::compile(event).err(), &mut findings);
        if let Some(meant) = meant_by(&event.event_type) {
            findings.push(
                Finding::warning(
                    "unknown_event_type",
                    format!(
                        "nothing tells events of the type {}, unless somebody sends them",
                        shown(&event.event_type)
                    ),
                )
                .at_path("/event/type")
                .help(format!("Did you mean `{meant}`, which Druse tells itself?")),
            );
        }
    }
    if let Some(files) = &trigger.files {
        nest("/files", Some(Folder::findings(files)), &mut findings);
    }
    if let Some(poll) = &trigger.poll {
        nest("/poll", Poll::compile(poll).err(), &mut findings);
    }
    nest("", Some(Windows::read(trigger).1), &mut findings);
    nest("", Mapping::compile(trigger).err(), &mut findings);
    if trigger.version == Some(0) {
        findings.push(
            Finding::error("bad_value", "versions are numbered from 1")
                .at_path("/version")
                .help("Leave it out for the active one."),
        );
    }
    findings
}

fn check_limits(webhook: &Webhook, findings: &mut Vec<Finding>) {
    if let Some(limit) = &webhook.rate_limit {
        nest("/webhook/rate_limit", Rate::compile(limit).err(), findings);
    }
    if webhook
        .max_body
        .is_some_and(|bytes| bytes == 0 || bytes > MOST_MAX_BODY)
    {
        findings.push(
            Finding::error(
                "bad_value",
                format!("`max_body` is a number of bytes from 1 to {MOST_MAX_BODY}"),
            )
            .at_path("/webhook/max_body")
            .help("What is longer is better fetched by a step."),
        );
    }
    for (index, origin) in webhook.origins.iter().enumerate() {
        if origin.trim().is_empty() || origin.contains('/') {
            findings.push(
                Finding::error("bad_value", format!("{} is not an origin", shown(origin)))
                    .at_path(format!("/webhook/origins/{index}"))
                    .help("Write the host name alone, such as eventgrid.azure.net."),
            );
        }
    }
}

/// What is wrong with the triggers of a document: each by itself, their ids, and whether they give the
/// inputs that the document has. Paths begin at the document (`/triggers/0/schedule/cron`).
pub fn check_document(document: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, trigger) in document.triggers.iter().enumerate() {
        let mut own = check(trigger);
        check_id(document, index, &mut own);
        check_inputs(document, trigger, &mut own);
        nest(&format!("/triggers/{index}"), Some(own), &mut findings);
    }
    findings
}

fn check_id(document: &Document, index: usize, findings: &mut Vec<Finding>) {
    let id = document.triggers[index].id.as_str();
    let lawful = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() <= 64
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !lawful {
        findings.push(
            Finding::error(
                "invalid_id",
                format!("{} is not the id of a trigger", shown(id)),
            )
            .at_path("/id")
            .help("Use lower-case letters, digits and `_`, a letter first, at most 64."),
        );
    } else if document.triggers[..index]
        .iter()
        .any(|earlier| earlier.id == id)
    {
        findings.push(
            Finding::error(
                "duplicate_id",
                format!("two triggers have the id {}", shown(id)),
            )
            .at_path("/id")
            .help("Give each an id of its own."),
        );
    }
}

fn check_inputs(document: &Document, trigger: &Trigger, findings: &mut Vec<Finding>) {
    for name in trigger
        .inputs
        .keys()
        .filter(|name| !document.inputs.contains_key(*name))
    {
        let help = match nearest(name, document.inputs.keys().map(String::as_str)) {
            Some(known) => format!("Did you mean `{known}`?"),
            None => "Add it to the document's `inputs`, or take it out.".into(),
        };
        let place = name.replace('~', "~0").replace('/', "~1");
        findings.push(
            Finding::error(
                "unknown_input",
                format!("the automation has no input {}", shown(name)),
            )
            .at_path(format!("/inputs/{place}"))
            .help(help),
        );
    }
    let missing: Vec<&str> = document
        .inputs
        .iter()
        .filter(|(name, schema)| {
            schema.get("default").is_none() && !trigger.inputs.contains_key(*name)
        })
        .map(|(name, _)| name.as_str())
        .collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        findings.push(
            Finding::error(
                "missing_input",
                format!("the trigger does not give what the automation needs: {names}"),
            )
            .at_path("/inputs")
            .help("Add it to the trigger's `inputs`, or give the input a `default`."),
        );
    }
}

fn unused(path: &str, message: &str) -> Finding {
    Finding::warning("unused_setting", message)
        .at_path(path)
        .help("Take it out.")
}

/// Puts findings under a place of the whole; their ids follow the path.
fn nest(base: &str, inner: Option<Vec<Finding>>, findings: &mut Vec<Finding>) {
    for finding in inner.into_iter().flatten() {
        let path = format!("{base}{}", finding.path.as_deref().unwrap_or_default());
        findings.push(finding.at_path(path));
    }
}

/// Adds what is wrong with a document's triggers to what the engine found, each place once: where the
/// engine has an error already, a second one in other words helps nobody.
pub fn add_to(findings: &mut Vec<Finding>, document: &Document) {
    let told: Vec<(String, bool)> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .filter_map(|finding| Some((finding.path.clone()?, finding.code == "missing_key")))
        .collect();
    for finding in check_document(document) {
        let path = finding.path.as_deref().unwrap_or_default();
        let known = told.iter().any(|(place, is_missing)| {
            // What is missing is told at the map by one, and at the key by the other.
            let key_of = path
                .strip_prefix(place.as_str())
                .and_then(|rest| rest.strip_prefix('/'));
            place == path || *is_missing && key_of.is_some_and(|key| !key.contains('/'))
        });
        let same = findings.iter().any(|other| other.id == finding.id);
        if !known && !same {
            findings.push(finding);
        }
    }
}

/// Whether any of the findings forbids storing or activating.
pub fn has_errors(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

/// The names of the secrets that a document's webhooks need, in order, each once.
pub fn secret_names(document: &Document) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for webhook in document
        .triggers
        .iter()
        .filter_map(|trigger| trigger.webhook.as_ref())
    {
        for name in ["secret", "also", "verify_token"]
            .into_iter()
            .filter_map(|key| webhook.verify.get(key).and_then(Value::as_str))
        {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(triggers: Value) -> Document {
        serde_json::from_value(json!({
            "druse": 1, "name": "x", "steps": [], "triggers": triggers,
            "inputs": { "region": { "type": "string", "default": "EU" }, "total": { "type": "number" } },
        }))
        .unwrap()
    }

    #[test]
    fn right_triggers_have_no_findings() {
        let document = document(json!([
            { "id": "mondays", "schedule": { "cron": "0 7 * * MON", "timezone": "Europe/Berlin", "catch_up": "latest", "overlap": "skip" }, "inputs": { "total": 1 } },
            { "id": "orders", "webhook": { "verify": { "scheme": "standard_webhooks", "secret": "orders_hook", "also": "old" }, "respond": "accepted" },
              "when": "trigger.body.total > 100", "inputs": { "region": "{{ trigger.body.region }}", "total": "{{ trigger.body.total }}" } },
            { "id": "answered", "webhook": { "verify": { "scheme": "bearer", "secret": "old" }, "respond_timeout": "5s",
              "respond": { "status": 201, "headers": { "X-Run": "{{ run.id }}" }, "body": { "url": "{{ steps.a.output.url }}" } } }, "inputs": { "total": 1 } },
            { "id": "closed", "event": { "type": "com.example.month.closed" }, "inputs": { "total": "{{ trigger.data.total }}" } },
        ]));
        assert_eq!(check_document(&document), []);
        assert_eq!(secret_names(&document), ["orders_hook", "old"]);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let document = document(json!([
            { "id": "A-b", "schedule": { "cron": "0 0 31 2 *", "timezone": "Europe/Berln" } },
            { "id": "twice", "schedule": { "every": "15m", "timezone": "UTC" }, "event": { "type": "" }, "inputs": { "total": 1, "regoin": "x" } },
            { "id": "twice", "webhook": { "verify": { "scheme": "none" }, "respond": "acepted" }, "when": "trigger.data", "inputs": { "total": 1 } },
            { "id": "other", "webhook": { "verify": {}, "respond": { "status": 99, "headers": { "a": 1 }, "text": "x" }, "respond_timeout": "1s" }, "inputs": { "total": 1 } },
            { "id": "late", "webhook": { "verify": { "scheme": "github", "secret": "s" }, "respond_timeout": "1s" }, "inputs": { "total": 1 } },
            { "id": "none" },
        ]));
        let findings = check_document(&document);
        assert!(has_errors(&findings));
        let told: Vec<String> = findings
            .iter()
            .map(|f| format!("{:?} {} {} | {}", f.severity, f.id, f.message, f.help))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r###"
Error unknown_timezone:/triggers/0/schedule/timezone "Europe/Berln" is not a known time zone | Did you mean `Europe/Berlin`?
Error schedule_never_fires:/triggers/0/schedule/cron "0 0 31 2 *" names a day that no year has | Give the month a day that it has.
Error invalid_id:/triggers/0/id "A-b" is not the id of a trigger | Use lower-case letters, digits and `_`, a letter first, at most 64.
Error missing_input:/triggers/0/inputs the trigger does not give what the automation needs: total | Add it to the trigger's `inputs`, or give the input a `default`.
Error invalid_trigger:/triggers/1 a trigger has exactly one of schedule, webhook, event, files and poll | Write a trigger of its own for each.
Warning unused_setting:/triggers/1/schedule/timezone a time zone changes nothing without `cron` or dates | Take it out.
Error invalid_event_filter:/triggers/1/event/type `type` of an event is empty or holds control characters | Write a text; `*` matches any characters.
Error unknown_input:/triggers/1/inputs/regoin the automation has no input "regoin" | Did you mean `region`?
Warning open_webhook:/triggers/2/webhook/verify/scheme everybody who knows the address can start this automation | Use `bearer` or the scheme of the sender.
Error invalid_respond:/triggers/2/webhook/respond "acepted" is not an answer | Did you mean `accepted`?
Error unknown_reference:/triggers/2/when `trigger` has no "data" here | Known here: body, headers, query, method, id.
Error duplicate_id:/triggers/2/id two triggers have the id "twice" | Give each an id of its own.
Error invalid_verifier:/triggers/3/webhook/verify/scheme `verify` has no `scheme` | Known here: standard_webhooks, github, gitlab, stripe, slack, shopify, hmac, bearer, basic, none.
Error unknown_key:/triggers/3/webhook/respond an answer has no "text" | Known here: status, headers, body.
Error invalid_respond:/triggers/3/webhook/respond/status the status is not a number from 200 to 599 | Write a number or one expression.
Error invalid_respond:/triggers/3/webhook/respond/headers the headers are not an object of texts | Write `X-Name: value`.
Error invalid_respond:/triggers/3/webhook/respond an answer of one's own needs a `body` | Add `body: …`.
Warning unused_setting:/triggers/4/webhook/respond_timeout a time limit changes nothing when the answer does not wait | Take it out.
Error invalid_trigger:/triggers/5 a trigger has exactly one of schedule, webhook, event, files and poll | Write a trigger of its own for each.
Error missing_input:/triggers/5/inputs the trigger does not give what the automation needs: total | Add it to the trigger's `inputs`, or give the input a `default`.
"###);
    }

    #[test]
    fn a_place_is_told_once() {
        let document = document(json!([
            { "id": "hook", "webhook": { "verify": {} }, "inputs": { "total": 1 } },
            { "id": "other", "webhook": { "verify": { "scheme": "githb" } }, "inputs": { "total": 1, "x": 1 } },
        ]));
        let at = |path: &str, code: &str| Finding::error(code, "told by the engine").at_path(path);
        let mut findings = vec![
            at("/triggers/0/webhook/verify", "missing_key"),
            at("/triggers/1/webhook/verify/scheme", "bad_value"),
        ];
        add_to(&mut findings, &document);
        let codes: Vec<&str> = findings
            .iter()
            .map(|finding| finding.code.as_str())
            .collect();
        assert_eq!(codes, ["missing_key", "bad_value", "unknown_input"]);
    }
}
