//! Handlers: the lists `on_failure` and `finally`, and what undoes a step.

use super::{Block, PROBE, Plan, PlannedStep};
use crate::definition::Step;
use crate::event::{HandlerList, StepPath};

/// The id of what undoes a step, and the last part of its path.
pub(crate) const UNDO: &str = "undo";

/// What undoes a step, as a step: it has the time limit, the retries and the delivery of the step itself.
pub(crate) fn undo_step(step: &Step) -> Option<Step> {
    let undo = step.undo.as_ref()?;
    Some(Step {
        id: UNDO.into(),
        action: Some(undo.action.clone()),
        with: Some(undo.with.clone()),
        timeout: step.timeout,
        retry: step.retry.clone(),
        delivery: step.delivery,
        effects: step.effects,
        ..Step::default()
    })
}

impl Plan {
    /// The block of a list of handlers.
    pub fn handler_block(&self, list: HandlerList) -> Option<usize> {
        let mut handlers = self.handlers.iter();
        handlers.find_map(|(known, block)| (*known == list).then_some(*block))
    }

    /// The list of handlers that a path leads into, and the path in it. A path to what undoes a step
    /// that has such a name leads into none.
    pub(crate) fn split_handlers<'a>(&self, path: &'a StepPath) -> Option<(HandlerList, &'a str)> {
        let (first, rest) = path.0.split_once('.')?;
        let (list, block) = self
            .handlers
            .iter()
            .find(|(list, _)| list.name() == first)?;
        let id = rest.split(['.', '[']).next().unwrap_or_default();
        self.blocks[*block].step(id)?;
        Some((*list, rest))
    }

    /// The step that a path in a run leads to, whichever passes of loops it goes through. A path to a
    /// pass leads to its loop.
    pub fn find(&self, path: &StepPath) -> Option<&PlannedStep> {
        self.locate(path).map(|(_, step)| step)
    }

    /// As [`Plan::find`], with the list that the step stands in.
    pub fn locate(&self, path: &StepPath) -> Option<(&Block, &PlannedStep)> {
        let inside;
        let (mut block, path) = match self.split_handlers(path) {
            Some((list, rest)) => {
                inside = StepPath::from(rest);
                (self.blocks.get(self.handler_block(list)?), &inside)
            }
            None => (Some(self.top()), path),
        };
        let mut found: Option<(&Block, &PlannedStep)> = None;
        for part in path.parts() {
            let (id, pass) = part?;
            let Some(list) = block.take() else {
                let (_, of) = found.filter(|_| pass.is_none())?;
                let behind = match id {
                    UNDO => of.undo?,
                    PROBE => of.probe.as_ref()?.block,
                    _ => return None,
                };
                let list = self.blocks.get(behind)?;
                found = Some((list, list.steps.first()?));
                continue;
            };
            let step = list.steps.get(list.step(id)?)?;
            match (pass, step.work.looped()) {
                (None, _) => {}
                (Some(_), Some(looped)) => block = self.blocks.get(looped.body),
                (Some(_), None) => return None,
            }
            found = Some((list, step));
        }
        found
    }
}
