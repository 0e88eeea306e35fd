//! `druse verify`.

use super::progress::Busy;
use super::{Done, print};
use crate::cli::Output;
use crate::client::{EXIT_FAILED, EXIT_IO, Failure};
use crate::serve::not_opened;
use druse_storage::VerifyError;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn verify(data: &Path, output: Output) -> Done {
    let busy = Busy::new("reading the log");
    let found = druse_storage::verify(data);
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
                "{} records up to {} in {} segments, {} runs with {} entries, {} rows, {} stored files",
                report.records,
                report.head,
                report.segments,
                report.runs,
                report.entries,
                report.rows,
                report.blobs
            ));
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
