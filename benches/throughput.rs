//! What the README claims, as a command: `cargo bench --bench throughput`.
//!
//! Starts the real server on an empty folder, and measures through HTTP: time until ready, idle memory,
//! a no-op request, this disk's own sync, and durable runs of one and of ten in-process steps at 1, 16
//! and 64 clients. Each run is durable before its answer.

#![allow(missing_docs)]

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::FileExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const DRUSE: &str = env!("CARGO_BIN_EXE_druse");

struct Server {
    child: Child,
    address: String,
    ready: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(data: &std::path::Path) -> Server {
    let began = Instant::now();
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
    let ready = began.elapsed();
    std::thread::spawn(move || lines.for_each(drop));
    Server {
        child,
        address,
        ready,
    }
}

fn druse(data: &std::path::Path, args: &[&str]) -> String {
    let output = Command::new(DRUSE)
        .args(args)
        .arg("--data")
        .arg(data)
        .output()
        .expect("druse runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("it prints text")
        .trim()
        .to_owned()
}

/// A kept connection that sends the same request again and again.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        Self {
            stream,
            buffer: vec![0; 64 << 10],
        }
    }

    /// Sends a request and reads the whole answer; gives its status.
    fn send(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).expect("the server reads");
        let mut have = 0;
        loop {
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
                return headers[9..12].parse().expect("a status");
            }
        }
    }
}

struct Figures {
    per_second: f64,
    p50: f64,
    p99: f64,
}

/// Sends one request from several clients for a while.
fn load(address: &str, request: &[u8], expected: u16, clients: usize, time: Duration) -> Figures {
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let request: Arc<[u8]> = request.into();
    let threads: Vec<_> = (0..clients)
        .map(|_| {
            let (stop, done, request, address) = (
                stop.clone(),
                done.clone(),
                request.clone(),
                address.to_owned(),
            );
            std::thread::spawn(move || {
                let mut client = Client::new(&address);
                let mut times = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let status = client.send(&request);
                    assert_eq!(status, expected);
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
    let mut times: Vec<f64> = threads
        .into_iter()
        .flat_map(|thread| thread.join().expect("a client"))
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Figures {
        per_second: (after - before) as f64 / took.as_secs_f64(),
        p50: at(0.5),
        p99: at(0.99),
    }
}

/// This disk's own sync: overwriting 4 KiB of a file that was written before, with fdatasync.
fn sync(folder: &std::path::Path) -> Figures {
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
    times.sort_unstable_by(f64::total_cmp);
    let _ = std::fs::remove_file(path);
    Figures {
        per_second,
        p50: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
    }
}

fn rss_mib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap_or("VmRSS: 0 kB");
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1024.0
}

fn document(name: &str, steps: usize) -> String {
    let mut text =
        format!("druse: 1\nname: {name}\ninputs:\n  n: {{ type: integer, default: 1 }}\nsteps:\n");
    for step in 0..steps {
        let value = if step == 0 {
            "{{ inputs.n + 1 }}".to_owned()
        } else {
            format!("{{{{ steps.s{}.output + 1 }}}}", step - 1)
        };
        text.push_str(&format!(
            "  - id: s{step}\n    action: transform\n    with: {{ value: \"{value}\" }}\n"
        ));
    }
    text.push_str(&format!(
        "outputs:\n  n: \"{{{{ steps.s{}.output }}}}\"\n",
        steps - 1
    ));
    text
}

fn main() {
    let folder = tempfile::Builder::new()
        .prefix("druse-bench-")
        .tempdir_in(".")
        .expect("a folder on this disk");
    let data = folder.path().join("data");
    let time = Duration::from_secs(
        std::env::var("DRUSE_BENCH_SECONDS")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(4),
    );
    let server = start(&data);
    println!(
        "ready on an empty folder after {:.0} ms",
        server.ready.as_secs_f64() * 1e3
    );
    println!("idle memory {:.1} MiB", rss_mib(server.child.id()));
    let token = druse(
        &data,
        &["tokens", "create", "--role", "admin", "--name", "bench"],
    );
    for (name, steps) in [("one", 1), ("ten", 10)] {
        let file = folder.path().join(format!("{name}.yaml"));
        std::fs::write(&file, document(name, steps)).expect("written");
        druse(
            &data,
            &["apply", file.to_str().expect("a path"), "--activate"],
        );
    }
    println!(
        "memory after the first commands {:.1} MiB",
        rss_mib(server.child.id())
    );
    let id_of = |name: &str| {
        let shown: serde_json::Value = serde_json::from_str(&druse(
            &data,
            &["automations", "show", name, "--output", "json"],
        ))
        .expect("JSON");
        shown["id"].as_str().expect("an id").to_owned()
    };
    let request = |method: &str, path: &str, body: &str| {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            server.address,
            body.len()
        )
    };
    let noop = request("GET", "/healthz", "");
    let disk = sync(folder.path());
    println!(
        "disk sync   1 writer  {:>8.0} /s   p50 {:>6.0} us   p99 {:>6.0} us",
        disk.per_second, disk.p50, disk.p99
    );
    let noop_one = load(&server.address, noop.as_bytes(), 200, 1, time);
    for clients in [1, 16, 64] {
        let found = load(&server.address, noop.as_bytes(), 200, clients, time);
        println!(
            "no-op     {clients:>3} clients {:>8.0} /s   p50 {:>6.0} us   p99 {:>6.0} us",
            found.per_second, found.p50, found.p99
        );
    }
    for name in ["one", "ten"] {
        let run = request(
            "POST",
            &format!("/api/v1/automations/{}/runs?wait=10s", id_of(name)),
            "{\"inputs\":{\"n\":41}}",
        );
        for clients in [1, 16, 64] {
            let found = load(&server.address, run.as_bytes(), 200, clients, time);
            print!(
                "{name:>3} steps {clients:>3} clients {:>8.0} /s   p50 {:>6.0} us   p99 {:>6.0} us",
                found.per_second, found.p50, found.p99
            );
            if clients == 1 {
                print!(
                    "   = no-op + sync + {:.0} us",
                    found.p50 - noop_one.p50 - disk.p50
                );
            }
            println!("   {:.1} MiB", rss_mib(server.child.id()));
        }
    }
    let again = sync(folder.path());
    println!(
        "disk sync   1 writer  {:>8.0} /s   p50 {:>6.0} us   p99 {:>6.0} us (after)",
        again.per_second, again.p50, again.p99
    );
}
