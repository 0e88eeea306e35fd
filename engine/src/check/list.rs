//! The lists of steps of a document: its own, those of handlers, and the bodies of their loops.

use crate::definition::{Document, Step};
use crate::plan::{Graph, ITEM};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// A list of steps and what stands around it.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) steps: &'a [Step],
    /// JSON Pointer to it.
    pub(super) path: String,
    /// Step id to its first position.
    pub(super) ids: BTreeMap<&'a str, usize>,
    /// The loop whose body it is: the list that the loop stands in, and its position there.
    pub(super) around: Option<(usize, usize)>,
    /// Whether it is one of handlers, or inside of one. Such a list sees the document's own steps.
    pub(super) handles: bool,
    /// The body of each step that is a loop.
    pub(super) bodies: BTreeMap<usize, usize>,
    /// The names that loops around it give, the innermost loop's last.
    pub(super) names: Vec<&'a str>,
    /// What comes before what in it, once somebody has asked.
    graph: OnceCell<Graph>,
}

impl List<'_> {
    /// JSON Pointer to a step.
    pub(super) fn at(&self, position: usize) -> String {
        format!("{}/{position}", self.path)
    }

    /// What comes before what in it.
    pub(super) fn graph(&self) -> &Graph {
        self.graph.get_or_init(|| Graph::new(self.steps))
    }
}

/// All lists of a document, its own first, each before those inside of it.
pub(super) fn lists(document: &Document) -> Vec<List<'_>> {
    let mut all = Vec::new();
    let handlers = [
        ("/on_failure", &document.on_failure),
        ("/finally", &document.finally),
    ];
    add(&document.steps, "/steps".into(), None, Vec::new(), &mut all);
    let own = all.len();
    for (path, steps) in handlers {
        if !steps.is_empty() {
            add(steps, path.into(), None, Vec::new(), &mut all);
        }
    }
    for list in &mut all[own..] {
        list.handles = true;
    }
    all
}

/// The list whose steps are seen from one besides its own: the one around its loop, or that of the document
/// for handlers.
fn outer(lists: &[List<'_>], list: usize) -> Option<usize> {
    match lists[list].around {
        Some((around, _)) => Some(around),
        None if lists[list].handles => Some(0),
        None => None,
    }
}

fn add<'a>(
    steps: &'a [Step],
    path: String,
    around: Option<(usize, usize)>,
    names: Vec<&'a str>,
    all: &mut Vec<List<'a>>,
) -> usize {
    let own = all.len();
    let ids = steps.iter().enumerate().rev();
    all.push(List {
        steps,
        ids: ids.map(|(index, step)| (step.id.as_str(), index)).collect(),
        around,
        handles: false,
        bodies: BTreeMap::new(),
        names: names.clone(),
        graph: OnceCell::new(),
        path,
    });
    for (position, step) in steps.iter().enumerate() {
        if step.steps.is_empty() {
            continue;
        }
        let mut names = names.clone();
        if let Some(each) = &step.for_each {
            names.push(each.name.as_deref().unwrap_or(ITEM));
        }
        if !names.contains(&"loop") {
            names.insert(0, "loop");
        }
        let path = format!("{}/{position}/steps", all[own].path);
        let body = add(&step.steps, path, Some((own, position)), names, all);
        all[own].bodies.insert(position, body);
    }
    own
}

/// The list, this one or one around it, that has a step of this id, and the step's position there.
pub(super) fn find(lists: &[List<'_>], list: usize, id: &str) -> Option<(usize, usize)> {
    let mut next = Some(list);
    while let Some(list) = next {
        let here = &lists[list];
        if let Some(position) = here.ids.get(id) {
            return Some((list, *position));
        }
        next = outer(lists, list);
    }
    None
}

/// The ids of all steps that can be seen from a list.
pub(super) fn visible<'a>(lists: &[List<'a>], list: usize) -> Vec<&'a str> {
    let mut ids = Vec::new();
    let mut next = Some(list);
    while let Some(list) = next {
        ids.extend(lists[list].ids.keys().copied());
        next = outer(lists, list);
    }
    ids
}

/// The loop, seen from a list, that a step of this id stands inside of.
pub(super) fn inside<'a>(lists: &[List<'a>], list: usize, id: &str) -> Option<&'a str> {
    let mut seen = vec![list];
    while let Some(next) = seen.last().and_then(|list| outer(lists, *list)) {
        seen.push(next);
    }
    let holder = lists.iter().position(|other| other.ids.contains_key(id))?;
    let mut inner = holder;
    while let Some((around, position)) = lists[inner].around {
        if seen.contains(&around) {
            return Some(&lists[around].steps[position].id);
        }
        inner = around;
    }
    None
}
