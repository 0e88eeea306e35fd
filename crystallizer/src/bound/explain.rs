//! What a person is told and asked about the bindings: a finding for each decision with its evidence, a question
//! where only they can decide.

mod branches;
mod brought;
mod label;
mod proof;
mod unused;
mod waiting;

pub(super) use branches::{Origin, of_branches};
pub(super) use label::label;
pub(super) use proof::{of_held_out, of_proof};
pub(super) use unused::of_unused;
pub(super) use waiting::wait;

use super::answers::{Place, flag_form};
use super::binding::{Binding, Bound, Choice, Decided, Frozen, Piece, Source, Why};
use super::compose::is_code;
use super::cycle::{Cycle, Inner};
use super::decide::Decisions;
use super::fold::ONE_BY_ONE;
use super::information::names_things;
use super::inputs::Found;
use super::key::{Key, words};
use super::read_by::read_by_changes;
use super::{Answered, parts, slot, verbatim};
use crate::findings::{is_sink, located, others_write};
use crate::kept::{Kept, Spot};
use crate::report::Question;
use druse_engine::Finding;
use druse_engine::definition::EffectLevel;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is said and asked.
#[derive(Default)]
pub(super) struct Explained {
    pub(super) findings: Vec<Finding>,
    pub(super) questions: Vec<Question>,
    /// The values that are spoken of here, as index of the call and pointer in its arguments.
    pub(super) covered: BTreeSet<(usize, String)>,
}

/// How many values of what stays are named for one step.
const MOST_NAMES: usize = 5;

/// Explains every decision. `steps` gives where the step of each kept call stands, `gated` the calls behind a
/// gate of their own.
pub(super) fn explain(
    kept: &[Kept<'_>],
    steps: &[Spot],
    decisions: &Decisions<'_>,
    gated: &dyn Fn(usize) -> bool,
) -> Explained {
    let mut explained = Explained::default();
    let mut asked_for = BTreeSet::new();
    let read = read_by_changes(kept, decisions);
    // The questions that a finding to acknowledge stands for: one thing is asked about once.
    let mut asked_about: BTreeSet<String> = BTreeSet::new();
    let mut suggested: BTreeSet<&str> = BTreeSet::new();
    for (index, ((kept_one, step), decided)) in
        kept.iter().zip(steps).zip(&decisions.calls).enumerate()
    {
        for bound in &decided.bound {
            let Some(place) = slot::first(kept_one, &bound.pointer) else {
                continue;
            };
            explained.covered.insert((index, bound.pointer.clone()));
            let inner = format!("/with{place}");
            let finding = of_bound(kept_one, bound, decisions);
            explained
                .findings
                .push(located(finding, &kept_one.step, *step, &inner));
            if let Some(finding) = of_fixed_parts(kept_one, bound) {
                explained
                    .findings
                    .push(located(finding, &kept_one.step, *step, &inner));
            }
            if let Some(finding) = into_sink(kept, kept_one, bound)
                && !gated(index)
            {
                explained
                    .findings
                    .push(located(finding, &kept_one.step, *step, &inner));
            }
        }
        for frozen in &decided.brought {
            if let Some(place) = slot::first(kept_one, &frozen.pointer) {
                let from = known_from(decisions, kept, index, frozen);
                let (mut finding, question) = brought::of_brought(kept_one, decided, frozen, from);
                finding.acknowledge &= asked_about.insert(question.id.clone());
                let inner = format!("/with{place}");
                let finding = located(finding, &kept_one.step, *step, &inner);
                explained.findings.push(finding);
                if asked_for.insert(question.id.clone()) {
                    let path = format!("{}{inner}", step.pointer());
                    explained.questions.push(Question { path, ..question });
                }
            }
        }
        if let Some(finding) = of_agreed(kept_one, decided, decisions)
            && !gated(index)
            && suggested.insert(&kept_one.step)
        {
            explained
                .findings
                .push(located(finding, &kept_one.step, *step, ""));
        }
        for frozen in &decided.frozen {
            let Some(place) = slot::first(kept_one, &frozen.pointer) else {
                continue;
            };
            let inner = format!("/with{place}");
            if let Some(choices) = frozen.why.choices() {
                explained.covered.insert((index, frozen.pointer.clone()));
                let answers: Vec<String> =
                    choices.iter().map(|choice| choice.answer.clone()).collect();
                let id = frozen
                    .question
                    .clone()
                    .unwrap_or_else(|| question_id(kept_one, &frozen.pointer));
                let known = known_from(decisions, kept, index, frozen);
                let is_read = read.contains(&index);
                let mut finding = of_open(kept_one, frozen, &id, known, is_read);
                if finding.acknowledge && !asked_about.insert(id.clone()) {
                    finding.acknowledge = false;
                    finding.severity = druse_engine::Severity::Info;
                }
                explained
                    .findings
                    .push(located(finding, &kept_one.step, *step, &inner));
                if asked_for.insert(id.clone()) {
                    explained.questions.push(Question {
                        id,
                        step: kept_one.step.clone(),
                        path: format!("{}{inner}", step.pointer()),
                        text: asked(kept_one, frozen, known),
                        labels: Vec::new(),
                        default: answers.first().cloned().unwrap_or_default(),
                        choices: answers,
                    });
                }
            } else if let Some(finding) = of_frozen(frozen, &|| {
                known_from(decisions, kept, index, frozen).told(&frozen.value)
            }) {
                explained
                    .findings
                    .push(located(finding, &kept_one.step, *step, &inner));
            }
        }
    }
    for (kept_one, step) in kept.iter().zip(steps) {
        if let Some(finding) = of_fixed_names(kept_one) {
            explained
                .findings
                .push(located(finding, &kept_one.step, *step, "/with"));
        }
    }
    for cycle in &decisions.cycles {
        let Some(spot) = steps.get(cycle.first) else {
            continue;
        };
        for call in cycle.first..=cycle.last() {
            if let Some(kept) = kept.get(call) {
                crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, _| {
                    explained.covered.insert((call, pointer.to_owned()));
                });
            }
        }
        let whole = Spot::of(spot.step);
        explained
            .findings
            .push(located(of_cycle(cycle), &cycle.id, whole, "/for_each"));
        if let (Some(inner), Some(spot)) = (&cycle.inner, steps.get(cycle.call_inside(0, 0, 0))) {
            let whole = Spot {
                deep: None,
                ..*spot
            };
            explained
                .findings
                .push(located(of_inner(inner), &inner.id, whole, "/for_each"));
        }
    }
    for pages in &decisions.pages {
        let Some(spot) = steps.get(pages.first) else {
            continue;
        };
        for call in pages.first..=pages.last() {
            if let Some(kept) = kept.get(call) {
                crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, _| {
                    explained.covered.insert((call, pointer.to_owned()));
                });
            }
        }
        let finding = Finding::info(
            "folded_loop",
            format!(
                "{} became the loop `{}`, which turns the pages of a list: {}.",
                crate::show::count(pages.passes, "call", "calls"),
                pages.id,
                pages.because
            ),
        );
        let whole = Spot::of(spot.step);
        explained
            .findings
            .push(located(finding, &pages.id, whole, "/repeat"));
    }
    // These first: one answer may take the place of many.
    for (place, offer) in decisions.offers.iter().enumerate() {
        let (Some(kept), Some(spot)) = (kept.get(offer.call), steps.get(offer.call)) else {
            continue;
        };
        let asked = Question {
            id: offer.id.clone(),
            step: kept.step.clone(),
            path: spot.pointer(),
            text: offer.offered.question(&kept.step),
            choices: std::iter::once(ONE_BY_ONE.to_owned())
                .chain(offer.offered.answers().map(str::to_owned))
                .collect(),
            labels: Vec::new(),
            default: ONE_BY_ONE.to_owned(),
        };
        explained
            .questions
            .insert(place.min(explained.questions.len()), asked);
        let finding = Finding::info("loop_not_folded", offer.offered.why())
            .help(format!("Answer `{}` with one of its choices.", offer.id));
        // Nothing tells what is done with which: as it was recorded it is right by chance.
        let finding = match offer.offered.is_in_turn() {
            true => finding.must_acknowledge(),
            false => finding,
        };
        explained
            .findings
            .push(located(finding, &kept.step, *spot, ""));
    }
    for (id, was, is) in &decisions.outdated {
        let mut finding = Finding::warning(
            "answer_outdated",
            format!(
                "`{}` was answered when `{was}` stood there, and now it is `{is}`: the answer is not taken.",
                crate::show::text(id, 120)
            ),
        )
        .help("The question is asked anew, and listed under `questions`.");
        finding.id = format!("answer_outdated:{id}");
        explained.findings.push(finding);
    }
    if let Some(kept) = decisions.unfolded.and_then(|call| kept.get(call)) {
        explained.findings.push(
            Finding::warning(
                "loops_not_searched",
                format!(
                    "So many calls repeat in so many ways that from `{}` on no loops were looked for.",
                    kept.step
                ),
            )
            .help("The calls stay one by one. Record the task alone, or split the recording.")
            .at_step(&kept.step),
        );
    }
    if decisions.said.cut {
        let mut finding = Finding::warning(
            "words_not_read",
            "So much was said that not all of it was looked through for values.",
        )
        .help("Values that were said behind it are frozen; bind them by hand.");
        finding.id = "words_not_read:said".to_owned();
        explained.findings.push(finding);
    }
    if decisions.said.readings().is_cut() {
        let mut finding = Finding::warning(
            "words_not_read",
            "So much was said about so many things that not all of it was read for what it leaves out.",
        )
        .help("The draft may go on without something that a person named. Record the task alone, or split the recording.")
        .must_acknowledge();
        finding.id = "words_not_read:conditions".to_owned();
        explained.findings.push(finding);
    }
    for call in &decisions.answers.cut {
        if let Some(kept) = kept.get(*call) {
            explained.findings.push(
                Finding::warning(
                    "answer_too_large",
                    "The recorded answer is so large that not all of it was looked at.",
                )
                .help("Values that come from its end are frozen; bind them by hand.")
                .at_step(&kept.step),
            );
        }
    }
    explained
}

/// The id of the question where a value comes from.
pub(super) fn question_id(kept: &Kept<'_>, pointer: &str) -> String {
    format!("source:{}:{pointer}", kept.step)
}

fn named(key: &str) -> String {
    if key.is_empty() || key.bytes().all(|b| b.is_ascii_digit()) {
        "The argument".to_owned()
    } else {
        format!("`{}`", crate::show::text(key, 40))
    }
}

/// The same of a value at a pointer: an element of a list is named by the list.
fn named_at(key: &str, pointer: &str) -> String {
    let is_place = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
    let mut keys = pointer.rsplit('/').filter(|key| !is_place(key));
    match keys.next().filter(|list| is_place(key) && !list.is_empty()) {
        Some(list) => format!("An element of `{}`", crate::show::text(list, 40)),
        None => named(key),
    }
}

fn of_bound(kept: &Kept<'_>, bound: &Bound, decisions: &Decisions<'_>) -> Finding {
    let parts: Vec<String> = bound
        .bindings()
        .map(|binding| follows(binding, decisions))
        .collect();
    let what = if matches!(bound.pieces.as_slice(), [_]) {
        named(&bound.key)
    } else {
        format!("A part of {}", named(&bound.key))
    };
    let message = format!(
        "{what} of `{}` follows {}.",
        kept.step,
        parts.join(", and ")
    );
    let from_text = bound.bindings().any(|binding| binding.from_text);
    let agreeing: Vec<&str> = bound
        .bindings()
        .flat_map(|binding| &binding.agreeing)
        .map(String::as_str)
        .collect();
    let code = match bound.bindings().next().map(|binding| &binding.source) {
        Some(Source::Input(_) | Source::Inputs(_)) => "bound_to_input",
        Some(Source::Clock(_)) => "bound_to_clock",
        _ => "bound_to_output",
    };
    let finding = Finding::info(code, message);
    if from_text {
        Finding { severity: druse_engine::Severity::Warning, ..finding }
            .help("It is found by the words around it. When the text is worded otherwise the step fails, and nothing after it runs.")
    } else if !agreeing.is_empty() {
        finding.help(format!(
            "The recording does not tell it from {}; when they differ the step fails, and nothing after it runs.",
            agreeing.join(" and ")
        ))
    } else {
        finding
    }
}

/// Data in a text of which other parts follow.
fn of_fixed_parts(kept: &Kept<'_>, bound: &Bound) -> Option<Finding> {
    let mut names: Vec<&str> = Vec::new();
    for piece in &bound.pieces {
        if let Piece::Text(fixed) = piece {
            for name in super::rename::names_in(fixed) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    (!names.is_empty()).then(|| {
        Finding::info(
            "part_stays",
            format!(
                "In {} of `{}` stands {}, as recorded.",
                named(&bound.key),
                kept.step,
                shown_names(&names)
            ),
        )
    })
}

/// Some names, for a person.
fn shown_names<N: AsRef<str>>(names: &[N]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MOST_NAMES)
        .map(|name| format!("`{}`", crate::show::text(name.as_ref(), 40)))
        .collect();
    let more = match names.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

/// Data that stands where nothing is ever bound: in what is run, or in a setting of the step.
fn of_fixed_names(kept: &Kept<'_>) -> Option<Finding> {
    let mut names: Vec<String> = Vec::new();
    crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, leaf| {
        if slot::first(kept, pointer).is_some() {
            return;
        }
        let text = match leaf {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        for name in super::rename::names_in(&text) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    });
    (!names.is_empty()).then(|| {
        Finding::info(
            "stays_as_run",
            format!(
                "In `{}` stands {}, as recorded: nothing follows where a script or a setting stands.",
                kept.step,
                shown_names(&names)
            ),
        )
        .help("Where it has to follow, hand it over as an argument or as a variable of the environment.")
    })
}

/// What a loop was folded from, and what it goes by.
fn of_cycle(cycle: &Cycle) -> Finding {
    let calls = crate::show::count(cycle.count(), "call", "calls");
    let until = match &cycle.until {
        Some(until) => format!(", until `{}`", crate::show::text(until, 120)),
        None => String::new(),
    };
    Finding::info(
        "folded_loop",
        format!(
            "{calls} became the loop `{}`, one pass for each element of `{}`{until}: {}.",
            cycle.id,
            crate::show::text(&cycle.items, 160),
            cycle.because
        ),
    )
}

/// The same of a loop inside.
fn of_inner(inner: &Inner) -> Finding {
    let rounds = inner.rounds.counts.iter().sum::<usize>();
    Finding::info(
        "folded_loop",
        format!(
            "{} of them became the loop `{}` inside of each pass, one for each element of `{}`: {}.",
            crate::show::count(rounds * inner.rounds.width, "call", "calls"),
            inner.id,
            crate::show::text(&inner.items, 160),
            inner.because
        ),
    )
}

fn follows(binding: &Binding, decisions: &Decisions<'_>) -> String {
    let what = match &binding.source {
        Source::Input(name) => {
            let input = decisions.inputs.named(name);
            let repeated = input.is_some_and(|input| input.found == Found::Repeated);
            if repeated {
                format!("the new input `{name}`")
            } else {
                format!("the input `{name}`")
            }
        }
        Source::Clock(Some(0)) => "the day of the run".to_owned(),
        Source::Counted { .. } | Source::Number { .. } => "the number of the pass".to_owned(),
        Source::Clock(Some(days)) => format!("the day of the run and {days} more"),
        Source::Clock(None) => "a day that is counted from that of the run".to_owned(),
        Source::Inputs(_)
        | Source::Output(_)
        | Source::Whole(..)
        | Source::Column(_)
        | Source::Total(..)
        | Source::Item(..)
        | Source::Named(_)
        | Source::Inside(..)
        | Source::Pass(..)
        | Source::Parts(..) => {
            format!("`{}`", crate::show::text(&binding.expression, 160))
        }
    };
    format!("{what}: {}", binding.because)
}

/// A gate before a change by what the person had agreed to: in the recording they were asked about that. What cannot be
/// taken back has a suggestion of its own.
fn of_agreed(kept: &Kept<'_>, decided: &Decided, decisions: &Decisions<'_>) -> Option<Finding> {
    if !kept.changes() || kept.effects == Some(EffectLevel::Destructive) {
        return None;
    }
    let input = decided
        .bound
        .iter()
        .flat_map(Bound::bindings)
        .find_map(|binding| {
            let Source::Input(name) = &binding.source else {
                return None;
            };
            let input = decisions.inputs.named(name)?;
            matches!(input.found, Found::Agreed(_)).then_some(name)
        })?;
    Some(
        Finding::warning(
            "gate_suggested",
            format!(
                "`{}` uses `{input}`, which the person had agreed to when they were asked, and nobody is asked before it.",
                kept.step
            ),
        )
        .help("Put an `approval_gate` before the step, unless nobody has to be asked."),
    )
}

/// What comes out of an answer and says where something goes or what is run has to be seen by a person, where others
/// can write what stands there; what is run, always.
fn into_sink(all: &[Kept<'_>], kept: &Kept<'_>, bound: &Bound) -> Option<Finding> {
    let runs = is_code(&Key::new([bound.key.as_str()].into_iter(), ""));
    if !runs && !is_sink(&bound.key, kept) {
        return None;
    }
    let open = bound.bindings().flat_map(parts::of).find_map(|binding| {
        let call = match &binding.source {
            Source::Output(place) => place.call,
            Source::Whole(place, _) => place.call,
            Source::Column(place) => place.list.call,
            Source::Item(call, _) | Source::Inside(call, _) | Source::Pass(call, _) => *call,
            Source::Total(call, ..) => *call,
            Source::Input(_)
            | Source::Inputs(_)
            | Source::Named(_)
            | Source::Clock(_)
            | Source::Counted { .. }
            | Source::Number { .. }
            | Source::Parts(..) => {
                return None;
            }
        };
        let source = all.get(call)?;
        (runs || binding.from_text || others_write(source)).then_some(source)
    })?;
    Some(
        Finding::warning(
            "flows_into_sink",
            format!(
                "{} of `{}` is taken from what `{}` answers: each run uses what then stands there, whoever wrote it.",
                named(&bound.key),
                kept.step,
                open.step
            ),
        )
        .help("Put an approval gate before the step, or acknowledge it.")
        .must_acknowledge(),
    )
}

/// Where a value that stays is known from, though nothing shows that it is meant.
#[derive(Debug, Clone, Copy)]
enum From<'k> {
    Person,
    Instructions,
    Answer,
    /// A text that this step answered.
    Text(&'k str),
    Nowhere,
    Unknown,
}

impl From<'_> {
    /// The same for a person, of a value, or of the values of a list.
    fn told(self, value: &Value) -> String {
        let (it, one) = match value.is_array() {
            true => ("them", "these"),
            false => ("it", "this one"),
        };
        match self {
            Self::Person => "a person said it, and nothing shows that it was meant here".to_owned(),
            Self::Instructions => {
                "the instructions name it, and nothing shows that it is meant in every run"
                    .to_owned()
            }
            Self::Answer => {
                "an earlier answer holds it, too, and nothing shows that it comes from there"
                    .to_owned()
            }
            Self::Text(step) => format!(
                "the text that `{step}` answered holds {it}, and nothing shows why it is {one}"
            ),
            Self::Nowhere => "nobody said it and no answer holds it as it is".to_owned(),
            Self::Unknown => "nobody said it, and no source of it is known".to_owned(),
        }
    }
}

fn known_from<'k>(
    decisions: &Decisions<'_>,
    kept: &'k [Kept<'_>],
    call: usize,
    frozen: &Frozen,
) -> From<'k> {
    let forms = match &frozen.value {
        Value::Bool(flag) => vec![flag_form(&frozen.key, *flag)],
        value => super::canonical::forms(value),
    };
    let spelled = |text: &str| decisions.said.find_spelled(text).is_some();
    let mention = decisions.said.find(&frozen.value, &[]);
    if mention.is_some_and(|mention| mention.person) || frozen.value.as_str().is_some_and(spelled) {
        return From::Person;
    }
    // An id that is equal to an amount holds none.
    let may_hold = |place: &Place| {
        let is_id = |key: &str| names_things(&words(key));
        !frozen.value.is_number()
            || is_id(&frozen.key)
            || !is_id(&decisions.answers.last_key(place))
    };
    let answered = decisions
        .answers
        .find(&forms)
        .iter()
        .any(|place| place.call < call && may_hold(place))
        || decisions
            .answers
            .find_echoes(&forms)
            .iter()
            .any(|place| place.call < call);
    if answered {
        return From::Answer;
    }
    if mention.is_some() {
        return From::Instructions;
    }
    if frozen.why == Why::Agent {
        return From::Unknown;
    }
    // Of a list each element is looked for by itself.
    let own = std::slice::from_ref(&frozen.value);
    let values = frozen.value.as_array().map_or(own, Vec::as_slice);
    let holder = values
        .iter()
        .find_map(|value| verbatim::holder(kept, call, value))
        .or_else(|| {
            let mut values = values.iter();
            values.find_map(|value| verbatim::teller(kept, call, value))
        })
        .and_then(|at| kept.get(at));
    holder.map_or(From::Nowhere, |holder| From::Text(&holder.step))
}

fn asked(kept: &Kept<'_>, frozen: &Frozen, from: From<'_>) -> String {
    let value = crate::show::value(&frozen.key, &frozen.value, 60);
    let value = match value.contains(' ') && frozen.value.is_string() {
        true => format!("“{value}”"),
        false => value,
    };
    let key = named_at(&frozen.key, &frozen.pointer);
    let choices = frozen.why.choices().unwrap_or_default();
    let is_sourced = choices.iter().any(Choice::is_source);
    let known = match &frozen.why {
        Why::Unpicked(_) => ", one of several alike in an earlier answer".to_owned(),
        Why::Day(_) => ", and the person spoke of days by their distance".to_owned(),
        Why::Varied(_) => " in this recording and another in others".to_owned(),
        Why::Volatile(why, _) => format!(", which looks made by {why}"),
        Why::Unsure(_) if is_sourced => {
            ", and nothing shows for sure where it comes from".to_owned()
        }
        _ => format!("; {}", from.told(&frozen.value)),
    };
    format!(
        "{key} of `{}` is {value}{known}. {}",
        kept.step,
        which(choices)
    )
}

/// The question which of some answers is right, with what each of them means.
fn which(choices: &[Choice]) -> String {
    let has = |answer: &str| choices.iter().any(|choice| choice.answer == answer);
    let mut all = Vec::new();
    if has("constant") {
        all.push("the same in every run (`constant`)");
    }
    if has("input") {
        all.push("given anew in each (`input`)");
    }
    if choices.iter().any(Choice::is_source) {
        all.push("taken from where another choice says");
    }
    match all.as_slice() {
        [] => "Where does it come from?".to_owned(),
        [only] => format!("Is it {only}?"),
        [first @ .., last] => format!("Is it {}, or {last}?", first.join(", ")),
    }
}

fn of_open(
    kept: &Kept<'_>,
    frozen: &Frozen,
    question: &str,
    from: From<'_>,
    is_read: bool,
) -> Finding {
    let value = crate::show::value(&frozen.key, &frozen.value, 60);
    let key = named_at(&frozen.key, &frozen.pointer);
    let message = match &frozen.why {
        Why::Unpicked(_) => format!(
            "{key} is frozen as {value}: it is one of several alike in an earlier answer, and only its place tells which."
        ),
        Why::Day(_) => {
            format!("{key} is frozen as {value}, while the person spoke of days by their distance.")
        }
        Why::Made(_) => format!(
            "{key} is frozen as {value}, which the agent made: {}.",
            from.told(&frozen.value)
        ),
        Why::Held(_) => format!("{key} is frozen as {value}: {}.", from.told(&frozen.value)),
        Why::Varied(_) => format!(
            "{key} is frozen as {value}, and other recordings of the task have another value there."
        ),
        Why::Volatile(why, _) => {
            format!(
                "{key} is frozen as {value}, which looks made by {why} while the session was recorded."
            )
        }
        _ => format!(
            "{key} is frozen as {value}: more than one source may be meant, or too little speaks for the one."
        ),
    };
    let code = match &frozen.why {
        Why::Unpicked(_) => "open_choice",
        Why::Day(_) => "frozen_date",
        Why::Made(_) => "made_by_agent",
        Why::Varied(_) => "differs_between_recordings",
        Why::Volatile(..) => "frozen_volatile",
        _ => "open_source",
    };
    let finding = Finding::warning(code, message).help(format!(
        "Every run uses this value again. Answer `{}` with one of its choices.",
        question
    ));
    if is_acknowledged(kept, frozen, is_read) {
        finding.must_acknowledge()
    } else {
        finding
    }
}

/// Whether an open question about a value has to be acknowledged where nobody answers it: that of a change, and of a
/// look that a change hangs on (`is_read`).
pub(super) fn is_acknowledged(kept: &Kept<'_>, frozen: &Frozen, is_read: bool) -> bool {
    !kept.is_harmless() || is_read || matches!(frozen.why, Why::Volatile(..))
}

fn of_frozen(frozen: &Frozen, from: &dyn Fn() -> String) -> Option<Finding> {
    let value = crate::show::value(&frozen.key, &frozen.value, 60);
    let key = named(&frozen.key);
    let message = match &frozen.why {
        Why::Agent => format!("{key} stays {value}: the agent chose it, {}.", from()),
        Why::Instructions(words) => {
            format!("{key} stays {value}: the instructions name it: “{words}”.")
        }
        Why::Default => format!("{key} stays {value}, which the tool takes by default."),
        Why::Answered => format!("{key} stays {value}, as a person answered."),
        Why::Confirmed => format!(
            "{key} stays {value}: it is the same in all recordings, while other values differ."
        ),
        _ => return None,
    };
    let code = match &frozen.why {
        Why::Agent => "chosen_by_agent",
        _ => "constant",
    };
    Some(Finding::info(code, message))
}

/// Answers that a value is kept by, and that do not say which value that was.
pub(super) fn of_taken(
    explained: &mut Explained,
    taken: &BTreeMap<String, String>,
    answers: Answered<'_>,
) {
    for (id, value) in taken {
        if answers.before.contains_key(id)
            || answers
                .given
                .get(id)
                .is_none_or(|answer| answer != "constant")
        {
            continue;
        }
        let mut finding = Finding::info(
            "answer_taken",
            format!(
                "The answer to `{}` names no value: it was taken for `{}`, which stands there now.",
                crate::show::text(id, 120),
                crate::show::text(value, 80)
            ),
        )
        .help("Nothing is to be done: `answered_for` names the value from now on.");
        finding.id = format!("answer_taken:{id}");
        explained.findings.push(finding);
    }
}
