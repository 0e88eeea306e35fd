//! Whether each word by which a person asks for something is accounted for: by the deed and the things that it is done
//! with, by what is carried, told to a tool or read already, or as a word that says nothing about which are meant. What
//! is left over may narrow, order or cap the deed, and is asked about.

use super::condition;
use super::lexicon as l;
use super::read::{Kind, Nouns, Qualifier, conditions};
use super::sentence::{Sentence, Token};
use super::wish::{leaves_to, leaves_to_speaker, wants};
use crate::bound::superlative::asks_for_most;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How many words may stand before what somebody is told to do.
const LEADS: usize = 8;
/// How far a negation reaches.
const REACH: usize = 4;

/// What accounts for words wherever they are said.
pub(super) struct Account<'a> {
    pub(super) nouns: &'a Nouns<'a>,
    /// The deeds of all calls of the draft.
    pub(super) draft: &'a BTreeSet<String>,
}

/// Words of a sentence by which one thing is told to be done, or none.
pub(super) struct Part {
    /// The word for the deed.
    pub(super) order: Option<usize>,
    /// Whether it is told not to be done.
    pub(super) negated: bool,
    pub(super) tokens: Vec<usize>,
}

/// Words of a part that only what is carried, or what a tool was told, may account for.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// The places of the words of the part that may be shown with them.
    pub(super) tokens: Vec<usize>,
    pub(super) words: Vec<Word>,
}

#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) at: usize,
    /// As values and keys may have it.
    pub(super) bare: String,
    /// Whether something turns it round: that a tool was told to look for it is no reason then to leave it out.
    pub(super) turned: bool,
}

impl Account<'_> {
    pub(super) fn is_own(&self, word: &str) -> bool {
        forms(word).iter().any(|form| {
            l::is_any_deed(form) || self.nouns.deeds.iter().any(|deed| l::same_deed(form, deed))
        })
    }

    pub(super) fn is_of_draft(&self, word: &str) -> bool {
        self.draft.iter().any(|deed| l::same_deed(word, deed))
    }

    /// Whether a sentence asks for what the deed is, or speaks of the things that it is done with.
    pub(super) fn concerns(&self, sentence: &Sentence) -> bool {
        sentence
            .iter()
            .any(|token| self.is_own(&token.word) || self.nouns.is_head(&token.word))
    }

    /// What a sentence leaves open. `beside` says whether something else in its text asks for the deed, `read` which
    /// words were read already.
    pub(super) fn open(
        &self,
        sentence: &Sentence,
        beside: bool,
        read: &dyn Fn(&Token) -> bool,
    ) -> Vec<Open> {
        let conditions = conditions(sentence);
        let is_read = |token: &Token| {
            read(token)
                || conditions
                    .iter()
                    .any(|one| one.start <= token.start && token.end <= one.end)
        };
        let mut found = Vec::new();
        for part in parts(sentence, self.nouns) {
            if !self.may_narrow(sentence, &part, beside) {
                continue;
            }
            let words: Vec<Word> = part
                .tokens
                .iter()
                .filter(|at| !is_read(&sentence[**at]))
                .filter_map(|at| self.word(sentence, &part, *at))
                .collect();
            if !words.is_empty() {
                let own = part.order.filter(|at| self.is_own(&sentence[*at].word));
                let tokens = part.tokens.iter().copied().filter(|at| {
                    Some(*at) != own
                        && !is_read(&sentence[*at])
                        && !self.nouns.is_head(&sentence[*at].word)
                });
                found.push(Open {
                    tokens: tokens.collect(),
                    words,
                });
            }
        }
        found
    }

    /// Whether what a part says may be about which are meant.
    fn may_narrow(&self, sentence: &Sentence, part: &Part, beside: bool) -> bool {
        let word = |at: usize| sentence.get(at).map(|token| token.word.as_str());
        let names = || {
            part.tokens
                .iter()
                .any(|at| self.nouns.is_head(&sentence[*at].word))
        };
        if let Some(at) = part.order {
            let order = word(at).unwrap_or_default();
            if l::reports(order, word(at + 1)) && !names() {
                return false;
            }
            if self.is_own(order) {
                return true;
            }
            if self.is_of_draft(order) && !part.negated {
                return false;
            }
            if part.negated || l::keeps(order) {
                return names() || order == "mind" || !is_talk(sentence, part);
            }
            // `that are waiting and open`: nothing that it could be done with.
            if at > 0 && part.tokens.last() == Some(&at) && l::is_joint(&sentence[at - 1].word) {
                return true;
            }
        }
        beside && part.tokens.iter().any(|at| is_whose(sentence, *at))
            || restricts(sentence, &part.tokens) && (names() || !is_talk(sentence, part))
            || names() && asks_for(sentence, self.nouns)
            || beside && wants(sentence, part)
            || beside && part.order.is_none() && leaves_to(sentence, part)
            || beside && leaves_to_speaker(sentence, part)
            || beside
                && part.order.is_none()
                && !is_talk(sentence, part)
                && is_fragment(sentence, &part.tokens)
    }

    /// A word that is not accounted for by what it is.
    pub(super) fn word(&self, sentence: &Sentence, part: &Part, at: usize) -> Option<Word> {
        let token = sentence.get(at)?;
        let word = token.word.as_str();
        let before = at.checked_sub(1).and_then(|at| sentence.get(at));
        let next = sentence.get(at + 1);
        let (bare, owns) = match word.strip_suffix("'s") {
            Some(bare) if !l::is_harmless(word) && !l::is_boundary(word) => (bare, true),
            _ => (word, false),
        };
        // `store credit`
        let names_credit = matches!(word, "store" | "shop")
            && next.is_some_and(|next| next.clause == token.clause && l::is_way_to_pay(&next.word));
        let lone_order = part.tokens.last() == Some(&at)
            && before.is_some_and(|before| l::is_joint(&before.word))
            && !self.is_own(word)
            && !self.is_of_draft(word);
        let counts = l::number(word).is_some()
            && before.is_some_and(|before| l::is_definite(&before.word))
            && next
                .is_none_or(|next| next.clause != token.clause || self.nouns.is_head(&next.word));
        // `the one mentioned in the mail` stands for what was spoken of.
        let stands_for = matches!(word, "one" | "ones")
            && before.is_some_and(|before| l::is_definite(&before.word))
            && next.is_none_or(|next| {
                next.clause != token.clause
                    || l::is_preposition(&next.word)
                    || l::is_relative(&next.word)
                    || next.word.ends_with("ed")
                    || next.word.ends_with("en")
            });
        // `send a payment reminder` says what is sent; what the tool makes of it is its own.
        let is_message = next.is_some_and(|next| l::is_message(&next.word))
            && before.is_some_and(|before| l::is_indefinite(&before.word))
            && part
                .order
                .is_some_and(|order| l::sends(&sentence[order].word));
        let accounted = stands_for
            || is_message
            || condition::widens(sentence, token.start)
            || word.starts_with("exception")
                && before
                    .is_some_and(|before| matches!(before.word.as_str(), "no" | "without" | "any"))
            || is_greeting(sentence, token.clause)
            || before.is_some_and(|before| before.word == "as") && l::is_usual(word)
            || !owns && says_nothing(word) && !is_day_of(sentence, at) && !names_credit
            || leads_to_extreme(sentence, at)
            || double_check(sentence, at)
            || part.order == Some(at) && !lone_order
            || part.order.is_some_and(|order| at < order) && l::is_lead(word)
            || l::is_lead(word) && next.is_some_and(|next| next.word == "to")
            || before.is_some_and(|before| l::leads_to_verb(&before.word))
                && l::is_verb(word)
                && !lone_order
            || self.is_own(word)
            || !owns && self.nouns.is_head(word)
            || counts
            || matches!(word, "new" | "another" | "neue" | "neuen")
                && before.is_some_and(|before| l::creates(&before.word))
                && at.checked_sub(1) == part.order
                && next.is_some_and(|next| !self.nouns.is_head(&next.word));
        (!accounted).then(|| Word {
            at,
            bare: bare.to_owned(),
            turned: self.is_turned(sentence, part, at),
        })
    }

    /// Whether a word stands behind something that turns it round.
    fn is_turned(&self, sentence: &Sentence, part: &Part, at: usize) -> bool {
        let order = part.order.and_then(|at| sentence.get(at));
        part.negated
            || order.is_some_and(|order| l::keeps(&order.word) && !self.is_own(&order.word))
            || (at.saturating_sub(REACH)..at).any(|place| {
                let token = &sentence[place];
                let next = sentence.get(place + 1).map(|next| next.word.as_str());
                token.clause == sentence[at].clause
                    && (l::negates(&token.word) || l::excludes(&token.word, next))
            })
    }
}

impl Open {
    /// What of it nothing carries and no tool was told.
    pub(super) fn left(
        &self,
        sentence: &Sentence,
        carried: &dyn Fn(&str) -> bool,
        told: &dyn Fn(&str) -> bool,
    ) -> Vec<Qualifier> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for word in &self.words {
            let own = sentence.get(word.at).map(|token| token.word.as_str());
            let accounted = |word: &str| carried(word) || told(word);
            if carried(&word.bare)
                || !word.turned && (told(&word.bare) || own.is_some_and(accounted))
            {
                continue;
            }
            match runs.last_mut() {
                Some((_, last))
                    if sentence[*last].clause == sentence[word.at].clause
                        && (*last + 1..word.at).all(|at| self.tokens.contains(&at)) =>
                {
                    *last = word.at;
                }
                _ => runs.push((word.at, word.at)),
            }
        }
        let shown = |(from, to): (usize, usize)| {
            // What turns it round or leads to it is shown with it.
            let first = (from.saturating_sub(REACH)..from)
                .rev()
                .take_while(|at| {
                    self.tokens.contains(at) && sentence[*at].clause == sentence[from].clause
                })
                .filter(|at| {
                    let word = sentence[*at].word.as_str();
                    let next = sentence.get(at + 1).map(|next| next.word.as_str());
                    // How it was asked for is not what is missing: `please`.
                    l::negates(word)
                        || l::excludes(word, next)
                        || l::limits(word, next)
                        || l::keeps(word)
                        || l::hangs(word, next)
                        || l::is_preposition(word)
                        || l::is_condition(word, next)
                        || l::is_comparative(word)
                })
                .last()
                .unwrap_or(from);
            Qualifier::of(Kind::Clause, sentence.get(first..=to)?)
        };
        runs.into_iter()
            .filter_map(shown)
            .map(|one| Qualifier { sure: false, ..one })
            .collect()
    }
}

/// Whether a part only speaks of the talk: `don't worry`, `keep me posted`.
pub(super) fn is_talk(sentence: &Sentence, part: &Part) -> bool {
    part.tokens
        .iter()
        .map(|at| sentence[*at].word.as_str())
        .skip_while(|word| l::is_lead(word) && !l::talks(word))
        .take(3)
        .any(l::talks)
}

/// A word, and what it may be a form of: `closed`, `closing`, `dealt`.
pub(super) fn forms(word: &str) -> Vec<Cow<'_, str>> {
    let irregular = match word {
        "dealt" => "deal",
        "sent" => "send",
        "paid" => "pay",
        "bought" => "buy",
        "taken" => "take",
        "written" => "write",
        "told" => "tell",
        "done" => "do",
        _ => word,
    };
    let mut all: Vec<Cow<'_, str>> = vec![irregular.into()];
    for end in ["ing", "ed", "es", "d", "s"] {
        let Some(stem) = word.strip_suffix(end).filter(|stem| stem.len() >= 3) else {
            continue;
        };
        all.push(stem.into());
        all.push(format!("{stem}e").into());
        // `cancelled`.
        let mut letters = stem.chars().rev();
        if let (Some(last), Some(before)) = (letters.next(), letters.next())
            && last == before
        {
            all.push(stem[..stem.len() - last.len_utf8()].into());
        }
    }
    all
}

/// Whether a word says nothing about which are meant, wherever it stands.
pub(super) fn says_nothing(word: &str) -> bool {
    l::is_determiner(word)
        || l::is_neutral(word)
        || l::is_boundary(word)
        || l::is_joint(word)
        || l::is_subject(word)
        || l::is_anything(word)
        || l::negates(word)
        || l::denies(word)
        || l::is_foreign_courtesy(word)
        || l::excludes(word, None)
        || l::is_condition(word, None)
        || l::is_any_deed(word)
        || l::is_harmless(word)
        || l::limits(word, None)
        || matches!(
            word,
            "though"
                | "however"
                | "please"
                | "belong"
                | "belongs"
                | "gehören"
                | "gehört"
                | "myself"
                | "ourselves"
                | "selbst"
                | "selber"
        )
}

/// Whether a word is what the thing that is meant does the most or the least of: `the pod that uses the most memory`. The
/// least or the most is looked for by itself.
fn leads_to_extreme(sentence: &Sentence, at: usize) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    let behind = match word(at + 1) {
        "the" | "die" | "das" | "den" => at + 2,
        _ => at + 1,
    };
    at.checked_sub(1)
        .is_some_and(|before| l::is_relative(word(before)))
        && word(at).ends_with('s')
        && asks_for_most(word(behind)).is_some()
}

/// The `double` of `double check`.
fn double_check(sentence: &Sentence, at: usize) -> bool {
    let next = sentence.get(at + 1);
    sentence[at].word == "double"
        && next.is_some_and(|next| matches!(next.word.as_str(), "check" | "checking"))
}

/// Whether a day is not when something is done, and says which are meant: `from today`, `due today`.
fn is_day_of(sentence: &Sentence, at: usize) -> bool {
    let Some(token) = sentence.get(at) else {
        return false;
    };
    let before = at
        .checked_sub(1)
        .and_then(|at| sentence.get(at))
        .filter(|before| before.clause == token.clause);
    matches!(token.word.as_str(), "today" | "tonight" | "heute")
        && before.is_some_and(|before| {
            l::is_preposition(&before.word)
                || !says_nothing(&before.word) && before.word.ends_with("ed")
                || matches!(
                    before.word.as_str(),
                    "due" | "new" | "is" | "are" | "was" | "were"
                )
        })
}

/// Whether a clause only greets or thanks somebody.
fn is_greeting(sentence: &Sentence, clause: usize) -> bool {
    // `Best, Carla`.
    let first = sentence.first().map(|token| token.word.as_str());
    if sentence.len() <= 4
        && matches!(
            first,
            Some("best" | "regards" | "cheers" | "sincerely" | "yours" | "greetings" | "thanks")
        )
    {
        return true;
    }
    let own = || sentence.iter().filter(|token| token.clause == clause);
    own().count() <= 4
        && own().any(|token| {
            matches!(
                token.word.as_str(),
                "hi" | "hello"
                    | "hey"
                    | "dear"
                    | "thanks"
                    | "thank"
                    | "regards"
                    | "cheers"
                    | "hallo"
                    | "danke"
                    | "gruß"
                    | "grüße"
            )
        })
        && own().all(|token| !l::is_verb(&token.word) && !l::limits(&token.word, None))
}

/// Where somebody is told what to do, and whether not to do it, if something begins with that here.
fn order_at(sentence: &Sentence, at: usize, nouns: &Nouns<'_>) -> Option<(usize, bool)> {
    let own = sentence.get(at)?;
    let mut negated = false;
    let mut place = at;
    while let Some(token) = sentence.get(place)
        && token.clause == own.clause
        && place - at < LEADS
    {
        let word = token.word.as_str();
        let next = sentence
            .get(place + 1)
            .filter(|next| next.clause == token.clause)
            .map(|next| next.word.as_str());
        let is_deed = nouns.is_verb(word)
            || nouns.deeds.iter().any(|deed| l::same_deed(word, deed))
            || l::is_any_deed(word)
            || l::keeps(word);
        // `want` and `help` lead to others as well, and who likes something wants nothing.
        let leads = l::is_lead(word)
            || matches!(word, "only" | "just") && matches!(next, Some("want" | "need"));
        let is_order = match leads {
            true => {
                let wishes = || {
                    place > at
                        && matches!(sentence[place - 1].word.as_str(), "i'd" | "would" | "we'd")
                };
                next.is_some_and(|next| !l::is_lead(next)) && (word != "like" || wishes())
            }
            false => true,
        };
        // `I can't find it` asks for nothing, and `I don't want it` does.
        let told = sentence[at..place]
            .iter()
            .any(|lead| matches!(lead.word.as_str(), "i" | "we" | "ich" | "wir"))
            && !sentence[at..=place].iter().any(|lead| {
                matches!(
                    lead.word.as_str(),
                    "want" | "need" | "like" | "i'd" | "would" | "möchte" | "have" | "you" | "let"
                )
            });
        if is_deed && is_order {
            return (!told).then_some((place, negated));
        }
        if !leads {
            // Whatever it is called, all of something, or what was spoken of, is what a deed is done with.
            let object = next.is_some_and(|next| {
                l::is_definite(next) || matches!(next, "it" | "them" | "sie" | "es")
            });
            // `I closed all tickets` tells what was done.
            let tells = place > at
                && matches!(
                    sentence[place - 1].word.as_str(),
                    "i" | "we" | "you" | "ich" | "wir" | "du"
                );
            let is_deed = object
                && !tells
                && !says_nothing(word)
                && !l::hangs(word, next)
                && !nouns.is_head(word);
            return is_deed.then_some((place, negated));
        }
        negated |= l::negates(word);
        place += 1;
    }
    None
}

/// Whether a reason begins here that could as well say which things are meant, and cannot: at the start of a clause, or
/// behind the one thing that has an id. Behind things of which more may be said (`all tickets due to a printing error`) it
/// may narrow them, and before the deed nothing parts it from what narrows.
fn is_mere_reason(sentence: &Sentence, at: usize, nouns: &Nouns<'_>) -> bool {
    let clause = sentence[at].clause;
    let behind = || {
        sentence[at + 1..]
            .iter()
            .take_while(|token| token.clause == clause)
            .map(|token| token.word.as_str())
    };
    if !l::may_give_reason(&sentence[at].word, behind()) {
        return false;
    }
    let tells = |word: &str| {
        nouns.is_head(word)
            || nouns.is_verb(word)
            || nouns.deeds.iter().any(|deed| l::same_deed(word, deed))
    };
    let is_id = |at: usize| {
        let word = sentence[at].word.as_str();
        word.len() >= 4 && word.chars().any(|c| c.is_ascii_digit()) && l::number(word).is_none()
    };
    let from = (0..at)
        .rev()
        .take_while(|at| sentence[*at].clause == clause)
        .last()
        .unwrap_or(at);
    // `cancel order W48121`, `cancel W48121`, `cancel it`.
    let known = |at: usize| match at.checked_sub(1).filter(|before| *before >= from) {
        Some(before) => {
            is_id(at) && tells(&sentence[before].word)
                || matches!(sentence[at].word.as_str(), "it" | "es")
        }
        None => false,
    };
    let open = |place: usize| {
        let word = sentence[place].word.as_str();
        l::is_universal(word) || nouns.is_head(word) && !(place + 2 == at && is_id(place + 1))
    };
    // `move all of them to economy due to some money issues`: behind what they are to be no more is said of them.
    let is_goal = at.checked_sub(2).is_some_and(|leads| {
        leads >= from
            && matches!(sentence[leads].word.as_str(), "to" | "into" | "auf")
            && !nouns.is_head(&sentence[at - 1].word)
            && !is_id(at - 1)
    });
    (is_goal || (from == at || known(at - 1)) && !(from..at).any(open)) && !behind().any(tells)
}

/// Whether what stands here gives a reason and narrows nothing.
fn is_reason(sentence: &Sentence, at: usize, nouns: &Nouns<'_>) -> bool {
    let word = sentence[at].word.as_str();
    let next = sentence.get(at + 1).map(|next| next.word.as_str());
    let speaks = || {
        next.is_some_and(|next| {
            matches!(
                next,
                "i" | "i'm"
                    | "i've"
                    | "we"
                    | "we're"
                    | "we've"
                    | "they"
                    | "they're"
                    | "it"
                    | "it's"
                    | "that"
                    | "there"
                    | "he"
                    | "she"
                    | "you"
            )
        })
    };
    // `so that only five remain` says how many.
    let clause = sentence[at].clause;
    let bounds = || {
        sentence[at..]
            .iter()
            .take_while(|token| token.clause == clause)
            .any(|token| {
                l::number(&token.word).is_some_and(|number| number > 1)
                    || l::stays(&token.word, None)
                    || l::limits(&token.word, None) && !l::negates(&token.word)
            })
    };
    let third = sentence.get(at + 2).map(|third| third.word.as_str());
    // `Cancel it, it was ordered by mistake`: one thing that is known already.
    let known = || {
        let begins = at
            .checked_sub(1)
            .is_some_and(|before| sentence[before].clause != clause);
        let past = next.is_some_and(l::is_past) || (next, third) == (Some("has"), Some("been"));
        begins && past && matches!(word, "it" | "es")
    };
    known() && !bounds()
        || l::gives_reason(word)
        || is_mere_reason(sentence, at, nouns)
        || word == "since" && speaks()
        || word == "as"
            && speaks()
            && at.checked_sub(1).is_none_or(|before| {
                !matches!(sentence[before].word.as_str(), "soon" | "long" | "far")
            })
        || (word == "so" && speaks() || word == "damit") && !bounds()
}

/// The parts of a sentence, each with what is told to be done in it. Reasons are none.
pub(super) fn parts(sentence: &Sentence, nouns: &Nouns<'_>) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    let mut reason: Option<usize> = None;
    for (at, token) in sentence.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| sentence.get(at));
        let joined = before.is_some_and(|before| {
            l::is_joint(&before.word) || matches!(before.word.as_str(), "then" | "but" | "so")
        });
        let begins = joined || before.is_none_or(|before| before.clause != token.clause);
        let order = begins.then(|| order_at(sentence, at, nouns)).flatten();
        if is_reason(sentence, at, nouns) {
            reason = Some(token.clause);
        } else if reason != Some(token.clause) || joined && order.is_some() {
            reason = None;
        }
        if reason.is_some() {
            continue;
        }
        let inside = all
            .last()
            .is_some_and(|part| part.order.is_some_and(|order| order >= at));
        if all.is_empty() || order.is_some() && !inside {
            let (order, negated) = order.map_or((None, false), |(at, negated)| (Some(at), negated));
            // What leads to an order and belonged to none yet is a part of it.
            all.push(Part {
                order,
                negated,
                tokens: Vec::new(),
            });
        }
        if let Some(part) = all.last_mut() {
            part.tokens.push(at);
        }
    }
    all
}

/// Whether a word says whose things are meant, without a word for them: `I still need Anna's`, `Bob keeps his`.
fn is_whose(sentence: &Sentence, at: usize) -> bool {
    let Some(token) = sentence.get(at) else {
        return false;
    };
    let word = token.word.as_str();
    let next = sentence
        .get(at + 1)
        .filter(|next| next.clause == token.clause);
    let ends = next.is_none_or(|next| l::is_boundary(&next.word) || l::is_joint(&next.word));
    ends && (matches!(word, "his" | "hers" | "theirs")
        || word.ends_with("'s") && !says_nothing(word) && at > 0)
}

/// Whether words only take away from what was asked for, or say what it has to be.
pub(super) fn restricts(sentence: &Sentence, tokens: &[usize]) -> bool {
    let word = |at: usize| sentence.get(at).map(|token| token.word.as_str());
    let mut begins = true;
    let mut clause = None;
    for at in tokens {
        let Some(token) = sentence.get(*at) else {
            continue;
        };
        begins |= clause.is_some_and(|clause| clause != token.clause);
        clause = Some(token.clause);
        let own = token.word.as_str();
        let next = sentence
            .get(at + 1)
            .filter(|next| next.clause == token.clause)
            .map(|next| next.word.as_str());
        // `No, that's it`.
        if begins
            && (l::limits(own, next) && (next.is_some() || !l::negates(own))
                || l::is_comparative(own)
                || l::is_skipped(own, next)
                || l::leaves_out(own))
        {
            return true;
        }
        let subject = at.checked_sub(1).and_then(word);
        if l::stays(own, next)
            || l::prefers(own)
            || own == "like" && subject.is_some_and(l::negates)
            || own == "careful" && next == Some("with")
            // `Anna is on leave` leaves nothing.
            || matches!(own, "keep" | "leave") && next.is_none() && subject != Some("on")
        {
            return true;
        }
        let of_talk = subject.is_none_or(|subject| {
            matches!(
                subject,
                "i" | "you" | "we" | "what" | "how" | "where" | "ich" | "du" | "wir"
            )
        });
        if l::obliges(own, next) && !of_talk {
            return true;
        }
        // `I can't find it` takes nothing away.
        begins = begins
            && l::is_lead(own)
            && !l::negates(own)
            && !matches!(own, "i" | "we" | "ich" | "wir");
    }
    false
}

/// Whether words say nothing of themselves, and only go on with what was said before: `urgent only`.
pub(super) fn is_fragment(sentence: &Sentence, tokens: &[usize]) -> bool {
    tokens.len() <= 8
        && tokens
            .iter()
            .filter_map(|at| sentence.get(*at))
            .all(|token| {
                let word = token.word.as_str();
                !(l::is_subject(word)
                    || l::is_verb(word)
                    || matches!(
                        word,
                        "is" | "are"
                            | "was"
                            | "were"
                            | "am"
                            | "be"
                            | "been"
                            | "have"
                            | "has"
                            | "had"
                            | "do"
                            | "does"
                            | "did"
                            | "i'm"
                            | "i'd"
                            | "i've"
                            | "i'll"
                            | "my"
                            | "me"
                            | "ich"
                            | "ist"
                            | "sind"
                            | "war"
                            | "hat"
                            | "habe"
                    ))
            })
}

/// Whether a sentence asks for something, and does not only tell how things are.
pub(super) fn asks_for(sentence: &Sentence, nouns: &Nouns<'_>) -> bool {
    let word = |at: usize| sentence.get(at).map(|token| token.word.as_str());
    if parts(sentence, nouns)
        .iter()
        .any(|part| part.order.is_some())
    {
        return true;
    }
    let asked = sentence.iter().enumerate().any(|(at, token)| {
        let own = token.word.as_str();
        let speaker = at
            .checked_sub(1)
            .and_then(word)
            .is_some_and(|word| matches!(word, "i" | "we" | "ich" | "wir"));
        let next = word(at + 1);
        l::obliges(own, next)
            || forms(own).iter().any(|form| {
                l::is_any_deed(form) || nouns.deeds.iter().any(|deed| l::same_deed(form, deed))
            })
            || matches!(
                own,
                "please" | "bitte" | "only" | "nur" | "want" | "need" | "needs"
            )
            || matches!(own, "can" | "could" | "may" | "kann" | "können") && !speaker
            || own == "like" && at > 0
            || l::excludes(own, next)
    });
    asked || is_named_only(sentence, nouns)
}

/// Whether a sentence names things and says nothing of them by a verb: `all unread requests of Anna`.
fn is_named_only(sentence: &Sentence, nouns: &Nouns<'_>) -> bool {
    let tells = sentence.iter().enumerate().any(|(at, token)| {
        let word = token.word.as_str();
        let behind = sentence
            .get(at + 1)
            .filter(|next| next.clause == token.clause)
            .map(|next| next.word.as_str());
        matches!(
            word,
            "is" | "are"
                | "was"
                | "were"
                | "am"
                | "have"
                | "has"
                | "had"
                | "i've"
                | "ist"
                | "sind"
                | "war"
                | "hat"
                | "habe"
        ) || nouns.is_head(word)
            && behind.is_some_and(|behind| {
                !(nouns.is_head(behind)
                    || l::is_preposition(behind)
                    || l::is_relative(behind)
                    || l::is_comparative(behind)
                    || l::is_joint(behind)
                    || l::negates(behind)
                    || behind.ends_with("ed")
                    || behind.ends_with("ing")
                    || behind.ends_with("en"))
            })
    });
    !tells
}
