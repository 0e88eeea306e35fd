//! Words that take away, turn round, or leave open whether something holds.

/// Words that take away from what was said: one word, or the first of two.
pub(in crate::bound::qualifier) fn excludes(word: &str, next: Option<&str>) -> bool {
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
pub(in crate::bound::qualifier) fn negates(word: &str) -> bool {
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
pub(in crate::bound::qualifier) fn denies(word: &str) -> bool {
    matches!(
        word,
        "nobody" | "noone" | "nothing" | "nowhere" | "hardly" | "niemand" | "nichts" | "refuse"
    )
}

/// Words by which something makes no difference, or is only a wish.
pub(in crate::bound::qualifier) fn hedges(word: &str) -> bool {
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
pub(in crate::bound::qualifier) fn makes_nothing_of(word: &str) -> bool {
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

/// Words at the end of a clause that leave out what it names: `VIPs excepted`.
pub(in crate::bound::qualifier) fn leaves_out(word: &str) -> bool {
    matches!(
        word,
        "excepted" | "excluded" | "exempt" | "exempted" | "aside" | "ausgenommen"
    )
}

/// What somebody is told to leave out: one word, or the first of two.
pub(in crate::bound::qualifier) fn is_skipped(word: &str, next: Option<&str>) -> bool {
    matches!(word, "skip" | "ignore" | "exclude" | "omit" | "spare")
        || matches!((word, next), ("leave", Some("out")))
}
