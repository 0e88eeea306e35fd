//! What a change is done to: ids, recipients, accounts and paths that it is sent. An empty one means nothing to some
//! services and everything to others.

use super::read::{Part, Reader, Relies};
use crate::kept::Kept;
use crate::trust;
use druse_engine::definition::Step;
use druse_engine::expression::{Template, is_plain_word};
use serde_json::Value;
use std::collections::HashMap;

/// Whether what stands under a key says what a change is done to, or where it goes.
pub(crate) fn says_which(key: &str) -> bool {
    trust::is_recipient(key)
        || trust::is_path(key)
        || crate::words::has(
            key,
            &[
                "id", "ids", "uuid", "key", "number", "no", "nr", "ref", "reference", "account",
                "accounts", "sku", "slug", "username", "channel",
            ],
        )
        // `orderId`, and `orderid` as one word.
        || key.len() > 4 && (key.ends_with("id") || key.ends_with("ids")) && ends_as_id(key)
}

/// Whether a word is the name of a thing with `id` behind it, and no word of its own such as `paid`.
fn ends_as_id(key: &str) -> bool {
    const THINGS: [&str; 12] = [
        "order", "user", "customer", "payment", "item", "product", "account", "message", "thread",
        "chat", "event", "file",
    ];
    let thing = key.trim_end_matches('s').trim_end_matches("id");
    THINGS.iter().any(|known| thing.ends_with(known))
}

/// Asks that each text in an answer that a change is sent under such a key is not empty.
pub(super) fn sent(key: &str, value: &Value, reader: &mut Reader) {
    match value {
        Value::String(_) if says_which(key) => {
            let Ok(compiled) = Template::compile(value) else {
                return;
            };
            for (_, expression) in compiled.expressions() {
                let part = reader.expression(expression.source());
                filled(&part, reader);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| sent(key, item, reader)),
        Value::Object(map) => {
            for (key, inner) in map {
                sent(key, inner, reader);
            }
        }
        _ => {}
    }
}

fn filled(part: &Part, reader: &mut Reader) {
    match part {
        Part::At(place) => reader.relies.push(Relies::Filled(place.clone())),
        Part::List(inner) => filled(inner, reader),
        _ => {}
    }
}

/// Holds what is cut out of a running text to what it was: where one word was sent, a run sends one word or nothing.
pub(super) fn hold_words(steps: &mut [Step], kept: &[Kept<'_>]) {
    let mut calls: HashMap<&str, Vec<&Kept<'_>>> = HashMap::new();
    for kept in kept.iter().filter(|kept| kept.changes()) {
        calls.entry(&kept.step).or_default().push(kept);
    }
    in_steps(steps, &calls);
}

fn in_steps(steps: &mut [Step], calls: &HashMap<&str, Vec<&Kept<'_>>>) {
    for step in steps {
        if let (Some(calls), Some(with)) = (calls.get(step.id.as_str()), &mut step.with) {
            for (key, value) in with.iter_mut() {
                let recorded: Vec<Option<&Value>> = calls
                    .iter()
                    .map(|kept| kept.target.filled.request.get(key))
                    .collect();
                in_value(key, value, &recorded);
            }
        }
        in_steps(&mut step.steps, calls);
    }
}

fn in_value(key: &str, value: &mut Value, recorded: &[Option<&Value>]) {
    match value {
        Value::String(text) if says_which(key) => {
            let was_word = recorded
                .iter()
                .all(|recorded| recorded.and_then(Value::as_str).is_some_and(is_plain_word));
            if was_word && let Some(cut) = cut_out(text) {
                *text = format!("{{{{ {cut} | plain_word }}}}");
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                let recorded: Vec<Option<&Value>> = recorded
                    .iter()
                    .map(|recorded| recorded.and_then(|recorded| recorded.get(key)))
                    .collect();
                in_value(key, inner, &recorded);
            }
        }
        _ => {}
    }
}

/// The expression that a text is, where it ends in what is cut out of a text by its wording.
fn cut_out(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let outside = without_inside(inside);
    let last = outside.rsplit(" | ").next()?;
    let is_cut = last.starts_with("line_value(") || last.starts_with("between(");
    // A filter holds for the last part of what is put together.
    let is_one = !inside.contains("{{")
        && ![" ~ ", " if ", " else "]
            .iter()
            .any(|sign| outside.contains(sign));
    (is_cut && is_one).then_some(inside)
}

/// An expression without what stands in its quotes, and without what its filters are told.
fn without_inside(expression: &str) -> String {
    let mut all = String::with_capacity(expression.len());
    let (mut quote, mut depth) = (None, 0_usize);
    let mut escaped = false;
    for c in expression.chars() {
        let inside = quote.is_some() || depth > 0;
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if !inside && quote.is_none() || depth == 1 && c == '(' && !inside {
            all.push(c);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_say_which() {
        for key in [
            "order_id",
            "orderId",
            "orderid",
            "iban",
            "to",
            "path",
            "phone_number",
            "account",
        ] {
            assert!(says_which(key), "{key}");
        }
        for key in [
            "paid", "note", "body", "said", "status", "amount", "grid", "name",
        ] {
            assert!(!says_which(key), "{key}");
        }
    }

    #[test]
    fn only_what_is_cut_out_by_its_wording_is_held() {
        for (text, expected) in [
            (
                "{{ steps.a.output.text | line_value('IBAN') }}",
                Some("steps.a.output.text | line_value('IBAN')"),
            ),
            (
                "{{ steps.a.output.text | between('to ', '.') }}",
                Some("steps.a.output.text | between('to ', '.')"),
            ),
            (
                "{{ steps.a.output.text | between(inputs.city ~ ' | ', ' | ') }}",
                Some("steps.a.output.text | between(inputs.city ~ ' | ', ' | ')"),
            ),
            (
                "{{ steps.a.output.text | between('it\\'s ~ (', ' | ') }}",
                Some("steps.a.output.text | between('it\\'s ~ (', ' | ')"),
            ),
            ("{{ steps.a.output.json.id }}", None),
            ("{{ steps.a.output.text | line_value('a') | lower }}", None),
            (
                "{{ inputs.x ~ steps.a.output.text | line_value('a') }}",
                None,
            ),
            ("no {{ steps.a.output.text | line_value('a') }}", None),
            ("{{ a }}{{ steps.a.output.text | line_value('a') }}", None),
        ] {
            assert_eq!(cut_out(text), expected, "{text}");
        }
    }
}
