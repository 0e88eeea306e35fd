//! `druse events`.

use clap::Subcommand;

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
