//! What steps write while they run: there at once, without secrets, kept with its run and no longer.

use super::active;
use crate::cli::Desk;
use crate::harness::{Browser, Client, Server, Stream, text, wait};
use serde_json::{Value, json};
use std::path::Path;

/// A step that writes, and then waits for files to be there.
fn waits(folder: &Path) -> Value {
    let script = r#"
        waits() { until [ -e "$AT/$1" ]; do sleep 0.01; done; }
        echo begun >&2
        waits first
        printf 'the token is %s' "$HALF" >&2
        waits second
        printf '%s.\n' "$OTHER" >&2
        echo "card $CARD"
    "#;
    json!({
        "druse": 1, "name": "writes",
        "inputs": { "card": { "type": "string", "sensitive": true } },
        "steps": [{
            "id": "work", "action": "shell",
            "with": { "script": script, "env": {
                "AT": folder.to_str().unwrap(), "HALF": "hunter2", "OTHER": "2-geheim", "CARD": "{{ inputs.card }}",
                "TOKEN": "{{ secrets.token }}",
            } },
        }],
    })
}

async fn started(client: &Client, automation: &str, body: &Value) -> String {
    let path = format!("/automations/{automation}/runs");
    text(&client.post(&path, body).await.with(202)["id"])
}

/// All that the steps of a run wrote.
async fn written(client: &Client, run: &str) -> Vec<Value> {
    client.all(&format!("/runs/{run}/logs")).await
}

fn joined(pieces: &[Value]) -> String {
    let texts = pieces.iter().filter_map(|piece| piece["text"].as_str());
    texts.collect()
}

/// Whether any file below a folder holds a text.
fn holds(folder: &Path, wanted: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        // The socket is not read; a file may leave meanwhile.
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => holds(&path, wanted),
            Ok(found) if found.is_file() => std::fs::read(path)
                .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(wanted)),
            _ => false,
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_writes_is_seen_while_it_runs_and_holds_no_secret() {
    let server = Server::new().await;
    let admin = server.admin();
    let secret = json!({ "value": "hunter22-geheim" });
    admin.put("/secrets/token", &secret).await.with(200);
    let desk = Desk::new();
    let id = active(&admin, &waits(&desk.path(""))).await;
    let run = started(
        &admin,
        &id,
        &json!({ "inputs": { "card": "4000-1234-5678" } }),
    )
    .await;
    let viewer = server.role("viewer").await;
    let path = format!("/runs/{run}/steps/work/logs");
    let mut stream = Stream::at(&viewer, &path, None).await;
    let begun = stream.next().await.unwrap();
    assert_eq!(
        (begun.name.as_str(), &begun.data["text"]),
        ("log", &json!("begun\n"))
    );
    assert_eq!(begun.data["stream"], "stderr");
    assert_eq!(begun.data["attempt"], 1);
    desk.write("first", "");
    let half = stream.next().await.unwrap();
    // The half that a secret may begin with is kept back until it is known whether it does.
    assert_eq!(half.data["text"], "the token is ");
    desk.write("second", "");
    let rest = stream.rest().await;
    assert!(stream.ended_well());
    let said: String = rest.iter().map(|event| text(&event.data["text"])).collect();
    assert!(
        said.contains("[redacted].\n") && said.contains("card [redacted]\n"),
        "{said}"
    );
    wait::run(&admin, &run, "succeeded").await;

    // From any piece on, and page by page.
    let later = Stream::at(&viewer, &path, Some(&half.id))
        .await
        .rest()
        .await;
    assert_eq!(later, rest);
    let all = written(&viewer, &run).await;
    let page = viewer.get(&format!("{path}?limit=1")).await.with(200);
    assert_eq!(page["items"], json!([all[0]]));
    assert!(page["next_cursor"].is_string());
    let after = format!("{path}?after={}", half.id);
    let page = viewer.get(&after).await.with(200);
    assert_eq!(joined(page["items"].as_array().unwrap()), said);
    let none = viewer.get(&format!("{path}?attempt=2")).await.with(200);
    assert_eq!(none, json!({ "items": [], "next_cursor": null }));
    viewer
        .get(&format!("/runs/{run}/steps/other/logs"))
        .await
        .problem(404, "not_found");
    viewer
        .get("/runs/run_00000000000000000000000000/logs")
        .await
        .problem(404, "not_found");
    viewer
        .get(&format!("{path}?after=soon"))
        .await
        .problem(400, "bad_query");
    server.anonymous().get(&path).await.problem(401, "no_token");

    // The journal holds none of it, and no file a secret.
    let events = admin.get(&format!("/runs/{run}/events?limit=200")).await;
    assert!(!events.text.contains("log_"), "{}", events.text);
    for word in ["hunter22", "4000-1234"] {
        assert!(!holds(server.data(), word), "{word} is in the data folder");
    }

    let data = server.data().to_str().unwrap();
    let out = desk.run(&["runs", "logs", &run, "--data", data]).ok().out;
    assert!(out.contains("work  ! begun\n"), "{out}");
    assert!(out.contains("work  ! the token is [redacted].\n"), "{out}");
    assert!(out.contains("work  card [redacted]\n"), "{out}");
    let line = [
        "runs",
        "logs",
        &run,
        "work",
        "--attempt",
        "1",
        "--follow",
        "--data",
        data,
    ];
    let out = desk.run(&line).ok().out;
    assert!(out.starts_with("! begun\n"), "{out}");
    let lines = desk
        .run(&["runs", "logs", &run, "--output", "json", "--data", data])
        .ok()
        .out;
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, all);
    desk.run(&["runs", "logs", &run, "none", "--data", data])
        .refused(65, &["step"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_leaves_what_was_written_and_each_attempt_has_its_own() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let desk = Desk::new();
    let script =
        r#"echo "attempt $DRUSE_ATTEMPT"; until [ -e "$AT/go" ]; do sleep 0.01; done; echo done"#;
    let document = json!({
        "druse": 1, "name": "killed",
        "steps": [{ "id": "work", "action": "shell",
            "with": { "script": script, "env": { "AT": desk.path("").to_str().unwrap() } } }],
    });
    let id = active(&admin, &document).await;
    let run = started(&admin, &id, &json!({})).await;
    let path = format!("/runs/{run}/logs");
    let mut stream = Stream::at(&admin, &path, None).await;
    assert_eq!(stream.next().await.unwrap().data["text"], "attempt 1\n");
    server.crash().await;
    desk.write("go", "");
    let admin = server.admin();
    wait::run(&admin, &run, "succeeded").await;
    let pieces = written(&admin, &run).await;
    let said = |attempt: u64| {
        let of = pieces
            .iter()
            .filter(|piece| piece["attempt"] == attempt)
            .cloned();
        joined(&of.collect::<Vec<_>>())
    };
    let first = said(1);
    let (begun, note) = first.split_once('\n').unwrap();
    assert_eq!(begun, "attempt 1");
    assert!(
        note.contains("tried again at once: the server stopped in the middle of this attempt"),
        "{note}"
    );
    assert_eq!(said(2), "attempt 2\ndone\n");
    server.stop().await;
    server.verify();
    // With no server, from the folder.
    let data = server.data().to_str().unwrap();
    let out = desk
        .run(&["runs", "logs", &run, "--data", data, "--follow"])
        .ok()
        .out;
    let lines: Vec<&str> = out.lines().collect();
    let words = (lines[0], lines[2], lines[3]);
    assert_eq!(
        words,
        ("work  attempt 1", "work#2  attempt 2", "work#2  done")
    );
    assert!(lines[1].starts_with("work  # failed ("), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_told_in_short_and_retries_say_why() {
    let server = Server::new().await;
    let admin = server.admin();
    let itself = json!({ "kind": "http", "base_url": server.address(), "headers": { "x-key": "geheim-key-1" } });
    admin.put("/connections/itself", &itself).await.with(200);
    let document = json!({
        "druse": 1, "name": "asks",
        "steps": [
            { "id": "well", "action": "http",
              "with": { "connection": "itself", "path": "/healthz", "query": { "who": "someone-private" } } },
            { "id": "badly", "action": "shell", "needs": ["well"],
              "with": { "script": "echo no disk >&2; exit 3" },
              "retry": { "attempts": 2, "backoff": "10ms", "on": ["permanent"] } },
        ],
    });
    let id = active(&admin, &document).await;
    let run = started(&admin, &id, &json!({})).await;
    wait::run(&admin, &run, "failed").await;
    let pieces = written(&admin, &run).await;
    let of = |step: &str, attempt: u64| {
        let of = pieces
            .iter()
            .filter(|piece| piece["step"] == step && piece["attempt"] == attempt);
        joined(&of.cloned().collect::<Vec<_>>())
    };
    let asked = of("well", 1);
    let (request, answer) = asked.split_once('\n').unwrap();
    assert_eq!(request, "GET itself:/healthz?who=…");
    assert!(
        answer.starts_with("200 OK, ") && answer.ends_with(" ms\n"),
        "{answer}"
    );
    assert!(
        !asked.contains("private") && !asked.contains("geheim"),
        "{asked}"
    );
    let first = of("badly", 1);
    assert!(
        first.starts_with("no disk\nfailed (exit_status), tried again at 20"),
        "{first}"
    );
    assert!(
        first.ends_with(": The program ended with exit code 3: no disk\n"),
        "{first}"
    );
    assert_eq!(of("badly", 2), "no disk\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_shows_logs_as_text_and_a_terminal_gets_nothing_to_obey() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "hostile",
        "steps": [{ "id": "work", "action": "shell",
            "with": { "argv": ["printf", "%s\\n", "<script>alert(1)</script>", "a\u{202e}b \u{1b}[2J"] } }],
    });
    let id = active(&admin, &document).await;
    let run = started(&admin, &id, &json!({})).await;
    wait::run(&admin, &run, "succeeded").await;
    let browser = Browser::role(&server, "viewer").await;
    for path in [
        format!("/runs/{run}"),
        format!("/runs/{run}/logs?step=work&attempt=1"),
    ] {
        let page = browser.see(&path).await;
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{page}"
        );
        assert!(page.contains("a⟨U+202E⟩b ⟨U+001B⟩[2J"), "{page}");
        assert!(!page.contains("<script>alert") && !page.contains('\u{202e}'));
    }
    let page = browser.see(&format!("/runs/{run}")).await;
    assert!(page.contains("class=\"log\""), "{page}");
    // A page of a run that goes on follows it.
    assert!(
        !browser
            .see(&format!("/runs/{run}/logs"))
            .await
            .contains("data-follow")
    );
    let folder = Desk::new();
    let secret = json!({ "value": "hunter22-geheim" });
    admin.put("/secrets/token", &secret).await.with(200);
    let live = active(&admin, &waits(&folder.path(""))).await;
    let live = started(
        &admin,
        &live,
        &json!({ "inputs": { "card": "4000-1234-5678" } }),
    )
    .await;
    let path = format!("/runs/{live}/logs");
    let mut stream = Stream::at(&admin, &path, None).await;
    let begun = stream.next().await.unwrap();
    let page = browser.see(&format!("{path}?step=work")).await;
    let follow = format!(
        "data-follow=\"{path}/stream?after={}&amp;step=work\"",
        begun.id
    );
    assert!(page.contains(&follow), "{page}");
    folder.write("first", "");
    folder.write("second", "");
    let streamed = browser
        .see(&format!("{path}/stream?after={}&step=work", begun.id))
        .await;
    assert!(
        streamed.contains("event: log") && streamed.contains("card [redacted]"),
        "{streamed}"
    );
    let desk = Desk::new();
    let data = server.data().to_str().unwrap();
    let out = desk.run(&["runs", "logs", &run, "--data", data]).ok().out;
    assert!(out.contains("a⟨U+202E⟩b ⟨U+001B⟩[2J"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_cut_and_said_and_leaves_with_its_run() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "floods",
        "inputs": { "word": { "type": "string", "default": "0123456789abcdef" } },
        "steps": [{ "id": "work", "action": "shell", "with": {
            "script": "yes \"$WORD\" | head -c 3000000; echo; echo the end >&2",
            "env": { "WORD": "{{ inputs.word }}" },
        } }],
    });
    let id = active(&admin, &document).await;
    let run = started(&admin, &id, &json!({})).await;
    wait::run(&admin, &run, "succeeded").await;
    let pieces = written(&admin, &run).await;
    let kept: usize = pieces
        .iter()
        .filter(|piece| piece["left_out"].is_null())
        .map(|piece| text(&piece["text"]).len())
        .sum();
    let left_out: u64 = pieces
        .iter()
        .filter_map(|piece| piece["left_out"].as_u64())
        .sum();
    assert_eq!(kept as u64 + left_out, 3_000_001 + "the end\n".len() as u64);
    assert!(kept < (1 << 20) + (64 << 10), "{kept}");
    assert!(joined(&pieces).contains("bytes of this attempt are not kept"));
    assert!(holds(&server.data().join("logs"), "0123456789abcdef"));
    admin
        .put("/settings/retention", &json!({ "max_runs": 1 }))
        .await
        .with(200);
    let next = started(&admin, &id, &json!({ "inputs": { "word": "another" } })).await;
    wait::run(&admin, &next, "succeeded").await;
    admin.post("/store/compact", &json!({})).await.with(200);
    wait::until("the run's leaving", || async {
        (admin.all("/runs").await.len() == 1).then_some(())
    })
    .await;
    admin
        .get(&format!("/runs/{run}/logs"))
        .await
        .problem(404, "not_found");
    wait::until("its log's leaving", || async {
        (!holds(&server.data().join("logs"), "0123456789abcdef")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_page_does_what_it_says() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "builds",
        "steps": [{ "id": "build", "action": "shell",
            "with": { "script": "echo built; [ $DRUSE_ATTEMPT = 2 ]" },
            "retry": { "attempts": 2, "backoff": "10ms", "on": ["permanent"] } }],
    });
    let id = active(&admin, &document).await;
    let run = started(&admin, &id, &json!({})).await;
    wait::run(&admin, &run, "succeeded").await;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/history.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("## What steps wrote").unwrap();
    let (section, _) = section.split_once("## A run as a file").unwrap();
    let lines: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("druse "))
        .collect();
    assert_eq!(lines.len(), 3);
    let desk = Desk::new();
    let mut said = Vec::new();
    for line in lines {
        let (line, _) = line.split_once('#').unwrap();
        let words = line.split_whitespace().skip(1);
        let mut words: Vec<&str> = words
            .map(|word| if word == "run_01…" { &run } else { word })
            .collect();
        words.extend(["--data", server.data().to_str().unwrap()]);
        said.push(desk.run(&words).ok().out);
    }
    assert_eq!(said[1], "built\n");
    assert_eq!(said[0], said[2]);
    assert!(
        said[0].starts_with("build  built\nbuild  # failed (exit_status), "),
        "{}",
        said[0]
    );
    let stream = section
        .split("| `")
        .filter_map(|row| row.split_once('`'))
        .map(|(name, _)| name);
    let rows: String = stream.collect::<Vec<_>>().join(" ");
    for stream in ["stdout", "http", "note"] {
        assert!(rows.contains(stream), "{stream}: {rows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_count_for_the_quota_and_make_old_runs_leave() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "loud",
        "steps": [{ "id": "each",
            "for_each": { "items": [1, 2], "as": "item", "output": "{{ item }}" },
            "steps": [{ "id": "talk", "action": "shell", "with": { "script": "echo said" } }] }],
    });
    let id = active(&admin, &document).await;
    let file = |run: &str| {
        let spread = server.data().join("logs").join(&run[run.len() - 2..]);
        spread.join(run)
    };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let run = started(&admin, &id, &json!({})).await;
        wait::run(&admin, &run, "succeeded").await;
        let path = format!("/runs/{run}/steps/each%5B1%5D.talk/logs");
        let said = admin.get(&path).await.with(200);
        assert_eq!(said["items"][0]["step"], "each[1].talk");
        assert_eq!(said["items"][0]["text"], "said\n");
        // As large as the logs of some busy runs.
        let mut bytes = std::fs::read(file(&run)).unwrap();
        bytes.resize(33 << 20, b'x');
        bytes.push(b'\n');
        std::fs::write(file(&run), bytes).unwrap();
        runs.push(run);
    }
    let quota = json!({ "max_bytes": 64 << 20 });
    admin.put("/settings/retention", &quota).await.with(200);
    wait::until("the leaving of the oldest", || async {
        let gone = admin.get(&format!("/runs/{}", runs[0])).await.status == 404;
        (gone && !file(&runs[0]).exists()).then_some(())
    })
    .await;
    // Down to eight tenths, and no further.
    admin.get(&format!("/runs/{}", runs[1])).await.with(200);
    assert!(file(&runs[1]).exists());
}
