//! Reads a journal into what a rehearsal is answered with.

use super::answers::{Comes, Resolved, Resume, Vote};
use super::recorded::{Recorded, RecordedStep, Rounds, digest};
use super::retain::is_within;
use crate::action_config::schema_of;
use crate::definition::FailureClass;
use crate::event::{Change, Decision, Entry, Failure, Outcome, Probed, RunEvent, StepPath};
use crate::plan::Plan;
use crate::run::{Input, Kept, Resolution, ResumeAnswer, is_of_child};
use crate::{Json, Span, Timestamp};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A journal that is being read, fact by fact.
pub(super) struct Reading<'e> {
    plan: &'e Plan,
    entries: &'e [Entry],
    known: Recorded,
    steps: BTreeMap<&'e StepPath, SoFar<'e>>,
    /// Where the turn of the run begins that the last fact belongs to, and its moment.
    turn: (usize, Option<Timestamp>),
    /// Behind which fact, and when, a person let a step fail last.
    let_fail: Option<(usize, Timestamp)>,
}

/// What is known of a step up to a fact.
#[derive(Debug, Default)]
struct SoFar<'e> {
    attempt: Option<Began>,
    /// When it asked people last, or began to wait for an event, and until when it waits.
    asked: Option<(Timestamp, Option<Timestamp>)>,
    /// Since when it has failed and waits for a person.
    held: Option<Timestamp>,
    /// Since when it is not known whether it happened.
    open: Option<Timestamp>,
    /// When it last began, or began to wait, whatever for.
    since: Option<Timestamp>,
    /// What it asked for as the document has it.
    written: Option<&'e Json>,
    /// Whether a person has corrected that.
    corrected: bool,
    /// Whether what it asked people is void for what became of other automations alone.
    voided: bool,
}

/// The last attempt of a step.
#[derive(Debug, Clone, Copy)]
struct Began {
    /// The fact.
    index: usize,
    at: Timestamp,
    deadline: Option<Timestamp>,
}

impl<'e> Reading<'e> {
    /// What a journal tells, read along the plan that it is of.
    pub(super) fn of(plan: &'e Plan, entries: &'e [Entry]) -> Recorded {
        let mut reading = Self {
            plan,
            entries,
            known: Recorded::default(),
            steps: BTreeMap::new(),
            turn: (0, None),
            let_fail: None,
        };
        for (index, entry) in entries.iter().enumerate() {
            reading.known.held.see(entry);
            if reading.turn.1 != Some(entry.at) || begins_turn(&entry.event) {
                reading.turn = (index, Some(entry.at));
            }
            reading.see(index, entry);
        }
        reading.known
    }

    fn step(&mut self, path: &'e StepPath) -> &mut SoFar<'e> {
        self.steps.entry(path).or_default()
    }

    fn see(&mut self, index: usize, entry: &'e Entry) {
        if let RunEvent::AttemptStarted { step, .. }
        | RunEvent::ApprovalRequested { step, .. }
        | RunEvent::EventAwaited { step, .. }
        | RunEvent::StepUncertain { step }
        | RunEvent::StepPaused { step, .. } = &entry.event
        {
            self.step(step).since = Some(entry.at);
        }
        match &entry.event {
            RunEvent::AttemptStarted {
                step,
                input,
                deadline,
                ..
            } => {
                let began = Began {
                    index,
                    at: entry.at,
                    deadline: *deadline,
                };
                self.begins(step, input, began);
            }
            RunEvent::AttemptFinished { step, outcome, .. } => self.ends(step, outcome, entry.at),
            RunEvent::StepUncertain { step } => self.left_open(step, entry.at),
            // What follows is no answer of a person's.
            RunEvent::StepChecked { step, answer, .. } if *answer != Probed::Unknown => {
                self.step(step).open = None;
            }
            RunEvent::AttemptInterrupted { step, .. } => {
                if let Some(known) = self.known.steps.get_mut(step) {
                    known.was_interrupted();
                }
            }
            RunEvent::StepFailed { step, failure } => {
                self.gave_up(step, failure, entry.at);
                self.let_fail(step, index, entry.at);
                // No event came in time; so none does in the rehearsal.
                nothing_came(&mut self.known.waits, step);
            }
            RunEvent::StepPaused { step, failure } => {
                self.gave_up(step, failure, entry.at);
                self.step(step).held = Some(entry.at);
                nothing_came(&mut self.known.waits, step);
            }
            RunEvent::StepResumed {
                step,
                by,
                reason,
                input,
            } => {
                let from = self.step(step).held.take().unwrap_or(entry.at);
                let input = input.as_ref().and_then(|input| {
                    let so_far = self.step(step);
                    so_far.corrected = true;
                    let written = so_far.written;
                    corrected(self.plan, step, written, input)
                });
                let resume = Resume {
                    after: entry.at.since(from),
                    by: by.clone(),
                    reason: reason.clone(),
                    answer: ResumeAnswer::Again { input },
                    all: false,
                };
                self.resumes(step, resume);
            }
            RunEvent::ApprovalRequested { step, .. } => self.asks_people(step, entry.at),
            RunEvent::ApprovalDecided { step, decision } => {
                self.decides(step, decision, entry.at);
            }
            RunEvent::ApprovalSentBack { step, decision } => {
                // What runs again is as the document has it.
                let again = sent_back(self.plan, step);
                let again: BTreeSet<&StepPath> = again.iter().collect();
                for (path, so_far) in &mut self.steps {
                    so_far.corrected &= !is_within(path, &again);
                }
                self.decides(step, decision, entry.at);
            }
            RunEvent::ApprovalVoided { step, changes } if is_of_others(changes) => {
                self.step(step).voided = true;
            }
            // Nobody answered in time; so nobody does in the rehearsal.
            RunEvent::ApprovalExpired { step }
            | RunEvent::ApprovalEscalated { step, .. }
            | RunEvent::ApprovalVoided { step, .. } => nothing_came(&mut self.known.gates, step),
            RunEvent::EventAwaited { step, until, .. } => {
                self.step(step).asked = Some((entry.at, *until));
                self.known.waits.entry(step.clone()).or_default().push(None);
            }
            RunEvent::EventTaken {
                step, event, value, ..
            } => {
                let (from, until) = self.step(step).asked.unwrap_or((entry.at, None));
                let comes = Comes {
                    after: in_time(until, entry.at).since(from),
                    event: Some(*event),
                    value: value.clone(),
                };
                if let Some(round) = last(&mut self.known.waits, step) {
                    *round = Some(vec![comes]);
                }
            }
            RunEvent::StepCanceled { step } => self.canceled(step, entry.at),
            RunEvent::WaitFinished { step } => nothing_came(&mut self.known.waits, step),
            RunEvent::RunTimedOut => self.known.timed_out = true,
            RunEvent::Finished { .. } => self.known.ended = Some(entry.at),
            _ => {
                if let Some(input) = self.outside(index, entry) {
                    self.known.outside.push((entry.at, input));
                }
                self.known.kept.extend(kept(&entry.event));
            }
        }
    }

    /// An attempt begins.
    fn begins(&mut self, step: &'e StepPath, input: &'e Json, began: Began) {
        let so_far = self.step(step);
        so_far.attempt = Some(began);
        if !so_far.corrected {
            so_far.written = Some(input);
        }
        if let Some(from) = so_far.open.take() {
            self.resolves(step, began.at.since(from), Resolution::Again);
        }
        // Where its time was over at once, nobody was asked.
        if began.deadline.is_none_or(|end| end > began.at) {
            self.asks(step, input);
        }
    }

    /// An attempt ends.
    fn ends(&mut self, step: &'e StepPath, outcome: &Outcome, at: Timestamp) {
        let so_far = self.step(step);
        if let Some(from) = so_far.open.take() {
            if let Outcome::Succeeded { output } = outcome {
                let output = output.clone();
                self.resolves(step, at.since(from), Resolution::Happened { output });
            }
            return;
        }
        let Some(began) = so_far.attempt else {
            return;
        };
        if began.deadline.is_some_and(|end| end <= began.at) {
            return;
        }
        let after = lasted(began.at, began.deadline, at, outcome);
        if let Some(known) = self.known.steps.get_mut(step) {
            known.ends(outcome.clone(), after);
        }
    }

    /// It is not known whether a step happened.
    fn left_open(&mut self, step: &'e StepPath, at: Timestamp) {
        let so_far = self.step(step);
        so_far.open = Some(at);
        let after = so_far.attempt.map_or_else(Span::default, |began| {
            in_time(began.deadline, at).since(began.at)
        });
        let number = self.known.resolved.get(step).map_or(0, Vec::len);
        if let Some(known) = self.known.steps.get_mut(step) {
            known.left_open(number, after);
        }
    }

    /// A step has failed, for good or until a person says what becomes of it.
    fn gave_up(&mut self, step: &'e StepPath, failure: &Failure, at: Timestamp) {
        if let Some(from) = self.step(step).open.take() {
            let message = failure.message.clone();
            self.resolves(step, at.since(from), Resolution::Failed { message });
        } else if let Some(known) = self.known.steps.get_mut(step).filter(|s| s.interrupted) {
            // It was given up after the process had died of it: nothing else will come.
            let outcome = Outcome::Failed {
                failure: failure.clone(),
                retry_after_ms: None,
            };
            known.ends(outcome, Span::default());
        }
    }

    /// A step has failed: where it waited for a person, they let it fail.
    fn let_fail(&mut self, step: &'e StepPath, index: usize, at: Timestamp) {
        let Some(from) = self.step(step).held.take() else {
            return;
        };
        let beside = self.let_fail.replace((index + 1, at));
        let follows = |next: &Entry| {
            next.at == at
                && matches!(&next.event, RunEvent::StepFailed { step, .. } if self.is_held(step))
        };
        let resume = Resume {
            after: at.since(from),
            by: "user:rehearsal".into(),
            reason: None,
            answer: ResumeAnswer::Fail,
            all: beside == Some((index, at)) || self.entries.get(index + 1).is_some_and(follows),
        };
        self.resumes(step, resume);
    }

    fn is_held(&self, step: &StepPath) -> bool {
        let so_far = self.steps.get(step);
        so_far.is_some_and(|so_far| so_far.held.is_some())
    }

    /// The one step that a person let go on with the run, while others stayed as they were.
    fn resumed_alone(&self, after: &[Entry]) -> Option<StepPath> {
        let mut resumed = after.iter().map_while(|entry| match &entry.event {
            RunEvent::StepResumed { step, .. } | RunEvent::StepFailed { step, .. } => {
                self.is_held(step).then_some(step)
            }
            _ => None,
        });
        let held = self.steps.values().filter(|so_far| so_far.held.is_some());
        let several = held.take(2).count() > 1;
        let first = resumed.next().filter(|_| several)?;
        resumed.next().is_none().then(|| first.clone())
    }

    fn asks_people(&mut self, step: &'e StepPath, at: Timestamp) {
        let so_far = self.step(step);
        // It asks anew because another version of what it lets start became active: here none does, and only the
        // answers to what it let through count.
        if std::mem::take(&mut so_far.voided) {
            if let Some(round) = last(&mut self.known.gates, step) {
                *round = None;
            }
            return;
        }
        so_far.asked = Some((at, None));
        self.known.gates.entry(step.clone()).or_default().push(None);
    }

    fn decides(&mut self, step: &'e StepPath, decision: &Decision, at: Timestamp) {
        let from = self.step(step).asked.map_or(at, |(from, _)| from);
        let vote = vote(decision, at.since(from));
        if let Some(round) = last(&mut self.known.gates, step) {
            round.get_or_insert_default().push(vote);
        }
    }

    fn canceled(&mut self, step: &'e StepPath, at: Timestamp) {
        let turn = self.turn.0;
        let so_far = self.step(step);
        let since = so_far.since;
        // What begins and is ended in one turn never reaches the world.
        if so_far.attempt.is_some_and(|began| began.index >= turn) {
            self.never_asked(step);
        }
        if let Some(from) = since {
            self.known.quiet.insert(step.clone(), at.since(from));
        }
    }

    /// What came from outside without being asked for.
    fn outside(&self, index: usize, entry: &Entry) -> Option<Input> {
        Some(match &entry.event {
            RunEvent::CancelRequested { by, reason } => Input::Cancel {
                by: by.clone(),
                reason: reason.clone(),
            },
            RunEvent::Paused { by, reason } => Input::Pause {
                by: by.clone(),
                reason: reason.clone(),
            },
            RunEvent::Resumed { by, reason } => Input::Resume {
                by: by.clone(),
                reason: reason.clone(),
                step: self.resumed_alone(&self.entries[index + 1..]),
                answer: ResumeAnswer::Again { input: None },
            },
            RunEvent::PassedOver { reason } => Input::PassOver {
                reason: reason.clone(),
            },
            // Limits were set while it ran.
            RunEvent::Queued { claim: Some(claim) } if entry.seq > 2 => Input::Claim {
                claim: (**claim).clone(),
            },
            _ => return None,
        })
    }

    fn asks(&mut self, path: &StepPath, input: &Json) {
        let kind = self.plan.find(path).and_then(|step| step.work.kind());
        let known = self
            .known
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
            self.known
                .by_request
                .entry((kind, digest(input)))
                .or_insert_with(|| path.clone());
        }
    }

    /// The last attempt of a step asked nobody.
    fn never_asked(&mut self, path: &StepPath) {
        let Some(known) = self.known.steps.get_mut(path) else {
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
            self.known.steps.remove(path);
            let request = (kind, digest(&input));
            if self.known.by_request.get(&request) == Some(path) {
                self.known.by_request.remove(&request);
            }
        }
    }

    fn resumes(&mut self, path: &StepPath, resume: Resume) {
        self.known
            .resumed
            .entry(path.clone())
            .or_default()
            .push(resume);
    }

    fn resolves(&mut self, path: &StepPath, after: Span, resolution: Resolution) {
        let known = self.known.resolved.entry(path.clone()).or_default();
        known.push(Resolved { after, resolution });
    }
}

/// The keys of a step's configuration that a person gave another value than the document does. What was
/// corrected before is not among them.
fn corrected(plan: &Plan, path: &StepPath, before: Option<&Json>, input: &Json) -> Option<Json> {
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

/// What a fact says that the run kept of an earlier one.
fn kept(event: &RunEvent) -> Option<Kept> {
    Some(match event {
        RunEvent::AskedBefore { step, from, asked } => Kept::Asked {
            step: step.clone(),
            from: *from,
            asked: asked.clone(),
        },
        RunEvent::SentBackBefore {
            step,
            turn,
            times,
            review,
        } => Kept::SentBack {
            step: step.clone(),
            turn: *turn,
            times: *times,
            review: review.clone(),
        },
        RunEvent::ArtifactKept {
            step,
            artifact,
            from: Some(from),
        } => Kept::Artifact {
            step: step.clone(),
            artifact: artifact.clone(),
            from: *from,
        },
        RunEvent::DoneBefore { step, from } => Kept::Undone {
            step: step.clone(),
            from: *from,
        },
        RunEvent::StepKept { step, output, from } => Kept::Step {
            step: step.clone(),
            output: output.clone(),
            from: *from,
        },
        RunEvent::PassKept {
            step,
            item,
            output,
            done,
            from,
        } => Kept::Pass {
            step: step.clone(),
            item: item.clone(),
            output: output.clone(),
            done: *done,
            from: *from,
        },
        _ => return None,
    })
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

/// What is known of the last time that a step asked or waited.
fn last<'r, T>(
    rounds: &'r mut BTreeMap<StepPath, Rounds<T>>,
    step: &StepPath,
) -> Option<&'r mut Option<Vec<T>>> {
    rounds.get_mut(step)?.last_mut()
}
