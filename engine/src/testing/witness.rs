//! A run whose journal is read by others while it is made: a second run that knows nothing else, and the laws.

use super::Watch;
use crate::Timestamp;
use crate::event::{Entry, Start};
use crate::flow::Claim;
use crate::plan::Plan;
use crate::run::{Input, Rejected, Run};
use std::sync::Arc;

pub(super) struct Witness {
    plan: Arc<Plan>,
    pub(super) run: Run,
    pub(super) journal: Vec<Entry>,
    pub(super) now: Timestamp,
    shadow: Run,
    /// None where the run waits for events: which of them it must take is only known of documents whose
    /// conditions the laws know.
    watch: Option<Watch>,
}

impl Witness {
    pub(super) fn begun(
        plan: Arc<Plan>,
        start: Start,
        claim: Option<Claim>,
        now: Timestamp,
    ) -> Result<Self, String> {
        let (run, journal) = Run::begin_claiming(plan.clone(), start, Vec::new(), claim, now);
        let steps = plan.blocks.iter().flat_map(|block| &block.steps);
        let deaf = steps.into_iter().all(|step| step.hears.is_none());
        let mut witness = Self {
            shadow: Run::replay(plan.clone(), read(&journal)?).map_err(|e| e.to_string())?,
            plan,
            run,
            journal,
            now,
            watch: deaf.then(Watch::default),
        };
        for place in 0..witness.journal.len() {
            witness.see(place, false)?;
        }
        witness.settled()?;
        Ok(witness)
    }

    /// Gives one input, and holds the laws.
    pub(super) fn give(&mut self, input: Input) -> Result<Result<(), Rejected>, String> {
        let resolved = matches!(input, Input::ResolveUncertain { .. });
        let seq = self.run.last_seq();
        match self.run.handle(self.now, input) {
            Ok(entries) => {
                for entry in read(&entries)? {
                    self.shadow.apply(&entry).map_err(|e| e.to_string())?;
                    self.journal.push(entry);
                    self.see(self.journal.len() - 1, resolved)?;
                }
                self.settled()?;
                Ok(Ok(()))
            }
            Err(_) if self.run.last_seq() != seq || !self.run.same_state(&self.shadow) => {
                Err("a refused input changed something".into())
            }
            Err(rejected) => Ok(Err(rejected)),
        }
    }

    /// The process dies: so many facts are written, and nothing else is left of it.
    pub(super) fn cut(&mut self, written: usize) -> Result<(), String> {
        self.journal.truncate(written);
        let replay = || Run::replay(self.plan.clone(), self.journal.clone());
        self.run = replay().map_err(|e| e.to_string())?;
        self.shadow = replay().map_err(|e| e.to_string())?;
        self.watch = self.watch.as_ref().map(|_| Watch::default());
        for place in 0..written {
            // What a person resolved before is not looked at twice.
            self.see(place, true)?;
        }
        Ok(())
    }

    /// Holds the laws of the end.
    pub(super) fn ended(&mut self) -> Result<(), String> {
        if let Some(watch) = &self.watch {
            watch.see_end(&self.run).map_err(|e| e.to_string())?;
        }
        for input in [Input::Tick, Input::Recover { alone: true }] {
            let written = self.journal.len();
            let given = self.give(input)?;
            if given.is_err() || self.journal.len() != written {
                return Err(format!("a run that is over took an input: {given:?}"));
            }
        }
        match self.run.pending().is_empty() && self.run.next_deadline().is_none() {
            true => Ok(()),
            false => Err("a run that is over asks for something".into()),
        }
    }

    fn see(&mut self, place: usize, resolved: bool) -> Result<(), String> {
        let Some(watch) = &mut self.watch else {
            return Ok(());
        };
        watch
            .see(&self.plan, &self.journal[place], resolved)
            .map_err(|e| e.to_string())
    }

    fn settled(&self) -> Result<(), String> {
        self.run.check()?;
        if !self.run.same_state(&self.shadow) {
            return Err(format!("replay differs: {}", self.shadow.dump()));
        }
        if self.run.pending() != self.shadow.pending() {
            return Err("pending differs after replay".into());
        }
        match self.run.next_deadline() {
            Some((at, reason)) if at <= self.now && !self.run.was_cut() => {
                Err(format!("{reason:?} was due at {at} and is still there"))
            }
            _ => Ok(()),
        }
    }
}

/// Entries as they are read again after they were written.
fn read(entries: &[Entry]) -> Result<Vec<Entry>, String> {
    let read = entries.iter().map(|entry| {
        let text = serde_json::to_string(entry).map_err(|e| e.to_string())?;
        let read: Entry = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        match read == *entry {
            true => Ok(read),
            false => Err(format!("an entry does not survive its text: {entry:?}")),
        }
    });
    read.collect()
}
