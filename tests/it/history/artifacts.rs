//! Files that steps leave: taken whole by whoever may read the run, kept over restarts, retries and backups,
//! and gone from the disk with the last run that has them.

use super::active;
use crate::cli::Desk;
use crate::harness::{Browser, Server, text, wait};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// A step that leaves a file with this text, and one that makes something of it.
fn leaves() -> Value {
    json!({
        "druse": 1, "name": "reports",
        "inputs": { "text": { "type": "string" }, "fails": { "type": "boolean", "default": false } },
        "steps": [
            { "id": "render", "action": "shell", "with": {
                "script": "printf %s \"$TEXT\" > \"$DRUSE_ARTIFACTS/report.txt\"",
                "env": { "TEXT": "{{ inputs.text }}" },
                "artifacts": { "report": "report.txt" },
            } },
            { "id": "copy", "action": "file", "needs": ["render"], "with": {
                "op": "write", "path": "copy.txt", "artifact": "{{ steps.render.output.artifacts.report }}",
            } },
            { "id": "check", "action": "shell", "needs": ["copy"], "with": {
                "argv": ["test", "{{ inputs.fails }}", "=", "false"],
            } },
        ],
        "outputs": { "bytes": "{{ steps.render.output.artifacts.report.bytes }}" },
    })
}

/// Bytes of the files below a folder.
fn bytes_below(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // One may leave meanwhile.
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => bytes += bytes_below(&path),
            Ok(found) => bytes += found.len(),
            Err(_) => {}
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_listed_and_taken_and_outlives_the_server() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let id = active(&admin, &leaves()).await;
    let path = format!("/automations/{id}/runs?wait=30s");
    let inputs = json!({ "inputs": { "text": "all is well" } });
    let run = admin.post(&path, &inputs).await.with(200);
    assert_eq!(
        (run["status"].as_str(), &run["outputs"]),
        (Some("succeeded"), &json!({ "bytes": 11 })),
        "{run:#}"
    );
    let run = text(&run["id"]);

    let viewer = server.role("viewer").await;
    let list = format!("/runs/{run}/artifacts");
    let listed = viewer.get(&list).await.with(200);
    let one = &listed["items"][0];
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (
            one["name"].as_str(),
            one["step"].as_str(),
            one["media_type"].as_str(),
            one["bytes"].as_u64()
        ),
        (Some("report"), Some("render"), Some("text/plain"), Some(11))
    );
    assert_eq!(
        viewer.get(&format!("/runs/{run}")).await.with(200)["artifacts"][0],
        *one
    );
    let all = viewer.get("/runs").await.with(200);
    assert_eq!(all["items"][0].get("artifacts"), None);
    server.anonymous().get(&list).await.with(401);
    server
        .anonymous()
        .get(&format!("{list}/report"))
        .await
        .with(401);

    server.crash().await;
    let viewer = viewer.at(server.address());
    let answer = viewer
        .request("GET", &format!("{list}/report"))
        .open()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/plain");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-length"), "11");
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"report.txt\"; filename*=UTF-8''report.txt"
    );
    assert_eq!(answer.text().await.unwrap(), "all is well");
    viewer
        .get(&format!("{list}/other"))
        .await
        .problem(404, "not_found");
    viewer
        .get(&format!("{list}/report?step=copy"))
        .await
        .problem(404, "not_found");

    let admin = server.admin();
    let events = admin.all(&format!("/runs/{run}/events")).await;
    let kept = events
        .iter()
        .find(|event| event["type"] == "artifact_kept")
        .unwrap();
    assert_eq!(kept["artifact"]["digest"], one["digest"]);
    let export = admin.get(&format!("/runs/{run}/export")).await.with(200);
    let exported = export["entries"].as_array().unwrap();
    assert!(
        exported
            .iter()
            .any(|event| event["artifact"]["digest"] == one["digest"])
    );

    let browser = Browser::owner(&server).await;
    let page = browser.see(&format!("/runs/{run}")).await;
    let link = format!("/runs/{run}/artifacts/report?step=render");
    assert!(page.contains(&link) && page.contains("11 bytes"), "{page}");
    assert_eq!(browser.get(&link).await.text, "all is well");

    let desk = Desk::new();
    let data = server.data().to_str().unwrap();
    let said = desk
        .run(&["runs", "artifacts", &run, "--data", data])
        .ok()
        .out;
    assert!(
        said.contains("report") && said.contains("sha256:"),
        "{said}"
    );
    desk.run(&[
        "runs", "artifact", &run, "report", "-o", "mine.txt", "--data", data,
    ])
    .ok();
    assert_eq!(desk.read("mine.txt"), "all is well");
    // What lies beside it is somebody's.
    std::fs::write(desk.path("kept"), "of somebody").unwrap();
    std::os::unix::fs::symlink(desk.path("kept"), desk.path("other.txt.part")).unwrap();
    desk.run(&[
        "runs",
        "artifact",
        &run,
        "report",
        "-o",
        "other.txt",
        "--data",
        data,
    ])
    .ok();
    assert_eq!(desk.read("other.txt"), "all is well");
    assert_eq!(desk.read("kept"), "of somebody");
    assert!(desk.path("other.txt.part").is_symlink());
    let out = desk
        .run(&[
            "runs", "artifact", &run, "report", "-o", "-", "--data", data,
        ])
        .ok();
    assert_eq!(out.out, "all is well");
    desk.run(&["runs", "artifact", &run, "gone", "--data", data])
        .with(65);
    let shown = desk.run(&["runs", "watch", &run, "--data", data]).ok().out;
    assert!(shown.contains("leaves report (11 bytes)"), "{shown}");

    // A copy has them, and a byte that changed is found.
    desk.run(&["backup", "create", "all.tar", "--data", data])
        .ok();
    let restored = desk.path("restored");
    let there = restored.to_str().unwrap();
    desk.run(&["backup", "restore", "all.tar", "--data", there])
        .ok();
    let out = desk
        .run(&[
            "runs", "artifact", &run, "report", "-o", "-", "--data", there,
        ])
        .ok();
    assert_eq!(out.out, "all is well");
    let digest = one["digest"]
        .as_str()
        .unwrap()
        .trim_start_matches("sha256:");
    let file = restored.join("blobs").join(&digest[..2]).join(&digest[2..]);
    std::fs::write(&file, "all is weak").unwrap();
    let report = desk
        .run(&["verify", "--data", there, "--output", "json"])
        .with(1);
    assert!(
        report.out.contains("blob_damaged") && report.out.contains(&run),
        "{}",
        report.out
    );
    let taken = desk.run(&[
        "runs", "artifact", &run, "report", "-o", "bad.txt", "--data", there,
    ]);
    assert_ne!(taken.code, 0, "{}", taken.err);
    assert!(!desk.path("bad.txt").exists());
    std::fs::remove_file(&file).unwrap();
    let report = desk
        .run(&["verify", "--data", there, "--output", "json"])
        .with(1);
    assert!(report.out.contains("blob_missing"), "{}", report.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_name_nor_a_path_takes_what_is_not_for_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "secretive",
        "inputs": { "word": { "type": "string", "sensitive": true } },
        "steps": [{ "id": "make", "action": "shell", "with": {
            "script": "touch \"$DRUSE_ARTIFACTS/$WORD.csv\"",
            "env": { "WORD": "{{ inputs.word }}" }, "artifacts": { "rows": "*.csv" },
        } }],
    });
    let id = active(&admin, &document).await;
    let path = format!("/automations/{id}/runs?wait=30s");
    let inputs = json!({ "inputs": { "word": "hunter2-hunter2" } });
    let run = admin.post(&path, &inputs).await.with(200);
    assert_eq!(run["status"], "failed", "{run:#}");
    assert_eq!(run["error"]["code"], "artifact_holds_secret", "{run:#}");
    assert!(run["artifacts"].as_array().is_none_or(Vec::is_empty));
    let run = text(&run["id"]);
    for part in ["", "/events", "/artifacts", "/export"] {
        let said = admin.get(&format!("/runs/{run}{part}")).await.with(200);
        assert!(!said.to_string().contains("hunter2"), "{said:#}");
    }

    // Which file a program leaves is not for those to say who start it.
    let any = json!({
        "druse": 1, "name": "any", "inputs": { "p": { "type": "string" } },
        "steps": [{ "id": "make", "action": "shell", "with": {
            "argv": ["true"], "artifacts": { "x": "{{ inputs.p }}" },
        } }],
    });
    let checked = admin.post("/documents/check", &any).await;
    assert!(
        checked.text.contains("template_not_allowed"),
        "{}",
        checked.text
    );
    let environment = json!({
        "druse": 1, "name": "environment",
        "steps": [{ "id": "make", "action": "shell", "with": {
            "argv": ["true"], "cwd": "/proc/self", "artifacts": { "x": "environ" },
        } }],
    });
    let id = active(&admin, &environment).await;
    let path = format!("/automations/{id}/runs?wait=30s");
    let run = admin.post(&path, &json!({})).await.with(200);
    assert_eq!(run["error"]["code"], "access_denied", "{run:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_with_the_last_run_that_has_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&admin, &leaves()).await;
    let path = format!("/automations/{id}/runs?wait=30s");
    let failed = json!({ "inputs": { "text": "of both", "fails": true } });
    let first = admin.post(&path, &failed).await.with(200);
    assert_eq!(first["status"], "failed");
    let first = text(&first["id"]);
    let again = admin
        .post(&format!("/runs/{first}/retry?wait=30s"), &json!({}))
        .await
        .with(200);
    let second = text(&again["id"]);
    let listed = admin
        .get(&format!("/runs/{second}/artifacts"))
        .await
        .with(200);
    assert_eq!(
        listed["items"][0]["kept_from"],
        first.as_str(),
        "{listed:#}"
    );

    let blobs = server.data().join("blobs");
    assert_eq!(bytes_below(&blobs), 7);
    // A file that is gone is said, with what makes it again.
    let digest = text(&listed["items"][0]["digest"]);
    let hex = digest.trim_start_matches("sha256:");
    let (file, aside) = (
        blobs.join(&hex[..2]).join(&hex[2..]),
        server.data().join("aside"),
    );
    std::fs::rename(&file, &aside).unwrap();
    let refused = admin
        .post(&format!("/runs/{first}/retry"), &json!({}))
        .await
        .problem(410, "artifact_gone");
    assert!(
        refused.to_string().contains("\\\"render\\\""),
        "{refused:#}"
    );
    std::fs::rename(&aside, &file).unwrap();
    // What a crash may leave: nothing names it.
    std::fs::create_dir_all(blobs.join("ab")).unwrap();
    std::fs::write(blobs.join("ab").join("c".repeat(62)), "nobody's").unwrap();
    let found = admin.get("/doctor").await.with(200);
    assert_eq!(found["store"]["unused_files"], 1, "{found:#}");
    assert_eq!(found["store"]["unused_file_bytes"], 8);
    let codes = found["problems"].as_array().unwrap().iter();
    assert!(
        codes
            .filter(|problem| problem["code"] == "unused_files")
            .count()
            == 1
    );

    admin
        .put("/settings/retention", &json!({ "max_runs": 1 }))
        .await
        .with(200);
    wait::until("the leaving of the first", || async {
        let gone = admin.get(&format!("/runs/{first}")).await.status == 404;
        gone.then_some(())
    })
    .await;
    let swept = admin.post("/store/compact", &json!({})).await.with(200);
    assert!(
        swept["files"].is_u64() && swept["file_bytes"].is_u64(),
        "{swept:#}"
    );
    assert_eq!(bytes_below(&blobs), 7, "the retry has it still");
    let taken = admin
        .request("GET", &format!("/runs/{second}/artifacts/report"))
        .open()
        .await;
    assert_eq!(taken.unwrap().text().await.unwrap(), "of both");

    let inputs = json!({ "inputs": { "text": "another" } });
    admin.post(&path, &inputs).await.with(200);
    let third = admin.post(&path, &inputs).await.with(200);
    let third = format!("/runs/{}/artifacts/report", text(&third["id"]));
    wait::until("the leaving of the others", || async {
        admin.post("/store/compact", &json!({})).await.with(200);
        let gone = admin.get(&format!("/runs/{second}")).await.status == 404;
        (gone && bytes_below(&blobs) == 7).then_some(())
    })
    .await;
    let taken = admin.request("GET", &third).open().await.unwrap();
    assert_eq!(taken.text().await.unwrap(), "another");
    assert_eq!(
        admin.get("/doctor").await.with(200)["store"]["unused_files"],
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_counts_files_and_the_data_folder_shrinks() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "large", "inputs": { "n": { "type": "integer" } },
        "steps": [{ "id": "make", "action": "shell", "with": {
            "script": "{ echo $N; head -c 20000000 /dev/zero; } > \"$DRUSE_ARTIFACTS/a\"",
            "env": { "N": "{{ inputs.n }}" }, "artifacts": { "a": "a" },
        } }],
    });
    let id = active(&admin, &document).await;
    let path = format!("/automations/{id}/runs?wait=60s");
    let mut runs = Vec::new();
    for n in 0..5 {
        let run = admin
            .post(&path, &json!({ "inputs": { "n": n } }))
            .await
            .with(200);
        assert_eq!(run["status"], "succeeded", "{run:#}");
        runs.push(text(&run["id"]));
    }
    let blobs = server.data().join("blobs");
    let before = bytes_below(server.data());
    assert!(bytes_below(&blobs) > 100_000_000);
    admin
        .put("/settings/retention", &json!({ "max_bytes": 64 << 20 }))
        .await
        .with(200);
    wait::until("the leaving of the oldest and of their files", || async {
        (bytes_below(&blobs) < 60_000_000).then_some(())
    })
    .await;
    let after = bytes_below(server.data());
    assert!(after + 40_000_000 < before, "{before} to {after}");
    admin
        .get(&format!("/runs/{}", runs[0]))
        .await
        .problem(404, "not_found");
    // Down to eight tenths, and no further.
    let last = format!("/runs/{}/artifacts/a", runs[4]);
    let taken = admin.request("GET", &last).open().await.unwrap();
    assert_eq!(taken.bytes().await.unwrap().len(), 20_000_002);
    assert!(bytes_below(&blobs) > 30_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_any_time_leave_no_run_without_its_files() {
    let mut server = Server::new().await;
    let id = active(&server.admin(), &leaves()).await;
    let kept = json!({ "max_runs": 4 });
    server
        .admin()
        .put("/settings/retention", &kept)
        .await
        .with(200);
    for life in 0..6u32 {
        let admin = server.admin();
        let path = format!("/automations/{id}/runs");
        let compacting = {
            let admin = admin.clone();
            tokio::spawn(async move {
                while let Ok(answer) = admin
                    .request("POST", "/store/compact")
                    .json(&json!({}))
                    .try_send()
                    .await
                {
                    answer.with(200);
                }
            })
        };
        let mut begun = 0;
        for n in 0..12 {
            // Some share a file with runs of other lives.
            let inputs = json!({ "inputs": { "text": format!("text {}", (life * 7 + n) % 9) } });
            admin.post(&path, &inputs).await.with(202);
            begun += 1;
            if begun > 3 + life {
                break;
            }
        }
        server.kill();
        compacting.await.unwrap();
        server.verify();
        server.start().await;
        let admin = server.admin();
        wait::until("the end of what was begun", || async {
            let runs = admin.all("/runs").await;
            runs.iter()
                .all(|run| !run["finished_at"].is_null())
                .then_some(())
        })
        .await;
        let mut wanted = BTreeSet::new();
        for run in admin.all("/runs").await {
            let run = text(&run["id"]);
            // It may leave meanwhile.
            let listed = admin.get(&format!("/runs/{run}/artifacts")).await;
            if listed.status == 404 {
                continue;
            }
            let listed = listed.with(200);
            let one = &listed["items"][0];
            assert_eq!(one["name"], "report", "{listed:#}");
            let taken = admin
                .request("GET", &format!("/runs/{run}/artifacts/report"))
                .open()
                .await
                .unwrap();
            if taken.status() == 200 {
                let content = taken.bytes().await.unwrap();
                assert_eq!(
                    text(&one["digest"]),
                    druse_engine::Digest::of(&content).to_string()
                );
                wanted.insert(text(&one["digest"]));
            } else {
                assert_eq!(admin.get(&format!("/runs/{run}")).await.status, 404);
            }
        }
        assert!(!wanted.is_empty());
    }
    let admin = server.admin();
    wait::until("the leaving of what nobody needs", || async {
        admin.post("/store/compact", &json!({})).await.with(200);
        let mut wanted = BTreeSet::new();
        for run in admin.all("/runs").await {
            let found = admin
                .get(&format!("/runs/{}", text(&run["id"])))
                .await
                .with(200);
            wanted.insert(text(&found["artifacts"][0]["digest"]));
        }
        let store = admin.get("/doctor").await.with(200)["store"].clone();
        (store["unused_files"] == 0 && store["files"] == wanted.len()).then_some(())
    })
    .await;
    server.stop().await;
    server.verify();
}
