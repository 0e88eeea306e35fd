//! A value that many hold and nobody copies.

use serde_json::Value;
use std::ops::Deref;
use std::sync::Arc;

/// A value that is read where it was recorded, or one that was made, shared by all who hold it.
#[derive(Debug, Clone)]
pub(crate) enum Shared<'a> {
    /// It stands in the recording.
    Recorded(&'a Value),
    /// It was read from a text, or made.
    Made(Arc<Value>),
}

const NOTHING: &Value = &Value::Null;

impl Shared<'_> {
    /// Whether both are one value, not only equal ones.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(&raw const **self, &raw const **other)
    }

    /// A value of one's own. One that nobody else holds is not copied.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Recorded(value) => value.clone(),
            Self::Made(value) => Arc::unwrap_or_clone(value),
        }
    }
}

impl Deref for Shared<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Self::Recorded(value) => value,
            Self::Made(value) => value,
        }
    }
}

impl Default for Shared<'_> {
    fn default() -> Self {
        Self::Recorded(NOTHING)
    }
}

impl From<Value> for Shared<'_> {
    fn from(value: Value) -> Self {
        Self::Made(Arc::new(value))
    }
}
