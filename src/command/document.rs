//! Documents and what goes with them, read from files and checked.

use crate::client::{EXIT_DATA, Failure};
use druse_crystallizer::ToolRule;
use druse_engine::check::Catalog;
use druse_engine::definition::{self, Document, SourceMap, Syntax};
use druse_engine::{Finding, Severity};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// A document from a file, with its text and its places.
pub(super) struct Loaded {
    pub(super) text: String,
    pub(super) document: Document,
    pub(super) source: SourceMap,
    pub(super) warnings: Vec<Finding>,
}

/// How a file is written, by its name: `.json` is JSON, anything else YAML, which holds JSON too.
pub(super) fn syntax_of(path: &Path) -> Syntax {
    if path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    {
        Syntax::Json
    } else {
        Syntax::Yaml
    }
}

/// Whether a text is the path of a file and not a name: it stands in a folder, or ends as a document does. A file that
/// happens to have the name of an automation is none.
pub(super) fn is_path(text: &str) -> bool {
    let path = Path::new(text);
    let ends = path.extension();
    text.contains('/')
        || ends.is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known))
}

/// Reads a text file, `-` for standard input.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read_bytes(path)?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::data(
            "not_text",
            format!("{} is no UTF-8 text.", path.display()),
            "Documents are YAML or JSON in UTF-8.",
        )
    })
}

/// Reads a file, `-` for standard input.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
            .map_err(|error| Failure::io(path, &error))?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(|error| Failure::io(path, &error))
}

/// A document that is structurally right; otherwise its findings.
pub(super) fn parse(path: &Path) -> Result<Result<Loaded, (String, Vec<Finding>)>, Failure> {
    let text = read_text(path)?;
    Ok(match definition::parse(&text, syntax_of(path)) {
        Ok(parsed) => Ok(Loaded {
            text,
            document: parsed.document,
            source: parsed.source,
            warnings: parsed.findings,
        }),
        Err(findings) => Err((text, findings)),
    })
}

/// A document that is structurally right; otherwise its findings are the failure.
pub(super) fn load(path: &Path) -> Result<Loaded, Failure> {
    parse(path)?.map_err(|(text, findings)| wrong(path, &text, &findings))
}

/// A document that a store takes; otherwise its findings are the failure.
pub(super) fn load_storable(path: &Path) -> Result<Loaded, Failure> {
    let loaded = load(path)?;
    let mut findings = check(&loaded, None);
    findings.retain(|finding| {
        finding.severity == Severity::Error && definition::blocks_storing(&finding.code)
    });
    if findings.is_empty() {
        Ok(loaded)
    } else {
        Err(wrong(path, &loaded.text, &findings))
    }
}

/// A failure that shows findings in their source.
pub(super) fn wrong(path: &Path, text: &str, findings: &[Finding]) -> Failure {
    let shown: Vec<String> = findings
        .iter()
        .map(|finding| finding.render(&path.display().to_string(), text))
        .collect();
    let code = findings
        .first()
        .map_or("invalid", |finding| finding.code.as_str());
    let message = format!(
        "{} cannot be used as it is.\n{}",
        path.display(),
        shown.join("\n").trim_end()
    );
    Failure::new(
        EXIT_DATA,
        code,
        message,
        "docs/findings.md says of each code what it means and what to do.",
    )
}

/// Everything that is to be said about a document, with places.
pub(super) fn check(loaded: &Loaded, connections: Option<&Map<String, Value>>) -> Vec<Finding> {
    let catalog = Catalog {
        connections: connections.map(kinds),
        ..Catalog::default()
    };
    let mut findings = loaded.warnings.clone();
    findings.extend(druse_engine::check::check(&loaded.document, &catalog));
    druse_triggers::check::add_to(&mut findings, &loaded.document);
    loaded.source.locate(&mut findings);
    findings
}

/// Whether any finding blocks.
pub(super) fn blocks(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

fn kinds(connections: &Map<String, Value>) -> BTreeMap<String, String> {
    connections
        .iter()
        .map(|(name, value)| {
            (
                name.clone(),
                value["kind"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

/// The connections of a file, each as it is written.
pub(super) fn connections_file(path: &Path) -> Result<Map<String, Value>, Failure> {
    let text = read_text(path)?;
    let read = definition::parse_value(&text, syntax_of(path));
    crate::connection::parse_file(&text).map_err(|mut findings| {
        if let Ok((_, source)) = &read {
            source.locate(&mut findings);
        }
        wrong(path, &text, &findings)
    })?;
    let (value, _) = read.map_err(|findings| wrong(path, &text, &findings))?;
    Ok(value["connections"]
        .as_object()
        .cloned()
        .unwrap_or_default())
}

/// The rules of a tool map file.
pub(super) fn tools_file(path: &Path) -> Result<Vec<ToolRule>, Failure> {
    let text = read_text(path)?;
    druse_crystallizer::parse_tools(&text).map_err(|findings| wrong(path, &text, &findings))
}
