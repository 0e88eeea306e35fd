//! What leads to what somebody is told to do, what is to stay as it is, and what has to be.

use super::negates;

/// Words that may stand before what somebody is told to do: `could you please`, `I want you to`.
pub(in crate::bound::qualifier) fn is_lead(word: &str) -> bool {
    matches!(
        word,
        "please"
            | "pls"
            | "kindly"
            | "then"
            | "also"
            | "just"
            | "now"
            | "always"
            | "and"
            | "but"
            | "so"
            | "ok"
            | "okay"
            | "yes"
            | "hi"
            | "hello"
            | "hey"
            | "can"
            | "could"
            | "would"
            | "will"
            | "should"
            | "must"
            | "you"
            | "i"
            | "i'd"
            | "we"
            | "want"
            | "need"
            | "like"
            | "love"
            | "to"
            | "have"
            | "let's"
            | "let"
            | "us"
            | "me"
            | "help"
            | "do"
            | "go"
            | "ahead"
            | "make"
            | "sure"
            | "be"
            | "try"
            | "first"
            | "finally"
            | "afterwards"
            | "bitte"
            | "dann"
            | "und"
            | "aber"
            | "auch"
            | "jetzt"
            | "mir"
            | "kannst"
            | "könntest"
            | "du"
            | "ich"
            | "möchte"
    ) || negates(word)
}

/// What somebody is told to leave as it is: `keep`, `leave`, `spare`.
pub(in crate::bound::qualifier) fn keeps(word: &str) -> bool {
    matches!(
        word,
        "keep"
            | "leave"
            | "skip"
            | "ignore"
            | "spare"
            | "omit"
            | "exclude"
            | "avoid"
            | "retain"
            | "preserve"
            | "protect"
            | "save"
            | "touch"
            | "wait"
            | "watch"
            | "beware"
            | "mind"
            | "warte"
            | "hold"
            | "limit"
            | "restrict"
            | "prioritise"
            | "prioritize"
            | "start"
            | "begin"
            | "stop"
            | "lass"
            | "lasse"
            | "behalte"
            | "überspringe"
            | "ignoriere"
            | "verschone"
            | "beginne"
    )
}

/// What begins a part that only takes away or holds to some of it: `only`, `except`, `no`, `hands off`.
pub(in crate::bound::qualifier) fn limits(word: &str, next: Option<&str>) -> bool {
    matches!(
        word,
        "only"
            | "just"
            | "solely"
            | "exclusively"
            | "merely"
            | "mainly"
            | "except"
            | "excepting"
            | "excluding"
            | "exception"
            | "exceptions"
            | "besides"
            | "minus"
            | "barring"
            | "without"
            | "unless"
            | "nur"
            | "ausschließlich"
            | "bloß"
            | "außer"
            | "ausser"
            | "ohne"
            | "ausnahme"
            | "ausgenommen"
    ) || negates(word)
        || matches!(
            (word, next),
            ("hands", Some("off"))
                | ("stay" | "steer" | "keep", Some("away" | "clear" | "off"))
                | ("anything" | "everything" | "all", Some("but" | "except"))
                | ("apart" | "aside", Some("from"))
                | ("other" | "rather", Some("than"))
                | ("finger" | "hände", Some("weg"))
        )
}

/// Words for what has to be: `must`, `has to`.
pub(in crate::bound::qualifier) fn obliges(word: &str, next: Option<&str>) -> bool {
    matches!(
        word,
        "must"
            | "mustn't"
            | "should"
            | "shouldn't"
            | "shall"
            | "ought"
            | "gotta"
            | "muss"
            | "müssen"
            | "soll"
            | "sollen"
            | "sollte"
            | "sollten"
            | "darf"
            | "dürfen"
    ) || matches!(
        (word, next),
        (
            "has" | "have" | "needs" | "need" | "is" | "are" | "got",
            Some("to")
        ) | ("needs" | "need", Some("not"))
    )
}

/// Words for what goes on as it is: `stay`, `remain`.
pub(in crate::bound::qualifier) fn stays(word: &str, next: Option<&str>) -> bool {
    matches!(
        word,
        "stay"
            | "stays"
            | "remain"
            | "remains"
            | "untouched"
            | "taboo"
            | "tabu"
            | "off-limits"
            | "excluded"
            | "excepted"
            | "exempt"
            | "exempted"
            | "sacred"
            | "alone"
            | "bleiben"
            | "bleibt"
            | "unberührt"
    ) || matches!((word, next), ("off", Some("limits")))
}

/// Words for what somebody would have, or would not: `preferably direct`, `I hate early flights`.
pub(in crate::bound::qualifier) fn prefers(word: &str) -> bool {
    matches!(
        word,
        "prefer"
            | "prefers"
            | "preferred"
            | "preferably"
            | "ideally"
            | "favour"
            | "favor"
            | "hate"
            | "dislike"
            | "rather"
            | "lieber"
            | "möglichst"
            | "vorzugsweise"
    )
}

/// Verbs of telling somebody: what they are told about is the end of the work, and no part of it.
pub(in crate::bound::qualifier) fn reports(word: &str, next: Option<&str>) -> bool {
    matches!(
        word,
        "tell"
            | "show"
            | "let"
            | "report"
            | "summarise"
            | "summarize"
            | "explain"
            | "confirm"
            | "give"
            | "send"
            | "write"
            | "mail"
            | "email"
            | "inform"
            | "notify"
            | "update"
            | "sag"
            | "sage"
            | "zeig"
            | "zeige"
            | "gib"
    ) && matches!(
        next,
        Some(
            "me" | "us"
                | "back"
                | "when"
                | "once"
                | "how"
                | "what"
                | "whether"
                | "if"
                | "why"
                | "mir"
                | "uns"
                | "wenn"
                | "wann"
                | "wie"
        )
    )
}

/// What speaks of the talk itself, behind a negation or a word for keeping: `don't worry`, `keep me posted`.
pub(in crate::bound::qualifier) fn talks(word: &str) -> bool {
    matches!(
        word,
        "worry"
            | "worries"
            | "hesitate"
            | "forget"
            | "mind"
            | "bother"
            | "panic"
            | "rush"
            | "hurry"
            | "problem"
            | "problems"
            | "need"
            | "idea"
            | "doubt"
            | "wonder"
            | "trouble"
            | "inconvenience"
            | "confusion"
            | "thanks"
            | "thank"
            | "posted"
            | "updated"
            | "informed"
            | "moment"
            | "minute"
            | "second"
            | "wondering"
            | "checking"
            | "asking"
            | "sure"
            | "certain"
            | "hang"
            | "sorge"
            | "eile"
    )
}

/// Words by which a deed is done with something more, or in a way of its own: `with a window seat`, `in business class`,
/// `partially`. What is known already, or is done, is no more: `with the refund`, `with booking it`.
pub(in crate::bound::qualifier) fn adds(word: &str, next: Option<&str>) -> bool {
    let thing = || {
        next.is_some_and(|next| {
            let somebody = matches!(next, "me" | "us" | "them" | "him" | "mir" | "ihm" | "uns");
            let known = super::is_definite(next) || super::is_subject(next);
            !(somebody || known || next.ends_with("ing"))
        })
    };
    let bare = || {
        thing()
            && next.is_some_and(|next| {
                !super::is_harmless(next)
                    && !super::is_determiner(next)
                    && super::number(next).is_none()
                    && !matches!(
                        next,
                        "order"
                            | "case"
                            | "advance"
                            | "addition"
                            | "fact"
                            | "general"
                            | "total"
                            | "person"
                            | "touch"
                    )
            })
    };
    match word {
        "with" | "including" | "plus" | "via" | "using" | "mit" | "inklusive" => thing(),
        "in" => bare(),
        "at" | "under" | "on" => {
            matches!(
                next,
                Some("no" | "zero" | "half" | "double" | "most" | "least")
            )
        }
        "for" => matches!(next, Some("no" | "free")),
        "free" => next == Some("of"),
        "as" => matches!(next, Some("a" | "an")),
        _ => matches!(
            word,
            "gratis"
                | "partially"
                | "partly"
                | "temporarily"
                | "provisionally"
                | "silently"
                | "secretly"
                | "anonymously"
                | "manually"
                | "gradually"
                | "retroactively"
                | "preferably"
                | "ideally"
                | "twice"
                | "teilweise"
                | "vorübergehend"
                | "kostenlos"
                | "anonym"
                | "zweimal"
        ),
    }
}

/// Words for how something is paid or given back.
pub(in crate::bound::qualifier) fn is_way_to_pay(word: &str) -> bool {
    matches!(
        word,
        "card"
            | "cards"
            | "credit"
            | "paypal"
            | "voucher"
            | "vouchers"
            | "coupon"
            | "certificate"
            | "wallet"
            | "cash"
            | "cheque"
            | "points"
            | "miles"
            | "karte"
            | "kreditkarte"
            | "gutschein"
            | "guthaben"
    )
}

/// What makes a single deed hang on something, or takes away from it: `once it is paid`, `except the lamp`, `half of`.
/// `next` is the word behind it.
pub(in crate::bound::qualifier) fn hangs(word: &str, next: Option<&str>) -> bool {
    // `after confirming it` is a step of the work.
    let works = next.is_some_and(|next| next.ends_with("ing"));
    matches!(word, "after" | "before") && !works
        || matches!(
            word,
            "once"
                | "while"
                | "until"
                | "till"
                | "given"
                | "assuming"
                | "wherever"
                | "half"
                | "only"
                | "sobald"
                | "nachdem"
                | "bevor"
                | "ehe"
                | "bis"
                | "erst"
                | "nur"
                | "hälfte"
                | "consent"
                | "approval"
                | "permission"
                | "agreement"
                | "tomorrow"
                | "tonight"
                | "later"
                | "übermorgen"
        )
        || super::excludes(word, next)
        || matches!(
            (word, next),
            ("as", Some("soon")) | ("part" | "some", Some("of"))
        )
}
