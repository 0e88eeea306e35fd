//! Waiting for a state, not for a time: it is looked at again and again until a deadline that fails.

use super::client::Client;
use serde_json::Value;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// When a state that did not come about is a failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not come about in time");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The run once it is in this status; one that ended otherwise fails at once.
pub(crate) async fn run(client: &Client, id: &str, status: &str) -> Value {
    let path = format!("/runs/{id}");
    until(&format!("run {id} in the status {status}"), || async {
        let run = client.get(&path).await.with(200);
        if run["status"] == status {
            return Some(run);
        }
        assert!(
            run["finished_at"].is_null(),
            "run {id} should be {status}: {run:#}"
        );
        None
    })
    .await
}

/// The approval that a run waits for.
pub(crate) async fn approval(client: &Client, run: &str) -> Value {
    let path = format!("/approvals?status=pending&run_id={run}");
    until(&format!("a gate of run {run}"), || async {
        let page = client.get(&path).await.with(200);
        page["items"].get(0).cloned()
    })
    .await
}
