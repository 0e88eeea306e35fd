//! Words between the others: what closes a noun off, joins, leads to a place or a time, and begins a clause.

/// Words at which the words before a noun end.
pub(in crate::bound::qualifier) fn is_boundary(word: &str) -> bool {
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
pub(in crate::bound::qualifier) fn is_joint(word: &str) -> bool {
    matches!(word, "and" | "or" | "und" | "oder")
}

pub(in crate::bound::qualifier) fn is_preposition(word: &str) -> bool {
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
            | "among"
            | "amongst"
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
pub(in crate::bound::qualifier) fn is_relative(word: &str) -> bool {
    matches!(
        word,
        "that" | "which" | "who" | "whom" | "whose" | "where" | "welche" | "welcher" | "welches"
    )
}

/// German articles: behind a noun they begin a clause about it, or name whose it is.
pub(in crate::bound::qualifier) fn is_article(word: &str) -> bool {
    matches!(
        word,
        "der" | "die" | "das" | "den" | "dem" | "des" | "denen" | "deren" | "dessen"
    )
}

/// Words that begin a clause about the noun before them without a word for it: `every ticket nobody answered`.
pub(in crate::bound::qualifier) fn is_subject(word: &str) -> bool {
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
pub(in crate::bound::qualifier) fn is_anything(word: &str) -> bool {
    matches!(word, "everything" | "anything" | "something" | "alles")
}

/// Words that leave open which: `whichever look abandoned`.
pub(in crate::bound::qualifier) fn is_whichever(word: &str) -> bool {
    matches!(word, "whichever" | "whatever" | "whoever")
}
