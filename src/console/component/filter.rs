//! Filters of lists as people write them: an automation by its name or a piece of it, times as dates or with the clock
//! of the reader. What cannot be read stays in its field, with the reason beside it.

use super::value;
use crate::client::encode;
use crate::console::call::Call;
use crate::console::fields::Fields;
use crate::console::twin::Refusal;
use druse_engine::{AutomationId, Timestamp};
use maud::{Markup, html};
use serde_json::Value;

/// The most automations that are named where several are meant.
const NAMED: usize = 8;

/// The moment that a text names; without a zone it is one of UTC.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim().replacen(' ', "T", 1);
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        19 | 23 => format!("{text}Z"),
        _ => text.clone(),
    };
    text.parse().or_else(|_| whole.parse()).ok()
}

/// A field for a time. The script shows it in the reader's zone, and sends it back in UTC.
pub(in crate::console) fn time(call: &Call, name: &str, label: &str) -> Markup {
    let text = call.query.text(name);
    let at = instant(text);
    html! {
        label {
            span { (label) span .utc { " (UTC)" } }
            @if text.is_empty() || at.is_some() {
                @let exact = at.map(|at| at.to_string());
                input type="datetime-local" name=(name) step="1" data-utc=(exact.as_deref().unwrap_or_default()) value=(exact.as_deref().and_then(|exact| exact.get(..19)).unwrap_or_default());
            } @else { input name=(name) value=(text) aria-invalid="true" placeholder="2027-03-28 07:00"; }
        }
    }
}

/// The query for the API, with these names of the address in it.
pub(in crate::console) async fn query(call: &Call, names: &[&str]) -> Result<String, Refusal> {
    let mut fields: Fields = call.query.clone();
    for name in ["since", "until"] {
        let text = call.query.text(name);
        if text.is_empty() || !names.contains(&name) {
            continue;
        }
        let at = instant(text).ok_or_else(|| {
            Refusal::form(
                format!("“{}” is no time.", value::cut(text, 60)),
                "Write a date, with a time of the day or without: 2027-03-28, or 2027-03-28 07:00.",
            )
        })?;
        fields = fields.with(name, &at.to_string());
    }
    let named = call.query.text("automation_id");
    if !named.is_empty() && names.contains(&"automation_id") {
        fields = fields.with("automation_id", &automation(call, named).await?);
    }
    Ok(fields.query(names))
}

/// The id of the automation that is meant.
async fn automation(call: &Call, named: &str) -> Result<String, Refusal> {
    // The runs of one that was removed stay.
    if named.parse::<AutomationId>().is_ok() {
        return Ok(named.to_owned());
    }
    let path = format!("/automations/{}", encode(named));
    let id = |one: &Value| one["id"].as_str().unwrap_or_default().to_owned();
    if let Some(found) = call.api.find(&path).await? {
        return Ok(id(&found));
    }
    let path = format!("/automations?limit={}&q={}", NAMED + 1, encode(named));
    let list = call.api.get(&path).await?;
    let all = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    match all {
        [] => Err(Refusal::form(
            format!("No automation has “{}” in its name.", value::cut(named, 60)),
            "Write another piece of its name, or leave it out.",
        )),
        [one] => Ok(id(one)),
        several => {
            let names: Vec<&str> = several
                .iter()
                .take(NAMED)
                .filter_map(|one| one["name"].as_str())
                .collect();
            let more = if several.len() > NAMED {
                " and more"
            } else {
                ""
            };
            Err(Refusal::form(
                format!(
                    "Several automations have “{}” in their names.",
                    value::cut(named, 60)
                ),
                &format!("Write the name of one: `{}`{more}.", names.join("`, `")),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_as_people_write_them() {
        let at = |text: &str| instant(text).map(|at| at.to_string());
        let midnight = "2026-11-26T00:00:00Z".parse::<Timestamp>().ok();
        assert_eq!(instant("2026-11-26"), midnight);
        assert_eq!(instant("2026-11-26T00:00"), midnight);
        assert_eq!(instant("2026-11-26 00:00:00"), midnight);
        assert_eq!(instant("2026-11-26T00:00:00.000Z"), midnight);
        assert_eq!(instant("2026-11-26T01:00:00+01:00"), midnight);
        assert_eq!(at("yesterday"), None);
        assert_eq!(at("2026-13-26"), None);
    }
}
