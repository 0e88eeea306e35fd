//! `druse verify`.

use super::{Done, print};
use crate::cli::Output;
use crate::client::{EXIT_AGAIN, EXIT_FAILED, Failure};
use druse_storage::VerifyError;
use druse_storage::embedded::OpenError;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn verify(data: &Path, output: Output) -> Done {
    let report = druse_storage::verify(data).map_err(|error| match error {
        VerifyError::Open(OpenError::Locked { .. }) => Failure::new(
            EXIT_AGAIN,
            "locked",
            format!("{error}."),
            "Stop the server: what is written meanwhile cannot be read as a whole.",
        ),
        error => Failure::data(
            "unreadable_store",
            format!("{error}."),
            "Name the data folder of a server with --data.",
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
