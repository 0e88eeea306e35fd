//! What waits, measured: `cargo bench --bench waiting`.
//!
//! 100,000 runs that sleep a day, and what a start over them costs in time and memory; 10,000 runs at a
//! gate, and what they cost in memory while other runs go on.

#![allow(missing_docs)]

mod harness;

use harness::{Server, flood, load};
use serde_json::{Value, json};

const TIMERS: u64 = 100_000;
const GATES: u64 = 10_000;

fn document(name: &str, steps: Value) -> Value {
    json!({ "druse": 1, "name": name, "steps": steps })
}

/// Starts runs and returns when each is on disk.
fn fill(server: &Server, automation: &str, runs: u64) {
    let path = format!("/api/v1/automations/{automation}/runs");
    let request = server.request("POST", &path, "{}");
    let before = server.memory();
    let took = flood(&server.address, 202, runs, |_| request.clone());
    let more = server.memory() - before;
    println!(
        "{runs} runs began to wait in {:.1} s   {more:.1} MiB more, {:.1} KiB each",
        took.as_secs_f64(),
        more * 1024.0 / runs as f64
    );
}

fn others(server: &Server, automation: &str) {
    let path = format!("/api/v1/automations/{automation}/runs?wait=10s");
    let request = server.request("POST", &path, "{}");
    for clients in [1, 64] {
        let found = load(&server.address, 200, clients, |_, _| request.clone());
        println!("other runs beside them {clients:>3} clients {found}");
    }
}

fn restart(server: &mut Server) {
    server.restart();
    println!(
        "a start over them: ready after {:.0} ms   {:.1} MiB",
        server.ready.as_secs_f64() * 1e3,
        server.memory()
    );
}

fn main() {
    let folder = tempfile::Builder::new()
        .prefix("druse-bench-")
        .tempdir_in(".")
        .expect("a folder on this disk");
    let work = json!([{ "id": "say", "action": "transform", "with": { "value": 1 } }]);
    let gate = json!([
        { "id": "ask", "action": "approval_gate", "with": { "title": "Pay it?" } },
        { "id": "pay", "action": "transform", "needs": ["ask"], "with": { "value": 1 } },
    ]);
    let sleep = json!([{ "id": "sleep", "action": "wait", "with": { "for": "1d" } }]);
    for (name, steps, runs) in [("gates", gate, GATES), ("timers", sleep, TIMERS)] {
        let mut server = Server::start(&folder.path().join(name));
        server.sign_in();
        let other = server.activate(&document("other", work.clone()));
        let waiting = server.activate(&document(name, steps));
        others(&server, &other);
        fill(&server, &waiting, runs);
        others(&server, &other);
        restart(&mut server);
        others(&server, &other);
    }
}
