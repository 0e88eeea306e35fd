//! Which of several recordings is followed. A list of one or no element shows no loop: where another recording has what is
//! done again and again, and the draft of it is better, that one is followed, whichever was given first.

use super::accepted;
use crate::copies;
use crate::options::{Crystallized, Mode, Options, SourceRef};
use crate::prune;
use crate::report::Verdict;
use crate::session::Session;
use druse_engine::Finding;
use druse_engine::definition::Step;
use std::collections::BTreeMap;

/// From so many calls on a tool is used again and again.
const AGAIN: usize = 2;

/// The recording that uses a tool most often which the first one uses once or never; of equals the earliest.
pub(super) fn longer(sessions: &[Session], options: &Options) -> Option<usize> {
    // Calls that are put back are calls of the first one.
    if options.mode != Mode::Bound || sessions.len() < 2 || !options.keep.is_empty() {
        return None;
    }
    let first = counts(sessions.first()?);
    let mut best: Option<(usize, usize)> = None;
    let others = sessions.iter().zip(copies::copies(sessions)).enumerate();
    for (at, (other, copy)) in others.skip(1) {
        if copy.is_some() || accepted(other, options).is_err() {
            continue;
        }
        let most = counts(other)
            .into_iter()
            .filter(|(tool, _)| first.get(tool).is_none_or(|own| *own < AGAIN))
            .map(|(_, count)| count)
            .max()
            .unwrap_or(0);
        if most >= AGAIN && best.is_none_or(|(known, _)| most > known) {
            best = Some((most, at));
        }
    }
    best.map(|(_, at)| at)
}

/// How often each tool was used with success.
fn counts(session: &Session) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for call in session.calls().filter(|call| prune::succeeded(call)) {
        *counts.entry(call.name.as_str()).or_default() += 1;
    }
    counts
}

/// The recordings with this one first, and the options that fit them.
pub(super) fn with_first(
    sessions: &[Session],
    options: &Options,
    first: usize,
) -> (Vec<Session>, Options) {
    let order = || std::iter::once(first).chain((0..sessions.len()).filter(|at| *at != first));
    let all: Vec<Session> = order().filter_map(|at| sessions.get(at).cloned()).collect();
    let names = match options.names.is_empty() {
        true => Vec::new(),
        false => order()
            .map(|at| options.names.get(at).cloned().unwrap_or_default())
            .collect(),
    };
    // A store calls recordings by their ids there; a file is known by what its session says.
    let id = |own: Option<&String>| match own.is_some() && own == options.names.first() {
        true => options.names.get(first).cloned(),
        false => all.first().and_then(|one| one.external_id.clone()),
    };
    let source = options.source.as_ref().map(|source| SourceRef {
        kind: source.kind.clone(),
        id: id(source.id.as_ref()),
        digest: all
            .first()
            .map_or_else(|| source.digest.clone(), |one| one.digest.clone()),
    });
    let options = Options {
        names,
        source,
        ..options.clone()
    };
    (all, options)
}

/// Whether the draft of another recording is better: it has more loops, holds on as much other data, and predicts as many
/// of the others.
pub(super) fn is_better(other: &Crystallized, own: &Crystallized) -> bool {
    let failed = |made: &Crystallized| {
        let held = made.report.held_out.iter();
        held.filter(|held| held.verdict != Verdict::Passed).count()
    };
    loops(&other.document.steps) > loops(&own.document.steps)
        && failed(other) <= failed(own)
        && other.report.generalisable >= own.report.generalisable
}

fn loops(steps: &[Step]) -> usize {
    steps
        .iter()
        .map(|step| {
            usize::from(step.for_each.is_some() || step.repeat.is_some()) + loops(&step.steps)
        })
        .sum()
}

/// Says which one is followed.
pub(super) fn told(made: &mut Crystallized, session: &Session, name: &str) {
    let mut finding = Finding::info(
        "followed_another",
        format!(
            "The recording `{}` is followed, and not the first one: it shows a loop that the first is too short for.",
            crate::show::name(name, 60)
        ),
    );
    finding.id = format!("followed_another:{}", session.digest);
    made.report.findings.push(finding);
}
