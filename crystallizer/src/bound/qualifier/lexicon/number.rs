//! Numbers, places in an order, parts, and comparatives.

/// Words before a number by which it is not just as many: `at least three`.
pub(in crate::bound::qualifier) fn is_about(word: &str) -> bool {
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
pub(in crate::bound::qualifier) fn ordinal(word: &str) -> Option<bool> {
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
pub(in crate::bound::qualifier) fn is_part(word: &str) -> bool {
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
pub(in crate::bound::qualifier) fn number(word: &str) -> Option<u64> {
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
pub(in crate::bound::qualifier) fn is_comparative(word: &str) -> bool {
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
