//! Answers of a run that was: by the step's path and the digest of what it asked for.

use super::answers::{Answers, Comes, Resolved, Resume, Vote};
use super::clear::Clear;
use super::held::Held;
use super::reading::Reading;
use super::replay::Replay;
use super::retain::is_within;
use crate::event::{Entry, Outcome, StepPath};
use crate::json::canonical;
use crate::plan::{ActionKind, Plan};
use crate::run::{Input, Kept, Resolution, is_death};
use crate::{Digest, Json, RunId, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the calls, gates and end of an earlier run, or of a recording.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    pub(super) steps: BTreeMap<StepPath, RecordedStep>,
    /// The first step that asked for this.
    pub(super) by_request: BTreeMap<(ActionKind, Digest), StepPath>,
    /// The answers to each request of a gate.
    pub(super) gates: BTreeMap<StepPath, Rounds<Vote>>,
    /// What came each time that a `wait` for an event began.
    pub(super) waits: BTreeMap<StepPath, Rounds<Comes>>,
    /// What became of a step each time that it was uncertain.
    pub(super) resolved: BTreeMap<StepPath, Vec<Resolved>>,
    pub(super) resumed: BTreeMap<StepPath, Vec<Resume>>,
    pub(super) kept: Vec<Kept>,
    /// What came from outside, each with its moment.
    pub(super) outside: Vec<(Timestamp, Input)>,
    pub(super) held: Held,
    /// How long after they last began, or began to wait, steps were ended by the end of what they belong to.
    pub(super) quiet: BTreeMap<StepPath, Span>,
    pub(super) timed_out: bool,
    pub(super) ended: Option<Timestamp>,
    pub(super) clear: Clear,
}

/// What came each time that something was waited for; none where that was not known when the run ended.
pub(super) type Rounds<T> = Vec<Option<Vec<T>>>;

/// What is known of a step's attempts.
#[derive(Debug, Clone)]
pub(super) struct RecordedStep {
    pub(super) kind: Option<ActionKind>,
    /// What each attempt asked for; not known for what was only recorded as an answer.
    pub(super) inputs: Vec<Json>,
    pub(super) ends: Vec<(End, Span)>,
    /// Whether the last attempt ended with the process, and nothing followed on it yet.
    pub(super) interrupted: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// Like this.
    Known(Outcome),
    /// With the process, and left open whether it happened. What a person or a probe found out then is the
    /// resolution of this number.
    Open(usize),
}

impl End {
    fn is_death(&self) -> bool {
        matches!(self, Self::Known(Outcome::Failed { failure, .. }) if is_death(failure))
    }
}

impl RecordedStep {
    pub(super) fn ends(&mut self, outcome: Outcome, after: Span) {
        self.interrupted = false;
        self.ends.push((End::Known(outcome), after));
    }

    /// It is not known whether the last attempt happened, because the process ended.
    pub(super) fn left_open(&mut self, number: usize, after: Span) {
        match self.ends.last_mut() {
            Some((end, _)) if end.is_death() => *end = End::Open(number),
            _ if self.interrupted => self.ends.push((End::Open(number), after)),
            _ => {}
        }
        self.interrupted = false;
    }

    /// The process ended, and nobody blames this step. What it was blamed for before is in no row with what comes.
    pub(super) fn was_interrupted(&mut self) {
        while self.ends.last().is_some_and(|(end, _)| end.is_death()) {
            self.ends.pop();
        }
        self.interrupted = true;
    }
}

impl Recorded {
    /// What a journal tells, read along the plan that it is of.
    pub fn of(plan: &Plan, entries: &[Entry]) -> Self {
        Reading::of(plan, entries)
    }

    /// Answers that are known only by the ids of their steps, such as those of a recording.
    pub fn of_outcomes(outcomes: impl IntoIterator<Item = (String, Outcome)>) -> Self {
        let steps = outcomes.into_iter().map(|(id, outcome)| {
            let step = RecordedStep {
                kind: None,
                inputs: Vec::new(),
                ends: vec![(End::Known(outcome), Span::default())],
                interrupted: false,
            };
            (StepPath::from(&*id), step)
        });
        Self {
            steps: steps.collect(),
            ..Self::default()
        }
    }

    /// With the outputs as they came of which not all is kept.
    #[must_use]
    pub fn knowing(mut self, clear: Clear) -> Self {
        self.clear = clear;
        self
    }

    /// What the run kept of an earlier one.
    pub fn kept(&self) -> Vec<Kept> {
        self.kept.clone()
    }

    /// The step that asked for the same, if another one did.
    pub fn same_request(&self, kind: ActionKind, input: &Json) -> Option<&StepPath> {
        self.by_request.get(&(kind, digest(input)))
    }

    /// What a step asked for first.
    pub fn request(&self, step: &StepPath) -> Option<(ActionKind, &Json)> {
        self.request_of(step, 0)
    }

    /// What a step asked for with an attempt, counted from 0 over all that it made.
    pub fn request_of(&self, step: &StepPath, attempt: usize) -> Option<(ActionKind, &Json)> {
        let known = self.steps.get(step)?;
        Some((known.kind?, known.inputs.get(attempt)?))
    }

    /// The steps that asked for something, with what they asked for first.
    pub fn requests(&self) -> impl Iterator<Item = (&StepPath, ActionKind, &Json)> {
        self.steps
            .iter()
            .filter_map(|(path, step)| Some((path, step.kind?, step.inputs.first()?)))
    }

    /// What a step gave that succeeded, if it asked for exactly this.
    pub(super) fn success(&self, step: &StepPath, kind: ActionKind, input: &Json) -> Option<&Json> {
        let known = self.steps.get(step)?;
        if known.kind != Some(kind) || known.inputs.last() != Some(input) {
            return None;
        }
        match &known.ends.last()?.0 {
            End::Known(Outcome::Succeeded { output }) => Some(output),
            End::Known(Outcome::Failed { .. }) => None,
            End::Open(number) => match &self.resolved.get(step)?.get(*number)?.resolution {
                Resolution::Happened { output } => Some(output),
                Resolution::Again | Resolution::Failed { .. } => None,
            },
        }
    }

    /// What came to a `wait` for an event the last time that it began.
    pub(super) fn came(&self, step: &StepPath) -> Option<Vec<Comes>> {
        self.waits.get(step)?.last()?.clone()
    }

    /// As a source of answers.
    pub fn answers(&self) -> impl Answers + '_ {
        Replay::new(self, false)
    }

    /// As [`Recorded::answers`], for a run of its own: what happened to the earlier one from outside, a
    /// cancel, does not happen to this one, and what that one kept is an answer too.
    pub fn answers_alone(&self) -> impl Answers + '_ {
        Replay::new(self, true)
    }

    pub(super) fn kept_output(&self, path: &StepPath) -> Option<&Json> {
        self.kept.iter().find_map(|kept| match kept {
            Kept::Step { step, output, .. } if step == path => Some(output),
            _ => None,
        })
    }

    /// The runs that results were kept of.
    pub fn kept_of(&self) -> BTreeSet<RunId> {
        let of = |kept: &Kept| match kept {
            Kept::Step { from, .. } | Kept::Pass { from, .. } => Some(*from),
            Kept::Undone { .. }
            | Kept::Asked { .. }
            | Kept::SentBack { .. }
            | Kept::Artifact { .. } => None,
        };
        self.kept.iter().filter_map(of).collect()
    }

    /// Takes over how the steps came to their results that were kept of the run `from`, from what is known
    /// of that run.
    pub fn learn(&mut self, from: RunId, earlier: &Self) {
        let kept = self.kept.clone();
        let paths: BTreeSet<&StepPath> = kept
            .iter()
            .filter_map(|kept| match kept {
                Kept::Step { step, from: of, .. } if *of == from => Some(step),
                Kept::Pass {
                    step,
                    output: Some(_),
                    from: of,
                    ..
                } if *of == from => Some(step),
                _ => None,
            })
            .collect();
        let within = |path: &StepPath| is_within(path, &paths);
        add(&mut self.steps, &earlier.steps, within);
        add(&mut self.gates, &earlier.gates, within);
        add(&mut self.waits, &earlier.waits, within);
        add(&mut self.resolved, &earlier.resolved, within);
        add(&mut self.resumed, &earlier.resumed, within);
        self.clear.learn(&earlier.clear);
        for (request, path) in &earlier.by_request {
            if within(path) {
                let known = self.by_request.entry(request.clone());
                known.or_insert_with(|| path.clone());
            }
        }
    }
}

/// Adds what is known of the steps that are meant, and not known yet.
fn add<T: Clone>(
    to: &mut BTreeMap<StepPath, T>,
    from: &BTreeMap<StepPath, T>,
    meant: impl Fn(&StepPath) -> bool,
) {
    for (path, known) in from.iter().filter(|(path, _)| meant(path)) {
        to.entry(path.clone()).or_insert_with(|| known.clone());
    }
}

/// What a request is known by.
pub(super) fn digest(input: &Json) -> Digest {
    Digest::of(canonical(input.value()).as_bytes())
}
