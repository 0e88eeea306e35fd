//! The law of slots: how a run stands towards the limits follows from its facts.

use super::{Broken, Law, Looked};
use crate::Timestamp;
use crate::event::{Entry, RunEvent};
use crate::flow::Standing;
use crate::run::Run;

/// Reads along how the run stands towards the limits.
#[derive(Debug, Default, Clone)]
pub(super) struct Slots {
    created_at: Option<Timestamp>,
    /// What the last fact about it made of it; nothing where it asks for none.
    stands: Option<Standing>,
    paused: bool,
    over: bool,
}

impl Slots {
    /// Reads one fact.
    pub(super) fn see(&mut self, entry: &Entry) {
        match &entry.event {
            RunEvent::Created(_) => self.created_at = Some(entry.at),
            RunEvent::Queued { .. } => {
                self.stands = Some(Standing::Queued {
                    since: entry.at,
                    turn: entry.seq,
                    holding: self.stands == Some(Standing::Holding),
                });
            }
            RunEvent::Admitted => self.stands = Some(Standing::Working),
            RunEvent::Parked { holding: true } => self.stands = Some(Standing::Holding),
            RunEvent::Parked { holding: false } => self.stands = Some(Standing::Parked),
            RunEvent::Paused { .. } => self.paused = true,
            RunEvent::Resumed { .. } | RunEvent::CancelRequested { .. } => self.paused = false,
            RunEvent::Finished { .. } => self.over = true,
            _ => {}
        }
    }

    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        match self.stands {
            _ if self.over => Standing::Ended,
            None => Standing::Working,
            // Whoever is held back by a person lets others pass.
            Some(Standing::Queued { holding: true, .. }) if self.paused => Standing::Holding,
            Some(Standing::Queued { .. }) if self.paused => Standing::Parked,
            Some(standing) => standing,
        }
    }

    /// The run stands as its facts say.
    pub(super) fn hold(&self, run: &Run, looked: &mut Looked) -> Result<(), Broken> {
        if self.stands.is_none() {
            return Ok(());
        }
        let (facts, says) = (self.standing(), run.standing());
        let right = match (facts, says) {
            (
                Standing::Queued {
                    since,
                    turn,
                    holding,
                },
                Standing::Queued {
                    since: says_since,
                    turn: says_turn,
                    holding: says_holding,
                },
            ) => {
                // What is ending stands as if it had been queued when it was created.
                let since = says_since == since || Some(says_since) == self.created_at;
                since && (turn, holding) == (says_turn, says_holding)
            }
            (facts, says) => facts == says,
        };
        looked.hold(Law::Slots, right, || {
            format!("it stands as {says:?}, and its facts say {facts:?}")
        })
    }
}
