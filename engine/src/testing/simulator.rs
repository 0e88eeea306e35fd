//! One simulated life of a run.

use super::heard::Teller;
use super::{Random, Watch, start};
use crate::Timestamp;
use crate::definition::Overflow;
use crate::event::{Entry, RunEvent, Status, StepPath};
use crate::flow::{Claim, KeyClaim};
use crate::plan::Plan;
use crate::run::{ConnectionRates, Effect, Heard, Input, Kept, Rejected, Run};
use serde_json::json;
use std::sync::Arc;

/// A run, its journal, the world around it, and a second run that only ever reads the journal.
#[derive(Debug)]
pub struct Life {
    pub(super) plan: Arc<Plan>,
    pub(super) run: Run,
    shadow: Run,
    journal: Vec<Entry>,
    /// Where the journal's last turn begins.
    turn: usize,
    /// How many entries are written together at the start.
    together: usize,
    watch: Watch,
    pub(super) random: Random,
    pub(super) now: Timestamp,
    pub(super) teller: Teller,
    /// Every attempt that was ever given out: step, number, fence.
    pub(super) given: Vec<(StepPath, u32, u64)>,
    /// How often somebody wanted the run to end.
    pub(super) cancels: u32,
    /// The connections that have a rate, and whether that stays so.
    pub(super) rates: Option<Arc<ConnectionRates>>,
    pub(super) steady: bool,
    /// Whether entries go through their JSON text, as on their way to disk and back.
    through_text: bool,
    /// Inputs with their times; none for a crash.
    log: Vec<(Timestamp, Option<Input>)>,
}

/// What a life came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The journal.
    pub journal: Vec<Entry>,
    /// How often the process died.
    pub crashes: usize,
    /// How many inputs the run was given.
    pub inputs: usize,
    /// The journal of the run that kept what succeeded, if there was one.
    pub journal_of_retry: Vec<Entry>,
}

impl Report {
    /// The journal as JSON Lines.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.journal.iter().map(text).collect();
        lines.join("\n")
    }
}

/// Lives one life of a plan and holds the laws against it.
///
/// # Errors
/// The law that was broken, with everything that led there.
pub fn live(plan: &Arc<Plan>, seed: u64) -> Result<Report, String> {
    let (report, life) = lived(Life::new(plan.clone(), seed)?, seed)?;
    if life.run.status() == Status::Succeeded || !life.random.clone().percent(50) {
        return Ok(report);
    }
    let kept = life
        .run
        .kept(plan, None)
        .ok_or("every plan has its steps")?;
    let (again, _) = lived(Life::keeping(plan.clone(), seed ^ 1, kept.clone())?, seed)?;
    super::law::keeps(plan, &kept, &again.journal)?;
    let mut report = report;
    report.journal_of_retry = again.journal;
    Ok(report)
}

fn lived(mut life: Life, seed: u64) -> Result<(Report, Life), String> {
    let outcome = life.whole();
    let report = outcome.map_err(|law| {
        let log: Vec<String> = life
            .log
            .iter()
            .map(|(at, input)| match input {
                Some(input) => format!("{at} {input:?}"),
                None => format!("{at} crash"),
            })
            .collect();
        format!(
            "seed {seed}: {law}\ninputs:\n  {}\njournal:\n  {}\nstate: {}",
            log.join("\n  "),
            life.journal
                .iter()
                .map(text)
                .collect::<Vec<_>>()
                .join("\n  "),
            life.run.dump()
        )
    })?;
    Ok((report, life))
}

impl Life {
    /// A life that has just begun.
    ///
    /// # Errors
    /// The law that its first turn broke.
    pub fn new(plan: Arc<Plan>, seed: u64) -> Result<Self, String> {
        Self::keeping(plan, seed, Vec::new())
    }

    /// A life that has just begun with results of an earlier one.
    ///
    /// # Errors
    /// The law that its first turn broke.
    pub fn keeping(plan: Arc<Plan>, seed: u64, kept: Vec<Kept>) -> Result<Self, String> {
        let mut random = Random::new(seed);
        let now = Timestamp(1_800_000_000_000);
        let through_text = random.percent(10);
        let sealed = |entry: &Entry| matches!(entry.event, RunEvent::KeepingStarted { .. });
        let begin = start(&plan, json!({}));
        let claim = random.percent(25).then(|| claim(&mut random));
        let first = 1 + usize::from(claim.is_some());
        let rates = super::throttle::rates(&mut random);
        let steady = random.percent(60);
        let (run, entries) =
            Run::begin_limited(plan.clone(), begin, kept, claim, rates.clone(), now);
        let together = match entries.get(first) {
            Some(entry) if sealed(entry) => first + 1,
            _ => first + entries.iter().filter(|e| e.event.keeps()).count(),
        };
        let mut watch = Watch::default();
        watch.rates = rates.clone().filter(|_| steady);
        for entry in &entries {
            watch.see(&plan, entry, false)?;
        }
        let shadow = Run::replay(plan.clone(), entries.clone()).map_err(|e| e.to_string())?;
        let mut life = Self {
            plan,
            run,
            shadow,
            journal: entries,
            turn: 0,
            together,
            watch,
            random,
            now,
            teller: Teller::default(),
            given: Vec::new(),
            cancels: 0,
            rates,
            steady,
            through_text,
            log: Vec::new(),
        };
        life.settled()?;
        Ok(life)
    }

    /// The run.
    pub fn run(&self) -> &Run {
        &self.run
    }

    fn whole(&mut self) -> Result<Report, String> {
        let mut crashes = 0;
        let turns = 4 + self.random.below(24);
        for _ in 0..turns {
            if self.random.percent(12) {
                self.crash()?;
                crashes += 1;
            } else {
                self.disturb()?;
            }
        }
        self.finish()?;
        let replayed = Run::replay(self.plan.clone(), self.journal.clone())
            .map_err(|error| error.to_string())?;
        if !replayed.same_state(&self.run) {
            return Err(format!("replay differs: {}", replayed.dump()));
        }
        self.watch.see_end(&self.run)?;
        self.after_the_end()?;
        Ok(Report {
            journal: std::mem::take(&mut self.journal),
            crashes,
            inputs: self.log.len(),
            journal_of_retry: Vec::new(),
        })
    }

    /// Gives one input and holds the laws.
    ///
    /// # Errors
    /// The law that was broken.
    pub fn give(&mut self, input: Input) -> Result<Result<(), Rejected>, String> {
        self.log.push((self.now, Some(input.clone())));
        let resolved = matches!(input, Input::ResolveUncertain { .. });
        let seq = self.run.last_seq();
        self.run.know_rates(self.rates.clone());
        match self.run.handle(self.now, input) {
            Ok(entries) => {
                if !entries.is_empty() {
                    self.turn = self.journal.len();
                }
                for entry in entries {
                    self.watch.see(&self.plan, &entry, resolved)?;
                    let read = self.read(&entry)?;
                    self.shadow.apply(&read).map_err(|e| e.to_string())?;
                    self.journal.push(entry);
                }
                self.settled()?;
                Ok(Ok(()))
            }
            Err(rejected) => {
                if self.run.last_seq() != seq || !self.run.same_state(&self.shadow) {
                    return Err(format!("a refused input changed something: {rejected}"));
                }
                Ok(Err(rejected))
            }
        }
    }

    fn read(&self, entry: &Entry) -> Result<Entry, String> {
        if !self.through_text {
            return Ok(entry.clone());
        }
        let read: Entry = serde_json::from_str(&text(entry)).map_err(|e| e.to_string())?;
        if read != *entry {
            return Err(format!("an entry does not survive its text: {entry:?}"));
        }
        Ok(read)
    }

    fn settled(&mut self) -> Result<(), String> {
        self.run.check()?;
        if !self.run.same_state(&self.shadow) {
            return Err(format!("replay differs: {}", self.shadow.dump()));
        }
        if self.run.pending() != self.shadow.pending() {
            return Err("pending differs after replay".into());
        }
        if let Some((at, reason)) = self.run.next_deadline()
            && at <= self.now
            && !self.run.was_cut()
        {
            return Err(format!("{reason:?} was due at {at} and is still there"));
        }
        for Effect::Attempt {
            step,
            number,
            fence,
            ..
        } in self.run.pending()
        {
            let attempt = (step, number, fence);
            if !self.given.contains(&attempt) {
                self.given.push(attempt);
            }
        }
        Ok(())
    }

    /// The process dies: what was written of the last turn survives up to some entry.
    fn crash(&mut self) -> Result<(), String> {
        let turn = self.turn.max(self.together);
        let last = self.journal.len() - turn.min(self.journal.len());
        let lost = if self.random.percent(40) {
            self.random.below(last + 1)
        } else {
            0
        };
        let kept = self.journal.len() - lost;
        self.journal.truncate(kept);
        self.turn = kept;
        self.log.push((self.now, None));
        let mut read = Vec::with_capacity(kept);
        let heeded = std::mem::take(&mut self.watch.heeded);
        self.watch = Watch::default();
        self.watch.heeded = heeded.cut(kept as u64);
        self.watch.rates = self.rates.clone().filter(|_| self.steady);
        self.teller.forget();
        for entry in &self.journal {
            // What a person resolved before is not looked at twice.
            self.watch.see(&self.plan, entry, true)?;
            read.push(self.read(entry)?);
        }
        let replay = |read: Vec<Entry>| {
            Run::replay(self.plan.clone(), read).map_err(|error| error.to_string())
        };
        let canceled = |entry: &&Entry| matches!(entry.event, RunEvent::CancelRequested { .. });
        self.cancels = u32::try_from(read.iter().filter(canceled).count()).unwrap_or(u32::MAX);
        self.run = replay(read.clone())?;
        self.shadow = replay(read)?;
        // Fences of attempts that were never durable may be given out again.
        let known: Vec<_> = self
            .run
            .pending()
            .into_iter()
            .map(|Effect::Attempt { fence, .. }| fence)
            .collect();
        let highest = self.watch_fence();
        self.given
            .retain(|(_, _, fence)| *fence <= highest || known.contains(fence));
        if self.random.percent(30) {
            self.now.0 += self.random.below(200_000) as i64;
        }
        let alone = self.random.percent(50);
        match self.give(Input::Recover { alone })? {
            Ok(()) => Ok(()),
            Err(rejected) => Err(format!("recovery was refused: {rejected}")),
        }
    }

    /// The law knows of an event.
    pub(super) fn heeds(&mut self, heard: Heard) {
        self.watch.heeded.came(self.run.last_seq(), heard);
    }

    fn watch_fence(&self) -> u64 {
        self.journal
            .iter()
            .filter_map(|entry| match &entry.event {
                RunEvent::AttemptStarted { fence, .. } => Some(*fence),
                _ => None,
            })
            .max()
            .unwrap_or(0)
    }

    fn after_the_end(&mut self) -> Result<(), String> {
        self.must(Input::Tick)?;
        self.must(Input::Recover { alone: true })?;
        self.stale()?;
        if self.run.pending().is_empty() && self.run.next_deadline().is_none() {
            return Ok(());
        }
        Err("a run that is over asks for something".into())
    }
}

/// Something that a run waits for its turn for.
fn claim(random: &mut Random) -> Claim {
    let key = random.percent(70).then(|| KeyClaim {
        key: "one".into(),
        limit: 1,
        overflow: Overflow::Queue,
        hold: random.percent(30),
    });
    Claim { priority: 0, key }
}

fn text(entry: &Entry) -> String {
    serde_json::to_string(entry).unwrap_or_default()
}
