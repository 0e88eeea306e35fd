//! Drives a run with given answers: each comes at its moment, and where nothing is due, time jumps.

use super::answers::{Answer, Answers, Ask, GateAnswer, Source};
use super::course::{Call, Course, Stop};
use crate::Timestamp;
use crate::event::{ApprovalRequest, Decision, Entry, RunEvent, Start, StepPath};
use crate::plan::{Plan, check_value};
use crate::run::{DeadlineReason, Effect, GateStatus, Input, Kept, Rejected, Run};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The most facts of one rehearsal. A real run of this length is possible; nobody reads a trial of it.
const MOST_FACTS: usize = 2_000_000;

/// Rehearses a run of a plan from its start to its end, or to where an answer is missing.
///
/// Attempts are answered in the order in which they begin. Answers and time limits come in the order of
/// their moments; at the same moment a time limit comes first, for the answer was not there before it.
pub fn rehearse(
    plan: &Arc<Plan>,
    start: Start,
    kept: Vec<Kept>,
    now: Timestamp,
    answers: &mut dyn Answers,
) -> Course {
    let (run, entries) = Run::begin_with(Arc::clone(plan), start, kept, now);
    let mut drive = Drive {
        run,
        now,
        due: BTreeMap::new(),
        order: 0,
        calls: Vec::new(),
        stops: Vec::new(),
        unknown: BTreeSet::new(),
        facts: 0,
    };
    if let Some((at, by, reason)) = answers.cancel() {
        let cancel = Input::Cancel { by, reason };
        drive.later(at.max(now), StepPath::from(""), cancel);
    }
    drive.go(entries.into(), answers);
    drive.close()
}

struct Drive {
    run: Run,
    now: Timestamp,
    /// What comes, by its moment and then in the order in which it was arranged.
    due: BTreeMap<(Timestamp, u64), (StepPath, Input)>,
    order: u64,
    calls: Vec<Call>,
    stops: Vec<Stop>,
    /// Gates and uncertain steps that nobody answers. They are told at the end, when they still wait.
    unknown: BTreeSet<StepPath>,
    facts: usize,
}

impl Drive {
    fn later(&mut self, at: Timestamp, step: StepPath, input: Input) {
        self.order += 1;
        self.due.insert((at, self.order), (step, input));
    }

    fn stop(&mut self, path: &StepPath, code: &str, message: String) {
        self.stops.push(Stop {
            path: path.clone(),
            code: code.to_owned(),
            message,
        });
    }

    fn go(&mut self, mut facts: VecDeque<Entry>, answers: &mut dyn Answers) {
        loop {
            self.facts += facts.len();
            for fact in facts.drain(..) {
                self.see(fact, answers);
            }
            if self.facts > MOST_FACTS {
                let message = format!("it has more than {MOST_FACTS} facts");
                self.stop(&StepPath::from(""), "too_long", message);
                return;
            }
            if self.run.is_over() {
                return;
            }
            let Some((step, input)) = self.next() else {
                return;
            };
            match self.run.handle(self.now, input) {
                Ok(entries) => facts.extend(entries),
                // The step or the run ended meanwhile: what comes too late is of no consequence.
                Err(
                    Rejected::StaleAttempt
                    | Rejected::AlreadyOver
                    | Rejected::AlreadyDecided { .. },
                ) => {}
                Err(rejected) => {
                    let message = format!("what was given is refused: {rejected}");
                    self.stop(&step, "refused", message);
                }
            }
        }
    }

    /// The next thing that happens, time moved on to it.
    fn next(&mut self) -> Option<(StepPath, Input)> {
        let tick = (StepPath::from(""), Input::Tick);
        if self.run.goes_on() {
            return Some(tick);
        }
        let first = self.due.keys().next().copied();
        if let Some((at, reason)) = self.run.next_deadline()
            && first.is_none_or(|(due, _)| at <= due)
            && self.may_pass(&reason)
        {
            self.now = self.now.max(at);
            return Some(tick);
        }
        let key = first?;
        self.now = self.now.max(key.0);
        self.due.remove(&key)
    }

    /// Where an answer is missing, it is not known how long it takes: then no time limit is taken to run
    /// out, but what only waits goes on.
    fn may_pass(&self, reason: &DeadlineReason) -> bool {
        (self.stops.is_empty() && self.unknown.is_empty())
            || matches!(
                reason,
                DeadlineReason::Retry { .. }
                    | DeadlineReason::Wait { .. }
                    | DeadlineReason::NextPass { .. }
                    | DeadlineReason::GoesOn
            )
    }

    fn see(&mut self, fact: Entry, answers: &mut dyn Answers) {
        match fact.event {
            RunEvent::AttemptStarted { step, fence, .. } => self.asked(&step, fence, answers),
            RunEvent::ApprovalRequested { step, request } => self.gate(step, &request, answers),
            RunEvent::StepUncertain { step } => match answers.uncertain(&step) {
                Some(resolution) => {
                    let input = Input::ResolveUncertain {
                        step: step.clone(),
                        resolution,
                        by: "user:rehearsal".into(),
                        reason: None,
                    };
                    self.later(self.now, step, input);
                }
                None => {
                    self.unknown.insert(step);
                }
            },
            _ => {}
        }
    }

    fn asked(&mut self, step: &StepPath, begun: u64, answers: &mut dyn Answers) {
        // What began and was ended again in one turn never reaches the world.
        let Some(Effect::Attempt {
            step,
            number,
            fence,
            kind,
            input,
            ..
        }) = self.run.effect(&step.0)
        else {
            return;
        };
        if fence != begun {
            return;
        }
        let answer = answers.attempt(&Ask {
            step: &step,
            number,
            kind,
            input: &input,
        });
        let source = match &answer {
            Answer::Ends { source, .. } => *source,
            Answer::Hangs => Source::Mocked,
            Answer::Unknown => Source::None,
        };
        let planned = self.run.plan().find(&step);
        self.calls.push(Call {
            path: step.clone(),
            action: kind,
            attempt: number,
            effects: planned.and_then(|planned| planned.effects),
            input,
            at: self.now,
            answer: source,
        });
        match answer {
            Answer::Ends { outcome, after, .. } => {
                let ends = Input::Finished {
                    step: step.clone(),
                    number,
                    fence,
                    outcome,
                };
                self.later(self.now.after(after), step, ends);
            }
            Answer::Hangs => {}
            Answer::Unknown => {
                let which = match number {
                    1 => String::new(),
                    number => format!(" to attempt {number}"),
                };
                let message = format!("there is no answer{which} of step {step} ({})", kind.name());
                self.stop(&step, "no_answer", message);
            }
        }
    }

    fn gate(&mut self, step: StepPath, request: &ApprovalRequest, answers: &mut dyn Answers) {
        let votes = match answers.gate(&step, request) {
            GateAnswer::Votes(votes, _) => votes,
            GateAnswer::Unknown => {
                self.unknown.insert(step);
                return;
            }
        };
        for vote in votes {
            // The server looks at the form before the run sees the answer.
            if !request.fields.value().is_null() {
                let given = vote.fields.clone().unwrap_or_default();
                let wrong = check_value(request.fields.value(), given.value());
                if let Some(first) = wrong.first()
                    && vote.decision == crate::event::Verdict::Approve
                {
                    let message = format!("the fields do not fit the form: {}", first.message);
                    self.stop(&step, "refused", message);
                    continue;
                }
            }
            let at = self.now.after(vote.after);
            let decision = Decision {
                decision: vote.decision,
                by: vote.by,
                comment: vote.comment,
                fields: vote.fields,
                at,
                own_run: false,
            };
            let input = Input::Decide {
                approval: request.approval,
                decision,
            };
            self.later(at, step.clone(), input);
        }
    }

    fn close(mut self) -> Course {
        if !self.run.is_over() {
            let pending = self.run.approvals();
            let pending = pending
                .iter()
                .filter(|gate| gate.status == GateStatus::Pending)
                .map(|gate| gate.step.clone())
                .collect::<BTreeSet<_>>();
            for step in &pending {
                let message = format!("nobody decides at step {step}");
                self.stop(step, "no_decision", message);
            }
            for step in std::mem::take(&mut self.unknown) {
                if !pending.contains(&step)
                    && self
                        .run
                        .step(&step.0)
                        .is_some_and(|view| !view.status.is_final())
                {
                    let message = format!("nobody says what became of step {step}");
                    self.stop(&step, "not_resolved", message);
                }
            }
        }
        Course {
            run: self.run,
            calls: self.calls,
            stops: self.stops,
            ended_at: self.now,
        }
    }
}
