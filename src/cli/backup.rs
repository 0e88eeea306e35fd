//! `druse backup`.

use clap::Subcommand;
use std::path::PathBuf;

/// `druse backup`.
#[derive(Debug, Subcommand)]
pub enum Backups {
    /// Make one: of a running server or of a folder, as it is at one moment.
    #[command(after_help = "\
Examples:
  druse backup create /backups/               the file's name tells the time
  druse backup create druse.tar --with-key    with it, whoever has the file has every secret")]
    Create {
        /// The file, or a folder that gets one.
        place: PathBuf,
        /// Put the key of the secrets in, too.
        #[arg(long)]
        with_key: bool,
    },
    /// Make a data folder of one. It must be new or empty.
    #[command(after_help = "\
Examples:
  druse backup restore druse.tar --data ./druse-data
  druse backup restore druse.tar --data /srv/druse --key /safe/secret.key")]
    Restore {
        /// The backup.
        file: PathBuf,
        /// The key of its secrets, where it does not hold it.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
}
