//! `druse events`.

use super::{Done, print};
use crate::cli::{Events, Output, Target};
use crate::client::{Client, Failure, encode};
use crate::runtime::clock;
use druse_engine::EventId;
use http::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

pub(super) async fn events(what: Events, target: &Target) -> Done {
    let Events::Send {
        event_type,
        event_data,
        source,
        id,
        subject,
    } = what
    else {
        let client = Client::connect(target).await?;
        let answer = subscriptions(&client, what, target.output == Output::Text).await;
        client.close().await;
        let answer = answer?;
        if target.output == Output::Json {
            print::json(&answer);
        }
        return Ok(ExitCode::SUCCESS);
    };
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

/// Who is told of events.
async fn subscriptions(client: &Client, what: Events, text: bool) -> Result<Value, Failure> {
    Ok(match what {
        Events::Send { .. } => Value::Null,
        Events::Subscribe {
            name,
            types,
            source,
            subject,
            when,
            url,
            connection,
            path,
            secret,
            also,
        } => {
            let body = json!({
                "name": name, "types": types, "source": source, "subject": subject, "when": when,
                "url": url, "connection": connection, "path": path, "secret": secret, "also": also,
            });
            let made = client.post("/subscriptions", &body).await?;
            if text {
                print::line(&print::cell(&made["id"]));
            }
            made
        }
        Events::Subscriptions => {
            let items = client.list("/subscriptions", 1_000).await?;
            if text {
                let fields = [
                    "id",
                    "name",
                    "status",
                    "types",
                    "url",
                    "connection",
                    "waiting",
                    "reason",
                ];
                let head = [
                    "ID",
                    "NAME",
                    "STATUS",
                    "TYPES",
                    "URL",
                    "CONNECTION",
                    "WAITING",
                    "REASON",
                ];
                print::table(&head, &print::rows(&items, &fields));
            }
            json!(items)
        }
        Events::Deliveries { subscription } => {
            let path = format!("/subscriptions/{}/deliveries", encode(&subscription));
            let page = client.get(&path).await?;
            if text {
                let mut items = page["waiting"].as_array().cloned().unwrap_or_default();
                items.extend(page["items"].as_array().cloned().unwrap_or_default());
                let fields = [
                    "event_id",
                    "event_type",
                    "status",
                    "attempts",
                    "answered",
                    "next_at",
                    "error",
                ];
                let head = [
                    "EVENT", "TYPE", "STATUS", "TRIES", "ANSWER", "NEXT", "ERROR",
                ];
                print::table(&head, &print::rows(&items, &fields));
            }
            page
        }
        Events::Unsubscribe { subscription } => {
            let path = format!("/subscriptions/{}", encode(&subscription));
            client.request(Method::DELETE, &path, None).await?;
            if text {
                print::line("removed");
            }
            json!({ "id": subscription })
        }
    })
}
