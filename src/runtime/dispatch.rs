//! The way of every input to a run: facts are decided and applied under the run's lock, handed to the
//! log in that order, and only when they are durable does anything outside happen.

use super::asleep::AGAIN;
use super::live::{self, LiveRun, Released};
use super::{Engine, clock};
use druse_engine::RunId;
use druse_engine::run::{Input, Rejected};
use druse_storage::{Batch, Ticket};
use std::sync::{Arc, Mutex};

/// How facts become durable.
enum How {
    /// They were handed to the log.
    Written(Ticket),
    /// There are none, but what they would stand behind may be on its way still.
    Behind,
    /// The log took none of them.
    Refused,
}

impl From<Option<Ticket>> for How {
    fn from(ticket: Option<Ticket>) -> Self {
        ticket.map_or(Self::Refused, Self::Written)
    }
}

/// Facts on their way to the disk.
pub(super) struct OnItsWay {
    how: How,
    /// The number of the last fact among them.
    pub(super) seq: u64,
    /// Whether rows that tell of them go along.
    announces: bool,
}

impl OnItsWay {
    pub(super) fn new(ticket: Ticket, seq: u64) -> Self {
        Self {
            how: How::Written(ticket),
            seq,
            announces: false,
        }
    }

    /// Whether the input made no fact.
    pub(super) fn makes_nothing(&self) -> bool {
        matches!(self.how, How::Behind)
    }

    /// Nothing but these rows, behind the facts of before.
    pub(super) fn with_rows(mut self, ticket: Option<Ticket>) -> Self {
        self.how = ticket.into();
        self
    }

    /// Notes whether rows that tell of the facts go along.
    pub(super) fn announcing(mut self, announces: bool) -> Self {
        self.announces = announces;
        self
    }
}

impl Engine {
    /// Gives an input to a run. Order is fixed when this returns; durability comes with [`Engine::settle`].
    pub(super) fn give(
        &self,
        id: RunId,
        live: &Arc<Mutex<LiveRun>>,
        input: Input,
    ) -> Result<OnItsWay, Rejected> {
        self.give_locked(id, &mut live::lock(live), input, Batch::new())
    }

    /// As [`Engine::give`], under a lock that is held already, with rows that become durable together
    /// with the first of the facts. Their claims must have been looked at: what is applied cannot be taken
    /// back.
    pub(super) fn give_locked(
        &self,
        id: RunId,
        locked: &mut LiveRun,
        input: Input,
        extra: Batch,
    ) -> Result<OnItsWay, Rejected> {
        if locked.never_was {
            return Err(Rejected::AlreadyOver);
        }
        if locked.run.connects() {
            locked.run.know_rates(self.0.rates.rates());
        }
        self.tell_children(&mut locked.run);
        let now = clock::now();
        let ticks = matches!(input, Input::Tick);
        let entries = self.turn(id, locked, |locked| match self.0.draining.is_cancelled() {
            true => locked.run.note(now, input),
            false => locked.run.handle(now, input),
        })?;
        let seq = locked.run.last_seq();
        if entries.is_empty() {
            // It may have been asked for too early, or by somebody who has taken it out for that. A time that is
            // over, and of which nothing came, comes again later: at once would be without end.
            let at = locked.run.next_deadline().map(|(at, _)| at);
            let later = |at| match ticks && at <= now {
                true => now.after(AGAIN),
                false => at,
            };
            self.0.timers.set(id, at.map(later));
            return Ok(OnItsWay {
                how: How::Behind,
                seq,
                announces: false,
            });
        }
        self.0.hearing.follow(&locked.run, &entries);
        self.0.uncertain.follow(&locked.run, &entries);
        self.note_ends(id, &entries);
        let announced = self.announce(&locked.run, &entries);
        let announces = !announced.facts.is_empty();
        let began = self.0.rates.follow(&locked.run, &entries);
        let mut batches = locked.batches(entries).into_iter();
        let mut first = extra;
        first.facts.extend(announced.facts);
        first.facts.extend(began.facts);
        first.facts.extend(batches.next().unwrap_or_default().facts);
        let mut ticket = self.append_or_end(first);
        for batch in batches {
            ticket = ticket.and_then(|_| self.append_or_end(batch));
        }
        self.0
            .timers
            .set(id, locked.run.next_deadline().map(|(at, _)| at));
        // After the facts were handed over: whoever goes on because of them comes behind them in the log.
        self.0.slots.note(&locked.run);
        Ok(OnItsWay {
            how: ticket.into(),
            seq,
            announces,
        })
    }

    /// Appends facts that are already applied. They cannot be taken back, so a log that refuses them is
    /// the end of the process.
    pub(super) fn append_or_end(&self, mut batch: Batch) -> Option<Ticket> {
        batch.must_fit = true;
        match self.0.store.append(batch) {
            Ok(ticket) => Some(ticket),
            Err(error) => {
                self.fail(&format!("facts of a live run were refused: {error}"));
                None
            }
        }
    }

    /// Waits until facts are durable, then lets happen what they allow. Runs to its end even when whoever
    /// asked goes away.
    pub(super) fn settle(
        &self,
        id: RunId,
        live: Arc<Mutex<LiveRun>>,
        way: OnItsWay,
    ) -> tokio::task::JoinHandle<bool> {
        let engine = self.clone();
        tokio::spawn(async move {
            match way.how {
                How::Written(ticket) => {
                    if let Err(error) = ticket.await {
                        engine.fail(&format!("the log failed: {error}"));
                        return false;
                    }
                }
                How::Behind => {
                    let mut durable = live::lock(&live).follow();
                    let there = durable.wait_for(|durable| *durable >= way.seq);
                    tokio::select! {
                        biased;
                        there = there => if there.is_err() { return false },
                        _ = engine.failure() => return false,
                    }
                }
                How::Refused => return false,
            }
            engine.release(id, &live, way.seq);
            if way.announces {
                engine.announced();
            }
            true
        })
    }

    /// Facts up to `seq` are durable.
    pub(super) fn release(&self, id: RunId, live: &Arc<Mutex<LiveRun>>, seq: u64) {
        let mut locked = live::lock(live);
        let Released {
            launch,
            stop,
            over,
            tell,
            idle,
        } = locked.release(seq);
        let at_work: Vec<_> = launch
            .iter()
            .map(|(effect, _)| self.at_work(&locked.run, effect))
            .collect();
        let observed = over && self.is_observed(&locked.run);
        drop(locked);
        for token in stop {
            token.cancel();
        }
        for ((effect, token), at_work) in launch.into_iter().zip(at_work) {
            self.launch(id, effect, token, at_work);
        }
        if tell {
            self.notify(id);
        }
        if over {
            self.0.timers.set(id, None);
            self.0.uncertain.remove(id);
            self.0.live.remove(id);
            if observed {
                self.tell_ended(id);
            }
        } else if idle {
            self.lull(id, live);
        }
    }

    /// An input that nobody waits for: a due time, an answer of an attempt.
    pub(super) fn give_and_forget(&self, id: RunId, input: Input) {
        if let Ok(Some(live)) = self.live_run(id) {
            self.give_to(id, live, input);
        }
    }

    /// As [`Engine::give_and_forget`], to a run that was found already.
    pub(super) fn give_to(&self, id: RunId, live: Arc<Mutex<LiveRun>>, input: Input) {
        match self.give(id, &live, input) {
            Ok(way) => drop(self.settle(id, live, way)),
            Err(rejected) => tracing::debug!(run = %id, ?rejected, "an input came too late"),
        }
    }
}
