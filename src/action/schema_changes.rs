//! Where the schema of a tool's arguments is another than it was, in sentences.

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many places of a schema are told at most.
const TOLD: usize = 20;

/// The most characters of a value that are told.
const SHOWN: usize = 80;

/// The characters that are shown before the first one that differs, where two long texts begin alike.
const BEFORE: usize = 20;

/// Where the schema of a tool's arguments is another, each place once: `{place, was, now, message}`, and for a list also
/// what is `added` and what is `removed`. `now` is none for a tool that is gone.
pub(crate) fn schema_changes(was: &Value, now: Option<&Value>) -> Vec<Value> {
    let mut found = Vec::new();
    match now {
        Some(now) => within(was, now, "", &mut found),
        None => found.push(json!({ "place": "", "message": "The tool is gone." })),
    }
    found
}

fn within(was: &Value, now: &Value, place: &str, found: &mut Vec<Value>) {
    if was == now || found.len() >= TOLD {
        return;
    }
    match (was, now) {
        (Value::Object(one), Value::Object(two)) => {
            let keys: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
            for key in keys {
                let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (one.get(key), two.get(key)) {
                    (Some(was), Some(now)) => within(was, now, &place, found),
                    (Some(was), None) => {
                        let message = format!("{place} is gone; it was {}.", shown(was));
                        found.push(
                            json!({ "place": place, "was": was, "now": null, "message": message }),
                        );
                    }
                    (None, Some(now)) => {
                        let message = format!("{place} is new: {}.", shown(now));
                        found.push(
                            json!({ "place": place, "was": null, "now": now, "message": message }),
                        );
                    }
                    (None, None) => {}
                }
            }
        }
        (Value::Array(one), Value::Array(two)) => found.push(of_lists(one, two, place)),
        _ => {
            let message = format!("{place} {}.", became(was, now));
            found.push(json!({ "place": place, "was": was, "now": now, "message": message }));
        }
    }
}

/// What one list has and the other has not; the order of what both have tells nothing by itself.
fn of_lists(was: &[Value], now: &[Value], place: &str) -> Value {
    let beside = |one: &[Value], other: &[Value]| -> Vec<Value> {
        let own = one.iter().filter(|item| !other.contains(item));
        own.cloned().collect()
    };
    let (added, removed) = (beside(now, was), beside(was, now));
    let told = |items: &[Value]| {
        let first: Vec<String> = items.iter().take(TOLD).map(shown).collect();
        let more = if items.len() > TOLD { ", …" } else { "" };
        format!("{}{more}", first.join(", "))
    };
    let said = match (added.is_empty(), removed.is_empty()) {
        (true, true) => "has the same in another order, or another number of times".to_owned(),
        (false, true) => format!("has {} added", told(&added)),
        (true, false) => format!("has {} no more", told(&removed)),
        (false, false) => format!("has {} added, and {} no more", told(&added), told(&removed)),
    };
    json!({
        "place": place, "was": was, "now": now, "added": added, "removed": removed,
        "message": format!("{place} {said}."),
    })
}

fn shown(value: &Value) -> String {
    druse_crystallizer::shown_value("", value, SHOWN)
}

/// What a value is and was. Of long texts that begin alike, what follows from where they differ.
fn became(was: &Value, now: &Value) -> String {
    let (before, after) = (shown(was), shown(now));
    if before != after {
        return format!("is {after}, and was {before}");
    }
    let (Some(one), Some(two)) = (was.as_str(), now.as_str()) else {
        return format!("is another than {before}");
    };
    let alike = one.chars().zip(two.chars()).take_while(|(a, b)| a == b);
    let from = alike.count().saturating_sub(BEFORE);
    let rest = |text: &str| shown(&text.chars().skip(from).collect::<String>().into());
    format!("goes on with …{}, and did with …{}", rest(two), rest(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(was: Value, now: Value) -> Vec<String> {
        let changes = schema_changes(&was, Some(&now));
        let message = |one: &Value| one["message"].as_str().unwrap().to_owned();
        changes.iter().map(message).collect()
    }

    #[test]
    fn of_a_list_is_told_what_came_and_what_went() {
        let names = |last: &[&str]| {
            let mut all = vec![
                "order_id",
                "amount",
                "notify",
                "reason",
                "on",
                "items",
                "a_long_name",
            ];
            all.extend(last);
            json!({ "required": all })
        };
        assert_eq!(
            said(names(&["old"]), names(&["currency"])),
            ["/required has currency added, and old no more."]
        );
        assert_eq!(
            said(names(&[]), names(&["currency"])),
            ["/required has currency added."]
        );
        assert_eq!(
            said(names(&["old"]), names(&[])),
            ["/required has old no more."]
        );
        assert_eq!(
            said(json!({ "enum": [1, 2] }), json!({ "enum": [2, 1] })),
            ["/enum has the same in another order, or another number of times."]
        );
    }

    #[test]
    fn long_texts_are_told_from_where_they_differ() {
        let text =
            |end: &str| json!({ "description": format!("{} {end}", "It does much. ".repeat(20)) });
        let told = said(text("It asks first."), text("It asks nobody."));
        assert!(
            told[0].contains("asks nobody") && told[0].contains("asks first"),
            "{told:?}"
        );
        assert_eq!(
            said(
                json!({ "a": { "type": "number" } }),
                json!({ "a": { "type": "string" }, "b": {} })
            ),
            ["/a/type is string, and was number.", "/b is new: {}."]
        );
    }
}
