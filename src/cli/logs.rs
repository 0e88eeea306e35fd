//! `druse runs logs`.

use clap::Args;

/// What the steps of a run wrote.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  druse runs logs run_01…                       all of it, each line with its step
  druse runs logs run_01… build --attempt 2     of one attempt, as it was written
  druse runs logs run_01… --follow              until the run ends")]
pub struct Logs {
    /// The run's id.
    pub run: String,
    /// Only of this step, by its path.
    pub step: Option<String>,
    /// Only of this attempt.
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Go on until the run ends.
    #[arg(long, short)]
    pub follow: bool,
}
