//! What the person named and nothing in the draft carries: a finding for each place that goes on without it, and the
//! question what is to become of it.

use super::asker::Asker;
use super::carried::{Parting, is_carried};
use super::marked::Marked;
use super::read::Kind;
use super::stated::{parts, stated};
use crate::bound::Answered;
use crate::bound::binding::Bound;
use crate::bound::branch::Branch;
use crate::bound::decide::Decisions;
use crate::bound::fold::ONE_BY_ONE;
use crate::bound::key::{named_by, words};
use crate::bound::witness::Witness;
use crate::bound::write::Taken;
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
pub(in crate::bound) const GATE: &str = "gate";
/// How many letters a word of the instructions has at least by which they speak of a condition.
const LEAST_TELLING: usize = 4;
/// The most expressions that are offered for a condition.
pub(super) const MOST_STATED: usize = 3;
/// The most words of a person that are quoted about one place.
const MOST_QUOTED: usize = 4;

/// Parts of a text, none of them inside of another.
#[derive(Default)]
struct Spans(BTreeMap<usize, usize>);

impl Spans {
    /// Adds a part. False where it stands inside of one that is there already.
    fn add(&mut self, from: usize, to: usize) -> bool {
        // Whichever begins later ends later: none is inside of another.
        let before = self.0.range(..=from).next_back();
        if before.is_some_and(|(_, end)| to <= *end) {
            return false;
        }
        let inside: Vec<usize> = self
            .0
            .range(from..)
            .take_while(|(_, end)| **end <= to)
            .map(|(start, _)| *start)
            .collect();
        for start in inside {
            self.0.remove(&start);
        }
        self.0.insert(from, to);
        true
    }
}

/// What kind of thing is missing. Each has a question of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Matter {
    /// What the person said of what is done.
    Said,
    /// What was told to be done, and nothing does.
    Undone,
    /// What the instructions say on what it hangs.
    Policy,
}

impl Matter {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Undone => Self::Undone,
            Kind::Policy => Self::Policy,
            _ => Self::Said,
        }
    }

    /// The id of the question.
    fn question(self, kept: &Kept<'_>) -> String {
        match self {
            Self::Said => condition_question(kept),
            Self::Undone => format!("undone:{}", kept.step),
            Self::Policy => policy_question(kept),
        }
    }
}

/// A place in the draft that goes on without what the person named.
pub(in crate::bound) struct Unshown {
    pub(in crate::bound) call: usize,
    pub(in crate::bound) id: String,
    /// The loop, where it is one.
    cycle: Option<usize>,
    /// The words of the person.
    quotes: Vec<String>,
    /// The sentences that they stand in: a word alone may say the opposite of what was meant.
    sentences: Vec<String>,
    /// The same with the words in them marked.
    marked: Vec<String>,
    /// Whether all of it are conditions of a deed.
    is_condition: bool,
    /// Whether some of it is in a language that is not read here.
    is_foreign: bool,
    matter: Matter,
    /// Whether the sentence goes on behind one of them with an `and` or an `or`.
    goes_on: bool,
    /// Whether it is what is done otherwise.
    is_turned: bool,
    /// What says in expressions what the person said, of what is known before the call.
    stated: Vec<String>,
    /// The changes behind the call that are done with it.
    with: Vec<usize>,
    answer: Option<String>,
}

impl Unshown {
    /// Whether nobody has answered yet.
    pub(in crate::bound) fn is_open(&self) -> bool {
        self.answer.is_none()
    }

    /// Whether the person said what is done otherwise.
    pub(in crate::bound) fn says_otherwise(&self) -> bool {
        let all = self.sentences.iter();
        let mut words = all.flat_map(|sentence| sentence.split(|c: char| !c.is_alphabetic()));
        self.matter == Matter::Said && words.any(says_otherwise)
    }

    /// Whether a call is what is done otherwise.
    pub(in crate::bound) fn is_turned_at(&self, call: usize) -> bool {
        self.call == call && self.is_turned
    }

    /// Whether all of it says when a call is to be done.
    pub(in crate::bound) fn is_condition_of(&self, call: usize) -> bool {
        self.matter == Matter::Said && self.is_condition && self.call == call
    }

    /// The call before which somebody wants to be asked in each run, and what about.
    pub(in crate::bound) fn wanted_gate(&self) -> Option<(usize, String)> {
        (self.answer.as_deref() == Some(GATE)).then(|| {
            let said = listed(&self.sentences, 200);
            let told = match self.matter {
                Matter::Policy => format!("The instructions say {said}."),
                _ => format!("The person had said {said}."),
            };
            (self.call, told)
        })
    }

    /// Whether what parts recordings is what the person named. Of one of two ways they named the other one's condition
    /// where they said `otherwise`.
    pub(in crate::bound) fn is_named_by(&self, own: &Parting, other: &Parting) -> bool {
        self.matter == Matter::Said
            && !self.goes_on
            && !self.is_foreign
            && self.is_condition
            && self.carried(&[own], &[other])
    }

    /// Whether all quotes are carried by these, or where the person said `otherwise`, by those of what is done instead.
    fn carried(&self, own: &[&Parting], instead: &[&Parting]) -> bool {
        let turned = self.is_turned && !instead.is_empty();
        let by =
            |all: &[&Parting], quote: &str| all.iter().any(|parting| is_carried(quote, parting));
        !own.is_empty()
            && self.quotes.iter().all(|quote| {
                by(own, quote) || turned && (is_otherwise(quote) || by(instead, quote))
            })
    }

    /// Whether the instructions have a word of a condition.
    fn speaks_of(&self, condition: &str) -> bool {
        let mut said = self.sentences.iter().flat_map(|sentence| words(sentence));
        let compared = words(condition);
        said.any(|word| word.len() >= LEAST_TELLING && compared.contains(&word))
    }

    fn said(&self) -> String {
        self.quotes.join(" | ")
    }

    /// Whether it is one condition of one step, and nothing else that the person said of it.
    fn is_one_condition(&self) -> bool {
        self.matter == Matter::Said
            && self.is_condition
            && self.cycle.is_none()
            && !self.is_foreign
            && !self.goes_on
            && !self.is_turned
            && self.quotes.len() == 1
            && self.sentences.len() == 1
    }

    /// Which further steps the expression is for.
    fn told_with(&self, kept: &[Kept<'_>]) -> String {
        let mut seen = BTreeSet::new();
        let steps = self.with.iter().filter_map(|call| kept.get(*call));
        let names: Vec<String> = steps
            .filter(|one| seen.insert(one.step.as_str()))
            .map(|one| format!("`{}`", one.step))
            .collect();
        match names.is_empty() || self.stated.is_empty() {
            true => String::new(),
            false => format!(" The expression is for {}, too.", names.join(", ")),
        }
    }

    /// The calls that are done only where a person said that an expression holds, and that expression.
    pub(super) fn stated_for(&self) -> Option<(Vec<usize>, &str)> {
        let taken = self.answer.as_ref()?;
        self.stated.contains(taken).then(|| {
            let calls = std::iter::once(self.call).chain(self.with.iter().copied());
            (calls.collect(), taken.as_str())
        })
    }

    /// Who said what.
    fn told(&self) -> String {
        let shown = listed(&self.marked, usize::MAX);
        match self.matter {
            Matter::Policy => format!("The instructions say {shown}"),
            _ => format!("The person said {shown}"),
        }
    }

    /// The question about it. `parted` is the condition that the step has.
    fn asked(&self, step: &str, parted: Option<&str>) -> String {
        let told = self.told();
        let part = match told.contains('*') {
            true => "what stands between the stars",
            false => "that",
        };
        match (self.matter, parted) {
            (Matter::Undone, _) => format!(
                "{told}, and no step does it. Shall runs go without it, or shall somebody be asked?"
            ),
            (_, Some(parted)) => format!(
                "{told}, and the step is done where `{}`. Is that all that was meant, or shall somebody be asked?",
                crate::show::text(parted, 120)
            ),
            (Matter::Policy, None) => format!(
                "{told}, and no step looks whether it is so. Does it hold in every run, or shall somebody be asked before `{step}`?"
            ),
            (Matter::Said, None) if self.is_foreign => format!(
                "{told}, in a language that is not read here. Is it no condition and no exception, or shall somebody be asked before `{step}`?"
            ),
            (Matter::Said, None) if !self.stated.is_empty() => format!(
                "{told}, and no step looks whether it is so: `{step}` is done in every run. Shall it be, shall it be done only where an expression holds, or shall somebody be asked before?"
            ),
            (Matter::Said, None) if self.is_condition => format!(
                "{told}, and no step looks whether it is so: `{step}` is done in every run. Shall it be, or shall somebody be asked before?"
            ),
            (Matter::Said, None) => format!(
                "{told}, and no step looks at {part}. Does it hold in every run, or shall somebody be asked before `{step}`?"
            ),
        }
    }
}

fn listed(quotes: &[String], longest: usize) -> String {
    let quoted: Vec<String> = quotes
        .iter()
        .take(MOST_QUOTED)
        .map(|quote| format!("“{}”", crate::show::text(quote, longest)))
        .collect();
    let more = match quotes.len().saturating_sub(MOST_QUOTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", quoted.join(", "))
}

/// Whether words only say that something is done where something else is not.
fn is_otherwise(quote: &str) -> bool {
    let mut words = quote.split(|c: char| !c.is_alphabetic());
    words.next().is_some_and(says_otherwise)
}

fn says_otherwise(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "otherwise" | "andernfalls" | "sonst"
    )
}

/// Whether a sentence names what a tool does behind its `otherwise`, and not before it. The first word of its name
/// tells, and the others where that one does not.
fn is_behind_otherwise(sentence: &str, tool: &[String]) -> bool {
    let said: Vec<&str> = sentence
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let Some(at) = said.iter().position(|word| says_otherwise(word)) else {
        return false;
    };
    let (before, behind) = said.split_at(at);
    let names = |part: &[&str], word: &String| {
        let own = std::slice::from_ref(word);
        part.iter().any(|said| named_by(own, &said.to_lowercase()))
    };
    for word in tool {
        match (names(before, word), names(behind, word)) {
            (true, false) => return false,
            (false, true) => return true,
            _ => {}
        }
    }
    false
}

/// The id of the question what becomes of what the person named.
pub(in crate::bound) fn condition_question(kept: &Kept<'_>) -> String {
    format!("condition:{}", kept.step)
}

/// The question about a condition that the instructions name for a kind of change.
pub(in crate::bound) fn policy_question(kept: &Kept<'_>) -> String {
    format!("policy:{}", kept.step)
}

/// The places that go on without what the person named. `spots` gives where the step of each kept call stands.
pub(in crate::bound) fn unshown(
    kept: &[Kept<'_>],
    spots: &[Spot],
    witnesses: &[Witness<'_>],
    decisions: &mut Decisions<'_>,
    answers: Answered<'_>,
) -> Vec<Unshown> {
    let asker = Asker::new(kept, spots, decisions);
    // What is not done at all is asked about by itself.
    let mut all: BTreeMap<(usize, Matter), Unshown> = BTreeMap::new();
    let mut seen: BTreeMap<usize, Spans> = BTreeMap::new();
    let mut quoted: BTreeSet<(usize, String)> = BTreeSet::new();
    let mut shown: BTreeSet<(usize, String)> = BTreeSet::new();
    let mut marked: BTreeMap<(usize, Matter), BTreeMap<(usize, usize), Marked>> = BTreeMap::new();
    let found = asker
        .of_answers()
        .into_iter()
        .chain(asker.of_foreign())
        .chain(asker.of_loops())
        .chain(asker.of_extremes())
        .chain(asker.of_selections())
        .chain(asker.of_picks())
        .chain(asker.of_left())
        .chain(asker.of_conditions())
        .chain(asker.of_checks())
        .chain(asker.of_afterthoughts())
        .chain(asker.of_undone())
        .chain(asker.of_ways())
        .chain(asker.of_policies());
    for (call, cycle, text, one) in found {
        // What is settled at a look may still be open at a change.
        if Matter::of(one.kind) == Matter::Said
            && asker.is_settled(call, cycle.is_some(), text, &one)
        {
            continue;
        }
        // What is a part of something asked about already is not asked about again.
        if !seen.entry(text).or_default().add(one.start, one.end) {
            continue;
        }
        let Some(kept) = kept.get(call) else { continue };
        // What the agent offered and the person chose names what is done, and is no condition of it but by an `if`.
        if cycle.is_none()
            && one.kind.is_condition()
            && decisions.chosen.contains(&text)
            && !asker.has_condition(text, one.start)
        {
            continue;
        }
        let matter = Matter::of(one.kind);
        if matter == Matter::Said && asker.is_dictated(text, &one) {
            continue;
        }
        let quote = decisions.said.part(text, one.start, one.end);
        let quote: Vec<&str> = quote.split_whitespace().collect();
        let entry = all.entry((call, matter)).or_insert_with(|| Unshown {
            call,
            id: matter.question(kept),
            cycle,
            quotes: Vec::new(),
            sentences: Vec::new(),
            marked: Vec::new(),
            is_condition: true,
            is_foreign: false,
            matter,
            goes_on: false,
            is_turned: false,
            stated: Vec::new(),
            with: Vec::new(),
            answer: None,
        });
        entry.goes_on |= one.kind.is_condition() && asker.goes_on(text, one.end);
        entry.is_condition &= one.kind.is_condition();
        entry.is_foreign |= one.kind == Kind::Foreign;
        let quote = quote.join(" ");
        if quoted.insert((call, quote.clone())) {
            entry.quotes.push(quote);
        }
        // What the instructions say is quoted as a whole.
        let sentence = match matter {
            Matter::Policy => Some(one.start..one.end),
            _ => asker.sentence_of(text, &one),
        };
        if let Some(sentence) = &sentence {
            let whole = decisions.said.part(text, sentence.start, sentence.end);
            let whole = whole.split_whitespace().collect::<Vec<_>>().join(" ");
            if !whole.is_empty() && shown.insert((call, whole.clone())) {
                entry.sentences.push(whole);
            }
        }
        // What goes over several sentences is shown as it was said.
        let whole = match sentence {
            Some(sentence) => sentence.start..sentence.end.max(one.end),
            None => one.start..one.end,
        };
        let known = marked.entry((call, matter)).or_default();
        let known = known.entry((text, whole.start)).or_insert_with(|| Marked {
            whole: whole.clone(),
            parts: Vec::new(),
        });
        known.whole.end = known.whole.end.max(whole.end);
        known.parts.push(one.start..one.end);
    }
    for (at, known) in marked {
        if let Some(entry) = all.get_mut(&at) {
            let mut seen = BTreeSet::new();
            for ((text, _), one) in known {
                let shown = one.shown(decisions.said.text(text));
                if seen.insert(shown.clone()) {
                    entry.marked.push(shown);
                }
            }
        }
    }
    let mut all: Vec<Unshown> = all.into_values().collect();
    for one in &mut all {
        let tool = kept.get(one.call).map(|kept| words(&kept.call.name));
        one.is_turned = one.quotes.iter().any(|quote| is_otherwise(quote))
            || one
                .sentences
                .iter()
                .any(|sentence| is_behind_otherwise(sentence, tool.as_deref().unwrap_or_default()));
    }
    let turned: BTreeSet<usize> = all
        .iter()
        .filter(|one| one.is_turned)
        .map(|one| one.call)
        .collect();
    for one in &mut all {
        if !one.is_one_condition() {
            continue;
        }
        let sentence = one.sentences[0].as_str();
        let with = asker.done_with(one.call, sentence);
        let is_other = |call: &usize| turned.contains(call);
        if let Some(with) = with.filter(|with| !with.iter().any(is_other)) {
            one.stated = stated((&one.quotes[0], sentence), one.call, kept, decisions);
            one.stated
                .retain(|condition| parts(condition, one.call, kept, witnesses));
            one.with = with;
        }
    }
    for one in &mut all {
        let Some(given) = answers.given.get(&one.id) else {
            continue;
        };
        // The calls are no loop any more because of that answer.
        let is_unfolded = given == ONE_BY_ONE && !decisions.unused_answers.contains(&one.id);
        let is_stated = one.stated.contains(given);
        if given != ALWAYS && given != GATE && !is_unfolded && !is_stated {
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

/// Puts gates where people want to be asked in each run, each before a call and with what it tells them. Gives how many.
pub(in crate::bound) fn gates(
    document: &mut Document,
    kept: &[Kept<'_>],
    spots: &mut [Spot],
    wanted: &[(usize, String)],
) -> u64 {
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut count = 0;
    for (call, message) in wanted {
        let (Some(kept), Some(spot)) = (kept.get(*call), spots.get(*call)) else {
            continue;
        };
        if !done.insert(*call) {
            continue;
        }
        let at = spot.step;
        let message = druse_engine::expression::literal(message);
        // Whoever was asked about the step in the recording is asked about this too, once.
        let taken = Taken::of(spots);
        let place = [*spot, Spot::of(at)]
            .into_iter()
            .filter_map(|spot| taken.gate_before(spot))
            .find(|place| gate_at(document, *place).is_some());
        if let Some(known) = place.and_then(|place| gate_at(document, place)) {
            let said = known.entry("message").or_insert_with(|| "".into());
            *said = match said.as_str().unwrap_or_default() {
                "" => message,
                said => format!("{said}\n{message}"),
            }
            .into();
            continue;
        }
        let mut with = gate::configuration(kept, &[], None);
        with.insert("message".to_owned(), message.into());
        let gate = Step {
            id: free_id(document, &format!("approve_{}", kept.step)),
            action: Some("approval_gate".to_owned()),
            with: Some(with),
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

/// The configuration of a gate, where one stands at this place.
fn gate_at(document: &mut Document, place: Spot) -> Option<&mut Map<String, Value>> {
    let step = place.step_mut(document)?;
    let asks = step.action.as_deref() == Some("approval_gate");
    step.with.as_mut().filter(|_| asks)
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
    decisions: &Decisions<'_>,
    branches: &[Branch],
) -> (Vec<Finding>, Vec<Question>, bool) {
    let mut findings = Vec::new();
    let mut questions = Vec::new();
    let mut open = false;
    let all_kept = kept;
    for one in all {
        let branch = branches
            .iter()
            .find(|branch| branch.call == one.call && branch.taken.is_some());
        let parted = branch.and_then(|branch| branch.taken.as_deref());
        // What parts the recordings may part them by chance, and stands for nothing that the person said.
        // Of a step that all recordings have they show that it was said of the one that only some have.
        let in_all = branches.iter().all(|branch| branch.call != one.call);
        let carried = branches
            .iter()
            .filter(|branch| in_all || branch.call == one.call)
            .any(|branch| {
                let own: Vec<&Parting> = branch.parting().into_iter().collect();
                let instead = branch.instead.iter();
                let instead: Vec<&Parting> =
                    instead.filter_map(|one| one.parting.as_ref()).collect();
                one.carried(&own, &instead)
            });
        let (Some(kept), Some(spot)) = (kept.get(one.call), spots.get(one.call)) else {
            continue;
        };
        if one.is_condition && !one.goes_on && carried {
            continue;
        }
        // A step that has a condition in the words of the instructions looks at them.
        if one.matter == Matter::Policy && parted.is_some_and(|parted| one.speaks_of(parted)) {
            continue;
        }
        let cycle = one.cycle.and_then(|at| decisions.cycles.get(at));
        let (step, place) = match cycle {
            Some(cycle) => (cycle.id.as_str(), Spot::of(spot.step)),
            None => (kept.step.as_str(), *spot),
        };
        // What is picked by something may be picked by a part of what was said.
        let filter = cycle.and_then(|cycle| cycle.filter.as_ref());
        let picked = cycle.is_none()
            && decisions.calls.get(one.call).is_some_and(|decided| {
                let all = decided.bound.iter().flat_map(Bound::bindings);
                all.into_iter()
                    .any(|binding| !binding.compared.flags.is_empty())
            });
        let missed = match (filter, one.is_condition) {
            _ if one.matter != Matter::Said => String::new(),
            (Some(filter), _) => format!(
                "and the draft does not carry all of it: the loop takes elements whose {}",
                filter.shown()
            ),
            (None, false) if picked => {
                "and the draft does not carry all of it: the step picks by a part of what was said"
                    .to_owned()
            }
            _ => String::new(),
        };
        let what = match (cycle, one.is_condition, parted) {
            _ if one.matter == Matter::Undone => "no step does it".to_owned(),
            _ if one.is_foreign => {
                "it is in a language that is not read here, so what it leaves out or makes a condition is lost"
                    .to_owned()
            }
            (Some(_), _, _) => "the loop goes over the list as if it had not been said".to_owned(),
            (None, true, None) => "the step is done in every run".to_owned(),
            (None, true, Some(parted)) => format!(
                "the step is done where `{}`, which parts the recordings and does not say the same",
                crate::show::text(parted, 120)
            ),
            (None, false, _) => {
                "what the step takes is picked as if it had not been said".to_owned()
            }
        };
        let finding = match one.answer.as_deref() {
            Some(GATE) => Finding::info(
                "condition_not_shown",
                format!("{}. A gate asks about it in each run.", one.told()),
            ),
            Some(taken) if one.stated_for().is_some() => Finding::info(
                "condition_held",
                format!(
                    "{}. The step is done where `{}`, as a person answered.{}",
                    one.told(),
                    crate::show::text(taken, 200),
                    one.told_with(all_kept)
                ),
            ),
            Some(_) => Finding::info(
                "condition_not_shown",
                format!(
                    "{}. {}, as a person answered.",
                    one.told(),
                    match one.matter {
                        Matter::Undone => "Runs go without it",
                        _ => "It holds in every run",
                    }
                ),
            ),
            None => {
                open = true;
                Finding::warning(
                    "condition_not_shown",
                    match missed.as_str() {
                        "" if one.matter == Matter::Undone => format!(
                            "{}, and nothing in the recording does it: {what}.",
                            one.told()
                        ),
                        "" => format!(
                            "{}, and nothing in the draft carries it: {what}.",
                            one.told()
                        ),
                        missed => format!("{}, {missed}.", one.told()),
                    },
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
            choices.extend(one.stated.iter().cloned());
            questions.push(Question {
                id: one.id.clone(),
                step: step.to_owned(),
                path: place.pointer(),
                text: format!(
                    "{}{}",
                    one.asked(step, parted.filter(|_| one.is_condition)),
                    one.told_with(all_kept)
                ),
                choices,
                labels: Vec::new(),
                default: ALWAYS.to_owned(),
            });
        }
    }
    findings.extend(held(kept, spots, decisions));
    (findings, questions, open)
}

/// What is followed though the recording has nothing that it leaves out.
fn held(kept: &[Kept<'_>], spots: &[Spot], decisions: &Decisions<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for cycle in &decisions.cycles {
        let (Some(filter), Some(spot)) = (&cycle.filter, spots.get(cycle.first)) else {
            continue;
        };
        let all = cycle.list.elements(&decisions.answers);
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

#[cfg(test)]
mod tests {
    use super::is_behind_otherwise;
    use crate::bound::key::words;

    #[test]
    fn what_is_done_otherwise_is_told_by_the_name_of_its_tool() {
        let refund = "Refund order W-1 in full if it was delivered, otherwise cancel it.";
        let ticket = "If their tier is gold, open a ticket, otherwise send an email.";
        for (sentence, tool, expected) in [
            (refund, "cancel_order", true),
            (refund, "refund_order", false),
            (ticket, "send_email", true),
            (ticket, "create_ticket", false),
            (ticket, "book_visit", false),
            ("Send an email if they are gold.", "send_email", false),
        ] {
            let is_turned = is_behind_otherwise(sentence, &words(tool));
            assert_eq!(is_turned, expected, "{sentence} {tool}");
        }
    }
}
