//! Whether what a step does is what the person asked for, as far as words tell.

use super::seen::Words;

/// Words of people and of tools' names that mean the same kind of work.
const KINDS: [&[&str]; 7] = [
    &[
        "send", "email", "mail", "message", "notify", "tell", "reply", "answer", "inform",
        "forward", "contact", "post", "share", "invite", "respond", "write", "announce", "comment",
    ],
    &[
        "pay",
        "transfer",
        "send",
        "bill",
        "invoice",
        "refund",
        "charge",
        "buy",
        "purchase",
        "order",
        "money",
        "donate",
        "rent",
        "payment",
        "transaction",
        "deposit",
    ],
    &[
        "create",
        "add",
        "make",
        "new",
        "write",
        "generate",
        "book",
        "reserve",
        "schedule",
        "register",
        "insert",
        "build",
        "implement",
        "save",
        "set",
        "append",
        "draft",
        "prepare",
        "appointment",
        "meeting",
        "reservation",
        "booking",
        "upload",
        "put",
        "store",
        "record",
    ],
    &[
        "update",
        "change",
        "edit",
        "modify",
        "fix",
        "move",
        "rename",
        "replace",
        "correct",
        "reschedule",
        "adjust",
        "improve",
        "refactor",
        "set",
        "add",
        "remove",
        "implement",
        "exchange",
        "return",
        "make",
        "write",
        "create",
        "solve",
        "resolve",
        "configure",
    ],
    &[
        "delete",
        "remove",
        "cancel",
        "drop",
        "clear",
        "clean",
        "uninstall",
        "revoke",
        "erase",
        "purge",
        "terminate",
        "archive",
        "close",
    ],
    &[
        "run",
        "execute",
        "start",
        "test",
        "deploy",
        "install",
        "launch",
        "compile",
        "build",
        "check",
        "bash",
        "shell",
        "command",
        "script",
        "fix",
        "implement",
        "solve",
    ],
    &["merge", "approve", "accept", "publish", "release", "submit"],
];

/// Words of tools' names that are no work of their own.
const PLAIN: [&str; 12] = [
    "get", "list", "read", "search", "find", "fetch", "the", "a", "of", "to", "for", "by",
];

/// How verbs and what is done by them are bent.
const ENDINGS: [&str; 12] = [
    "s", "ed", "d", "ing", "es", "led", "ling", "ting", "ning", "ment", "lation", "ation",
];

/// Whether one of the words that were said asks for what a tool of this name does.
pub(super) fn asks_for(said: &Words, tool: &str) -> bool {
    let words = crate::words::split(&crate::name::of_call(tool, None));
    let mut bent = String::new();
    let mut named = |word: &str| {
        let mut has = |stem: &str, ending: &str| {
            bent.clear();
            bent.push_str(stem);
            bent.push_str(ending);
            said.has(&bent)
        };
        said.has(word)
            || ENDINGS.iter().any(|ending| has(word, ending))
            || word.strip_suffix('e').is_some_and(|stem| has(stem, "ing"))
    };
    // The verb says what is done: `send_money` is not asked for by whoever asks about money.
    let Some(verb) = words.iter().find(|word| !PLAIN.contains(&word.as_str())) else {
        return true;
    };
    if named(verb) {
        return true;
    }
    let kinds = KINDS.iter().filter(|kind| kind.contains(&verb.as_str()));
    let mut known = false;
    for kind in kinds {
        known = true;
        if kind.iter().any(|word| named(word)) {
            return true;
        }
    }
    // A verb of no kind: its object has to be named.
    !known && words.iter().any(|word| word.len() >= 4 && named(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_asked_for_in_many_words() {
        for (text, tool, expected) in [
            ("pay the bill", "send_money", true),
            ("summarize the page", "send_email", false),
            ("tell ana about it", "send_direct_message", true),
            ("cancelling my flight", "cancel_reservation", true),
            ("what did i spend", "update_password", false),
            ("fix the bug", "Edit", true),
            ("look at my files", "delete_file", false),
            ("is it on", "frobnicate_lamp", false),
            ("the lamp please", "frobnicate_lamp", true),
        ] {
            assert_eq!(asks_for(&Words::of(text), tool), expected, "{text}: {tool}");
        }
    }
}
