//! What the log of an attempt says beside what it wrote itself: why it did not end well and what follows.

use super::Engine;
use crate::secret::hide;
use druse_engine::RunId;
use druse_engine::event::{Entry, Outcome, RunEvent, StepPath};

impl Engine {
    /// Says in the logs of attempts that they failed and are tried again, or were interrupted.
    pub(super) fn note_ends(&self, run: RunId, entries: &[Entry]) {
        for (index, entry) in entries.iter().enumerate() {
            let (step, number, said) = match &entry.event {
                RunEvent::AttemptFinished {
                    step,
                    number,
                    outcome: Outcome::Failed { failure, .. },
                } => {
                    // How the last one failed is the step's own error.
                    let Some(again) = again(step, &entries[index..]) else {
                        continue;
                    };
                    let said = format!("failed ({}), {again}: {}", failure.code, failure.message);
                    (step, number, said)
                }
                RunEvent::AttemptInterrupted { step, number } => (
                    step,
                    number,
                    "the server stopped in the middle of it".to_owned(),
                ),
                _ => continue,
            };
            let logs = self.0.actions.logs();
            logs.note(run, &step.0, *number, &hide(&said));
        }
    }
}

/// When a step is tried again after an attempt, if it is.
fn again(step: &StepPath, later: &[Entry]) -> Option<String> {
    later.iter().find_map(|entry| match &entry.event {
        RunEvent::RetryScheduled { step: other, due } if other == step => {
            Some(format!("tried again at {due}"))
        }
        RunEvent::AttemptStarted { step: other, .. } if other == step => {
            Some("tried again at once".to_owned())
        }
        _ => None,
    })
}
