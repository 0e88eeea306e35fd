//! One thing that the person said is one input, wherever it is sent: a list that they said is put together from the
//! inputs that its parts are already, and a moment from the input of its day. Else a run that is given another day would
//! still send the old one beside it.

use super::binder::Binder;
use super::binding::{Binding, Bound, Piece, Source};
use super::information::{STRONG, WEAK, bits};
use super::inputs::{Found, Input, schema_at};
use super::key::keys_of;
use crate::kept::Kept;
use crate::tool_map::escape;
use crate::value_class;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most moments that are put together: each is looked for in all steps.
const MOST_MOMENTS: usize = 64;
/// How long a day is as it is written: `2024-05-19`.
const DAY: usize = 10;

impl Binder<'_, '_> {
    /// Puts lists and moments together from the inputs that their parts are. Further recordings tell by themselves what
    /// moves together.
    pub(super) fn put_together(&mut self) {
        if !self.witnesses.is_empty() {
            return;
        }
        let used = self.scalars_in_use();
        if used.is_empty() {
            return;
        }
        self.lists_of(&used);
        self.moments_of(&used);
    }

    /// The names of the inputs of one value that are sent as they are.
    fn scalars_in_use(&self) -> BTreeSet<String> {
        let all = self.decided.iter().flat_map(|decided| &decided.bound);
        all.flat_map(Bound::bindings)
            .filter_map(|binding| match &binding.source {
                Source::Input(name) if !is_compound(&binding.value) => Some(name.clone()),
                _ => None,
            })
            .collect()
    }

    fn lists_of(&mut self, used: &BTreeSet<String>) {
        let mut found: Vec<(usize, String)> = Vec::new();
        for (call, decided) in self.decided.iter().enumerate() {
            for bound in &decided.bound {
                if let [Piece::Value(binding)] = bound.pieces.as_slice()
                    && matches!(binding.source, Source::Input(_))
                    && binding.value.is_array()
                    && self.has_known_part(&binding.value, used)
                {
                    found.push((call, bound.pointer.clone()));
                }
            }
        }
        let kept = self.kept;
        for (call, pointer) in found {
            let Some(list) = kept
                .get(call)
                .and_then(|kept| kept.call.arguments.pointer(&pointer))
            else {
                continue;
            };
            let mut parts = Vec::new();
            leaves_at(&pointer, list, &mut parts);
            let mut made = Vec::new();
            for (at, value) in parts {
                let mut sent = self.sent(call, value, &keys_of(&at));
                let known = self
                    .known_part(value, used)
                    .map(|one| (one.key.clone(), one.found));
                let found = match known {
                    Some((key, found)) => {
                        sent.key = key;
                        found
                    }
                    None => match self.said.find(value, &sent.key.full()) {
                        Some(mention) => Found::Said(mention),
                        None => break,
                    },
                };
                let schema = schema_at(self.spec(call), &at).cloned();
                let binding = self.input(&sent, found, schema.as_ref());
                made.push((sent, binding));
            }
            let mut all = 0;
            crate::leaf::leaves(list, &mut |_, _, _| all += 1);
            if made.len() != all {
                continue;
            }
            let mut whole = None;
            if let Some(decided) = self.decided.get_mut(call) {
                let own = decided.bound.iter().find(|bound| bound.pointer == pointer);
                whole = own
                    .and_then(|bound| bound.bindings().next())
                    .and_then(|binding| match &binding.source {
                        Source::Input(name) => Some(name.clone()),
                        _ => None,
                    });
                decided.bound.retain(|bound| bound.pointer != pointer);
            }
            if let (Some(name), [(_, only)]) = (whole, made.as_slice()) {
                self.give_only(&name, &only.expression);
            }
            for (sent, binding) in made {
                self.bind(&sent, vec![Piece::Value(Box::new(binding))]);
            }
        }
    }

    /// Lets what took the only element of a list that is an input take the input that this element is.
    fn give_only(&mut self, list: &str, expression: &str) {
        let only = format!("(inputs.{list} | only)");
        let all = self.decided.iter_mut();
        let pieces = all
            .flat_map(|decided| &mut decided.bound)
            .flat_map(|bound| &mut bound.pieces);
        for piece in pieces {
            if let Piece::Value(binding) = piece {
                binding.expression = binding.expression.replace(&only, expression);
            }
        }
    }

    /// Whether a part of a list is an input that something else sends, too.
    fn has_known_part(&self, list: &Value, used: &BTreeSet<String>) -> bool {
        let mut known = false;
        crate::leaf::leaves(list, &mut |_, _, leaf| {
            known |= self.known_part(leaf, used).is_some();
        });
        known
    }

    /// The input that alone has a part of a list, where it tells enough to be the same thing.
    fn known_part(&self, part: &Value, used: &BTreeSet<String>) -> Option<&Input> {
        let own = bits(part, &[]);
        // A word of everyday may be said of two things.
        let is_particular = own >= STRONG
            || part.as_str().is_some_and(|text| {
                value_class::is_date(text) || text.starts_with(char::is_uppercase)
            });
        if own < WEAK || !is_particular {
            return None;
        }
        let mut all = self.inputs.of_value(part).filter(|input| {
            used.contains(&input.name)
                && input.value == *part
                && matches!(input.found, Found::Said(_))
        });
        let one = all.next()?;
        all.next().is_none().then_some(one)
    }

    /// Moments of a day that is an input: that of the day, and one of the time of day.
    fn moments_of(&mut self, used: &BTreeSet<String>) {
        let days: Vec<(String, String)> = self
            .inputs
            .iter()
            .filter(|input| used.contains(&input.name) && matches!(input.found, Found::Said(_)))
            .filter_map(|input| {
                let text = input.value.as_str()?;
                value_class::is_date(text).then(|| (text.to_owned(), input.name.clone()))
            })
            .collect();
        if days.is_empty() {
            return;
        }
        // The moments, each with its day, what parts the two, and the time of day.
        let mut moments: BTreeMap<String, (String, String, String)> = BTreeMap::new();
        for input in self.inputs.iter() {
            let parts = input.value.as_str().and_then(parts_of_moment);
            let Some((day, between, time)) = parts.filter(|_| used.contains(&input.name)) else {
                continue;
            };
            let mut same = days.iter().filter(|(own, _)| own == day);
            if moments.len() < MOST_MOMENTS
                && let (Some((_, name)), None) = (same.next(), same.next())
                && self.is_sent_whole(&input.name)
            {
                let parts = (name.clone(), between.to_owned(), time.to_owned());
                moments.insert(input.name.clone(), parts);
            }
        }
        for (name, (day, between, time)) in moments {
            let Some(of_day) = self.binding_of(&day) else {
                continue;
            };
            self.ends_of_parts(&name, &of_day, &between);
            let said = self.said.clock(&time).map(Found::Said);
            self.inputs
                .set_value(&name, Value::from(time.as_str()), said);
            self.recorded.set_input(&name, &Value::from(time.as_str()));
            let all = self.decided.iter_mut();
            for bound in all.flat_map(|decided| &mut decided.bound) {
                let [Piece::Value(own)] = bound.pieces.as_slice() else {
                    continue;
                };
                if own.source != Source::Input(name.clone()) {
                    continue;
                }
                let own = Binding {
                    value: Value::from(time.as_str()),
                    ..Binding::clone(own)
                };
                bound.pieces = vec![
                    Piece::Value(Box::new(of_day.clone())),
                    Piece::Text(between.clone()),
                    Piece::Value(Box::new(own)),
                ];
            }
        }
    }

    /// Counts the moments that are counted from one from the day and the time of day that it becomes.
    fn ends_of_parts(&mut self, name: &str, of_day: &Binding, between: &str) {
        let Source::Input(day) = &of_day.source else {
            return;
        };
        let plain = format!("inputs.{name}");
        let all = self.decided.iter_mut();
        let pieces = all
            .flat_map(|decided| &mut decided.bound)
            .flat_map(|bound| &mut bound.pieces);
        for piece in pieces {
            if let Piece::Value(binding) = piece
                && is_counted_from(binding, &plain)
                && let Source::Inputs(names) = &mut binding.source
            {
                let whole = format!("({} ~ '{between}' ~ {plain})", of_day.expression);
                binding.expression = binding.expression.replacen(&plain, &whole, 1);
                names.push(day.clone());
            }
        }
    }

    /// Whether an input is nowhere used but sent as it is, to tools that take a text there.
    fn is_sent_whole(&self, name: &str) -> bool {
        let plain = format!("inputs.{name}");
        let all = self.decided.iter().zip(self.kept);
        let mut bound =
            all.flat_map(|(decided, kept)| decided.bound.iter().map(move |one| (one, kept)));
        bound.all(|(bound, kept)| {
            let is_whole = matches!(bound.pieces.as_slice(), [Piece::Value(binding)] if binding.expression == plain)
                && takes_text(kept, &bound.pointer);
            is_whole
                || bound.bindings().all(|binding| {
                    !mentions(&binding.expression, &plain) || is_counted_from(binding, &plain)
                })
        })
    }

    /// The binding that sends an input as it is.
    fn binding_of(&self, name: &str) -> Option<Binding> {
        let plain = format!("inputs.{name}");
        let all = self.decided.iter().flat_map(|decided| &decided.bound);
        all.flat_map(Bound::bindings)
            .find(|binding| binding.expression == plain)
            .cloned()
    }
}

/// Whether a binding is a moment so many minutes behind an input.
fn is_counted_from(binding: &Binding, plain: &str) -> bool {
    matches!(binding.source, Source::Inputs(_))
        && binding
            .expression
            .strip_prefix(plain)
            .is_some_and(|rest| rest.starts_with(" | add_minutes("))
}

fn is_compound(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

/// Whether a place of a call is a text.
fn takes_text(kept: &Kept<'_>, pointer: &str) -> bool {
    kept.call
        .arguments
        .pointer(pointer)
        .is_some_and(Value::is_string)
}

/// Whether an expression uses an input, not one whose name only begins like it.
pub(super) fn mentions(expression: &str, plain: &str) -> bool {
    expression.match_indices(plain).any(|(at, _)| {
        let behind = expression[at + plain.len()..].chars().next();
        !behind.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The texts and numbers of a list with their places.
fn leaves_at<'v>(pointer: &str, value: &'v Value, found: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                leaves_at(&format!("{pointer}/{index}"), inner, found);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                leaves_at(&format!("{pointer}/{}", escape(key)), inner, found);
            }
        }
        scalar => found.push((pointer.to_owned(), scalar)),
    }
}

/// The day of a moment without a zone, what parts it from the time of day, and that.
fn parts_of_moment(text: &str) -> Option<(&str, &str, &str)> {
    let (day, rest) = (text.get(..DAY)?, text.get(DAY..)?);
    let between = rest.get(..1).filter(|sign| matches!(*sign, " " | "T"))?;
    let time = rest.get(1..)?;
    let is_time = matches!(time.len(), 5 | 8)
        && time.bytes().enumerate().all(|(at, b)| match at {
            2 | 5 => b == b':',
            _ => b.is_ascii_digit(),
        });
    (value_class::is_date(day) && is_time).then_some((day, between, time))
}

#[cfg(test)]
mod tests {
    use super::{mentions, parts_of_moment};

    #[test]
    fn a_moment_has_a_day_and_a_time_of_day() {
        assert_eq!(
            parts_of_moment("2024-05-19 16:00"),
            Some(("2024-05-19", " ", "16:00"))
        );
        assert_eq!(
            parts_of_moment("2024-05-19T16:00:30"),
            Some(("2024-05-19", "T", "16:00:30"))
        );
        for other in [
            "2024-05-19",
            "2024-05-19T16:00:00Z",
            "16:00",
            "2024-05-19 four",
        ] {
            assert_eq!(parts_of_moment(other), None, "{other}");
        }
    }

    #[test]
    fn an_input_is_not_one_that_begins_like_it() {
        assert!(mentions("inputs.day | add_days(1)", "inputs.day"));
        assert!(!mentions("inputs.day_2", "inputs.day"));
    }
}
