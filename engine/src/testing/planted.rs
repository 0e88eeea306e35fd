//! Bugs on purpose. Each is planted in the code of a run where the real one would be, behind `cfg(test)`, so
//! that nothing of it is in the product; and each has a law that catches it.

use super::Law;
use std::cell::Cell;

macro_rules! bugs {
    ($($bug:ident $name:literal $law:ident $breaks:literal,)*) => {
        /// A bug that can be planted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Bug {
            $(#[doc = $breaks] $bug,)*
        }

        impl Bug {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$bug),*];

            /// The name, snake_case.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)*
                }
            }

            /// What goes wrong with it.
            pub(crate) fn breaks(self) -> &'static str {
                match self {
                    $(Self::$bug => $breaks,)*
                }
            }

            /// The law that catches it.
            pub(crate) fn law(self) -> Law {
                match self {
                    $(Self::$bug => Law::$law,)*
                }
            }
        }
    };
}

bugs! {
    NoFence "no_fence" Stale "An answer with an old fence is taken for that of the attempt that runs.",
    FinishesTwice "finishes_twice" EndsOnce "A second answer of an attempt ends its step once more.",
    SkipIsSuccess "skip_is_success" Joins "A skipped need counts as one that succeeded.",
    CaseIgnored "case_ignored" Joins "A need of a case counts although another case was taken.",
    JoinTooEarly "join_too_early" Joins "A step is decided when one of its needs is still open.",
    SkipLies "skip_lies" Skips "A skipped step says that its need succeeded.",
    RetriesUncounted "retries_uncounted" Retries "Failed attempts are not counted, so retries have no end.",
    RetryAfterIgnored "retry_after_ignored" Early "The wait that the other side asks for is not kept.",
    TimerEarly "timer_early" Early "What is due in a second happens now.",
    TimerMissed "timer_missed" Due "What is due at this very moment does not happen.",
    TimerLost "timer_lost" Named "Nobody remembers when a step is to be tried again.",
    FenceStays "fence_stays" Fences "A further attempt has the fence of the one before.",
    KeyOfAttempt "key_of_attempt" Keys "Each attempt has an idempotency key of its own.",
    KeyOfRound "key_of_round" Keys "What is made anew after a review has the idempotency key of before.",
    TurnsForgotten "turns_forgotten" Keys "What a retry is sent back to has the idempotency key of an earlier round.",
    TwiceAtMostOnce "twice_at_most_once" AtMostOnce "A step of at most once begins again after a crash.",
    DeathsUncounted "deaths_uncounted" Quarantine "It is not counted how often an attempt has killed the process.",
    DecidedTwice "decided_twice" OneOutcome "A gate that is decided takes another answer.",
    VotesTwice "votes_twice" OneOutcome "One person's two approvals count as those of two.",
    ApprovalUnbound "approval_unbound" Bound "What a gate let through is not compared with what then runs.",
    ChildUnbound "child_unbound" Bound "What a gate let through starts another version of an automation than it showed.",
    ResolvedUnchecked "resolved_unchecked" Fits "What a person, or a check, says that a step gave is not looked at.",
    EarlyEventLost "early_event_lost" Heard "An event that came before the wait began does not count.",
    SilenceUnheard "silence_unheard" Ends "A wait does not end although its time is over.",
    ResultsReversed "results_reversed" Loops "A loop gives its results in another order than that of its items.",
    PreviousForgotten "previous_forgotten" Loops "A pass does not see what the one before it gave.",
    LoopGoesOn "loop_goes_on" Loops "A loop begins further passes after `until` held.",
    TurnIgnored "turn_ignored" Turn "A run goes on before it is its turn again.",
    SlotKept "slot_kept" Slots "A run that was canceled keeps its slot.",
    PauseIgnored "pause_ignored" Pauses "A retry that is due begins in a pause.",
    FinallySkipped "finally_skipped" Handlers "After a cancel `finally` does not run.",
    UndoForward "undo_forward" Undo "What finished first is undone first.",
    RefusalSwallowed "refusal_swallowed" Outcome "A refusal that nothing handles does not end the run.",
    CancelOnce "cancel_once" Cancels "A second cancel stops nothing.",
    CheckMisread "check_misread" Checks "A check that does not know counts as one that says no.",
    RateIgnored "rate_ignored" Rates "An attempt begins without waiting for the rate of its connection.",
    ListIgnored "list_ignored" Granted "What a version's list does not hold is touched all the same.",
    KeptRunsAgain "kept_runs_again" Kept "A step whose result is kept of an earlier run runs again.",
    UnwrittenChange "unwritten_change" Replay "Something is known that no fact says.",
    PendingForgets "pending_forgets" Pending "What must be in force depends on how the run came to its state.",
    DrawnByChance "drawn_by_chance" SameBytes "The wait before a retry is another one each time.",
    RefusalLeavesTrace "refusal_leaves_trace" Refused "An input that is refused changes the state.",
    AfterTheEnd "after_the_end" Facts "A run that is over can be paused.",
    AnyApprovers "any_approvers" Answered "An approval can be handed to nobody that there is.",
    IndexForgets "index_forgets" Sound "A step that has ended stands among those that run.",
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    static CHANCE: Cell<u64> = const { Cell::new(0) };
}

/// Whether this bug is planted in the runs of this thread.
pub(crate) fn planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Another number each time.
pub(crate) fn chance() -> u64 {
    CHANCE.set(CHANCE.get() + 1);
    CHANCE.get()
}

/// Plants a bug until it is dropped.
pub(crate) struct Planting(());

impl Planting {
    /// Plants it.
    pub(crate) fn of(bug: Bug) -> Self {
        PLANTED.set(Some(bug));
        Self(())
    }
}

impl Drop for Planting {
    fn drop(&mut self) {
        PLANTED.set(None);
    }
}
