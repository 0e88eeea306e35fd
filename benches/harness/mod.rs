//! What the benches share: the real server in a folder, clients with kept connections, and figures.

#![allow(dead_code, unreachable_pub)]

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const DRUSE: &str = env!("CARGO_BIN_EXE_druse");

/// How long each row is measured: `DRUSE_BENCH_SECONDS`, 4 when it is not set.
pub fn row_time() -> Duration {
    let seconds = std::env::var("DRUSE_BENCH_SECONDS");
    Duration::from_secs(seconds.ok().and_then(|text| text.parse().ok()).unwrap_or(4))
}

/// A running server on a folder of this disk.
pub struct Server {
    pub child: Child,
    pub address: String,
    /// From its start until it listened.
    pub ready: Duration,
    pub token: String,
    data: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one on a folder that may be empty.
    pub fn start(data: &Path) -> Self {
        let began = Instant::now();
        let (child, address) = serve(data);
        Self {
            child,
            address,
            ready: began.elapsed(),
            token: String::new(),
            data: data.to_owned(),
        }
    }

    /// Makes a token for the requests that follow.
    pub fn sign_in(&mut self) {
        self.token = self.druse(&["tokens", "create", "--role", "admin", "--name", "bench"]);
    }

    /// Ends it with a signal, as a supervisor does, and starts another on its folder.
    pub fn restart(&mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("a signal can be sent").success());
        self.child.wait().expect("it ends");
        let began = Instant::now();
        (self.child, self.address) = serve(&self.data);
        self.ready = began.elapsed();
    }

    /// Runs a command of the client on its folder; gives what it printed.
    pub fn druse(&self, args: &[&str]) -> String {
        let output = Command::new(DRUSE)
            .args(args)
            .arg("--data")
            .arg(&self.data)
            .output()
            .expect("druse runs");
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).expect("it prints text");
        text.trim().to_owned()
    }

    /// The bytes of a request with the token.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        )
        .into_bytes()
    }

    /// Sends a request and gives its answer, which must be a success.
    pub fn json(&self, method: &str, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let mut client = Client::new(&self.address);
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let status = client.send(&self.request(method, path, &text));
        let answer = String::from_utf8_lossy(client.body()).into_owned();
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Makes and activates an automation; gives its id.
    pub fn activate(&self, document: &serde_json::Value) -> String {
        let made = self.json("POST", "/api/v1/automations", document);
        let id = made["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/automations/{id}/activate");
        self.json("POST", &path, &serde_json::json!({}));
        id
    }

    /// What it holds of the memory, in MiB.
    pub fn memory(&self) -> f64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        kib.unwrap_or(0.0) / 1024.0
    }

    /// The processor time that the server has used.
    pub fn processor(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let fields = text.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }
}

fn serve(data: &Path) -> (Child, String) {
    let mut child = Command::new(DRUSE)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
    let address = loop {
        let line = lines
            .next()
            .expect("the server says where it listens")
            .expect("it is text");
        if let Some(address) = line.strip_prefix("listening on http://") {
            break address.to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

/// A kept connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl Client {
    pub fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        Self {
            stream,
            buffer: vec![0; 64 << 10],
            body: 0..0,
        }
    }

    /// Sends a request and reads the whole answer; gives its status.
    pub fn send(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).expect("the server reads");
        let mut have = 0;
        loop {
            if have == self.buffer.len() {
                self.buffer.resize(have * 2, 0);
            }
            let read = self
                .stream
                .read(&mut self.buffer[have..])
                .expect("the server answers");
            assert!(read > 0, "the server closed the connection");
            have += read;
            let text = &self.buffer[..have];
            let Some(head) = text.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let headers = std::str::from_utf8(&text[..head]).expect("headers are text");
            let length: usize = headers
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")
                        .map(|value| value.trim().parse().expect("a number"))
                })
                .unwrap_or(0);
            if have >= head + 4 + length {
                self.body = head + 4..head + 4 + length;
                return headers[9..12].parse().expect("a status");
            }
        }
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }
}

/// Calls a second and times in µs.
pub struct Figures {
    /// How many, those before the count began included.
    pub count: usize,
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
}

impl Figures {
    fn of(mut times: Vec<f64>, per_second: f64) -> Self {
        times.sort_unstable_by(f64::total_cmp);
        Self {
            count: times.len(),
            per_second,
            p50: share(&times, 0.5),
            p99: share(&times, 0.99),
        }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>8.0} /s   p50 {:>6.0} us   p99 {:>6.0} us",
            self.per_second, self.p50, self.p99
        )
    }
}

/// The value below which a share of sorted ones lies.
pub fn share(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

/// Sends requests from several clients for a while: `next` gives the request of a client and a number.
pub fn load(
    address: &str,
    expected: u16,
    clients: usize,
    next: impl Fn(usize, u64) -> Vec<u8> + Sync,
) -> Figures {
    let time = row_time();
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let (stop, done, next) = (&stop, &done, &next);
        let threads: Vec<_> = (0..clients)
            .map(|who| {
                scope.spawn(move || {
                    let mut client = Client::new(address);
                    let mut times = Vec::new();
                    for number in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let request = next(who, number);
                        let began = Instant::now();
                        let status = client.send(&request);
                        assert_eq!(
                            status,
                            expected,
                            "{}",
                            String::from_utf8_lossy(client.body())
                        );
                        times.push(began.elapsed().as_secs_f64() * 1e6);
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    times
                })
            })
            .collect();
        // Warm up, then count.
        std::thread::sleep(time / 5);
        let (before, began) = (done.load(Ordering::Relaxed), Instant::now());
        std::thread::sleep(time);
        let (after, took) = (done.load(Ordering::Relaxed), began.elapsed());
        stop.store(true, Ordering::Relaxed);
        let times = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a client"))
            .collect();
        Figures::of(times, (after - before) as f64 / took.as_secs_f64())
    })
}

/// Sends a number of requests, shared among 64 clients, as fast as they are answered; gives how long
/// it took.
pub fn flood(
    address: &str,
    expected: u16,
    requests: u64,
    next: impl Fn(u64) -> Vec<u8> + Sync,
) -> Duration {
    let (began, taken) = (Instant::now(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let mut client = Client::new(address);
                loop {
                    let number = taken.fetch_add(1, Ordering::Relaxed);
                    if number >= requests {
                        return;
                    }
                    let status = client.send(&next(number));
                    assert_eq!(
                        status,
                        expected,
                        "{}",
                        String::from_utf8_lossy(client.body())
                    );
                }
            });
        }
    });
    began.elapsed()
}

/// This disk's own sync: overwriting 4 KiB of a file that was written before, with fdatasync.
pub fn sync(folder: &Path) -> Figures {
    let path = folder.join("sync-probe");
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&path)
        .expect("a file");
    file.write_all_at(&vec![0; 4 << 20], 0).expect("written");
    file.sync_all().expect("synced");
    let mut times = Vec::new();
    let began = Instant::now();
    let mut place = 0;
    while began.elapsed() < Duration::from_secs(2) {
        let one = Instant::now();
        file.write_all_at(&[7; 4096], place).expect("written");
        file.sync_data().expect("synced");
        times.push(one.elapsed().as_secs_f64() * 1e6);
        place = (place + 4096) % (4 << 20);
    }
    let per_second = times.len() as f64 / began.elapsed().as_secs_f64();
    let _ = std::fs::remove_file(path);
    Figures::of(times, per_second)
}
