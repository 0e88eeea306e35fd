//! What the person named and nothing in the draft carries: a finding for each place that goes on without it, and the
//! question what is to become of it.

use super::lexicon as l;
use super::narrow::flag_words;
use super::read::{Kind, Nouns, Qualifier, about_nouns, about_word, conditions};
use super::sentence::Sentence;
use crate::bound::answers::Hop;
use crate::bound::binding::{Bound, Source};
use crate::bound::branch::Branch;
use crate::bound::cycle::{Cycle, elements};
use crate::bound::decide::Decisions;
use crate::bound::filter::spoken;
use crate::bound::fold::ONE_BY_ONE;
use crate::bound::key::{noun, words};
use crate::bound::selector::heads;
use crate::bound::superlative::asks_for_most;
use crate::bound::turn::Compared;
use crate::bound::{Answered, write};
use crate::findings::located;
use crate::gate;
use crate::kept::{Kept, Spot};
use crate::report::Question;
use druse_engine::Finding;
use druse_engine::definition::{Document, Step};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The answer that nothing is lost: what was said holds in every run, or is carried already.
const ALWAYS: &str = "always";
/// The answer that a person decides in each run.
const GATE: &str = "gate";
/// The most words of a person that are quoted about one place.
const MOST_QUOTED: usize = 4;
/// From how many words on a text may be a manual.
const MANUAL: usize = 250;
/// The longest value of which the words count as said to a tool.
const LONGEST_VALUE: usize = 60;

/// A place in the draft that goes on without what the person named.
pub(in crate::bound) struct Unshown {
    pub(in crate::bound) call: usize,
    pub(in crate::bound) id: String,
    /// The loop, where it is one.
    cycle: Option<usize>,
    /// The words of the person.
    quotes: Vec<String>,
    /// Whether all of it are conditions of a deed.
    is_condition: bool,
    answer: Option<String>,
}

impl Unshown {
    /// Whether nobody has answered yet.
    pub(in crate::bound) fn is_open(&self) -> bool {
        self.answer.is_none()
    }

    fn said(&self) -> String {
        self.quotes.join(" | ")
    }

    fn shown(&self) -> String {
        let quoted: Vec<String> = self
            .quotes
            .iter()
            .take(MOST_QUOTED)
            .map(|quote| format!("“{}”", crate::show::text(quote, 80)))
            .collect();
        let more = match self.quotes.len().saturating_sub(MOST_QUOTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}", quoted.join(", "))
    }
}

/// The id of the question what becomes of what the person named.
pub(in crate::bound) fn condition_question(kept: &Kept<'_>) -> String {
    format!("condition:{}", kept.step)
}

/// The places that go on without what the person named. `spots` gives where the step of each kept call stands.
pub(in crate::bound) fn unshown(
    kept: &[Kept<'_>],
    spots: &[Spot],
    decisions: &mut Decisions,
    answers: Answered<'_>,
) -> Vec<Unshown> {
    let asker = Asker {
        kept,
        spots,
        decisions,
        sentences: decisions.said.sentences_by_people().collect(),
    };
    let mut all: BTreeMap<usize, Unshown> = BTreeMap::new();
    let mut seen: Vec<(usize, usize, usize)> = Vec::new();
    let found = asker
        .of_loops()
        .into_iter()
        .chain(asker.of_extremes())
        .chain(asker.of_conditions());
    for (call, cycle, text, one) in found {
        // What is a part of something asked about already is not asked about again.
        if seen
            .iter()
            .any(|(other, from, to)| *other == text && *from <= one.start && one.end <= *to)
        {
            continue;
        }
        seen.push((text, one.start, one.end));
        let Some(kept) = kept.get(call) else { continue };
        let quote = decisions.said.part(text, one.start, one.end);
        let quote: Vec<&str> = quote.split_whitespace().collect();
        let entry = all.entry(call).or_insert_with(|| Unshown {
            call,
            id: condition_question(kept),
            cycle,
            quotes: Vec::new(),
            is_condition: true,
            answer: None,
        });
        entry.is_condition &= one.kind == Kind::Condition;
        let quote = quote.join(" ");
        if !entry.quotes.contains(&quote) {
            entry.quotes.push(quote);
        }
    }
    let mut all: Vec<Unshown> = all.into_values().collect();
    for one in &mut all {
        let Some(given) = answers.given.get(&one.id) else {
            continue;
        };
        if given != ALWAYS && given != GATE {
            continue;
        }
        decisions.unused_answers.retain(|id| *id != one.id);
        let said = one.said();
        match answers.before.get(&one.id) {
            Some(was) if *was != said => {
                decisions.outdated.push((one.id.clone(), was.clone(), said));
            }
            _ => {
                decisions.taken_for.insert(one.id.clone(), said);
                one.answer = Some(given.clone());
            }
        }
    }
    all
}

/// Puts gates where people want to be asked in each run. Gives how many.
pub(in crate::bound) fn gates(
    document: &mut Document,
    kept: &[Kept<'_>],
    spots: &mut [Spot],
    all: &[Unshown],
) -> u64 {
    let mut count = 0;
    for one in all {
        if one.answer.as_deref() != Some(GATE) {
            continue;
        }
        let (Some(kept), Some(spot)) = (kept.get(one.call), spots.get(one.call)) else {
            continue;
        };
        let at = spot.step;
        let mut with = gate::configuration(kept, &[]);
        with.insert(
            "message".to_owned(),
            druse_engine::expression::literal(&format!("The person had said {}.", one.shown()))
                .into(),
        );
        let gate = Step {
            id: free_id(document, &format!("approve_{}", kept.step)),
            action: Some("approval_gate".to_owned()),
            with: Some(with),
            metadata: Map::from_iter([("named".to_owned(), Value::from(one.said()))]),
            ..Step::default()
        };
        document.steps.insert(at.min(document.steps.len()), gate);
        for spot in spots.iter_mut().filter(|spot| spot.step >= at) {
            spot.step += 1;
        }
        count += 1;
    }
    count
}

fn free_id(document: &Document, base: &str) -> String {
    fn taken(steps: &[Step], id: &str) -> bool {
        steps
            .iter()
            .any(|step| step.id == id || taken(&step.steps, id))
    }
    let mut id = base.to_owned();
    let mut number = 2;
    while taken(&document.steps, &id) {
        id = format!("{base}_{number}");
        number += 1;
    }
    id
}

/// What a person is told and asked. What has a condition of its own by now is asked about no more.
pub(in crate::bound) fn explained(
    all: &[Unshown],
    kept: &[Kept<'_>],
    spots: &[Spot],
    decisions: &Decisions,
    branches: &[Branch],
) -> (Vec<Finding>, Vec<Question>, bool) {
    let mut findings = Vec::new();
    let mut questions = Vec::new();
    let mut open = false;
    for one in all {
        let branched = branches
            .iter()
            .any(|branch| branch.call == one.call && branch.taken.is_some());
        let (Some(kept), Some(spot)) = (kept.get(one.call), spots.get(one.call)) else {
            continue;
        };
        if one.is_condition && branched {
            continue;
        }
        let cycle = one.cycle.and_then(|at| decisions.cycles.get(at));
        let (step, place) = match cycle {
            Some(cycle) => (cycle.id.as_str(), Spot::of(spot.step)),
            None => (kept.step.as_str(), *spot),
        };
        let what = match (cycle, one.is_condition) {
            (Some(_), _) => "the loop goes over the list as if it had not been said",
            (None, true) => "the step is done in every run",
            (None, false) => "what the step takes is picked as if it had not been said",
        };
        let finding = match one.answer.as_deref() {
            Some(GATE) => Finding::info(
                "condition_not_shown",
                format!(
                    "The person said {}. A gate asks about it in each run.",
                    one.shown()
                ),
            ),
            Some(_) => Finding::info(
                "condition_not_shown",
                format!(
                    "The person said {}. It holds in every run, as a person answered.",
                    one.shown()
                ),
            ),
            None => {
                open = true;
                Finding::warning(
                    "condition_not_shown",
                    format!(
                        "The person said {}, and nothing in the draft carries it: {what}.",
                        one.shown()
                    ),
                )
                .help(format!("Answer `{}` with one of its choices.", one.id))
                .must_acknowledge()
            }
        };
        findings.push(located(finding, step, place, ""));
        if one.is_open() {
            let mut choices = vec![ALWAYS.to_owned(), GATE.to_owned()];
            if cycle.is_some() {
                choices.push(ONE_BY_ONE.to_owned());
            }
            questions.push(Question {
                id: one.id.clone(),
                step: step.to_owned(),
                path: place.pointer(),
                text: format!(
                    "The person said {}, and the recording does not show what that leaves out. Does it hold in every run, or shall somebody be asked?",
                    one.shown()
                ),
                choices,
                default: ALWAYS.to_owned(),
            });
        }
    }
    findings.extend(held(kept, spots, decisions));
    (findings, questions, open)
}

/// What is followed though the recording has nothing that it leaves out.
fn held(kept: &[Kept<'_>], spots: &[Spot], decisions: &Decisions) -> Vec<Finding> {
    let mut found = Vec::new();
    for cycle in &decisions.cycles {
        let (Some(filter), Some(spot)) = (&cycle.filter, spots.get(cycle.first)) else {
            continue;
        };
        let all = decisions
            .answers
            .whole(cycle.list)
            .map(elements)
            .unwrap_or_default();
        if filter.of(&all).len() == all.len() {
            let finding = Finding::info(
                "condition_held",
                format!(
                    "In the recording it leaves nothing out, and it is followed all the same, as the person said it: only elements whose {}.",
                    filter.shown()
                ),
            );
            found.push(located(
                finding,
                &cycle.id,
                Spot::of(spot.step),
                "/for_each",
            ));
        }
    }
    for ((kept, spot), decided) in kept.iter().zip(spots).zip(&decisions.calls) {
        let flags: BTreeSet<&(String, bool)> = decided
            .bound
            .iter()
            .flat_map(Bound::bindings)
            .flat_map(|binding| &binding.compared.flags)
            .collect();
        for (key, value) in flags {
            let finding = Finding::info(
                "condition_held",
                format!(
                    "It is picked among those whose `{}` is {value}, as the person said it.",
                    crate::show::text(key, 40)
                ),
            );
            found.push(located(finding, &kept.step, *spot, "/with"));
        }
    }
    found
}

/// The call that goes on without it, its loop, and where it was said.
type Missed = (usize, Option<usize>, usize, Qualifier);

struct Asker<'a> {
    kept: &'a [Kept<'a>],
    spots: &'a [Spot],
    decisions: &'a Decisions,
    sentences: Vec<(usize, &'a Sentence)>,
}

impl Asker<'_> {
    fn heard(&self, call: usize) -> usize {
        self.decisions.heard.get(call).copied().unwrap_or_default()
    }

    /// Loops that change something, and those that only look where nothing is changed after them.
    fn of_loops(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        for (index, cycle) in self.decisions.cycles.iter().enumerate() {
            let changes_later = self.kept.iter().skip(cycle.last() + 1).any(Kept::changes);
            if cycle.harmless && changes_later {
                continue;
            }
            let (heads, deeds) = (self.heads_of(cycle), self.deeds_of(cycle));
            let nouns = Nouns {
                heads: &heads,
                deeds: &deeds,
            };
            let mut carried = self.told_before(cycle.first);
            let mut number = None;
            for cycle in self.around(cycle) {
                carried.extend(self.carried_by(cycle));
                number = number.or(cycle.filter.as_ref().and_then(|filter| filter.number()));
            }
            let mut told = BTreeSet::new();
            for kept in self.kept.iter().take(cycle.last() + 1) {
                told_by(kept, &mut told);
                keys_of(kept, &mut told);
            }
            for (text, sentence) in &self.sentences {
                if *text >= self.heard(cycle.first) {
                    continue;
                }
                for one in about_nouns(sentence, &nouns) {
                    let is_carried = match one.kind {
                        Kind::Count => number.is_some() && number == one.number,
                        _ => carries(&carried, &told, &one),
                    };
                    if !is_carried {
                        found.push((cycle.first, Some(index), *text, one));
                    }
                }
            }
        }
        found
    }

    /// A loop, and those whose outputs it goes over.
    fn around<'c>(&'c self, cycle: &'c Cycle) -> Vec<&'c Cycle> {
        let mut all = vec![cycle];
        while let Some(last) = all.last()
            && let Some(before) = self
                .decisions
                .cycles
                .iter()
                .find(|other| other.last() == last.list.call && other.last() < last.first)
        {
            all.push(before);
        }
        all
    }

    fn heads_of(&self, cycle: &Cycle) -> BTreeSet<String> {
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

    fn deeds_of(&self, cycle: &Cycle) -> BTreeSet<String> {
        (cycle.first..=cycle.last())
            .filter_map(|call| self.kept.get(call))
            .filter_map(|kept| deed(kept))
            .collect()
    }

    /// The words that the filters of a loop carry.
    fn carried_by(&self, cycle: &Cycle) -> Vec<String> {
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
    fn of_extremes(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call) else {
                continue;
            };
            let later = self.kept.iter().skip(call).any(Kept::changes);
            let bindings = decided
                .bound
                .iter()
                .flat_map(Bound::bindings)
                .filter(|binding| !binding.compared.extremes.is_empty());
            let mut before: Option<BTreeSet<String>> = None;
            for binding in bindings {
                if kept.is_harmless() && later && !matches!(binding.source, Source::Output(_)) {
                    continue;
                }
                let mut all = Vec::new();
                if let Source::Output(place) = &binding.source {
                    if let Some(source) = self.kept.get(place.call) {
                        all.extend(noun(&source.call.name));
                    }
                    all.extend(
                        self.decisions
                            .answers
                            .steps_to(place)
                            .iter()
                            .flat_map(|step| match step.hop {
                                Hop::Key(key) => words(key),
                                _ => Vec::new(),
                            }),
                    );
                }
                let heads = heads(all.into_iter());
                let deeds: BTreeSet<String> = deed(kept).into_iter().collect();
                let nouns = Nouns {
                    heads: &heads,
                    deeds: &deeds,
                };
                let mut carried = before.get_or_insert_with(|| self.told_before(call)).clone();
                carried.extend(compared(&binding.compared));
                let mut told = BTreeSet::new();
                for kept in self.kept.iter().take(call + 1) {
                    told_by(kept, &mut told);
                    keys_of(kept, &mut told);
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
                                    .filter(|one| !carries(&carried, &told, one))
                                    .map(|one| (call, None, *text, one)),
                            );
                        }
                    }
                }
            }
        }
        found
    }

    /// What is done though a condition was named.
    fn of_conditions(&self) -> Vec<Missed> {
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
            let all = conditions(sentence);
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
                    _ => outside.clone(),
                };
                let Some(call) = self.deed_of(*text, sentence, &own, manual) else {
                    continue;
                };
                let gated = self
                    .spots
                    .get(call)
                    .is_some_and(|spot| write::gate_before(*spot, self.spots).is_some());
                if gated || !one.content.is_empty() && carries(&selected, &BTreeSet::new(), one) {
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
        found
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
            l::points_back(word, sentence.get(at + 1).map(|one| one.word.as_str()))
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

    /// The words that tools were told before a call: their names, and what was sent.
    fn told_before(&self, call: usize) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for kept in self.kept.iter().take(call) {
            told_by(kept, &mut all);
        }
        all
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
fn deed(kept: &Kept<'_>) -> Option<String> {
    words(&crate::name::of_call(&kept.call.name, None))
        .into_iter()
        .next()
}

fn told_by(kept: &Kept<'_>, all: &mut BTreeSet<String>) {
    all.extend(words(&kept.call.name));
    crate::leaf::leaves(&kept.call.arguments, &mut |_, _, leaf| {
        let short = leaf.as_str().is_none_or(|text| text.len() <= LONGEST_VALUE);
        if short && !leaf.is_null() {
            all.extend(spoken(leaf).iter().flat_map(|word| normal(word)));
        }
    });
}

fn keys_of(kept: &Kept<'_>, all: &mut BTreeSet<String>) {
    crate::leaf::leaves(&kept.call.arguments, &mut |_, key, _| {
        all.extend(words(key));
    });
}

/// The words of what is compared on the way to a value.
fn compared(compared: &Compared) -> Vec<String> {
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

/// The words of a word, as values and keys have them.
fn normal(word: &str) -> Vec<String> {
    words(word)
        .into_iter()
        .map(|word| match l::number(&word) {
            Some(number) => number.to_string(),
            None => word,
        })
        .collect()
}

/// Whether all that a qualifier says is carried. What may belong to the deed may have been told to its tool, too.
fn carries(carried: &BTreeSet<String>, told: &BTreeSet<String>, one: &Qualifier) -> bool {
    if one.kind == Kind::Count {
        return false;
    }
    one.content.iter().all(|word| {
        normal(word).iter().all(|part| {
            carried.contains(part) || one.loose && told.contains(part) || l::is_verb(part)
        })
    })
}
