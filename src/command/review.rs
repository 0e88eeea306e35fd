//! What has changed outside, as people read it: automations that need review, answers that look otherwise, and what
//! good runs show.

use super::automations;
use super::print::{self, talk};
use crate::service::offered::CODES;
use crate::service::words;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Says which of these automations need review, and why.
pub(super) fn waiting(automations: &[Value]) {
    for one in automations {
        let review = &one["needs_review"];
        if review.is_object() {
            talk!(
                "{} needs review: step {} of run {}: {}",
                print::cell(&one["name"]),
                print::cell(&review["step"]),
                print::cell(&review["run_id"]),
                print::cell(&review["message"]),
            );
            if let Some((told, help)) = words::changed(&review["changes"]) {
                for message in told
                    .into_iter()
                    .filter(|one| !text(&review["message"]).contains(one))
                {
                    talk!("  {}", print::shown(message));
                }
                talk!("  {help}");
            }
        }
    }
}

/// Says what an activation was told of the tools of its version, where nobody had to acknowledge it.
pub(super) fn of_tools(automation: &Value) {
    let found = automation["findings"].as_array().into_iter().flatten();
    let told: Vec<&Value> = found
        .filter(|one| CODES.iter().any(|code| one["code"] == *code) && one["acknowledge"] != true)
        .collect();
    automations::findings(&json!(told), automation);
}

/// Prints what looks otherwise in the answers of a run.
pub(super) fn drift(found: &Value) {
    let items = found["items"].as_array().map_or(&[][..], Vec::as_slice);
    let compared = found["compared"].as_u64().unwrap_or(0);
    let open: Vec<String> = found["not_compared"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["status"].is_string())
        .map(|one| format!("{} ({})", text(&one["step"]), text(&one["status"])))
        .collect();
    if compared == 0 && open.is_empty() {
        talk!(
            "{}",
            not_compared(
                found,
                "No recording says how the answers of this run should look."
            )
        );
    } else if compared > 0 && items.is_empty() {
        // Of a run that did not succeed this says nothing about what stopped it.
        let which = match (compared, open.is_empty()) {
            (1, true) => "The one answer looks".to_owned(),
            (1, false) => "The one answer that was compared looks".to_owned(),
            (many, true) => format!("All {many} answers look"),
            (many, false) => format!("The {many} answers that were compared look"),
        };
        talk!("{which} as recorded.");
    }
    if !open.is_empty() {
        talk!("Not compared: {}.", open.join(", "));
    }
    for item in items {
        print::line(&print::cell(&item["step"]));
        for change in item["changes"].as_array().into_iter().flatten() {
            print::line(&format!("  {}", print::cell(&change["message"])));
        }
    }
}

/// Prints what is proposed for the schemas of steps, each as lines that go and lines that come.
pub(super) fn learned(found: &Value) {
    let steps = found["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let runs = found["runs"].as_u64().unwrap_or(0);
    if steps.is_empty() {
        talk!(
            "{runs} good runs of version {} show nothing that its schemas do not say.",
            found["version"]
        );
        return;
    }
    for step in steps {
        for (kind, why) in [
            ("tighter", "what all good runs fit"),
            ("wider", "what would let through what was stopped"),
        ] {
            if step[kind].is_null() {
                continue;
            }
            print::line(&format!(
                "{}: `output_schema` could be {kind}, {why}",
                text(&step["step"])
            ));
            let mut changes = Vec::new();
            of_schemas(&step["current"], &step[kind], "", &mut changes);
            for change in changes {
                print::line(&format!("  {change}"));
            }
        }
    }
    talk!("Nothing is changed. Write into the document what you want of it.");
}

/// That nothing was compared, where no recording is here; or else this.
fn not_compared(found: &Value, or: &str) -> String {
    match (found["recorded"] == false, found["made_of"].as_str()) {
        (false, _) => or.to_owned(),
        (true, Some(digest)) => format!(
            "Nothing is compared: the recording that it was made of, {}, is not stored. Store it: druse sessions import FILE",
            print::shown(digest)
        ),
        (true, None) => {
            "Nothing is compared: it was written by hand, and belongs to no recording.".to_owned()
        }
    }
}

/// What one schema says otherwise than another, each place with what goes and what comes.
fn of_schemas(before: &Value, after: &Value, place: &str, lines: &mut Vec<String>) {
    if let (Value::Object(one), Value::Object(two)) = (before, after) {
        let keys: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
        for key in keys {
            let (before, after) = (&before[key.as_str()], &after[key.as_str()]);
            let key = key.replace('~', "~0").replace('/', "~1");
            of_schemas(before, after, &format!("{place}/{key}"), lines);
        }
        return;
    }
    if before == after {
        return;
    }
    lines.push(format!(
        "{}:",
        print::shown(if place.is_empty() { "/" } else { place })
    ));
    for (sign, value) in [('-', before), ('+', after)] {
        if !value.is_null() {
            lines.push(format!("  {sign} {}", print::value(value)));
        }
    }
}

/// Prints what has changed in the answers of an automation's runs without anything relying on it.
pub(super) fn unread(found: &Value) {
    let items = found["items"].as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() || found["recorded"] == false {
        let none = "No answer of a run was noted to look otherwise than recorded.";
        talk!("{}", not_compared(found, none));
    }
    for change in items {
        print::line(&format!(
            "version {}, {}: {} Since {} (run {}).",
            change["version"],
            print::cell(&change["step"]),
            print::cell(&change["message"]),
            print::cell(&change["at"]),
            print::cell(&change["run_id"]),
        ));
    }
}
