//! Markers of conditions, and what stands before an `if` that only asks.

/// How many words behind a `due to` say what it is.
const WHY: usize = 4;

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
            | "wenns"
            | "wenn's"
            | "falls's"
    ) || is_of_other_language(word, next)
        || matches!(
            (word, next),
            ("given" | "condition" | "event" | "supposing", Some("that"))
                | ("depending", Some("on" | "whether" | "if"))
                | (
                    "provided",
                    Some(
                        "that"
                            | "it"
                            | "they"
                            | "there"
                            | "the"
                            | "its"
                            | "it's"
                            | "there's"
                            | "he"
                            | "she"
                            | "we"
                            | "you"
                            | "all"
                            | "no"
                            | "none"
                            | "nobody"
                            | "nothing"
                    )
                )
                | ("providing", Some("that" | "it" | "they"))
                | ("assuming", Some("that" | "it" | "they" | "there" | "the"))
                | ("in", Some("case"))
                | ("only", Some("when" | "once" | "after"))
                | ("long", Some("as"))
        )
}

/// French and Spanish markers, which stand in sentences of few words. `S'il vous plaît` asks for nothing more.
fn is_of_other_language(word: &str, next: Option<&str>) -> bool {
    match word {
        "s'il" | "s'ils" | "s'elle" => {
            !matches!(next, Some("vous" | "te" | "plaît" | "plait") | None)
        }
        "si" => matches!(
            next,
            Some(
                "le" | "la"
                    | "les"
                    | "l'on"
                    | "elle"
                    | "elles"
                    | "c'est"
                    | "el"
                    | "los"
                    | "las"
                    | "está"
                    | "esta"
                    | "es"
                    | "hay"
                    | "ya"
                    | "no"
                    | "tout"
            )
        ),
        _ => false,
    }
}

/// Whether a word always begins to tell why something is asked for: `because`.
pub(in crate::bound::qualifier) fn gives_reason(word: &str) -> bool {
    matches!(word, "because" | "weil" | "denn")
}

/// Whether a word is what somebody is sent.
pub(in crate::bound::qualifier) fn is_message(word: &str) -> bool {
    matches!(
        word,
        "reminder"
            | "reminders"
            | "mail"
            | "email"
            | "message"
            | "notice"
            | "notification"
            | "confirmation"
            | "letter"
            | "erinnerung"
            | "nachricht"
            | "bestätigung"
    )
}

/// Whether a word orders that somebody be sent something.
pub(in crate::bound::qualifier) fn sends(word: &str) -> bool {
    matches!(
        word,
        "send" | "mail" | "email" | "write" | "post" | "schick" | "sende" | "schreib"
    )
}

/// Whether words may tell why something is asked for: `due to some money issues`, `wegen meiner Reise`. What is due to
/// somebody, or due to arrive, is no reason. Behind a thing they may as well say which is meant.
pub(in crate::bound::qualifier) fn may_give_reason<'w>(
    word: &str,
    mut behind: impl Iterator<Item = &'w str>,
) -> bool {
    let is_own = |word: &str| {
        matches!(
            word,
            "my" | "our" | "meiner" | "meines" | "meinem" | "unserer" | "unseres" | "unserem"
        )
    };
    match word {
        "wegen" | "aufgrund" => behind.next().is_some_and(is_own),
        "due" | "owing" => {
            behind.next() == Some("to")
                && behind.take(WHY).enumerate().any(|(at, word)| {
                    at == 0 && is_own(word)
                        || matches!(
                            word.trim_end_matches('s'),
                            "issue"
                                | "problem"
                                | "reason"
                                | "illnes"
                                | "sicknes"
                                | "emergency"
                                | "circumstance"
                                | "situation"
                                | "weather"
                                | "conflict"
                                | "mistake"
                                | "error"
                                | "lack"
                                | "difficulty"
                                | "difficultie"
                                | "constraint"
                                | "trouble"
                        )
                })
        }
        _ => false,
    }
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
