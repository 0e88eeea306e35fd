//! Where a figure of a text may come from, where the text was written by the agent: what another argument already
//! follows, a field of an earlier answer, how many elements a list there has, or what a field of them adds up to.

use super::binding::{Binding, Piece, Source};
use super::decide::Decisions;
use super::evaluate::{Recorded, literal, member, quoted, with};
use super::figure::is_told_by_place;
use super::information::{WEAK, bits};
use super::key::{named_by, noun, words};
use super::notation::notation;
use super::qualifier::flag::flag_words;
use super::transform::Transform;
use super::turn::{Compared, closed};
use super::view;
use super::witness::{Witness, evaluators};
use super::written::{Written, figures};
use crate::kept::Kept;
use serde_json::Value;
use std::collections::HashMap;

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
    /// How many of its elements have this value in this field.
    CountOf(String, Value),
    /// What the last field of those adds up to.
    SumOf(String, Value, String),
    /// This field of its elements, or they themselves, with this between them.
    Joined(Option<String>, &'static str),
}

/// What people put between the things of a list.
const BETWEEN: [&str; 4] = [", ", ",", "\n", "; "];

impl Total {
    /// The expression with this behind it.
    pub(super) fn write(&self, expression: &str) -> String {
        match self {
            Self::Field => expression.to_owned(),
            Self::Count => format!("{} | length", closed(expression)),
            Self::Sum(field) => {
                format!("{} | column({}) | sum", closed(expression), quoted(field))
            }
            Self::CountOf(field, value) => {
                format!("{} | length", narrowed(expression, field, value))
            }
            Self::SumOf(field, value, of) => format!(
                "{} | column({}) | sum",
                narrowed(expression, field, value),
                quoted(of)
            ),
            Self::Joined(field, between) => {
                let column = match field {
                    Some(field) => format!(" | column({})", quoted(field)),
                    None => String::new(),
                };
                format!("{}{column} | join({})", closed(expression), quoted(between))
            }
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
            Self::CountOf(..) => "the list had so many of these in the recording",
            Self::SumOf(..) => "these of the list added up to it in the recording",
            Self::Joined(..) => "they are all that the list had in the recording",
        }
    }
}

/// The elements of a list that have a value in a field.
fn narrowed(expression: &str, field: &str, value: &Value) -> String {
    format!(
        "{} | where({}, {})",
        closed(expression),
        quoted(field),
        literal(value)
    )
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
        decisions: &Decisions<'_>,
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

    /// Whether the text of each of them holds what an expression gives there, as it stands.
    fn hold(&self, expression: &str) -> bool {
        self.seen.iter().all(|(recorded, text)| {
            recorded
                .evaluate(expression)
                .is_some_and(|value| text.contains(&shown(&value)))
        })
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
    part.contains(char::is_whitespace) && text.contains(part)
        || figures(text).iter().any(|figure| figure.shown == part)
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

/// What some elements of a list come to, where the words beside a figure say which: how many they are, and what their
/// numbers add up to.
fn of_some(items: &[Value], figure: &Written) -> Vec<(Total, Value)> {
    let mut found = Vec::new();
    let mut seen: Vec<(&str, &Value)> = Vec::new();
    for (field, value) in items.iter().filter_map(Value::as_object).flatten() {
        let known = seen
            .iter()
            .any(|(one, other)| *one == field && *other == value);
        if known || seen.len() >= MOST_FIELDS || !says(figure, field, value) {
            continue;
        }
        seen.push((field, value));
        let some: Vec<&Value> = items
            .iter()
            .filter(|item| item.get(field) == Some(value))
            .collect();
        if some.len() == items.len() {
            continue;
        }
        found.push((
            Total::CountOf(field.clone(), value.clone()),
            some.len().into(),
        ));
        let numbers = some.first().and_then(|first| first.as_object());
        for (of, _) in numbers
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.is_number())
            .take(MOST_FIELDS)
        {
            let total = Total::SumOf(field.clone(), value.clone(), of.clone());
            let all = Value::Array(items.to_vec());
            if some.len() > 1
                && let Some(sum) = total.of(&all, &[])
                && bits(&sum, &[]) >= WEAK
            {
                found.push((total, sum));
            }
        }
    }
    found
}

/// Whether the words beside a figure say that a field has a value.
fn says(figure: &Written, field: &str, value: &Value) -> bool {
    let said = |word: &String| figure.beside.contains(word);
    match value {
        Value::Bool(value) => flag_words(field, *value).iter().any(said),
        Value::String(text) => {
            let own = words(text);
            !own.is_empty() && own.len() <= 3 && own.iter().all(said)
        }
        _ => false,
    }
}

/// The calls before one whose answers were known by then and are given once in a run, the last of them, with their places.
fn earlier<'a, 'k>(
    kept: &'a [Kept<'k>],
    decisions: &'a Decisions<'a>,
    call: usize,
) -> impl Iterator<Item = (usize, &'a Kept<'k>)> {
    let batch = kept.get(call).map(|kept| kept.call.batch);
    let first = call.saturating_sub(MOST_CALLS);
    let before = kept.iter().enumerate().take(call).skip(first);
    before.filter(move |(at, source)| {
        let in_loop = decisions.cycles.iter().any(|cycle| cycle.holds(*at))
            || decisions.pages.iter().any(|pages| pages.holds(*at));
        !in_loop && Some(source.call.batch) != batch && crate::prune::succeeded(source.call)
    })
}

/// The texts of a list: its elements, or a field that all of them have one in.
pub(super) fn texts(items: &[Value]) -> Vec<(Option<String>, Vec<&str>)> {
    let fields: Vec<Option<&String>> = match items.first() {
        Some(Value::Object(first)) => first.keys().take(MOST_FIELDS).map(Some).collect(),
        Some(Value::String(_)) => vec![None],
        _ => Vec::new(),
    };
    let read = |field: Option<&String>| {
        let all: Option<Vec<&str>> = items
            .iter()
            .map(|item| match field {
                Some(field) => item.get(field)?.as_str(),
                None => item.as_str(),
            })
            .collect();
        Some((field.cloned(), all?))
    };
    fields.into_iter().filter_map(read).collect()
}

/// The one list of an earlier answer of which a field of all elements stands in a text, one behind the other: the part
/// of the text and what gives it.
pub(super) fn joined(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    others: &Others<'_>,
    call: usize,
    text: &str,
) -> Option<(String, Binding)> {
    let mut found: Vec<(String, Binding)> = Vec::new();
    for (at, source) in earlier(kept, decisions, call) {
        let seen = view::view(source);
        walk(&seen.data, &mut Vec::new(), &mut |path, value| {
            let Value::Array(items) = value else { return };
            if items.len() < 2 || items.len() > MOST_ELEMENTS {
                return;
            }
            for (field, all) in texts(items) {
                if all.iter().any(|one| one.is_empty()) {
                    continue;
                }
                let Some((between, part)) = BETWEEN
                    .into_iter()
                    .map(|between| (between, all.join(between)))
                    .find(|(_, part)| text.contains(part.as_str()))
                else {
                    continue;
                };
                let mut place = closed(&seen.base);
                for word in path {
                    place.push_str(&member(word));
                }
                let total = Total::Joined(field.clone(), between);
                let expression = total.write(&place);
                if !others.hold(&expression) {
                    continue;
                }
                found.push((
                    part.clone(),
                    Binding {
                        expression,
                        because: total.because().to_owned(),
                        source: Source::Total(at, path.to_vec(), total),
                        transform: Transform::default(),
                        score: bits(&Value::from(part.as_str()), &[]),
                        agreeing: Vec::new(),
                        from_text: false,
                        compared: Compared::default(),
                        value: Value::from(part),
                    },
                ));
            }
        });
    }
    match found.as_slice() {
        [_] => found.pop(),
        _ => None,
    }
}

/// The shortest word of a record that is known again in a text beside a figure of that record; a code in capitals may be
/// shorter by one.
const SHORTEST_WORD: usize = 4;
/// The most words, and the longest in bytes, of a name that is known so.
const MOST_OF_NAME: usize = 4;
const LONGEST_NAME: usize = 60;

/// The words of what a call answered that stand in the fixed parts of a text, each with what gives it: codes such as `EUR`,
/// and single words that one field of it has.
pub(super) fn words_beside(
    kept: &[Kept<'_>],
    others: &Others<'_>,
    at: usize,
    texts: &[&str],
) -> Vec<(String, Binding)> {
    let Some(source) = kept.get(at) else {
        return Vec::new();
    };
    let seen = view::view(source);
    let mut found: Vec<(String, Binding)> = Vec::new();
    walk(&seen.data, &mut Vec::new(), &mut |path, value| {
        let Value::String(word) = value else { return };
        let letters = word.chars().count();
        let is_code = letters + 1 >= SHORTEST_WORD && word.bytes().all(|b| b.is_ascii_uppercase());
        let is_word = letters >= SHORTEST_WORD && word.chars().all(char::is_alphabetic);
        if path.is_empty()
            || !(is_code || is_word || is_named(word))
            || texts
                .iter()
                .all(|text| super::told::places_of(text, word).is_empty())
        {
            return;
        }
        let mut place = closed(&seen.base);
        for word in path {
            place.push_str(&member(word));
        }
        if !others.hold(&place) {
            return;
        }
        let total = Total::Field;
        found.push((
            word.clone(),
            Binding {
                because: total.because().to_owned(),
                source: Source::Total(at, path.to_vec(), total),
                transform: Transform::default(),
                score: bits(value, &[]),
                agreeing: Vec::new(),
                from_text: false,
                compared: Compared::default(),
                value: value.clone(),
                expression: place,
            },
        ));
    });
    // What two fields have is told by neither.
    let mut fields: HashMap<String, usize> = HashMap::new();
    for (word, _) in &found {
        *fields.entry(word.clone()).or_default() += 1;
    }
    found.retain(|(word, _)| fields.get(word) == Some(&1));
    found
}

/// Whether a value is a name of several words, or one with a number in it: `Halle 3`, `R12`. A number or a day is told by
/// itself.
fn is_named(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let words = text.split(' ').count();
    (1..=MOST_OF_NAME).contains(&words)
        && letters > 0
        && (words > 1 && letters + 1 >= SHORTEST_WORD || words == 1 && has_digit)
        && text.len() <= LONGEST_NAME
        && text.trim() == text
        && figures(text).iter().all(|figure| !figure.is_day)
        && super::canonical::number(text).is_none()
        && !crate::value_class::is_moment(text)
}

/// The one source that gives a figure as it is written, in this recording and in all others that have the text.
pub(super) fn source(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
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
    for (at, source) in earlier(kept, decisions, call) {
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
                        for (total, value) in of_some(items, figure) {
                            take(path, total, &value);
                        }
                    }
                }
                Value::Number(_) | Value::String(_)
                    if bits(value, &[]) >= WEAK
                        || named(&key)
                        || others.differ
                        || is_told_by_place(source, &key, figure) =>
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
