//! Reading JSON into a value with places: every duplicate key is found, not only the first.

use super::source::{Place, SourceMap};
use super::yaml::{DEPTH_LIMIT, Read};
use crate::Finding;
use serde_json::{Map, Value};

/// Reads one JSON text.
///
/// # Errors
/// The finding that stops reading.
pub(super) fn read(text: &str) -> Result<Read, Vec<Finding>> {
    // The library decides what JSON is; the walk below then only has to find places in valid text.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let full = error.to_string();
        let message = full.split(" at line ").next().unwrap_or_default();
        let mut finding = Finding::error("bad_json", format!("this is not JSON: {message}"));
        finding.line = Some(small(error.line().max(1)));
        finding.column = Some(small(error.column().max(1)));
        return Err(vec![finding]);
    }
    let mut walk = Walk {
        text,
        at: 0,
        line: 1,
        line_start: 0,
        source: SourceMap::default(),
        findings: Vec::new(),
    };
    match walk.value(&mut String::new(), None, 0) {
        Some(value) => Ok(Read {
            value,
            source: walk.source,
            findings: walk.findings,
        }),
        None => Err(vec![Finding::error(
            "too_deep",
            format!("the document is nested more than {DEPTH_LIMIT} deep"),
        )]),
    }
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
    source: SourceMap,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.at + 1;
                }
                b' ' | b'\t' | b'\r' => {}
                other => return *other,
            }
            self.at += 1;
        }
        0
    }

    fn place(&self) -> Place {
        let column = self
            .text
            .get(self.line_start..self.at)
            .map_or(0, |line| line.chars().count());
        (self.line, u32::try_from(column + 1).unwrap_or(u32::MAX))
    }

    /// The text of the string that begins here.
    fn string(&mut self) -> String {
        let bytes = self.text.as_bytes();
        let start = self.at;
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at = (self.at + 1).min(bytes.len());
        serde_json::from_str(self.text.get(start..self.at).unwrap_or_default()).unwrap_or_default()
    }

    fn value(&mut self, pointer: &mut String, key: Option<Place>, depth: usize) -> Option<Value> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        let first = self.peek();
        let here = self.place();
        let value = match first {
            b'{' => self.object(pointer, depth)?,
            b'[' => self.array(pointer, depth)?,
            b'"' => Value::String(self.string()),
            _ => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let end = rest
                    .find(|c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace())
                    .unwrap_or(rest.len());
                self.at += end;
                serde_json::from_str(&rest[..end]).unwrap_or_default()
            }
        };
        self.source.note(pointer.clone(), key, here);
        Some(value)
    }

    fn object(&mut self, pointer: &mut String, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        self.at += 1;
        while self.peek() == b'"' {
            let key_place = self.place();
            let key = self.string();
            self.peek();
            self.at += 1; // the colon
            let length = pointer.len();
            pointer.push_str(&crate::plan::pointer(&[&key]));
            let duplicate = map.contains_key(&key);
            if duplicate {
                let mut finding =
                    Finding::error("duplicate_key", format!("the key `{key}` is here twice"))
                        .at_path(pointer.as_str())
                        .help("remove one of them");
                finding.line = Some(key_place.0);
                finding.column = Some(key_place.1);
                self.findings.push(finding);
            }
            let value = self.value(pointer, Some(key_place), depth + 1)?;
            pointer.truncate(length);
            if !duplicate {
                map.insert(key, value);
            }
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        Some(Value::Object(map))
    }

    fn array(&mut self, pointer: &mut String, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.at += 1;
        while !matches!(self.peek(), b']' | 0) {
            let length = pointer.len();
            pointer.push_str(&format!("/{}", items.len()));
            items.push(self.value(pointer, None, depth + 1)?);
            pointer.truncate(length);
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        Some(Value::Array(items))
    }
}
