//! What may have killed the process, tried by itself.
//!
//! An attempt that was the only one at work when the process died is to blame for that; three such deaths
//! in a row end it (`quarantined`). Of several at work nobody knows which it was. After a first death they
//! begin anew together: most processes die of something else. Those that were at work at the death before,
//! too, are suspects: the next process begins them one by one before it listens, notes on the disk which
//! one it begins, and lets nothing else begin meanwhile. One that works on for longer than there is
//! patience for is a suspect no longer; then the next one is not by itself, and is tried first by the next
//! process. So each is tried once, and what works for hours holds up no further start.

use super::flow::AtWork;
use super::live::LiveRun;
use super::{Engine, clock};
use druse_engine::RunId;
use druse_engine::event::StepPath;
use druse_engine::plan::ActionKind;
use druse_engine::run::{Effect, Input, Run};
use druse_storage::{Batch, ReadError, Setting, StoreExt as _};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The name under which it is noted what is tried.
const ROW: &str = "tried";

/// How long all suspects together may keep a start waiting, and one of them at least and at most.
const PATIENCE: Duration = Duration::from_secs(5);
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_secs(1);

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

    fn number(&self) -> u32 {
        let Effect::Attempt { number, .. } = &self.effect;
        *number
    }
}

/// Attempts that do not begin while others are tried.
#[derive(Default)]
pub(super) struct Trial {
    on: AtomicBool,
    held: Mutex<Vec<Launch>>,
}

impl Trial {
    fn held(&self) -> MutexGuard<'_, Vec<Launch>> {
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

/// What the disk holds of trials.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Record {
    /// What is begun while all else is kept back.
    tried: Option<Tried>,
    /// What was tried and outlived it, as far as it is still at work.
    cleared: Vec<(RunId, String)>,
}

impl Record {
    fn clears(&self, run: RunId, step: &StepPath) -> bool {
        let mut cleared = self.cleared.iter();
        cleared.any(|(of, path)| *of == run && *path == *step.0)
    }
}

/// An attempt that is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Tried {
    run: RunId,
    step: String,
    /// Which attempt of it: the next process may die before it begins the one that follows.
    #[serde(default)]
    number: u32,
    /// Whether it was the only one at work.
    alone: bool,
}

impl Tried {
    fn is(&self, run: RunId, step: &StepPath) -> bool {
        self.run == run && self.step == *step.0
    }
}

/// How the process before this one died, where it did.
#[derive(Default)]
pub(super) struct Death {
    /// The attempts that were at work at the death before it too, the one to be tried first in front.
    suspects: Vec<(RunId, StepPath)>,
    /// The one that is to blame.
    blamed: Option<(RunId, StepPath)>,
    /// The runs that had anything at work.
    runs: Vec<RunId>,
    /// What was tried before and outlived it.
    cleared: Vec<(RunId, String)>,
}

impl Death {
    /// Whether a run is taken up only when suspects are tried, or after that.
    pub(super) fn keeps_back(&self, run: RunId) -> bool {
        !self.suspects.is_empty() && self.runs.contains(&run)
    }

    /// What a run is told of it.
    pub(super) fn input(&self, run: RunId) -> Input {
        match &self.blamed {
            Some((of, step)) if *of == run => Input::Died { step: step.clone() },
            _ => Input::Recover { alone: false },
        }
    }
}

/// The attempts that work, with their numbers: those that only wait for other runs kill nobody.
fn at_work(run: &Run) -> impl Iterator<Item = (StepPath, u32)> {
    let kind = |step: &StepPath| run.plan().find(step)?.work.kind();
    let steps = run.running().map(|(step, number, _)| (step, number));
    steps.filter(move |(step, _)| kind(step) != Some(ActionKind::Automation))
}

impl Engine {
    /// How the process before this one died, given all that was under way.
    pub(super) fn death(&self, runs: &[(RunId, Run)]) -> Result<Death, ReadError> {
        if self.0.store.stopped_cleanly() {
            return Ok(Death::default());
        }
        let row: Option<Setting> = self.0.store.get(ROW)?;
        let record: Record = row
            .and_then(|row| serde_json::from_value(row.value).ok())
            .unwrap_or_default();
        let tried = record.tried.as_ref();
        let is_tried = |run: RunId, step: &StepPath| tried.is_some_and(|tried| tried.is(run, step));
        let mut death = Death::default();
        let mut working = 0;
        let (mut last, mut begun) = (None, false);
        for (id, run) in runs {
            let before = working;
            for (step, number) in at_work(run) {
                working += 1;
                let cleared = record.clears(*id, &step);
                let suspect = is_tried(*id, &step) || run.was_interrupted(&step);
                if cleared {
                    death.cleared.push((*id, step.to_string()));
                } else if suspect {
                    death.suspects.push((*id, step.clone()));
                }
                // What is tried begins when that is noted, and not before.
                let tried = tried.filter(|tried| tried.is(*id, &step) && tried.number == number);
                begun = cleared || !suspect || tried.is_some();
                last = Some((*id, step));
                if tried.is_some_and(|tried| tried.alone) {
                    death.blamed.clone_from(&last);
                }
            }
            if working > before {
                death.runs.push(*id);
            }
        }
        death
            .suspects
            .sort_by_key(|(id, step)| !is_tried(*id, step));
        if working == 1 && begun {
            death.blamed = last;
        }
        Ok(death)
    }

    /// Keeps back what begins from now on, where there are suspects.
    pub(super) fn face(&self, death: &Death) {
        if death.suspects.is_empty() {
            return;
        }
        tracing::warn!(
            suspects = death.suspects.len(),
            "the server died more than once while these steps were at work: they begin one by one",
        );
        self.0.trial.begin();
    }

    /// Takes up one by one what may have killed the process, and then lets begin all that was kept back.
    pub(super) async fn try_suspects(
        &self,
        death: Death,
        mut runs: BTreeMap<RunId, Arc<Mutex<LiveRun>>>,
    ) {
        let many = u32::try_from(death.suspects.len()).unwrap_or(u32::MAX);
        let patience = (PATIENCE / many.max(1)).clamp(LEAST, MOST);
        let end = Instant::now() + PATIENCE;
        let mut record = Record {
            tried: None,
            cleared: death.cleared.clone(),
        };
        for (id, step) in &death.suspects {
            if Instant::now() >= end {
                break;
            }
            if let Some(live) = runs.remove(id) {
                self.go_on(*id, live, death.input(*id)).await;
            }
            let Some(launch) = self.0.trial.take(*id, step) else {
                let blamed = death.blamed.as_ref();
                if blamed.is_some_and(|(of, blamed)| of == id && blamed == step) {
                    // It will not begin again, so the others are suspects no longer.
                    tracing::warn!(run = %id, %step, "a step that killed the server does not begin again");
                    break;
                }
                continue;
            };
            record.tried = Some(Tried {
                run: *id,
                step: step.to_string(),
                number: launch.number(),
                alone: self.0.working.is_empty(),
            });
            self.note_trial(&record).await;
            let ended = tokio::time::timeout(patience, self.begin(launch)).await;
            if ended.is_err() {
                record.cleared.push((*id, step.to_string()));
            }
        }
        record.tried = None;
        self.note_trial(&record).await;
        for launch in self.0.trial.end() {
            drop(self.begin(launch));
        }
        for (id, live) in runs {
            self.go_on(id, live, death.input(id)).await;
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

    /// Notes what is tried and what outlived it; returns when that is durable.
    async fn note_trial(&self, record: &Record) {
        let known: Result<Option<Setting>, _> = self.0.store.get(ROW);
        let mut batch = if *record != Record::default() {
            Batch::new().put(&Setting {
                name: ROW.into(),
                value: serde_json::to_value(record).unwrap_or_default(),
                updated_at: clock::now(),
            })
        } else if matches!(known, Ok(None)) {
            return;
        } else {
            Batch::new().remove::<Setting>(ROW)
        };
        // It is about the life of the server itself.
        batch.must_fit = true;
        let noted = match self.0.store.append(batch) {
            Ok(ticket) => ticket.await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "it cannot be noted which step is tried by itself");
        }
    }
}
