//! The mode `bound`: values follow from where they came, steps that do not depend on each other run at the same
//! time, and the draft is proved on answers that were changed.

mod absent;
mod agreed;
mod alike;
mod anchor;
mod another;
mod answers;
mod around_name;
mod at_hand;
mod binder;
mod binding;
mod body;
mod branch;
mod called;
mod canonical;
mod code_word;
mod column;
mod command_words;
mod compose;
mod computed;
mod count;
mod cycle;
mod data;
mod day_range;
mod decide;
mod declare;
mod enter;
mod evaluate;
mod explain;
mod figure;
mod file_name;
mod filter;
mod fold;
mod formula;
mod formula_input;
mod graft;
mod half_name;
mod hold_out;
mod how_many;
mod idle;
mod in_pass;
mod in_passing;
mod in_turn;
mod information;
mod inputs;
mod key;
mod keyed;
mod lasting;
mod lone_count;
mod made_of_look;
mod marked;
mod named_list;
mod nest;
mod nested;
mod notation;
mod of_answer;
mod of_record;
mod offer;
mod old_value;
mod order;
mod other_field;
mod pages;
mod part;
mod parts;
mod passes;
mod pieces;
mod places;
mod prove;
mod put_together;
mod qualifier;
mod read_by;
mod rename;
mod repeat;
mod retold;
mod rival;
mod route;
mod run_day;
mod said;
mod said_anchor;
mod scaled;
mod selector;
mod sent;
mod settled;
mod share;
mod slot;
mod small;
mod spoken_distance;
mod spoken_time;
mod superlative;
mod taken_list;
mod term;
mod time_of_day;
mod title;
mod told;
mod told_element;
mod total;
mod transform;
mod truth;
mod turn;
mod turned;
mod unread;
mod unsourced;
mod verbatim;
mod view;
mod weigh;
mod whole;
mod witness;
mod world;
mod write;
mod written;

use crate::kept::{Kept, Spot};
use crate::relied;
use crate::report::{HeldOut, Level, Perturbed, Question, ValueCounts, Verdict};
use crate::session::Session;
use binding::{Source, Why};
use druse_engine::Finding;
use druse_engine::definition::Document;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use answers::is_collection;
pub(crate) use graft::Graft;
pub(crate) use slot::first as place_of;
#[cfg(test)]
pub(crate) use spoken_time::MONTHS;
pub(crate) use witness::Witness;

/// How often it is looked anew which steps all recordings share.
const ROUNDS: usize = 8;

/// What people answered.
#[derive(Clone, Copy)]
pub(crate) struct Answered<'a> {
    /// The answers, by the ids of the questions.
    pub(crate) given: &'a BTreeMap<String, String>,
    /// The values that those of before were given for.
    pub(crate) before: &'a BTreeMap<String, String>,
}

/// A draft before calls became loops.
#[derive(Clone)]
pub(crate) struct Unfolded {
    pub(crate) document: Document,
    pub(crate) spots: Vec<Spot>,
}

/// What the mode made of a draft.
pub(crate) struct Made<'w> {
    pub(crate) perturbed: Perturbed,
    pub(crate) generalisable: Level,
    /// Whether a list is asked for by as many pages as were recorded: on longer ones the draft does less.
    pub(crate) pages_fixed: bool,
    /// Whether the person named a condition that nothing in the draft carries, a figure of an answer stays in a text that
    /// moves, or a condition that the recordings show may be one by chance, and nobody has answered about it.
    pub(crate) not_shown: bool,
    /// How many gates people wanted for what they had named.
    pub(crate) gates_added: u64,
    pub(crate) values: ValueCounts,
    pub(crate) held_out: Vec<HeldOut>,
    /// How many loops calls were folded into.
    pub(crate) loops: usize,
    /// How many gates of later passes went into those of the first.
    pub(crate) gates_folded: u64,
    pub(crate) findings: Vec<Finding>,
    pub(crate) questions: Vec<Question>,
    /// The values that answers were taken for.
    pub(crate) taken_for: BTreeMap<String, String>,
    /// Answers that hold no longer: another value stands there.
    pub(crate) outdated: BTreeSet<String>,
    /// Answers that nothing was made of.
    pub(crate) unused: BTreeSet<String>,
    /// The values that the findings speak of, as index of the call and pointer in its arguments.
    pub(crate) covered: BTreeSet<(usize, String)>,
    /// What further recordings gave to the draft.
    pub(crate) grafts: Vec<Graft<'w>>,
}

/// Binds the values of a draft. `spots` gives where the step of each kept call stands in the document; `unfolded` is
/// where the document and they are kept as they were, once calls that repeat become loops: without it none do.
pub(crate) fn bind<'k: 'w, 'w>(
    session: &'k Session,
    kept: &mut [Kept<'k>],
    document: &mut Document,
    spots: &mut [Spot],
    answers: Answered<'_>,
    unfolded: Option<&mut Option<Unfolded>>,
    witnesses: &[Witness<'w>],
) -> Made<'w> {
    let taken = write::Taken::of(spots);
    let gated: BTreeSet<usize> = (0..kept.len())
        .filter(|call| {
            spots
                .get(*call)
                .is_some_and(|spot| taken.gate_before(*spot).is_some())
        })
        .collect();
    command_words::put_together(kept);
    let folds = unfolded.is_some();
    let mut decisions = decide::decide(session, kept, answers, folds, &gated, witnesses);
    let mut apart: Vec<Witness<'w>> = Vec::new();
    for _ in 0..ROUNDS {
        let known = if apart.is_empty() { witnesses } else { &apart };
        if known.is_empty() {
            break;
        }
        let outdated = decisions.outdated.len();
        let unshown = qualifier::unshown(kept, spots, witnesses, &mut decisions, answers);
        decisions.outdated.truncate(outdated);
        let more = branch::set_apart(kept, known, &decisions, &unshown, answers.given);
        let Some(more) = more else {
            break;
        };
        apart = more;
        decisions = decide::decide(session, kept, answers, folds, &gated, &apart);
    }
    let witnesses = if apart.is_empty() { witnesses } else { &apart };
    // Only a draft with loops is ever taken back, and only of such a one a copy is kept.
    if let Some(unfolded) = unfolded
        && decisions.cycles.len() + decisions.pages.len() > 0
    {
        *unfolded = Some(Unfolded {
            document: document.clone(),
            spots: spots.to_vec(),
        });
    }
    command_words::set_apart(document, kept, spots, &mut decisions);
    let gates_folded = nest::nest(document, kept, spots, &decisions.cycles);
    pages::nest(document, kept, spots, &decisions.pages);
    let unshown = qualifier::unshown(kept, spots, witnesses, &mut decisions, answers);
    let figures = figure::ask(kept, spots, &mut decisions, answers, witnesses);
    let is_parted = |call: usize| {
        let has =
            |witness: &Witness<'_>| witness.counterparts.get(call).is_some_and(Option::is_some);
        !witnesses.iter().all(has)
    };
    let absent = absent::ask(kept, spots, &mut decisions, answers, &is_parted);
    let is_explained = |call: usize, pointer: &str| {
        unshown.iter().any(|one| one.call == call)
            || figures
                .iter()
                .filter_map(|one| one.place(kept))
                .any(|(step, place)| step == kept[call].step && place == pointer)
            || absent.iter().any(|one| one.is_of(call))
    };
    made_of_look::ask(
        session,
        kept,
        spots,
        &mut decisions,
        answers,
        witnesses,
        &is_explained,
    );
    let wanted: Vec<(usize, String)> = unshown
        .iter()
        .filter_map(qualifier::Unshown::wanted_gate)
        .chain(figures.iter().filter_map(figure::Asked::wanted_gate))
        .chain(absent.iter().filter_map(|one| one.wanted_gate(kept)))
        .chain(decisions.gates_in_turn.iter().cloned())
        .collect();
    let gates_added = qualifier::gates(document, kept, spots, &wanted);
    decisions.answers.settle();
    write::write(document, kept, spots, &mut decisions);
    pages::write(document, kept, spots, &decisions.pages);
    let mut branches = branch::branches(
        document,
        kept,
        spots,
        witnesses,
        (&decisions, &unshown),
        answers.given,
    );
    let mut grafts = graft::graft(
        session,
        (&mut *document, &mut *spots),
        kept,
        &decisions,
        witnesses,
        &mut branches,
        answers,
    );
    decisions
        .unused_answers
        .retain(|id| branches.iter().all(|branch| branch.id != *id) && !grafts.knows(id));
    let taken = write::Taken::of(&grafts.spots(spots));
    let stated = qualifier::Stated::of(&unshown, spots, &taken);
    stated.note(document);
    unread::leave_out(document);
    decisions.idle = idle::let_go_on(document, kept, spots, &decisions);
    let more: Vec<(Spot, &Kept<'_>)> = grafts.calls().collect();
    let mut ways = grafts.ways(spots, &branches);
    order::order(document, kept, spots, &more, &ways);
    drop(more);
    let part = prove::Part {
        silent: grafts.silent(0, kept, &branches),
        ..prove::Part::default()
    };
    let proof = prove::prove(
        document,
        kept,
        &decisions,
        session.started_at.unwrap_or_default(),
        &part,
    );
    let proof = grafts.prove(proof, document, kept, &branches, witnesses);
    // When a step is done a person said: what it does is shown as if it were done in every run.
    if !stated.is_empty() {
        stated.with(&mut ways.conditions);
        let more: Vec<(Spot, &Kept<'_>)> = grafts.calls().collect();
        order::order(document, kept, spots, &more, &ways);
    }
    let held_out = hold_out::hold_out(document, kept, &decisions, witnesses, &grafts);
    // Behind the proof: that is about where values come from, and this about how they look.
    relied::write(document, kept, &|call| {
        witnesses
            .iter()
            .filter_map(|witness| {
                let other = witness.kept.get((*witness.counterparts.get(call)?)?)?;
                crate::prune::succeeded(other.call).then_some(other)
            })
            .collect()
    });
    grafts.rely(document);
    // A binding has to hold in all recordings.
    let level = if held_out.iter().any(|held| held.verdict == Verdict::Failed) {
        Level::Same
    } else {
        proof.level
    };
    let taken = write::Taken::of(&grafts.spots(spots));
    let gated = |call: usize| {
        spots
            .get(call)
            .is_some_and(|spot| taken.gate_before(*spot).is_some())
    };
    let mut explained = explain::explain(kept, spots, &decisions, &gated);
    let mut asked = asked_places((kept, spots, &decisions), &figures, &taken);
    asked.extend(grafts.asked_places(&taken));
    explained
        .findings
        .extend(explain::of_proof(&proof.perturbed, proof.level, &asked));
    explained.findings.extend(explain::of_held_out(&held_out));
    let fixed = pages::fixed(kept, spots, &decisions);
    let pages_fixed = !fixed.is_empty();
    explained.findings.extend(fixed);
    for call in &decisions.idle {
        if let (Some(one), Some(spot)) = (kept.get(*call), spots.get(*call)) {
            let finding = idle::explained(&one.step);
            explained
                .findings
                .push(crate::findings::located(finding, &one.step, *spot, ""));
        }
    }
    let by_chance = explain::of_branches(&mut explained, kept, spots, &branches, None);
    let (findings, questions, not_shown) =
        qualifier::explained(&unshown, kept, spots, &decisions, &branches);
    explained.findings.extend(findings);
    explained.questions.extend(questions);
    let (findings, questions, figures_stay) = figure::explained(&figures, kept, spots);
    explained.findings.extend(findings);
    explained.questions.extend(questions);
    let (findings, questions, made_anew) = absent::explained(&absent, kept, spots);
    explained.findings.extend(findings);
    explained.questions.extend(questions);
    explain::wait(&mut explained, kept, &decisions, &figures);
    let told = grafts.told(document);
    explained.findings.extend(told.findings);
    explained.questions.extend(told.questions);
    decisions.taken_for.extend(told.taken_for);
    explain::of_taken(&mut explained, &decisions.taken_for, answers);
    let outdated: BTreeSet<String> = decisions
        .outdated
        .iter()
        .map(|(id, ..)| id.clone())
        .chain(told.outdated)
        .collect();
    let unused = explain::of_unused(&mut explained, kept, &decisions, answers, &outdated);
    explain::label(
        &mut explained.questions,
        kept,
        &decisions,
        session.started_at.unwrap_or_default(),
    );
    let values = told
        .values
        .iter()
        .fold(count(kept, &decisions), |all, more| all.with(more));
    Made {
        perturbed: proof.perturbed,
        held_out,
        generalisable: level,
        pages_fixed,
        not_shown: not_shown
            || figures_stay
            || made_anew
            || by_chance
            || told.is_open
            || decisions.said.readings().is_cut(),
        gates_added: gates_added + grafts.gates(),
        loops: decisions.cycles.len() + decisions.pages.len(),
        gates_folded,
        values,
        findings: explained.findings,
        questions: explained.questions,
        outdated,
        unused,
        taken_for: decisions.taken_for,
        covered: explained.covered,
        grafts: grafts.all,
    }
}

/// The places of values that a person is asked about anyway, each as step and pointer in its arguments: what a finding
/// of its own has them acknowledge, what they have answered, and what a gate puts before them in every run.
fn asked_places(
    (kept, spots, decisions): (&[Kept<'_>], &[Spot], &decide::Decisions<'_>),
    figures: &[figure::Asked],
    taken: &write::Taken,
) -> BTreeSet<(String, String)> {
    let mut asked: BTreeSet<(String, String)> = figures
        .iter()
        .filter_map(|asked| asked.place(kept))
        .collect();
    let read = read_by::read_by_changes(kept, decisions);
    let all = kept.iter().zip(spots).zip(&decisions.calls);
    for (call, ((kept, spot), decided)) in all.enumerate() {
        let gated = taken.gate_before(*spot).is_some();
        for frozen in &decided.frozen {
            let is_read = read.contains(&call);
            let acknowledged =
                frozen.why.choices().is_some() && explain::is_acknowledged(kept, frozen, is_read);
            if gated || acknowledged && slot::first(kept, &frozen.pointer).is_some() {
                asked.insert((kept.step.clone(), frozen.pointer.clone()));
            }
        }
        if gated {
            let bound = decided.bound.iter();
            asked.extend(bound.map(|bound| (kept.step.clone(), bound.pointer.clone())));
        }
    }
    asked
}

fn count(kept: &[Kept<'_>], decisions: &decide::Decisions<'_>) -> ValueCounts {
    let mut counts = ValueCounts::default();
    for (kept, decided) in kept.iter().zip(&decisions.calls) {
        for bound in decided
            .bound
            .iter()
            .filter(|bound| slot::first(kept, &bound.pointer).is_some())
        {
            let all = scalars(&kept.call.arguments, &bound.pointer);
            match bound.bindings().next().map(|binding| &binding.source) {
                Some(Source::Input(name)) => {
                    let said = decisions.inputs.named(name).is_some_and(|input| {
                        matches!(
                            input.found,
                            inputs::Found::Said(_) | inputs::Found::Agreed(_)
                        )
                    });
                    *(if said {
                        &mut counts.said
                    } else {
                        &mut counts.repeated
                    }) += all;
                }
                Some(Source::Inputs(_)) => counts.said += all,
                Some(Source::Clock(_)) => counts.clock += all,
                Some(Source::Named(_)) => counts.said += all,
                _ => counts.answered += all,
            }
        }
        for frozen in decided
            .frozen
            .iter()
            .filter(|frozen| slot::first(kept, &frozen.pointer).is_some())
        {
            match &frozen.why {
                Why::Agent | Why::Made(_) | Why::Volatile(..) => counts.made += 1,
                why if why.choices().is_some() => counts.open += 1,
                _ => counts.fixed += 1,
            }
        }
    }
    counts
}

/// How many texts and numbers a value holds; one that is true or false is one.
fn scalars(arguments: &serde_json::Value, pointer: &str) -> u64 {
    if crate::tool_map::word_number(pointer).is_some() {
        return 1;
    }
    let mut count = 0;
    if let Some(value) = arguments.pointer(pointer) {
        if value.is_boolean() {
            return 1;
        }
        crate::leaf::leaves(value, &mut |_, _, leaf| {
            count +=
                u64::from(leaf.is_number() || leaf.as_str().is_some_and(|text| !text.is_empty()));
        });
    }
    count
}

/// Whether a JSON Pointer leads to a place or into it.
pub(crate) fn within(pointer: &str, place: &str) -> bool {
    pointer
        .strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
