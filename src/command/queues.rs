//! `druse queues`.

use super::{Done, print};
use crate::cli::{Output, Target};
use crate::client::Client;
use serde_json::{Value, json};
use std::process::ExitCode;

/// How many queues are asked for at most.
const MOST: usize = 10_000;

pub(super) async fn queues(target: &Target) -> Done {
    let client = Client::connect(target).await?;
    let items = client.list("/queues", MOST).await;
    client.close().await;
    let items = items?;
    match target.output {
        Output::Json => print::json(&json!(items)),
        Output::Text => table(&items),
    }
    Ok(ExitCode::SUCCESS)
}

fn table(items: &[Value]) {
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|queue| {
            let list = |name: &str| queue[name].as_array().cloned().unwrap_or_default();
            let waiting: Vec<Value> = list("queue")
                .iter()
                .map(|run| run["run_id"].clone())
                .collect();
            let what = match queue["kind"].as_str() {
                Some("rate") => format!(
                    "{} ({})",
                    print::cell(&queue["connection"]),
                    print::cell(&queue["rate"])
                ),
                _ => print::cell(&queue["key"]),
            };
            vec![
                print::cell(&queue["kind"]),
                print::cell(&queue["automation_name"]),
                what,
                format!("{} of {}", queue["taken"], queue["limit"]),
                few(&list("held_by")),
                print::cell(&queue["waiting"]),
                few(&waiting),
            ]
        })
        .collect();
    print::table(
        &[
            "LIMIT",
            "AUTOMATION",
            "KEY",
            "TAKEN",
            "HELD BY",
            "WAITING",
            "NEXT",
        ],
        &rows,
    );
}

/// The first of some runs.
fn few(runs: &[Value]) -> String {
    let first: Vec<String> = runs.iter().take(3).map(print::cell).collect();
    match runs.len().saturating_sub(first.len()) {
        0 => first.join(" "),
        more => format!("{} and {more} more", first.join(" ")),
    }
}
