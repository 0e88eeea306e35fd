//! What large runs cost, as a command: `cargo bench --bench scale`.
//!
//! The real server on this disk: a chain of 1,000 steps, 1,000 steps at once with a join, and a loop over
//! 10,000 items. The pure core alone is measured behind it, by the bench of the same name in `engine`.

#![allow(missing_docs)]

mod harness;
#[path = "harness/shape.rs"]
mod shape;

use harness::Server;
use serde_json::{Value, json};
use shape::{Shape, effect, pure};
use std::time::{Duration, Instant};

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

fn main() {
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
                let before = server.processor();
                let mut took: Vec<Duration> = (0..times)
                    .map(|_| run(&server, &automation, &inputs))
                    .collect();
                took.sort_unstable();
                let took = took[times / 2].as_secs_f64();
                let used = (server.processor() - before).as_secs_f64() * 1e6;
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
