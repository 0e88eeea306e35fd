//! What is done though a condition was named, or though it was said that it must never be done.

use super::asker::{Asker, MANUAL, Missed, carries, compared, deed, has_word, works_here};
use super::condition;
use super::demand;
use super::lexicon as l;
use super::read::{Kind, Nouns, Qualifier, conditions};
use super::reading::About;
use super::sentence::Sentence;
use super::told::normal;
use crate::bound::binding::Bound;
use crate::bound::cycle;
use crate::bound::filter::spoken;
use crate::bound::key::{noun, words};
use crate::bound::selector::heads;
use crate::bound::write;
use crate::kept::Kept;
use std::collections::{BTreeMap, BTreeSet};

/// How many words behind a deed may name what it is done with.
const NAMED_WITHIN: usize = 3;
/// How many words at least say what has to be so: `it succeeded`.
const LEAST_OF_STATE: usize = 2;
/// The most calls of one kind that are held against the words of a sentence.
const MOST_HELD: usize = 50;

/// The calls that change something, in their order, and by what they do.
pub(super) struct Changes {
    all: Vec<usize>,
    by_deed: BTreeMap<String, Vec<usize>>,
}

impl Asker<'_> {
    /// What is done though a condition was named.
    pub(super) fn of_conditions(&self) -> Vec<Missed> {
        let taken = write::Taken::of(self.spots);
        let mut found = Vec::new();
        let mut selected: BTreeSet<String> = BTreeSet::new();
        // What a loop goes over one by one: `only internal requests` of a loop over requests says `internal`.
        let mut items: BTreeSet<String> = BTreeSet::new();
        for cycle in &self.decisions.cycles {
            selected.extend(self.carried_by(cycle));
            items.extend(words(&cycle.item).iter().flat_map(|word| normal(word)));
        }
        for binding in self
            .decisions
            .calls
            .iter()
            .flat_map(|decided| decided.bound.iter().flat_map(Bound::bindings))
        {
            selected.extend(compared(&binding.compared));
        }
        for (number, (text, sentence)) in self.sentences.iter().enumerate() {
            self.of_standing(*text, sentence, &selected, &taken, &mut found);
            let mut all = conditions(sentence);
            all.extend(self.asked_before(number));
            all.extend(condition::caps(sentence));
            if all.is_empty() {
                let demands = demand::demands(sentence).into_iter();
                all.extend(demands.filter(|one| !self.is_a_deed(one)));
            }
            if all.is_empty() {
                continue;
            }
            // A long text that says how to work with files and commands is no task with a condition.
            let manual = self.decisions.said.length(*text) > MANUAL;
            let outside: Vec<(usize, &str)> = sentence
                .iter()
                .enumerate()
                .filter(|(_, token)| {
                    all.iter()
                        .all(|one| token.start < one.start || token.start >= one.end)
                        || l::is_condition(&token.word, None) && token.word == "otherwise"
                })
                .map(|(at, token)| (at, token.word.as_str()))
                .collect();
            for one in &all {
                // What is sent as it was quoted says nothing to whoever sends it.
                if self.is_sent_as_quoted(*text, sentence, one) {
                    continue;
                }
                // What is asked about a sum, or demanded, stands in one sentence with the deed.
                let whole = matches!(one.kind, Kind::Cap | Kind::Demand);
                let own: Vec<(usize, &str)> = match whole || condition::leads(sentence, one.start) {
                    true => sentence
                        .iter()
                        .enumerate()
                        .filter(|(_, token)| {
                            whole || token.start >= one.start && token.start < one.end
                        })
                        .map(|(at, token)| (at, token.word.as_str()))
                        .collect(),
                    false => outside.clone(),
                };
                if whole && self.is_told(one) {
                    continue;
                }
                let turn = self.turn_of(*text);
                let deed_in = |reach: &Reach| self.deed_of(reach, sentence, &own, manual);
                // What is done under a condition in the midst of a sentence stands behind it.
                let behind = |reach: &Reach| self.behind(reach, sentence, one, manual);
                let behind = turn
                    .as_ref()
                    .and_then(behind)
                    .or_else(|| behind(&Reach::from(*text)));
                // What was asked for is done before the person speaks again, where anything is done then.
                let near = behind.or_else(|| match &turn {
                    Some(turn) => deed_in(turn).or_else(|| deed_in(&Reach::named(*text))),
                    None => deed_in(&Reach::from(*text)),
                });
                let orders = !manual
                    && (whole
                        || condition::orders(sentence, &own)
                        || own.is_empty() && condition::tells_then(sentence));
                let deed = match near {
                    None if turn.is_some() && !orders => deed_in(&Reach::from(*text)),
                    near => near,
                };
                let calls: Vec<usize> = match (deed, &turn) {
                    (Some(call), _) => vec![call],
                    (None, Some(turn)) if orders => self.within(&self.changes().all, turn).to_vec(),
                    (None, None) if orders => self.after(&self.changes().all, *text).to_vec(),
                    (None, _) => Vec::new(),
                };
                let does = |call: &usize| self.kept.get(*call).is_some_and(|kept| !prepares(kept));
                let calls = match calls.iter().any(does) {
                    true => calls.into_iter().filter(does).collect(),
                    false => calls,
                };
                for call in calls {
                    if !self.may_look(1) {
                        break;
                    }
                    // What has to be so is a condition of what is done outside, not of work on files and commands.
                    if one.kind == Kind::Demand && self.kept.get(call).is_none_or(works_here) {
                        continue;
                    }
                    // `when it meets an empty line` tells what is wrong with a program.
                    let is_when = sentence
                        .iter()
                        .find(|token| token.start == one.start)
                        .is_some_and(|token| matches!(token.word.as_str(), "when" | "whenever"));
                    if is_when && self.kept.get(call).is_none_or(works_here) {
                        continue;
                    }
                    if self.describes_work(*text, sentence, one, call) {
                        continue;
                    }
                    let gated = self
                        .spots
                        .get(call)
                        .is_some_and(|spot| taken.gate_before(*spot).is_some());
                    let carried = || {
                        let is_selected = |word: &str| selected.contains(word);
                        one.content.iter().any(|word| has_word(word, &is_selected))
                            && carries(
                                one,
                                |word| is_selected(word) || items.contains(word),
                                |_| false,
                            )
                    };
                    if gated || !one.content.is_empty() && carried() {
                        continue;
                    }
                    let cycle = cycle::of(&self.decisions.cycles, call);
                    let call = match cycle.and_then(|at| self.decisions.cycles.get(at)) {
                        Some(cycle) => cycle.first,
                        None => call,
                    };
                    // It is asked about once, at the first of them.
                    found.push((call, cycle, *text, one.clone()));
                    break;
                }
            }
        }
        found
    }

    /// Whether what was read as a condition of work on files and commands says how a program behaves or how something is
    /// to be written: `if I change the theme, not everything updates`, an aside in brackets, `at most one line each`.
    fn describes_work(
        &self,
        text: usize,
        sentence: &Sentence,
        one: &Qualifier,
        call: usize,
    ) -> bool {
        if !self.kept.get(call).is_some_and(works_here) {
            return false;
        }
        let Some(at) = sentence.iter().position(|token| token.start == one.start) else {
            return false;
        };
        let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
        let before = self.decisions.said.part(text, 0, one.start);
        let is_aside = before.ends_with('(');
        let consults = sentence.iter().any(|token| {
            matches!(
                token.word.as_str(),
                "ask" | "confirm" | "approval" | "approve" | "permission" | "frag" | "frage"
            )
        });
        let is_form = one.kind == Kind::Cap && !consults;
        let clause = sentence[at].clause;
        let behind = sentence.iter().find(|token| token.start >= one.end);
        // What is told then is no order, and no rule: `not everything updates`.
        let tells = behind.is_some_and(|first| {
            let rest = sentence.iter().filter(|token| token.start >= one.end);
            let orders = rest.into_iter().any(|token| {
                l::obliges(&token.word, None)
                    || matches!(
                        token.word.as_str(),
                        "should" | "must" | "don't" | "never" | "do"
                    )
            });
            first.clause != clause
                && !orders
                && (first.word == "not"
                    || l::is_subject(&first.word)
                    || l::is_definite(&first.word))
        });
        let is_use = word(at) == "if" && matches!(word(at + 1), "i" | "we") && tells;
        is_aside || is_form || is_use
    }

    /// What the sentence before one asks, where that one says what is done then: `is it late? Then refund it`.
    fn asked_before(&self, number: usize) -> Option<Qualifier> {
        let (text, sentence) = self.sentences.get(number)?;
        let (other, before) = self.sentences.get(number.checked_sub(1)?)?;
        let then = matches!(sentence.first()?.word.as_str(), "then" | "dann");
        let of_talk = before
            .get(1)
            .is_some_and(|next| matches!(next.word.as_str(), "you" | "there" | "du"));
        let asks = matches!(
            before.first()?.word.as_str(),
            "is" | "are"
                | "has"
                | "have"
                | "was"
                | "were"
                | "ist"
                | "sind"
                | "hat"
                | "haben"
                | "wurde"
        );
        let between = || {
            let from = before.last().map_or(0, |last| last.end);
            let to = sentence.first().map_or(from, |first| first.start);
            self.decisions.said.part(*text, from, to)
        };
        (then && asks && !of_talk && other == text && between().contains('?'))
            .then(|| Qualifier::of(Kind::Condition, before))?
    }

    /// Whether all that is demanded is that something be done: `they must be closed`.
    fn is_a_deed(&self, one: &Qualifier) -> bool {
        let deeds = &self.changes().by_deed;
        let mut tells = one
            .content
            .iter()
            .filter(|word| !matches!(word.as_str(), "has" | "have" | "must" | "need" | "needs"));
        // `close`, `closed`, `cancelled`.
        let is_bent = |word: &str, deed: &str| {
            word.starts_with(deed.trim_end_matches('e')) && word.len() <= deed.len() + 4
        };
        tells.all(|word| {
            let mut deeds = deeds.keys();
            deeds.any(|deed| l::same_deed(word, deed) || is_bent(word, deed))
        })
    }

    /// Whether the figure of a cap was told to a tool as one.
    fn is_told(&self, one: &Qualifier) -> bool {
        let limits = self.limits.get_or_init(|| {
            let mut all = BTreeSet::new();
            for kept in self.kept {
                crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
                    let caps = words(key).iter().any(|word| {
                        matches!(
                            word.as_str(),
                            "max"
                                | "maximum"
                                | "limit"
                                | "cap"
                                | "budget"
                                | "under"
                                | "below"
                                | "upper"
                        )
                    });
                    if caps {
                        all.extend(spoken(leaf));
                    }
                });
            }
            all
        });
        condition::figure(one).is_some_and(|figure| limits.contains(&figure))
    }

    /// Whether what was named stands within quotes, a call sends what is in them, and nothing behind them is a condition.
    fn is_sent_as_quoted(&self, text: usize, sentence: &Sentence, one: &Qualifier) -> bool {
        let said = self.decisions.said.text(text);
        let pairs = [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»')];
        let quote = |(opens, closes): &(char, char)| {
            let mut rest = 0;
            while let Some(from) = said.get(rest..)?.find(*opens) {
                let from = rest + from + opens.len_utf8();
                let to = from + said.get(from..)?.find(*closes)?;
                if (from..to).contains(&one.start) {
                    return Some((to, said.get(from..to)?.trim()));
                }
                rest = to + closes.len_utf8();
            }
            None
        };
        pairs.iter().filter_map(quote).any(|(to, quote)| {
            let mut behind = sentence.iter().filter(|token| token.start >= to);
            let mut sent = self.kept.iter().map(|kept| &kept.call.arguments);
            !behind.any(|token| l::is_condition(&token.word, None))
                && sent.any(|arguments| {
                    let mut holds = false;
                    crate::leaf::scalars(arguments, &mut |leaf| {
                        holds |= leaf.as_str().is_some_and(|leaf| leaf.contains(quote));
                    });
                    holds
                })
        })
    }

    fn changes(&self) -> &Changes {
        self.changes.get_or_init(|| {
            let mut by_deed: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            let all: Vec<usize> = (0..self.kept.len())
                .filter(|call| self.kept[*call].changes())
                .collect();
            for call in &all {
                if let Some(deed) = deed(&self.kept[*call]) {
                    by_deed.entry(deed).or_default().push(*call);
                }
            }
            Changes { all, by_deed }
        })
    }

    /// The calls between a text and what a person says next, where any of them changes something.
    pub(super) fn turn_of(&self, text: usize) -> Option<Reach> {
        let behind = self.sentences.partition_point(|(at, _)| *at <= text);
        let (next, _) = self.sentences.get(behind)?;
        let turn = Reach {
            text,
            until: Some(*next),
            is_named: false,
        };
        (!self.within(&self.changes().all, &turn).is_empty()).then_some(turn)
    }

    /// Those of some calls, in their order, that lie within reach.
    fn within<'c>(&self, calls: &'c [usize], reach: &Reach) -> &'c [usize] {
        let after = self.after(calls, reach.text);
        let Some(until) = reach.until else {
            return after;
        };
        let to = after.partition_point(|call| self.heard(*call) <= until);
        after.get(..to).unwrap_or_default()
    }

    /// Those of some calls, in their order, before which a text was said.
    fn after<'c>(&self, calls: &'c [usize], text: usize) -> &'c [usize] {
        let from = calls.partition_point(|call| self.heard(*call) <= text);
        calls.get(from..).unwrap_or_default()
    }

    /// What must never be done, and is done after it was said.
    fn of_standing(
        &self,
        text: usize,
        sentence: &Sentence,
        selected: &BTreeSet<String>,
        taken: &write::Taken,
        found: &mut Vec<Missed>,
    ) {
        for (said, one) in condition::standing(sentence) {
            let by_deed = &self.changes().by_deed;
            let mut calls: Vec<usize> = Vec::new();
            for (_, all) in by_deed.iter().filter(|(deed, _)| l::same_deed(&said, deed)) {
                calls.extend(self.after(all, text));
            }
            calls.sort_unstable();
            for call in calls {
                let Some(kept) = self.kept.get(call).filter(|_| self.may_look(1)) else {
                    break;
                };
                // Of files and commands it is said of those that are named.
                if works_here(kept) && !sends_any(&kept.call.arguments, &one.content) {
                    continue;
                }
                let cycle = cycle::of(&self.decisions.cycles, call);
                let around = cycle.and_then(|at| self.decisions.cycles.get(at));
                // What a loop leaves out is read about its nouns already.
                let over_list = around.filter(|cycle| !cycle.is_named());
                let of_loop = over_list.is_some_and(|cycle| {
                    let (heads, deeds) = (self.heads_of(cycle), self.deeds_of(cycle));
                    let nouns = Nouns {
                        heads: &heads,
                        deeds: &deeds,
                    };
                    let read = self.decisions.said.about(About::Nouns, &nouns);
                    let all = read.all();
                    let from = all.partition_point(|heard| heard.text < text);
                    let to = all.partition_point(|heard| heard.text <= text);
                    let (first, last) = (sentence.first(), sentence.last());
                    all[from..to].iter().any(|heard| {
                        first.is_some_and(|first| first.start <= heard.one.start)
                            && last.is_some_and(|last| heard.one.start <= last.start)
                    })
                });
                if of_loop {
                    continue;
                }
                let mut nouns: BTreeSet<String> = heads(noun(&kept.call.name).into_iter());
                nouns.extend(around.into_iter().flat_map(|cycle| self.heads_of(cycle)));
                let mut tells = one
                    .content
                    .iter()
                    .filter(|word| words(word).last().is_none_or(|one| !nouns.contains(one)))
                    .peekable();
                let carried = tells.peek().is_some()
                    && tells.all(|word| normal(word).iter().all(|part| selected.contains(part)));
                let gated = self
                    .spots
                    .get(call)
                    .is_some_and(|spot| taken.gate_before(*spot).is_some());
                let call = around.map_or(call, |cycle| cycle.first);
                // It is asked about once, at the first of them.
                if !carried && !gated {
                    found.push((call, cycle, text, one));
                    break;
                }
            }
        }
    }

    /// The change that is made under a condition that opens what is said behind it: `deploy to staging, and if it is
    /// healthy promote it to production`.
    fn behind(
        &self,
        reach: &Reach,
        sentence: &Sentence,
        one: &Qualifier,
        manual: bool,
    ) -> Option<usize> {
        let at = sentence.iter().position(|token| token.start == one.start)?;
        if manual
            || one.kind != Kind::Condition
            || !matches!(sentence[at].word.as_str(), "if" | "when" | "falls" | "wenn")
        {
            return None;
        }
        let joined = at.checked_sub(1).is_none_or(|before| {
            matches!(
                sentence[before].word.as_str(),
                "and" | "then" | "but" | "und" | "dann" | "aber"
            )
        });
        let end = sentence
            .iter()
            .position(|token| token.start >= one.end)
            .unwrap_or(sentence.len());
        // `if it is late, and tell Anna` goes on with what was said before it.
        let goes_on = sentence
            .get(end)
            .is_some_and(|next| l::is_joint(&next.word));
        // What stands behind a condition that begins the sentence is all that is left of it.
        let is_left = at == 0 && end < sentence.len();
        if !joined || goes_on || is_left || parts_ways(sentence) {
            return None;
        }
        let words = |from: usize, to: usize| -> Vec<(usize, &str)> {
            let all = sentence.iter().enumerate().take(to).skip(from);
            all.map(|(at, token)| (at, token.word.as_str())).collect()
        };
        if end < sentence.len() {
            let behind = words(end, sentence.len());
            return self
                .deed_of(reach, sentence, &behind, manual)
                .or_else(|| self.named_alone(reach, &behind));
        }
        // Without a comma the deed stands behind what has to be so.
        let deeds = &self.changes().by_deed;
        let does = |place: &usize| {
            let said = sentence[*place].word.as_str();
            deeds.keys().any(|deed| l::same_deed(said, deed))
        };
        let from = (at + 1 + LEAST_OF_STATE..end.saturating_sub(1))
            .rev()
            .find(does);
        match from {
            Some(from) => self.deed_of(reach, sentence, &words(from, end), manual),
            None if at > 0 => self.named_alone(reach, &words(at + 1, end)),
            None => None,
        }
    }

    /// The one change within reach that alone sends something that was said.
    fn named_alone(&self, reach: &Reach, said: &[(usize, &str)]) -> Option<usize> {
        let calls = self.within(&self.changes().all, reach);
        match self.telling(calls, said).as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Those of some calls that send something that was said and that not all of them send.
    fn telling(&self, calls: &[usize], said: &[(usize, &str)]) -> Vec<usize> {
        if calls.len() < 2 || calls.len() > MOST_HELD || !self.may_look(calls.len() * said.len()) {
            return Vec::new();
        }
        let sent: Vec<BTreeSet<String>> = calls
            .iter()
            .map(|call| {
                let mut all = BTreeSet::new();
                crate::leaf::scalars(&self.kept[*call].call.arguments, &mut |leaf| {
                    all.extend(leaf.as_str().map(str::to_lowercase));
                });
                all
            })
            .collect();
        let mut found = BTreeSet::new();
        for (_, word) in said {
            let by: Vec<usize> = (0..calls.len())
                .filter(|at| sent[*at].contains(*word))
                .collect();
            if by.len() < calls.len() {
                found.extend(by.into_iter().map(|at| calls[at]));
            }
        }
        found.into_iter().collect()
    }

    /// The first change within reach that a sentence tells to make.
    fn deed_of(
        &self,
        reach: &Reach,
        sentence: &Sentence,
        said: &[(usize, &str)],
        manual: bool,
    ) -> Option<usize> {
        let back = said.iter().any(|(at, word)| {
            l::is_any_deed(word)
                || l::points_back(word, sentence.get(at + 1).map(|one| one.word.as_str()))
        });
        let first = |calls: &[usize]| {
            let all = self.within(calls, reach);
            // Of several of one kind it is the one that sends what is named there.
            let named = match manual {
                true => None,
                false => self.telling(all, said).first().copied(),
            };
            named.or_else(|| {
                let mut all = all.iter().copied();
                all.find(|call| !manual || self.may_look(1) && !works_here(&self.kept[*call]))
            })
        };
        let changes = self.changes();
        if reach.is_named {
            let all = changes.by_deed.iter();
            return all
                .filter(|(deed, _)| said.iter().any(|(_, word)| word == deed))
                .filter_map(|(_, calls)| first(calls))
                .min();
        }
        if back {
            return first(&changes.all);
        }
        let deeds = || changes.by_deed.iter();
        if !parts_ways(sentence) {
            return deeds()
                .filter(|_| self.may_look(said.len()))
                .filter(|(deed, _)| said.iter().any(|(_, word)| l::same_deed(word, deed)))
                .filter_map(|(_, calls)| first(calls))
                .min();
        }
        // Of two ways a run goes one: a word that means the like of many deeds is of those that are done with what is
        // named behind it, where there are any.
        let names = |at: usize, call: usize| {
            let nouns = self.kept.get(call).map(|kept| noun(&kept.call.name));
            let behind = sentence.iter().skip(at + 1).take(NAMED_WITHIN);
            behind
                .flat_map(|token| words(&token.word))
                .any(|word| nouns.iter().flatten().any(|noun| *noun == word))
        };
        said.iter()
            .filter_map(|(at, word)| {
                let alike: Vec<(&String, &Vec<usize>)> = deeds()
                    .filter(|_| self.may_look(1))
                    .filter(|(deed, _)| l::same_deed(word, deed))
                    .collect();
                let named = alike.iter().filter_map(|(deed, calls)| {
                    let calls = calls.iter().copied();
                    let own: Vec<usize> = calls
                        .filter(|call| *word == deed.as_str() || names(*at, *call))
                        .collect();
                    first(&own)
                });
                named
                    .min()
                    .or_else(|| alike.iter().filter_map(|(_, calls)| first(calls)).min())
            })
            .min()
    }
}

/// Whether a call only gets ready for what is to be done: it goes to a folder, or signs in.
fn prepares(kept: &Kept<'_>) -> bool {
    deed(kept).is_some_and(|deed| {
        matches!(
            deed.as_str(),
            "cd" | "chdir" | "pushd" | "login" | "signin" | "authenticate" | "connect"
        )
    })
}

/// Whether anything that a call was sent has one of some words in it.
fn sends_any(arguments: &serde_json::Value, said: &[String]) -> bool {
    let mut sends = false;
    crate::leaf::leaves(arguments, &mut |_, _, leaf| {
        let text = leaf.as_str().map(str::to_lowercase).unwrap_or_default();
        sends |= said.iter().any(|word| text.contains(word.as_str()));
    });
    sends
}

/// Where the deed of a sentence is looked for.
pub(super) struct Reach {
    /// The text that was said before it.
    text: usize,
    /// What was not yet said before it.
    pub(super) until: Option<usize>,
    /// Whether its very name has to be said, not the like of it.
    is_named: bool,
}

impl Reach {
    fn from(text: usize) -> Self {
        Self {
            text,
            until: None,
            is_named: false,
        }
    }

    fn named(text: usize) -> Self {
        Self {
            text,
            until: None,
            is_named: true,
        }
    }
}

/// Whether a sentence tells of two ways of which a run goes one: `otherwise` begins what is done in the other. `unless I say
/// otherwise` tells of none.
fn parts_ways(sentence: &Sentence) -> bool {
    sentence.iter().enumerate().any(|(at, token)| {
        let begins = at.checked_sub(1).is_none_or(|before| {
            let before = &sentence[before];
            before.clause != token.clause || matches!(before.word.as_str(), "and" | "or" | "und")
        });
        let goes_on = sentence
            .get(at + 1)
            .is_some_and(|next| next.clause == token.clause);
        matches!(token.word.as_str(), "otherwise" | "andernfalls" | "sonst") && begins && goes_on
    })
}
