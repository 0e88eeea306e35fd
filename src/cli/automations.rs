//! `druse automations`.

use clap::Subcommand;

/// `druse automations`.
#[derive(Debug, Subcommand)]
pub enum Automations {
    /// List them, youngest first.
    #[command(after_help = "\
Examples:
  druse automations list --status active
  druse automations list --needs-review --output json")]
    List {
        /// Only with this status: draft, active or inactive.
        #[arg(long)]
        status: Option<String>,
        /// Only those of this source: manual or crystallized.
        #[arg(long)]
        source: Option<String>,
        /// Only those with this piece of text in their name.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Only those that need a review (`true`), or that need none (`false`).
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
        needs_review: Option<bool>,
    },
    /// Show one: its document and what there is to say about it.
    #[command(after_help = "Example:\n  druse automations show pay-bill")]
    Show {
        /// Its name, id or file.
        automation: String,
    },
    /// Let its triggers and callers start it.
    #[command(after_help = "\
Examples:
  druse automations activate pay-bill
  druse automations activate pay-bill --version 2 --acknowledge runs_program:git")]
    Activate {
        /// Its name, id or file.
        automation: String,
        /// The version; the latest when left out.
        #[arg(long)]
        version: Option<u32>,
        /// A finding (by id) that is acknowledged.
        #[arg(long, value_name = "FINDING")]
        acknowledge: Vec<String>,
    },
    /// Stop that; its runs go on to their end.
    #[command(after_help = "Example:\n  druse automations deactivate pay-bill")]
    Deactivate {
        /// Its name, id or file.
        automation: String,
    },
    /// List its versions, youngest first.
    #[command(after_help = "Example:\n  druse automations versions pay-bill")]
    Versions {
        /// Its name, id or file.
        automation: String,
    },
    /// Make an earlier version the newest, and the active one where it is active; history stays.
    #[command(after_help = "\
Examples:
  druse automations rollback pay-bill             to the version before the latest
  druse automations rollback pay-bill --version 2")]
    Rollback {
        /// Its name, id or file.
        automation: String,
        /// The version; the one before the latest when left out.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Try a version on the last runs, with the answers that those had: nothing is sent. Exits 1 when
    /// something would be different.
    #[command(after_help = "\
Examples:
  druse automations try pay-bill --version 3 --runs 50
  druse automations try pay-bill --output json      the latest version, on the last 20 runs")]
    Try {
        /// Its name, id or file.
        automation: String,
        /// The version; the latest when left out.
        #[arg(long)]
        version: Option<u32>,
        /// On how many of the last runs that have ended.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        runs: u32,
    },
    /// Say that somebody has looked at why it needs review.
    #[command(after_help = "Example:\n  druse automations reviewed pay-bill")]
    Reviewed {
        /// Its name, id or file.
        automation: String,
    },
    /// Say what has changed in the answers of its runs without anything relying on it, and since when.
    #[command(after_help = "Example:\n  druse automations drift pay-bill")]
    Drift {
        /// Its name, id or file.
        automation: String,
    },
    /// Say what good runs show about the answers that its steps rely on; nothing is changed.
    #[command(after_help = "\
Examples:
  druse automations learn pay-bill
  druse automations learn pay-bill --runs 200 --output json")]
    Learn {
        /// Its name, id or file.
        automation: String,
        /// How many of the last good runs are looked at.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        runs: u32,
    },
    /// Remove one; its runs stay in the history.
    #[command(after_help = "Example:\n  druse automations rm pay-bill")]
    Rm {
        /// Its name, id or file.
        automation: String,
    },
}
