//! The blobs that rows and journals name, and whether they are there.

use super::Verifier;
use crate::blob::BlobUse;
use crate::entity::{StoredSession, Table};
use crate::record::{RowFact, RunFacts};
use druse_engine::{Digest, RunId, event::RunEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// What names blobs, each with the number of the record that does.
#[derive(Default)]
pub(super) struct Named {
    /// Recordings, by their keys.
    sessions: BTreeMap<String, (BTreeSet<Digest>, u64)>,
    /// Uses by runs, by their keys.
    uses: BTreeMap<String, (BlobUse, u64)>,
    /// Artifacts that journals tell of.
    artifacts: BTreeMap<RunId, BTreeMap<Digest, u64>>,
}

impl Named {
    /// Takes in what a row says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn row(&mut self, row: &RowFact, number: u64) -> Result<(), String> {
        if row.table == Table::Session as u8 {
            let Some(value) = &row.value else {
                self.sessions.remove(&row.key);
                return Ok(());
            };
            let read = serde_json::from_value::<StoredSession>(value.value().clone());
            let session = read.map_err(|error| {
                format!("the stored recording {} cannot be read: {error}", row.key)
            })?;
            let digests = BTreeSet::from([session.recording, session.normal_form]);
            self.sessions.insert(row.key.clone(), (digests, number));
        }
        if row.table == Table::BlobUse as u8 {
            let Some(value) = &row.value else {
                self.uses.remove(&row.key);
                return Ok(());
            };
            let read = serde_json::from_value::<BlobUse>(value.value().clone());
            let used = read.map_err(|error| {
                format!(
                    "the use {} of a stored file cannot be read: {error}",
                    row.key
                )
            })?;
            self.uses.insert(row.key.clone(), (used, number));
        }
        Ok(())
    }

    /// Takes in what a run's journal says.
    pub(super) fn facts(&mut self, facts: &RunFacts, number: u64) {
        for entry in &facts.entries {
            if let RunEvent::ArtifactKept { artifact, .. } = &entry.event {
                let artifacts = self.artifacts.entry(facts.run).or_default();
                artifacts.insert(artifact.digest.clone(), number);
            }
        }
    }

    /// A run has left, and what it names with it.
    pub(super) fn forgotten(&mut self, run: RunId) {
        self.artifacts.remove(&run);
    }
}

impl Verifier {
    /// Compares every blob that is named with its digest.
    pub(super) fn blobs(&mut self, folder: &Path) -> io::Result<()> {
        let named = std::mem::take(&mut self.named);
        let mut seen: BTreeSet<Digest> = BTreeSet::new();
        for (key, (digests, number)) in named.sessions {
            for digest in digests {
                let whose = format!("a file of the recording {key}");
                self.blob(folder, &mut seen, digest, (number, None, whose))?;
            }
        }
        for (run, artifacts) in named.artifacts {
            for (digest, number) in artifacts {
                if !named.uses.contains_key(&BlobUse::key_of(&digest, run)) {
                    let text = format!("nothing keeps the file of an artifact of run {run}");
                    self.problem("blob_unnamed", &digest, Some(number), Some(run), text);
                }
            }
        }
        for (used, number) in named.uses.into_values() {
            let run = used.run;
            let whose = format!("the file of an artifact of run {run}");
            self.blob(folder, &mut seen, used.digest, (number, Some(run), whose))?;
        }
        Ok(())
    }

    fn blob(
        &mut self,
        folder: &Path,
        seen: &mut BTreeSet<Digest>,
        digest: Digest,
        (number, run, whose): (u64, Option<RunId>, String),
    ) -> io::Result<()> {
        if !seen.insert(digest.clone()) {
            return Ok(());
        }
        self.report.blobs += 1;
        let (code, what) = match crate::embedded::read_blob(folder, &digest)? {
            Some(Ok(_)) => return Ok(()),
            Some(Err(())) => ("blob_damaged", "is damaged"),
            None => ("blob_missing", "is missing"),
        };
        self.problem(code, &digest, Some(number), run, format!("{whose} {what}"));
        Ok(())
    }
}
