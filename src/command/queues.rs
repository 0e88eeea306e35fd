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
                held(queue, &list("held_by")),
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

/// Who has the slots; of a rate, until when the other side asked to wait.
fn held(queue: &Value, runs: &[Value]) -> String {
    match queue["held_until"].as_str() {
        Some(until) => format!("until {until}"),
        None => few(runs),
    }
}

/// The first of some runs.
fn few(runs: &[Value]) -> String {
    let first: Vec<String> = runs.iter().take(3).map(print::cell).collect();
    match runs.len().saturating_sub(first.len()) {
        0 => first.join(" "),
        more => format!("{} and {more} more", first.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_says_until_when_it_is_held() {
        let held_back = json!({ "kind": "rate", "held_until": "2026-11-26T20:00:00.000Z" });
        assert_eq!(held(&held_back, &[]), "until 2026-11-26T20:00:00.000Z");
        let runs: Vec<Value> = (1..=4).map(|n| json!(format!("run_{n}"))).collect();
        assert_eq!(
            held(&json!({ "kind": "key" }), &runs),
            "run_1 run_2 run_3 and 1 more"
        );
    }
}
