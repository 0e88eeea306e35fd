//! What the calls of a loop sent, place by place over the passes, and which field of the element of the pass, or of
//! what the pass answered before, gives it in each of them.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Bound, Piece, Source};
use super::compose::Composed;
use super::evaluate::member;
use super::information::{STRONG, WEAK, bits};
use super::inputs::{is_default, schema_at};
use super::key::{Key, agree, words};
use super::nested::list_paths;
use super::selector::{ONLY, field, fields};
use super::slot;
use super::transform::Transform;
use super::turn::{Compared, closed};
use crate::kept::Kept;
use serde_json::Value;
use std::borrow::Borrow;
use std::collections::HashSet;

/// The most further fields that have to agree.
const MOST_AGREEING: usize = 2;
/// How many passes show that they are counted, or that a list has one element.
const LEAST_COUNTED: usize = 3;
/// The information from which on the numbers of all passes are those of the one field that has them.
const TOLD_ALONE: f64 = 4.0;
/// The longest text that is looked through for what it is about, in bytes.
const LONGEST_TEXT: usize = 2_000;
/// The letters of the shortest part of a text that is looked for in it.
const SHORTEST_HOLE: usize = 3;
/// What stands for a hole while the rest of a text is looked at: a sign of no script.
const HOLE: char = '\u{e000}';

/// One place in what the calls at one place of the body sent.
pub(super) struct Column<'v> {
    pub(super) inner: usize,
    pub(super) pointer: String,
    /// What was sent there in each pass.
    pub(super) values: Vec<&'v Value>,
}

impl Column<'_> {
    /// The particular words of a text that is worded alike in all passes, of which each pass has another: those of each
    /// place in it.
    pub(super) fn parts(&self) -> Vec<Vec<Value>> {
        let words = |value: &&Value| -> Option<Vec<String>> {
            let text = value.as_str().filter(|text| text.len() <= LONGEST_TEXT)?;
            let words = text.split_whitespace();
            let plain = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
            Some(words.map(plain).collect())
        };
        let all: Option<Vec<Vec<String>>> = self.values.iter().map(words).collect();
        let all = all.unwrap_or_default();
        let Some(first) = all.first().filter(|first| first.len() >= 2) else {
            return Vec::new();
        };
        if all.iter().any(|words| words.len() != first.len()) {
            return Vec::new();
        }
        let of_place = |place: usize| -> Option<Vec<Value>> {
            let mut seen: HashSet<&str> = HashSet::new();
            let mut found = Vec::with_capacity(all.len());
            for words in &all {
                let word = words.get(place)?.as_str();
                let value = Value::from(word);
                if !seen.insert(word) || bits(&value, &[]) < STRONG {
                    return None;
                }
                found.push(value);
            }
            Some(found)
        };
        (0..first.len()).filter_map(of_place).collect()
    }

    /// What each pass has at one place of its text.
    pub(super) fn part<'p>(&self, values: &'p [Value]) -> Column<'p> {
        Column {
            inner: self.inner,
            pointer: self.pointer.clone(),
            values: values.iter().collect(),
        }
    }

    /// Whether the passes differ there.
    pub(super) fn varies(&self) -> bool {
        self.values.windows(2).any(|pair| pair[0] != pair[1])
    }
}

/// The columns of calls that repeat.
pub(super) fn columns<'v>(
    kept: &'v [Kept<'v>],
    first: usize,
    width: usize,
    passes: usize,
) -> Vec<Column<'v>> {
    (0..width)
        .flat_map(|inner| {
            let calls: Vec<usize> = (0..passes)
                .map(|pass| first + pass * width + inner)
                .collect();
            columns_of(kept, inner, &calls)
        })
        .collect()
}

/// The columns of the calls at one place of a body.
pub(super) fn columns_of<'v>(
    kept: &'v [Kept<'v>],
    inner: usize,
    calls: &[usize],
) -> Vec<Column<'v>> {
    let mut all = Vec::new();
    let Some(one) = calls.first().and_then(|first| kept.get(*first)) else {
        return all;
    };
    let mut lists = Vec::new();
    arrays(&one.call.arguments, "", &mut lists);
    for pointer in lists {
        let values: Option<Vec<&Value>> = calls
            .iter()
            .map(|call| crate::pointer::at(&kept.get(*call)?.call.arguments, &pointer))
            .collect();
        // A list that is the same in all passes is as any other value.
        if let Some(values) = values
            && values.iter().all(|value| value.is_array())
            && values.windows(2).any(|pair| pair[0] != pair[1])
        {
            all.push(Column {
                inner,
                pointer,
                values,
            });
        }
    }
    crate::leaf::leaves(&one.call.arguments, &mut |pointer, _, _| {
        let values: Option<Vec<&Value>> = calls
            .iter()
            .map(|call| crate::pointer::at(&kept.get(*call)?.call.arguments, pointer))
            .collect();
        if let Some(values) = values {
            all.push(Column {
                inner,
                pointer: pointer.to_owned(),
                values,
            });
        }
    });
    all
}

/// The pointers of the lists of what was sent, the outermost first.
fn arrays(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            found.push(pointer.to_owned());
            for (index, inner) in items.iter().enumerate() {
                arrays(inner, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                let key = crate::tool_map::escape(key);
                arrays(inner, &format!("{pointer}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// A field that has a value in each pass.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) source: Source,
    pub(super) expression: String,
    pub(super) key: Key,
    pub(super) values: Vec<Value>,
    /// What is compared on the way to it.
    pub(super) compared: Compared,
    /// The key of the list whose only element it is a field of.
    only_of: Option<String>,
}

impl Field {
    /// One that is made of others.
    pub(super) fn made(
        source: Source,
        expression: String,
        key: Key,
        values: Vec<Value>,
        compared: Compared,
    ) -> Self {
        Self {
            source,
            expression,
            key,
            values,
            compared,
            only_of: None,
        }
    }

    /// The last key on the way to it.
    pub(super) fn key_of_source(&self) -> String {
        match &self.source {
            Source::Item(_, path) | Source::Inside(_, path) | Source::Pass(_, path) => {
                path.last().cloned().unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    pub(super) fn is_list(&self) -> bool {
        self.values.first().is_some_and(Value::is_array)
    }

    /// Whether it only says again what was sent.
    pub(super) fn repeats(&self, sent: &[&Column<'_>]) -> bool {
        sent.iter().any(|column| {
            column.varies()
                && column.values.len() == self.values.len()
                && column
                    .values
                    .iter()
                    .zip(&self.values)
                    .all(|(sent, value)| *sent == value)
        })
    }

    /// The same in each round of each pass.
    pub(super) fn in_rounds(&self, counts: &[usize]) -> Self {
        Self {
            source: self.source.clone(),
            expression: self.expression.clone(),
            key: self.key.clone(),
            compared: self.compared.clone(),
            only_of: self.only_of.clone(),
            values: self
                .values
                .iter()
                .zip(counts)
                .flat_map(|(value, count)| std::iter::repeat_n(value.clone(), *count))
                .collect(),
        }
    }
}

/// The fields that all of some values have: of a scalar itself, of a map its scalars through maps.
pub(super) fn fields_of<V: Borrow<Value>>(
    all: &[V],
    base: &str,
    source: &dyn Fn(Vec<String>) -> Source,
    key: &dyn Fn(&[String]) -> Key,
) -> Vec<Field> {
    let values = || all.iter().map(Borrow::borrow);
    let Some(first) = values().next() else {
        return Vec::new();
    };
    let mut paths: Vec<Vec<String>> = match first {
        Value::String(_) | Value::Number(_) => vec![Vec::new()],
        map => fields(map).into_iter().map(|(path, _)| path).collect(),
    };
    // Lists that may be handed on as a whole, and what is in those with one element.
    let lists: Vec<Vec<String>> = list_paths(all)
        .into_iter()
        .filter(|path| values().all(|value| field(value, path).is_some_and(Value::is_array)))
        .collect();
    for list in &lists {
        let only: Vec<String> = list.iter().cloned().chain([ONLY.to_owned()]).collect();
        if let Some(one) = field(first, &only).filter(|_| !list.is_empty()) {
            paths.extend(
                fields(one)
                    .into_iter()
                    .map(|(path, _)| only.iter().cloned().chain(path).collect()),
            );
        }
    }
    paths.extend(lists);
    paths
        .into_iter()
        .filter_map(|path| {
            let all: Option<Vec<Value>> =
                values().map(|value| field(value, &path).cloned()).collect();
            let mut expression = if path.is_empty() {
                base.to_owned()
            } else {
                closed(base)
            };
            for word in &path {
                match word.as_str() {
                    ONLY => expression = format!("({expression} | only)"),
                    word => expression.push_str(&member(word)),
                }
            }
            let before = path.iter().position(|word| word == ONLY);
            let only_of = before.and_then(|at| path.get(at.checked_sub(1)?)).cloned();
            Some(Field {
                expression,
                key: key(&path),
                values: all?,
                compared: Compared::default(),
                only_of,
                source: source(path),
            })
        })
        .collect()
}

/// A field that gives a column, with how well the keys agree and what is made of the field's value.
struct Giver<'f> {
    field: &'f Field,
    agreement: u8,
    transform: Transform,
}

impl Binder<'_, '_> {
    /// Whether a field may give a value. A list that was spoken of is one to go over, and had one element by chance; so
    /// may one have had in few passes.
    pub(super) fn may_give(&self, field: &Field) -> bool {
        field.only_of.as_ref().is_none_or(|list| {
            field.values.len() >= LEAST_COUNTED && !self.said.names_any(&words(list))
        })
    }

    /// Whether any of these fields may give a column, be it all of it or a part, told from the first pass alone: most
    /// columns that repeat come from none, and what all passes answered need not be gone through for them.
    pub(super) fn may_come_from(
        &self,
        call: usize,
        column: &Column<'_>,
        fields: &[&Field],
    ) -> bool {
        let Some(value) = column.values.first() else {
            return false;
        };
        let firsts = || {
            let plain = fields.iter().filter(|field| !field.is_list());
            plain.filter_map(|field| Some((*field, field.values.first()?)))
        };
        let gives = |(_, own): (&Field, &Value)| Transform::find(own, value).is_some();
        if value.is_array() || firsts().any(gives) {
            return true;
        }
        if !column.varies() {
            return false;
        }
        let stands_in = |text: &str| {
            firsts().any(|(_, own)| {
                let own = plain(own);
                own.chars().count() >= SHORTEST_HOLE && text.contains(&own)
            })
        };
        let are_two = || firsts().filter(|(_, own)| own.is_number()).count() >= 2;
        value.as_str().is_some_and(stands_in)
            || value.is_number() && are_two()
            || self.counted(call, column).is_some()
            || firsts().any(|(field, own)| self.may_join(call, field, own))
    }

    /// What gives a column in every pass; none where nothing does.
    pub(super) fn given(
        &mut self,
        sent: &Sent<'_>,
        column: &Column<'_>,
        fields: &[Field],
    ) -> Option<Bound> {
        let varies = column.varies();
        let mut givers: Vec<Giver<'_>> = fields
            .iter()
            .filter(|field| !field.is_list())
            .filter(|field| self.may_give(field))
            .filter_map(|field| {
                let transform = Transform::find(field.values.first()?, column.values.first()?)?;
                let gives = field
                    .values
                    .iter()
                    .zip(&column.values)
                    .all(|(from, to)| transform.apply(from).as_ref() == Some(*to));
                let agreement = agree(&sent.key, &field.key);
                gives.then_some(Giver {
                    field,
                    agreement,
                    transform,
                })
            })
            .collect();
        if givers.is_empty() {
            return None;
        }
        let most = told(&column.values, &sent.key.words);
        // Where just one field has the number of each pass, less will do.
        let alone = varies && givers.len() == 1 && told_loosely(&column.values) >= TOLD_ALONE;
        givers.retain(|giver| {
            if varies {
                alone || most >= STRONG || giver.agreement >= 2
            } else {
                giver.agreement == 3 || giver.agreement == 2 && most >= WEAK
            }
        });
        // The best first; of equals the first field, and the element before the answers.
        givers.sort_by_key(|giver| std::cmp::Reverse(giver.agreement));
        let (best, others) = givers.split_first()?;
        let mut expression = best.transform.write(&best.field.expression);
        let agreeing: Vec<String> = others
            .iter()
            .filter(|other| other.agreement + 1 >= best.agreement)
            .take(MOST_AGREEING)
            .map(|other| other.transform.write(&other.field.expression))
            .collect();
        if !agreeing.is_empty() {
            expression = format!("{expression} | agreed({})", agreeing.join(", "));
        }
        let mut because = vec![if varies {
            "it gives the value in every pass".to_owned()
        } else {
            "it has the value in every pass, and the keys agree".to_owned()
        }];
        let named = best.transform.name();
        if !named.is_empty() {
            because.push(named);
        }
        let binding = Binding {
            expression,
            source: best.field.source.clone(),
            transform: best.transform.clone(),
            score: most + f64::from(best.agreement),
            because: because.join("; "),
            agreeing,
            from_text: false,
            compared: best.field.compared.clone(),
            value: sent.value.clone(),
        };
        Some(Bound {
            pointer: sent.pointer.clone(),
            key: sent.path.last().cloned().unwrap_or_default(),
            pieces: vec![Piece::Value(Box::new(binding))],
        })
    }

    /// The number of the pass, where that is what was sent: 1, 2, 3; 0, 1, 2; 10, 20, 30. What begins anywhere else goes
    /// on from something that nobody saw.
    pub(super) fn counted(&self, call: usize, column: &Column<'_>) -> Option<Bound> {
        let numbers: Vec<i64> = column
            .values
            .iter()
            .map(|value| value.as_i64())
            .collect::<Option<_>>()?;
        let (from, step) = (*numbers.first()?, numbers.get(1)? - numbers.first()?);
        let evenly = numbers.windows(2).all(|pair| pair[1] - pair[0] == step);
        if numbers.len() < LEAST_COUNTED
            || step <= 0
            || !evenly
            || from != 0 && from != 1 && from != step
        {
            return None;
        }
        slot::first(self.kept.get(call)?, &column.pointer)?;
        let mut expression = "loop.index".to_owned();
        if step != 1 {
            expression = format!("{expression} * {step}");
        }
        if from != 0 {
            expression = format!("{expression} + {from}");
        }
        let binding = Binding {
            expression,
            source: Source::Counted { step, from },
            transform: Transform::default(),
            score: 0.0,
            because: "it counts the passes".to_owned(),
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: Value::from(from),
        };
        let key = column.pointer.rsplit('/').next().unwrap_or_default();
        Some(Bound {
            pointer: column.pointer.clone(),
            key: key.to_owned(),
            pieces: vec![Piece::Value(Box::new(binding))],
        })
    }

    /// The same of a list: a list of the element or of what the pass answered, all of it, or a part of each element.
    pub(super) fn given_list(
        &self,
        sent: &Sent<'_>,
        column: &Column<'_>,
        fields: &[Field],
    ) -> Option<Bound> {
        let mut sum = 0.0;
        crate::leaf::leaves(sent.value, &mut |_, key, leaf| {
            sum += bits(leaf, &super::key::words(key));
        });
        // An empty one says nothing of how it is made.
        let shown = column
            .values
            .iter()
            .position(|value| value.as_array().is_some_and(|items| !items.is_empty()))?;
        let mut givers: Vec<Giver<'_>> = fields
            .iter()
            .filter(|field| field.is_list())
            .filter_map(|field| {
                let transform =
                    Transform::find_list(field.values.get(shown)?, column.values[shown])?;
                let gives = field
                    .values
                    .iter()
                    .zip(&column.values)
                    .all(|(field, wanted)| transform.apply(field).as_ref() == Some(*wanted));
                gives.then(|| Giver {
                    field,
                    agreement: agree(&sent.key, &field.key),
                    transform,
                })
            })
            .filter(|giver| sum >= STRONG || sum >= WEAK && giver.agreement >= 2)
            .collect();
        givers.sort_by_key(|giver| std::cmp::Reverse(giver.agreement));
        let (best, others) = givers.split_first()?;
        let mut expression = best.transform.write(&best.field.expression);
        let agreeing: Vec<String> = others
            .iter()
            .take(MOST_AGREEING)
            .map(|other| other.transform.write(&other.field.expression))
            .collect();
        if !agreeing.is_empty() {
            expression = format!("{expression} | agreed({})", agreeing.join(", "));
        }
        let mut because = "it gives the list in every pass".to_owned();
        let named = best.transform.name();
        if !named.is_empty() {
            because = format!("{because}; {named}");
        }
        Some(Bound {
            pointer: sent.pointer.clone(),
            key: sent.path.last().cloned().unwrap_or_default(),
            pieces: vec![Piece::Value(Box::new(Binding {
                expression,
                source: best.field.source.clone(),
                transform: best.transform.clone(),
                score: sum.min(10.0),
                because,
                agreeing,
                from_text: false,
                compared: Compared::default(),
                value: sent.value.clone(),
            }))],
        })
    }

    /// The same for what may be the same in all passes by chance: only what nobody said and nothing else gives.
    pub(super) fn given_alike(
        &mut self,
        sent: &Sent<'_>,
        column: &Column<'_>,
        fields: &[Field],
    ) -> Option<Bound> {
        let said = self
            .said
            .find(sent.value, &sent.key.full())
            .is_some_and(|mention| mention.person);
        let schema = schema_at(self.spec(sent.call), &sent.pointer);
        let is_scalar = sent.value.is_string() || sent.value.is_number();
        if said
            || !is_scalar
            || is_default(schema, sent.value)
            || self.known.contains_key(&sent.value.to_string())
        {
            return None;
        }
        self.given(sent, column, fields)
    }

    /// A text that is worded alike in all passes, with what differs from pass to pass in it.
    pub(super) fn worded(
        &mut self,
        sent: &Sent<'_>,
        column: &Column<'_>,
        fields: &[Field],
    ) -> Option<Bound> {
        let text = sent.value.as_str()?;
        let mut holes: Vec<(String, &Field)> = fields
            .iter()
            .filter(|field| !field.is_list() && self.may_give(field))
            .filter_map(|field| Some((plain(field.values.first()?), field)))
            .filter(|(value, _)| value.chars().count() >= SHORTEST_HOLE && text.contains(value))
            .filter(|(_, field)| field.values.windows(2).any(|pair| pair[0] != pair[1]))
            .collect();
        // The longest first: what stands in another is not meant alone.
        holes.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let mut masked = String::new();
        let mut found: Vec<&Field> = Vec::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let free = !joins(text[..at].chars().next_back());
            let hole = holes.iter().find(|(value, field)| {
                free && rest.starts_with(value.as_str())
                    && !joins(rest[value.len()..].chars().next())
                    && column
                        .values
                        .iter()
                        .zip(&field.values)
                        .all(|(text, value)| {
                            text.as_str()
                                .is_some_and(|text| text.contains(&plain(value)))
                        })
            });
            if let Some((value, field)) = hole {
                masked.push(HOLE);
                found.push(field);
                at += value.len();
            } else {
                let first = rest.chars().next()?;
                if first == HOLE {
                    return None;
                }
                masked.push(first);
                at += first.len_utf8();
            }
        }
        if found.is_empty() {
            return None;
        }
        for (pass, wanted) in column.values.iter().enumerate() {
            let mut made = String::new();
            let mut next = found.iter();
            for c in masked.chars() {
                if c == HOLE {
                    made.push_str(&plain(next.next()?.values.get(pass)?));
                } else {
                    made.push(c);
                }
            }
            if wanted.as_str() != Some(made.as_str()) {
                return None;
            }
        }
        // What is alike in all passes may come from elsewhere.
        let mut next = found.into_iter();
        let composed = self.around_holes(sent, &masked, HOLE, || next.next().map(&hole))?;
        let Composed::Pieces(all) = composed else {
            return None;
        };
        next.next().is_none().then(|| Bound {
            pointer: sent.pointer.clone(),
            key: sent.path.last().cloned().unwrap_or_default(),
            pieces: all,
        })
    }
}

fn hole(field: &Field) -> Binding {
    Binding {
        expression: field.expression.clone(),
        source: field.source.clone(),
        transform: Transform::default(),
        score: STRONG,
        because: "it gives this part of the text in every pass".to_owned(),
        agreeing: Vec::new(),
        from_text: false,
        compared: field.compared.clone(),
        value: field.values.first().cloned().unwrap_or_default(),
    }
}

/// How much the values of all passes tell together: a field that has each of them in its own pass has them all by chance
/// only where it has each by chance. What tells nothing by itself tells nothing in a row, for small numbers count up.
fn told(values: &[&Value], key: &[String]) -> f64 {
    let mut seen: HashSet<&Value> = HashSet::new();
    let (mut sum, mut most) = (0.0, 0.0_f64);
    for value in values {
        if !seen.insert(value) {
            continue;
        }
        let own = bits(value, key);
        most = most.max(own);
        if own >= WEAK {
            sum += own;
        }
    }
    most.max(sum)
}

/// The same where one of them tells something by itself: small numbers beside it tell a little, too.
fn told_loosely(values: &[&Value]) -> f64 {
    let mut seen: Vec<&Value> = Vec::new();
    let mut sum = 0.0;
    let mut tells = false;
    for value in values {
        // More of them tell no less.
        if tells && sum >= TOLD_ALONE {
            break;
        }
        let own = bits(value, &[]);
        if !seen.contains(value) && own > 0.0 {
            seen.push(value);
            tells |= own >= WEAK;
            sum += own;
        }
    }
    if tells { sum } else { 0.0 }
}

/// A value as it stands in a text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
