//! One simulated life of a run.

use super::coverage::Coverage;
use super::law::{Broken, Law, Teller, Watch, keeps, one_work};
use super::{Random, start};
#[cfg(test)]
use crate::RunId;
use crate::Timestamp;
use crate::definition::Overflow;
use crate::event::{Entry, RunEvent, Start, Status, StepPath};
#[cfg(test)]
use crate::flow::Standing;
use crate::flow::{Claim, KeyClaim};
use crate::plan::Plan;
use crate::rehearsal::{Ended, retain};
use crate::run::{
    ConnectionRates, CorruptJournal, Effect, Heard, Input, Kept, Known, Rejected, Run,
};
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
    /// Of so many attempts six do not succeed.
    pub(super) luck: usize,
    /// Whether somebody else says when it has its turn.
    pub(super) limited: bool,
    /// The connections that have a rate, and whether that stays so.
    pub(super) rates: Option<Arc<ConnectionRates>>,
    pub(super) steady: bool,
    /// The version of other automations that is active, and whether that stays so.
    active: u32,
    stays_active: bool,
    /// When it was given something last, where no moment comes twice and none comes back.
    last: Option<Timestamp>,
    /// Whether entries go through their JSON text, as on their way to disk and back.
    through_text: bool,
    /// Inputs with their times; none for a crash.
    log: Vec<(Timestamp, Option<Input>)>,
    pub(super) coverage: Coverage,
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
    /// What it came by.
    pub coverage: Coverage,
}

impl Report {
    /// The journal as JSON Lines.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.journal.iter().map(text).collect();
        lines.join("\n")
    }
}

/// A life that broke a law.
#[derive(Debug)]
pub struct Lost {
    /// Which, and where.
    pub broken: Broken,
    /// Inputs, journal and state up to there.
    pub story: String,
}

/// Lives one life of a plan and holds the laws against it, and another one that keeps what succeeded in it.
///
/// # Errors
/// The law that was broken, with everything that led there.
pub fn live(plan: &Arc<Plan>, seed: u64) -> Result<Report, Lost> {
    let unborn = |broken| Lost {
        broken,
        story: "it broke as it began".into(),
    };
    let (mut report, life) = lived(Life::new(plan.clone(), seed).map_err(unborn)?)?;
    if life.run.status() == Status::Succeeded || !life.random.clone().percent(50) {
        return Ok(report);
    }
    let (inputs, id) = (&life.run.start().inputs, life.run.id());
    let retained = retain(
        &Ended::new(&life.run, &report.journal),
        plan,
        inputs,
        None,
        &std::collections::BTreeSet::new(),
        id,
    );
    let kept = retained.expect("every plan has its steps").kept;
    let again = Life::keeping(plan.clone(), seed ^ 1, kept.clone()).map_err(unborn)?;
    let (again, life) = lived(again)?;
    let looked = &mut report.coverage.looked;
    let kept = keeps(plan, &kept, &again.journal, looked)
        .and_then(|()| one_work(plan, &report.journal, &again.journal, looked));
    kept.map_err(|broken| Lost {
        broken,
        story: life.story(&again.journal),
    })?;
    report.coverage.add(&again.coverage);
    report.coverage.count("life", "retried");
    report.crashes += again.crashes;
    report.inputs += again.inputs;
    report.journal_of_retry = again.journal;
    Ok(report)
}

/// Lives a life without a crash, in which no two things happen at the same moment.
///
/// # Errors
/// The law that was broken, with everything that led there.
#[cfg(test)]
pub(crate) fn calm(plan: &Arc<Plan>, seed: u64) -> Result<(Report, Run), Lost> {
    let life = Life::new(plan.clone(), seed);
    let mut life = life.map_err(|broken| Lost {
        broken,
        story: "it broke as it began".into(),
    })?;
    life.last = Some(life.now);
    lived(life).map(|(report, life)| (report, life.run))
}

fn lived(mut life: Life) -> Result<(Report, Life), Lost> {
    match life.whole() {
        Ok(report) => Ok((report, life)),
        Err(broken) => Err(Lost {
            broken,
            story: life.story(&life.journal),
        }),
    }
}

impl Life {
    /// A life that has just begun.
    ///
    /// # Errors
    /// The law that its first turn broke.
    pub fn new(plan: Arc<Plan>, seed: u64) -> Result<Self, Broken> {
        Self::keeping(plan, seed, Vec::new())
    }

    /// A life that has just begun with results of an earlier one.
    ///
    /// # Errors
    /// The law that its first turn broke.
    pub fn keeping(plan: Arc<Plan>, seed: u64, kept: Vec<Kept>) -> Result<Self, Broken> {
        let mut random = Random::new(seed);
        let begin = start(&plan, json!({}));
        let claim = random.percent(25).then(|| claim(&mut random));
        Self::born(plan, random, begin, kept, claim)
    }

    /// A life among others that the same limits are for: it has its turn when it is told so.
    ///
    /// # Errors
    /// The law that its first turn broke.
    #[cfg(test)]
    pub(crate) fn among(
        plan: Arc<Plan>,
        seed: u64,
        run: RunId,
        claim: Claim,
    ) -> Result<Self, Broken> {
        let mut begin = start(&plan, json!({}));
        (begin.run, begin.root) = (run, run);
        let random = Random::new(seed);
        let mut life = Self::born(plan, random, begin, Vec::new(), Some(claim))?;
        life.limited = true;
        Ok(life)
    }

    fn born(
        plan: Arc<Plan>,
        mut random: Random,
        begin: Start,
        kept: Vec<Kept>,
        claim: Option<Claim>,
    ) -> Result<Self, Broken> {
        let now = Timestamp(1_800_000_000_000);
        let through_text = random.percent(10);
        let luck = *random.pick(&[12, 30, 120]).unwrap_or(&12);
        let sealed = |entry: &Entry| matches!(entry.event, RunEvent::KeepingStarted { .. });
        let first = 1 + usize::from(claim.is_some());
        let rates = super::throttle::rates(&mut random);
        let steady = random.percent(60);
        let active = super::children::version(0);
        let known = Known {
            rates: rates.clone(),
            children: super::children::children(&plan, active),
        };
        let (run, entries) = Run::begin_knowing(plan.clone(), begin, kept, claim, known, now);
        let together = match entries.get(first) {
            Some(entry) if sealed(entry) => first + 1,
            _ => first + entries.iter().filter(|e| e.event.keeps()).count(),
        };
        let mut watch = Watch::default();
        watch.rates = rates.clone().filter(|_| steady);
        watch.active = active;
        for entry in &entries {
            watch.see(&plan, entry, false)?;
        }
        let shadow = Run::replay(plan.clone(), entries.clone()).or_else(unread)?;
        let mut coverage = Coverage::default();
        coverage.plan(&plan);
        entries.iter().for_each(|entry| coverage.fact(entry));
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
            luck,
            limited: false,
            rates,
            steady,
            active,
            stays_active: false,
            last: None,
            through_text,
            log: Vec::new(),
            coverage,
        };
        life.settled()?;
        Ok(life)
    }

    /// The run.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// How the run stands towards the limits, by its facts.
    #[cfg(test)]
    pub(crate) fn standing_by_facts(&self) -> Standing {
        self.watch.standing()
    }

    /// How often somebody wanted it to end.
    #[cfg(test)]
    pub(crate) fn cancels(&self) -> u32 {
        self.cancels
    }

    /// Inputs, journal and state up to now.
    fn story(&self, journal: &[Entry]) -> String {
        let log = self.log.iter().map(|(at, input)| match input {
            Some(input) => format!("{at} {input:?}"),
            None => format!("{at} crash"),
        });
        let log: Vec<String> = log.collect();
        let journal: Vec<String> = journal.iter().map(text).collect();
        format!(
            "inputs:\n  {}\njournal:\n  {}\nstate: {}",
            log.join("\n  "),
            journal.join("\n  "),
            self.run.dump()
        )
    }

    fn whole(&mut self) -> Result<Report, Broken> {
        let mut crashes = 0;
        let turns = 4 + self.random.below(24);
        for _ in 0..turns {
            if self.last.is_none() && self.random.percent(12) {
                self.crash(true)?;
                crashes += 1;
                self.coverage.count("life", "crashed");
            } else {
                self.disturb()?;
            }
        }
        // Else gates would ask anew for ever.
        self.stays_active = true;
        self.finish()?;
        let replayed = Run::replay(self.plan.clone(), self.journal.clone()).or_else(unread)?;
        let same = replayed.same_state(&self.run);
        self.looked(Law::Replay, same, || replayed.dump())?;
        self.watch.see_end(&self.run)?;
        self.after_the_end()?;
        self.coverage.end(&self.run);
        self.coverage.looked.add(&self.watch.looked);
        Ok(Report {
            coverage: std::mem::take(&mut self.coverage),
            journal: std::mem::take(&mut self.journal),
            crashes,
            inputs: self.log.len(),
            journal_of_retry: Vec::new(),
        })
    }

    /// Looks at a law.
    pub(super) fn looked(
        &mut self,
        law: Law,
        right: bool,
        what: impl FnOnce() -> String,
    ) -> Result<(), Broken> {
        self.watch.looked.hold(law, right, what)
    }

    /// Gives one input and holds the laws.
    ///
    /// # Errors
    /// The law that was broken.
    pub fn give(&mut self, input: Input) -> Result<Result<(), Rejected>, Broken> {
        if let Some(last) = self.last {
            let now = self.now.max(Timestamp(last.0 + 1));
            self.now = last;
            self.catch_up(now)?;
            (self.now, self.last) = (now, Some(now));
        }
        self.give_now(input)
    }

    /// What is due by a time comes at its moments.
    fn catch_up(&mut self, now: Timestamp) -> Result<(), Broken> {
        loop {
            let deadline = self.run.next_deadline().map(|(at, _)| (at, Input::Tick));
            let silence = self.run.next_silence().map(|at| (at, Input::Silence));
            let (at, input) = match (deadline, silence) {
                _ if self.run.goes_on() => (self.now, Input::Tick),
                (Some(deadline), Some(silence)) if silence.0 < deadline.0 => silence,
                (Some(first), _) | (None, Some(first)) => first,
                (None, None) => return Ok(()),
            };
            if at > now {
                return Ok(());
            }
            self.now = self.now.max(at);
            let _ = self.give_now(input)?;
        }
    }

    fn give_now(&mut self, input: Input) -> Result<Result<(), Rejected>, Broken> {
        self.log.push((self.now, Some(input.clone())));
        self.coverage.input(&self.run, &input);
        let resolved = matches!(input, Input::ResolveUncertain { .. });
        let seq = self.run.last_seq();
        self.run.know_rates(self.rates.clone());
        self.know_children();
        match self.run.handle(self.now, input) {
            Ok(entries) => {
                if !entries.is_empty() {
                    self.turn = self.journal.len();
                }
                self.teller.follow(&entries);
                for entry in entries {
                    self.watch.see(&self.plan, &entry, resolved)?;
                    self.coverage.fact(&entry);
                    let read = self.read(&entry)?;
                    self.shadow.apply(&read).or_else(unread)?;
                    self.journal.push(entry);
                }
                self.settled()?;
                if !self.stays_active {
                    self.active = super::children::version(self.run.last_seq());
                }
                self.know_children();
                Ok(Ok(()))
            }
            Err(rejected) => {
                self.coverage.refusal(&rejected);
                let same = self.run.last_seq() == seq && self.run.same_state(&self.shadow);
                self.looked(Law::Refused, same, || rejected.to_string())?;
                Ok(Err(rejected))
            }
        }
    }

    /// The run and who reads along are told which version is active.
    fn know_children(&mut self) {
        self.watch.active = self.active;
        let children = super::children::children(&self.plan, self.active);
        self.run.know_children(children);
    }

    fn read(&self, entry: &Entry) -> Result<Entry, Broken> {
        if !self.through_text {
            return Ok(entry.clone());
        }
        match serde_json::from_str(&text(entry)) {
            Ok(read) if read == *entry => Ok(read),
            other => Law::Replay.broken(format!("{entry:?} is read as {other:?}")),
        }
    }

    fn settled(&mut self) -> Result<(), Broken> {
        match self.run.check() {
            Ok(()) => {}
            // The one thing in it that is a law of its own.
            Err(what) if what.contains("nothing that has a name") => {
                return Law::Named.broken(what);
            }
            Err(what) => return Law::Sound.broken(what),
        }
        self.looked(Law::Sound, true, String::new)?;
        if !self.run.is_over() {
            self.looked(Law::Named, true, String::new)?;
        }
        let (run, shadow) = (&self.run, &self.shadow);
        let watch = &mut self.watch;
        let hold = &mut watch.looked;
        hold.hold(Law::Replay, run.same_state(shadow), || shadow.dump())?;
        let pending = run.pending();
        hold.hold(Law::Pending, pending == shadow.pending(), || {
            format!("{pending:?} and {:?}", shadow.pending())
        })?;
        watch.slots(run)?;
        if let Some((at, reason)) = self.run.next_deadline() {
            let right = at > self.now || self.run.was_cut();
            self.looked(Law::Due, right, || format!("{reason:?} was due at {at}"))?;
        }
        self.coverage.states(&self.run);
        for Effect::Attempt {
            step,
            number,
            fence,
            ..
        } in pending
        {
            let attempt = (step, number, fence);
            if !self.given.contains(&attempt) {
                self.given.push(attempt);
            }
        }
        Ok(())
    }

    /// The process dies: what was written of the last turn survives up to some entry, where it may be that
    /// nobody has seen it.
    pub(crate) fn crash(&mut self, unseen: bool) -> Result<(), Broken> {
        let turn = self.turn.max(self.together);
        let last = self.journal.len() - turn.min(self.journal.len());
        let lost = if unseen && self.random.percent(40) {
            self.random.below(last + 1)
        } else {
            0
        };
        let kept = self.journal.len() - lost;
        self.journal.truncate(kept);
        self.turn = kept;
        self.log.push((self.now, None));
        let mut read = Vec::with_capacity(kept);
        let before = std::mem::take(&mut self.watch);
        self.watch.heeded = before.heeded.cut(kept as u64);
        self.watch.looked = before.looked;
        self.watch.rates = self.rates.clone().filter(|_| self.steady);
        self.teller.forget();
        for entry in &self.journal {
            // What a person resolved before is not looked at twice.
            self.watch.see(&self.plan, entry, true)?;
            read.push(self.read(entry)?);
        }
        let replay = |read: Vec<Entry>| Run::replay(self.plan.clone(), read).or_else(unread);
        let canceled = |entry: &&Entry| matches!(entry.event, RunEvent::CancelRequested { .. });
        self.cancels = u32::try_from(read.iter().filter(canceled).count()).unwrap_or(u32::MAX);
        self.run = replay(read.clone())?;
        self.shadow = replay(read)?;
        self.know_children();
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
        let last = self.run.running().last();
        let recovery = match last {
            Some((step, _, _)) if alone && self.run.running().nth(1).is_some() => {
                Input::Died { step }
            }
            _ => Input::Recover { alone },
        };
        match self.give(recovery)? {
            Ok(()) => Ok(()),
            Err(rejected) => Law::Answered.broken(format!("recovery was refused: {rejected}")),
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

    /// A run that is over asks for nothing, and takes nothing in.
    fn after_the_end(&mut self) -> Result<(), Broken> {
        self.must(Input::Tick)?;
        self.must(Input::Recover { alone: true })?;
        self.stale()?;
        self.cancel()?;
        self.pause()?;
        self.resume()?;
        let quiet = self.run.pending().is_empty() && self.run.next_deadline().is_none();
        self.looked(Law::Facts, quiet, || {
            "it is over and asks for something".into()
        })
    }
}

/// Something that a run waits for its turn for.
pub(super) fn claim(random: &mut Random) -> Claim {
    let key = random.percent(70).then(|| KeyClaim {
        key: "one".into(),
        limit: 1,
        overflow: Overflow::Queue,
        hold: random.percent(30),
    });
    Claim { priority: 0, key }
}

fn unread<T>(error: CorruptJournal) -> Result<T, Broken> {
    Law::Replay.broken(error.to_string())
}

fn text(entry: &Entry) -> String {
    serde_json::to_string(entry).unwrap_or_default()
}
