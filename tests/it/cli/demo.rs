//! `druse demo`: the whole story, told on standard output, with the person's answer at the gate.

use super::{Desk, Ran};

/// What differs from run to run, taken out of the story.
fn masked(story: &str) -> String {
    story
        .lines()
        .map(|line| {
            let mut words: Vec<String> = line.split(' ').map(String::from).collect();
            for (index, word) in words.clone().iter().enumerate() {
                let bare = word.trim_end_matches(['.', ')', ':']);
                let rest = &word[bare.len()..];
                let id = ["sess_", "run_", "appr_"]
                    .iter()
                    .find(|kind| bare.strip_prefix(**kind).is_some_and(|id| id.len() == 26));
                if let Some(kind) = id {
                    words[index] = format!("{kind}…{rest}");
                } else if bare.contains("uid:") {
                    words[index] = format!("(uid:…){}", rest.trim_start_matches(')'));
                } else if bare.len() == 52 && line.contains("table payment") {
                    words[index] = "(idempotency key)".into();
                } else if word.starts_with('"') && word.ends_with("Z\"") {
                    words[index] = "\"(time)\"".into();
                }
            }
            let line = words.join(" ");
            match line.find(" ms ") {
                // Times stand in columns, so their blanks go with them.
                Some(_) if line.starts_with("  +") => {
                    let end = line.rfind(" ms ").unwrap_or(0) + 4;
                    format!("  +(ms) (ms) {}", &line[end..])
                }
                _ => line,
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn has_all(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.out.contains(word), "no {word:?} in:\n{}", ran.out);
    }
}

#[test]
fn the_story_is_told_whole() {
    let desk = Desk::new();
    let ran = desk.run(&["demo", "--yes"]).ok();
    assert_eq!(ran.err, "", "all of the story is on standard output");
    insta::assert_snapshot!("demo", masked(&ran.out));
    let lower = ran.out.to_lowercase();
    for word in [
        "recorded",
        "crystallized",
        "replayed",
        "flagged",
        "approved",
        "succeeded",
    ] {
        assert!(lower.contains(word), "{word}");
    }
    let left = std::fs::read_dir(desk.path("")).unwrap().count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[test]
fn a_person_at_the_gate_approves() {
    let desk = Desk::new();
    let ran = desk.run_with(&["demo"], "perhaps\ny\n").ok();
    has_all(
        &ran,
        &[
            "Approve? [y/n] perhaps\n",
            "Approve? [y/n] y\n",
            "then pay (mcp): ",
            "approve_pay: approved by you (uid:",
            "+ table payment: 1 | Stadtwerke Nord GmbH",
            "The run succeeded.",
        ],
    );
}

#[test]
fn a_person_at_the_gate_rejects() {
    let desk = Desk::new();
    let ran = desk.run_with(&["demo"], "n\n").with(1);
    has_all(
        &ran,
        &[
            "approve_pay: rejected by you (uid:",
            "pay: skipped",
            "8. What changed in the world\n  Nothing.\n",
            "The run was rejected at the gate",
        ],
    );
    assert!(!ran.out.contains("pay: attempt"), "{}", ran.out);
}

#[test]
fn nobody_at_the_gate_is_said_and_can_be_made_up_for() {
    let desk = Desk::new();
    let ran = desk.run(&["demo"]).with(1);
    has_all(&ran, &["Nobody answered", "druse demo --yes"]);

    let ran = desk.run(&["demo", "--data", "kept"]).with(1);
    has_all(&ran, &["Everything is kept in kept."]);
    let advice = ran
        .out
        .lines()
        .find_map(|line| line.trim().strip_prefix("druse approvals approve"))
        .expect("the story says how to go on");
    let mut words = vec!["approvals", "approve"];
    words.extend(advice.split_whitespace());
    desk.run(&words).ok();
    let runs = super::json(&desk, &["runs", "list", "--data", "kept/data"]);
    assert_eq!(runs[0]["status"], "succeeded");
    // The folder holds everything that the story named, ready to be run again.
    let again = [
        "run",
        "kept/automation.yaml",
        "--connections",
        "kept/connections.yaml",
        "--yes",
    ];
    desk.run(&again).ok();
    assert_eq!(payments(&desk, "kept/world/world.db"), 2);
}

fn payments(desk: &Desk, database: &str) -> i64 {
    rusqlite::Connection::open(desk.path(database))
        .and_then(|database| {
            database.query_row("SELECT count(*) FROM payment", [], |row| row.get(0))
        })
        .expect("the world has a database")
}

#[test]
fn a_demo_never_works_in_a_folder_that_holds_something() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("mine")).unwrap();
    desk.write("mine/note.txt", "mine");
    desk.run(&["demo", "--yes", "--data", "mine"])
        .refused(2, &["mine is there already", "Name a new folder"]);
    assert_eq!(std::fs::read_dir(desk.path("mine")).unwrap().count(), 1);
    desk.run(&["demo", "--example", "nothing"])
        .refused(2, &["no example nothing", "pay-bill", "error-report"]);
}
