//! What a person named one by one: `invite anna, bob and carl`, `tickets 12, 15 and 19`, or line by line.

use super::{Mention, Said, Spoken};
use crate::value_class::{self, ValueClass};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most words around the things of a list that each of them has, as `order` in `order W1 and order W2`.
const MOST_ALIKE: usize = 3;
/// The most things that are looked for.
const MOST_NAMED: usize = 1_000;
/// The most places of the first thing that a list is looked for around: the last ones. A list is named once or twice.
const MOST_STARTS: usize = 16;

/// Where a person named each of some things.
pub(in crate::bound) struct NamedAt {
    /// Where they named the first, the last place first.
    starts: Vec<Mention>,
    /// The places of each.
    named: Vec<Vec<Mention>>,
}

impl NamedAt {
    /// How many places are gone through to look for a list of the first so many of them.
    pub(in crate::bound) fn effort(&self, count: usize) -> usize {
        let places = self.named.iter().take(count).map(Vec::len);
        self.starts.len() * places.sum::<usize>()
    }
}

/// What the things of a list look like: what looks so right before or behind them is one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Look {
    Class(ValueClass),
    Number,
    /// A word with a capital.
    Name,
    /// Any other word.
    Word,
}

impl Look {
    fn of(token: &str) -> Self {
        let token = token.trim_matches(|c: char| !c.is_alphanumeric());
        match value_class::of(token) {
            Some(class) => Self::Class(class),
            None if token.bytes().any(|b| b.is_ascii_digit()) => Self::Number,
            None if token.starts_with(char::is_uppercase) => Self::Name,
            None => Self::Word,
        }
    }
}

/// One of the things: the words from the first on, up to the one behind it.
#[derive(Debug, Clone, Copy)]
struct Thing {
    from: usize,
    to: usize,
}

impl Said {
    /// Where a person named each of these.
    pub(in crate::bound) fn named_at(&self, values: &[&Value]) -> NamedAt {
        let mut starts = values
            .first()
            .filter(|_| values.len() <= MOST_NAMED)
            .map(|first| self.by_person(first))
            .unwrap_or_default();
        starts.reverse();
        starts.truncate(MOST_STARTS);
        let mut named: Vec<Vec<Mention>> = Vec::new();
        if !starts.is_empty() {
            named.extend(values.iter().map(|value| {
                let mut all = self.by_person(value);
                all.retain(|one| !self.is_left_out(one));
                all
            }));
        }
        NamedAt { starts, named }
    }

    /// Where a person named the first so many of these one after the other, and nothing else beside them; in whatever
    /// order.
    pub(in crate::bound) fn enumerated(&self, all: &NamedAt, count: usize) -> Option<Mention> {
        let named = all.named.get(..count)?;
        let mut starts = all.starts.iter();
        starts.find_map(|start| self.enumeration(*start, named))
    }

    /// The same around the place where the first of them stands. `named` has the places where each was named.
    fn enumeration(&self, start: Mention, named: &[Vec<Mention>]) -> Option<Mention> {
        let spoken = self.texts.get(start.text)?;
        // By their first words, none over another.
        let mut things: BTreeMap<usize, Thing> = BTreeMap::new();
        for places in named {
            // What is named twice is meant twice.
            let nearest = places
                .iter()
                .filter(|one| one.text == start.text)
                .map(|one| Thing {
                    from: one.word,
                    to: one.word + one.length.max(1),
                })
                .filter(|one| {
                    let before = things.range(..one.to).next_back();
                    before.is_none_or(|(_, known)| known.to <= one.from)
                })
                .min_by_key(|one| one.from.abs_diff(start.word))?;
            things.insert(nearest.from, nearest);
        }
        let things: Vec<Thing> = things.into_values().collect();
        let alike = spoken.alike(&things)?;
        let is_whole = !spoken.begins_before(&things, alike.0) && !spoken.goes_on(&things, alike.1);
        let (first, last) = (things.first()?, things.last()?);
        is_whole.then(|| self.mention(start.text, first.from, last.to - first.from))
    }
}

impl Spoken {
    /// What stands between two words.
    fn between(&self, before: usize, next: usize) -> Option<&str> {
        self.text.get(self.end_of(before)?..*self.starts.get(next)?)
    }

    /// How many words right before each of some things, and right behind it, are the same for all of them, where nothing
    /// else stands between them but what parts the things of a list.
    fn alike(&self, things: &[Thing]) -> Option<(usize, usize)> {
        let mut own: Option<Vec<&str>> = None;
        for (at, pair) in things.windows(2).enumerate() {
            let words = self.of_gap(pair[0].to, pair[1].from, at + 2)?;
            if own.as_ref().is_some_and(|own| *own != words) {
                return None;
            }
            own = Some(words);
        }
        let (own, first, last) = (own?, things.first()?, things.last()?);
        if own.len() > MOST_ALIKE {
            return None;
        }
        (0..=own.len())
            .map(|behind| (own.len() - behind, behind))
            .find(|(before, behind)| {
                let (tail, head) = own.split_at(*behind);
                let leads = first.from.checked_sub(*before).is_some_and(|from| {
                    self.words
                        .get(from..first.from)
                        .is_some_and(|words| words == head)
                });
                let follows = self
                    .words
                    .get(last.to..last.to + behind)
                    .is_some_and(|words| words == tail);
                leads && follows
            })
    }

    /// The words between two things of a list, but for those that only part them; `number` is that of the second. None
    /// where they are parted by more than that.
    fn of_gap(&self, from: usize, to: usize, number: usize) -> Option<Vec<&str>> {
        let mut parts = false;
        let mut words = Vec::new();
        for word in from..=to {
            let mut signs = self.between(word.checked_sub(1)?, word)?;
            // `1. anna`, on a line of its own.
            let is_numbered = |word: usize| {
                self.words.get(word).map(String::as_str) == Some(number.to_string().as_str())
                    && self
                        .between(word, word + 1)
                        .is_some_and(|signs| signs.starts_with(['.', ')']))
            };
            if word > from && is_numbered(word - 1) {
                signs = signs.trim_start_matches(['.', ')']);
            }
            if signs.contains(['.', '!', '?', ':']) {
                return None;
            }
            parts |= signs.contains([',', ';', '/', '&', '+', '|', '\n']);
            if word == to {
                break;
            }
            match self.words.get(word)?.as_str() {
                one if joins(one) => parts = true,
                _ if is_numbered(word) => parts = true,
                one => words.push(one),
            }
        }
        // Numbers and ids may stand side by side.
        let are_marked = |word: usize| self.words[word].bytes().any(|b| b.is_ascii_digit());
        (parts || words.is_empty() && are_marked(from - 1) && are_marked(to)).then_some(words)
    }

    /// What a thing looks like.
    fn look(&self, thing: &Thing) -> Look {
        let from = self.starts.get(thing.from).copied().unwrap_or(0);
        let end = self.end_of(thing.to.saturating_sub(1)).unwrap_or(from);
        Look::of(self.text.get(from..end).unwrap_or_default())
    }

    /// The token that a word begins, up to a blank.
    fn token(&self, word: usize) -> &str {
        let rest = self
            .starts
            .get(word)
            .and_then(|start| self.text.get(*start..))
            .unwrap_or_default();
        let end = rest.find([' ', ',', ';', '\n']).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Whether something that looks like one of the things stands before them, parted from them as they are.
    fn begins_before(&self, things: &[Thing], alike: usize) -> bool {
        let Some(first) = things.first() else {
            return false;
        };
        let lead = first.from - alike;
        let Some(mut before) = lead.checked_sub(1) else {
            return false;
        };
        let mut parts = self
            .between(before, lead)
            .is_some_and(|signs| signs.contains([',', ';', '/', '&', '+', '|']));
        if joins(&self.words[before]) {
            let Some(more) = before.checked_sub(1) else {
                return false;
            };
            (before, parts) = (more, true);
        }
        let is_one = || {
            let start = self.text[..self.starts[before]]
                .rfind([' ', ',', ';', '\n'])
                .map_or(0, |at| at + 1);
            let end = self.end_of(before).unwrap_or(start);
            Look::of(self.text.get(start..end).unwrap_or_default()) == self.look(first)
        };
        parts && !is_courtesy(&self.words[before]) && is_one()
    }

    /// The same behind them.
    fn goes_on(&self, things: &[Thing], alike: usize) -> bool {
        let Some(last) = things.last() else {
            return false;
        };
        let mut next = last.to + alike;
        let Some(signs) = self.between(next - 1, next) else {
            return false;
        };
        let is_below = things.windows(2).all(|pair| {
            self.between(pair[0].to - 1, pair[0].to)
                .is_some_and(|signs| signs.contains('\n'))
        });
        // What is said below a list that stands in one line is said of something else.
        if signs.contains(['.', '!', '?']) || signs.contains('\n') && !is_below {
            return false;
        }
        let mut parts = signs.contains([',', ';', '/', '&', '+', '|', '\n']);
        while self.words.get(next).is_some_and(|word| joins(word)) {
            (next, parts) = (next + 1, true);
        }
        if !parts || next >= self.words.len() || is_courtesy(&self.words[next]) {
            return false;
        }
        let look = Look::of(self.token(next));
        // A word is one of them where it stands alone, too.
        let stands_alone = || match self.between(next, next + 1) {
            Some(signs) => signs.contains([',', ';', '.', '!', '?', '\n']),
            None => true,
        };
        look == self.look(last) && (look != Look::Word || stands_alone())
    }
}

/// Whether a word only joins the things of a list.
fn joins(word: &str) -> bool {
    matches!(
        word,
        "and" | "und" | "sowie" | "plus" | "et" | "y" | "e" | "then" | "also" | "dann" | "auch"
    )
}

fn is_courtesy(word: &str) -> bool {
    matches!(
        word,
        "please"
            | "thanks"
            | "thank"
            | "thx"
            | "bitte"
            | "danke"
            | "ok"
            | "okay"
            | "hi"
            | "hello"
            | "hallo"
            | "hey"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names(text: &str, values: &[Value]) -> bool {
        let mut said = Said::default();
        said.hear(text, true);
        let values: Vec<&Value> = values.iter().collect();
        let named = said.named_at(&values);
        said.enumerated(&named, values.len()).is_some()
    }

    #[test]
    fn things_named_one_by_one_are_a_list() {
        let people = [json!("anna"), json!("bob"), json!("carl")];
        for text in [
            "Please invite anna, bob and carl to the channel #sales.",
            "Invite anna, bob, and carl. Thanks!",
            "invite anna/bob/carl",
            "Invite anna, bob and carl, please.",
            "Invite:\n- anna\n- bob\n- carl\n\nThen tell me.",
            "Invite these:\n1. anna\n2. bob\n3. carl",
            "Lade bitte anna, bob und carl ein.",
            "Add user anna, user bob and user carl.",
            "Is carl here? Invite carl, anna and bob.",
            "Invite [\"anna\", \"bob\", \"carl\"] now",
            "Invite anna, bob and carl, and tell dora about it.",
        ] {
            assert!(names(text, &people), "{text}");
        }
        let tickets = [json!(12), json!(15), json!(19)];
        for text in [
            "Close tickets 12, 15 and 19 of the Payments board.",
            "Close #12, #15, and #19",
            "close ticket 12, then ticket 15, and ticket 19",
            "close 12 15 19",
        ] {
            assert!(names(text, &tickets), "{text}");
        }
        assert!(names(
            "Write to anna.b@example.com and carl@example.org about it.",
            &[json!("anna.b@example.com"), json!("carl@example.org")]
        ));
        // In another order, and twice the same.
        assert!(names(
            "a1, b2 and c3",
            &[json!("c3"), json!("a1"), json!("b2")]
        ));
        assert!(names(
            "Ring anna, bob and anna.",
            &[json!("anna"), json!("bob"), json!("anna")]
        ));
    }

    #[test]
    fn a_list_is_looked_for_around_a_few_places_however_often_its_things_are_named() {
        let values = [json!(12), json!(15)];
        let values: Vec<&Value> = values.iter().collect();
        let effort = |times: usize| {
            let mut said = Said::default();
            said.hear(
                &format!("Close tickets {}.", "12, 15, ".repeat(times)),
                true,
            );
            let named = said.named_at(&values);
            assert!(named.starts.len() <= MOST_STARTS);
            named.effort(2)
        };
        assert_eq!(effort(1), 2);
        assert!(effort(8) > effort(4));
        assert!(effort(1_000) <= effort(100) * 2);
    }

    #[test]
    fn what_is_not_all_of_a_list_is_none() {
        let two = [json!("anna"), json!("bob")];
        for text in [
            "Invite anna, bob and carl.",
            "Invite dora, anna and bob.",
            "Move anna to sales and bob to support.",
            "Replace anna with bob.",
            "Invite anna. Remove bob.",
            "Invite anna or bob.",
            "Invite all of them except anna and bob.",
            "Invite anna.",
        ] {
            assert!(!names(text, &two), "{text}");
        }
        assert!(!names("Close 12, 15 and 19.", &[json!(12), json!(15)]));
        assert!(!names("Close W-12, W-15.", &[json!("W-15"), json!("W-19")]));
        assert!(!names(
            "Ring anna and bob.",
            &[json!("anna"), json!("bob"), json!("anna")]
        ));
    }
}
