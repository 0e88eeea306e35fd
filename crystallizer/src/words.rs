//! The words of a name: `getUserByID`, `get-user_by.id` and `mcp__x__get_user` in lower case.

/// Splits at anything that is no letter or digit, and where small letters or digits meet capitals.
pub(crate) fn split(name: &str) -> Vec<String> {
    if name.is_ascii() {
        let mut words = Vec::new();
        each_of_ascii(name, &mut |word| words.push(word.to_ascii_lowercase()));
        return words;
    }
    let mut words = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (index, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(index + 1);
        let starts = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_numeric())
                || before.is_some_and(|b| b.is_uppercase())
                    && after.is_some_and(|a| a.is_lowercase()));
        if starts && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a word of a name has Latin letters and those of Greek or Cyrillic, of which many look the same.
pub(crate) fn mixes_scripts(name: &str) -> bool {
    let twin = |c: char| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{1f00}'..='\u{1fff}' | '\u{ff21}'..='\u{ff5a}');
    let mut words = name.split(|c: char| !c.is_alphabetic());
    !name.is_ascii()
        && words.any(|word| word.contains(twin) && word.contains(|c: char| c.is_ascii_alphabetic()))
}

/// Whether one of the words of a name, in small letters, is in a list.
pub(crate) fn has(name: &str, list: &[&str]) -> bool {
    if !name.is_ascii() {
        return split(name).iter().any(|word| list.contains(&word.as_str()));
    }
    let mut found = false;
    each_of_ascii(name, &mut |word| {
        found = found || list.iter().any(|known| known.eq_ignore_ascii_case(word));
    });
    found
}

/// The words of a name of ASCII, as most names are, in the letters that they are written in.
fn each_of_ascii(name: &str, then: &mut dyn FnMut(&str)) {
    let bytes = name.as_bytes();
    let mut begin = 0;
    let mut end = |from: usize, to: usize| {
        if let Some(word) = name.get(from..to).filter(|word| !word.is_empty()) {
            then(word);
        }
    };
    for (index, byte) in bytes.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            end(begin, index);
            begin = index + 1;
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(index + 1);
        let starts = byte.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b.is_ascii_uppercase() && after.is_some_and(u8::is_ascii_lowercase)
            });
        if starts {
            end(begin, index);
            begin = index;
        }
    }
    end(begin, name.len());
}

#[cfg(test)]
mod tests {
    use super::{has, split};

    #[test]
    fn words_of_names() {
        for (name, expected) in [
            ("getUserByID", "get user by id"),
            ("WebSearch", "web search"),
            ("HTTPServerError", "http server error"),
            (
                "mcp__linear-server__get_issue",
                "mcp linear server get issue",
            ),
            ("größeÄndern", "größe ändern"),
            ("__", ""),
            ("a1B2", "a1 b2"),
        ] {
            assert_eq!(split(name).join(" "), expected);
            // A letter of another alphabet behind it changes nothing of the words before.
            let mut other = split(&format!("{name}-ä"));
            assert_eq!(other.pop().as_deref(), Some("ä"));
            assert_eq!(other, split(name));
            for word in &other {
                assert!(has(name, &["another", word]), "{name}: {word}");
            }
            assert!(!has(name, &["mcplinear", "Ä", ""]), "{name}");
        }
    }
}
