//! Runs that do not happen: dry runs, and versions tried on earlier runs. Nothing is sent, nothing stored.

use super::{Engine, clock};
use crate::service::{RunError, RunView, Submit};
use druse_engine::event::{Outcome, Start};
use druse_engine::plan::Plan;
use druse_engine::rehearsal::{
    Call, Clear, Layers, Mocks, Recorded, Stop, Trial, compare, rehearse as rehearsed,
};
use druse_engine::run::Run;
use druse_engine::{AutomationId, Json, RunId};
use druse_storage::ReadError;
use serde_json::Value;
use std::sync::Arc;

/// Over how many retries a result is followed to the run that it came from.
const MOST_RETRIES: usize = 100;

/// What a dry run is answered with; what comes first wins.
#[derive(Debug, Default)]
pub struct Given {
    /// Answers that were written down.
    pub mocks: Mocks,
    /// An earlier run whose answers are taken.
    pub run: Option<RunId>,
    /// Answers by the ids of steps, such as those of a recording.
    pub outcomes: Vec<(String, Outcome)>,
    /// Whether gates that nothing answers are approved.
    pub approve: bool,
}

/// A dry run.
#[derive(Debug)]
pub struct Rehearsed {
    /// The run as it came to be.
    pub view: RunView,
    /// The effects that it would have had, in order.
    pub effects: Vec<Call>,
    /// Where it could not go on.
    pub stops: Vec<Stop>,
}

impl Engine {
    /// The plan of a version, or of the active one, with the version's number.
    ///
    /// # Errors
    /// When there is none, or it cannot run.
    pub fn plan(
        &self,
        automation: AutomationId,
        version: Option<u32>,
    ) -> Result<(Arc<Plan>, u32), RunError> {
        let compiled = self
            .0
            .plans
            .get(self.0.store.as_ref(), automation, version)?;
        Ok((compiled.plan.clone(), compiled.version))
    }

    /// What a run would do, as far as its answers reach.
    ///
    /// # Errors
    /// When the automation cannot be run with these inputs, or the run that answers cannot be read.
    pub fn rehearse(&self, submit: Submit, given: Given) -> Result<Rehearsed, RunError> {
        let compiled =
            self.0
                .plans
                .get(self.0.store.as_ref(), submit.automation, submit.version)?;
        let inputs = self.inputs(&compiled.plan, submit.run, &submit.inputs)?;
        let recorded = match given.run {
            Some(run) => Some(self.recorded_whole(run)?),
            None => None,
        };
        let outcomes = Recorded::of_outcomes(given.outcomes);
        let start = Start {
            run: submit.run,
            automation: Some(compiled.automation),
            name: compiled.name.clone(),
            version: compiled.version,
            digest: compiled.digest.clone(),
            cause: submit.cause,
            started_by: submit.started_by,
            inputs,
            trigger: submit.trigger,
            scheduled_at: submit.scheduled_at,
            root: submit.run,
            depth: 0,
        };
        let mut answers = Layers::default()
            .with(given.mocks.answers())
            .approving(given.approve);
        if let Some(recorded) = &recorded {
            answers = answers.with(recorded.answers_alone());
        }
        answers = answers.with(outcomes.answers());
        let course = rehearsed(
            &compiled.plan,
            start,
            Vec::new(),
            clock::now(),
            &mut answers,
        );
        Ok(Rehearsed {
            view: self.shown(&course.run),
            effects: course.calls,
            stops: course.stops,
        })
    }

    /// What a version would have decided and asked for in an earlier run, answered as that one was.
    ///
    /// # Errors
    /// When the run cannot be read, or the version does not take its inputs.
    pub fn try_on(&self, plan: &Arc<Plan>, version: u32, id: RunId) -> Result<Trial, RunError> {
        let (earlier, recorded) = self.recorded(id)?;
        let before = earlier.start();
        // An input that this version does not have any more is not given to it.
        let known: serde_json::Map<String, Value> = before
            .inputs
            .value()
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| plan.inputs.iter().any(|input| input.name == **name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if plan.digest() == earlier.plan().digest() {
            return Ok(Trial::of_itself(&earlier, &recorded));
        }
        let known = Json::from(Value::Object(known));
        let inputs = self.retried_inputs(plan, before.root, &known, None)?;
        let start = Start {
            version,
            digest: plan.digest().clone(),
            inputs,
            ..before.clone()
        };
        let mut answers = recorded.answers();
        let begun = earlier.created_at();
        let course = rehearsed(plan, start, recorded.kept(), begun, &mut answers);
        Ok(compare(&earlier, &recorded, &course))
    }

    /// What a stored run was answered; what it kept of others is taken from these, as far as they are
    /// still there.
    fn recorded_whole(&self, id: RunId) -> Result<Recorded, RunError> {
        let mut line = vec![(id, self.recorded(id)?.1)];
        while line.len() < MOST_RETRIES
            && let Some(from) = line.last().and_then(|(_, last)| last.kept_of().pop_first())
        {
            match self.recorded(from) {
                Ok((_, earlier)) => line.push((from, earlier)),
                Err(RunError::NotFound(_)) => break,
                Err(error) => return Err(error),
            }
        }
        let mut earlier = None;
        for (run, mut recorded) in line.into_iter().rev() {
            if let Some((from, known)) = &earlier {
                recorded.learn(*from, known);
            }
            earlier = Some((run, recorded));
        }
        earlier
            .map(|(_, recorded)| recorded)
            .ok_or(RunError::NotFound("run"))
    }

    /// A stored run, and what it was answered.
    fn recorded(&self, id: RunId) -> Result<(Run, Recorded), RunError> {
        if self.0.store.run_head(id)?.is_none() {
            return Err(RunError::NotFound("run"));
        }
        let damaged = |reason: String| RunError::Read(ReadError::Damaged(reason));
        let entries = self.journal(id)?;
        let compiled = self.plan_of(&entries)?;
        let recorded = Recorded::of(&compiled.plan, &entries);
        let run = Run::replay(compiled.plan.clone(), entries.clone())
            .map_err(|error| damaged(error.to_string()))?;
        let root = run.start().root;
        let clear = Clear::of(&entries, |output| self.clear(root, output));
        Ok((run, recorded.knowing(clear)))
    }
}
