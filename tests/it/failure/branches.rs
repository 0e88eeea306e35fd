//! Branches, joins and loops over calls that come back when they come back, and how the command line tells of them.

use super::shop::Shop;
use super::{call, lines, server, start, with};
use crate::cli::Desk;
use crate::harness::{Client, text, wait};
use serde_json::{Value, json};

/// The steps of a run, once they stand like this.
async fn stand(client: &Client, run: &str, wanted: &[&str]) -> Value {
    let path = format!("/runs/{run}");
    wait::until(&format!("{wanted:?}"), || async {
        let read = client.get(&path).await.with(200);
        (lines(&read) == wanted).then_some(read)
    })
    .await
}

fn joined(join: &str) -> Value {
    json!({ "id": join, "action": "transform", "needs": ["one", "two"], "join": join, "with": { "value": join } })
}

/// A join is decided once its needs have ended, and before that only when nothing can change it any more.
#[tokio::test]
async fn joins_are_decided_by_how_their_needs_end() {
    let shop = Shop::open().await;
    let server = server(&shop).await;
    let client = server.admin();
    shop.refuse("GET /one");
    shop.hold("GET /one");
    shop.hold("GET /two");
    let goes_on = json!({ "on_error": "continue" });
    let document = json!({ "druse": 1, "name": "joins", "steps": [
        call("one", "GET /one", goes_on.clone()),
        call("two", "GET /two", goes_on),
        joined("all_succeeded"), joined("none_failed"), joined("all_done"),
        joined("any_succeeded"), joined("any_failed"),
    ] });
    let run = start(&client, &document).await;
    shop.asks("GET /one", 1).await;
    shop.asks("GET /two", 1).await;
    shop.let_go_of("GET /one");
    // `two` is still away, and these depend on what it comes to.
    let early = wait::until("the end of step one", || async {
        let read = client.get(&format!("/runs/{run}")).await.with(200);
        (read["steps"][0]["status"] == "failed").then_some(read)
    })
    .await;
    assert_eq!(early["steps"][1]["status"], "running");
    for open in ["all_done", "any_succeeded"] {
        assert!(
            lines(&early).contains(&format!("{open} queued")),
            "{:?}",
            lines(&early)
        );
    }
    shop.let_go_of("GET /two");
    let done = wait::run(&client, &run, "succeeded").await;
    let ended = [
        "one failed",
        "two succeeded",
        "all_succeeded skipped",
        "none_failed skipped",
        "all_done succeeded",
        "any_succeeded succeeded",
        "any_failed succeeded",
    ];
    assert_eq!(lines(&done), ended);
    assert_eq!(
        done["steps"][2]["skipped"],
        json!({ "kind": "need", "step": "one", "status": "failed" })
    );
    let data = server.data().to_str().unwrap();
    let shown = Desk::new().run(&["runs", "show", &run, "--data", data]);
    let shown = shown.ok().out;
    for said in [
        "  ✕ failed     one (http)",
        "  – skipped    all_succeeded (transform)  one is failed\n",
        "  ✓ succeeded  any_failed (transform)\n",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
}

/// Items go at once as far as they may, their results stand in order, and a retry on the command line takes those
/// that failed.
#[tokio::test]
async fn a_loop_keeps_to_its_limits_and_a_retry_takes_what_failed() {
    let shop = Shop::open().await;
    let server = server(&shop).await;
    let client = server.admin();
    let what = |item: u32| format!("POST /pay/{item}");
    for item in 1..=5 {
        shop.hold(&what(item));
    }
    shop.refuse(&what(2));
    let document = json!({ "druse": 1, "name": "pays", "steps": [
        { "id": "each",
          "for_each": { "items": [1, 2, 3, 4, 5], "max_parallel": 2, "on_item_error": "continue", "output": "{{ steps.pay.output.json.id }}" },
          "steps": [{ "id": "pay", "action": "http", "with": with("POST", "/pay/{{ item }}") }] },
    ], "outputs": { "paid": "{{ steps.each.output }}" } });
    let run = start(&client, &document).await;
    shop.asks(&what(1), 1).await;
    shop.asks(&what(2), 1).await;
    stand(
        &client,
        &run,
        &["each running", "each[0].pay running", "each[1].pay running"],
    )
    .await;
    assert_eq!(shop.lines().len(), 2, "{:?}", shop.lines());
    // The second one ends first: the third begins beside the first.
    shop.let_go_of(&what(2));
    shop.asks(&what(3), 1).await;
    stand(
        &client,
        &run,
        &[
            "each running",
            "each[0].pay running",
            "each[1].pay failed",
            "each[2].pay running",
        ],
    )
    .await;
    shop.let_go();
    let done = wait::run(&client, &run, "succeeded").await;
    let paid = |second: Value| {
        let id = |item: u32| Value::from(what(item));
        json!({ "paid": [id(1), second, id(3), id(4), id(5)] })
    };
    assert_eq!(done["outputs"], paid(Value::Null));
    let asked = shop.lines().len();
    assert_eq!(asked, 5);

    shop.forgive(&what(2));
    let data = server.data().to_str().unwrap();
    let retry = [
        "runs", "retry", &run, "--from", "each", "--reason", "mended", "--data", data, "--output",
        "json",
    ];
    let again = Desk::new().run(&retry).ok().json();
    let again = wait::run(&client, &text(&again["id"]), "succeeded").await;
    assert_eq!(again["outputs"], paid(what(2).into()));
    assert_eq!(shop.lines()[asked..], [what(2)]);
    assert_eq!(again["cause"]["reason"], "mended");
}

/// A loop that looks again until it finds what it looks for, and one that never does.
#[tokio::test]
async fn a_repeat_ends_with_what_it_waits_for_or_at_its_limit() {
    let shop = Shop::open().await;
    let server = server(&shop).await;
    let client = server.admin();
    let looks = |until: &str| {
        json!({ "druse": 1, "name": "looks", "steps": [
            { "id": "ready", "repeat": { "until": until, "every": "5ms", "max": 4 },
              "steps": [call("look", "GET /job", json!({}))] },
        ] })
    };
    let run = start(&client, &looks("loop.index == 2")).await;
    let done = wait::run(&client, &run, "succeeded").await;
    assert_eq!(done["steps"][0]["passes"]["begun"], 3, "{done:#}");
    assert_eq!(shop.lines(), ["GET /job"; 3]);
    let mut never = looks("loop.index > 9");
    never["name"] = "never".into();
    let run = start(&client, &never).await;
    let failed = wait::run(&client, &run, "failed").await;
    assert_eq!(failed["steps"][0]["passes"]["begun"], 4, "{failed:#}");
    assert_eq!(shop.lines().len(), 3 + 4);
}
