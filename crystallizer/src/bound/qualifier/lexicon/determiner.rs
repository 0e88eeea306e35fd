//! Words before a noun that say nothing about which of the things are meant.

/// Words that stand before a noun and narrow nothing.
pub(in crate::bound::qualifier) fn is_determiner(word: &str) -> bool {
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
pub(in crate::bound::qualifier) fn is_indefinite(word: &str) -> bool {
    matches!(word, "a" | "an" | "ein" | "eine" | "einen" | "einem")
}

/// Determiners of something that is known: the number behind them only says how many there are.
pub(in crate::bound::qualifier) fn is_definite(word: &str) -> bool {
    is_determiner(word) && !is_indefinite(word) && word != "any"
}

/// Words for all of something.
pub(in crate::bound::qualifier) fn is_universal(word: &str) -> bool {
    matches!(
        word,
        "all"
            | "each"
            | "every"
            | "everything"
            | "any"
            | "both"
            | "whole"
            | "entire"
            | "alle"
            | "allen"
            | "aller"
            | "alles"
            | "jede"
            | "jeden"
            | "jedes"
            | "jeder"
            | "sämtliche"
    )
}

/// Words that may stand beside a noun and say nothing about which of them are meant.
pub(in crate::bound::qualifier) fn is_neutral(word: &str) -> bool {
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
