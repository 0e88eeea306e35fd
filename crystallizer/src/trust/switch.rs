//! What an argument switches that is only on or off: such a value stands in no text, the words of its key do.

use super::request::each_bent;

/// Words of keys that say nothing of what is switched.
const SMALL: [&str; 14] = [
    "is", "has", "the", "and", "with", "for", "can", "use", "set", "should", "are", "only", "do",
    "be",
];

/// What opens something to others, or takes a safeguard away, where it is on.
const OPENS: [&str; 26] = [
    "public",
    "everyone",
    "anyone",
    "anonymous",
    "admin",
    "superuser",
    "root",
    "sudo",
    "privileged",
    "owner",
    "force",
    "forced",
    "skip",
    "bypass",
    "override",
    "ignore",
    "insecure",
    "unsafe",
    "dangerously",
    "permanent",
    "permanently",
    "hard",
    "editable",
    "auto",
    "trusted",
    "disable",
];

/// What guards, where it is on.
const GUARDS: [&str; 12] = [
    "dry",
    "private",
    "verify",
    "validate",
    "confirm",
    "confirmation",
    "approval",
    "protected",
    "secure",
    "encrypted",
    "sandbox",
    "backup",
];

/// Whether a switch opens something or takes a safeguard away.
pub(super) fn opens(key: &str, on: bool) -> bool {
    let off = crate::words::has(key, &["no", "not", "disable", "without"]);
    match on {
        true => crate::words::has(key, &OPENS) || off && crate::words::has(key, &GUARDS),
        false => crate::words::has(key, &GUARDS) && !off,
    }
}

/// The words of a key that tell what is switched, in small letters.
pub(super) fn words(key: &str) -> Vec<String> {
    let mut words = crate::words::split(key);
    words.retain(|word| word.len() >= 3 && !SMALL.contains(&word.as_str()));
    words
}

/// The forms in which a word of a key may be said.
pub(super) fn each_form(word: &str, then: &mut dyn FnMut(&str)) {
    each_bent(word, then);
    then(&format!("{word}ly"));
    if let Some(stem) = word.strip_suffix("able") {
        each_bent(stem, then);
    }
}

/// All words that may tell of a switch, each in each of its forms.
pub(crate) fn each_word(key: &str, then: &mut dyn FnMut(&str)) {
    for word in words(key) {
        each_form(&word, then);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_opens_or_takes_a_guard_away() {
        for (key, on, expected) in [
            ("public", true, true),
            ("public", false, false),
            ("make_public", true, true),
            ("skip_fraud_check", true, true),
            ("dry_run", false, true),
            ("dry_run", true, false),
            ("dryRun", false, true),
            ("no_verify", true, true),
            ("no_verify", false, false),
            ("verify_ssl", false, true),
            ("is_admin", true, true),
            ("notify", true, false),
            ("include_archived", true, false),
        ] {
            assert_eq!(opens(key, on), expected, "{key}: {on}");
        }
    }
}
