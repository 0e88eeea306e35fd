//! Where a value comes from: the inputs and steps that its expressions name, what those name in turn, and the loops
//! around them.

use super::Subject;
use super::reads::Reads;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What only names a step, only people read, or changes no value.
const NAMES: [&str; 7] = [
    "name",
    "description",
    "metadata",
    "output_schema",
    "answers_to",
    "timeout",
    "retry",
];

/// Names that a step sees beside those of loops and take nothing from the document.
const LOCAL: [&str; 7] = [
    "item", "loop", "event", "attempt", "check", "review", "approval",
];

/// The steps of a document with what they read, and its inputs.
pub(super) struct Sources<'d> {
    document: &'d Value,
    steps: Vec<Known<'d>>,
    by_id: BTreeMap<&'d str, Vec<usize>>,
    by_place: BTreeMap<String, usize>,
    /// What loops call their items.
    items: BTreeSet<&'d str>,
}

/// A step, and what it takes as a source of others.
struct Known<'d> {
    id: &'d str,
    at: String,
    step: &'d Value,
    whole: Arc<Value>,
    reads: Reads,
}

impl<'d> Sources<'d> {
    pub(super) fn of(document: &'d Value) -> Self {
        fn within<'d>(list: &'d Value, path: &str, all: &mut Vec<Known<'d>>) {
            for (index, step) in list.as_array().into_iter().flatten().enumerate() {
                let at = format!("{path}/{index}");
                within(&step["steps"], &format!("{at}/steps"), all);
                let whole = without_names(step);
                all.push(Known {
                    id: step["id"].as_str().unwrap_or_default(),
                    at,
                    step,
                    reads: Reads::of(&whole),
                    whole: Arc::new(whole),
                });
            }
        }
        let mut steps = Vec::new();
        for list in ["steps", "on_failure", "finally"] {
            within(&document[list], &format!("/{list}"), &mut steps);
        }
        let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, known) in steps.iter().enumerate() {
            by_id.entry(known.id).or_default().push(index);
        }
        let places = steps.iter().enumerate();
        let items = steps.iter();
        Self {
            document,
            by_id,
            by_place: places
                .map(|(index, known)| (known.at.clone(), index))
                .collect(),
            items: items
                .filter_map(|known| known.step["for_each"]["as"].as_str())
                .collect(),
            steps,
        }
    }

    fn at(&self, place: &str) -> Option<&Known<'d>> {
        self.steps.get(*self.by_place.get(place)?)
    }

    /// The id of the step at a place.
    pub(super) fn id_at(&self, place: &str) -> Option<&'d str> {
        self.at(place).map(|known| known.id)
    }

    /// The place of the first step of this id.
    pub(super) fn place(&self, id: &str) -> Option<&str> {
        let first = self.by_id.get(id)?.first()?;
        Some(&self.steps.get(*first)?.at)
    }

    /// The places of the loops around a place, the innermost first.
    pub(super) fn around<'p>(&self, place: &'p str) -> Vec<&'p str> {
        let mut around = Vec::new();
        let mut inner = place;
        while let Some((outer, _)) = inner.rsplit_once('/') {
            inner = outer;
            // `/steps` itself is a list of the document and no loop.
            if let Some(outer) = outer.strip_suffix("/steps")
                && self.by_place.contains_key(outer)
            {
                around.push(outer);
            }
        }
        around
    }

    /// Stands for all that a value might come from.
    pub(super) fn whole_document(&self, parts: &mut Subject) {
        let mut document = self.document.clone();
        if let Some(document) = document.as_object_mut() {
            for key in ["name", "description", "metadata", "tests"] {
                document.shift_remove(key);
            }
            for list in ["steps", "on_failure", "finally"] {
                if let Some(Value::Array(steps)) = document.get_mut(list) {
                    steps.iter_mut().for_each(in_list);
                }
            }
        }
        parts.insert("document".into(), Arc::new(document));
    }

    /// Adds all that a value at a place comes from. The turns of the loops in `told` stand there already.
    pub(super) fn follow(&self, value: &Value, at: &str, told: &[&str], parts: &mut Subject) {
        let mut open: Vec<(Reads, String)> = vec![(Reads::of(value), at.to_owned())];
        for outer in told {
            if let Some(turns) = self.document.pointer(outer).map(without_body) {
                open.push((Reads::of(&turns), (*outer).to_owned()));
            }
        }
        let mut told: BTreeSet<String> = told.iter().map(|at| (*at).to_owned()).collect();
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        while let Some((reads, at)) = open.pop() {
            let loops = reads.others.contains("loop");
            let local =
                |name: &String| LOCAL.contains(&name.as_str()) || self.items.contains(&**name);
            if reads.all || reads.others.iter().any(|name| !local(name)) {
                self.whole_document(parts);
            }
            if reads.trigger {
                parts.insert(
                    "triggers".into(),
                    Arc::new(self.document["triggers"].clone()),
                );
            }
            self.inputs(&reads, parts);
            let mut steps: Vec<usize> = Vec::new();
            for id in &reads.steps {
                let same = self.by_id.get(id.as_str());
                if same.is_none() {
                    parts.insert(format!("steps.{id}"), Arc::default());
                }
                steps.extend(same.into_iter().flatten());
            }
            if loops {
                // What a pass gave is made by the body.
                let around = self.around(&at).into_iter().chain([at.as_str()]);
                steps.extend(around.filter_map(|at| self.by_place.get(at)));
            }
            for index in steps {
                let Some(known) = self.steps.get(index).filter(|_| seen.insert(index)) else {
                    continue;
                };
                let name = self.name_of(known);
                open.push((known.reads.clone(), known.at.clone()));
                for (level, outer) in self.around(&known.at).into_iter().enumerate() {
                    if !told.insert(outer.to_owned()) {
                        continue;
                    }
                    let turns = self.document.pointer(outer).map(without_body);
                    let turns = turns.unwrap_or_default();
                    open.push((Reads::of(&turns), outer.to_owned()));
                    let name = format!("loop {} of {name}", level + 1);
                    parts.insert(name, Arc::new(turns));
                }
                parts.insert(name, known.whole.clone());
            }
        }
    }

    /// The inputs that are read: what they are by default, and what triggers make of them.
    fn inputs(&self, reads: &Reads, parts: &mut Subject) {
        let declared = self.document["inputs"].as_object();
        let all = declared.filter(|_| reads.all_inputs).into_iter().flatten();
        let names = all.map(|(name, _)| name).chain(&reads.inputs);
        for name in names {
            let default = self.document["inputs"][name]["default"].clone();
            parts.insert(format!("inputs.{name}"), Arc::new(default));
            let triggers = self.document["triggers"].as_array().into_iter().flatten();
            let fed: Vec<Value> = triggers
                .filter(|trigger| trigger["inputs"].get(name).is_some())
                .map(without_names)
                .collect();
            if !fed.is_empty() {
                parts.insert(format!("triggers of inputs.{name}"), Arc::new(fed.into()));
            }
        }
    }

    /// What a step is called where it is a source. Ids are unique in their list only.
    fn name_of(&self, known: &Known<'_>) -> String {
        match self.by_id.get(known.id) {
            Some(same) if same.len() > 1 => format!("steps.{} at {}", known.id, known.at),
            _ => format!("steps.{}", known.id),
        }
    }

    /// All shell lines that run a program, with their places; where none names it as it is written, all that there are.
    pub(super) fn running(&self, program: &str) -> Vec<(String, Value)> {
        let mut all = self.acting();
        all.retain(|(_, value)| value["action"] == "shell");
        // What is only known in the run may run any.
        let runs =
            |value: &Value| names(&value["with"], program) || Reads::of(&value["with"]).any();
        if all.iter().any(|(_, value)| runs(value)) {
            all.retain(|(_, value)| runs(value));
        }
        all
    }

    /// All that is given a secret, with its place.
    pub(super) fn given(&self, secret: &str) -> Vec<(String, Value)> {
        let triggers = self.document["triggers"].as_array().into_iter().flatten();
        let triggers = triggers
            .enumerate()
            .map(|(index, trigger)| (format!("/triggers/{index}"), without_names(trigger)));
        let mut all = self.acting();
        all.extend(triggers);
        all.retain(|(_, value)| {
            let reads = Reads::of(value);
            reads.all || reads.secrets.contains(secret)
        });
        all
    }

    /// All that acts: steps, what takes them back, looks for them and tells of them; each with whether and how often
    /// it does.
    fn acting(&self) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        for known in &self.steps {
            let turns: Vec<Value> = self
                .around(&known.at)
                .into_iter()
                .filter_map(|outer| self.document.pointer(outer).map(without_body))
                .collect();
            let mut found = Vec::new();
            let step = without_body(known.step);
            within(&step, &mut found);
            for acts in found {
                let mut value = json!({ "action": acts["action"], "with": acts["with"] });
                let when = &known.step["when"];
                if !when.is_null() {
                    value["when"] = when.clone();
                }
                if !turns.is_empty() {
                    value["loops"] = turns.clone().into();
                }
                all.push((known.at.clone(), value));
            }
        }
        all
    }
}

/// Everything in a step that has an action.
fn within<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => {
            if map.contains_key("action") {
                found.push(value);
            }
            map.values().for_each(|value| within(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| within(value, found)),
        _ => {}
    }
}

/// Whether a line names a program, however a shell may have it written.
fn names(value: &Value, program: &str) -> bool {
    match value {
        Value::String(text) => {
            let bare = text.replace("\\\n", "").replace(['\'', '"', '\\'], "");
            text.contains(program) || bare.contains(program)
        }
        Value::Array(items) => items.iter().any(|item| names(item, program)),
        Value::Object(map) => map.values().any(|item| names(item, program)),
        _ => false,
    }
}

/// A step or a trigger without its name, its place and what only people read.
pub(super) fn without_names(step: &Value) -> Value {
    let mut step = step.clone();
    in_list(&mut step);
    if let Some(step) = step.as_object_mut() {
        step.shift_remove("id");
    }
    step
}

/// The same of a loop alone: whether, how often and with what it is gone through.
pub(super) fn without_body(step: &Value) -> Value {
    let mut step = without_names(step);
    if let Some(step) = step.as_object_mut() {
        step.shift_remove("steps");
    }
    step
}

/// A step of a list whose steps are told apart by their ids.
fn in_list(step: &mut Value) {
    let Some(step) = step.as_object_mut() else {
        return;
    };
    for key in NAMES {
        step.shift_remove(key);
    }
    // An order alone gives no value; a case says whether the step runs.
    if let Some(Value::Array(needs)) = step.get_mut("needs") {
        needs.retain(|need| need.as_str().is_some_and(|need| need.contains('.')));
        if needs.is_empty() {
            step.shift_remove("needs");
        }
    }
    if let Some(Value::Array(body)) = step.get_mut("steps") {
        body.iter_mut().for_each(in_list);
    }
}
