//! Verbs that work on files, in this process.

use super::{DocumentOutput, Output};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `druse demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Approve the gate without asking.
    #[arg(long)]
    pub yes: bool,
    /// Where to work; a temporary folder when left out.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Keep the folder.
    #[arg(long)]
    pub keep: bool,
    /// Which example.
    #[arg(long, default_value = "pay-bill")]
    pub example: String,
}

/// `druse crystallize`.
#[derive(Debug, Args)]
pub struct Crystallize {
    /// Recordings, or with --summary folders of them.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// `exact` gives back what was done.
    #[arg(long, value_enum, default_value = "exact")]
    pub mode: Mode,
    /// The tool map: what a recorded tool becomes.
    #[arg(long, value_name = "FILE")]
    pub tools: Option<PathBuf>,
    /// Connections that exist.
    #[arg(long, value_name = "FILE")]
    pub connections: Option<PathBuf>,
    /// The automation's name.
    #[arg(long)]
    pub name: Option<String>,
    /// How to print the draft (`yaml`, `json`).
    #[arg(long, value_enum, default_value = "yaml")]
    pub output: DocumentOutput,
    /// Write the report as JSON to a file.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// One line for each session instead of a draft, and go on after a bad one.
    #[arg(long)]
    pub summary: bool,
    /// Take a session that failed or was canceled.
    #[arg(long)]
    pub force: bool,
}

/// The two modes of the crystallizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Everything frozen, in recorded order.
    Exact,
    /// Bound where the recording proves how.
    Bound,
}

/// `druse run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The document.
    pub file: PathBuf,
    /// An input: a JSON value, or text.
    #[arg(short = 'i', long = "input", value_name = "NAME=VALUE")]
    pub input: Vec<String>,
    /// Inputs as one JSON object.
    #[arg(long, value_name = "FILE")]
    pub inputs: Option<PathBuf>,
    /// Connections, as a file.
    #[arg(long, value_name = "FILE")]
    pub connections: Option<PathBuf>,
    /// Where the run is kept; a temporary folder when left out.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Approve gates and go on where an acknowledgement would be asked.
    #[arg(long)]
    pub yes: bool,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    pub output: Output,
}

/// `druse check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Documents.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Connections that exist.
    #[arg(long, value_name = "FILE")]
    pub connections: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    pub output: Output,
}

/// `druse fmt`.
#[derive(Debug, Args)]
pub struct Fmt {
    /// Documents.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only say whether something would change.
    #[arg(long)]
    pub check: bool,
}

/// `druse diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The older document.
    pub old: PathBuf,
    /// The newer document.
    pub new: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    pub output: Output,
}

/// `druse graph`.
#[derive(Debug, Args)]
pub struct Graph {
    /// The document.
    pub file: PathBuf,
    /// Graphviz DOT instead of text.
    #[arg(long, conflicts_with = "output")]
    pub dot: bool,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    pub output: Output,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The automation document.
    Automation,
    /// The normal form of a recording.
    Session,
    /// The crystallizer's report.
    Report,
    /// The tool map.
    Tools,
}
