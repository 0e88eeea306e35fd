//! Keys of maps that are data and no names of fields: `{"SK-99812": 2}`.

use super::Sent;
use crate::tool_map::escape;
use serde_json::Value;

/// A key that is data.
pub(crate) struct DataKey {
    /// JSON Pointer into the arguments, to what stands under it.
    pub(crate) pointer: String,
    text: Box<str>,
    pub(crate) sent: Sent,
}

impl DataKey {
    pub(super) fn of(pointer: String, text: &str, sent: Sent) -> Self {
        Self {
            pointer,
            text: text.into(),
            sent,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Each key of the maps inside of arguments that is data. The arguments' own keys are the tool's.
pub(super) fn each(arguments: &Value, then: &mut dyn FnMut(&str, &str)) {
    fn walk(value: &Value, pointer: &mut String, inside: bool, then: &mut dyn FnMut(&str, &str)) {
        let length = pointer.len();
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    let is_data = inside && is_data(key);
                    let goes_on = inner.is_object() || inner.is_array();
                    if is_data || goes_on {
                        pointer.push('/');
                        pointer.push_str(&escape(key));
                        if is_data {
                            then(pointer, key);
                        }
                        walk(inner, pointer, true, then);
                        pointer.truncate(length);
                    }
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    walk(inner, pointer, true, then);
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
    }
    walk(arguments, &mut String::new(), false, then);
}

/// Whether a key is data: names of fields have no two digits in a row, no blanks, and no marks of addresses and paths.
fn is_data(key: &str) -> bool {
    let bytes = key.as_bytes();
    bytes
        .windows(2)
        .any(|two| two.iter().all(u8::is_ascii_digit))
        || bytes
            .iter()
            .any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'@' | b'/' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::each;
    use serde_json::json;

    #[test]
    fn names_of_fields_are_no_data() {
        let mut found = Vec::new();
        let arguments = json!({
            "order 77": 1,
            "items": { "SK-99812": 2, "note": "a" },
            "rights": [{ "ana@corp.example": "owner", "address_line2": "b", "X-Api-Key": "c" }],
            "files": { "src/a.rs": { "mode": 1 } },
        });
        each(&arguments, &mut |pointer, key| {
            found.push((pointer.to_owned(), key.to_owned()))
        });
        let expected = [
            ("/files/src~1a.rs", "src/a.rs"),
            ("/items/SK-99812", "SK-99812"),
            ("/rights/0/ana@corp.example", "ana@corp.example"),
        ];
        let mut found: Vec<(&str, &str)> = found
            .iter()
            .map(|(at, key)| (at.as_str(), key.as_str()))
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }
}
