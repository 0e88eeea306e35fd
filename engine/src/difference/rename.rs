//! Steps that only have another id: evident where one that is gone says the same as one that is new.

use crate::definition::{Document, Step};
use serde_json::Value;

/// A step that has another id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renamed {
    /// Its list, as the ids of the steps in it begin: `""`, `each.`, `on_failure.`.
    pub(super) list: String,
    pub(super) from: String,
    pub(super) to: String,
}

/// The steps of both documents that have other ids. One that could be either of two is none.
pub(super) fn renamed(old: &Document, new: &Document) -> Vec<Renamed> {
    let mut found = Vec::new();
    for (head, before, after) in [
        ("", &old.steps, &new.steps),
        ("on_failure.", &old.on_failure, &new.on_failure),
        ("finally.", &old.finally, &new.finally),
    ] {
        list(head, before, after, &mut found);
    }
    found
}

fn list(head: &str, old: &[Step], new: &[Step], found: &mut Vec<Renamed>) {
    let gone: Vec<&Step> = lacking(old, new);
    let come: Vec<&Step> = lacking(new, old);
    for step in &come {
        let like: Vec<&&Step> = gone.iter().filter(|known| alike(known, step)).collect();
        let again = come.iter().filter(|other| alike(step, other)).count();
        if let ([one], 1) = (&like[..], again) {
            found.push(Renamed {
                list: head.to_owned(),
                from: one.id.clone(),
                to: step.id.clone(),
            });
        }
    }
    for step in new {
        if let Some(before) = old.iter().find(|known| known.id == step.id) {
            list(
                &format!("{head}{}.", step.id),
                &before.steps,
                &step.steps,
                found,
            );
        }
    }
}

fn lacking<'a>(these: &'a [Step], those: &[Step]) -> Vec<&'a Step> {
    these
        .iter()
        .filter(|step| !those.iter().any(|known| known.id == step.id))
        .collect()
}

/// Whether two steps say the same, whatever they are called and whatever they come after.
fn alike(one: &Step, other: &Step) -> bool {
    let bare = |step: &Step| Step {
        id: String::new(),
        needs: Vec::new(),
        metadata: serde_json::Map::new(),
        ..step.clone()
    };
    bare(one) == bare(other)
}

/// The older document with the ids that its steps have now, so that who reads them shows no difference.
pub(super) fn with_new_names(old: &Document, renamed: &[Renamed]) -> Document {
    if renamed.is_empty() {
        return old.clone();
    }
    let Ok(mut value) = serde_json::to_value(old) else {
        return old.clone();
    };
    for key in ["steps", "on_failure", "finally"] {
        let head = match key {
            "steps" => String::new(),
            key => format!("{key}."),
        };
        if let Some(list) = value.get_mut(key) {
            ids(list, &head, renamed);
        }
    }
    texts(&mut value, renamed);
    serde_json::from_value(value).unwrap_or_else(|_| old.clone())
}

/// Gives the steps of a list, and of the bodies in it, their new ids.
fn ids(list: &mut Value, head: &str, renamed: &[Renamed]) {
    for step in list.as_array_mut().into_iter().flatten() {
        let Some(id) = step["id"].as_str().map(str::to_owned) else {
            continue;
        };
        let known = renamed
            .iter()
            .find(|one| one.list == head && one.from == id);
        if let Some(one) = known {
            step["id"] = one.to.clone().into();
        }
        let inner = format!(
            "{head}{}.",
            known.map_or(id.as_str(), |one| one.to.as_str())
        );
        if let Some(body) = step.get_mut("steps") {
            ids(body, &inner, renamed);
        }
        for need in step
            .get_mut("needs")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let Some(text) = need.as_str() else { continue };
            let (id, case) = match text.split_once('.') {
                Some((id, case)) => (id, Some(case)),
                None => (text, None),
            };
            if let Some(one) = renamed
                .iter()
                .find(|one| one.list == head && one.from == id)
            {
                *need = match case {
                    Some(case) => format!("{}.{case}", one.to),
                    None => one.to.clone(),
                }
                .into();
            }
        }
    }
}

/// Gives the steps that texts read (`steps.ID.output`) their new ids.
fn texts(value: &mut Value, renamed: &[Renamed]) {
    match value {
        Value::String(text) => {
            for one in renamed {
                if text.contains("steps.") {
                    *text = with_name(text, &one.from, &one.to);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| texts(item, renamed)),
        Value::Object(map) => map.values_mut().for_each(|item| texts(item, renamed)),
        _ => {}
    }
}

fn with_name(text: &str, from: &str, to: &str) -> String {
    let wanted = format!("steps.{from}");
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&wanted) {
        let end = at + wanted.len();
        let inside = rest[..at].chars().next_back().is_some_and(is_word)
            || rest[end..].chars().next().is_some_and(is_word);
        out.push_str(&rest[..at]);
        if inside {
            out.push_str(&wanted);
        } else {
            out.push_str("steps.");
            out.push_str(to);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}
