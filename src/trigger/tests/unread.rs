//! What cannot be read for a moment is neither lost nor done twice.

use super::{Life, World, engine_over, gated, quick, store_in};
use crate::runtime::clock;
use crate::service::RunError;
use druse_engine::{RunId, Timestamp};
use druse_storage::{IdempotencyKey, Scan, Store, StoreExt as _, Table};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn world() -> World {
    World::at(&clock::now().to_string())
}

fn one_step(name: &str, step: Value) -> Value {
    json!({ "druse": 1, "name": name, "steps": [step] })
}

impl Life {
    async fn start_of(&self, automation: &str) -> RunId {
        let path = format!("/automations/{automation}/runs");
        let run = self.post(&path, &json!({})).await;
        run["id"].as_str().unwrap().parse().unwrap()
    }

    async fn asleep(&self, count: usize) {
        self.until("the sleep of runs", async || {
            (self.app.engine.sleeping() == count).then_some(())
        })
        .await;
    }

    /// A run that is seen to sleep. A busy machine may see one only when its time is over: then the next one has longer.
    async fn sleeper(&self, name: &str, step: impl Fn(&str) -> Value) -> RunId {
        for time in ["3s", "20s", "50s"] {
            let id = self
                .active(&one_step(&format!("{name}_{time}"), step(time)))
                .await;
            let run = self.start_of(&id).await;
            let path = format!("/runs/{run}");
            let sleeps = self.until("a run that sleeps or has ended", async || {
                if self.app.engine.sleeping() == 1 {
                    return Some(true);
                }
                let ended = &self.get(&path).await["ended_at"];
                (!ended.is_null()).then_some(false)
            });
            if sleeps.await {
                return run;
            }
        }
        panic!("no run was seen to sleep");
    }

    /// Waits until a read has failed that was not made by then.
    async fn refused_since(&self, before: u64) {
        self.until("a read that fails", async || {
            (self.reads.refused() > before).then_some(())
        })
        .await;
    }

    /// The runs of an automation.
    async fn runs_of(&self, automation: &str) -> Vec<Value> {
        let path = format!("/runs?automation_id={automation}");
        self.get(&path).await["items"].as_array().unwrap().clone()
    }

    /// The run that the first step of another has started.
    async fn child_of(&self, parent: RunId) -> RunId {
        self.until("a child", async || {
            let run = self.get(&format!("/runs/{parent}")).await;
            run["steps"][0]["child"].as_str()?.parse().ok()
        })
        .await
    }

    async fn sweep_after(&self, days: i64) {
        let app = self.app.clone();
        let now = Timestamp(clock::now().0 + days * 24 * 3_600_000);
        let swept = tokio::task::spawn_blocking(move || app.sweep_at(false, now));
        swept.await.unwrap().unwrap();
    }

    fn claims(&self) -> usize {
        let all = Scan {
            limit: 10,
            ..Scan::default()
        };
        self.app.store.scan::<IdempotencyKey>(&all).unwrap().len()
    }
}

fn shown(run: RunId) -> Value {
    run.to_string().into()
}

#[test]
fn an_event_reaches_a_run_that_could_not_be_read_when_it_came() {
    world().life(async |life| {
        let event = json!({ "type": "order.paid", "when": "event.subject == inputs.order" });
        let with = json!({ "event": event, "timeout": "4s" });
        let step = json!({ "id": "paid", "action": "wait", "with": with });
        let mut document = one_step("orders", step);
        document["inputs"] = json!({ "order": { "type": "string", "default": "x" } });
        document["outputs"] = json!({ "event": "{{ steps.paid.output.event }}" });
        let id = life.active(&document).await;
        let run = life.start_of(&id).await;
        life.asleep(1).await;
        life.reads.set_unread(run, true);
        let before = life.reads.refused();
        let event = json!({
            "specversion": "1.0", "id": "a", "source": "/shop", "type": "order.paid", "subject": "x",
        });
        life.post("/events", &event).await;
        life.refused_since(before).await;
        // Its time is over, and it still has not been told what came before.
        let over = Timestamp(clock::now().0 + 5_000);
        life.until("the end of its time", async || {
            (clock::now() > over).then_some(())
        })
        .await;
        life.reads.set_unread(run, false);
        let ended = life.ended(&shown(run)).await;
        assert_eq!(ended["status"], "succeeded", "{ended:#}");
        assert_eq!(ended["outputs"]["event"]["id"], "a", "{ended:#}");
    });
}

#[test]
fn a_time_that_came_while_its_run_could_not_be_read_comes_again() {
    let event = json!({ "type": "order.paid", "when": "event.subject == 'x'" });
    world().life(async |life| {
        for status in ["succeeded", "failed"] {
            let step = |time: &str| {
                let with = match status {
                    "succeeded" => json!({ "for": time }),
                    _ => json!({ "event": event, "timeout": time }),
                };
                json!({ "id": "pause", "action": "wait", "with": with })
            };
            let run = life.sleeper(status, step).await;
            let before = life.reads.refused();
            life.reads.set_unread(run, true);
            life.refused_since(before).await;
            life.reads.set_unread(run, false);
            let ended = life.ended(&shown(run)).await;
            assert_eq!(ended["status"], status, "{ended:#}");
        }
    });
}

/// Calls another automation and waits for it.
fn calls(name: &str, called: &str) -> Value {
    one_step(
        name,
        json!({ "id": "call", "action": "automation", "with": { "name": called } }),
    )
}

#[test]
fn a_parent_waits_on_for_a_child_that_cannot_be_read() {
    let world = world();
    let (parent, child, automation) = world.life(async |life| {
        let automation = life.active(&gated("asks", json!([]))).await;
        let id = life.active(&calls("calls", "asks")).await;
        let parent = life.start_of(&id).await;
        (parent, life.child_of(parent).await, automation)
    });
    world.life_without(Table::IdempotencyKey, async |life| {
        life.refused_since(0).await;
        life.asleep(1).await;
        life.reads.set_unread(child, true);
        life.reads.set_table_unread(Table::IdempotencyKey, false);
        // From now on only reads of the child fail; one may have been under way.
        let before = life.reads.refused() + 1;
        life.refused_since(before).await;
        life.reads.set_unread(child, false);
        let gate = life.get("/approvals").await["items"][0].clone();
        let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
        let answer = json!({ "decision": "approve", "digest": gate["digest"] });
        life.post(&path, &answer).await;
        let ended = life.ended(&shown(parent)).await;
        assert_eq!(ended["status"], "succeeded", "{ended:#}");
        assert_eq!(ended["steps"][0]["child"], shown(child));
        assert_eq!(life.runs_of(&automation).await.len(), 1);
    });
}

#[test]
fn a_cancel_reaches_a_child_of_which_it_is_not_known_yet() {
    let world = world();
    let (parent, child) = world.life(async |life| {
        life.active(&gated("asks", json!([]))).await;
        let id = life.active(&calls("calls", "asks")).await;
        let parent = life.start_of(&id).await;
        (parent, life.child_of(parent).await)
    });
    world.life_without(Table::IdempotencyKey, async |life| {
        life.refused_since(0).await;
        life.post(&format!("/runs/{parent}/cancel"), &json!({}))
            .await;
        // The cancel has come to the attempt, which cannot know yet what it is to cancel.
        let before = life.reads.refused();
        life.refused_since(before).await;
        life.reads.set_table_unread(Table::IdempotencyKey, false);
        assert_eq!(life.ended(&shown(parent)).await["status"], "canceled");
        assert_eq!(life.ended(&shown(child)).await["status"], "canceled");
    });
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_read_at_the_start_is_tried_again_and_never_fenced_off() {
    let world = world();
    let folder = world.folder.path().to_owned();
    let living = tokio::task::spawn_blocking(move || {
        world.life(async |life| {
            let id = life.active(&gated("asks", json!([]))).await;
            life.start_of(&id).await
        });
        world
    });
    let _world = living.await.unwrap();
    let reads = store_in(&folder);
    let store: Arc<dyn Store> = Arc::new(reads.clone());
    let run = store.live_runs().unwrap()[0];
    reads.set_unread(run, true);
    for held in [false, true] {
        let engine = engine_over(&store).2;
        let failed = match held {
            true => engine.hold().await,
            false => engine.recover().await,
        };
        assert!(failed.unwrap_err().is_transient());
    }
    let tried = reads.refused();
    assert!(tried > 2, "{tried}");
    let engine = engine_over(&store).2;
    let readable = async {
        while reads.refused() == tried {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        reads.set_unread(run, false);
    };
    let (recovered, ()) = tokio::join!(engine.recover(), readable);
    let recovered = recovered.unwrap();
    assert_eq!((recovered.resumed, recovered.fenced), (1, 0));
}

/// However many cannot be read, the start waits for them as long as for one.
#[tokio::test(start_paused = true)]
async fn runs_that_a_disk_does_not_give_are_tried_together_and_fenced_off() {
    const MANY: usize = 7;
    let world = world();
    let folder = world.folder.path().to_owned();
    let living = tokio::task::spawn_blocking(move || {
        world.life(async |life| {
            let id = life.active(&gated("asks", json!([]))).await;
            for _ in 0..=MANY {
                life.start_of(&id).await;
            }
        });
        world
    });
    let _world = living.await.unwrap();
    let reads = store_in(&folder);
    reads.set_of_disk(true);
    let store: Arc<dyn Store> = Arc::new(reads.clone());
    let runs = store.live_runs().unwrap();
    for run in &runs[1..] {
        reads.set_unread(*run, true);
    }
    let engine = engine_over(&store).2;
    let began = tokio::time::Instant::now();
    let recovered = engine.recover().await.unwrap();
    assert_eq!((recovered.resumed, recovered.fenced), (1, MANY));
    assert_eq!(reads.refused(), 5 * MANY as u64);
    // Of a clock that goes on only while everybody sleeps.
    assert!(began.elapsed() < Duration::from_secs(5));
    // They have not ended: nothing begins in their place, and nobody is told that they have.
    reads.set_unread(runs[1], false);
    let retry = engine.retry_preview(runs[1], None, None, None, &[]);
    assert!(matches!(retry, Err(RunError::FencedOff)), "{retry:?}");
}

#[test]
fn a_run_that_is_fenced_off_is_waited_for_by_whoever_started_it() {
    let world = world();
    let (parent, child) = world.life(async |life| {
        life.active(&gated("asks", json!([]))).await;
        let id = life.active(&calls("calls", "asks")).await;
        let parent = life.start_of(&id).await;
        let child = life.child_of(parent).await;
        let engine = life.app.engine.clone();
        engine.make_faulty(child);
        let cancel = format!("/runs/{child}/cancel");
        let (status, refused) = life.call("POST", &cancel, &json!({})).await;
        assert!(!status.is_success(), "{refused}");
        let path = format!("/runs/{parent}");
        let shown = life
            .until("a step in question", async || {
                let run = life.get(&path).await;
                (run["steps"][0]["status"] == "uncertain").then_some(run)
            })
            .await;
        assert_eq!(shown["status"], "running", "{shown:#}");
        assert_eq!(engine.uncertain(), [parent]);
        // Whoever waits for it has to be let wait, not answered at once again and again.
        let long = Duration::from_secs(3_600);
        let mut waiting = Box::pin(engine.wait(child, long));
        assert!(waiting.as_mut().now_or_never().is_none());
        let mut until_over = Box::pin(engine.until_over(child));
        assert!(until_over.as_mut().now_or_never().is_none());
        engine.close();
        assert!(!waiting.await.unwrap().is_over());
        until_over.await;
        (parent, child)
    });
    // The next process takes both up.
    world.life(async |life| {
        assert_eq!(life.child_of(parent).await, child);
        let gate = life.get("/approvals").await["items"][0].clone();
        let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
        let answer = json!({ "decision": "approve", "digest": gate["digest"] });
        life.post(&path, &answer).await;
        let ended = life.ended(&shown(parent)).await;
        assert_eq!(ended["status"], "succeeded", "{ended:#}");
    });
}

/// Whatever ends the wait, its time too: the run that it was for does nothing more.
#[test]
fn a_run_that_was_waited_for_too_long_ends_with_the_next_start() {
    let world = world();
    let child = world.life(async |life| {
        life.active(&gated("asks", json!([]))).await;
        let mut document = calls("calls", "asks");
        document["steps"][0]["timeout"] = "2s".into();
        let id = life.active(&document).await;
        let parent = life.start_of(&id).await;
        let child = life.child_of(parent).await;
        life.app.engine.make_faulty(child);
        let cancel = format!("/runs/{child}/cancel");
        life.call("POST", &cancel, &json!({})).await;
        let ended = life.ended(&shown(parent)).await;
        assert_eq!(ended["steps"][0]["error"]["class"], "timeout", "{ended:#}");
        child
    });
    world.life(async |life| {
        let ended = life.ended(&shown(child)).await;
        assert_eq!(ended["status"], "canceled", "{ended:#}");
    });
}

#[test]
fn what_cannot_be_read_is_not_let_go() {
    world().life(async |life| {
        life.active(&quick("quick", json!([]))).await;
        let mut document = calls("calls", "quick");
        let gate = json!({ "id": "gate", "needs": ["call"], "action": "approval_gate", "with": { "title": "Go on?" } });
        document["steps"].as_array_mut().unwrap().push(gate);
        let id = life.active(&document).await;
        let parent = life.start_of(&id).await;
        let child = life.child_of(parent).await;
        life.ended(&shown(child)).await;
        life.until("the gate", async || {
            let parent = life.get(&format!("/runs/{parent}")).await;
            (parent["status"] == "waiting").then_some(())
        })
        .await;
        let (status, answer) = life
            .call("PUT", "/settings/retention", &json!({ "max_age": "1h" }))
            .await;
        assert!(status.is_success(), "{answer}");
        let is_there = async || {
            let (status, _) = life.call("GET", &format!("/runs/{child}"), &Value::Null).await;
            status.is_success()
        };
        for unread in [parent, child] {
            life.reads.set_unread(unread, true);
            life.sweep_after(9).await;
            life.reads.set_unread(unread, false);
            assert!(is_there().await, "{unread}");
            assert_eq!(life.claims(), 1, "{unread}");
        }
        // Once it is known that nobody needs them, they go.
        life.post(&format!("/runs/{parent}/cancel"), &json!({})).await;
        life.ended(&shown(parent)).await;
        life.sweep_after(9).await;
        assert!(!is_there().await);
        assert_eq!(life.claims(), 0);
    });
}
