//! The answers of a run that was, given one after the other.

use super::answers::{
    Answer, Answers, Ask, EventAnswer, GateAnswer, Hold, Limits, Resolved, Resume, Source,
};
use super::recorded::{End, Recorded, Rounds};
use crate::definition::{Delivery, FailureClass};
use crate::event::{ApprovalRequest, Failure, Outcome, StepPath};
use crate::run::{Input, Resolution};
use crate::{Json, Span, Timestamp};
use std::collections::BTreeMap;

pub(super) struct Replay<'a> {
    known: &'a Recorded,
    alone: bool,
    /// How many answers of each step were given.
    taken: BTreeMap<StepPath, usize>,
    /// Whose answers each step was given last.
    from: BTreeMap<StepPath, StepPath>,
    /// How often each step was uncertain.
    open: BTreeMap<StepPath, usize>,
    /// How often each gate asked, each wait began, each step waited for a person.
    waited: BTreeMap<StepPath, usize>,
    /// How often the run was queued.
    turns: usize,
    /// How many attempts of each step have begun.
    begun: BTreeMap<StepPath, usize>,
}

impl Answers for Replay<'_> {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        *self.begun.entry(ask.step.clone()).or_default() += 1;
        let own = self.known.steps.get_key_value(ask.step);
        let own = own.filter(|(_, known)| known.kind.is_none_or(|kind| kind == ask.kind));
        let equal = own
            .is_some_and(|(_, known)| known.inputs.is_empty() || known.inputs.contains(ask.input));
        // The same request under another name is the same call; else the step's own answer stands in.
        let other = || {
            let path = self.known.same_request(ask.kind, ask.input)?;
            self.known.steps.get_key_value(path)
        };
        let ((path, known), source) = match own {
            Some(own) if equal => (own, Source::Recorded),
            own => match (other(), own) {
                (Some(other), _) => (other, Source::Recorded),
                (None, Some(own)) => (own, Source::Assumed),
                (None, None) => return self.kept(ask.step),
            },
        };
        self.from.insert(ask.step.clone(), path.clone());
        let taken = self.taken.entry(ask.step.clone()).or_default();
        let resolved = |number: usize| {
            let resolved = self.known.resolved.get(path)?.get(number)?;
            Some(&resolved.resolution)
        };
        while let Some((end, after)) = known.ends.get(*taken) {
            *taken += 1;
            let outcome = match end {
                End::Known(outcome) => outcome.clone(),
                End::Open(_) if ask.delivery == Delivery::AtMostOnce => open(),
                // Here it would have been repeated, and given what was found out of it.
                End::Open(number) => match resolved(*number) {
                    Some(Resolution::Happened { output }) => Outcome::Succeeded {
                        output: output.clone(),
                    },
                    Some(Resolution::Failed { .. }) => open(),
                    Some(Resolution::Again) => continue,
                    None => break,
                },
            };
            return Answer::Ends {
                outcome,
                after: *after,
                source,
            };
        }
        Answer::Unknown
    }

    fn gate(&mut self, step: &StepPath, _: &ApprovalRequest) -> GateAnswer {
        match self.round(&self.known.gates, step) {
            Some(votes) => GateAnswer::Votes(votes, Source::Recorded),
            None => GateAnswer::Unknown,
        }
    }

    fn clear(&self, output: &Json) -> Option<Json> {
        self.known.clear.get(output).cloned()
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolved> {
        let from = self.from.get(step).unwrap_or(step);
        let asked = self.open.entry(step.clone()).or_default();
        let resolved = self.known.resolved.get(from)?.get(*asked)?;
        *asked += 1;
        Some(resolved.clone())
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

    fn quiet(&self, step: &StepPath) -> Option<Span> {
        self.known.quiet.get(step).copied().filter(|_| !self.alone)
    }

    fn limits(&self) -> Limits {
        match self.alone {
            true => Limits::default(),
            false => self.known.held.limits(),
        }
    }

    fn turn(&mut self) -> Option<Hold> {
        self.turns += 1;
        (!self.alone).then(|| self.known.held.turn(self.turns - 1))
    }

    fn permit(&mut self, step: &StepPath) -> Option<Hold> {
        let begun = self.begun.get(step).copied().unwrap_or_default();
        (!self.alone).then(|| self.known.held.permit(step, begun))
    }

    fn ended(&self) -> Option<Timestamp> {
        self.known.ended.filter(|_| !self.alone)
    }

    fn outside(&self) -> Vec<(Timestamp, Input)> {
        match self.alone {
            true => Vec::new(),
            false => self.known.outside.clone(),
        }
    }

    fn times_out(&self) -> bool {
        self.known.timed_out && !self.alone
    }
}

impl<'a> Replay<'a> {
    pub(super) fn new(known: &'a Recorded, alone: bool) -> Self {
        Self {
            known,
            alone,
            taken: BTreeMap::new(),
            from: BTreeMap::new(),
            open: BTreeMap::new(),
            waited: BTreeMap::new(),
            turns: 0,
            begun: BTreeMap::new(),
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
                // What was asked for stood in a run that is gone.
                source: Source::Kept,
            },
            None => Answer::Unknown,
        }
    }
}

/// What an attempt gives of which nobody knows whether it happened.
fn open() -> Outcome {
    Outcome::Failed {
        failure: Failure::new(
            FailureClass::Uncertain,
            "interrupted",
            "the server stopped in the middle of this attempt",
        ),
        retry_after_ms: None,
    }
}
