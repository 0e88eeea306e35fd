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
