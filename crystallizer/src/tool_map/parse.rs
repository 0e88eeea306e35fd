//! Reads a file of rules, and says everything that is wrong with it at once.

use super::ToolRule;
use druse_engine::Finding;
use serde_json::Value;

/// The kinds of action that a recorded tool can become.
const ACTIONS: [&str; 11] = [
    "transform",
    "wait",
    "approval_gate",
    "http",
    "shell",
    "mcp",
    "automation",
    "emit",
    "sql",
    "file",
    "mail",
];

/// Reads rules from YAML or JSON: `tools: [...]`, or the list alone.
pub fn parse_tools(text: &str) -> Result<Vec<ToolRule>, Vec<Finding>> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        budget: serde_saphyr::budget! {
            max_nodes: 20_000,
            max_depth: 64,
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
        },
    };
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let value: Value = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let mut finding = Finding::error(
            "unreadable_tools",
            "The tool map is not valid YAML or JSON.",
        )
        .help(
            "Write `tools:` and a list of rules under it, each with `match`, `action` and `with`.",
        );
        if let Some(place) = error.location() {
            finding.line = u32::try_from(place.line()).ok();
            finding.column = u32::try_from(place.column()).ok();
        }
        vec![finding]
    })?;
    tools_from_value(value)
}

/// Reads rules from a JSON value: `{"tools": [...]}`, or the list alone.
pub fn tools_from_value(value: Value) -> Result<Vec<ToolRule>, Vec<Finding>> {
    let items = match value {
        Value::Array(items) => items,
        Value::Object(mut map) => {
            let tools = map.remove("tools");
            if let Some(key) = map.keys().next() {
                return Err(vec![
                    Finding::error(
                        "unknown_key",
                        format!(
                            "The tool map knows no key `{}`.",
                            crate::show::text(key, 60)
                        ),
                    )
                    .help("The only key of a tool map is `tools`."),
                ]);
            }
            match tools {
                Some(Value::Array(items)) => items,
                None | Some(Value::Null) => Vec::new(),
                Some(_) => return Err(vec![no_list()]),
            }
        }
        _ => return Err(vec![no_list()]),
    };
    let mut rules = Vec::with_capacity(items.len());
    let mut findings = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        match serde_json::from_value::<ToolRule>(item) {
            Ok(rule) => {
                if let Some(problem) = rule.problem() {
                    findings.push(wrong(index, &problem));
                }
                rules.push(rule);
            }
            Err(error) => findings.push(wrong(index, &error.to_string())),
        }
    }
    if findings.is_empty() {
        Ok(rules)
    } else {
        Err(findings)
    }
}

fn no_list() -> Finding {
    Finding::error("unreadable_tools", "The tool map holds no list of rules.").help(
        "Write `tools:` and a list of rules under it, each with `match`, `action` and `with`.",
    )
}

fn wrong(index: usize, problem: &str) -> Finding {
    Finding::error("wrong_tool_rule", format!("Rule {} of the tool map is wrong: {problem}.", index + 1))
        .help("A rule has `match`, `action`, `with`, and where wanted `effects`, `deterministic`, `reason`, `result`.")
        .at_path(format!("/tools/{index}"))
}

impl ToolRule {
    /// What is wrong with the rule, where something is.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.pattern.is_empty() {
            return Some("`match` is empty".to_owned());
        }
        if !ACTIONS.contains(&self.action.as_str()) {
            return Some(format!(
                "`{}` is no action that a tool can become (one of {})",
                crate::show::text(&self.action, 40),
                ACTIONS.join(", ")
            ));
        }
        if let Some(result) = &self.result
            && result_path(result).is_none()
        {
            return Some(format!(
                "`result: {}` is no path into the output, such as output.json.data",
                crate::show::text(result, 60)
            ));
        }
        None
    }
}

/// The words of a `result` path after `output`.
pub(crate) fn result_path(text: &str) -> Option<Vec<String>> {
    let mut words = text.split('.').map(str::trim);
    let first = words.next()?;
    let mut path: Vec<String> = words.map(str::to_owned).collect();
    if first != "output" {
        path.insert(0, first.to_owned());
    }
    let plain = |word: &String| {
        !word.is_empty()
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !word.starts_with(|c: char| c.is_ascii_digit())
    };
    path.iter().all(plain).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_form() {
        let rules = parse_tools(
            "tools:\n  - match: \"generate_*\"\n    action: http\n    with: { connection: tools, method: POST, path: \"/tools/{{ call.name }}\", json: \"{{ call.arguments }}\" }\n    effects: read\n    deterministic: false\n    reason: an AI writes the SQL\n",
        )
        .unwrap();
        assert_eq!(rules[0].pattern, "generate_*");
        assert_eq!(rules[0].deterministic, Some(false));
        assert_eq!(parse_tools("[]").unwrap(), []);
        assert_eq!(parse_tools("").unwrap(), []);
    }

    #[test]
    fn says_all_that_is_wrong() {
        let findings = parse_tools("tools:\n  - { match: a, action: fly }\n  - { match: b, acton: http }\n  - { match: c, action: http, result: \"output.[0]\" }\n")
            .unwrap_err();
        let said: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
        insta::assert_debug_snapshot!(said, @r#"
[
    "Rule 1 of the tool map is wrong: `fly` is no action that a tool can become (one of transform, wait, approval_gate, http, shell, mcp, automation, emit, sql, file, mail).",
    "Rule 2 of the tool map is wrong: unknown field `acton`, expected one of `match`, `action`, `with`, `effects`, `deterministic`, `reason`, `result`.",
    "Rule 3 of the tool map is wrong: `result: output.[0]` is no path into the output, such as output.json.data.",
]
"#);
        assert_eq!(
            parse_tools("tools: [").unwrap_err()[0].code,
            "unreadable_tools"
        );
        assert_eq!(parse_tools("tols: []").unwrap_err()[0].code, "unknown_key");
        assert_eq!(
            parse_tools("tools: 5").unwrap_err()[0].code,
            "unreadable_tools"
        );
    }
}
