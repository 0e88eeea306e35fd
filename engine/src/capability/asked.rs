//! What a configuration asks for. The same function reads it as it is written, with `*` in the place of what
//! is computed, and as it is rendered: so that both mean the same.

use super::{Grant, INTERPRETER};
use crate::plan::ActionKind;
use serde_json::{Map, Value};

/// What an action with this configuration touches. `host` gives the host of an address, none where it has
/// none.
pub fn asked(
    kind: ActionKind,
    with: &Map<String, Value>,
    host: &dyn Fn(&str) -> Option<String>,
) -> Vec<Grant> {
    let text = |key: &str| with.get(key).and_then(Value::as_str);
    let connection = text("connection").map(str::to_owned);
    let mut all: Vec<Grant> = connection
        .clone()
        .filter(|_| goes_over(kind))
        .map(Grant::Connection)
        .into_iter()
        .collect();
    match kind {
        ActionKind::Http => {
            if let Some(url) = text("url") {
                all.push(Grant::Host(host(url).unwrap_or_default()));
            }
        }
        ActionKind::Mcp => all.push(Grant::Tool(
            connection.unwrap_or_default(),
            text("tool").unwrap_or_default().to_owned(),
        )),
        ActionKind::Shell => {
            let program = match with.get("argv") {
                Some(argv) => argv.get(0).map_or_else(String::new, plain_text),
                None => INTERPRETER.to_owned(),
            };
            all.push(Grant::Program(program));
            if let Some(folder) = text("cwd") {
                all.push(Grant::Folder(folder.to_owned()));
            }
        }
        ActionKind::File => all.push(Grant::File(
            connection,
            below(text("path").unwrap_or_default()),
        )),
        ActionKind::Mail => {
            for key in ["to", "cc", "bcc"] {
                let addresses = match with.get(key) {
                    Some(Value::Array(several)) => several.as_slice(),
                    Some(one) => std::slice::from_ref(one),
                    None => &[],
                };
                let texts = addresses.iter().filter_map(Value::as_str);
                all.extend(texts.map(|text| Grant::Recipient(address(text))));
            }
        }
        ActionKind::Automation => {
            let name = text("name").or(text("id")).unwrap_or_default();
            all.push(Grant::Automation(name.to_owned()));
        }
        ActionKind::Emit => all.push(Grant::Event(text("type").unwrap_or_default().to_owned())),
        ActionKind::Sql
        | ActionKind::Transform
        | ActionKind::Wait
        | ActionKind::ApprovalGate
        | ActionKind::Switch
        | ActionKind::Tool => {}
    }
    all
}

fn goes_over(kind: ActionKind) -> bool {
    matches!(
        kind,
        ActionKind::Http | ActionKind::Mcp | ActionKind::File | ActionKind::Sql | ActionKind::Mail
    )
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A path without empty parts and single dots, as it is opened.
fn below(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    match parts.is_empty() {
        true => ".".to_owned(),
        false => parts.join("/"),
    }
}

/// The address in `Ana <ana@example.com>`.
fn address(text: &str) -> String {
    let inside = text
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(text, |(inside, _)| inside);
    inside.trim().to_lowercase()
}

/// The host of an address as it is written, with its port where that is not the scheme's own. Parts that are
/// computed stand as `*`.
pub fn authority(url: &str) -> Option<String> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        // What is computed may hold the scheme, too.
        None if url.contains('*') => return Some("*".to_owned()),
        None => return None,
    };
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let authority = authority.rsplit('@').next()?.to_ascii_lowercase();
    let usual = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let host = match authority.strip_suffix(usual) {
        Some(host) if !usual.is_empty() => host,
        _ => &authority,
    };
    // What is computed right behind a name is its path: were it more of the name, it could be any host.
    let host = match host.strip_suffix('*') {
        Some(name) if name.contains('.') && !name.ends_with([':', '.']) => name,
        _ => host,
    };
    Some(host.to_owned())
}
