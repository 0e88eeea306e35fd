//! The command line: what can be said, with examples. What each verb does is in `command/`.

mod approvals;
mod audit;
mod automations;
mod backup;
mod discover;
mod events;
mod files;
mod logs;
mod runs;
mod server;
mod sessions;
mod triggers;

pub use approvals::{Approvals, Decision};
pub use audit::AuditLines;
pub use automations::Automations;
pub use backup::Backups;
pub use discover::{Agent, Discover, Since};
pub use events::Events;
pub use files::{Check, Crystallize, Demo, Diff, Fmt, Graph, Mode, Run, SchemaOf, Test};
pub use logs::Logs;
pub use runs::{Artifact, DryRun, Resolve, Retry, Runs};
pub use server::{Apply, Connections, Secrets, Serve, Tokens};
pub use sessions::Sessions;
pub use triggers::Triggers;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Turns a recorded agent session into an automation that runs without AI.
#[derive(Debug, Parser)]
#[command(
    name = "druse",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  druse demo                                     the whole way, from a recording to a finished run
  druse crystallize session.jsonl > auto.yaml    a recording becomes an automation
  druse run auto.yaml                            run it here, durably, without a server
  druse serve                                    start the server
  druse apply auto.yaml --activate               give the automation to it

Exit codes: 0 done, 1 a run, dry run, check or test did not succeed, or a comparison found a
difference, 2 usage, 65 bad input data, 69 server not reachable, 74 I/O, 75 try again,
77 not allowed, 78 bad configuration."
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
    #[command(after_help = "\
Examples:
  druse serve                                                   on ./druse-data and 127.0.0.1:7878
  druse serve --data /srv/druse --listen 127.0.0.1:0            port 0 picks a free one
  druse serve --allow-program git --allow-program curl          shell steps may start these")]
    Serve(Serve),
    /// Show the whole way on an example: recorded, crystallized, replayed, approved, run.
    #[command(after_help = "\
Examples:
  druse demo                                  asks you at the approval gate
  druse demo --yes                            approves by itself
  druse demo --example error-report --keep    another example; its folder stays to look at")]
    Demo(Demo),
    /// Turn recordings into an automation, offline.
    #[command(after_help = "\
Examples:
  druse crystallize session.jsonl > auto.yaml
  druse crystallize chat.json --tools tools.yaml --report report.json > auto.yaml
  druse crystallize --summary --output json recordings/
  druse crystallize --from claude-code --last > auto.yaml    the newest one on this machine
  druse crystallize --from codex --last --in . --mode bound > auto.yaml")]
    Crystallize(Crystallize),
    /// Run a document here, durably, without a server.
    #[command(after_help = "\
Examples:
  druse run auto.yaml -i region=EU
  druse run auto.yaml --connections connections.yaml --yes --output json
  druse run auto.yaml --data ./runs       keeps the run: what waits there can be approved later
  druse run auto.yaml --dry-run --mocks mocks.yaml    only says what would be done")]
    Run(Run),
    /// Check documents and say what is wrong, with line and column.
    #[command(after_help = "\
Examples:
  druse check auto.yaml
  druse check --connections connections.yaml automations/*.yaml --output json")]
    Check(Check),
    /// Run the tests of documents, with the answers that they give: nothing is called, and time jumps.
    #[command(after_help = "\
Examples:
  druse test auto.yaml                     its own tests, and those beside it, in auto.tests.yaml
  druse test automations/*.tests.yaml --output json")]
    Test(Test),
    /// Rewrite documents in their usual form.
    #[command(after_help = "\
Examples:
  druse fmt auto.yaml
  druse fmt --check automations/*.yaml    changes nothing, exits 1 where something would change")]
    Fmt(Fmt),
    /// Show what differs between two documents or versions, step by step; exits 1 when something does.
    #[command(after_help = "\
Examples:
  druse diff auto.yaml auto-2.yaml
  druse diff pay-bill@1 pay-bill@2
  druse diff pay-bill@active auto.yaml --output json")]
    Diff(Diff),
    /// Draw the steps of a document, as text or DOT.
    #[command(after_help = "\
Examples:
  druse graph auto.yaml
  druse graph --dot auto.yaml | dot -Tsvg > auto.svg")]
    Graph(Graph),
    /// Print a JSON Schema.
    #[command(after_help = "\
Examples:
  druse schema > automation.schema.json
  druse schema session")]
    Schema {
        /// Of what.
        #[arg(value_enum, default_value = "automation")]
        of: SchemaOf,
    },
    /// Send documents to the server: new names are created, known ones get a new version.
    #[command(after_help = "\
Examples:
  druse apply auto.yaml --activate
  druse apply automations/ --dry-run                              only says what would change
  druse apply auto.yaml --activate --acknowledge runs_program:git")]
    Apply(Apply),
    /// Recordings: discover, import, list, show, recurring, crystallize, remove.
    #[command(after_help = "\
Examples:
  druse sessions discover
  druse sessions import session.jsonl
  druse sessions crystallize sess_01… --name pay-bill --tools tools.yaml")]
    Sessions {
        /// What to do.
        #[command(subcommand)]
        what: Sessions,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Automations: list, show, activate, deactivate, versions, rollback, try, remove.
    #[command(after_help = "\
Examples:
  druse automations list
  druse automations activate pay-bill
Wherever an automation is meant, its name, its id or its file will do.")]
    Automations {
        /// What to do.
        #[command(subcommand)]
        what: Automations,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Runs: start, list, show, watch, cancel, retry, and why one waits.
    #[command(after_help = "\
Examples:
  druse runs start pay-bill --wait 30s
  druse runs list --status waiting
  druse runs why run_01…")]
    Runs {
        /// What to do.
        #[command(subcommand)]
        what: Runs,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Limits on runs that go at once: who has their slots, and who waits for one.
    #[command(after_help = "\
Examples:
  druse queues
  druse queues --output json
  druse runs list --status queued")]
    Queues {
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Gates that wait for a person: list, show, decide, reassign, link.
    #[command(after_help = "\
Examples:
  druse approvals list
  druse approvals approve appr_01… --comment 'checked against the meter'")]
    Approvals {
        /// What to do.
        #[command(subcommand)]
        what: Approvals,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Triggers: list, fire, what fired, and when schedules fire next.
    #[command(after_help = "\
Examples:
  druse triggers list
  druse triggers next --cron '0 7 * * MON' --timezone Europe/Berlin")]
    Triggers {
        /// What to do.
        #[command(subcommand)]
        what: Triggers,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Events: send one, and what waits for it starts.
    #[command(
        after_help = "Example:\n  druse events send com.example.month.closed --event-data '{\"month\": \"2027-03\"}'"
    )]
    Events {
        /// What to do.
        #[command(subcommand)]
        what: Events,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Configured ways to reach tools: set, test, list, remove.
    #[command(after_help = "\
Examples:
  druse connections set --file connections.yaml
  druse connections test crm")]
    Connections {
        /// What to do.
        #[command(subcommand)]
        what: Connections,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Secrets: written from standard input, never read back.
    #[command(after_help = "Example:\n  printf %s \"$VALUE\" | druse secrets set crm_token")]
    Secrets {
        /// What to do.
        #[command(subcommand)]
        what: Secrets,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// API tokens: create, list, revoke.
    #[command(
        after_help = "Example:\n  DRUSE_TOKEN=$(druse tokens create --role operator --name ci --expires 90d)"
    )]
    Tokens {
        /// What to do.
        #[command(subcommand)]
        what: Tokens,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Who did what, and why: the audit log, youngest lines first.
    #[command(after_help = "\
Examples:
  druse audit --automation pay-bill --since 2027-03-01T00:00:00Z
  druse audit --run run_01…
  druse audit --by ana --action 'run.*' --output json")]
    Audit {
        /// Which lines.
        #[command(flatten)]
        what: AuditLines,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Print an address that signs you in to the console; it works once, within 60 seconds.
    #[command(
        after_help = "Examples:\n  druse open\n  xdg-open \"$(druse open --data /srv/druse)\""
    )]
    Open {
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Read a whole data folder offline and say whether everything in it is whole.
    #[command(after_help = "\
Examples:
  druse verify --data ./druse-data && echo whole
  druse verify --print-head > /elsewhere/head.json    keeps what the log ends with now
  druse verify --head /elsewhere/head.json            and shows later whether all of that is still there")]
    Verify {
        /// Also compare with a head that was kept: a file, `-` for standard input.
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
        /// Only print the head of the log, to be kept elsewhere; asks the server where one runs.
        #[arg(long, conflicts_with = "head")]
        print_head: bool,
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
    /// Look for what is wrong with a server and its folder, and say what helps; exits 1 when there is something.
    #[command(after_help = "\
Examples:
  druse doctor
  druse doctor --output json")]
    Doctor {
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Backups of a data folder: create, restore.
    #[command(after_help = "\
Examples:
  druse backup create /backups/
  druse backup restore /backups/druse-20270328T010000000Z.tar --data ./druse-data")]
    Backup {
        /// What to do.
        #[command(subcommand)]
        what: Backups,
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Let go now what the settings do not keep, and give the disk back what it took. A server does this by
    /// itself.
    #[command(after_help = "Example:\n  druse compact --data ./druse-data")]
    Compact {
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Step through an exported run, fact by fact, and check its chain of hashes; works offline.
    #[command(after_help = "\
Examples:
  druse runs export run_01… > run.json
  druse inspect run.json                  lists its facts; on a terminal it goes step by step
  druse inspect run.json --at 12          the run as it was after fact 12")]
    Inspect {
        /// The exported run, `-` for standard input.
        file: PathBuf,
        /// Show the run as it was after this fact.
        #[arg(long, value_name = "N")]
        at: Option<u64>,
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example:\n  druse completions bash > ~/.local/share/bash-completion/completions/druse"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the version.
    #[command(after_help = "Example:\n  druse version --output json")]
    Version {
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    /// The tools of an example's world, over the Model Context Protocol on standard input and output.
    #[command(hide = true)]
    ExampleTools {
        /// The folder of the world.
        #[arg(long)]
        root: PathBuf,
    },
    /// Lay an example out in a folder: its recording, its files and its world, ready to be tried.
    #[command(hide = true)]
    ExampleCreate {
        /// The example.
        name: String,
        /// The folder; made when missing.
        folder: PathBuf,
    },
    /// Make an example's recording anew, by driving its real tools.
    #[command(hide = true)]
    ExampleRecord {
        /// The example.
        name: String,
    },
}
