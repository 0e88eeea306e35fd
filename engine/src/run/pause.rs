//! Pauses: of a whole run, and of a step that failed under `on_error: pause`.
//!
//! A run that a person pauses starts nothing new: no step begins, no retry, no list of handlers. Attempts
//! under way come to their end, those that a crash interrupted included, and gates still take answers. The
//! clock goes on: waits, gates and time limits end when they would have ended, and what is due by the time
//! of the resume follows then. A cancel ends the pause.
//!
//! A step that fails for good under `on_error: pause` waits for a person while the rest of the run goes on.
//! The person has it tried again, with all its retries and the same idempotency key, or lets it fail. What
//! the person corrects is judged from the document's own configuration, and takes the place of what was
//! corrected before. A version that corrects it gives its own configuration, with what is known in this run.

use super::covered::{asks_before, is_approved};
use super::input::ResumeAnswer;
use super::scope::Place;
use super::state::{Phase, State};
use super::{Rejected, attempt};
use crate::action_config::schema_of;
use crate::check::misplaced;
use crate::definition::{Mode, OnError, Walk};
use crate::event::{Failure, RunEvent, StepPath};
use crate::json::canonical;
use crate::plan::{ActionKind, Plan, PlannedStep, pointer};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Finding, Json, Timestamp};
use serde_json::{Map, Value};

/// Who paused a run, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pause {
    pub(super) by: String,
    pub(super) reason: Option<String>,
}

/// The fact that a step has failed for good.
pub(super) fn failed(state: &State, plan: &Plan, place: Place, failure: Failure) -> RunEvent {
    let step = state.path(plan, place);
    let planned = state.planned(plan, place);
    let effect = planned.work.kind().is_some_and(ActionKind::has_attempts);
    match planned.on_error {
        OnError::Pause if effect => RunEvent::StepPaused { step, failure },
        OnError::Pause | OnError::Fail | OnError::Continue => {
            RunEvent::StepFailed { step, failure }
        }
    }
}

/// Corrected keys, if the step's action has them and takes such values.
fn fitting(
    planned: &PlannedStep,
    given: Map<String, Value>,
) -> Result<Map<String, Value>, Rejected> {
    let Some(kind) = planned.work.kind() else {
        return Ok(given);
    };
    let mut value = Value::Object(given);
    let mut walk = Walk::new(schema_of(kind), Mode::Plain);
    walk.value(&mut value, "/input");
    // What is not corrected stands in the document.
    let of_given = |finding: &Finding| finding.path.as_deref() != Some("/input");
    let mut findings: Vec<Finding> = walk.findings.into_iter().filter(of_given).collect();
    for finding in &mut findings {
        let own = finding
            .path
            .as_deref()
            .map(|path| path.matches('/').count())
            == Some(2);
        if own && finding.code == "unknown_key" && !finding.help.starts_with("known here") {
            let known = schema_of(kind)["properties"].as_object();
            let known: Vec<&str> = known.into_iter().flatten().map(|(key, _)| &**key).collect();
            finding.help = format!("{} Known here: {}", finding.help, known.join(", "));
        }
    }
    if !findings.is_empty() {
        return Err(Rejected::BadCorrection { findings });
    }
    match value {
        Value::Object(given) => Ok(given),
        _ => Ok(Map::new()),
    }
}

impl State {
    /// The facts of a person's wish to pause the run.
    pub(super) fn pause(&self, by: &str, reason: Option<&str>) -> Result<Vec<RunEvent>, Rejected> {
        let over = self.finish.is_some();
        #[cfg(test)]
        let over = over && !planted(Bug::AfterTheEnd);
        if over {
            return Err(Rejected::AlreadyOver);
        }
        if self.paused.is_some() {
            return Ok(Vec::new());
        }
        Ok(vec![RunEvent::Paused {
            by: by.to_owned(),
            reason: reason.map(ToOwned::to_owned),
        }])
    }

    /// The facts of a person's wish that the run goes on.
    pub(super) fn resume(
        &self,
        plan: &Plan,
        by: &str,
        reason: Option<&str>,
        step: Option<&StepPath>,
        answer: &ResumeAnswer,
    ) -> Result<Vec<RunEvent>, Rejected> {
        if self.finish.is_some() {
            return Err(Rejected::AlreadyOver);
        }
        let places: Vec<Place> = match step {
            None => self.held_steps.iter().copied().collect(),
            Some(step) => {
                let place = self.place_of_step(plan, step);
                let held = place.filter(|place| self.held_steps.contains(place));
                vec![held.ok_or(Rejected::NotPaused)?]
            }
        };
        let asks = !matches!(answer, ResumeAnswer::Again { input: None });
        if asks && places.is_empty() {
            return Err(Rejected::NotPaused);
        }
        let (by, reason) = (by.to_owned(), reason.map(ToOwned::to_owned));
        let mut facts = Vec::with_capacity(places.len() + 1);
        if self.paused.is_some() {
            facts.push(RunEvent::Resumed {
                by: by.clone(),
                reason: reason.clone(),
            });
        }
        match answer {
            ResumeAnswer::Fail => facts.extend(places.iter().filter_map(|place| {
                let Phase::Paused { failure } = &self.step(*place).phase else {
                    return None;
                };
                Some(RunEvent::StepFailed {
                    step: self.path(plan, *place),
                    failure: (**failure).clone(),
                })
            })),
            ResumeAnswer::Version { plan: other } => {
                for place in places {
                    facts.push(RunEvent::StepResumed {
                        step: self.path(plan, place),
                        by: by.clone(),
                        reason: reason.clone(),
                        input: Some(self.rewritten(plan, place, other)?),
                    });
                }
            }
            ResumeAnswer::Again { input } => {
                if input.is_some() && places.len() > 1 {
                    return Err(Rejected::WhichStep);
                }
                for place in places {
                    let input = match input {
                        Some(given) => Some(self.corrected(plan, place, given)?),
                        None => None,
                    };
                    facts.push(RunEvent::StepResumed {
                        step: self.path(plan, place),
                        by: by.clone(),
                        reason: reason.clone(),
                        input,
                    });
                }
            }
        }
        Ok(facts)
    }

    /// The configuration that another version gives a step.
    fn rewritten(&self, plan: &Plan, place: Place, other: &Plan) -> Result<Json, Rejected> {
        let path = self.path(plan, place);
        let own = self.planned(plan, place);
        let refused = |why: String| Err(Rejected::NotInVersion { why });
        let Some((_, there)) = other.locate(&path) else {
            return refused(format!("that version has no step {path}"));
        };
        if there.work.name() != own.work.name() {
            let (there, own) = (there.work.name(), own.work.name());
            return refused(format!("in that version {path} is {there}, and not {own}"));
        }
        // Where secrets are filled in is known of the run's own version.
        if there.secrets != own.secrets {
            return refused(format!(
                "in that version {path} takes other secrets, or in other places"
            ));
        }
        // A value that the run keeps sealed goes only where its own version lets it go.
        let sealed = plan.inputs.iter().filter(|input| input.sensitive);
        let sealed = sealed.map(|input| input.name.as_str()).collect();
        let with = other.written(there).with.as_ref();
        let misplaced = with.map(|with| misplaced(sealed, there.work.name(), with));
        if let Some(finding) = misplaced.iter().flatten().next() {
            let at = finding.path.as_deref().unwrap_or_default();
            return refused(format!(
                "in that version {path} would take a sensitive input of this run where it must not go ({at}): {}",
                finding.message
            ));
        }
        if asks_before(other, &path) {
            return Err(Rejected::Approved);
        }
        let whole = self.as_written(place, (other, there), &Map::new());
        self.unless_approved(plan, place, whole)
    }

    /// A configuration for a step, unless the step was approved with another one.
    fn unless_approved(
        &self,
        plan: &Plan,
        place: Place,
        whole: Result<Map<String, Value>, Rejected>,
    ) -> Result<Json, Rejected> {
        if !is_approved(self, plan, place) {
            return Ok(Value::Object(whole?).into());
        }
        let whole = whole.map_err(|_| Rejected::Approved)?;
        let whole = Json::from(Value::Object(whole));
        let same = |input: &Json| canonical(input.value()) == canonical(whole.value());
        match self.step(place).input.as_ref().is_some_and(same) {
            true => Ok(whole),
            false => Err(Rejected::Approved),
        }
    }

    /// The configuration of a step with other values under some keys.
    fn corrected(&self, plan: &Plan, place: Place, given: &Json) -> Result<Json, Rejected> {
        let whole = self.with_given(plan, place, given);
        self.unless_approved(plan, place, whole)
    }

    fn with_given(
        &self,
        plan: &Plan,
        place: Place,
        given: &Json,
    ) -> Result<Map<String, Value>, Rejected> {
        let given = match given.value() {
            Value::Object(given) => given.clone(),
            _ => Map::new(),
        };
        let planned = self.planned(plan, place);
        let given = fitting(planned, given)?;
        let mut whole = self.as_written(place, (plan, planned), &given)?;
        whole.extend(given);
        Ok(whole)
    }

    /// The configuration as a document has it: what earlier corrections gave is not in it, so that a later
    /// one takes their place. A key whose expression has no value must be among those that are given.
    fn as_written(
        &self,
        place: Place,
        (plan, planned): (&Plan, &PlannedStep),
        given: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Rejected> {
        let values = self.values(place.scope);
        let mut whole = Map::new();
        let mut findings = Vec::new();
        for key in plan
            .written(planned)
            .with
            .iter()
            .flatten()
            .map(|(key, _)| key)
        {
            match planned.with.render_entry(key, &values) {
                Ok(Some(value)) => drop(whole.insert(key.clone(), value.value().clone())),
                Ok(None) => {}
                Err(_) if given.contains_key(key) => {}
                Err(error) => findings.push(
                    Finding::error(
                        "missing_key",
                        format!("`{key}` has no value as it is written: {error}"),
                    )
                    .at_path(pointer(&["input", key]))
                    .help("give it as well"),
                ),
            }
        }
        match findings.is_empty() {
            true => Ok(whole),
            false => Err(Rejected::BadCorrection { findings }),
        }
    }

    pub(super) fn step_paused(&mut self, place: Place, failure: &Failure) {
        let value = self.scopes[place.scope].value_mut(place.step);
        let failure = Box::new(failure.clone());
        value.error = Some(failure.clone());
        self.enter(
            place,
            Phase::Paused { failure },
            crate::event::Status::Paused,
        );
    }

    pub(super) fn step_resumed(
        &mut self,
        plan: &Plan,
        place: Place,
        input: Option<&Json>,
        at: Timestamp,
    ) {
        self.scopes[place.scope].value_mut(place.step).error = None;
        let key = match (&self.step(place).key, input) {
            (None, Some(input)) => Some(attempt::own_key(self, plan, place, input)),
            _ => None,
        };
        let step = self.step_mut(place);
        step.failures = 0;
        step.deaths = 0;
        step.anew = step.attempts.len();
        if let Some(input) = input {
            step.input = Some(input.clone());
        }
        if let Some(key) = key {
            step.key = Some(key.as_str().into());
        }
        if step.input.is_some() {
            let due = Phase::Retrying { due: at };
            self.enter(place, due, crate::event::Status::Waiting);
        } else {
            // Its configuration had no value; it is rendered again.
            self.enter(place, Phase::Queued, crate::event::Status::Queued);
            self.ready.insert(place);
        }
    }
}
