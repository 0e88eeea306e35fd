//! `druse approvals`.

use clap::{Args, Subcommand};

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
