//! The `druse` command.

use clap::Parser as _;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// What is crystallized, planned and answered is made of many small values: the system's allocator takes a quarter of the
/// time of a long recording, and this one a part of that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = druse::cli::Cli::parse();
    // A command says itself what its own request came to; a server logs what it refused.
    let quiet = match cli.verb {
        druse::cli::Verb::Serve(_) => EnvFilter::new("warn,sled=off"),
        _ => EnvFilter::new("warn,sled=off,druse::api=off"),
    };
    let filter = EnvFilter::try_from_env("DRUSE_LOG").unwrap_or(quiet);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| druse::command::Seen(std::io::stderr()))
        .with_target(false)
        .init();
    druse::command::perform(cli)
}
