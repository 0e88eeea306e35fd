//! `druse audit`.

use clap::Args;

/// `druse audit`.
#[derive(Debug, Args)]
pub struct AuditLines {
    /// Only about this automation, its runs, gates and triggers (name, id or file).
    #[arg(long)]
    pub automation: Option<String>,
    /// Only about this run and its gates.
    #[arg(long)]
    pub run: Option<String>,
    /// Only of this person.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Only this action (`run.cancel`); `*` stands for any characters.
    #[arg(long)]
    pub action: Option<String>,
    /// Only at this time or later.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only before this time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}
