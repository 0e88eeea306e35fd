//! What large runs cost, as a command: `cargo bench --bench scale`.
//!
//! First the pure core: chains, fans with a join and loops of 10 to 10,000 steps, with the time and the
//! memory of each step and how much more that is than in the smallest run. Then the real server on this
//! disk: a chain of 1,000 steps, 1,000 steps at once with a join, and a loop over 10,000 items.

#![allow(missing_docs)]

#[path = "harness/counter.rs"]
mod counter;
mod harness;
#[path = "harness/shape.rs"]
mod shape;

use counter::counted;
use harness::{Server, row_time};
use serde_json::{Value, json};
use shape::{Shape, drive, effect, plan, pure};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The time of one call, in µs: the shortest of those that fit into the time of a row, which is the least
/// disturbed one. Short calls are measured several at a time.
fn time(steps: usize, mut work: impl FnMut()) -> f64 {
    let together = 1_000_usize.div_ceil(steps);
    let (row, mut best) = (Instant::now(), f64::INFINITY);
    loop {
        let began = Instant::now();
        for _ in 0..together {
            work();
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e6 / together as f64);
        if row.elapsed() > row_time() / 4 {
            return best;
        }
    }
}

fn core() {
    println!("The pure core, a step: time, facts read again, memory held at most");
    for (kind, call) in [("calls", effect as fn(_) -> _), ("computes", pure)] {
        for shape in Shape::ALL {
            let mut first = None;
            for size in [10, 100, 1_000, 10_000] {
                let plan = plan(&shape.document(size, call));
                let inputs = shape.inputs(size);
                let ((_, journal), counts) = counted(|| drive(&plan, &inputs));
                let ran = time(size, || drop(black_box(drive(&plan, &inputs)))) / size as f64;
                let read = time(size, || {
                    let run = druse_engine::run::Run::replay(plan.clone(), journal.clone());
                    drop(black_box(run));
                }) / size as f64;
                let first = *first.get_or_insert(ran);
                println!(
                    "{kind:<9} {:<22} {size:>6} steps {ran:>7.2} us ({:.2}x)  read {read:>6.2} us  {:>6.2} KiB",
                    shape.name(),
                    ran / first,
                    counts.peak as f64 / 1024.0 / size as f64,
                );
            }
        }
    }
}

/// The processor time that the server has used.
fn processor(server: &Server) -> Duration {
    let path = format!("/proc/{}/stat", server.child.id());
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Starts a run and waits for its end: the server answers then, or says after a while that it goes on.
fn run(server: &Server, automation: &str, inputs: &Value) -> Duration {
    let began = Instant::now();
    let path = format!("/api/v1/automations/{automation}/runs?wait=60s");
    let started = server.json("POST", &path, &json!({ "inputs": inputs }));
    let mut status = started["status"].clone();
    while status != "succeeded" {
        assert!(status == "running" || status == "waiting", "it is {status}");
        std::thread::sleep(Duration::from_millis(50));
        let path = format!("/api/v1/runs?limit=1&automation_id={automation}");
        let list = server.json("GET", &path, &Value::Null);
        status = list["items"][0]["status"].clone();
    }
    began.elapsed()
}

fn server() {
    let folder = tempfile::Builder::new()
        .prefix("druse-bench-")
        .tempdir_in(".")
        .expect("a folder on this disk");
    let mut server = Server::start(&folder.path().join("data"));
    server.sign_in();
    println!(
        "The server, each run alone; memory before: {:.1} MiB",
        server.memory()
    );
    for (kind, call) in [("calls", effect as fn(_) -> _), ("computes", pure)] {
        for (shape, sizes) in [
            (Shape::Chain, [10, 1_000]),
            (Shape::Fan, [10, 1_000]),
            (Shape::OneByOne, [10, 10_000]),
            (Shape::AllAtOnce, [10, 10_000]),
        ] {
            let mut first = None;
            for size in sizes {
                let mut document = shape.document(size, call);
                document["name"] = format!("{}-{kind}", document["name"].as_str().unwrap()).into();
                let automation = server.activate(&document);
                let inputs = shape.inputs(size);
                // As many steps of each size, so that the ticks of the clock of processor time tell enough.
                let times = 5_000_usize.div_ceil(size);
                let before = processor(&server);
                let mut took: Vec<Duration> = (0..times)
                    .map(|_| run(&server, &automation, &inputs))
                    .collect();
                took.sort_unstable();
                let took = took[times / 2].as_secs_f64();
                let used = (processor(&server) - before).as_secs_f64() * 1e6;
                let each = used / (times * size) as f64;
                let first = *first.get_or_insert(each);
                println!(
                    "{kind:<9} {:<22} {size:>6} steps in {:>8.1} ms  {each:>7.1} us of processor a step ({:.2}x)  {:.1} MiB",
                    shape.name(),
                    took * 1e3,
                    each / first,
                    server.memory(),
                );
            }
        }
    }
}

fn main() {
    core();
    server();
}
