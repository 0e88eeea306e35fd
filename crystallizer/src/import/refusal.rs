//! The words by which agents tell their models that a person refused a call, in the place of its answer.

use serde_json::{Map, Value};

/// What such an answer begins with. Whole phrases of known agents: that “a user” declined is also what a bank says.
const BEGINS: &[&str] = &[
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action",
    "[Request interrupted by user",
    "[Operation Cancelled] Reason: ",
    "exec command rejected by user",
    "patch rejected by user",
    "The user denied this operation",
    "The user rejected permission to use this specific tool call",
    "The user has specified a rule which prevents you from using this specific tool call",
    "The user has declined to run this tool",
    "User rejected the tool call for",
    "Tool execution was not approved",
    "Claude requested permissions to ",
    "This command requires approval",
];

/// What such an answer is as a whole, but for a full stop: short sentences with which other texts may begin.
const WHOLE: &[&str] = &[
    "user rejected MCP tool call",
    "user cancelled MCP tool call",
    "User denied access to tool execution",
    "Tool call invocation was rejected by user",
    "This tool call is rejected",
];

/// What one begins and goes on with that names the tool between.
const DENIED: (&str, &str) = ("Permission to use ", " has been denied");

/// The longest answer that is read as an object that tells a refusal, in bytes.
const LONGEST_OBJECT: usize = 8 * 1024;

/// Whether an answer tells that a person refused the call.
pub(super) fn is_told(answer: &str) -> bool {
    let answer = without_head(answer.trim_start());
    // Most answers are none by their first letter.
    let Some(first) = answer.as_bytes().first() else {
        return false;
    };
    if answer.starts_with(DENIED.0) {
        return answer
            .lines()
            .next()
            .is_some_and(|line| line.contains(DENIED.1));
    }
    if *first == b'{' {
        return is_told_in_object(answer);
    }
    let mut all = BEGINS.iter().chain(WHOLE);
    if *first != b'E' && all.all(|one| one.as_bytes().first() != Some(first)) {
        return false;
    }
    let whole = answer.strip_prefix("Error: ").unwrap_or(answer).trim_end();
    let whole = whole.strip_suffix('.').unwrap_or(whole);
    if WHOLE.contains(&whole) {
        return true;
    }
    let head: String = answer.chars().take(100).collect();
    let head = head.replace('’', "'");
    BEGINS.iter().any(|begin| head.starts_with(begin))
}

/// Whether the content of an answer tells that a person refused the call.
pub(super) fn is_in(content: &Value, format: &str) -> bool {
    let is_alone = |map: &Map<String, Value>| map.len() == 1 && !map.contains_key("status");
    match content {
        Value::String(text) if text.starts_with('{') => {
            let map = || serde_json::from_str::<Map<String, Value>>(text);
            is_told(text) && (wraps(format) || map().is_ok_and(|map| !is_alone(&map)))
        }
        Value::String(text) => is_told(text),
        Value::Object(map) => is_told_by(map) && (wraps(format) || !is_alone(map)),
        _ => false,
    }
}

/// Whether a format's product puts such words into an object of one field. Elsewhere a service may answer so.
fn wraps(format: &str) -> bool {
    [
        "gemini-cli",
        "gemini-contents",
        "google-adk",
        "otel",
        "langsmith",
    ]
    .contains(&format)
}

/// Cline names the tool before the answer: `[execute_command for 'ls'] Result:`, on a line of its own.
fn without_head(answer: &str) -> &str {
    let behind = || {
        let (head, rest) = answer.split_once("] Result:\n")?;
        let named = head.strip_prefix('[').is_some_and(|head| {
            !head.contains('\n') && !head.starts_with(|c: char| !c.is_ascii_lowercase())
        });
        named.then_some(rest)
    };
    behind().unwrap_or(answer)
}

fn is_told_in_object(answer: &str) -> bool {
    let may = answer.len() <= LONGEST_OBJECT
        && (answer.contains("\"denied\"") || answer.contains("\"error\""));
    may && serde_json::from_str::<Map<String, Value>>(answer).is_ok_and(|map| is_told_by(&map))
}

/// Whether an object is nothing but such an answer: an error, or a status with its message.
fn is_told_by(map: &Map<String, Value>) -> bool {
    let told = |key: &str| {
        let said = map.get(key).and_then(Value::as_str);
        said.is_some_and(|said| !said.starts_with('{') && is_told(said))
    };
    match map.get("status").and_then(Value::as_str) {
        Some("denied") => told("message"),
        Some(_) => false,
        None => map.len() == 1 && (told("error") || told("output")),
    }
}

/// What the person said with it.
pub(super) fn comment_in(content: &Value) -> Option<String> {
    match content {
        Value::String(text) if text.starts_with('{') => {
            let map: Map<String, Value> = serde_json::from_str(text).ok()?;
            feedback(&map)
        }
        Value::String(text) => comment(text),
        Value::Object(map) => feedback(map),
        _ => None,
    }
}

fn feedback(map: &Map<String, Value>) -> Option<String> {
    map.get("feedback")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// What the person said with it, where the answer is text.
pub(super) fn comment(answer: &str) -> Option<String> {
    let inside = [
        ("<feedback>", "</feedback>"),
        ("<user_message>", "</user_message>"),
    ]
    .iter()
    .find_map(|(begin, end)| answer.split_once(begin)?.1.split_once(end));
    let said = match inside {
        Some((said, _)) => Some(said),
        None => ["the user said:", "with the following feedback:"]
            .iter()
            .find_map(|begin| answer.split_once(begin))
            .map(|(_, said)| said),
    };
    said.map(|said| said.trim().to_owned())
        .filter(|said| !said.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{comment, is_in, is_told};
    use serde_json::json;

    #[test]
    fn only_the_words_of_agents_tell_a_refusal() {
        for (answer, expected) in [
            (
                "The user doesn't want to proceed with this tool use. The tool use was rejected.",
                true,
            ),
            ("The user doesn’t want to proceed with this tool use.", true),
            ("\n[Request interrupted by user for tool use]", true),
            ("exec command rejected by user", true),
            (
                "Claude requested permissions to use Bash, but you haven't granted it yet.",
                true,
            ),
            ("This command requires approval", true),
            (
                "Permission to use Bash with command rm -rf x has been denied.",
                true,
            ),
            (
                "[execute_command for 'rm b.txt'] Result:\nThe user denied this operation.",
                true,
            ),
            (
                "{\"status\":\"denied\",\"message\":\"The user denied this operation.\"}",
                true,
            ),
            ("user rejected MCP tool call", true),
            ("Error: User denied access to tool execution", true),
            ("Error: Tool call invocation was rejected by user.", true),
            (
                "[Operation Cancelled] Reason: User did not allow tool call",
                true,
            ),
            ("{\"error\":\"This tool call is rejected.\"}", true),
            ("Permission to use the lot is given by the town", false),
            ("Payment rejected by user's bank", false),
            (
                "The log says: The user doesn't want to proceed with this tool use",
                false,
            ),
            ("This tool call is rejected often, says the manual.", false),
            (
                "[mail from ann] Result:\nIt was good. The user denied this operation.",
                false,
            ),
            (
                "{\"status\":\"denied\",\"message\":\"The bank denied it.\"}",
                false,
            ),
            (
                "{\"status\":\"open\",\"message\":\"The user denied this operation.\"}",
                false,
            ),
            ("Error", false),
            ("", false),
        ] {
            assert_eq!(is_told(answer), expected, "{answer}");
        }
        for (content, expected) in [
            (json!({"error":"This tool call is rejected."}), true),
            (
                json!({"error":"[Operation Cancelled] Reason: User did not allow tool call"}),
                true,
            ),
            (
                json!({"status":"denied","message":"The user denied this operation."}),
                true,
            ),
            (
                json!({"subject":"x","error":"This tool call is rejected."}),
                false,
            ),
            (json!(["The user denied this operation"]), false),
        ] {
            assert_eq!(is_in(&content, "gemini-cli"), expected, "{content}");
        }
        // A service may answer so itself, where no product puts it into an object.
        let answer = json!({"error":"This tool call is rejected."});
        assert!(!is_in(&answer, "openai-chat"));
        assert!(!is_in(&answer.to_string().into(), "openai-chat"));
        let said = "The user doesn't want to proceed with this tool use. To tell you how, the user said:\nNot today";
        assert_eq!(comment(said).as_deref(), Some("Not today"));
        let said = "The user denied this operation and provided the following feedback:\n<feedback>\nNot today\n</feedback>";
        assert_eq!(comment(said).as_deref(), Some("Not today"));
    }
}
