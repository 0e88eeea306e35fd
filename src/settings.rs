//! The server's settings: flags over environment over file over defaults.

use crate::artifacts::ArtifactLimits;
use crate::cli::Serve;
use crate::client::{EXIT_CONFIG, Failure};
use crate::service::retention::parse_bytes;
use crate::step_log::LogLimits;
use crate::trigger::KeptEvents;
use druse_engine::Span;
use druse_engine::flow::RunLimits;
use serde::Deserialize;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// What `druse serve` works with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Whether a lost end of the log is given up.
    pub accept_loss: bool,
    /// How many runs may work at once.
    pub limits: RunLimits,
    /// How long events are kept, and how many.
    pub events: KeptEvents,
    /// How much is kept of what steps write.
    pub logs: LogLimits,
    /// How much is kept of the files that steps leave.
    pub artifacts: ArtifactLimits,
    allow_programs: Option<Vec<String>>,
    hosts: Vec<String>,
    /// The address at which people reach the server, where it is another than the one it listens on.
    pub public_url: Option<String>,
}

/// The configuration file (`druse.toml`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    /// Address and port.
    listen: Option<String>,
    /// Programs that shell steps may start; `*` for any, as when it is left out.
    allow_programs: Option<Vec<String>>,
    /// Host names that requests may name, beside the server's own.
    hosts: Vec<String>,
    /// How many runs may work at once.
    max_runs: Option<NonZeroU32>,
    /// How many runs of one automation may work at once.
    max_runs_per_automation: Option<NonZeroU32>,
    /// The address at which people reach the server (`https://druse.example`): links begin with it.
    public_url: Option<String>,
    /// Whether an address that is not loopback may be listened on without TLS.
    insecure_http: bool,
    /// How long events are kept; left out: 7d.
    events_kept: Option<Span>,
    /// How many events are kept at most; left out: 1000000.
    events_most: Option<u64>,
    /// How much is kept of what an attempt of a step writes (`4MiB`); left out: 1MiB.
    log_attempt: Option<String>,
    /// How much is kept of what the steps of a run write; left out: 16MiB.
    log_run: Option<String>,
    /// The largest file that a step may leave (`100MB`); left out: 64MiB.
    artifact: Option<String>,
    /// How much the files of a run may take; left out: 1GiB.
    artifacts_run: Option<String>,
    /// How many files the steps of a run may leave; left out: 1000.
    artifacts_count: Option<u64>,
}

const DEFAULT_LISTEN: &str = "127.0.0.1:7878";

impl Settings {
    /// The settings that a command line, the environment and a file give.
    ///
    /// # Errors
    /// When the file cannot be read, the address is none, or it is open to others without having been
    /// asked for in so many words.
    pub fn load(args: &Serve) -> Result<Self, Failure> {
        let file = match &args.config {
            None => File::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Failure::new(
                        EXIT_CONFIG,
                        "bad_config",
                        format!("{} cannot be read: {error}.", path.display()),
                        "Check the path and its permissions.",
                    )
                })?;
                toml::from_str(&text).map_err(|error| {
                    let reason = error.to_string();
                    Failure::new(
                        EXIT_CONFIG,
                        "bad_config",
                        format!("{} is wrong: {}", path.display(), reason.trim_end()),
                        "It takes listen, allow_programs, hosts, public_url, insecure_http, max_runs, max_runs_per_automation, events_kept, events_most, log_attempt, log_run, artifact, artifacts_run and artifacts_count.",
                    )
                })?
            }
        };
        let written = args
            .listen
            .clone()
            .or(file.listen)
            .unwrap_or_else(|| DEFAULT_LISTEN.into());
        let listen: SocketAddr = written.parse().map_err(|_| {
            Failure::new(
                EXIT_CONFIG,
                "bad_listen",
                format!("{written} is no address to listen on."),
                "Write it as 127.0.0.1:7878; port 0 picks one.",
            )
        })?;
        if !(listen.ip().is_loopback() || args.insecure_http || file.insecure_http) {
            return Err(Failure::new(
                EXIT_CONFIG,
                "open_address",
                format!(
                    "{listen} can be reached by others, and what is sent there is not encrypted."
                ),
                "Listen on 127.0.0.1 behind a proxy with TLS, or say --insecure-http.",
            ));
        }
        let mut allow_programs = file.allow_programs;
        if !args.allow_programs.is_empty() {
            let known = allow_programs.get_or_insert_default();
            known.extend(args.allow_programs.iter().cloned());
        }
        let kept = KeptEvents::default();
        let logs = LogLimits::default();
        let logs = LogLimits {
            attempt: bytes(
                "log_attempt",
                file.log_attempt.as_deref(),
                logs.attempt as u64,
            )?
            .try_into()
            .unwrap_or(usize::MAX),
            run: bytes("log_run", file.log_run.as_deref(), logs.run)?,
            ..logs
        };
        let artifacts = ArtifactLimits::default();
        let artifacts = ArtifactLimits {
            one: bytes("artifact", file.artifact.as_deref(), artifacts.one)?,
            run: bytes(
                "artifacts_run",
                file.artifacts_run.as_deref(),
                artifacts.run,
            )?,
            count: file.artifacts_count.unwrap_or(artifacts.count),
        };
        Ok(Self {
            logs,
            artifacts,
            events: KeptEvents {
                span: file.events_kept.unwrap_or(kept.span),
                most: file.events_most.unwrap_or(kept.most),
            },
            data: args.data.clone(),
            listen,
            accept_loss: args.accept_loss,
            limits: RunLimits {
                runs: args.max_runs.or(file.max_runs.map(NonZeroU32::get)),
                runs_per_automation: args
                    .max_runs_per_automation
                    .or(file.max_runs_per_automation.map(NonZeroU32::get)),
            },
            allow_programs,
            hosts: file.hosts,
            public_url: file
                .public_url
                .map(|url| url.trim_end_matches('/').to_owned()),
        })
    }

    /// The programs that shell steps may start; `None` for any, which is so until some are named. What a
    /// recording runs is acknowledged, program by program, before its automation is activated.
    pub fn programs(&self) -> Option<Vec<String>> {
        let named = self.allow_programs.as_ref()?;
        let any = named.iter().any(|program| program == "*");
        (!any).then(|| named.clone())
    }

    /// The host names that a request over the network may name; empty for any.
    pub fn hosts(&self, address: SocketAddr) -> Vec<String> {
        if !address.ip().is_loopback() && self.hosts.is_empty() {
            return Vec::new();
        }
        let own = [
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
            address.ip().to_string(),
        ];
        own.into_iter().chain(self.hosts.iter().cloned()).collect()
    }
}

/// A size of the file, or what holds without one.
fn bytes(name: &str, written: Option<&str>, without: u64) -> Result<u64, Failure> {
    let Some(text) = written else {
        return Ok(without);
    };
    parse_bytes(text).ok_or_else(|| {
        Failure::new(
            EXIT_CONFIG,
            "bad_config",
            format!("{name} is no size: {text:?}."),
            "Write it as 500KB or 4MiB.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Verb};
    use clap::Parser as _;

    fn settings(file: Option<&str>, flags: &[&str]) -> Result<Settings, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("druse.toml");
        let mut line = vec!["druse", "serve"];
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
            line.extend(["--config", path.to_str().unwrap()]);
        }
        line.extend(flags);
        let Verb::Serve(args) = Cli::parse_from(line).verb else {
            unreachable!("the line says serve")
        };
        Settings::load(&args)
    }

    fn programs(file: Option<&str>, flags: &[&str]) -> Option<Vec<String>> {
        let flags: Vec<&str> = flags
            .iter()
            .flat_map(|flag| ["--allow-program", flag])
            .collect();
        settings(file, &flags).unwrap().programs()
    }

    #[test]
    fn limits_come_from_flags_before_the_file() {
        let limits = |file, flags: &[&str]| settings(file, flags).unwrap().limits;
        assert_eq!(limits(None, &[]), RunLimits::default());
        let file = Some("max_runs = 8\nmax_runs_per_automation = 2");
        let of = |runs, runs_per_automation| RunLimits {
            runs: Some(runs),
            runs_per_automation: Some(runs_per_automation),
        };
        assert_eq!(limits(file, &[]), of(8, 2));
        assert_eq!(limits(file, &["--max-runs", "3"]), of(3, 2));
        let none = settings(Some("max_runs = 0"), &[]).unwrap_err();
        assert_eq!(none.exit, EXIT_CONFIG);
    }

    #[test]
    fn sizes_of_logs_come_from_the_file() {
        let limits = |file| settings(file, &[]).map(|settings| settings.logs);
        let without = LogLimits::default();
        let given = limits(Some("log_attempt = '4MiB'\nlog_run = '1GB'")).unwrap();
        assert_eq!((given.attempt, given.run), (4 << 20, 1_000_000_000));
        assert_eq!(given.tail, without.tail);
        let some = limits(Some("log_run = '0'")).unwrap();
        assert_eq!((some.attempt, some.run), (without.attempt, 0));
        let wrong = limits(Some("log_run = 'much'")).unwrap_err();
        assert_eq!(wrong.exit, EXIT_CONFIG);
    }

    #[test]
    fn sizes_of_artifacts_come_from_the_file() {
        let limits = |file| settings(file, &[]).map(|settings| settings.artifacts);
        assert_eq!(limits(None).unwrap(), ArtifactLimits::default());
        let given = limits(Some(
            "artifact = '2MiB'\nartifacts_run = '1MB'\nartifacts_count = 7",
        ));
        let expected = ArtifactLimits {
            one: 2 << 20,
            run: 1_000_000,
            count: 7,
        };
        assert_eq!(given.unwrap(), expected);
        assert_eq!(
            limits(Some("artifact = 'much'")).unwrap_err().exit,
            EXIT_CONFIG
        );
    }

    #[test]
    fn programs_are_limited_once_some_are_named() {
        assert_eq!(programs(None, &[]), None);
        assert_eq!(programs(Some("listen = '127.0.0.1:0'"), &[]), None);
        assert_eq!(programs(Some("allow_programs = []"), &[]), Some(vec![]));
        let both = programs(Some("allow_programs = ['git']"), &["make"]);
        assert_eq!(both, Some(vec!["git".to_owned(), "make".to_owned()]));
        assert_eq!(programs(Some("allow_programs = ['git']"), &["*"]), None);
    }
}
