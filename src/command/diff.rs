//! `druse diff`.

use super::{Done, document, print};
use crate::cli::{Diff, Output};
use crate::client::EXIT_FAILED;
use crate::service::difference;
use serde_json::json;
use std::process::ExitCode;

pub(super) fn diff(args: &Diff) -> Done {
    let (old, new) = (document::load(&args.old)?, document::load(&args.new)?);
    let changes = difference::between(&old.document, &new.document);
    match args.output {
        Output::Json => print::json(&json!({ "changes": changes })),
        Output::Text => changes.iter().for_each(|change| print::line(&change.to_string())),
    }
    Ok(if changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}
