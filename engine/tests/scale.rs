//! A step of a large run costs what a step of a small one does. What is counted is what it allocates, which
//! is the same on every machine; `cargo bench --bench scale` measures times.

#[path = "../../benches/harness/counter.rs"]
mod counter;
#[path = "../../benches/harness/shape.rs"]
mod shape;

use counter::{Counts, counted};
use druse_engine::run::Run;
use shape::{Shape, drive, effect, plan, pure};

/// The sizes of documents and lists.
const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

/// How much more a step may cost in the larger run. What a step touches for the first time costs the machine
/// more where there are many, so what is counted must stay well below twice.
const MOST: f64 = 1.25;

/// The most bytes that a step of a run of 10,000 may hold. Time goes with them: what does not fit into the
/// caches of a processor is fetched anew for each fact.
fn most_held(shape: Shape, kind: &str) -> f64 {
    match (shape, kind) {
        (Shape::Chain, "calls") => 2_100.0,
        (Shape::Fan, "calls") => 1_550.0,
        (Shape::OneByOne | Shape::AllAtOnce, "calls") => 3_700.0,
        (Shape::Chain | Shape::Fan, _) => 720.0,
        (Shape::OneByOne | Shape::AllAtOnce, _) => 2_550.0,
    }
}

fn each(counts: Counts, size: usize) -> [f64; 3] {
    let size = size as f64;
    [
        counts.calls as f64 / size,
        counts.bytes as f64 / size,
        counts.peak as f64 / size,
    ]
}

/// Whether the cost of a step stays what it is in the smallest run.
fn flat(what: &str, costs: &[[f64; 3]]) -> Vec<String> {
    let first = costs[0];
    let mut steep = Vec::new();
    for (size, cost) in SIZES.iter().zip(costs) {
        println!(
            "{what:<40} {size:>6}: {:>6.1} allocations, {:>7.0} B, {:>7.0} B held a step",
            cost[0], cost[1], cost[2]
        );
        for (name, now, first) in [
            ("allocations", cost[0], first[0]),
            ("bytes", cost[1], first[1]),
            ("bytes held", cost[2], first[2]),
        ] {
            if now > MOST * first {
                steep.push(format!(
                    "{what}, {size}: {now:.1} {name} a step, and {first:.1} in a small run"
                ));
            }
        }
    }
    steep
}

#[test]
fn a_step_of_a_large_run_costs_no_more() {
    let mut steep = Vec::new();
    // What is made once, such as the schemas of actions, belongs to no run.
    let document = Shape::Chain.document(SIZES[0], effect);
    drive(&plan(&document), &Shape::Chain.inputs(SIZES[0]));
    for shape in Shape::ALL {
        for (kind, call) in [("calls", effect as fn(_) -> _), ("computes", pure)] {
            let mut compiled = Vec::new();
            let mut ran = Vec::new();
            let mut replayed = Vec::new();
            for size in SIZES {
                let document = shape.document(size, call);
                let (plan, counts) = counted(|| plan(&document));
                if matches!(shape, Shape::Chain | Shape::Fan) {
                    compiled.push(each(counts, size));
                }
                let inputs = shape.inputs(size);
                let ((_, journal), counts) = counted(|| drive(&plan, &inputs));
                ran.push(each(counts, size));
                let (_, counts) = counted(|| Run::replay(plan.clone(), journal.clone()));
                replayed.push(each(counts, size));
            }
            let name = format!("{}, {kind}", shape.name());
            let (held, most) = (ran[SIZES.len() - 1][2], most_held(shape, kind));
            if held > most {
                steep.push(format!(
                    "{name}: a step holds {held:.0} bytes, not {most:.0}"
                ));
            }
            steep.extend(flat(&format!("{name}: run"), &ran));
            steep.extend(flat(&format!("{name}: replayed"), &replayed));
            if !compiled.is_empty() {
                steep.extend(flat(&format!("{name}: compiled"), &compiled));
            }
        }
    }
    assert!(steep.is_empty(), "{}", steep.join("\n"));
}
