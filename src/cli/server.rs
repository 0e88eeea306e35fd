//! The server itself, and the nouns that speak to one.

use super::{Discover, Mode, Target};
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
    /// Start although the end of the log is lost, and give up what stood there.
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
    },
    /// Remove one.
    #[command(after_help = "Example:\n  druse sessions rm sess_01…")]
    Rm {
        /// Its id.
        id: String,
    },
}

/// `druse automations`.
#[derive(Debug, Subcommand)]
pub enum Automations {
    /// List them, youngest first.
    #[command(after_help = "Example:\n  druse automations list --output json")]
    List,
    /// Show one: its document and what there is to say about it.
    #[command(after_help = "Example:\n  druse automations show pay-bill")]
    Show {
        /// Its name, id or file.
        automation: String,
    },
    /// Let its triggers and callers start it.
    #[command(after_help = "\
Examples:
  druse automations activate pay-bill
  druse automations activate pay-bill --version 2 --acknowledge runs_program:git")]
    Activate {
        /// Its name, id or file.
        automation: String,
        /// The version; the latest when left out.
        #[arg(long)]
        version: Option<u32>,
        /// A finding (by id) that is acknowledged.
        #[arg(long, value_name = "FINDING")]
        acknowledge: Vec<String>,
    },
    /// Stop that; its runs go on to their end.
    #[command(after_help = "Example:\n  druse automations deactivate pay-bill")]
    Deactivate {
        /// Its name, id or file.
        automation: String,
    },
    /// List its versions, youngest first.
    #[command(after_help = "Example:\n  druse automations versions pay-bill")]
    Versions {
        /// Its name, id or file.
        automation: String,
    },
    /// Make an earlier version the newest, and the active one where it is active; history stays.
    #[command(after_help = "\
Examples:
  druse automations rollback pay-bill             to the version before the latest
  druse automations rollback pay-bill --version 2")]
    Rollback {
        /// Its name, id or file.
        automation: String,
        /// The version; the one before the latest when left out.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Try a version on the last runs, with the answers that those had: nothing is sent. Exits 1 when
    /// something would be different.
    #[command(after_help = "\
Examples:
  druse automations try pay-bill --version 3 --runs 50
  druse automations try pay-bill --output json      the latest version, on the last 20 runs")]
    Try {
        /// Its name, id or file.
        automation: String,
        /// The version; the latest when left out.
        #[arg(long)]
        version: Option<u32>,
        /// On how many of the last runs that have ended.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        runs: u32,
    },
    /// Remove one; its runs stay in the history.
    #[command(after_help = "Example:\n  druse automations rm pay-bill")]
    Rm {
        /// Its name, id or file.
        automation: String,
    },
}

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
        wait: Option<String>,
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
  druse runs resume run_01… --step pay --fail")]
    Resume {
        /// Its id.
        run: String,
        /// Of the steps that wait only this one, by its path.
        #[arg(long, value_name = "PATH")]
        step: Option<String>,
        /// Takes the place of a key of the step's configuration; JSON where it reads as JSON, else text.
        #[arg(long, short, value_name = "KEY=VALUE", conflicts_with = "fail")]
        input: Vec<String>,
        /// Lets the steps that wait fail.
        #[arg(long)]
        fail: bool,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Start it again, keeping the results before the failed steps; says before which are kept.
    #[command(after_help = "\
Examples:
  druse runs retry run_01…
  druse runs retry run_01… --from pay     this step and all that comes after it run again
  druse runs retry run_01… -i amount=84.2 --version 3 --preview")]
    Retry(Retry),
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
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    /// Only say which results would be kept and which steps would run again.
    #[arg(long)]
    pub preview: bool,
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

/// `druse approvals`.
#[derive(Debug, Subcommand)]
pub enum Approvals {
    /// List what waits.
    #[command(after_help = "\
Examples:
  druse approvals list
  druse approvals list --status all --output json")]
    List {
        /// Of which status; `all` for every one.
        #[arg(long, default_value = "pending")]
        status: String,
    },
    /// Show one: what it lets through, and its digest.
    #[command(after_help = "Example:\n  druse approvals show appr_01…")]
    Show {
        /// Its id.
        approval: String,
    },
    /// Let it go on.
    #[command(after_help = "\
Examples:
  druse approvals approve appr_01… --comment 'checked against the meter'
  druse approvals approve appr_01… --digest sha256:4f18… --field amount=84.2")]
    Approve(Decision),
    /// Refuse: its step is rejected, and what needs it is not run. Needs a comment.
    #[command(after_help = "Example:\n  druse approvals reject appr_01… --comment 'paid already'")]
    Reject(Decision),
    /// Send back: the steps that the gate names run again, and it asks anew. Needs a comment.
    #[command(
        after_help = "Example:\n  druse approvals send-back appr_01… --comment 'shorter, please'"
    )]
    SendBack(Decision),
    /// Ask others instead.
    #[command(after_help = "\
Example:
  druse approvals reassign appr_01… --to user:eva --to role:editor --reason 'on leave'")]
    Reassign {
        /// Its id.
        approval: String,
        /// Who is asked from now on: user:<name> or role:<role>.
        #[arg(long = "to", required = true)]
        approvers: Vec<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Make an address by which one person decides, once.
    #[command(after_help = "Example:\n  druse approvals link appr_01… --for ana --expires 2d")]
    Link {
        /// Its id.
        approval: String,
        /// The person's name; left out: yourself.
        #[arg(long = "for", value_name = "NAME")]
        person: Option<String>,
        /// How long it can be used; left out: 7 days.
        #[arg(long)]
        expires: Option<String>,
    },
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
    #[command(after_help = "Example:\n  druse triggers list --output json")]
    List,
    /// Say when schedules fire next; works offline.
    #[command(after_help = "\
Examples:
  druse triggers next auto.yaml
  druse triggers next --cron '30 2 * * *' --timezone Europe/Berlin \\
    --from 2027-03-27T00:00:00Z -n 3 --output json")]
    Next {
        /// A document.
        file: Option<PathBuf>,
        /// A cron expression of five fields, or six with seconds first.
        #[arg(long, conflicts_with = "file")]
        cron: Option<String>,
        /// Its IANA time zone.
        #[arg(long, default_value = "UTC", conflicts_with = "file")]
        timezone: String,
        /// Strictly after this time; now when left out.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// How many.
        #[arg(short = 'n', default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        count: u32,
    },
    /// Say what an event, a delivery or a time would do, and why; works offline.
    #[command(after_help = "\
Examples:
  druse triggers test auto.yaml --event order.json
  druse triggers test auto.yaml --event delivery.json --secret key.txt
  druse triggers test auto.yaml --at 2027-03-28T01:00:00Z")]
    Test {
        /// A document.
        file: PathBuf,
        /// A file, `-` for standard input: a CloudEvents event as JSON, or a delivery as {body, headers,
        /// query}, or just its body.
        #[arg(long, value_name = "FILE", required_unless_present = "at")]
        event: Option<PathBuf>,
        /// For schedules: a time.
        #[arg(long, value_name = "TIME", conflicts_with = "event")]
        at: Option<String>,
        /// Only this trigger.
        #[arg(long, value_name = "ID")]
        trigger: Option<String>,
        /// Verifies a delivery with the secret in this file.
        #[arg(long, value_name = "FILE")]
        secret: Option<PathBuf>,
    },
    /// Show one, with what is wrong or odd about it.
    #[command(after_help = "Example:\n  druse triggers show trig_01…")]
    Show {
        /// Its id.
        trigger: String,
    },
    /// Fire one by hand.
    #[command(after_help = "Example:\n  druse triggers fire trig_01…")]
    Fire {
        /// Its id.
        trigger: String,
    },
    /// Stop one until it is resumed; its automation stays active.
    #[command(after_help = "Example:\n  druse triggers pause trig_01… --reason 'moving house'")]
    Pause {
        /// Its id.
        trigger: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a paused one fire again; what it missed is not made up for.
    #[command(after_help = "Example:\n  druse triggers resume trig_01…")]
    Resume {
        /// Its id.
        trigger: String,
    },
    /// List what fired, and what became of it.
    #[command(after_help = "Example:\n  druse triggers firings trig_01… --status rejected")]
    Firings {
        /// Its id.
        trigger: String,
        /// Only these: accepted, filtered, duplicate, rejected, skipped or queued.
        #[arg(long)]
        status: Option<String>,
    },
    /// Show one firing with what came.
    #[command(after_help = "Example:\n  druse triggers firing trig_01… fire_01…")]
    Firing {
        /// The trigger's id.
        trigger: String,
        /// The firing's id.
        firing: String,
    },
    /// Let what came once come again.
    #[command(after_help = "Example:\n  druse triggers replay trig_01… fire_01…")]
    Replay {
        /// The trigger's id.
        trigger: String,
        /// The firing's id.
        firing: String,
    },
    /// Make up for the times of a schedule from one moment to another.
    #[command(after_help = "\
Example:
  druse triggers backfill trig_01… --from 2027-03-01T00:00:00Z \\
    --to 2027-03-02T00:00:00Z --label 'after the move' --wait")]
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
    #[command(after_help = "Example:\n  druse triggers backfills trig_01…")]
    Backfills {
        /// The trigger's id.
        trigger: String,
    },
    /// Stop a backfill.
    #[command(after_help = "Example:\n  druse triggers cancel-backfill trig_01… fill_01… --runs")]
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
    /// List those that are kept, with what they started and woke.
    #[command(after_help = "Example:\n  druse events list --type 'com.example.*'")]
    List {
        /// Only of this type; `*` matches any characters.
        #[arg(long = "type")]
        event_type: Option<String>,
        /// Only from this source; `*` matches any characters.
        #[arg(long)]
        source: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show one with its data, and the runs that it started and woke.
    #[command(after_help = "Example:\n  druse events show evt_01…")]
    Show {
        /// Its id here.
        event: String,
    },
    /// Have events sent to an address, signed as Standard Webhooks.
    #[command(after_help = "\
Examples:
  druse events subscribe accounts --type 'com.example.*' \\
    --url https://example.com/hook --secret signing
  druse events subscribe ops --type run.failed --connection ops --path /alerts --secret signing")]
    Subscribe {
        /// What it is called.
        name: String,
        /// A type of events; `*` matches any characters.
        #[arg(long = "type", required = true)]
        types: Vec<String>,
        /// Their source; `*` matches any characters.
        #[arg(long)]
        source: Option<String>,
        /// Their subject; `*` matches any characters.
        #[arg(long)]
        subject: Option<String>,
        /// An expression over `trigger`, the event, that must hold.
        #[arg(long)]
        when: Option<String>,
        /// A public address.
        #[arg(long, required_unless_present = "connection")]
        url: Option<String>,
        /// A connection of kind http.
        #[arg(long, conflicts_with = "url")]
        connection: Option<String>,
        /// The path below the connection.
        #[arg(long, requires = "connection")]
        path: Option<String>,
        /// The name of the secret that signs.
        #[arg(long)]
        secret: String,
        /// The name of a second one that signs too, while secrets change.
        #[arg(long)]
        also: Option<String>,
    },
    /// List who is told of events.
    #[command(after_help = "Example:\n  druse events subscriptions --output json")]
    Subscriptions,
    /// List what is and was sent to a subscription.
    #[command(after_help = "Example:\n  druse events deliveries sub_01…")]
    Deliveries {
        /// Its id.
        subscription: String,
    },
    /// Remove a subscription.
    #[command(after_help = "Example:\n  druse events unsubscribe sub_01…")]
    Unsubscribe {
        /// Its id.
        subscription: String,
    },
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
