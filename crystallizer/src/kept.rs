//! A call that becomes a step, with all that the passes found out about it.

use crate::answer::Answer;
use crate::determinism::Reason;
use crate::session::ToolCall;
use crate::tool_map::Target;
use druse_engine::definition::{Document, EffectLevel, Step};
use std::collections::BTreeSet;

/// A call that becomes a step.
#[derive(Clone)]
pub(crate) struct Kept<'a> {
    pub(crate) call: &'a ToolCall,
    /// The step's id.
    pub(crate) step: String,
    /// The step's path in a run, where it is not its id: with the pass of the loop that it stands in.
    pub(crate) in_pass: Option<Box<str>>,
    pub(crate) target: Target<'a>,
    pub(crate) answer: Answer<'a>,
    /// `None`: not known, counts as destructive.
    pub(crate) effects: Option<EffectLevel>,
    /// Why equal arguments may give another answer; empty: deterministic.
    pub(crate) reasons: Vec<Reason>,
    /// Whether it failed in the recording and the run has to go on all the same.
    pub(crate) tolerated: bool,
    /// The names of secrets that stand in its configuration where none may.
    pub(crate) misplaced: BTreeSet<String>,
}

impl Kept<'_> {
    /// The step's path in a run: its id, with the pass where it stands in a loop.
    pub(crate) fn path(&self) -> &str {
        self.in_pass.as_deref().unwrap_or(&self.step)
    }

    /// Whether it is known to change nothing.
    pub(crate) fn is_harmless(&self) -> bool {
        self.effects
            .is_some_and(|effects| effects <= EffectLevel::Read)
    }

    /// Whether it may change something.
    pub(crate) fn changes(&self) -> bool {
        self.effects
            .is_none_or(|level| level >= EffectLevel::IdempotentWrite)
    }
}

/// Where the step of a call stands in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    /// The index in the document's list.
    pub(crate) step: usize,
    /// The index in the body, where that step is a loop.
    pub(crate) inner: Option<usize>,
    /// The index in the body of that one, where it is a loop itself.
    pub(crate) deep: Option<usize>,
}

impl Spot {
    /// A step of the document's own list.
    pub(crate) fn of(step: usize) -> Self {
        Self {
            step,
            inner: None,
            deep: None,
        }
    }

    /// JSON Pointer to the step.
    pub(crate) fn pointer(self) -> String {
        let mut pointer = String::new();
        for index in [Some(self.step), self.inner, self.deep]
            .into_iter()
            .flatten()
        {
            pointer.push_str(&format!("/steps/{index}"));
        }
        pointer
    }

    /// Where the step right before it stands, in the same list.
    pub(crate) fn before(self) -> Option<Self> {
        let Self { step, inner, deep } = self;
        Some(match (inner, deep) {
            (Some(_), Some(deep)) => Self {
                deep: Some(deep.checked_sub(1)?),
                ..self
            },
            (Some(inner), None) => Self {
                inner: Some(inner.checked_sub(1)?),
                ..self
            },
            (None, _) => Self::of(step.checked_sub(1)?),
        })
    }

    /// The step.
    pub(crate) fn step_mut(self, document: &mut Document) -> Option<&mut Step> {
        let mut step = document.steps.get_mut(self.step)?;
        for index in [self.inner, self.deep].into_iter().flatten() {
            step = step.steps.get_mut(index)?;
        }
        Some(step)
    }
}
