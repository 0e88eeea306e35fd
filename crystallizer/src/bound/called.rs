//! How a text calls somebody: by the first or the last word of their name, which a record has as a whole, or by a handle
//! behind its sign.

use super::compose::begins_sentence;
use super::key::Key;
use super::transform::Part;

/// What stands in front of the one who is greeted.
const GREETS: [&str; 26] = [
    "hi", "hello", "hey", "dear", "hallo", "liebe", "lieber", "moin", "bonjour", "salut", "cher",
    "chère", "hola", "estimado", "estimada", "querido", "querida", "ciao", "caro", "cara",
    "thanks", "danke", "merci", "gracias", "morning", "welcome",
];
/// What stands in front of a last name.
const TITLES: [&str; 21] = [
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "herrn", "frau", "monsieur", "madame",
    "mme", "señor", "señora", "sr", "sra", "signor", "signora", "sir", "madam",
];
/// Words with a capital that are names of people, too, and mostly none of them.
const OF_CALENDAR: [&str; 8] = [
    "may", "april", "june", "august", "mai", "juni", "sunday", "friday",
];

/// Whether a key asks for this word of a name: `first_name`, `surname`.
pub(super) fn asks_for(key: &Key, part: &Part) -> bool {
    let words: &[&str] = match part {
        Part::FirstWord => &["first", "firstname", "given", "forename", "vorname"],
        Part::LastWord => &["last", "lastname", "surname", "family", "nachname"],
        _ => return false,
    };
    key.words.iter().any(|word| words.contains(&word.as_str()))
}

/// The key under which somebody is called by the word that begins there in a text: by the last name behind a title, by
/// the first one in a greeting or within a sentence. None where the word may have its capital for another reason.
pub(super) fn key(text: &str, start: usize, word: &str) -> Option<Key> {
    if word.contains(' ') || OF_CALENDAR.contains(&word.to_lowercase().as_str()) {
        return None;
    }
    let before = text.get(..start)?;
    let last = before
        .split(|c: char| !c.is_alphanumeric())
        .rfind(|word| !word.is_empty())
        .filter(|_| before.ends_with([' ', '.', ',']))
        .map(str::to_lowercase);
    let last = last.as_deref();
    let half = if last.is_some_and(|last| TITLES.contains(&last)) {
        "last"
    } else if last.is_some_and(|last| GREETS.contains(&last)) || !begins_sentence(text, start) {
        "first"
    } else {
        return None;
    };
    Some(Key {
        words: vec![half.to_owned(), "name".to_owned()],
        around: Vec::new(),
    })
}

/// Whether a text ends with a greeting or a title, so that a name stands behind it.
pub(super) fn is_called_at(before: &str) -> bool {
    let mut words = before.split(|c: char| !c.is_alphanumeric());
    let last = words.rfind(|word| !word.is_empty());
    let last = last.filter(|_| before.ends_with([' ', '.', ',']));
    last.map(str::to_lowercase)
        .is_some_and(|last| TITLES.contains(&&*last) || GREETS.contains(&&*last))
}

/// Whether a word stands behind the sign of a handle, as in `@ana-n`, and is no address.
pub(super) fn is_handle(text: &str, start: usize) -> bool {
    text.get(..start)
        .and_then(|before| before.strip_suffix('@'))
        .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_called_by_half_of_a_name() {
        for (text, word, expected) in [
            ("Hi Ana, it is done", "Ana", Some("first")),
            ("Hello Ana", "Ana", Some("first")),
            ("Dear Ms. Novak,", "Novak", Some("last")),
            ("Sehr geehrter Herr Novak", "Novak", Some("last")),
            ("It went to Ana today", "Ana", Some("first")),
            ("Ana has it", "Ana", None),
            ("Done. Ana has it", "Ana", None),
            ("It is due on May 3", "May", None),
            ("Hi Ana Novak", "Ana Novak", None),
        ] {
            let start = text.find(word).unwrap();
            let half = key(text, start, word).map(|key| key.words[0].clone());
            assert_eq!(half.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_handle_is_no_address() {
        assert!(is_handle("@ana", 1) && is_handle("cc @ana", 4));
        assert!(!is_handle("a@ana", 2) && !is_handle("ana", 0));
    }
}
