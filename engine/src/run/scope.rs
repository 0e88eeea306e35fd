//! Scopes: lists of steps with states of their own. The document's list is one, and so is each pass of a
//! loop, each list of handlers, what undoes a step, and what checks one.

use super::state::StepState;
use crate::Json;
use crate::event::{HandlerList, StepPath};
use crate::expression::{Frame, REVIEW, StepValue};
use crate::plan::{Block, Plan, PlannedStep};
use std::collections::BTreeSet;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

/// The scope of the document's own steps.
pub(super) const TOP: usize = 0;

/// A step of a run: its scope, and its index in the scope's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) scope: usize,
    pub(super) step: usize,
}

/// What a scope belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The run itself.
    Run,
    /// A pass of a loop.
    Pass { of: Place, number: u32 },
    /// A list of handlers.
    Handlers(HandlerList),
    /// What undoes a step.
    Undo { of: Place },
    /// What checks whether a step happened.
    Probe { of: Place },
}

/// What ends a scope although steps of it are left. The order says which of two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Close {
    /// Something failed: steps that handle failures still run.
    Failing,
    /// Everything ends.
    Stopped,
}

/// A list of steps and how they stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scope {
    pub(super) owner: Owner,
    /// The list, an index in [`Plan::blocks`].
    pub(super) block: usize,
    /// What stands before the ids of its steps in paths: nothing, or `each_invoice[3].`.
    prefix: Arc<str>,
    /// What expressions see of it.
    pub(super) frame: Arc<Frame>,
    /// What the pass before it handed on, where it is one of a loop whose passes do.
    pub(super) previous: Option<Json>,
    pub(super) steps: Vec<StepState>,
    /// Steps that are not over.
    pub(super) open: usize,
    pub(super) close: Option<Close>,
    /// The first step whose failure was not handled.
    pub(super) failed: Option<usize>,
    /// The first step whose refusal was not handled.
    pub(super) refused: Option<usize>,
    /// Whether steps of it ran again because a gate was sent back.
    pub(super) turned: bool,
}

impl Scope {
    pub(super) fn new(plan: &Plan, owner: Owner, block: usize, path: Option<&StepPath>) -> Self {
        let list = &plan.blocks[block];
        let steps: Vec<StepState> = list
            .steps
            .iter()
            .map(|step| StepState::new(distinct_needs(step)))
            .collect();
        Self {
            owner,
            block,
            prefix: path.map_or_else(|| "".into(), |path| format!("{path}.").into()),
            frame: Arc::new(Frame::new(list.names.clone())),
            previous: None,
            open: steps.len(),
            steps,
            close: None,
            failed: None,
            refused: None,
            turned: false,
        }
    }

    pub(super) fn list<'a>(&self, plan: &'a Plan) -> &'a Block {
        &plan.blocks[self.block]
    }

    /// The path of a step.
    pub(super) fn path(&self, step: &PlannedStep) -> StepPath {
        if self.prefix.is_empty() {
            return StepPath(step.id.clone());
        }
        let mut path = String::with_capacity(self.prefix.len() + step.id.len());
        path.push_str(&self.prefix);
        path.push_str(&step.id);
        StepPath(path.into())
    }

    pub(super) fn value(&self, step: usize) -> &StepValue {
        &self.frame.steps[step]
    }

    pub(super) fn value_mut(&mut self, step: usize) -> &mut StepValue {
        &mut Arc::make_mut(&mut self.frame).steps[step]
    }

    /// Gives up what is only needed while it goes on; what is shown of it, and what undoing its steps
    /// reads, stays.
    pub(super) fn compact(&mut self, plan: &Plan) {
        let undoes = self.list(plan).undoes;
        let frame = Arc::make_mut(&mut self.frame);
        if !undoes {
            // A retry goes on with what a reviewer said.
            frame.locals.retain(|(name, _)| &**name == REVIEW);
            frame.locals.shrink_to_fit();
            self.previous = None;
        }
        for value in &mut frame.steps {
            value.output = value.output.as_ref().map(Json::compacted);
        }
        for step in &mut self.steps {
            step.input = step.input.as_ref().map(Json::compacted);
            step.key = None;
            step.attempts.shrink_to_fit();
        }
    }
}

/// How many different steps it needs: two cases of one switch are one.
fn distinct_needs(step: &PlannedStep) -> usize {
    match step.needs.as_slice() {
        [] => 0,
        [_] => 1,
        needs => needs
            .iter()
            .map(|need| need.step)
            .collect::<BTreeSet<_>>()
            .len(),
    }
}

/// The scopes of a run. A number is given out once; a scope may be forgotten.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scopes(Vec<Option<Box<Scope>>>);

impl Scopes {
    pub(super) fn new(top: Scope) -> Self {
        Self(vec![Some(Box::new(top))])
    }

    pub(super) fn add(&mut self, scope: Scope) -> usize {
        self.0.push(Some(Box::new(scope)));
        self.0.len() - 1
    }

    pub(super) fn forget(&mut self, scope: usize) {
        self.0[scope] = None;
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Scope> {
        self.0.iter_mut().filter_map(Option::as_deref_mut)
    }

    /// All that are held, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Scope)> {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(number, scope)| Some((number, scope.as_deref()?)))
    }
}

/// Whoever has the number of a scope has it from something that keeps the scope.
impl Index<usize> for Scopes {
    type Output = Scope;
    fn index(&self, scope: usize) -> &Scope {
        self.0[scope].as_deref().expect("the scope is held")
    }
}

impl IndexMut<usize> for Scopes {
    fn index_mut(&mut self, scope: usize) -> &mut Scope {
        self.0[scope].as_deref_mut().expect("the scope is held")
    }
}
