//! The laws that hold over every life of a run, each with a name. They are told from the facts alone, or by
//! comparing two runs of the same facts: never by how a run computes something.

mod checks;
mod ends;
mod granted;
mod handlers;
mod heard;
mod loops;
mod rates;
mod slots;
mod tries;
mod watch;
mod works;

pub(super) use granted::DENIED;
pub(super) use heard::Teller;
pub use watch::Watch;
pub(super) use watch::keeps;
pub(super) use works::one_work;

use crate::event::RunEvent;
use std::fmt;

macro_rules! laws {
    ($($law:ident $name:literal $says:literal,)*) => {
        /// A law. Its name stands in what is said of a life that breaks it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Law {
            $(#[doc = $says] $law,)*
        }

        impl Law {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$law),*];

            /// The name, snake_case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$law => $name,)*
                }
            }

            /// What holds, in one sentence.
            pub fn says(self) -> &'static str {
                match self {
                    $(Self::$law => $says,)*
                }
            }
        }
    };
}

laws! {
    Replay "replay_is_live" "The state that is replayed from the facts is the live state, after every input and through the text of the facts.",
    Pending "pending_agrees" "What must be in force is the same for the live run and for the replayed one.",
    EndsOnce "ends_once" "A step ends at most once, and nothing happens in a pass that is over.",
    Stale "stale_is_nothing" "An answer of an attempt that is not the one that runs changes nothing.",
    Named "named_wait" "A live run always waits for something that has a name.",
    SameBytes "same_bytes" "The same inputs give the same bytes.",
    Ends "every_run_ends" "A run ends once all that it waits for has come.",
    Facts "facts_in_order" "Facts are numbered without gaps, and nothing follows on the end.",
    Refused "refused_is_nothing" "An input that is refused changes nothing.",
    Answered "answered_right" "An input is taken when it is in place, and else refused for the right reason.",
    Sound "sound_state" "Every index over the steps agrees with the steps, and no fact is proposed that does not fit.",
    Due "due_has_happened" "What was due by the time of an input has happened after it.",
    Early "never_early" "Nothing that waits for a time happens before it.",
    Joins "joins_decide" "A step begins, or is skipped, as its join says of how its needs have ended, once all of them have.",
    Skips "skips_say_why" "The reason that a skipped step gives is so.",
    Retries "retries_bounded" "A failed attempt is tried again when its class is listed and attempts are left, and only then; attempts are numbered without gaps.",
    Fences "fences_go_up" "Each attempt has a higher fence than all before.",
    Keys "one_key" "All attempts of a step have one idempotency key, and what runs again because a person wanted it otherwise has another.",
    AtMostOnce "at_most_once" "A step of at most once does not begin again while nobody knows whether it happened.",
    Quarantine "quarantine" "What has killed the process three times in a row, alone, does not start again.",
    OneOutcome "one_outcome" "A gate has one outcome, and each person answers it once.",
    Bound "approval_bound" "What a gate lets through is what it asked about.",
    Heard "events_heard" "A wait takes the first event that fits and came in time, each once, and misses none.",
    Loops "loops_right" "Passes begin in order and within their limits, and a loop gives their results in that order.",
    Turn "turn_first" "Nothing that takes work begins before it is the run's turn.",
    Slots "slots_follow" "The slots that a run has are those that follow from its facts, and a run that is over has none.",
    Pauses "pauses_hold" "Nothing begins in a pause, and a step that waits for a person does not go on by itself.",
    Handlers "handlers_run" "Handlers begin after the run's own work, in order, each list that is due once: `finally` also after a cancel.",
    Undo "undo_backwards" "What succeeded is undone when the run fails, the last to finish first.",
    Outcome "outcome_follows" "How a run, a pass and a list of handlers end follows from how their steps have ended.",
    Cancels "cancel_ends" "A cancel ends the run's own work at once, a second one everything.",
    Checks "checks_decide" "What becomes of an uncertain step is what its check, which looks once and only then, or a person has said.",
    Fits "outputs_fit" "What a step gives is what its document says that it gives, whoever says so.",
    Rates "rates_awaited" "An attempt over a connection with a rate waits for it, once.",
    Granted "only_what_is_listed" "What an attempt asks for does not happen unless the version's list holds it.",
    Kept "kept_stays" "What a run kept of an earlier one does not happen again.",
}

/// Whether a fact begins the work of a step.
fn begins(event: &RunEvent) -> bool {
    matches!(
        event,
        RunEvent::StepEvaluated { .. }
            | RunEvent::AttemptStarted { .. }
            | RunEvent::WaitStarted { .. }
            | RunEvent::EventAwaited { .. }
            | RunEvent::ApprovalRequested { .. }
            | RunEvent::LoopStarted { .. }
    )
}

/// A law that was broken, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// Which.
    pub law: Law,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {} is broken: {}", self.law.name(), self.what)
    }
}

impl Law {
    /// That it was broken.
    pub(super) fn broken<T>(self, what: impl Into<String>) -> Result<T, Broken> {
        let what = what.into();
        Err(Broken { law: self, what })
    }
}

/// How often each law was looked at with something that it is about.
#[derive(Debug, Clone)]
pub struct Looked([u64; Law::ALL.len()]);

impl Default for Looked {
    fn default() -> Self {
        Self([0; Law::ALL.len()])
    }
}

impl Looked {
    /// Looks at a law.
    pub(super) fn hold(
        &mut self,
        law: Law,
        right: bool,
        what: impl FnOnce() -> String,
    ) -> Result<(), Broken> {
        self.0[law as usize] += 1;
        match right {
            true => Ok(()),
            false => law.broken(what()),
        }
    }

    /// How often it was looked at.
    pub fn times(&self, law: Law) -> u64 {
        self.0[law as usize]
    }

    /// Counts what another one has seen, too.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += other;
        }
    }
}
