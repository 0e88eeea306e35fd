//! A call that becomes a step, with all that the passes found out about it.

use crate::answer::Answer;
use crate::determinism::Reason;
use crate::session::ToolCall;
use crate::tool_map::Target;
use druse_engine::definition::EffectLevel;

/// A call that becomes a step.
pub(crate) struct Kept<'a> {
    pub(crate) call: &'a ToolCall,
    /// The step's id.
    pub(crate) step: String,
    pub(crate) target: Target,
    pub(crate) answer: Answer,
    /// `None`: not known, counts as destructive.
    pub(crate) effects: Option<EffectLevel>,
    /// Why equal arguments may give another answer; empty: deterministic.
    pub(crate) reasons: Vec<Reason>,
    /// Whether it failed in the recording and the run has to go on all the same.
    pub(crate) tolerated: bool,
}

impl Kept<'_> {
    /// Whether it is known to change nothing.
    pub(crate) fn is_harmless(&self) -> bool {
        self.effects
            .is_some_and(|effects| effects <= EffectLevel::Read)
    }
}
