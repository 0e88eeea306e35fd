//! What people tell somebody to do, and what tools call it.

use super::{asks_whether, is_boundary, is_determiner, negates};

/// What people tell somebody to do. Words that are adjectives, too, are verbs only where nothing that stands before
/// a noun stands before them.
pub(in crate::bound::qualifier) fn is_verb(word: &str) -> bool {
    matches!(
        word,
        "add"
            | "answer"
            | "approve"
            | "archive"
            | "assign"
            | "attach"
            | "book"
            | "buy"
            | "call"
            | "cancel"
            | "change"
            | "charge"
            | "check"
            | "clean"
            | "clear"
            | "close"
            | "collect"
            | "comment"
            | "compare"
            | "confirm"
            | "contact"
            | "copy"
            | "correct"
            | "count"
            | "create"
            | "delete"
            | "disable"
            | "download"
            | "duplicate"
            | "edit"
            | "email"
            | "empty"
            | "enable"
            | "escalate"
            | "exchange"
            | "export"
            | "fetch"
            | "file"
            | "find"
            | "finish"
            | "fix"
            | "flag"
            | "forward"
            | "free"
            | "get"
            | "give"
            | "help"
            | "identify"
            | "inform"
            | "invite"
            | "keep"
            | "label"
            | "like"
            | "look"
            | "mail"
            | "make"
            | "mark"
            | "merge"
            | "message"
            | "modify"
            | "move"
            | "need"
            | "notify"
            | "open"
            | "pay"
            | "pick"
            | "place"
            | "post"
            | "print"
            | "process"
            | "purchase"
            | "put"
            | "read"
            | "refund"
            | "reject"
            | "remind"
            | "remove"
            | "rename"
            | "reply"
            | "report"
            | "reschedule"
            | "reserve"
            | "resolve"
            | "return"
            | "review"
            | "save"
            | "schedule"
            | "search"
            | "see"
            | "select"
            | "send"
            | "set"
            | "share"
            | "show"
            | "sort"
            | "star"
            | "start"
            | "stop"
            | "summarise"
            | "summarize"
            | "switch"
            | "tag"
            | "take"
            | "tell"
            | "transfer"
            | "tidy"
            | "turn"
            | "update"
            | "upgrade"
            | "upload"
            | "use"
            | "want"
            | "write"
            | "schließe"
            | "schliesse"
            | "lösche"
            | "storniere"
            | "sende"
            | "schicke"
            | "nimm"
            | "buche"
            | "bezahle"
            | "zahle"
            | "öffne"
            | "archiviere"
            | "schreibe"
    )
}

/// What may stand before what somebody is told to do.
pub(in crate::bound::qualifier) fn leads_to_verb(word: &str) -> bool {
    matches!(
        word,
        "please" | "to" | "and" | "then" | "you" | "i" | "we" | "i'll" | "we'll" | "bitte" | "und"
    ) || negates(word)
}

/// Verbs that mean the same deed, and what names of tools call it.
const DEEDS: [&[&str]; 16] = [
    &["cancel", "storniere", "stornieren", "cancelled", "canceled"],
    &[
        "delete", "remove", "drop", "erase", "purge", "lösche", "löschen", "clean", "clear",
    ],
    &[
        "send", "email", "mail", "message", "write", "notify", "inform", "tell", "reply",
        "forward", "contact", "sende", "schicke", "schreibe", "post", "text", "dm",
    ],
    &[
        "buy", "order", "purchase", "book", "reserve", "place", "buche", "bestelle", "get", "take",
    ],
    &[
        "create", "add", "make", "open", "file", "schedule", "start", "set", "erstelle",
    ],
    &[
        "update",
        "change",
        "modify",
        "edit",
        "switch",
        "upgrade",
        "downgrade",
        "move",
        "set",
        "adjust",
        "ändere",
    ],
    &[
        "pay",
        "transfer",
        "wire",
        "send",
        "charge",
        "bezahle",
        "zahle",
        "überweise",
    ],
    &["refund", "reimburse", "compensate", "certificate", "credit"],
    &["return", "exchange", "replace", "swap"],
    &[
        "close",
        "resolve",
        "finish",
        "complete",
        "schließe",
        "schließen",
    ],
    &["archive", "archiviere"],
    &["approve", "accept", "merge", "reject", "decline"],
    &["escalate", "transfer", "hand"],
    &["assign", "reassign"],
    &["share", "invite", "grant", "allow"],
    &[
        "enable",
        "disable",
        "activate",
        "deactivate",
        "turn",
        "toggle",
    ],
];

/// Whether a word of a person and a word of a tool's name mean the same deed or thing.
pub(in crate::bound::qualifier) fn same_deed(said: &str, named: &str) -> bool {
    said == named
        || DEEDS
            .iter()
            .any(|deed| deed.contains(&said) && deed.contains(&named))
}

/// Whether tools have names for what a word tells to do.
pub(in crate::bound::qualifier) fn is_deed_of_tools(said: &str) -> bool {
    DEEDS.iter().any(|deed| deed.contains(&said))
}

/// Verbs of orders that nobody carries out by looking or by talking, and that are said of nothing else.
pub(in crate::bound::qualifier) fn is_order_to_tools(word: &str) -> bool {
    matches!(
        word,
        "archive"
            | "assign"
            | "book"
            | "buy"
            | "cancel"
            | "charge"
            | "create"
            | "delete"
            | "disable"
            | "email"
            | "enable"
            | "escalate"
            | "exchange"
            | "forward"
            | "inform"
            | "invite"
            | "mail"
            | "message"
            | "notify"
            | "pay"
            | "post"
            | "purchase"
            | "refund"
            | "reimburse"
            | "remind"
            | "remove"
            | "rename"
            | "reschedule"
            | "reserve"
            | "schedule"
            | "send"
            | "transfer"
            | "upgrade"
            | "upload"
            | "archiviere"
            | "bestelle"
            | "bezahle"
            | "buche"
            | "erstelle"
            | "informiere"
            | "lösche"
            | "schicke"
            | "schreibe"
            | "sende"
            | "storniere"
            | "überweise"
            | "zahle"
    )
}

/// Whether a word that mostly is none, or only speaks to the other, is an order where it stands first in its clause and
/// another stands behind it: `order it`, `turn the light off`, `let Anna know`, and not `let me know`.
pub(in crate::bound::qualifier) fn tells_to(word: &str, next: &str) -> bool {
    let to_speaker = matches!(next, "me" | "us" | "you" | "mir" | "uns");
    let is_thing = |next: &str| {
        matches!(next, "it" | "them" | "him" | "her" | "this" | "that") || !is_boundary(next)
    };
    match word {
        "order" | "complete" | "store" => is_thing(next) && next != "number",
        "turn" => next != "to",
        "let" | "lass" | "lasse" => !to_speaker && is_thing(next),
        "have" => matches!(next, "it" | "them"),
        "do" => is_determiner(next) && next != "that",
        "tell" | "ask" => !to_speaker && is_thing(next) && !asks_whether(next) && next != "whether",
        "confirm" => matches!(next, "it" | "them"),
        _ => false,
    }
}

/// Words behind which another thing is done than before them, so that no run does both.
pub(in crate::bound::qualifier) fn turns_elsewhere(word: &str) -> bool {
    matches!(
        word,
        "otherwise"
            | "or"
            | "either"
            | "instead"
            | "if"
            | "else"
            | "andernfalls"
            | "sonst"
            | "oder"
            | "statt"
            | "falls"
    )
}

/// Verbs that mean whatever is done: `deal with them`.
pub(in crate::bound::qualifier) fn is_any_deed(word: &str) -> bool {
    matches!(
        word,
        "deal" | "handle" | "process" | "work" | "proceed" | "continue" | "bearbeite" | "erledige"
    )
}

/// Words that point back at what was spoken of: `do it`, `go ahead`.
pub(in crate::bound::qualifier) fn points_back(word: &str, next: Option<&str>) -> bool {
    matches!(
        (word, next),
        ("do", Some("it" | "so" | "that" | "this")) | ("go", Some("ahead")) | ("proceed", _)
    )
}

/// Verbs behind which `new` only says that there will be one more.
pub(in crate::bound::qualifier) fn creates(word: &str) -> bool {
    matches!(
        word,
        "create"
            | "add"
            | "make"
            | "order"
            | "book"
            | "buy"
            | "schedule"
            | "start"
            | "draft"
            | "open"
            | "erstelle"
            | "bestelle"
    )
}

/// Verbs of coming across something: `all the tickets you find`.
pub(in crate::bound::qualifier) fn finds(word: &str) -> bool {
    matches!(word, "find" | "see" | "get")
}
