//! What the sender of a webhook is answered once the run that it started is over.

use super::hook::HookAnswer;
use super::{Started, Triggers};
use crate::service::{Problem, RunView};
use druse_engine::event::{Failure, RunEvent, Start, Status};
use druse_engine::expression::{ExpressionError, Names, RunFacts, StepValue, Template, Values};
use druse_engine::{Json, RunId};
use druse_storage::ReadError;
use druse_triggers::webhook::{Respond, RespondKind};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Headers that the server sets by itself.
const OWN: [&str; 6] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "transfer-encoding",
    "upgrade",
];

/// 202 and where to look.
pub(super) fn accepted(run: RunId) -> HookAnswer {
    HookAnswer::new(202, json!({ "run_id": run }))
}

impl Triggers {
    /// The answer as the trigger's `respond` has it.
    pub(super) async fn answer(
        &self,
        respond: &Respond,
        run: RunId,
        gone: &CancellationToken,
    ) -> Result<HookAnswer, Problem> {
        if !respond.waits() {
            return Ok(accepted(run));
        }
        if matches!(self.started(run)?, Started::Never) {
            // It came before, and its run has left the history: nothing more is known of it.
            return Ok(accepted(run));
        }
        let view = tokio::select! {
            view = self.0.engine.wait(run, respond.timeout.0) => view?,
            () = self.0.closing.cancelled() => self.0.engine.wait(run, std::time::Duration::ZERO).await?,
            () = gone.cancelled() => return Ok(accepted(run)),
        };
        if !view.is_over() {
            let location = format!("/api/v1/runs/{run}");
            let mut answer = HookAnswer::new(202, json!({ "run_id": run, "location": location }));
            answer.headers.push(("location".into(), location));
            return Ok(answer);
        }
        match &respond.kind {
            RespondKind::Accepted => Ok(accepted(run)),
            RespondKind::Result if view.status == Status::Succeeded => Ok(HookAnswer::new(
                200,
                view.outputs
                    .map_or_else(|| json!({}), |outputs| outputs.value().clone()),
            )),
            RespondKind::Result => Err(not_successful(&view)),
            RespondKind::Custom {
                status,
                headers,
                body,
            } => {
                // Only an answer that makes its own status tells a failure from a success.
                let tells = status.as_ref().is_some_and(|status| !status.is_constant());
                if view.status != Status::Succeeded && !tells {
                    return Err(not_successful(&view));
                }
                let values = values(&view, &self.start_of(run)?);
                custom(&values, status.as_ref(), headers.as_ref(), body).map_err(|error| {
                    Problem::unprocessable(
                        "bad_answer",
                        format!("The answer could not be made: {}", error.message),
                        "The trigger's `respond` does not fit what the run gave.",
                    )
                })
            }
        }
    }

    /// How a run began.
    pub(super) fn start_of(&self, run: RunId) -> Result<Start, ReadError> {
        let first = self.store().run_entries(run, 0, 1)?;
        match first.into_iter().next().map(|entry| entry.event) {
            Some(RunEvent::Created(start)) => Ok(*start),
            _ => Err(ReadError::Damaged(format!(
                "the journal of {run} does not begin with its creation"
            ))),
        }
    }
}

fn not_successful(view: &RunView) -> Problem {
    let reason = view
        .error
        .as_ref()
        .map(|error| format!(": {}", error.message))
        .unwrap_or_default();
    Problem::unprocessable(
        "run_not_successful",
        format!(
            "The run {} ended as {}{reason}",
            view.id,
            view.status.name()
        ),
        "The run's steps say what happened.",
    )
}

/// A run that is over, as expressions see it.
fn values(view: &RunView, start: &Start) -> Arc<Values> {
    // Steps inside of loops are not seen from outside of them.
    let steps: Vec<_> = view
        .steps
        .iter()
        .flatten()
        .filter(|step| step.path == step.id)
        .collect();
    let names: Names = steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step.id.clone(), index))
        .collect();
    let facts = RunFacts {
        id: view.id,
        started_at: view.started_at.unwrap_or(view.created_at),
        scheduled_at: start.scheduled_at,
    };
    let mut values = Values::new(
        view.inputs.clone(),
        start.trigger.clone(),
        facts,
        Arc::new(names),
    );
    for (value, step) in values.steps_mut().iter_mut().zip(steps) {
        *value = StepValue {
            status: Some(step.status),
            output: step.output.clone(),
            error: step.error.clone().map(|error| {
                Box::new(Failure {
                    class: error.class,
                    code: error.code,
                    message: error.message,
                    details: error.details,
                })
            }),
        };
    }
    Arc::new(values)
}

fn custom(
    values: &Arc<Values>,
    status: Option<&Template>,
    headers: Option<&Template>,
    body: &Template,
) -> Result<HookAnswer, ExpressionError> {
    let render = |template: Option<&Template>| -> Result<Json, ExpressionError> {
        template.map_or_else(|| Ok(Json::null()), |template| template.render(values))
    };
    let status = render(status)?;
    let status = match status.value() {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let status = status
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| (200..600).contains(status));
    let mut answer = HookAnswer::new(status.unwrap_or(200), render(Some(body))?.value().clone());
    if let Value::Object(headers) = render(headers)?.value() {
        for (name, value) in headers {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let lawful = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
                && http::HeaderValue::from_str(&text).is_ok();
            if lawful && !OWN.contains(&name.to_ascii_lowercase().as_str()) {
                answer.headers.push((name.to_ascii_lowercase(), text));
            }
        }
    }
    Ok(answer)
}
