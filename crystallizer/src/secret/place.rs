//! Where a draft may hold the names of secrets: in headers, the environment of a program and what a tool is given.
//! Anywhere else the name stays a text, and a person has to find another place.

use super::lift::marker;
use super::shell;
use crate::session::LiftedSecret;
use crate::tool_map::Target;
use druse_engine::definition::takes_secrets;
use druse_engine::expression::literal;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

/// The names that stand in a session for secrets of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    all: Vec<String>,
    /// Where in the list each stands.
    index: HashMap<String, usize>,
}

/// The longest name of a secret, in characters.
const LONGEST_NAME: usize = 256;
/// What a marker begins and ends with.
const BEGIN: &str = "{{ secrets.";
const END: &str = " }}";

impl Names {
    pub(crate) fn of(secrets: &[LiftedSecret]) -> Self {
        Self::new(secrets.iter().map(|secret| secret.name.clone()).collect())
    }

    pub(crate) fn new(all: Vec<String>) -> Self {
        let mut index = HashMap::new();
        for (at, name) in all.iter().enumerate() {
            index.entry(name.clone()).or_insert(at);
        }
        Self { all, index }
    }

    /// The first marker of one of the names in a text: where it begins and ends, and which name it is.
    fn first(&self, text: &str) -> Option<(usize, usize, usize)> {
        let mut from = 0;
        loop {
            let at = from + text.get(from..)?.find(BEGIN)?;
            let begin = at + BEGIN.len();
            // A name is short: what is longer is none.
            let mut rest = text.get(begin..)?;
            if let Some((end, _)) = rest.char_indices().nth(LONGEST_NAME) {
                rest = rest.get(..end)?;
            }
            let name = rest.find(END).and_then(|end| rest.get(..end));
            if let Some(name) = name
                && let Some(index) = self.index.get(name)
            {
                return Some((at, begin + name.len() + END.len(), *index));
            }
            from = begin;
        }
    }

    /// Where in the list the names in a text stand, each once and in their order.
    pub(crate) fn places_within(&self, text: &str) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut rest = text;
        while let Some((_, end, index)) = self.first(rest) {
            found.insert(index);
            rest = rest.get(end..).unwrap_or_default();
        }
        found
    }

    /// Whether a text holds one of the names.
    pub(crate) fn stands_in(&self, text: &str) -> bool {
        self.first(text).is_some()
    }

    /// The names in a text, each once, in the order of the session's list.
    pub(crate) fn within<'n>(&'n self, text: &str) -> Vec<&'n str> {
        self.places_within(text)
            .into_iter()
            .filter_map(|index| self.all.get(index).map(String::as_str))
            .collect()
    }

    /// A recorded text as a template that renders to it. The names of the session's own secrets become expressions:
    /// no other text of a recording ever does.
    pub(crate) fn template(&self, text: &str) -> String {
        if !text.contains("{{") {
            return text.to_owned();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((at, end, _)) = self.first(rest) {
            out.push_str(&literal(&rest[..at]));
            out.push_str(&rest[at..end]);
            rest = &rest[end..];
        }
        // A brace in front of an expression would be taken for a part of it.
        let whole = out + &literal(rest);
        if whole.contains("{{{") {
            return literal(text);
        }
        whole
    }
}

/// Brings the names of secrets in a call's configuration to places that may hold them. Gives the names that stand
/// where none may.
pub(crate) fn settle(target: &mut Target<'_>, names: &Names) -> BTreeSet<String> {
    let mut misplaced = BTreeSet::new();
    if names.all.is_empty() {
        return misplaced;
    }
    if target.action == "shell" {
        into_environment(target, names);
    }
    let action = target.action.clone();
    for (key, request) in target.filled.request.iter() {
        if takes_secrets(&action, key) {
            continue;
        }
        let document = target.filled.document.as_mut();
        if let Some(document) = document.and_then(|document| document.get_mut(key)) {
            as_text(document, request, names, &mut misplaced);
        }
    }
    misplaced
}

/// Names stay text where no secret may stand.
fn as_text(document: &mut Value, request: &Value, names: &Names, misplaced: &mut BTreeSet<String>) {
    match (document, request) {
        (Value::String(written), Value::String(text)) => {
            let found = names.within(text);
            if !found.is_empty() && *written == names.template(text) {
                *written = literal(text);
                misplaced.extend(found.into_iter().map(str::to_owned));
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for (document, request) in left.iter_mut().zip(right) {
                as_text(document, request, names, misplaced);
            }
        }
        (Value::Object(left), Value::Object(right)) => {
            for (key, request) in right {
                if let Some(document) = left.get_mut(key) {
                    as_text(document, request, names, misplaced);
                }
            }
        }
        _ => {}
    }
}

/// A program reads secrets from its environment: what a line held becomes a variable there.
fn into_environment(target: &mut Target<'_>, names: &Names) {
    let request = &target.filled.request;
    let line = match (request.get("script"), request.get("argv")) {
        (Some(Value::String(script)), _) => script.clone(),
        (None, Some(Value::Array(argv))) => match argv.as_slice() {
            [Value::String(_), Value::String(flag), Value::String(line)]
                if flag.starts_with('-') && flag.ends_with('c') =>
            {
                line.clone()
            }
            _ => return,
        },
        _ => return,
    };
    let found = names.within(&line);
    if found.is_empty() {
        return;
    }
    let Some(line) = shell::with_variables(&line, &found) else {
        return;
    };
    let env = request.get("env").and_then(Value::as_object);
    if env.is_some_and(|env| found.iter().any(|name| env.contains_key(*name))) {
        return;
    }
    let found: Vec<String> = found.into_iter().map(str::to_owned).collect();
    for (with, is_request) in [
        (target.filled.request.whole_mut(), true),
        (target.filled.document.get_or_insert_default(), false),
    ] {
        write_line(with, &line, is_request);
        let env = with
            .entry("env")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(env) = env {
            for name in &found {
                env.insert(name.clone(), marker(name).into());
            }
        }
    }
    if let Some(command) = &mut target.shell {
        if command.script.is_some() {
            command.script = Some(line);
        } else if let Some(argv) = &mut command.argv
            && let Some(last) = argv.last_mut()
        {
            *last = line;
        }
    }
}

fn write_line(with: &mut Map<String, Value>, line: &str, is_request: bool) {
    let written = if is_request {
        line.to_owned()
    } else {
        literal(line)
    };
    match with.get_mut("argv") {
        Some(Value::Array(argv)) => {
            if let Some(last) = argv.last_mut() {
                *last = written.into();
            }
        }
        _ => {
            with.insert("script".to_owned(), line.to_owned().into());
        }
    }
}
