//! `druse events`.

use super::{Done, print};
use crate::cli::{Events, Output, Target};
use crate::client::{Client, Failure};
use crate::runtime::clock;
use druse_engine::EventId;
use http::Method;
use serde_json::json;
use std::process::ExitCode;

pub(super) async fn events(what: Events, target: &Target) -> Done {
    let Events::Send {
        event_type,
        event_data,
        source,
        id,
        subject,
    } = what;
    let mut event = json!({
        "specversion": "1.0", "type": event_type, "source": source,
        "id": id.unwrap_or_else(|| clock::new_id(EventId::from_parts).to_string()), "time": clock::now(),
    });
    if let Some(subject) = subject {
        event["subject"] = subject.into();
    }
    if let Some(data) = event_data {
        event["data"] = serde_json::from_str(&data).map_err(|error| {
            Failure::data(
                "bad_json",
                format!("The data is no JSON: {error}."),
                "Example: --event-data '{\"month\": \"2027-03\"}'",
            )
        })?;
        event["datacontenttype"] = "application/json".into();
    }
    let client = Client::connect(target).await?;
    let body = event.to_string().into_bytes();
    let answer = client
        .send(
            Method::POST,
            "/events",
            "application/cloudevents+json",
            body,
        )
        .await?
        .success()?;
    match target.output {
        Output::Json => print::json(&answer),
        Output::Text => {
            let runs: Vec<String> = answer["runs"]
                .as_array()
                .into_iter()
                .flatten()
                .map(print::cell)
                .collect();
            let started = if runs.is_empty() {
                "it started no run".to_owned()
            } else {
                format!("it started {}", runs.join(", "))
            };
            print::line(&format!(
                "Event {} is taken; {started}.",
                print::cell(&answer["id"])
            ));
        }
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}
