//! Runs: start, list, read, follow, cancel, pause, resume, retry.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
    spoken::Spoken,
};
use crate::runtime::clock;
use crate::service::rehearsal::AnswersOf;
use crate::service::seen::failed_runs;
use crate::service::{
    App, CAUSES, Principal, Problem, Resume, Retry, Role, RunView, Submit, Wish, label,
};
use axum::body::Body;
use bytes::Bytes;
use druse_engine::event::{Entry, RunEvent};
use druse_engine::flow::MOST_PRIORITY;
use druse_engine::plan::Plan;
use druse_engine::run::ResumeAnswer;
use druse_engine::{AutomationId, Json, RunId, Span, Timestamp};
use druse_storage::{Batch, ReadError, RunHead, RunQuery, Store};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for a run in one request.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// How often a silent stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Facts in one page or one read of a stream.
const FACTS: usize = 500;

/// A run to be started.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Start {
    /// Values by name.
    #[serde(default)]
    pub(in crate::api) inputs: Option<Value>,
    /// Left out: the active version.
    #[serde(default)]
    pub(in crate::api) version: Option<u32>,
    /// Only says what would happen: nothing is sent, nothing stored.
    #[serde(default)]
    pub(in crate::api) dry_run: bool,
    /// By which it can be found again; its retries have them, too.
    #[serde(default)]
    pub(in crate::api) labels: BTreeMap<String, String>,
    /// Where it has to wait for a limit, higher goes first; left out: the document's.
    #[serde(default)]
    pub(in crate::api) priority: Option<i32>,
    /// For a dry run: answers by the paths of steps, as in a test.
    #[serde(default)]
    pub(in crate::api) mocks: Map<String, Value>,
    /// For a dry run: the id of a run whose answers are taken.
    #[serde(default)]
    pub(in crate::api) from_run: Option<String>,
    /// For a dry run: takes the answers of the recording that the automation was made from.
    #[serde(default)]
    pub(in crate::api) from_recording: bool,
    /// For a dry run: gates that nothing answers are approved.
    #[serde(default)]
    pub(in crate::api) approve: bool,
}

impl Start {
    /// Where the answers of a dry run come from.
    fn answers(&mut self) -> Result<AnswersOf, Problem> {
        let run = self.from_run.as_deref().map(str::parse).transpose();
        Ok(AnswersOf {
            mocks: std::mem::take(&mut self.mocks),
            run: run.map_err(|_| Problem::not_found("run"))?,
            recording: self.from_recording,
            approve: self.approve,
        })
    }

    fn answers_nothing(&self) -> bool {
        self.mocks.is_empty() && self.from_run.is_none() && !self.from_recording && !self.approve
    }
}

fn priority_of(given: i32) -> Result<i32, Problem> {
    if MOST_PRIORITY.contains(&given) {
        return Ok(given);
    }
    Err(Problem::unprocessable(
        "bad_priority",
        format!("The priority {given} is out of bounds."),
        "It is a number from -1000 to 1000; a point is worth a minute of waiting.",
    ))
}

pub(in crate::api) async fn start(call: Call) -> Answer {
    let wait = wait_of(&call)?;
    if let Some(run) = made_run(&call) {
        return started(&call, again(&call.app, run).await?, wait).await;
    }
    let mut wanted: Start = call.json()?;
    if !wanted.dry_run && !wanted.answers_nothing() {
        return Err(Problem::unprocessable(
            "bad_body",
            "Answers are given to a dry run only.",
            "Say `dry_run: true`, or leave out `mocks`, `from_run`, `from_recording` and `approve`.",
        ));
    }
    let answers = wanted.answers()?;
    let automation = match call.param("id").parse::<AutomationId>() {
        Ok(id) => id,
        Err(_) => call.app.automation(call.param("id"))?.id,
    };
    // What does not happen needs neither connections nor acknowledgements.
    if let Some(number) = wanted.version.filter(|_| !wanted.dry_run) {
        call.app.may_start(&call.who, automation, number)?;
    }
    let user = call.who.user();
    let mut cause = json!({ "kind": "manual", "by": user });
    label::add(&mut cause, &wanted.labels)?;
    let submit = Submit {
        automation,
        version: wanted.version,
        inputs: wanted.inputs.unwrap_or_else(|| json!({})),
        cause: cause.into(),
        started_by: user,
        trigger: Json::null(),
        scheduled_at: None,
        idempotency: call.claim.clone(),
        extra: Batch::new(),
        run: clock::new_id(RunId::from_parts),
        dry_run: wanted.dry_run,
        priority: wanted.priority.map(priority_of).transpose()?,
        judged: true,
    };
    if submit.dry_run {
        let run = call.app.dry_run(submit, answers).await;
        return ok(&run.map_err(|problem| bad_inputs(&call, problem))?);
    }
    let run = call.app.engine.submit(submit).await;
    let run = run.map_err(|error| bad_inputs(&call, error))?;
    started(&call, run, wait).await
}

/// What is wrong with inputs is shown where they stand in the body.
fn bad_inputs(call: &Call, problem: impl Into<Problem>) -> Problem {
    call.placed(problem, "bad_inputs", "/inputs")
}

pub(super) fn wait_of(call: &Call) -> Result<Option<Duration>, Problem> {
    let wait: Option<Span> = call.query.read("wait", "a duration such as 30s")?;
    match wait {
        Some(span) if span.0 > LONGEST_WAIT => Err(Problem::bad_request(
            "bad_query",
            format!("`wait` in the address is longer than a request can be: {span}."),
            "It is at most 10m. Ask again while the run goes on, or follow its events.",
        )),
        wait => Ok(wait.map(|span| span.0)),
    }
}

/// The run that an earlier request with the same key made.
fn made_run(call: &Call) -> Option<RunId> {
    call.made.as_ref()?["run"].as_str()?.parse().ok()
}

async fn again(app: &App, run: RunId) -> Result<RunView, Problem> {
    let view = app.engine.view(run).await?;
    view.ok_or_else(|| {
        Problem::new(
            StatusCode::GONE,
            "run_left",
            format!("This request came before. Its run {run} has left the history."),
            "Nothing is started again under this key; take a new one for a new run.",
        )
    })
}

async fn started(call: &Call, mut run: RunView, wait: Option<Duration>) -> Answer {
    if let Some(wait) = wait {
        if !run.is_over() {
            tokio::select! {
                over = call.app.engine.wait(run.id, wait) => run = over?,
                () = call.gone.cancelled() => {}
            }
        }
        if run.is_over() {
            return ok(&run);
        }
    }
    let at = format!("/api/v1/runs/{}", run.id);
    Ok(Reply::json(StatusCode::ACCEPTED, &run)?.with(http::header::LOCATION, &at))
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let page = call.page()?;
    let automation = match call.query.get("automation_id") {
        Some(text) => match text.parse() {
            Ok(id) => Some(id),
            Err(_) => Some(call.app.automation(text)?.id),
        },
        None => None,
    };
    let before = page
        .after
        .as_deref()
        .map(|text| {
            text.parse::<RunId>().map_err(|_| {
                Problem::bad_request(
                    "bad_cursor",
                    "The cursor is not one that this list gave.",
                    "Use `next_cursor` of the page before, unchanged.",
                )
            })
        })
        .transpose()?;
    let query = RunQuery {
        automation,
        status: call.query.word("status", "a status of runs")?,
        cause: cause_of(&call)?,
        inputs: call.query.below("input."),
        labels: call.query.below("label."),
        since: call.query.read("since", "an RFC 3339 time")?,
        until: call.query.read("until", "an RFC 3339 time")?,
        before,
        limit: page.limit + 1,
    };
    let store = call.app.store.clone();
    let uncertain = waits_for_uncertain(&call)?.then(|| call.app.engine.uncertain());
    let seen: Option<bool> = call.query.read("seen", "true or false")?;
    // A search may have to look at many: the others do not wait for it.
    let search = move || {
        Ok(match (uncertain, seen) {
            (None, None) => store.runs(&query)?,
            (None, Some(seen)) => failed_runs(&*store, query, seen)?,
            (Some(ids), None) => runs_among(&*store, &query, &ids)?,
            // What has failed waits for nothing.
            (Some(_), Some(_)) => Vec::new(),
        })
    };
    let mut items = Vec::new();
    for head in call.app.off_thread(search).await? {
        let mut view = RunView::from(head.as_ref());
        call.app.engine.say_why(&mut view);
        call.app.say_seen(&mut view)?;
        items.push((head.id.to_string(), view));
    }
    ok(&page.answer(items))
}

/// Whether only runs are looked for that wait for a person to find out whether a step happened.
fn waits_for_uncertain(call: &Call) -> Result<bool, Problem> {
    match call.query.get("waits_for") {
        None => Ok(false),
        Some("uncertain") => Ok(true),
        Some(other) => {
            let shown: String = other.chars().take(60).collect();
            Err(Problem::bad_request(
                "bad_query",
                format!("`waits_for` in the address is nothing that is looked for: {shown:?}."),
                "It is `uncertain`: runs with a step of which nobody knows whether it happened.",
            ))
        }
    }
}

/// Those of these runs, oldest first, that a search finds, youngest first. They are few: each is looked at alone.
fn runs_among(
    store: &dyn Store,
    query: &RunQuery,
    ids: &[RunId],
) -> Result<Vec<Arc<RunHead>>, ReadError> {
    let mut found = Vec::new();
    let older = ids.iter().rev();
    for id in older.filter(|id| query.before.is_none_or(|before| **id < before)) {
        if found.len() >= query.limit {
            break;
        }
        let Some(head) = store.run_head(*id)? else {
            continue;
        };
        if !head.status.is_final() && query.fits(&head) {
            found.push(head);
        }
    }
    Ok(found)
}

/// The kind of cause that is looked for.
fn cause_of(call: &Call) -> Result<Option<String>, Problem> {
    let Some(kind) = call.query.get("cause") else {
        return Ok(None);
    };
    if CAUSES.contains(&kind) {
        return Ok(Some(kind.to_owned()));
    }
    let shown: String = kind.chars().take(60).collect();
    Err(Problem::bad_request(
        "bad_query",
        format!("`cause` in the address is not how a run begins: {shown:?}."),
        format!("It is one of {}.", CAUSES.join(", ")),
    ))
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let id = call.id("id", "run")?;
    ok(&call.app.run_view(id).await?)
}

/// How its answers look beside those that were recorded.
pub(in crate::api) async fn drift(call: Call) -> Answer {
    ok(&call.app.drift(call.id("id", "run")?).await?)
}

pub(in crate::api) async fn events(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    if call.app.store.run_head(id)?.is_none() {
        return Err(Problem::not_found("run"));
    }
    let streams = call
        .header("accept")
        .is_some_and(|accept| accept.contains("text/event-stream"));
    let after: Option<u64> = call.query.read("after", "the number of a fact")?;
    if streams {
        let last = match call.header("last-event-id") {
            Some(text) => text.trim().parse().ok(),
            None => None,
        };
        let follow = Follow::new(call.app, id, last.or(after).unwrap_or(0));
        return Ok(stream(follow, call.who));
    }
    let page = call.page()?;
    let after = page.after_number()?.or(after).unwrap_or(0);
    let mut follow = Follow::new(call.app.clone(), id, after);
    let wait = wait_of(&call)?.unwrap_or_default();
    let entries = tokio::time::timeout(wait, follow.entries(page.limit + 1))
        .await
        .unwrap_or(Ok(Vec::new()))?;
    let items = entries
        .into_iter()
        .map(|entry| (entry.seq.to_string(), entry))
        .collect();
    ok(&page.answer(items))
}

pub(in crate::api) async fn export(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    let app = call.app.clone();
    ok(&call.app.off_thread(move || app.export(id)).await?)
}

/// Reads a journal as it grows.
struct Follow {
    app: App,
    run: RunId,
    /// The number of the last fact that was read.
    seq: u64,
    changes: tokio::sync::watch::Receiver<u64>,
    over: bool,
}

fn stream(follow: Follow, who: Principal) -> Reply {
    let chunks = futures_util::stream::unfold((follow, who), |(mut follow, who)| async {
        let chunk = follow.next().await?;
        // Whoever lost their token meanwhile hears no more.
        let goes_on = follow.app.is_still_in(&who);
        goes_on.then_some((Ok::<_, std::convert::Infallible>(chunk), (follow, who)))
    });
    Reply::of(
        StatusCode::OK,
        "text/event-stream",
        Body::from_stream(chunks),
    )
}

impl Follow {
    fn new(app: App, run: RunId, after: u64) -> Self {
        // Subscribed before the first read: what comes in between is a change that is seen.
        let changes = app.engine.changes(run);
        Self {
            app,
            run,
            seq: after,
            changes,
            over: false,
        }
    }

    /// The next facts, once there are any; none when none will come, or the server ends.
    async fn entries(&mut self, limit: usize) -> Result<Vec<Entry>, ReadError> {
        loop {
            self.changes.mark_unchanged();
            let entries = self.app.store.run_entries(self.run, self.seq, limit)?;
            if let Some(last) = entries.last() {
                self.seq = last.seq;
                self.over = matches!(last.event, RunEvent::Finished { .. });
                return Ok(entries);
            }
            let head = self.app.store.run_head(self.run)?;
            if head.is_none_or(|head| head.status.is_final()) {
                return Ok(Vec::new());
            }
            tokio::select! {
                changed = self.changes.changed() => if changed.is_err() {
                    // The run has left memory: subscribe anew, or find its end at the next read.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    self.changes = self.app.engine.changes(self.run);
                },
                () = self.app.engine.closing() => return Ok(Vec::new()),
            }
        }
    }

    /// The next piece of a stream; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let entries = match tokio::time::timeout(KEEP_ALIVE, self.entries(FACTS)).await {
            Ok(Ok(entries)) => entries,
            Ok(Err(error)) => {
                tracing::error!(%error, run = %self.run, "a stream of facts was cut");
                return None;
            }
            Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
        };
        if entries.is_empty() {
            return None;
        }
        let mut text = String::new();
        for entry in &entries {
            let data = serde_json::to_string(entry).unwrap_or_default();
            let name = serde_json::to_value(&entry.event)
                .ok()
                .and_then(|event| event["type"].as_str().map(str::to_owned))
                .unwrap_or_default();
            text.push_str(&format!(
                "id: {}\nevent: {name}\ndata: {data}\n\n",
                entry.seq
            ));
        }
        Some(crate::secret::hide(&text).into_owned().into())
    }
}

/// Why, in a person's words.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Reason {
    /// Left out: nothing is said.
    #[serde(default)]
    pub(in crate::api) reason: Option<Spoken>,
}

impl Reason {
    /// The wish of whoever calls, with its line of the audit log: of one record with the fact in the run.
    fn wish(self, call: &Call, action: &str, id: RunId) -> Result<Wish, Problem> {
        let reason = call.hidden_of(id).said(self.reason);
        let details = json!({ "reason": reason });
        wish(call, action, id, reason, details)
    }
}

fn wish(
    call: &Call,
    action: &str,
    id: RunId,
    reason: Option<String>,
    details: Value,
) -> Result<Wish, Problem> {
    Ok(Wish {
        by: call.who.user(),
        reason,
        idempotency: call.claim.clone(),
        extra: call.app.audit(&call.who, action, &id, details)?,
    })
}

pub(in crate::api) async fn cancel(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    if call.made.is_some() {
        return Reply::json(StatusCode::ACCEPTED, &again(&call.app, id).await?);
    }
    let wish = call.json::<Reason>()?.wish(&call, "run.cancel", id)?;
    let run = call.app.engine.cancel(id, wish).await?;
    Reply::json(StatusCode::ACCEPTED, &run)
}

pub(in crate::api) async fn pause(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    if call.made.is_some() {
        return Reply::json(StatusCode::ACCEPTED, &again(&call.app, id).await?);
    }
    let wish = call.json::<Reason>()?.wish(&call, "run.pause", id)?;
    let run = call.app.engine.pause(id, wish).await?;
    Reply::json(StatusCode::ACCEPTED, &run)
}

/// Takes it that a person has seen that a run failed.
pub(in crate::api) async fn seen(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    let body: Reason = call.json()?;
    let reason = call.hidden_of(id).said(body.reason);
    ok(&call.app.see(&call.who, id, reason).await?)
}

/// Takes back that a person has seen that a run failed.
pub(in crate::api) async fn unseen(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    ok(&call.app.unsee(&call.who, id).await?)
}

/// How a run goes on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ResumeBody {
    /// Why.
    #[serde(default)]
    pub(in crate::api) reason: Option<Spoken>,
    /// The path of a step that failed and waits; left out: all that do.
    #[serde(default)]
    pub(in crate::api) step: Option<String>,
    /// What becomes of the steps that wait.
    #[serde(default)]
    pub(in crate::api) decision: ResumeDecision,
    /// Keys that take the place of those of the step's configuration. It takes an editor.
    #[serde(default)]
    pub(in crate::api) input: Option<serde_json::Map<String, Value>>,
    /// Another version of the automation: the steps are tried again with the configuration that it gives
    /// them.
    #[serde(default)]
    pub(in crate::api) version: Option<u32>,
}

/// What becomes of steps that failed and wait.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum ResumeDecision {
    /// They are tried again.
    #[default]
    Retry,
    /// They fail.
    Fail,
}

pub(in crate::api) async fn resume(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    if call.made.is_some() {
        return Reply::json(StatusCode::ACCEPTED, &again(&call.app, id).await?);
    }
    let body: ResumeBody = call.json()?;
    if body.input.is_some() {
        if call.who.role < Role::Editor {
            // Other input is other work, which operators cannot write otherwise either.
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "role_too_low",
                format!(
                    "Another input needs the role editor; your token has {}.",
                    call.who.role.name()
                ),
                "Ask an editor, or let the step be tried again as it is.",
            ));
        }
        if body.decision == ResumeDecision::Fail {
            return Err(Problem::bad_request(
                "bad_body",
                "A step that fails takes no input.",
                "Leave `input` out, or let the step be tried again.",
            ));
        }
    }
    if body.version.is_some() && (body.input.is_some() || body.decision == ResumeDecision::Fail) {
        return Err(Problem::bad_request(
            "bad_body",
            "A step is tried again with another version, with another input, or not at all.",
            "Say one of `version`, `input` and `decision`.",
        ));
    }
    let version = match body.version {
        Some(number) => Some(other_version(&call, id, number)?),
        None => None,
    };
    let reason = call.hidden_of(id).said(body.reason);
    let details = json!({
        "reason": reason,
        "step": body.step,
        "fails": body.decision == ResumeDecision::Fail,
        "corrected": body.input.as_ref().map(|input| input.keys().collect::<Vec<_>>()),
        "version": body.version,
    });
    let wish = wish(&call, "run.resume", id, reason, details)?;
    let resume = Resume {
        step: body.step,
        answer: match (body.decision, version) {
            (ResumeDecision::Fail, _) => ResumeAnswer::Fail,
            (ResumeDecision::Retry, Some(plan)) => ResumeAnswer::Version { plan },
            (ResumeDecision::Retry, None) => ResumeAnswer::Again {
                input: body.input.map(|input| Value::Object(input).into()),
            },
        },
    };
    let run = call.app.engine.resume(id, resume, wish).await?;
    Reply::json(StatusCode::ACCEPTED, &run)
}

/// Another version of a run's automation, which whoever calls may start. One that is not in use is other
/// work, as other input is.
fn other_version(call: &Call, run: RunId, number: u32) -> Result<Arc<Plan>, Problem> {
    let head = call.app.store.run_head(run)?;
    let head = head.ok_or_else(|| Problem::not_found("run"))?;
    let automation = head
        .automation
        .ok_or_else(|| Problem::not_found("automation"))?;
    if head.version != number {
        call.app.may_start(&call.who, automation, number)?;
        let row = call.app.automation(&automation.to_string())?;
        if row.active_version != Some(number) && call.who.role < Role::Editor {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "role_too_low",
                format!(
                    "Version {number} is not active, and taking it needs the role editor; your token has {}.",
                    call.who.role.name()
                ),
                "Ask an editor to activate it or to resume the run, or let the step be tried again as it is.",
            ));
        }
    }
    Ok(call.app.engine.version_plan(automation, number)?)
}

/// What a retry may say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct RetryBody {
    /// Results before this step are kept; left out: the failed steps run again.
    #[serde(default)]
    pub(in crate::api) from: Option<String>,
    /// Other inputs.
    #[serde(default)]
    pub(in crate::api) inputs: Option<Value>,
    /// Another version.
    #[serde(default)]
    pub(in crate::api) version: Option<u32>,
    /// Steps of which nobody knows whether they were undone: their results are kept all the same.
    #[serde(default)]
    pub(in crate::api) keep: Vec<String>,
    /// Why.
    #[serde(default)]
    pub(in crate::api) reason: Option<Spoken>,
}

/// What a retry with this body would keep and run again; starts nothing.
pub(in crate::api) async fn preview_retry(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    let body: RetryBody = call.json()?;
    let preview = call.app.engine.retry_preview(
        id,
        body.from.as_deref(),
        body.version,
        body.inputs,
        &body.keep,
    );
    ok(&preview.map_err(|error| bad_inputs(&call, error))?)
}

pub(in crate::api) async fn retry(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    let wait = wait_of(&call)?;
    if let Some(run) = made_run(&call) {
        return started(&call, again(&call.app, run).await?, wait).await;
    }
    let body: RetryBody = call.json()?;
    // With its own inputs it is what somebody had let begin. Another version or other inputs are other work.
    if (body.version.is_some() || body.inputs.is_some())
        && let Some(before) = call.app.engine.view(id).await?
        && let Some(automation) = before.automation_id
    {
        let number = body.version.unwrap_or(before.version);
        let inputs = body.inputs.as_ref();
        if number != before.version || inputs.is_some_and(|new| new != before.inputs.value()) {
            call.app.may_start(&call.who, automation, number)?;
        }
    }
    let run = clock::new_id(RunId::from_parts);
    let reason = call.hidden_of(id).said(body.reason);
    let details = json!({
        "reason": reason, "run": run, "from": body.from, "version": body.version,
        "other_inputs": body.inputs.is_some(), "keep": body.keep,
    });
    let retry = Retry {
        extra: call.app.audit(&call.who, "run.retry", &id, details)?,
        run,
        from: body.from,
        inputs: body.inputs,
        version: body.version,
        keep: body.keep,
        by: call.who.user(),
        reason,
        idempotency: call.claim.clone(),
    };
    let run = call.app.engine.retry(id, retry).await;
    let run = run.map_err(|error| bad_inputs(&call, error))?;
    started(&call, run, wait).await
}

/// The form of a fact in a journal.
#[derive(JsonSchema)]
#[allow(dead_code)]
pub(in crate::api) struct Fact {
    /// From 1, without gaps.
    seq: u64,
    /// When it became a fact.
    at: Timestamp,
    /// What it is about: created, step_skipped, attempt_started, … The other fields depend on it.
    r#type: String,
}
