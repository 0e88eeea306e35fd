//! One request, authorised, with its body read.

use super::{answer::Reply, query::Query};
use crate::runtime::clock;
use crate::service::{App, IdempotencyClaim, Principal, Problem};
use bytes::Bytes;
use druse_engine::definition::{Syntax, parse_value};
use druse_engine::json::{DEEPEST, is_deep};
use druse_storage::Batch;
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::str::FromStr;
use tokio_util::sync::CancellationToken;

/// What the answer to a repeated key is sealed under: the store never holds a token in the clear.
const SEALED: &str = "idempotent_token";

/// What a handler gets.
pub(super) struct Call {
    pub(super) app: App,
    pub(super) who: Principal,
    /// Where the request came from, when that is known.
    pub(super) sender: Option<IpAddr>,
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    pub(super) path: String,
    pub(super) query_text: String,
    pub(super) body: Bytes,
    /// The caller's idempotency key, for whoever makes something.
    pub(super) claim: Option<IdempotencyClaim>,
    /// What an earlier request with this key made, where its answer is made anew.
    pub(super) made: Option<Value>,
    /// Canceled when nobody waits for the answer any more: what was begun goes on, and nothing is waited for.
    pub(super) gone: CancellationToken,
}

/// An answer that is given again to whoever repeats its key.
pub(super) struct Made<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: &'a Value,
}

impl Made<'_> {
    /// The answer.
    pub(super) fn reply(&self) -> Result<Reply, Problem> {
        let mut reply = Reply::json(self.status, self.body)?;
        for (name, value) in &self.headers {
            reply = reply.with(name.clone(), value);
        }
        Ok(reply)
    }

    /// The answer that was kept under a key; `None` when what was kept is something else.
    pub(super) fn again(made: &Value) -> Option<Result<Reply, Problem>> {
        let status = u16::try_from(made["status"].as_u64()?).ok()?;
        let headers = made["headers"].as_array().into_iter().flatten();
        let answer = Made {
            status: StatusCode::from_u16(status).ok()?,
            headers: headers
                .filter_map(|pair| {
                    let name = pair[0].as_str()?.parse().ok()?;
                    Some((name, pair[1].as_str()?.to_owned()))
                })
                .collect(),
            body: made.get("body")?,
        };
        Some(answer.reply())
    }
}

impl Call {
    /// A parameter of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// An id in the path. What is no id of the kind cannot be known: 404.
    pub(super) fn id<T: FromStr>(&self, name: &str, what: &str) -> Result<T, Problem> {
        self.param(name)
            .parse()
            .map_err(|_| Problem::not_found(what))
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON. An empty body is `{}`.
    pub(super) fn value(&self) -> Result<Value, Problem> {
        let body: &[u8] = if self.body.is_empty() {
            b"{}"
        } else {
            self.json_type()?;
            &self.body
        };
        let mut reader = serde_json::Deserializer::from_slice(body);
        let value = serde::Deserialize::deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value))
            .map_err(|error| {
                Problem::bad_request(
                    "unreadable",
                    format!(
                        "The body is not valid JSON: line {}, column {}.",
                        error.line(),
                        error.column()
                    ),
                    "Send one JSON value in UTF-8.",
                )
            })?;
        if is_deep(&value) {
            return Err(Problem::bad_request(
                "unreadable",
                format!("The body is nested more than {DEEPEST} deep."),
                "Send a flatter value, or the deep part as a text.",
            ));
        }
        Ok(value)
    }

    /// A body that is a JSON object; an empty one counts as `{}`.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let value = self.value()?;
        // A list would be read by the order of the fields.
        if !value.is_object() {
            return Err(Problem::unprocessable(
                "bad_body",
                "The body has to be a JSON object.",
                "The OpenAPI document at /api/v1/openapi.json describes it.",
            ));
        }
        serde_json::from_value(value).map_err(|error| {
            Problem::unprocessable(
                "bad_body",
                format!("The body is not what is expected here: {error}."),
                "The OpenAPI document at /api/v1/openapi.json describes it.",
            )
        })
    }

    fn json_type(&self) -> Result<(), Problem> {
        let media = self.media_type();
        if media.is_empty() || media == "application/json" || media.ends_with("+json") {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The body has to be JSON.",
            "Send it with `Content-Type: application/json`.",
        ))
    }

    /// The body's media type, lower-case, without parameters; empty when none is named.
    pub(super) fn media_type(&self) -> String {
        self.headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// Refuses with 412 when the caller saw another state than this.
    pub(super) fn if_match(&self, tag: Option<&str>) -> Result<(), Problem> {
        let Some(wanted) = self.header("if-match") else {
            return Ok(());
        };
        let holds = wanted
            .split(',')
            .map(str::trim)
            .any(|one| tag.is_some_and(|tag| one == "*" || one == tag));
        if holds {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "changed_meanwhile",
            "It has changed since you read it.",
            "Read it again, then repeat the change with the new ETag.",
        ))
    }

    /// Adds the claim of the idempotency key to a batch, so that this answer is given again.
    pub(super) fn claim_answer(&self, batch: Batch, answer: &Made<'_>) -> Batch {
        if self.claim.is_none() {
            return batch;
        }
        let headers: Vec<(&str, &str)> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let made =
            json!({ "status": answer.status.as_u16(), "body": answer.body, "headers": headers });
        self.claim_made(batch, made)
    }

    /// Adds the claim of the idempotency key to a batch, with what the answer is made of.
    pub(super) fn claim_made(&self, batch: Batch, made: Value) -> Batch {
        match &self.claim {
            Some(claim) => batch.claim(&claim.row(made, clock::now())),
            None => batch,
        }
    }

    /// What an earlier request with this key was answered, where that holds something secret.
    pub(super) fn made_sealed(&self) -> Result<Option<Value>, Problem> {
        let Some(made) = &self.made else {
            return Ok(None);
        };
        let sealed = made["sealed"].as_str().unwrap_or_default();
        let answer = self
            .app
            .seal
            .open(SEALED, 1, sealed)
            .map_err(|error| Problem::internal(&error))?;
        serde_json::from_str(answer.expose())
            .map(Some)
            .map_err(|error| Problem::internal(&error))
    }

    /// Adds the claim of the idempotency key to a batch, so that this answer is given again; it holds something secret,
    /// and is kept sealed.
    pub(super) fn claim_sealed(&self, batch: Batch, answer: &Value) -> Result<Batch, Problem> {
        if self.claim.is_none() {
            return Ok(batch);
        }
        let sealed = self
            .app
            .seal
            .seal(SEALED, 1, &answer.to_string().into())
            .map_err(|error| Problem::internal(&error))?;
        Ok(self.claim_made(batch, json!({ "sealed": sealed })))
    }

    /// Gives the findings of a problem with this code, which name places below one of the body, their lines and
    /// columns in the body.
    pub(super) fn placed(&self, problem: impl Into<Problem>, code: &str, below: &str) -> Problem {
        let mut problem = problem.into();
        let text = std::str::from_utf8(&self.body).ok();
        let read = text.and_then(|text| parse_value(text, Syntax::Json).ok());
        if let (Some((_, source)), true) = (read, problem.code == code) {
            source.locate_below(&mut problem.findings, below, &["unknown_input"]);
        }
        problem
    }

    /// A page as `limit` and `cursor` ask for it.
    pub(super) fn page(&self) -> Result<crate::service::page::Page, Problem> {
        crate::service::page::Page::parse(self.query.get("limit"), self.query.get("cursor"))
    }
}

/// 200 with a body.
pub(super) fn ok(body: &impl Serialize) -> Result<Reply, Problem> {
    Reply::json(StatusCode::OK, body)
}
