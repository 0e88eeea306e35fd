//! The `druse` command.

use clap::Parser as _;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = druse::cli::Cli::parse();
    let quiet = EnvFilter::new("warn,sled=off");
    let filter = EnvFilter::try_from_env("DRUSE_LOG").unwrap_or(quiet);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    druse::command::perform(cli)
}
