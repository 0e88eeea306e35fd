//! `shell`: one program, with values as arguments, environment or stdin, never as program text.

pub(crate) mod earlier;
mod leave;
mod process;
pub(crate) mod watchdog;

use super::{
    Action, Attempt, Failed, Limits,
    attempt::{Performed, pointed},
    input,
};
use crate::secret::Secrets;
use druse_engine::capability::{is_settable, steers};
use futures_util::future::BoxFuture;
use leave::Leaving;
use process::{Ended, Prepared};
use serde_json::{Map, Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// What every program needs and no secret lives in.
const INHERITED: [&str; 9] = [
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
];
/// Runs fixed scripts.
pub(crate) const INTERPRETER: &str = druse_engine::capability::INTERPRETER;
/// What a step may say.
const SHELL_KEYS: [&str; 7] = [
    "argv",
    "script",
    "stdin",
    "env",
    "cwd",
    "artifacts",
    "success_exit_codes",
];
/// Characters of stderr that a failure shows, from its end.
const TAIL: usize = 2_000;
/// Characters of its last line that the failure's message shows.
const LAST_WORDS: usize = 200;

/// What shell steps may run, as an administrator says.
#[derive(Debug, Clone, Default)]
pub struct ShellPolicy {
    /// The programs, each as it must stand in `argv`: a bare name that is looked up in PATH, or a
    /// path. `None` allows any. Scripts need `/bin/sh` in it. An allowed interpreter (a shell,
    /// Python) allows everything.
    pub allowed: Option<Vec<String>>,
    /// Where programs run whose step names no `cwd`, and what a relative `cwd` starts from; this
    /// process's folder if left out.
    pub folder: Option<PathBuf>,
}

impl ShellPolicy {
    /// Any program.
    pub fn any() -> Self {
        Self::default()
    }

    /// These programs alone.
    pub fn only(programs: impl IntoIterator<Item = String>) -> Self {
        Self {
            allowed: Some(programs.into_iter().collect()),
            folder: None,
        }
    }

    fn check(&self, program: &str, env: &[(String, String)]) -> Result<(), Failed> {
        let Some(allowed) = &self.allowed else {
            return Ok(());
        };
        if !allowed.iter().any(|known| known == program) {
            let message = format!(
                "The program {program:?} is not allowed on this server. An administrator allows it with `--allow-program {program}` or in the configuration."
            );
            return Err(Failed::permanent("program_not_allowed", message));
        }
        // These make an allowed program run another one.
        match env.iter().find(|(name, _)| steers(name)) {
            Some((name, _)) => {
                let message = format!(
                    "The variable {name} cannot be set where only some programs are allowed."
                );
                Err(Failed::permanent("variable_not_allowed", message))
            }
            None => Ok(()),
        }
    }
}

/// Performs `shell` steps.
#[derive(Debug)]
pub struct Shell {
    secrets: Arc<Secrets>,
    policy: ShellPolicy,
    limits: Limits,
}

impl Shell {
    /// With these secrets, policy and limits.
    pub fn new(secrets: Arc<Secrets>, policy: ShellPolicy, limits: Limits) -> Self {
        Self {
            secrets,
            policy,
            limits,
        }
    }

    fn prepare(&self, attempt: &Attempt) -> Result<(Prepared, Option<Leaving>), Failed> {
        let map = input::object(attempt.input.value())?;
        input::only(map, &SHELL_KEYS)?;
        let argv = argv(map)?;
        let mut own = Vec::new();
        for (name, value) in input::scalars(map, "env")? {
            if !is_settable(&name) {
                return Err(Failed::input(format!(
                    "The variable {name:?} cannot be set."
                )));
            }
            let filled = self.secrets.fill_only(&value, |secret| {
                attempt.allows(&format!("/env/{}", pointed(&name)), secret)
            })?;
            own.push((name, filled));
        }
        let program = argv.first().map_or("", String::as_str);
        self.policy.check(program, &own)?;
        let cwd = self.folder(input::text(map, "cwd")?);
        let restricted = self.policy.allowed.is_some();
        let mark = format!("{}-{}", attempt.run, attempt.fence);
        let leaving = Leaving::read(map, cwd.clone(), restricted, (&attempt.files, &mark))?;
        let variable = leaving.as_ref().map(Leaving::variable);
        let inherited = INHERITED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        let given = [
            ("DRUSE_RUN_ID", attempt.run.to_string()),
            ("DRUSE_STEP", attempt.step.clone()),
            ("DRUSE_ATTEMPT", attempt.number.to_string()),
            ("DRUSE_FENCE", attempt.fence.to_string()),
            ("DRUSE_IDEMPOTENCY_KEY", attempt.idempotency_key.clone()),
            (watchdog::LIFE, watchdog::begin().to_owned()),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value));
        let prepared = Prepared {
            env: inherited.chain(own).chain(given).chain(variable).collect(),
            cwd,
            stdin: match input::given(map, "stdin") {
                None => None,
                Some(Value::String(text)) => Some(text.clone().into_bytes()),
                Some(value) => Some(value.to_string().into_bytes()),
            },
            argv,
            timeout: attempt.timeout.unwrap_or(self.limits.shell_timeout),
            grace: self.limits.shell_grace,
            largest: self.limits.shell_output,
            log: attempt.log.clone(),
        };
        let texts = prepared.argv.iter().chain(prepared.env.values());
        if texts.into_iter().any(|text| text.contains('\0')) {
            return Err(Failed::input(
                "An argument or variable holds a zero byte, which no program can be given.",
            ));
        }
        Ok((prepared, leaving))
    }

    fn folder(&self, cwd: Option<&str>) -> Option<PathBuf> {
        match (&self.policy.folder, cwd) {
            (Some(folder), Some(cwd)) => Some(folder.join(cwd)),
            (None, Some(cwd)) => Some(Path::new(cwd).into()),
            (folder, None) => folder.clone(),
        }
    }

    async fn run(&self, attempt: &Attempt, cancel: &CancellationToken) -> Performed {
        let (prepared, leaving) = self.prepare(attempt)?;
        let good = success_exit_codes(input::object(attempt.input.value())?)?;
        let (timeout, largest) = (prepared.timeout, prepared.largest);
        let finished = process::run(prepared, cancel).await?;
        let stdout = String::from_utf8_lossy(&finished.stdout);
        let stderr = String::from_utf8_lossy(&finished.stderr);
        let shown = |code: Option<i32>| json!({ "exit_code": code, "stdout": tail(&stdout), "stderr": tail(&stderr) });
        let exited = match &finished.ended {
            Ended::Exited(status) => Some(status.code().is_some_and(|code| good.contains(&code))),
            Ended::Canceled | Ended::TimedOut | Ended::TooLarge => None,
        };
        // What a program leaves that fails is kept too, as far as it goes: it may say why.
        let kept = match (leaving, exited) {
            (Some(leaving), Some(all)) => {
                let files = attempt.files.clone();
                let kept = tokio::task::spawn_blocking(move || leaving.keep(&files, all));
                kept.await.unwrap_or_else(|_| {
                    let message = "Keeping the artifacts ended by a defect of Druse.";
                    Err(Failed::permanent("internal_error", message))
                })
            }
            _ => Ok(()),
        };
        let status = match finished.ended {
            Ended::Exited(status) => status,
            Ended::Canceled => return Err(Failed::canceled().details(shown(None))),
            Ended::TimedOut => return Err(Failed::timeout(timeout).details(shown(None))),
            Ended::TooLarge => {
                let message = format!("The program wrote more than {largest} bytes and was ended.");
                let details = json!({ "limit": largest, "stderr": tail(&stderr) });
                return Err(Failed::permanent("output_too_large", message).details(details));
            }
        };
        if !status.code().is_some_and(|code| good.contains(&code)) {
            use std::os::unix::process::ExitStatusExt as _;
            let (what, signal) = match (status.code(), status.signal()) {
                (Some(code), _) => (format!("The program ended with exit code {code}"), None),
                (None, signal) => {
                    let number = signal.unwrap_or_default();
                    (format!("The program was ended by signal {number}"), signal)
                }
            };
            let message = match last_words(&stderr) {
                Some(words) => format!("{what}: {words}"),
                None => format!("{what}."),
            };
            let mut details = shown(status.code());
            if let Some(signal) = signal {
                details["signal"] = signal.into();
            }
            return Err(Failed::permanent("exit_status", message).details(details));
        }
        kept?;
        let mut output = Map::new();
        output.insert("exit_code".into(), status.code().into());
        output.insert("stdout".into(), stdout.as_ref().into());
        output.insert("stderr".into(), stderr.as_ref().into());
        if stdout.trim_start().starts_with(['{', '['])
            && let Ok(value) = serde_json::from_str(&stdout)
        {
            output.insert("json".into(), value);
        }
        Ok(Value::Object(output).into())
    }
}

impl Action for Shell {
    fn perform<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(self.run(attempt, cancel))
    }
}

/// The last line that a program wrote to its stderr: what most of them say before they give up.
fn last_words(stderr: &str) -> Option<String> {
    let lines = stderr.lines().rev().map(str::trim);
    let last = lines.into_iter().find(|line| !line.is_empty())?;
    Some(last.chars().take(LAST_WORDS).collect())
}

fn argv(map: &Map<String, Value>) -> Result<Vec<String>, Failed> {
    match (input::given(map, "argv"), input::text(map, "script")?) {
        (None, Some(script)) => Ok([INTERPRETER, "-c", script].map(String::from).into()),
        (Some(Value::Array(words)), None) => {
            let argv: Option<Vec<String>> = words.iter().map(input::scalar).collect();
            argv.filter(|argv| argv.first().is_some_and(|program| !program.is_empty()))
                .ok_or_else(|| {
                    Failed::input("\"argv\" must be a list of texts that begins with a program.")
                })
        }
        (Some(_), None) => Err(Failed::input("\"argv\" must be a list of texts.")),
        _ => Err(Failed::input(
            "A shell step has either \"argv\" or \"script\".",
        )),
    }
}

/// The exit codes that are no failure.
fn success_exit_codes(map: &Map<String, Value>) -> Result<Vec<i32>, Failed> {
    let wrong =
        || Failed::input("\"success_exit_codes\" must be a list of whole numbers from 0 to 255.");
    let codes = match input::given(map, "success_exit_codes") {
        None => return Ok(vec![0]),
        Some(Value::Array(codes)) if codes.is_empty() => return Ok(vec![0]),
        Some(Value::Array(codes)) => codes,
        Some(_) => return Err(wrong()),
    };
    codes
        .iter()
        .map(|code| {
            let code = code.as_u64().and_then(|code| u8::try_from(code).ok());
            code.map(i32::from).ok_or_else(wrong)
        })
        .collect()
}

/// The end of a text, at most [`TAIL`] characters.
fn tail(text: &str) -> &str {
    match text.char_indices().rev().nth(TAIL - 1) {
        Some((from, _)) => &text[from..],
        None => text,
    }
}
