//! `druse completions`.

use super::{Done, print};
use crate::cli::Cli;
use clap::CommandFactory as _;
use std::process::ExitCode;

pub(super) fn completions(shell: clap_complete::Shell) -> Done {
    // Not straight to standard output: a reader that went away must be no panic.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "druse", &mut script);
    print::exact(String::from_utf8_lossy(&script).trim_end());
    Ok(ExitCode::SUCCESS)
}
