//! What is always true of a run. One predicate, for simulation and for production.

use super::Run;
use super::state::{Phase, Trouble};
use crate::event::Status;
use std::collections::BTreeSet;

impl Run {
    /// Checks what must hold after every turn; `Err` says what does not.
    ///
    /// # Errors
    /// One sentence on the first thing that is wrong. It is a bug of the engine, whatever the input was.
    pub fn check(&self) -> Result<(), String> {
        let state = &self.state;
        let mut open = 0;
        let mut timers = BTreeSet::new();
        let mut running = BTreeSet::new();
        let mut ready = BTreeSet::new();
        let mut named = false;
        for (index, step) in state.steps.iter().enumerate() {
            let path = &self.plan.steps[index].path;
            let status = state.status(index);
            let fits = match &step.phase {
                Phase::Queued => status == Status::Queued,
                Phase::Running => status == Status::Running,
                Phase::Retrying { .. } | Phase::Waiting { .. } | Phase::Asking => {
                    status == Status::Waiting
                }
                Phase::Uncertain => status == Status::Uncertain,
                Phase::Over => status.is_final(),
                Phase::Broken { .. } | Phase::Interrupted => {
                    return Err(format!("step {path} was left unsettled"));
                }
            };
            if !fits {
                return Err(format!(
                    "step {path} is {} in {:?}",
                    status.name(),
                    step.phase
                ));
            }
            if let Some((at, timer)) = step.timer() {
                timers.insert((at, timer, index));
            }
            open += usize::from(step.phase != Phase::Over);
            named |= matches!(step.phase, Phase::Asking | Phase::Uncertain);
            if step.phase == Phase::Running {
                running.insert(index);
            }
            let needs: BTreeSet<usize> = self.plan.steps[index]
                .needs
                .iter()
                .map(|need| need.step)
                .filter(|need| state.steps[*need].phase != Phase::Over)
                .collect();
            if needs.len() != step.open_needs {
                return Err(format!("step {path} miscounts its needs"));
            }
            if needs.is_empty() && step.phase == Phase::Queued {
                ready.insert(index);
            }
        }
        if open != state.open || timers != state.timers || running != state.running {
            return Err("an index over the steps does not agree with them".into());
        }
        if ready != state.ready {
            return Err("the queue of ready steps does not agree with the steps".into());
        }
        if !ready.is_empty() || !state.to_end.is_empty() || !state.unsettled.is_empty() {
            return Err("something was left undone".into());
        }
        if let Some(finish) = &state.finish {
            if open > 0 {
                return Err("the run is over and steps are not".into());
            }
            let unhandled = state
                .steps
                .iter()
                .any(|step| matches!(step.trouble, Trouble::Unhandled | Trouble::Open(_)));
            if finish.status == Status::Succeeded && unhandled {
                return Err("the run succeeded with a failure that nothing handled".into());
            }
            return Ok(());
        }
        if open == 0 {
            return Err("all steps are over and the run is not".into());
        }
        if !named && running.is_empty() && timers.is_empty() {
            return Err("the run waits for nothing that has a name".into());
        }
        Ok(())
    }
}
