//! The loop of pages in the document: one step stands for all calls, and says which page a pass asks for.

use super::Pages;
use crate::bound::evaluate::{literal, quoted};
use crate::bound::slot;
use crate::kept::{Kept, Spot};
use druse_engine::definition::{Document, Repeat, Step};
use druse_engine::expression::Template;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How many more pages than were recorded a loop turns, times their number, before it fails.
const MORE: usize = 10;
/// How many pages every loop turns.
const ENOUGH: usize = 100;

/// Puts the calls of pages into bodies: one step stands for all of them.
pub(in crate::bound) fn nest(
    document: &mut Document,
    kept: &mut [Kept<'_>],
    spots: &mut [Spot],
    pages: &[Pages],
) {
    for one in pages {
        let places: Vec<usize> = (one.first..=one.last())
            .filter_map(|call| spots.get(call).map(|spot| spot.step))
            .collect();
        let (Some(first), Some(body), Some(name)) = (
            places.first().copied(),
            spots.get(one.body).map(|spot| spot.step),
            kept.get(one.first).map(|kept| kept.step.clone()),
        ) else {
            continue;
        };
        let Some(step) = document.steps.get(body).cloned() else {
            continue;
        };
        let mut metadata = Map::new();
        metadata.insert(
            "folded".to_owned(),
            json!({ "passes": one.passes, "because": one.because }),
        );
        let around = Step {
            id: one.id.clone(),
            repeat: Some(Box::new(Repeat {
                until: one
                    .until
                    .replace(&format!("steps.{}.", step.id), &format!("steps.{name}.")),
                every: None,
                factor: None,
                max: u32::try_from((one.passes * MORE).max(ENOUGH)).ok(),
                output: Some(renamed(&one.output(), &step.id, &name)),
            })),
            steps: vec![Step {
                id: name.clone(),
                needs: Vec::new(),
                join: None,
                when: None,
                ..step
            }],
            metadata,
            ..Step::default()
        };
        let mut now: BTreeMap<usize, usize> = BTreeMap::new();
        let mut steps: Vec<Step> = Vec::with_capacity(document.steps.len());
        for (index, old) in std::mem::take(&mut document.steps).into_iter().enumerate() {
            if index == first {
                steps.push(around.clone());
            } else if !places.contains(&index) {
                steps.push(old);
            }
            now.insert(index, steps.len().saturating_sub(1));
        }
        document.steps = steps;
        for spot in spots.iter_mut() {
            if let Some(step) = now.get(&spot.step) {
                spot.step = *step;
            }
        }
        for (pass, call) in (one.first..=one.last()).enumerate() {
            if let Some(spot) = spots.get_mut(call) {
                spot.inner = Some(0);
            }
            if let Some(kept) = kept.get_mut(call) {
                kept.in_pass = Some(one.path(pass, &name).into());
                kept.step.clone_from(&name);
            }
        }
    }
}

/// A template in which the body has another name.
fn renamed(template: &Value, old: &str, new: &str) -> Value {
    match template {
        Value::String(text) => text
            .replace(&format!("steps.{old}."), &format!("steps.{new}."))
            .into(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), renamed(value, old, new)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Writes into the bodies which page a pass asks for. Gives whether that was possible everywhere.
pub(in crate::bound) fn write(
    document: &mut Document,
    kept: &[Kept<'_>],
    spots: &[Spot],
    pages: &[Pages],
) -> bool {
    pages.iter().all(|one| {
        let asks = one.asks();
        let (Some(body), Some(spot)) = (kept.get(one.body), spots.get(one.body)) else {
            return false;
        };
        let places = slot::whole(body, &one.pointer);
        let Some(with) = spot.step_mut(document).and_then(|step| step.with.as_mut()) else {
            return false;
        };
        let mut whole = Value::Object(std::mem::take(with));
        let mut done = !places.is_empty();
        for place in places {
            done &= if one.body == one.first {
                match whole.pointer_mut(&place) {
                    Some(value) => {
                        *value = format!("{{{{ {asks} }}}}").into();
                        true
                    }
                    None => false,
                }
            } else {
                left_out_at_first(&mut whole, &place, &asks)
            };
        }
        if let Value::Object(map) = whole {
            *with = map;
        }
        done
    })
}

/// Writes a map of which the first pass leaves one key out.
fn left_out_at_first(whole: &mut Value, place: &str, asks: &str) -> bool {
    let Some((around, key)) = place.rsplit_once('/') else {
        return false;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    let Some(map) = whole.pointer_mut(around) else {
        return false;
    };
    let Value::Object(mut with) = map.clone() else {
        return false;
    };
    with.insert(key.clone(), format!("{{{{ {asks} }}}}").into());
    let mut without = with.clone();
    without.remove(&key);
    match (
        expression_of(&Value::Object(without)),
        expression_of(&Value::Object(with)),
    ) {
        (Some(without), Some(with)) => {
            *map = format!("{{{{ {without} if loop.index == 0 else {with} }}}}").into();
            !around.is_empty()
        }
        _ => false,
    }
}

/// A template as one expression; none where a text has expressions in it.
fn expression_of(template: &Value) -> Option<String> {
    match template {
        Value::Object(map) => {
            let entries: Option<Vec<String>> = map
                .iter()
                .map(|(key, value)| Some(format!("{}: {}", quoted(key), expression_of(value)?)))
                .collect();
            Some(format!("{{{}}}", entries?.join(", ")))
        }
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(expression_of).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::String(_) => {
            let compiled = Template::compile(template).ok()?;
            if let Some(constant) = compiled.constant() {
                return Some(literal(constant.value()));
            }
            let text = template.as_str()?.trim();
            let inner = text.strip_prefix("{{")?.strip_suffix("}}")?.trim();
            match compiled.expressions().as_slice() {
                [(_, one)] if one.source().trim() == inner => Some(format!("({inner})")),
                _ => None,
            }
        }
        scalar => Some(literal(scalar)),
    }
}
