//! `druse sessions`.

use super::Mode;
use clap::Subcommand;
use std::path::PathBuf;

/// `druse sessions`.
#[derive(Debug, Subcommand)]
pub enum Sessions {
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
    /// Crystallize a stored one into a draft on the server.
    #[command(
        after_help = "Example:\n  druse sessions crystallize sess_01… --name pay-bill --tools tools.yaml"
    )]
    Crystallize {
        /// Its id.
        id: String,
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
    },
    /// Remove one.
    #[command(after_help = "Example:\n  druse sessions rm sess_01…")]
    Rm {
        /// Its id.
        id: String,
    },
}
