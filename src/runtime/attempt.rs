//! Attempts: one task each, which reports back through the run it belongs to and stops when told.

use super::{Engine, internal};
use crate::action::Attempt;
use druse_engine::definition::FailureClass;
use druse_engine::event::{Failure, Outcome};
use druse_engine::plan::ActionKind;
use druse_engine::run::{Effect, Input};
use druse_engine::RunId;
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use tokio_util::sync::CancellationToken;

/// The largest output that a step may give, in bytes of JSON text.
const LARGEST_OUTPUT: usize = 4 << 20;

impl Engine {
    /// Starts what a durable `AttemptStarted` allows.
    pub(super) fn launch(&self, run: RunId, effect: Effect, token: CancellationToken) {
        let engine = self.clone();
        tokio::spawn(async move {
            let Effect::Attempt { step, number, fence, kind, input, secrets, timeout, idempotency_key, .. } = effect;
            let attempt = Attempt {
                run,
                step: step.to_string(),
                number,
                kind,
                input,
                secrets,
                idempotency_key,
                fence,
                timeout: timeout.map(|span| span.0),
            };
            let work = async {
                match kind {
                    ActionKind::Automation => internal::start_automation(&engine, &attempt, &token).await,
                    ActionKind::Emit => internal::emit(&engine, &attempt).await,
                    _ => engine.0.actions.perform(attempt.clone(), token.clone()).await,
                }
            };
            let outcome = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!(%run, %step, "an action panicked");
                failed("internal_error", "The action broke; the server's log says more.")
            });
            if engine.0.closing.is_cancelled() {
                // What was stopped by the shutdown is interrupted, not failed: the next start takes it up.
                return;
            }
            engine.give_and_forget(run, Input::Finished { step, number, fence, outcome: within_limit(outcome) });
        });
    }
}

fn failed(code: &str, message: &str) -> Outcome {
    Outcome::Failed { failure: Failure::new(FailureClass::Permanent, code, message), retry_after_ms: None }
}

fn within_limit(outcome: Outcome) -> Outcome {
    match &outcome {
        Outcome::Succeeded { output } if output.text().len() > LARGEST_OUTPUT => failed(
            "output_too_large",
            &format!("The step gave {} bytes; the limit is {LARGEST_OUTPUT}.", output.text().len()),
        ),
        _ => outcome,
    }
}
