use super::{World, gated, quick, shown};
use serde_json::{Value, json};

fn path(trigger: &Value) -> String {
    format!("/triggers/{}/backfills", trigger["id"].as_str().unwrap())
}

async fn ask(life: &super::Life, trigger: &Value, body: &Value) -> Value {
    let id = trigger["id"].as_str().unwrap();
    life.post(&format!("/triggers/{id}/backfill"), body).await
}

async fn finished(life: &super::Life, trigger: &Value, backfill: &Value) -> Value {
    let path = format!("{}/{}", path(trigger), backfill["id"].as_str().unwrap());
    life.until("the end of a backfill", async || {
        let now = life.get(&path).await;
        (now["status"] != "running").then_some(now)
    })
    .await
}

#[test]
fn only_what_is_missing_is_made_up_for_and_labelled() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let schedule = json!({ "every": "1h", "catch_up": "none" });
        let id = life
            .active(&quick(
                "hourly",
                json!([{ "id": "hours", "schedule": schedule }]),
            ))
            .await;
        for hour in ["01:00:00", "02:00:00", "05:30:00"] {
            life.tick_at(&format!("2027-03-01T{hour}Z")).await;
        }
        let trigger = life.triggers_of(&id).await.remove(0);
        let body = json!({
            "from": "2027-02-28T23:00:00Z", "to": "2027-03-01T05:00:00Z", "label": "after the move",
        });
        let asked = ask(&life, &trigger, &body).await;
        assert_eq!(
            (&asked["total"], &asked["status"]),
            (&json!(7), &json!("running"))
        );
        let done = finished(&life, &trigger, &asked).await;
        assert_eq!(done["status"], "done", "{done}");
        assert_eq!(
            (&done["started"], &done["present"], &done["done"]),
            (&json!(5), &json!(2), &json!(7))
        );
        let firings = life.firings(&trigger).await;
        let made_up: Vec<Value> = firings
            .into_iter()
            .filter(|firing| firing["backfill_id"] == asked["id"])
            .collect();
        assert_eq!(
            shown(&made_up),
            [
                "accepted 2027-02-28T23:00:00.000Z",
                "accepted 2027-03-01T00:00:00.000Z",
                "accepted 2027-03-01T03:00:00.000Z",
                "accepted 2027-03-01T04:00:00.000Z",
                "accepted 2027-03-01T05:00:00.000Z"
            ]
        );
        let run = life.ended(&made_up[0]["run_id"]).await;
        assert_eq!(run["cause"]["label"], "after the move");
        assert_eq!(run["outputs"]["at"], "2027-02-28T23:00:00.000Z");
        // Asked for all: each time again, beside what there is.
        let mut body = body;
        body["only_missing"] = false.into();
        let asked = ask(&life, &trigger, &body).await;
        let done = finished(&life, &trigger, &asked).await;
        assert_eq!((&done["started"], &done["present"]), (&json!(7), &json!(0)));
    });
}

#[test]
fn a_backfill_keeps_to_its_bound_goes_on_after_a_restart_and_can_be_stopped() {
    let world = World::at("2027-03-01T12:00:00Z");
    let (automation, backfill) = world.life(async |life| {
        let schedule = json!({ "every": "1h" });
        let id = life
            .active(&gated(
                "slow",
                json!([{ "id": "hours", "schedule": schedule }]),
            ))
            .await;
        let trigger = life.triggers_of(&id).await.remove(0);
        let body =
            json!({ "from": "2027-03-01T01:00:00Z", "to": "2027-03-01T10:00:00Z", "parallel": 3 });
        let asked = ask(&life, &trigger, &body).await;
        life.until("three runs", async || {
            let runs = life.get("/runs").await;
            (runs["items"].as_array().unwrap().len() == 3).then_some(())
        })
        .await;
        (id, asked)
    });
    world.life(async |life| {
        let trigger = life.triggers_of(&automation).await.remove(0);
        let runs = life.get("/runs").await;
        let runs = runs["items"].as_array().unwrap().clone();
        assert_eq!(runs.len(), 3, "a restart starts no more than the bound");
        let oldest = runs[2]["id"].as_str().unwrap();
        life.post(&format!("/runs/{oldest}/cancel"), &json!({}))
            .await;
        life.until("a fourth run", async || {
            let runs = life.get("/runs").await;
            (runs["items"].as_array().unwrap().len() == 4).then_some(())
        })
        .await;
        let cancel = format!(
            "{}/{}/cancel",
            path(&trigger),
            backfill["id"].as_str().unwrap()
        );
        let stopped = life
            .post(&cancel, &json!({ "reason": "enough", "runs": true }))
            .await;
        assert_eq!(
            (&stopped["status"], &stopped["reason"], &stopped["started"]),
            (&json!("canceled"), &json!("enough"), &json!(4))
        );
        let runs = life.get("/runs").await;
        for run in runs["items"].as_array().unwrap() {
            assert_eq!(life.ended(&run["id"]).await["status"], "canceled");
        }
        let (status, problem) = life.call("POST", &cancel, &json!({})).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (409, &json!("already_over"))
        );
        let listed = life.get(&path(&trigger)).await;
        assert_eq!(listed["items"][0]["id"], backfill["id"]);
    });
    world.life(async |life| {
        let runs = life.get("/runs").await;
        assert_eq!(
            runs["items"].as_array().unwrap().len(),
            4,
            "what was stopped stays so"
        );
    });
}

#[test]
fn what_cannot_be_made_up_for_is_refused() {
    let world = World::at("2027-03-01T12:00:00Z");
    world.life(async |life| {
        let triggers = json!([
            { "id": "a_seconds", "schedule": { "every": "1s" } },
            { "id": "b_event", "event": { "type": "x" } },
        ]);
        let id = life.active(&quick("odd", triggers)).await;
        let triggers = life.triggers_of(&id).await;
        let range = |from: &str, to: &str| json!({ "from": from, "to": to });
        let day = range("2027-03-01T00:00:00Z", "2027-03-01T12:00:00Z");
        let mut parallel = day.clone();
        parallel["parallel"] = 0.into();
        for (trigger, body, code) in [
            (
                0,
                range("2027-01-01T00:00:00Z", "2027-03-01T00:00:00Z"),
                "too_many_times",
            ),
            (
                0,
                range("2027-03-01T00:00:00Z", "2027-02-01T00:00:00Z"),
                "bad_range",
            ),
            (0, parallel, "bad_parallel"),
            (1, day, "no_schedule"),
        ] {
            let path = format!(
                "/triggers/{}/backfill",
                triggers[trigger]["id"].as_str().unwrap()
            );
            let (status, problem) = life.call("POST", &path, &body).await;
            assert_eq!(
                (status.as_u16(), problem["code"].as_str()),
                (422, Some(code))
            );
        }
    });
}
