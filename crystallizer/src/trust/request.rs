//! Whether what a step does is what the person asked for, as far as words tell.

use crate::asked::{Asked, Number, Shape, Shapes};
use crate::mark::{MarkMap, mark};
use druse_engine::definition::EffectLevel;
use std::sync::LazyLock;

/// Words of people and of tools' names that mean the same kind of work.
const KINDS: [&[&str]; 10] = [
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
        "ensure",
        "handle",
        "simplify",
        "address",
        "support",
        "sort",
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
        "wipe",
        "destroy",
        "truncate",
    ],
    &[
        "run",
        "execute",
        "start",
        "deploy",
        "install",
        "launch",
        "compile",
        "build",
        "bash",
        "shell",
        "command",
        "script",
        "fix",
        "implement",
        "solve",
    ],
    &["merge", "approve", "accept", "publish", "release", "submit"],
    &["test", "check", "verify"],
    &[
        "grant",
        "allow",
        "permit",
        "authorize",
        "authorise",
        "give",
        "share",
        "invite",
        "let",
    ],
    &[
        "disable",
        "deactivate",
        "stop",
        "block",
        "off",
        "mute",
        "pause",
        "suspend",
    ],
];

/// The kind of work that ends things, and the one that only tries them: a bit each.
const ENDS: Kinds = 1 << 4;
const TRIES: Kinds = 1 << 7;

/// Of tools' names, what can be done to no thing without ending it.
const ENDING: [&str; 13] = [
    "delete",
    "remove",
    "cancel",
    "drop",
    "purge",
    "destroy",
    "erase",
    "wipe",
    "terminate",
    "revoke",
    "truncate",
    "uninstall",
    "clear",
];

/// Whether a name of a tool, or a word, is that of ending something.
pub(crate) fn ends_things(name: &str) -> bool {
    const GIVES_UP: [&str; 8] = [
        "return",
        "refund",
        "unsubscribe",
        "close",
        "archive",
        "discard",
        "deactivate",
        "disable",
    ];
    let words = crate::words::split(name);
    words.iter().any(|word| {
        let word = word.as_str();
        ENDING.contains(&word) || GIVES_UP.contains(&word)
    })
}

/// Words of work that are names of things as well: who asks to look at the mail asks for nothing to be mailed.
const THINGS: [&str; 12] = [
    "mail", "mails", "email", "emails", "message", "messages", "order", "orders", "book", "books",
    "record", "records",
];

/// What stands before the name of a thing.
const BEFORE_THINGS: [&str; 38] = [
    "the",
    "a",
    "an",
    "my",
    "our",
    "your",
    "his",
    "her",
    "their",
    "its",
    "this",
    "that",
    "these",
    "those",
    "newest",
    "latest",
    "last",
    "recent",
    "unread",
    "first",
    "all",
    "any",
    "every",
    "each",
    "of",
    "about",
    "read",
    "summarize",
    "summarise",
    "show",
    "check",
    "list",
    "search",
    "find",
    "view",
    "open",
    "get",
    "in",
];

/// Whether a word names a thing where it stands, behind the word before it.
pub(crate) fn is_thing(word: &str, before: &str) -> bool {
    THINGS.contains(&word) && (BEFORE_THINGS.contains(&before) || THINGS.contains(&before))
}

/// The kinds of work that a noun asks for which is the verb of an order, at its beginning: `invoice quote Q-12`, `label
/// issue 7 as urgent`.
pub(crate) fn by_noun(word: &str, before: &str) -> Kinds {
    const MAKES: Kinds = 1 << 2;
    const CHANGES: Kinds = 1 << 3;
    if !matches!(before, "" | "please") {
        return 0;
    }
    match word {
        "invoice" | "note" | "ticket" => MAKES,
        "label" | "tag" | "flag" => MAKES | CHANGES,
        _ => 0,
    }
}

/// Words of tools' names that are no work of their own.
const PLAIN: [&str; 12] = [
    "get", "list", "read", "search", "find", "fetch", "the", "a", "of", "to", "for", "by",
];

/// How verbs and what is done by them are bent.
const ENDINGS: [&str; 12] = [
    "s", "ed", "d", "ing", "es", "led", "ling", "ting", "ning", "ment", "lation", "ation",
];

/// Kinds of work, a bit each.
pub(crate) type Kinds = u16;

/// What has to be said for it to ask for what a tool does.
pub(crate) enum Request {
    /// Nothing: it does no work of its own.
    Anything,
    /// A word of one of these kinds of work.
    Kinds(Kinds),
    /// The verb, or the name of a thing beside any word of work.
    Words {
        verb: Vec<Number>,
        things: Vec<Number>,
    },
}

impl Request {
    /// For a tool of this name.
    pub(crate) fn of(tool: &str, effects: Option<EffectLevel>, asked: &mut Asked<'_>) -> Self {
        let words = crate::words::split(&crate::name::of_call(tool, None));
        // The verb says what is done: `send_money` is not asked for by whoever asks about money.
        let Some(verb) = words.iter().find(|word| !PLAIN.contains(&word.as_str())) else {
            return Self::Anything;
        };
        // Nothing but a word of ending asks for an end: `email_delete` is not asked for by whoever mails.
        let ends = |word: &String| ENDING.contains(&word.as_str());
        if effects == Some(EffectLevel::Destructive) && words.iter().any(ends) {
            return Self::Kinds(ENDS);
        }
        let kinds = KINDS.iter().enumerate();
        let kinds = kinds.filter(|(_, kind)| kind.contains(&verb.as_str()));
        let kinds = kinds.fold(0, |all, (kind, _)| all | 1 << kind);
        if kinds != 0 {
            // `run_tests` is what who wants it checked asks for.
            let tries = words
                .iter()
                .any(|word| matches!(word.as_str(), "test" | "tests" | "check" | "checks"));
            return Self::Kinds(kinds | if tries { TRIES } else { 0 });
        }
        // A verb of no kind has to be named itself, or what it is done to beside any work: who only looks at a thing
        // does not ask for it to be changed.
        let (mut named, mut things) = (Vec::new(), Vec::new());
        each_bent(verb, &mut |bent| named.push(asked.number(bent)));
        for word in words.iter().filter(|word| word.len() >= 4 && *word != verb) {
            each_bent(word, &mut |bent| things.push(asked.number(bent)));
        }
        if effects == Some(EffectLevel::Destructive) {
            things.clear();
        }
        Self::Words {
            verb: named,
            things,
        }
    }
}

/// The kinds of work that a word of a person asks for.
pub(crate) fn kinds(word: &str, shape: Shape) -> Kinds {
    static WORDS: LazyLock<(Shapes, MarkMap<Kinds>)> = LazyLock::new(|| {
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
pub(super) fn each_bent(word: &str, then: &mut dyn FnMut(&str)) {
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
            ("frobnicate the lamp please", "frobnicate_lamp", true),
            ("add the lamp please", "frobnicate_lamp", true),
            ("the lamp please", "frobnicate_lamp", false),
            ("summarize my newest mail", "wipe_mail", false),
            ("summarize my newest mail", "send_mail", false),
            ("check my newest mail", "deploy_production", false),
            ("check that it builds", "run_tests", true),
            ("mail ana", "send_mail", true),
            ("mail ana", "email_delete", false),
            ("look at the order book of today", "create_account", false),
            ("order two pizzas", "buy_food", true),
            ("book a table", "create_booking", true),
            ("wipe the disk", "wipe_disk", true),
            ("reset the phone", "reset_devices", true),
            ("look at the devices", "reset_devices", false),
            ("give ana access", "grant_access", true),
            ("see a", "get_a", true),
            ("invoice quote q-12", "create_invoice", true),
            ("please label issue 7 as urgent", "update_issue", true),
            ("note that ana called", "add_note", true),
            ("look at the invoice", "create_invoice", false),
            ("show the label", "update_issue", false),
            ("pay invoice 4", "create_account", false),
        ] {
            let mut asked = Asked::of_texts(&[], 1_000);
            let words = crate::words::split(tool);
            let effects = words
                .iter()
                .any(|word| ENDING.contains(&word.as_str()))
                .then_some(EffectLevel::Destructive);
            let request = Request::of(tool, effects, &mut asked);
            let mut seen = Seen::of(&asked);
            seen.hear(&Message::of(text, &asked.index));
            assert_eq!(seen.asks_for(&request), expected, "{text}: {tool}");
        }
    }
}
