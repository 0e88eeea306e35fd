//! Changes of answers that nothing relies on: noted once for each version and change, and told.

use super::{App, Problem, page, review};
use crate::runtime::{Ended, clock};
use druse_engine::{AutomationId, RunId, Timestamp};
use druse_storage::{Batch, Entity as _, StoreExt as _, UnreadChange, Version};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::sync::mpsc;

/// How many changes are noted of a version at most.
const MOST: usize = 100;

/// Of how many versions is remembered how their answers looked.
const KEPT: usize = 64;

/// The most changes that are told, those of the newest version first.
const TOLD: usize = 500;

/// What has changed in the answers of an automation's runs without anything relying on it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UnreadChanges {
    /// The changes: of the newest version first, and in the order in which they came.
    pub items: Vec<UnreadView>,
}

/// A change of an answer that nothing relies on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UnreadView {
    /// The version that ran.
    pub version: u32,
    /// The id of the step.
    pub step: String,
    /// JSON Pointer into its output; `*` stands for each element.
    pub place: String,
    /// `missing`, `new` or `type`.
    pub kind: String,
    /// The types that it had where it was recorded.
    pub expected: Vec<String>,
    /// The type that it has.
    pub came: Option<String>,
    /// The same in one sentence.
    pub message: String,
    /// The first run that showed it.
    #[schemars(with = "String")]
    pub run_id: RunId,
    /// Since when.
    pub at: Timestamp,
}

/// What is known of a version.
struct Known {
    shapes: BTreeMap<String, Value>,
    /// The keys of the changes that are noted.
    noted: BTreeSet<String>,
}

impl App {
    /// What has changed in the answers of an automation's runs without anything relying on it: of the newest version
    /// first.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn unread_changes(&self, automation: AutomationId) -> Result<UnreadChanges, Problem> {
        let mut rows: Vec<UnreadChange> = page::all(&*self.store, &format!("{automation}/"))?;
        let order = |row: &UnreadChange| {
            let newest = std::cmp::Reverse(row.version);
            (newest, row.at, row.step.clone(), row.place.clone())
        };
        rows.sort_by_cached_key(order);
        rows.truncate(TOLD);
        let items = rows
            .into_iter()
            .map(|row| UnreadView {
                version: row.version,
                step: row.step,
                place: row.place,
                kind: row.kind,
                expected: row.expected,
                came: row.came,
                message: row.message,
                run_id: row.run,
                at: row.at,
            })
            .collect();
        Ok(UnreadChanges { items })
    }

    /// Looks at each run of a crystallized version that ends. Ends with the engine.
    pub async fn note_unread_changes(self, mut ended: mpsc::Receiver<Ended>) {
        let mut known: HashMap<(AutomationId, u32), Known> = HashMap::new();
        loop {
            let ended = tokio::select! {
                ended = ended.recv() => ended,
                () = self.engine.closing() => return,
            };
            match ended {
                None => return,
                Some(Ended::Before(done)) => {
                    let _ = done.send(());
                }
                Some(Ended::Run(run)) => {
                    if let Err(problem) = self.note_unread(run, &mut known).await {
                        tracing::warn!(%run, error = problem.message, "the answers of a run cannot be compared");
                    }
                }
            }
        }
    }

    async fn note_unread(
        &self,
        id: RunId,
        known: &mut HashMap<(AutomationId, u32), Known>,
    ) -> Result<(), Problem> {
        let Some(run) = self.engine.view(id).await? else {
            return Ok(());
        };
        let Some(automation) = run.automation_id else {
            return Ok(());
        };
        let key = (automation, run.version);
        if !known.contains_key(&key) {
            let Some(version) = self.store.get(&Version::key_of(automation, run.version))? else {
                return Ok(());
            };
            let prefix = UnreadChange::prefix_of(automation, run.version);
            let rows: Vec<UnreadChange> = page::all(&*self.store, &prefix)?;
            if known.len() >= KEPT {
                known.clear();
            }
            let noted = rows.iter().map(UnreadChange::key).collect();
            let shapes = self.shapes(&version)?;
            known.insert(key, Known { shapes, noted });
        }
        let Some(known) = known.get_mut(&key).filter(|known| !known.shapes.is_empty()) else {
            return Ok(());
        };
        let mut batch = Batch::new();
        for item in review::compare(&run, &known.shapes).items {
            for change in item.changes {
                let row = UnreadChange {
                    automation,
                    version: run.version,
                    step: review::id_of(&item.step).to_owned(),
                    place: change.place,
                    kind: change.kind,
                    expected: change.expected,
                    came: change.came,
                    message: change.message,
                    run: id,
                    at: clock::now(),
                };
                if known.noted.len() >= MOST || !known.noted.insert(row.key()) {
                    continue;
                }
                tracing::info!(
                    automation = run.automation_name,
                    version = run.version,
                    step = row.step,
                    run = %id,
                    "an answer looks otherwise than recorded, and nothing relies on it: {}",
                    row.message
                );
                batch = batch.put(&row);
            }
        }
        if !batch.facts.is_empty() {
            self.commit(batch).await?;
        }
        Ok(())
    }
}
