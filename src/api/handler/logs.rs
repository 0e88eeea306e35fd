//! What the steps of a run wrote: read page by page, or followed while they run.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use super::runs::wait_of;
use crate::secret::hide;
use crate::service::{App, Principal, Problem};
use crate::step_log::{LogPage, LogPiece, LogQuery};
use axum::body::Body;
use bytes::Bytes;
use druse_engine::{RunId, Timestamp};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

/// How often a silent stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Pieces that are read at once for a stream.
const PIECES: usize = 200;
/// Bytes of text in one page.
const PAGE_BYTES: usize = 1 << 20;
/// Between two looks at a run that leaves memory while it is followed.
const MOMENT: Duration = Duration::from_millis(50);

/// Something that an attempt wrote.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct LogView {
    /// Goes up; what comes behind it is read with `after`.
    seq: u64,
    /// When.
    #[schemars(with = "String")]
    at: Timestamp,
    /// The step, by its path in the run.
    step: String,
    /// The attempt, from 1.
    attempt: u32,
    /// `stdout`, `stderr`, `http`, or `note` where Druse says something about the attempt.
    stream: String,
    /// The text. It need not end with a line.
    text: String,
    /// Bytes that stood here and are not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u64>,
}

impl LogView {
    fn new(seq: u64, piece: LogPiece) -> Self {
        let stream = serde_json::to_value(piece.stream).unwrap_or_default();
        Self {
            seq,
            at: piece.at,
            step: piece.step,
            attempt: piece.attempt,
            stream: stream.as_str().unwrap_or_default().to_owned(),
            text: piece.text,
            left_out: Some(piece.left_out).filter(|bytes| *bytes > 0),
        }
    }
}

/// Of all steps of a run.
pub(in crate::api) async fn of_run(call: Call) -> Answer {
    let step = call.query.get("step").map(str::to_owned);
    logs(call, step).await
}

/// Of one step.
pub(in crate::api) async fn of_step(call: Call) -> Answer {
    let step = call.param("path").to_owned();
    logs(call, Some(step)).await
}

async fn logs(call: Call, step: Option<String>) -> Answer {
    let run: RunId = call.id("id", "run")?;
    if call.app.store.run_head(run)?.is_none() {
        return Err(Problem::not_found("run"));
    }
    let after: Option<u64> = call.query.read("after", "the number of a piece")?;
    let page = call.page()?;
    let mut query = LogQuery {
        step,
        attempt: call.query.read("attempt", "the number of an attempt")?,
        after: after.unwrap_or(0),
        limit: page.limit,
        bytes: PAGE_BYTES,
    };
    if call
        .header("accept")
        .is_some_and(|accept| accept.contains("text/event-stream"))
    {
        let last = call.header("last-event-id");
        if let Some(last) = last.and_then(|text| text.trim().parse().ok()) {
            query.after = last;
        }
        query.limit = PIECES;
        return Ok(stream(Follow::new(call.app, run, query), call.who));
    }
    if let Some(cursor) = page.after_number()? {
        query.after = cursor;
    }
    let wait = wait_of(&call)?.unwrap_or_default();
    let began = query.after == 0;
    let step = query.step.clone();
    let mut follow = Follow::new(call.app.clone(), run, query);
    let found = match tokio::time::timeout(wait, follow.next_page()).await {
        Ok(found) => found?,
        // Without a wait there was no time even to look.
        Err(_) => follow.look().await?,
    };
    if found.pieces.is_empty() && began {
        known_step(&call.app, run, step.as_deref()).await?;
    }
    let last = found.pieces.last().map(|(seq, _)| *seq);
    let cursor = last
        .filter(|_| found.more)
        .map(|seq| page.cursor(&seq.to_string()));
    let views = found.pieces.into_iter();
    let items: Vec<LogView> = views.map(|(seq, piece)| LogView::new(seq, piece)).collect();
    ok(&json!({ "items": items, "next_cursor": cursor }))
}

/// A step that the run does not have is told from one that wrote nothing.
async fn known_step(app: &App, run: RunId, step: Option<&str>) -> Result<(), Problem> {
    let Some(step) = step else { return Ok(()) };
    let view = app.run_view(run).await?;
    let mut steps = view.steps.iter().flatten();
    match steps.any(|known| known.path == step) {
        true => Ok(()),
        false => Err(Problem::not_found("step")),
    }
}

/// Reads what a run's steps write as it comes.
struct Follow {
    app: App,
    run: RunId,
    query: LogQuery,
    written: watch::Receiver<()>,
    changes: watch::Receiver<u64>,
    over: bool,
}

impl Follow {
    fn new(app: App, run: RunId, query: LogQuery) -> Self {
        // Subscribed before the first read: what comes in between is a change that is seen.
        let written = app.engine.actions().logs().follow(run);
        let changes = app.engine.changes(run);
        Self {
            app,
            run,
            query,
            written,
            changes,
            over: false,
        }
    }

    /// What is there now.
    async fn look(&mut self) -> Result<LogPage, Problem> {
        let logs = self.app.engine.actions().logs().clone();
        logs.flush().await;
        let (run, query) = (self.run, self.query.clone());
        let read = move || {
            logs.read(run, &query)
                .map_err(|error| Problem::internal(&error))
        };
        let page = self.app.off_thread(read).await?;
        if let Some((last, _)) = page.pieces.last() {
            self.query.after = *last;
        }
        Ok(page)
    }

    /// The next pieces, once there are any; none when none will come, or the server ends.
    async fn next_page(&mut self) -> Result<LogPage, Problem> {
        loop {
            self.written.mark_unchanged();
            self.changes.mark_unchanged();
            // Looked at before the pieces: what an attempt wrote is there before its run is over.
            let head = self.app.store.run_head(self.run)?;
            let over = head.is_none_or(|head| head.status.is_final());
            let page = self.look().await?;
            if !page.pieces.is_empty() || over {
                self.over = over && !page.more;
                return Ok(page);
            }
            tokio::select! {
                written = self.written.changed() => if written.is_err() {
                    // Nothing is kept here.
                    return Ok(page);
                },
                changed = self.changes.changed() => if changed.is_err() {
                    // The run has left memory, and its end is found at the next look.
                    tokio::time::sleep(MOMENT).await;
                    self.changes = self.app.engine.changes(self.run);
                },
                () = self.app.engine.closing() => return Ok(page),
            }
        }
    }

    /// The next piece of a stream; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let page = match tokio::time::timeout(KEEP_ALIVE, self.next_page()).await {
            Ok(Ok(page)) => page,
            Ok(Err(problem)) => {
                tracing::error!(error = problem.message, run = %self.run, "a stream of logs was cut");
                return None;
            }
            Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
        };
        if page.pieces.is_empty() {
            return None;
        }
        let mut text = String::new();
        for (seq, piece) in page.pieces {
            let data = serde_json::to_string(&LogView::new(seq, piece)).unwrap_or_default();
            text.push_str(&format!("id: {seq}\nevent: log\ndata: {data}\n\n"));
        }
        Some(hide(&text).into_owned().into())
    }
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
