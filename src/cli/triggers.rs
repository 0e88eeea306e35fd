//! `druse triggers`.

use clap::Subcommand;
use std::path::PathBuf;

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
        /// Its id or name, or `AUTOMATION/NAME`.
        trigger: String,
    },
    /// Fire one by hand.
    #[command(after_help = "Example:\n  druse triggers fire trig_01…")]
    Fire {
        /// Its id or name, or `AUTOMATION/NAME`.
        trigger: String,
    },
    /// Stop one until it is resumed; its automation stays active.
    #[command(after_help = "Example:\n  druse triggers pause trig_01… --reason 'moving house'")]
    Pause {
        /// Its id or name, or `AUTOMATION/NAME`.
        trigger: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a paused one fire again; what it missed is not made up for.
    #[command(after_help = "Example:\n  druse triggers resume trig_01…")]
    Resume {
        /// Its id or name, or `AUTOMATION/NAME`.
        trigger: String,
    },
    /// List what fired, and what became of it.
    #[command(after_help = "Example:\n  druse triggers firings trig_01… --status rejected")]
    Firings {
        /// Its id or name, or `AUTOMATION/NAME`.
        trigger: String,
        /// Only these: accepted, filtered, duplicate, rejected, skipped or queued.
        #[arg(long)]
        status: Option<String>,
    },
    /// Show one firing with what came.
    #[command(after_help = "Example:\n  druse triggers firing trig_01… fire_01…")]
    Firing {
        /// The trigger's id or name, or `AUTOMATION/NAME`.
        trigger: String,
        /// The firing's id.
        firing: String,
    },
    /// Let what came once come again.
    #[command(after_help = "Example:\n  druse triggers replay trig_01… fire_01…")]
    Replay {
        /// The trigger's id or name, or `AUTOMATION/NAME`.
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
        /// Its id or name, or `AUTOMATION/NAME`.
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
        /// The trigger's id or name, or `AUTOMATION/NAME`.
        trigger: String,
    },
    /// Stop a backfill.
    #[command(after_help = "Example:\n  druse triggers cancel-backfill trig_01… fill_01… --runs")]
    CancelBackfill {
        /// The trigger's id or name, or `AUTOMATION/NAME`.
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
