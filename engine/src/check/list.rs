//! The lists of steps of a document: its own, and the bodies of its loops.

use crate::definition::Step;
use crate::plan::ITEM;
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
    /// The body of each step that is a loop.
    pub(super) bodies: BTreeMap<usize, usize>,
    /// The names that loops around it give, the innermost loop's last.
    pub(super) names: Vec<&'a str>,
}

impl List<'_> {
    /// JSON Pointer to a step.
    pub(super) fn at(&self, position: usize) -> String {
        format!("{}/{position}", self.path)
    }
}

/// All lists below one, each before those inside of it.
pub(super) fn lists(steps: &[Step]) -> Vec<List<'_>> {
    let mut all = Vec::new();
    add(steps, "/steps".into(), None, Vec::new(), &mut all);
    all
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
        bodies: BTreeMap::new(),
        names: names.clone(),
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
        next = here.around.map(|(list, _)| list);
    }
    None
}

/// The ids of all steps that can be seen from a list.
pub(super) fn visible<'a>(lists: &[List<'a>], list: usize) -> Vec<&'a str> {
    let mut ids = Vec::new();
    let mut next = Some(list);
    while let Some(list) = next {
        ids.extend(lists[list].ids.keys().copied());
        next = lists[list].around.map(|(list, _)| list);
    }
    ids
}

/// The loop, seen from a list, that a step of this id stands inside of.
pub(super) fn inside<'a>(lists: &[List<'a>], list: usize, id: &str) -> Option<&'a str> {
    let mut seen = vec![list];
    while let Some((around, _)) = seen.last().and_then(|list| lists[*list].around) {
        seen.push(around);
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
