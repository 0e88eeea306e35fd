//! `druse verify`.

use super::{Done, print};
use crate::cli::Output;
use crate::client::{EXIT_FAILED, Failure};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn verify(data: &Path, output: Output) -> Done {
    let report = druse_storage::verify(data)
        .map_err(|error| Failure::data("unreadable_store", error.to_string(), "Name the data folder of a server with --data."))?;
    let value = serde_json::to_value(&report).map_err(|error| Failure::internal(&error))?;
    match output {
        Output::Json => print::json(&value),
        Output::Text => print::line(report.to_string().trim_end()),
    }
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}
