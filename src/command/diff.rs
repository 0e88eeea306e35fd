//! `druse diff`.

use super::{Done, document, print};
use crate::cli::{Diff, Output};
use crate::client::EXIT_FAILED;
use crate::service::difference;
use serde_json::json;
use std::process::ExitCode;

pub(super) fn diff(args: &Diff) -> Done {
    let (old, new) = (document::load(&args.old)?, document::load(&args.new)?);
    let names = (
        args.old.display().to_string(),
        args.new.display().to_string(),
    );
    let found = difference::between(&old.document, &new.document, (&names.0, &names.1));
    match args.output {
        Output::Json => print::json(&json!(found)),
        Output::Text if found.is_empty() => {}
        Output::Text => print::line(found.diff.trim_end()),
    }
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}
