//! Lets what a request has begun come to its end, also when nobody waits for the answer any more.
//!
//! A connection that closes drops what answers on it. Between a fact that is durable and what this process has to
//! do with it (forget a token, disarm a trigger, open a window) nothing may be dropped: it goes on by itself then.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// A future that goes on in a task of its own when it is dropped before its end.
pub(crate) struct Detach<T: Send + 'static> {
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    /// Canceled when nobody waits for it any more.
    gone: CancellationToken,
}

impl<T: Send + 'static> Detach<T> {
    /// A future that looks at `gone` where it only waits for the sake of its answer; whatever else it waits for
    /// must come to an end by itself.
    pub(crate) fn new(
        gone: CancellationToken,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        Self {
            future: Some(Box::pin(future)),
            gone,
        }
    }
}

impl<T: Send + 'static> Future for Detach<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(future) = self.future.as_mut() else {
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.future = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Detach<T> {
    fn drop(&mut self) {
        let Some(rest) = self.future.take() else {
            return;
        };
        self.gone.cancel();
        // Outside of a runtime, or while it ends, nothing can go on: as if the process had been killed.
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_is_dropped_before_its_end_goes_on() {
        let (open, opened) = oneshot::channel::<()>();
        let (done, seen) = oneshot::channel();
        let gone = CancellationToken::new();
        let noticed = gone.clone();
        let mut work = Detach::new(gone, async move {
            noticed.cancelled().await;
            let _ = opened.await;
            let _ = done.send(1);
        });
        assert!(futures_util::poll!(&mut work).is_pending());
        drop(work);
        open.send(()).unwrap();
        assert_eq!(seen.await, Ok(1));
    }
}
