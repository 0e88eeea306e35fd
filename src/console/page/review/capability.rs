//! What an automation may touch.

use maud::{Markup, html};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of things with their names, in a fixed order.
fn touched(document: &Value) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut all: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    steps(&document["steps"], &mut all);
    for part in ["on_failure", "finally"] {
        steps(&document[part], &mut all);
    }
    let text = document.to_string();
    for rest in text.split("secrets.").skip(1) {
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        all.entry("secrets").or_default().insert(name);
    }
    all
}

fn steps(list: &Value, all: &mut BTreeMap<&'static str, BTreeSet<String>>) {
    for step in list.as_array().into_iter().flatten() {
        steps(&step["steps"], all);
        let with = &step["with"];
        let mut add = |kind, text: Option<&str>| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                all.entry(kind).or_default().insert(text.to_owned());
            }
        };
        add("connections", with["connection"].as_str());
        match step["action"].as_str().unwrap_or_default() {
            "mcp" | "tool" => add("tools", with["tool"].as_str()),
            "http" => add("addresses", with["url"].as_str()),
            "shell" => match with["argv"][0].as_str() {
                Some(program) => add("programs", Some(program)),
                None => add("programs", with["script"].as_str().map(|_| "/bin/sh")),
            },
            "file" => add("files", with["path"].as_str()),
            "automation" => add("automations", with["name"].as_str().or(with["id"].as_str())),
            "emit" => add("events", with["type"].as_str()),
            _ => {}
        }
    }
}

/// The list, as people read it.
pub(super) fn list(document: &Value) -> Markup {
    let all = touched(document);
    html! {
        @if all.is_empty() { p .dim { "Nothing outside of itself." } } @else {
            dl .pairs {
                @for (kind, names) in &all {
                    dt { (kind) }
                    dd { @for name in names { code .value { (name) } " " } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_outside_is_named_once_loops_included() {
        let document = json!({ "steps": [
            { "id": "a", "action": "mcp", "with": { "connection": "c", "tool": "t", "arguments": {} } },
            { "id": "l", "for_each": {}, "steps": [
                { "id": "b", "action": "shell", "with": { "argv": ["git", "x"] } },
                { "id": "d", "action": "http", "with": { "url": "https://x.example", "headers": { "a": "{{ secrets.key }}" } } },
            ] },
        ] });
        let all = touched(&document);
        let named = |kind: &str| all[kind].iter().cloned().collect::<Vec<_>>();
        assert_eq!(named("connections"), ["c"]);
        assert_eq!(named("programs"), ["git"]);
        assert_eq!(named("secrets"), ["key"]);
        assert_eq!(named("addresses"), ["https://x.example"]);
    }
}
