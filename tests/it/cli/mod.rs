//! The command line, as a person meets it.

mod acknowledged;
mod answers;
mod bad_input;
mod coding;
mod conditions;
mod demo;
mod discover;
mod documented;
mod documents;
mod drift;
mod help;
mod hidden;
mod judged;
mod mapped;
mod named_lists;
mod nouns;
mod offered;
mod offline;
mod recorded_forms;
mod recordings;
mod recurring;
mod rehearsal;
mod summed_up;
mod triggers;

use super::harness::server::druse;
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A working folder, with commands run in it.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    said: String,
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = druse(arguments);
        command
            .current_dir(self.folder.path())
            .env("COLUMNS", "100")
            .env_remove("DRUSE_LOG")
            .env("RUST_BACKTRACE", "0");
        command
    }

    /// Runs `druse` with nothing on its standard input.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ran {
        finish(self.command(arguments), "")
    }

    /// Runs `druse` with this on its standard input, and then its end.
    pub(crate) fn run_with<S: AsRef<OsStr>>(&self, arguments: &[S], input: &str) -> Ran {
        finish(self.command(arguments), input)
    }
}

/// Runs a command to its end, with this on its standard input.
pub(crate) fn finish(mut command: Command, input: &str) -> Ran {
    let said = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let mut stdin = child.stdin.take().expect("its input is piped");
    // One that does not read its input closes it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let ran = Ran {
        said,
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("its output is text"),
        err: String::from_utf8(output.stderr).expect("its talk is text"),
    };
    assert!(!ran.err.contains("panicked"), "{ran:#?}");
    ran
}

impl Ran {
    /// It has to have ended with this code.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "{}\n--- out\n{}\n--- err\n{}",
            self.said, self.out, self.err
        );
        self
    }

    /// It has to have gone well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.with(0)
    }

    /// It has to have failed with this code, without data, and with an error that says all of this.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, words: &[&str]) -> Self {
        let ran = self.with(code);
        assert_eq!(ran.out, "", "{}", ran.said);
        assert!(ran.err.starts_with("error: "), "{}: {}", ran.said, ran.err);
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("  ") || last.contains("--help"),
            "{} does not say what to do:\n{}",
            ran.said,
            ran.err
        );
        for word in words {
            assert!(
                ran.err.contains(word),
                "{} lacks {word:?}:\n{}",
                ran.said,
                ran.err
            );
        }
        ran
    }

    /// Its output, which has to be one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", self.said, self.out))
    }
}

/// Runs a command with `--output json` and gives what it printed.
#[track_caller]
pub(crate) fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--output", "json"]);
    desk.run(&all).ok().json()
}
