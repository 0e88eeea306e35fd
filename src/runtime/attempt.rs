//! Attempts: one task each, which reports back through the run it belongs to and stops when told.

use super::flow::AtWork;
use super::trial::Launch;
use super::{Engine, live};
use crate::action::Attempt;
use crate::secret::holds_seal;
use druse_engine::definition::FailureClass;
use druse_engine::event::{Failure, Outcome, Start};
use druse_engine::json::{DEEPEST, is_deep};
use druse_engine::run::{Effect, Input, LARGEST_OUTPUT};
use druse_engine::{Json, RunId};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

impl Engine {
    /// Starts what a durable `AttemptStarted` allows, or keeps it back while others are tried.
    pub(super) fn launch(
        &self,
        run: RunId,
        effect: Effect,
        token: CancellationToken,
        at_work: Option<AtWork>,
    ) {
        let launch = Launch {
            run,
            effect,
            token,
            at_work,
        };
        if let Some(launch) = self.0.trial.keep_back(launch) {
            drop(self.begin(launch));
        }
    }

    /// Starts an attempt; what is given ends with it.
    pub(super) fn begin(&self, launch: Launch) -> JoinHandle<()> {
        let waits = launch.waits();
        let Launch {
            run,
            effect,
            token,
            at_work,
        } = launch;
        let engine = self.clone();
        let Effect::Attempt {
            step,
            number,
            fence,
            kind,
            input,
            secrets,
            timeout,
            idempotency_key,
            ..
        } = effect;
        // A run that is not here any more may touch nothing.
        let (root, given, capabilities, of) = self.0.live.get(run).map_or_else(
            || (run, Json::null(), Arc::default(), (None, 0)),
            |live| {
                let locked = live::lock(&live);
                let capabilities = locked.run.plan().capabilities().clone();
                let start = locked.run.start();
                let of = (start.automation, start.version);
                (start.root, given(start), capabilities, of)
            },
        );
        let pins = self.pins_for(kind, of);
        let attempt = Attempt {
            run,
            root,
            log: engine.0.actions.logs().of(run, &step.0, number),
            step: step.to_string(),
            number,
            kind: kind.name().to_owned(),
            input,
            given,
            sensitive: Vec::new(),
            secrets,
            idempotency_key,
            fence,
            timeout: timeout.map(|span| span.0),
            reads_only: false,
            pins: pins.as_ref().cloned().unwrap_or_default(),
            capabilities: Some(capabilities),
            files: engine.files(run),
        };
        let files = attempt.files.clone();
        let work = async move {
            let outcome = match pins {
                Ok(_) => engine.0.actions.perform(attempt, token.clone()).await,
                // Without knowing what it was activated with, nothing is called.
                Err(failure) => Outcome::Failed {
                    failure,
                    retry_after_ms: None,
                },
            };
            drop(at_work);
            // Nothing new is taken in while the engine ends: an attempt that asks for it is given up then,
            // though nobody canceled it.
            let is_refused = engine.0.draining.is_cancelled()
                && !token.is_cancelled()
                && matches!(&outcome, Outcome::Failed { failure, .. } if failure.class == FailureClass::Canceled);
            if engine.0.closing.is_cancelled() || is_refused {
                // What the shutdown stopped is interrupted, not failed: the next start takes it up.
                return;
            }
            for left in files.take() {
                engine.leave(run, &step, (number, fence), left);
            }
            let outcome = within_limit(outcome);
            let input = if let Outcome::Succeeded { output } = &outcome
                && let Some(clear) = engine.clear(root, output)
            {
                Input::Answered {
                    step,
                    number,
                    fence,
                    output: output.clone(),
                    clear,
                }
            } else {
                Input::Finished {
                    step,
                    number,
                    fence,
                    outcome,
                }
            };
            engine.give_and_forget(run, input);
        };
        if waits {
            tokio::spawn(work)
        } else {
            self.0.working.spawn(work)
        }
    }
}

impl Engine {
    /// An output as it came, where a number in it is kept sealed. It is not to be shown, and not to be stored.
    pub(super) fn clear(&self, root: RunId, output: &Json) -> Option<Json> {
        let secrets = self.0.actions.secrets();
        let opened = secrets.open_sealed(root, output, &Json::null()).ok()??;
        Some(opened.value)
    }
}

/// The inputs of a run, where some of them are sealed.
pub(super) fn given(start: &Start) -> Json {
    match holds_seal(start.inputs.text()) {
        true => start.inputs.clone(),
        false => Json::null(),
    }
}

fn within_limit(outcome: Outcome) -> Outcome {
    match &outcome {
        Outcome::Succeeded { output } if output.text().len() > LARGEST_OUTPUT => {
            let value = output.value();
            let twice = match value.get("json").is_some_and(|json| !json.is_null())
                && value.get("stdout").is_some()
            {
                true => {
                    " What the program printed is JSON, and counts twice: as `stdout` and as `json`."
                }
                false => "",
            };
            let message = format!(
                "The output takes {} bytes; the limit is {LARGEST_OUTPUT}.{twice}",
                output.text().len()
            );
            let failure = Failure::new(FailureClass::Permanent, "output_too_large", message);
            Outcome::Failed {
                failure,
                retry_after_ms: None,
            }
        }
        Outcome::Succeeded { output } if is_deep(output.value()) => {
            let message = format!("The output is nested more than {DEEPEST} deep.");
            Outcome::Failed {
                failure: Failure::new(FailureClass::Permanent, "output_too_deep", message),
                retry_after_ms: None,
            }
        }
        Outcome::Succeeded { .. } | Outcome::Failed { .. } => outcome,
    }
}
