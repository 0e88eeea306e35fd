//! `druse doctor`.

use super::{Done, print};
use crate::cli::{Output, Target};
use crate::client::{Client, EXIT_FAILED};
use serde_json::Value;
use std::process::ExitCode;

pub(super) async fn doctor(target: &Target) -> Done {
    let client = Client::connect(target).await?;
    let found = client.get("/doctor").await?;
    // Nothing was set going here: what waits is said by the findings.
    client.end().await;
    match target.output {
        Output::Json => print::json(&found),
        Output::Text => say(&found),
    }
    Ok(if found["healthy"] == true {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}

fn say(found: &Value) {
    let runs = &found["runs"];
    let mut text = format!(
        "{} not ended: {} go on by themselves, {} wait for somebody or something named",
        print::count(&runs["live"], "run"),
        runs["moving"],
        runs["waiting"]
    );
    if runs["held"] != 0 {
        text.push_str(&format!(", {} wait for a server", runs["held"]));
    }
    text.push_str(&format!(", {} stuck", runs["stuck"]));
    print::line(&text);
    let store = &found["store"];
    let mut text = format!(
        "{} records in {} MB",
        store["head"],
        megabytes(&store["log_bytes"])
    );
    if store["free_bytes"].is_u64() {
        text.push_str(&format!(
            ", {} MB of the disk free",
            megabytes(&store["free_bytes"])
        ));
    }
    print::line(&text);
    for problem in found["problems"].as_array().into_iter().flatten() {
        print::line(&format!(
            "{} [{}] {}: {}",
            print::cell(&problem["severity"]),
            print::cell(&problem["code"]),
            print::cell(&problem["subject"]),
            print::cell(&problem["message"])
        ));
        if let Some(help) = problem["help"].as_str() {
            print::line(&format!("  {help}"));
        }
    }
    print::line(if found["healthy"] == true {
        "Nothing is broken."
    } else {
        "Something is wrong."
    });
}

fn megabytes(bytes: &Value) -> u64 {
    bytes.as_u64().unwrap_or(0).div_ceil(1 << 20)
}
