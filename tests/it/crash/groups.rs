//! A trigger with a window, through all lives: each event that was acknowledged is in the list of exactly one
//! run, however often the server is killed while it waits for others.

use super::ledger::Ledger;
use super::work::{EVENT, Kind};
use crate::harness::wait::until;
use crate::harness::{Client, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The automation whose runs take several events each.
pub(super) const GROUPED: &str = "grouped";

/// The trigger.
pub(super) struct Groups {
    trigger: String,
}

/// The runs: the works whose events each took, and how it ended.
pub(super) type GroupRuns = BTreeMap<String, (Vec<u64>, String)>;

/// A broken promise of a window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BrokenGroup {
    /// No run has taken an acknowledged event.
    Missing(u64),
    /// Several have, or one has twice.
    Twice(u64),
    /// A run has taken an event that nobody sent.
    NeverSent(u64),
    /// A run did not end as it had to.
    WrongEnd(String),
}

impl Groups {
    pub(super) async fn begin(admin: &Client) -> Self {
        let document = json!({
            "druse": 1, "name": GROUPED, "inputs": { "all": { "type": "array" } },
            "triggers": [{
                "id": "comes", "event": { "type": EVENT }, "batch": { "count": 5, "time": "400ms" },
                "inputs": { "all": "{{ trigger.items | map(attribute='data') | map(attribute='n') | list }}" },
            }],
            "steps": [{ "id": "note", "action": "transform", "with": { "value": "{{ inputs.all }}" } }],
        });
        let made = admin.post("/automations", &document).await.with(201);
        let path = format!("/automations/{}", text(&made["id"]));
        admin
            .post(&format!("{path}/activate"), &json!({}))
            .await
            .with(200);
        let triggers = admin.get(&format!("{path}/triggers")).await.with(200);
        Self {
            trigger: text(&triggers["items"][0]["id"]),
        }
    }

    /// Waits until nothing waits in the window any more.
    pub(super) async fn end(&self, admin: &Client) {
        let path = format!("/triggers/{}", self.trigger);
        until("the last group", || async {
            let shown = admin.get(&path).await.with(200);
            (shown["waiting"] == json!([])).then_some(())
        })
        .await;
    }

    /// What is broken, and how many events were taken by how many runs.
    pub(super) async fn compare(
        &self,
        admin: &Client,
        ledger: &Ledger,
    ) -> (Vec<BrokenGroup>, usize, usize) {
        let runs = admin.all("/runs").await;
        let runs = runs.iter().filter(|run| run["automation_name"] == GROUPED);
        let runs: GroupRuns = runs
            .map(|run| {
                let all = run["inputs"]["all"].as_array().into_iter().flatten();
                let taken = all.filter_map(Value::as_u64).collect();
                (text(&run["id"]), (taken, text(&run["status"])))
            })
            .collect();
        let sent = ledger
            .works
            .iter()
            .filter(|(_, work)| work.kind == Kind::Event);
        let sent: BTreeMap<u64, bool> = sent.map(|(&n, work)| (n, work.acknowledged)).collect();
        let taken = runs.values().map(|(taken, _)| taken.len()).sum();
        (compare(&sent, &runs), taken, runs.len())
    }
}

/// Compares the events that were sent, and whether each was acknowledged, with the runs that took them.
fn compare(sent: &BTreeMap<u64, bool>, runs: &GroupRuns) -> Vec<BrokenGroup> {
    let mut broken = Vec::new();
    let mut seen = BTreeSet::new();
    for (run, (taken, status)) in runs {
        if status != "succeeded" {
            broken.push(BrokenGroup::WrongEnd(run.clone()));
        }
        for n in taken {
            if !sent.contains_key(n) {
                broken.push(BrokenGroup::NeverSent(*n));
            } else if !seen.insert(*n) {
                broken.push(BrokenGroup::Twice(*n));
            }
        }
    }
    let missing = sent
        .iter()
        .filter(|(n, acknowledged)| **acknowledged && !seen.contains(n));
    broken.extend(missing.map(|(n, _)| BrokenGroup::Missing(*n)));
    broken.sort_unstable();
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(change: impl FnOnce(&mut GroupRuns)) -> Vec<BrokenGroup> {
        let sent = BTreeMap::from([(1, true), (2, true), (3, false), (4, true)]);
        let run = |taken: &[u64]| (taken.to_vec(), "succeeded".to_owned());
        let mut runs = BTreeMap::from([("a".to_owned(), run(&[1, 3])), ("b".into(), run(&[2, 4]))]);
        change(&mut runs);
        compare(&sent, &runs)
    }

    #[test]
    fn a_sound_window_has_nothing_broken_and_each_broken_promise_is_named() {
        assert_eq!(after(|_| {}), []);
        // One that was never acknowledged may have been lost.
        assert_eq!(after(|runs| runs.get_mut("a").unwrap().0 = vec![1]), []);
        assert_eq!(
            after(|runs| runs.get_mut("a").unwrap().0 = vec![3]),
            [BrokenGroup::Missing(1)]
        );
        assert_eq!(
            after(|runs| runs.get_mut("a").unwrap().0.push(4)),
            [BrokenGroup::Twice(4)]
        );
        assert_eq!(
            after(|runs| runs.get_mut("b").unwrap().0.push(9)),
            [BrokenGroup::NeverSent(9)]
        );
        assert_eq!(
            after(|runs| runs.get_mut("b").unwrap().1 = "failed".into()),
            [BrokenGroup::WrongEnd("b".into())]
        );
    }
}
