//! Folders at work: looked through again and again, and told of by the system in between. What is known
//! of a file becomes durable together with the firing that it makes.

use super::Triggers;
use super::fire::{Arrival, Claim, Fired};
use super::lookout::{AGAIN, cause};
use super::registry::Armed;
use crate::action::Failed;
use crate::action::file::watch;
use crate::service::RunError;
use druse_engine::definition::FileEvent;
use druse_engine::{Timestamp, TriggerId};
use druse_storage::{Batch, Entity, Lookout, ReadError, Scan, SeenFile, StoreExt};
use druse_triggers::Folder;
use druse_triggers::folder::{Change, Found, Known, occurrence, seen};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How many rows become durable at once where no run is started.
const AT_ONCE: usize = 500;

impl Triggers {
    pub(super) async fn look_at_folder(
        &self,
        armed: &Armed,
        folder: &Folder,
    ) -> Result<Option<Timestamp>, RunError> {
        let mut row = self.lookout(armed.row.id, &folder.identity())?;
        let found = match self.found_in(armed, folder).await {
            Ok(found) => found,
            Err(failed) => {
                armed.progress.standing().looked_at = Some(self.now());
                return self
                    .note_failure(armed, &row, failed.failure.message, folder.every)
                    .await;
            }
        };
        let now = self.now();
        {
            let mut standing = armed.progress.standing();
            standing.looked_at = Some(now);
            standing.found = Some(found.len());
        }
        if armed.progress.files().is_none() {
            let known = self.known_files(armed.row.id)?;
            *armed.progress.files() = Some(known);
        }
        let moved = armed.progress.take_moved();
        let first = !row.begun && !folder.existing;
        let look = {
            let known = armed.progress.files();
            let none = BTreeMap::new();
            folder.look(known.as_ref().unwrap_or(&none), &found, &moved, now, first)
        };
        let (telling, silent): (Vec<Change>, Vec<Change>) = look
            .changes
            .into_iter()
            .partition(|change| change.event.is_some());
        for some in silent.chunks(AT_ONCE) {
            let batch = some.iter().fold(Batch::new(), |batch, change| {
                remembered(batch, armed.row.id, change)
            });
            self.append(batch).await?;
            armed.progress.learn(some);
        }
        if !row.begun {
            row.begun = true;
            self.append(Batch::new().put(&row)).await?;
        }
        self.note_success(armed, &mut row).await?;
        for change in &telling {
            if self.0.closing.is_cancelled() {
                return Ok(None);
            }
            if !self.fire_file(armed, folder, change).await? {
                // It is being changed: what it is then decides.
                return Ok(Some(now.after(AGAIN)));
            }
            armed.progress.learn(std::slice::from_ref(change));
        }
        let every = now.after(folder.every);
        Ok(Some(look.next.map_or(every, |next| next.min(every))))
    }

    /// What is in the folder now. The system is asked to tell of changes before, so that none falls between.
    async fn found_in(
        &self,
        armed: &Armed,
        folder: &Folder,
    ) -> Result<BTreeMap<String, Found>, Failed> {
        let actions = self.0.engine.actions();
        let open = actions.connections().get(&folder.connection)?;
        let connection = open.folder()?.clone();
        let own = actions.own_folder().map(PathBuf::from);
        let (triggers, id, folder) = (self.clone(), armed.row.id, folder.clone());
        let (notified, found) = tokio::task::spawn_blocking(move || {
            let notified = triggers
                .0
                .notices
                .watch(&triggers, id, &connection.path, &folder);
            (notified, watch::files(&connection, own.as_deref(), &folder))
        })
        .await
        .map_err(|error| Failed::retryable("internal_error", error.to_string()))?;
        armed.progress.standing().notified = notified;
        found
    }

    fn known_files(&self, id: TriggerId) -> Result<BTreeMap<String, Known>, ReadError> {
        const PAGE: usize = 1_000;
        let mut known = BTreeMap::new();
        let mut after = None;
        loop {
            let page: Vec<SeenFile> = self.store().scan(&Scan {
                prefix: format!("{id}/"),
                after: after.take(),
                limit: PAGE,
                ..Scan::default()
            })?;
            let last = page.len() < PAGE;
            after = page.last().map(Entity::key);
            known.extend(page.into_iter().map(|row| (row.path, row.known)));
            if last {
                return Ok(known);
            }
        }
    }

    /// Fires what happened to a file; whether the trigger still is what it was.
    async fn fire_file(
        &self,
        armed: &Armed,
        folder: &Folder,
        change: &Change,
    ) -> Result<bool, RunError> {
        let (Some(known), Some(event)) = (change.known, change.event) else {
            return Ok(true);
        };
        let digest = match folder.digest {
            true => self.digest_of(folder, &change.path).await,
            false => Ok(None),
        };
        let _held = self.0.writing.read().await;
        if self.current(armed)?.is_none() {
            return Ok(false);
        }
        let rows = remembered(Batch::new(), armed.row.id, change);
        let arrival = self.file_arrival(armed, change, known, event, digest.as_ref(), rows.clone());
        let fired = match &digest {
            Ok(_) => self.take(armed, arrival).await?,
            Err(failed) => {
                let reason = format!("its content cannot be read: {}", failed.failure.message);
                let (firing, rows) = Self::unusable(armed, &arrival, reason);
                self.append(rows).await?;
                Fired::Filtered(firing)
            }
        };
        if let Fired::Again(_) = fired {
            self.append(rows).await?;
        }
        Ok(true)
    }

    fn file_arrival(
        &self,
        armed: &Armed,
        change: &Change,
        known: Known,
        event: FileEvent,
        digest: Result<&Option<String>, &Failed>,
        rows: Batch,
    ) -> Arrival {
        let digest = digest.ok().and_then(Option::as_deref);
        let trigger = seen(&change.path, &known.found, event, digest);
        Arrival {
            occurrence: occurrence(&change.path, &known, event),
            claim: Claim::New,
            extra: rows,
            ..self.arrival(
                armed,
                trigger.into(),
                cause(armed, "path", &change.path).into(),
            )
        }
    }

    async fn digest_of(&self, folder: &Folder, path: &str) -> Result<Option<String>, Failed> {
        let actions = self.0.engine.actions();
        let open = actions.connections().get(&folder.connection)?;
        let connection = open.folder()?.clone();
        let own = actions.own_folder().map(PathBuf::from);
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || watch::digest(&connection, own.as_deref(), &path))
            .await
            .map_err(|error| Failed::retryable("internal_error", error.to_string()))?
    }
}

/// Adds what is known of a file from now on.
fn remembered(batch: Batch, trigger: TriggerId, change: &Change) -> Batch {
    match change.known {
        Some(known) => batch.put(&SeenFile {
            trigger,
            path: change.path.clone(),
            known,
        }),
        None => batch.remove::<SeenFile>(SeenFile::key_of(trigger, &change.path)),
    }
}

/// The row of a trigger that is no longer active: it begins anew when it is again.
pub(super) fn begins_anew(row: Lookout) -> Lookout {
    Lookout {
        begun: false,
        ..row
    }
}
