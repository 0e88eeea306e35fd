//! A layered layout: longest path, two barycentre sweeps, names as tie-break. The same graph always looks the
//! same, and a step more moves little.

/// From one node to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Nodes in their places. Behind the nodes come the places that long edges keep free in between.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) nodes: usize,
    /// From top to bottom, each from left to right.
    pub(super) layers: Vec<Vec<usize>>,
    pub(super) layer_of: Vec<usize>,
    /// The lines from each node, as the places that they go through. Those that go past a layer share one place there:
    /// a step that many need is one line with branches.
    pub(super) lines: Vec<Line>,
    /// How often a place was looked at.
    #[cfg(test)]
    work: usize,
}

/// What goes out from a node.
#[derive(Debug)]
pub(super) struct Line {
    /// The node, and the places that are kept free, one for each layer that it goes past.
    pub(super) trunk: Vec<usize>,
    /// Where it goes: from this place of the trunk to that node.
    pub(super) branches: Vec<(usize, usize)>,
}

impl Line {
    /// Its pieces, each from one place to the next.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (usize, usize)> {
        let trunk = self.trunk.windows(2).map(|pair| (pair[0], pair[1]));
        let branches = self.branches.iter();
        trunk.chain(branches.map(|(at, to)| (self.trunk[*at], *to)))
    }
}

impl Graph {
    /// Lays out nodes, by their names, that are in topological order.
    pub(super) fn lay_out(names: &[String], edges: &[Edge]) -> Self {
        let nodes = names.len();
        let mut layer_of = vec![0; nodes];
        let mut after = vec![Vec::new(); nodes];
        for edge in edges {
            after[edge.from].push(edge.to);
        }
        // In topological order every edge goes forward, so one pass finds the longest paths.
        for from in 0..nodes {
            for to in &after[from] {
                layer_of[*to] = layer_of[*to].max(layer_of[from] + 1);
            }
        }
        let mut lines = Vec::new();
        for (from, to) in after.iter().enumerate().filter(|(_, to)| !to.is_empty()) {
            let own = layer_of[from];
            let mut trunk = vec![from];
            let last = to.iter().map(|to| layer_of[*to]).max().unwrap_or(own);
            for layer in own + 1..last {
                layer_of.push(layer);
                trunk.push(layer_of.len() - 1);
            }
            let branches = to.iter().map(|to| (layer_of[*to] - own - 1, *to));
            let branches = branches.collect();
            lines.push(Line { trunk, branches });
        }
        let depth = layer_of.iter().map(|layer| layer + 1).max().unwrap_or(0);
        let mut layers: Vec<Vec<usize>> = vec![Vec::new(); depth];
        for (node, layer) in layer_of.iter().enumerate() {
            layers[*layer].push(node);
        }
        for layer in &mut layers {
            layer.sort_by(|a, b| (names.get(*a), a).cmp(&(names.get(*b), b)));
        }
        let mut graph = Self {
            nodes,
            layers,
            layer_of,
            lines,
            #[cfg(test)]
            work: 0,
        };
        for _ in 0..2 {
            graph.sweep();
        }
        graph
    }

    /// Down and up once, each node to the middle of its neighbours in the layer before.
    fn sweep(&mut self) {
        let all = self.layer_of.len();
        let (mut above, mut below) = (vec![Vec::new(); all], vec![Vec::new(); all]);
        for (from, to) in self.lines.iter().flat_map(Line::pieces) {
            above[to].push(from);
            below[from].push(to);
        }
        // Of one layer at a time: what stands there of others is not read.
        let mut place = vec![0; all];
        #[cfg(test)]
        {
            self.work += all;
        }
        for layer in 1..self.layers.len() {
            self.order(layer, layer - 1, &above, &mut place);
        }
        for layer in (0..self.layers.len().saturating_sub(1)).rev() {
            self.order(layer, layer + 1, &below, &mut place);
        }
    }

    fn order(&mut self, layer: usize, by: usize, neighbours: &[Vec<usize>], place: &mut [usize]) {
        #[cfg(test)]
        {
            let near = self.layers[layer]
                .iter()
                .map(|node| neighbours[*node].len());
            self.work += self.layers[by].len() + self.layers[layer].len() + near.sum::<usize>();
        }
        for (at, node) in self.layers[by].iter().enumerate() {
            place[*node] = at;
        }
        // Twice the distance from the middle of the layer, so that layers of other widths compare.
        let middle = self.layers[by].len() as i64 - 1;
        let own = self.layers[layer].len() as i64 - 1;
        let mut keyed: Vec<(i64, usize, usize)> = self.layers[layer]
            .iter()
            .enumerate()
            .map(|(at, node)| {
                let near = &neighbours[*node];
                let key = if near.is_empty() {
                    (2 * at as i64 - own) * 1_000
                } else {
                    let sum: i64 = near.iter().map(|one| 2 * place[*one] as i64 - middle).sum();
                    sum * 1_000 / near.len() as i64
                };
                (key, at, *node)
            })
            .collect();
        keyed.sort_unstable();
        self.layers[layer] = keyed.into_iter().map(|(_, _, node)| node).collect();
    }

    /// How many pairs of lines cross.
    #[cfg(test)]
    fn crossings(&self) -> usize {
        let at = |node: usize| {
            let row = &self.layers[self.layer_of[node]];
            row.iter().position(|one| *one == node).unwrap()
        };
        let pieces: Vec<(usize, usize, usize)> = self
            .lines
            .iter()
            .flat_map(Line::pieces)
            .map(|(from, to)| (self.layer_of[from], at(from), at(to)))
            .collect();
        let crossing = |a: &(usize, usize, usize), b: &(usize, usize, usize)| {
            a.0 == b.0 && ((a.1 < b.1 && a.2 > b.2) || (a.1 > b.1 && a.2 < b.2))
        };
        let pairs = pieces.iter().enumerate();
        pairs
            .map(|(index, one)| {
                pieces[index + 1..]
                    .iter()
                    .filter(|other| crossing(one, other))
                    .count()
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(names: &[&str], edges: &[(usize, usize)]) -> Graph {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let edges: Vec<Edge> = edges.iter().map(|&(from, to)| Edge { from, to }).collect();
        Graph::lay_out(&names, &edges)
    }

    #[test]
    fn a_step_stands_below_all_that_it_needs() {
        let graph = graph(&["a", "b", "c", "d"], &[(0, 1), (1, 2), (0, 3), (2, 3)]);
        assert_eq!(&graph.layer_of[..4], [0, 1, 2, 3]);
        // The edge from a to d goes past b and c.
        assert_eq!(graph.lines[0].trunk, [0, 4, 5]);
        assert_eq!(graph.lines[0].branches, [(0, 1), (2, 3)]);
        assert_eq!(graph.layers.iter().map(Vec::len).max(), Some(2));
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        let graph = graph(&["a", "b", "c", "x", "y", "z"], &[(0, 5), (1, 4), (2, 3)]);
        assert_eq!(graph.crossings(), 0);
    }

    #[test]
    fn a_hundred_steps_are_laid_out_the_same_each_time() {
        let names: Vec<String> = (0..100).map(|index| format!("s{index:03}")).collect();
        let edges: Vec<Edge> = (1..100)
            .flat_map(|to| [to / 2, to / 3].map(|from| Edge { from, to }))
            .filter(|edge| edge.from < edge.to)
            .collect();
        let first = Graph::lay_out(&names, &edges);
        let again = Graph::lay_out(&names, &edges);
        assert_eq!(first.layers, again.layers);
        assert_eq!(first.layers.iter().flatten().count(), first.layer_of.len());
        for edge in &edges {
            assert!(first.layer_of[edge.from] < first.layer_of[edge.to]);
        }
    }

    /// A graph of so many steps, each of which needs those that `needs` gives.
    fn of(count: usize, needs: impl Fn(usize) -> Vec<usize>) -> Graph {
        let names: Vec<String> = (0..count).map(|index| format!("s{index:04}")).collect();
        let mut edges = Vec::new();
        for to in 1..count {
            let mut all = needs(to);
            all.retain(|from| *from < to);
            all.sort_unstable();
            all.dedup();
            edges.extend(all.into_iter().map(|from| Edge { from, to }));
        }
        Graph::lay_out(&names, &edges)
    }

    #[test]
    fn the_work_grows_with_what_is_drawn_and_not_faster() {
        type Needs = fn(usize) -> Vec<usize>;
        let shapes: [(&str, Needs, bool); 6] = [
            ("a chain", |to| vec![to - 1], true),
            ("a tree", |to| vec![to / 2], true),
            ("all after one", |_| vec![0], true),
            (
                "a chain of which each needs the first",
                |to| vec![to - 1, 0],
                true,
            ),
            (
                "rows of ten, each needs the row before",
                |to| {
                    let row = to / 10 * 10;
                    (row.saturating_sub(10)..row).collect()
                },
                true,
            ),
            (
                "lines that go past many layers",
                |to| vec![to / 2, to.saturating_sub(7)],
                false,
            ),
        ];
        for (name, needs, small) in shapes {
            let (few, many) = (of(100, needs), of(1_000, needs));
            for graph in [&few, &many] {
                let pieces = graph.lines.iter().flat_map(Line::pieces).count();
                let drawn = graph.layer_of.len() + pieces;
                assert!(
                    graph.work <= 10 * drawn,
                    "{name}: {} for {drawn}",
                    graph.work
                );
            }
            // Ten times the steps are ten times the picture, and ten times the work.
            if small {
                assert!(
                    many.work <= 12 * few.work,
                    "{name}: {} and {}",
                    few.work,
                    many.work
                );
            }
        }
    }
}
