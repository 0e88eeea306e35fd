//! What people changed by hand in a draft that the crystallizer made: a step dropped, a gate put in, a value bound,
//! a trigger added. The changes are kept with the draft, under `metadata.crystallized.edits`, and made again when it
//! is crystallized anew, so that no answer to a question undoes what somebody decided before. Where the new draft
//! says something else at a changed place, the change is not made again, and whoever asked is told.

mod difference;

pub use difference::between;

use super::{gate, steps, way};
use druse_engine::carried::StepPlaces;
use druse_engine::finding::codes;
use druse_engine::{Digest, Finding};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A change by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// A step, or a loop with its steps, was taken out.
    Dropped {
        /// The way to it.
        step: String,
        /// The recorded calls that it was made of.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<String>,
    },
    /// A gate was put right before a step.
    Gated {
        /// The way to the step.
        step: String,
        /// The call that the step was made of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// What the gate is called.
        gate: String,
        /// What it asks, whom, and how long.
        with: Map<String, Value>,
    },
    /// A step was added.
    Added {
        /// The way to the loop that it stands in; empty: the document's list.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        within: String,
        /// The step before it in the list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// The step.
        step: Value,
    },
    /// A value was changed, set or taken out.
    Set {
        /// The way to the step; left out: of the document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// The call that the step was made of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// JSON Pointer in it.
        at: String,
        /// A mark of what stood there; left out: nothing did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<String>,
        /// What stands there; left out: nothing does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        now: Option<Value>,
    },
    /// What a step needs was changed.
    Needs {
        /// The way to the step.
        step: String,
        /// The call that the step was made of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// What it needs, too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        added: Vec<String>,
        /// What it does not need any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<String>,
    },
}

/// How long the mark of a value is.
const MARK: usize = 12;
/// Of a value that became secret too little is kept for a guess to be tried with.
const SECRET_MARK: usize = 2;

fn mark(value: &Value, length: usize) -> String {
    let digest = Digest::of(druse_engine::json::canonical(value).as_bytes());
    digest.hex().chars().take(length).collect()
}

/// The recorded call that the step at a way was made of; the first one, where each pass of a loop had its own.
fn call_of(document: &Value, at: &str) -> Option<String> {
    let calls = document["metadata"]["crystallized"]["calls"].as_object()?;
    let mut calls = calls.iter();
    let found = calls.find(|(path, _)| way::of_pass(path) == at);
    found.and_then(|(_, call)| call.as_str()).map(str::to_owned)
}

/// The calls of a step and of all inside of it.
fn calls_below(document: &Value, at: &str) -> Vec<String> {
    let calls = document["metadata"]["crystallized"]["calls"].as_object();
    let inside = format!("{at}.");
    let below = calls.into_iter().flatten().filter(|(path, _)| {
        let of = way::of_pass(path);
        of == at || of.starts_with(&inside)
    });
    below
        .filter_map(|(_, call)| call.as_str())
        .map(str::to_owned)
        .collect()
}

/// Where the step of a change is now: at its way, or else where its call is.
fn place(document: &Value, step: &str, call: Option<&str>) -> Option<String> {
    if way::step(document, step).is_some() {
        return Some(step.to_owned());
    }
    let calls = document["metadata"]["crystallized"]["calls"].as_object()?;
    let mut calls = calls.iter();
    let (path, _) = calls.find(|(_, known)| call.is_some() && known.as_str() == call)?;
    let found = way::of_pass(path);
    way::step(document, &found).is_some().then_some(found)
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The expressions by which what is secret is read.
fn secrets(document: &Value) -> Vec<String> {
    let inputs = document["inputs"].as_object().into_iter().flatten();
    let hidden = inputs.filter(|(_, schema)| schema["sensitive"] == true);
    let mut all: Vec<String> = hidden.map(|(name, _)| format!("inputs.{name}")).collect();
    all.push("secrets.".to_owned());
    all
}

fn reads(value: &Value, names: &[String]) -> bool {
    let text = value.to_string();
    names.iter().any(|name| text.contains(name.as_str()))
}

/// The changes of before with those that came since. What took back an earlier one leaves nothing of both.
pub fn joined(mut kept: Vec<Edit>, since: Vec<Edit>) -> Vec<Edit> {
    for edit in since {
        match &edit {
            Edit::Dropped { step, .. } => {
                let inside = format!("{step}.");
                let own = |other: &str| other == step || other.starts_with(&inside);
                let by_hand = kept
                    .iter()
                    .any(|one| one.made().is_some_and(|made| made == *step));
                kept.retain(|one| {
                    let about = one.step().is_some_and(own) && !matches!(one, Edit::Dropped { .. });
                    !about && one.made().is_none_or(|made| !own(&made))
                });
                if !by_hand {
                    kept.push(edit);
                }
            }
            Edit::Set { step, at, now, .. } => {
                let same = |one: &Edit| matches!(one, Edit::Set { step: of, at: place, .. } if of == step && place == at);
                match kept.iter_mut().find(|one| same(one)) {
                    Some(Edit::Set { now: known, .. }) => known.clone_from(now),
                    _ => kept.push(edit),
                }
            }
            _ => kept.push(edit),
        }
    }
    // What is as it was before anybody changed it is no change.
    kept.retain(|one| match one {
        Edit::Set { was, now, .. } => {
            let now = now
                .as_ref()
                .map(|now| mark(now, was.as_ref().map_or(MARK, String::len)));
            *was != now
        }
        _ => true,
    });
    kept
}

impl Edit {
    /// The way to the step that it is about.
    fn step(&self) -> Option<&str> {
        match self {
            Self::Dropped { step, .. } | Self::Gated { step, .. } | Self::Needs { step, .. } => {
                Some(step)
            }
            Self::Set { step, .. } => step.as_deref(),
            Self::Added { .. } => None,
        }
    }

    /// The way to the step that it puts in.
    fn made(&self) -> Option<String> {
        let (around, id) = match self {
            Self::Gated { step, gate, .. } => (
                step.rsplit_once('.').map_or("", |(around, _)| around),
                gate.as_str(),
            ),
            Self::Added { within, step, .. } => (within.as_str(), step["id"].as_str()?),
            _ => return None,
        };
        Some(match around {
            "" => id.to_owned(),
            around => format!("{around}.{id}"),
        })
    }

    /// In one sentence.
    pub fn said(&self) -> String {
        match self {
            Self::Dropped { step, .. } => format!("The step `{step}` was dropped."),
            Self::Gated { step, gate, .. } => format!("The gate `{gate}` was put before `{step}`."),
            Self::Added { step, .. } => {
                format!(
                    "The step `{}` was added.",
                    step["id"].as_str().unwrap_or_default()
                )
            }
            Self::Needs { step, .. } => format!("What `{step}` needs was changed."),
            Self::Set { step, at, now, .. } => {
                let name = named(at);
                let what = match step {
                    Some(step) => format!("`{name}` of `{step}`"),
                    None => format!("`{name}`"),
                };
                match now {
                    None => format!("{what} was taken out."),
                    Some(Value::String(text)) if text.contains("{{") => {
                        format!("{what} was set to `{text}`.")
                    }
                    Some(_) => format!("{what} was changed."),
                }
            }
        }
    }

    /// Whether it says only why something is so.
    pub fn is_remark(&self) -> bool {
        matches!(self, Self::Set { step: Some(_), at, .. } if at.starts_with("/metadata/"))
    }

    fn lost(&self) -> Finding {
        let finding = Finding::warning("edit_lost", self.said());
        match self.step() {
            Some(step) => finding.at_step(way::id(step)),
            None => finding,
        }
    }

    /// Makes it in a document. What is so already is as good as made.
    fn make(&self, document: &mut Value) -> Result<(), ()> {
        match self {
            Self::Dropped { step, calls } => {
                let mut ways = vec![step.clone()];
                ways.extend(
                    calls
                        .iter()
                        .filter_map(|call| place(document, "", Some(call))),
                );
                for found in ways {
                    let own = calls_below(document, &found);
                    let theirs = own.iter().any(|call| !calls.contains(call));
                    if way::step(document, &found).is_none() || own.is_empty() != calls.is_empty() {
                        continue;
                    }
                    // A step that does by now what others did, too, is another one.
                    if theirs {
                        return Err(());
                    }
                    steps::remove(document, &found).map_err(|_| ())?;
                }
                Ok(())
            }
            Self::Gated {
                step,
                call,
                gate,
                with,
            } => {
                let step = place(document, step, call.as_deref()).ok_or(())?;
                if gate::is_gated(document, &step) {
                    return Ok(());
                }
                gate::put_named(document, &step, gate, with.clone()).ok_or(())
            }
            Self::Added {
                within,
                after,
                step,
            } => {
                let list = match within.as_str() {
                    "" => &mut *document,
                    within => way::step_mut(document, within).ok_or(())?,
                };
                let list = list
                    .get_mut("steps")
                    .and_then(Value::as_array_mut)
                    .ok_or(())?;
                if let Some(known) = list.iter().find(|one| one["id"] == step["id"]) {
                    return if known == step { Ok(()) } else { Err(()) };
                }
                let after = after
                    .as_ref()
                    .and_then(|after| list.iter().position(|one| one["id"] == **after));
                let at = after.map_or(0, |after| after + 1);
                list.insert(at, step.clone());
                Ok(())
            }
            Self::Needs {
                step,
                call,
                added,
                removed,
            } => {
                let step = place(document, step, call.as_deref()).ok_or(())?;
                let all = way::all(document);
                let around = step.rsplit_once('.').map_or("", |(around, _)| around);
                let there = |need: &str| {
                    let need = need.split('.').next().unwrap_or_default();
                    all.iter().any(|(way, _)| match way.rsplit_once('.') {
                        Some((within, id)) => within == around && id == need,
                        None => around.is_empty() && way == need,
                    })
                };
                if !added.iter().all(|need| there(need)) {
                    return Err(());
                }
                let one = way::step_mut(document, &step)
                    .and_then(Value::as_object_mut)
                    .ok_or(())?;
                let mut needs = one.get("needs").map(texts).unwrap_or_default();
                needs.retain(|need| !removed.contains(need));
                for need in added {
                    if !needs.contains(need) {
                        needs.push(need.clone());
                    }
                }
                match needs.is_empty() {
                    true => {
                        one.shift_remove("needs");
                    }
                    false => {
                        one.insert("needs".into(), json!(needs));
                    }
                }
                Ok(())
            }
            Self::Set {
                step,
                call,
                at,
                was,
                now,
            } => {
                let root = match step {
                    Some(step) => {
                        let step = place(document, step, call.as_deref()).ok_or(())?;
                        way::step_mut(document, &step).ok_or(())?
                    }
                    None => document,
                };
                let current = root.pointer(at);
                if current == now.as_ref() {
                    return Ok(());
                }
                let length = was.as_ref().map_or(MARK, String::len);
                if current.map(|value| mark(value, length)) != *was && !self.is_remark() {
                    return Err(());
                }
                put(root, at, now.clone()).ok_or(())
            }
        }
    }
}

/// A place as people read it.
fn named(at: &str) -> String {
    let short = at
        .strip_prefix("/with")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(at);
    let short = short
        .strip_prefix("/arguments")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(short);
    short
        .trim_start_matches('/')
        .replace('/', ".")
        .replace("~1", "/")
        .replace("~0", "~")
}

/// Puts a value at a place, or takes out what stands there. Objects on the way are made.
fn put(root: &mut Value, at: &str, value: Option<Value>) -> Option<()> {
    let (around, last) = at.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let mut place = root;
    for part in around.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        place = match place {
            Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?)?,
            Value::Object(map) => map.entry(part).or_insert_with(|| json!({})),
            _ => return None,
        };
    }
    match (place, value) {
        (Value::Object(map), Some(value)) => {
            map.insert(last, value);
        }
        (Value::Object(map), None) => {
            map.shift_remove(&last);
        }
        (Value::Array(items), Some(value)) => {
            *items.get_mut(last.parse::<usize>().ok()?)? = value;
        }
        _ => return None,
    }
    Some(())
}

/// A draft with what was changed by hand.
#[derive(Debug)]
pub struct Made {
    /// The changes that stand in it.
    pub kept: Vec<Edit>,
    /// What could not be changed again.
    pub lost: Vec<Finding>,
}

/// Makes the changes in a draft that was made anew.
pub fn make(document: &mut Value, edits: Vec<Edit>) -> Made {
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    for edit in edits {
        let mut tried = document.clone();
        match edit.make(&mut tried) {
            Ok(()) => {
                *document = tried;
                kept.push(edit);
            }
            Err(()) if edit.is_remark() => {}
            Err(()) => lost.push(edit.lost()),
        }
    }
    let secret = secrets(document);
    for edit in &kept {
        let (Some(step), Edit::Set { now: Some(now), .. }) = (edit.step(), edit) else {
            continue;
        };
        if reads(now, &secret) {
            let id = way::id(step).to_owned();
            let carried = &mut document["metadata"]["crystallized"]["findings"];
            for entry in carried.as_array_mut().into_iter().flatten() {
                if let Some(entry) = entry.as_object_mut()
                    && entry.get("step").is_some_and(|of| *of == *id)
                {
                    entry.shift_remove("message");
                }
            }
        }
    }
    Made { kept, lost }
}

/// The steps of which a value is a secret by a change.
pub fn hidden_steps(document: &Value, edits: &[Edit]) -> Vec<String> {
    let secret = secrets(document);
    let hidden = edits
        .iter()
        .filter(|edit| matches!(edit, Edit::Set { now: Some(now), .. } if reads(now, &secret)));
    hidden
        .filter_map(|edit| edit.step().map(|step| way::id(step).to_owned()))
        .collect()
}

/// A finding about a step of which a value became secret, without its own words: they may name the value.
pub fn without_words(mut finding: Finding) -> Finding {
    if let Some(known) = codes::find(&finding.code) {
        finding.message = known.meaning.to_owned();
    }
    finding
}

/// Where a question stands once its draft was changed by hand; none where its step is gone, or somebody has put
/// another value there.
pub fn still_asked(
    question: &Value,
    then: &StepPlaces<'_>,
    now: &StepPlaces<'_>,
) -> Option<String> {
    let step = question["step"].as_str().unwrap_or_default();
    let path = question["path"].as_str().unwrap_or_default();
    let Some(before) = then.place(step) else {
        return Some(path.to_owned());
    };
    let after = now.place(step)?;
    let Some(inner) = path.strip_prefix(before) else {
        return Some(path.to_owned());
    };
    let place = format!("{after}{inner}");
    let same = then.document().pointer(path) == now.document().pointer(&place);
    (same || !inner.starts_with("/with/")).then_some(place)
}

#[cfg(test)]
mod tests;
