//! Lines of a text log that hold a JSON-RPC message behind words of the logger, as desktop programs
//! write what they say to their servers.

use super::body::Record;
use super::notes::Notes;
use super::value::text;
use serde_json::{Map, Value};

/// The messages of a log, each with the time that its line begins with; empty where it holds none.
pub(super) fn read(log: &str, notes: &mut Notes) -> Vec<Record> {
    let mut records = Vec::new();
    let mut others = Vec::new();
    for (index, line) in log.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        match message(line) {
            Some(value) => records.push(Record {
                value,
                line: number,
                taken: Some(line.len() as u64),
            }),
            None if line.trim().is_empty() => {}
            None => others.push((number, line.len() as u64)),
        }
    }
    if !records.is_empty() {
        for (number, bytes) in others {
            notes.left_out("broken_line", "words of a log", bytes, number);
        }
    }
    records
}

fn message(line: &str) -> Option<Value> {
    // A line is looked at from its first brace alone, so that a long one costs no more than its length.
    let at = line.find('{')?;
    let mut stream = serde_json::Deserializer::from_str(&line[at..]).into_iter::<Value>();
    let message = stream.next()?.ok()?;
    if text(&message, "jsonrpc") != Some("2.0") {
        return None;
    }
    let mut out = Map::new();
    if let Some(time) = line[..at].split_whitespace().next() {
        let time = time.trim_matches(['[', ']']);
        out.insert("timestamp".to_owned(), Value::from(time));
    }
    out.insert("message".to_owned(), message);
    Some(Value::Object(out))
}
