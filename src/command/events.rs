//! `druse events`.

use super::{Done, print, triggers};
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
        let text = target.output == Output::Text;
        let answer = match &what {
            Events::List { .. } | Events::Show { .. } => kept(&client, &what, text).await,
            _ => subscriptions(&client, what, text).await,
        };
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
    let folder = target.data.to_string_lossy();
    if target.server.is_none() && folder.starts_with(['{', '[', '"']) {
        return Err(Failure::usage(
            format!("--data names the data folder, and {folder} is none."),
            "The data of the event are given with --event-data.",
        ));
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
            let id = print::cell(&answer["id"]);
            let shown = client.get(&format!("/events/{}", encode(&id))).await?;
            let came = came(&client, &shown).await?;
            if came.is_empty() {
                print::line(&format!(
                    "Event {id} is taken; no trigger and no run waited for it."
                ));
            } else {
                print::line(&format!("Event {id} is taken."));
                came.iter().for_each(|line| print::line(line));
            }
        }
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// What came of an event, a sentence each: runs, firings that made none, and steps that waited for it.
async fn came(client: &Client, shown: &Value) -> Result<Vec<String>, Failure> {
    let known = match shown["firings"]
        .as_array()
        .is_some_and(|all| !all.is_empty())
    {
        true => client.list("/triggers", 10_000).await?,
        false => Vec::new(),
    };
    let name = |firing: &Value| {
        let id = &firing["trigger_id"];
        let trigger = known.iter().find(|trigger| trigger["id"] == *id);
        trigger.map_or_else(|| print::cell(id), triggers::full_name)
    };
    let items = |name: &str| shown[name].as_array().into_iter().flatten();
    let started = items("runs").map(|run| format!("It started {}.", print::cell(run)));
    let firings = items("firings").filter(|firing| firing["run_id"].is_null());
    let firings = firings.map(|firing| {
        let why = match firing["reason"].as_str() {
            Some(why) => format!(": {}", why.trim_end_matches('.')),
            None => String::new(),
        };
        format!(
            "At {} it is {}{why}.",
            name(firing),
            print::cell(&firing["status"])
        )
    });
    let woken = items("woke").map(|woken| {
        let (run, step) = (
            print::cell(&woken["run_id"]),
            print::cell(&woken["step_id"]),
        );
        format!("Step {step} of {run} waited for it and took it.")
    });
    Ok(started.chain(firings).chain(woken).collect())
}

/// Events that are kept.
async fn kept(client: &Client, what: &Events, text: bool) -> Result<Value, Failure> {
    match what {
        Events::Show { event } => {
            let shown = client.get(&format!("/events/{}", encode(event))).await?;
            if text {
                print::json(&shown["event"]);
                let starters = shown["starters"].as_array().into_iter().flatten();
                let starters: Vec<String> = starters.map(print::cell).collect();
                if !starters.is_empty() {
                    print::line(&format!("Behind it: {}.", starters.join(", ")));
                }
                came(client, &shown)
                    .await?
                    .iter()
                    .for_each(|line| print::line(line));
            }
            Ok(shown)
        }
        Events::List {
            event_type,
            source,
            limit,
        } => {
            let mut path = "/events?".to_owned();
            for (name, wanted) in [("type", event_type), ("source", source)] {
                if let Some(wanted) = wanted {
                    path.push_str(&format!("{name}={}&", encode(wanted)));
                }
            }
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            let items = client
                .list(path.trim_end_matches(['&', '?']), limit)
                .await?;
            if text {
                let rows: Vec<Vec<String>> = items.iter().map(row).collect();
                let head = [
                    "ID", "RECEIVED", "TYPE", "SOURCE", "SUBJECT", "STARTED", "WOKE",
                ];
                print::table(&head, &rows);
            }
            Ok(json!(items))
        }
        _ => Ok(Value::Null),
    }
}

fn row(item: &Value) -> Vec<String> {
    let count = |name: &str| item[name].as_array().map_or(0, Vec::len).to_string();
    let fields = ["id", "received_at", "type", "source", "subject"];
    let mut row: Vec<String> = fields
        .iter()
        .map(|name| print::cell(&item[*name]))
        .collect();
    row.extend([count("runs"), count("woke")]);
    row
}

/// Who is told of events.
async fn subscriptions(client: &Client, what: Events, text: bool) -> Result<Value, Failure> {
    Ok(match what {
        Events::Send { .. } | Events::List { .. } | Events::Show { .. } => Value::Null,
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
