//! Changing single steps of a document: adding, changing, removing with rewiring. A step inside of a loop is
//! named by the way to it: `each.pay`.

use super::Problem;
use serde_json::{Map, Value, json};

fn steps(document: &mut Value) -> Result<&mut Vec<Value>, Problem> {
    document
        .get_mut("steps")
        .and_then(Value::as_array_mut)
        .ok_or_else(|| Problem::internal(&"a stored document has no steps"))
}

/// The list that a step stands in, by the way to it, and its id there.
fn list_of<'d, 'p>(
    document: &'d mut Value,
    path: &'p str,
) -> Result<(&'d mut Vec<Value>, &'p str), Problem> {
    let mut list = steps(document)?;
    let mut rest = path;
    while let Some((around, inner)) = rest.split_once('.') {
        let place = position(list, around).ok_or_else(|| Problem::not_found("step"))?;
        list = list[place]
            .get_mut("steps")
            .and_then(Value::as_array_mut)
            .ok_or_else(|| Problem::not_found("step"))?;
        rest = inner;
    }
    Ok((list, rest))
}

fn position(steps: &[Value], id: &str) -> Option<usize> {
    steps.iter().position(|step| step["id"] == id)
}

/// Adds a step: behind `after` in the list, and needing it unless the step has `needs` of its own.
/// Dependants of `after` stay as they are.
///
/// # Errors
/// 404 when there is no step `after`; 422 for what is no step.
pub fn add(document: &mut Value, step: Value, after: Option<&str>) -> Result<(), Problem> {
    let Value::Object(mut step) = step else {
        return Err(Problem::unprocessable(
            "bad_document",
            "`step` is not an object.",
            "Send `{\"step\": {\"id\": …, \"action\": …, \"with\": {…}}}`.",
        ));
    };
    let Some(path) = after else {
        steps(document)?.push(step.into());
        return Ok(());
    };
    let unknown = || {
        Problem::unprocessable(
            "unknown_step",
            format!(
                "There is no step {} to put it behind.",
                super::tokens::clip(path)
            ),
            "`after` is the id of a step of this automation; inside of a loop with the way to it: `each.pay`.",
        )
    };
    let (steps, after) = list_of(document, path).map_err(|_| unknown())?;
    let place = position(steps, after).ok_or_else(unknown)?;
    if !step.contains_key("needs") {
        step.insert("needs".into(), json!([after]));
    }
    steps.insert(place + 1, step.into());
    Ok(())
}

/// Replaces whole top-level keys of a step; `null` removes a key.
///
/// # Errors
/// 404 for an unknown step.
pub fn change(document: &mut Value, id: &str, patch: Map<String, Value>) -> Result<(), Problem> {
    let (steps, id) = list_of(document, id)?;
    let place = position(steps, id).ok_or_else(|| Problem::not_found("step"))?;
    let step = steps[place]
        .as_object_mut()
        .ok_or_else(|| Problem::internal(&"a stored step is no object"))?;
    for (key, value) in patch {
        if value.is_null() {
            // Order of the other keys stays as it was.
            step.shift_remove(&key);
        } else {
            step.insert(key, value);
        }
    }
    Ok(())
}

/// Removes a step. Its dependants need what it needed; gives a sentence for each of them.
///
/// # Errors
/// 404 for an unknown step.
pub fn remove(document: &mut Value, id: &str) -> Result<Vec<(String, String)>, Problem> {
    let (steps, id) = list_of(document, id)?;
    let place = position(steps, id).ok_or_else(|| Problem::not_found("step"))?;
    let gone = steps.remove(place);
    let inherited: Vec<Value> = gone["needs"].as_array().cloned().unwrap_or_default();
    let case = format!("{id}.");
    let mut said = Vec::new();
    for step in steps.iter_mut() {
        let name = step["id"].as_str().unwrap_or_default().to_owned();
        let Some(needs) = step.get_mut("needs").and_then(Value::as_array_mut) else {
            continue;
        };
        let is_gone = |need: &Value| {
            need.as_str()
                .is_some_and(|need| need == id || need.starts_with(&case))
        };
        if !needs.iter().any(is_gone) {
            continue;
        }
        let mut rewired: Vec<Value> = Vec::new();
        for need in needs.iter() {
            let replacement = if is_gone(need) {
                inherited.as_slice()
            } else {
                std::slice::from_ref(need)
            };
            for need in replacement {
                if !rewired.contains(need) {
                    rewired.push(need.clone());
                }
            }
        }
        let shown: Vec<&str> = rewired.iter().filter_map(Value::as_str).collect();
        let now = match shown.as_slice() {
            [] => "nothing".to_owned(),
            some => some.join(", "),
        };
        said.push((
            name.clone(),
            format!("Step {name} needed {id}, which is gone; it needs {now} now."),
        ));
        if rewired.is_empty() {
            if let Some(step) = step.as_object_mut() {
                step.shift_remove("needs");
            }
        } else {
            *needs = rewired;
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({ "steps": [
            { "id": "a" },
            { "id": "b", "needs": ["a"] },
            { "id": "c", "needs": ["b", "a"] },
            { "id": "d", "needs": ["b.case"] },
        ] })
    }

    #[test]
    fn a_removed_step_leaves_its_needs_to_its_dependants() {
        let mut one = document();
        let said = remove(&mut one, "b").unwrap();
        assert_eq!(
            one["steps"],
            json!([{ "id": "a" }, { "id": "c", "needs": ["a"] }, { "id": "d", "needs": ["a"] }])
        );
        assert_eq!(said.len(), 2);
        let mut two = document();
        remove(&mut two, "a").unwrap();
        assert_eq!(two["steps"][0], json!({ "id": "b" }));
        assert!(remove(&mut two, "nope").is_err());
    }

    #[test]
    fn an_added_step_needs_the_one_before_it_unless_it_says_otherwise() {
        let mut one = document();
        add(&mut one, json!({ "id": "x" }), Some("a")).unwrap();
        add(&mut one, json!({ "id": "y", "needs": [] }), Some("b")).unwrap();
        add(&mut one, json!({ "id": "z" }), None).unwrap();
        let ids: Vec<_> = one["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["id"].clone())
            .collect();
        assert_eq!(ids, ["a", "x", "b", "y", "c", "d", "z"]);
        assert_eq!(one["steps"][1]["needs"], json!(["a"]));
        assert_eq!(one["steps"][3]["needs"], json!([]));
        assert_eq!(one["steps"][2]["needs"], json!(["a"]));
    }

    #[test]
    fn a_change_replaces_whole_keys_and_null_removes() {
        let mut one = json!({ "steps": [{ "id": "a", "when": "x", "with": { "p": 1, "q": 2 } }] });
        let patch = json!({ "when": null, "with": { "p": null } });
        change(&mut one, "a", patch.as_object().cloned().unwrap()).unwrap();
        assert_eq!(one["steps"][0], json!({ "id": "a", "with": { "p": null } }));
    }

    #[test]
    fn a_step_inside_of_a_loop_is_named_by_the_way_to_it() {
        let mut one = json!({ "steps": [{ "id": "each", "for_each": {}, "steps": [
            { "id": "a" },
            { "id": "deep", "repeat": {}, "needs": ["a"], "steps": [{ "id": "x" }, { "id": "y", "needs": ["x"] }] },
        ] }] });
        let patch = json!({ "when": "true" });
        change(&mut one, "each.deep.x", patch.as_object().cloned().unwrap()).unwrap();
        add(&mut one, json!({ "id": "b" }), Some("each.a")).unwrap();
        add(&mut one, json!({ "id": "z" }), Some("each.deep.y")).unwrap();
        remove(&mut one, "each.a").unwrap();
        remove(&mut one, "each.deep.x").unwrap();
        assert_eq!(
            one["steps"][0]["steps"],
            json!([
                { "id": "b" },
                { "id": "deep", "repeat": {}, "steps": [{ "id": "y" }, { "id": "z", "needs": ["y"] }] },
            ])
        );
        for wrong in ["deep.x", "each.deep.x.y", "each.", ".each", "each..y"] {
            assert!(remove(&mut one, wrong).is_err(), "{wrong}");
            assert!(
                add(&mut one, json!({ "id": "q" }), Some(wrong)).is_err(),
                "{wrong}"
            );
        }
    }
}
