//! The doctor: what is wrong with runs, schedules, the store, the disk, the clock, the folder, and with
//! what active automations need, each with what helps.

use super::problem::sentence;
use super::{App, Problem, page};
use crate::runtime::{Examined, clock};
use crate::secret::names_in;
use druse_engine::event::Status;
use druse_engine::{Severity, Span, Timestamp};
use druse_storage::{
    Automation, AutomationStatus, Connection, RunQuery, StoreExt as _, StoreHealth, SweptBlobs,
    Version,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// A disk with less free than this, or than a twentieth of it, is told of.
const LITTLE: u64 = 256 << 20;
/// How far what was stored may lie ahead of the clock.
const AHEAD: Span = Span::from_secs(60);
/// Changes by which the index may lag.
const LAG: usize = 65_536;
/// The most problems of one kind that are told one by one.
const SHOWN: usize = 20;

/// What an examination found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Diagnosis {
    /// Whether nothing is wrong that needs somebody; warnings do not count.
    pub healthy: bool,
    /// When it was made.
    pub at: Timestamp,
    /// The runs that have not ended.
    pub runs: RunFigures,
    /// The store and its disk.
    pub store: StoreFigures,
    /// Errors first, then warnings.
    pub problems: Vec<Trouble>,
}

/// The runs that have not ended. Each is in exactly one of the four.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunFigures {
    /// All of them.
    pub live: usize,
    /// An attempt is under way, or a time is set at which they go on.
    pub moving: usize,
    /// They wait for somebody or something outside, by name, be there a limit of that wait or none.
    pub waiting: usize,
    /// No server carries them.
    pub held: usize,
    /// Nothing will move them.
    pub stuck: usize,
}

/// The store and its disk.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoreFigures {
    /// Number of the newest durable record.
    pub head: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Bytes that are free on its disk, if the system says.
    pub free_bytes: Option<u64>,
    /// Durable changes that the index does not have yet.
    pub index_lag: usize,
    /// Files of runs and recordings.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// Files that nothing needs, and that are still to be removed.
    pub unused_files: u64,
    /// Their bytes.
    pub unused_file_bytes: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trouble {
    /// Stable, snake_case.
    pub code: String,
    /// `error` or `warning`.
    pub severity: Severity,
    /// What it is about: a run, an automation, a trigger, a connection, a file.
    pub subject: String,
    /// One sentence.
    pub message: String,
    /// What helps.
    pub help: Option<String>,
}

impl App {
    /// Looks at everything that can go wrong without anybody noticing.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub async fn diagnosis(&self) -> Result<Diagnosis, Problem> {
        let runs = self.engine.examine().await?;
        let app = self.clone();
        self.off_thread(move || app.diagnose(runs)).await
    }

    fn diagnose(&self, runs: Examined) -> Result<Diagnosis, Problem> {
        let health = self.store.health();
        let mut problems = Vec::new();
        of_runs(&runs, &mut problems);
        of_people(&runs, &mut problems);
        of_store(&health, &mut problems);
        if let Some(reason) = self.history_blocked() {
            problems.push(Trouble::error(
                "history_blocked",
                &health.folder.display(),
                sentence(&reason),
                "Old history cannot be given back past it. `druse verify` names what is damaged; a backup brings it back.",
            ));
        }
        let files = self.store.sweep_blobs(false)?;
        of_files(&files, &health, &mut problems);
        of_folder(&health.folder, &mut problems);
        self.of_schedules(&mut problems);
        self.of_lookouts(&mut problems)?;
        self.of_clock(&mut problems)?;
        self.of_automations(&mut problems)?;
        self.of_connections(&mut problems)?;
        self.of_retention(&mut problems)?;
        // Stable: within a severity they stay in the order in which things were looked at.
        problems.sort_by_key(|problem| problem.severity != Severity::Error);
        Ok(Diagnosis {
            healthy: problems
                .iter()
                .all(|problem| problem.severity != Severity::Error),
            at: clock::now(),
            runs: RunFigures {
                live: runs.live,
                moving: runs.moving,
                waiting: runs.waiting,
                held: runs.held,
                stuck: runs.stuck.len(),
            },
            store: StoreFigures {
                head: health.head,
                log_bytes: health.log_bytes,
                free_bytes: health.free_bytes,
                index_lag: health.index_lag,
                files: files.kept,
                file_bytes: files.kept_bytes,
                unused_files: files.unused,
                unused_file_bytes: files.unused_bytes,
            },
            problems,
        })
    }

    fn of_schedules(&self, problems: &mut Vec<Trouble>) {
        let Ok(triggers) = self.triggers() else {
            return;
        };
        for (trigger, at) in triggers.missing() {
            problems.push(Trouble::error(
                "schedule_overdue",
                &trigger.id,
                format!("The time {at} of the schedule {:?} is due and has not fired.", trigger.name),
                "Is a server running on this folder? Its log says why; it tries again by itself, and a backfill makes up for what is lost.",
            ));
        }
    }

    fn of_lookouts(&self, problems: &mut Vec<Trouble>) -> Result<(), Problem> {
        let Ok(triggers) = self.triggers() else {
            return Ok(());
        };
        for (trigger, since, error) in triggers.failing()? {
            problems.push(Trouble::warning(
                "trigger_failing",
                &trigger.id,
                format!(
                    "The trigger {:?} has not been able to look since {since}: {error}",
                    trigger.name
                ),
                "It tries again by itself, and finds then what came meanwhile.",
            ));
        }
        Ok(())
    }

    fn of_clock(&self, problems: &mut Vec<Trouble>) -> Result<(), Problem> {
        let youngest = RunQuery {
            limit: 1,
            ..RunQuery::default()
        };
        let now = clock::now();
        for run in self.store.runs(&youngest)? {
            if run.created_at > now.after(AHEAD) {
                problems.push(Trouble::error(
                    "clock_went_back",
                    &run.id,
                    format!("The clock shows {now}, and the youngest run began at {}.", run.created_at),
                    "Set the clock right; until then nothing scheduled before that time fires again.",
                ));
            }
        }
        Ok(())
    }

    fn of_automations(&self, problems: &mut Vec<Trouble>) -> Result<(), Problem> {
        let catalog = self.catalog()?;
        let rows: Vec<Automation> = page::all(&*self.store, "")?;
        for row in rows {
            let Some(number) = row.active_version else {
                continue;
            };
            if row.status != AutomationStatus::Active {
                continue;
            }
            let key = Version::key_of(row.id, number);
            let Some(version) = self.store.get::<Version>(&key)? else {
                problems.push(Trouble::error(
                    "version_missing",
                    &row.name,
                    format!("Its active version {number} is not in the store."),
                    "`druse verify` says whether the store is whole; activate another version.",
                ));
                continue;
            };
            for finding in self.findings(&version, &catalog)? {
                if finding.severity == Severity::Error && !finding.acknowledge {
                    problems.push(Trouble {
                        code: finding.code,
                        severity: Severity::Error,
                        subject: row.name.clone(),
                        message: sentence(&finding.message),
                        help: Some(finding.help).filter(|help| !help.is_empty()),
                    });
                }
            }
        }
        Ok(())
    }

    fn of_retention(&self, problems: &mut Vec<Trouble>) -> Result<(), Problem> {
        for finding in self.retention()?.0.lets_all_go() {
            problems.push(Trouble::error(
                "keeps_nothing",
                &"retention",
                format!(
                    "The stored setting {}, so it is not followed.",
                    finding.message
                ),
                "Write it anew with `PUT /api/v1/settings/retention` or in the console.",
            ));
        }
        Ok(())
    }

    fn of_connections(&self, problems: &mut Vec<Trouble>) -> Result<(), Problem> {
        let rows: Vec<Connection> = page::all(&*self.store, "")?;
        let known: BTreeSet<String> = self.secrets.names().into_iter().collect();
        for row in rows {
            if crate::connection::Connection::parse("", &row.definition).is_err() {
                problems.push(Trouble::error(
                    "connection_unreadable",
                    &row.name,
                    "The stored connection cannot be read.".into(),
                    "Set it again with `druse connections set`.",
                ));
            }
            let text = row.definition.to_string();
            let named: BTreeSet<&str> = names_in(&text).into_iter().collect();
            for name in named {
                if !known.contains(name) {
                    problems.push(Trouble::error(
                        "missing_secret",
                        &row.name,
                        format!(
                            "The connection needs the secret {name:?}, which is not in the store."
                        ),
                        &format!("Set it with `druse secrets set {name}`."),
                    ));
                }
            }
        }
        Ok(())
    }
}

fn of_runs(runs: &Examined, problems: &mut Vec<Trouble>) {
    for stuck in runs.stuck.iter().take(SHOWN) {
        problems.push(Trouble::error(
            "run_stuck",
            &stuck.run,
            format!("Nothing will move this run: {}.", stuck.reason),
            "A new start of the server takes it up where its journal can be read: `druse verify` names what is damaged, and a backup brings it back. A step that waits for it is `uncertain`, and `druse runs resolve` says how that run goes on.",
        ));
    }
    for waits in runs.deadlocked.iter().take(SHOWN) {
        problems.push(Trouble::error(
            "runs_deadlocked",
            &waits.run,
            sentence(&waits.reason),
            "Cancel one of them: the others then go on. A `timeout` on the steps that start runs ends it by itself.",
        ));
    }
    if runs.stuck.len() > SHOWN {
        let more = runs.stuck.len() - SHOWN;
        let help = "A new start of the server takes them up from their journals.";
        let text = format!("{more} more runs are stuck.");
        problems.push(Trouble::error("run_stuck", &"runs", text, help));
    }
    if runs.held > 0 {
        problems.push(Trouble::warning(
            "no_server",
            &"runs",
            format!("{} wait, and no server carries them.", runs.held),
            "Start one with `druse serve` on this folder.",
        ));
    }
}

/// What waits for a person who may not know it: no gate tells of it.
fn of_people(runs: &Examined, problems: &mut Vec<Trouble>) {
    for left in runs.left_to_people.iter().take(SHOWN) {
        let run = &left.run;
        if let Some(held) = &left.held {
            let help = format!("`druse runs resume {run}` lets it go on.");
            problems.push(Trouble::warning("run_paused", run, sentence(held), &help));
        }
        for (step, status) in left.steps.iter().take(SHOWN) {
            let (code, text, help) = if *status == Status::Uncertain {
                (
                    "step_uncertain",
                    format!("Nobody knows whether step {step} happened."),
                    format!(
                        "Look it up, then say so with `druse runs resolve {run} {step}`: --happened, --again or --failed."
                    ),
                )
            } else {
                (
                    "step_paused",
                    format!("Step {step} failed and waits for a person."),
                    format!(
                        "`druse runs why {run}` says why. `druse runs resume {run} --step {step}` tries it again; with --fail it fails."
                    ),
                )
            };
            problems.push(Trouble::warning(code, run, text, &help));
        }
    }
    if runs.left_to_people.len() > SHOWN {
        let more = runs.left_to_people.len() - SHOWN;
        let help = "`druse runs list --status paused` and `--status waiting` have them.";
        let text = format!("{more} more runs wait for a person who says how they go on.");
        problems.push(Trouble::warning("run_paused", &"runs", text, help));
    }
}

fn of_store(health: &StoreHealth, problems: &mut Vec<Trouble>) {
    let folder = health.folder.display();
    if health.failed {
        let help = "The process must end; the next start says what is whole.";
        let text = "The log has failed: nothing more is acknowledged.".into();
        problems.push(Trouble::error("log_failed", &folder, text, help));
    }
    for damage in &health.damage {
        problems.push(Trouble::error(
            "store_damaged",
            &folder,
            sentence(damage),
            "`druse verify` names what is damaged. What it belongs to is fenced off; a backup brings it back. `druse serve --accept-loss` goes on with runs that are held only because nobody knows whose it was.",
        ));
    }
    if health.over_quota {
        let text =
            "The history takes more than it may, and none of it can go: no new work is taken.";
        let help = "Raise `max_bytes` of the retention settings, or end runs that go on or wait: no run that has ended is kept against it, but for those that one which goes on has started. Events leave after their own time.";
        problems.push(Trouble::error("over_quota", &folder, text.into(), help));
    }
    let little = match (health.free_bytes, health.disk_bytes) {
        (Some(free), Some(whole)) => (free < LITTLE.max(whole / 20)).then_some(free),
        _ => None,
    };
    let help = "Free some, or let the history be shorter.";
    if health.full {
        let text = "There is no space left: no new work is taken.".into();
        problems.push(Trouble::error("disk_full", &folder, text, help));
    } else if let Some(free) = little {
        let text = format!("Only {} MB of the disk are free.", free >> 20);
        problems.push(Trouble::warning("disk_nearly_full", &folder, text, help));
    }
    if health.index_lag > LAG {
        let text = format!("The index lags {} changes behind.", health.index_lag);
        let help = "The disk is slow or busy; new work is refused when it gets worse.";
        problems.push(Trouble::warning("index_lags", &folder, text, help));
    }
}

/// Files that nothing needs: some are there for a while after a crash, and more means that none go.
fn of_files(files: &SweptBlobs, health: &StoreHealth, problems: &mut Vec<Trouble>) {
    if files.unused == 0 {
        return;
    }
    let help = match files.damaged {
        true => {
            "While damage was found at the start they stay: what needs them may come back with a backup."
        }
        false => "They go by themselves within the hour, or at once with `druse compact`.",
    };
    let text = format!(
        "{} stored files of {} bytes together belong to no run and no recording.",
        files.unused, files.unused_bytes
    );
    problems.push(Trouble::warning(
        "unused_files",
        &health.folder.display(),
        text,
        help,
    ));
}

/// Files that only their owner may read.
const PRIVATE: [&str; 3] = ["", "secret.key", "setup-token"];

fn of_folder(folder: &Path, problems: &mut Vec<Trouble>) {
    for name in PRIVATE {
        let path = match name {
            "" => folder.to_path_buf(),
            name => folder.join(name),
        };
        let Ok(found) = std::fs::metadata(&path) else {
            continue;
        };
        if found.permissions().mode() & 0o077 != 0 {
            problems.push(Trouble::error(
                "open_to_others",
                &path.display(),
                "Others on this machine may enter or read it.".into(),
                &format!("Run: chmod go= {}", path.display()),
            ));
        }
    }
    if nix::unistd::geteuid().is_root() {
        problems.push(Trouble::warning(
            "runs_as_root",
            &"process",
            "It runs as root, and so does every shell step.".into(),
            "Start it as a user of its own.",
        ));
    }
}

impl Trouble {
    fn error(code: &str, subject: &dyn ToString, message: String, help: &str) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Error,
            subject: subject.to_string(),
            message,
            help: Some(help.into()),
        }
    }

    fn warning(code: &str, subject: &dyn ToString, message: String, help: &str) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, subject, message, help)
        }
    }
}
