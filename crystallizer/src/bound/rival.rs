//! A second source beside the best one. Both have to give the same in every run; but one that is the only element of its
//! list says no more than that the value is one of that list, and a list may be longer in another run.

use super::route::Way;
use super::transform::Transform;
use super::turn::{Equal, Operand, Pick, Turn};
use serde_json::Value;

/// The second source as one that asks for an element of its list with the value, where it takes the only one of a
/// record. `best` is taken from no list, so that it is one thing whatever the list holds.
pub(super) fn among(best: &Way, expression: &str, rival: &Way, value: &Value) -> Option<Way> {
    if best.route.picks().next().is_some() || rival.transform != Transform::default() {
        return None;
    }
    let turns = &rival.route.0;
    let at = turns
        .iter()
        .rposition(|turn| !matches!(turn, Turn::Member(_)))?;
    if !matches!(turns.get(at), Some(Turn::Element(Pick::Only))) {
        return None;
    }
    let field: Vec<String> = turns
        .iter()
        .skip(at + 1)
        .filter_map(|turn| match turn {
            Turn::Member(key) => Some(key.clone()),
            _ => None,
        })
        .collect();
    if field.is_empty() {
        return None;
    }
    let mut way = rival.clone();
    *way.route.0.get_mut(at)? = Turn::Element(Pick::Among(Equal {
        field,
        operand: Operand::Expression(expression.to_owned()),
        value: value.clone(),
        bits: 0.0,
        meant: false,
    }));
    Some(way)
}
