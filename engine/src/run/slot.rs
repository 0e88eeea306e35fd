//! How a run stands towards the limits of [`crate::flow`].
//!
//! A run without a claim knows nothing of them. One with a claim is queued first, and nothing of it begins
//! before it is admitted. While it only waits it gives its slots back, by itself and as a fact; when it
//! wants to go on it is queued again, and what takes work then waits until it is admitted:
//!
//! | phase     | fact       | leads to                                                              |
//! |-----------|------------|-----------------------------------------------------------------------|
//! | (none)    | `Queued`   | `Queued`                                                              |
//! | `Queued`  | `Admitted` | `Working`                                                             |
//! | `Working` | `Parked`   | `Parked`, or `Holding` where the slot of the key is kept              |
//! | `Holding` | `Parked`   | `Parked`: what it held the slot for is over, and it waits for more    |
//! | `Parked`, `Holding` | `Queued` | `Queued`                                                        |
//!
//! While a run is queued or parked, answers, due times and ends are taken in as ever; only steps, tries
//! and passes of loops do not begin.

use super::scope::Place;
use super::state::{Ending, State, Timer};
use super::{GateStatus, Run};
use crate::Timestamp;
use crate::event::RunEvent;
use crate::flow::{Claim, Standing};
use crate::plan::{ActionKind, Plan};
use serde_json::Value;

/// Where a run is with the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotPhase {
    /// It waits for its turn since a time; the number of the fact tells the turns apart.
    Queued {
        since: Timestamp,
        turn: u64,
        holding: bool,
    },
    /// It may begin what it wants.
    Working,
    /// It only waits, and keeps the slot of its key.
    Holding,
    /// It only waits.
    Parked,
}

/// The claim of a run, and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    pub(super) claim: Claim,
    pub(super) phase: SlotPhase,
    /// When it was first admitted.
    pub(super) begun_at: Option<Timestamp>,
}

impl State {
    /// Whether it has been admitted, or need not be.
    pub(super) fn has_begun(&self) -> bool {
        self.slot
            .as_ref()
            .is_none_or(|slot| slot.begun_at.is_some())
    }

    /// When it began to work: none while it waits for that.
    pub(super) fn begun_at(&self) -> Option<Timestamp> {
        match &self.slot {
            None => Some(self.created_at),
            Some(slot) => slot.begun_at,
        }
    }

    /// Whether steps may begin: it is the run's turn, and nobody has paused it.
    pub(super) fn may_begin(&self) -> bool {
        self.paused.is_none() && self.has_turn()
    }

    fn has_turn(&self) -> bool {
        let phase = self.slot.as_ref().map(|slot| slot.phase);
        phase.is_none_or(|phase| phase == SlotPhase::Working)
    }

    pub(super) fn is_queued(&self) -> bool {
        let phase = self.slot.as_ref().map(|slot| slot.phase);
        matches!(phase, Some(SlotPhase::Queued { .. }))
    }

    /// The first point in time that may be acted upon as the run stands.
    pub(super) fn first_timer(&self) -> Option<(Timestamp, Timer, Place)> {
        let free = self.has_turn();
        let paused = self.paused.is_some();
        let may = |timer: Timer| match timer {
            Timer::Retry => free && !paused,
            timer => free || !begins(timer),
        };
        self.timers
            .iter()
            .find(|(_, timer, _)| may(*timer))
            .copied()
    }

    /// The fact by which it gives its slots back or is queued again, if one follows. Nothing else does.
    pub(super) fn next_of_slot(&self, plan: &Plan) -> Option<RunEvent> {
        let slot = self.slot.as_ref()?;
        let wants = self.paused.is_none()
            && (!self.ready.is_empty()
                || !self.throttled.is_empty()
                || self.timers.iter().any(|(_, timer, _)| begins(*timer)));
        match slot.phase {
            SlotPhase::Queued { .. } => None,
            SlotPhase::Holding | SlotPhase::Parked if wants => {
                Some(RunEvent::Queued { claim: None })
            }
            SlotPhase::Parked => None,
            phase @ (SlotPhase::Working | SlotPhase::Holding) => {
                let children = self.running.iter().all(|place| self.is_child(plan, *place));
                if wants || !children {
                    return None;
                }
                // What cleans up after a cancel belongs to the work that the key is for.
                let canceled = matches!(self.ending, Some(Ending::Canceled { .. }));
                let hold = slot
                    .claim
                    .key
                    .as_ref()
                    .is_some_and(|key| key.hold || canceled);
                let holding = hold || !self.running.is_empty();
                let next = if holding {
                    SlotPhase::Holding
                } else {
                    SlotPhase::Parked
                };
                (next != phase).then_some(RunEvent::Parked { holding })
            }
        }
    }

    /// Whether an attempt only waits for the run that it has started.
    pub(super) fn is_child(&self, plan: &Plan, place: Place) -> bool {
        let starts = self.planned(plan, place).work.kind() == Some(ActionKind::Automation);
        let input = self.step(place).input.as_ref();
        starts && input.is_some_and(|input| waits(input.value()))
    }

    /// Whether a fact about its slots can follow.
    pub(super) fn fits_slot(&self, event: &RunEvent) -> bool {
        let phase = self.slot.as_ref().map(|slot| slot.phase);
        match event {
            RunEvent::Queued { claim: Some(_) } => phase.is_none(),
            RunEvent::Queued { claim: None } => {
                matches!(phase, Some(SlotPhase::Holding | SlotPhase::Parked))
            }
            RunEvent::Admitted => {
                self.paused.is_none() && matches!(phase, Some(SlotPhase::Queued { .. }))
            }
            RunEvent::Parked { holding } => match phase {
                Some(SlotPhase::Working) => true,
                Some(SlotPhase::Holding) => !holding,
                _ => false,
            },
            RunEvent::PassedOver { .. } => self.is_queued() && !self.has_begun(),
            _ => true,
        }
    }

    /// Takes in a fact about its slots.
    pub(super) fn change_slot(&mut self, plan: &Plan, event: &RunEvent, seq: u64, at: Timestamp) {
        let ending = self.ending.is_some();
        let created_at = self.created_at;
        match event {
            RunEvent::Queued { claim } => {
                if let Some(claim) = claim {
                    self.slot = Some(Box::new(Slot {
                        claim: (**claim).clone(),
                        phase: SlotPhase::Parked,
                        begun_at: None,
                    }));
                }
                if let Some(slot) = &mut self.slot {
                    slot.phase = SlotPhase::Queued {
                        // What is ending goes first: there is an end to it.
                        since: if ending { created_at } else { at },
                        turn: seq,
                        holding: slot.phase == SlotPhase::Holding,
                    };
                }
            }
            RunEvent::Admitted => {
                if let Some(slot) = &mut self.slot {
                    slot.phase = SlotPhase::Working;
                    slot.begun_at.get_or_insert(at);
                }
            }
            RunEvent::Parked { holding } => {
                if let Some(slot) = &mut self.slot {
                    slot.phase = match holding {
                        true => SlotPhase::Holding,
                        false => SlotPhase::Parked,
                    };
                }
            }
            RunEvent::PassedOver { reason } => {
                let reason = reason.clone();
                self.end_all(plan, Ending::PassedOver { reason });
            }
            _ => {}
        }
    }
}

/// Whether a point in time lets something begin that takes work.
fn begins(timer: Timer) -> bool {
    matches!(timer, Timer::Retry | Timer::Pass)
}

fn waits(input: &Value) -> bool {
    input.get("wait") != Some(&Value::Bool(false))
}

impl Run {
    /// What it asks for before it works; none where nothing limits it.
    pub fn claim(&self) -> Option<&Claim> {
        self.state.slot.as_ref().map(|slot| &slot.claim)
    }

    /// How it stands towards the limits.
    pub fn standing(&self) -> Standing {
        if self.is_over() {
            return Standing::Ended;
        }
        match self.state.slot.as_ref().map(|slot| slot.phase) {
            Some(SlotPhase::Queued {
                since,
                turn,
                holding,
            }) if self.state.paused.is_none() => Standing::Queued {
                since,
                turn,
                holding,
            },
            // Whoever is held back by a person lets others pass, and has its place again afterwards.
            Some(SlotPhase::Queued { holding: true, .. }) => Standing::Holding,
            Some(SlotPhase::Queued { .. }) => Standing::Parked,
            None | Some(SlotPhase::Working) => Standing::Working,
            Some(SlotPhase::Holding) => Standing::Holding,
            Some(SlotPhase::Parked) => Standing::Parked,
        }
    }

    /// Whether nothing moves it but the ends of runs that its steps have started, and time limits.
    pub fn waits_for_children_alone(&self) -> bool {
        let state = &self.state;
        let limits = |timer: Timer| matches!(timer, Timer::Attempt | Timer::Loop);
        !self.is_over()
            && !self.goes_on()
            && state.paused.is_none()
            && !state.is_queued()
            && !state.running.is_empty()
            && state
                .running
                .iter()
                .all(|place| state.is_child(&self.plan, *place))
            && state.listening.is_empty()
            && state.throttled.is_empty()
            && state.held_steps.is_empty()
            && state.timers.iter().all(|(_, timer, _)| limits(*timer))
            && self.left_to_people().is_empty()
            && !self
                .approvals()
                .iter()
                .any(|gate| gate.status == GateStatus::Pending)
    }

    /// Whether it waits for its turn and nothing of it has begun.
    pub fn has_begun(&self) -> bool {
        self.state.has_begun()
    }
}
