//! With no server, a command opens the store itself and moves only what it is about: looking starts
//! nobody's work, and what was left by a killed server waits for the next one.

use super::super::harness::{Server, wait};
use super::{Desk, json};
use serde_json::{Value, json as value};
use std::path::Path;

/// A step that notes that it began, and ends when a file is there.
fn slow(id: &str, folder: &Path) -> String {
    let script = format!("echo {id} >> begun; while [ ! -f go ]; do sleep 0.05; done");
    format!(
        "  - id: {id}\n    action: shell\n    with: {{ cwd: {folder:?}, argv: [sh, -c, '{script}'] }}\n"
    )
}

fn gate(id: &str) -> String {
    format!("  - id: {id}\n    action: approval_gate\n    with: {{ title: Go on? }}\n")
}

/// A server on the folder `data` of a desk, with these automations active.
async fn serve(desk: &Desk, documents: &[(&str, String)]) -> Server {
    let server = Server::on(&desk.path("data"), &["--allow-program", "*"]).await;
    for (name, steps) in documents {
        let file = format!("{name}.yaml");
        desk.write(&file, format!("druse: 1\nname: {name}\nsteps:\n{steps}"));
        desk.run(&["apply", &file, "--activate", "--data", "data"])
            .ok();
    }
    server
}

/// What the slow steps of a desk have noted.
fn begun(desk: &Desk) -> String {
    std::fs::read_to_string(desk.path("begun")).unwrap_or_default()
}

async fn until_begun(desk: &Desk, wanted: &str) {
    wait::until(&format!("the steps {wanted:?}"), || async {
        (begun(desk) == wanted).then_some(())
    })
    .await;
}

fn id_of(run: &Value) -> String {
    run["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_store_starts_nobodys_work() {
    let desk = Desk::new();
    let mut server = serve(&desk, &[("work", slow("a", &desk.path("")))]).await;
    let id = id_of(&json(&desk, &["runs", "start", "work", "--data", "data"]));
    until_begun(&desk, "a\n").await;
    server.kill();

    let before = json(&desk, &["runs", "show", &id, "--data", "data"]);
    assert_eq!(before["status"], "running");
    for words in [
        &["runs", "list"][..],
        &["runs", "why", &id],
        &["automations", "list"],
        &["automations", "show", "work"],
        &["approvals", "list"],
        &["triggers", "list"],
        &["sessions", "list"],
        &["tokens", "list"],
        &["connections", "list"],
    ] {
        let mut words = words.to_vec();
        words.extend(["--data", "data"]);
        let ran = desk.run(&words).ok();
        assert!(!ran.err.contains("No server"), "{words:?}: {}", ran.err);
    }
    let watched = desk.run(&["runs", "watch", &id, "--data", "data"]).with(69);
    assert!(
        watched.out.ends_with("a: attempt 1 started\n"),
        "{}",
        watched.out
    );
    for said in [
        "No server is running",
        "Attempt 1 of step a runs.",
        "druse serve",
    ] {
        assert!(watched.err.contains(said), "{said}: {}", watched.err);
    }
    let after = json(&desk, &["runs", "show", &id, "--data", "data"]);
    assert_eq!(after, before, "nothing was begun, and nothing noted");
    assert_eq!(begun(&desk), "a\n");

    // The next server takes it up.
    server.start().await;
    until_begun(&desk, "a\na\n").await;
    desk.write("go", "");
    wait::run(&server.admin(), &id, "succeeded").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_carries_its_run_on_and_no_other() {
    let desk = Desk::new();
    let behind =
        slow("b", &desk.path("")).replace("action: shell\n", "action: shell\n    needs: [g]\n");
    let mut server = serve(&desk, &[("gated", format!("{}{behind}", gate("g")))]).await;
    desk.write("go", "");
    let start = ["runs", "start", "gated", "--data", "data"];
    let runs = [id_of(&json(&desk, &start)), id_of(&json(&desk, &start))];
    server.kill();

    let gates = json(&desk, &["approvals", "list", "--data", "data"]);
    let gate = gates
        .as_array()
        .unwrap()
        .iter()
        .find(|gate| gate["run_id"] == runs[0].as_str())
        .map(id_of)
        .expect("the run asks");
    let refused = [
        "approvals",
        "approve",
        &gate,
        "--digest",
        "sha256:0",
        "--data",
        "data",
    ];
    desk.run(&refused).refused(1, &["Read the approval again"]);
    assert_eq!(begun(&desk), "");
    desk.run(&["approvals", "approve", &gate, "--data", "data"])
        .ok();
    assert_eq!(begun(&desk), "b\n");
    let status =
        |run: &str| json(&desk, &["runs", "show", run, "--data", "data"])["status"].clone();
    assert_eq!(
        (status(&runs[0]), status(&runs[1])),
        (value!("succeeded"), value!("waiting"))
    );
    // What is left is said.
    let told = desk.run(&start).ok();
    for said in ["waits for an approval of step g", "No server is running"] {
        assert!(told.err.contains(said), "{said}: {}", told.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn canceling_begins_nothing() {
    let desk = Desk::new();
    let mut server = serve(&desk, &[("work", slow("a", &desk.path("")))]).await;
    let id = id_of(&json(&desk, &["runs", "start", "work", "--data", "data"]));
    until_begun(&desk, "a\n").await;
    server.kill();
    desk.run(&["runs", "cancel", &id, "--data", "data"]).ok();
    let run = json(&desk, &["runs", "show", &id, "--data", "data"]);
    assert_eq!(run["status"], "canceled");
    assert_eq!(begun(&desk), "a\n");
    server.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parent_of_a_run_goes_on_with_it() {
    let desk = Desk::new();
    let parent = "  - id: c\n    action: automation\n    with: { name: child }\n  - id: after\n    action: transform\n    \
                  with: { value: \"{{ steps.c.output.run_id }}\" }\n";
    let mut server = serve(&desk, &[("child", gate("g")), ("parent", parent.into())]).await;
    server.kill();
    // The parent does not hold the command up while its child waits for a person.
    let id = id_of(&json(&desk, &["runs", "start", "parent", "--data", "data"]));
    let gates = json(&desk, &["approvals", "list", "--data", "data"]);
    desk.run(&["approvals", "approve", &id_of(&gates[0]), "--data", "data"])
        .ok();
    let run = json(&desk, &["runs", "show", &id, "--data", "data"]);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    assert_eq!(run["steps"][1]["output"], gates[0]["run_id"]);
    server.verify();
}
