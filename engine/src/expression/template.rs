//! A compiled JSON value whose strings may hold `{{ }}`.

use super::compiled::Expression;
use super::error::ExpressionError;
use super::output::{Budget, append, measure, too_deep};
use super::scan::tokens;
use super::values::Values;
use crate::Json;
use crate::json::is_deep;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

/// The most bytes that one rendered value may hold: many expressions may each read much, and what is
/// rendered becomes a fact that has to fit into a record.
const RENDER_LIMIT: usize = 5 * 1024 * 1024;

/// A compiled JSON value. Any string inside may hold `{{ }}`; a string that is one `{{ }}` alone takes
/// the value's type, mixed text takes strings as they are and everything else as JSON. Keys are never
/// templates.
#[derive(Debug, Clone)]
pub struct Template(Node);

#[derive(Debug, Clone)]
enum Node {
    Constant(Json),
    Expression(Expression),
    Text(Vec<Part>),
    /// Text of an address: what an expression gives is one part of it.
    Path(Vec<Part>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Expression(Expression),
}

/// An error with its place in the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct PlacedError {
    /// JSON Pointer into the template.
    pub path: String,
    /// What is wrong there.
    pub error: ExpressionError,
}

impl Template {
    /// Compiles a value.
    ///
    /// # Errors
    /// Every string that cannot be read, with its place.
    pub fn compile(value: &Value) -> Result<Self, Vec<PlacedError>> {
        if Self::is_plain(value) {
            return Ok(Self(Node::Constant(value.clone().into())));
        }
        let mut errors = Vec::new();
        let node = compile(value, &mut String::new(), &mut errors);
        if errors.is_empty() {
            Ok(Self(node))
        } else {
            Err(errors)
        }
    }

    /// One that is a value without expressions.
    pub(crate) fn plain(value: Value) -> Self {
        Self(Node::Constant(value.into()))
    }

    /// One that stands for a configuration that is not there yet.
    pub(crate) fn nothing() -> Self {
        Self(Node::Constant(Json::null()))
    }

    /// Whether it only stands for a configuration, which is a map.
    pub(crate) fn is_nothing(&self) -> bool {
        self.constant().is_some_and(|json| json.value().is_null())
    }

    /// The value, when it is constant.
    pub(crate) fn into_constant(self) -> Option<Json> {
        match self.0 {
            Node::Constant(json) => Some(json),
            _ => None,
        }
    }

    /// Has the text under one key of a map rendered as the path of an address: what an expression within it gives is
    /// one part of the path, whatever characters it has. A text that is one expression alone is the whole path, and
    /// stays as it is.
    #[must_use]
    pub fn with_path(mut self, key: &str) -> Self {
        if let Node::Map(entries) = &mut self.0 {
            for (known, node) in entries {
                if known == key
                    && let Node::Text(parts) = node
                {
                    *node = Node::Path(std::mem::take(parts));
                }
            }
        }
        self
    }

    /// The same of a value that nobody else needs.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn compile_owned(value: Value) -> Result<Self, Vec<PlacedError>> {
        match Self::is_plain(&value) {
            true => Ok(Self(Node::Constant(value.into()))),
            false => Self::compile(&value),
        }
    }

    /// Whether a value holds no expression, which is seen without compiling it.
    pub fn is_plain(value: &Value) -> bool {
        match value {
            Value::String(text) => !text.contains("{{"),
            Value::Array(items) => items.iter().all(Self::is_plain),
            Value::Object(map) => map.values().all(Self::is_plain),
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        }
    }

    /// The value with every expression evaluated.
    ///
    /// # Errors
    /// Of the first expression that has no value, with its place.
    pub fn render(&self, values: &Arc<Values>) -> Result<Json, ExpressionError> {
        within_limit(self.0.render(values, &Reading::new(false))?)
    }

    /// As [`Template::render`], but an expression that reads a step without an output gives null:
    /// the outputs of a run may name steps that were skipped.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_output(&self, values: &Arc<Values>) -> Result<Json, ExpressionError> {
        within_limit(self.0.render(values, &Reading::new(true))?)
    }

    /// The value under one key of a map, without the rest; none when it is no map or has no such key. One
    /// that is a path alone is shared with where it was read from, not copied.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_entry(
        &self,
        key: &str,
        values: &Arc<Values>,
    ) -> Result<Option<Json>, ExpressionError> {
        match &self.0 {
            Node::Constant(json) => Ok(json.value().get(key).cloned().map(Json::from)),
            Node::Map(entries) => entries
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, node)| within_limit(node.render(values, &Reading::new(false))?))
                .transpose()
                .map_err(|error| under(error, key)),
            Node::Expression(_) | Node::Text(_) | Node::Path(_) | Node::List(_) => Ok(None),
        }
    }

    /// Whether it is the same whatever the values are.
    pub fn is_constant(&self) -> bool {
        matches!(self.0, Node::Constant(_))
    }

    /// The value, when it is constant: frozen text is unwrapped.
    pub fn constant(&self) -> Option<&Json> {
        match &self.0 {
            Node::Constant(json) => Some(json),
            _ => None,
        }
    }

    /// The value as it is written, with `*` in the place of each expression: what can be told of it before it is
    /// rendered.
    pub fn outline(&self) -> Value {
        self.0.outline()
    }

    /// Every expression in it with its place, in document order.
    pub fn expressions(&self) -> Vec<(String, &Expression)> {
        let mut all = Vec::new();
        self.0.collect(&mut String::new(), &mut all);
        all
    }
}

/// How steps without an output are read.
struct Reading {
    lenient: bool,
    /// What may still be copied into the result.
    room: Cell<usize>,
}

impl Reading {
    fn new(lenient: bool) -> Self {
        Self {
            lenient,
            room: Cell::new(RENDER_LIMIT),
        }
    }

    fn copied(&self, value: &Value) -> Result<(), ExpressionError> {
        let mut budget = Budget::of(self.room.get());
        measure(value, &mut budget, 0).map_err(|error| match error.code {
            "output_too_large" => here(too_large()),
            _ => here(error),
        })?;
        self.room.set(budget.left());
        Ok(())
    }

    fn evaluate(
        &self,
        expression: &Expression,
        values: &Arc<Values>,
    ) -> Result<Option<Json>, ExpressionError> {
        if self.lenient {
            let references = expression.references();
            let absent = references.steps().any(|item| {
                item.key(0).is_some_and(|id| {
                    values.step(id).is_some_and(|step| step.output.is_none())
                        && references.needs_output_of(id)
                })
            });
            if absent {
                return Ok(None);
            }
            return match expression.evaluate_json(values) {
                Err(error)
                    if error.code == "undefined_value" && reads_absent(expression, values) =>
                {
                    Ok(None)
                }
                result => result.map(Some),
            };
        }
        expression.evaluate_json(values).map(Some)
    }
}

fn too_large() -> ExpressionError {
    ExpressionError::new(
        "output_too_large",
        "the rendered value is larger than 5 MiB",
    )
    .help("hand large values on in several steps, or keep them where they are and hand on where that is")
}

/// What was counted while it was made is less than its text: that one escapes and quotes.
fn within_limit(json: Json) -> Result<Json, ExpressionError> {
    if json.text().len() > RENDER_LIMIT {
        return Err(too_large());
    }
    Ok(json)
}

fn reads_absent(expression: &Expression, values: &Values) -> bool {
    expression.references().steps().any(|item| {
        item.key(0)
            .and_then(|id| values.step(id))
            .is_some_and(|step| step.output.is_none())
    })
}

impl Node {
    fn render(&self, values: &Arc<Values>, reading: &Reading) -> Result<Json, ExpressionError> {
        match self {
            Self::Constant(json) => Ok(json.clone()),
            Self::Expression(expression) => Ok(reading
                .evaluate(expression, values)
                .map_err(here)?
                .unwrap_or_default()),
            other => {
                let tree = other.tree(values, reading)?;
                match is_deep(&tree) {
                    true => Err(here(too_deep())),
                    false => Ok(tree.into()),
                }
            }
        }
    }

    fn tree(&self, values: &Arc<Values>, reading: &Reading) -> Result<Value, ExpressionError> {
        match self {
            Self::Constant(json) => Ok(json.value().clone()),
            Self::Expression(_) => {
                let json = self.render(values, reading)?;
                reading.copied(json.value())?;
                Ok(json.value().clone())
            }
            Self::Text(parts) | Self::Path(parts) => {
                let is_path = matches!(self, Self::Path(_));
                let mut out = String::new();
                let mut budget = Budget::new();
                for (at, part) in parts.iter().enumerate() {
                    let before = out.len();
                    match part {
                        Part::Text(text) => out.push_str(text),
                        Part::Expression(expression) => {
                            match reading.evaluate(expression, values).map_err(here)? {
                                Some(json) if is_path => {
                                    let mut part = String::new();
                                    append(&mut part, json.value());
                                    let part = path_part(&part);
                                    match out.contains('?') {
                                        true => out.push_str(&query_part(&part)),
                                        false
                                            if is_segment(&out, parts.get(at + 1))
                                                && is_no_segment(&part) =>
                                        {
                                            return Err(here(other_address(&part)));
                                        }
                                        false => out.push_str(&part),
                                    }
                                }
                                Some(json) => append(&mut out, json.value()),
                                None => return Ok(Value::Null),
                            }
                        }
                    }
                    budget.spend(out.len() - before).map_err(here)?;
                }
                let text = Value::String(out);
                reading.copied(&text)?;
                Ok(text)
            }
            Self::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    item.tree(values, reading)
                        .map_err(|error| under(error, &index.to_string()))
                })
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            Self::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, item) in entries {
                    let item = item
                        .tree(values, reading)
                        .map_err(|error| under(error, key))?;
                    map.insert(key.clone(), item);
                }
                Ok(Value::Object(map))
            }
        }
    }

    fn outline(&self) -> Value {
        match self {
            Self::Constant(json) => json.value().clone(),
            Self::Expression(_) => "*".into(),
            Self::Text(parts) | Self::Path(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Expression(_) => "*",
                })
                .collect::<String>()
                .into(),
            Self::List(items) => items.iter().map(Self::outline).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, node)| (key.clone(), node.outline()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    fn collect<'a>(&'a self, path: &mut String, all: &mut Vec<(String, &'a Expression)>) {
        match self {
            Self::Constant(_) => {}
            Self::Expression(expression) => all.push((path.clone(), expression)),
            Self::Text(parts) | Self::Path(parts) => {
                for part in parts {
                    if let Part::Expression(expression) = part {
                        all.push((path.clone(), expression));
                    }
                }
            }
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    within(path, &index.to_string(), |path| item.collect(path, all));
                }
            }
            Self::Map(entries) => {
                for (key, item) in entries {
                    within(path, key, |path| item.collect(path, all));
                }
            }
        }
    }
}

fn compile(value: &Value, path: &mut String, errors: &mut Vec<PlacedError>) -> Node {
    match value {
        Value::String(text) => match text_node(text) {
            Ok(node) => node,
            Err(error) => {
                errors.push(PlacedError {
                    path: path.clone(),
                    error,
                });
                Node::Constant(Json::null())
            }
        },
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    within(path, &index.to_string(), |path| compile(item, path, errors))
                })
                .collect();
            if items.iter().all(|item| matches!(item, Node::Constant(_))) {
                let values = items.iter().filter_map(Node::fixed).collect();
                return Node::Constant(Value::Array(values).into());
            }
            Node::List(items)
        }
        Value::Object(map) => {
            let mut entries = Vec::with_capacity(map.len());
            entries.extend(map.iter().map(|(key, item)| {
                let node = within(path, key, |path| compile(item, path, errors));
                (key.clone(), node)
            }));
            if entries
                .iter()
                .all(|(_, item)| matches!(item, Node::Constant(_)))
            {
                let map = entries
                    .iter()
                    .filter_map(|(key, item)| Some((key.clone(), item.fixed()?)))
                    .collect();
                return Node::Constant(Value::Object(map).into());
            }
            Node::Map(entries)
        }
        scalar => Node::Constant(scalar.clone().into()),
    }
}

impl Node {
    fn fixed(&self) -> Option<Value> {
        match self {
            Self::Constant(json) => Some(json.value().clone()),
            _ => None,
        }
    }
}

fn text_node(text: &str) -> Result<Node, ExpressionError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|found| at + found) {
        if open > at {
            parts.push(Part::Text(text[at..open].to_owned()));
        }
        let inside = open + 2;
        let shift = |mut error: ExpressionError| {
            error.range = error.range.map(|r| r.start + inside..r.end + inside);
            error
        };
        let (tokens, close) = tokens(&text[inside..], true).map_err(shift)?;
        let close = inside + close;
        let expression = Expression::from_tokens(&text[inside..close], &tokens).map_err(shift)?;
        parts.push(Part::Expression(expression));
        at = close + 2;
    }
    if parts.is_empty() {
        return Ok(Node::Constant(Value::from(text).into()));
    }
    if at < text.len() {
        parts.push(Part::Text(text[at..].to_owned()));
    }
    if let [Part::Expression(expression)] = parts.as_slice() {
        return Ok(match expression.constant() {
            Some(json) => Node::Constant(json.clone()),
            None => Node::Expression(expression.clone()),
        });
    }
    Ok(Node::Text(parts))
}

/// A value as one part of a path: what would end the part, or the path, is percent-encoded. What is encoded already
/// stays as it is, and so does what stands for a value that is filled in later.
pub fn path_part(value: &str) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    let encoded = |at: usize| {
        let digits = bytes.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let ends = |(at, c): (usize, char)| match c {
        '/' | '\\' | '?' | '#' => true,
        '%' => !encoded(at),
        c => c.is_control(),
    };
    let filled_in_later = value.starts_with("{{ sealed.") && value.ends_with(" }}");
    if filled_in_later || !value.char_indices().any(ends) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() + 8);
    for (at, c) in value.char_indices() {
        if !ends((at, c)) {
            out.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Cow::Owned(out)
}

/// Whether what comes between them is a segment of a path by itself.
fn is_segment(before: &str, after: Option<&Part>) -> bool {
    let begins = before.is_empty() || before.ends_with('/');
    let ends = match after {
        None => true,
        Some(Part::Text(text)) => text.starts_with(['/', '?']),
        Some(Part::Expression(_)) => false,
    };
    begins && ends
}

/// Whether a segment that is only this leads elsewhere: to what is above it, or to the collection itself (RFC 3986,
/// section 5.2.4).
fn is_no_segment(part: &str) -> bool {
    let plain = part.to_ascii_lowercase().replace("%2e", ".");
    matches!(plain.as_str(), "" | "." | "..")
}

fn other_address(part: &str) -> ExpressionError {
    ExpressionError::new(
        "expression_failed",
        match part {
            "" => "a part of the path is empty, which is another address".to_owned(),
            part => format!("a part of the path is `{part}`, which is another address"),
        },
    )
    .help("give the step a `when`, or see that the value is there before it")
}

/// The same behind the `?`, where it is one value.
fn query_part(part: &str) -> String {
    part.replace('&', "%26").replace('+', "%2B")
}

fn here(mut error: ExpressionError) -> ExpressionError {
    error.path = Some(String::new());
    error
}

fn under(mut error: ExpressionError, key: &str) -> ExpressionError {
    let rest = error.path.take().unwrap_or_default();
    let mut path = String::new();
    push(&mut path, key);
    path.push_str(&rest);
    error.path = Some(path);
    error
}

/// Appends a segment to a JSON Pointer (RFC 6901).
fn push(path: &mut String, key: &str) {
    path.push('/');
    for c in key.chars() {
        match c {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            c => path.push(c),
        }
    }
}

fn within<T>(path: &mut String, key: &str, then: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    push(path, key);
    let result = then(path);
    path.truncate(length);
    result
}
