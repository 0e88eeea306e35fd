//! Reading and checking automation documents against what this server has.

use super::{App, Problem, page};
use druse_engine::check::{Catalog, check};
use druse_engine::definition::{Document, Parsed, Syntax, blocks_storing, from_value, parse};
use druse_engine::{Finding, Severity};
use druse_storage::{AutomationName, Connection, Secret};
use http::StatusCode;
use serde_json::Value;

/// A document as somebody wrote it, right enough to be stored.
#[derive(Debug, Clone)]
pub struct Written {
    /// The document.
    pub document: Document,
    /// The YAML as written; absent for JSON.
    pub text: Option<String>,
}

impl App {
    /// What connections, secrets and automations there are.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn catalog(&self) -> Result<Catalog, Problem> {
        let connections: Vec<Connection> = page::all(&*self.store, "")?;
        let secrets: Vec<Secret> = page::all(&*self.store, "")?;
        let automations: Vec<AutomationName> = page::all(&*self.store, "")?;
        Ok(Catalog {
            connections: Some(
                connections
                    .into_iter()
                    .map(|row| {
                        let kind = row.definition["kind"].as_str().unwrap_or_default();
                        (row.name, kind.to_owned())
                    })
                    .collect(),
            ),
            secrets: Some(secrets.into_iter().map(|row| row.name).collect()),
            automations: Some(automations.into_iter().map(|row| row.name).collect()),
            ..Catalog::default()
        })
    }

    /// All that can be said about a document here and now.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn check(&self, document: &Document) -> Result<Vec<Finding>, Problem> {
        Ok(check_with(document, &self.catalog()?))
    }

    /// Reads a document from the body of a request.
    ///
    /// # Errors
    /// 415 for another media type, 422 with findings for a wrong document.
    pub fn read_document(&self, media: &str, body: &[u8]) -> Result<Written, Problem> {
        let syntax = match media {
            "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => Syntax::Yaml,
            "application/json" => Syntax::Json,
            "" if body.trim_ascii_start().first() == Some(&b'{') => Syntax::Json,
            "" => Syntax::Yaml,
            _ => {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "An automation document is JSON or YAML.",
                    "Send it as application/json or application/yaml.",
                ));
            }
        };
        let text = std::str::from_utf8(body).map_err(|_| {
            Problem::bad_request(
                "unreadable",
                "The document is not text in UTF-8.",
                "Save it as UTF-8 and send it again.",
            )
        })?;
        let Parsed {
            document,
            source,
            mut findings,
        } = parse(text, syntax).map_err(wrong)?;
        findings.extend(self.check(&document)?);
        source.locate(&mut findings);
        refuse_wrong(findings)?;
        let text = matches!(syntax, Syntax::Yaml).then(|| text.to_owned());
        Ok(Written { document, text })
    }

    /// Takes a document that was changed as a value.
    ///
    /// # Errors
    /// 422 with findings for a wrong document.
    pub fn changed_document(&self, value: Value) -> Result<Document, Problem> {
        let document = from_value(value).map_err(wrong)?;
        refuse_wrong(self.check(&document)?)?;
        Ok(document)
    }
}

/// The findings of the engine and of the triggers, each once.
pub fn check_with(document: &Document, catalog: &Catalog) -> Vec<Finding> {
    let mut findings = check(document, catalog);
    for finding in druse_triggers::check_document(document) {
        let known = findings.iter().any(|known| {
            known.id == finding.id || (known.path == finding.path && known.path.is_some())
        });
        if !known {
            findings.push(finding);
        }
    }
    findings
}

/// 422 when a finding keeps the document from being stored.
fn refuse_wrong(findings: Vec<Finding>) -> Result<(), Problem> {
    let blocks = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error && blocks_storing(&finding.code));
    if blocks { Err(wrong(findings)) } else { Ok(()) }
}

fn wrong(findings: Vec<Finding>) -> Problem {
    let first = findings
        .iter()
        .find(|finding| finding.severity == Severity::Error)
        .or(findings.first());
    let message = match first {
        Some(first) => {
            let more = findings.len() - 1;
            let place = match (first.line, first.column) {
                (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
                _ => String::new(),
            };
            match more {
                0 => format!("The document is wrong: {}{place}.", first.message),
                1 => format!(
                    "The document is wrong: {}{place}, and one more finding.",
                    first.message
                ),
                more => format!(
                    "The document is wrong: {}{place}, and {more} more findings.",
                    first.message
                ),
            }
        }
        None => "The document is wrong.".into(),
    };
    Problem::unprocessable(
        "bad_document",
        message,
        "Nothing was stored; `findings` has each place and what to do.",
    )
    .findings(findings)
}
