//! Lists that a change sends, each element of which is one of an answered list: sorted, those that have something in
//! common, or all of them. Which they are is one question, about the list; that each of them stands at its place says
//! nothing of another run.

use super::answers::WholePlace;
use super::binder::{Binder, Sent};
use super::binding::{Binding, Bound, Source};
use super::canonical;
use super::evaluate::quoted;
use super::filter::literals;
use super::key::words;
use super::parts;
use super::selector::{field, fields};
use super::turn::closed;
use super::whole;
use serde_json::Value;

/// The shortest and the longest list that is asked about as a whole.
const SHORTEST: usize = 2;
const LONGEST: usize = 200;
/// The longest list that it may be of.
const LONGEST_LIST: usize = 2_000;
/// The most lists that are looked at, and the most fields that may say in which order.
const MOST_LISTS: usize = 4;
const MOST_FIELDS: usize = 30;

impl Binder<'_, '_> {
    /// Asks about lists as a whole whose elements would be asked about one by one.
    pub(super) fn ask_of_taken_lists(&mut self, at: usize) {
        let Some(kept) = self.kept.get(at).filter(|kept| kept.changes()) else {
            return;
        };
        let mut all = Vec::new();
        arrays(&kept.call.arguments, &mut Vec::new(), &mut all);
        for (keys, list) in all {
            let sent = self.sent(at, list, &keys);
            if !self.is_open_list(&sent) {
                continue;
            }
            let Some(bindings) = self.taken(&sent) else {
                continue;
            };
            let inside = format!("{}/", sent.pointer);
            let Some(decided) = self.decided.get_mut(at) else {
                return;
            };
            decided
                .frozen
                .retain(|one| !one.pointer.starts_with(&inside));
            decided
                .bound
                .retain(|one| !one.pointer.starts_with(&inside));
            let why = self.one_of(&sent, bindings);
            self.freeze(&sent, why);
        }
    }

    /// Whether each element of a list is asked about, or goes by its place in another.
    fn is_open_list(&self, sent: &Sent<'_>) -> bool {
        let Some(decided) = self.decided.get(sent.call) else {
            return false;
        };
        let inside = format!("{}/", sent.pointer);
        let frozen = decided.frozen.iter();
        let frozen = frozen.filter(|one| one.pointer.starts_with(&inside));
        let mut open = 0;
        for one in frozen {
            if one.why.choices().is_none() {
                return false;
            }
            open += 1;
        }
        let bound = decided.bound.iter();
        let bound = bound.filter(|one| one.pointer.starts_with(&inside));
        let by_place: Vec<bool> = bound.map(is_bound_by_place).collect();
        let count = sent.value.as_array().map_or(0, Vec::len);
        open > by_place.len()
            && by_place.iter().all(|by_place| *by_place)
            && open + by_place.len() == count
    }

    /// What gives a list, where all of its elements are of one answered list; none where they are not.
    fn taken(&mut self, sent: &Sent<'_>) -> Option<Vec<Binding>> {
        let items = sent.value.as_array()?;
        let mut lists: Vec<(WholePlace, Vec<String>)> = Vec::new();
        for place in self.answers.find(&canonical::forms(items.first()?)) {
            if place.call >= sent.call {
                continue;
            }
            for found in self.answers.lists_over(&place) {
                if !lists.contains(&found) && lists.len() < MOST_LISTS {
                    lists.push(found);
                }
            }
        }
        let mut bindings: Option<Vec<Binding>> = None;
        for (list, key) in lists {
            let Some(Value::Array(elements)) = self.answers.whole(list) else {
                continue;
            };
            let elements = elements.clone();
            let Some(order) = order_of(items, &elements, &key) else {
                continue;
            };
            let all = bindings.get_or_insert_with(Vec::new);
            let Some(whole) = whole::of_place(self, list) else {
                continue;
            };
            let column = match key.as_slice() {
                [] => String::new(),
                [one] => format!(" | column({})", quoted(one)),
                _ => continue,
            };
            for how in self.ways_to_take(&elements, &order) {
                let value = sent.value;
                let because = "they are those of the answered list";
                all.push(parts::made(vec![whole.clone()], value, because, |part| {
                    format!("{}{how}{column}", closed(&part[0]))
                }));
            }
        }
        bindings
    }

    /// How these elements of a list, in this order, are taken from it: as it is, sorted, or by what they have in common.
    /// What the person named comes first.
    fn ways_to_take(&self, elements: &[Value], order: &[usize]) -> Vec<String> {
        let is_rising = order.windows(2).all(|pair| pair[0] < pair[1]);
        let mut found: Vec<(bool, String)> = Vec::new();
        match order.len() == elements.len() {
            true if is_rising => found.push((true, String::new())),
            true => {
                let first = elements.first().map(fields).unwrap_or_default();
                for (way, _) in first.iter().take(MOST_FIELDS) {
                    let [key] = way.as_slice() else { continue };
                    let is_named = self.said.names_any(&words(key));
                    let attribute = quoted(key);
                    for reverse in ["", ", reverse=true"] {
                        let how = format!(" | sort(attribute={attribute}{reverse})");
                        found.push((is_named, how));
                    }
                }
                // Of several that sort them so the named one is meant, where there is one.
                if found.iter().any(|(named, _)| *named) {
                    found.retain(|(named, _)| *named);
                }
            }
            false if is_rising => {
                found.extend(literals(elements, order).into_iter().map(|(how, filter)| {
                    let named = filter.words();
                    (self.said.names_any(&named), format!(" | {how}"))
                }));
            }
            false => {}
        }
        found.sort_by_key(|(named, _)| std::cmp::Reverse(*named));
        found.into_iter().map(|(_, how)| how).collect()
    }
}

/// The indices of the elements that have these values in a field, one each.
fn order_of(items: &[Value], elements: &[Value], key: &[String]) -> Option<Vec<usize>> {
    if elements.len() > LONGEST_LIST {
        return None;
    }
    let mut order = Vec::with_capacity(items.len());
    for item in items {
        let mut same = elements.iter().enumerate();
        let found = same.find(|(_, element)| field(element, key) == Some(item));
        let (at, _) = found?;
        if order.contains(&at) || same.any(|(_, element)| field(element, key) == Some(item)) {
            return None;
        }
        order.push(at);
    }
    Some(order)
}

/// Whether a value is bound by its place in a list.
fn is_bound_by_place(bound: &Bound) -> bool {
    bound.bindings().all(|binding| {
        matches!(binding.source, Source::Output(_)) && is_by_place(&binding.expression)
    })
}

/// Whether an expression takes an element of a list by its place.
pub(super) fn is_by_place(expression: &str) -> bool {
    let at_end = ["| first", "| last"]
        .iter()
        .any(|place| expression.ends_with(place) || expression.contains(&format!("{place})")));
    let is_index = |rest: &str| {
        let number = rest.split(']').next().unwrap_or_default();
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    };
    at_end || expression.split('[').skip(1).any(is_index)
}

/// The lists of plain values in what a call sent, each with the keys to it.
fn arrays<'v>(value: &'v Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'v Value)>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                path.push(key.clone());
                arrays(inner, path, found);
                path.pop();
            }
        }
        Value::Array(items)
            if (SHORTEST..=LONGEST).contains(&items.len())
                && items.iter().all(|one| one.is_string() || one.is_number()) =>
        {
            found.push((path.clone(), value));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{is_by_place, order_of};
    use serde_json::json;

    #[test]
    fn a_place_in_a_list() {
        for (expression, expected) in [
            ("steps.list.output.json.items[1].sku", true),
            ("(steps.list.output.json.items | first).sku", true),
            ("steps.list.output.json.steps | last", true),
            (
                "(steps.list.output.json.items | where('team', inputs.team) | only).sku",
                false,
            ),
            ("steps.get.output.json['a b']", false),
            ("steps.get.output.json.name[:10]", false),
        ] {
            assert_eq!(is_by_place(expression), expected, "{expression}");
        }
    }

    #[test]
    fn each_value_is_of_one_element() {
        let elements = [
            json!({ "id": "a" }),
            json!({ "id": "b" }),
            json!({ "id": "b" }),
        ];
        let key = ["id".to_owned()];
        assert_eq!(order_of(&[json!("a")], &elements, &key), Some(vec![0]));
        assert_eq!(order_of(&[json!("b")], &elements, &key), None);
        assert_eq!(order_of(&[json!("c")], &elements, &key), None);
        assert_eq!(order_of(&[json!("a"), json!("a")], &elements, &key), None);
    }
}
