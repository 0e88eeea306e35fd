//! Inputs of formulas: so many per cent, days, weeks or minutes that a person said. A run is given the number; what it was
//! in a further recording is read there as it was read here, by its unit, for no call sends it.

use super::computed::whole;
use super::inputs::Input;
use super::qualifier::Unit;
use super::said::{Mention, Said};
use serde_json::Value;
use std::collections::BTreeMap;

/// The key of the input for a share of something.
pub(super) const PERCENT: &str = "percent";
const DAY_WORDS: [&str; 5] = ["days", "day", "tage", "tagen", "tag"];
const WEEK_WORDS: [&str; 4] = ["weeks", "week", "wochen", "woche"];

/// How far something is from something else, as a person said it: the number, where it was said, the key of its input,
/// and how it is counted.
pub(super) fn distances(
    said: &Said,
    most: usize,
) -> Vec<(Value, Mention, &'static str, &'static str)> {
    let mut found = Vec::new();
    for number in numbers(said, most) {
        if let Some(mention) = said.find_in(&number, Unit::Time, &DAY_WORDS) {
            found.push((number.clone(), mention, "days", "add_days({s}{n})"));
        }
        if let Some(mention) = said.find_in(&number, Unit::Time, &WEEK_WORDS) {
            found.push((number, mention, "weeks", "add_days({s}{n} * 7)"));
        }
    }
    for (minutes, mention) in said.lengths() {
        found.push((
            Value::from(minutes),
            mention,
            "minutes",
            "add_minutes({s}{n})",
        ));
    }
    found
}

/// Whether a number was said as so many per cent.
pub(super) fn is_percent(said: &Said, number: &Value) -> bool {
    said.find_in(number, Unit::Percent, &[]).is_some()
}

fn numbers(said: &Said, most: usize) -> Vec<Value> {
    let all = said.numbers_by_people();
    all.filter_map(|(_, value, _)| Some(whole(value.as_f64()?)))
        .take(most)
        .collect()
}

/// What such an input was in a further recording, where in both one number of its unit was said.
pub(super) fn elsewhere(input: &Input, own: &Said, there: &Said) -> Option<Value> {
    let [key] = input.key.words.as_slice() else {
        return None;
    };
    let of_unit = |said: &Said| -> BTreeMap<String, Value> {
        let all: Vec<Value> = match key.as_str() {
            PERCENT => numbers(said, usize::MAX)
                .into_iter()
                .filter(|number| is_percent(said, number))
                .collect(),
            key => distances(said, usize::MAX)
                .into_iter()
                .filter_map(|(number, _, of, _)| (of == key).then_some(number))
                .collect(),
        };
        all.into_iter()
            .map(|number| (number.to_string(), number))
            .collect()
    };
    let only = |said: &Said| {
        let mut values = of_unit(said).into_values();
        values.next().filter(|_| values.next().is_none())
    };
    only(own).filter(|known| *known == input.value)?;
    only(there)
}
