//! Where the step that a planned one was made of is written. A plan holds its document: no step stands in it twice.

use super::{Plan, PlannedStep};
use crate::definition::{Document, Step};
use crate::event::HandlerList;
use std::sync::LazyLock;

/// Where a step is written.
#[derive(Debug)]
pub enum Written {
    /// In the document.
    There {
        /// The list of handlers; none for the document's own list.
        list: Option<HandlerList>,
        /// The index in that list.
        at: u32,
        /// The index in each body on the way to it.
        inside: Box<[u32]>,
    },
    /// Nowhere: the engine made it, of what undoes a step or checks one.
    Made(Box<Step>),
}

impl Written {
    /// The step, with the body that it has where it is a loop.
    pub(super) fn of<'p>(&'p self, document: &'p Document) -> &'p Step {
        static NOTHING: LazyLock<Step> = LazyLock::new(Step::default);
        static NONE: Vec<Step> = Vec::new();
        let (list, at, inside) = match self {
            Self::Made(step) => return step,
            Self::There { list, at, inside } => (list, at, inside),
        };
        let mut steps = match list {
            None => &document.steps,
            Some(HandlerList::OnFailure) => &document.on_failure,
            Some(HandlerList::Finally) => &document.finally,
            // What undoes a step is made of it.
            Some(HandlerList::Undo) => &NONE,
        };
        let mut found = None;
        for at in std::iter::once(at).chain(inside) {
            found = steps.get(*at as usize);
            let Some(step) = found else { break };
            steps = &step.steps;
        }
        // A plan is made of its document: it is there.
        found.unwrap_or(&NOTHING)
    }
}

impl Plan {
    /// The step of the document that a planned one was made of; of what undoes or checks a step, one like it.
    pub fn written<'p>(&'p self, step: &'p PlannedStep) -> &'p Step {
        step.written.of(&self.document)
    }
}

/// The way to the step at hand, while a document is compiled.
pub(super) struct Way {
    list: Option<HandlerList>,
    at: Vec<u32>,
}

impl Way {
    pub(super) fn of(list: Option<HandlerList>) -> Self {
        Self {
            list,
            at: Vec::new(),
        }
    }

    pub(super) fn enter(&mut self, position: usize) {
        self.at.push(u32::try_from(position).unwrap_or(u32::MAX));
    }

    pub(super) fn leave(&mut self) {
        self.at.pop();
    }

    pub(super) fn written(&self) -> Written {
        let (at, inside) = self.at.split_first().unwrap_or((&0, &[]));
        Written::There {
            list: self.list,
            at: *at,
            inside: inside.into(),
        }
    }
}
