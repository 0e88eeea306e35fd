//! Files that a draft writes with what the agent wrote once.

use super::build::*;
use crate::report::{Judgement, Report, Worth};
use crate::session::Session;
use crate::{Role, Turn};
use serde_json::{Value, json};

const FOLDER: &str = "/home/u/shop";

fn report(task: &str, turns: Vec<Turn>) -> Report {
    let mut session: Session = session(task, turns);
    session.format = "claude-code".to_owned();
    session.working_folder = Some(FOLDER.to_owned());
    made(&session, &options()).report
}

fn of(name: &str, batch: u32, file: &str, more: Value) -> Turn {
    let mut sent = json!({ "file_path": format!("{FOLDER}/{file}") });
    for (key, value) in more.as_object().unwrap() {
        sent[key] = value.clone();
    }
    call(
        &format!("c{batch}"),
        batch,
        name,
        sent,
        "     1\u{2192}a\n".into(),
    )
}

fn read(batch: u32, file: &str) -> Turn {
    of("Read", batch, file, json!({}))
}

fn write(batch: u32, file: &str, text: &str) -> Turn {
    of("Write", batch, file, json!({ "content": text }))
}

fn edit(batch: u32, file: &str, find: &str, replace: &str) -> Turn {
    let more = json!({ "old_string": find, "new_string": replace });
    of("Edit", batch, file, more)
}

fn steps<'j>(judged: &'j Judgement, code: &str) -> Vec<&'j str> {
    let all = judged.reasons.iter().filter(|one| one.code == code);
    all.flat_map(|one| one.steps.iter().map(String::as_str))
        .collect()
}

fn flagged<'j>(judged: &'j Judgement, code: &str) -> Vec<&'j str> {
    let all = judged.flags.iter().filter(|one| one.code == code);
    all.flat_map(|one| one.steps.iter().map(String::as_str))
        .collect()
}

#[test]
fn what_was_read_is_not_written_over_in_silence() {
    let log = "# Log\nold\nnew";
    for (turns, expected) in [
        (vec![read(0, "LOG.md"), write(1, "LOG.md", log)], true),
        (vec![write(0, "LOG.md", log)], false),
        (vec![read(0, "OTHER.md"), write(1, "LOG.md", log)], false),
        (vec![write(0, "LOG.md", log), read(1, "LOG.md")], false),
        // What the draft wrote itself it may write again.
        (
            vec![
                write(0, "LOG.md", "# Log"),
                read(1, "LOG.md"),
                write(2, "LOG.md", log),
            ],
            false,
        ),
        (
            vec![read(0, "LOG.md"), edit(1, "LOG.md", "# Log", "# Log\nmore")],
            false,
        ),
    ] {
        let count = turns.len();
        let report = report("Bring the log up to date.", turns);
        let found = report
            .findings
            .iter()
            .find(|one| one.code == "overwrites_what_it_read");
        assert_eq!(found.is_some(), expected, "{count} {found:?}");
        let told = steps(&report.judgement, "overwrites_what_it_read");
        assert_eq!(told == ["write"], expected, "{told:?}");
        if let Some(found) = found {
            assert!(found.acknowledge && !found.help.is_empty());
            assert_eq!(found.step.as_deref(), Some("write"));
            assert_eq!(report.judgement.worth, Worth::LookFirst);
        }
    }
}

#[test]
fn a_file_that_was_looked_for_in_vain_is_not_written_over() {
    let path = format!("{FOLDER}/LOG.md");
    let missing = failed(
        "r",
        0,
        "Read",
        json!({ "file_path": path }),
        "File does not exist.",
    );
    let report = report(
        "Begin a log.",
        vec![missing, write(1, "LOG.md", "# Log\nnew")],
    );
    let gated = |one: &&druse_engine::Finding| one.code == "overwrites_what_it_read";
    assert_eq!(report.findings.iter().find(gated), None);
}

#[test]
fn an_edit_that_takes_away_what_it_looks_for_works_once() {
    for (turns, expected) in [
        (vec![read(0, "a.rs"), edit(1, "a.rs", "one", "two")], true),
        (vec![edit(0, "a.rs", "use a;", "use a;\nuse b;")], false),
        (
            vec![write(0, "a.rs", "one"), edit(1, "a.rs", "one", "two")],
            false,
        ),
    ] {
        let judged = report("Mend it.", turns).judgement;
        let told = steps(&judged, "works_once");
        assert_eq!(told == ["edit"], expected, "{told:?}");
    }
}

#[test]
fn the_text_of_a_file_is_the_models_unless_the_person_gave_it() {
    let turns = || vec![write(0, "a.md", "All is well with us.")];
    let judged = report("Write a greeting into a.md.", turns()).judgement;
    assert_eq!(flagged(&judged, "model_wrote"), ["write"]);
    let judged = report("Write “All is well with us.” into a.md.", turns()).judgement;
    assert_eq!(flagged(&judged, "model_wrote"), [""; 0]);
    let mut later = turns();
    later.insert(0, said(Role::User, "All is well with us."));
    let judged = report("Write what I say next into a.md.", later).judgement;
    assert_eq!(flagged(&judged, "model_wrote"), [""; 0]);
    // Braces that a program is given are no template.
    let line = "gh pr view 12 --json number,title --template '{{.number}} and its {{.title}} too'";
    let shell = call("b", 0, "Bash", json!({ "command": line }), "12".into());
    let judged = report("Look it up.", vec![shell]).judgement;
    assert_eq!(flagged(&judged, "template"), [""; 0]);
}
