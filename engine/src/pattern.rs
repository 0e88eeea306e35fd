//! Texts with `*`: the types, sources and subjects of events, and with `?` the names of files.

/// A text in which `*` stands for any characters, none and separators included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Vec<String>);

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("*"))
    }
}

impl Pattern {
    /// A pattern as it is written.
    pub fn new(text: &str) -> Self {
        Self(text.split('*').map(str::to_owned).collect())
    }

    /// The text that it stands for alone, when it has no `*`.
    pub fn whole(&self) -> Option<&str> {
        match self.0.as_slice() {
            [whole] => Some(whole),
            _ => None,
        }
    }

    /// What every text that it matches begins with.
    pub fn beginning(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Whether it matches a text.
    pub fn matches(&self, text: &str) -> bool {
        // Each part takes the first place that it finds, which is right because any later part may follow
        // later still: no backtracking, whatever the pattern.
        match self.0.as_slice() {
            [] => text.is_empty(),
            [whole] => whole == text,
            [first, middle @ .., last] => {
                let Some(mut rest) = text.strip_prefix(first.as_str()) else {
                    return false;
                };
                for part in middle {
                    let Some(found) = rest.find(part.as_str()) else {
                        return false;
                    };
                    rest = &rest[found + part.len()..];
                }
                rest.ends_with(last.as_str())
            }
        }
    }
}

/// Whether a text is one that the pattern means.
pub fn matches_name(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and how much of the text it holds so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, held)) => {
                    star = Some((at, held + 1));
                    p = at + 1;
                    t = held + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::*, test_runner::RngSeed};

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("*", "a.b", true),
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbY", false),
            ("a*bc", "abcbc", true),
            ("?.txt", "ä.txt", true),
            ("?.txt", ".txt", false),
            ("*@example.com", "ana@example.com", true),
            ("*@example.com", "ana@example.com.evil.com", false),
            ("a", "A", false),
        ] {
            assert_eq!(matches_name(pattern, text), expected, "{pattern} {text}");
        }
        let many = "a".repeat(5_000);
        assert!(!matches_name(&format!("{}b", "a*".repeat(50)), &many));
    }

    #[test]
    fn a_star_matches_any_characters() {
        for (pattern, text, expected) in [
            ("com.example.*", "com.example.order.paid", true),
            ("com.example.*", "com.example.", true),
            ("com.example.*", "com.example", false),
            ("*.paid", "com.example.order.paid", true),
            ("com.*.paid", "com.paid", false),
            ("a*b*c", "a-b-b-c", true),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("com.example", "com.example", true),
            ("com.example", "COM.example", false),
            ("a?c", "abc", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    /// The definition, letter by letter.
    fn slowly(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|from| slowly(rest, &text[from..])),
            [letter, rest @ ..] => text.first() == Some(letter) && slowly(rest, &text[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() })]

        #[test]
        fn matches_as_defined(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            prop_assert_eq!(Pattern::new(&pattern).matches(&text), slowly(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
