//! Failed runs that a person has seen: nothing more is to be done about them, so they wait for nobody. The run itself
//! stays as it is, and can still be retried.

use super::{App, Principal, Problem, RunView};
use crate::runtime::clock;
use druse_engine::RunId;
use druse_engine::event::Status;
use druse_storage::{
    AppendError, Entity as _, ReadError, RunHead, RunQuery, Scan, SeenRun, Store, StoreExt as _,
    Table,
};
use serde_json::json;
use std::sync::Arc;

/// Rows that are read from the store at once.
const CHUNK: usize = 200;

impl RunView {
    fn seen(&mut self, row: SeenRun) {
        self.seen_by = Some(row.by);
        self.seen_at = Some(row.at);
        self.seen_reason = row.reason;
    }
}

impl App {
    /// Says of a failed run who has seen it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn say_seen(&self, view: &mut RunView) -> Result<(), Problem> {
        if view.status == Status::Failed
            && let Some(row) = self.store.get::<SeenRun>(&view.id.to_string())?
        {
            view.seen(row);
        }
        Ok(())
    }

    /// Marks a failed run as seen. Whoever was first stays: marking it again changes nothing.
    ///
    /// # Errors
    /// 404 for an unknown run, 409 `not_failed` for one that has not failed.
    pub async fn see(
        &self,
        who: &Principal,
        id: RunId,
        reason: Option<String>,
    ) -> Result<RunView, Problem> {
        let mut view = self.run_view(id).await?;
        if view.status != Status::Failed {
            return Err(Problem::conflict(
                "not_failed",
                "Only a run that has failed is marked as seen, and this one has not.",
                "Nothing needs to be done.",
            ));
        }
        if view.seen_by.is_some() {
            return Ok(view);
        }
        let row = SeenRun {
            run: id,
            by: who.user(),
            reason,
            at: clock::now(),
        };
        let details = json!({ "reason": row.reason, "automation": view.automation_name });
        let batch = self.audit(who, "run.seen", &id, details)?.claim(&row);
        match self.append(batch).await {
            Ok(_) => view.seen(row),
            // Somebody was quicker.
            Err(AppendError::Conflict { .. }) => self.say_seen(&mut view)?,
            Err(error) => return Err(error.into()),
        }
        Ok(view)
    }
}

impl App {
    /// Takes it back that a failed run was seen: it waits for people again. Where nobody has seen it, nothing changes.
    ///
    /// # Errors
    /// 404 for an unknown run.
    pub async fn unsee(&self, who: &Principal, id: RunId) -> Result<RunView, Problem> {
        let mut view = self.run_view(id).await?;
        let Some(by) = view.seen_by.take() else {
            return Ok(view);
        };
        let reason = view.seen_reason.take();
        view.seen_at = None;
        let details = json!({
            "seen_by": by, "seen_reason": reason, "automation": view.automation_name,
        });
        let batch = self.audit(who, "run.unseen", &id, details)?;
        match self.append(batch.take::<SeenRun>(id.to_string())).await {
            // Or somebody was quicker.
            Ok(_) | Err(AppendError::Conflict { .. }) => Ok(view),
            Err(error) => Err(error.into()),
        }
    }
}

/// Of the runs that a search finds those that failed and that somebody has seen, or that nobody has; youngest first.
///
/// # Errors
/// When the store cannot be read.
pub fn failed_runs(
    store: &dyn Store,
    query: RunQuery,
    seen: bool,
) -> Result<Vec<Arc<RunHead>>, ReadError> {
    if query.status.is_some_and(|status| status != Status::Failed) {
        return Ok(Vec::new());
    }
    let most = query.limit;
    let mut query = RunQuery {
        status: Some(Status::Failed),
        limit: CHUNK,
        ..query
    };
    let mut found = Vec::new();
    // Marks may be few among many runs, and many among few: each search goes by what it looks for.
    let mut after = query.before.map(|run| run.to_string());
    loop {
        let heads = match seen {
            true => {
                let rows: Vec<SeenRun> = store.scan(&Scan {
                    after: after.clone(),
                    descending: true,
                    limit: CHUNK,
                    ..Scan::default()
                })?;
                after = rows.last().map(SeenRun::key).or(after);
                let heads = rows.iter().map(|row| store.run_head(row.run));
                heads.collect::<Result<Vec<_>, _>>()?
            }
            false => {
                let heads = store.runs(&query)?;
                query.before = heads.last().map(|head| head.id).or(query.before);
                heads.into_iter().map(Some).collect()
            }
        };
        let last = heads.len() < CHUNK;
        for head in heads.into_iter().flatten() {
            let fits = match seen {
                true => query.fits(&head),
                false => store.row(Table::SeenRun, &head.id.to_string())?.is_none(),
            };
            if fits {
                found.push(head);
                if found.len() == most {
                    return Ok(found);
                }
            }
        }
        if last {
            return Ok(found);
        }
    }
}
