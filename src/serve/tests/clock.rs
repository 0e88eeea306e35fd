//! A clock that was set back while no process ran.

use super::super::*;
use super::help::*;
use crate::runtime::clock;
use crate::service::Submit;
use druse_engine::RunId;

const ASKS: &str = "druse: 1
name: asks
steps:
  - id: ask
    action: approval_gate
    with: { title: Go on? }
";

/// Whether an event came after a run began is told by their ids where the clock does not tell it.
#[test]
fn what_comes_after_a_start_sorts_behind_the_runs_of_a_clock_that_was_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Setup {
        serves: true,
        ..Setup::own()
    };
    let run: RunId = life(async {
        let assembly = Assembly::open(folder.path(), serving.clone())
            .await
            .unwrap();
        let automation = active(&assembly, ASKS).await;
        let ahead = u64::try_from(clock::now().0).unwrap() + 10_000;
        let submit = Submit {
            automation: automation.parse().unwrap(),
            version: None,
            inputs: json!({}),
            cause: json!({ "kind": "manual" }).into(),
            started_by: "user:test".into(),
            trigger: druse_engine::Json::null(),
            scheduled_at: None,
            idempotency: None,
            extra: druse_storage::Batch::new(),
            run: RunId::from_parts(ahead, [7; 10]),
            dry_run: false,
            priority: None,
            judged: true,
        };
        let run = assembly.app.engine.submit(submit).await.unwrap();
        assembly.close().await;
        run.id
    });
    life(async {
        let assembly = Assembly::open(folder.path(), serving).await.unwrap();
        assert!(clock::new_id(RunId::from_parts) > run);
        assembly.close().await;
    });
}
