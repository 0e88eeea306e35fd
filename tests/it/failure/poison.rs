//! A step that kills the server does not kill it for ever, and nobody else pays for it.

use super::{facts, lines, start};
use crate::crash::ruin::{When, start_and_kill};
use crate::harness::{Server, text, wait};
use serde_json::{Value, json};
use std::path::Path;

/// Kills the server that runs it, once the file `go` is there.
fn poison(folder: &Path) -> Value {
    let script = "while [ ! -e go ]; do sleep 0.02; done; kill -s KILL $PPID; sleep 100";
    shell("poison", folder, script)
}

/// Does its work once the file `done` is there.
fn innocent(name: &str, folder: &Path) -> Value {
    let script = "echo x >> began; while [ ! -e done ]; do sleep 0.02; done";
    shell(name, folder, script)
}

fn shell(name: &str, folder: &Path, script: &str) -> Value {
    let script = format!("cd '{}' && {script}", folder.display());
    json!({ "druse": 1, "name": name, "steps": [
        { "id": "work", "action": "shell", "with": { "argv": ["/bin/sh", "-c", script] } },
    ] })
}

/// Starts the server until this run has ended, as a supervisor does; gives how often it died.
async fn supervise(server: &mut Server, run: &str) -> usize {
    let path = format!("/runs/{run}");
    for deaths in 1..=20 {
        // It may die while it starts, or right after.
        let lives = server.try_start().await && {
            let (server, path) = (&*server, &path);
            wait::until("the end of the run or of the server", || async move {
                if server.is_gone() {
                    return Some(false);
                }
                let answer = server.admin().request("GET", path).try_send().await.ok()?;
                (answer.with(200)["status"] == "failed").then_some(true)
            })
            .await
        };
        if lives {
            return deaths;
        }
        server.ended().await;
    }
    panic!("the server dies for ever");
}

#[tokio::test]
async fn a_step_that_kills_the_server_among_others_is_found_and_does_not_begin_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::new().await;
    let admin = server.admin();
    let mut innocent_runs = Vec::new();
    for name in ["first", "second", "third"] {
        innocent_runs.push(start(&admin, &innocent(name, folder.path())).await);
    }
    let killer = start(&admin, &poison(folder.path())).await;
    innocent_runs.push(start(&admin, &innocent("fourth", folder.path())).await);
    for run in innocent_runs.iter().chain([&killer]) {
        wait::run(&admin, run, "running").await;
    }
    std::fs::write(folder.path().join("go"), "").unwrap();
    server.ended().await;
    let deaths = supervise(&mut server, &killer).await;
    eprintln!("the server died {deaths} times");
    let admin = server.admin();
    let over = wait::run(&admin, &killer, "failed").await;
    assert_eq!(lines(&over), ["work failed"]);
    assert_eq!(over["error"]["class"], "quarantined", "{over}");
    let said = text(&over["error"]["message"]);
    assert!(said.contains("3 times in a row"), "{said}");
    // The others went on, and were blamed for nothing.
    std::fs::write(folder.path().join("done"), "").unwrap();
    for run in &innocent_runs {
        wait::run(&admin, run, "succeeded").await;
        for fact in facts(&admin, run, &["attempt_finished"]).await {
            assert!(fact["outcome"]["failure"].is_null(), "{fact}");
        }
    }
    // It counts three deaths alone, and no more than it takes to be alone.
    assert!(deaths <= 6, "{deaths} deaths");
    assert_eq!(server.stop_at_once().await.code(), Some(0));
    server.verify();
}

#[tokio::test]
async fn deaths_with_lives_between_them_are_not_held_against_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::new().await;
    let admin = server.admin();
    let mut runs = Vec::new();
    for name in ["first", "second"] {
        runs.push(start(&admin, &innocent(name, folder.path())).await);
    }
    for run in &runs {
        wait::run(&admin, run, "running").await;
    }
    let began = folder.path().join("began");
    server.kill();
    server.start().await;
    for _ in 0..4 {
        server.kill();
        // Both are suspects now; whichever is tried alone is blamed for the next death.
        start_and_kill(server.data(), &began, When::Works);
        server.start().await;
        assert_eq!(server.stop_at_once().await.code(), Some(0));
        server.start().await;
    }
    let admin = server.admin();
    std::fs::write(folder.path().join("done"), "").unwrap();
    let mut blamed = 0;
    for run in &runs {
        wait::run(&admin, run, "succeeded").await;
        for fact in facts(&admin, run, &["attempt_finished"]).await {
            blamed += usize::from(fact["outcome"]["failure"]["code"] == "process_died");
        }
    }
    eprintln!("they were blamed for {blamed} deaths");
}
