//! What becomes of the calls of coding sessions: steps that can run, steps without a folder to run in, steps that
//! nothing stands for, and what is left out. `docs/crystallizer.md` shows the table.
//!
//! The folder is `DRUSE_SESSIONS`, or `shared/sessions` beside the checkout; without it nothing is run.

#[path = "../../benches/harness/recorded.rs"]
mod recorded;

use druse_crystallizer::{Options, Session, crystallize, import};
use druse_engine::definition::Step;
use recorded::{folder, recordings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const AGENTS: [&str; 7] = [
    "claude-code",
    "codex-exec",
    "codex-rollout",
    "gemini-cli",
    "openhands",
    "pi",
    "swe-agent",
];

/// The sessions of an agent.
fn sessions(root: &Path, agent: &str) -> Vec<Session> {
    recordings(&root.join(agent))
        .iter()
        .filter_map(|path| import(&std::fs::read(path).unwrap()).ok())
        .flatten()
        .collect()
}

#[derive(Default)]
struct Row {
    sessions: u64,
    calls: u64,
    run: u64,
    nowhere: u64,
    unmapped: u64,
    left_out: BTreeMap<String, u64>,
    /// Why nothing stands for a call, by how many kinds of calls are said to have it.
    why: BTreeMap<String, u64>,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.calls += other.calls;
        self.run += other.run;
        self.nowhere += other.nowhere;
        self.unmapped += other.unmapped;
        for (code, count) in &other.left_out {
            *self.left_out.entry(code.clone()).or_default() += count;
        }
    }

    fn print(&self, name: &str) {
        let left_out: u64 = self.left_out.values().sum();
        println!(
            "| {name} | {} | {} | {} | {} | {} | {left_out} | {:?}",
            self.sessions, self.calls, self.run, self.nowhere, self.unmapped, self.left_out
        );
    }
}

/// Whether a step knows where it works.
fn has_a_place(step: &Step, connections: &BTreeMap<String, Value>) -> bool {
    let with = step.with.as_ref().unwrap();
    match step.action.as_deref() {
        Some("shell") => with.contains_key("cwd"),
        Some("file") => with["connection"]
            .as_str()
            .is_some_and(|name| connections.contains_key(name)),
        _ => true,
    }
}

#[test]
fn what_becomes_of_the_calls_of_coding_sessions() {
    let Some(root) = folder() else {
        println!("not run: no folder of recorded sessions (set DRUSE_SESSIONS)");
        return;
    };
    println!("| format | sessions | calls | run | without a folder | unmapped | left out |");
    let mut total = Row::default();
    for agent in AGENTS {
        let mut row = Row::default();
        for session in sessions(&root, agent) {
            row.sessions += 1;
            let connections: BTreeMap<String, Value> = session
                .working_folder
                .iter()
                .map(|path| {
                    (
                        "workspace".to_owned(),
                        json!({ "kind": "folder", "path": path }),
                    )
                })
                .collect();
            let options = Options {
                force: true,
                connections: connections.clone(),
                ..Options::default()
            };
            let calls = session.counts().tool_calls;
            row.calls += calls;
            let Ok(made) = crystallize(std::slice::from_ref(&session), &options) else {
                if calls > 0 {
                    *row.left_out.entry("nothing_left".to_owned()).or_default() += calls;
                }
                continue;
            };
            for out in made.document.metadata["crystallized"]["left_out"]
                .as_array()
                .unwrap()
            {
                let code = out["code"].as_str().unwrap().to_owned();
                *row.left_out.entry(code).or_default() += 1;
            }
            for step in &made.document.steps {
                match step.action.as_deref() {
                    Some("approval_gate") => {}
                    Some("tool") => row.unmapped += 1,
                    _ if has_a_place(step, &connections) => row.run += 1,
                    _ => row.nowhere += 1,
                }
            }
            let unmapped = made.report.findings.iter();
            for finding in unmapped.filter(|finding| finding.code == "unmapped_tool") {
                *row.why.entry(finding.message.clone()).or_default() += 1;
            }
        }
        let left_out: u64 = row.left_out.values().sum();
        assert_eq!(
            row.calls,
            row.run + row.nowhere + row.unmapped + left_out,
            "{agent}: each call is accounted for"
        );
        row.print(agent);
        for (why, count) in &row.why {
            println!("    {count} × {why}");
        }
        total.add(&row);
    }
    total.print("all");
}
