//! Of sessions of agents that work in a folder.

use super::given;
use crate::tests::build::*;
use crate::{Options, Turn};
use druse_engine::Finding;
use serde_json::{Value, json};

const FOLDER: &str = "/home/u/shop";

fn of(format: &str, turns: Vec<Turn>, options: &Options) -> Vec<Finding> {
    let mut session = session("Build it.", turns);
    session.format = format.to_owned();
    session.working_folder = Some(FOLDER.to_owned());
    made(&session, options).report.findings
}

fn runs(id: &str, name: &str, line: &str) -> Turn {
    call(id, 0, name, json!({ "command": line }), "ok".into())
}

fn reads(id: &str, more: Value) -> Turn {
    let mut asked = json!({ "file_path": format!("{FOLDER}/a.txt") });
    for (key, value) in more.as_object().unwrap() {
        asked[key] = value.clone();
    }
    call(id, 0, "Read", asked, "     1\u{2192}a\n".into())
}

#[test]
fn what_a_step_cannot_do_again_is_told() {
    let claude = |turns: Vec<Turn>| of("claude-code", turns, &options());
    let search = json!({ "query": "how to build" });
    let looked = call("s", 0, "WebSearch", search.clone(), "so".into());
    let lost = failed("s", 0, "WebSearch", search, "no network");
    given(vec![
        (
            "looked_without_step",
            claude(vec![looked, runs("b", "Bash", "make")]),
        ),
        (
            "failed_without_step",
            claude(vec![lost, runs("b", "Bash", "make")]),
        ),
        (
            "step_differs",
            claude(vec![reads("r", json!({ "offset": 2, "limit": 1 }))]),
        ),
        (
            "shell_state_lost",
            of(
                "openhands",
                vec![
                    runs("a", "execute_bash", "export A=1"),
                    runs("b", "execute_bash", "make"),
                ],
                &options(),
            ),
        ),
    ]);
}

#[test]
fn folders_that_do_not_go_together_are_told() {
    let elsewhere = Options {
        connections: [(
            "workspace".to_owned(),
            json!({ "kind": "folder", "path": "/home/u/other" }),
        )]
        .into(),
        ..options()
    };
    let moved = Options {
        folder: Some("/srv/build".to_owned()),
        ..options()
    };
    let both = vec![reads("r", json!({})), runs("b", "Bash", "make")];
    let named = vec![runs("b", "Bash", &format!("ls {FOLDER}/src"))];
    given(vec![
        ("folders_differ", of("claude-code", both, &elsewhere)),
        ("names_recorded_folder", of("claude-code", named, &moved)),
    ]);
}
