//! `druse sessions`.

use super::{Discover, Mode};
use clap::Subcommand;
use std::path::PathBuf;

/// `druse sessions`.
#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// Find the sessions that agents on this machine keep, newest first; nothing is written.
    #[command(after_help = "\
Examples:
  druse sessions discover
  druse sessions discover --agent codex --agent pi --since 7d
  druse sessions discover --in . --output json")]
    Discover(Discover),
    /// Store recordings.
    #[command(after_help = "Example:\n  druse sessions import session.jsonl chats/*.json")]
    Import {
        /// Recordings.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List them, youngest first.
    #[command(after_help = "Example:\n  druse sessions list --output json")]
    List,
    /// Show one in its normal form.
    #[command(after_help = "Example:\n  druse sessions show sess_01…")]
    Show {
        /// Its id.
        id: String,
    },
    /// Tasks that were recorded more than once, with the command that makes one draft of each.
    #[command(after_help = "Example:\n  druse sessions recurring --output json")]
    Recurring,
    /// Crystallize a stored one into a draft on the server.
    #[command(after_help = "\
Examples:
  druse sessions crystallize sess_01… --name pay-bill --tools tools.yaml
  druse sessions crystallize sess_01… --also sess_02… --also sess_03… --mode bound")]
    Crystallize {
        /// Its id.
        id: String,
        /// A further recording of the same task; may be given several times, in the mode `bound`.
        #[arg(long, value_name = "ID")]
        also: Vec<String>,
        /// The automation's name.
        #[arg(long)]
        name: Option<String>,
        /// `exact` gives back what was done.
        #[arg(long, value_enum, default_value = "exact")]
        mode: Mode,
        /// The tool map: what a recorded tool becomes. It goes before the server's own.
        #[arg(long, value_name = "FILE")]
        tools: Option<PathBuf>,
        /// Take a session that failed or was canceled.
        #[arg(long)]
        force: bool,
        /// The folder on the server that the automation works in, written whole, in the place of the one that the
        /// agent worked in.
        #[arg(long = "in", value_name = "FOLDER")]
        folder: Option<String>,
    },
    /// Remove one.
    #[command(after_help = "Example:\n  druse sessions rm sess_01…")]
    Rm {
        /// Its id.
        id: String,
    },
}
