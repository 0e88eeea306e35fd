//! Runs from which a repeated request is answered.

use super::Sweep;
use crate::service::{Problem, idempotency, page};
use druse_engine::{RunId, TriggerId};
use druse_storage::{FiringKey, IdempotencyKey, Trigger};
use std::collections::BTreeSet;

impl Sweep<'_> {
    /// The runs that the answers to repeated requests are made from: those that callers started with a key,
    /// and those whose result a webhook answers with. Where the answer needs no more than the run's id, its
    /// small row is enough: so it is with deliveries that are only taken in, with events, and with the
    /// times, files and items that fire once because such a row says that they have.
    pub(super) fn claims(&self) -> Result<BTreeSet<RunId>, Problem> {
        let mut claimed = BTreeSet::new();
        self.each(|key: &IdempotencyKey| {
            // What a run has started stays as long as that goes on: `is_wanted` says so.
            if self.now.since(key.at) <= idempotency::KEPT && !key.scope.starts_with("run:") {
                let run = key.made["run"].as_str();
                claimed.extend(run.and_then(|id| id.parse::<RunId>().ok()));
            }
        })?;
        for trigger in self.that_answer_with_results()? {
            self.each_below(&format!("{trigger}/"), |key: &FiringKey| {
                if self.now.since(key.at) <= idempotency::KEPT {
                    claimed.extend(key.run);
                }
            })?;
        }
        Ok(claimed)
    }

    /// The webhooks that wait for their runs.
    fn that_answer_with_results(&self) -> Result<Vec<TriggerId>, Problem> {
        let rows: Vec<Trigger> = page::all(self.store(), "")?;
        let waits = |row: &Trigger| match row.definition.pointer("/webhook/respond") {
            None | Some(serde_json::Value::Null) => false,
            Some(respond) => respond != "accepted",
        };
        Ok(rows.into_iter().filter(waits).map(|row| row.id).collect())
    }
}
