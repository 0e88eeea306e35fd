//! Markers of conditions, and what stands before an `if` that only asks.

/// Markers of a condition: one word, with the next.
pub(in crate::bound::qualifier) fn is_condition(word: &str, next: Option<&str>) -> bool {
    matches!(
        word,
        "if" | "unless"
            | "otherwise"
            | "falls"
            | "wenn"
            | "sofern"
            | "solange"
            | "vorausgesetzt"
            | "andernfalls"
            | "sonst"
    ) || matches!(
        (word, next),
        ("given" | "condition" | "event" | "supposing", Some("that"))
            | ("depending", Some("on" | "whether" | "if"))
            | ("provided", Some("that" | "it" | "they" | "there" | "the"))
            | ("providing", Some("that" | "it" | "they"))
            | ("assuming", Some("that" | "it" | "they" | "there" | "the"))
            | ("in", Some("case"))
            | ("only", Some("when" | "once" | "after"))
            | ("long", Some("as"))
    )
}

/// What stands before an `if` that asks: `see if`, `let me know if`.
pub(in crate::bound::qualifier) fn asks_whether(word: &str) -> bool {
    matches!(
        word,
        "know"
            | "see"
            | "check"
            | "ask"
            | "asking"
            | "tell"
            | "wonder"
            | "wondering"
            | "sure"
            | "verify"
            | "confirm"
            | "out"
            | "determine"
            | "remember"
            | "curious"
            | "understand"
            | "clarify"
            | "say"
            | "as"
            | "even"
            | "what"
            | "knowing"
            | "checking"
            | "seeing"
            | "matter"
            | "wissen"
            | "prüfe"
            | "prüfen"
            | "sehen"
            | "ob"
    )
}
