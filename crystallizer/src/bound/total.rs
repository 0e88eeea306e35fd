//! Where a figure of a text may come from, where the text was written by the agent: what another argument already
//! follows, a field of an earlier answer, how many elements a list there has, or what a field of them adds up to.

use super::binding::{Binding, Piece, Source};
use super::decide::Decisions;
use super::evaluate::{Recorded, member, with};
use super::information::{WEAK, bits};
use super::key::{named_by, noun, words};
use super::transform::Transform;
use super::turn::{Compared, closed};
use super::view;
use super::witness::{Witness, evaluators};
use super::written::{Written, figures};
use crate::kept::Kept;
use serde_json::Value;

/// The longest list that is counted or added up, and the most fields of its elements that are tried.
const MOST_ELEMENTS: usize = 2_000;
const MOST_FIELDS: usize = 30;
/// How deep in an answer a field or a list is looked for.
const DEEPEST: usize = 4;
/// How many calls before the text are looked at.
const MOST_CALLS: usize = 200;

/// What is made of the place in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Total {
    /// The value there.
    Field,
    /// How many elements the list there has.
    Count,
    /// What this field of its elements adds up to.
    Sum(String),
}

impl Total {
    /// The expression with this behind it.
    fn write(&self, expression: &str) -> String {
        match self {
            Self::Field => expression.to_owned(),
            Self::Count => format!("{} | length", closed(expression)),
            Self::Sum(field) => format!(
                "{} | column({}) | sum",
                closed(expression),
                super::evaluate::quoted(field)
            ),
        }
    }

    /// What it is of the data of an answer.
    pub(super) fn of(&self, data: &Value, path: &[String]) -> Option<Value> {
        let place = super::selector::field(data, path)?;
        with(place, &self.write("v"))
    }

    fn because(&self) -> &'static str {
        match self {
            Self::Field => "the answer held it in the recording",
            Self::Count => "the list had so many elements in the recording",
            Self::Sum(_) => "the elements of the list added up to it in the recording",
        }
    }
}

/// The further recordings, with the values that they have in the place of the text.
pub(super) struct Others<'w> {
    seen: Vec<(Recorded<'w>, String)>,
    /// Whether any of them has another text there.
    pub(super) differ: bool,
}

impl<'w> Others<'w> {
    pub(super) fn of(
        kept: &[Kept<'_>],
        decisions: &Decisions,
        witnesses: &'w [Witness<'w>],
        call: usize,
        pointer: &str,
    ) -> Self {
        let own = kept
            .get(call)
            .and_then(|kept| kept.call.arguments.pointer(pointer)?.as_str());
        let seen: Vec<(Recorded<'w>, String)> = evaluators(kept, witnesses, &decisions.witnessed)
            .filter_map(|(witness, recorded)| {
                let at = (*witness.counterparts.get(call)?)?;
                let text = witness.kept.get(at)?.call.arguments.pointer(pointer)?;
                Some((recorded, text.as_str()?.to_owned()))
            })
            .collect();
        let differ = seen.iter().any(|(_, text)| Some(text.as_str()) != own);
        Self { seen, differ }
    }

    /// Whether a part of the text stands in none of the others, as it would if it were the same in every run.
    pub(super) fn lack(&self, part: &str) -> bool {
        self.seen.iter().any(|(_, text)| !stands_in(text, part))
    }

    /// Whether each of them has in its text what an expression gives there.
    fn fit(&self, expression: &str) -> bool {
        self.seen.iter().all(|(recorded, text)| {
            recorded
                .evaluate(expression)
                .is_some_and(|value| stands_in(text, &shown(&value)))
        })
    }
}

/// Whether a text holds a figure or a name as one of its own, not as a part of another.
fn stands_in(text: &str, part: &str) -> bool {
    figures(text).iter().any(|figure| figure.shown == part)
        || text
            .split(crate::leaf::parts_words)
            .any(|word| word.trim_matches(['.', ':', '!', '?', '#', '*']) == part)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The one source that gives a figure as it is written, in this recording and in all others that have the text.
pub(super) fn source(
    kept: &[Kept<'_>],
    decisions: &Decisions,
    others: &Others<'_>,
    call: usize,
    figure: &Written,
) -> Option<Binding> {
    let mut found: Vec<Binding> = Vec::new();
    let mut offer = |binding: Binding| {
        if others.fit(&binding.expression)
            && !found
                .iter()
                .any(|known| known.expression == binding.expression)
        {
            found.push(binding);
        }
    };
    for binding in decisions
        .calls
        .iter()
        .take(call + 1)
        .skip(call.saturating_sub(MOST_CALLS))
        .flat_map(|decided| &decided.bound)
        .filter_map(|bound| match bound.pieces.as_slice() {
            [Piece::Value(binding)] => Some(binding),
            _ => None,
        })
        .filter(|binding| matches!(binding.source, Source::Input(_) | Source::Output(_)))
    {
        // A small number is the same as another by chance.
        if (bits(&binding.value, &[]) >= WEAK || others.differ)
            && let Some(more) = notation(&binding.value, figure)
        {
            let mut binding = Binding::clone(binding);
            binding.expression = more.write(&binding.expression);
            binding.transform.0.extend(more.0);
            offer(binding);
        }
    }
    let batch = kept.get(call).map(|kept| kept.call.batch);
    let first = call.saturating_sub(MOST_CALLS);
    for (at, source) in kept.iter().enumerate().take(call).skip(first) {
        let in_loop = decisions.cycles.iter().any(|cycle| cycle.holds(at))
            || decisions.pages.iter().any(|pages| pages.holds(at));
        if in_loop || Some(source.call.batch) == batch || !crate::prune::succeeded(source.call) {
            continue;
        }
        let seen = view::view(source);
        let mut take = |path: &[String], total: Total, value: &Value| {
            let Some(transform) = notation(value, figure) else {
                return;
            };
            let mut place = closed(&seen.base);
            for word in path {
                place.push_str(&member(word));
            }
            offer(Binding {
                expression: transform.write(&total.write(&place)),
                because: total.because().to_owned(),
                source: Source::Total(at, path.to_vec(), total),
                transform,
                score: bits(value, &[]),
                agreeing: Vec::new(),
                from_text: false,
                compared: Compared::default(),
                value: value.clone(),
            });
        };
        walk(&seen.data, &mut Vec::new(), &mut |path, value| {
            let key = path.last().map_or_else(Vec::new, |key| words(key));
            let named = |key: &[String]| figure.beside.iter().any(|word| named_by(key, word));
            match value {
                Value::Array(items) if items.len() <= MOST_ELEMENTS && !items.is_empty() => {
                    // A list without a key is what the tool is named after.
                    let key = if key.is_empty() {
                        noun(&source.call.name)
                    } else {
                        key
                    };
                    if named(&key) {
                        take(path, Total::Count, &items.len().into());
                    }
                    if items.len() > 1
                        && let Some(Value::Object(first)) = items.first()
                    {
                        for (field, _) in first
                            .iter()
                            .filter(|(_, value)| value.is_number())
                            .take(MOST_FIELDS)
                        {
                            let total = Total::Sum(field.clone());
                            if items.iter().all(|item| item[field.as_str()].is_number())
                                && let Some(sum) = total.of(value, &[])
                                && (bits(&sum, &[]) >= WEAK || named(&words(field)))
                            {
                                take(path, total, &sum);
                            }
                        }
                    }
                }
                Value::Number(_) | Value::String(_)
                    if bits(value, &[]) >= WEAK || named(&key) || others.differ =>
                {
                    take(path, Total::Field, value);
                }
                _ => {}
            }
        });
    }
    match found.as_slice() {
        [one] => Some(one.clone()),
        // What another argument follows is the same thing.
        [one, rest @ ..]
            if rest
                .iter()
                .all(|other| other.value == one.value && is_field(other))
                && !is_field(one) =>
        {
            Some(one.clone())
        }
        _ => None,
    }
}

fn is_field(binding: &Binding) -> bool {
    matches!(binding.source, Source::Total(.., Total::Field))
}

/// How a value is written as the text has it.
fn notation(value: &Value, figure: &Written) -> Option<Transform> {
    if figure.is_day || !matches!(value, Value::Number(_) | Value::String(_)) {
        return None;
    }
    if shown(value) == figure.shown {
        return Some(Transform::default());
    }
    value
        .is_number()
        .then(|| Transform::find(value, &Value::from(figure.shown.as_str())))?
}

/// The values of an answer through maps, with their paths.
fn walk(value: &Value, path: &mut Vec<String>, then: &mut dyn FnMut(&[String], &Value)) {
    match value {
        Value::Object(map) if path.len() < DEEPEST => {
            for (key, inner) in map {
                path.push(key.clone());
                walk(inner, path, then);
                path.pop();
            }
        }
        Value::Object(_) => {}
        other => then(path, other),
    }
}
