use super::super::*;
use crate::client::Client;
use http::Method;

const GATED: &str = "druse: 1
name: gated
inputs:
  what: { type: string }
steps:
  - id: ask
    action: approval_gate
    with: { title: \"{{ inputs.what }}\" }
";

/// The life of one process over a folder: with its runtime goes everything that holds the folder.
pub(super) fn live<T>(folder: &Path, life: impl AsyncFnOnce(&Client) -> T) -> T {
    live_with(folder, Setup::own(), life).unwrap()
}

fn live_with<T>(
    folder: &Path,
    setup: Setup,
    life: impl AsyncFnOnce(&Client) -> T,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = Client::inside(Assembly::open(folder, setup).await?);
        let done = life(&client).await;
        client.close().await;
        Ok(done)
    })
}

async fn make(client: &Client) -> String {
    let made = client
        .send(
            Method::POST,
            "/automations",
            "application/yaml",
            GATED.into(),
        )
        .await
        .unwrap()
        .success()
        .unwrap();
    made["id"].as_str().unwrap().to_owned()
}

async fn start(client: &Client, id: &str, what: &str) -> String {
    let run = client
        .post(
            &format!("/automations/{id}/runs"),
            &json!({ "version": 1, "inputs": { "what": what } }),
        )
        .await
        .unwrap();
    run["id"].as_str().unwrap().to_owned()
}

/// Changes one byte of the log, where it holds this text.
fn damage(folder: &Path, text: &str) {
    for entry in std::fs::read_dir(folder.join("log")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let found = bytes
            .windows(text.len())
            .position(|part| part == text.as_bytes());
        if let Some(at) = found {
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            return;
        }
    }
    panic!("the log does not hold {text}");
}

#[test]
fn one_damaged_run_keeps_nothing_else_from_starting_and_from_work() {
    let folder = tempfile::tempdir().unwrap();
    let (id, whole, hit) = live(folder.path(), async |client| {
        let id = make(client).await;
        let whole = start(client, &id, "a whole gate").await;
        let hit = start(client, &id, "a gate to be damaged").await;
        start(client, &id, "the last one").await;
        (id, whole, hit)
    });
    damage(folder.path(), "a gate to be damaged");
    live(folder.path(), async |client| {
        let read = |run: &str| format!("/runs/{run}");
        assert_eq!(
            client.get(&read(&whole)).await.unwrap()["status"],
            "waiting"
        );
        let refused = client
            .send(Method::GET, &read(&hit), "application/json", Vec::new())
            .await
            .unwrap();
        assert_eq!(refused.body["code"], "damaged");
        let pending = client.list("/approvals?status=pending", 10).await.unwrap();
        let gate = pending
            .iter()
            .find(|gate| gate["run_id"] == whole.as_str())
            .expect("the whole gate is listed");
        let decided = client
            .post(
                &format!("/approvals/{}/decision", gate["id"].as_str().unwrap()),
                &json!({ "decision": "approve", "digest": gate["digest"] }),
            )
            .await
            .unwrap();
        assert_eq!(decided["status"], "approved");
        start(client, &id, "another").await;
    });
    let report = druse_storage::verify(folder.path()).unwrap();
    assert!(
        report
            .problems
            .iter()
            .any(|problem| problem.run.is_some_and(|run| run.to_string() == hit)),
        "{report:?}"
    );
}

#[test]
fn one_damaged_run_at_the_end_of_the_log_keeps_nothing_else_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let (id, hit) = live(folder.path(), async |client| {
        let id = make(client).await;
        let hit = start(client, &id, "to be damaged").await;
        (id, hit)
    });
    damage(folder.path(), "to be damaged");
    for _ in 0..2 {
        live(folder.path(), async |client| {
            let path = format!("/runs/{hit}");
            let refused = client.send(Method::GET, &path, "application/json", Vec::new());
            assert_eq!(refused.await.unwrap().body["code"], "damaged");
            start(client, &id, "another").await;
        });
        std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    }
}

#[test]
fn a_lost_end_of_the_log_is_given_up_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (id, kept) = live(folder.path(), async |client| {
        let id = make(client).await;
        let kept = start(client, &id, "kept").await;
        (id, kept)
    });
    let segment = folder.path().join("log/00000001.log");
    let shorter = std::fs::read(&segment).unwrap();
    live(folder.path(), async |client| {
        start(client, &id, "to be lost").await;
    });
    std::fs::write(&segment, shorter).unwrap();
    let refused = live_with(folder.path(), Setup::own(), async |_| ());
    assert_eq!(
        refused.map_err(|failure| failure.code),
        Err("log_truncated".to_owned())
    );
    let setup = Setup {
        store: embedded::Options {
            accept_loss: true,
            ..embedded::Options::default()
        },
        ..Setup::own()
    };
    live_with(folder.path(), setup, async |client| {
        let read = client.get(&format!("/runs/{kept}")).await.unwrap();
        assert_eq!(read["status"], "waiting");
        start(client, &id, "another").await;
    })
    .unwrap();
    live(folder.path(), async |client| {
        let runs = client.list("/runs", 10).await.unwrap();
        assert_eq!(runs.len(), 2);
    });
}

/// A document in which a gate, and `count` steps behind it, all handle the input as a whole.
fn heavy(count: usize, step: &str) -> String {
    let steps: String = (0..count)
        .map(|number| format!("  - {{ id: s{number}, needs: [ask], {step} }}\n"))
        .collect();
    format!("{GATED}{steps}")
}

async fn start_heavy(client: &Client, document: String) -> String {
    let made = client
        .send(
            Method::POST,
            "/automations",
            "application/yaml",
            document.into_bytes(),
        )
        .await
        .unwrap()
        .success()
        .unwrap();
    let id = made["id"].as_str().unwrap();
    start(client, id, &"x".repeat(900_000)).await
}

pub(super) async fn over(client: &Client, run: &str) -> serde_json::Value {
    for _ in 0..600 {
        let read = client.get(&format!("/runs/{run}")).await.unwrap();
        if !read["finished_at"].is_null() {
            return read;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{run} did not end within a minute");
}

#[test]
fn facts_that_fit_into_no_one_record_are_kept_in_several() {
    let folder = tempfile::tempdir().unwrap();
    let step = "action: transform, with: { value: \"{{ inputs.what }}\" }";
    let mut document = heavy(20, step).replace("title: \"{{ inputs.what }}\"", "title: Go on?");
    // Not directly behind the gate, which shows what such steps are given.
    document = document.replace("needs: [ask]", "needs: [go]");
    document.push_str("  - { id: go, needs: [ask], action: transform, with: { value: 1 } }\n");
    let run = live(folder.path(), async |client| {
        start_heavy(client, document).await
    });
    live(folder.path(), async |client| {
        let gate = &client.list("/approvals", 10).await.unwrap()[0];
        let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
        let answer = json!({ "decision": "approve", "digest": gate["digest"] });
        client.post(&path, &answer).await.unwrap();
        assert_eq!(over(client, &run).await["status"], "succeeded");
    });
    live(folder.path(), async |client| {
        let read = over(client, &run).await;
        assert_eq!(read["status"], "succeeded");
        let whole = read["steps"].as_array().unwrap().iter().filter(|step| {
            step["output"]
                .as_str()
                .is_some_and(|text| text.len() == 900_000)
        });
        assert_eq!(whole.count(), 20);
    });
    assert!(druse_storage::verify(folder.path()).unwrap().is_sound());
}

#[test]
fn a_run_that_makes_too_large_a_fact_ends_alone() {
    let folder = tempfile::tempdir().unwrap();
    let step = "action: emit, with: { type: t, data: \"{{ inputs.what }}\" }";
    let mut document = heavy(8, step).replace("title: \"{{ inputs.what }}\"", "title: Go on?");
    document = document.replace("  - id: ask\n", "  - id: ask\n    needs: [pause]\n");
    document.push_str("  - { id: pause, action: wait, with: { for: 50ms } }\n");
    let (id, run) = live(folder.path(), async |client| {
        let id = make(client).await;
        let document = document.replace("name: gated", "name: heavy");
        let run = start_heavy(client, document).await;
        (id, run)
    });
    live(folder.path(), async |client| {
        // Due by now: the gate would show what eight steps are given, all of it.
        let read = over(client, &run).await;
        assert_eq!(read["status"], "failed");
        assert_eq!(read["error"]["code"], "input_too_large");
        start(client, &id, "another").await;
    });
}
