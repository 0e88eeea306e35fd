//! What people said, as those look through it who look for what the draft goes on without: its sentences, the words that
//! tools were told, and whether something that was said is carried.

use super::condition;
use super::conditioned::Changes;
use super::flag::flag_words;
use super::lexicon as l;
use super::mention::{Fields, Named, Words};
use super::read::{Kind, Qualifier, tells};
use super::sentence::{Sentence, Token};
use super::told::{Told, normal};
use crate::bound::binding::Bound;
use crate::bound::decide::Decisions;
use crate::bound::filter::spoken;
use crate::bound::inputs::Found;
use crate::bound::key::words;
use crate::bound::turn::Compared;
use crate::kept::{Kept, Spot};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;

/// From how many words on a text may be a manual.
pub(super) const MANUAL: usize = 250;

/// From how many words on a value that a person said is a text that they dictated.
const DICTATED: usize = 3;

/// The call that goes on without it, its loop, and where it was said.
pub(super) type Missed = (usize, Option<usize>, usize, Qualifier);

/// The nouns that loops are spoken of by, and the deeds done in them.
pub(super) type Spoken = (BTreeSet<String>, BTreeSet<String>);

/// Looks for what nothing carries.
pub(super) struct Asker<'a> {
    pub(super) kept: &'a [Kept<'a>],
    pub(super) spots: &'a [Spot],
    pub(super) decisions: &'a Decisions<'a>,
    pub(super) sentences: Vec<(usize, &'a Sentence)>,
    told: OnceCell<Told>,
    words: OnceCell<Words<'a>>,
    /// The texts that people dictated, each with the number of what they said and the part of it.
    dictated: OnceCell<Vec<(usize, Range<usize>)>>,
    pub(super) changes: OnceCell<Changes>,
    /// The words of numbers that tools were told as the most or the least.
    pub(super) limits: OnceCell<BTreeSet<String>>,
    /// The looks that changes read.
    pub(super) read_by_changes: OnceCell<BTreeSet<usize>>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(
        kept: &'a [Kept<'a>],
        spots: &'a [Spot],
        decisions: &'a Decisions<'a>,
    ) -> Self {
        Self {
            kept,
            spots,
            decisions,
            sentences: decisions.said.sentences_by_people(0).collect(),
            told: OnceCell::new(),
            dictated: OnceCell::new(),
            words: OnceCell::new(),
            changes: OnceCell::new(),
            limits: OnceCell::new(),
            read_by_changes: OnceCell::new(),
        }
    }

    /// The sentence that holds a place of a text: the first that does not end before it.
    pub(super) fn sentence_at(&self, text: usize, start: usize) -> Option<&'a Sentence> {
        let at = self.sentences.partition_point(|(other, sentence)| {
            *other < text || *other == text && sentence.last().is_none_or(|last| last.start < start)
        });
        let (other, sentence) = self.sentences.get(at)?;
        (*other == text).then_some(*sentence)
    }

    /// Whether the sentence at a place of a text has a word that always begins a condition.
    pub(super) fn has_condition(&self, text: usize, start: usize) -> bool {
        self.sentence_at(text, start).is_some_and(|sentence| {
            sentence.iter().enumerate().any(|(at, token)| {
                let next = sentence.get(at + 1).map(|next| next.word.as_str());
                l::is_condition(&token.word, next)
            })
        })
    }

    /// Whether all that tells something in words is a part of a text that the person dictated, and a tool is sent: it says
    /// nothing of what is done with it.
    pub(super) fn is_dictated(&self, text: usize, one: &Qualifier) -> bool {
        let dictated = self.dictated.get_or_init(|| {
            let inputs = self.decisions.inputs.iter();
            let spans = inputs.filter_map(|input| match &input.found {
                Found::Said(mention) if is_for_reading(&input.key.words) => {
                    self.decisions.said.span(mention, DICTATED)
                }
                _ => None,
            });
            spans.collect()
        });
        let inside = |token: &Token| {
            dictated.iter().any(|(other, span)| {
                *other == text && span.start <= token.start && token.end <= span.end
            })
        };
        let is_own =
            |token: &&Token| token.start >= one.start && token.end <= one.end && tells(&token.word);
        !dictated.is_empty()
            && self.sentence_at(text, one.start).is_some_and(|sentence| {
                let mut own = sentence.iter().filter(is_own).peekable();
                own.peek().is_some() && own.all(inside)
            })
    }

    /// Where the sentence stands that something is said in.
    pub(super) fn sentence_of(&self, text: usize, one: &Qualifier) -> Option<Range<usize>> {
        let sentence = self
            .sentence_at(text, one.start)
            .filter(|sentence| sentence.iter().any(|token| token.start == one.start))?;
        let first = sentence.first()?.start;
        let from = match points_back(sentence) {
            true => self.before_in_text(text, first).unwrap_or(first),
            false => first,
        };
        Some(from..sentence.last()?.end)
    }

    /// Where the sentence before one begins, in the same text.
    fn before_in_text(&self, text: usize, start: usize) -> Option<usize> {
        let at = self.sentences.partition_point(|(other, sentence)| {
            *other < text
                || *other == text && sentence.first().is_some_and(|first| first.start < start)
        });
        let (other, sentence) = self.sentences.get(at.checked_sub(1)?)?;
        (*other == text).then_some(sentence.first()?.start)
    }

    /// The words that tools were told, read once and for all: not again for each loop.
    pub(super) fn told(&self) -> &Told {
        self.told.get_or_init(|| {
            let mut told = Told::of(self.kept);
            for (call, decided) in self.decisions.calls.iter().enumerate() {
                for binding in decided.bound.iter().flat_map(Bound::bindings) {
                    told.in_another_unit(call, binding, &self.decisions.inputs);
                }
            }
            told
        })
    }

    /// Whether so much more may be looked at.
    pub(super) fn may_look(&self, count: usize) -> bool {
        self.decisions.said.readings().may_read(count)
    }

    /// The words that name something of elements, where nobody wrote a manual, and that do not only widen what was
    /// said: `including the pinned ones`.
    pub(super) fn naming(&self, elements: Option<&Value>) -> Vec<Named> {
        let words = self.words.get_or_init(|| {
            let short = |text: usize| self.decisions.said.length(text) <= MANUAL;
            let all = self.sentences.iter().enumerate();
            Words::of(
                all.filter(|(_, (text, _))| short(*text))
                    .map(|(number, (_, sentence))| (number, *sentence)),
            )
        });
        let fields = elements.map(Fields::of).unwrap_or_default();
        let mut all = words.naming(&fields);
        all.retain(|named| {
            self.sentences
                .get(named.sentence)
                .and_then(|(_, sentence)| Some((sentence, sentence.get(named.token)?)))
                .is_some_and(|(sentence, token)| !condition::widens(sentence, token.start))
        });
        all
    }

    /// How many of these were said before a text.
    pub(super) fn before(&self, all: &[Named], text: usize) -> usize {
        all.partition_point(|named| {
            let said = self.sentences.get(named.sentence);
            said.is_some_and(|(at, _)| *at < text)
        })
    }

    pub(super) fn heard(&self, call: usize) -> usize {
        self.decisions.heard.get(call).copied().unwrap_or_default()
    }

    /// Whether a word was told to a tool before a call; of what does not hold, that it does not.
    pub(super) fn was_told(&self, call: usize, word: &str, negated: bool) -> bool {
        match negated {
            true => self.told().left_out_before(call, word),
            false => self.told().sent_before(call, word),
        }
    }

    /// Whether a word only names under which key another word beside it was sent before a call: `line` of `the green line`,
    /// where a tool was told `line: green`.
    pub(super) fn names_told(&self, call: usize, word: &str, one: &Qualifier) -> bool {
        if one.negated {
            return false;
        }
        let others = one.content.iter().flat_map(|other| normal(other));
        others.filter(|other| other != word).any(|other| {
            self.told().calls_with(&other, call).any(|at| {
                let mut found = false;
                if let Some(kept) = self.kept.get(at).filter(|_| self.may_look(1)) {
                    crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
                        found |= words(key).iter().any(|own| own == word)
                            && spoken(leaf).iter().any(|own| normal(own).contains(&other));
                    });
                }
                found
            })
        })
    }

    /// What words name of the elements, where nothing that was read holds it and nothing carries it. What was read is in
    /// the order in which it was said. `aside` says of a sentence that the word in it says nothing about which are meant.
    pub(super) fn mentioned(
        &self,
        named: &[Named],
        read: &[(usize, &Qualifier)],
        has: impl Fn(&str) -> bool,
        aside: impl Fn(&Sentence, &str) -> bool,
    ) -> Vec<(usize, Qualifier)> {
        let mut found = Vec::new();
        for named in named {
            let Some((text, sentence)) = self.sentences.get(named.sentence) else {
                continue;
            };
            let Some(token) = sentence.get(named.token) else {
                continue;
            };
            let from = read.partition_point(|(other, _)| other < text);
            let to = read.partition_point(|(other, _)| other <= text);
            let read = read.get(from..to).unwrap_or_default();
            if !self.may_look(1 + read.len()) {
                break;
            }
            let is_read = read
                .iter()
                .any(|(_, one)| one.start <= token.start && token.end <= one.end);
            if is_read || has(&named.word) || has(&token.word) || aside(sentence, &named.word) {
                continue;
            }
            let of_clause: Vec<_> = sentence
                .iter()
                .filter(|one| one.clause == token.clause)
                .cloned()
                .collect();
            let kind = Kind::Clause;
            found.extend(Qualifier::of(kind, &of_clause).map(|one| (*text, one)));
        }
        found
    }

    /// Whether a sentence goes on from there with a further part: `if it is unpaid, and not a gift`.
    pub(super) fn goes_on(&self, text: usize, end: usize) -> bool {
        self.sentence_at(text, end).is_some_and(|sentence| {
            let next = sentence.iter().find(|token| token.start >= end);
            sentence.first().is_some_and(|first| first.start < end)
                && next.is_some_and(|next| {
                    l::is_joint(&next.word) || matches!(next.word.as_str(), "but" | "nor")
                })
        })
    }
}

/// Whether a value is one that people only read: the body of a mail.
fn is_for_reading(key: &[String]) -> bool {
    key.last().is_some_and(|last| {
        matches!(
            last.as_str(),
            "body"
                | "content"
                | "text"
                | "message"
                | "subject"
                | "title"
                | "description"
                | "comment"
                | "note"
        )
    })
}

/// Whether a sentence says nothing without the one before it: `If so, close it`.
fn points_back(sentence: &Sentence) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    matches!(
        (word(0), word(1)),
        ("if", "so" | "not" | "yes") | ("in", "that") | ("wenn" | "falls", "ja" | "nein" | "nicht")
    )
}

/// Whether a call works with files or commands, not with what others keep.
pub(super) fn works_here(kept: &Kept<'_>) -> bool {
    kept.target.shell.is_some()
        || matches!(&*kept.target.action, "shell" | "file")
        || words(&kept.call.name).iter().any(|word| {
            matches!(
                word.as_str(),
                "file" | "edit" | "bash" | "command" | "shell" | "editor"
            )
        })
}

/// What a tool does, by the first word of its name.
pub(super) fn deed(kept: &Kept<'_>) -> Option<String> {
    words(&crate::name::of_call(&kept.call.name, None))
        .into_iter()
        .next()
}

/// The words of what is compared on the way to a value.
pub(super) fn compared(compared: &Compared) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (key, value) in &compared.fields {
        all.extend(words(key));
        all.extend(spoken(value).iter().flat_map(|word| normal(word)));
    }
    for (key, value) in &compared.flags {
        all.extend(flag_words(key, *value).iter().flat_map(|word| normal(word)));
    }
    for (key, _) in &compared.extremes {
        all.extend(words(key));
    }
    for key in &compared.keys {
        all.extend(normal(key));
    }
    for text in &compared.beginnings {
        all.extend(normal(text));
    }
    all
}

/// Whether all that a qualifier says is carried. What may belong to the deed may have been told to its tool, too.
pub(super) fn carries(
    one: &Qualifier,
    carried: impl Fn(&str) -> bool,
    told: impl Fn(&str) -> bool,
) -> bool {
    // `all the tickets I don't want` names nothing that could be looked for.
    if one.kind == Kind::Count || one.negated && one.content.is_empty() {
        return false;
    }
    one.content
        .iter()
        .all(|word| has_word(word, &|part| carried(part) || one.loose && told(part)))
}

/// Whether a word is among others: all its parts, or the number of the place that it names.
pub(super) fn has_word(word: &str, has: &dyn Fn(&str) -> bool) -> bool {
    normal(word).iter().all(|part| has(part))
        || l::place(word).is_some_and(|place| has(&place.to_string()))
}
