//! `druse serve` as a process of its own: started on an empty folder, killed, started again.

use super::client::Client;
use super::wait::DEADLINE;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// The binary under test.
pub(crate) const DRUSE: &str = env!("CARGO_BIN_EXE_druse");

/// The binary with arguments, and with nothing of this process's own settings for it.
pub(crate) fn druse<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(DRUSE);
    command
        .args(arguments)
        .env_remove("DRUSE_DATA")
        .env_remove("DRUSE_SERVER")
        .env_remove("DRUSE_TOKEN")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

const SERVE: [&str; 4] = ["serve", "--listen", "127.0.0.1:0", "--data"];

/// A server on a folder. Dropping it kills the process; a folder of its own goes with it.
pub(crate) struct Server {
    data: PathBuf,
    arguments: Vec<String>,
    /// What `ulimit` is told before it starts.
    limit: Option<String>,
    process: Option<Process>,
    admin: Option<String>,
    // The last field: the process is gone before its folder is.
    _folder: Option<tempfile::TempDir>,
}

struct Process {
    child: Child,
    address: String,
    said: Arc<Mutex<String>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// A server on an empty folder of its own.
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// A server on an empty folder of its own, with more arguments of `druse serve`.
    pub(crate) async fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut server = Self::on(&folder.path().join("data"), arguments).await;
        server._folder = Some(folder);
        server
    }

    /// A server on an empty folder of its own, that may have no more than this many files open.
    pub(crate) async fn limited(files: u32) -> Self {
        Self::under(format!("-n {files}")).await
    }

    /// A server on an empty folder of its own, that begins with this limit of open files and may raise it.
    pub(crate) async fn raising(files: u32) -> Self {
        Self::under(format!("-S -n {files}")).await
    }

    async fn under(limit: String) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut server = Self {
            data: folder.path().join("data"),
            arguments: Vec::new(),
            limit: Some(limit),
            process: None,
            admin: None,
            _folder: Some(folder),
        };
        server.start().await;
        server
    }

    /// A server on this folder, which stays when the server goes.
    pub(crate) async fn on(data: &Path, arguments: &[&str]) -> Self {
        let mut server = Self {
            data: data.to_path_buf(),
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            limit: None,
            process: None,
            admin: None,
            _folder: None,
        };
        server.start().await;
        server
    }

    /// A server on a folder that came from another one, with that one's admin token.
    pub(crate) async fn moved(data: &Path, admin: &str) -> Self {
        let mut server = Self {
            data: data.to_path_buf(),
            arguments: Vec::new(),
            limit: None,
            process: None,
            admin: Some(admin.to_owned()),
            _folder: None,
        };
        server.start().await;
        server
    }

    /// Starts it, on whatever the folder holds, and waits until it listens.
    pub(crate) async fn start(&mut self) {
        if !self.try_start().await {
            let process = self.process.take().expect("it was started");
            panic!("the server ended at its start:\n{}", process.said());
        }
    }

    /// Starts it once with one more argument.
    pub(crate) async fn start_with(&mut self, argument: &str) {
        self.arguments.push(argument.to_owned());
        self.start().await;
        self.arguments.pop();
    }

    /// Starts it, on whatever the folder holds, and waits until it listens or ends: whether it listens.
    pub(crate) async fn try_start(&mut self) -> bool {
        assert!(self.process.is_none(), "the server runs already");
        let mut child = match &self.limit {
            None => druse(SERVE),
            Some(limit) => {
                let mut command = Command::new("sh");
                let line = format!("ulimit {limit} && exec \"$0\" \"$@\"");
                command.args(["-c", &line, DRUSE]).args(SERVE);
                command
                    .env_remove("DRUSE_DATA")
                    .env_remove("DRUSE_SERVER")
                    .env_remove("DRUSE_TOKEN")
                    .env("NO_COLOR", "1")
                    .stdin(Stdio::null());
                command
            }
        };
        let mut child = child
            .arg(&self.data)
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let stderr = child.stderr.take().expect("its standard error is piped");
        let said = Arc::new(Mutex::new(String::new()));
        let (tell, told) = oneshot::channel();
        // A thread, not a task: the pipe is emptied even while the test's own thread is busy.
        std::thread::spawn({
            let said = said.clone();
            move || read(stderr, &said, tell)
        });
        let address = tokio::time::timeout(DEADLINE, told).await;
        let mut process = Process {
            child,
            address: String::new(),
            said,
        };
        let listens = match address {
            Ok(Ok(address)) => {
                process.address = address;
                true
            }
            Ok(Err(_)) => false,
            Err(_) => panic!("the server was not ready in time:\n{}", process.said()),
        };
        self.process = Some(process);
        if listens && self.admin.is_none() {
            self.admin = Some(self.set_up().await);
        }
        listens
    }

    /// The first admin token, as an administrator gets it: for the setup token of the first start.
    async fn set_up(&self) -> String {
        let setup = self.setup_token();
        let body = json!({ "token": setup, "name": "admin" });
        let made = self.anonymous().post("/setup", &body).await.with(201);
        text(&made["token"])
    }

    /// The setup token that the first start left in the data folder.
    pub(crate) fn setup_token(&self) -> String {
        let file = self.data.join("setup-token");
        std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
            .trim()
            .to_owned()
    }

    /// SIGKILL: nothing is finished, nothing is written any more.
    pub(crate) fn kill(&mut self) {
        drop(self.process.take().expect("the server runs"));
    }

    /// SIGKILL, and a new start on the same folder.
    pub(crate) async fn crash(&mut self) {
        self.kill();
        self.start().await;
    }

    /// SIGTERM, and its end.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.ended().await
    }

    /// SIGTERM until it ends: whoever says it twice does not wait for what is under way.
    pub(crate) async fn stop_at_once(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the server runs");
        super::wait::until("the end of the server", || {
            let status = process.child.try_wait().expect("the process can be asked");
            if status.is_none() {
                kill(process.pid(), Signal::SIGTERM).expect("the process can be told");
            }
            std::future::ready(status)
        })
        .await
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let process = self.process.as_ref().expect("the server runs");
        kill(process.pid(), Signal::SIGTERM).expect("the process can be told");
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the server runs");
        super::wait::until("the end of the server", || {
            let status = process.child.try_wait().expect("the process can be asked");
            std::future::ready(status)
        })
        .await
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// `http://127.0.0.1:PORT` of this start.
    pub(crate) fn address(&self) -> &str {
        &self.running().address
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.running().child.id()
    }

    /// Whether its process has ended, however that came.
    pub(crate) fn is_gone(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        // Nobody has taken note of its end yet.
        stat.map_or(true, |stat| stat.contains(") Z"))
    }

    /// What it said on standard error since this start.
    pub(crate) fn said(&self) -> String {
        self.running().said()
    }

    /// What the system says of its process and of the connections to it, for whoever has to find out
    /// why it does not answer.
    pub(crate) fn process(&self) -> String {
        let of = |what: &str| {
            let text = std::fs::read_to_string(format!("/proc/{}/{what}", self.pid()));
            text.unwrap_or_else(|error| error.to_string())
        };
        let status = of("status");
        let status = status.lines().filter(|line| {
            let name = line.split(':').next().unwrap_or_default();
            ["State", "Threads", "SigQ", "VmRSS"].contains(&name)
        });
        let port = self.address().rsplit(':').next().unwrap_or_default();
        let port = port
            .parse::<u16>()
            .map_or_else(|_| String::new(), |port| format!(":{port:04X} "));
        let net = of("net/tcp");
        let here = std::fs::read_to_string("/proc/self/net/tcp").unwrap_or_default();
        let net = if net.contains("sl ") { net } else { here };
        let connections = net.lines().filter(|line| line.contains(&port));
        status.chain(connections).collect::<Vec<_>>().join("\n")
    }

    /// A client with the admin token.
    pub(crate) fn admin(&self) -> Client {
        self.anonymous().token(self.admin_token())
    }

    /// The admin token.
    pub(crate) fn admin_token(&self) -> &str {
        self.admin.as_deref().expect("the server was set up")
    }

    /// A client without a token.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.address())
    }

    /// A client with a new token of this role; its user has the role's name.
    pub(crate) async fn role(&self, role: &str) -> Client {
        let body = json!({ "role": role, "name": role });
        let made = self.admin().post("/tokens", &body).await.with(201);
        self.anonymous().token(&text(&made["token"]))
    }

    /// `druse verify` of the folder, with the server down or up; panics unless everything is whole.
    pub(crate) fn verify(&self) {
        let output = self.verified();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// `druse verify` of the folder.
    pub(crate) fn verified(&self) -> Output {
        druse(["verify", "--data"])
            .arg(&self.data)
            .output()
            .expect("the binary can be started")
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("the server runs")
    }
}

impl Process {
    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id fits"))
    }

    fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }
}

/// Keeps what a server says, and tells the address once it is said.
fn read(stderr: std::process::ChildStderr, said: &Mutex<String>, tell: oneshot::Sender<String>) {
    let mut tell = Some(tell);
    for line in BufReader::new(stderr).lines() {
        let Ok(line) = line else { return };
        let address = line.strip_prefix("listening on ").map(str::to_owned);
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push_str(&line);
        said.push('\n');
        drop(said);
        if let Some(address) = address
            && let Some(tell) = tell.take()
        {
            let _ = tell.send(address);
        }
    }
}

/// A text of a JSON document.
pub(crate) fn text(value: &serde_json::Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}
