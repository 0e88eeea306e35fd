//! One simulated life of a run.

use super::{Random, Watch, start};
use crate::definition::FailureClass;
use crate::event::{Decision, Entry, Failure, Outcome, StepPath, Verdict};
use crate::plan::Plan;
use crate::run::{Effect, GateStatus, Input, Rejected, Resolution, Run};
use crate::{ApprovalId, Timestamp};
use serde_json::json;
use std::sync::Arc;

/// A run, its journal, the world around it, and a second run that only ever reads the journal.
#[derive(Debug)]
pub struct Life {
    plan: Arc<Plan>,
    run: Run,
    shadow: Run,
    journal: Vec<Entry>,
    /// Where the journal's last turn begins.
    turn: usize,
    watch: Watch,
    random: Random,
    now: Timestamp,
    /// Every attempt that was ever given out: step, number, fence.
    given: Vec<(StepPath, u32, u64)>,
    /// Whether entries go through their JSON text, as on their way to disk and back.
    through_text: bool,
    log: Vec<String>,
}

/// What a life came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The journal as JSON Lines.
    pub journal: String,
    /// How often the process died.
    pub crashes: usize,
    /// How many inputs the run was given.
    pub inputs: usize,
}

/// Lives one life of a plan and holds the laws against it.
///
/// # Errors
/// The law that was broken, with everything that led there.
pub fn live(plan: &Arc<Plan>, seed: u64) -> Result<Report, String> {
    let mut life = Life::new(plan.clone(), seed)?;
    let outcome = life.whole();
    outcome.map_err(|law| {
        format!(
            "seed {seed}: {law}\ninputs:\n  {}\nstate: {}",
            life.log.join("\n  "),
            life.run.dump()
        )
    })
}

impl Life {
    /// A life that has just begun.
    ///
    /// # Errors
    /// The law that its first turn broke.
    pub fn new(plan: Arc<Plan>, seed: u64) -> Result<Self, String> {
        let mut random = Random::new(seed);
        let now = Timestamp(1_800_000_000_000);
        let through_text = random.percent(10);
        let (run, entries) = Run::begin(plan.clone(), start(&plan, json!({})), now);
        let mut watch = Watch::default();
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
            watch,
            random,
            now,
            given: Vec::new(),
            through_text,
            log: vec!["begin".into()],
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
        let lines: Vec<String> = self.journal.iter().map(text).collect();
        Ok(Report {
            journal: lines.join("\n"),
            crashes,
            inputs: self.log.len(),
        })
    }

    /// Gives one input and holds the laws.
    ///
    /// # Errors
    /// The law that was broken.
    pub fn give(&mut self, input: Input) -> Result<Result<(), Rejected>, String> {
        self.log.push(format!("{} {input:?}", self.now));
        let resolved = matches!(input, Input::ResolveUncertain { .. });
        let seq = self.run.last_seq();
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
        let last = self.journal.len() - self.turn.max(1).min(self.journal.len());
        let lost = if self.random.percent(40) {
            self.random.below(last + 1)
        } else {
            0
        };
        let kept = self.journal.len() - lost;
        self.journal.truncate(kept);
        self.turn = kept;
        self.log.push(format!("crash, {lost} entries lost"));
        let mut read = Vec::with_capacity(kept);
        self.watch = Watch::default();
        for entry in &self.journal {
            // What a person resolved before is not looked at twice.
            self.watch.see(&self.plan, entry, true)?;
            read.push(self.read(entry)?);
        }
        let replay = |read: Vec<Entry>| {
            Run::replay(self.plan.clone(), read).map_err(|error| error.to_string())
        };
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

    fn watch_fence(&self) -> u64 {
        self.journal
            .iter()
            .filter_map(|entry| match &entry.event {
                crate::event::RunEvent::AttemptStarted { fence, .. } => Some(*fence),
                _ => None,
            })
            .max()
            .unwrap_or(0)
    }

    /// Something happens in the world.
    fn disturb(&mut self) -> Result<(), String> {
        match self.random.below(20) {
            0..=7 => self.answer(),
            8 => self.stale(),
            9..=12 => {
                self.pass_time();
                self.must(Input::Tick)
            }
            13..=16 => self.decide(),
            17 if self.random.percent(25) => {
                let over = self.run.is_over();
                let cancel = Input::Cancel {
                    by: "ana".into(),
                    reason: None,
                };
                match (self.give(cancel)?, over) {
                    (Ok(()), false) if self.run.is_over() => Ok(()),
                    (Err(Rejected::AlreadyOver), true) => Ok(()),
                    (other, _) => Err(format!("cancel gave {other:?}")),
                }
            }
            18 => self.resolve(),
            _ => self.must(Input::Tick),
        }
    }

    fn must(&mut self, input: Input) -> Result<(), String> {
        self.give(input)?
            .map_err(|rejected| format!("an input in place was refused: {rejected}"))
    }

    fn pass_time(&mut self) {
        let next = self.run.next_deadline().map(|(at, _)| at);
        match (next, self.random.below(4)) {
            (Some(at), 0 | 1) => self.now = at,
            (Some(at), 2) => self.now = Timestamp(at.0 - 1).max(self.now),
            // A clock may be set back; nothing that has fired fires again.
            (_, 3) if self.random.percent(20) => self.now.0 -= self.random.below(5_000) as i64,
            _ => self.now.0 += self.random.below(90_000) as i64,
        }
    }

    fn outcome(&mut self) -> Outcome {
        let class = match self.random.below(12) {
            0 | 1 => FailureClass::Retryable,
            2 => FailureClass::Permanent,
            3 => FailureClass::Timeout,
            4 => FailureClass::Uncertain,
            5 => FailureClass::Interrupted,
            _ => {
                return Outcome::Succeeded {
                    output: json!({ "n": self.random.below(9) }).into(),
                };
            }
        };
        Outcome::Failed {
            failure: Failure::new(class, "simulated", "it failed in the simulation"),
            retry_after_ms: self.random.percent(20).then_some(7_000),
        }
    }

    fn answer(&mut self) -> Result<(), String> {
        let pending = self.run.pending();
        let Some(Effect::Attempt {
            step,
            number,
            fence,
            ..
        }) = self.random.pick(&pending).cloned()
        else {
            return self.stale();
        };
        let finished = Input::Finished {
            step,
            number,
            fence,
            outcome: self.outcome(),
        };
        self.must(finished.clone())?;
        if self.random.percent(25) {
            return self.must_be_stale(finished);
        }
        Ok(())
    }

    /// An answer of an attempt that is not the one that runs.
    fn stale(&mut self) -> Result<(), String> {
        let running: Vec<u64> = self
            .run
            .pending()
            .into_iter()
            .map(|Effect::Attempt { fence, .. }| fence)
            .collect();
        let old: Vec<_> = self
            .given
            .iter()
            .filter(|(_, _, fence)| !running.contains(fence))
            .cloned()
            .collect();
        let (step, number, fence) = match self.random.pick(&old) {
            Some(old) => old.clone(),
            None => (StepPath::from("nowhere"), 1, 1),
        };
        let outcome = self.outcome();
        self.must_be_stale(Input::Finished {
            step,
            number,
            fence,
            outcome,
        })
    }

    fn must_be_stale(&mut self, input: Input) -> Result<(), String> {
        match self.give(input)? {
            Err(Rejected::StaleAttempt) => Ok(()),
            other => Err(format!("a stale attempt gave {other:?}")),
        }
    }

    fn decide(&mut self) -> Result<(), String> {
        let gates = self.run.approvals();
        let Some(gate) = self.random.pick(&gates).cloned() else {
            let approval = ApprovalId::from_parts(1, [9; 10]);
            let decision = self.decision();
            return match self.give(Input::Decide { approval, decision })? {
                Err(Rejected::UnknownApproval) => Ok(()),
                other => Err(format!("an unknown approval gave {other:?}")),
            };
        };
        let decision = self.decision();
        let voted = gate.decisions.iter().any(|known| known.by == decision.by);
        let late = gate
            .request
            .expires_at
            .is_some_and(|expires| expires <= self.now);
        let back = decision.decision == Verdict::SendBack;
        let approval = gate.request.approval;
        let given = self.give(Input::Decide { approval, decision })?;
        let right = match &given {
            Ok(()) => gate.status == GateStatus::Pending && !voted && !late && !back,
            Err(Rejected::AlreadyDecided { status }) => {
                late || (gate.status == *status && *status != GateStatus::Pending)
            }
            Err(Rejected::AlreadyVoted { .. }) => voted,
            Err(Rejected::NotSupportedYet { .. }) => back,
            Err(_) => false,
        };
        if right {
            Ok(())
        } else {
            Err(format!("a decision on {gate:?} gave {given:?}"))
        }
    }

    fn decision(&mut self) -> Decision {
        let decision = match self.random.below(8) {
            0 => Verdict::Reject,
            1 => Verdict::SendBack,
            _ => Verdict::Approve,
        };
        let people = ["ana", "ben", "cem", "dua"];
        Decision {
            decision,
            by: (*self.random.pick(&people).unwrap_or(&"ana")).into(),
            comment: None,
            fields: None,
            at: self.now,
            own_run: false,
        }
    }

    fn resolve(&mut self) -> Result<(), String> {
        let uncertain = self
            .run
            .steps()
            .into_iter()
            .find(|step| step.status == crate::event::Status::Uncertain);
        let Some(step) = uncertain else {
            let input = Input::ResolveUncertain {
                step: "nowhere".into(),
                resolution: Resolution::Again,
            };
            return match self.give(input)? {
                Err(Rejected::NotUncertain) => Ok(()),
                other => Err(format!("resolving nothing gave {other:?}")),
            };
        };
        let resolution = match self.random.below(3) {
            0 => Resolution::Happened {
                output: json!("it did").into(),
            },
            1 => Resolution::Again,
            _ => Resolution::Failed {
                message: "it did not".into(),
            },
        };
        let step = step.path;
        self.must(Input::ResolveUncertain { step, resolution })
    }

    /// All that the run waits for comes: then it must end.
    fn finish(&mut self) -> Result<(), String> {
        // Each round ends at least one thing that a step waits for; retries, votes and interruptions are
        // bounded for each step.
        for _ in 0..(40 * (self.plan.steps.len() + 1)) {
            if self.run.is_over() {
                return Ok(());
            }
            if let Some(Effect::Attempt {
                step,
                number,
                fence,
                ..
            }) = self.run.pending().into_iter().next()
            {
                let outcome = self.outcome();
                self.must(Input::Finished {
                    step,
                    number,
                    fence,
                    outcome,
                })?;
            } else if let Some((at, _)) = self.run.next_deadline() {
                self.now = at.max(self.now);
                self.must(Input::Tick)?;
            } else if self
                .run
                .approvals()
                .iter()
                .any(|gate| gate.status == GateStatus::Pending)
            {
                self.decide()?;
            } else {
                self.resolve()?;
            }
        }
        Err("the run does not end".into())
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

fn text(entry: &Entry) -> String {
    serde_json::to_string(entry).unwrap_or_default()
}
