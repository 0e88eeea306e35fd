//! Which step comes before which.

use super::hears::when_of;
use crate::definition::Step;
use crate::expression::{Expression, Reference, Template};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An edge, by positions in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) case: Option<String>,
    pub(crate) order_only: bool,
}

/// The edges between the steps of one list. What the body of a loop reads from outside of the loop is an
/// edge to the loop. Names that do not exist in the list are left out: the check reports them.
#[derive(Debug)]
pub(crate) struct Graph {
    /// For each step what comes before it, explicit needs first.
    pub(crate) before: Vec<Vec<Edge>>,
}

/// Splits `id` or `id.case`.
pub(crate) fn split_need(need: &str) -> (&str, Option<&str>) {
    match need.split_once('.') {
        Some((id, case)) => (id, Some(case)),
        None => (need, None),
    }
}

/// Calls back with every reference in a step's expressions that compile: its own, and those of a loop's
/// body.
fn references(step: &Step, then: &mut dyn FnMut(&Reference, &Expression)) {
    let mut see = |expression: &Expression| {
        for item in expression.references().steps() {
            then(item, expression);
        }
    };
    if let Some(expression) = step
        .when
        .as_deref()
        .and_then(|w| Expression::compile(w).ok())
    {
        see(&expression);
    }
    let switch = step.action.as_deref() == Some("switch");
    if let Some(with) = &step.with {
        if switch {
            for case in with
                .get("cases")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                if let Some(when) = case.get("when").and_then(Value::as_str)
                    && let Ok(expression) = Expression::compile(when)
                {
                    see(&expression);
                }
            }
        } else {
            for value in with.values().filter(|value| !Template::is_plain(value)) {
                if let Ok(template) = Template::compile(value) {
                    for (_, expression) in template.expressions() {
                        see(expression);
                    }
                }
            }
        }
    }
    let key = step.idempotency_key.as_deref().map(Value::from);
    let each = step.for_each.as_ref();
    let templates = [
        key.as_ref(),
        each.map(|each| &each.items),
        each.and_then(|each| each.output.as_ref()),
        step.repeat
            .as_ref()
            .and_then(|repeat| repeat.output.as_ref()),
    ];
    for value in templates.into_iter().flatten() {
        if let Ok(template) = Template::compile(value) {
            for (_, expression) in template.expressions() {
                see(expression);
            }
        }
    }
    let conditions = [
        when_of(step),
        each.and_then(|each| each.until.as_deref()),
        step.repeat.as_ref().map(|repeat| repeat.until.as_str()),
    ];
    for source in conditions.into_iter().flatten() {
        if let Ok(expression) = Expression::compile(source) {
            see(&expression);
        }
    }
    for inner in &step.steps {
        references(inner, then);
    }
}

impl Graph {
    pub(crate) fn new(steps: &[Step]) -> Self {
        let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            positions.entry(&step.id).or_insert(index);
        }
        let before = steps
            .iter()
            .map(|step| {
                let mut edges: Vec<Edge> = Vec::with_capacity(step.needs.len());
                for need in &step.needs {
                    let (id, case) = split_need(need);
                    if let Some(&from) = positions.get(id) {
                        edges.push(Edge {
                            from,
                            case: case.map(ToOwned::to_owned),
                            order_only: false,
                        });
                    }
                }
                let explicit = edges.len();
                references(step, &mut |item, expression| {
                    let Some((id, &from)) =
                        item.key(0).and_then(|id| Some((id, positions.get(id)?)))
                    else {
                        return;
                    };
                    if edges[..explicit].iter().any(|edge| edge.from == from) {
                        return;
                    }
                    let order_only = !expression.references().needs_output_of(id);
                    match edges.iter_mut().find(|edge| edge.from == from) {
                        Some(edge) => edge.order_only &= order_only,
                        None => edges.push(Edge {
                            from,
                            case: None,
                            order_only,
                        }),
                    }
                });
                edges
            })
            .collect();
        Self { before }
    }

    /// Positions in topological order, ties in document order; positions that stand in a cycle or
    /// behind one are left out.
    pub(crate) fn order(&self) -> Vec<usize> {
        let count = self.before.len();
        let mut open: Vec<usize> = vec![0; count];
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (to, edges) in self.before.iter().enumerate() {
            let from: BTreeSet<usize> = edges.iter().map(|edge| edge.from).collect();
            open[to] = from.len();
            for from in from {
                after[from].push(to);
            }
        }
        let mut ready: BTreeSet<usize> = (0..count).filter(|i| open[*i] == 0).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(next) = ready.pop_first() {
            order.push(next);
            for &to in &after[next] {
                open[to] -= 1;
                if open[to] == 0 {
                    ready.insert(to);
                }
            }
        }
        order
    }

    /// One cycle of every knot of steps that wait for each other, beginning at its first step in the
    /// document: `[a, b, c]` when a needs b, b needs c and c needs a.
    pub(crate) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut graph = petgraph::graph::DiGraph::<(), ()>::with_capacity(self.before.len(), 0);
        let nodes: Vec<_> = self.before.iter().map(|_| graph.add_node(())).collect();
        for (to, edges) in self.before.iter().enumerate() {
            for edge in edges {
                graph.add_edge(nodes[to], nodes[edge.from], ());
            }
        }
        let mut cycles = Vec::new();
        for knot in petgraph::algo::tarjan_scc(&graph) {
            let knot: BTreeSet<usize> = knot.into_iter().map(|node| node.index()).collect();
            if let Some(cycle) = self.cycle_in(&knot) {
                cycles.push(cycle);
            }
        }
        cycles.sort();
        cycles
    }

    /// The shortest cycle through the first step of a strongly connected set.
    fn cycle_in(&self, knot: &BTreeSet<usize>) -> Option<Vec<usize>> {
        let first = *knot.first()?;
        let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([first]);
        while let Some(at) = queue.pop_front() {
            for edge in &self.before[at] {
                if edge.from == first {
                    let mut path = vec![at];
                    let mut step = at;
                    while step != first {
                        step = *came_from.get(&step)?;
                        path.push(step);
                    }
                    path.reverse();
                    return Some(path);
                }
                if knot.contains(&edge.from) && !came_from.contains_key(&edge.from) {
                    came_from.insert(edge.from, at);
                    queue.push_back(edge.from);
                }
            }
        }
        None
    }
}
