//! Answers of a run that was: by the step's path and the digest of what it asked for.

use super::answers::{Answer, Answers, Ask, Comes, EventAnswer, GateAnswer, Resume, Source, Vote};
use crate::event::{
    ApprovalRequest, Decision, Entry, Failure, Outcome, Probed, RunEvent, StepPath,
};
use crate::json::canonical;
use crate::plan::{ActionKind, Plan};
use crate::run::{Input, Kept, Resolution, ResumeAnswer};
use crate::{Digest, Json, RunId, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the calls, gates and end of an earlier run, or of a recording.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    steps: BTreeMap<StepPath, RecordedStep>,
    /// The first step that asked for this.
    by_request: BTreeMap<(ActionKind, Digest), StepPath>,
    /// The answers to each request of a gate.
    gates: BTreeMap<StepPath, Rounds<Vote>>,
    /// What came each time that a `wait` for an event began.
    waits: BTreeMap<StepPath, Rounds<Comes>>,
    resolved: BTreeMap<StepPath, Resolution>,
    resumed: BTreeMap<StepPath, Vec<Resume>>,
    kept: Vec<Kept>,
    cancels: Vec<(Timestamp, Input)>,
    /// Steps that were ended by the end of what they belong to.
    canceled: BTreeSet<StepPath>,
    timed_out: bool,
}

/// What came each time that something was waited for; none where that was not known when the run ended.
type Rounds<T> = Vec<Option<Vec<T>>>;

/// What is known of a step's attempts.
#[derive(Debug, Clone)]
struct RecordedStep {
    kind: Option<ActionKind>,
    /// What each attempt asked for; not known for what was only recorded as an answer.
    inputs: Vec<Json>,
    outcomes: Vec<(Outcome, Span)>,
}

impl Recorded {
    /// What a journal tells, read along the plan that it is of.
    pub fn of(plan: &Plan, entries: &[Entry]) -> Self {
        let mut known = Self::default();
        let mut begun: BTreeMap<&StepPath, (Timestamp, Option<Timestamp>)> = BTreeMap::new();
        let mut asked: BTreeMap<&StepPath, (Timestamp, Option<Timestamp>)> = BTreeMap::new();
        let mut held: BTreeMap<&StepPath, Timestamp> = BTreeMap::new();
        let mut queued: Option<Span> = None;
        let mut open: BTreeSet<&StepPath> = BTreeSet::new();
        for entry in entries {
            match &entry.event {
                RunEvent::AttemptStarted {
                    step,
                    input,
                    deadline,
                    ..
                } => {
                    begun.insert(step, (entry.at, *deadline));
                    if open.remove(step) {
                        known.resolved.insert(step.clone(), Resolution::Again);
                    }
                    known.asks(plan, step, input);
                }
                RunEvent::AttemptFinished { step, outcome, .. } => {
                    if open.remove(step) {
                        if let Outcome::Succeeded { output } = outcome {
                            let output = output.clone();
                            let happened = Resolution::Happened { output };
                            known.resolved.insert(step.clone(), happened);
                        }
                        continue;
                    }
                    let Some((from, deadline)) = begun.get(step) else {
                        continue;
                    };
                    let after = lasted(*from, *deadline, entry.at, outcome);
                    if let Some(step) = known.steps.get_mut(step) {
                        step.outcomes.push((outcome.clone(), after));
                    }
                }
                RunEvent::StepUncertain { step } => {
                    open.insert(step);
                }
                // What follows is no answer of a person's.
                RunEvent::StepChecked { step, answer, .. } if *answer != Probed::Unknown => {
                    open.remove(step);
                }
                // One that began again after a crash asked for the same.
                RunEvent::AttemptInterrupted { step, .. } => {
                    if let Some(known) = known.steps.get_mut(step)
                        && known.inputs.len() > 1
                    {
                        known.inputs.pop();
                    }
                }
                RunEvent::StepFailed { step, failure } | RunEvent::StepPaused { step, failure } => {
                    if open.remove(step) {
                        let message = failure.message.clone();
                        let failed = Resolution::Failed { message };
                        known.resolved.insert(step.clone(), failed);
                    }
                    if let RunEvent::StepPaused { .. } = &entry.event {
                        held.insert(step, entry.at);
                    } else if let Some(from) = held.remove(step) {
                        let after = entry.at.since(from);
                        known.resumes(step, after, "user:rehearsal", None, ResumeAnswer::Fail);
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
                    let again = ResumeAnswer::Again {
                        input: input.clone(),
                    };
                    known.resumes(step, entry.at.since(from), by, reason.clone(), again);
                }
                RunEvent::ApprovalRequested { step, .. } => {
                    asked.insert(step, (entry.at, None));
                    known.gates.entry(step.clone()).or_default().push(None);
                }
                RunEvent::ApprovalDecided { step, decision }
                | RunEvent::ApprovalSentBack { step, decision } => {
                    let from = asked.get(step).map_or(entry.at, |(from, _)| *from);
                    let vote = vote(decision, entry.at.since(from));
                    if let Some(Some(round)) = known.gates.get_mut(step).map(|all| all.last_mut()) {
                        round.get_or_insert_default().push(vote);
                    }
                }
                // Nobody answered in time; so nobody does in the rehearsal.
                RunEvent::ApprovalExpired { step } | RunEvent::ApprovalVoided { step, .. } => {
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
                    known.canceled.insert(step.clone());
                }
                RunEvent::WaitFinished { step } => nothing_came(&mut known.waits, step),
                RunEvent::CancelRequested { by, reason } => {
                    let (by, reason) = (by.clone(), reason.clone());
                    let early = queued.unwrap_or_default().as_millis();
                    let early = i64::try_from(early).unwrap_or(i64::MAX);
                    let at = Timestamp(entry.at.0.saturating_sub(early));
                    known.cancels.push((at, Input::Cancel { by, reason }));
                }
                // A rehearsal does not wait for its turn: it is as much earlier than the run was.
                RunEvent::Admitted => {
                    let created = entries.first().map_or(entry.at, |first| first.at);
                    queued.get_or_insert(entry.at.since(created));
                }
                RunEvent::RunTimedOut => known.timed_out = true,
                RunEvent::AskedBefore { step, from, asked } => known.kept.push(Kept::Asked {
                    step: step.clone(),
                    from: *from,
                    asked: asked.clone(),
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
                outcomes: vec![(outcome, Span::default())],
            };
            (StepPath::from(&*id), step)
        });
        Self {
            steps: steps.collect(),
            ..Self::default()
        }
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
        match &known.outcomes.last()?.0 {
            Outcome::Succeeded { output } => Some(output),
            Outcome::Failed { .. } => None,
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

    fn kept_output(&self, path: &StepPath) -> Option<&Json> {
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
                outcomes: Vec::new(),
            });
        known.inputs.push(input.clone());
        if let Some(kind) = kind {
            self.by_request
                .entry((kind, digest(input)))
                .or_insert_with(|| path.clone());
        }
    }

    fn resumes(
        &mut self,
        path: &StepPath,
        after: Span,
        by: &str,
        reason: Option<String>,
        answer: ResumeAnswer,
    ) {
        self.resumed.entry(path.clone()).or_default().push(Resume {
            after,
            by: by.to_owned(),
            reason,
            answer,
        });
    }

    fn keeps(&mut self, path: &StepPath, output: &Json, from: RunId) {
        self.kept.push(Kept::Step {
            step: path.clone(),
            output: output.clone(),
            from,
        });
    }
}

/// How long an attempt took. One that ended in time by the run, but late by the clock, ended in time.
fn lasted(from: Timestamp, deadline: Option<Timestamp>, at: Timestamp, outcome: &Outcome) -> Span {
    let timed_out = matches!(outcome, Outcome::Failed { failure, .. }
        if failure.class == crate::definition::FailureClass::Timeout);
    match timed_out {
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

struct Replay<'a> {
    known: &'a Recorded,
    alone: bool,
    /// How many answers of each step were given.
    taken: BTreeMap<StepPath, usize>,
    /// How often each gate asked, each wait began, each step waited for a person.
    waited: BTreeMap<StepPath, usize>,
}

impl Answers for Replay<'_> {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        let own = self.known.steps.get_key_value(ask.step);
        let own = own.filter(|(_, known)| known.kind.is_none_or(|kind| kind == ask.kind));
        let equal = own
            .is_some_and(|(_, known)| known.inputs.is_empty() || known.inputs.contains(ask.input));
        // The same request under another name is the same call; else the step's own answer stands in.
        let other = || {
            let path = self.known.same_request(ask.kind, ask.input)?;
            self.known.steps.get(path)
        };
        let (known, source) = match own.map(|(_, known)| known) {
            Some(own) if equal => (own, Source::Recorded),
            own => match (other(), own) {
                (Some(other), _) => (other, Source::Recorded),
                (None, Some(own)) => (own, Source::Assumed),
                (None, None) => return self.kept(ask.step),
            },
        };
        let taken = self.taken.entry(ask.step.clone()).or_default();
        let answer = known.outcomes.get(*taken);
        *taken += 1;
        match answer {
            Some((outcome, after)) => Answer::Ends {
                outcome: outcome.clone(),
                after: *after,
                source,
            },
            // It was ended while it ran: here that comes in its place, too.
            None if !self.alone && self.known.canceled.contains(ask.step) => Answer::Canceled,
            None => Answer::Unknown,
        }
    }

    fn gate(&mut self, step: &StepPath, _: &ApprovalRequest) -> GateAnswer {
        match self.round(&self.known.gates, step) {
            Some(votes) => GateAnswer::Votes(votes, Source::Recorded),
            None => GateAnswer::Unknown,
        }
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolution> {
        self.known.resolved.get(step).cloned()
    }

    fn paused(&mut self, step: &StepPath, _: &Failure) -> Option<Resume> {
        let waited = self.waited.entry(step.clone()).or_default();
        let resume = self.known.resumed.get(step)?.get(*waited)?;
        *waited += 1;
        Some(resume.clone())
    }

    fn event(&mut self, step: &StepPath, _: &str) -> EventAnswer {
        match self.round(&self.known.waits, step) {
            Some(events) => EventAnswer::Come(events),
            None => EventAnswer::Unknown,
        }
    }

    fn outside(&self) -> Vec<(Timestamp, Input)> {
        match self.alone {
            true => Vec::new(),
            false => self.known.cancels.clone(),
        }
    }

    fn times_out(&self) -> bool {
        self.known.timed_out && !self.alone
    }
}

impl<'a> Replay<'a> {
    fn new(known: &'a Recorded, alone: bool) -> Self {
        Self {
            known,
            alone,
            taken: BTreeMap::new(),
            waited: BTreeMap::new(),
        }
    }

    /// What came the next time that a step waited; nobody knows where the run ended first.
    fn round<T: Clone>(
        &mut self,
        rounds: &BTreeMap<StepPath, Rounds<T>>,
        step: &StepPath,
    ) -> Option<Vec<T>> {
        let waited = self.waited.entry(step.clone()).or_default();
        let round = rounds.get(step)?.get(*waited)?;
        *waited += 1;
        round.clone()
    }

    fn kept(&self, step: &StepPath) -> Answer {
        match self.known.kept_output(step).filter(|_| self.alone) {
            Some(output) => Answer::Ends {
                outcome: Outcome::Succeeded {
                    output: output.clone(),
                },
                after: Span::default(),
                // What was asked for stands in the run that it was kept from.
                source: Source::Assumed,
            },
            None => Answer::Unknown,
        }
    }
}
