//! What is to be said about a document that has not the shape of one.
//!
//! Whoever wrote it is told everything at once, and not the one half first. What is out of shape is taken as
//! not written, and the rest is checked as always. Nothing is said that may only come of what was taken out:
//! neither in such a step, nor of what depends on it.

use super::{Catalog, check, list};
use crate::definition::{Document, shape_of};
use crate::{Finding, Severity};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// How often what was taken out may make something else incomplete.
const ROUNDS: usize = 12;

/// What is wrong at a place whatever stands elsewhere; all else may come of the order of the steps, or of what
/// others say.
const OF_ITS_PLACE: [&str; 23] = [
    "bad_default",
    "bad_id",
    "bad_name",
    "bad_path",
    "bad_schedule",
    "bad_schema",
    "bad_statement",
    "bad_trigger",
    "bad_value",
    "duplicate_id",
    "dynamic_reference",
    "exclusive_keys",
    "internal_address",
    "missing_key",
    "not_a_loop",
    "not_for_loops",
    "secret_not_allowed",
    "self_need",
    "template_not_allowed",
    "unknown_action",
    "unknown_keyword",
    "unknown_name",
    "wrong_type",
];

/// Findings about all that has the shape of a document, in one that has not.
pub(crate) fn despite(value: &Value) -> Vec<Finding> {
    let mut mending = Mending::default();
    let Some(document) = mending.document(value.clone()) else {
        return Vec::new();
    };
    let doubtful = mending.doubtful(&document);
    let mut findings = check(&document, &Catalog::default());
    findings.retain(|finding| mending.is_sure(finding, &doubtful));
    findings
}

/// What was taken out of a document.
#[derive(Default)]
struct Mending {
    /// Steps of which a part was taken out, by their JSON Pointers.
    touched: BTreeSet<String>,
    /// What was taken out of them, by its JSON Pointer.
    out: BTreeSet<String>,
    /// Steps and triggers of which nothing but the id is left.
    gone: BTreeSet<String>,
    /// Their ids.
    gone_ids: BTreeSet<String>,
    /// Whether the id of a step is not known.
    nameless: bool,
    /// Whether the inputs are not known.
    inputs: bool,
}

impl Mending {
    /// The document without what is out of shape; none where too little is left.
    fn document(&mut self, mut value: Value) -> Option<Document> {
        let map = value.as_object_mut()?;
        map.get("steps")?.as_array()?;
        map.insert("druse".into(), json!(1));
        if !map.get("name").is_some_and(Value::is_string) {
            map.insert("name".into(), json!("nameless"));
        }
        for _ in 0..ROUNDS {
            let findings = shape_of(&mut value);
            if findings.is_empty() {
                return serde_json::from_value(value).ok();
            }
            for finding in findings {
                self.take_out(&mut value, finding.path.as_deref()?)?;
            }
        }
        None
    }

    /// Takes out what stands at a place, and what cannot be without it.
    fn take_out(&mut self, value: &mut Value, path: &str) -> Option<()> {
        let parts: Vec<String> = path.split('/').skip(1).map(plain).collect();
        let whole = value.as_object_mut()?;
        match parts.first()?.as_str() {
            "steps" | "on_failure" | "finally" => {
                let (step, rest) = step_of(&parts);
                match step {
                    Some(step) => self.take_out_of_step(value, &step, rest),
                    None if parts[0] == "steps" => None,
                    None => whole.remove(&parts[0]).map(drop),
                }
            }
            "inputs" => {
                let input = parts.get(1);
                let inputs = whole.get_mut("inputs").and_then(Value::as_object_mut);
                if let (Some(input), Some(inputs)) = (input, inputs) {
                    // Any value will do.
                    inputs.insert(input.clone(), json!({}));
                } else {
                    self.inputs = true;
                    whole.remove("inputs");
                }
                Some(())
            }
            "triggers" => {
                let triggers = whole.get_mut("triggers").and_then(Value::as_array_mut);
                let number = parts.get(1).and_then(|part| part.parse::<usize>().ok());
                let one = triggers.zip(number);
                let Some((one, number)) = one.and_then(|(all, at)| Some((all.get_mut(at)?, at)))
                else {
                    return whole.remove("triggers").map(drop);
                };
                // The others stay where they are.
                let id = one.get("id").and_then(Value::as_str);
                let id = id.map_or_else(|| format!("nameless_{number}"), str::to_owned);
                *one = json!({ "id": id, "event": { "type": "nothing" } });
                self.gone.insert(format!("/triggers/{number}"));
                Some(())
            }
            other => whole.remove(other).map(drop),
        }
    }

    fn take_out_of_step(&mut self, value: &mut Value, at: &str, rest: &[String]) -> Option<()> {
        let step = value.pointer_mut(at)?;
        // What makes it the step that it is cannot be left out.
        let kept = ["id", "action", "for_each", "repeat", "steps"];
        let inner = rest.len() > 1;
        let part = rest
            .first()
            .filter(|key| inner || !kept.contains(&key.as_str()));
        let Some(key) = part.filter(|_| step.is_object()) else {
            self.leave_only_the_id(step, at);
            return Some(());
        };
        self.touched.insert(at.to_owned());
        let place: Vec<String> = rest.iter().map(|part| pointed(part)).collect();
        self.out.insert(format!("{at}/{}", place.join("/")));
        let map = step.as_object_mut()?;
        let deeper = map.get_mut(key).and_then(|part| remove(part, &rest[1..]));
        if deeper.is_none() {
            map.remove(key);
            if kept.contains(&key.as_str()) {
                self.leave_only_the_id(step, at);
            }
        }
        Some(())
    }

    fn leave_only_the_id(&mut self, step: &mut Value, at: &str) {
        let id = step.get("id").and_then(Value::as_str).map(str::to_owned);
        let id = id.unwrap_or_else(|| {
            self.nameless = true;
            format!("nameless_{}", self.gone.len())
        });
        self.gone.insert(at.to_owned());
        // What stood inside of it is gone, too.
        ids(step, &mut self.gone_ids);
        self.gone_ids.insert(id.clone());
        *step = json!({ "id": id, "action": "transform", "with": { "value": null } });
    }

    /// The steps that stand on something that was taken out, by their ids: it is not sure when they run.
    fn doubtful(&self, document: &Document) -> BTreeSet<String> {
        let lists = list::lists(document);
        let out = |path: &str| self.touched.contains(path) || self.gone.contains(path);
        let mut doubtful: Vec<Vec<bool>> = lists
            .iter()
            .map(|list| (0..list.steps.len()).map(|n| out(&list.at(n))).collect())
            .collect();
        let mut before = usize::MAX;
        let count = |all: &[Vec<bool>]| all.iter().flatten().filter(|one| **one).count();
        while count(&doubtful) != before {
            before = count(&doubtful);
            for (number, list) in lists.iter().enumerate() {
                let graph = list.graph();
                for position in 0..list.steps.len() {
                    let needs = graph.before[position].iter();
                    let inside = list.bodies.get(&position);
                    let any = needs.into_iter().any(|edge| doubtful[number][edge.from])
                        || inside.is_some_and(|body| doubtful[*body].contains(&true))
                        || list.around.is_some_and(|(list, at)| doubtful[list][at]);
                    doubtful[number][position] |= any;
                }
            }
        }
        let steps = lists.iter().zip(&doubtful).flat_map(|(list, doubtful)| {
            let steps = list.steps.iter().zip(doubtful);
            steps
                .filter(|(_, doubtful)| **doubtful)
                .map(|(step, _)| step.id.clone())
        });
        steps.collect()
    }

    /// Whether a finding is right whatever was meant by what was taken out.
    fn is_sure(&self, finding: &Finding, doubtful: &BTreeSet<String>) -> bool {
        let path = finding.path.as_deref().unwrap_or_default();
        let inside = |step: &String| {
            let rest = path.strip_prefix(step.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if finding.severity != Severity::Error
            || finding.acknowledge
            || self.gone.iter().any(inside)
        {
            return false;
        }
        let named = named(&finding.message);
        let of = |ids: &BTreeSet<String>| {
            named
                .iter()
                .any(|name| ids.contains(name.split(['.', '[']).next().unwrap_or(name)))
        };
        if of(&self.gone_ids) {
            return false;
        }
        match finding.code.as_str() {
            "may_be_skipped" => {
                let reader = finding.step.as_ref();
                !reader.is_some_and(|step| doubtful.contains(step)) && !of(doubtful)
            }
            "unknown_case" => !of(doubtful),
            "unknown_step" => !self.nameless,
            "unknown_input" => !self.inputs,
            "bad_expression" | "unknown_key" | "inside_loop" | "cycle" => true,
            code => OF_ITS_PLACE.contains(&code) && !self.depends(code, path),
        }
    }

    /// Whether what is said at a place may come of what was taken out of the same step. What another key says
    /// does not; what a key is missing, or is one too many, is seen among those that stand together.
    fn depends(&self, code: &str, path: &str) -> bool {
        let parts: Vec<String> = path.split('/').skip(1).map(plain).collect();
        let (Some(step), rest) = step_of(&parts) else {
            return false;
        };
        // What is inside of a loop may come of all that the loop says.
        let around = |out: &String| step.starts_with(&format!("{out}/"));
        if self.touched.iter().any(around) {
            return true;
        }
        let touched = self.touched.contains(&step);
        // What is missing may stand there under a name that is misspelt.
        if matches!(code, "missing_key" | "exclusive_keys") {
            return touched;
        }
        if rest.is_empty() || !touched {
            return touched;
        }
        let place = format!(
            "{step}/{}",
            rest.iter()
                .map(|part| pointed(part))
                .collect::<Vec<_>>()
                .join("/")
        );
        let related = |out: &String| {
            format!("{out}/").starts_with(&format!("{place}/"))
                || place.starts_with(&format!("{out}/"))
        };
        self.out.iter().any(related)
    }
}

/// A part of a JSON Pointer as it is meant.
fn plain(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// A part as it stands in a JSON Pointer.
fn pointed(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// The innermost step that a place lies in, as a JSON Pointer, and what follows.
fn step_of(parts: &[String]) -> (Option<String>, &[String]) {
    let is_number = |at: usize| {
        parts
            .get(at)
            .is_some_and(|part| part.parse::<usize>().is_ok())
    };
    if !is_number(1) {
        return (None, &[]);
    }
    let mut end = 2;
    while parts.get(end).is_some_and(|part| part == "steps") && is_number(end + 1) {
        end += 2;
    }
    (Some(format!("/{}", parts[..end].join("/"))), &parts[end..])
}

/// Removes what stands at a place in a map; none where it stands in a list, or is not there.
fn remove(value: &mut Value, at: &[String]) -> Option<()> {
    let (last, to) = at.split_last()?;
    let mut value = value;
    for part in to {
        value = match value {
            Value::Object(map) => map.get_mut(part)?,
            _ => return None,
        };
    }
    value.as_object_mut()?.remove(last).map(drop)
}

/// The ids of all steps in a step.
fn ids(step: &Value, all: &mut BTreeSet<String>) {
    let empty = Map::new();
    let map = step.as_object().unwrap_or(&empty);
    if let Some(Value::String(id)) = map.get("id") {
        all.insert(id.clone());
    }
    if let Some(Value::Array(steps)) = map.get("steps") {
        steps.iter().for_each(|step| ids(step, all));
    }
}

/// What a message names: the texts between backticks.
fn named(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}
