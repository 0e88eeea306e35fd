//! Sensitive inputs: where they may go. A run keeps such a value sealed and opens it only for the step that
//! sends it out, so nothing in between can compare it, change it, or show it.

use super::Context;
use crate::Finding;
use crate::definition::takes_sensitive;
use crate::expression::{Expression, Template};
use crate::plan::{is_sensitive, pointer};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub(super) fn check(context: &mut Context<'_>) {
    let document = context.document;
    let names: BTreeSet<&str> = document
        .inputs
        .iter()
        .filter(|(_, schema)| is_sensitive(schema))
        .map(|(name, _)| name.as_str())
        .collect();
    if names.is_empty() {
        return;
    }
    for name in &names {
        if document.inputs[*name].get("default").is_some() {
            context.say(
                Finding::error(
                    "sensitive_not_allowed",
                    format!("the sensitive input `{name}` has a default, which everybody who sees the document reads"),
                )
                .at_path(pointer(&["inputs", name, "default"]))
                .help("leave it out, or use a secret: `druse secrets set`"),
            );
        }
    }
    for (index, trigger) in document.triggers.iter().enumerate() {
        for name in trigger
            .inputs
            .keys()
            .filter(|name| names.contains(name.as_str()))
        {
            context.say(
                Finding::warning(
                    "sensitive_in_trigger",
                    format!("the sensitive input `{name}` comes from a trigger, and what a trigger brought is kept in clear"),
                )
                .at_path(format!("/triggers/{index}{}", pointer(&["inputs", name])))
                .help("let the sender name a secret of this server instead of sending it"),
            );
        }
    }
    let Ok(Value::Object(whole)) = serde_json::to_value(document) else {
        return;
    };
    let mut walk = Walk {
        names,
        step: None,
        findings: Vec::new(),
    };
    for (key, value) in &whole {
        if !matches!(key.as_str(), "inputs" | "metadata" | "description" | "name") {
            walk.value(value, &pointer(&[key]), key, false);
        }
    }
    context.findings.append(&mut walk.findings);
}

/// Where a step of another version would take sensitive inputs of a run that must not go there: that version
/// need not declare them as the run's own does.
pub(crate) fn misplaced(
    names: BTreeSet<&str>,
    action: &str,
    with: &Map<String, Value>,
) -> Vec<Finding> {
    let mut walk = Walk {
        names,
        step: None,
        findings: Vec::new(),
    };
    if !walk.names.is_empty() {
        let step = json!({ "action": action, "with": with });
        walk.value(&step, "", "", false);
    }
    walk.findings
}

/// Goes through the whole document, whatever steps stand in, so that no place is forgotten.
struct Walk<'a> {
    names: BTreeSet<&'a str>,
    step: Option<String>,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, path: &str, key: &str, out: bool) {
        match value {
            Value::String(text) => self.text(text, path, key, out),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, &format!("{path}/{index}"), key, out);
                }
            }
            Value::Object(map) => {
                let action = map.get("action").and_then(Value::as_str);
                let outer = self.step.clone();
                if let Some(id) = map.get("id").and_then(Value::as_str)
                    && (action.is_some() || map.contains_key("steps"))
                {
                    self.step = Some(id.to_owned());
                }
                for (key, item) in map {
                    let at = format!("{path}{}", pointer(&[key]));
                    match (action, key.as_str(), item) {
                        (_, "metadata", _) if action.is_some() => {}
                        (Some(action), "with", Value::Object(with)) => {
                            for (key, item) in with {
                                let at = format!("{at}{}", pointer(&[key]));
                                self.value(item, &at, key, takes_sensitive(action, key));
                            }
                        }
                        _ => self.value(item, &at, key, out),
                    }
                }
                self.step = outer;
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &str, path: &str, key: &str, out: bool) {
        if matches!(key, "when" | "until") && !text.contains("{{") {
            if let Ok(expression) = Expression::compile(text) {
                self.expression(&expression, path, false);
            }
            return;
        }
        if !text.contains("{{") {
            return;
        }
        // What cannot be read is said elsewhere.
        if let Ok(template) = Template::compile(&Value::from(text)) {
            for (_, expression) in template.expressions() {
                self.expression(expression, path, out);
            }
        }
    }

    fn expression(&mut self, expression: &Expression, path: &str, out: bool) {
        for reference in &expression.references().items {
            if reference.root != "inputs" {
                continue;
            }
            let what = match reference.key(0) {
                Some(name) if !self.names.contains(name) => continue,
                Some(name) if out && expression.source() == format!("inputs.{name}") => continue,
                Some(name) => format!("the sensitive input `{name}` cannot be used here"),
                None => "`inputs` as a whole holds sensitive ones".to_owned(),
            };
            let mut finding = Finding::error("sensitive_not_allowed", what);
            if let Some(step) = &self.step {
                finding = finding.at_step(step);
            }
            self.findings.push(finding.at_path(path).help(
                "it only leaves the run, as `{{ inputs.name }}` alone, in what a step sends out",
            ));
        }
    }
}
