//! Changes of answers that nothing relies on: noted once for each version and change, and told.

use super::{App, Problem, page, recorded, review};
use crate::runtime::{Ended, clock};
use druse_engine::{AutomationId, Digest, RunId, Timestamp};
use druse_storage::{Automation, Batch, Entity as _, UnreadChange};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
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
    /// Whether a recording of the version in force is here; without one nothing is compared.
    pub recorded: bool,
    /// The digest of the recording that it was made of elsewhere, by what its document says.
    #[schemars(with = "Option<String>")]
    pub made_of: Option<Digest>,
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
    /// The keys of the changes that are noted.
    noted: BTreeSet<String>,
}

impl App {
    /// What has changed in the answers of an automation's runs without anything relying on it: of the newest version
    /// first.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn unread_changes(&self, row: &Automation) -> Result<UnreadChanges, Problem> {
        let automation = row.id;
        let number = row.active_version.unwrap_or(row.latest_version);
        let version = self.version(automation, number)?;
        let mut made_of = None;
        let recorded = match self.reported(&version)? {
            Some(_) => true,
            None => {
                made_of = recorded::source(&version.document);
                self.is_stored(made_of.as_ref())?
            }
        };
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
        Ok(UnreadChanges {
            items,
            recorded,
            made_of,
        })
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
            let prefix = UnreadChange::prefix_of(automation, run.version);
            let rows: Vec<UnreadChange> = page::all(&*self.store, &prefix)?;
            if known.len() >= KEPT {
                known.clear();
            }
            let noted = rows.iter().map(UnreadChange::key).collect();
            known.insert(key, Known { noted });
        }
        let Some(known) = known.get_mut(&key) else {
            return Ok(());
        };
        // A recording of a version that was made elsewhere may come at any time.
        let recorded = self.recorded(automation, run.version).await?;
        if recorded.shapes.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for item in review::compare(&run, &recorded.shapes).items {
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
