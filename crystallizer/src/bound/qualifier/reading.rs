//! What people said about things, read once for each way in which they are spoken of: a long recording comes to the
//! same things again and again.

use super::condition;
use super::extreme::about_word;
use super::flag::opposites;
use super::lexicon as l;
use super::picked::about_wanted;
use super::read::{Nouns, Qualifier, about_nouns};
use super::sentence::Sentence;
use crate::bound::key::words;
use crate::bound::said::Said;
use crate::bound::superlative::asks_for_most;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The most words that are read: a word counts each time.
const MOST_WORDS: usize = 500_000;

/// What of a sentence is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::bound) enum About {
    /// What it says about the nouns.
    Nouns,
    /// What it says before them where it asks for something, of what is not known yet, too.
    Wanted,
    /// What it says about what this superlative picks.
    Word(String),
    /// The same of all words that ask for the most, or for the least.
    Extreme(bool),
}

/// Something that was said.
#[derive(Debug, Clone)]
pub(in crate::bound) struct Heard {
    /// The number of its text.
    pub(in crate::bound) text: usize,
    pub(in crate::bound) one: Qualifier,
    /// Whether it only widens what was said: `including the pinned ones`.
    pub(super) widens: bool,
    /// Whether it begins with a word that leaves something out.
    pub(super) excludes: bool,
}

/// What was read, by what it is about.
#[derive(Default)]
pub(in crate::bound) struct Readings {
    all: RefCell<BTreeMap<Subject, Rc<Reading>>>,
    words: Cell<usize>,
    cut: Cell<bool>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    about: About,
    heads: BTreeSet<String>,
    deeds: BTreeSet<String>,
}

/// What was read about one of them.
#[derive(Default, Clone)]
pub(in crate::bound) struct Reading {
    /// How many texts were read.
    texts: usize,
    /// In the order in which it was said.
    all: Vec<Heard>,
    /// By the words in it, and by those of which they say that they do not hold.
    by_words: BTreeMap<String, Vec<usize>>,
}

/// The most words that are looked for as one.
const MOST_TOGETHER: usize = 6;

impl Reading {
    /// What was read elsewhere, of one text.
    pub(in crate::bound) fn of(qualifiers: Vec<Qualifier>) -> Self {
        let mut all = Self::default();
        for one in qualifiers {
            all.add(Heard {
                text: 0,
                one,
                widens: false,
                excludes: false,
            });
        }
        all
    }

    /// All of it.
    pub(in crate::bound) fn all(&self) -> &[Heard] {
        &self.all
    }

    /// What may speak of something that has one of these names, in the order in which it was said: a look that does
    /// not go through all that was said for each list.
    pub(in crate::bound) fn naming<'n>(
        &self,
        names: impl Iterator<Item = &'n [String]>,
    ) -> Vec<&Qualifier> {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        for name in names.filter(|name| !name.is_empty()) {
            let name = name[..name.len().min(MOST_TOGETHER)].join(" ");
            found.extend(self.by_words.get(&name).into_iter().flatten());
        }
        let all = found.into_iter().filter_map(|at| self.all.get(at));
        all.map(|heard| &heard.one).collect()
    }

    fn add(&mut self, heard: Heard) {
        let at = self.all.len();
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut spoken: Vec<String> = Vec::new();
        for word in &heard.one.content {
            let own = words(word);
            names.extend(opposites(&own.join("")));
            spoken.extend(own);
        }
        for from in 0..spoken.len() {
            let to = spoken.len().min(from + MOST_TOGETHER);
            for end in from + 1..=to {
                names.insert(spoken[from..end].join(" "));
            }
        }
        for name in names {
            self.by_words.entry(name).or_default().push(at);
        }
        self.all.push(heard);
    }
}

impl Readings {
    /// Takes so many further words to be looked at. False once there were too many.
    pub(super) fn may_read(&self, words: usize) -> bool {
        let read = self.words.get().saturating_add(words);
        if read > MOST_WORDS {
            self.cut.set(true);
        } else {
            self.words.set(read);
        }
        !self.cut.get()
    }

    /// Whether there was more to read than is read.
    pub(in crate::bound) fn is_cut(&self) -> bool {
        self.cut.get()
    }
}

impl Said {
    /// What people said about things so far, in the order in which they said it.
    pub(in crate::bound) fn about(&self, about: About, nouns: &Nouns<'_>) -> Rc<Reading> {
        let subject = Subject {
            about,
            heads: nouns.heads.clone(),
            deeds: nouns.deeds.clone(),
        };
        let mut all = self.readings().all.borrow_mut();
        let about = subject.about.clone();
        let reading = all.entry(subject).or_default();
        if reading.texts < self.len() {
            let known = Rc::make_mut(reading);
            for (text, sentence) in self.sentences_by_people(known.texts) {
                if !self.readings().may_read(sentence.len()) {
                    break;
                }
                for one in read(&about, sentence, nouns) {
                    known.add(Heard {
                        text,
                        widens: condition::widens(sentence, one.start),
                        excludes: excludes(sentence, one.start),
                        one,
                    });
                }
            }
            known.texts = self.len();
        }
        Rc::clone(reading)
    }
}

fn read(about: &About, sentence: &Sentence, nouns: &Nouns<'_>) -> Vec<Qualifier> {
    match about {
        About::Nouns => about_nouns(sentence, nouns),
        About::Wanted => about_wanted(sentence, nouns),
        About::Word(word) => about_word(sentence, word, nouns),
        About::Extreme(most) => {
            let said: BTreeSet<&str> = sentence
                .iter()
                .map(|token| token.word.as_str())
                .filter(|word| asks_for_most(word) == Some(*most))
                .collect();
            said.into_iter()
                .flat_map(|word| about_word(sentence, word, nouns))
                .collect()
        }
    }
}

/// Whether a word that leaves something out stands there.
fn excludes(sentence: &Sentence, start: usize) -> bool {
    let begins = sentence.iter().position(|token| token.start == start);
    begins.is_some_and(|at| {
        let next = sentence.get(at + 1).map(|next| next.word.as_str());
        l::excludes(&sentence[at].word, next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_once_for_each_way_and_no_more_than_there_is_room_for() {
        let mut said = Said::default();
        said.hear("Close the unread tickets. Close the old tickets.", true);
        let heads = BTreeSet::from(["ticket".to_owned()]);
        let deeds = BTreeSet::new();
        let nouns = Nouns {
            heads: &heads,
            deeds: &deeds,
        };
        let shown = |said: &Said| -> Vec<String> {
            let read = said.about(About::Nouns, &nouns);
            let all = read.all().iter();
            all.flat_map(|heard| heard.one.content.clone()).collect()
        };
        assert_eq!(shown(&said), ["unread", "old"]);
        let words = said.readings().words.get();
        assert_eq!(words, 8);
        assert_eq!(shown(&said), ["unread", "old"]);
        assert_eq!(said.readings().words.get(), words);
        // What is said later is read alone.
        said.hear("Not the pinned tickets.", true);
        assert_eq!(shown(&said), ["unread", "old", "pinned"]);
        assert_eq!(said.readings().words.get(), words + 4);
        let read = said.about(About::Nouns, &nouns);
        let name = ["unread".to_owned()];
        assert_eq!(read.naming(std::iter::once(name.as_slice())).len(), 1);
        // Once there is no room nothing more is read, and that is known.
        assert!(said.readings().may_read(MOST_WORDS - words - 4));
        assert!(!said.readings().is_cut());
        said.hear("Close the late tickets.", true);
        assert_eq!(shown(&said), ["unread", "old", "pinned"]);
        assert!(said.readings().is_cut());
    }
}
