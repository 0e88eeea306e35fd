//! `druse compact`.

use super::{Done, print};
use crate::cli::{Output, Target};
use crate::client::Client;
use serde_json::json;
use std::process::ExitCode;

pub(super) async fn compact(target: &Target) -> Done {
    let client = Client::connect(target).await?;
    let swept = client.post("/store/compact", &json!({})).await?;
    client.end().await;
    match target.output {
        Output::Json => print::json(&swept),
        Output::Text => print::line(&format!(
            "{} left, {} bytes given back; the log has {} bytes, {} of them needed.",
            print::count(&swept["forgotten"], "run"),
            swept["freed_bytes"],
            swept["log_bytes"],
            swept["live_bytes"]
        )),
    }
    Ok(ExitCode::SUCCESS)
}
