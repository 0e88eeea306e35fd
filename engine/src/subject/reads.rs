//! What the expressions in a part of a document name.

use crate::expression::{Expression, Segment, Template};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is read somewhere.
#[derive(Debug, Default, Clone)]
pub(super) struct Reads {
    /// Inputs by their names.
    pub(super) inputs: BTreeSet<String>,
    /// Steps by their ids.
    pub(super) steps: BTreeSet<String>,
    /// Secrets by their names.
    pub(super) secrets: BTreeSet<String>,
    /// Names of another kind: those that loops give are known by who reads them.
    pub(super) others: BTreeSet<String>,
    /// What started the run.
    pub(super) trigger: bool,
    /// All of the inputs.
    pub(super) all_inputs: bool,
    /// Something that cannot be told: it may be anything.
    pub(super) all: bool,
}

/// Where a text is an expression without braces.
const BARE: [&str; 3] = ["when", "until", "done"];
/// What is in an expression that can take something from the document.
const ROOTS: [&str; 5] = ["inputs", "steps", "trigger", "secrets", "loop"];

impl Reads {
    /// Whether anything is read: the value is known in a run only.
    pub(super) fn any(&self) -> bool {
        let named = [&self.inputs, &self.steps, &self.secrets, &self.others];
        self.trigger || self.all_inputs || self.all || named.iter().any(|names| !names.is_empty())
    }

    /// What a part of a document reads.
    pub(super) fn of(value: &Value) -> Self {
        let mut reads = Self::default();
        reads.value("", value);
        reads
    }

    fn value(&mut self, key: &str, value: &Value) {
        match value {
            Value::String(text) => self.text(key, text),
            Value::Array(items) => {
                for item in items {
                    self.value(key, item);
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    self.value(key, item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, key: &str, text: &str) {
        // A case of a switch says whether the step runs.
        if key == "needs"
            && let Some((step, _)) = text.split_once('.')
        {
            self.steps.insert(step.to_owned());
        }
        if text.contains("{{") {
            match Template::compile(&Value::from(text)) {
                Ok(template) => {
                    for (_, expression) in template.expressions() {
                        self.expression(expression);
                    }
                }
                Err(_) => self.all = true,
            }
        }
        if BARE.contains(&key) {
            match Expression::compile(text) {
                Ok(expression) => self.expression(&expression),
                Err(_) => self.all |= ROOTS.iter().any(|root| text.contains(root)),
            }
        }
    }

    fn expression(&mut self, expression: &Expression) {
        for item in &expression.references().items {
            let named = match item.path.first() {
                None => None,
                Some(Segment::Key(key)) => Some(key.clone()),
                Some(Segment::Index(_) | Segment::Dynamic) => {
                    self.all |= ROOTS.contains(&item.root.as_str());
                    Some(String::new())
                }
            };
            match (item.root.as_str(), named) {
                ("inputs", Some(name)) => drop(self.inputs.insert(name)),
                ("inputs", None) => self.all_inputs = true,
                ("steps", Some(id)) => drop(self.steps.insert(id)),
                ("secrets", Some(name)) => drop(self.secrets.insert(name)),
                ("steps" | "secrets", None) => self.all = true,
                ("trigger", _) => self.trigger = true,
                // Facts of a run and the count of a loop stand in no document.
                ("run", _) => {}
                ("loop", Some(name)) if name == "index" => {}
                (other, _) => drop(self.others.insert(other.to_owned())),
            }
        }
    }
}
