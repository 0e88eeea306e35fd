//! "Did you mean": the known word nearest to a wrong one.

/// The known word nearest to `given`, when it is near enough to be a slip of the pen.
/// Ties go to the first in the order handed in.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody misspells a name of this length, and the comparison is quadratic.
    if given.chars().count() > 64 {
        return None;
    }
    let wanted = given.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for word in known {
        let likeness = strsim::jaro_winkler(&wanted, &word.to_lowercase());
        if likeness > best.map_or(0.8, |(most, _)| most) {
            best = Some((likeness, word));
        }
    }
    best.map(|(_, word)| word)
}

/// The hint for a wrong word: the nearest known one, else what is known.
pub(crate) fn did_you_mean(given: &str, known: &[&str]) -> String {
    match nearest(given, known.iter().copied()) {
        Some(word) => format!("Did you mean `{word}`?"),
        None => format!("Known here: {}.", known.join(", ")),
    }
}

/// Text that somebody else wrote, made short and printable for a message.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_words_are_suggested() {
        let known = ["standard_webhooks", "github", "gitlab", "bearer"];
        assert_eq!(nearest("standard_webhook", known), Some(known[0]));
        assert_eq!(nearest("GitHub", known), Some("github"));
        assert_eq!(nearest("xyz", known), None);
        assert_eq!(nearest(&"g".repeat(1000), known), None);
    }
}
