//! `druse runs`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `druse runs`.
#[derive(Debug, Subcommand)]
pub enum Runs {
    /// Start one.
    #[command(after_help = "\
Examples:
  druse runs start revenue-dashboard -i region=EU --wait 30s
  druse runs start auto.yaml              sends the document first, then starts it
  druse runs start pay-bill --dry-run --from-run run_01…    only says what would be done")]
    Start {
        /// The automation's name or id, or a document.
        automation: String,
        /// An input: a JSON value, or text.
        #[arg(short = 'i', long = "input", value_name = "NAME=VALUE")]
        input: Vec<String>,
        /// Inputs as one JSON object.
        #[arg(long, value_name = "FILE")]
        inputs: Option<PathBuf>,
        /// A version that is not the active one.
        #[arg(long)]
        version: Option<u32>,
        /// A label by which it can be found again.
        #[arg(long = "label", value_name = "NAME=TEXT")]
        labels: Vec<String>,
        /// Wait for its end, at most this long.
        #[arg(long, value_name = "DURATION")]
        wait: Option<druse_engine::Span>,
        /// Where it has to wait for a limit, higher goes first; a point is worth a minute of waiting.
        #[arg(long, value_name = "N", allow_hyphen_values = true)]
        priority: Option<i32>,
        /// Only say what would be done.
        #[command(flatten)]
        dry: DryRun,
    },
    /// List them, youngest first.
    #[command(after_help = "\
Examples:
  druse runs list --automation pay-bill --status failed --limit 50
  druse runs list --waits-for uncertain
  druse runs list --seen false            failed, and nobody has said that they have seen it
  druse runs list --input region=EU --label ticket=OPS-12 --since 2027-03-01T00:00:00Z")]
    List {
        /// Only with this status.
        #[arg(long)]
        status: Option<String>,
        /// Only of this automation (name, id or file).
        #[arg(long)]
        automation: Option<String>,
        /// Only those that began in this way: manual, schedule, webhook, event, automation, retry.
        #[arg(long)]
        cause: Option<String>,
        /// Only those that wait for this: `uncertain` are those with a step of which nobody knows whether it
        /// happened.
        #[arg(long, value_name = "WHAT")]
        waits_for: Option<String>,
        /// Only failed ones that somebody has seen (`true`), or that nobody has (`false`).
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
        seen: Option<bool>,
        /// Only those with this value of an input; a dot goes into an object.
        #[arg(short = 'i', long = "input", value_name = "NAME=VALUE")]
        inputs: Vec<String>,
        /// Only those with this label.
        #[arg(long = "label", value_name = "NAME=TEXT")]
        labels: Vec<String>,
        /// Only those that were created at this time or later.
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Only those that were created before this time.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show one with its steps.
    #[command(after_help = "Example:\n  druse runs show run_01… --output json")]
    Show {
        /// Its id.
        run: String,
    },
    /// Follow its journal to its end; exits 1 when it did not succeed.
    #[command(after_help = "Example:\n  druse runs watch run_01…")]
    Watch {
        /// Its id.
        run: String,
    },
    /// Cancel it: its work ends and its `finally` runs. Said twice, that ends too.
    #[command(after_help = "Example:\n  druse runs cancel run_01… --reason 'wrong month'")]
    Cancel {
        /// Its id.
        run: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Hold it: what runs comes to its end, and nothing new starts.
    #[command(
        after_help = "Example:\n  druse runs pause run_01… --reason 'the shop is being moved'"
    )]
    Pause {
        /// Its id.
        run: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let it go on, and with it the steps that failed under `on_error: pause`.
    #[command(after_help = "\
Examples:
  druse runs resume run_01… --reason 'the shop is back'
  druse runs resume run_01… --step pay --input path=/v2/payments     tried with another input
  druse runs resume run_01… --step pay --as-written                  as the document has it again
  druse runs resume run_01… --version 3                              as version 3 has it
  druse runs resume run_01… --step pay --fail")]
    Resume {
        /// Its id.
        run: String,
        /// Of the steps that wait only this one, by its path.
        #[arg(long, value_name = "PATH")]
        step: Option<String>,
        /// Takes the place of a key of the step's configuration as the document has it; JSON where it reads
        /// as JSON, else text.
        #[arg(long, short, value_name = "KEY=VALUE", conflicts_with = "fail")]
        input: Vec<String>,
        /// Takes back what earlier resumes corrected.
        #[arg(long, conflicts_with_all = ["fail", "input"])]
        as_written: bool,
        /// The steps that wait are tried again with the configuration that this version gives them.
        #[arg(long, value_name = "N", conflicts_with_all = ["fail", "input", "as_written"])]
        version: Option<u32>,
        /// Lets the steps that wait fail.
        #[arg(long)]
        fail: bool,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Say that you have seen that runs failed: they stay failed, and leave what waits for people.
    #[command(after_help = "\
Examples:
  druse runs seen run_01… --reason 'the shop was being moved'
  druse runs seen run_01… run_02…
  druse runs seen run_01… --undo                it waits for people again")]
    Seen {
        /// Their ids.
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
        /// Why nothing more is done about them.
        #[arg(long, conflicts_with = "undo")]
        reason: Option<String>,
        /// Take it back, whoever said so: they wait for people again.
        #[arg(long)]
        undo: bool,
    },
    /// Start it again, keeping the results before the failed steps; says before which are kept.
    #[command(after_help = "\
Examples:
  druse runs retry run_01…
  druse runs retry run_01… --from pay     this step and all that comes after it run again
  druse runs retry run_01… -i amount=84.2 --version 3 --preview")]
    Retry(Retry),
    /// Print what its steps wrote while they ran.
    Logs(super::Logs),
    /// List the files that its steps left.
    #[command(after_help = "Example:\n  druse runs artifacts run_01…")]
    Artifacts {
        /// Its id.
        run: String,
    },
    /// Take a file that a step of it left.
    #[command(after_help = "\
Examples:
  druse runs artifact run_01… report.pdf
  druse runs artifact run_01… invoice.pdf --step each_invoice[3].render -o march.pdf
  druse runs artifact run_01… rows.csv -o -        on stdout")]
    Artifact(Artifact),
    /// Print it as one JSON file, which `druse inspect` steps through; without secrets.
    #[command(after_help = "Example:\n  druse runs export run_01… > run.json")]
    Export {
        /// Its id.
        run: String,
    },
    /// Say what became of a step of which nobody knows whether it happened.
    #[command(after_help = "\
Examples:
  druse runs resolve run_01… pay --happened --output-value '{\"id\": 7}' --reason 'the bank shows it'
  druse runs resolve run_01… pay --again             it did not happen: it starts again
  druse runs resolve run_01… each[3].pay --failed 'the bank refused it'")]
    Resolve(Resolve),
    /// Say which answers look otherwise than the recorded ones, though nothing relies on it.
    #[command(after_help = "Example:\n  druse runs drift run_01…")]
    Drift {
        /// Its id.
        run: String,
    },
    /// Say in one sentence what it waits for.
    #[command(after_help = "Example:\n  druse runs why run_01…")]
    Why {
        /// Its id.
        run: String,
    },
}

/// How a run is started that does not happen.
#[derive(Debug, Args)]
pub struct DryRun {
    /// Only say what would be done: nothing is sent, nothing is kept.
    #[arg(long)]
    pub dry_run: bool,
    /// For a dry run: answers by the paths of steps, as in a test.
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    pub mocks: Option<PathBuf>,
    /// For a dry run: take the answers of this run.
    #[arg(long, value_name = "RUN", requires = "dry_run")]
    pub from_run: Option<String>,
    /// For a dry run: take the answers of the recording that it was made from.
    #[arg(long, requires = "dry_run")]
    pub from_recording: bool,
    /// For a dry run: approve the gates that nothing answers.
    #[arg(long, requires = "dry_run")]
    pub approve: bool,
}

/// A retry of a run.
#[derive(Debug, Args)]
pub struct Retry {
    /// The run's id.
    pub run: String,
    /// Start again from this step.
    #[arg(long, value_name = "STEP")]
    pub from: Option<String>,
    /// Another value of an input: a JSON value, or text. What asks for the same with it is kept.
    #[arg(short = 'i', long = "input", value_name = "NAME=VALUE")]
    pub input: Vec<String>,
    /// Another version than that of the run.
    #[arg(long)]
    pub version: Option<u32>,
    /// A step of which nobody knows whether it was undone: its result is kept all the same.
    #[arg(long, value_name = "STEP")]
    pub keep: Vec<String>,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    /// Only say which results would be kept and which steps would run again.
    #[arg(long)]
    pub preview: bool,
}

/// A file of a run.
#[derive(Debug, Args)]
pub struct Artifact {
    /// The run's id.
    pub run: String,
    /// The file's name.
    pub name: String,
    /// The step that left it, by its path, where several have one of this name.
    #[arg(long, value_name = "PATH")]
    pub step: Option<String>,
    /// Where it goes, `-` for stdout; left out: a new file of its name.
    #[arg(short = 'o', long = "file", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What became of an uncertain step.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("found").required(true))]
pub struct Resolve {
    /// The run's id.
    pub run: String,
    /// The step's path in the run.
    pub step: String,
    /// It happened.
    #[arg(long, group = "found")]
    pub happened: bool,
    /// What it gave, for later steps: a JSON value, or text.
    #[arg(long, value_name = "VALUE", requires = "happened")]
    pub output_value: Option<String>,
    /// It did not happen: it starts again, with the same idempotency key.
    #[arg(long, group = "found")]
    pub again: bool,
    /// It is given up, and the step fails.
    #[arg(long, value_name = "MESSAGE", group = "found")]
    pub failed: Option<String>,
    /// How you know.
    #[arg(long)]
    pub reason: Option<String>,
}
