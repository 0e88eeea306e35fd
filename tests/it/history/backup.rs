//! A backup under load becomes a folder that goes on from there, or nothing at all.

use super::{active, quiet, ran};
use crate::cli::Desk;
use crate::harness::{Client, Server, druse, server::DRUSE, text, wait};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A step that leaves its key in a file, before and after a gate.
fn ledger(file: &Path) -> Value {
    let script = r#"echo "$DRUSE_IDEMPOTENCY_KEY" >> "$LEDGER"; echo "written by $DRUSE_STEP""#;
    let env = json!({ "LEDGER": file.to_str().unwrap(), "TOKEN": "{{ secrets.token }}" });
    let write = json!({ "script": script, "env": env });
    json!({
        "druse": 1, "name": "ledger",
        "steps": [
            { "id": "before", "action": "shell", "with": write },
            { "id": "ask", "action": "approval_gate", "needs": ["before"], "with": { "title": "Go on?" } },
            { "id": "after", "action": "shell", "needs": ["ask"], "with": write },
        ],
    })
}

async fn approve(client: &Client, run: &str) {
    let approval = wait::approval(client, run).await;
    let decision = json!({ "decision": "approve", "digest": approval["digest"] });
    let path = format!("/approvals/{}/decision", text(&approval["id"]));
    client.post(&path, &decision).await.with(200);
    wait::run(client, run, "succeeded").await;
}

/// How often each key stands in the file.
fn keys(desk: &Desk) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    for line in desk.read("ledger").lines() {
        *keys.entry(line.to_owned()).or_default() += 1;
    }
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_goes_on_elsewhere_and_sends_nothing_again() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let desk = Desk::new();
    let secret = json!({ "value": "geheim-token-1" });
    admin.put("/secrets/token", &secret).await.with(200);
    let id = active(&admin, &ledger(&desk.path("ledger"))).await;
    let path = format!("/automations/{id}/runs");
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.push(text(&admin.post(&path, &json!({})).await.with(202)["id"]));
    }
    for run in &begun {
        wait::approval(&admin, run).await;
    }
    approve(&admin, &begun[0]).await;
    let before = keys(&desk);
    assert_eq!(before.values().sum::<usize>(), 4, "{before:?}");

    // Others work on while it is copied.
    let quick = active(&admin, &quiet("quick")).await;
    let mut known: BTreeSet<String> = begun.iter().cloned().collect();
    known.insert(ran(&admin, &quick, &json!({})).await);
    let going = Arc::new(AtomicBool::new(true));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (admin, quick, going) = (admin.clone(), quick.clone(), going.clone());
            tokio::spawn(async move {
                let mut ids = Vec::new();
                while going.load(Ordering::Relaxed) {
                    ids.push(ran(&admin, &quick, &json!({})).await);
                }
                ids
            })
        })
        .collect();
    let data = server.data().to_str().unwrap().to_owned();
    let file = desk.path("whole.tar");
    let made = tokio::task::spawn_blocking({
        let (data, file) = (data.clone(), file.clone());
        move || {
            let line = [
                "backup",
                "create",
                file.to_str().unwrap(),
                "--with-key",
                "--data",
                &data,
                "--output",
                "json",
            ];
            Desk::new().run(&line).ok()
        }
    });
    let made = made.await.unwrap();
    assert!(
        made.err.contains("whoever has this file has every secret"),
        "{}",
        made.err
    );
    let made = made.json();
    going.store(false, Ordering::Relaxed);
    for task in load {
        known.extend(task.await.unwrap());
    }
    // What is decided now is not in the copy.
    approve(&admin, &begun[1]).await;
    server.kill();

    let there = desk.path("restored");
    let line = [
        "backup",
        "restore",
        file.to_str().unwrap(),
        "--data",
        there.to_str().unwrap(),
        "--output",
        "json",
    ];
    let restored = desk.run(&line).ok();
    assert!(restored.err.contains("do not run both"), "{}", restored.err);
    let restored = restored.json();
    assert_eq!(restored["head"], made["head"]);
    assert_eq!(restored["has_key"], true);
    let report = desk
        .run(&[
            "verify",
            "--data",
            there.to_str().unwrap(),
            "--output",
            "json",
        ])
        .ok()
        .json();
    assert_eq!(report["head"], made["head"]["number"]);

    let mut server = Server::moved(&there, server.admin_token()).await;
    let admin = server.admin();
    let runs = admin.all("/runs").await;
    assert_eq!(restored["runs"], runs.len());
    assert!(runs.len() >= 4);
    for run in &runs {
        let id = text(&run["id"]);
        assert!(known.contains(&id), "nobody began {id}");
        if run["automation_name"] == "quick" {
            wait::run(&admin, &id, "succeeded").await;
        }
    }
    assert_eq!(
        admin.get(&format!("/runs/{}", begun[0])).await.with(200)["status"],
        "succeeded"
    );
    // As at the cut, both wait.
    for run in &begun[1..] {
        assert_eq!(
            admin.get(&format!("/runs/{run}")).await.with(200)["status"],
            "waiting"
        );
    }
    for run in &begun[1..] {
        approve(&admin, run).await;
    }
    let logs = admin
        .get(&format!("/runs/{}/steps/before/logs", begun[0]))
        .await
        .with(200);
    assert_eq!(logs["items"][0]["text"], "written by before\n");
    // What was done before the cut was not done again; what was done since, once more with its key.
    let keys = keys(&desk);
    assert_eq!(keys.len(), 6, "{keys:?}");
    assert_eq!(keys.values().sum::<usize>(), 7, "{keys:?}");
    for key in before.keys() {
        assert_eq!(keys[key], 1, "{key} was sent again");
    }
    let fill = admin.get("/secrets").await.with(200);
    assert_eq!(fill["items"][0]["name"], "token");
    server.stop().await;
    server.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_whole_is_refused_and_changes_nothing() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let secret = json!({ "value": "geheim-token-1" });
    admin.put("/secrets/token", &secret).await.with(200);
    let id = active(&admin, &quiet("quick")).await;
    ran(&admin, &id, &json!({})).await;
    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    // Nothing is made in a mistyped place, and no copy goes down with what it is a copy of.
    desk.run(&["backup", "create", "backups/", "--data", &data])
        .refused(2, &["There is no folder backups"]);
    let within = format!("{data}/all.tar");
    desk.run(&["backup", "create", &within, "--data", &data])
        .refused(2, &["is within the data folder"]);
    std::fs::create_dir(desk.path("backups")).unwrap();
    let made = desk
        .run(&[
            "backup", "create", "backups/", "--data", &data, "--output", "json",
        ])
        .ok();
    assert!(made.err.contains("is not in it"), "{}", made.err);
    let file = text(&made.json()["file"]);
    assert!(
        file.starts_with("backups/druse-20") && file.ends_with("Z.tar"),
        "{file}"
    );
    desk.run(&["backup", "create", &file, "--data", &data])
        .refused(2, &["is there already"]);
    let editor = server.role("editor").await;
    editor
        .post("/store/backup", &json!({}))
        .await
        .problem(403, "role_too_low");
    admin
        .post("/store/backup", &json!({ "with_keys": true }))
        .await
        .problem(422, "bad_body");
    let audit = admin.get("/store/head").await.with(200);
    assert!(audit["number"].as_u64().unwrap() > 0);

    let whole = std::fs::read(desk.path(&file)).unwrap();
    let text_at = |wanted: &[u8]| {
        whole
            .windows(wanted.len())
            .position(|part| part == wanted)
            .unwrap()
    };
    let cuts = [whole.len() / 2, whole.len() - 1_200, 0];
    for cut in cuts {
        desk.write("cut.tar", &whole[..cut]);
        desk.run(&["backup", "restore", "cut.tar", "--data", "new"])
            .refused(65, &["not whole", "Nothing was changed"]);
    }
    let mut changed = whole.clone();
    changed[text_at(b"quick")] ^= 1;
    desk.write("changed.tar", &changed);
    desk.run(&["backup", "restore", "changed.tar", "--data", "new"])
        .refused(65, &["is not as it was written"]);
    let mut climbs = whole.clone();
    climbs[..13].copy_from_slice(b"../format\0\0\0\0");
    // The header's sum, computed anew.
    let sum: u32 = climbs[..512]
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(*byte)
            }
        })
        .sum();
    climbs[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    desk.write("climbs.tar", &climbs);
    desk.run(&["backup", "restore", "climbs.tar", "--data", "new"])
        .refused(65, &["belongs to no data folder"]);
    desk.run(&["backup", "restore", "none.tar", "--data", "new"])
        .refused(74, &["No such file"]);
    assert!(!desk.path("new").exists() && !desk.path("new.restoring").exists());
    std::fs::create_dir(desk.path("full")).unwrap();
    desk.write("full/mine", "mine");
    desk.run(&["backup", "restore", &file, "--data", "full"])
        .refused(78, &["is not empty"]);
    assert_eq!(desk.read("full/mine"), "mine");

    // Without its key a server with secrets does not start, and the folder says no word of them.
    std::fs::create_dir(desk.path("empty")).unwrap();
    let restored = desk
        .run(&["backup", "restore", &file, "--data", "empty"])
        .ok();
    assert!(restored.err.contains("secret.key"), "{}", restored.err);
    let key = server.data().join("secret.key");
    let line = [
        "backup",
        "restore",
        &file,
        "--data",
        "keyed",
        "--key",
        key.to_str().unwrap(),
    ];
    desk.run(&line).ok();
    // A key that opens nothing of it, or is none, is refused, and nothing is left.
    for (name, key) in [("other.key", &*"5a".repeat(32)), ("no.key", "hello")] {
        desk.write(name, key);
        let line = ["backup", "restore", &file, "--data", "wrong", "--key", name];
        desk.run(&line).refused(78, &["the key does not fit"]);
        assert!(!desk.path("wrong").exists());
    }
    server.stop().await;
    // From the folder, with no server.
    let offline = desk
        .run(&[
            "backup",
            "create",
            "offline.tar",
            "--data",
            &data,
            "--output",
            "json",
        ])
        .ok();
    assert_eq!(offline.json()["with_key"], false);
    let moved = Server::moved(&desk.path("keyed"), server.admin_token()).await;
    assert_eq!(moved.admin().all("/runs").await.len(), 1);
    drop(moved);
    let refused = druse(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(desk.path("empty"))
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("secret.key"), "{said}");
    // And none is made that would look like the right one.
    assert!(!desk.path("empty").join("secret.key").exists());
    desk.run(&["backup", "create", "lost.tar", "--data", "nowhere"])
        .refused(69, &[]);
    assert!(!desk.path("lost.tar").exists() && !desk.path("lost.tar.part").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_page_does_what_it_says() {
    let desk = Desk::new();
    let server = Server::on(&desk.path("druse-data"), &[]).await;
    let admin = server.admin();
    let id = active(&admin, &quiet("quick")).await;
    ran(&admin, &id, &json!({})).await;
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/backup.md"))
            .unwrap();
    let mut blocks = 0;
    for block in page.split("```sh\n").skip(1) {
        let (script, _) = block.split_once("```").unwrap();
        let bin = Path::new(DRUSE).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut shell = std::process::Command::new("/bin/sh");
        let ran = shell
            .args(["-e", "-c", script])
            .current_dir(desk.path(""))
            .env("PATH", path)
            .env("DRUSE_TOKEN", server.admin_token())
            .env("DRUSE", server.address())
            .env_remove("DRUSE_DATA")
            .env_remove("DRUSE_SERVER")
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{script}\n{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        blocks += 1;
    }
    assert_eq!(blocks, 3);
    assert!(desk.path("restored/log").is_dir());
}
