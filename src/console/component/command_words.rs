//! The words of a command as a shell would part them, without anything else that a shell does.

/// Parts a command at its blanks. What stands in quotes stays together, and a backslash keeps the character behind it
/// as it is; between single quotes nothing has a meaning. None where a quote is not closed.
pub(in crate::console) fn command_words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (Some('\''), letter) => word.get_or_insert_default().push(letter),
            (_, '\\') => word.get_or_insert_default().push(letters.next()?),
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_as_in_a_shell() {
        let words = |text: &str| command_words(text);
        assert_eq!(words("/bin/x  --stdio").unwrap(), ["/bin/x", "--stdio"]);
        assert_eq!(
            words("'/opt/my tools/x' --name \"a b\"c '' d\\ e \"\\\"\"").unwrap(),
            ["/opt/my tools/x", "--name", "a bc", "", "d e", "\""]
        );
        assert_eq!(words("'a\\b'").unwrap(), ["a\\b"]);
        assert!(words("").unwrap().is_empty());
        assert_eq!(words("'a"), None);
        assert_eq!(words("a\\"), None);
    }
}
