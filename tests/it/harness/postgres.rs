//! A PostgreSQL server of a test's own, where its programs are on this machine.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "s3cret-password";
/// Whoever it runs as when the tests run as root, which PostgreSQL refuses.
const NOBODY: u32 = 65_534;

/// Ended when it is dropped.
pub(crate) struct Postgres {
    child: Child,
    _folder: tempfile::TempDir,
    pub(crate) port: u16,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        use nix::{sys::signal, unistd::Pid};
        // An immediate end, which unlike SIGKILL leaves nothing in the system.
        let pid = Pid::from_raw(self.child.id().cast_signed());
        let _ = signal::kill(pid, signal::Signal::SIGQUIT);
        let _ = self.child.wait();
    }
}

fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

impl Postgres {
    /// The password of its user `app`.
    pub(crate) const PASSWORD: &str = PASSWORD;

    /// None where its programs are missing; that is said, also where the output of tests that pass is not shown.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            use std::io::Write as _;
            let said = "NOT TRIED: runs on PostgreSQL, for its programs (initdb, postgres) are not on this machine. \
                On Debian the package `postgresql` has them.\n";
            let _ = std::io::stderr().write_all(said.as_bytes());
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let root = nix::unistd::getuid().is_root();
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path()).env("LC_ALL", "C");
            if root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        if root {
            for file in [folder.path(), &password] {
                std::os::unix::fs::chown(file, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let mut made = command("initdb");
        made.args(["--username=app", "--auth=scram-sha-256", "--no-sync"])
            .args(["--encoding=UTF8", "-D"])
            .arg(&data)
            .arg(format!("--pwfile={}", password.display()));
        let made = made.output().unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let serve = |port: u16| {
            let log = std::fs::File::create(folder.path().join("log")).unwrap();
            let mut serving = command("postgres");
            serving.arg("-D").arg(&data).args(["-c", "fsync=off"]);
            for (name, value) in [
                ("listen_addresses", "127.0.0.1".to_owned()),
                ("port", port.to_string()),
                (
                    "unix_socket_directories",
                    folder.path().display().to_string(),
                ),
            ] {
                serving.arg("-c").arg(format!("{name}={value}"));
            }
            serving.stdout(Stdio::null()).stderr(log).spawn().unwrap()
        };
        let mut tries = 0;
        let (child, port) = loop {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let mut child = serve(port);
            if listens(&mut child, folder.path()) {
                break (child, port);
            }
            // Somebody else has taken the port since it was free.
            tries += 1;
            let said = said(folder.path());
            assert!(tries < 10, "PostgreSQL did not come up: {said}");
        };
        Some(Self {
            child,
            _folder: folder,
            port,
        })
    }
}

fn said(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// Waits until it says that it listens, or ends: whether it listens.
fn listens(child: &mut Child, folder: &Path) -> bool {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let ended = child.try_wait().unwrap().is_some();
        let said = said(folder);
        if said.contains("ready to accept connections") {
            return true;
        }
        if ended {
            let taken = said.contains("Address already in use");
            assert!(taken, "PostgreSQL did not come up: {said}");
            return false;
        }
        assert!(Instant::now() < until, "PostgreSQL did not come up: {said}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
