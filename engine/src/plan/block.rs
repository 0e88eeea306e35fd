//! A list of steps.

use super::PlannedStep;
use crate::expression::Names;
use std::sync::Arc;

/// A compiled list of steps: that of the document, the body of a loop, a list of handlers, or the one step
/// that undoes another.
#[derive(Debug, Default)]
pub struct Block {
    /// In topological order; ties as in the document.
    pub steps: Vec<PlannedStep>,
    /// Step id to index in [`Block::steps`].
    pub names: Arc<Names>,
    /// The indexes in the order of the document.
    pub written: Vec<usize>,
    /// Whether steps of it, or of loops in it, are undone when the run fails.
    pub undoes: bool,
}

impl Block {
    /// The index of a step.
    pub fn step(&self, id: &str) -> Option<usize> {
        self.names.get(id)
    }

    /// The step that is written last: what it gives is what a pass of a loop gives.
    pub fn last(&self) -> Option<usize> {
        self.written.last().copied()
    }
}
