//! Many runs under limits, a server that is killed again and again, and a ledger outside of it that says
//! who worked when: a file in which each step notes its begin and its end.

use super::{active, gated, start};
use crate::harness::processes::any_shows;
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// How many runs are started before each crash.
const EACH: usize = 24;
const CRASHES: usize = 4;
/// Of the server.
const MOST: usize = 3;

/// Notes its begin, works a moment, and notes its end; when it is told to stop, it takes its time.
const SCRIPT: &str = "\
    trap 'printf \"%s %s %s\\n\" - \"$GROUP\" \"$$\" >> \"$LEDGER\"' EXIT; trap 'sleep 0.05; exit 1' TERM; \
    printf '%s %s %s\\n' + \"$GROUP\" \"$$\" >> \"$LEDGER\"; sleep 0.02";

struct Ledger(PathBuf);

impl Ledger {
    fn lines(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let words = |line: &str| line.split(' ').map(str::to_owned).collect();
        text.lines().map(words).collect()
    }

    /// Waits until no process of a killed server is left, and notes that. One that has noted nothing yet counts
    /// too: it has the ledger in its environment, or still the words of the server that was starting it.
    async fn crashed(&self, data: &Path) {
        let ledger = format!("LEDGER={}", self.0.display());
        let data = data.display().to_string();
        wait::until("the end of what a killed server had started", || {
            let left = any_shows("cmdline", &data) || any_shows("environ", &ledger);
            std::future::ready((!left).then_some(()))
        })
        .await;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.0)
            .unwrap();
        file.write_all(b"!\n").unwrap();
    }

    /// The most that worked at once, by group and in all.
    fn most(&self) -> BTreeMap<String, usize> {
        let mut most: BTreeMap<String, usize> = BTreeMap::new();
        let mut open: BTreeMap<String, String> = BTreeMap::new();
        for line in self.lines() {
            match line[0].as_str() {
                "+" => {
                    open.insert(line[2].clone(), line[1].clone());
                    let same = open.values().filter(|group| **group == line[1]).count();
                    for (group, now) in [(line[1].as_str(), same), ("all", open.len())] {
                        let known = most.entry(group.to_owned()).or_default();
                        *known = now.max(*known);
                    }
                }
                "-" => {
                    open.remove(&line[2]);
                }
                _ => open.clear(),
            }
        }
        most
    }
}

fn work(name: &str, concurrency: &Value, group: &str, ledger: &Path) -> Value {
    let step = |id: &str, needs: &[&str]| {
        json!({ "id": id, "needs": needs, "action": "shell",
            "with": { "argv": ["/bin/sh", "-c", SCRIPT], "env": { "GROUP": group, "LEDGER": ledger } } })
    };
    json!({ "druse": 1, "name": name, "inputs": { "region": { "type": "string", "default": "EU" } },
        "concurrency": concurrency,
        "steps": [
            step("first", &[]),
            { "id": "pause", "needs": ["first"], "action": "wait", "with": { "for": "30ms" } },
            step("then", &["pause"]),
        ] })
}

#[tokio::test]
async fn limits_hold_over_crashes_and_all_runs_end() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger(folder.path().join("ledger"));
    let most = MOST.to_string();
    let mut server = Server::with(&["--max-runs", &most]).await;
    let admin = server.admin();
    let by_region = json!({ "key": "{{ inputs.region }}", "limit": 1 });
    let two = json!({ "key": "two", "limit": 2 });
    let replaces =
        json!({ "key": "last", "limit": 1, "overflow": "replace", "hold_while_waiting": true });
    let paths = [
        active(
            &admin,
            &work("regions", &by_region, "{{ inputs.region }}", &ledger.0),
        )
        .await,
        active(&admin, &work("two", &two, "two", &ledger.0)).await,
        active(&admin, &work("last", &replaces, "last", &ledger.0)).await,
    ];
    let mut runs = Vec::new();
    for crash in 0..=CRASHES {
        let admin = server.admin();
        let starts = (0..EACH).map(|number| {
            let region = ["EU", "US"][number / 3 % 2];
            let body = json!({ "inputs": { "region": region }, "priority": number % 4 });
            start(&admin, &paths[number % 3], body)
        });
        runs.extend(futures_util::future::join_all(starts).await);
        if crash < CRASHES {
            server.kill();
            ledger.crashed(server.data()).await;
            server.start().await;
        }
    }
    let admin = server.admin();
    for run in &runs {
        let path = format!("/runs/{run}");
        let ended = wait::until(&format!("the end of run {run}"), || async {
            let run = admin.get(&path).await.with(200);
            (!run["finished_at"].is_null()).then_some(run)
        })
        .await;
        let right = match ended["automation_name"].as_str() {
            Some("last") => ended["status"] == "succeeded" || ended["status"] == "canceled",
            _ => ended["status"] == "succeeded",
        };
        assert!(right, "{ended:#}");
    }
    let most = ledger.most();
    let expected = [("EU", 1), ("US", 1), ("all", MOST), ("last", 1), ("two", 2)];
    let expected = expected.map(|(group, most)| (group.to_owned(), most));
    let told = std::fs::read_to_string(&ledger.0).unwrap();
    assert_eq!(most, BTreeMap::from(expected), "{told}");
    assert_eq!(admin.all("/runs?status=queued").await, Vec::<Value>::new());
    let queues = admin.all("/queues").await;
    assert!(
        queues
            .iter()
            .all(|queue| queue["taken"] == 0 && queue["waiting"] == 0),
        "{queues:#?}"
    );
}

#[tokio::test]
async fn the_order_of_a_queue_survives_a_crash() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let key = json!({ "key": "one", "limit": 1, "hold_while_waiting": true });
    let path = active(&admin, &gated("one", key)).await;
    let first = start(&admin, &path, json!({})).await;
    wait::approval(&admin, &first).await;
    for priority in [0, 3, -2, 3, 0, 9] {
        start(&admin, &path, json!({ "priority": priority })).await;
    }
    let before = admin.all("/queues").await;
    let priorities: Vec<&Value> = before[0]["queue"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| &w["priority"])
        .collect();
    assert_eq!(
        priorities,
        [
            &json!(9),
            &json!(3),
            &json!(3),
            &json!(0),
            &json!(0),
            &json!(-2)
        ]
    );
    server.crash().await;
    let admin = server.admin();
    assert_eq!(admin.all("/queues").await, before);
    let mut next = first;
    for waiting in before[0]["queue"].as_array().unwrap() {
        reject(&admin, &next).await;
        next = text(&waiting["run_id"]);
        wait::run(&admin, &next, "waiting").await;
    }
}

async fn reject(admin: &Client, run: &str) {
    let gate = wait::approval(admin, run).await;
    let no = json!({ "decision": "reject", "comment": "not today", "digest": gate["digest"] });
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    admin.post(&path, &no).await.with(200);
}
