//! Where each box and each bend of a line stands. The order in each layer is given; here each comes as near as it can
//! to the middle of what it is joined with, so that lines are short and what passes layers goes straight down.

use super::layered::{Graph, Line};
use super::{ACROSS, DOWN, HIGH, WIDE};

/// Room of a line that passes a layer.
pub(super) const BEND: usize = 20;
/// The widest picture that is shown as a whole.
pub(super) const WIDEST: usize = 1_500;

/// How often all layers are gone through, down and up.
const ROUNDS: usize = 4;
/// How much more a line that passes a layer pulls than a box: bends are seen more than a box that is a bit aside.
const STRAIGHT: i64 = 4;

/// What a place takes in its layer: half of it on each side of its middle.
fn room(graph: &Graph, node: usize) -> i64 {
    let room = match node < graph.nodes {
        true => WIDE + ACROSS,
        false => BEND,
    };
    i64::try_from(room).unwrap_or_default()
}

/// The left upper corner of each box, the upper end of each line that passes a layer, and how wide all of it is.
pub(super) fn places(graph: &Graph) -> (Vec<(usize, usize)>, usize) {
    let wide = |row: &Vec<usize>| row.iter().map(|node| room(graph, *node)).sum::<i64>();
    let whole = graph.layers.iter().map(wide).max().unwrap_or(0);
    let mut middles = vec![0; graph.layer_of.len()];
    for row in &graph.layers {
        let mut left = (whole - wide(row)) / 2;
        for node in row {
            middles[*node] = left + room(graph, *node) / 2;
            left += room(graph, *node);
        }
    }
    let (mut above, mut below) = (
        vec![Vec::new(); middles.len()],
        vec![Vec::new(); middles.len()],
    );
    for (from, to) in graph.lines.iter().flat_map(Line::pieces) {
        above[to].push(from);
        below[from].push(to);
    }
    for _ in 0..ROUNDS {
        for row in graph.layers.iter().skip(1) {
            pull(graph, row, &above, &mut middles, whole);
        }
        for row in graph.layers.iter().rev().skip(1) {
            pull(graph, row, &below, &mut middles, whole);
        }
    }
    let place = |node: usize| {
        let left = match node < graph.nodes {
            true => middles[node] - i64::try_from(WIDE / 2).unwrap_or_default(),
            false => middles[node],
        };
        let top = graph.layer_of[node] * (HIGH + DOWN) + DOWN / 2;
        (usize::try_from(left).unwrap_or(0), top)
    };
    let places = (0..middles.len()).map(place).collect();
    (places, usize::try_from(whole).unwrap_or(0))
}

/// What stands side by side and wants to the same side: it is moved as one.
struct Block {
    /// How many of the row.
    count: usize,
    weight: i64,
    /// The sum of where they want to, each by its weight.
    sum: i64,
}

impl Block {
    fn at(&self) -> i64 {
        self.sum.div_euclid(self.weight)
    }
}

/// Moves a layer to where its neighbours are, each as near as the others let it, in the order in which they stand.
fn pull(graph: &Graph, row: &[usize], near: &[Vec<usize>], middles: &mut [i64], whole: i64) {
    // Without the room that those before it take, all that is asked is that none comes before another.
    let mut taken = 0;
    let mut blocks: Vec<Block> = Vec::new();
    for node in row {
        let offset = taken + room(graph, *node) / 2;
        taken += room(graph, *node);
        let all = &near[*node];
        let wish = match i64::try_from(all.len()).unwrap_or(1) {
            0 => middles[*node],
            many => all
                .iter()
                .map(|one| middles[*one])
                .sum::<i64>()
                .div_euclid(many),
        };
        let weight = match (*node < graph.nodes, all.is_empty()) {
            (_, true) => 1,
            (true, false) => 2,
            (false, false) => 2 * STRAIGHT,
        };
        let sum = (wish - offset) * weight;
        let mut block = Block {
            count: 1,
            weight,
            sum,
        };
        while let Some(before) = blocks.pop_if(|before| before.at() > block.at()) {
            block.count += before.count;
            block.weight += before.weight;
            block.sum += before.sum;
        }
        blocks.push(block);
    }
    let free = whole - taken;
    let mut nodes = row.iter();
    let mut left = 0;
    for block in &blocks {
        let at = block.at().clamp(0, free);
        for node in nodes.by_ref().take(block.count) {
            middles[*node] = at + left + room(graph, *node) / 2;
            left += room(graph, *node);
        }
    }
}
