//! What large runs cost, as a command: `cargo bench --bench scale`.
//!
//! First the pure core: chains, fans with a join and loops of 10 to 10,000 steps, with processor time and
//! memory for each step and how much more that is than in the smallest run. Then the real server on this
//! disk: a chain of 1,000 steps, 1,000 steps at once with a join, and a loop over 10,000 items.

#![allow(missing_docs)]

#[path = "harness/counter.rs"]
mod counter;
mod harness;
#[path = "harness/shape.rs"]
mod shape;

use counter::counted;
use harness::Server;
use serde_json::{Value, json};
use shape::{Shape, drive, effect, plan, pure};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many steps each size is measured over, at least.
const STEPS: usize = 200_000;

/// The time of one call, in µs: the shortest of several rounds, which is the least disturbed one.
fn time(times: usize, mut work: impl FnMut()) -> f64 {
    let rounds = (0..5).map(|_| {
        let began = Instant::now();
        for _ in 0..times.div_ceil(5) {
            work();
        }
        began.elapsed().as_secs_f64() * 1e6 / times.div_ceil(5) as f64
    });
    rounds.fold(f64::INFINITY, f64::min)
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
                let times = STEPS.div_ceil(size);
                let ran = time(times, || drop(black_box(drive(&plan, &inputs)))) / size as f64;
                let read = time(times, || {
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

/// Starts a run and waits for its end.
fn run(server: &Server, automation: &str, inputs: &Value) -> Duration {
    let began = Instant::now();
    let path = format!("/api/v1/automations/{automation}/runs");
    let started = server.json("POST", &path, &json!({ "inputs": inputs }));
    let id = started["id"].as_str().expect("an id");
    loop {
        let path = format!("/api/v1/runs?limit=1&automation_id={automation}");
        let list = server.json("GET", &path, &Value::Null);
        let found = &list["items"][0];
        assert_eq!(found["id"], id);
        match found["status"].as_str() {
            Some("succeeded") => return began.elapsed(),
            Some("queued" | "running" | "waiting") => std::thread::sleep(Duration::from_millis(2)),
            other => panic!("the run is {other:?}"),
        }
    }
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
                let times = if size < 100 { 20 } else { 3 };
                let took = (0..times).map(|_| run(&server, &automation, &inputs));
                let took = took.min().unwrap_or_default().as_secs_f64();
                let each = took * 1e6 / size as f64;
                let first = *first.get_or_insert(each);
                println!(
                    "{kind:<9} {:<22} {size:>6} steps {:>8.1} ms  {each:>7.1} us a step ({:.2}x)  {:.1} MiB",
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
