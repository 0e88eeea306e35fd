//! From text to a document, with everything that is wrong at once.

use super::conform::{Mode, Walk};
use super::source::SourceMap;
use super::{Document, Step, json_text, schema, yaml};
use crate::check::{Catalog, check, despite};
use crate::finding::{hint, hinted};
use crate::{Finding, Severity};
use serde_json::Value;

/// The longest text of a document, in bytes.
pub const TEXT_LIMIT: usize = 1024 * 1024;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// YAML, read strictly.
    Yaml,
    /// JSON.
    Json,
}

/// A document that was read.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The document.
    pub document: Document,
    /// Where its parts stand.
    pub source: SourceMap,
    /// Warnings about the text.
    pub findings: Vec<Finding>,
}

/// Reads a document. Whether it makes sense is what [`crate::check::check`] says; its findings get
/// their places through [`SourceMap::locate`].
///
/// # Errors
/// Everything that keeps the text from being a document, each with line and column.
pub fn parse(text: &str, syntax: Syntax) -> Result<Parsed, Vec<Finding>> {
    if text.len() > TEXT_LIMIT {
        return Err(too_large("the document is longer than 1 MiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut read = read_text(text, syntax)?;
    let result = from_value(read.value);
    let mut findings = read.findings;
    let refused = findings.iter().any(|f| f.severity == Severity::Error);
    match &result {
        Err(more) => findings.extend(more.iter().cloned()),
        // Whoever has to correct the text is told what else there is.
        Ok(document) if refused => {
            let mut more = check(document, &Catalog::default());
            more.retain(|f| f.severity == Severity::Error && !f.acknowledge);
            findings.extend(more);
        }
        Ok(_) => {}
    }
    read.source.locate(&mut findings);
    hint(&mut findings);
    findings.sort_by_key(|finding| (finding.line, finding.column));
    match result {
        Ok(document) if findings.iter().all(|f| f.severity != Severity::Error) => Ok(Parsed {
            document,
            source: std::mem::take(&mut read.source),
            findings,
        }),
        _ => Err(findings),
    }
}

/// Reads any other file that people write (connections, inputs, the tool map) as strictly as a document.
///
/// # Errors
/// Everything that keeps the text from being a value, with places.
pub fn parse_value(text: &str, syntax: Syntax) -> Result<(Value, SourceMap), Vec<Finding>> {
    if text.len() > TEXT_LIMIT {
        return Err(too_large("the text is longer than 1 MiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = read_text(text, syntax)?;
    if read.findings.iter().any(|f| f.severity == Severity::Error) {
        return Err(hinted(read.findings));
    }
    Ok((read.value, read.source))
}

fn read_text(text: &str, syntax: Syntax) -> Result<yaml::Read, Vec<Finding>> {
    let read = match syntax {
        Syntax::Yaml => yaml::read(text),
        Syntax::Json => json_text::read(text),
    };
    read.map_err(hinted)
}

fn too_large(message: &str) -> Vec<Finding> {
    let mut finding = Finding::error("too_large", message);
    (finding.line, finding.column) = (Some(1), Some(1));
    hinted(vec![finding])
}

/// Reads a document from a value.
///
/// # Errors
/// Everything that keeps it from being a document, and what else is wrong with it, with JSON Pointers.
pub fn from_value(value: Value) -> Result<Document, Vec<Finding>> {
    of_value(value).map_err(hinted)
}

fn of_value(mut value: Value) -> Result<Document, Vec<Finding>> {
    let mut findings = shape_of(&mut value);
    if !findings.is_empty() {
        if !too_deep(&value, 0) {
            findings.extend(despite(&value));
        }
        return Err(findings);
    }
    if value.get("druse") != Some(&Value::from(1)) {
        findings.push(
            Finding::error(
                "unknown_format",
                "this is not format 1 of automation documents",
            )
            .at_path("/druse")
            .help("write `druse: 1`"),
        );
    }
    if too_deep(&value, 0) {
        findings.push(Finding::error(
            "too_deep",
            format!(
                "the document is nested more than {} deep",
                yaml::DEPTH_LIMIT
            ),
        ));
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    read(value)
}

/// All that keeps a value from having the shape of a document.
pub(crate) fn shape_of(value: &mut Value) -> Vec<Finding> {
    let mut walk = Walk::new(schema::document(), Mode::Plain);
    walk.value(value, "");
    walk.findings
}

/// Reads one step from a value.
///
/// # Errors
/// As [`from_value`], with pointers into the step.
pub fn step_from_value(mut value: Value) -> Result<Step, Vec<Finding>> {
    conform(schema::step(), &mut value).map_err(hinted)?;
    read(value)
}

fn conform(schema: &Value, value: &mut Value) -> Result<(), Vec<Finding>> {
    let mut walk = Walk::new(schema, Mode::Plain);
    walk.value(value, "");
    if walk.findings.is_empty() {
        Ok(())
    } else {
        Err(walk.findings)
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Vec<Finding>> {
    serde_json::from_value(value)
        .map_err(|error| vec![Finding::error("wrong_type", error.to_string()).at_path("")])
}

fn too_deep(value: &Value, depth: usize) -> bool {
    if depth > yaml::DEPTH_LIMIT {
        return true;
    }
    match value {
        Value::Array(items) => items.iter().any(|item| too_deep(item, depth + 1)),
        Value::Object(map) => map.values().any(|item| too_deep(item, depth + 1)),
        _ => false,
    }
}
