//! Drafts that work in another folder than the agent did.

use super::build::*;
use crate::Options;
use crate::session::Turn;
use serde_json::json;

fn runs(id: &str, batch: u32, folder: &str) -> Turn {
    change(
        call(id, batch, "Bash", json!({ "command": "make" }), "ok".into()),
        |call| call.folder = Some(folder.to_owned()),
    )
}

#[test]
fn what_ran_outside_of_the_recorded_folder_is_told() {
    let mut session = session(
        "Build both packages",
        vec![
            runs("a", 0, "/home/u/shop"),
            runs("b", 1, "/home/u/shop/packages/a"),
            runs("c", 2, "/home/u"),
            runs("d", 3, "/home/u/shopper"),
        ],
    );
    session.format = "claude-code".to_owned();
    session.working_folder = Some("/home/u/shop".to_owned());
    let told = |folder: Option<&str>| {
        let options = Options {
            folder: folder.map(str::to_owned),
            ..options()
        };
        made(&session, &options)
            .report
            .findings
            .iter()
            .filter(|finding| finding.code == "outside_recorded_folder" && finding.acknowledge)
            .map(|finding| finding.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(Some("/srv/build")),
        [
            "outside_recorded_folder:make_3:/with/cwd",
            "outside_recorded_folder:make_4:/with/cwd",
        ]
    );
    // Where the agent worked, each runs where it ran.
    assert_eq!(told(None), [""; 0]);
    assert_eq!(told(Some("/home/u/shop")), [""; 0]);
}
