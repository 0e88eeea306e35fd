//! `on_failure`, `finally`, `undo` and cancels.

use super::shop::Shop;
use super::{call, facts, lines, server, start, with};
use crate::cli::Desk;
use crate::harness::{text, wait};
use serde_json::{Value, json};

fn order() -> Value {
    json!({
        "druse": 1, "name": "order", "undo_on_failure": true,
        "steps": [
            call("reserve", "POST /reserve", json!({ "undo": { "action": "http", "with": with("DELETE", "/reserve") } })),
            call("pay", "POST /pay", json!({
                "needs": ["reserve"],
                "undo": { "action": "http", "with": with("POST", "/refund") },
            })),
            call("ship", "POST /ship", json!({ "needs": ["pay"] })),
        ],
        "on_failure": [call("tell", "POST /tell", json!({ "with": {
            "connection": "shop", "method": "POST", "path": "/tell",
            "json": { "class": "{{ steps.ship.error.class }}", "paid": "{{ steps.pay.output.json.id | default('no') }}" },
        } }))],
        "finally": [call("unlock", "POST /unlock", json!({}))],
    })
}

#[tokio::test]
async fn undoing_and_handlers_go_on_after_the_server_was_killed() {
    let shop = Shop::open().await;
    let mut server = server(&shop).await;
    shop.refuse("POST /ship");
    shop.hold("POST /refund");
    let run = start(&server.admin(), &order()).await;
    shop.asks("POST /refund", 1).await;
    server.crash().await;
    shop.asks("POST /refund", 2).await;
    shop.hold("POST /unlock");
    shop.hold("POST /tell");
    // Only what is held next is held from here on.
    shop.let_go_of("POST /refund");
    shop.asks("POST /tell", 1).await;
    server.crash().await;
    shop.asks("POST /tell", 2).await;
    shop.let_go_of("POST /tell");
    shop.asks("POST /unlock", 1).await;
    let going = server.admin().get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(going["status"], "running");
    server.crash().await;
    shop.asks("POST /unlock", 2).await;
    shop.let_go();
    let run_view = wait::run(&server.admin(), &run, "failed").await;
    assert_eq!(
        shop.lines(),
        [
            "POST /reserve",
            "POST /pay",
            "POST /ship",
            "POST /refund",
            "POST /refund",
            "DELETE /reserve",
            "POST /tell",
            "POST /tell",
            "POST /unlock",
            "POST /unlock",
        ]
    );
    let asked = shop.asked();
    let key = |index: usize| asked[index].key.as_str();
    assert!(!key(3).is_empty() && key(3) != key(1));
    assert_eq!((key(3), key(6), key(8)), (key(4), key(7), key(9)));
    assert_eq!(
        lines(&run_view),
        [
            "reserve succeeded",
            "reserve.undo succeeded",
            "pay succeeded",
            "pay.undo succeeded",
            "ship failed",
            "on_failure.tell succeeded",
            "finally.unlock succeeded",
        ]
    );
    assert_eq!(run_view["steps"][2]["undo"], "succeeded");
    assert_eq!(
        run_view["steps"][5]["input"]["json"],
        json!({ "class": "permanent", "paid": "POST /pay" })
    );
    let begun = facts(
        &server.admin(),
        &run,
        &["work_finished", "handlers_started"],
    )
    .await;
    let begun: Vec<&Value> = begun
        .iter()
        .map(|fact| {
            if fact["list"].is_null() {
                &fact["status"]
            } else {
                &fact["list"]
            }
        })
        .collect();
    assert_eq!(begun, ["failed", "undo", "on_failure", "finally"]);
    // What was undone is done again, and not taken for a repetition.
    let again = server
        .admin()
        .post(&format!("/runs/{run}/retry"), &json!({}))
        .await
        .with(202);
    let again = crate::harness::text(&again["id"]);
    wait::run(&server.admin(), &again, "failed").await;
    let second = shop.asked();
    assert_eq!(second[10].what, "POST /reserve");
    assert_ne!(second[10].key, second[0].key);
    // What did not succeed has its key.
    assert_eq!(
        (second[12].what.as_str(), &second[12].key),
        ("POST /ship", &second[2].key)
    );
    server.stop().await;
    server.verify();
}

#[tokio::test]
async fn a_cancel_runs_finally_and_a_second_one_ends_that_too() {
    let shop = Shop::open().await;
    let mut server = server(&shop).await;
    shop.hold("POST /pay");
    shop.hold("POST /unlock");
    let run = start(&server.admin(), &order()).await;
    shop.asks("POST /pay", 1).await;
    let cancel = format!("/runs/{run}/cancel");
    let answer = server
        .admin()
        .post(&cancel, &json!({ "reason": "wrong" }))
        .await
        .with(202);
    assert_eq!(answer["status"], "running");
    shop.asks("POST /unlock", 1).await;
    server.crash().await;
    shop.asks("POST /unlock", 2).await;
    let read = server.admin().get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(
        lines(&read),
        [
            "reserve succeeded",
            "pay canceled",
            "ship skipped",
            "finally.unlock running"
        ]
    );
    let answer = server.admin().post(&cancel, &json!({})).await.with(202);
    assert_eq!(answer["status"], "canceled");
    let read = wait::run(&server.admin(), &run, "canceled").await;
    assert_eq!(read["error"]["message"], "canceled by user:admin: wrong");
    assert_eq!(lines(&read)[3], "finally.unlock canceled");
    let third = server.admin().post(&cancel, &json!({})).await;
    third.problem(409, "already_over");
    // A cancel undoes nothing and is no failure.
    let lines = shop.lines();
    assert!(
        !lines.contains(&"POST /refund".to_owned()) && !lines.contains(&"POST /tell".to_owned())
    );
}

/// Of an undo that was stopped in its middle nobody knows whether it undid, until a person says so.
#[tokio::test]
async fn a_result_whose_undo_was_stopped_is_kept_when_a_person_says_so() {
    let shop = Shop::open().await;
    let server = server(&shop).await;
    let client = server.admin();
    shop.refuse("GET /last");
    shop.hold("DELETE /pay");
    let undo = json!({ "undo": { "action": "http", "with": with("DELETE", "/pay") } });
    let document = json!({ "druse": 1, "name": "paid", "undo_on_failure": true, "steps": [
        call("pay", "POST /pay", undo),
        call("last", "GET /last", json!({ "needs": ["pay"] })),
    ] });
    let run = start(&client, &document).await;
    shop.asks("DELETE /pay", 1).await;
    for _ in 0..2 {
        let canceled = client
            .post(&format!("/runs/{run}/cancel"), &json!({}))
            .await;
        assert!(canceled.status < 300, "{}", canceled.text);
    }
    let over = wait::until("the end of the run", || async {
        let read = client.get(&format!("/runs/{run}")).await.with(200);
        (!read["finished_at"].is_null()).then_some(read)
    })
    .await;
    assert_eq!(lines(&over)[..2], ["pay succeeded", "pay.undo canceled"]);
    shop.let_go();
    shop.forgive("GET /last");

    let preview = format!("/runs/{run}/retry/preview");
    let said = client.post(&preview, &json!({})).await.with(200);
    assert_eq!(said["keeps"], json!([]));
    assert_eq!(said["runs_again"][0]["step"], "pay");
    assert_eq!(
        said["runs_again"][0]["why"],
        "nobody knows whether it was undone"
    );
    for (step, why) in [
        ("last", "it was not undone"),
        ("lost", "the run has no such step"),
    ] {
        let refused = client
            .post(&preview, &json!({ "keep": ["pay", step] }))
            .await;
        let refused = refused.problem(422, "bad_keep");
        let message = refused["message"].to_string();
        assert!(message.contains(step) && message.contains(why), "{message}");
    }
    let data = server.data().display().to_string();
    let retry = [
        "runs", "retry", &run, "--keep", "pay", "--data", &data, "--output", "json",
    ];
    let again = Desk::new().run(&retry).ok().json();
    let again = text(&again["id"]);
    let again = wait::run(&client, &again, "succeeded").await;
    assert_eq!(again["steps"][0]["kept_from"], run);
    let paid = |line: &&String| *line == "POST /pay";
    assert_eq!(shop.lines().iter().filter(paid).count(), 1);
}
