//! Where a step may name secrets.

/// Whether a part of an action's configuration may hold `{{ secrets.NAME }}`. `tool` is a recorded call that nothing
/// maps yet.
pub fn takes_secrets(action: &str, key: &str) -> bool {
    matches!(
        (action, key),
        ("http", "headers" | "query" | "json" | "form")
            | ("shell", "env")
            | ("mcp" | "tool", "arguments")
    )
}

/// Whether a value of an action's configuration leaves the run by the step, so that a sensitive input may stand there.
pub fn takes_sensitive(action: &str, key: &str) -> bool {
    match action {
        "http" => matches!(
            key,
            "path" | "query" | "headers" | "json" | "form" | "multipart" | "body"
        ),
        "shell" => matches!(key, "env" | "stdin"),
        "mcp" | "tool" => key == "arguments",
        "sql" => key == "params",
        "file" => matches!(key, "text" | "base64" | "json"),
        "mail" => key != "connection",
        "automation" => key == "inputs",
        _ => false,
    }
}
