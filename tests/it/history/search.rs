//! Runs are found by what they were given, by their labels, by how and when they began.

use super::{active, quiet, ran};
use crate::cli::Desk;
use crate::harness::{Server, text, wait};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_found_by_input_label_cause_and_time() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let id = active(&admin, &quiet("searched")).await;
    let mut ids = Vec::new();
    for n in 0..12 {
        let region = if n % 3 == 0 { "EU" } else { "US" };
        let mut body = json!({ "inputs": { "n": n, "region": region } });
        if n % 6 == 0 {
            body["labels"] = json!({ "ticket": "OPS-12", "team": "night shift" });
        }
        ids.push(ran(&admin, &id, &body).await);
        if n == 5 {
            // The next one begins at another time than this one, as far as times are told.
            let path = format!("/runs/{}", ids[n]);
            let this: jiff::Timestamp = text(&admin.get(&path).await.with(200)["created_at"])
                .parse()
                .unwrap();
            wait::until("the next millisecond", || {
                let now = jiff::Timestamp::now().as_millisecond();
                std::future::ready((now > this.as_millisecond()).then_some(()))
            })
            .await;
        }
    }
    let middle = admin.get(&format!("/runs/{}", ids[6])).await.with(200);
    assert_eq!(
        middle["labels"],
        json!({ "team": "night shift", "ticket": "OPS-12" })
    );
    let middle = text(&middle["created_at"]);
    let retried = admin
        .post(&format!("/runs/{}/retry?wait=30s", ids[0]), &json!({}))
        .await;
    assert!([200, 202].contains(&retried.status), "{}", retried.text);

    for crashed in [false, true] {
        if crashed {
            server.crash().await;
        }
        let admin = server.admin();
        let count = async |query: &str| admin.all(&format!("/runs?{query}")).await.len();
        assert_eq!(count("input.region=EU").await, 5);
        assert_eq!(count("input.region=EU&input.n=3").await, 1);
        assert_eq!(count("input.region=US&input.n=3").await, 0);
        // The retry has the labels of the run that it repeats.
        assert_eq!(count("label.ticket=OPS-12").await, 3);
        assert_eq!(count("label.ticket=OPS-12&cause=retry").await, 1);
        assert_eq!(count("label.team=night%20shift&input.n=6").await, 1);
        assert_eq!(count("label.ticket=OPS-13").await, 0);
        assert_eq!(count("cause=manual&input.region=EU").await, 4);
        assert_eq!(count(&format!("since={middle}&cause=manual")).await, 6);
        assert_eq!(
            count(&format!(
                "until={middle}&automation_id=searched&status=succeeded"
            ))
            .await,
            6
        );
    }
    let admin = server.admin();
    let refused = admin.get("/runs?cause=nonsense").await.with(400);
    assert_eq!(refused["code"], "bad_query");
    assert!(text(&refused["help"]).contains("webhook"), "{refused}");
    let long = json!({ "labels": { "x": "y".repeat(300) } });
    let refused = admin
        .post(&format!("/automations/{id}/runs"), &long)
        .await
        .with(422);
    assert_eq!(refused["code"], "bad_labels");

    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    let started = desk
        .run(&[
            "runs",
            "start",
            "searched",
            "-i",
            "n=99",
            "--label",
            "ticket=OPS-99",
            "--wait",
            "30s",
            "--data",
            &data,
        ])
        .ok();
    assert!(started.out.contains("succeeded"), "{}", started.out);
    let listed = |words: &[&str]| {
        let mut all = vec!["runs", "list", "--data", &data, "--output", "json"];
        all.extend(words);
        let listed = desk.run(&all).ok().json();
        listed.as_array().unwrap().len()
    };
    assert_eq!(listed(&["--label", "ticket=OPS-99", "--input", "n=99"]), 1);
    assert_eq!(listed(&["--input", "n=99", "--cause", "schedule"]), 0);
    desk.run(&["runs", "list", "--data", &data, "--input", "n"])
        .refused(2, &["NAME=VALUE"]);
    desk.run(&["runs", "list", "--data", &data, "--cause", "x"])
        .refused(65, &["how a run begins"]);
}
