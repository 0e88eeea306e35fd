//! The words by which people narrow what they speak of: what closes a noun off to the left and right, what excludes,
//! counts, compares and makes a condition. English, and German beside it.

/// Words that stand before a noun and narrow nothing.
pub(super) fn is_determiner(word: &str) -> bool {
    matches!(
        word,
        "the"
            | "all"
            | "each"
            | "every"
            | "my"
            | "our"
            | "your"
            | "his"
            | "her"
            | "its"
            | "their"
            | "these"
            | "those"
            | "this"
            | "that"
            | "both"
            | "a"
            | "an"
            | "any"
            | "such"
            | "alle"
            | "allen"
            | "aller"
            | "jede"
            | "jeden"
            | "jedes"
            | "jeder"
            | "der"
            | "die"
            | "das"
            | "den"
            | "dem"
            | "des"
            | "meine"
            | "meinen"
            | "meiner"
            | "unsere"
            | "unseren"
            | "diese"
            | "diesen"
            | "dieser"
            | "ein"
            | "eine"
            | "einen"
    )
}

/// Determiners of something that is not known yet: `a ticket`.
pub(super) fn is_indefinite(word: &str) -> bool {
    matches!(word, "a" | "an" | "ein" | "eine" | "einen" | "einem")
}

/// Determiners of something that is known: the number behind them only says how many there are.
pub(super) fn is_definite(word: &str) -> bool {
    is_determiner(word) && !is_indefinite(word) && word != "any"
}

/// Words that may stand beside a noun and say nothing about which of them are meant.
pub(super) fn is_neutral(word: &str) -> bool {
    matches!(
        word,
        "please"
            | "also"
            | "just"
            | "only"
            | "whole"
            | "entire"
            | "complete"
            | "full"
            | "following"
            | "above-mentioned"
            | "said"
            | "given"
            | "single"
            | "individual"
            | "respective"
            | "own"
            | "same"
            | "different"
            | "various"
            | "available"
            | "existing"
            | "current"
            | "matching"
            | "listed"
            | "found"
            | "list"
            | "account"
            | "drive"
            | "system"
            | "database"
            | "workspace"
            | "store"
            | "shop"
            | "one"
            | "ones"
            | "me"
            | "us"
            | "once"
            | "go"
            | "now"
            | "total"
            | "turn"
            | "order"
            | "way"
            | "today"
            | "here"
            | "there"
            | "too"
            | "bitte"
            | "auch"
            | "nur"
            | "mir"
            | "uns"
            | "jetzt"
            | "ganze"
            | "ganzen"
    )
}

/// Words at which the words before a noun end.
pub(super) fn is_boundary(word: &str) -> bool {
    is_preposition(word)
        || is_relative(word)
        || matches!(
            word,
            "i" | "i'm"
                | "i'd"
                | "i'll"
                | "i've"
                | "you"
                | "he"
                | "she"
                | "it"
                | "it's"
                | "we"
                | "they"
                | "them"
                | "him"
                | "me"
                | "us"
                | "is"
                | "are"
                | "was"
                | "were"
                | "be"
                | "been"
                | "being"
                | "am"
                | "have"
                | "has"
                | "had"
                | "do"
                | "does"
                | "did"
                | "will"
                | "would"
                | "can"
                | "could"
                | "should"
                | "shall"
                | "may"
                | "might"
                | "must"
                | "let"
                | "let's"
                | "but"
                | "so"
                | "because"
                | "while"
                | "then"
                | "as"
                | "than"
                | "if"
                | "when"
                | "how"
                | "what"
                | "why"
                | "there"
                | "ich"
                | "du"
                | "er"
                | "sie"
                | "es"
                | "wir"
                | "ist"
                | "sind"
                | "war"
                | "waren"
                | "hat"
                | "haben"
                | "wird"
                | "werden"
                | "kann"
                | "soll"
                | "aber"
                | "dann"
                | "als"
                | "wenn"
                | "falls"
        )
}

/// Words that join two others.
pub(super) fn is_joint(word: &str) -> bool {
    matches!(word, "and" | "or" | "und" | "oder")
}

pub(super) fn is_preposition(word: &str) -> bool {
    matches!(
        word,
        "of" | "from"
            | "in"
            | "into"
            | "within"
            | "inside"
            | "with"
            | "for"
            | "to"
            | "about"
            | "by"
            | "on"
            | "at"
            | "under"
            | "over"
            | "above"
            | "below"
            | "between"
            | "since"
            | "before"
            | "after"
            | "until"
            | "during"
            | "through"
            | "via"
            | "against"
            | "per"
            | "von"
            | "aus"
            | "im"
            | "mit"
            | "für"
            | "zu"
            | "zum"
            | "zur"
            | "über"
            | "bei"
            | "auf"
            | "an"
            | "am"
            | "unter"
            | "vor"
            | "nach"
            | "seit"
            | "bis"
    )
}

/// Words that begin a clause about the noun before them.
pub(super) fn is_relative(word: &str) -> bool {
    matches!(
        word,
        "that" | "which" | "who" | "whom" | "whose" | "where" | "welche" | "welcher" | "welches"
    )
}

/// Words that begin a clause about the noun before them without a word for it: `every ticket nobody answered`.
pub(super) fn is_subject(word: &str) -> bool {
    matches!(
        word,
        "i" | "you"
            | "he"
            | "she"
            | "it"
            | "we"
            | "they"
            | "nobody"
            | "somebody"
            | "someone"
            | "anyone"
            | "anybody"
            | "everybody"
    ) || word == "no-one"
}

/// Words for things of which more has to be said: `everything unimportant`.
pub(super) fn is_anything(word: &str) -> bool {
    matches!(word, "everything" | "anything" | "something" | "alles")
}

/// Words that leave open which: `whichever look abandoned`.
pub(super) fn is_whichever(word: &str) -> bool {
    matches!(word, "whichever" | "whatever" | "whoever")
}

/// Words that take away from what was said: one word, or the first of two.
pub(super) fn excludes(word: &str, next: Option<&str>) -> bool {
    matches!(
        word,
        "except"
            | "excepting"
            | "excluding"
            | "exclude"
            | "besides"
            | "without"
            | "minus"
            | "barring"
            | "außer"
            | "ausser"
            | "ohne"
            | "ausgenommen"
            | "mit ausnahme"
    ) || matches!(
        (word, next),
        ("other", Some("than"))
            | ("rather", Some("than"))
            | ("instead", Some("of"))
            | ("apart", Some("from"))
            | ("aside", Some("from"))
            | ("save", Some("for"))
            | ("but", Some("not"))
            | ("but", Some("the"))
            | ("bis", Some("auf"))
            | ("aber", Some("nicht"))
    )
}

/// Words that turn what stands behind them round.
pub(super) fn negates(word: &str) -> bool {
    matches!(
        word,
        "not"
            | "no"
            | "never"
            | "neither"
            | "nor"
            | "none"
            | "avoid"
            | "skip"
            | "ignore"
            | "cannot"
            | "nicht"
            | "kein"
            | "keine"
            | "keinen"
            | "keiner"
            | "niemals"
    ) || word.ends_with("n't")
        || word == "t"
        || word.ends_with("n’t")
        || matches!(word, "dont" | "doesnt" | "isnt" | "arent" | "wont" | "cant")
}

/// Words for nobody and nothing.
pub(super) fn denies(word: &str) -> bool {
    matches!(
        word,
        "nobody" | "noone" | "nothing" | "nowhere" | "hardly" | "niemand" | "nichts" | "refuse"
    )
}

/// Words by which something makes no difference, or is only a wish.
pub(super) fn hedges(word: &str) -> bool {
    matches!(
        word,
        "whether"
            | "regardless"
            | "irrespective"
            | "independent"
            | "independently"
            | "although"
            | "though"
            | "maybe"
            | "perhaps"
            | "might"
            | "ideally"
            | "preferably"
            | "possibly"
            | "probably"
            | "ob"
            | "egal"
            | "unabhängig"
            | "vielleicht"
            | "möglichst"
    )
}

/// Words that make nothing of a negation before them: `not only`, `don't mind`, `no need`.
pub(super) fn makes_nothing_of(word: &str) -> bool {
    matches!(
        word,
        "only"
            | "just"
            | "merely"
            | "solely"
            | "simply"
            | "exclusively"
            | "necessarily"
            | "mind"
            | "matter"
            | "care"
            | "bother"
            | "worry"
            | "need"
            | "needs"
            | "object"
            | "hesitate"
            | "forget"
            | "want"
            | "wants"
            | "wish"
            | "like"
            | "prefer"
            | "think"
            | "say"
            | "saying"
            | "mean"
            | "believe"
            | "nur"
            | "allein"
            | "bloß"
            | "stören"
            | "stört"
    )
}

/// Words before a number by which it is not just as many: `at least three`.
pub(super) fn is_about(word: &str) -> bool {
    matches!(
        word,
        "least"
            | "most"
            | "than"
            | "about"
            | "around"
            | "approximately"
            | "roughly"
            | "nearly"
            | "almost"
            | "over"
            | "under"
            | "up"
            | "mindestens"
            | "höchstens"
            | "maximal"
            | "etwa"
            | "ungefähr"
            | "rund"
            | "bis"
    )
}

/// Words that count from an end: `first`, `last`; true for the last.
pub(super) fn ordinal(word: &str) -> Option<bool> {
    Some(match word {
        "first" | "top" | "erste" | "ersten" | "erster" => false,
        "last" | "final" | "letzte" | "letzten" | "letzter" => true,
        _ => return None,
    })
}

/// Whether a word counts from an end.
pub(in crate::bound) fn is_ordinal(word: &str) -> bool {
    ordinal(word).is_some()
}

/// Words that take an unnamed part.
pub(super) fn is_part(word: &str) -> bool {
    matches!(
        word,
        "some"
            | "half"
            | "most"
            | "few"
            | "several"
            | "couple"
            | "next"
            | "previous"
            | "second"
            | "third"
            | "fourth"
            | "fifth"
            | "einige"
            | "hälfte"
            | "nächste"
            | "nächsten"
            | "zweite"
            | "zweiten"
            | "dritte"
            | "dritten"
    )
}

/// A number as digits or as a word.
pub(super) fn number(word: &str) -> Option<u64> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    if let Some(number) = crate::bound::spoken_time::small_number(word) {
        return Some(number.into());
    }
    const GERMAN: [&str; 9] = [
        "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn",
    ];
    let at = GERMAN.iter().position(|known| *known == word)?;
    u64::try_from(at + 2).ok()
}

/// Comparatives that may stand right behind a noun: `older than`.
pub(super) fn is_comparative(word: &str) -> bool {
    matches!(
        word,
        "older"
            | "newer"
            | "younger"
            | "larger"
            | "bigger"
            | "smaller"
            | "longer"
            | "shorter"
            | "higher"
            | "lower"
            | "greater"
            | "more"
            | "less"
            | "fewer"
            | "later"
            | "earlier"
            | "cheaper"
            | "exceeding"
            | "älter"
            | "neuer"
            | "jünger"
            | "größer"
            | "kleiner"
            | "mehr"
            | "weniger"
    )
}

/// What people tell somebody to do. Words that are adjectives, too, are verbs only where nothing that stands before
/// a noun stands before them.
pub(super) fn is_verb(word: &str) -> bool {
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
pub(super) fn leads_to_verb(word: &str) -> bool {
    matches!(
        word,
        "please" | "to" | "and" | "then" | "you" | "i" | "we" | "i'll" | "we'll" | "bitte" | "und"
    ) || negates(word)
}

/// Markers of a condition: one word, with the next.
pub(super) fn is_condition(word: &str, next: Option<&str>) -> bool {
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
pub(super) fn asks_whether(word: &str) -> bool {
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
pub(super) fn same_deed(said: &str, named: &str) -> bool {
    said == named
        || DEEDS
            .iter()
            .any(|deed| deed.contains(&said) && deed.contains(&named))
}

/// Verbs that mean whatever is done: `deal with them`.
pub(super) fn is_any_deed(word: &str) -> bool {
    matches!(
        word,
        "deal" | "handle" | "process" | "work" | "proceed" | "continue" | "bearbeite" | "erledige"
    )
}

/// Words at the end of a clause that leave out what it names: `VIPs excepted`.
pub(super) fn leaves_out(word: &str) -> bool {
    matches!(
        word,
        "excepted" | "excluded" | "exempt" | "exempted" | "aside" | "ausgenommen"
    )
}

/// What somebody is told to leave out: one word, or the first of two.
pub(super) fn is_skipped(word: &str, next: Option<&str>) -> bool {
    matches!(word, "skip" | "ignore" | "exclude" | "omit" | "spare")
        || matches!((word, next), ("leave", Some("out")))
}

/// Words that point back at what was spoken of: `do it`, `go ahead`.
pub(super) fn points_back(word: &str, next: Option<&str>) -> bool {
    matches!(
        (word, next),
        ("do", Some("it" | "so" | "that" | "this")) | ("go", Some("ahead")) | ("proceed", _)
    )
}
