use super::super::*;
use crate::service::{RunError, RunView};
use druse_engine::RunId;
use druse_engine::event::Status;
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::time::Duration;

use super::help::*;

/// Never comes to an end with an event, and says that it was asked.
struct Stuck(tokio::sync::Notify);

impl crate::runtime::Publish for Stuck {
    fn publish<'a>(&'a self, _: Value, _: Vec<String>) -> BoxFuture<'a, Result<String, RunError>> {
        self.0.notify_one();
        Box::pin(std::future::pending())
    }
}

#[test]
fn an_event_whose_sending_was_cut_short_is_sent_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let automation = life(async {
        let assembly = Assembly::open(data, Setup::own()).await.unwrap();
        let id = active(&assembly, DOCUMENT).await;
        assembly.close().await;
        id
    });
    let run: RunId = life(async {
        let store = Arc::new(Embedded::open(data, embedded::Options::default()).unwrap());
        let secrets = Arc::new(Secrets::new());
        let actions = Arc::new(Actions::new(
            Arc::new(Connections::new(secrets.clone())),
            secrets.clone(),
            ShellPolicy::any(),
            Limits::default(),
        ));
        let stuck = Arc::new(Stuck(tokio::sync::Notify::new()));
        let publisher: Arc<dyn crate::runtime::Publish> = stuck.clone();
        let engine = Engine::new(store, actions);
        engine.set_publisher(Arc::downgrade(&publisher));
        let run = engine
            .submit(crate::service::Submit {
                automation: automation.parse().unwrap(),
                version: None,
                inputs: json!({}),
                cause: json!({ "kind": "manual" }).into(),
                started_by: "user:test".into(),
                trigger: druse_engine::Json::null(),
                scheduled_at: None,
                idempotency: None,
                extra: druse_storage::Batch::new(),
                run: crate::runtime::clock::new_id(RunId::from_parts),
                dry_run: false,
                priority: None,
                judged: true,
            })
            .await
            .unwrap();
        stuck.0.notified().await;
        run.id
    });
    let serving = Setup {
        serves: true,
        ..Setup::own()
    };
    let ended: RunView = life(async {
        let assembly = Assembly::open(data, serving).await.unwrap();
        let engine = assembly.app.engine.clone();
        let ended = engine.wait(run, Duration::from_secs(60)).await.unwrap();
        assembly.close().await;
        ended
    });
    assert_eq!(ended.status, Status::Succeeded, "{:?}", ended.error);
    let steps = ended.steps.unwrap();
    assert_eq!(steps[0].attempts.len(), 2, "one was cut short, one was not");
}
