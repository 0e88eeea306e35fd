use super::*;
use std::{io::Read as _, path::Path};

fn script(text: &str) -> Value {
    json!({ "script": text })
}

#[tokio::test]
async fn values_come_by_argument_environment_and_stdin() {
    let actions = actions(json!({}), &[("TOKEN", "s3cret-token")]);
    let input = json!({
        "argv": ["/bin/sh", "-c", "printf '%s|%s|%s|' \"$0\" \"$OWN\" \"$KEY\"; cat; echo oops >&2", "$(id) 'x'"],
        "env": { "OWN": 5, "KEY": "k={{ secrets.TOKEN }}" },
        "stdin": { "a": 1 },
    });
    let output = output(&actions, "shell", input).await;
    assert_eq!(
        output,
        json!({
            "exit_code": 0,
            "stdout": "$(id) 'x'|5|k=[redacted]|{\"a\":1}",
            "stderr": "oops\n",
        })
    );
}

#[tokio::test]
async fn the_environment_is_cleared_and_says_which_attempt_it_is() {
    let actions = actions(json!({}), &[]);
    let output = output(&actions, "shell", script("env | sort")).await;
    let seen: BTreeMap<&str, &str> = output["stdout"]
        .as_str()
        .unwrap()
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    assert_eq!(seen["DRUSE_RUN_ID"], attempt("", json!({})).run.to_string());
    assert_eq!(seen["DRUSE_STEP"], "a_step");
    assert_eq!(seen["DRUSE_ATTEMPT"], "2");
    assert_eq!(seen["DRUSE_FENCE"], "7");
    assert_eq!(seen["DRUSE_IDEMPOTENCY_KEY"], "key-1");
    // PWD, SHLVL, OLDPWD and _ are the shell's own.
    let expected = "PATH HOME USER LOGNAME LANG LC_ALL LC_CTYPE TZ TMPDIR PWD SHLVL OLDPWD _";
    for name in seen.keys().filter(|name| !name.starts_with("DRUSE_")) {
        assert!(expected.split(' ').any(|known| known == *name), "{name}");
    }
}

#[tokio::test]
async fn json_on_stdout_is_read() {
    let actions = actions(json!({}), &[]);
    let rows = output(&actions, "shell", script("echo '[{\"n\": 1}]'")).await;
    assert_eq!(rows["json"], json!([{ "n": 1 }]));
    for other in ["echo 42", "echo '{nope'", "true"] {
        let output = output(&actions, "shell", script(other)).await;
        assert_eq!(output.get("json"), None, "{other}");
    }
}

#[tokio::test]
async fn failures_say_why() {
    let actions = actions(json!({}), &[("TOKEN", "s3cret-token")]);
    let exit = failure(
        &actions,
        "shell",
        script("echo s3cret-token is bad >&2; exit 3"),
    )
    .await;
    assert_eq!(
        (exit.class, exit.code.as_str()),
        (FailureClass::Permanent, "exit_status")
    );
    assert_eq!(
        exit.message,
        "The program ended with exit code 3: [redacted] is bad"
    );
    assert_eq!(
        details(&exit),
        &json!({ "exit_code": 3, "stdout": "", "stderr": "[redacted] is bad\n" })
    );
    let killed = failure(&actions, "shell", script("kill -9 $$")).await;
    assert_eq!(killed.code, "exit_status");
    assert_eq!(details(&killed)["signal"], 9);
    for (input, code) in [
        (
            json!({ "argv": ["no-such-program-here"] }),
            "program_not_found",
        ),
        (json!({ "argv": ["/etc/passwd"] }), "program_not_executable"),
        (
            json!({ "argv": ["true"], "cwd": "/nonexistent" }),
            "folder_not_found",
        ),
        (json!({ "argv": [] }), "invalid_input"),
        (
            json!({ "argv": ["true"], "script": "true" }),
            "invalid_input",
        ),
        (json!({ "argv": ["echo", "a\0b"] }), "invalid_input"),
        (
            json!({ "argv": ["true"], "env": { "DRUSE_FENCE": "0" } }),
            "invalid_input",
        ),
        (json!({}), "invalid_input"),
    ] {
        let failure = failure(&actions, "shell", input.clone()).await;
        assert_eq!(failure.code, code, "{input}");
        assert_eq!(failure.class, FailureClass::Permanent);
    }
}

#[tokio::test]
async fn codes_that_are_no_failure_are_named() {
    let actions = actions(json!({}), &[]);
    let exits = |code: u8, codes: Value| json!({ "script": format!("exit {code}"), "success_exit_codes": codes });
    for (code, codes) in [
        (1, json!([0, 1])),
        (0, json!([])),
        (0, json!(null)),
        (7, json!([7])),
    ] {
        let output = output(&actions, "shell", exits(code, codes)).await;
        assert_eq!(output["exit_code"], code);
    }
    for (input, code) in [
        (exits(2, json!([0, 1])), "exit_status"),
        (exits(0, json!([7])), "exit_status"),
        (exits(1, json!([])), "exit_status"),
        (exits(0, json!("0")), "invalid_input"),
        (exits(0, json!([256])), "invalid_input"),
    ] {
        assert_eq!(
            failure(&actions, "shell", input.clone()).await.code,
            code,
            "{input}"
        );
    }
    // What ends by a signal has no code.
    let killed = json!({ "script": "kill -9 $$", "success_exit_codes": [0, 9, 137] });
    assert_eq!(failure(&actions, "shell", killed).await.code, "exit_status");
}

#[tokio::test]
async fn an_administrator_says_what_may_run() {
    let only = ShellPolicy::only(["true".to_owned()]);
    let actions = with_policy(json!({}), &[], only);
    output(&actions, "shell", json!({ "argv": ["true"] })).await;
    for (input, code) in [
        (json!({ "argv": ["/tmp/true"] }), "program_not_allowed"),
        (
            json!({ "argv": ["sh", "-c", "true"] }),
            "program_not_allowed",
        ),
        (json!({ "script": "true" }), "program_not_allowed"),
        (
            json!({ "argv": ["true"], "env": { "LD_PRELOAD": "/tmp/x.so" } }),
            "variable_not_allowed",
        ),
        (
            json!({ "argv": ["true"], "env": { "PATH": "/tmp" } }),
            "variable_not_allowed",
        ),
    ] {
        assert_eq!(failure(&actions, "shell", input).await.code, code);
    }
}

#[tokio::test]
async fn large_streams_both_ways_do_not_block() {
    let actions = actions(json!({}), &[]);
    let large = "x".repeat(90_000);
    let both = json!({ "argv": ["/bin/sh", "-c", "tee /dev/stderr"], "stdin": large });
    let echoed = output(&actions, "shell", both).await;
    assert_eq!(echoed["stdout"].as_str().unwrap().len(), 90_000);
    assert_eq!(echoed["stderr"].as_str().unwrap().len(), 90_000);
    // Nobody reads it: the writing fails, and nothing else.
    let unread = json!({ "argv": ["true"], "stdin": "x".repeat(5_000_000) });
    output(&actions, "shell", unread).await;
}

#[tokio::test]
async fn too_much_output_ends_the_program() {
    let actions = actions(json!({}), &[]);
    for endless in ["yes", "yes >&2", "head -c 100001 /dev/zero | tr '\\0' x"] {
        let failure = failure(&actions, "shell", script(endless)).await;
        assert_eq!(failure.code, "output_too_large", "{endless}");
        assert_eq!(failure.class, FailureClass::Permanent);
    }
}

/// A pipe in a folder; whoever of the programs opens it for writing holds it open.
fn pipe(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    path
}

/// Opens when a program has opened its side, says so, and ends when no program holds it any more.
fn watch(path: &Path) -> (CancellationToken, tokio::task::JoinHandle<String>) {
    let (path, opened) = (path.to_owned(), CancellationToken::new());
    let say = opened.clone();
    let watching = tokio::task::spawn_blocking(move || {
        let mut pipe = std::fs::File::open(path).unwrap();
        say.cancel();
        let mut seen = String::new();
        pipe.read_to_string(&mut seen).unwrap();
        seen
    });
    (opened, watching)
}

/// A shell that ignores SIGTERM, with a child and a grandchild that do so too, all of which hold the pipe.
const STUBBORN: &str =
    "trap '' TERM; exec 3> \"$PIPE\"; (sleep 100000 & sleep 100000) & sleep 100000; sleep 100000";

#[tokio::test]
async fn cancellation_ends_the_whole_group() {
    let folder = tempfile::tempdir().unwrap();
    let path = pipe(folder.path());
    let actions = actions(json!({}), &[]);
    let (opened, closed) = watch(&path);
    let cancel = never();
    let input = json!({ "script": STUBBORN, "env": { "PIPE": path.to_str().unwrap() } });
    let running = actions.perform(attempt("shell", input), cancel.clone());
    let (outcome, ()) = tokio::join!(running, async {
        opened.cancelled().await;
        cancel.cancel();
    });
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
    closed.await.unwrap();
}

#[tokio::test]
async fn a_program_is_asked_before_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = pipe(folder.path());
    let actions = actions(json!({}), &[]);
    // Long enough for the shell to answer: only its child, which does not, is killed.
    let patient = Limits {
        shell_grace: LONG,
        ..limits()
    };
    let shell =
        crate::action::shell::Shell::new(actions.secrets.clone(), ShellPolicy::any(), patient);
    let actions = actions.with("shell", Arc::new(shell));
    let (opened, closed) = watch(&path);
    let polite = "trap 'echo asked >&3; exit 0' TERM; (trap '' TERM; exec 3> \"$PIPE\"; exec sleep 100000) & exec 3> \"$PIPE\"; wait";
    let cancel = never();
    let input = json!({ "script": polite, "env": { "PIPE": path.to_str().unwrap() } });
    let running = actions.perform(attempt("shell", input), cancel.clone());
    let (outcome, ()) = tokio::join!(running, async {
        opened.cancelled().await;
        cancel.cancel();
    });
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
    closed.await.unwrap();
}

#[tokio::test]
async fn a_timeout_ends_the_whole_group() {
    use std::os::unix::fs::OpenOptionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = pipe(folder.path());
    // Opens at once, however far the program comes in its time.
    let mut open = std::fs::OpenOptions::new();
    let open = open.read(true).custom_flags(libc::O_NONBLOCK);
    let mut watched = open.open(&path).unwrap();
    let actions = actions(json!({}), &[]);
    let input = json!({ "script": STUBBORN, "env": { "PIPE": path.to_str().unwrap() } });
    let mut slow = attempt("shell", input);
    slow.timeout = Some(Duration::from_millis(300));
    let (failure, _) = failed(actions.perform(slow, never()).await);
    assert_eq!(
        (failure.class, failure.code.as_str()),
        (FailureClass::Timeout, "timeout")
    );
    // From here on reading waits for the last one that holds the pipe.
    let blocking = nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty());
    nix::fcntl::fcntl(&watched, blocking).unwrap();
    let ended = tokio::task::spawn_blocking(move || watched.read_to_end(&mut Vec::new()));
    ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = pipe(folder.path());
    let actions = actions(json!({}), &[]);
    let (_, closed) = watch(&path);
    // The child also holds stdout open: the attempt does not wait for that.
    let leaves = "exec 3> \"$PIPE\"; sleep 100000 & echo started";
    let input = json!({ "script": leaves, "env": { "PIPE": path.to_str().unwrap() } });
    let output = output(&actions, "shell", input).await;
    assert_eq!(output["stdout"], "started\n");
    closed.await.unwrap();
}

#[tokio::test]
async fn dropping_an_attempt_ends_its_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = pipe(folder.path());
    let actions = actions(json!({}), &[]);
    let (opened, closed) = watch(&path);
    let input = json!({ "script": STUBBORN, "env": { "PIPE": path.to_str().unwrap() } });
    tokio::select! {
        outcome = actions.perform(attempt("shell", input), never()) => panic!("{outcome:?}"),
        () = opened.cancelled() => {}
    }
    closed.await.unwrap();
}
