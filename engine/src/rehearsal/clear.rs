//! What outputs were of which a run keeps only a part: an output is judged as it came.

use crate::Json;
use crate::event::{Entry, Outcome, RunEvent};
use std::collections::BTreeMap;

/// The outputs of a run of which not all is kept, as they came; by the text of what is kept. Nothing of it is for
/// people.
#[derive(Clone, Default)]
pub struct Clear(BTreeMap<String, Json>);

impl std::fmt::Debug for Clear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Clear").field(&self.0.len()).finish()
    }
}

impl Clear {
    /// The outputs in a journal that `open` gives something else for.
    pub fn of(journal: &[Entry], open: impl Fn(&Json) -> Option<Json>) -> Self {
        let outputs = journal.iter().filter_map(|entry| match &entry.event {
            RunEvent::AttemptFinished {
                outcome: Outcome::Succeeded { output },
                ..
            }
            | RunEvent::StepKept { output, .. } => Some(output),
            _ => None,
        });
        let opened = outputs.filter_map(|output| Some((output.text().to_owned(), open(output)?)));
        Self(opened.collect())
    }

    /// An output as it came, where this is not all of it.
    pub fn get(&self, kept: &Json) -> Option<&Json> {
        match self.0.is_empty() {
            true => None,
            false => self.0.get(kept.text()),
        }
    }

    /// Takes over what another run knows.
    pub(super) fn learn(&mut self, other: &Self) {
        for (kept, clear) in &other.0 {
            self.0.entry(kept.clone()).or_insert_with(|| clear.clone());
        }
    }
}
