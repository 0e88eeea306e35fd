//! What was changed by hand between a draft as it was made and the document as it is now.

use super::{
    Edit, MARK, SECRET_MARK, call_of, calls_below, gate, mark, reads, secrets, steps, texts, way,
};
use serde_json::{Map, Value, json};

/// The changes that lead from a draft as it was made to the document as it is now.
pub fn between(made: &Value, now: &Value) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut at = made.clone();
    let wanted: Vec<(String, &Value)> = way::all(now);
    let ways: Vec<String> = way::all(made).into_iter().map(|(way, _)| way).collect();
    for step in ways {
        let gone = way::step(now, &step).is_none() && way::step(&at, &step).is_some();
        if gone && steps::remove(&mut at, &step).is_ok() {
            let calls = calls_below(made, &step);
            edits.push(Edit::Dropped { step, calls });
        }
    }
    for (index, (step, value)) in wanted.iter().enumerate() {
        if way::step(&at, step).is_some() {
            continue;
        }
        if let Some((edit, with_it)) = as_gate(made, &at, now, step, value) {
            edits.push(edit);
            at = with_it;
            continue;
        }
        let (within, _) = step.rsplit_once('.').unwrap_or(("", step));
        let before = wanted[..index].iter().rev();
        let after = before
            .map(|(way, _)| way.rsplit_once('.').unwrap_or(("", way)))
            .find(|(around, _)| *around == within)
            .map(|(_, id)| id.to_owned());
        let edit = Edit::Added {
            within: within.to_owned(),
            after,
            step: (*value).clone(),
        };
        if edit.make(&mut at).is_ok() && way::step(&at, step).is_some() {
            edits.push(edit);
        }
    }
    let secret = secrets(now);
    for (step, value) in &wanted {
        let Some(before) = way::step(&at, step).cloned() else {
            continue;
        };
        let call = call_of(made, step);
        needs(&mut edits, step, call.as_deref(), &before, value);
        let mut found = Vec::new();
        for key in keys(&before, value) {
            if !["id", "steps", "needs", "metadata"].contains(&key.as_str()) {
                walk(
                    &mut found,
                    &format!("/{}", escaped(&key)),
                    before.get(&key),
                    value.get(&key),
                );
            }
        }
        let bindings = |step: &Value| step["metadata"].get("bindings").cloned();
        walk(
            &mut found,
            "/metadata/bindings",
            bindings(&before).as_ref(),
            bindings(value).as_ref(),
        );
        push(&mut edits, Some((step, call)), found, &secret);
    }
    let mut found = Vec::new();
    for key in keys(&at, now) {
        if !["druse", "name", "steps", "metadata"].contains(&key.as_str()) {
            walk(
                &mut found,
                &format!("/{}", escaped(&key)),
                at.get(&key),
                now.get(&key),
            );
        }
    }
    for key in keys(&at["metadata"], &now["metadata"]) {
        if key != "crystallized" {
            let path = format!("/metadata/{}", escaped(&key));
            walk(
                &mut found,
                &path,
                at["metadata"].get(&key),
                now["metadata"].get(&key),
            );
        }
    }
    push(&mut edits, None, found, &secret);
    edits
}

/// A step that is a gate as it is put right before another, as such; and the document with it.
fn as_gate(
    made: &Value,
    at: &Value,
    now: &Value,
    step: &str,
    value: &Value,
) -> Option<(Edit, Value)> {
    let with = value["with"]
        .as_object()
        .filter(|_| value["action"] == "approval_gate")?;
    let (within, id) = step.rsplit_once('.').unwrap_or(("", step));
    let all = way::all(now);
    let mut behind = all.iter().filter(|(other, one)| {
        let around = other.rsplit_once('.').map_or("", |(around, _)| around);
        around == within && one["needs"] == json!([id])
    });
    behind.find_map(|(other, one)| {
        let mut with_it = at.clone();
        gate::put_named(&mut with_it, other, id, with.clone())?;
        let same = |key: &str| {
            let put = way::step(&with_it, step).and_then(|put| put.get(key));
            put == value.get(key)
        };
        let fits = ["needs", "join", "when"].into_iter().all(same)
            && way::step(&with_it, other)?.get("join") == one.get("join");
        let edit = Edit::Gated {
            step: other.clone(),
            call: call_of(made, other),
            gate: id.to_owned(),
            with: with.clone(),
        };
        fits.then_some((edit, with_it))
    })
}

fn needs(edits: &mut Vec<Edit>, step: &str, call: Option<&str>, before: &Value, now: &Value) {
    let (before, now) = (texts(&before["needs"]), texts(&now["needs"]));
    let without = |one: &[String], other: &[String]| -> Vec<String> {
        let left = one.iter().filter(|need| !other.contains(need));
        left.cloned().collect()
    };
    let (added, removed) = (without(&now, &before), without(&before, &now));
    if !(added.is_empty() && removed.is_empty()) {
        edits.push(Edit::Needs {
            step: step.to_owned(),
            call: call.map(str::to_owned),
            added,
            removed,
        });
    }
}

fn keys(one: &Value, other: &Value) -> Vec<String> {
    let of = |value: &Value| -> Vec<String> {
        let map = value.as_object();
        map.into_iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect()
    };
    let mut all = of(one);
    let more: Vec<String> = of(other)
        .into_iter()
        .filter(|key| !all.contains(key))
        .collect();
    all.extend(more);
    all
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What stood at a place, and what stands there.
type Moved = (String, Option<Value>, Option<Value>);

fn walk(found: &mut Vec<Moved>, at: &str, before: Option<&Value>, now: Option<&Value>) {
    match (before, now) {
        (before, now) if before == now => {}
        (Some(Value::Object(_)) | None, Some(Value::Object(map)))
            if before.is_some() || !map.is_empty() =>
        {
            let empty = json!({});
            let before = before.unwrap_or(&empty);
            let fresh = before.as_object().is_none_or(Map::is_empty);
            for key in keys(before, &Value::Object(map.clone())) {
                let path = format!("{at}/{}", escaped(&key));
                match fresh {
                    true => found.push((path, None, map.get(&key).cloned())),
                    false => walk(found, &path, before.get(&key), map.get(&key)),
                }
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                walk(found, &format!("{at}/{index}"), Some(one), Some(other));
            }
        }
        (before, now) => found.push((at.to_owned(), before.cloned(), now.cloned())),
    }
}

fn push(
    edits: &mut Vec<Edit>,
    of: Option<(&String, Option<String>)>,
    found: Vec<Moved>,
    secret: &[String],
) {
    for (at, before, now) in found {
        let hidden = now.as_ref().is_some_and(|now| reads(now, secret));
        let length = if hidden { SECRET_MARK } else { MARK };
        edits.push(Edit::Set {
            step: of.as_ref().map(|(step, _)| (*step).clone()),
            call: of.as_ref().and_then(|(_, call)| call.clone()),
            at,
            was: before.map(|before| mark(&before, length)),
            now,
        });
    }
}
