//! What the README claims, as a command: `cargo bench --bench throughput`.
//!
//! Starts the real server on an empty folder, and measures through HTTP: time until ready, idle memory,
//! a no-op request, this disk's own sync, and durable runs of one and of ten in-process steps at 1, 16
//! and 64 clients. Each run is durable before its answer.

#![allow(missing_docs)]

mod harness;

use harness::{Server, load, sync};
use serde_json::{Value, json};

fn document(name: &str, steps: usize) -> Value {
    let step = |number: usize| {
        let value = match number {
            0 => "{{ inputs.n + 1 }}".to_owned(),
            _ => format!("{{{{ steps.s{}.output + 1 }}}}", number - 1),
        };
        json!({ "id": format!("s{number}"), "action": "transform", "with": { "value": value } })
    };
    json!({
        "druse": 1,
        "name": name,
        "inputs": { "n": { "type": "integer", "default": 1 } },
        "steps": (0..steps).map(step).collect::<Vec<_>>(),
        "outputs": { "n": format!("{{{{ steps.s{}.output }}}}", steps - 1) },
    })
}

fn main() {
    let folder = tempfile::Builder::new()
        .prefix("druse-bench-")
        .tempdir_in(".")
        .expect("a folder on this disk");
    let mut server = Server::start(&folder.path().join("data"));
    println!(
        "ready on an empty folder after {:.0} ms",
        server.ready.as_secs_f64() * 1e3
    );
    println!("idle memory {:.1} MiB", server.memory());
    server.sign_in();
    let automations = [("one", 1), ("ten", 10)]
        .map(|(name, steps)| (name, server.activate(&document(name, steps))));
    println!("memory after the first commands {:.1} MiB", server.memory());

    let noop = server.request("GET", "/healthz", "");
    let disk = sync(folder.path());
    println!("disk sync   1 writer  {disk}");
    let noop_one = load(&server.address, 200, 1, |_, _| noop.clone());
    for clients in [1, 16, 64] {
        let found = load(&server.address, 200, clients, |_, _| noop.clone());
        println!("no-op     {clients:>3} clients {found}");
    }
    for (name, automation) in &automations {
        let path = format!("/api/v1/automations/{automation}/runs?wait=10s");
        let run = server.request("POST", &path, "{\"inputs\":{\"n\":41}}");
        for clients in [1, 16, 64] {
            let before = server.processor();
            let found = load(&server.address, 200, clients, |_, _| run.clone());
            let used = server.processor() - before;
            print!("{name:>3} steps {clients:>3} clients {found}");
            if clients == 1 {
                let own = found.p50 - noop_one.p50 - disk.p50;
                print!("   = no-op + sync + {own:.0} us");
            }
            println!(
                "   {:.0} us of processor each   {:.1} MiB",
                used.as_secs_f64() * 1e6 / found.count as f64,
                server.memory()
            );
        }
    }
    println!("disk sync   1 writer  {} (after)", sync(folder.path()));
}
