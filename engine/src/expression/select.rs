//! Filters that pick out of lists and maps by what their elements hold, never by where they stand. Each one
//! is an error when what it looks for is not there exactly once: a wrong element is worse than none.

use super::functions::{elements, failed};
use minijinja::Error;
use minijinja::value::{Enumerator, Object, Rest, Value as Dyn, ValueKind};
use std::cmp::Ordering;
use std::sync::Arc;

/// A map of few keys in their order.
#[derive(Debug)]
struct Fields(Vec<(String, Dyn)>);

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Dyn) -> Option<Dyn> {
        let name = key.as_str()?;
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(key, _)| key.as_str().into()).collect())
    }
}

/// What a path leads to inside an element: a key, or a list of keys and indexes.
fn at(item: &Dyn, path: &Dyn) -> Result<Option<Dyn>, Error> {
    let step = |from: &Dyn, key: &Dyn| {
        from.get_item(key)
            .ok()
            .filter(|found| !found.is_undefined())
    };
    match path.kind() {
        ValueKind::String | ValueKind::Number => Ok(step(item, path)),
        ValueKind::Seq => {
            let mut current = item.clone();
            for key in path.try_iter()? {
                match step(&current, &key) {
                    Some(next) => current = next,
                    None => return Ok(None),
                }
            }
            Ok(Some(current))
        }
        kind => Err(failed(format!(
            "a field is named by a text or a list of keys, not by a {kind}"
        ))),
    }
}

/// What stands for every element of a list in a path.
const EACH: &str = "*";

/// The elements of a list whose field has the value, as a list. In a path `*` leads into every element of a list, and
/// one that has the value is enough.
pub(super) fn where_(list: &Dyn, path: &Dyn, value: &Dyn) -> Result<Dyn, Error> {
    let keys: Vec<Dyn> = match path.kind() {
        ValueKind::Seq => path.try_iter()?.collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for item in elements(list, "where")? {
        let fits = if keys.is_empty() {
            at(&item, path)?.is_some_and(|field| field == *value)
        } else {
            has(&item, &keys, value)?
        };
        if fits {
            found.push(item);
        }
    }
    Ok(Dyn::from(found))
}

/// Whether the value stands somewhere at the end of these keys.
fn has(item: &Dyn, keys: &[Dyn], value: &Dyn) -> Result<bool, Error> {
    let Some((key, rest)) = keys.split_first() else {
        return Ok(item == value);
    };
    if key.as_str() == Some(EACH) && item.kind() == ValueKind::Seq {
        for inner in item.try_iter()? {
            if has(&inner, rest, value)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match item.get_item(key) {
        Ok(next) if !next.is_undefined() => has(&next, rest, value),
        _ => Ok(false),
    }
}

/// The entries of a map as a list of `{key, value}`, in their order.
pub(super) fn entries(map: &Dyn) -> Result<Dyn, Error> {
    if map.kind() != ValueKind::Map {
        return Err(failed(format!(
            "`entries` wants a map, not a {}",
            map.kind()
        )));
    }
    let mut all = Vec::new();
    for key in map.try_iter()? {
        let value = map.get_item(&key)?;
        let fields = vec![("key".to_owned(), key), ("value".to_owned(), value)];
        all.push(Dyn::from_object(Fields(fields)));
    }
    Ok(Dyn::from(all))
}

/// The one element whose field is the least.
pub(super) fn min_by(list: &Dyn, path: &Dyn) -> Result<Dyn, Error> {
    extreme(list, path, Ordering::Less, "min_by")
}

/// The one element whose field is the greatest.
pub(super) fn max_by(list: &Dyn, path: &Dyn) -> Result<Dyn, Error> {
    extreme(list, path, Ordering::Greater, "max_by")
}

fn extreme(list: &Dyn, path: &Dyn, wanted: Ordering, filter: &str) -> Result<Dyn, Error> {
    let mut best: Option<(Dyn, Dyn)> = None;
    let mut tied = false;
    for item in elements(list, filter)? {
        let field = at(&item, path)?
            .ok_or_else(|| failed(format!("`{filter}`: an element does not have the field")))?;
        let Some((_, least)) = &best else {
            best = Some((item, field));
            continue;
        };
        match compare(&field, least) {
            None => {
                return Err(failed(format!(
                    "`{filter}` compares numbers with numbers and texts with texts, not a {} with a {}",
                    field.kind(),
                    least.kind()
                )));
            }
            Some(Ordering::Equal) => tied = true,
            Some(order) if order == wanted => {
                best = Some((item, field));
                tied = false;
            }
            Some(_) => {}
        }
    }
    match best {
        None => Err(failed(format!(
            "`{filter}` wants an element and the list is empty"
        ))),
        Some(_) if tied => Err(failed(format!(
            "`{filter}` wants one element and several have the same value"
        ))),
        Some((item, _)) => Ok(item),
    }
}

fn compare(one: &Dyn, two: &Dyn) -> Option<Ordering> {
    match (one.kind(), two.kind()) {
        (ValueKind::Number, ValueKind::Number) | (ValueKind::String, ValueKind::String) => {
            one.partial_cmp(two)
        }
        _ => None,
    }
}

/// A map, or each map of a list, with these keys alone, in this order.
pub(super) fn pick(value: &Dyn, names: Rest<String>) -> Result<Dyn, Error> {
    let one = |map: &Dyn| -> Result<Dyn, Error> {
        if map.kind() != ValueKind::Map {
            return Err(failed(format!("`pick` wants maps, not a {}", map.kind())));
        }
        let mut kept = Vec::with_capacity(names.len());
        for name in names.iter() {
            let found = map.get_attr(name)?;
            if found.is_undefined() {
                return Err(failed(format!("`pick`: there is no `{name}`")));
            }
            kept.push((name.clone(), found));
        }
        Ok(Dyn::from_object(Fields(kept)))
    };
    match value.kind() {
        ValueKind::Map => one(value),
        _ => {
            let mut all = Vec::new();
            for item in elements(value, "pick")? {
                all.push(one(&item)?);
            }
            Ok(Dyn::from(all))
        }
    }
}

/// The field of each element, as a list.
pub(super) fn column(list: &Dyn, path: &Dyn) -> Result<Dyn, Error> {
    let mut all = Vec::new();
    for item in elements(list, "column")? {
        let field = at(&item, path)?
            .ok_or_else(|| failed("`column`: an element does not have the field"))?;
        all.push(field);
    }
    Ok(Dyn::from(all))
}

/// The value, when the others are equal to it; what two sources have to agree on.
pub(super) fn agreed(value: &Dyn, others: Rest<Dyn>) -> Result<Dyn, Error> {
    match others.iter().find(|other| *other != value) {
        None => Ok(value.clone()),
        Some(other) => Err(failed(format!(
            "two sources that have to agree do not: {} and {}",
            short(value),
            short(other)
        ))),
    }
}

fn short(value: &Dyn) -> String {
    let text = super::functions::string(value).unwrap_or_else(|_| value.kind().to_string());
    if text.chars().count() > 60 {
        format!("{}…", text.chars().take(60).collect::<String>())
    } else {
        text
    }
}
