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
fn live<T>(folder: &Path, life: impl AsyncFnOnce(&Client) -> T) -> T {
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
fn a_lost_end_of_the_log_is_given_up_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (id, kept) = live(folder.path(), async |client| {
        let id = make(client).await;
        let kept = start(client, &id, "kept").await;
        start(client, &id, "to be lost").await;
        (id, kept)
    });
    damage(folder.path(), "to be lost");
    let refused = live_with(folder.path(), Setup::own(), async |_| ());
    assert_eq!(
        refused.map_err(|failure| failure.code),
        Err("log_truncated".to_owned())
    );
    let setup = Setup {
        accept_loss: true,
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
