//! What is always true of a run. One predicate, for simulation and for production.

use super::Run;
use super::scope::{Owner, Place};
use super::state::{Phase, StepState, Trouble};
use crate::event::{Status, StepPath};
use crate::plan::Work;
use std::collections::BTreeSet;

/// The indexes over the steps as they must be.
#[derive(Debug, Default, PartialEq)]
struct Found {
    held: usize,
    timers: BTreeSet<(crate::Timestamp, super::state::Timer, Place)>,
    running: BTreeSet<Place>,
    throttled: BTreeSet<Place>,
    listening: BTreeSet<Place>,
    silences: BTreeSet<(crate::Timestamp, Place)>,
    ready: BTreeSet<Place>,
    unsettled: BTreeSet<Place>,
    over: BTreeSet<usize>,
    idle: BTreeSet<Place>,
    held_steps: BTreeSet<Place>,
}

impl Run {
    /// Checks what must hold after every turn; `Err` says what does not.
    ///
    /// # Errors
    /// One sentence on the first thing that is wrong. It is a bug of the engine, whatever the input was.
    pub fn check(&self) -> Result<(), String> {
        let state = &self.state;
        let mut found = Found::default();
        let mut named = state.paused.is_some();
        let mut unhandled = false;
        for (number, scope) in state.scopes.iter() {
            let mut open = 0;
            found.held += scope.steps.len();
            for (index, step) in scope.steps.iter().enumerate() {
                let place = Place {
                    scope: number,
                    step: index,
                };
                let path = state.path(&self.plan, place);
                self.check_step(place, step, &path)?;
                open += usize::from(step.phase != Phase::Over);
                named |= matches!(
                    step.phase,
                    Phase::Asking
                        | Phase::Listening
                        | Phase::Throttled { .. }
                        | Phase::Uncertain
                        | Phase::Paused { .. }
                );
                unhandled |= number == super::scope::TOP
                    && matches!(step.trouble, Trouble::Unhandled | Trouble::Open(_));
                self.find(place, step, &mut found);
            }
            if open != scope.open {
                return Err(format!("scope {number} miscounts its steps"));
            }
            let ended = match scope.owner {
                Owner::Run => state.finish.is_some() || state.handling.outcome.is_some(),
                Owner::Handlers(_) | Owner::Undo { .. } => true,
                Owner::Probe { of } => {
                    scope.close.is_some() || state.step(of).phase != Phase::Probing
                }
                Owner::Pass { of, number } => {
                    let looped = state.step(of).looped.as_ref();
                    let pass = looped.and_then(|looped| looped.passes.get(number));
                    pass.is_none_or(|pass| pass.status != Status::Running)
                }
            };
            if open == 0 && !ended {
                found.over.insert(number);
            }
        }
        let known = Found {
            held: state.held,
            timers: state.timers.clone(),
            running: state.running.clone(),
            throttled: state.throttled.clone(),
            listening: state.listening.clone(),
            silences: state.silences.clone(),
            ready: state.ready.clone(),
            unsettled: state.unsettled.clone(),
            over: state.over.clone(),
            idle: state.idle.clone(),
            held_steps: state.held_steps.clone(),
        };
        if known != found {
            return Err(format!(
                "an index over the steps does not agree with them: {known:?} and {found:?}"
            ));
        }
        if self.goes_on() && !self.cut {
            return Err("something was left undone".into());
        }
        if let Some(finish) = &state.finish {
            if state.scopes.iter().any(|(_, scope)| scope.open > 0) {
                return Err("the run is over and steps are not".into());
            }
            if finish.status == Status::Succeeded && unhandled {
                return Err("the run succeeded with a failure that nothing handled".into());
            }
            return Ok(());
        }
        named |= state.is_queued();
        if !self.cut && state.has_begun() && state.next_of_slot(&self.plan).is_some() {
            return Err("the run does not stand in the queue as it should".into());
        }
        if !named && found.running.is_empty() && found.timers.is_empty() && !self.goes_on() {
            return Err("the run waits for nothing that has a name".into());
        }
        Ok(())
    }

    fn find(&self, place: Place, step: &StepState, found: &mut Found) {
        if let Some((at, timer)) = step.timer() {
            found.timers.insert((at, timer, place));
        }
        if let Some(at) = step.silence() {
            found.silences.insert((at, place));
        }
        match step.phase {
            Phase::Listening => {
                found.listening.insert(place);
            }
            Phase::Running => {
                found.running.insert(place);
            }
            Phase::Throttled { .. } => {
                found.throttled.insert(place);
            }
            Phase::Broken { .. } | Phase::Interrupted | Phase::Told { .. } => {
                found.unsettled.insert(place);
            }
            Phase::Paused { .. } => {
                found.held_steps.insert(place);
            }
            Phase::Queued if step.open_needs == 0 => {
                found.ready.insert(place);
            }
            Phase::Looping => {
                let looped = step.looped.as_ref();
                if looped.is_some_and(|looped| looped.open == 0 && looped.due.is_none()) {
                    found.idle.insert(place);
                }
            }
            _ => {}
        }
    }

    fn check_step(&self, place: Place, step: &StepState, path: &StepPath) -> Result<(), String> {
        let state = &self.state;
        let status = state.status(place);
        let fits = match &step.phase {
            Phase::Queued => status == Status::Queued,
            Phase::Running | Phase::Broken { .. } | Phase::Interrupted => status == Status::Running,
            Phase::Retrying { .. }
            | Phase::Throttled { .. }
            | Phase::Waiting { .. }
            | Phase::Listening
            | Phase::Asking => status == Status::Waiting,
            Phase::Uncertain | Phase::Probing | Phase::Told { .. } => status == Status::Uncertain,
            Phase::Paused { .. } => status == Status::Paused,
            Phase::Looping => matches!(status, Status::Running | Status::Waiting),
            Phase::Over => status.is_final(),
        };
        if !fits {
            let phase = &step.phase;
            return Err(format!("step {path} is {} in {phase:?}", status.name()));
        }
        let planned = state.planned(&self.plan, place);
        let needs: BTreeSet<usize> = planned
            .needs
            .iter()
            .map(|need| need.step)
            .filter(|need| {
                let need = Place {
                    step: *need,
                    ..place
                };
                state.step(need).phase != Phase::Over
            })
            .collect();
        if needs.len() != step.open_needs {
            return Err(format!("step {path} miscounts its needs"));
        }
        let Some(looped) = &step.looped else {
            return Ok(());
        };
        let open = looped.passes.values();
        let open = open.filter(|pass| pass.status == Status::Running).count();
        let most = match &planned.work {
            Work::Loop(plan) => plan.times.max_parallel(),
            Work::Action(_) => return Err(format!("step {path} is no loop and has passes")),
        };
        if open != looped.open || open > most {
            return Err(format!("loop {path} miscounts its passes"));
        }
        if step.phase == Phase::Over && open > 0 {
            return Err(format!("loop {path} is over and its passes are not"));
        }
        Ok(())
    }
}
