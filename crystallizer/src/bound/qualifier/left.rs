//! What nothing else accounts for: words that are left over of what a person asked for, what is said in a language that
//! is not read here, and what else is said of the one thing that is picked by a value.

use super::asker::{Asker, MANUAL, Missed, Spoken, carries, compared, deed, has_word, works_here};
use super::cover::{Account, Open, forms};
use super::days::{days_sent, when_said};
use super::extreme::about_word;
use super::foreign::foreign;
use super::lexicon as l;
use super::picked::about_picked;
use super::read::{Kind, Nouns, Qualifier, about_nouns};
use super::sentence::{Sentence, Token};
use super::told::normal;
use crate::bound::binding::{Bound, Source};
use crate::bound::evaluate::quoted;
use crate::bound::filter::spoken;
use crate::bound::key::{named_by, noun, words};
use crate::bound::selector::heads;
use crate::bound::superlative::asks_for_most;
use crate::bound::write;
use crate::kept::Kept;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is left over of what people said of some things, until it is carried.
pub(super) type Left<'a> = Vec<(usize, &'a Sentence, Open)>;

impl<'a> Asker<'a> {
    /// What is left over of what was said of what loops go over, and of what is picked as the least or the most.
    pub(super) fn of_left(&self) -> Vec<Missed> {
        let draft: BTreeSet<String> = self
            .kept
            .iter()
            .filter(|kept| kept.changes())
            .filter_map(deed)
            .collect();
        let mut found = self.left_of_loops(&draft);
        found.extend(self.left_of_extremes(&draft));
        found.extend(self.left_of_deeds(&draft));
        found.extend(self.of_described(&draft));
        found
    }

    /// Whether a call is one of a loop over a list that was answered: what was said may say which elements are meant.
    pub(super) fn is_in_loop(&self, call: usize) -> bool {
        let mut cycles = self.decisions.cycles.iter();
        cycles.any(|cycle| !cycle.is_named() && cycle.holds(call))
    }

    /// What single changes hang on, or what is left out of them.
    fn left_of_deeds(&self, draft: &BTreeSet<String>) -> Vec<Missed> {
        let taken = write::Taken::of(self.spots);
        let mut found = Vec::new();
        // What was said is looked at once for each way to speak of a deed, and asked about at the first that follows it.
        let mut read: BTreeMap<Spoken, (Vec<(usize, Qualifier)>, usize)> = BTreeMap::new();
        let carried = self.carried_anywhere();
        for (call, kept) in self.kept.iter().enumerate() {
            let in_loop = self.is_in_loop(call);
            let gated = self
                .spots
                .get(call)
                .is_some_and(|spot| taken.gate_before(*spot).is_some());
            if !kept.changes() || in_loop || gated || works_here(kept) {
                continue;
            }
            found.extend(self.questioned(call));
            let deeds: BTreeSet<String> = deed(kept).into_iter().collect();
            let key = (heads(noun(&kept.call.name).into_iter()), deeds);
            let (all, from) = read.entry(key).or_insert_with_key(|(heads, deeds)| {
                let nouns = Nouns { heads, deeds };
                (self.hanging(&nouns, draft, &carried), 0)
            });
            while let Some((text, one)) =
                all.get(*from).filter(|(text, _)| *text < self.heard(call))
            {
                if !self.is_of_another_turn(call, *text, one) {
                    found.push((call, None, *text, one.clone()));
                }
                *from += 1;
            }
        }
        found
    }

    /// Whether something was said of what was done before the person spoke again, and not of a later call whose deed only
    /// means the like: `transfer the report` of a copy, and not of the message that is sent two turns later.
    fn is_of_another_turn(&self, call: usize, text: usize, one: &Qualifier) -> bool {
        let is_later = || {
            self.turn_of(text)
                .and_then(|turn| turn.until)
                .is_some_and(|until| self.heard(call) > until)
        };
        let own = self.kept.get(call).and_then(deed);
        let is_named = || {
            self.sentence_at(text, one.start).is_some_and(|sentence| {
                let mut all = sentence.iter().flat_map(|token| forms(&token.word));
                all.any(|form| own.as_deref() == Some(&*form))
            })
        };
        is_later() && !is_named()
    }

    /// What is left over of what people said of a deed, in the order in which they said it.
    fn hanging(
        &self,
        nouns: &Nouns<'_>,
        draft: &BTreeSet<String>,
        carried: &BTreeSet<String>,
    ) -> Vec<(usize, Qualifier)> {
        let account = Account { nouns, draft };
        let short = self.sentences.iter();
        let short = short.filter(|(text, _)| self.decisions.said.length(*text) <= MANUAL);
        let telling: BTreeSet<usize> = short
            .clone()
            .filter(|(_, sentence)| account.orders(sentence))
            .map(|(text, _)| *text)
            .collect();
        let open: Left<'_> = short
            .filter(|(text, sentence)| {
                telling.contains(text)
                    && self.may_look(sentence.len())
                    && !self.is_signature(*text, sentence)
            })
            .flat_map(|(text, sentence)| {
                let all = account.hanging(sentence).into_iter();
                all.map(|one| (*text, *sentence, one))
            })
            .collect();
        // What another call is told belongs to the work as well, and so does what is the least or the most anywhere.
        let calls = self.decisions.calls.iter();
        let bindings = calls.flat_map(|one| one.bound.iter().flat_map(Bound::bindings));
        let extremes: BTreeSet<bool> = bindings
            .flat_map(|binding| &binding.compared.extremes)
            .map(|(_, most)| *most)
            .collect();
        let told = |part: &str| {
            self.told().up_to(usize::MAX, part)
                || asks_for_most(part).is_some_and(|most| extremes.contains(&most))
        };
        left(&open, usize::MAX, carried, told).collect()
    }

    /// The words that anything in the draft carries, and those for the days that its calls are told: `tomorrow` may be
    /// the day that was looked for.
    pub(super) fn carried_anywhere(&self) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = BTreeSet::new();
        for cycle in &self.decisions.cycles {
            all.extend(self.carried_by(cycle));
        }
        let calls = self.decisions.calls.iter();
        for binding in calls.flat_map(|one| one.bound.iter().flat_map(Bound::bindings)) {
            all.extend(compared(&binding.compared));
        }
        let spoken = self.decisions.said.day_of_speaking();
        for kept in self.kept {
            all.extend(days_sent(&kept.call.arguments, spoken));
            all.extend(when_said(&kept.call.arguments, &self.decisions.said));
        }
        all
    }

    /// Whether a sentence is only the name of who wrote the text, at its end: `Carla Meier`.
    fn is_signature(&self, text: usize, sentence: &Sentence) -> bool {
        let Some(first) = sentence.first() else {
            return false;
        };
        let part = |from: usize, to: usize| self.decisions.said.part(text, from, to);
        let behind = self.sentences.partition_point(|(other, _)| *other <= text);
        let last = behind.checked_sub(1).and_then(|at| self.sentences.get(at));
        let ends = last.is_some_and(|(_, last)| last.first() == Some(first));
        let capital = |token: &Token| {
            let letter = part(token.start, token.end).chars().next();
            letter.is_some_and(char::is_uppercase)
        };
        let own_line = first.start > 0 && part(first.start - 1, first.start) == "\n";
        ends && sentence.len() <= 3
            && (sentence.len() > 1 || own_line)
            && sentence.iter().all(capital)
    }

    /// What is asked right before the deed is told: `Not shipped? Cancel it.`, `Is it open? Then close it.`
    fn questioned(&self, call: usize) -> Vec<Missed> {
        let Some(own) = self.kept.get(call).and_then(deed) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for pair in self.sentences.windows(2) {
            let [(text, asks), (other, orders)] = pair else {
                continue;
            };
            let (Some(first), Some(last)) = (asks.first(), asks.last()) else {
                continue;
            };
            let said = &self.decisions.said;
            let is_question = said.part(*text, last.end, last.end + 1) == "?";
            if text != other || !is_question || *text >= self.heard(call) {
                continue;
            }
            let word = |at: usize| orders.get(at).map(|token| token.word.as_str());
            let then = matches!(word(0), Some("then" | "dann" | "so"));
            let does = |at: usize| word(at).is_some_and(|word| l::same_deed(word, &own));
            // A question of a word or two is about what was spoken of, and so is one that asks how that is.
            let talk = |token: &Token| {
                l::is_lead(&token.word) && !l::negates(&token.word)
                    || l::talks(&token.word)
                    || l::is_harmless(&token.word)
                    || l::is_subject(&token.word)
            };
            let denies = asks.iter().any(|token| l::negates(&token.word));
            let short = asks.len() <= 3 && (denies || !asks.iter().any(talk));
            let state = asks.len() > 2
                && matches!(
                    first.word.as_str(),
                    "is" | "are" | "has" | "have" | "was" | "were"
                )
                && !matches!(
                    asks[1].word.as_str(),
                    "you" | "this" | "that" | "there" | "anyone" | "anybody" | "i" | "we"
                )
                && !asks
                    .iter()
                    .any(|token| l::talks(&token.word) || token.word == "possible");
            // `What is the state of the card? Then mail it.`: that is told, and nothing hangs on it.
            let asks_what = matches!(
                first.word.as_str(),
                "what"
                    | "what's"
                    | "how"
                    | "how's"
                    | "who"
                    | "who's"
                    | "where"
                    | "where's"
                    | "when"
                    | "was"
                    | "wie"
                    | "wer"
                    | "wo"
                    | "wann"
            ) && !state;
            if !asks_what && then && (does(1) || does(2))
                || (short || state) && (does(0) || does(1))
            {
                found.push((call, None, *text, Qualifier::said(first.start, last.end)));
            }
        }
        found
    }

    fn left_of_loops(&self, draft: &BTreeSet<String>) -> Vec<Missed> {
        let mut found = Vec::new();
        let mut read: BTreeMap<Spoken, Left<'_>> = BTreeMap::new();
        let last_change = self.kept.iter().rposition(Kept::changes);
        // What lists are called in answers, however deep, is what is gone over.
        let mut lists: BTreeSet<String> = BTreeSet::new();
        if !self.decisions.cycles.is_empty() {
            for result in self
                .kept
                .iter()
                .filter_map(|kept| kept.call.result.as_ref())
            {
                list_keys(&result.content, &mut lists);
            }
        }
        for (index, cycle) in self.decisions.cycles.iter().enumerate() {
            let (first, last) = (cycle.first, cycle.last());
            if cycle.is_named() || cycle.harmless && last_change.is_some_and(|change| change > last)
            {
                continue;
            }
            let all = read
                .entry((self.heads_of(cycle), self.deeds_of(cycle)))
                .or_insert_with_key(|(heads, deeds)| {
                    let nouns = Nouns { heads, deeds };
                    self.open(&nouns, draft, |sentence| about_nouns(sentence, &nouns))
                });
            let mut carried: BTreeSet<String> = BTreeSet::new();
            for cycle in self.around(cycle) {
                carried.extend(self.carried_by(cycle));
            }
            let width = ((last + 1 - first) / cycle.passes.max(1)).max(1);
            let days = self.days_of_run(cycle);
            let looked = self.looked_for(cycle);
            let told = |part: &str| {
                lists.contains(part)
                    || looked.contains(part)
                    || days.contains(part)
                    || self.told().up_to_loop(first, last, width, part)
            };
            found.extend(
                left(all, self.heard(first), &carried, told)
                    .map(|(text, one)| (first, Some(index), text, one)),
            );
        }
        found
    }

    fn left_of_extremes(&self, draft: &BTreeSet<String>) -> Vec<Missed> {
        let mut found = Vec::new();
        let mut read: BTreeMap<Spoken, Left<'_>> = BTreeMap::new();
        let last_change = self.kept.iter().rposition(Kept::changes);
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call) else {
                continue;
            };
            let later = last_change.is_some_and(|change| change >= call);
            for binding in decided.bound.iter().flat_map(Bound::bindings) {
                let Source::Output(place) = &binding.source else {
                    continue;
                };
                if binding.compared.extremes.is_empty() || kept.is_harmless() && later {
                    continue;
                }
                let mut all = self.keys_to(place);
                if let Some(source) = self.kept.get(place.call) {
                    all.extend(noun(&source.call.name));
                }
                let deeds: BTreeSet<String> = deed(kept).into_iter().collect();
                let all = read
                    .entry((heads(all.into_iter()), deeds))
                    .or_insert_with_key(|(heads, deeds)| {
                        let nouns = Nouns { heads, deeds };
                        self.open(&nouns, draft, |sentence| about_extremes(sentence, &nouns))
                    });
                let carried: BTreeSet<String> = compared(&binding.compared).into_iter().collect();
                let asked = |word: &str| {
                    asks_for_most(word).is_some_and(|most| {
                        binding
                            .compared
                            .extremes
                            .iter()
                            .any(|(_, own)| *own == most)
                    })
                };
                // `best-rated`, of a field that is called `rating`.
                let extremes = &binding.compared.extremes;
                let names: Vec<String> = extremes.iter().flat_map(|(key, _)| words(key)).collect();
                let told = |part: &str| {
                    asked(part) || named_by(&names, part) || self.told().up_to(call, part)
                };
                found.extend(
                    left(all, self.heard(call), &carried, told)
                        .map(|(text, one)| (call, None, text, one)),
                );
            }
        }
        found
    }

    /// What is left over of what people said of some things. `about` gives what is read of a sentence anyway.
    fn open(
        &self,
        nouns: &Nouns<'_>,
        draft: &BTreeSet<String>,
        about: impl Fn(&Sentence) -> Vec<Qualifier>,
    ) -> Left<'a> {
        let account = Account { nouns, draft };
        let concerned: BTreeSet<usize> = self
            .sentences
            .iter()
            .filter(|(_, sentence)| account.concerns(sentence))
            .map(|(text, _)| *text)
            .collect();
        let mut open = Vec::new();
        for (text, sentence) in &self.sentences {
            if self.decisions.said.length(*text) <= MANUAL && self.may_look(sentence.len()) {
                let own = about(sentence);
                let is_read = |token: &Token| {
                    own.iter().any(|one| {
                        (one.kind == Kind::Count || !one.content.is_empty())
                            && one.start <= token.start
                            && token.end <= one.end
                    })
                };
                let all = account.open(sentence, concerned.contains(text), &is_read);
                open.extend(all.into_iter().map(|one| (*text, *sentence, one)));
            }
        }
        open
    }

    /// What is done to a list, or is done at all, after words that are not read here.
    pub(super) fn of_foreign(&self) -> Vec<Missed> {
        let mut texts: BTreeMap<usize, Vec<&Sentence>> = BTreeMap::new();
        for (text, sentence) in &self.sentences {
            if self.decisions.said.length(*text) <= MANUAL {
                texts.entry(*text).or_default().push(sentence);
            }
        }
        let taken = write::Taken::of(self.spots);
        let last_change = self.kept.iter().rposition(Kept::changes);
        let mut found = Vec::new();
        for (text, sentences) in texts {
            let known = |word: &str| {
                let parts = normal(word);
                !parts.is_empty() && parts.iter().all(|part| self.told().up_to(usize::MAX, part))
            };
            let part = |from, to| self.decisions.said.part(text, from, to).to_owned();
            let foreign = foreign(&sentences, known, part);
            if foreign.is_empty() {
                continue;
            }
            if !self.may_look(self.decisions.cycles.len()) {
                break;
            }
            let of_loop = self.decisions.cycles.iter().position(|cycle| {
                self.heard(cycle.first) > text
                    && (!cycle.harmless || last_change.is_none_or(|change| change <= cycle.last()))
            });
            let of_change = || {
                (0..self.kept.len())
                    .find(|call| self.kept[*call].changes() && self.heard(*call) > text)
            };
            let call = match of_loop.and_then(|at| self.decisions.cycles.get(at)) {
                Some(cycle) => Some(cycle.first),
                None => of_change(),
            };
            let Some(call) = call else { continue };
            let gated = self
                .spots
                .get(call)
                .is_some_and(|spot| taken.gate_before(*spot).is_some());
            if gated {
                continue;
            }
            // What is said of work on files and commands is often in words of no language at all.
            let on_files = self.kept.get(call).is_none_or(works_here);
            // A single deed is done whatever else is said of it, unless that makes it hang on something.
            let may_hang = |sentence: &Sentence| {
                let all = || sentence.iter().map(|token| token.word.as_str());
                all().any(|word| l::hangs_elsewhere(word) || l::is_of_another_script(word))
                    || !on_files && l::score(all()).other == 0
            };
            for sentence in foreign
                .into_iter()
                .filter(|sentence| of_loop.is_some() || may_hang(sentence))
            {
                if let (Some(from), Some(to)) = (sentence.first(), sentence.last()) {
                    let one = Qualifier {
                        kind: Kind::Foreign,
                        ..Qualifier::said(from.start, to.end)
                    };
                    found.push((call, of_loop, text, one));
                }
            }
        }
        found
    }

    /// What is picked by less than was said of it in the same words: `the unread message from Anna`.
    pub(super) fn of_picks(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            // What one value is picked by may stand beside what another is: `from my savings account to my checking account`.
            let bindings = || decided.bound.iter().flat_map(Bound::bindings);
            let carried: BTreeSet<String> =
                match bindings().any(|one| !one.compared.told.is_empty()) {
                    true => bindings().flat_map(|one| compared(&one.compared)).collect(),
                    false => continue,
                };
            for binding in bindings() {
                let told = &binding.compared.told;
                let Source::Output(place) = &binding.source else {
                    continue;
                };
                if told.is_empty() {
                    continue;
                }
                let mut all = self.keys_to(place);
                if let Some(source) = self.kept.get(place.call) {
                    all.extend(noun(&source.call.name));
                }
                let (heads, deeds) = (heads(all.into_iter()), BTreeSet::new());
                let nouns = Nouns {
                    heads: &heads,
                    deeds: &deeds,
                };
                let looked = self.looked_by(place.call);
                let has = |word: &str| {
                    carried.contains(word)
                        || looked.contains(word)
                        || self.told().sent_before(call + 1, word)
                };
                for (key, value, mention) in told {
                    let said = &self.decisions.said;
                    // Said as something else, it was said of something else: the way back ends where the way out began.
                    let names = [key.clone(), words(key).join("_")];
                    let mut ends = names.iter().flat_map(|name| {
                        let input = format!(", inputs.{name}");
                        [
                            format!("{}{input}", quoted(key)),
                            format!("{}]{input}", quoted(key)),
                        ]
                    });
                    if !ends.any(|end| binding.expression.contains(&end)) {
                        continue;
                    }
                    let Some((text, sentence)) = said.sentence_of(mention) else {
                        continue;
                    };
                    let told = |word: &str| self.told().up_to(call, word);
                    found.extend(
                        about_picked(sentence, &spoken(value), &nouns)
                            .into_iter()
                            .filter(|one| !carries(one, has, told))
                            .map(|one| (call, None, text, one)),
                    );
                }
            }
        }
        found
    }
}

/// The words of the keys of lists.
fn list_keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if inner.is_array() {
                    found.extend(words(key));
                }
                list_keys(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| list_keys(item, found)),
        _ => {}
    }
}

/// What is left over of what was said before a call.
pub(super) fn left<'o>(
    open: &'o [(usize, &'o Sentence, Open)],
    heard: usize,
    carried: &'o BTreeSet<String>,
    told: impl Fn(&str) -> bool + 'o,
) -> impl Iterator<Item = (usize, Qualifier)> + 'o {
    let all_of =
        |word: &str, has: &dyn Fn(&str) -> bool| !normal(word).is_empty() && has_word(word, has);
    open.iter()
        .filter(move |(text, ..)| *text < heard)
        .flat_map(move |(text, sentence, one)| {
            let left = one.left(
                sentence,
                &|word| all_of(word, &|part| carried.contains(part)),
                &|word| all_of(word, &|part| carried.contains(part) || told(part)),
            );
            left.into_iter().map(|one| (*text, one))
        })
}

/// What a sentence says of whatever the least or the most of it is picked.
fn about_extremes(sentence: &Sentence, nouns: &Nouns<'_>) -> Vec<Qualifier> {
    let words: BTreeSet<&str> = sentence
        .iter()
        .map(|token| token.word.as_str())
        .filter(|word| asks_for_most(word).is_some())
        .collect();
    words
        .into_iter()
        .flat_map(|word| about_word(sentence, word, nouns))
        .collect()
}
