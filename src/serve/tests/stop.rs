use super::super::*;
use super::help::*;
use serde_json::Value;

const SLOW: &str = "druse: 1
name: slow
steps:
  - id: sleep
    action: shell
    with: { argv: [sleep, \"600\"] }
";

fn serving() -> Setup {
    Setup {
        serves: true,
        ..Setup::own()
    }
}

#[test]
fn a_step_is_not_blamed_for_orderly_ends_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let path: String = life(async {
        let assembly = Assembly::open(data, serving()).await.unwrap();
        let id = active(&assembly, SLOW).await;
        let runs = format!("/api/v1/automations/{id}/runs");
        let (status, run) = ask(&assembly, "POST", &runs, "{}").await;
        assert_eq!(status, 202, "{run}");
        assembly.close().await;
        format!("/api/v1/runs/{}", run["id"].as_str().unwrap())
    });
    // Three ends in the middle of it would be the death of a run that had killed the process.
    for begun in 2..=5 {
        let attempts: Value = life(async {
            let assembly = Assembly::open(data, serving()).await.unwrap();
            let (_, run) = ask(&assembly, "GET", &path, "").await;
            assert_eq!(run["status"], "running", "{run}");
            assembly.close().await;
            run["steps"][0]["attempts"].clone()
        });
        let attempts = attempts.as_array().unwrap();
        assert_eq!(attempts.len(), begun);
        let (now, before) = attempts.split_last().unwrap();
        assert_eq!(now["status"], "running");
        assert!(
            before
                .iter()
                .all(|attempt| attempt["error"]["class"] == "interrupted")
        );
    }
}
