//! `druse completions`.

use super::Done;
use crate::cli::Cli;
use clap::CommandFactory as _;
use std::process::ExitCode;

pub(super) fn completions(shell: clap_complete::Shell) -> Done {
    clap_complete::generate(shell, &mut Cli::command(), "druse", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
