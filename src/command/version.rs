//! `druse version`.

use super::{Done, print};
use crate::cli::Output;
use serde_json::json;
use std::process::ExitCode;

pub(super) fn version(output: Output) -> Done {
    let version = env!("CARGO_PKG_VERSION");
    match output {
        Output::Text => print::line(&format!("druse {version}")),
        Output::Json => print::json(&json!({ "name": "druse", "version": version })),
    }
    Ok(ExitCode::SUCCESS)
}
