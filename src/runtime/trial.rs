//! What may have killed the process, tried by itself.
//!
//! An attempt that was the only one at work when the process died is to blame for that; three such deaths
//! in a row end it (`quarantined`). Of several at work nobody knows which it was. They begin anew together
//! after a first death: most processes die of something else. When that is the second in a row, they are
//! suspects: the next process begins them one by one before it listens, notes on the disk which one it
//! begins, and lets nothing else begin meanwhile. One that works on for longer than there is patience for
//! is left alone; then the next one is not by itself, and is tried first by the next process.

use super::flow::AtWork;
use super::live::{LiveRun, lock};
use super::{Engine, clock};
use druse_engine::RunId;
use druse_engine::event::StepPath;
use druse_engine::plan::ActionKind;
use druse_engine::run::{Effect, Input, Run};
use druse_storage::{Batch, ReadError, Setting, StoreExt as _};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The name under which deaths are noted.
const ROW: &str = "deaths";

/// After so many deaths in a row those that were at work are suspects.
const SUSPECTED: u32 = 2;

/// How long all suspects together may keep a start waiting, and one of them at least and at most.
const PATIENCE: Duration = Duration::from_secs(10);
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_secs(2);

/// Each time nobody could be blamed there is twice the patience, so many times.
const DOUBLED: u32 = 5;

/// How long a process must have lived for the next death to be a first one.
const CALM: Duration = Duration::from_secs(60);

/// An attempt that is to begin.
pub(super) struct Launch {
    pub(super) run: RunId,
    pub(super) effect: Effect,
    pub(super) token: CancellationToken,
    pub(super) at_work: Option<AtWork>,
}

impl Launch {
    /// Whether it only waits for another run.
    pub(super) fn waits(&self) -> bool {
        let Effect::Attempt { kind, .. } = &self.effect;
        *kind == ActionKind::Automation
    }

    fn is_of(&self, run: RunId, step: &StepPath) -> bool {
        let Effect::Attempt { step: of, .. } = &self.effect;
        self.run == run && of == step
    }
}

/// Attempts that do not begin while others are tried.
#[derive(Default)]
pub(super) struct Trial {
    on: AtomicBool,
    held: Mutex<Vec<Launch>>,
}

impl Trial {
    fn held(&self) -> std::sync::MutexGuard<'_, Vec<Launch>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an attempt back, where attempts are kept back; else gives it again.
    pub(super) fn keep_back(&self, launch: Launch) -> Option<Launch> {
        if !self.on.load(Ordering::Acquire) || launch.waits() {
            return Some(launch);
        }
        let mut held = self.held();
        // Looked at again, now that nobody ends it.
        if !self.on.load(Ordering::Acquire) {
            return Some(launch);
        }
        held.push(launch);
        None
    }

    fn begin(&self) {
        self.on.store(true, Ordering::Release);
    }

    /// The attempt of a step that is kept back.
    fn take(&self, run: RunId, step: &StepPath) -> Option<Launch> {
        let mut held = self.held();
        let index = held.iter().position(|launch| launch.is_of(run, step))?;
        Some(held.remove(index))
    }

    fn end(&self) -> Vec<Launch> {
        let mut held = self.held();
        self.on.store(false, Ordering::Release);
        std::mem::take(&mut *held)
    }
}

/// The deaths of the processes before this one, as they are noted.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Deaths {
    /// How many came one after the other.
    in_a_row: u32,
    /// How many of the last ones nobody could be blamed for.
    #[serde(default)]
    unexplained: u32,
    /// What was begun last while others were kept back.
    #[serde(default)]
    tried: Option<Tried>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Tried {
    run: RunId,
    step: String,
    /// Whether it was the only one at work.
    alone: bool,
}

/// How the process before this one ended, and who was at work.
pub(super) struct Death {
    deaths: Deaths,
    /// The attempts that were at work, those to be tried first in front.
    suspects: Vec<(RunId, StepPath)>,
    /// The one that is to blame.
    blamed: Option<(RunId, StepPath)>,
}

impl Death {
    /// Whether those that were at work begin one by one.
    fn isolates(&self) -> bool {
        self.deaths.in_a_row >= SUSPECTED && !self.suspects.is_empty()
    }

    /// Whether a run is taken up by itself.
    pub(super) fn suspects(&self, run: RunId) -> bool {
        self.isolates() && self.suspects.iter().any(|(of, _)| *of == run)
    }

    /// What a run is told of it.
    pub(super) fn input(&self, run: RunId) -> Input {
        match &self.blamed {
            Some((of, step)) if *of == run => Input::Died { step: step.clone() },
            _ => Input::Recover { alone: false },
        }
    }

    fn patience(&self) -> Duration {
        let many = u32::try_from(self.suspects.len())
            .unwrap_or(u32::MAX)
            .max(1);
        let one = (PATIENCE / many).clamp(LEAST, MOST);
        one * 2u32.pow(self.deaths.unexplained.min(DOUBLED))
    }
}

/// The attempts that work: those that only wait for other runs kill nobody.
fn at_work(run: &Run) -> Vec<StepPath> {
    let kind = |step: &StepPath| run.plan().find(step)?.work.kind();
    let steps = run.running().map(|(step, _, _)| step);
    steps
        .filter(|step| kind(step) != Some(ActionKind::Automation))
        .collect()
}

impl Engine {
    /// How the process before this one ended, given all that was under way.
    pub(super) fn death(&self, runs: &[(RunId, Run)]) -> Result<Death, ReadError> {
        let row: Option<Setting> = self.0.store.get(ROW)?;
        let known = row.and_then(|row| serde_json::from_value(row.value).ok());
        let known: Deaths = known.unwrap_or_default();
        let mut suspects: Vec<_> = runs
            .iter()
            .flat_map(|(id, run)| at_work(run).into_iter().map(|step| (*id, step)))
            .collect();
        if self.0.store.stopped_cleanly() || suspects.is_empty() {
            suspects.clear();
            let deaths = match self.0.store.stopped_cleanly() {
                true => Deaths::default(),
                false => known,
            };
            return Ok(Death {
                deaths,
                suspects,
                blamed: None,
            });
        }
        let tried = known.tried.as_ref();
        let is_tried = |(run, step): &(RunId, StepPath)| {
            tried.is_some_and(|tried| tried.run == *run && tried.step == *step.0)
        };
        suspects.sort_by_key(|suspect| !is_tried(suspect));
        let first = &suspects[0];
        let alone = suspects.len() == 1;
        let tried_alone = is_tried(first) && tried.is_some_and(|tried| tried.alone);
        let blamed = (alone || tried_alone).then(|| first.clone());
        let deaths = Deaths {
            in_a_row: known.in_a_row.saturating_add(1),
            unexplained: match (&blamed, known.in_a_row >= SUSPECTED) {
                (None, true) => known.unexplained.saturating_add(1),
                (None, false) => 0,
                (Some(_), _) => known.unexplained,
            },
            tried: None,
        };
        Ok(Death {
            deaths,
            suspects,
            blamed,
        })
    }

    /// Notes it for the next process, before anything begins that might end this one, and keeps back what
    /// is not tried yet.
    pub(super) async fn face(&self, death: &Death) {
        self.note_deaths(&death.deaths).await;
        if !death.isolates() {
            return;
        }
        tracing::warn!(
            deaths = death.deaths.in_a_row,
            suspects = death.suspects.len(),
            "the server died again and again: what was at work begins one by one",
        );
        self.0.trial.begin();
    }

    /// Takes up what was at work, one by one, and then lets begin all that was kept back.
    pub(super) async fn try_suspects(
        &self,
        death: Death,
        mut runs: BTreeMap<RunId, Arc<Mutex<LiveRun>>>,
    ) {
        let mut deaths = death.deaths.clone();
        let patience = death.patience();
        let mut suspects = death.suspects.iter();
        while self.0.trial.on.load(Ordering::Acquire)
            && let Some((id, step)) = suspects.next()
        {
            if let Some(live) = runs.remove(id) {
                self.go_on(*id, live, death.input(*id)).await;
            }
            let Some(launch) = self.0.trial.take(*id, step) else {
                if death.blamed.as_ref() == Some(&(*id, step.clone())) {
                    // It will not begin again, so the others are suspects no longer.
                    tracing::warn!(run = %id, %step, "a step that killed the server does not begin again");
                    deaths = Deaths::default();
                    break;
                }
                continue;
            };
            deaths.tried = Some(Tried {
                run: *id,
                step: step.to_string(),
                alone: self.0.working.is_empty(),
            });
            self.note_deaths(&deaths).await;
            let _ = tokio::time::timeout(patience, self.begin(launch)).await;
        }
        deaths.tried = None;
        self.note_deaths(&deaths).await;
        for launch in self.0.trial.end() {
            drop(self.begin(launch));
        }
        for (id, live) in runs {
            self.go_on(id, live, death.input(id)).await;
        }
        if deaths.in_a_row > 0 {
            tokio::spawn(self.clone().calm_down(death.suspects));
        }
    }

    /// A run that was under way when the process died goes on.
    async fn go_on(&self, id: RunId, live: Arc<Mutex<LiveRun>>, input: Input) {
        match self.give(id, &live, input) {
            Ok(way) => {
                let _ = self.settle(id, live, way).await;
            }
            Err(rejected) => tracing::error!(run = %id, ?rejected, "a run refused to go on"),
        }
    }

    /// Forgets the deaths once this process has lived for long, and all that was at work is over.
    async fn calm_down(self, suspects: Vec<(RunId, StepPath)>) {
        let mut left: BTreeSet<(RunId, StepPath)> = suspects.into_iter().collect();
        loop {
            tokio::select! {
                () = tokio::time::sleep(CALM) => {}
                () = self.0.closing.cancelled() => return,
            }
            left.retain(|(id, step)| {
                let live = self.0.live.get(*id);
                live.is_some_and(|live| at_work(&lock(&live).run).contains(step))
            });
            if left.is_empty() {
                return self.note_deaths(&Deaths::default()).await;
            }
        }
    }

    async fn note_deaths(&self, deaths: &Deaths) {
        let known: Result<Option<Setting>, _> = self.0.store.get(ROW);
        let value = serde_json::to_value(deaths).unwrap_or_default();
        let none = matches!(&known, Ok(None)) && *deaths == Deaths::default();
        if none || matches!(&known, Ok(Some(row)) if row.value == value) {
            return;
        }
        let row = Setting {
            name: ROW.into(),
            value,
            updated_at: clock::now(),
        };
        let mut batch = Batch::new().put(&row);
        // It is about the life of the server itself.
        batch.must_fit = true;
        let noted = match self.0.store.append(batch) {
            Ok(ticket) => ticket.await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "it cannot be noted how the server before this one ended");
        }
    }
}
