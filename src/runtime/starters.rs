//! Who began what led to a run: people, and what acted for them. A gate that excludes whoever started its run
//! asks here.

use druse_engine::event::Start;
use druse_engine::run::Run;
use serde_json::Value;

/// Where a cause names those before whoever started the run itself.
const STARTERS: &str = "starters";

/// What names of people begin with.
const PERSON: &str = "user:";

/// Whether this person started a run, one that it repeats, or one of those that led to it: whoever may not
/// decide about a run may not have another automation, or somebody else's retry, ask.
pub(super) fn started(run: &Run, user: &str) -> bool {
    began(run.start(), user)
}

/// The same of how a run began.
pub(super) fn began(start: &Start, user: &str) -> bool {
    start.starters().contains(&user)
}

/// All who began what led to a run, each once: what follows from it carries them on.
pub(super) fn all_starters(start: &Start) -> Vec<&str> {
    let mut all = Vec::new();
    for starter in start.starters() {
        if !all.contains(&starter) {
            all.push(starter);
        }
    }
    all
}

/// Who began what led to a run: a person, or a trigger.
pub(super) fn first_starter(run: &Run) -> String {
    let starters = run.start().starters();
    starters.first().copied().unwrap_or_default().to_owned()
}

/// The people among them, as `user:<name>`: what an event carries on to the runs that it starts.
pub(crate) fn people(start: &Start) -> Vec<String> {
    let mut people = Vec::new();
    join(&mut people, all_starters(start));
    people
}

/// The people whom a cause carries on.
pub(crate) fn people_of(cause: &Value) -> Vec<String> {
    let mut people = Vec::new();
    let carried = cause[STARTERS].as_array().into_iter().flatten();
    join(&mut people, carried.filter_map(Value::as_str));
    people
}

/// Lets a cause carry people on.
pub(crate) fn carry(cause: &mut Value, people: &[String]) {
    if !people.is_empty() {
        cause[STARTERS] = people.into();
    }
}

/// Adds those who are people, each once.
pub(crate) fn join<'a>(people: &mut Vec<String>, others: impl IntoIterator<Item = &'a str>) {
    for other in others {
        if other.starts_with(PERSON) && !people.iter().any(|known| known == other) {
            people.push(other.to_owned());
        }
    }
}

/// Whoever did something, as `user:<name>`, where it was a person. A name stands with or without the prefix.
pub(crate) fn person(by: &str) -> Option<String> {
    match by.strip_prefix(PERSON) {
        Some(_) => Some(by.to_owned()),
        None if by.starts_with("trigger:") || by.starts_with("run:") => None,
        None => Some(format!("{PERSON}{by}")),
    }
}
