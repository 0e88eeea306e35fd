//! A disk that is really full, under the real binary: a small file system in a mount namespace of its own,
//! which needs no rights where the kernel lets users make one.

use crate::harness::wait::until;
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Enough for what a server prepares and for what it keeps free.
const SIZE: &str = "160m";

/// A small file system; it goes when this is dropped.
struct SmallDisk {
    holder: Child,
    folder: PathBuf,
    _under: tempfile::TempDir,
}

impl SmallDisk {
    /// Nothing where users may not make file systems.
    fn new() -> Option<Self> {
        let under = tempfile::tempdir().expect("a temporary folder can be made");
        let script = r#"mount -t tmpfs -o size="$1" druse-test "$2" && echo made && exec cat"#;
        let mut holder = Command::new("unshare")
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                script,
                "sh",
                SIZE,
            ])
            .arg(under.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut said = String::new();
        let mut lines = BufReader::new(holder.stdout.take().expect("it is piped"));
        lines.read_line(&mut said).expect("it can be read");
        // The namespace as it is seen from outside, without entering it.
        let root = PathBuf::from(format!("/proc/{}/root", holder.id()));
        let seen = root.join(under.path().strip_prefix("/").expect("it is absolute"));
        let disk = Self {
            holder,
            folder: seen,
            _under: under,
        };
        let usable = said == "made\n" && fs::create_dir(disk.folder.join("data")).is_ok();
        usable.then_some(disk)
    }

    /// Takes all the space that there is.
    fn fill(&self) {
        let mut hog = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("hog"))
            .expect("a file can be made");
        for piece in [1 << 20, 4 << 10, 1] {
            let bytes = vec![1; piece];
            loop {
                match hog.write(&bytes) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    fn free(&self) {
        let hog = File::create(self.folder.join("hog")).expect("it can be emptied");
        drop(hog);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The end of its input is the end of it.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

const GREET: &str = "druse: 1
name: greet
inputs:
  n: { type: integer }
steps:
  - { id: say, action: transform, with: { value: \"hello {{ inputs.n }}\" } }
";

const GATED: &str = "druse: 1
name: gated
steps:
  - { id: ask, action: approval_gate, with: { title: Go on? } }
  - { id: work, needs: [ask], action: shell, with: { script: echo done } }
  - { id: start, needs: [work], action: automation, with: { name: greet, inputs: { n: 0 } } }
";

async fn active(client: &Client, document: &str) -> String {
    let made = client
        .request("POST", "/automations")
        .yaml(document)
        .send()
        .await
        .with(201);
    let id = text(&made["id"]);
    client
        .post(&format!("/automations/{id}/activate"), &json!({}))
        .await
        .with(200);
    id
}

/// Everything that was acknowledged is there and can be read, and nothing new is let in.
async fn refuses_and_reads(client: &Client, greet: &str, acknowledged: &[String]) {
    let runs = format!("/automations/{greet}/runs");
    let new = client.post(&runs, &json!({ "inputs": { "n": 1 } })).await;
    assert_eq!(new.header("retry-after"), "30");
    let problem = new.problem(507, "disk_full");
    assert!(text(&problem["help"]).contains("space"), "{problem}");
    let recording = json!({ "messages": [{ "role": "user", "content": "hello" }] });
    client
        .post("/agents/runs", &recording)
        .await
        .problem(507, "disk_full");
    let event = json!({ "specversion": "1.0", "id": "1", "source": "/test", "type": "a" });
    client
        .post("/events", &event)
        .await
        .problem(507, "disk_full");
    client
        .root("GET", "/readyz")
        .send()
        .await
        .problem(507, "disk_full");
    client.root("GET", "/healthz").send().await.with(200);
    let listed: Vec<String> = client
        .all(&format!("/runs?automation_id={greet}"))
        .await
        .iter()
        .map(|run| text(&run["id"]))
        .collect();
    for run in acknowledged {
        assert!(listed.contains(run), "{run} is not listed");
        let shown = client.get(&format!("/runs/{run}")).await.with(200);
        assert_eq!(shown["status"], "succeeded");
        let facts = client.get(&format!("/runs/{run}/events")).await.with(200);
        assert!(facts["items"].as_array().expect("a list").len() > 1);
    }
}

async fn decide(client: &Client, gate: &Value, decision: &str) {
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    let body = json!({ "decision": decision, "comment": "seen", "digest": gate["digest"] });
    client.post(&path, &body).await.with(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_new_work_keeps_what_was_acknowledged_and_goes_on_with_space() {
    let Some(disk) = SmallDisk::new() else {
        eprintln!(
            "no small file system can be made here: a disk that is really full is not tested"
        );
        return;
    };
    let mut server = Server::on(&disk.folder.join("data"), &["--allow-program", "/bin/sh"]).await;
    let client = server.admin();
    let (greet, gated) = (active(&client, GREET).await, active(&client, GATED).await);
    let mut gates = Vec::new();
    for _ in 0..3 {
        let run = client
            .post(&format!("/automations/{gated}/runs"), &json!({}))
            .await
            .with(202);
        gates.push((
            text(&run["id"]),
            wait::approval(&client, &text(&run["id"])).await,
        ));
    }
    let submit = |client: Client, n: usize| {
        let request = client.request("POST", &format!("/automations/{greet}/runs"));
        let body = json!({ "inputs": { "n": n } });
        async move { request.key(&format!("greet {n}")).json(&body).send().await }
    };
    let mut acknowledged = Vec::new();
    for n in 0..40 {
        acknowledged.push(text(&submit(client.clone(), n).await.with(202)["id"]));
    }

    disk.fill();
    // What was prepared still takes some, until the server has looked.
    loop {
        let answer = submit(client.clone(), acknowledged.len()).await;
        if answer.status == 507 {
            break;
        }
        acknowledged.push(text(&answer.with(202)["id"]));
    }
    refuses_and_reads(&client, &greet, &acknowledged).await;
    // The same request again is no new work.
    let again = submit(client.clone(), 7).await.with(202);
    assert_eq!(again["id"], acknowledged[7]);

    // Decisions and cancels are taken, and what they set going goes on as far as it needs no new run.
    decide(&client, &gates[0].1, "approve").await;
    decide(&client, &gates[1].1, "reject").await;
    let path = format!("/runs/{}", gates[2].0);
    client
        .post(&format!("{path}/cancel"), &json!({}))
        .await
        .with(202);
    wait::run(&client, &gates[1].0, "rejected").await;
    wait::run(&client, &gates[2].0, "canceled").await;
    let path = format!("/runs/{}", gates[0].0);
    let at_work = || async {
        let shown = client.get(&path).await.with(200);
        (shown["steps"][2]["status"] == "running").then_some(())
    };
    until("the step behind the gate", at_work).await;

    // A crash on a full disk, and a start, which needs space for its index: the reserve gives it.
    server.kill();
    fs::remove_dir_all(server.data().join("index")).expect("there is an index");
    disk.fill();
    server.start().await;
    let client = server.admin();
    until("a look at the disk", || async {
        let ready = client.root("GET", "/readyz").send().await;
        (ready.status == 507).then_some(())
    })
    .await;
    refuses_and_reads(&client, &greet, &acknowledged).await;

    disk.free();
    until("space", || async {
        let answer = submit(client.clone(), acknowledged.len()).await;
        (answer.status == 202).then_some(())
    })
    .await;
    let ended = wait::run(&client, &gates[0].0, "succeeded").await;
    assert_eq!(
        ended["steps"][1]["attempts"]
            .as_array()
            .expect("a list")
            .len(),
        1
    );
    for run in &acknowledged {
        let shown = client.get(&format!("/runs/{run}")).await.with(200);
        assert_eq!(shown["status"], "succeeded");
    }
    let said = server.said();
    assert_eq!(said.matches("hardly any space").count(), 1, "{said}");
    assert_eq!(said.matches("its reserve is given up").count(), 1, "{said}");
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}
