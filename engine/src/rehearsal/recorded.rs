//! Answers of a run that was: by the step's path and the digest of what it asked for.

use super::answers::{Answers, Comes, Resolved, Resume, Vote};
use super::clear::Clear;
use super::held::Held;
use super::replay::Replay;
use super::retain::is_within;
use crate::action_config::schema_of;
use crate::definition::FailureClass;
use crate::event::{Change, Decision, Entry, Outcome, Probed, RunEvent, StepPath};
use crate::json::canonical;
use crate::plan::{ActionKind, Plan};
use crate::run::{Input, Kept, Resolution, ResumeAnswer, is_death, is_of_child};
use crate::{Digest, Json, RunId, Span, Timestamp};
use serde_json::{Map, Value};
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
    fn ends(&mut self, outcome: Outcome, after: Span) {
        self.interrupted = false;
        self.ends.push((End::Known(outcome), after));
    }

    /// It is not known whether the last attempt happened, because the process ended.
    fn left_open(&mut self, number: usize, after: Span) {
        match self.ends.last_mut() {
            Some((end, _)) if end.is_death() => *end = End::Open(number),
            _ if self.interrupted => self.ends.push((End::Open(number), after)),
            _ => {}
        }
        self.interrupted = false;
    }

    /// The process ended, and nobody blames this step. What it was blamed for before is in no row with what comes.
    fn was_interrupted(&mut self) {
        while self.ends.last().is_some_and(|(end, _)| end.is_death()) {
            self.ends.pop();
        }
        self.interrupted = true;
    }
}

impl Recorded {
    /// What a journal tells, read along the plan that it is of.
    pub fn of(plan: &Plan, entries: &[Entry]) -> Self {
        let mut known = Self::default();
        let mut begun: BTreeMap<&StepPath, (Timestamp, Option<Timestamp>)> = BTreeMap::new();
        let mut asked: BTreeMap<&StepPath, (Timestamp, Option<Timestamp>)> = BTreeMap::new();
        let mut held: BTreeMap<&StepPath, Timestamp> = BTreeMap::new();
        let mut open: BTreeMap<&StepPath, Timestamp> = BTreeMap::new();
        let mut voided: BTreeSet<&StepPath> = BTreeSet::new();
        let mut let_fail: Option<(usize, Timestamp)> = None;
        let mut corrected: BTreeSet<&StepPath> = BTreeSet::new();
        let mut written: BTreeMap<&StepPath, &Json> = BTreeMap::new();
        let mut started: BTreeMap<&StepPath, usize> = BTreeMap::new();
        let (mut turn, mut moment) = (0, None);
        let mut since: BTreeMap<&StepPath, Timestamp> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            known.held.see(entry);
            if moment != Some(entry.at) || begins_turn(&entry.event) {
                (turn, moment) = (index, Some(entry.at));
            }
            if let RunEvent::AttemptStarted { step, .. }
            | RunEvent::ApprovalRequested { step, .. }
            | RunEvent::EventAwaited { step, .. }
            | RunEvent::StepUncertain { step }
            | RunEvent::StepPaused { step, .. } = &entry.event
            {
                since.insert(step, entry.at);
            }
            match &entry.event {
                RunEvent::AttemptStarted {
                    step,
                    input,
                    deadline,
                    ..
                } => {
                    begun.insert(step, (entry.at, *deadline));
                    started.insert(step, index);
                    if !corrected.contains(step) {
                        written.insert(step, input);
                    }
                    if let Some(from) = open.remove(step) {
                        known.resolves(step, entry.at.since(from), Resolution::Again);
                    }
                    // Where its time was over at once, nobody was asked.
                    if deadline.is_none_or(|end| end > entry.at) {
                        known.asks(plan, step, input);
                    }
                }
                RunEvent::AttemptFinished { step, outcome, .. } => {
                    if let Some(from) = open.remove(step) {
                        if let Outcome::Succeeded { output } = outcome {
                            let output = output.clone();
                            known.resolves(
                                step,
                                entry.at.since(from),
                                Resolution::Happened { output },
                            );
                        }
                        continue;
                    }
                    let Some((from, deadline)) = begun.get(step) else {
                        continue;
                    };
                    if deadline.is_some_and(|end| end <= *from) {
                        continue;
                    }
                    let after = lasted(*from, *deadline, entry.at, outcome);
                    if let Some(step) = known.steps.get_mut(step) {
                        step.ends(outcome.clone(), after);
                    }
                }
                RunEvent::StepUncertain { step } => {
                    open.insert(step, entry.at);
                    let number = known.resolved.get(step).map_or(0, Vec::len);
                    let after = begun.get(step).map_or_else(Span::default, |(from, end)| {
                        in_time(*end, entry.at).since(*from)
                    });
                    if let Some(step) = known.steps.get_mut(step) {
                        step.left_open(number, after);
                    }
                }
                // What follows is no answer of a person's.
                RunEvent::StepChecked { step, answer, .. } if *answer != Probed::Unknown => {
                    open.remove(step);
                }
                RunEvent::AttemptInterrupted { step, .. } => {
                    if let Some(known) = known.steps.get_mut(step) {
                        known.was_interrupted();
                    }
                }
                RunEvent::StepFailed { step, failure } | RunEvent::StepPaused { step, failure } => {
                    if let Some(from) = open.remove(step) {
                        let message = failure.message.clone();
                        known.resolves(step, entry.at.since(from), Resolution::Failed { message });
                    } else if let Some(known) = known.steps.get_mut(step).filter(|s| s.interrupted)
                    {
                        // It was given up after the process had died of it: nothing else will come.
                        let (failure, retry_after_ms) = (failure.clone(), None);
                        let outcome = Outcome::Failed {
                            failure,
                            retry_after_ms,
                        };
                        known.ends(outcome, Span::default());
                    }
                    if let RunEvent::StepPaused { .. } = &entry.event {
                        held.insert(step, entry.at);
                    } else if let Some(from) = held.remove(step) {
                        let after = entry.at.since(from);
                        let beside = let_fail.replace((index + 1, entry.at));
                        let follows = |next: &Entry| {
                            next.at == entry.at
                                && matches!(&next.event, RunEvent::StepFailed { step, .. } if held.contains_key(step))
                        };
                        let resume = Resume {
                            after,
                            by: "user:rehearsal".into(),
                            reason: None,
                            answer: ResumeAnswer::Fail,
                            all: beside == Some((index, entry.at))
                                || entries.get(index + 1).is_some_and(follows),
                        };
                        known.resumes(step, resume);
                    }
                    // No event came in time; so none does in the rehearsal.
                    nothing_came(&mut known.waits, step);
                }
                RunEvent::StepResumed {
                    step,
                    by,
                    reason,
                    input,
                } => {
                    let from = held.remove(step).unwrap_or(entry.at);
                    let input = input.as_ref().and_then(|input| {
                        corrected.insert(step);
                        Self::corrected(plan, step, written.get(step).copied(), input)
                    });
                    let again = ResumeAnswer::Again { input };
                    let resume = Resume {
                        after: entry.at.since(from),
                        by: by.clone(),
                        reason: reason.clone(),
                        answer: again,
                        all: false,
                    };
                    known.resumes(step, resume);
                }
                // It asks anew because another version of what it lets start became active: here none does, and
                // only the answers to what it let through count.
                RunEvent::ApprovalRequested { step, .. } if voided.remove(step) => {
                    if let Some(round) = known.gates.get_mut(step).and_then(|all| all.last_mut()) {
                        *round = None;
                    }
                }
                RunEvent::ApprovalRequested { step, .. } => {
                    asked.insert(step, (entry.at, None));
                    known.gates.entry(step.clone()).or_default().push(None);
                }
                RunEvent::ApprovalDecided { step, decision }
                | RunEvent::ApprovalSentBack { step, decision } => {
                    // What runs again is as the document has it.
                    if let RunEvent::ApprovalSentBack { .. } = &entry.event {
                        let again = sent_back(plan, step);
                        let again: BTreeSet<&StepPath> = again.iter().collect();
                        corrected.retain(|step| !is_within(step, &again));
                    }
                    let from = asked.get(step).map_or(entry.at, |(from, _)| *from);
                    let vote = vote(decision, entry.at.since(from));
                    if let Some(Some(round)) = known.gates.get_mut(step).map(|all| all.last_mut()) {
                        round.get_or_insert_default().push(vote);
                    }
                }
                // Nobody answered in time; so nobody does in the rehearsal.
                RunEvent::ApprovalVoided { step, changes } if is_of_others(changes) => {
                    voided.insert(step);
                }
                RunEvent::ApprovalExpired { step }
                | RunEvent::ApprovalEscalated { step, .. }
                | RunEvent::ApprovalVoided { step, .. } => {
                    nothing_came(&mut known.gates, step);
                }
                RunEvent::EventAwaited { step, until, .. } => {
                    asked.insert(step, (entry.at, *until));
                    known.waits.entry(step.clone()).or_default().push(None);
                }
                RunEvent::EventTaken {
                    step, event, value, ..
                } => {
                    let (from, until) = asked.get(step).copied().unwrap_or((entry.at, None));
                    let comes = Comes {
                        after: in_time(until, entry.at).since(from),
                        event: Some(*event),
                        value: value.clone(),
                    };
                    if let Some(Some(round)) = known.waits.get_mut(step).map(|all| all.last_mut()) {
                        *round = Some(vec![comes]);
                    }
                }
                RunEvent::StepCanceled { step } => {
                    // What begins and is ended in one turn never reaches the world.
                    if started.get(step).is_some_and(|index| *index >= turn) {
                        known.never_asked(step);
                    }
                    if let Some(from) = since.get(step) {
                        known.quiet.insert(step.clone(), entry.at.since(*from));
                    }
                }
                RunEvent::WaitFinished { step } => nothing_came(&mut known.waits, step),
                RunEvent::CancelRequested { by, reason } => {
                    let (by, reason) = (by.clone(), reason.clone());
                    known.comes(entry, Input::Cancel { by, reason });
                }
                RunEvent::Paused { by, reason } => {
                    let (by, reason) = (by.clone(), reason.clone());
                    known.comes(entry, Input::Pause { by, reason });
                }
                RunEvent::Resumed { by, reason } => {
                    let step = resumed_alone(&entries[index + 1..], &held);
                    let (by, reason) = (by.clone(), reason.clone());
                    let answer = ResumeAnswer::Again { input: None };
                    let input = Input::Resume {
                        by,
                        reason,
                        step,
                        answer,
                    };
                    known.comes(entry, input);
                }
                RunEvent::PassedOver { reason } => {
                    let reason = reason.clone();
                    known.comes(entry, Input::PassOver { reason });
                }
                // Limits were set while it ran.
                RunEvent::Queued { claim: Some(claim) } if entry.seq > 2 => {
                    let claim = (**claim).clone();
                    known.comes(entry, Input::Claim { claim });
                }
                RunEvent::RunTimedOut => known.timed_out = true,
                RunEvent::Finished { .. } => known.ended = Some(entry.at),
                RunEvent::AskedBefore { step, from, asked } => known.kept.push(Kept::Asked {
                    step: step.clone(),
                    from: *from,
                    asked: asked.clone(),
                }),
                RunEvent::SentBackBefore {
                    step,
                    turn,
                    times,
                    review,
                } => known.kept.push(Kept::SentBack {
                    step: step.clone(),
                    turn: *turn,
                    times: *times,
                    review: review.clone(),
                }),
                RunEvent::ArtifactKept {
                    step,
                    artifact,
                    from: Some(from),
                } => known.kept.push(Kept::Artifact {
                    step: step.clone(),
                    artifact: artifact.clone(),
                    from: *from,
                }),
                RunEvent::DoneBefore { step, from } => known.kept.push(Kept::Undone {
                    step: step.clone(),
                    from: *from,
                }),
                RunEvent::StepKept { step, output, from } => {
                    known.keeps(step, output, *from);
                }
                RunEvent::PassKept {
                    step,
                    item,
                    output,
                    done,
                    from,
                } => known.kept.push(Kept::Pass {
                    step: step.clone(),
                    item: item.clone(),
                    output: output.clone(),
                    done: *done,
                    from: *from,
                }),
                _ => {}
            }
        }
        known
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

    fn asks(&mut self, plan: &Plan, path: &StepPath, input: &Json) {
        let kind = plan.find(path).and_then(|step| step.work.kind());
        let known = self
            .steps
            .entry(path.clone())
            .or_insert_with(|| RecordedStep {
                kind,
                inputs: Vec::new(),
                ends: Vec::new(),
                interrupted: false,
            });
        // One that began again after a crash is the same call.
        if std::mem::take(&mut known.interrupted) {
            known.inputs.pop();
        }
        known.inputs.push(input.clone());
        if let Some(kind) = kind {
            self.by_request
                .entry((kind, digest(input)))
                .or_insert_with(|| path.clone());
        }
    }

    /// Takes in what came from outside.
    fn comes(&mut self, entry: &Entry, input: Input) {
        self.outside.push((entry.at, input));
    }

    /// The keys of a step's configuration that a person gave another value than the document does. What was
    /// corrected before is not among them.
    fn corrected(
        plan: &Plan,
        path: &StepPath,
        before: Option<&Json>,
        input: &Json,
    ) -> Option<Json> {
        let before = before.and_then(|before| before.value().as_object());
        // Only what its action knows is a person's.
        let kind = plan.find(path).and_then(|step| step.work.kind())?;
        let known = &schema_of(kind)["properties"];
        // Where it never had a value as a whole, parts of it stand in the document as they are.
        let planned = plan.find(path)?;
        let literal = plan.written(planned).with.as_ref();
        let given = input.value().as_object().into_iter().flatten();
        let given = given.filter(|(key, value)| {
            let before = match before {
                Some(before) => before.get(*key),
                None => literal.and_then(|with| with.get(*key)),
            };
            before != Some(*value) && known.get(*key).is_some()
        });
        let given: Map<String, Value> = given
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Some(Value::Object(given).into())
    }

    /// The last attempt of a step asked nobody.
    fn never_asked(&mut self, path: &StepPath) {
        let Some(known) = self.steps.get_mut(path) else {
            return;
        };
        if known.inputs.len() <= known.ends.len() {
            return;
        }
        let Some(input) = known.inputs.pop() else {
            return;
        };
        if known.inputs.is_empty()
            && let Some(kind) = known.kind
        {
            self.steps.remove(path);
            let request = (kind, digest(&input));
            if self.by_request.get(&request) == Some(path) {
                self.by_request.remove(&request);
            }
        }
    }

    fn resumes(&mut self, path: &StepPath, resume: Resume) {
        self.resumed.entry(path.clone()).or_default().push(resume);
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

    fn resolves(&mut self, path: &StepPath, after: Span, resolution: Resolution) {
        let known = self.resolved.entry(path.clone()).or_default();
        known.push(Resolved { after, resolution });
    }

    fn keeps(&mut self, path: &StepPath, output: &Json, from: RunId) {
        self.kept.push(Kept::Step {
            step: path.clone(),
            output: output.clone(),
            from,
        });
    }
}

/// The one step that a person let go on with the run, while others stayed as they were.
fn resumed_alone(after: &[Entry], held: &BTreeMap<&StepPath, Timestamp>) -> Option<StepPath> {
    let mut resumed = after.iter().map_while(|entry| match &entry.event {
        RunEvent::StepResumed { step, .. } | RunEvent::StepFailed { step, .. } => {
            held.contains_key(step).then_some(step)
        }
        _ => None,
    });
    let first = resumed.next().filter(|_| held.len() > 1)?;
    resumed.next().is_none().then(|| first.clone())
}

/// Whether nothing changed of what a gate lets through but the versions of other automations.
fn is_of_others(changes: &[Change]) -> bool {
    changes.iter().all(is_of_child)
}

/// The steps that run again where a gate is sent back.
fn sent_back(plan: &Plan, gate: &StepPath) -> Vec<StepPath> {
    let Some((list, planned)) = plan.locate(gate) else {
        return Vec::new();
    };
    let around = gate.0.rfind('.').map_or("", |dot| &gate.0[..=dot]);
    let back = planned
        .gate
        .as_ref()
        .and_then(|gate| gate.send_back.as_ref());
    let again = back.into_iter().flat_map(|back| &back.again);
    let path = |step: &usize| StepPath::from(&*format!("{around}{}", list.steps[*step].id));
    again.map(path).collect()
}

/// Whether a fact is the first of what the run did about something that it was told.
fn begins_turn(event: &RunEvent) -> bool {
    match event {
        RunEvent::AttemptFinished { outcome, .. } => !is_timeout(outcome),
        RunEvent::CancelRequested { .. }
        | RunEvent::Paused { .. }
        | RunEvent::Resumed { .. }
        | RunEvent::StepResumed { .. }
        | RunEvent::Admitted
        | RunEvent::ApprovalDecided { .. }
        | RunEvent::ApprovalSentBack { .. }
        | RunEvent::EventTaken { .. } => true,
        _ => false,
    }
}

fn is_timeout(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { failure, .. } if failure.class == FailureClass::Timeout)
}

/// How long an attempt took. One that ended in time by the run, but late by the clock, ended in time.
fn lasted(from: Timestamp, deadline: Option<Timestamp>, at: Timestamp, outcome: &Outcome) -> Span {
    match is_timeout(outcome) {
        true => at.since(from),
        false => in_time(deadline, at).since(from),
    }
}

/// The moment of something that was in time, if only by the run.
fn in_time(deadline: Option<Timestamp>, at: Timestamp) -> Timestamp {
    match deadline {
        Some(deadline) if at >= deadline => Timestamp(deadline.0.saturating_sub(1)),
        _ => at,
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

fn vote(decision: &Decision, after: Span) -> Vote {
    Vote {
        after,
        decision: decision.decision,
        by: decision.by.clone(),
        comment: decision.comment.clone(),
        fields: decision.fields.clone(),
    }
}

/// Where a step waits, nothing came, or nothing more than is known.
fn nothing_came<T>(rounds: &mut BTreeMap<StepPath, Rounds<T>>, step: &StepPath) {
    if let Some(Some(round)) = rounds.get_mut(step).map(|all| all.last_mut()) {
        round.get_or_insert_default();
    }
}

/// What a request is known by.
pub(super) fn digest(input: &Json) -> Digest {
    Digest::of(canonical(input.value()).as_bytes())
}
