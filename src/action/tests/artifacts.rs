use super::http::service;
use super::*;
use crate::artifacts::{ArtifactLimits, Files, Had, RunFiles};
use druse_engine::{Artifact, Digest};
use druse_storage::Store as _;
use druse_storage::embedded::{Embedded, Options};
use std::sync::Mutex;

/// What a run has.
#[derive(Clone, Default)]
struct Known(Arc<Mutex<Vec<Artifact>>>);

impl RunFiles for Known {
    fn had(&self) -> Had {
        let known = self.0.lock().unwrap();
        Had {
            bytes: known.iter().map(|one| one.bytes).sum(),
            count: known.len() as u64,
        }
    }

    fn find(&self, digest: &Digest) -> Option<Artifact> {
        let known = self.0.lock().unwrap();
        known.iter().find(|one| one.digest == *digest).cloned()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    store: Arc<Embedded>,
    known: Known,
    limits: ArtifactLimits,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path().join("data"), Options::small()).unwrap();
        Self {
            folder,
            store: Arc::new(store),
            known: Known::default(),
            limits: ArtifactLimits {
                one: 1_000,
                run: 2_500,
                count: 5,
            },
        }
    }

    /// Performs an attempt; what it leaves is the run's from then on.
    async fn perform(&self, actions: &Actions, kind: &str, input: Value) -> Outcome {
        let files = Files::new(
            self.store.clone(),
            self.limits,
            Box::new(self.known.clone()),
        );
        let attempt = Attempt {
            files: files.clone(),
            ..attempt(kind, input)
        };
        let outcome = actions.perform(attempt, never()).await;
        let left = files.take();
        let mut known = self.known.0.lock().unwrap();
        known.extend(left.into_iter().map(|left| left.artifact));
        outcome
    }

    async fn output(&self, actions: &Actions, kind: &str, input: Value) -> Value {
        match self.perform(actions, kind, input).await {
            Outcome::Succeeded { output } => output.value().clone(),
            failed @ Outcome::Failed { .. } => panic!("{failed:?}"),
        }
    }

    async fn failure(&self, actions: &Actions, kind: &str, input: Value) -> Failure {
        failed(self.perform(actions, kind, input).await).0
    }

    fn content(&self, shown: &Value) -> Vec<u8> {
        let digest = Digest::parse(shown["digest"].as_str().unwrap()).unwrap();
        self.store.blob(&digest).unwrap().unwrap()
    }

    fn names(&self) -> Vec<String> {
        let known = self.known.0.lock().unwrap();
        let mut names: Vec<String> = known.iter().map(|one| one.name.clone()).collect();
        names.sort();
        names
    }

    fn work(&self) -> String {
        let work = self.folder.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        work.to_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_program_leaves_files_by_name_and_by_pattern() {
    let bench = Bench::new();
    let actions = actions(json!({}), &[]);
    let script = r#"
        mkdir -p out; printf 'a pdf' > out/report.pdf
        printf one > "$DRUSE_ARTIFACTS/page-1.png"; printf two > "$DRUSE_ARTIFACTS/page-2.png"
        echo "$DRUSE_ARTIFACTS"
    "#;
    let input = json!({
        "script": script, "cwd": bench.work(),
        "artifacts": { "report": "out/report.pdf", "pages": "page-*.png", "none": "*.gone" },
    });
    let output = bench.output(&actions, "shell", input).await;
    let left = &output["artifacts"];
    assert_eq!(
        left["report"],
        json!({
            "name": "report", "media_type": "application/pdf", "bytes": 5, "digest": Digest::of(b"a pdf"),
        })
    );
    assert_eq!(left["pages"][1]["name"], "pages.page-2.png");
    assert_eq!(left["pages"][1]["media_type"], "image/png");
    assert_eq!(left["none"], Value::Null);
    assert_eq!(bench.content(&left["pages"][0]), b"one");
    assert_eq!(
        bench.names(),
        ["pages.page-1.png", "pages.page-2.png", "report"]
    );
    let own = output["stdout"].as_str().unwrap().trim();
    assert!(
        !own.is_empty() && !std::path::Path::new(own).exists(),
        "{own}"
    );
}

#[tokio::test]
async fn what_is_too_large_too_much_or_missing_is_said() {
    let bench = Bench::new();
    let actions = actions(json!({}), &[]);
    let leaves = |script: &str| json!({ "script": script, "cwd": bench.work(), "artifacts": { "a": "a.txt" } });
    let missing = bench.failure(&actions, "shell", leaves("true")).await;
    assert_eq!(missing.code, "artifact_missing");
    // Whoever wrote it into another folder reads where it is looked for.
    assert!(
        missing.message.contains("in $DRUSE_ARTIFACTS"),
        "{missing:?}"
    );
    let large = bench
        .failure(&actions, "shell", leaves("head -c 1001 /dev/zero > a.txt"))
        .await;
    assert_eq!(
        (large.code.as_str(), details(&large)),
        ("artifact_too_large", &json!({ "limit": 1_000 }))
    );
    for part in ["1", "2"] {
        let script = format!("head -c 999 /dev/zero > a.txt; printf {part} >> a.txt");
        bench.output(&actions, "shell", leaves(&script)).await;
    }
    // Those of the run together.
    let together = bench
        .failure(&actions, "shell", leaves("head -c 501 /dev/zero > a.txt"))
        .await;
    assert_eq!(
        (together.code.as_str(), details(&together)),
        ("artifact_too_large", &json!({ "limit": 2_500 }))
    );
    for number in 0..3 {
        bench
            .output(&actions, "shell", leaves(&format!("echo {number} > a.txt")))
            .await;
    }
    let many = bench
        .failure(&actions, "shell", leaves("echo x > a.txt"))
        .await;
    assert_eq!(many.code, "too_many_artifacts");
    // What is refused leaves nothing behind.
    assert_eq!(bench.store.sweep_blobs(false).unwrap().unused, 5);
}

#[tokio::test]
async fn what_a_program_leaves_that_fails_is_kept_too() {
    let bench = Bench::new();
    let actions = actions(json!({}), &[]);
    let input = json!({
        "script": "echo why > \"$DRUSE_ARTIFACTS/log.txt\"; exit 3",
        "artifacts": { "log": "log.txt", "report": "report.pdf" },
    });
    let failed = bench.failure(&actions, "shell", input).await;
    assert_eq!(failed.code, "exit_status");
    assert_eq!(bench.names(), ["log"]);
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder_and_no_secret_into_an_artifact() {
    let bench = Bench::new();
    let actions = actions(json!({}), &[("TOKEN", "s3cret-token")]);
    let work = bench.work();
    for path in ["/etc/passwd", "../data/format", "a/../../x"] {
        let input = json!({ "argv": ["true"], "cwd": work, "artifacts": { "a": path } });
        let refused = bench.failure(&actions, "shell", input).await;
        assert_eq!(refused.code, "bad_path", "{path}");
    }
    // As a version from before the check refused it would ask for it.
    let computed = json!({ "argv": ["true"], "artifacts": { "a": "{{ inputs.a }}.txt" } });
    let refused = bench.failure(&actions, "shell", computed).await;
    assert_eq!(refused.code, "template_not_allowed");
    let linked =
        json!({ "script": "ln -sf /etc/passwd a", "cwd": work, "artifacts": { "a": "a" } });
    assert_eq!(
        bench.failure(&actions, "shell", linked).await.code,
        "symbolic_link"
    );
    let own = json!({ "argv": ["true"], "cwd": bench.folder.path(), "artifacts": { "a": "data/format" } });
    assert_eq!(
        bench.failure(&actions, "shell", own).await.code,
        "access_denied"
    );
    let secret = json!({
        "script": "head -c 300 /dev/zero > b; printf 'the %s' \"$T\" >> b", "cwd": work,
        "env": { "T": "{{ secrets.TOKEN }}" }, "artifacts": { "b": "b" },
    });
    let refused = bench.failure(&actions, "shell", secret).await;
    assert_eq!(refused.code, "artifact_holds_secret");
    assert!(bench.names().is_empty());

    let only = ShellPolicy::only(["true".to_owned()]);
    let restricted = with_policy(json!({}), &[], only);
    let input = json!({ "argv": ["true"], "cwd": "/etc", "artifacts": { "a": "passwd" } });
    let refused = bench.failure(&restricted, "shell", input).await;
    assert_eq!(refused.code, "folder_not_allowed");
}

#[tokio::test]
async fn no_secret_becomes_the_name_of_an_artifact() {
    let bench = Bench::new();
    let actions = actions(json!({}), &[("TOKEN", "s3cret-token")]);
    let input = json!({
        "script": "touch \"$DRUSE_ARTIFACTS/$T.csv\"",
        "env": { "T": "{{ secrets.TOKEN }}" }, "artifacts": { "rows": "*.csv" },
    });
    let refused = bench.failure(&actions, "shell", input).await;
    assert_eq!(refused.code, "artifact_holds_secret");
    assert!(!format!("{refused:?}").contains("s3cret"), "{refused:?}");
    assert!(bench.names().is_empty());
    let files = Files::new(
        bench.store.clone(),
        bench.limits,
        Box::new(bench.known.clone()),
    );
    files.hide(actions.redactor());
    let refused = files.begin("a", "a", "text/plain; x=s3cret-token", false);
    assert_eq!(refused.err().unwrap().failure.code, "artifact_holds_secret");
    let mut odd = files.begin("a", "a", "text/plain\n", false).unwrap();
    odd.write(b"x").unwrap();
    assert_eq!(
        odd.finish().unwrap()["media_type"],
        "application/octet-stream"
    );
}

#[tokio::test]
async fn only_what_the_step_left_becomes_an_artifact() {
    let bench = Bench::new();
    let actions = actions(json!({}), &[]);
    // Not the server's own folder, in which this test runs.
    assert!(std::path::Path::new("Cargo.toml").exists());
    let input = json!({ "argv": ["true"], "artifacts": { "a": "Cargo.toml" } });
    assert_eq!(
        bench.failure(&actions, "shell", input).await.code,
        "artifact_missing"
    );
    for (cwd, path) in [
        ("/proc/self", "environ"),
        ("/", "proc/self/environ"),
        ("/", "./proc//version"),
        ("/sys", "kernel/*"),
    ] {
        let input = json!({ "argv": ["true"], "cwd": cwd, "artifacts": { "a": path } });
        let refused = bench.failure(&actions, "shell", input).await;
        assert_eq!(refused.code, "access_denied", "{cwd} {path}");
    }
    // Nor what it puts in the place of its own folder, or gives another name in there.
    let data = bench.folder.path().join("data");
    std::fs::write(data.join("secret.key"), "key").unwrap();
    let input = |script: &str| {
        json!({
            "argv": ["/bin/sh", "-c", script, "sh", data], "artifacts": { "a": "secret.key" },
        })
    };
    let linked = input(r#"rmdir "$DRUSE_ARTIFACTS" && ln -s "$1" "$DRUSE_ARTIFACTS""#);
    assert_eq!(
        bench.failure(&actions, "shell", linked).await.code,
        "artifact_missing"
    );
    let hard = input(r#"ln "$1/secret.key" "$DRUSE_ARTIFACTS/secret.key""#);
    assert_eq!(
        bench.failure(&actions, "shell", hard).await.code,
        "access_denied"
    );
    assert!(bench.names().is_empty());
    assert!(data.join("secret.key").exists());
    let left = std::fs::read_dir(data.join("tmp")).unwrap().count();
    assert_eq!(left, 0, "the folders of the attempts are gone");
}

#[tokio::test]
async fn what_a_kill_left_of_an_attempt_goes_at_the_next_start() {
    let bench = Bench::new();
    let actions = actions(json!({}), &[]);
    let input = json!({ "script": "echo \"$DRUSE_ARTIFACTS\"", "artifacts": { "a": "*" } });
    let output = bench.output(&actions, "shell", input).await;
    let own = std::path::PathBuf::from(output["stdout"].as_str().unwrap().trim());
    // As it stands when the server is killed while the program works.
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("a"), "a copy").unwrap();
    let data = bench.folder.path().join("data");
    drop(bench.store);
    let store = Embedded::open(&data, Options::small()).unwrap();
    assert!(!own.exists());
    drop(store);
}

#[tokio::test]
async fn an_answer_is_saved_and_sent_on_as_it_is() {
    let mut bench = Bench::new();
    bench.limits.one = 250_000;
    bench.limits.run = 250_000;
    let base = service().await;
    let crm = json!({ "crm": { "kind": "http", "base_url": base } });
    let actions = actions(crm, &[]);
    let get = |path: &str| json!({ "connection": "crm", "path": path, "save_as": "answer.bin" });
    // Larger than a body may be that stands in the output.
    let output = bench.output(&actions, "http", get("/big")).await;
    let saved = &output["artifacts"]["answer.bin"];
    assert_eq!(
        (output["status"].as_u64(), saved["bytes"].as_u64()),
        (Some(200), Some(200_000))
    );
    assert_eq!(output.get("text"), None);
    assert_eq!(bench.content(saved).len(), 200_000);
    let refused = bench.failure(&actions, "http", get("/status/404")).await;
    assert_eq!(refused.code, "http_status");
    let large = bench.failure(&actions, "http", get("/big")).await;
    assert_eq!(large.code, "artifact_too_large");

    bench.limits.run = 300_000;
    let output = bench.output(&actions, "http", get("/text")).await;
    let saved = output["artifacts"]["answer.bin"].clone();
    assert_eq!(saved["media_type"], "text/plain");
    let post = json!({ "connection": "crm", "path": "/echo", "artifact": saved });
    let echoed = bench.output(&actions, "http", post).await;
    assert_eq!(echoed["json"]["body"], "[1, 2]");
    assert_eq!(echoed["json"]["headers"]["content-type"], "text/plain");
    let post = json!({ "connection": "crm", "path": "/echo", "multipart": { "file": { "artifact": saved } } });
    let echoed = bench.output(&actions, "http", post).await;
    let body = echoed["json"]["body"].as_str().unwrap();
    assert!(
        body.contains("filename=\"answer.bin\"") && body.contains("[1, 2]"),
        "{body}"
    );

    // Only what the run has is given out, whatever an output says.
    let other = bench.store.put_blob(b"of somebody else").unwrap();
    let forged =
        json!({ "connection": "crm", "path": "/echo", "artifact": { "digest": other.digest() } });
    assert_eq!(
        bench.failure(&actions, "http", forged).await.code,
        "unknown_artifact"
    );
}

#[tokio::test]
async fn a_file_is_saved_and_written_from_an_artifact() {
    let bench = Bench::new();
    let work = bench.work();
    std::fs::write(format!("{work}/in.csv"), "a,b\n").unwrap();
    let folder = json!({ "kind": "folder", "path": work });
    let actions = actions(json!({ "disk": folder }), &[]);
    let read = json!({ "connection": "disk", "op": "read", "path": "in.csv", "save_as": "rows" });
    let output = bench.output(&actions, "file", read).await;
    let saved = &output["artifacts"]["rows"];
    assert_eq!(saved["media_type"], "text/csv");
    assert_eq!(output["digest"], saved["digest"]);
    assert_eq!(output.get("text"), None);
    let write =
        json!({ "connection": "disk", "op": "write", "path": "out.csv", "artifact": saved });
    bench.output(&actions, "file", write).await;
    assert_eq!(
        std::fs::read_to_string(format!("{work}/out.csv")).unwrap(),
        "a,b\n"
    );
}

#[tokio::test]
async fn what_is_no_text_in_the_answer_of_a_tool_is_saved() {
    const SERVER: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"method":"initialize"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}\n' "$id" ;;
    *'"method":"tools/list"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"draw","inputSchema":{"type":"object"}}]}}\n' "$id" ;;
    *'"method":"tools/call"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"drawn"},{"type":"image","data":"cG5n","mimeType":"image/png"},{"type":"resource","resource":{"uri":"file:///a.pdf","mimeType":"application/pdf","blob":"cGRm"}}]}}\n' "$id" ;;
  esac
done
"#;
    let bench = Bench::new();
    let server = json!({ "kind": "mcp", "command": ["/bin/sh", "-c", SERVER] });
    let actions = actions(json!({ "draws": server }), &[]);
    let call = json!({ "connection": "draws", "tool": "draw", "save_as": "chart" });
    let output = bench.output(&actions, "mcp", call).await;
    assert_eq!(bench.names(), ["chart-2.pdf", "chart.png"]);
    let left = &output["artifacts"]["chart"];
    assert_eq!(bench.content(&left[0]), b"png");
    assert_eq!(left[1]["media_type"], "application/pdf");
    let image = &output["content"][1];
    assert_eq!(
        (image["artifact"].as_str(), image.get("data")),
        (Some("chart.png"), None)
    );
    assert_eq!(output["content"][2]["resource"]["artifact"], "chart-2.pdf");
    actions.close().await;
}
