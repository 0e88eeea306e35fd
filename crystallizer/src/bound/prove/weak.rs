//! What a draft follows besides ids, days, numbers and addresses: words and small numbers, which get other names, too.

use crate::bound::answers::Of;
use crate::bound::binding::{Binding, Bound, Source};
use crate::bound::cycle::{Cycle, Stand, elements};
use crate::bound::decide::Decisions;
use crate::bound::nested::list_at;
use crate::bound::pages::Next;
use crate::bound::world::World;
use crate::bound::{rename, selector, view};
use crate::kept::Kept;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The words and small numbers that the draft follows: they get other names, too.
pub(super) fn weak_names(kept: &[Kept<'_>], decisions: &Decisions<'_>) -> World {
    let mut world = World::default();
    let mut field = |key: &str, value: &Value| {
        if rename::scalar(value) == *value {
            world.weak.insert((key.to_owned(), value.to_string()));
        }
    };
    let mut keys = BTreeSet::new();
    let mut texts = BTreeSet::new();
    let mut extremes = BTreeMap::new();
    let mut beginnings = BTreeSet::new();
    let mut given_keys = BTreeSet::new();
    for cycle in &decisions.cycles {
        for (key, value) in &cycle.compared.fields {
            field(key, value);
        }
        keys.extend(cycle.compared.keys.iter().cloned());
        extremes.extend(cycle.compared.extremes.iter().cloned());
        beginnings.extend(cycle.compared.beginnings.iter().cloned());
        for (key, value) in followed(cycle, kept, decisions) {
            field(&key, &value);
        }
        for count in cycle.counts() {
            for place in count.places() {
                if let Some(value) = decisions.answers.scalar(place) {
                    field(&decisions.answers.last_key(place), value);
                }
            }
        }
    }
    for pages in &decisions.pages {
        if let Next::Handed { path, .. } = &pages.next {
            for kept in kept.iter().skip(pages.first).take(pages.passes) {
                let answer = view::data(kept, &kept.answer);
                if let (Some(key), Some(value)) = (path.last(), selector::field(&answer, path)) {
                    field(key, value);
                }
            }
        }
    }
    for binding in decisions
        .calls
        .iter()
        .flat_map(|decided| &decided.bound)
        .flat_map(Bound::bindings)
    {
        for (key, value) in &binding.compared.fields {
            field(key, value);
        }
        keys.extend(binding.compared.keys.iter().cloned());
        extremes.extend(binding.compared.extremes.iter().cloned());
        beginnings.extend(binding.compared.beginnings.iter().cloned());
        given_keys.extend(binding.compared.given_keys.iter().cloned());
        for (key, first) in &binding.compared.joined {
            if let Value::String(first) = first {
                world.joined.insert(key.clone(), first.clone());
            }
        }
        // A name in the words around a value is another one there, as the value is.
        if let Source::Parts(parts, _) = &binding.source
            && parts.first().is_some_and(Binding::is_by_wording)
        {
            let names = parts.iter().skip(1).map(|part| &part.value);
            for word in names.chain([&binding.value]).filter_map(Value::as_str) {
                if rename::text(word) == word {
                    texts.insert(word.to_owned());
                }
            }
        }
        let Source::Output(place) = &binding.source else {
            continue;
        };
        let Some(scalar) = decisions.answers.scalar(place) else {
            continue;
        };
        match &place.of {
            Of::Value | Of::Part(_) => field(&decisions.answers.last_key(place), scalar),
            Of::Key => keys.extend(decisions.answers.entry_key(place)),
            Of::Label(_) | Of::Word => {
                if let Some(Value::String(word)) = binding.transform.inside(scalar)
                    && rename::text(&word) == word
                {
                    texts.insert(word);
                }
            }
        }
    }
    world.weak_keys = keys;
    world.weak_words = texts;
    world.extremes = extremes;
    world.beginnings = beginnings;
    world.given_keys = given_keys;
    world
}

/// The values that the passes of a loop follow, with the keys that they stand under.
fn followed(cycle: &Cycle, kept: &[Kept<'_>], decisions: &Decisions<'_>) -> Vec<(String, Value)> {
    let items = cycle.list.elements(&decisions.answers);
    let mut found = Vec::new();
    let bindings = cycle
        .bodies()
        .into_iter()
        .filter_map(|call| decisions.calls.get(call))
        .flat_map(|decided| &decided.bound)
        .flat_map(Bound::bindings);
    let answered = |call: usize| kept.get(call).map(|kept| view::data(kept, &kept.answer));
    for binding in bindings {
        for (pass, chosen) in cycle.chosen.iter().enumerate() {
            let item = items.get(*chosen).cloned();
            let (from, path) = match &binding.source {
                Source::Item(_, path) => (vec![item], path),
                Source::Pass(call, path) => (
                    match cycle.stand(*call) {
                        Some(Stand {
                            round: None, place, ..
                        }) => vec![answered(cycle.call(pass, place))],
                        Some(Stand { place, .. }) => {
                            let counts = cycle.inner.as_ref().map(|inner| &inner.rounds.counts);
                            let count = counts.and_then(|counts| counts.get(pass)).copied();
                            (0..count.unwrap_or(0))
                                .map(|round| answered(cycle.call_inside(pass, round, place)))
                                .collect()
                        }
                        None => continue,
                    },
                    path,
                ),
                Source::Inside(_, path) => {
                    let inside = cycle.inner.as_ref().and_then(|inner| inner.list.held());
                    let Some(inside) = inside else { continue };
                    let held = match inside.answer {
                        Some(place) => answered(cycle.call(pass, place)),
                        None => item,
                    };
                    let list = held
                        .as_ref()
                        .and_then(|held| list_at(held, &inside.path))
                        .map(elements)
                        .unwrap_or_default();
                    (list.into_iter().map(Some).collect(), path)
                }
                _ => continue,
            };
            let key = path.last().cloned().unwrap_or_else(|| {
                let inside = cycle
                    .inner
                    .as_ref()
                    .and_then(|inner| inner.list.held()?.path.last());
                match (&binding.source, inside) {
                    (Source::Inside(..), Some(key)) => key.clone(),
                    _ => cycle
                        .list
                        .place()
                        .map_or_else(String::new, |list| decisions.answers.last_key_of(list)),
                }
            });
            for from in from.iter().flatten() {
                if let Some(value) = selector::field(from, path) {
                    found.push((key.clone(), value.clone()));
                }
            }
        }
    }
    found
}
