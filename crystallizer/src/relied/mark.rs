//! The mark of a change that it was done: `{"ok": true}`, `{"status": "success"}`. Without it what follows would be
//! done upon a change that did not happen.

use super::read::{Part, Reader, Relies};
use crate::answer;
use crate::kept::Kept;
use serde_json::{Map, Value};

/// Asks for the marks that the recorded answers to changes show.
pub(super) fn marks(kept: &[Kept<'_>], reader: &mut Reader) {
    let answered = |kept: &&Kept<'_>| kept.changes() && !kept.target.is_opaque();
    for kept in kept.iter().filter(answered) {
        let json = kept.answer.json.as_deref().and_then(Value::as_object);
        let Some(key) = json.and_then(mark_of) else {
            continue;
        };
        let whole = answer::expression(&kept.step, &kept.target, &kept.answer, "");
        let is_apart = kept.target.result.is_some()
            || matches!(
                &*kept.target.action,
                "http" | "mcp" | "shell" | "automation"
            );
        // Other actions give the text as it came.
        let mark = match !is_apart && kept.answer.data().is_some() && !kept.answer.raw.is_object() {
            true => format!("({whole} | parse_json).{key}"),
            false => format!("{whole}.{key}"),
        };
        if let Part::At(place) = reader.expression(&mark) {
            reader.relies.push(Relies::Same(place));
        }
    }
}

/// The field that says in an answer that the change was done; nothing where the answer tells of an error, too.
fn mark_of(answer: &Map<String, Value>) -> Option<&'static str> {
    let is_clean = ["error", "errors"]
        .iter()
        .all(|key| match answer.get(*key) {
            None | Some(Value::Null | Value::Bool(false)) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(items)) => items.is_empty(),
            Some(_) => false,
        });
    if !is_clean {
        return None;
    }
    ["ok", "success", "status"]
        .into_iter()
        .find(|key| match answer.get(*key) {
            Some(Value::Bool(done)) => *done && *key != "status",
            Some(Value::String(word)) => {
                *key == "status" && matches!(&**word, "success" | "ok" | "SUCCESS" | "OK")
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::mark_of;
    use serde_json::json;

    #[test]
    fn a_plain_mark_is_one_and_what_is_beside_an_error_is_none() {
        for (answer, expected) in [
            (json!({ "ok": true, "id": 1 }), Some("ok")),
            (json!({ "success": true, "error": null }), Some("success")),
            (json!({ "status": "success" }), Some("status")),
            (json!({ "status": "pending" }), None),
            (json!({ "status": true }), None),
            (json!({ "ok": false }), None),
            (json!({ "ok": "true" }), None),
            (json!({ "ok": true, "error": "late" }), None),
            (json!({ "ok": true, "errors": [] }), Some("ok")),
        ] {
            assert_eq!(mark_of(answer.as_object().unwrap()), expected, "{answer}");
        }
    }
}
