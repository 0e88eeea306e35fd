//! The graph of a document as inline SVG, with the same as a nested list for who hears it.

mod layered;

use super::component::state;
use druse_engine::definition::from_value;
use druse_engine::plan::{Block, Plan, PlannedStep};
use layered::{Edge, Graph, Line};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Size of a box and of the space around it.
const WIDE: usize = 176;
const HIGH: usize = 44;
const ACROSS: usize = 24;
const DOWN: usize = 40;

/// Room of a line that passes a layer.
const BEND: usize = 20;
/// The widest picture that is shown as a whole.
const SEEN: usize = 1_500;

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
    let place = |node: usize| places[node];
    let centre = |node: usize| {
        let (x, y) = place(node);
        (x + if node < graph.nodes { WIDE / 2 } else { 0 }, y)
    };
    html! {
        svg .whole[wide <= SEEN] viewBox={ "0 0 " (wide) " " (high) } width=(wide) height=(high) aria-hidden="true" focusable="false" {
            @for line in &graph.lines {
                path .edge d=(curve(line, &centre, graph.nodes)) {}
            }
            @for (index, step) in block.steps.iter().enumerate() {
                (box_of(step, place(index), states.get(&*step.id).map(String::as_str), &address(link, &format!("{around}{}", step.id))))
            }
        }
    }
}

/// Where each box and each bend of a line stands, and how wide all of it is. Lines that pass take little room.
fn places(graph: &Graph) -> (Vec<(usize, usize)>, usize) {
    let room = |node: &usize| match *node < graph.nodes {
        true => WIDE + ACROSS,
        false => BEND,
    };
    let width = |row: &Vec<usize>| row.iter().map(room).sum::<usize>();
    let wide = graph.layers.iter().map(width).max().unwrap_or(0);
    let mut places = vec![(0, 0); graph.layer_of.len()];
    for (layer, row) in graph.layers.iter().enumerate() {
        // Each layer stands in the middle, while all of it can be seen at once; else everything begins at
        // the left, where one looks first.
        let mut left = if wide <= SEEN {
            (wide - width(row)) / 2
        } else {
            0
        };
        for node in row {
            let inner = if *node < graph.nodes {
                ACROSS / 2
            } else {
                BEND / 2
            };
            places[*node] = (left + inner, layer * (HIGH + DOWN) + DOWN / 2);
            left += room(node);
        }
    }
    (places, wide)
}

/// A line from a box through the places that it keeps free on its way, and its branches to other boxes.
fn curve(line: &Line, centre: &dyn Fn(usize) -> (usize, usize), nodes: usize) -> String {
    let mut text = String::new();
    let mut piece = |from: usize, to: usize, goes_on: bool| {
        let ((x1, y1), (x2, y2)) = (centre(from), centre(to));
        let begin = if from < nodes {
            y1 + HIGH
        } else {
            y1 + HIGH / 2
        };
        let end = if to < nodes { y2 } else { y2 + HIGH / 2 };
        let middle = (begin + end) / 2;
        if !goes_on {
            text.push_str(&format!("M{x1} {begin}"));
        }
        text.push_str(&format!("C{x1} {middle} {x2} {middle} {x2} {end}"));
    };
    for (index, pair) in line.trunk.windows(2).enumerate() {
        piece(pair[0], pair[1], index > 0);
    }
    for (at, to) in &line.branches {
        piece(line.trunk[*at], *to, false);
    }
    text
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
