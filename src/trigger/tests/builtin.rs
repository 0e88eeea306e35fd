use super::{World, gated, quick};
use serde_json::json;

#[test]
fn what_happens_inside_starts_runs_and_a_loop_comes_to_an_end() {
    let world = World::at("2027-03-01T00:00:00Z");
    let automation = world.life(async |life| {
        life.active(&json!({
            "druse": 1, "name": "watcher", "inputs": { "type": { "type": "string" }, "about": { "type": "string" } },
            "triggers": [{ "id": "all", "event": { "type": "*", "subject": "gated" },
                "inputs": { "type": "{{ trigger.type }}", "about": "{{ trigger.data.automation }}" } }],
            "steps": [{ "id": "note", "action": "transform", "with": { "value": "{{ inputs.type }}" } }],
        }))
        .await;
        let looping = quick("looping", json!([{ "id": "self", "event": { "type": "run.succeeded", "subject": "looping" } }]));
        let looping = life.active(&looping).await;
        let id = life.active(&gated("gated", json!([]))).await;
        let run = life.post(&format!("/automations/{id}/runs"), &json!({})).await;
        let gate = life.get("/approvals").await["items"][0].clone();
        let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
        life.post(&path, &json!({ "decision": "approve", "digest": gate["digest"] })).await;
        life.ended(&run["id"]).await;
        life.post(&format!("/automations/{looping}/runs"), &json!({})).await;
        looping
    });
    world.life(async |life| {
        life.until("the end of the loop", async || {
            life.triggers.tick().await;
            let trigger = life.triggers_of(&automation).await.remove(0);
            let firings = life.firings(&trigger).await;
            firings
                .iter()
                .any(|firing| firing["status"] == "skipped")
                .then_some(())
        })
        .await;
        let trigger = life.triggers_of(&automation).await.remove(0);
        let firings = life.firings(&trigger).await;
        assert_eq!(
            firings.len(),
            17,
            "16 runs follow the first, and one event starts none"
        );
        assert!(firings[16]["reason"].as_str().unwrap().contains("loop"));
        let watcher = life.get("/automations?name=watcher").await;
        let watcher = watcher["items"][0]["id"].as_str().unwrap();
        let runs = life.get(&format!("/runs?automation_id={watcher}")).await;
        let mut types: Vec<String> = Vec::new();
        for run in runs["items"].as_array().unwrap() {
            let inputs = &life.ended(&run["id"]).await["inputs"];
            assert_eq!(inputs["about"], "gated");
            types.push(inputs["type"].as_str().unwrap().to_owned());
        }
        types.sort_unstable();
        assert_eq!(
            types,
            [
                "approval.decided",
                "approval.requested",
                "automation.created",
                "run.started",
                "run.succeeded",
                "version.activated"
            ]
        );
    });
}

#[test]
fn nobody_else_says_what_happens_inside() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let event = json!({ "specversion": "1.0", "id": "1", "source": "/runs/x", "type": "run.succeeded" });
        for body in [event.clone(), json!([event])] {
            let (status, problem) = life.call("POST", "/events", &body).await;
            assert_eq!(status, 422);
            assert_eq!(problem["code"], "reserved_event_type");
        }
        let id = life
            .active(&json!({
                "druse": 1, "name": "liar",
                "steps": [{ "id": "lie", "action": "emit", "with": { "type": "run.failed", "data": {} } }],
            }))
            .await;
        let run = life.post(&format!("/automations/{id}/runs"), &json!({})).await;
        let run = life.ended(&run["id"]).await;
        assert_eq!(run["status"], "failed");
        let message = run["error"]["message"].as_str().unwrap();
        assert!(message.contains("told by Druse alone"), "{message}");
    });
}

#[test]
fn a_late_schedule_is_told_as_an_event() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let schedule = json!({ "every": "1h" });
        life.active(&quick(
            "hourly",
            json!([{ "id": "hours", "schedule": schedule }]),
        ))
        .await;
        let document = quick(
            "alarm",
            json!([{ "id": "late", "event": { "type": "schedule.*" } }]),
        );
        let alarm = life.active(&document).await;
        life.tick_at("2027-03-01T03:05:00Z").await;
        let trigger = life.triggers_of(&alarm).await.remove(0);
        let runs = life.get(&format!("/runs?automation_id={alarm}")).await;
        let mut causes: Vec<&str> = runs["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["cause"]["type"].as_str().unwrap())
            .collect();
        causes.sort_unstable();
        assert_eq!(causes, ["schedule.late", "schedule.missed"]);
        assert_eq!(life.firings(&trigger).await.len(), 2);
    });
}
