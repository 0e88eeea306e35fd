//! What a step of a large run costs in the pure core: chains, fans with a join and loops of 10 to 10,000
//! steps, with the time and the memory of each step and how much more that is than in the smallest run.
//! `cargo bench -p druse-engine --bench scale` measures this alone, `cargo bench --bench scale` the server
//! on this disk, too.

#![allow(missing_docs)]

#[path = "../../benches/harness/counter.rs"]
mod counter;
#[path = "../../benches/harness/shape.rs"]
mod shape;

use counter::counted;
use druse_engine::event::Entry;
use druse_engine::plan::Plan;
use druse_engine::run::Run;
use serde_json::Value;
use shape::{Shape, drive, effect, plan, pure};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the runs of one shape are measured: `DRUSE_BENCH_SECONDS`, 4 when it is not set.
fn shape_time() -> Duration {
    let seconds = std::env::var("DRUSE_BENCH_SECONDS");
    Duration::from_secs(seconds.ok().and_then(|text| text.parse().ok()).unwrap_or(4))
}

/// The time of one call, in µs. Short calls are measured several at a time.
fn time(steps: usize, work: &mut dyn FnMut()) -> f64 {
    let together = 1_000_usize.div_ceil(steps);
    let began = Instant::now();
    for _ in 0..together {
        work();
    }
    began.elapsed().as_secs_f64() * 1e6 / together as f64
}

/// A shape in one size.
struct Sample {
    steps: usize,
    plan: Arc<Plan>,
    inputs: Value,
    journal: Vec<Entry>,
    /// The most bytes held at once.
    peak: i64,
    /// The shortest times of a step, in µs, which are the least disturbed ones: of a run, and of reading
    /// its facts again.
    ran: f64,
    read: f64,
}

impl Sample {
    fn new(shape: Shape, steps: usize, call: fn(Value) -> Value) -> Self {
        let plan = plan(&shape.document(steps, call));
        let inputs = shape.inputs(steps);
        let ((_, journal), counts) = counted(|| drive(&plan, &inputs));
        Self {
            steps,
            plan,
            inputs,
            journal,
            peak: counts.peak,
            ran: f64::INFINITY,
            read: f64::INFINITY,
        }
    }

    fn measure(&mut self) {
        let steps = self.steps as f64;
        let ran = time(self.steps, &mut || {
            drop(black_box(drive(&self.plan, &self.inputs)));
        });
        let read = time(self.steps, &mut || {
            let run = Run::replay(self.plan.clone(), self.journal.clone());
            drop(black_box(run));
        });
        self.ran = self.ran.min(ran / steps);
        self.read = self.read.min(read / steps);
    }
}

fn main() {
    println!("The pure core, a step: time, facts read again, memory held at most");
    for (kind, call) in [("calls", effect as fn(_) -> _), ("computes", pure)] {
        for shape in Shape::ALL {
            let mut samples = [10, 100, 1_000, 10_000].map(|steps| Sample::new(shape, steps, call));
            // The sizes take turns, so that whatever else the machine does meets all of them.
            let began = Instant::now();
            while began.elapsed() < shape_time() {
                samples.iter_mut().for_each(Sample::measure);
            }
            let (ran, read) = (samples[0].ran, samples[0].read);
            for sample in &samples {
                println!(
                    "{kind:<9} {:<22} {:>6} steps {:>7.2} us ({:.2}x)  read {:>6.2} us ({:.2}x)  {:>6.2} KiB",
                    shape.name(),
                    sample.steps,
                    sample.ran,
                    sample.ran / ran,
                    sample.read,
                    sample.read / read,
                    sample.peak as f64 / 1024.0 / sample.steps as f64,
                );
            }
        }
    }
}
