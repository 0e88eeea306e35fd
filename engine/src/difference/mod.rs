//! What differs between two documents, in the words of documents: which step, which field, from what to
//! what. How the text was typed makes no difference.

mod fields;
mod order;
mod rename;

use crate::definition::{Document, Step, Trigger};
use fields::fields_of;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// What became of a part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another id, and is the same but for what `fields` says.
    Renamed,
    /// It says something else.
    Changed,
    /// It stands elsewhere in its list.
    Moved,
}

/// Which part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A step, in whichever list.
    Step,
    /// A trigger.
    Trigger,
    /// An input.
    Input,
    /// An output.
    Output,
    /// A test, which changes nothing of what runs.
    Test,
    /// Anything else at the top.
    Setting,
}

/// A field that says something else.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Field {
    /// Where it is inside of its part: `with.json.rows`, `needs`, `retry.attempts`.
    pub path: String,
    /// What it said; null where it was not there.
    pub before: Value,
    /// What it says; null where it is not there.
    pub after: Value,
}

/// A part that differs.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// Which part.
    pub part: Part,
    /// Its id or name; for a step of a loop's body with the loops around it (`each_invoice.pay`), for one of
    /// `on_failure` or `finally` with that before it.
    pub id: String,
    /// What became of it.
    pub became: Became,
    /// The id that it had, where it was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it is: the kind of a step or trigger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The fields that say something else.
    pub fields: Vec<Field>,
    /// The step that it comes after now, where it moved; null for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Everything that differs, in the order of the newer document, what is gone behind it.
pub fn between(old: &Document, new: &Document) -> Vec<Change> {
    let renamed = rename::renamed(old, new);
    let old = rename::with_new_names(old, &renamed);
    let mut changes = Vec::new();
    named(Part::Input, &old.inputs, &new.inputs, &mut changes);
    triggers(&old, new, &mut changes);
    for (head, before, after) in [
        ("", &old.steps, &new.steps),
        ("on_failure.", &old.on_failure, &new.on_failure),
        ("finally.", &old.finally, &new.finally),
    ] {
        steps(head, before, after, &renamed, &mut changes);
    }
    named(Part::Output, &old.outputs, &new.outputs, &mut changes);
    settings(&old, new, &mut changes);
    tests(&old, new, &mut changes);
    changes
}

fn value_of<T: Serialize>(part: &T) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

fn change(part: Part, id: &str, became: Became, fields: Vec<Field>) -> Change {
    Change {
        part,
        id: id.to_owned(),
        became,
        from: None,
        kind: None,
        fields,
        after: None,
    }
}

/// Parts that are known by their names.
fn named(
    part: Part,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    changes: &mut Vec<Change>,
) {
    for (name, value) in new {
        match old.get(name) {
            None => {
                let fields = fields_of(&Value::Null, value);
                changes.push(change(part, name, Became::Added, fields));
            }
            Some(before) if before != value => {
                let fields = fields_of(before, value);
                changes.push(change(part, name, Became::Changed, fields));
            }
            Some(_) => {}
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        changes.push(change(part, name, Became::Removed, Vec::new()));
    }
}

fn triggers(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    let kind = |value: &Value| {
        Trigger::KINDS
            .iter()
            .find(|kind| value.get(**kind).is_some())
            .map(|kind| (*kind).to_owned())
    };
    for trigger in &new.triggers {
        let after = value_of(trigger);
        let before = old.triggers.iter().find(|known| known.id == trigger.id);
        let (became, before) = match before.map(value_of) {
            None => (Became::Added, Value::Null),
            Some(before) if before != after => (Became::Changed, before),
            Some(_) => continue,
        };
        let fields = match became {
            Became::Changed => fields_of(&before, &after),
            _ => Vec::new(),
        };
        let mut change = change(Part::Trigger, &trigger.id, became, fields);
        change.kind = kind(&after);
        changes.push(change);
    }
    for trigger in &old.triggers {
        if !new.triggers.iter().any(|known| known.id == trigger.id) {
            let mut change = change(Part::Trigger, &trigger.id, Became::Removed, Vec::new());
            change.kind = kind(&value_of(trigger));
            changes.push(change);
        }
    }
}

/// Tests, by their names. A test that stands elsewhere is the same test.
fn tests(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    let name = |test: &Value| test["name"].as_str().unwrap_or_default().to_owned();
    let known = |tests: &[Value], wanted: &str| {
        let mut tests = tests.iter();
        tests.find(|test| name(test) == wanted).cloned()
    };
    for test in &new.tests {
        let name = name(test);
        let (became, fields) = match known(&old.tests, &name) {
            None => (Became::Added, Vec::new()),
            Some(before) if before != *test => (Became::Changed, fields_of(&before, test)),
            Some(_) => continue,
        };
        changes.push(change(Part::Test, &name, became, fields));
    }
    for test in &old.tests {
        let name = name(test);
        if known(&new.tests, &name).is_none() {
            changes.push(change(Part::Test, &name, Became::Removed, Vec::new()));
        }
    }
}

/// The kind of a step as people call it.
fn kind_of(step: &Step) -> Option<String> {
    match (&step.action, &step.for_each, &step.repeat) {
        (Some(action), ..) => Some(action.clone()),
        (None, Some(_), _) => Some("for_each".into()),
        (None, None, Some(_)) => Some("repeat".into()),
        _ => None,
    }
}

fn steps(
    head: &str,
    old: &[Step],
    new: &[Step],
    renamed: &[rename::Renamed],
    changes: &mut Vec<Change>,
) {
    let moved = order::moved(old, new);
    for (position, step) in new.iter().enumerate() {
        let id = format!("{head}{}", step.id);
        let told = |became, fields| Change {
            kind: kind_of(step),
            ..change(Part::Step, &id, became, fields)
        };
        let Some(before) = old.iter().find(|known| known.id == step.id) else {
            changes.push(told(Became::Added, Vec::new()));
            continue;
        };
        let fields = fields_of(&without_body(before), &without_body(step));
        match renamed
            .iter()
            .find(|one| one.list == head && one.to == step.id)
        {
            Some(one) => {
                let mut change = told(Became::Renamed, fields);
                change.from = Some(format!("{head}{}", one.from));
                changes.push(change);
            }
            None if !fields.is_empty() => changes.push(told(Became::Changed, fields)),
            None => {}
        }
        if moved.contains(&step.id) {
            let mut change = told(Became::Moved, Vec::new());
            change.after = position.checked_sub(1).map(|place| new[place].id.clone());
            changes.push(change);
        }
        steps(
            &format!("{id}."),
            &before.steps,
            &step.steps,
            renamed,
            changes,
        );
    }
    for step in old {
        if !new.iter().any(|known| known.id == step.id) {
            let id = format!("{head}{}", step.id);
            changes.push(Change {
                kind: kind_of(step),
                ..change(Part::Step, &id, Became::Removed, Vec::new())
            });
        }
    }
}

/// A step without its id and the steps of its body, which are told by themselves.
fn without_body(step: &Step) -> Value {
    let mut value = value_of(step);
    if let Some(map) = value.as_object_mut() {
        map.remove("steps");
        map.remove("id");
    }
    value
}

fn settings(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    const PARTS: [&str; 7] = [
        "tests",
        "inputs",
        "triggers",
        "steps",
        "on_failure",
        "finally",
        "outputs",
    ];
    let top = |document: &Document| {
        let mut value = value_of(document);
        if let Some(map) = value.as_object_mut() {
            for part in PARTS {
                map.remove(part);
            }
        }
        value
    };
    let (before, after) = (top(old), top(new));
    let names = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .cloned()
            .collect()
    };
    let mut all = names(&after);
    all.extend(
        names(&before)
            .into_iter()
            .filter(|name| after.get(name).is_none()),
    );
    for name in all {
        let (old, new) = (before.get(&name), after.get(&name));
        let became = match (old, new) {
            (old, new) if old == new => continue,
            (None, _) => Became::Added,
            (_, None) => Became::Removed,
            _ => Became::Changed,
        };
        let nothing = Value::Null;
        let fields = fields_of(old.unwrap_or(&nothing), new.unwrap_or(&nothing));
        changes.push(change(Part::Setting, &name, became, fields));
    }
}

impl Change {
    /// The change as lines for people: one for the part, one for each field.
    pub fn lines(&self) -> Vec<String> {
        let (sign, rest) = match self.became {
            Became::Added => ('+', String::new()),
            Became::Removed => ('-', String::new()),
            Became::Changed => ('~', String::new()),
            Became::Renamed => (
                '=',
                format!(", renamed from {}", self.from.as_deref().unwrap_or("?")),
            ),
            Became::Moved => (
                '>',
                match &self.after {
                    Some(after) => format!(" stands behind {after} now"),
                    None => " stands first now".into(),
                },
            ),
        };
        let part = match self.part {
            Part::Step => "step ",
            Part::Trigger => "trigger ",
            Part::Input => "input ",
            Part::Output => "output ",
            Part::Test => "test ",
            Part::Setting => "",
        };
        let kind = match &self.kind {
            Some(kind) => format!(" ({kind})"),
            None => String::new(),
        };
        let mut lines = vec![format!("{sign} {part}{}{kind}{rest}", self.id)];
        for field in &self.fields {
            let path = match field.path.as_str() {
                "" => String::new(),
                path => format!("{path}: "),
            };
            lines.push(match (&field.before, &field.after) {
                (Value::Null, after) => format!("    {path}{}", shown(after)),
                (before, Value::Null) => format!("    {path}{} -> (left out)", shown(before)),
                (before, after) => format!("    {path}{} -> {}", shown(before), shown(after)),
            });
        }
        lines
    }
}

/// A value on one line, the beginning of a long one.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 160;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
