//! What tests see of a run, and nobody else needs: by which states it goes.

use super::Run;
use super::scope::Owner;
use super::slot::SlotPhase;
use super::state::{Ending, Phase, Timer, Trouble};
use crate::testing::names;

names! {
    /// The phase of a step.
    pub(crate) fn phase, PHASES: Phase {
        Phase::Queued => "queued",
        Phase::Running => "running",
        Phase::Broken { .. } => "broken",
        Phase::Interrupted => "interrupted",
        Phase::Retrying { .. } => "retrying",
        Phase::Waiting { .. } => "waiting",
        Phase::Listening => "listening",
        Phase::Asking => "asking",
        Phase::Throttled { .. } => "throttled",
        Phase::Uncertain => "uncertain",
        Phase::Probing => "probing",
        Phase::Told { .. } => "told",
        Phase::Paused { .. } => "paused",
        Phase::Looping => "looping",
        Phase::Over => "over",
    }
}

names! {
    /// What the list belongs to that a step stands in.
    pub(crate) fn owner, OWNERS: Owner {
        Owner::Run => "run",
        Owner::Pass { .. } => "pass",
        Owner::Handlers(crate::event::HandlerList::OnFailure) => "on_failure",
        Owner::Handlers(crate::event::HandlerList::Finally | crate::event::HandlerList::Undo) => "finally",
        Owner::Undo { .. } => "undo",
        Owner::Probe { .. } => "check",
    }
}

names! {
    /// How a run stands towards the limits.
    pub(crate) fn slot, SLOTS: Option<SlotPhase> {
        None => "no claim",
        Some(SlotPhase::Queued { holding: false, .. }) => "queued",
        Some(SlotPhase::Queued { holding: true, .. }) => "queued and holding",
        Some(SlotPhase::Working) => "working",
        Some(SlotPhase::Holding) => "holding",
        Some(SlotPhase::Parked) => "parked",
    }
}

names! {
    /// Why a run is ending.
    pub(crate) fn ending, ENDINGS: Option<Ending> {
        None => "none",
        Some(Ending::Failing) => "failing",
        Some(Ending::Canceled { .. }) => "canceled",
        Some(Ending::TimedOut) => "timed out",
        Some(Ending::PassedOver { .. }) => "passed over",
    }
}

names! {
    /// What a point in time is for.
    pub(crate) fn timer, TIMERS: Timer {
        Timer::Retry => "retry",
        Timer::Wait => "wait",
        Timer::Expiry => "expiry",
        Timer::Remind => "remind",
        Timer::Attempt => "attempt",
        Timer::Pass => "pass",
        Timer::Loop => "loop",
        Timer::Rate => "rate",
    }
}

names! {
    /// What a failure of a step means for the run.
    pub(crate) fn trouble, TROUBLES: Trouble {
        Trouble::None => "none",
        Trouble::Open(_) => "open",
        Trouble::Handled => "handled",
        Trouble::Unhandled => "unhandled",
    }
}

impl Run {
    /// Whether the last turn was cut, so that something may be due.
    pub(crate) fn was_cut(&self) -> bool {
        self.cut
    }

    /// The phases of its steps, each with what its list belongs to and what its failure means.
    pub(crate) fn phases(
        &self,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        self.state.scopes.iter().flat_map(|(_, scope)| {
            let of = owner(&scope.owner);
            let steps = scope.steps.iter();
            steps.map(move |step| (phase(&step.phase), of, trouble(&step.trouble)))
        })
    }

    /// How it stands towards the limits, why it is ending, and what it waits for the time of.
    pub(crate) fn stands(&self) -> (&'static str, &'static str, Option<&'static str>) {
        let state = &self.state;
        let next = state.timers.first().map(|(_, kind, _)| timer(kind));
        let claim = state.slot.as_ref().map(|slot| slot.phase);
        (slot(&claim), ending(&state.ending), next)
    }
}
