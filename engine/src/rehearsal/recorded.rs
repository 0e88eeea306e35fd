//! Answers of a run that was: by the step's path and the digest of what it asked for.

use super::answers::{Answer, Answers, Ask, GateAnswer, Source, Vote};
use crate::event::{ApprovalRequest, Entry, Outcome, RunEvent, StepPath};
use crate::json::canonical;
use crate::plan::{ActionKind, Plan};
use crate::run::{Kept, Resolution};
use crate::{Digest, Json, RunId, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the calls, gates and end of an earlier run, or of a recording.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    steps: BTreeMap<StepPath, RecordedStep>,
    /// The first step that asked for this.
    by_request: BTreeMap<(ActionKind, Digest), StepPath>,
    gates: BTreeMap<StepPath, Vec<Vote>>,
    resolved: BTreeMap<StepPath, Resolution>,
    kept: Vec<Kept>,
    cancel: Option<(Timestamp, String, Option<String>)>,
}

/// What is known of a step's attempts.
#[derive(Debug, Clone)]
struct RecordedStep {
    kind: Option<ActionKind>,
    /// What it asked for; not known for what was only recorded as an answer.
    input: Option<Json>,
    outcomes: Vec<(Outcome, Span)>,
}

impl Recorded {
    /// What a journal tells, read along the plan that it is of.
    pub fn of(plan: &Plan, entries: &[Entry]) -> Self {
        let mut known = Self::default();
        let mut begun: BTreeMap<&StepPath, (Timestamp, Option<Timestamp>)> = BTreeMap::new();
        let mut asked: BTreeMap<&StepPath, Timestamp> = BTreeMap::new();
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
                RunEvent::StepFailed { step, failure } if open.remove(step) => {
                    let message = failure.message.clone();
                    let failed = Resolution::Failed { message };
                    known.resolved.insert(step.clone(), failed);
                }
                RunEvent::ApprovalRequested { step, .. } => {
                    asked.insert(step, entry.at);
                }
                RunEvent::ApprovalDecided { step, decision } => {
                    let from = asked.get(step).copied().unwrap_or(entry.at);
                    known.gates.entry(step.clone()).or_default().push(Vote {
                        after: entry.at.since(from),
                        decision: decision.decision,
                        by: decision.by.clone(),
                        comment: decision.comment.clone(),
                        fields: decision.fields.clone(),
                    });
                }
                // Nobody answered in time; so nobody does in the rehearsal.
                RunEvent::ApprovalExpired { step } => {
                    known.gates.entry(step.clone()).or_default();
                }
                RunEvent::CancelRequested { by, reason } => {
                    known.cancel = Some((entry.at, by.clone(), reason.clone()));
                }
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
                input: None,
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

    /// What a step asked for.
    pub fn request(&self, step: &StepPath) -> Option<(ActionKind, &Json)> {
        let known = self.steps.get(step)?;
        Some((known.kind?, known.input.as_ref()?))
    }

    /// The steps that asked for something, with what.
    pub fn requests(&self) -> impl Iterator<Item = (&StepPath, ActionKind, &Json)> {
        self.steps
            .iter()
            .filter_map(|(path, step)| Some((path, step.kind?, step.input.as_ref()?)))
    }

    /// As a source of answers.
    pub fn answers(&self) -> impl Answers + '_ {
        Replay {
            known: self,
            alone: false,
            taken: BTreeMap::new(),
        }
    }

    /// As [`Recorded::answers`], for a run of its own: what happened to the earlier one from outside, a
    /// cancel, does not happen to this one, and what that one kept is an answer too.
    pub fn answers_alone(&self) -> impl Answers + '_ {
        Replay {
            known: self,
            alone: true,
            taken: BTreeMap::new(),
        }
    }

    fn kept_output(&self, path: &StepPath) -> Option<&Json> {
        self.kept.iter().find_map(|kept| match kept {
            Kept::Step { step, output, .. } if step == path => Some(output),
            _ => None,
        })
    }

    fn asks(&mut self, plan: &Plan, path: &StepPath, input: &Json) {
        let kind = plan.find(path).and_then(|step| step.work.kind());
        self.steps
            .entry(path.clone())
            .or_insert_with(|| RecordedStep {
                kind,
                input: Some(input.clone()),
                outcomes: Vec::new(),
            });
        if let Some(kind) = kind {
            self.by_request
                .entry((kind, digest(input)))
                .or_insert_with(|| path.clone());
        }
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
    match deadline {
        Some(deadline) if at >= deadline && !timed_out => {
            Timestamp(deadline.0.saturating_sub(1)).since(from)
        }
        _ => at.since(from),
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
}

impl Answers for Replay<'_> {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        let own = self.known.steps.get_key_value(ask.step);
        let own = own.filter(|(_, known)| known.kind.is_none_or(|kind| kind == ask.kind));
        let equal = own
            .is_some_and(|(_, known)| known.input.as_ref().is_none_or(|input| input == ask.input));
        // The same request under another name is the same call; else the step's own answer stands in.
        let other = || {
            let path = self.known.same_request(ask.kind, ask.input)?;
            self.known.steps.get(path)
        };
        let (known, source) = match own {
            Some((_, own)) if equal => (own, Source::Recorded),
            own => match (other(), own) {
                (Some(other), _) => (other, Source::Recorded),
                (None, Some((_, own))) => (own, Source::Assumed),
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
            None => Answer::Unknown,
        }
    }

    fn gate(&mut self, step: &StepPath, _: &ApprovalRequest) -> GateAnswer {
        match self.known.gates.get(step) {
            Some(votes) => GateAnswer::Votes(votes.clone(), Source::Recorded),
            None => GateAnswer::Unknown,
        }
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolution> {
        self.known.resolved.get(step).cloned()
    }

    fn cancel(&self) -> Option<(Timestamp, String, Option<String>)> {
        self.known.cancel.clone().filter(|_| !self.alone)
    }
}

impl Replay<'_> {
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
