//! The server itself, and what its administrators set up.

use super::Target;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `druse serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The data folder; made when missing.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./druse-data",
        env = "DRUSE_DATA"
    )]
    pub data: PathBuf,
    /// Address and port; port 0 picks one.
    #[arg(long, value_name = "ADDR", env = "DRUSE_LISTEN")]
    pub listen: Option<String>,
    /// A configuration file (TOML).
    #[arg(long, value_name = "FILE", env = "DRUSE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Shell steps may start this program, as `argv` names it, and no other that is not named too; may be
    /// given several times. Steps with a `script` start `/bin/sh`.
    #[arg(long = "allow-program", value_name = "PROGRAM")]
    pub allow_programs: Vec<String>,
    /// Listen on an address that is not loopback, without TLS.
    #[arg(long)]
    pub insecure_http: bool,
    /// At most this many runs work at once; others wait for their turn. Left out: as many as there are.
    #[arg(long, value_name = "N", env = "DRUSE_MAX_RUNS", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_runs: Option<u32>,
    /// At most this many runs of one automation work at once.
    #[arg(long, value_name = "N", env = "DRUSE_MAX_RUNS_PER_AUTOMATION", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_runs_per_automation: Option<u32>,
    /// Start although the end of the log is lost, and give up what stood there. Also go on with the runs that are held
    /// because damaged records do not say whose they were.
    #[arg(long)]
    pub accept_loss: bool,
}

/// `druse apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// A document, or a folder of them.
    pub path: PathBuf,
    /// Only say what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// Activate what was applied.
    #[arg(long)]
    pub activate: bool,
    /// Findings (by id) that are acknowledged with the activation.
    #[arg(long, value_name = "FINDING")]
    pub acknowledge: Vec<String>,
    /// Where.
    #[command(flatten)]
    pub target: Target,
}

/// `druse connections`.
#[derive(Debug, Subcommand)]
pub enum Connections {
    /// Write one, from a JSON text or a file.
    #[command(after_help = "\
Examples:
  druse connections set warehouse connections.yaml    the one of this name in the file
  druse connections set crm '{\"kind\": \"http\", \"base_url\": \"https://crm.example.com\"}'
  druse connections set --file connections.yaml")]
    Set {
        /// Its name.
        name: Option<String>,
        /// The connection as JSON, or the file that holds it.
        definition: Option<String>,
        /// A file of connections, all of which are written.
        #[arg(long, conflicts_with = "name")]
        file: Option<PathBuf>,
    },
    /// Try to reach it.
    #[command(after_help = "Example:\n  druse connections test crm")]
    Test {
        /// Its name.
        name: String,
    },
    /// List them.
    #[command(after_help = "Example:\n  druse connections list --output json")]
    List,
    /// Remove one.
    #[command(after_help = "Example:\n  druse connections rm crm")]
    Rm {
        /// Its name.
        name: String,
    },
}

/// `druse secrets`.
#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Write one; the value comes from standard input.
    #[command(after_help = "Example:\n  printf %s \"$VALUE\" | druse secrets set crm_token")]
    Set {
        /// Its name.
        name: String,
    },
    /// List the names.
    #[command(after_help = "Example:\n  druse secrets list")]
    List,
    /// Remove one.
    #[command(after_help = "Example:\n  druse secrets rm crm_token")]
    Rm {
        /// Its name.
        name: String,
    },
}

/// `druse tokens`.
#[derive(Debug, Subcommand)]
pub enum Tokens {
    /// Make one, and print it alone on standard output: it is shown only now.
    #[command(
        after_help = "Example:\n  DRUSE_TOKEN=$(druse tokens create --role operator --name ci --expires 90d)"
    )]
    Create {
        /// viewer, operator, approver, editor or admin.
        #[arg(long)]
        role: String,
        /// Whose it is.
        #[arg(long)]
        name: String,
        /// When it ends (`90d`).
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
    },
    /// List them.
    #[command(after_help = "Example:\n  druse tokens list")]
    List,
    /// Make one useless, at once.
    #[command(after_help = "Example:\n  druse tokens revoke tok_01…")]
    Revoke {
        /// Its id.
        id: String,
    },
}
