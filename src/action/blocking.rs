//! Work that blocks a thread: on a thread of its own, told to stop when nobody wants it any more.

use super::{Failed, attempt::Performed};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How long work that was told to stop is waited for, to learn whether it had happened already.
const GRACE: Duration = Duration::from_secs(5);

/// Tells work to stop. Work looks at it between its parts, at the latest before its effect.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<Inner>);

#[derive(Default)]
struct Inner {
    told: AtomicBool,
    nudge: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Stop {
    /// Whether it is to stop.
    pub(super) fn is_told(&self) -> bool {
        self.0.told.load(Ordering::Acquire)
    }

    /// What is done besides when it is told to stop: breaks off a call that does not look here.
    pub(super) fn on_told(&self, nudge: impl Fn() + Send + 'static) {
        let mut held = self.0.nudge.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_told() {
            nudge();
        }
        *held = Some(Box::new(nudge));
    }

    fn tell(&self) {
        self.0.told.store(true, Ordering::Release);
        let held = self.0.nudge.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nudge) = held.as_ref() {
            nudge();
        }
    }
}

/// Runs work until it ends, is canceled, or its time is over. Work that was told to stop and had its effect
/// all the same has succeeded; work that does not come back in time has an end that nobody knows.
pub(super) async fn run(
    limit: Duration,
    cancel: &CancellationToken,
    work: impl FnOnce(&Stop) -> Performed + Send + 'static,
) -> Performed {
    let stop = Stop::default();
    let inside = stop.clone();
    let mut working = tokio::task::spawn_blocking(move || work(&inside));
    let given_up = tokio::select! {
        biased;
        done = &mut working => return flat(done),
        () = cancel.cancelled() => Failed::canceled(),
        () = tokio::time::sleep(limit) => Failed::timeout(limit),
    };
    stop.tell();
    match tokio::time::timeout(GRACE, working).await {
        Ok(done) => flat(done).map_err(|failed| {
            // What it says about being stopped is less than why it was.
            if failed.failure.code == STOPPED {
                given_up
            } else {
                failed
            }
        }),
        Err(_) => Err(given_up),
    }
}

const STOPPED: &str = "stopped";

/// The failure of work that stopped because it was told to.
pub(super) fn stopped() -> Failed {
    Failed::permanent(STOPPED, "The work was stopped.")
}

fn flat(done: Result<Performed, tokio::task::JoinError>) -> Performed {
    match done {
        Ok(performed) => performed,
        // Raised again where panics of actions are caught.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Failed::canceled()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::{Json, definition::FailureClass};
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(120);

    #[tokio::test]
    async fn work_that_is_told_to_stop_says_why() {
        let cancel = CancellationToken::new();
        let (started, begun) = mpsc::channel();
        let (nudged, heard) = mpsc::channel::<()>();
        let token = cancel.clone();
        let canceling = tokio::task::spawn_blocking(move || {
            begun.recv().unwrap();
            token.cancel();
        });
        let done = run(LONG, &cancel, move |stop| {
            stop.on_told(move || nudged.send(()).unwrap());
            started.send(()).unwrap();
            heard.recv().unwrap();
            assert!(stop.is_told());
            Err(stopped())
        });
        assert_eq!(
            done.await.unwrap_err().failure.class,
            FailureClass::Canceled
        );
        canceling.await.unwrap();
        let never = CancellationToken::new();
        let late = run(Duration::ZERO, &never, |stop| {
            while !stop.is_told() {
                std::thread::yield_now();
            }
            Err(stopped())
        });
        assert_eq!(late.await.unwrap_err().failure.class, FailureClass::Timeout);
    }

    #[tokio::test]
    async fn what_happened_all_the_same_has_succeeded() {
        let never = CancellationToken::new();
        let done = run(Duration::ZERO, &never, |stop| {
            while !stop.is_told() {
                std::thread::yield_now();
            }
            Ok(Json::null())
        });
        assert_eq!(done.await, Ok(Json::null()));
    }
}
