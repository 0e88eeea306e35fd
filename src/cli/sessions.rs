//! `druse sessions`.

use super::files::answer;
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
  druse sessions crystallize sess_01… --also sess_02… --also sess_03… --mode bound
  druse sessions crystallize sess_01… --into pay-bill --answer ID=CHOICE     the same anew, with one answer more")]
    Crystallize {
        /// Its id.
        id: String,
        /// A further recording of the same task; may be given several times, in the mode `bound`.
        #[arg(long, value_name = "ID")]
        also: Vec<String>,
        /// The automation's name.
        #[arg(long)]
        name: Option<String>,
        /// The automation, made from this recording before, that gets a new version; what it was made with holds
        /// where nothing else is said here.
        #[arg(long, value_name = "AUTOMATION", conflicts_with = "name")]
        into: Option<String>,
        /// With --into: leave out what was changed by hand in the automation and does not fit what is made now.
        #[arg(long, requires = "into")]
        discard_edits: bool,
        /// `exact`, the default, gives back what was done; in `bound` values follow from where they came.
        #[arg(long, value_enum)]
        mode: Option<Mode>,
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
        /// Answer a question of the report of the mode `bound`: one of its choices.
        #[arg(long = "answer", value_name = "ID=CHOICE", value_parser = answer)]
        answers: Vec<(String, String)>,
        /// Make a step of a call that would be left out, by its id in the recording.
        #[arg(long = "keep", value_name = "CALL")]
        keep: Vec<String>,
        /// Decide as this file says, and write there what --answer and --keep decide beside it; a draft is read, too.
        #[arg(long, value_name = "FILE")]
        decisions: Option<PathBuf>,
    },
    /// Remove one.
    #[command(after_help = "Example:\n  druse sessions rm sess_01…")]
    Rm {
        /// Its id.
        id: String,
    },
}
