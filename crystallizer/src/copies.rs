//! Tells copies of one recording apart from recordings of one task: a copy shows nothing that the first does not.

use crate::session::Session;
use druse_engine::Digest;
use druse_engine::json::canonical;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The digest of what a session called and was answered, however its format writes it; nothing where it called nothing.
pub(crate) fn digest(session: &Session) -> Option<Digest> {
    let calls: Vec<Value> = session
        .calls()
        .map(|call| {
            let answer = call.result.as_ref();
            json!([
                call.name,
                plain(&call.arguments),
                answer.map(|answer| plain(&answer.content)),
                answer.is_some_and(|answer| answer.is_error),
            ])
        })
        .collect();
    (!calls.is_empty()).then(|| Digest::of(canonical(&Value::Array(calls)).as_bytes()))
}

/// A value as it is; of text that holds JSON, what it holds.
fn plain(value: &Value) -> Value {
    let text = value.as_str().map(str::trim);
    text.filter(|text| text.starts_with(['{', '[']))
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| value.clone())
}

/// Of each session the index of the first one that it is a copy of.
pub(crate) fn copies(sessions: &[Session]) -> Vec<Option<usize>> {
    if sessions.len() < 2 {
        return vec![None; sessions.len()];
    }
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    sessions
        .iter()
        .enumerate()
        .map(|(index, session)| {
            let known = *first.entry(digest(session)?.to_string()).or_insert(index);
            (known != index).then_some(known)
        })
        .collect()
}
