//! The connections file: `connections: {name: {kind: …}}`, as YAML or JSON.

use super::{Connection, parse::pointer};
use druse_engine::Finding;
use serde_json::Value;
use std::collections::BTreeMap;

/// Largest file that is read.
const LARGEST: usize = 1 << 20;

/// Reads a connections file. Paths in it stay as they are written.
///
/// # Errors
/// All findings of all connections, each with its place.
pub fn parse_file(text: &str) -> Result<BTreeMap<String, Connection>, Vec<Finding>> {
    let value = read(text).map_err(|finding| vec![*finding])?;
    let Some(named) = value.get("connections").and_then(Value::as_object) else {
        return Err(vec![
            Finding::error("missing_key", "The file has no object \"connections\".")
                .help("Write it as connections: {name: {kind: http, base_url: …}}."),
        ]);
    };
    let mut findings = Vec::new();
    for key in value.as_object().into_iter().flat_map(|file| file.keys()) {
        if key != "connections" {
            let unknown = Finding::error("unknown_key", format!("{key:?} is not known here."))
                .at_path(format!("/{}", pointer(key)))
                .help("A connections file holds the key \"connections\" alone.");
            findings.push(unknown);
        }
    }
    let mut connections = BTreeMap::new();
    for (name, value) in named {
        let at = format!("/connections/{}", pointer(name));
        if !is_name(name) {
            let wrong = format!("{name:?} cannot be the name of a connection.");
            let wrong = Finding::error("wrong_name", wrong)
                .at_path(&at)
                .help("Use letters, digits, dots, dashes and underscores.");
            findings.push(wrong);
        }
        findings.extend(super::in_clear(&at, value));
        match Connection::parse(&at, value) {
            Ok(connection) => {
                connections.insert(name.clone(), connection);
            }
            Err(wrong) => findings.extend(wrong),
        }
    }
    if findings.is_empty() {
        Ok(connections)
    } else {
        Err(findings)
    }
}

/// The connections of a file as they are written, by name.
///
/// # Errors
/// As [`parse_file`].
pub fn file_definitions(text: &str) -> Result<BTreeMap<String, Value>, Vec<Finding>> {
    let known = parse_file(text)?;
    let value = read(text).map_err(|finding| vec![*finding])?;
    let named = known.into_keys().map(|name| {
        let definition = value["connections"][&name].clone();
        (name, definition)
    });
    Ok(named.collect())
}

/// Whether a text can be the name of a connection: `[A-Za-z0-9][A-Za-z0-9_.-]*`, at most 100 characters.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        && text.len() <= 100
}

fn read(text: &str) -> Result<Value, Box<Finding>> {
    if text.len() > LARGEST {
        return Err(Finding::error("too_large", "The file is larger than 1 MiB.").into());
    }
    // Values stay what they look like (`NO` is a text), and nothing can grow by being read.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        budget: serde_saphyr::budget! {
            max_nodes: 20_000,
            max_depth: 64,
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
        },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default();
        let mut finding = Finding::error("syntax", format!("The file is not YAML: {first}."));
        if let Some(place) = error.location() {
            finding.line = u32::try_from(place.line()).ok();
            finding.column = u32::try_from(place.column()).ok();
        }
        Box::new(finding.help("A value that begins with {{ stands in quotes."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_yaml_and_json() {
        let yaml = "connections:\n  bi: {kind: http, base_url: 'https://bi.example.com', headers: {x-country: NO}}\n  dw:\n    kind: mcp\n    command: [dw, --fast]\n    env: {KEY: \"{{ secrets.DW }}\"}\n";
        let connections = parse_file(yaml).unwrap();
        assert_eq!(connections.keys().collect::<Vec<_>>(), ["bi", "dw"]);
        let Connection::Http(bi) = &connections["bi"] else {
            panic!()
        };
        assert_eq!(bi.headers["x-country"], "NO");
        let json = r#"{"connections": {"a.b": {"kind": "mcp", "url": "https://h/mcp"}}}"#;
        assert_eq!(parse_file(json).unwrap().len(), 1);
    }

    #[test]
    fn says_where_it_is_wrong() {
        let wrong = parse_file("connections: {a/b: {kind: http}}\nother: 1\n").unwrap_err();
        let places: Vec<_> = wrong.iter().filter_map(|f| f.path.as_deref()).collect();
        assert_eq!(
            places,
            ["/other", "/connections/a~1b", "/connections/a~1b/base_url"]
        );
        let codes: Vec<_> = wrong.iter().map(|f| f.code.as_str()).collect();
        assert_eq!(codes, ["unknown_key", "wrong_name", "missing_key"]);
        let wrong = parse_file("connections:\n  a: {b: \n]").unwrap_err();
        assert_eq!((wrong[0].code.as_str(), wrong[0].line), ("syntax", Some(2)));
        assert_eq!(parse_file("[]").unwrap_err()[0].code, "missing_key");
        assert_eq!(parse_file("").unwrap_err()[0].code, "missing_key");
    }
}
