//! Links to approvals: made over the API, opened by a person in a browser. Opening one shows and never
//! decides, because mail programs open links by themselves; deciding takes the page's own button.

use super::super::{
    answer::Reply,
    call::Call,
    link_page::{self, Said},
    route::Answer,
    spoken::{Spoken, SpokenValue},
};
use crate::console::value_of;
use crate::runtime::clock;
use crate::service::behind::{self, Leaf};
use crate::service::{ApprovalView, DecisionRequest, Problem};
use druse_engine::event::Verdict;
use druse_engine::{ApprovalId, Span};
use druse_storage::{Approval, ApprovalLink, ApprovalStatus, Scan, StoreExt};
use http::{HeaderName, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Whom a link is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct LinkBody {
    /// The person's name; left out: yourself.
    #[serde(rename = "for", default)]
    pub(in crate::api) person: Option<String>,
    /// How long it can be used; left out: 7 days.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(in crate::api) expires: Option<Span>,
}

pub(in crate::api) async fn make(call: Call) -> Answer {
    if let Some(answer) = call.made_sealed()? {
        return Reply::json(StatusCode::CREATED, &answer);
    }
    let id: ApprovalId = call.id("id", "approval")?;
    let body: LinkBody = call.json()?;
    let (made, batch) = call
        .app
        .make_link(id, &call.who, body.person.as_deref(), body.expires)?;
    let answer = json!(made);
    call.app.commit(call.claim_sealed(batch, &answer)?).await?;
    Reply::json(StatusCode::CREATED, &answer)
}

/// The page of a link.
pub(in crate::api) async fn page(call: Call) -> Answer {
    let (status, page) = match open(&call) {
        Ok((link, view)) => (StatusCode::OK, asked(&call, &link, &view, None).await?),
        Err(problem) => (
            problem.status,
            link_page::notice(&problem.message, &problem.help),
        ),
    };
    Ok(html(status, page))
}

/// The answer that a person gives on the page.
pub(in crate::api) async fn answer(call: Call) -> Answer {
    let (link, view) = match open(&call) {
        Ok(opened) => opened,
        Err(problem) => {
            let page = link_page::notice(&problem.message, &problem.help);
            return Ok(html(problem.status, page));
        }
    };
    let said = Said::read(&call.body);
    let (status, page) = match decide(&call, link.clone(), &view, &said).await {
        Ok(view) => {
            let run = run_of(&call, &view).await?;
            (StatusCode::OK, link_page::done(&view, &link.person, &run))
        }
        Err(problem) => {
            // Shown as it stands now, with what was said: nothing that was typed is lost.
            let view = row(&call, link.approval).unwrap_or(view);
            let page = asked(&call, &link, &view, Some((&said, &problem))).await?;
            (problem.status, page)
        }
    };
    Ok(html(status, page))
}

/// The page as the gate stands now.
async fn asked(
    call: &Call,
    link: &ApprovalLink,
    view: &ApprovalView,
    refused: Option<(&Said, &Problem)>,
) -> Result<String, Problem> {
    if view.status != ApprovalStatus::Pending {
        let run = run_of(call, view).await?;
        return Ok(link_page::done(view, &link.person, &run));
    }
    let behind = Behind::read(call, view).await?;
    let asked = link_page::Asked {
        view,
        run: &behind.run,
        leaves: &behind.leaves,
        before: behind.before.as_deref(),
        person: &link.person,
        now: clock::now(),
    };
    Ok(link_page::asked(&asked, refused))
}

/// The run of a gate, as the API shows it.
async fn run_of(call: &Call, view: &ApprovalView) -> Result<Value, Problem> {
    Ok(match call.app.engine.view(view.run_id).await? {
        Some(run) => json!(run),
        None => Value::Null,
    })
}

/// What stands behind a gate, and what stood behind it when it was approved last.
struct Behind {
    run: Value,
    leaves: Vec<Leaf>,
    before: Option<Vec<Leaf>>,
}

impl Behind {
    async fn read(call: &Call, view: &ApprovalView) -> Result<Self, Problem> {
        let run = run_of(call, view).await?;
        let number = run["version"]
            .as_u64()
            .and_then(|number| u32::try_from(number).ok());
        // A document that was run from a file is kept nowhere.
        let version = match (view.automation_id, number) {
            (Some(id), Some(number)) => call.app.version(id, number).ok(),
            _ => None,
        };
        let document = version.map_or(Value::Null, |version| version.document);
        let before = last_time(call, view)?;
        let before = before.map(|last| behind::leaves(&json!(last), &document, &Value::Null));
        let leaves = behind::leaves(&json!(view), &document, &run["cause"]);
        Ok(Self {
            run,
            leaves,
            before,
        })
    }
}

/// How many approvals are looked through for the last one of the same gate.
const LOOKED_THROUGH: usize = 2_000;

/// The youngest approved one of the same gate.
fn last_time(call: &Call, view: &ApprovalView) -> Result<Option<ApprovalView>, Problem> {
    if view.automation_id.is_none() {
        return Ok(None);
    }
    let rows: Vec<Approval> = call.app.store.scan(&Scan {
        descending: true,
        limit: LOOKED_THROUGH,
        ..Scan::default()
    })?;
    let same = |row: &Approval| {
        row.id != view.id
            && row.status == ApprovalStatus::Approved
            && row.automation == view.automation_id
            && row.step == view.step_id
    };
    let found = rows.into_iter().find(same);
    Ok(found.map(ApprovalView::try_from).transpose()?)
}

fn open(call: &Call) -> Result<(ApprovalLink, ApprovalView), Problem> {
    let link = call.app.link(call.param("token"))?;
    // Whoever has no access any more, or is not asked any more, is not shown what would be done either.
    let who = call.app.link_bearer(&link)?;
    let view = row(call, link.approval)?;
    if view.status == ApprovalStatus::Pending {
        call.app.engine.is_asked(link.approval, &who)?;
    }
    Ok((link, view))
}

fn row(call: &Call, id: ApprovalId) -> Result<ApprovalView, Problem> {
    let row: Option<Approval> = call.app.store.get(&id.to_string())?;
    let row = row.ok_or_else(|| Problem::not_found("approval"))?;
    Ok(row.try_into()?)
}

async fn decide(
    call: &Call,
    mut link: ApprovalLink,
    view: &ApprovalView,
    said: &Said,
) -> Result<ApprovalView, Problem> {
    let decision = match said.get("decision") {
        Some("approve") => Verdict::Approve,
        Some("reject") => Verdict::Reject,
        Some("send_back") => Verdict::SendBack,
        _ => {
            return Err(Problem::unprocessable(
                "bad_body",
                "The decision is approve, reject or send_back.",
                "Use the buttons of the page.",
            ));
        }
    };
    let digest = said.get("digest").unwrap_or_default();
    let digest = serde_json::from_value(Value::from(digest)).map_err(|_| {
        Problem::unprocessable("bad_body", "The digest is missing.", "Open the page again.")
    })?;
    if decision == Verdict::Approve
        && view.status == ApprovalStatus::Pending
        && said.get("looked").is_none()
    {
        let behind = Behind::read(call, view).await?;
        if behind.leaves.iter().any(Leaf::is_from_outside) {
            return Err(Problem::unprocessable(
                "not_looked",
                "Some values come from texts of others and are marked ⚠.",
                "Look at them, tick that you have, and approve.",
            ));
        }
    }
    let comment = said.get("comment").map(str::trim);
    let comment = comment.filter(|text| !text.is_empty()).map(Spoken::from);
    let hidden = call.hidden_of(view.run_id);
    let comment = hidden.said(comment);
    let who = call.app.link_bearer(&link)?;
    let details = json!({
        "decision": decision, "comment": comment, "link": link.digest,
        "made_by": link.created_by, "sender": call.sender,
    });
    link.used_at = Some(clock::now());
    let extra = call
        .app
        .audit(&who, "approval.decide", &link.approval, details)?
        .put(&link);
    let fields = match decision {
        Verdict::Approve => hidden.filled(fields(view.fields.value(), said).map(SpokenValue::from)),
        Verdict::Reject | Verdict::SendBack => None,
    };
    let request = DecisionRequest {
        decision,
        comment,
        fields,
        digest,
        idempotency: None,
        extra,
    };
    Ok(call.app.engine.decide(link.approval, &who, request).await?)
}

/// The form's values with the types that its schema gives them; what does not fit stays a text, and the
/// check says so.
fn fields(schema: &Value, said: &Said) -> Option<Value> {
    let properties = schema.get("properties")?.as_object()?;
    let mut values = Map::new();
    for (name, property) in properties {
        let text = said.get(&format!("field.{name}"));
        let value = match text {
            // A box that is not ticked is not sent.
            text if link_page::is_box(property) => Value::from(text.is_some()),
            None | Some("") => continue,
            Some(text) => value_of(property, text).unwrap_or_else(|_| Value::from(text)),
        };
        values.insert(name.clone(), value);
    }
    Some(Value::Object(values))
}

fn html(status: StatusCode, page: String) -> Reply {
    Reply::of(status, "text/html; charset=utf-8", page)
        .with(header::CONTENT_SECURITY_POLICY, link_page::POLICY)
        .with(header::REFERRER_POLICY, "no-referrer")
        .with(header::X_FRAME_OPTIONS, "DENY")
        .with(HeaderName::from_static("x-robots-tag"), "noindex")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_filled_in_has_the_types_of_its_schema() {
        let schema = json!({ "properties": {
            "level": { "enum": [1, 2, 3] },
            "count": { "type": ["integer", "null"] },
            "sure": { "type": "boolean" },
            "note": { "type": "string" },
            "rest": { "type": "object" },
            "wrong": { "type": "integer" },
            "left_out": { "type": "string" },
        } });
        let said = Said::read(
            b"field.level=2&field.count=4&field.note=4&field.rest=%7B%7D&field.wrong=many&field.left_out=",
        );
        assert_eq!(
            fields(&schema, &said),
            Some(json!({
                "level": 2, "count": 4, "sure": false, "note": "4", "rest": {}, "wrong": "many",
            }))
        );
    }
}
