//! Server-sent events: the JSON of each `data:` line is a record.

use super::body::Record;
use super::notes::Notes;
use crate::packed::Packed;

/// The records of such a body; empty where it is none.
pub(super) fn read(text: &str, notes: &mut Notes) -> Vec<Record> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    let is_one = first.is_some_and(|line| {
        ["data:", "event:", "id:", "retry:", ":"]
            .iter()
            .any(|begin| line.starts_with(begin))
    });
    if !is_one {
        return Vec::new();
    }
    let mut records = Vec::new();
    let mut tried = Notes::default();
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let line = line.trim();
        let Some(data) = line.strip_prefix("data:").map(str::trim) else {
            let known = ["event:", "id:", "retry:", ":"]
                .iter()
                .any(|begin| line.starts_with(begin));
            if !known && !line.is_empty() {
                tried.left_out("broken_line", "no event", line.len() as u64, number);
            }
            continue;
        };
        // The word by which some say that there is no more.
        if data.is_empty() || data == "[DONE]" {
            continue;
        }
        match serde_json::from_str::<Packed>(data) {
            Ok(read) => {
                tried.doubts.keep(read.repeated);
                records.push(Record {
                    value: read.value,
                    line: number,
                    taken: Some(line.len() as u64),
                });
            }
            Err(_) => tried.left_out("broken_line", "no JSON", line.len() as u64, number),
        }
    }
    if !records.is_empty() {
        notes.absorb(&tried);
    }
    records
}
