//! The runs that go on from one that ended, and what came of them.

use super::home::items;
use crate::console::call::Call;
use crate::console::component::{state, time, value};
use crate::console::twin::Refusal;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeSet;

/// The run that a retry goes on from.
pub(super) fn before(run: &Value) -> Option<&str> {
    let cause = &run["cause"];
    let retried = cause["kind"] == "retry";
    retried.then(|| cause["run_id"].as_str())?
}

/// Retries of a run and of those, oldest first.
pub(super) async fn of(call: &Call, run: &Value) -> Result<Vec<Value>, Refusal> {
    let (Some(automation), Some(since)) =
        (run["automation_id"].as_str(), run["created_at"].as_str())
    else {
        return Ok(Vec::new());
    };
    if run["finished_at"].is_null() || run["status"] == "succeeded" {
        return Ok(Vec::new());
    }
    let path = format!(
        "/runs?automation_id={automation}&cause=retry&since={}&limit=200",
        crate::client::encode(since)
    );
    let list = call.api.get(&path).await?;
    let id = run["id"].as_str().unwrap_or_default();
    Ok(line_of(id, items(&list)).into_iter().cloned().collect())
}

/// The retries that go back to a run, oldest first; the list has the youngest first.
fn line_of<'v>(id: &'v str, all: &'v [Value]) -> Vec<&'v Value> {
    let mut line = BTreeSet::from([id]);
    let mut found = Vec::new();
    for one in all.iter().rev() {
        if before(one).is_some_and(|before| line.contains(before)) {
            line.extend(one["id"].as_str());
            found.push(one);
        }
    }
    found
}

/// The failed runs that nobody has tried again since: what came of a retry is told by the retry.
pub(super) fn unanswered<'v>(failed: &'v [Value], retries: &[Value]) -> Vec<&'v Value> {
    let retried: BTreeSet<&str> = retries.iter().filter_map(before).collect();
    let open = failed.iter().filter(|run| {
        let id = run["id"].as_str().unwrap_or_default();
        !retried.contains(id)
    });
    open.collect()
}

/// Each retry with its state.
pub(super) fn show(call: &Call, retries: &[Value]) -> Markup {
    html! {
        @for one in retries {
            p .retried {
                "Retried as " a href={ "/runs/" (one["id"].as_str().unwrap_or_default()) } { "#" (value::short(one["id"].as_str().unwrap_or_default())) }
                ", version " (one["version"]) ": " (state::pill(one["status"].as_str().unwrap_or_default())) " "
                span .dim { (time::ago(&one["created_at"], call.now)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn retries_are_followed_and_what_they_answer_waits_for_nobody() {
        let retry =
            |id: &str, of: &str| json!({ "id": id, "cause": { "kind": "retry", "run_id": of } });
        // The youngest first, as the API lists them.
        let all = [
            retry("r3", "r1"),
            retry("x", "other"),
            retry("r2", "a"),
            retry("r1", "a"),
        ];
        let ids: Vec<&Value> = line_of("a", &all).iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, ["r1", "r2", "r3"]);
        let failed = [
            json!({ "id": "r1" }),
            json!({ "id": "b" }),
            json!({ "id": "a" }),
        ];
        let open: Vec<&Value> = unanswered(&failed, &all)
            .iter()
            .map(|one| &one["id"])
            .collect();
        assert_eq!(open, ["b"]);
        // A run that another automation started is no retry.
        assert_eq!(
            before(&json!({ "cause": { "kind": "automation", "run_id": "a" } })),
            None
        );
    }
}
