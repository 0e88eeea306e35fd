//! What a person takes with a finding: the value at its place, what it is sent to and with, and all that it comes from;
//! for a program, the lines that run it. An acknowledgement holds for that and for nothing else, so that another value
//! at the same place is asked about again. What is not understood stands for all that it might be: more is asked about
//! again then, and never less.

mod reads;
mod source;
#[cfg(test)]
mod tests;

use crate::Finding;
use serde_json::{Value, json};
use source::{Sources, without_body, without_names};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The parts of a step that say how long and how often it is tried, and what is said of it.
const SETTINGS: [&str; 10] = [
    "timeout",
    "retry",
    "on_error",
    "description",
    "metadata",
    "output_schema",
    "answers_to",
    "artifacts",
    "effects",
    "delivery",
];

/// The parts of a configuration that say where it goes.
const TARGET: [&str; 22] = [
    "connection",
    "tool",
    "url",
    "method",
    "host",
    "server",
    "path",
    "query",
    "headers",
    "to",
    "cc",
    "bcc",
    "from",
    "statement",
    "automation",
    "version",
    "type",
    "op",
    "root",
    "pattern",
    "file",
    "env",
];

/// Each part of it under a name that a person reads: a place in the step, an input, a step that answers.
pub type Subject = BTreeMap<String, Arc<Value>>;

/// The part that is no place: what the finding says.
pub const SAID: &str = "said";

/// A part that differs: its name, what it was, what it is.
pub type Differing<'a> = (&'a str, Option<&'a Value>, Option<&'a Value>);

/// What findings about one document are about. Its expressions are read once.
pub struct Subjects<'d> {
    document: &'d Value,
    sources: Sources<'d>,
}

impl<'d> Subjects<'d> {
    /// Those of a document.
    pub fn of(document: &'d Value) -> Self {
        Self {
            document,
            sources: Sources::of(document),
        }
    }

    /// What a finding about the document is about.
    pub fn about(&self, finding: &Finding) -> Subject {
        let named = finding.id.strip_prefix(&format!("{}:", finding.code));
        let named = named.map(|name| name.replace("~1", "/").replace("~0", "~"));
        match (finding.code.as_str(), named) {
            // How many steps there are and what they are called is not what is taken.
            ("runs_program", Some(program)) => {
                return self.all_of("lines", self.sources.running(&program));
            }
            ("secret_lifted", Some(name)) => {
                return self.all_of("targets", self.sources.given(&name));
            }
            _ => {}
        }
        let mut parts = Subject::new();
        parts.insert(SAID.into(), Arc::new(said(&finding.message).into()));
        let path = finding.path.as_deref();
        let at = match (path.and_then(step_of), finding.step.as_deref()) {
            // Where both are given they mean the same step.
            (Some(at), Some(id)) if self.sources.id_at(at) != Some(id) => None,
            (Some(at), _) => Some(at),
            (None, Some(id)) if path.is_none() => self.sources.place(id),
            (None, Some(_)) => None,
            (None, None) => {
                if let Some(path) = path {
                    let value = self.document.pointer(path).cloned().unwrap_or_default();
                    self.sources.follow(&value, path, &[], &mut parts);
                    parts.insert(path.to_owned(), Arc::new(value));
                }
                return parts;
            }
        };
        let Some((at, step)) = at.and_then(|at| Some((at, self.document.pointer(at)?))) else {
            self.sources.whole_document(&mut parts);
            return parts;
        };
        let loops = self.sources.around(at);
        let inner = path.and_then(|path| path.strip_prefix(at));
        let mut value = without_names(step);
        if let Some(map) = value.as_object_mut() {
            map.retain(|key, _| !SETTINGS.contains(&key.as_str()));
        }
        // A value in what the step is given, with its place; none where the finding is about more than one.
        let given = inner
            .filter(|inner| inner.starts_with("/with/"))
            .map(|inner| (inner, step.pointer(inner).cloned().unwrap_or_default()));
        if let Some((_, own)) = &given {
            value = deciding(value);
            self.sources.follow(own, at, &loops, &mut parts);
        }
        self.sources.follow(&value, at, &loops, &mut parts);
        for (level, outer) in loops.iter().enumerate() {
            let turns = self.document.pointer(outer).map(without_body);
            let name = format!("loop {}", level + 1);
            parts.insert(name, Arc::new(turns.unwrap_or_default()));
        }
        match given {
            Some((inner, own)) => {
                let mut rest = value;
                let with = rest
                    .as_object_mut()
                    .and_then(|step| step.shift_remove("with"));
                if let Some(Value::Object(with)) = with.filter(|with| *with != json!({})) {
                    leaves(with.into(), "/with", &mut parts);
                }
                leaves(own, inner, &mut parts);
                parts.insert("step".into(), Arc::new(rest));
            }
            None => {
                let inner = inner.filter(|inner| !inner.is_empty()).unwrap_or("/");
                parts.insert(inner.to_owned(), Arc::new(value));
            }
        }
        parts
    }

    /// Several things that run, as one part, and what they take their values from.
    fn all_of(&self, name: &str, all: Vec<(String, Value)>) -> Subject {
        let mut parts = Subject::new();
        if all.is_empty() {
            self.sources.whole_document(&mut parts);
        }
        for (at, value) in &all {
            self.sources.follow(value, at, &[], &mut parts);
        }
        let all = once(all.into_iter().map(|(_, value)| value));
        parts.insert(name.to_owned(), Arc::new(all.into()));
        parts
    }
}

/// What a finding about a document is about.
pub fn subject(finding: &Finding, document: &Value) -> Subject {
    Subjects::of(document).about(finding)
}

/// What differs between two of them.
pub fn differences<'a>(was: &'a Subject, is: &'a Subject) -> Vec<Differing<'a>> {
    let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let part = |of: &'a Subject| of.get(name).map(AsRef::as_ref);
            (name.as_str(), part(was), part(is))
        })
        .filter(|(_, was, is)| was != is)
        .collect()
}

/// The place of the innermost step in which a place lies.
fn step_of(path: &str) -> Option<&str> {
    let mut end = None;
    let mut at = 0;
    let mut words = path.strip_prefix('/')?.split('/');
    while let Some(list) = words.next() {
        let known = match end {
            None => matches!(list, "steps" | "on_failure" | "finally"),
            Some(_) => list == "steps",
        };
        let Some(index) = words
            .next()
            .filter(|index| known && index.parse::<usize>().is_ok())
        else {
            break;
        };
        at += list.len() + index.len() + 2;
        end = Some(at);
    }
    path.get(..end?)
}

/// The values of a configuration, each under its place.
fn leaves(value: Value, at: &str, parts: &mut Subject) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                leaves(value, &format!("{at}/{key}"), parts);
            }
        }
        value => {
            parts.insert(at.to_owned(), Arc::new(value));
        }
    }
}

/// A step as far as it decides what becomes of a value in its configuration: where it goes, and when. Of a shell step
/// that is all that it is given; of others, what stands beside the value has its own finding where it needs one.
fn deciding(mut step: Value) -> Value {
    let is_shell = step["action"] == "shell";
    if !is_shell && let Some(with) = step.get_mut("with").and_then(Value::as_object_mut) {
        with.retain(|key, _| TARGET.contains(&key.as_str()));
    }
    step
}

/// What a message says, without the ids of recorded calls: another recording of the same has others.
fn said(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(" (call ") {
        out.push_str(&rest[..at]);
        let behind = &rest[at..];
        rest = behind.find(')').map_or("", |end| &behind[end + 1..]);
    }
    out + rest
}

fn once(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    for value in values {
        seen.entry(value.to_string()).or_insert(value);
    }
    seen.into_values().collect()
}
