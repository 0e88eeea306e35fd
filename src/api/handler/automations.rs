//! Automations: list, read, make, replace, remove, activate.

use super::super::{
    answer::Reply,
    call::{Call, Made, ok},
    route::Answer,
};
use crate::service::Problem;
use crate::service::activation::yaml_of;
use crate::service::automation::{Change, Origin, tag};
use crate::service::pins::Listed;
use crate::service::review::MOST_RUNS;
use crate::trigger::changes_in;
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;

pub(in crate::api) async fn list(call: Call) -> Answer {
    let page = call.page()?;
    let name = call.query.get("name").map(str::to_owned);
    let piece = call.query.get("q").map(str::to_owned);
    let status = call.query.word("status", "draft, active or inactive")?;
    let source = call.query.word("source_type", "MANUAL or CRYSTALLIZED")?;
    let review: Option<bool> = call.query.read("needs_review", "true or false")?;
    let app = call.app.clone();
    // Each of them is checked, and other requests do not wait for that.
    let list = move || {
        let (name, piece) = (name.as_deref(), piece.as_deref());
        app.automations(&page, name, piece, status, source, review)
    };
    ok(&call.app.off_thread(list).await?)
}

pub(in crate::api) async fn create(call: Call) -> Answer {
    let _edits = call.app.edits.lock().await;
    let (app, who) = (call.app.clone(), call.who.clone());
    let (media, body) = (call.media_type(), call.body.clone());
    let made = move || {
        let written = app.read_document(&media, &body)?;
        app.new_automation(&who, written, Origin::MANUAL)
    };
    let change = call.app.off_thread(made).await?;
    done(&call, change, StatusCode::CREATED).await
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let row = call.app.automation(call.param("id"))?;
    let wants_yaml = call
        .header("accept")
        .is_some_and(|accept| accept.contains("yaml"));
    if wants_yaml {
        let text = yaml_of(&call.app.version(row.id, row.latest_version)?)?;
        return Ok(Reply::of(StatusCode::OK, "application/yaml", text).tagged(&tag(&row)));
    }
    let app = call.app.clone();
    let view = move || {
        let view = app.automation_view(&row, &app.catalog()?)?;
        Ok((view, tag(&row)))
    };
    let (view, tag) = call.app.off_thread(view).await?;
    Ok(ok(&view)?.tagged(&tag))
}

pub(in crate::api) async fn replace(call: Call) -> Answer {
    let _edits = call.app.edits.lock().await;
    let row = call.app.automation(call.param("id"))?;
    call.if_match(Some(&tag(&row)))?;
    let (app, who) = (call.app.clone(), call.who.clone());
    let (media, body) = (call.media_type(), call.body.clone());
    let made = move || {
        let written = app.read_document(&media, &body)?;
        app.new_version(&who, row, written, "automation.edit")
    };
    let change = call.app.off_thread(made).await?;
    done(&call, change, StatusCode::OK).await
}

pub(in crate::api) async fn remove(call: Call) -> Answer {
    let _edits = call.app.edits.lock().await;
    let row = call.app.automation(call.param("id"))?;
    call.if_match(Some(&tag(&row)))?;
    let batch = call.app.without_automation(&call.who, &row)?;
    let triggers = changes_in(&batch);
    call.app.commit(batch).await?;
    call.app.engine.automation_changed(row.id);
    call.app.triggers()?.refresh(triggers)?;
    Ok(Reply::empty())
}

/// What an activation may say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Activate {
    /// Left out: the latest.
    #[serde(default)]
    pub(in crate::api) version: Option<u32>,
    /// Findings, by id, that a person has seen and takes. An id with `@` and the number of a version behind it is taken
    /// as it stands in that version, and holds only where the same stands in the one that is activated.
    #[serde(default)]
    pub(in crate::api) acknowledge: Vec<String>,
}

/// How often the servers are asked again because another version became the latest meanwhile.
const ASKED_AGAIN: usize = 8;

pub(in crate::api) async fn activate(call: Call) -> Answer {
    let wanted: Activate = call.json()?;
    let row = call.app.automation(call.param("id"))?;
    let mut number = wanted.version.unwrap_or(row.latest_version);
    for _ in 0..ASKED_AGAIN {
        // Before anything is held: a server may take its time.
        let listed = call.app.tools_of(row.id, number).await?;
        match activate_held(&call, &wanted, &listed).await? {
            Held::Done(answer) => {
                call.app.triggers()?.begin_looking(row.id).await;
                return Ok(answer);
            }
            Held::Other(latest) => number = latest,
        }
    }
    Err(overtaken())
}

/// What came of a change whose servers were asked before anything was held.
pub(super) enum Held {
    Done(Reply),
    /// By then it was about this version.
    Other(u32),
}

pub(super) fn overtaken() -> Problem {
    Problem::conflict(
        "overtaken",
        "New versions come faster than the servers of its tools can be asked.",
        "Name the version.",
    )
}

async fn activate_held(call: &Call, wanted: &Activate, listed: &Listed) -> Result<Held, Problem> {
    let _edits = call.app.edits.lock().await;
    let _held = call.app.triggers()?.hold().await;
    let row = call.app.automation(call.param("id"))?;
    call.if_match(Some(&tag(&row)))?;
    let number = wanted.version.unwrap_or(row.latest_version);
    if number != listed.version {
        return Ok(Held::Other(number));
    }
    let change = call.app.activated(
        &call.who,
        row,
        Some(number),
        Some(&wanted.acknowledge),
        listed,
    )?;
    Ok(Held::Done(done(call, change, StatusCode::OK).await?))
}

pub(in crate::api) async fn deactivate(call: Call) -> Answer {
    let _edits = call.app.edits.lock().await;
    let _held = call.app.triggers()?.hold().await;
    let row = call.app.automation(call.param("id"))?;
    call.if_match(Some(&tag(&row)))?;
    let change = call.app.deactivated(&call.who, row)?;
    done(&call, change, StatusCode::OK).await
}

/// Takes it that somebody has looked at why an automation needs review.
pub(in crate::api) async fn reviewed(call: Call) -> Answer {
    let _edits = call.app.edits.lock().await;
    let row = call.app.automation(call.param("id"))?;
    let change = call.app.reviewed(&call.who, row)?;
    done(&call, change, StatusCode::OK).await
}

/// What has changed in the answers of its runs without anything relying on it.
pub(in crate::api) async fn unread(call: Call) -> Answer {
    let row = call.app.automation(call.param("id"))?;
    ok(&call.app.unread_changes(&row)?)
}

/// What good runs show about what steps rely on.
pub(in crate::api) async fn learn(call: Call) -> Answer {
    let runs = call.query.read("runs", "a number")?.unwrap_or(50);
    if !(1..=MOST_RUNS).contains(&runs) {
        return Err(Problem::unprocessable(
            "bad_query",
            format!("`runs` is a number from 1 to {MOST_RUNS}."),
            "Leave it out for the last 50.",
        ));
    }
    let row = call.app.automation(call.param("id"))?;
    ok(&call.app.learned(&row, runs).await?)
}

/// Makes a change durable, tells the engine, and answers.
pub(super) async fn done(call: &Call, change: Change, status: StatusCode) -> Answer {
    let mut headers = vec![(header::ETAG, change.tag)];
    if status == StatusCode::CREATED {
        let at = format!("/api/v1/automations/{}", change.automation);
        headers.push((header::LOCATION, at));
    }
    let answer = Made {
        status,
        headers,
        body: &change.answer,
    };
    let triggers = changes_in(&change.batch);
    let batch = call.claim_answer(change.batch, &answer);
    call.app.commit(batch).await?;
    call.app.engine.automation_changed(change.automation);
    call.app.triggers()?.refresh(triggers)?;
    answer.reply()
}
