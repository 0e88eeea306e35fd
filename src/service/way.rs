//! Where a step stands in a document as JSON. A step inside of a loop is named by the way to it: `each_order.refund`.

use serde_json::Value;

/// The step at a way.
pub(crate) fn step<'v>(document: &'v Value, way: &str) -> Option<&'v Value> {
    let mut ids = way.split('.');
    let mut found = named(&document["steps"], ids.next()?)?;
    for id in ids {
        found = named(&found["steps"], id)?;
    }
    Some(found)
}

fn named<'v>(steps: &'v Value, id: &str) -> Option<&'v Value> {
    steps.as_array()?.iter().find(|one| one["id"] == id)
}

/// The same, to be changed.
pub(crate) fn step_mut<'v>(document: &'v mut Value, way: &str) -> Option<&'v mut Value> {
    let mut found = document;
    for id in way.split('.') {
        let steps = found.get_mut("steps")?.as_array_mut()?;
        found = steps.iter_mut().find(|one| one["id"] == id)?;
    }
    Some(found)
}

/// The way to the step of which a path names a pass: `each[0].pay` is one of `each.pay`.
pub(crate) fn of_pass(path: &str) -> String {
    let parts = path.split('[').enumerate();
    parts
        .map(|(index, part)| match (index, part.split_once(']')) {
            (1.., Some((_, rest))) => rest,
            _ => part,
        })
        .collect()
}

/// The id at the end of a way.
pub(crate) fn id(way: &str) -> &str {
    way.rsplit('.').next().unwrap_or(way)
}

/// All steps, those of loops behind their loop, each with the way to it.
pub(crate) fn all(document: &Value) -> Vec<(String, &Value)> {
    fn walk<'v>(steps: &'v Value, around: &str, all: &mut Vec<(String, &'v Value)>) {
        for step in steps.as_array().into_iter().flatten() {
            let way = format!("{around}{}", step["id"].as_str().unwrap_or_default());
            all.push((way.clone(), step));
            walk(&step["steps"], &format!("{way}."), all);
        }
    }
    let mut found = Vec::new();
    walk(&document["steps"], "", &mut found);
    found
}
