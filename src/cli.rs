//! The command line: what can be said, with examples. What each verb does is in `command/`.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Turns a recorded agent session into an automation that runs without AI.
#[derive(Debug, Parser)]
#[command(
    name = "druse",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Examples:
  druse demo                                     see the whole way, from a recording to a finished run
  druse crystallize session.jsonl > auto.yaml    a recording becomes an automation
  druse run auto.yaml                            run it here, durably, without a server
  druse serve                                    start the server; then `druse apply auto.yaml --activate`

Exit codes: 0 done, 1 the run or check failed, 2 usage, 65 bad input data, 69 server not reachable,
74 I/O, 75 try again, 77 not allowed, 78 bad configuration."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// One JSON document, or JSON Lines for streams.
    Json,
}

/// How a document is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DocumentOutput {
    /// The document as YAML.
    Yaml,
    /// `{automation: {document}, report}` as the API answers.
    Json,
}

/// Which server a command speaks to.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The data folder whose server is meant (or, with none running, whose store is opened).
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./druse-data",
        env = "DRUSE_DATA",
        global = true
    )]
    pub data: PathBuf,
    /// A server's address; the token comes from DRUSE_TOKEN.
    #[arg(long, value_name = "URL", env = "DRUSE_SERVER", global = true)]
    pub server: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text", global = true)]
    pub output: Output,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start the server.
    #[command(after_help = "Example:\n  druse serve --data ./druse-data --listen 127.0.0.1:7878")]
    Serve(Serve),
    /// Show the whole way on an example: recorded, crystallized, replayed, approved, run.
    Demo(Demo),
    /// Turn recordings into an automation, offline.
    #[command(
        after_help = "Examples:\n  druse crystallize session.jsonl > auto.yaml\n  druse crystallize chat.json --tools tools.yaml --report report.json\n  druse crystallize --summary --output json recordings/"
    )]
    Crystallize(Crystallize),
    /// Run a document here, durably, without a server.
    #[command(
        after_help = "Examples:\n  druse run auto.yaml -i region=EU\n  druse run auto.yaml --connections connections.yaml --yes --output json"
    )]
    Run(Run),
    /// Check documents and say what is wrong, with line and column.
    Check(Check),
    /// Rewrite a document in its usual form.
    Fmt(Fmt),
    /// Show what differs between two documents.
    Diff(Diff),
    /// Draw the steps of a document, as text or DOT.
    Graph(Graph),
    /// Print a JSON Schema.
    Schema {
        /// Of what.
        #[arg(value_enum, default_value = "automation")]
        of: SchemaOf,
    },
    /// Send documents to the server: new names are created, known ones get a new version.
    #[command(after_help = "Example:\n  druse apply auto.yaml --activate")]
    Apply(Apply),
    /// Recordings.
    Sessions {
        /// What to do.
        #[command(subcommand)]
        what: Sessions,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Automations.
    Automations {
        /// What to do.
        #[command(subcommand)]
        what: Automations,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Runs.
    Runs {
        /// What to do.
        #[command(subcommand)]
        what: Runs,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Gates that wait for a person.
    Approvals {
        /// What to do.
        #[command(subcommand)]
        what: Approvals,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Triggers, and when they fire.
    Triggers {
        /// What to do.
        #[command(subcommand)]
        what: Triggers,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Events.
    Events {
        /// What to do.
        #[command(subcommand)]
        what: Events,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Configured ways to reach tools.
    Connections {
        /// What to do.
        #[command(subcommand)]
        what: Connections,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Secrets: written from standard input, never read back.
    Secrets {
        /// What to do.
        #[command(subcommand)]
        what: Secrets,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// API tokens.
    Tokens {
        /// What to do.
        #[command(subcommand)]
        what: Tokens,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Read a whole data folder offline and say whether everything in it is whole.
    Verify {
        /// The data folder.
        #[arg(
            long,
            value_name = "DIR",
            default_value = "./druse-data",
            env = "DRUSE_DATA"
        )]
        data: PathBuf,
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the version.
    Version,
    /// The tools of an example's world, over the Model Context Protocol on standard input and output.
    #[command(hide = true)]
    ExampleTools {
        /// The folder of the world.
        #[arg(long)]
        root: PathBuf,
    },
    /// Make an example's recording anew, by driving its real tools.
    #[command(hide = true)]
    ExampleRecord {
        /// The example.
        name: String,
    },
}

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
    /// A program that shell steps may start; may be given several times, `*` for any.
    #[arg(long = "allow-program", value_name = "PROGRAM")]
    pub allow_programs: Vec<String>,
    /// Listen on an address that is not loopback, without TLS.
    #[arg(long)]
    pub insecure_http: bool,
}

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
    #[arg(long)]
    pub dot: bool,
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

/// `druse sessions`.
#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// Store recordings.
    Import {
        /// Recordings.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List them.
    List,
    /// Show one in its normal form.
    Show {
        /// Its id.
        id: String,
    },
    /// Crystallize a stored one into a draft on the server.
    Crystallize {
        /// Its id.
        id: String,
        /// The automation's name.
        #[arg(long)]
        name: Option<String>,
        /// Take a session that failed or was canceled.
        #[arg(long)]
        force: bool,
    },
    /// Remove one.
    Rm {
        /// Its id.
        id: String,
    },
}

/// `druse automations`.
#[derive(Debug, Subcommand)]
pub enum Automations {
    /// List them.
    List,
    /// Show one.
    Show {
        /// Its name or id.
        automation: String,
    },
    /// Let its triggers and callers start it.
    Activate {
        /// Its name or id.
        automation: String,
        /// The version; the latest when left out.
        #[arg(long)]
        version: Option<u32>,
        /// A finding (by id) that is acknowledged.
        #[arg(long, value_name = "FINDING")]
        acknowledge: Vec<String>,
    },
    /// Stop that.
    Deactivate {
        /// Its name or id.
        automation: String,
    },
    /// Remove one; its runs stay in the history.
    Rm {
        /// Its name or id.
        automation: String,
    },
}

/// `druse runs`.
#[derive(Debug, Subcommand)]
pub enum Runs {
    /// Start one.
    #[command(
        after_help = "Example:\n  druse runs start revenue-dashboard -i region=EU --wait 30s"
    )]
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
        /// Wait for its end, at most this long.
        #[arg(long, value_name = "DURATION")]
        wait: Option<String>,
    },
    /// List them, youngest first.
    List {
        /// Only with this status.
        #[arg(long)]
        status: Option<String>,
        /// Only of this automation (name or id).
        #[arg(long)]
        automation: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show one with its steps.
    Show {
        /// Its id.
        run: String,
    },
    /// Follow its journal to its end.
    Watch {
        /// Its id.
        run: String,
    },
    /// Cancel it.
    Cancel {
        /// Its id.
        run: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Start it again, keeping the results before the failed steps.
    Retry {
        /// Its id.
        run: String,
        /// Start again from this step.
        #[arg(long, value_name = "STEP")]
        from: Option<String>,
    },
    /// Say in one sentence what it waits for.
    Why {
        /// Its id.
        run: String,
    },
}

/// `druse approvals`.
#[derive(Debug, Subcommand)]
pub enum Approvals {
    /// List what waits.
    List {
        /// Of which status; `all` for every one.
        #[arg(long, default_value = "pending")]
        status: String,
    },
    /// Show one.
    Show {
        /// Its id.
        approval: String,
    },
    /// Let it go on.
    Approve(Decision),
    /// Refuse.
    Reject(Decision),
}

/// A decision about a gate.
#[derive(Debug, Args)]
pub struct Decision {
    /// The approval's id.
    pub approval: String,
    /// Why.
    #[arg(long)]
    pub comment: Option<String>,
    /// A value of the gate's form.
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<String>,
    /// What you saw: the digest that `show` printed. Left out: whatever stands now.
    #[arg(long)]
    pub digest: Option<String>,
}

/// `druse triggers`.
#[derive(Debug, Subcommand)]
pub enum Triggers {
    /// List them.
    List,
    /// Say when schedules fire next; works offline.
    #[command(
        after_help = "Examples:\n  druse triggers next auto.yaml\n  druse triggers next --cron '30 2 * * *' --timezone Europe/Berlin --from 2027-03-27T00:00:00Z -n 3 --output json"
    )]
    Next {
        /// A document.
        file: Option<PathBuf>,
        /// A cron expression of five fields, or six with seconds first.
        #[arg(long, conflicts_with = "file")]
        cron: Option<String>,
        /// Its IANA time zone.
        #[arg(long, default_value = "UTC")]
        timezone: String,
        /// Strictly after this time; now when left out.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// How many.
        #[arg(short = 'n', default_value_t = 5)]
        count: usize,
    },
    /// Show one, with what is wrong or odd about it.
    Show {
        /// Its id.
        trigger: String,
    },
    /// Fire one by hand.
    Fire {
        /// Its id.
        trigger: String,
    },
    /// Stop one until it is resumed; its automation stays active.
    Pause {
        /// Its id.
        trigger: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a paused one fire again; what it missed is not made up for.
    Resume {
        /// Its id.
        trigger: String,
    },
    /// List what fired.
    Firings {
        /// Its id.
        trigger: String,
        /// Only these: accepted, filtered, duplicate, rejected, skipped or queued.
        #[arg(long)]
        status: Option<String>,
    },
    /// Show one firing with what came.
    Firing {
        /// The trigger's id.
        trigger: String,
        /// The firing's id.
        firing: String,
    },
    /// Let what came once come again.
    Replay {
        /// The trigger's id.
        trigger: String,
        /// The firing's id.
        firing: String,
    },
    /// Make up for the times of a schedule from one moment to another.
    #[command(
        after_help = "Example:\n  druse triggers backfill trig_… --from 2027-03-01T00:00:00Z --to 2027-03-02T00:00:00Z --label 'after the move' --wait"
    )]
    Backfill {
        /// Its id.
        trigger: String,
        /// From this time on.
        #[arg(long, value_name = "TIME")]
        from: String,
        /// Up to this time; now when left out.
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// What it is called; stands in the cause of its runs.
        #[arg(long)]
        label: Option<String>,
        /// Times that have a run already as well.
        #[arg(long)]
        all: bool,
        /// How many of its runs go at once.
        #[arg(long, default_value_t = 1)]
        parallel: u32,
        /// Waits for its end and shows how far it is.
        #[arg(long)]
        wait: bool,
    },
    /// List backfills.
    Backfills {
        /// The trigger's id.
        trigger: String,
    },
    /// Stop a backfill.
    CancelBackfill {
        /// The trigger's id.
        trigger: String,
        /// The backfill's id.
        backfill: String,
        /// Cancels its runs that go, too.
        #[arg(long)]
        runs: bool,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
}

/// `druse events`.
#[derive(Debug, Subcommand)]
pub enum Events {
    /// Send one.
    #[command(
        after_help = "Example:\n  druse events send com.example.month.closed --event-data '{\"month\": \"2027-03\"}'"
    )]
    Send {
        /// Its type.
        event_type: String,
        /// Its data, as JSON.
        #[arg(long = "event-data", value_name = "JSON")]
        event_data: Option<String>,
        /// Its source.
        #[arg(long, default_value = "druse-cli")]
        source: String,
        /// Its id; a random one when left out.
        #[arg(long)]
        id: Option<String>,
        /// Its subject.
        #[arg(long)]
        subject: Option<String>,
    },
}

/// `druse connections`.
#[derive(Debug, Subcommand)]
pub enum Connections {
    /// Write one, from a JSON text or a file.
    #[command(
        after_help = "Examples:\n  druse connections set crm '{\"kind\": \"http\", \"base_url\": \"https://crm.example.com\"}'\n  druse connections set --file connections.yaml"
    )]
    Set {
        /// Its name.
        name: Option<String>,
        /// The connection, as JSON.
        definition: Option<String>,
        /// A file of connections.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Try to reach it.
    Test {
        /// Its name.
        name: String,
    },
    /// List them.
    List,
    /// Remove one.
    Rm {
        /// Its name.
        name: String,
    },
}

/// `druse secrets`.
#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Write one; the value comes from standard input.
    Set {
        /// Its name.
        name: String,
    },
    /// List the names.
    List,
    /// Remove one.
    Rm {
        /// Its name.
        name: String,
    },
}

/// `druse tokens`.
#[derive(Debug, Subcommand)]
pub enum Tokens {
    /// Make one, and print it alone on standard output: it is shown only now.
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
    List,
    /// Make one useless.
    Revoke {
        /// Its id.
        id: String,
    },
}
