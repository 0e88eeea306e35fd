//! Reads of runs: a live run answers from memory, one that sleeps or has ended from its journal, and none
//! shows what is not durable.

use super::asleep::AGAIN;
use super::live::{self, Found};
use super::{Engine, attempt::given, clock};
use crate::secret::{Redactor, Secret, is_seal};
use crate::service::{RunError, RunView};
use druse_engine::RunId;
use druse_engine::event::{RunEvent, Status, StepPath};
use druse_engine::run::Run;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::watch;

/// How long a run is waited for at once by whoever looks again then.
const LOOK: Duration = Duration::from_secs(60);

/// The sensitive inputs of a run.
#[derive(Debug)]
pub struct Sensitive {
    /// What finds them, and everything in them.
    pub redactor: Redactor,
    /// Those that are a text or a number, as such, with what the run keeps of each.
    pub seals: Vec<(Secret, String)>,
}

impl Engine {
    /// A run with its steps, as it was when this was called, or later.
    ///
    /// # Errors
    /// When its journal cannot be read.
    pub async fn view(&self, id: RunId) -> Result<Option<RunView>, RunError> {
        if let Some(live) = self.0.live.get(id) {
            let (mut shown, seq, mut durable) = {
                let mut locked = live::lock(&live);
                (
                    self.shown(&locked.run),
                    locked.run.last_seq(),
                    locked.follow(),
                )
            };
            let says = self.say_of_children(&shown);
            if !says.is_empty() {
                let locked = live::lock(&live);
                if locked.run.last_seq() == seq && locked.run.status() == Status::Running {
                    let throttled = |step: &StepPath| self.why_throttled(id, step);
                    let now = clock::now();
                    let says = |step: &StepPath| match says.get(step) {
                        Some(says) => Some(says.clone()),
                        None => Some(throttled(step)?.sentence(now)),
                    };
                    shown.waits_for = Some(locked.run.waits_for_with(says));
                }
            }
            return match durable.wait_for(|known| *known >= seq).await {
                Ok(_) => Ok(Some(shown)),
                Err(_) => self.stored(id),
            };
        }
        self.stored(id)
    }

    /// The sensitive inputs of a run; nothing where it has none, where there is no such run, and where they cannot
    /// be opened.
    pub fn sensitive_of(&self, id: RunId) -> Option<Sensitive> {
        let (root, given) = match self.0.live.get(id) {
            Some(live) => {
                let locked = live::lock(&live);
                let start = locked.run.start();
                (start.root, given(start))
            }
            None => {
                let first = self.0.store.run_entries(id, 0, 1).ok()?;
                match first.into_iter().next()?.event {
                    RunEvent::Created(start) => (start.root, given(&start)),
                    _ => return None,
                }
            }
        };
        let secrets = self.0.actions.secrets();
        let opened = secrets.open_sealed(root, &given, &given).ok()??;
        let sealed = given.value().as_object().into_iter().flatten();
        let seals = sealed.filter_map(|(name, seal)| {
            let seal = seal.as_str().filter(|seal| is_seal(seal))?;
            let clear = match opened.value.value().get(name)? {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            Some((Secret::from(clear.as_str()), seal.to_owned()))
        });
        Some(Sensitive {
            redactor: Redactor::of_inputs(&opened.clear),
            seals: seals.collect(),
        })
    }

    fn stored(&self, id: RunId) -> Result<Option<RunView>, RunError> {
        if self.0.store.run_head(id)?.is_none() {
            return Ok(None);
        }
        Ok(Some(self.shown(&self.rebuild(id)?)))
    }

    /// Waits for a run's end, at most `limit` or until the engine closes, and gives how it stands. One that is fenced
    /// off does not come to its end here, and is waited for like one that goes on.
    ///
    /// # Errors
    /// When there is no such run or it cannot be read.
    pub async fn wait(&self, id: RunId, limit: Duration) -> Result<RunView, RunError> {
        if let Some(live) = self.live_run(id)? {
            let mut durable = live::lock(&live).follow();
            let over = async {
                loop {
                    let done = {
                        let locked = live::lock(&live);

                        locked.run.is_over()
                            && *durable.borrow_and_update() >= locked.run.last_seq()
                    };
                    if done || durable.changed().await.is_err() {
                        return;
                    }
                }
            };
            // A server that ends lets nobody wait: the run goes on at its next start.
            tokio::select! {
                _ = tokio::time::timeout(limit, over) => {}
                () = self.closing() => {}
            }
        } else {
            let view = self.view(id).await?.ok_or(RunError::NotFound("run"))?;
            if view.is_over() {
                return Ok(view);
            }
            tokio::select! {
                () = tokio::time::sleep(limit) => {}
                () = self.closing() => {}
            }
        }
        self.view(id).await?.ok_or(RunError::NotFound("run"))
    }

    /// As [`Engine::wait`] for a while, for whoever looks again and again. Nothing when the run cannot be read just
    /// then, and may be a little later, which is when this returns.
    ///
    /// # Errors
    /// When there is no such run, or it is damaged.
    pub(super) async fn look(&self, id: RunId) -> Result<Option<RunView>, RunError> {
        match self.wait(id, LOOK).await {
            Err(RunError::Read(error)) if error.is_transient() => {
                tracing::warn!(run = %id, %error, "a run that is waited for cannot be read just now");
                tokio::select! {
                    () = tokio::time::sleep(AGAIN.0) => {}
                    () = self.closing() => {}
                }
                Ok(None)
            }
            seen => seen.map(Some),
        }
    }

    /// Waits until a run has ended, nothing is known of it, or the engine closes.
    pub async fn until_over(&self, id: RunId) {
        while !self.0.closing.is_cancelled() {
            match self.look(id).await {
                Ok(Some(view)) if view.is_over() => return,
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    /// Follows the number of a run's last durable fact. For a run that has ended, one that never changes.
    pub fn changes(&self, id: RunId) -> watch::Receiver<u64> {
        match self.live_run(id) {
            Ok(Some(live)) => live::lock(&live).follow(),
            _ => watch::channel(u64::MAX).1,
        }
    }

    /// What a run waits for, in one sentence; none for one that has ended.
    pub fn waits_for(&self, id: RunId) -> Option<String> {
        let says_of = |run: &Run| {
            let queued = self.why_queued(id).map(|wait| wait.sentence());
            queued.unwrap_or_else(|| {
                let now = clock::now();
                let lost = self.says_lost(id);
                run.waits_for_with(|step: &_| match lost.get(step) {
                    Some(says) => Some(says.clone()),
                    None => Some(self.why_throttled(id, step)?.sentence(now)),
                })
            })
        };
        Some(match self.0.live.find(id)? {
            Found::Awake(live) => says_of(&live::lock(&live).run),
            Found::Asleep(_) => says_of(&self.read_again(id).ok()?.run),
        })
    }
}
