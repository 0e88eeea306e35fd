//! `druse verify`.

use super::progress::Busy;
use super::{Done, print};
use crate::cli::{Output, Target};
use crate::client::{Client, EXIT_DATA, EXIT_FAILED, EXIT_IO, Failure};
use crate::serve::not_opened;
use druse_storage::{LogHead, VerifyError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Prints the head of the log as one JSON document.
pub(super) async fn print_head(data: PathBuf, output: Output) -> Done {
    let client = Client::connect(&Target {
        data,
        server: None,
        output,
    })
    .await?;
    let head = client.get("/store/head").await?;
    client.end().await;
    print::json(&head);
    Ok(ExitCode::SUCCESS)
}

fn read_head(path: &Path) -> Result<LogHead, Failure> {
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| Failure::io(path, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            EXIT_DATA,
            "bad_head",
            format!("{} holds no head of a log: {error}.", path.display()),
            "`druse verify --print-head` writes one.",
        )
    })
}

pub(super) fn verify(data: &Path, output: Output, head: Option<&Path>) -> Done {
    let head = head.map(read_head).transpose()?;
    let busy = Busy::new("reading the log");
    let found = druse_storage::verify_against(data, head.as_ref());
    drop(busy);
    let report = found.map_err(|error| match &error {
        VerifyError::Open(error) => not_opened(error),
        VerifyError::Io(_) => Failure::new(
            EXIT_IO,
            "io",
            format!("{error}."),
            "Check the folder, its permissions and the disk.",
        ),
    })?;
    let value = serde_json::to_value(&report).map_err(|error| Failure::internal(&error))?;
    match output {
        Output::Json => print::json(&value),
        Output::Text => {
            print::line(&format!(
                "{} up to {} in {}, {} with {}, {}, {}",
                print::count(&value["records"], "record"),
                report.head,
                print::count(&value["segments"], "segment"),
                print::count(&value["runs"], "run"),
                if report.entries == 1 {
                    "1 entry".to_owned()
                } else {
                    format!("{} entries", report.entries)
                },
                print::count(&value["rows"], "row"),
                print::count(&value["blobs"], "stored file")
            ));
            if report.first > 1 {
                print::line(&format!(
                    "The log begins at record {}: what stood before left the history.",
                    report.first
                ));
            }
            if report.torn_tail {
                print::line(
                    "The log ends in a write that was never acknowledged; the next start cuts it off.",
                );
            }
            for problem in &report.problems {
                print::line(&format!(
                    "{} [{}]: {}",
                    problem.place, problem.code, problem.message
                ));
            }
            print::line(if report.is_sound() {
                "Everything is whole."
            } else {
                "Not everything is whole."
            });
        }
    }
    Ok(if report.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}
