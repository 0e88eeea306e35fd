//! What a single deed hangs on, or what is taken away from it: `once it is paid`, `on Friday`, `at no cost`, `one item
//! of it`, `except the lamp`; and what else is asked for beside it: `I need a window seat`.

use super::cover::{
    Account, Open, Part, Word, is_fragment, is_talk, parts, restricts, says_nothing,
};
use super::lexicon as l;
use super::read::conditions;
use super::sentence::Sentence;
use super::wish::{does_oneself, wants};
use std::collections::BTreeSet;

/// How many words behind what leads to it name how something is paid.
const PAYING: usize = 4;

impl Account<'_> {
    /// What a sentence that tells a single deed to be done leaves open of what makes it hang on something, and what
    /// another sentence of its text adds.
    pub(super) fn hanging(&self, sentence: &Sentence) -> Vec<Open> {
        let all = parts(sentence, self.nouns);
        let own = |part: &Part| self.tells(sentence, part);
        let told = all.iter().any(own);
        let conditions = conditions(sentence);
        let is_read = |at: usize| {
            conditions
                .iter()
                .any(|one| one.start <= sentence[at].start && sentence[at].end <= one.end)
        };
        let waits = |at: usize| matches!(sentence[at].word.as_str(), "wait" | "warte" | "hold");
        let mut found = Vec::new();
        for part in &all {
            let keeps = part.order.is_some_and(|at| {
                let word = sentence[at].word.as_str();
                l::keeps(word) && !self.is_own(word) && !self.is_of_draft(word) && !waits(at)
            });
            // `don't use Anna's card`: nothing that could be seen to be left undone.
            let forbids = part.negated
                && part.order.is_some_and(|at| {
                    let word = sentence[at].word.as_str();
                    !(self.is_own(word)
                        || self.is_of_draft(word)
                        || l::is_lead(word)
                        || l::is_deed_of_tools(word))
                });
            let asks = part.order.is_none()
                && !told
                && (restricts(sentence, &part.tokens)
                    || adds(sentence, &part.tokens)
                    || self.is_left_to_speaker(sentence, part));
            let wishes = !told && wants(sentence, part);
            if wishes || (keeps || forbids || asks) && !is_talk(sentence, part) {
                let tokens: Vec<usize> = part
                    .tokens
                    .iter()
                    .copied()
                    .filter(|at| !is_read(*at))
                    .collect();
                found.extend(self.left_open(sentence, part, &tokens, &tokens));
                continue;
            }
            if !told || !own(part) && part.order.is_some_and(|at| !waits(at)) {
                continue;
            }
            let clauses: BTreeSet<usize> =
                part.tokens.iter().map(|at| sentence[*at].clause).collect();
            for clause in clauses {
                let tokens: Vec<usize> = part
                    .tokens
                    .iter()
                    .copied()
                    .filter(|at| sentence[*at].clause == clause && !is_read(*at))
                    .collect();
                let ordered = part.order.filter(|at| own(part) && tokens.contains(at));
                let hangs = tokens.iter().enumerate().position(|(place, at)| {
                    // What stands later in a clause of its own only tells something: `I noticed after that`.
                    hangs_at(sentence, *at, ordered) && (ordered.is_some() || place <= 1)
                });
                let behind = part
                    .order
                    .is_some_and(|order| own(part) && tokens.first().is_some_and(|at| order < *at));
                let mut open: BTreeSet<usize> = BTreeSet::new();
                if let Some(from) = hangs {
                    open.extend(&tokens[from.saturating_sub(1)..]);
                }
                if let Some(order) = ordered {
                    let behind = tokens.iter().copied().filter(|at| *at > order);
                    let behind: Vec<usize> = behind
                        .take_while(|at| !tells(sentence, *at, ordered))
                        .collect();
                    open.extend(self.limited(sentence, &behind));
                } else if behind && adds(sentence, &tokens) {
                    // `, window seat`
                    open.extend(&tokens);
                }
                let open: Vec<usize> = open.into_iter().collect();
                found.extend(self.left_open(sentence, part, &tokens, &open));
            }
        }
        found
    }

    /// Whether a part leaves something of the deed to who speaks: `the lamp I will do myself`. What else they do themselves
    /// is none of it.
    fn is_left_to_speaker(&self, sentence: &Sentence, part: &Part) -> bool {
        let words: Vec<&str> = part
            .tokens
            .iter()
            .map(|at| sentence[*at].word.as_str())
            .collect();
        let other = words
            .iter()
            .any(|word| l::is_order_to_tools(word) && !self.is_own(word));
        does_oneself(&words) && !other
    }

    /// Whether a sentence tells the deed to be done.
    pub(super) fn orders(&self, sentence: &Sentence) -> bool {
        let all = parts(sentence, self.nouns);
        all.iter().any(|part| self.tells(sentence, part))
    }

    fn tells(&self, sentence: &Sentence, part: &Part) -> bool {
        match part.order {
            // `Tell me its price` is the end of the work, and no part of it.
            Some(at) => {
                let next = sentence.get(at + 1).map(|next| next.word.as_str());
                self.is_own(&sentence[at].word) && !l::reports(&sentence[at].word, next)
            }
            // `After Anna agreed cancel it` has its order somewhere inside.
            None => part.tokens.iter().any(|at| {
                let word = sentence[*at].word.as_str();
                l::is_verb(word) && self.nouns.deeds.iter().any(|deed| l::same_deed(word, deed))
            }),
        }
    }

    /// Those of the words behind a deed that take away from it or add to it: how many, when, with what, a part of what it
    /// is done with.
    fn limited(&self, sentence: &Sentence, behind: &[usize]) -> BTreeSet<usize> {
        let word = |at: usize| behind.contains(&at).then(|| sentence[at].word.as_str());
        let phrase = |from: usize| {
            (from + 1..sentence.len())
                .find(|at| {
                    word(*at).is_none_or(|own| {
                        l::is_preposition(own) && own != "of" || l::is_joint(own) || own == "based"
                    })
                })
                .unwrap_or(sentence.len())
        };
        let mut found = BTreeSet::new();
        for at in behind.iter().copied() {
            let own = sentence[at].word.as_str();
            let next = word(at + 1);
            if l::number(own).is_some_and(|number| number > 1)
                || counts_part(sentence, at).is_some()
            {
                found.insert(at);
            }
            let when = l::is_when(own, next, word(at + 2)) && says_when(sentence, at);
            if l::adds(own, next) || when || is_paid_by(sentence, at) {
                found.extend(at..phrase(at));
            }
        }
        // `the lamp in order W48121`: the thing itself only holds what it is done with.
        if let Some(first) = behind.first().copied()
            && l::is_definite(&sentence[first].word)
            && let Some(at) = behind
                .iter()
                .position(|at| matches!(sentence[*at].word.as_str(), "in" | "of" | "from" | "on"))
        {
            let inside = &behind[1..at];
            let holds = behind[at + 1..]
                .iter()
                .find(|at| !l::is_determiner(&sentence[**at].word))
                .is_some_and(|at| self.nouns.is_head(&sentence[*at].word));
            let own = inside
                .iter()
                .any(|at| self.nouns.is_head(&sentence[*at].word));
            if holds && !own {
                found.extend(inside);
            }
        }
        found
    }

    /// What is left over of some words of a clause. A word that takes a part of something is left over unless its number
    /// is known.
    fn left_open(
        &self,
        sentence: &Sentence,
        part: &Part,
        clause: &[usize],
        open: &[usize],
    ) -> Option<Open> {
        let words: Vec<Word> = open
            .iter()
            .filter_map(|at| match counts_part(sentence, *at) {
                Some(number) => Some(Word {
                    at: *at,
                    bare: number.to_string(),
                    turned: false,
                }),
                None => self.word(sentence, part, *at),
            })
            .collect();
        let own = part.order.filter(|at| self.is_own(&sentence[*at].word));
        (!words.is_empty()).then(|| Open {
            tokens: clause
                .iter()
                .copied()
                .filter(|at| Some(*at) != own)
                .collect(),
            words,
        })
    }
}

/// Whether words only name something that is to be had: `window seat, please`.
fn adds(sentence: &Sentence, tokens: &[usize]) -> bool {
    let words = || tokens.iter().map(|at| sentence[*at].word.as_str());
    let first = words().next().unwrap_or_default();
    is_fragment(sentence, tokens)
        && !l::is_condition(first, None)
        && !matches!(
            first,
            "sorry" | "apologies" | "thanks" | "thank" | "with" | "and"
        )
        && !words().any(|word| {
            l::talks(word) || l::is_past(word) || word.ends_with("'s") && l::is_boundary(word)
        })
}

/// Whether a word leads to how something is paid or given back: `to the gift card`, `as store credit`.
fn is_paid_by(sentence: &Sentence, at: usize) -> bool {
    let own = &sentence[at];
    let leads = matches!(
        own.word.as_str(),
        "to" | "onto"
            | "on"
            | "in"
            | "into"
            | "as"
            | "by"
            | "through"
            | "from"
            | "auf"
            | "per"
            | "als"
    );
    leads
        && sentence[at + 1..]
            .iter()
            .take(PAYING)
            .take_while(|token| token.clause == own.clause && !l::is_preposition(&token.word))
            .any(|token| l::is_way_to_pay(&token.word))
}

/// Whether a time is when the deed is done, and not a day by which doing it now keeps it, nor one that a thing is of:
/// `the rent for the next month`.
fn says_when(sentence: &Sentence, at: usize) -> bool {
    let before = |back: usize| {
        at.checked_sub(back)
            .map_or("", |at| sentence[at].word.as_str())
    };
    let nearest = match l::is_determiner(before(1)) {
        true => before(2),
        false => before(1),
    };
    !matches!(
        nearest,
        "by" | "for" | "of" | "from" | "bis" | "für" | "von"
    )
}

/// Whether something begins at a word that a deed may hang on. `ordered` is the word for the deed in its clause.
fn hangs_at(sentence: &Sentence, at: usize, ordered: Option<usize>) -> bool {
    let Some(own) = sentence.get(at) else {
        return false;
    };
    let word = own.word.as_str();
    let clause = |place: usize| {
        sentence
            .get(place)
            .filter(|token| token.clause == own.clause)
            .map(|token| token.word.as_str())
    };
    let next = clause(at + 1);
    if l::hangs(word, next) {
        return true;
    }
    let from = ordered.map_or(at.saturating_sub(2), |order| order + 1);
    let before = at.checked_sub(1).and_then(clause);
    if (from..at)
        .any(|place| sentence[place].clause == own.clause && tells(sentence, place, ordered))
    {
        return false;
    }
    if l::is_when(word, next, clause(at + 2)) && says_when(sentence, at) {
        return true;
    }
    // `, not the lamp`, and not `I do not need it` or `no rush`.
    let turns = l::negates(word)
        && ordered.is_none_or(|order| order < at)
        && next.is_some_and(|next| !l::talks(next) && !l::is_harmless(next) && next != "longer");
    turns
        && (ordered.is_some()
            || before.is_none()
            || matches!(before, Some("and" | "but" | "und" | "aber")))
}

/// Whether from a word on it is only told how that came to be which was named by its id: `W48121 that I bought`, `W48121
/// placed yesterday`.
fn tells(sentence: &Sentence, at: usize, ordered: Option<usize>) -> bool {
    let own = &sentence[at];
    let named = ordered.map_or(at.saturating_sub(2), |order| order + 1)..at;
    let is_named = ordered.is_none()
        || named.clone().any(|place| {
            let word = &sentence[place];
            word.clause == own.clause && word.word.chars().any(|c| c.is_ascii_digit())
        });
    let word = own.word.as_str();
    let before = at.checked_sub(1).map(|at| sentence[at].word.as_str());
    let describes = l::is_past(word)
        && before.is_some_and(|before| !l::is_determiner(before) && !l::is_verb(before));
    let clause =
        (l::is_subject(word) || l::is_relative(word)) && !matches!(word, "it" | "he" | "she");
    is_named && (clause || describes || word == "since")
}

/// The number of a part that a word takes of something: `one item of`, `two of my`.
fn counts_part(sentence: &Sentence, at: usize) -> Option<u64> {
    let word = |place: usize| {
        sentence
            .get(place)
            .filter(|token| token.clause == sentence[at].clause)
            .map_or("", |token| token.word.as_str())
    };
    // `the one mentioned in the mail` is no number.
    let is_pronoun = word(at) == "one"
        && at.checked_sub(1).is_some_and(|before| {
            sentence[before].clause == sentence[at].clause && l::is_definite(&sentence[before].word)
        });
    if is_pronoun {
        return None;
    }
    let of = |place: usize| matches!(word(place), "of" | "from" | "in" | "von" | "aus");
    let noun = |word: &str| !says_nothing(word) || l::is_harmless(word);
    let number = l::number(word(at))?;
    (of(at + 1) || noun(word(at + 1)) && of(at + 2)).then_some(number)
}
