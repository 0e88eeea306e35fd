//! The steps of a document that start other automations.

use druse_engine::definition::{Document, Step};
use serde_json::{Map, Value};

/// The configuration of each action that starts an automation, with its place: of steps, of those in loops and in
/// lists of handlers, and of what undoes or checks one. What only looks like a step, in a configuration or beside it,
/// is data.
pub(super) fn children(document: &Document) -> Vec<(String, &Map<String, Value>)> {
    let mut found = Vec::new();
    let lists = [
        ("steps", &document.steps),
        ("on_failure", &document.on_failure),
        ("finally", &document.finally),
    ];
    for (name, steps) in lists {
        within(steps, &format!("/{name}"), &mut found);
    }
    found
}

fn within<'d>(steps: &'d [Step], path: &str, found: &mut Vec<(String, &'d Map<String, Value>)>) {
    for (index, step) in steps.iter().enumerate() {
        let at = format!("{path}/{index}");
        let undo = step.undo.as_deref();
        let check = step.check.as_deref();
        let actions = [
            (String::new(), step.action.as_deref(), step.with.as_ref()),
            (
                "/undo".to_owned(),
                undo.map(|undo| &*undo.action),
                undo.map(|undo| &undo.with),
            ),
            (
                "/check".to_owned(),
                check.map(|check| &*check.action),
                check.map(|check| &check.with),
            ),
        ];
        for (below, action, with) in actions {
            if let (Some("automation"), Some(with)) = (action, with) {
                found.push((format!("{at}{below}"), with));
            }
        }
        within(&step.steps, &format!("{at}/steps"), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_steps_start_automations() {
        let of = |name: &str| json!({ "action": "automation", "with": { "name": name } });
        let step = |id: &str, mut more: Value| {
            more["id"] = id.into();
            more
        };
        let data = |name: &str| json!({ "list": [of(name)], "with": of(name) });
        let document: Document = serde_json::from_value(json!({
            "druse": 1, "name": "x", "metadata": data("no"), "inputs": { "a": { "default": of("no") } },
            "outputs": { "a": of("no") },
            "steps": [
                step("a", of("one")),
                { "id": "b", "action": "transform", "with": { "value": data("no") }, "metadata": data("no"),
                  "output_schema": { "const": of("no") } },
                { "id": "c", "for_each": { "items": [of("no")] }, "steps": [step("d", of("two"))] },
                { "id": "e", "action": "automation", "with": { "name": "three", "inputs": { "a": of("no") } },
                  "undo": of("four") },
                { "id": "f", "action": "http", "with": {},
                  "check": { "action": "automation", "with": { "name": "five" }, "done": "true" } },
            ],
            "on_failure": [step("g", of("six"))],
            "finally": [{ "id": "h", "repeat": { "until": "true" }, "steps": [step("i", of("seven"))] }],
            "tests": [data("no")],
        }))
        .unwrap();
        let found: Vec<(String, &str)> = children(&document)
            .into_iter()
            .map(|(path, with)| (path, with["name"].as_str().unwrap()))
            .collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(path, name)| (&**path, *name)).collect();
        assert_eq!(
            found,
            [
                ("/steps/0", "one"),
                ("/steps/2/steps/0", "two"),
                ("/steps/3", "three"),
                ("/steps/3/undo", "four"),
                ("/steps/4/check", "five"),
                ("/on_failure/0", "six"),
                ("/finally/0/steps/0", "seven"),
            ]
        );
    }
}
