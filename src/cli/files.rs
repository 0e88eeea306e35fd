//! Verbs that work on files, in this process.

use super::{Agent, DocumentOutput, Output, Target};
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
    #[arg(required_unless_present = "from", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Take a session that this agent keeps on this machine, instead of a file.
    #[arg(long, value_enum, value_name = "AGENT", requires = "last", conflicts_with_all = ["files", "summary"])]
    pub from: Option<Agent>,
    /// The newest one.
    #[arg(long, requires = "from")]
    pub last: bool,
    /// Of a file that holds several sessions this one: its number, from 1 on, or its id in the recording.
    #[arg(long, value_name = "NUMBER", conflicts_with = "summary")]
    pub session: Option<String>,
    /// The folder that the automation works in, in the place of the one that the agent worked in. With --from it
    /// says which session is meant: the newest one of this working folder.
    #[arg(long = "in", value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// `exact` gives back what was done; in `bound` values follow from where they came.
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
    /// Answer a question of the report of the mode `bound`: one of its choices.
    #[arg(long = "answer", value_name = "ID=CHOICE", value_parser = answer, conflicts_with = "summary")]
    pub answers: Vec<(String, String)>,
    /// Make a step of a call that would be left out, by its id in the recording.
    #[arg(long = "keep", value_name = "CALL")]
    pub keep: Vec<String>,
    /// Decide as this file says, and write there what --answer and --keep decide beside it; a draft is read, too.
    #[arg(long, value_name = "FILE", conflicts_with = "summary")]
    pub decisions: Option<PathBuf>,
}

/// An answer to a question of the crystallizer. Ids hold no `=`, choices may.
pub(super) fn answer(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(id, choice)| (id.trim().to_owned(), choice.trim().to_owned()))
        .filter(|(id, choice)| !id.is_empty() && !choice.is_empty())
        .ok_or_else(|| "an answer is written ID=CHOICE, as the report lists them".to_owned())
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
    /// The data folder in which the run is kept, and whose secrets it may have; left out: a temporary one, which has
    /// none.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A finding (by id) that is acknowledged; at a terminal the others are asked about.
    #[arg(long, value_name = "FINDING")]
    pub acknowledge: Vec<String>,
    /// Approve gates and go on where an acknowledgement would be asked.
    #[arg(long)]
    pub yes: bool,
    /// Only say what would be done: nothing is sent, nothing is kept.
    #[arg(long, conflicts_with = "data")]
    pub dry_run: bool,
    /// For a dry run: answers by the paths of steps, as in a test.
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    pub mocks: Option<PathBuf>,
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

/// `druse test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Documents with tests in them or beside them (`auto.tests.yaml` beside `auto.yaml`), or files of tests.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The file of tests, where it stands elsewhere; then only those run.
    #[arg(long, value_name = "FILE")]
    pub tests: Option<PathBuf>,
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
    /// The older one: a document, or a version of an automation (`name@2`, `name@active`, `name`).
    pub old: String,
    /// The newer one.
    pub new: String,
    /// Where versions are looked for.
    #[command(flatten)]
    pub target: Target,
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
    /// The connections file.
    Connections,
}
