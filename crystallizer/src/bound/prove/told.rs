//! What was said and answered so far, and whether a name stands in it. Of all texts only those are looked through that
//! have the words of the name, so that a long recording is not read once for each of its values.

use super::stands_in;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The shortest word that is remembered.
const SHORTEST: usize = 3;

/// Texts, by the words in them.
#[derive(Default)]
pub(super) struct Told<'t> {
    texts: Vec<&'t str>,
    words: HashMap<&'t str, Vec<u32>>,
    /// The same words in their order, to find those that begin alike.
    sorted: RefCell<Sorted<'t>>,
}

/// Words in their order, as far as somebody has asked.
#[derive(Default)]
struct Sorted<'t> {
    all: BTreeSet<&'t str>,
    /// Those that came since.
    new: Vec<&'t str>,
}

/// The words of a text: what stands between signs and blanks, with where it begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at + text.get(at..)?.find(joins)?;
        let rest = text.get(begin..)?;
        let length = rest.find(|c| !joins(c)).unwrap_or(rest.len());
        at = begin + length;
        Some((begin, rest.get(..length)?))
    })
}

impl<'t> Told<'t> {
    pub(super) fn add(&mut self, text: &'t str) {
        let Ok(at) = u32::try_from(self.texts.len()) else {
            return;
        };
        self.texts.push(text);
        for (_, word) in words(text).filter(|(_, word)| word.len() >= SHORTEST) {
            let places = self.words.entry(word).or_default();
            if places.is_empty() {
                self.sorted.get_mut().new.push(word);
            }
            if places.last() != Some(&at) {
                places.push(at);
            }
        }
    }

    /// Whether a name stands alone in a text.
    pub(super) fn has_name(&self, name: &str) -> bool {
        // Whatever stands alone has all of its words there as words.
        let rarest = words(name)
            .filter(|(_, word)| word.len() >= SHORTEST)
            .map(|(_, word)| self.words.get(word).map_or(&[][..], Vec::as_slice))
            .min_by_key(|places| places.len());
        match rarest {
            Some(places) => self.any(places, |text| stands_in(text, name)),
            None => self.texts.iter().any(|text| stands_in(text, name)),
        }
    }

    /// Whether a text holds another, be it within a word.
    pub(super) fn holds(&self, wanted: &str) -> bool {
        // The first and the last word may be parts of longer ones there.
        let all: Vec<(usize, &str)> = words(wanted).collect();
        let within = |(begin, word): &&(usize, &str)| {
            *begin > 0 && begin + word.len() < wanted.len() && word.len() >= SHORTEST
        };
        let rarest = all
            .iter()
            .filter(within)
            .map(|(_, word)| self.words.get(word).map_or(&[][..], Vec::as_slice))
            .min_by_key(|places| places.len());
        if let Some(places) = rarest {
            return self.any(places, |text| text.contains(wanted));
        }
        match all.last() {
            Some((begin, last)) if *begin > 0 && last.len() >= SHORTEST => {
                self.any_beginning(last, |text| text.contains(wanted))
            }
            _ => self.texts.iter().any(|text| text.contains(wanted)),
        }
    }

    /// The same for the texts with a word that begins so, each once, however many such words it has.
    fn any_beginning(&self, beginning: &str, mut is_it: impl FnMut(&str) -> bool) -> bool {
        let mut sorted = self.sorted.borrow_mut();
        let Sorted { all, new } = &mut *sorted;
        all.extend(new.drain(..));
        let mut seen = HashSet::new();
        all.range(beginning..)
            .take_while(|word| word.starts_with(beginning))
            .flat_map(|word| self.words.get(word).map_or(&[][..], Vec::as_slice))
            .filter(|at| seen.insert(**at))
            .any(|at| self.any(&[*at], &mut is_it))
    }

    fn any(&self, places: &[u32], mut is_it: impl FnMut(&str) -> bool) -> bool {
        let mut texts = places.iter().filter_map(|at| self.texts.get(*at as usize));
        texts.any(|text| is_it(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_by_words_is_what_is_found_by_reading() {
        let texts = [
            "order #W123 of anna.smith@example.com, 12 Main Street",
            "id=ord_77-b;x W1234 ünïcode_9",
            "a b c 1-2",
            "",
        ];
        let mut told = Told::default();
        for text in texts {
            told.add(text);
        }
        for wanted in [
            "#W123",
            "W123",
            "W12",
            "W1234",
            "ord_77",
            "ord_77-b",
            "77",
            "smith@example.com",
            "anna.smith@example.com",
            "12 Main Street",
            "12 Main Str",
            "2 Main Street",
            "r #W12",
            "1-2",
            "-2",
            "ünïcode_9",
            "code_9",
            "b c",
            "é",
            "of anna",
            "Main",
            "x W1234",
            "missing one",
        ] {
            let alone = texts.iter().any(|text| stands_in(text, wanted));
            assert_eq!(told.has_name(wanted), alone, "{wanted}");
            let within = texts.iter().any(|text| text.contains(wanted));
            assert_eq!(told.holds(wanted), within, "{wanted}");
        }
    }

    #[test]
    fn a_text_is_gone_through_once_however_many_of_its_words_begin_so() {
        let text: Vec<String> = (0..500).map(|at| format!("key{at} value{at}")).collect();
        let text = text.join(" ");
        let mut told = Told::default();
        told.add(&text);
        told.add("no value");
        let mut count = 0;
        let found = told.any_beginning("value", |_| {
            count += 1;
            false
        });
        assert!(!found);
        assert_eq!(count, 2);
        assert!(told.holds("key7 value7"));
        assert!(!told.holds("key7 value8"));
    }
}
