//! Where a server is, and how much patience it gets.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};

/// A server that offers tools.
#[derive(Clone)]
pub enum Endpoint {
    /// A program that is started here and spoken to over its stdin and stdout.
    Stdio {
        /// The program and its arguments.
        command: Vec<String>,
        /// Its environment, besides a short list that every program needs (`PATH`, `HOME`, …).
        /// Nothing else of this process's environment reaches it.
        env: BTreeMap<String, String>,
        /// Where it runs; this process's folder if left out.
        cwd: Option<PathBuf>,
    },
    /// A streamable HTTP endpoint.
    Http {
        /// Its address.
        url: String,
        /// Headers of every request.
        headers: BTreeMap<String, String>,
        /// What sends the requests. It decides about TLS, redirects and proxies.
        client: reqwest::Client,
    },
}

// The values of headers and of the environment may be secrets: only the names are shown.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio { command, env, cwd } => f
                .debug_struct("Stdio")
                .field("program", &command.first())
                .field("env", &env.keys())
                .field("cwd", cwd)
                .finish(),
            Self::Http { url, headers, .. } => f
                .debug_struct("Http")
                .field("url", url)
                .field("headers", &headers.keys())
                .finish(),
        }
    }
}

/// Takes one line that a server wrote to its stderr.
pub type LogLine = Arc<dyn Fn(&str) + Send + Sync>;

/// Hears of each process group that begins (`true`) and ends (`false`), by its number.
pub type Watch = Arc<dyn Fn(i32, bool) + Send + Sync>;

/// Sees the command of a program right before it starts.
pub type Prepare = Arc<dyn Fn(&mut std::process::Command) + Send + Sync>;

/// Limits of a client.
#[derive(Clone)]
pub struct Options {
    /// Longest time from start to the end of the handshake.
    pub startup: Duration,
    /// Largest result of a call, in bytes of JSON.
    pub max_result: usize,
    /// How long a program that did not answer a call in time may say nothing to a question before it counts as hung and
    /// another is started in its place.
    pub silence: Duration,
    /// How long a program may take to end after its stdin was closed, and again after SIGTERM.
    pub grace: Duration,
    /// The version that is told to the server.
    pub version: String,
    /// Where the lines of its stderr go.
    pub log: LogLine,
    /// Who hears of the process groups of programs.
    pub watch: Watch,
    /// What is done to the commands of programs before they start.
    pub prepare: Prepare,
}

impl Default for Options {
    /// 30 s to start, 4 MiB a result, 10 s of silence, 3 s to end, stderr to nowhere.
    fn default() -> Self {
        Self {
            startup: Duration::from_secs(30),
            max_result: 4 << 20,
            silence: Duration::from_secs(10),
            grace: Duration::from_secs(3),
            version: env!("CARGO_PKG_VERSION").into(),
            log: Arc::new(|_| {}),
            watch: Arc::new(|_, _| {}),
            prepare: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("startup", &self.startup)
            .field("max_result", &self.max_result)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
