//! `druse triggers`.

use super::trial::{self, Wanted};
use super::{Done, document, print};
use crate::cli::{Output, Target, Triggers};
use crate::client::{Client, Failure, encode};
use crate::command::print::talk;
use crate::runtime::clock;
use druse_engine::Timestamp;
use druse_triggers::Timetable;
use druse_triggers::timetable::{Preview, printed};
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
    if let Triggers::Test {
        file,
        event,
        at,
        trigger,
        secret,
    } = &what
    {
        let wanted = Wanted {
            file,
            event: event.as_deref(),
            at: at.as_deref(),
            trigger: trigger.as_deref(),
            secret: secret.as_deref(),
        };
        return trial::test(&wanted, target.output);
    }
    let client = Client::connect(target).await?;
    let answer = at_work(&client, what, target.output).await;
    client.close().await;
    let answer = answer?;
    if target.output == Output::Json {
        print::json(&answer);
    }
    Ok(ExitCode::SUCCESS)
}

/// What needs the triggers at work: asks, prints for people, and gives the answer.
async fn at_work(client: &Client, what: Triggers, output: Output) -> Result<Value, Failure> {
    let text = output == Output::Text;
    let id = match &what {
        Triggers::Show { trigger }
        | Triggers::Fire { trigger }
        | Triggers::Replay { trigger, .. }
        | Triggers::Pause { trigger, .. }
        | Triggers::Resume { trigger }
        | Triggers::Firings { trigger, .. }
        | Triggers::Firing { trigger, .. }
        | Triggers::Backfill { trigger, .. }
        | Triggers::Backfills { trigger }
        | Triggers::CancelBackfill { trigger, .. } => id_of(client, trigger).await?,
        Triggers::Next { .. } | Triggers::Test { .. } | Triggers::List => String::new(),
    };
    let of = || format!("/triggers/{}", encode(&id));
    Ok(match &what {
        Triggers::Next { .. } | Triggers::Test { .. } => Value::Null,
        Triggers::List => {
            let items = client.list("/triggers", 10_000).await?;
            if text {
                list(&items);
            }
            json!(items)
        }
        Triggers::Show { .. } => {
            let shown = client.get(&of()).await?;
            if text {
                show(&shown);
            }
            shown
        }
        Triggers::Fire { .. } => {
            let path = format!("{}/fire", of());
            told(client.post(&path, &json!({})).await?, text)
        }
        Triggers::Replay { firing, .. } => {
            let path = format!("{}/firings/{}/replay", of(), encode(firing));
            told(client.post(&path, &json!({})).await?, text)
        }
        Triggers::Pause { reason, .. } => {
            let path = format!("{}/pause", of());
            let shown = client.post(&path, &json!({ "reason": reason })).await?;
            if text {
                print::line(&format!("paused: {}", print::cell(&shown["reason"])));
            }
            shown
        }
        Triggers::Resume { .. } => {
            let path = format!("{}/resume", of());
            let shown = client.post(&path, &json!({})).await?;
            if text {
                print::line(&format!("active; next: {}", print::cell(&shown["next"][0])));
            }
            shown
        }
        Triggers::Firings { status, .. } => {
            let mut path = format!("{}/firings", of());
            if let Some(status) = status {
                path.push_str(&format!("?status={}", encode(status)));
            }
            let items = client.list(&path, 1_000).await?;
            if text {
                let fields = [
                    "id",
                    "status",
                    "scheduled_at",
                    "received_at",
                    "late_ms",
                    "run_id",
                    "reason",
                ];
                print::table(
                    &[
                        "ID",
                        "STATUS",
                        "SCHEDULED",
                        "RECEIVED",
                        "LATE MS",
                        "RUN",
                        "REASON",
                    ],
                    &print::rows(&items, &fields),
                );
            }
            json!(items)
        }
        Triggers::Firing { firing, .. } => {
            let path = format!("{}/firings/{}", of(), encode(firing));
            let firing = client.get(&path).await?;
            if text {
                print::json(&firing);
            }
            firing
        }
        Triggers::Backfill {
            from,
            to,
            label,
            all,
            parallel,
            wait,
            ..
        } => {
            let body = json!({
                "from": time(from, "--from")?, "label": label, "only_missing": !all, "parallel": parallel,
                "to": to.as_deref().map_or_else(|| Ok(clock::now()), |to| time(to, "--to"))?,
            });
            let path = format!("{}/backfill", of());
            let mut backfill = client.post(&path, &body).await?;
            let path = format!("{}/backfills/{}", of(), print::cell(&backfill["id"]));
            let mut before = Value::Null;
            while *wait && backfill["status"] == "running" {
                if backfill["done"] != before {
                    before = backfill["done"].clone();
                    talk!("{before} of {}", backfill["total"]);
                }
                tokio::time::sleep(LOOK).await;
                backfill = client.get(&path).await?;
            }
            if text {
                backfills(std::slice::from_ref(&backfill));
            }
            backfill
        }
        Triggers::Backfills { .. } => {
            let path = format!("{}/backfills", of());
            let items = client.list(&path, 1_000).await?;
            if text {
                backfills(&items);
            }
            json!(items)
        }
        Triggers::CancelBackfill {
            backfill,
            runs,
            reason,
            ..
        } => {
            let path = format!("{}/backfills/{}/cancel", of(), encode(backfill));
            let body = json!({ "runs": runs, "reason": reason });
            let stopped = client.post(&path, &body).await?;
            if text {
                backfills(std::slice::from_ref(&stopped));
            }
            stopped
        }
    })
}

/// How often a backfill that is waited for is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(500);

fn time(text: &str, flag: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|error: String| {
        Failure::usage(error, format!("Example: {flag} 2027-03-28T00:00:00Z"))
    })
}

/// The id of a trigger that is named by its id, as `AUTOMATION/TRIGGER`, or by its own name where only one
/// has it.
async fn id_of(client: &Client, trigger: &str) -> Result<String, Failure> {
    if trigger.starts_with("trig_") {
        return Ok(trigger.to_owned());
    }
    let items = client.list("/triggers", 10_000).await?;
    let meant = |item: &&Value| item["name"] == trigger || full_name(item) == trigger;
    let found: Vec<&Value> = items.iter().filter(meant).collect();
    match found.as_slice() {
        [one] => Ok(print::cell(&one["id"])),
        [] => Err(Failure::data(
            "not_found",
            format!("There is no trigger {trigger:?}."),
            "`druse triggers list` has their ids and names.",
        )),
        several => {
            let names: Vec<String> = several.iter().map(|item| full_name(item)).collect();
            Err(Failure::data(
                "ambiguous",
                format!("Several triggers are named {trigger:?}."),
                format!("Say which: {}.", names.join(", ")),
            ))
        }
    }
}

/// A trigger's name with that of its automation.
pub(super) fn full_name(item: &Value) -> String {
    format!(
        "{}/{}",
        print::cell(&item["automation"]),
        print::cell(&item["name"])
    )
}

fn list(items: &[Value]) {
    let fields = ["id", "automation", "name", "kind", "status", "address"];
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| {
            let mut row = print::rows(std::slice::from_ref(item), &fields).swap_remove(0);
            row.push(match &item["lookout"]["next_at"] {
                Value::Null => print::cell(&item["next"][0]),
                looks => print::cell(looks),
            });
            let last = &item["last_firing"];
            row.push(match &last["status"] {
                Value::Null => "-".into(),
                status => format!(
                    "{} {}",
                    print::cell(status),
                    print::cell(&last["received_at"])
                ),
            });
            row.push(remarks(item));
            row
        })
        .collect();
    let head = [
        "ID",
        "AUTOMATION",
        "NAME",
        "KIND",
        "STATUS",
        "ADDRESS",
        "NEXT",
        "LAST",
        "REMARKS",
    ];
    print::table_with(&head, &rows, Some(OPEN));
}

/// What is said of a webhook that takes anything, in red where there is colour.
const OPEN: &str = "OPEN: verifies nothing";

/// What stands out.
fn remarks(item: &Value) -> String {
    let findings = item["findings"].as_array().into_iter().flatten();
    let codes: Vec<String> = findings
        .map(|finding| match print::cell(&finding["code"]) {
            code if code == "open_webhook" => OPEN.to_owned(),
            code => code,
        })
        .collect();
    codes.join(", ")
}

fn show(item: &Value) {
    for (name, field) in [
        ("id", "id"),
        ("name", "name"),
        ("automation", "automation_id"),
        ("kind", "kind"),
        ("status", "status"),
        ("reason", "reason"),
        ("address", "address"),
        ("delay", "delay"),
    ] {
        if !item[field].is_null() {
            print::line(&format!("{name:<11} {}", print::cell(&item[field])));
        }
    }
    for next in item["upcoming"].as_array().into_iter().flatten() {
        print::line(&format!("next        {}", upcoming(next)));
    }
    for (name, field) in [
        ("looked", "looked_at"),
        ("looks next", "next_at"),
        ("found", "found"),
        ("cursor", "cursor"),
        ("failures", "failures"),
        ("error", "error"),
    ] {
        let value = &item["lookout"][field];
        if !value.is_null() && *value != 0 {
            print::line(&format!("{name:<11} {}", print::cell(value)));
        }
    }
    if let last @ Value::Object(_) = &item["last_firing"] {
        let line =
            ["status", "received_at", "run_id", "reason"].map(|field| print::cell(&last[field]));
        print::line(&format!("last        {}", line.join("  ")));
    }
    for (status, tally) in item["firings"].as_object().into_iter().flatten() {
        let last = &tally["last"];
        let line = ["received_at", "run_id", "reason"].map(|field| print::cell(&last[field]));
        let count = print::cell(&tally["count"]);
        print::line(&format!("{status:<11} {count}, last {}", line.join("  ")));
    }
    for finding in item["findings"].as_array().into_iter().flatten() {
        let line = format!(
            "{}: {}. {}",
            print::cell(&finding["severity"]),
            print::cell(&finding["message"]),
            print::cell(&finding["help"])
        );
        match finding["code"] == "open_webhook" {
            true => print::exact(&print::red(&print::seen(&line))),
            false => print::line(&line),
        }
    }
}

/// A next time as people read it: local time with offset, and what the clock does.
fn upcoming(next: &Value) -> String {
    let at = print::cell(&next["at"]);
    let note = match &next["note"] {
        Value::String(note) => format!("  ({note})"),
        _ => String::new(),
    };
    format!("{at}  {}{note}", print::cell(&next["local"]))
}

fn backfills(items: &[Value]) {
    let fields = [
        "id", "status", "done", "total", "started", "present", "refused", "label", "reason",
    ];
    let head = [
        "ID", "STATUS", "DONE", "OF", "STARTED", "PRESENT", "REFUSED", "LABEL", "REASON",
    ];
    print::table(&head, &print::rows(items, &fields));
}

fn told(firing: Value, text: bool) -> Value {
    if text {
        print::line(&format!(
            "{}: {}",
            print::cell(&firing["status"]),
            print::cell(&firing["run_id"])
        ));
    }
    firing
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
    let mut times: Vec<(Preview, &str)> = tables
        .iter()
        .flat_map(|(name, table)| {
            let preview = table.preview(from, count).into_iter();
            preview.map(|next| (next, name.as_str()))
        })
        .collect();
    times.sort_by(|(a, first), (b, second)| (a.at, first).cmp(&(b.at, second)));
    times.truncate(count);
    match output {
        Output::Json => print::json(&times.iter().map(|(next, _)| printed(next.at)).collect()),
        Output::Text => times.iter().for_each(|(next, name)| {
            let note = next
                .note
                .map(|note| format!("  ({note})"))
                .unwrap_or_default();
            // In UTC the local time says nothing new.
            let local = match next.local.strip_suffix("+00:00") {
                Some(_) => String::new(),
                None => format!("  {}", next.local),
            };
            let line = format!("{}{local}  {name}{note}", printed(next.at));
            print::line(line.trim_end());
        }),
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
            .filter(|help| !help.is_empty())
            .unwrap_or_else(|| "Examples: --cron '0 7 * * MON', --timezone Europe/Berlin".into()),
    )
}
