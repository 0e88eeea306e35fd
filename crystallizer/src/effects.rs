//! What a call does to the world: the tool map's rule first, then the tool's own annotations as far as
//! they make it stricter, then the verb in its name. What nothing tells is left out, and counts as destructive.

mod verb;

use crate::session::ToolSpec;
use crate::tool_map::Target;
use druse_engine::definition::EffectLevel;
use serde_json::Value;

/// The effect of a call, where it can be told.
pub(crate) fn of(
    target: &Target<'_>,
    tool: &str,
    arguments: &Value,
    spec: Option<&ToolSpec>,
) -> Option<EffectLevel> {
    if let Some(effects) = target.effects {
        return Some(effects);
    }
    if let Some(shell) = &target.shell {
        return crate::shell_line::only_looks(&shell.line()).then_some(EffectLevel::Read);
    }
    if crate::determinism::is_shell_tool(tool) {
        let line = arguments
            .get("command")
            .or_else(|| arguments.get("cmd"))
            .and_then(Value::as_str);
        return line
            .is_some_and(crate::shell_line::only_looks)
            .then_some(EffectLevel::Read);
    }
    if target.action == "file" {
        return Some(
            match target.filled.request.get("op").and_then(Value::as_str) {
                Some("read" | "list" | "search") => EffectLevel::Read,
                Some("write") => EffectLevel::IdempotentWrite,
                _ => EffectLevel::Write,
            },
        );
    }
    match &*target.action {
        "transform" | "wait" | "approval_gate" => return Some(EffectLevel::Pure),
        _ => {}
    }
    hinted(by_name(tool, arguments), spec)
}

/// What the name of a tool says, made stricter by the hints of the tool.
fn hinted(named: Option<EffectLevel>, spec: Option<&ToolSpec>) -> Option<EffectLevel> {
    let hint = |name: &str| {
        spec.and_then(|spec| spec.annotations.get(name))
            .and_then(Value::as_bool)
    };
    if hint("destructiveHint") == Some(true) && hint("readOnlyHint") != Some(true) {
        return Some(EffectLevel::Destructive);
    }
    // A recorded hint is the word of whoever wrote the tool: it makes no verb harmless that writes, and nothing known of
    // what nothing else tells. Who trusts a server says so in a rule.
    let named = named?;
    let hinted = match (hint("readOnlyHint"), hint("idempotentHint")) {
        (Some(true), _) => EffectLevel::Read,
        (_, Some(true)) => EffectLevel::IdempotentWrite,
        (Some(false), _) if named <= EffectLevel::Read => EffectLevel::Write,
        _ => named,
    };
    Some(named.max(hinted))
}

/// What the verbs of a tool's name say.
fn by_name(tool: &str, arguments: &Value) -> Option<EffectLevel> {
    // Texts that replace others in a file: done twice, the second finds another file.
    if matches!(tool, "Edit" | "MultiEdit" | "NotebookEdit") {
        return Some(EffectLevel::Write);
    }
    let own = crate::name::of_call(tool, None);
    let words = crate::words::split(&own);
    let is_sql = words
        .iter()
        .any(|word| matches!(word.as_str(), "sql" | "query" | "statement"));
    if is_sql && let Some(level) = of_sql(arguments) {
        return Some(level);
    }
    // `run_query` and `execute_sql` with a text that is no plain look stay unknown.
    let first = words.first().map_or("", String::as_str);
    if is_sql && matches!(first, "run" | "execute") {
        return None;
    }
    // `generate_*` tools make a text or a plan; what else they do cannot be told from the name.
    verb::of_words(&words)
}

/// Whether a tool may change something, as far as its name and its arguments tell.
pub(crate) fn may_change(tool: &str, arguments: &Value) -> bool {
    by_name(tool, arguments).is_none_or(|level| level >= EffectLevel::IdempotentWrite)
}

/// A statement among the arguments that only selects is a look; one that does more is what its verb says.
fn of_sql(arguments: &Value) -> Option<EffectLevel> {
    let map = arguments.as_object()?;
    let text = ["sql", "query", "statement"]
        .iter()
        .find_map(|key| map.get(*key)?.as_str())?;
    let mut words = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase);
    let first = words.next()?;
    let changes = |word: &str| {
        matches!(
            word,
            "insert"
                | "update"
                | "delete"
                | "drop"
                | "alter"
                | "create"
                | "truncate"
                | "merge"
                | "grant"
                | "into"
                | "call"
                | "copy"
        )
    };
    match first.as_str() {
        "select" | "with" | "show" | "describe" | "explain" => {
            if words.any(|word| changes(&word)) {
                None
            } else {
                Some(EffectLevel::Read)
            }
        }
        "delete" | "drop" | "truncate" => Some(EffectLevel::Destructive),
        word if changes(word) => Some(EffectLevel::Write),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn verbs_of_names() {
        use EffectLevel::*;
        for (tool, arguments, expected) in [
            ("get_user", json!({}), Some(Read)),
            ("mcp__linear__create_comment", json!({}), Some(Write)),
            ("delete_file", json!({}), Some(Destructive)),
            ("update_user", json!({}), Some(IdempotentWrite)),
            ("MultiEdit", json!({}), Some(Write)),
            ("calculate", json!({}), Some(Pure)),
            ("frobnicate", json!({}), None),
            ("execute_sql", json!({ "sql": "SELECT 1" }), Some(Read)),
            (
                "execute_sql",
                json!({ "sql": "WITH x AS (DELETE FROM a) SELECT 1" }),
                None,
            ),
            (
                "run_query",
                json!({ "query": "drop table a" }),
                Some(Destructive),
            ),
            ("send_money", json!({}), Some(Write)),
            ("select_rows", json!({ "sql": "SELECT 1" }), Some(Read)),
        ] {
            assert_eq!(by_name(tool, &arguments), expected, "{tool}");
        }
    }

    #[test]
    fn hints_only_make_stricter() {
        use EffectLevel::*;
        let effects = |tool: &str, hints: Value| {
            let spec = ToolSpec {
                name: tool.to_owned(),
                annotations: hints.as_object().cloned().unwrap_or_default(),
                ..ToolSpec::default()
            };
            hinted(by_name(tool, &Value::Null), Some(&spec))
        };
        for (tool, hints, expected) in [
            ("get_user", json!({ "readOnlyHint": true }), Some(Read)),
            ("get_user", json!({ "readOnlyHint": false }), Some(Write)),
            (
                "get_user",
                json!({ "idempotentHint": true }),
                Some(IdempotentWrite),
            ),
            (
                "get_user",
                json!({ "destructiveHint": true }),
                Some(Destructive),
            ),
            (
                "delete_file",
                json!({ "readOnlyHint": true }),
                Some(Destructive),
            ),
            (
                "create_user",
                json!({ "readOnlyHint": true, "idempotentHint": true }),
                Some(Write),
            ),
            // What nothing else tells stays unknown, and counts as destructive.
            ("frobnicate", json!({ "readOnlyHint": true }), None),
            ("frobnicate", json!({ "idempotentHint": true }), None),
            ("frobnicate", json!({ "readOnlyHint": false }), None),
            (
                "frobnicate",
                json!({ "destructiveHint": true }),
                Some(Destructive),
            ),
            ("frobnicate", json!({}), None),
        ] {
            assert_eq!(effects(tool, hints.clone()), expected, "{tool} {hints}");
        }
    }
}
