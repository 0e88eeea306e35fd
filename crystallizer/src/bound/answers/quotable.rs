//! Texts of several words that answers hold whole: messages may quote them.

use std::collections::HashMap;

/// The most texts that are remembered, and how long they are.
const MOST: usize = 2_000;
const SHORTEST: usize = 8;
const LONGEST: usize = 120;

/// Whether a text is one that a message may quote: words on one line.
pub(super) fn is_quotable(text: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&text.len())
        && text.contains(' ')
        && !text.contains('\n')
        && text.chars().filter(|c| c.is_alphanumeric()).count() * 2 >= SHORTEST
}

/// The texts, by how they begin.
#[derive(Default)]
pub(super) struct Quotable {
    by_beginning: HashMap<[u8; SHORTEST], Vec<String>>,
    count: usize,
}

impl Quotable {
    /// Takes in texts, as far as there is room.
    pub(super) fn extend(&mut self, texts: Vec<String>) {
        for text in texts {
            let Some(beginning) = beginning(&text, 0) else {
                continue;
            };
            let known = self.by_beginning.entry(beginning).or_default();
            if self.count < MOST && !known.contains(&text) {
                known.push(text);
                self.count += 1;
            }
        }
    }

    /// Whether it is one of them.
    pub(super) fn holds(&self, text: &str) -> bool {
        beginning(text, 0)
            .and_then(|beginning| self.by_beginning.get(&beginning))
            .is_some_and(|known| known.iter().any(|one| one == text))
    }

    /// Those that stand in a longer text, on the borders of words, with their places.
    pub(super) fn within<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        let mut found = Vec::new();
        if self.count == 0 {
            return found;
        }
        let joined = |c: char| c.is_alphanumeric() || c == '_';
        for (at, _) in text.char_indices() {
            if text[..at].ends_with(joined) {
                continue;
            }
            let known = beginning(text, at).and_then(|beginning| self.by_beginning.get(&beginning));
            for one in known.into_iter().flatten() {
                let rest = &text[at..];
                if one.len() < text.len()
                    && rest.starts_with(one.as_str())
                    && !rest[one.len()..].starts_with(joined)
                {
                    found.push((at, &rest[..one.len()]));
                }
            }
        }
        found
    }
}

/// How a text goes on from a place.
fn beginning(text: &str, at: usize) -> Option<[u8; SHORTEST]> {
    text.as_bytes()
        .get(at..at + SHORTEST)
        .and_then(|bytes| bytes.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_longer_ones() {
        let mut quotable = Quotable::default();
        quotable.extend(vec![
            "Printer on fire".to_owned(),
            "Tür klemmt sehr".to_owned(),
        ]);
        assert!(quotable.holds("Printer on fire"));
        assert_eq!(
            quotable.within("[Escalated] Printer on fire: Tür klemmt sehr"),
            [(12, "Printer on fire"), (29, "Tür klemmt sehr")]
        );
        assert_eq!(quotable.within("Printer on fires"), []);
        assert_eq!(quotable.within("Printer on fire"), []);
    }
}
