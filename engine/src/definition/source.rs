//! Where in a text the parts of a document stand.

use crate::Finding;
use std::collections::BTreeMap;

/// A place in a text: line and column, both from 1, the column in characters.
pub type Place = (u32, u32);

/// The places of a document's parts, by JSON Pointer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    places: BTreeMap<String, (Option<Place>, Place)>,
}

impl SourceMap {
    /// Notes a value, and the key that it stands under.
    pub(super) fn note(&mut self, pointer: String, key: Option<Place>, value: Place) {
        // Of a key that is there twice, the first counts.
        self.places.entry(pointer).or_insert((key, value));
    }

    /// Where the value stands; for a pointer that leads nowhere, the nearest value around it.
    pub fn place(&self, pointer: &str) -> Option<Place> {
        self.nearest(pointer).map(|(_, value)| value)
    }

    /// Where the key of a value stands, else the value.
    pub fn key_place(&self, pointer: &str) -> Option<Place> {
        self.nearest(pointer)
            .map(|(key, value)| key.unwrap_or(value))
    }

    /// Where the key of exactly this value stands.
    pub(super) fn key_at(&self, pointer: &str) -> Option<Place> {
        self.places.get(pointer)?.0
    }

    /// Where exactly this value stands.
    pub(super) fn value_at(&self, pointer: &str) -> Option<Place> {
        Some(self.places.get(pointer)?.1)
    }

    fn nearest(&self, pointer: &str) -> Option<(Option<Place>, Place)> {
        let mut pointer = pointer;
        loop {
            if let Some(found) = self.places.get(pointer) {
                return Some(*found);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    /// Gives findings that name a path their line and column.
    pub fn locate(&self, findings: &mut [Finding]) {
        self.locate_keys(findings, &[]);
    }

    /// As [`SourceMap::locate_keys`], for findings whose paths begin below this one.
    pub fn locate_below(&self, findings: &mut [Finding], below: &str, codes: &[&str]) {
        for finding in findings {
            let Some(own) = finding.path.clone() else {
                continue;
            };
            finding.path = Some(format!("{below}{own}"));
            self.locate_keys(std::slice::from_mut(finding), codes);
            finding.path = Some(own);
        }
    }

    /// As [`SourceMap::locate`], where findings with these codes are about the key of what they name, too.
    pub fn locate_keys(&self, findings: &mut [Finding], codes: &[&str]) {
        for finding in findings {
            if finding.line.is_some() {
                continue;
            }
            let pointer = finding.path.as_deref().unwrap_or("");
            let code = finding.code.as_str();
            let about_key = matches!(code, "unknown_key" | "missing_key") || codes.contains(&code);
            let place = if about_key {
                self.key_place(pointer)
            } else {
                self.place(pointer)
            };
            if let Some((line, column)) = place {
                finding.line = Some(line);
                finding.column = Some(column);
            }
        }
    }
}
