//! A folder that a person said and that an input gives is the same folder in every path.

use super::build::*;
use crate::report::Level;
use crate::{Mode, Options};
use serde_json::json;

fn bound(session: &crate::session::Session) -> crate::Crystallized {
    made(
        session,
        &Options {
            mode: Mode::Bound,
            ..options()
        },
    )
}

#[test]
fn a_folder_that_was_said_is_followed_inside_of_paths() {
    let session = session(
        "Send the letter in the outgoing folder to ana@example.com.",
        vec![
            call(
                "l",
                0,
                "list_files",
                json!({ "folder": "outgoing" }),
                json!({ "files": ["letter-4471.txt"] }),
            ),
            call(
                "r",
                1,
                "read_file",
                json!({ "path": "outgoing/letter-4471.txt" }),
                json!({ "text": "Dear Ana" }),
            ),
            call(
                "s",
                2,
                "send_mail",
                json!({ "to": "ana@example.com", "attachment": "files/outgoing/letter-4471.txt" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = bound(&session);
    let sent = |step: usize, key: &str| {
        made.document.steps[step].with.as_ref().unwrap()["arguments"][key].clone()
    };
    let file = "{{ steps.list_files.output.files | only }}";
    assert_eq!(sent(0, "folder"), json!("{{ inputs.folder }}"));
    assert_eq!(
        sent(1, "path"),
        json!(format!("{{{{ inputs.folder }}}}/{file}"))
    );
    assert_eq!(
        sent(2, "attachment"),
        json!(format!("files/{{{{ inputs.folder }}}}/{file}"))
    );
    assert!(made.report.generalisable >= Some(Level::Renamed));
}

#[test]
fn a_path_that_keeps_the_folder_does_not_hold_with_another() {
    // The path was sent before anything showed that the folder is an input.
    let session = session(
        "Look for the rules of the outgoing folder, and list it.",
        vec![
            call(
                "r",
                0,
                "read_file",
                json!({ "path": "outgoing/rules" }),
                json!({ "text": "none" }),
            ),
            call(
                "l",
                1,
                "list_files",
                json!({ "folder": "outgoing" }),
                json!({ "files": [] }),
            ),
        ],
    );
    let made = bound(&session);
    let kept = made.document.steps[0].with.as_ref().unwrap()["arguments"]["path"].clone();
    assert_eq!(kept, json!("outgoing/rules"));
    assert_eq!(made.report.generalisable, Some(Level::Same));
    let waived = |code: &str| {
        let mut all = made.report.findings.iter();
        all.any(|finding| finding.code == code && finding.acknowledge)
    };
    assert!(waived("not_renamed"), "{:?}", codes(&made.report.findings));
}
