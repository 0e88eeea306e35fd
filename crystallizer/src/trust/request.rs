//! Whether what a step does is what the person asked for, as far as words tell.

use crate::asked::{Asked, Number, Shape, Shapes};
use crate::mark::{MarkMap, mark};
use std::sync::LazyLock;

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

/// What has to be said for it to ask for what a tool does.
pub(crate) enum Request {
    /// Nothing: it does no work of its own.
    Anything,
    /// A word of one of these kinds of work, a bit each.
    Kinds(u8),
    /// One of these words.
    Words(Vec<Number>),
}

impl Request {
    /// For a tool of this name.
    pub(crate) fn of(tool: &str, asked: &mut Asked<'_>) -> Self {
        let words = crate::words::split(&crate::name::of_call(tool, None));
        // The verb says what is done: `send_money` is not asked for by whoever asks about money.
        let Some(verb) = words.iter().find(|word| !PLAIN.contains(&word.as_str())) else {
            return Self::Anything;
        };
        let kinds = KINDS.iter().enumerate();
        let kinds = kinds.filter(|(_, kind)| kind.contains(&verb.as_str()));
        let kinds = kinds.fold(0, |all, (kind, _)| all | 1 << kind);
        if kinds != 0 {
            return Self::Kinds(kinds);
        }
        // A verb of no kind: its object has to be named.
        let mut named = Vec::new();
        let objects = words.iter().filter(|word| word.len() >= 4);
        for word in [verb].into_iter().chain(objects) {
            each_bent(word, &mut |bent| named.push(asked.number(bent)));
        }
        Self::Words(named)
    }
}

/// The kinds of work that a word of a person asks for, a bit each.
pub(crate) fn kinds(word: &str, shape: Shape) -> u8 {
    static WORDS: LazyLock<(Shapes, MarkMap<u8>)> = LazyLock::new(|| {
        let (mut shapes, mut words) = (Shapes::default(), MarkMap::default());
        for (number, kind) in KINDS.iter().enumerate() {
            for word in *kind {
                each_bent(word, &mut |bent| {
                    shapes.add(Shape::of(bent));
                    *words.entry(mark(bent)).or_insert(0) |= 1 << number;
                });
            }
        }
        (shapes, words)
    });
    let (shapes, words) = &*WORDS;
    match shapes.has(shape) {
        true => words.get(&mark(word)).copied().unwrap_or_default(),
        false => 0,
    }
}

/// A word, and the forms that it is bent to.
fn each_bent(word: &str, then: &mut dyn FnMut(&str)) {
    then(word);
    let mut bent = String::new();
    let stem = word.strip_suffix('e').map(|stem| (stem, "ing"));
    for (stem, ending) in ENDINGS.iter().map(|end| (word, *end)).chain(stem) {
        bent.clear();
        bent.push_str(stem);
        bent.push_str(ending);
        then(&bent);
    }
}

#[cfg(test)]
mod tests {
    use super::super::seen::Seen;
    use super::*;
    use crate::asked::Message;

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
            ("see a", "get_a", true),
        ] {
            let mut asked = Asked::of_texts(&[], 1_000);
            let request = Request::of(tool, &mut asked);
            let mut seen = Seen::of(&asked);
            seen.hear(&Message::of(text, &asked.index));
            assert_eq!(seen.asks_for(&request), expected, "{text}: {tool}");
        }
    }
}
