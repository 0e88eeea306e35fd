//! The graph of a document as inline SVG, with the same as a nested list for who hears it.

mod layered;
mod place;

use super::component::state;
use druse_engine::definition::from_value;
use druse_engine::plan::{Block, Plan, PlannedStep};
use layered::{Edge, Graph, Line};
use maud::{Markup, html};
use place::{WIDEST, places};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Size of a box and of the space around it.
const WIDE: usize = 176;
const HIGH: usize = 44;
const ACROSS: usize = 24;
const DOWN: usize = 44;

/// Characters of an id that fit into a box.
const FITS: usize = 20;

/// The steps of a document, in the colours of `states` (by path), each linked to `link` and its path.
pub(super) fn of_document(
    document: &Value,
    states: &BTreeMap<String, String>,
    link: &str,
) -> Markup {
    let plan = from_value(document.clone())
        .ok()
        .and_then(|document| Plan::compile(Arc::new(document)).ok());
    let Some(plan) = plan else {
        return html! { p .dim { "There is no graph of this document." } };
    };
    html! {
        div .graph tabindex="0" role="region" aria-label="The graph of the steps: Enter goes into it, arrows from step to step" { (draw(plan.top(), states, "", link)) }
        (bodies(&plan, plan.top(), "", link))
        details .more { summary { "The same as a list" } (list(&plan, plan.top())) }
    }
}

/// What each pass of a loop does, for each loop and those inside of it.
fn bodies(plan: &Plan, block: &Block, around: &str, link: &str) -> Markup {
    html! {
        @for step in &block.steps {
            @if let Some(looped) = step.work.looped() {
                @let inside = format!("{around}{}.", step.id);
                h2 { "In each pass of " (step.id) }
                div .graph tabindex="0" role="region" aria-label={ "The steps of " (step.id) } { (draw(&plan.blocks[looped.body], &BTreeMap::new(), &inside, link)) }
                (bodies(plan, &plan.blocks[looped.body], &inside, link))
            }
        }
    }
}

fn edges(block: &Block) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (to, step) in block.steps.iter().enumerate() {
        for need in &step.needs {
            edges.push(Edge {
                from: need.step,
                to,
            });
        }
    }
    edges
}

fn draw(block: &Block, states: &BTreeMap<String, String>, around: &str, link: &str) -> Markup {
    let names: Vec<String> = block.steps.iter().map(|step| step.id.to_string()).collect();
    let graph = Graph::lay_out(&names, &edges(block));
    let (places, wide) = places(&graph);
    let high = graph.layers.len() * (HIGH + DOWN);
    // Each picture of a page has a tip of its own.
    let tip = format!("tip-{}", around.replace('.', "-"));
    let edges = graph.lines.iter();
    let edges = edges.flat_map(|line| edges_of(line, &places, graph.nodes));
    html! {
        svg .whole[wide <= WIDEST] viewBox={ "0 0 " (wide) " " (high) } width=(wide) height=(high) aria-hidden="true" focusable="false" {
            defs { marker #(tip) viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto" { path .tip d="M0 0L8 4L0 8Z" {} } }
            @for (way, ends) in edges {
                path .edge d=(way) marker-end=[ends.then(|| format!("url(#{tip})"))] {}
            }
            @for (index, step) in block.steps.iter().enumerate() {
                (box_of(step, places[index], states.get(&*step.id).map(String::as_str), &address(link, &format!("{around}{}", step.id))))
            }
        }
    }
}

/// The lines that go out from a box: straight past the boxes of each layer, and bent only between layers. Each comes
/// to the boxes that it leads to with a tip of its own.
fn edges_of(line: &Line, places: &[(usize, usize)], nodes: usize) -> Vec<(String, bool)> {
    let centre = |node: usize| {
        let (x, y) = places[node];
        (x + if node < nodes { WIDE / 2 } else { 0 }, y)
    };
    // From below one layer to the top of the next.
    let bend = |from: usize, to: usize| {
        let ((x1, y1), (x2, y2)) = (centre(from), centre(to));
        let middle = (y1 + HIGH + y2) / 2;
        format!("C{x1} {middle} {x2} {middle} {x2} {y2}")
    };
    let begin = |node: usize| {
        let (x, y) = centre(node);
        format!("M{x} {}", y + HIGH)
    };
    let mut all = Vec::new();
    let mut trunk = begin(line.trunk[0]);
    for pair in line.trunk.windows(2) {
        trunk.push_str(&bend(pair[0], pair[1]));
        trunk.push_str(&format!("v{HIGH}"));
    }
    if line.trunk.len() > 1 {
        all.push((trunk, false));
    }
    for (at, to) in &line.branches {
        let from = line.trunk[*at];
        all.push((format!("{}{}", begin(from), bend(from, *to)), true));
    }
    all
}

/// Where a step is told of, by the way to it. On the page of a run a step of a body has many passes, which stand at
/// the outermost loop.
fn address(link: &str, path: &str) -> String {
    match link.starts_with('#') {
        true => format!("{link}{}", path.split('.').next().unwrap_or_default()),
        false => format!("{link}{path}"),
    }
}

fn box_of(
    step: &PlannedStep,
    (x, y): (usize, usize),
    status: Option<&str>,
    address: &str,
) -> Markup {
    let id: &str = &step.id;
    let shown = super::component::value::cut(id, FITS);
    let action = step.work.name();
    let class = status.map_or_else(String::new, state::class);
    html! {
        a href=(address) tabindex="-1" {
            title { (id) " · " (action) @if let Some(status) = status { " · " (status) } }
            rect .box.(class) x=(x) y=(y) width=(WIDE) height=(HIGH) rx=(if action == "approval_gate" { 22 } else { 6 }) {}
            text .id x=(x + 14) y=(y + 19) { (shown) }
            text .action x=(x + 14) y=(y + 35) { (action) @if step.when.is_some() { " · when" } }
            @if let Some(status) = status { text .(class) x=(x + WIDE - 16) y=(y + 27) text-anchor="middle" { (state::sign(status)) } }
        }
    }
}

fn list(plan: &Plan, block: &Block) -> Markup {
    html! {
        ol {
            @for step in &block.steps {
                li {
                    code { (step.id) } " " span .dim { (step.work.name()) }
                    @if !step.needs.is_empty() {
                        " after "
                        @for (index, need) in step.needs.iter().enumerate() {
                            @if index > 0 { ", " } code { (block.steps[need.step].id) }
                        }
                    }
                    @if let Some(looped) = step.work.looped() { (list(plan, &plan.blocks[looped.body])) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::place::BEND;
    use super::*;
    use serde_json::json;

    fn hundred() -> Value {
        let steps: Vec<Value> = (0..100usize)
            .map(|index| {
                let mut needs = vec![index / 2, index.saturating_sub(7), index.saturating_sub(1) / 9];
                needs.retain(|need| *need < index);
                needs.sort_unstable();
                needs.dedup();
                let needs: Vec<String> = needs.iter().map(|need| format!("s{need}")).collect();
                json!({ "id": format!("s{index}"), "action": "transform", "needs": needs, "with": { "value": index } })
            })
            .collect();
        json!({ "druse": 1, "name": "hundred", "steps": steps })
    }

    /// The points of a path of `M`, `C` and `v`, with what lies between them, finely.
    fn points(way: &str) -> Vec<(f64, f64)> {
        let spaced = way
            .replace('M', " M ")
            .replace('C', " C ")
            .replace('v', " v ");
        let mut words = spaced.split_whitespace();
        let mut found = Vec::new();
        let mut at = (0.0, 0.0);
        while let Some(word) = words.next() {
            let mut number = || words.next().unwrap().parse::<f64>().unwrap();
            match word {
                "M" => at = (number(), number()),
                "v" => {
                    let to = (at.0, at.1 + number());
                    found.extend(
                        (0..=20).map(|i| (at.0, at.1 + (to.1 - at.1) * f64::from(i) / 20.0)),
                    );
                    at = to;
                }
                "C" => {
                    let ends = [
                        at,
                        (number(), number()),
                        (number(), number()),
                        (number(), number()),
                    ];
                    found.extend((0..=40).map(|i| {
                        let t = f64::from(i) / 40.0;
                        let parts = [
                            (1.0 - t).powi(3),
                            3.0 * t * (1.0 - t).powi(2),
                            3.0 * t * t * (1.0 - t),
                            t.powi(3),
                        ];
                        let sum = |pick: fn((f64, f64)) -> f64| {
                            parts
                                .iter()
                                .zip(ends)
                                .map(|(part, end)| part * pick(end))
                                .sum::<f64>()
                        };
                        (sum(|end| end.0), sum(|end| end.1))
                    }));
                    at = ends[3];
                }
                other => panic!("{other} in {way}"),
            }
        }
        found
    }

    #[test]
    fn no_line_runs_behind_a_box_and_each_need_has_a_tip() {
        let document = from_value(hundred()).unwrap();
        let plan = Plan::compile(Arc::new(document)).unwrap();
        let block = plan.top();
        let names: Vec<String> = block.steps.iter().map(|step| step.id.to_string()).collect();
        let graph = Graph::lay_out(&names, &edges(block));
        let (places, wide) = places(&graph);
        let mut tips = 0;
        for line in &graph.lines {
            for (way, ends) in edges_of(line, &places, graph.nodes) {
                tips += usize::from(ends);
                for (x, y) in points(&way) {
                    assert!(x >= 0.0 && x <= wide as f64, "{way}");
                    for (left, top) in &places[..graph.nodes] {
                        let (left, top) = (*left as f64, *top as f64);
                        let inside =
                            x > left && x < left + WIDE as f64 && y > top && y < top + HIGH as f64;
                        assert!(!inside, "{way} runs behind the box at {left} {top}");
                    }
                }
            }
        }
        assert_eq!(tips, edges(block).len());
    }

    #[test]
    fn boxes_of_a_layer_keep_apart_and_the_picture_is_the_same_each_time() {
        let shown = || of_document(&hundred(), &BTreeMap::new(), "#step-").into_string();
        assert_eq!(shown(), shown());
        let document = from_value(hundred()).unwrap();
        let plan = Plan::compile(Arc::new(document)).unwrap();
        let names: Vec<String> = plan
            .top()
            .steps
            .iter()
            .map(|step| step.id.to_string())
            .collect();
        let graph = Graph::lay_out(&names, &edges(plan.top()));
        let (places, wide) = places(&graph);
        for row in &graph.layers {
            for pair in row.windows(2) {
                let room = if pair[0] < graph.nodes {
                    WIDE
                } else {
                    BEND / 2
                };
                assert!(places[pair[0]].0 + room <= places[pair[1]].0);
            }
        }
        assert!(places.iter().all(|(x, _)| *x <= wide));
    }
}
