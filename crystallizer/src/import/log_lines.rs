//! Text logs that hold JSON-RPC messages behind words of the logger, as desktop programs and editors write what they
//! say to their servers. A message may stand in one line or be printed over several.

use super::body::Record;
use super::notes::Notes;
use super::value::{text, time};
use crate::packed::{Packed, Repeated};
use serde_json::{Map, Value};

/// What stands in brackets and names no server: levels, programs and directions.
const NO_SERVER: [&str; 26] = [
    "trace",
    "debug",
    "verbose",
    "info",
    "information",
    "notice",
    "log",
    "warn",
    "warning",
    "err",
    "error",
    "critical",
    "fatal",
    "mcp",
    "client",
    "server",
    "in",
    "out",
    "send",
    "sent",
    "recv",
    "received",
    "request",
    "response",
    "stdin",
    "stdout",
];

/// The messages of a log, each with the time that its line begins with and the server that the line names; empty where
/// it holds none.
pub(super) fn read(log: &str, notes: &mut Notes) -> Vec<Record> {
    let mut records = Vec::new();
    let mut others = Vec::new();
    let mut number = 0_u32;
    let mut at = 0;
    while at < log.len() {
        let rest = &log[at..];
        let line = rest.split_inclusive('\n').next().unwrap_or(rest);
        number = number.saturating_add(1);
        match message(rest, line) {
            Some((value, repeated, taken)) => {
                notes.doubts.keep(repeated);
                // The line that the message ends in belongs to it whole.
                let end = rest[taken..]
                    .find('\n')
                    .map_or(rest.len(), |more| taken + more + 1);
                let further = rest[..end].trim_end().matches('\n').count();
                records.push(Record {
                    value,
                    line: number,
                    taken: Some(rest[..end].trim_end_matches(['\n', '\r']).len() as u64),
                });
                number = number.saturating_add(u32::try_from(further).unwrap_or(u32::MAX));
                at += end;
                continue;
            }
            None if line.trim().is_empty() => {}
            None => others.push((number, line.trim_end_matches(['\n', '\r']).len() as u64)),
        }
        at += line.len();
    }
    if !records.is_empty() {
        for (number, bytes) in others {
            notes.left_out("broken_line", "words of a log", bytes, number);
        }
    }
    records
}

/// The message that begins in the first line of the rest of a log, in an envelope, the objects of it in which a key
/// stands twice, and how many bytes it ends behind.
fn message(rest: &str, line: &str) -> Option<(Value, Vec<Repeated>, usize)> {
    // A line is looked at from its first brace alone, so that a long one costs no more than its length.
    let at = line.find('{')?;
    let (read, taken) = match first(&line[at..]) {
        Ok(read) => read,
        // Printed over several lines: what the line holds is JSON that has not ended. Values that begin inside each
        // other end at the depth that is read, so that each line is looked at so many times at most.
        Err(true) => first(&rest[at..]).ok()?,
        Err(false) => return None,
    };
    let message = read.value;
    if text(&message, "jsonrpc") != Some("2.0") {
        return None;
    }
    let mut out = envelope(&line[..at]);
    out.insert("message".to_owned(), message);
    Some((Value::Object(out), read.repeated, at + taken))
}

/// The first value of a text and where it ends; otherwise whether the text ended before the value did.
fn first(text: &str) -> Result<(Packed, usize), bool> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Packed>();
    match stream.next() {
        Some(Ok(read)) => Ok((read, stream.byte_offset())),
        Some(Err(error)) => Err(error.is_eof()),
        None => Err(false),
    }
}

/// What the words in front of a message tell: when, and with which server.
fn envelope(words: &str) -> Map<String, Value> {
    let mut out = Map::new();
    let mut each = words.split_whitespace();
    let bare = |word: &'_ str| word.trim_matches(['[', ']', ',']).to_owned();
    if let Some(day) = each.next().map(bare) {
        // The time of day may be a word of its own.
        let moment = each.next().map(|word| format!("{day} {}", bare(word)));
        let told = moment.filter(|moment| time(Some(&Value::from(moment.as_str()))).is_some());
        out.insert("timestamp".to_owned(), Value::from(told.unwrap_or(day)));
    }
    // Loggers go from the general to the special: the last name is the server's.
    let named = words
        .split('[')
        .skip(1)
        .filter_map(|part| part.split_once(']'))
        .map(|(inside, _)| inside.trim())
        .filter(|inside| is_server(inside))
        .last();
    if let Some(server) = named {
        out.insert("server".to_owned(), Value::from(server));
    }
    out
}

fn is_server(inside: &str) -> bool {
    !inside.is_empty()
        && inside.len() <= 100
        && !NO_SERVER
            .iter()
            .any(|word| inside.eq_ignore_ascii_case(word))
        && !["->", "<-", "→", "←", "=>"]
            .iter()
            .any(|arrow| inside.contains(arrow))
        && inside.contains(char::is_alphabetic)
        && time(Some(&Value::from(inside))).is_none()
}
