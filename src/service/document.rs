//! Reading and checking automation documents against what this server has.

use super::{App, Problem, page};
use crate::action::shell::INTERPRETER;
use druse_engine::carried;
use druse_engine::check::{Catalog, check};
use druse_engine::definition::{Document, Parsed, Step, Syntax, blocks_storing, from_value, parse};
use druse_engine::{Finding, Severity};
use druse_storage::{AutomationName, Connection, ReadError, Secret};
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

/// What was said about a text as a document.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The document; none where the text is none.
    pub document: Option<Document>,
    /// All findings, with their places.
    pub findings: Vec<Finding>,
    yaml: bool,
}

impl Judged {
    /// Whether it would be stored.
    pub fn storable(&self) -> bool {
        self.document.is_some() && !self.findings.iter().any(keeps_out)
    }
}

impl App {
    /// What connections, secrets and automations there are.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn catalog(&self) -> Result<Catalog, ReadError> {
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
        Ok(self.check_with(document, &self.catalog()?))
    }

    /// The findings of the engine, of the triggers, and of what this server lets steps do, each once.
    pub fn check_with(&self, document: &Document, catalog: &Catalog) -> Vec<Finding> {
        let mut findings = check(document, catalog);
        druse_triggers::check::add_to(&mut findings, document);
        if let Some(allowed) = &self.options.programs {
            findings.extend(refused_programs(document, allowed));
        }
        findings
    }

    /// Reads a document from the body of a request.
    ///
    /// # Errors
    /// 415 for another media type, 422 with findings for a wrong document.
    pub fn read_document(&self, media: &str, body: &[u8]) -> Result<Written, Problem> {
        let judged = self.judge(media, body)?;
        let Some(document) = judged.document else {
            return Err(wrong(judged.findings));
        };
        refuse_wrong(judged.findings)?;
        let text = judged
            .yaml
            .then(|| String::from_utf8_lossy(body).into_owned());
        Ok(Written { document, text })
    }

    /// Says all that there is to say about the body of a request as a document, and keeps nothing of it.
    ///
    /// # Errors
    /// 415 for another media type.
    pub fn judge(&self, media: &str, body: &[u8]) -> Result<Judged, Problem> {
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
        let yaml = matches!(syntax, Syntax::Yaml);
        let unread = |findings| Judged {
            document: None,
            yaml,
            findings,
        };
        let text = match std::str::from_utf8(body) {
            Ok(text) => text,
            Err(error) => return Ok(unread(vec![no_text(&body[..error.valid_up_to()])])),
        };
        let Parsed {
            document,
            source,
            mut findings,
        } = match parse(text, syntax) {
            Ok(parsed) => parsed,
            Err(findings) => return Ok(unread(findings)),
        };
        findings.extend(self.check(&document)?);
        source.locate(&mut findings);
        Ok(Judged {
            document: Some(document),
            yaml,
            findings,
        })
    }

    /// Takes a document that was changed as a value.
    ///
    /// # Errors
    /// 422 with findings for a wrong document.
    pub fn changed_document(&self, value: Value) -> Result<Document, Problem> {
        let mut document = from_value(value).map_err(wrong)?;
        carried::settle(&mut document);
        refuse_wrong(self.check(&document)?)?;
        Ok(document)
    }
}

/// What would fail in a run because the server's configuration does not allow it.
fn refused_programs(document: &Document, allowed: &[String]) -> Vec<Finding> {
    let shell = |step: &&Step| step.action.as_deref() == Some("shell");
    let steps = document.steps.iter().enumerate();
    steps
        .filter(|(_, step)| shell(step))
        .filter_map(|(index, step)| {
            let with = step.with.as_ref()?;
            let (program, place) = match with.get("argv").and_then(|argv| argv.get(0)) {
                Some(program) => (program.as_str()?, "argv/0"),
                None => (INTERPRETER, "script"),
            };
            let refused = !allowed.iter().any(|known| known == program);
            refused.then(|| {
                Finding::error(
                    "program_not_allowed",
                    format!("the program `{program}` is not allowed on this server"),
                )
                .at_step(&step.id)
                .at_path(format!("/steps/{index}/with/{place}"))
                .help("an admin allows it in the server's configuration: `allow_programs`, or `druse serve --allow-program`")
            })
        })
        .collect()
}

/// Whether a finding keeps a document from being stored.
fn keeps_out(finding: &Finding) -> bool {
    finding.severity == Severity::Error && blocks_storing(&finding.code)
}

/// 422 when a finding keeps the document from being stored.
fn refuse_wrong(findings: Vec<Finding>) -> Result<(), Problem> {
    if findings.iter().any(keeps_out) {
        Err(wrong(findings))
    } else {
        Ok(())
    }
}

/// The finding of bytes that are no text, after these that are.
fn no_text(before: &[u8]) -> Finding {
    let mut finding = Finding::error("unreadable", "the document is not text in UTF-8")
        .help("save it as UTF-8 and send it again");
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    finding.line = u32::try_from(lines + 1).ok();
    finding
}

fn wrong(findings: Vec<Finding>) -> Problem {
    // What keeps it from being stored, before what only keeps it from being activated.
    let first = findings
        .iter()
        .find(|finding| keeps_out(finding))
        .or(findings
            .iter()
            .find(|finding| finding.severity == Severity::Error))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_the_server_does_not_allow_are_named_with_their_place() {
        let text = "druse: 1
name: runs
steps:
  - { id: a, action: shell, with: { argv: [git, status] } }
  - { id: b, action: shell, with: { argv: [/usr/bin/git, status] } }
  - { id: c, action: shell, with: { script: git status } }
  - { id: d, action: transform, with: { value: 1 } }
";
        let document = parse(text, Syntax::Yaml).unwrap().document;
        let refused = |allowed: &[&str]| -> Vec<String> {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            let findings = refused_programs(&document, &allowed);
            findings
                .into_iter()
                .filter_map(|finding| finding.path)
                .collect()
        };
        assert_eq!(
            refused(&["git"]),
            ["/steps/1/with/argv/0", "/steps/2/with/script"]
        );
        assert!(refused(&["git", "/usr/bin/git", "/bin/sh"]).is_empty());
        assert!(!blocks_storing("program_not_allowed"));
    }
}
