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

/// The place in an order that a word names: `second`, `2nd`.
pub(in crate::bound) fn place(word: &str) -> Option<u64> {
    const PLACES: [&[&str]; 12] = [
        &["first", "erster", "erste", "ersten"],
        &["second", "zweiter", "zweite", "zweiten"],
        &["third", "dritter", "dritte", "dritten"],
        &["fourth", "vierter", "vierte", "vierten"],
        &["fifth", "fünfter", "fünfte", "fünften"],
        &["sixth", "sechster", "sechste", "sechsten"],
        &["seventh", "siebter", "siebte", "siebten"],
        &["eighth", "achter", "achte", "achten"],
        &["ninth", "neunter", "neunte", "neunten"],
        &["tenth", "zehnter", "zehnte", "zehnten"],
        &["eleventh", "elfter", "elfte", "elften"],
        &["twelfth", "zwölfter", "zwölfte", "zwölften"],
    ];
    if let Some(at) = PLACES.iter().position(|known| known.contains(&word)) {
        return u64::try_from(at + 1).ok();
    }
    ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| word.strip_suffix(end))
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
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
