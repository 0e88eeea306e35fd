//! A server that is told to end lets what is under way come to its end.

use super::shop::Shop;
use super::{call, lines, server, start};
use crate::harness::{Server, wait};
use serde_json::{Value, json};

fn order() -> Value {
    json!({ "druse": 1, "name": "order", "steps": [
        call("pay", "POST /pay", json!({ "delivery": "at_most_once" })),
        call("ship", "POST /ship", json!({ "needs": ["pay"] })),
    ] })
}

/// A server that was told to end in the middle of a payment, and has heard it.
async fn ending(shop: &Shop) -> (Server, String) {
    let server = server(shop).await;
    shop.hold("POST /pay");
    let run = start(&server.admin(), &order()).await;
    shop.asks("POST /pay", 1).await;
    let address = server.address().trim_start_matches("http://").to_owned();
    server.terminate();
    wait::until("that nobody is let in any more", || async {
        let refused = tokio::net::TcpStream::connect(&address).await.is_err();
        refused.then_some(())
    })
    .await;
    (server, run)
}

#[tokio::test]
async fn an_attempt_under_way_ends_and_nothing_new_begins() {
    let shop = Shop::open().await;
    let (mut server, run) = ending(&shop).await;
    shop.let_go();
    assert_eq!(server.ended().await.code(), Some(0));
    assert_eq!(shop.lines(), ["POST /pay"], "what follows waits");
    server.verify();
    server.start().await;
    let over = wait::run(&server.admin(), &run, "succeeded").await;
    assert_eq!(lines(&over), ["pay succeeded", "ship succeeded"]);
    assert_eq!(shop.lines(), ["POST /pay", "POST /ship"]);
    assert_eq!(over["steps"][0]["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let shop = Shop::open().await;
    let (mut server, run) = ending(&shop).await;
    assert_eq!(server.stop().await.code(), Some(0));
    shop.let_go();
    server.verify();
    server.start().await;
    let left = wait::run(&server.admin(), &run, "waiting").await;
    assert_eq!(lines(&left), ["pay uncertain", "ship queued"]);
}
