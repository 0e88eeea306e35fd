//! What an action has to be asked for.

use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// A configuration as the action has to get it. The arguments of most calls stand whole in it: they are read where
/// they were recorded, and the rest is one for all calls of a tool.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request<'a> {
    own: Arc<Map<String, Value>>,
    /// What stands behind the rest, under `arguments`.
    arguments: Option<&'a Value>,
}

const ARGUMENTS: &str = "arguments";

impl<'a> Request<'a> {
    /// One around the arguments of a call.
    pub(super) fn around(own: Arc<Map<String, Value>>, arguments: &'a Value) -> Self {
        Self {
            own,
            arguments: Some(arguments),
        }
    }
}

impl Request<'_> {
    /// What stands under a key of it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        match self.arguments {
            Some(arguments) if key == ARGUMENTS => Some(arguments),
            _ => self.own.get(key),
        }
    }

    /// Whether something stands under a key of it.
    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Its keys and what stands there, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let last = self.arguments.map(|value| (ARGUMENTS, value));
        let own = self.own.iter().map(|(key, value)| (key.as_str(), value));
        own.chain(last)
    }

    /// Whether it asks for this.
    pub(crate) fn is(&self, other: &Map<String, Value>) -> bool {
        let length = self.own.len() + usize::from(self.arguments.is_some());
        length == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get(key) == Some(value))
    }

    /// The whole of it, which is copied where the arguments stand elsewhere.
    pub(crate) fn whole(&self) -> Cow<'_, Map<String, Value>> {
        match self.arguments {
            None => Cow::Borrowed(&self.own),
            Some(_) => {
                let all = self.iter();
                Cow::Owned(
                    all.map(|(key, value)| (key.to_owned(), value.clone()))
                        .collect(),
                )
            }
        }
    }

    /// The whole of it, to be changed.
    pub(crate) fn whole_mut(&mut self) -> &mut Map<String, Value> {
        if self.arguments.is_some() {
            self.own = Arc::new(self.whole().into_owned());
            self.arguments = None;
        }
        Arc::make_mut(&mut self.own)
    }
}

impl From<Map<String, Value>> for Request<'_> {
    fn from(own: Map<String, Value>) -> Self {
        Self {
            own: Arc::new(own),
            arguments: None,
        }
    }
}

impl PartialEq for Request<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    #[test]
    fn arguments_that_stand_elsewhere_are_a_part_of_it() {
        let arguments = json!({ "id": 7 });
        let own = Arc::new(map(json!({ "tool": "get" })));
        let mut request = Request::around(own, &arguments);
        let whole = map(json!({ "tool": "get", "arguments": { "id": 7 } }));
        assert!(request.is(&whole) && request == Request::from(whole.clone()));
        assert_eq!(*request.whole(), whole);
        assert_eq!(request.get("arguments"), Some(&arguments));
        let keys: Vec<&str> = request.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["tool", "arguments"]);
        assert!(!request.is(&map(json!({ "tool": "get" }))));
        assert!(!request.is(&map(json!({ "tool": "get", "arguments": { "id": 8 } }))));
        request.whole_mut()["arguments"] = json!({ "id": 8 });
        assert_eq!(request.get("arguments"), Some(&json!({ "id": 8 })));
        assert_eq!(arguments, json!({ "id": 7 }));
    }
}
