//! Where the draft goes on without what the person named: loops, what is picked as the least or the most, selections
//! for a change, and changes under a condition.

use super::condition;
use super::lexicon as l;
use super::mention::Fields;
use super::narrow::flag_words;
use super::read::{Kind, Nouns, Qualifier, about_nouns, about_word, conditions};
use super::sentence::Sentence;
use super::told::{Told, normal};
use crate::bound::answers::{Hop, Place};
use crate::bound::binding::{Bound, Source};
use crate::bound::cycle::Cycle;
use crate::bound::decide::Decisions;
use crate::bound::filter::spoken;
use crate::bound::key::{noun, words};
use crate::bound::selector::heads;
use crate::bound::superlative::asks_for_most;
use crate::bound::turn::Compared;
use crate::bound::write;
use crate::kept::{Kept, Spot};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// From how many words on a text may be a manual.
pub(super) const MANUAL: usize = 250;

/// The call that goes on without it, its loop, and where it was said.
pub(super) type Missed = (usize, Option<usize>, usize, Qualifier);

/// The nouns that loops are spoken of by, and the deeds done in them.
pub(super) type Spoken = (BTreeSet<String>, BTreeSet<String>);

/// Looks for what nothing carries.
pub(super) struct Asker<'a> {
    pub(super) kept: &'a [Kept<'a>],
    pub(super) spots: &'a [Spot],
    pub(super) decisions: &'a Decisions,
    pub(super) sentences: Vec<(usize, &'a Sentence)>,
    told: OnceCell<Told>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(kept: &'a [Kept<'a>], spots: &'a [Spot], decisions: &'a Decisions) -> Self {
        Self {
            kept,
            spots,
            decisions,
            sentences: decisions.said.sentences_by_people().collect(),
            told: OnceCell::new(),
        }
    }

    /// The sentence that something stands in, as it was said.
    pub(super) fn sentence_of(&self, text: usize, one: &Qualifier) -> Option<String> {
        let holds = |sentence: &Sentence| sentence.iter().any(|token| token.start == one.start);
        let (_, sentence) = self
            .sentences
            .iter()
            .find(|(at, sentence)| *at == text && holds(sentence))?;
        let (first, last) = (sentence.first()?, sentence.last()?);
        let whole = self.decisions.said.part(text, first.start, last.end);
        Some(whole.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The words that tools were told, read once and for all: not again for each loop.
    pub(super) fn told(&self) -> &Told {
        self.told.get_or_init(|| Told::of(self.kept))
    }

    pub(super) fn heard(&self, call: usize) -> usize {
        self.decisions.heard.get(call).copied().unwrap_or_default()
    }

    /// Loops that change something, and those that only look where nothing is changed after them.
    pub(super) fn of_loops(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        let last_change = self.kept.iter().rposition(Kept::changes);
        // Many loops are spoken of by the same nouns: what is said about those is read once.
        let mut read: BTreeMap<Spoken, Vec<(usize, Qualifier)>> = BTreeMap::new();
        for (index, cycle) in self.decisions.cycles.iter().enumerate() {
            let (first, last) = (cycle.first, cycle.last());
            if cycle.harmless && last_change.is_some_and(|change| change > last) {
                continue;
            }
            let all = read
                .entry((self.heads_of(cycle), self.deeds_of(cycle)))
                .or_insert_with_key(|(heads, deeds)| {
                    let nouns = Nouns { heads, deeds };
                    let all = self.sentences.iter();
                    all.flat_map(|(text, sentence)| {
                        let all = about_nouns(sentence, &nouns).into_iter();
                        all.filter(|one| !condition::widens(sentence, one.start))
                            .map(|one| (*text, one))
                    })
                    .collect()
                });
            let mut carried: BTreeSet<String> = BTreeSet::new();
            let mut number = None;
            for cycle in self.around(cycle) {
                carried.extend(self.carried_by(cycle));
                number = number.or(cycle.filter.as_ref().and_then(|filter| filter.number()));
            }
            let heard = self.heard(first);
            let width = ((last + 1 - first) / cycle.passes.max(1)).max(1);
            let told = |part: &str| self.told().up_to_loop(first, last, width, part);
            let mut asked: Vec<(usize, &Qualifier)> = Vec::new();
            for (text, one) in all.iter().filter(|(text, _)| *text < heard) {
                let is_carried = match one.kind {
                    Kind::Count => one.sure && number.is_some() && number == one.number,
                    _ => carries(
                        one,
                        |word| {
                            carried.contains(word)
                                || self.was_told(first, word, one.negated && !one.loose)
                        },
                        told,
                    ),
                };
                if !is_carried {
                    asked.push((*text, one));
                    found.push((first, Some(index), *text, one.clone()));
                }
            }
            let list = self.decisions.answers.whole(cycle.list);
            let fields = list.map(Fields::of).unwrap_or_default();
            let (heads, deeds) = (self.heads_of(cycle), self.deeds_of(cycle));
            let has = |word: &str| {
                normal(word)
                    .iter()
                    .all(|part| carried.contains(part) || told(part))
                    || words(word).last().is_some_and(|one| heads.contains(one))
                    || deeds.iter().any(|deed| l::same_deed(word, deed))
            };
            found.extend(
                self.mentioned(&fields, heard, &asked, has)
                    .into_iter()
                    .map(|(text, one)| (first, Some(index), text, one)),
            );
        }
        found
    }

    /// Whether a word was told to a tool before a call; of what does not hold, that it does not.
    pub(super) fn was_told(&self, call: usize, word: &str, negated: bool) -> bool {
        match negated {
            true => self.told().left_out_before(call, word),
            false => self.told().sent_before(call, word),
        }
    }

    /// What sentences name of the elements, where nothing that was read in them holds it and nothing carries it.
    fn mentioned(
        &self,
        fields: &Fields,
        heard: usize,
        read: &[(usize, &Qualifier)],
        has: impl Fn(&str) -> bool,
    ) -> Vec<(usize, Qualifier)> {
        let mut found = Vec::new();
        let sentences = self
            .sentences
            .iter()
            .filter(|(text, _)| *text < heard && self.decisions.said.length(*text) <= MANUAL);
        for (text, sentence) in sentences {
            for token in sentence.iter() {
                let Some(named) = fields.named(&token.word) else {
                    continue;
                };
                // `including the pinned ones` leaves nothing out.
                let widens = condition::widens(sentence, token.start);
                let is_read = read.iter().any(|(other, one)| {
                    other == text && one.start <= token.start && token.end <= one.end
                });
                if widens || is_read || has(&named) || has(&token.word) {
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
        }
        found
    }

    /// A loop, and those whose outputs it goes over.
    pub(super) fn around<'c>(&'c self, cycle: &'c Cycle) -> Vec<&'c Cycle> {
        let mut all = vec![cycle];
        let cycles = &self.decisions.cycles;
        // They stand one behind the other, so that the last call of each lies behind that of the one before.
        while let Some(last) = all.last()
            && last.list.call < last.first
            && let Ok(at) = cycles.binary_search_by_key(&last.list.call, Cycle::last)
            && let Some(before) = cycles.get(at)
        {
            all.push(before);
        }
        all
    }

    pub(super) fn heads_of(&self, cycle: &Cycle) -> BTreeSet<String> {
        let mut all: Vec<String> = Vec::new();
        for cycle in self.around(cycle) {
            all.extend(words(&self.decisions.answers.last_key_of(cycle.list)));
            all.extend(words(&cycle.item));
            if let Some(source) = self.kept.get(cycle.list.call) {
                all.extend(noun(&source.call.name));
            }
            if let Some(inner) = &cycle.inner {
                all.extend(words(&inner.item));
            }
        }
        heads(all.into_iter())
    }

    pub(super) fn deeds_of(&self, cycle: &Cycle) -> BTreeSet<String> {
        (cycle.first..=cycle.last())
            .filter_map(|call| self.kept.get(call))
            .filter_map(|kept| deed(kept))
            .collect()
    }

    /// The words that the filters of a loop carry.
    pub(super) fn carried_by(&self, cycle: &Cycle) -> Vec<String> {
        let inner = cycle.inner.as_ref().and_then(|inner| inner.filter.as_ref());
        let mut all: Vec<String> = cycle
            .filter
            .iter()
            .chain(inner)
            .flat_map(|filter| filter.words())
            .flat_map(|word| normal(&word))
            .collect();
        all.extend(compared(&cycle.compared));
        all
    }

    /// What was picked as the least or the most.
    pub(super) fn of_extremes(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        let last_change = self.kept.iter().rposition(Kept::changes);
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call) else {
                continue;
            };
            let later = last_change.is_some_and(|change| change >= call);
            let bindings = decided
                .bound
                .iter()
                .flat_map(Bound::bindings)
                .filter(|binding| !binding.compared.extremes.is_empty());
            for binding in bindings {
                if kept.is_harmless() && later && !matches!(binding.source, Source::Output(_)) {
                    continue;
                }
                let mut all = Vec::new();
                if let Source::Output(place) = &binding.source {
                    if let Some(source) = self.kept.get(place.call) {
                        all.extend(noun(&source.call.name));
                    }
                    all.extend(self.keys_to(place));
                }
                let heads = heads(all.into_iter());
                let deeds: BTreeSet<String> = deed(kept).into_iter().collect();
                let nouns = Nouns {
                    heads: &heads,
                    deeds: &deeds,
                };
                let carried: BTreeSet<String> = compared(&binding.compared).into_iter().collect();
                let is_carried = |one: &Qualifier| {
                    carries(
                        one,
                        |word| {
                            carried.contains(word)
                                || self.was_told(call, word, one.negated && !one.loose)
                        },
                        |word| self.told().up_to(call, word),
                    )
                };
                if let Source::Output(place) = &binding.source
                    && let Some(source) = self.kept.get(place.call)
                    && let Some(result) = &source.call.result
                {
                    let fields = Fields::of(&result.content);
                    let has = |word: &str| {
                        normal(word)
                            .iter()
                            .all(|part| carried.contains(part) || self.told().up_to(call, part))
                            || words(word).last().is_some_and(|one| heads.contains(one))
                    };
                    found.extend(
                        self.mentioned(&fields, self.heard(call), &[], has)
                            .into_iter()
                            .map(|(text, one)| (call, None, text, one)),
                    );
                }
                for (_, most) in &binding.compared.extremes {
                    for (text, sentence) in &self.sentences {
                        if *text >= self.heard(call) {
                            continue;
                        }
                        let said: BTreeSet<&str> = sentence
                            .iter()
                            .map(|token| token.word.as_str())
                            .filter(|word| asks_for_most(word) == Some(*most))
                            .collect();
                        for word in said {
                            found.extend(
                                about_word(sentence, word, &nouns)
                                    .into_iter()
                                    .filter(|one| !is_carried(one))
                                    .map(|one| (call, None, *text, one)),
                            );
                        }
                    }
                }
            }
        }
        found
    }

    /// What is picked for a change although something was left out in so many words: `the delivered one, but not the
    /// express order`.
    pub(super) fn of_selections(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call).filter(|kept| kept.changes()) else {
                continue;
            };
            let mut all = Vec::new();
            let mut carried: Option<BTreeSet<String>> = None;
            for binding in decided.bound.iter().flat_map(Bound::bindings) {
                let Source::Output(place) = &binding.source else {
                    continue;
                };
                let picks =
                    !binding.compared.fields.is_empty() || binding.expression.contains("| only");
                if let Some(source) = self.kept.get(place.call).filter(|_| picks) {
                    all.extend(noun(&source.call.name));
                    all.extend(self.keys_to(place));
                    carried
                        .get_or_insert_default()
                        .extend(compared(&binding.compared));
                }
            }
            let Some(carried) = carried else { continue };
            let (heads, deeds) = (heads(all.into_iter()), deed(kept).into_iter().collect());
            let nouns = Nouns {
                heads: &heads,
                deeds: &deeds,
            };
            for (text, sentence) in &self.sentences {
                if *text >= self.heard(call) {
                    continue;
                }
                for one in about_nouns(sentence, &nouns) {
                    let begins = sentence.iter().position(|token| token.start == one.start);
                    let is_exclusion = begins.is_some_and(|at| {
                        l::excludes(
                            &sentence[at].word,
                            sentence.get(at + 1).map(|next| next.word.as_str()),
                        )
                    });
                    let has =
                        |word: &str| carried.contains(word) || self.was_told(call, word, true);
                    if is_exclusion && !carries(&one, has, |_| false) {
                        found.push((call, None, *text, one));
                    }
                }
            }
        }
        found
    }

    /// The words of the keys to a value.
    pub(super) fn keys_to(&self, place: &Place) -> Vec<String> {
        let steps = self.decisions.answers.steps_to(place);
        let keys = steps.iter().filter_map(|step| match step.hop {
            Hop::Key(key) => Some(key),
            _ => None,
        });
        keys.flat_map(|key| words(key)).collect()
    }

    /// Whether a sentence goes on from there with a further part: `if it is unpaid, and not a gift`.
    pub(super) fn goes_on(&self, text: usize, end: usize) -> bool {
        self.sentences
            .iter()
            .filter(|(at, _)| *at == text)
            .any(|(_, sentence)| {
                sentence.iter().any(|token| token.start < end)
                    && sentence
                        .iter()
                        .find(|token| token.start >= end)
                        .is_some_and(|token| {
                            l::is_joint(&token.word) || matches!(token.word.as_str(), "but" | "nor")
                        })
            })
    }

    /// What is done though a person agreed to it with a reserve.
    pub(super) fn of_answers(&self) -> Vec<Missed> {
        let cycles = &self.decisions.cycles;
        self.decisions
            .reserves
            .iter()
            .map(|(call, text, start, end)| {
                let cycle = cycles.iter().position(|cycle| cycle.holds(*call));
                let first = cycle.and_then(|at| cycles.get(at)).map(|cycle| cycle.first);
                let one = Qualifier::said(*start, *end);
                (first.unwrap_or(*call), cycle, *text, one)
            })
            .collect()
    }

    /// What is done though a condition was named.
    pub(super) fn of_conditions(&self) -> Vec<Missed> {
        let taken = write::Taken::of(self.spots);
        let mut found = Vec::new();
        let mut selected: BTreeSet<String> = BTreeSet::new();
        for cycle in &self.decisions.cycles {
            selected.extend(self.carried_by(cycle));
        }
        for binding in self
            .decisions
            .calls
            .iter()
            .flat_map(|decided| decided.bound.iter().flat_map(Bound::bindings))
        {
            selected.extend(compared(&binding.compared));
        }
        for (text, sentence) in &self.sentences {
            self.of_standing(*text, sentence, &selected, &taken, &mut found);
            let mut all = conditions(sentence);
            let caps = condition::caps(sentence);
            let capped = !caps.is_empty();
            all.extend(caps);
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
                // What stands behind `otherwise` is the deed itself.
                let own: Vec<(usize, &str)> = match sentence
                    .iter()
                    .find(|token| token.start == one.start)
                    .map(|token| token.word.as_str())
                {
                    Some("otherwise" | "andernfalls" | "sonst") => sentence
                        .iter()
                        .enumerate()
                        .filter(|(_, token)| token.start >= one.start && token.start < one.end)
                        .map(|(at, token)| (at, token.word.as_str()))
                        .collect(),
                    // What is asked about a sum stands in one sentence with the sum.
                    _ if capped => sentence
                        .iter()
                        .enumerate()
                        .map(|(at, token)| (at, token.word.as_str()))
                        .collect(),
                    _ => outside.clone(),
                };
                if capped && self.is_told(one) {
                    continue;
                }
                let calls = match self.deed_of(*text, sentence, &own, manual) {
                    Some(call) => vec![call],
                    None if !manual && (capped || condition::orders(sentence, &own)) => {
                        self.changes_after(*text)
                    }
                    None => Vec::new(),
                };
                for call in calls {
                    let gated = self
                        .spots
                        .get(call)
                        .is_some_and(|spot| taken.gate_before(*spot).is_some());
                    let carried = || carries(one, |word| selected.contains(word), |_| false);
                    if gated || !one.content.is_empty() && carried() {
                        continue;
                    }
                    let cycle = self
                        .decisions
                        .cycles
                        .iter()
                        .position(|cycle| cycle.holds(call));
                    let call = match cycle.and_then(|at| self.decisions.cycles.get(at)) {
                        Some(cycle) => cycle.first,
                        None => call,
                    };
                    found.push((call, cycle, *text, one.clone()));
                }
            }
        }
        found
    }

    /// Whether the figure of a cap was told to a tool as one.
    fn is_told(&self, one: &Qualifier) -> bool {
        let Some(figure) = condition::figure(one) else {
            return false;
        };
        self.kept.iter().any(|kept| {
            let mut told = false;
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
                told |= caps && spoken(leaf).iter().any(|word| word == figure);
            });
            told
        })
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
            let mut seen = BTreeSet::new();
            for (call, kept) in self.kept.iter().enumerate() {
                let deed = deed(kept).filter(|deed| l::same_deed(&said, deed));
                if deed.is_none() || !kept.changes() || self.heard(call) <= text {
                    continue;
                }
                let cycle = self.decisions.cycles.iter().position(|one| one.holds(call));
                let around = cycle.and_then(|at| self.decisions.cycles.get(at));
                // What a loop leaves out is read about its nouns already.
                let of_loop = around.is_some_and(|cycle| {
                    let (heads, deeds) = (self.heads_of(cycle), self.deeds_of(cycle));
                    let nouns = Nouns {
                        heads: &heads,
                        deeds: &deeds,
                    };
                    !about_nouns(sentence, &nouns).is_empty()
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
                if !carried && !gated && seen.insert(call) {
                    found.push((call, cycle, text, one.clone()));
                }
            }
        }
    }

    /// The changes after a text, each of a loop by its first.
    fn changes_after(&self, text: usize) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        (0..self.kept.len())
            .filter(|call| self.kept[*call].changes() && self.heard(*call) > text)
            .filter(|call| {
                let cycle = self.decisions.cycles.iter().find(|one| one.holds(*call));
                seen.insert(cycle.map_or(*call, |cycle| cycle.first))
            })
            .collect()
    }

    /// The first change after a text that a sentence in it tells to make.
    fn deed_of(
        &self,
        text: usize,
        sentence: &Sentence,
        said: &[(usize, &str)],
        manual: bool,
    ) -> Option<usize> {
        let back = said.iter().any(|(at, word)| {
            l::is_any_deed(word)
                || l::points_back(word, sentence.get(at + 1).map(|one| one.word.as_str()))
        });
        self.kept
            .iter()
            .enumerate()
            .filter(|(call, kept)| kept.changes() && self.heard(*call) > text)
            .filter(|(_, kept)| !manual || !works_here(kept))
            .find(|(_, kept)| {
                back || deed(kept)
                    .is_some_and(|deed| said.iter().any(|(_, word)| l::same_deed(word, &deed)))
            })
            .map(|(call, _)| call)
    }
}

/// Whether a call works with files or commands, not with what others keep.
fn works_here(kept: &Kept<'_>) -> bool {
    kept.target.shell.is_some()
        || matches!(kept.target.action.as_str(), "shell" | "file")
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
    if one.kind == Kind::Count {
        return false;
    }
    one.content.iter().all(|word| {
        normal(word)
            .iter()
            .all(|part| carried(part) || one.loose && told(part))
    })
}
