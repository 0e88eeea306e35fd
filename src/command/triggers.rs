//! `druse triggers`.

use super::{Done, document, print};
use crate::cli::{Output, Target, Triggers};
use crate::client::{Client, Failure, encode};
use crate::runtime::clock;
use druse_engine::Timestamp;
use druse_triggers::{Timetable, timetable::printed};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

pub(super) async fn triggers(what: Triggers, target: &Target) -> Done {
    if let Triggers::Next {
        file,
        cron,
        timezone,
        from,
        count,
    } = &what
    {
        let from = match from {
            None => clock::now(),
            Some(text) => text.parse().map_err(|error: String| {
                Failure::usage(error, "Example: --from 2027-03-28T00:00:00Z")
            })?,
        };
        return next(
            file.as_deref(),
            cron.as_deref(),
            timezone,
            from,
            *count as usize,
            target.output,
        );
    }
    let client = Client::connect(target).await?;
    let answer = match &what {
        Triggers::Next { .. } => Value::Null,
        Triggers::List => {
            let items = client.list("/triggers", 10_000).await?;
            if target.output == Output::Text {
                let fields = ["id", "name", "kind", "status", "address", "next.0"];
                let rows = items
                    .iter()
                    .map(|item| {
                        let mut row =
                            print::rows(std::slice::from_ref(item), &fields[..5]).swap_remove(0);
                        row.push(print::cell(&item["next"][0]));
                        row
                    })
                    .collect::<Vec<_>>();
                print::table(&["ID", "NAME", "KIND", "STATUS", "ADDRESS", "NEXT"], &rows);
            }
            json!(items)
        }
        Triggers::Fire { trigger } => {
            let fired = client
                .post(&format!("/triggers/{}/fire", encode(trigger)), &json!({}))
                .await?;
            if target.output == Output::Text {
                print::line(&format!(
                    "{}: {}",
                    print::cell(&fired["status"]),
                    print::cell(&fired["run_id"])
                ));
            }
            fired
        }
        Triggers::Firings { trigger } => {
            let items = client
                .list(&format!("/triggers/{}/firings", encode(trigger)), 1_000)
                .await?;
            if target.output == Output::Text {
                let fields = [
                    "id",
                    "status",
                    "scheduled_at",
                    "received_at",
                    "run_id",
                    "reason",
                ];
                print::table(
                    &["ID", "STATUS", "SCHEDULED", "RECEIVED", "RUN", "REASON"],
                    &print::rows(&items, &fields),
                );
            }
            json!(items)
        }
    };
    if target.output == Output::Json {
        print::json(&answer);
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

fn next(
    file: Option<&Path>,
    cron: Option<&str>,
    timezone: &str,
    from: Timestamp,
    count: usize,
    output: Output,
) -> Done {
    let mut tables = Vec::new();
    match (file, cron) {
        (None, Some(cron)) => {
            let table =
                Timetable::cron(cron, Some(timezone)).map_err(|findings| refused(&findings))?;
            tables.push((String::new(), table));
        }
        (Some(path), None) => {
            let loaded = document::load(path)?;
            for trigger in &loaded.document.triggers {
                if let Some(schedule) = &trigger.schedule {
                    let table =
                        Timetable::compile(schedule).map_err(|findings| refused(&findings))?;
                    tables.push((trigger.id.clone(), table));
                }
            }
        }
        _ => {
            return Err(Failure::usage(
                "Give a document or --cron.",
                "Example: druse triggers next --cron '0 7 * * MON' --timezone Europe/Berlin",
            ));
        }
    }
    let mut times: Vec<(Timestamp, &str)> = tables
        .iter()
        .flat_map(|(name, table)| {
            table
                .next(from, count)
                .into_iter()
                .map(|at| (at, name.as_str()))
        })
        .collect();
    times.sort_unstable();
    times.truncate(count);
    match output {
        Output::Json => print::json(&times.iter().map(|(at, _)| printed(*at)).collect()),
        Output::Text => times
            .iter()
            .for_each(|(at, name)| print::line(format!("{}  {name}", printed(*at)).trim_end())),
    }
    Ok(ExitCode::SUCCESS)
}

fn refused(findings: &[druse_engine::Finding]) -> Failure {
    let finding = findings.first();
    Failure::data(
        finding.map_or("invalid_schedule", |finding| &finding.code),
        finding.map_or("The schedule is wrong.".into(), |finding| {
            finding.message.clone()
        }),
        finding
            .map(|finding| finding.help.clone())
            .unwrap_or_default(),
    )
}
