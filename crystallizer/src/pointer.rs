//! Looks up JSON Pointers (RFC 6901) without copying their parts: it is done several times for each value of a call.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// The value at a pointer.
pub(crate) fn at<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    parts(pointer)?.try_fold(value, |value, part| match value {
        Value::Object(map) => map.get(&*key(part)),
        Value::Array(items) => items.get(index(part)?),
        _ => None,
    })
}

/// The value at a pointer into a map.
pub(crate) fn in_map<'v>(map: &'v Map<String, Value>, pointer: &str) -> Option<&'v Value> {
    let rest = pointer.strip_prefix('/')?;
    let (first, inner) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    at(map.get(&*key(first))?, inner)
}

/// The value at a pointer, to be changed.
pub(crate) fn at_mut<'v>(value: &'v mut Value, pointer: &str) -> Option<&'v mut Value> {
    parts(pointer)?.try_fold(value, |value, part| match value {
        Value::Object(map) => map.get_mut(&*key(part)),
        Value::Array(items) => items.get_mut(index(part)?),
        _ => None,
    })
}

fn parts(pointer: &str) -> Option<impl Iterator<Item = &str>> {
    let rest = match pointer.strip_prefix('/') {
        None if !pointer.is_empty() => return None,
        rest => rest,
    };
    Some(rest.into_iter().flat_map(|rest| rest.split('/')))
}

fn key(part: &str) -> Cow<'_, str> {
    match part.contains('~') {
        true => part.replace("~1", "/").replace("~0", "~").into(),
        false => part.into(),
    }
}

fn index(part: &str) -> Option<usize> {
    let padded = part.starts_with('0') && part.len() > 1;
    if part.starts_with('+') || padded {
        return None;
    }
    part.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_what_a_pointer_of_json_finds() {
        let mut value = json!({ "a": [{ "b/c": 1, "~": 2, "": [3] }, 4], "": 5, "~1": 6, "01": 7 });
        for pointer in [
            "",
            "/",
            "/a",
            "/a/0/b~1c",
            "/a/0/~0",
            "/a/0//0",
            "/a/1",
            "/a/01",
            "/a/+1",
            "/a/2",
            "/a/-",
            "/a/1/x",
            "a",
            "/~01",
            "/01",
            "/a/0/~1",
            "/a/",
        ] {
            assert_eq!(at(&value, pointer), value.pointer(pointer), "{pointer}");
            let of_map = value.as_object().and_then(|map| in_map(map, pointer));
            let found = value.pointer(pointer).filter(|_| !pointer.is_empty());
            assert_eq!(of_map, found, "{pointer}");
            let expected = value.pointer(pointer).cloned();
            assert_eq!(at_mut(&mut value, pointer).cloned(), expected, "{pointer}");
        }
    }
}
