//! JSON that is read in place: a value of the language that points into a tree it shares.

use super::values::{REVIEW, Values, no_review};
use crate::Json;
use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Dyn};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A list or map inside a shared tree. A child knows its parent and its own key, so that nothing is
/// copied on the way down.
pub(super) enum Node {
    Root(Json),
    Key(Arc<Node>, Box<str>),
    Index(Arc<Node>, usize),
}

const NULL: &Value = &Value::Null;

impl Node {
    /// The place in the tree.
    pub(super) fn value(&self) -> &Value {
        match self {
            Self::Root(json) => json.value(),
            Self::Key(parent, key) => parent.value().get(&**key).unwrap_or(NULL),
            Self::Index(parent, index) => parent.value().get(*index).unwrap_or(NULL),
        }
    }

    /// The value as shared JSON; the root is not copied.
    pub(super) fn json(&self) -> Json {
        match self {
            Self::Root(json) => json.clone(),
            inner => inner.value().clone().into(),
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}

/// A scalar as a value of the language; `None` for lists and maps.
fn scalar(value: &Value) -> Option<Dyn> {
    Some(match value {
        Value::Null => Dyn::from(()),
        Value::Bool(bool) => Dyn::from(*bool),
        Value::Number(number) => {
            if let Some(int) = number.as_i64() {
                Dyn::from(int)
            } else if let Some(int) = number.as_u64() {
                Dyn::from(int)
            } else {
                Dyn::from(number.as_f64().unwrap_or(f64::NAN))
            }
        }
        Value::String(text) => Dyn::from(text.as_str()),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// Shared JSON as a value of the language.
pub(super) fn dynamic(json: &Json) -> Dyn {
    scalar(json.value()).unwrap_or_else(|| Dyn::from_object(Node::Root(json.clone())))
}

impl Object for Node {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.value() {
            Value::Array(_) => ObjectRepr::Seq,
            _ => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Dyn) -> Option<Dyn> {
        match self.value() {
            Value::Object(_) => self.get_value_by_str(key.as_str()?),
            Value::Array(items) => {
                let index = key.as_i64()?;
                let index = if index < 0 {
                    items.len().checked_sub(usize::try_from(-index).ok()?)?
                } else {
                    usize::try_from(index).ok()?
                };
                let item = items.get(index)?;
                Some(
                    scalar(item)
                        .unwrap_or_else(|| Dyn::from_object(Self::Index(self.clone(), index))),
                )
            }
            _ => None,
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Dyn> {
        let item = self.value().as_object()?.get(key)?;
        Some(scalar(item).unwrap_or_else(|| Dyn::from_object(Self::Key(self.clone(), key.into()))))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.value() {
            Value::Array(items) => Enumerator::Seq(items.len()),
            Value::Object(map) => {
                Enumerator::Values(map.keys().map(|key| Dyn::from(key.as_str())).collect())
            }
            _ => Enumerator::Empty,
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        match self.value() {
            Value::Array(items) => Some(items.len()),
            Value::Object(map) => Some(map.len()),
            _ => Some(0),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}

/// The names at the top: `inputs`, `steps`, `trigger`, `run`, `secrets` and the names of loops.
#[derive(Debug)]
pub(super) struct Scope(pub(super) Arc<Values>);

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Dyn) -> Option<Dyn> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Dyn> {
        match key {
            "inputs" => Some(dynamic(&self.0.inputs)),
            "trigger" => Some(dynamic(&self.0.trigger)),
            "steps" => Some(Dyn::from_object(Steps(self.0.clone()))),
            "run" => Some(Dyn::from_object(Facts(self.0.clone()))),
            "secrets" => Some(Dyn::from_object(Secrets)),
            name => match self.0.local(name) {
                Some(json) => Some(dynamic(json)),
                None => (name == REVIEW).then(|| dynamic(&no_review())),
            },
        }
    }
}

#[derive(Debug)]
struct Steps(Arc<Values>);

impl Object for Steps {
    fn get_value(self: &Arc<Self>, key: &Dyn) -> Option<Dyn> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Dyn> {
        let (frame, index) = self.0.place(key)?;
        self.0.frames.get(frame)?.steps.get(index)?;
        Some(Dyn::from_object(Step(self.0.clone(), frame, index)))
    }
}

#[derive(Debug)]
struct Step(Arc<Values>, usize, usize);

impl Object for Step {
    fn get_value(self: &Arc<Self>, key: &Dyn) -> Option<Dyn> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Dyn> {
        let step = self.0.frames.get(self.1)?.steps.get(self.2)?;
        match key {
            "output" => step.output.as_ref().map(dynamic),
            "status" => Some(Dyn::from(step.status_name())),
            "error" => Some(dynamic(&step.error_json())),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Facts(Arc<Values>);

impl Object for Facts {
    fn get_value(self: &Arc<Self>, key: &Dyn) -> Option<Dyn> {
        scalar(&self.0.run.field(key.as_str()?)?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&super::values::RunFacts::FIELDS)
    }
}

#[derive(Debug)]
struct Secrets;

impl Object for Secrets {
    fn get_value(self: &Arc<Self>, key: &Dyn) -> Option<Dyn> {
        Some(Dyn::from(placeholder(key.as_str()?)))
    }
}

/// What a secret renders to: the runtime puts the value in its place at the last moment.
pub(super) fn placeholder(name: &str) -> String {
    format!("{{{{ secrets.{name} }}}}")
}
