//! Tasks that were recorded more than once, over all stored recordings.

use super::{App, Problem};
use druse_crystallizer::mining::{Recurring, Signature, recurring};
use druse_crystallizer::{Options, SessionKind, SessionStatus};
use druse_engine::SessionId;
use druse_storage::{Scan, Store, StoreExt, StoredSession};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// How many recordings are compared at most: the newest.
const COMPARED: usize = 2_000;

/// What recurs among the stored recordings.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecurringTasks {
    /// The tasks, the most frequent first.
    pub items: Vec<RecurringView>,
    /// How many recordings were compared. Those of sessions that failed or were canceled are none of them.
    pub compared: usize,
    /// Whether there are older ones that were not.
    pub limited: bool,
    /// How many of those compared hold nothing that is to be done again: they only looked at what no step can look at
    /// again, or kept notes of the agent's own. No draft can be made of them, and they belong to no task.
    pub nothing_to_repeat: usize,
}

/// A task that was recorded more than once.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecurringView {
    /// What it changes, with which tools, and its recordings.
    #[serde(flatten)]
    pub task: Recurring,
    /// How often it was recorded.
    pub count: usize,
    /// agent_run or chat_thread: of the first recording.
    pub kind: SessionKind,
    /// What was wanted in the first recording.
    pub goal: Option<String>,
    /// What makes one draft of all: to be posted to `path`.
    pub crystallize: RecurringCall,
}

/// A call of this API.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecurringCall {
    /// The address.
    pub path: String,
    /// The body.
    pub body: Value,
}

/// Signatures of recordings that were looked at: a recording never changes, so each is read once, as long as the tool
/// map and the connections stay what they are.
#[derive(Debug, Default)]
pub struct Signatures(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What the signatures were made with.
    with: Value,
    of: HashMap<SessionId, Signature>,
}

impl Signatures {
    fn of(
        &self,
        store: &dyn Store,
        row: &StoredSession,
        options: &Options,
    ) -> Result<Signature, Problem> {
        let with = json!({ "tools": options.tools, "connections": options.connections });
        {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.with != with {
                *known = Known {
                    with: with.clone(),
                    of: HashMap::new(),
                };
            }
            if let Some(signature) = known.of.get(&row.id) {
                return Ok(signature.clone());
            }
        }
        let session = App::session(store, row)?;
        let signature = Signature::of(&session, options);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.with == with {
            // Those of recordings that are gone are let go with the rest.
            if known.of.len() >= 2 * COMPARED {
                known.of.clear();
            }
            known.of.insert(row.id, signature.clone());
        }
        Ok(signature)
    }
}

impl App {
    /// The tasks that recur among the newest recordings. Reads each of them.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub async fn recurring(&self) -> Result<RecurringTasks, Problem> {
        let options = self.mapping_options()?;
        let (app, store) = (self.clone(), self.store.clone());
        self.off_thread(move || {
            let mut rows: Vec<StoredSession> = store.scan(&Scan {
                descending: true,
                limit: COMPARED + 1,
                ..Scan::default()
            })?;
            let limited = rows.len() > COMPARED;
            rows.truncate(COMPARED);
            rows.retain(|row| {
                !matches!(
                    row.status,
                    Some(SessionStatus::Failed | SessionStatus::Canceled)
                )
            });
            let mut signatures = Vec::with_capacity(rows.len());
            for row in &rows {
                signatures.push((
                    row.id.to_string(),
                    app.signatures.of(&*store, row, &options)?,
                ));
            }
            let by_id: BTreeMap<String, &StoredSession> =
                rows.iter().map(|row| (row.id.to_string(), row)).collect();
            Ok(RecurringTasks {
                items: recurring(&signatures)
                    .into_iter()
                    .filter_map(|task| view(task, &by_id))
                    .collect(),
                compared: rows.len(),
                limited,
                nothing_to_repeat: signatures.iter().filter(|(_, one)| one.is_empty()).count(),
            })
        })
        .await
    }
}

fn view(task: Recurring, rows: &BTreeMap<String, &StoredSession>) -> Option<RecurringView> {
    let (first, others) = task.recordings.split_first()?;
    let row = rows.get(first)?;
    let home = match row.kind {
        SessionKind::AgentRun => "/api/v1/agents/runs",
        SessionKind::ChatThread => "/api/v1/chat/threads",
    };
    Some(RecurringView {
        count: task.recordings.len(),
        kind: row.kind,
        goal: row.goal.clone(),
        crystallize: RecurringCall {
            path: format!("{home}/{first}/crystallize"),
            body: json!({ "mode": "bound", "also": others }),
        },
        task,
    })
}
