//! `druse open`.

use super::{Done, print};
use crate::cli::{Output, Target};
use crate::client::{Client, EXIT_UNREACHABLE, Failure};
use serde_json::json;
use std::process::ExitCode;

pub(super) async fn open(target: &Target) -> Done {
    let client = Client::connect(target).await?;
    if client.is_inside() {
        client.end().await;
        return Err(Failure::new(
            EXIT_UNREACHABLE,
            "unreachable",
            format!("No server is running on {}.", target.data.display()),
            "The console is part of the server: start one with `druse serve`.",
        ));
    }
    let mut made = client.post("/signins", &json!({})).await?;
    // A server knows the address that it listens on, not the one under which others reach it.
    let path = made["path"].as_str().unwrap_or_default();
    if let Some(server) = &target.server {
        made["address"] = format!("{}{path}", server.trim_end_matches('/')).into();
    }
    match target.output {
        Output::Json => print::json(&made),
        Output::Text => print::line(made["address"].as_str().unwrap_or_default()),
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}
