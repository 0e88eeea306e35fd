//! Gates in a document as JSON: whether one stands right before a step, and putting one there.

use super::way as place;
use serde_json::{Map, Value, json};

/// Whether a gate stands right before a step, and the step does not run in spite of it.
pub(crate) fn is_gated(document: &Value, way: &str) -> bool {
    let list = match way.rsplit_once('.') {
        Some((around, _)) => place::step(document, around).map(|step| &step["steps"]),
        None => Some(&document["steps"]),
    };
    let all = list
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let Some(step) = place::step(document, way) else {
        return false;
    };
    let needs = step["needs"].as_array().map_or(&[][..], Vec::as_slice);
    let gates = needs.iter().filter_map(Value::as_str).filter(|need| {
        all.iter()
            .any(|one| one["id"] == *need && one["action"] == "approval_gate")
    });
    // One that looks at what became of its gate decides by that, as its author wanted.
    let asked = |gate: &str| {
        let when = step["when"].as_str();
        when.is_some_and(|when| druse_engine::check::reads_step(when, gate))
    };
    match step["join"].as_str() {
        None | Some("all_succeeded") => gates.count() > 0,
        Some("none_failed" | "any_succeeded") if needs.len() == 1 => gates.count() > 0,
        _ => gates.into_iter().any(asked),
    }
}

/// Puts a gate right before a step, under a name that is free; none where there is no such step.
pub(crate) fn put_before(document: &mut Value, way: &str, with: Map<String, Value>) -> Option<()> {
    let name = format!("approve_{}", place::id(way));
    put_named(document, way, &name, with)
}

/// The same, under this name where it is free, or else with a number behind it.
pub(super) fn put_named(
    document: &mut Value,
    way: &str,
    wanted: &str,
    with: Map<String, Value>,
) -> Option<()> {
    let id = place::id(way);
    let taken: Vec<String> = place::all(document)
        .iter()
        .map(|(way, _)| place::id(way).to_owned())
        .collect();
    let mut name = wanted.to_owned();
    let mut number = 2;
    while taken.contains(&name) {
        name = format!("{wanted}_{number}");
        number += 1;
    }
    let list = match way.rsplit_once('.') {
        Some((around, _)) => place::step_mut(document, around)?,
        None => document,
    };
    let steps = list.get_mut("steps")?.as_array_mut()?;
    let at = steps.iter().position(|one| one["id"] == id)?;
    // What the step reads comes before it, also where nobody has written down that it needs it.
    let text = steps[at].to_string();
    let read: Vec<String> = steps[..at]
        .iter()
        .filter_map(|one| one["id"].as_str())
        .filter(|id| text.contains(&format!("steps.{id}.")))
        .map(str::to_owned)
        .collect();
    let step = steps[at].as_object_mut()?;
    let mut gate = json!({ "id": name, "action": "approval_gate", "with": with });
    if !read.is_empty() {
        gate["needs"] = read.into();
    }
    // It asks once all is known that the step would be given, and only where the step would run.
    for key in ["needs", "join", "when"] {
        if let Some(value) = step.get(key) {
            gate[key] = value.clone();
        }
    }
    // What it was joined by would let it run after a refusal: behind the gate it runs only when that was granted.
    step.remove("join");
    step.insert("needs".into(), json!([name]));
    steps.insert(at, gate);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_put_right_before_its_step_also_in_a_loop() {
        let mut document = json!({ "steps": [
            { "id": "list", "action": "http" },
            { "id": "each", "for_each": { "items": "x" }, "needs": ["list"], "steps": [
                { "id": "get", "action": "http", "effects": "read" },
                { "id": "pay", "action": "http", "needs": ["get"], "when": "item.open" },
            ] },
        ] });
        let gate = Map::from_iter([("title".to_owned(), json!("Pay?"))]);
        assert!(!is_gated(&document, "each.pay"));
        put_before(&mut document, "each.pay", gate.clone()).expect("it is there");
        assert!(is_gated(&document, "each.pay"));
        let steps = &document["steps"][1]["steps"];
        assert_eq!(
            steps[1],
            json!({ "id": "approve_pay", "action": "approval_gate", "with": { "title": "Pay?" }, "needs": ["get"], "when": "item.open" })
        );
        assert_eq!(steps[2]["needs"], json!(["approve_pay"]));
        put_before(&mut document, "list", gate.clone()).expect("it is there");
        assert_eq!(document["steps"][0]["id"], "approve_list");
        assert_eq!(document["steps"][1]["needs"], json!(["approve_list"]));
        assert!(put_before(&mut document, "nobody", gate).is_none());
    }

    #[test]
    fn a_gate_takes_over_how_its_step_is_joined() {
        let mut document = json!({ "steps": [
            { "id": "a", "action": "http", "on_error": "continue" },
            { "id": "send", "action": "http", "needs": ["a"], "join": "all_done" },
        ] });
        put_before(&mut document, "send", Map::new()).expect("it is there");
        let gate = &document["steps"][1];
        assert_eq!(
            (&gate["needs"], &gate["join"]),
            (&json!(["a"]), &json!("all_done"))
        );
        let send = &document["steps"][2];
        assert_eq!(send["needs"], json!(["approve_send"]));
        assert_eq!(send.get("join"), None);
        assert!(is_gated(&document, "send"));
    }

    #[test]
    fn a_step_that_runs_after_a_refusal_is_not_gated() {
        let gated = |join: &str, needs: &[&str], when: &str| {
            let document = json!({ "steps": [
                { "id": "a", "action": "http" },
                { "id": "ask", "action": "approval_gate", "with": {} },
                { "id": "send", "action": "http", "needs": needs, "join": join, "when": when },
            ] });
            is_gated(&document, "send")
        };
        assert!(gated("all_succeeded", &["a", "ask"], "true"));
        assert!(gated("none_failed", &["ask"], "true"));
        assert!(gated("any_succeeded", &["ask"], "true"));
        assert!(gated(
            "all_done",
            &["ask"],
            "steps.ask.status == 'succeeded'"
        ));
        assert!(!gated(
            "all_done",
            &["ask"],
            "steps.a.status == 'succeeded'"
        ));
        assert!(!gated("all_done", &["ask"], "true"));
        assert!(!gated("any_failed", &["ask"], "true"));
        assert!(!gated("any_succeeded", &["a", "ask"], "true"));
        assert!(!gated("none_failed", &["a", "ask"], "true"));
        assert!(!gated("all_succeeded", &["a"], "true"));
    }
}
