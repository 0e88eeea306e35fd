//! What a version asks of tools, beside what their servers offer at its activation: tools that are not there, arguments
//! that they want and are not given, arguments that they do not know, and what has changed since they were seen last.

use super::pins::Listed;
use crate::action::schema_changes;
use druse_engine::Finding;
use druse_engine::capability::{Grant, Need, needs};
use druse_engine::definition::Document;
use druse_engine::expression::nearest;
use druse_storage::ToolPin;
use serde_json::{Map, Value};

/// The code of a finding about a tool that takes other arguments than when it was seen last.
pub(super) const TOOL_RENEWED: &str = "tool_renewed";

/// The codes of all that is said here.
pub(crate) const CODES: [&str; 4] = [
    "argument_missing",
    "argument_unknown",
    "tool_not_offered",
    TOOL_RENEWED,
];

/// How many names are told at most.
const TOLD: usize = 8;

/// What is to be said of the tools that a document calls. `stored` is the document as it is stored, and `before` are the
/// tools as they were seen before.
pub(super) fn findings(
    document: &Document,
    stored: &Value,
    listed: &Listed,
    before: &[ToolPin],
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut renewed = Vec::new();
    for need in needs(document).iter().filter(|need| !need.computed) {
        let Grant::Tool(connection, tool) = &need.grant else {
            continue;
        };
        let Some(offered) = listed.offered.get(connection) else {
            continue;
        };
        let Some((_, schema)) = offered.iter().find(|(name, _)| name == tool) else {
            found.push(not_offered(need, connection, tool, offered));
            continue;
        };
        let with = stored.pointer(&need.path);
        match with.and_then(|with| with.get("arguments")) {
            Some(Value::Object(given)) => arguments(need, tool, given, schema, &mut found),
            None => arguments(need, tool, &Map::new(), schema, &mut found),
            // What an expression gives is known in a run.
            Some(_) => {}
        }
        let pin = before
            .iter()
            .find(|pin| pin.connection == *connection && pin.tool == *tool);
        let known = renewed.contains(&(connection, tool));
        if let Some(pin) = pin.filter(|pin| !known && pin.schema != *schema) {
            renewed.push((connection, tool));
            let changes = schema_changes(&pin.schema, Some(schema));
            let said: Vec<&str> = changes
                .iter()
                .filter_map(|change| change["message"].as_str())
                .take(TOLD)
                .collect();
            let message = format!(
                "`{tool}` of `{connection}` takes other arguments than when it was seen last: {}",
                said.join(" ")
            );
            let finding = Finding::warning("tool_renewed", message)
                .help("from the activation on it is taken as it is now");
            found.push(at(finding, need, "/tool"));
        }
    }
    found
}

/// Whether the same tool is asked for at the place of a finding in two documents, as they are stored.
pub(super) fn asks_the_same(finding: &Finding, one: &Value, other: &Value) -> bool {
    let Some(path) = finding.path.as_deref() else {
        return false;
    };
    let with = path.strip_suffix("/tool").or_else(|| {
        let (with, _) = path.rsplit_once("/arguments/")?;
        Some(with)
    });
    let tool = |document: &Value| {
        let with = document.pointer(with?)?;
        Some((with.get("connection")?.clone(), with.get("tool")?.clone()))
    };
    tool(one).is_some() && tool(one) == tool(other)
}

fn at(finding: Finding, need: &Need, inner: &str) -> Finding {
    let path = format!("{}{inner}", need.path);
    match &need.step {
        Some(step) => finding.at_step(step.as_str()).at_path(path),
        None => finding.at_path(path),
    }
}

fn not_offered(need: &Need, connection: &str, tool: &str, offered: &[(String, Value)]) -> Finding {
    let names = || offered.iter().map(|(name, _)| name.as_str());
    let help = match nearest(tool, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if offered.is_empty() => "it offers none at all".to_owned(),
        None => {
            let more = if offered.len() > TOLD { ", …" } else { "" };
            let first: Vec<&str> = names().take(TOLD).collect();
            format!("it offers {}{more}", first.join(", "))
        }
    };
    let message =
        format!("the server of `{connection}` offers no tool `{tool}`: each call would fail");
    let finding = Finding::warning("tool_not_offered", message).help(help);
    at(finding.must_acknowledge(), need, "/tool")
}

/// Holds what a step gives a tool beside the schema of its arguments.
fn arguments(
    need: &Need,
    tool: &str,
    given: &Map<String, Value>,
    schema: &Value,
    found: &mut Vec<Finding>,
) {
    let known = schema["properties"].as_object();
    let place = |name: &str| {
        let name = name.replace('~', "~0").replace('/', "~1");
        format!("/arguments/{name}")
    };
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if given.contains_key(name) {
            continue;
        }
        let message = format!("`{tool}` requires `{name}`, and the step does not give it");
        let finding = Finding::warning("argument_missing", message)
            .help("give it under `arguments`")
            .must_acknowledge();
        found.push(at(finding, need, &place(name)));
    }
    // What a schema does not close, or closes elsewhere, may be meant for arguments without a name in it.
    let open = ["patternProperties", "allOf", "anyOf", "oneOf", "$ref", "if"];
    let closed = match schema.get("additionalProperties") {
        None | Some(Value::Bool(false)) => open.iter().all(|key| schema.get(key).is_none()),
        Some(_) => false,
    };
    let Some(known) = known.filter(|_| closed) else {
        return;
    };
    for name in given.keys().filter(|name| !known.contains_key(*name)) {
        let help = match nearest(name, known.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = known.keys().map(String::as_str).take(TOLD).collect();
                match names.is_empty() {
                    true => "it takes none".to_owned(),
                    false => format!("it takes {}", names.join(", ")),
                }
            }
        };
        let message = format!("`{tool}` knows no argument `{name}`");
        let finding = Finding::warning("argument_unknown", message)
            .help(help)
            .must_acknowledge();
        found.push(at(finding, need, &place(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::capability::schema_digest;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn pin(tool: &str, schema: &Value) -> ToolPin {
        ToolPin {
            connection: "shop".into(),
            tool: tool.into(),
            digest: schema_digest(schema),
            schema: schema.clone(),
        }
    }

    fn said(with: Value, schema: &Value, before: &[ToolPin]) -> Vec<String> {
        let stored = json!({ "druse": 1, "name": "x", "steps": [{ "id": "a", "action": "mcp", "with": with }] });
        let document: Document = serde_json::from_value(stored.clone()).unwrap();
        let listed = Listed {
            version: 1,
            tools: Vec::new(),
            offered: BTreeMap::from([(
                "shop".into(),
                vec![("refund_order".into(), schema.clone())],
            )]),
        };
        let found = findings(&document, &stored, &listed, before);
        let line = |one: &Finding| format!("{} | {} | {}", one.id, one.message, one.help);
        found.iter().map(line).collect()
    }

    #[test]
    fn tools_and_arguments_are_held_beside_what_is_offered() {
        let schema = json!({
            "type": "object", "required": ["id", "a/b"],
            "properties": { "id": {}, "a/b": {}, "amount": {} },
        });
        let with = |tool: &str, arguments: Value| json!({ "connection": "shop", "tool": tool, "arguments": arguments });
        assert_eq!(
            said(with("refund_ordr", json!({})), &schema, &[]),
            [
                "tool_not_offered:a:/steps/0/with/tool | the server of `shop` offers no tool `refund_ordr`: each call would fail | did you mean `refund_order`?"
            ]
        );
        assert_eq!(
            said(
                with("refund_order", json!({ "id": 1, "amuont": "{{ run.id }}" })),
                &schema,
                &[]
            ),
            [
                "argument_missing:a:/steps/0/with/arguments/a~1b | `refund_order` requires `a/b`, and the step does not give it | give it under `arguments`",
                "argument_unknown:a:/steps/0/with/arguments/amuont | `refund_order` knows no argument `amuont` | did you mean `amount`?",
            ]
        );
        let good = with("refund_order", json!({ "id": 1, "a/b": 2 }));
        assert!(said(good.clone(), &schema, &[]).is_empty());
        // What an expression gives, and what a schema leaves open, may be right.
        let given = json!({ "connection": "shop", "tool": "refund_order", "arguments": "{{ inputs.all }}" });
        assert!(said(given, &schema, &[]).is_empty());
        let mut open = schema.clone();
        open["additionalProperties"] = json!({ "type": "string" });
        let more = with("refund_order", json!({ "id": 1, "a/b": 2, "more": 3 }));
        assert!(said(more, &open, &[]).is_empty());
        // A connection that nobody was asked of.
        assert!(said(json!({ "connection": "other", "tool": "x" }), &schema, &[]).is_empty());

        let mut before = schema.clone();
        before["required"] = json!(["id"]);
        assert_eq!(
            said(good.clone(), &schema, &[pin("refund_order", &before)]),
            [
                "tool_renewed:a:/steps/0/with/tool | `refund_order` of `shop` takes other arguments than when it was seen last: /required has a/b added. | from the activation on it is taken as it is now"
            ]
        );
        assert!(said(good, &schema, &[pin("refund_order", &schema)]).is_empty());
    }

    #[test]
    fn the_same_is_asked_for_where_the_same_tool_is() {
        let document =
            |tool: &str| json!({ "steps": [{ "with": { "connection": "shop", "tool": tool } }] });
        let finding =
            Finding::warning("argument_missing", "x").at_path("/steps/0/with/arguments/a");
        assert!(asks_the_same(&finding, &document("a"), &document("a")));
        assert!(!asks_the_same(&finding, &document("a"), &document("b")));
        assert!(!asks_the_same(&finding, &json!({}), &json!({})));
    }
}
