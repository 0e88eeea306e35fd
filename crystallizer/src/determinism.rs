//! Whether equal arguments give equal answers. The tool map's rule decides; without one a reason must
//! apply to the tool: an AI writes the answer, it searches, it reads the web, the clock, chance, a page
//! of a list, something that changes by itself, or a person.

use crate::session::ToolSpec;
use crate::tool_map::Target;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why the answer may differ though the arguments do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reason {
    /// `tool_map`, `model`, `web_search`, `search`, `web_fetch`, `time`, `random`, `paging`, `live`, `person`
    /// or `open_world`.
    pub(crate) code: String,
    /// In one sentence.
    pub(crate) message: String,
}

fn reason(code: &str, message: impl Into<String>) -> Reason {
    Reason {
        code: code.to_owned(),
        message: message.into(),
    }
}

/// Tools that run shell lines, whoever offers them.
pub(crate) fn is_shell_tool(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "bash"
            | "shell"
            | "execute_bash"
            | "run_shell_command"
            | "exec_command"
            | "shell_command"
            | "local_shell_call"
            | "terminal"
            | "run_terminal_cmd"
            | "execute_command"
            | "container.exec"
    )
}

/// The reasons why the answer to equal arguments may differ; empty: it counts as deterministic.
pub(crate) fn of(
    target: &Target<'_>,
    tool: &str,
    arguments: &Value,
    spec: Option<&ToolSpec>,
) -> Vec<Reason> {
    match target.deterministic {
        Some(true) => return Vec::new(),
        Some(false) => {
            let why = target
                .reason
                .clone()
                .unwrap_or_else(|| "the tool map says so".to_owned());
            return vec![reason("tool_map", why)];
        }
        None => {}
    }
    if let Some(why) = &target.reason {
        return vec![reason("tool_map", why.clone())];
    }
    if matches!(&*target.action, "transform" | "approval_gate" | "wait") {
        return Vec::new();
    }
    let line = match &target.shell {
        Some(shell) => Some(shell.line()),
        None if is_shell_tool(tool) => arguments
            .get("command")
            .and_then(Value::as_str)
            .map(str::to_owned),
        None => None,
    };
    if let Some(line) = line {
        return of_shell(&line);
    }
    of_tool(tool, arguments, spec)
}

fn of_tool(tool: &str, arguments: &Value, spec: Option<&ToolSpec>) -> Vec<Reason> {
    let own = crate::name::of_call(tool, None);
    let words = crate::words::split(&own);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let pair = |one: &[&str], two: &[&str]| has(one) && has(two);
    let argument = |list: &[&str]| {
        arguments.as_object().is_some_and(|map| {
            map.iter().any(|(key, value)| {
                !value.is_null() && list.contains(&key.to_ascii_lowercase().as_str())
            })
        })
    };
    let mut reasons = Vec::new();

    let makes = has(&[
        "generate",
        "generated",
        "compose",
        "brainstorm",
        "suggest",
        "rewrite",
        "paraphrase",
    ]) || words.first().is_some_and(|word| word == "draft");
    let mechanical = has(&[
        "report",
        "invoice",
        "pdf",
        "csv",
        "key",
        "link",
        "url",
        "barcode",
        "qr",
        "thumbnail",
        "label",
        "certificate",
        "file",
        "id",
        "uuid",
        "guid",
        "token",
        "password",
        "number",
        "hash",
        "checksum",
        "keypair",
        "otp",
        "nonce",
    ]);
    let ai = has(&[
        "llm",
        "gpt",
        "openai",
        "anthropic",
        "gemini",
        "ai",
        "prompt",
        "completion",
        "completions",
        "nl2sql",
    ]) || has(&[
        "summarize",
        "summarise",
        "translate",
        "sentiment",
        "classify",
    ]) || has(&["agent", "subagent", "task"])
        && (argument(&[
            "prompt",
            "request",
            "instruction",
            "instructions",
            "question",
        ]))
        || has(&["delegate"])
        || own.eq_ignore_ascii_case("task")
        || words.last().is_some_and(|word| word == "agent")
            && !has(&["transfer", "get", "list", "create"])
        || pair(&["ask", "chat"], &["model", "assistant", "expert", "bot"])
        || makes
            && (!mechanical || argument(&["prompt", "question", "instruction", "instructions"]));
    let said = spec
        .and_then(|spec| spec.description.as_deref())
        .is_some_and(says_ai);
    if ai || said {
        reasons.push(reason("model", "an AI model writes the answer"));
    }

    let web = has(&[
        "web",
        "google",
        "bing",
        "brave",
        "duckduckgo",
        "tavily",
        "serp",
        "serpapi",
        "internet",
        "perplexity",
        "exa",
        "online",
    ]);
    if has(&["search", "searches", "grounding", "rag"])
        || pair(&["web"], &["find", "lookup", "query"])
    {
        if web {
            reasons.push(reason(
                "web_search",
                "what a web search finds changes by itself",
            ));
        } else {
            reasons.push(reason(
                "search",
                "what a search finds changes with what there is and how it is ranked",
            ));
        }
    } else if !has(&[
        "post", "publish", "create", "update", "upload", "write", "delete",
    ]) && (has(&[
        "webpage", "website", "webfetch", "browse", "browser", "scrape", "crawl", "navigate",
    ]) || pair(
        &["fetch", "open", "visit", "read", "get"],
        &["url", "web", "page", "http", "link"],
    ) || has(&["fetch"]) && argument(&["url", "uri"]))
    {
        reasons.push(reason(
            "web_fetch",
            "what stands on a web page changes by itself",
        ));
    }

    if has(&["now", "today", "clock", "timestamp"])
        || pair(&["current", "get", "what"], &["time", "datetime"])
        || pair(
            &["current"],
            &["date", "day", "hour", "week", "month", "year"],
        )
    {
        reasons.push(reason("time", "the answer is the moment of asking"));
    }
    if has(&[
        "random", "uuid", "guid", "nonce", "shuffle", "dice", "roll", "otp", "lottery",
    ]) || pair(
        &["generate", "new", "create"],
        &["password", "token", "salt"],
    ) {
        reasons.push(reason("random", "the answer is drawn by chance"));
    }
    let paged = argument(&[
        "cursor",
        "page_token",
        "pagetoken",
        "next_token",
        "nexttoken",
        "continuation_token",
        "starting_after",
        "next_cursor",
    ]) || argument(&["page", "offset", "page_number"])
        && !argument(&["path", "file_path", "file", "filename", "absolute_path"]);
    if paged {
        reasons.push(reason(
            "paging",
            "a page of a list holds other items when the list has changed",
        ));
    }
    if has(&[
        "weather", "forecast", "stock", "stocks", "ticker", "quote", "quotes", "news", "traffic",
        "trending", "latest", "live", "recent", "inbox", "unread", "feed",
    ]) || pair(&["exchange", "currency"], &["rate", "rates"])
        || pair(
            &["crypto", "bitcoin", "market", "share"],
            &["price", "prices"],
        )
    {
        reasons.push(reason("live", "what it reads changes by itself"));
    }
    if has(&["ask", "prompt"]) && has(&["user", "human", "person"])
        || pair(&["human"], &["input", "feedback"])
    {
        reasons.push(reason("person", "a person gives the answer"));
    }
    if reasons.is_empty() {
        let hint = |name: &str| {
            spec.and_then(|spec| spec.annotations.get(name))
                .and_then(Value::as_bool)
        };
        if hint("openWorldHint") == Some(true) && hint("readOnlyHint") == Some(true) {
            reasons.push(reason(
                "open_world",
                "the tool says that it reads from an open world",
            ));
        }
    }
    reasons
}

/// Whether a tool's description says that a model answers.
fn says_ai(text: &str) -> bool {
    let words: Vec<String> = text
        .chars()
        .take(600)
        .collect::<String>()
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_ascii_lowercase)
        .collect();
    words
        .iter()
        .any(|word| matches!(word.as_str(), "llm" | "gpt" | "ai"))
        || words
            .windows(2)
            .any(|pair| pair[0] == "language" && (pair[1] == "model" || pair[1] == "models"))
}

fn of_shell(line: &str) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    let mut add = |found: Reason| {
        if !reasons.iter().any(|known| known.code == found.code) {
            reasons.push(found);
        }
    };
    for program in crate::programs::of(line) {
        match program.rsplit('/').next().unwrap_or(&program) {
            "date" | "uptime" | "cal" => add(reason("time", "the answer is the moment of asking")),
            "uuidgen" | "shuf" | "mktemp" => add(reason("random", "the answer is drawn by chance")),
            "curl" | "wget" | "http" | "lynx" => add(reason(
                "web_fetch",
                "what stands at an address changes by itself",
            )),
            "ps" | "top" | "df" | "free" | "ping" | "netstat" | "lsof" | "who" => {
                add(reason("live", "what it reads changes by itself"));
            }
            "claude" | "codex" | "gemini" | "ollama" | "llm" | "aider" => {
                add(reason("model", "an AI model writes the answer"))
            }
            _ => {}
        }
    }
    if line.contains("$RANDOM") || line.contains("/dev/urandom") || line.contains("/dev/random") {
        add(reason("random", "the answer is drawn by chance"));
    }
    if line.contains("$(date") || line.contains("`date") {
        add(reason("time", "the answer is the moment of asking"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn codes(tool: &str, arguments: Value) -> String {
        let found = of_tool(tool, &arguments, None);
        found
            .into_iter()
            .map(|reason| reason.code)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_draft_is_a_thing_but_for_a_name_that_begins_with_it() {
        for tool in [
            "get_draft",
            "delete_draft",
            "send_draft",
            "update_draft",
            "mcp__mail__create_draft",
        ] {
            assert_eq!(codes(tool, json!({ "id": "d-1" })), "", "{tool}");
        }
        assert_eq!(codes("draft_reply", json!({ "id": "d-1" })), "model");
    }

    #[test]
    fn reasons_by_name_and_arguments() {
        for (tool, arguments, expected) in [
            ("generate_query", json!({ "question": "revenue" }), "model"),
            ("generate_invoice_pdf", json!({ "order": 1 }), ""),
            ("generate_uuid", json!({}), "random"),
            ("WebSearch", json!({ "query": "a" }), "web_search"),
            ("google_search_grounding", json!({}), "web_search"),
            ("search_emails", json!({}), "search"),
            (
                "WebFetch",
                json!({ "url": "https://a", "prompt": "b" }),
                "web_fetch",
            ),
            ("get_webpage", json!({ "url": "x" }), "web_fetch"),
            ("get_current_day", json!({}), "time"),
            ("get_current_user", json!({}), ""),
            ("list_orders", json!({ "cursor": "abc" }), "paging"),
            ("Read", json!({ "file_path": "/a", "offset": 10 }), ""),
            ("get_weather", json!({}), "live"),
            ("get_user_details", json!({ "user_id": "u" }), ""),
            ("send_money", json!({}), ""),
            ("Task", json!({ "prompt": "look" }), "model"),
            ("what_to_pack_agent", json!({ "request": "a" }), "model"),
            ("AskUserQuestion", json!({ "questions": [] }), "person"),
            ("transfer_to_human_agents", json!({ "summary": "a" }), ""),
        ] {
            assert_eq!(codes(tool, arguments), expected, "{tool}");
        }
    }

    #[test]
    fn reasons_of_shell_lines() {
        let codes = |line: &str| {
            of_shell(line)
                .into_iter()
                .map(|r| r.code)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(codes("curl -s https://x | jq ."), "web_fetch");
        assert_eq!(codes("echo $(date) $RANDOM"), "time random");
        assert_eq!(codes("npm test"), "");
    }
}
