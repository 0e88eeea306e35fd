//! Answers, and problems in the form of RFC 9457.

use crate::secret::hide;
use crate::service::Problem;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;

/// The most findings that a problem lists: a document full of mistakes must not be answered with one that
/// is many times as long.
const MOST_FINDINGS: usize = 500;

/// Bytes that are set aside for an answer before it is written; the view of a short run takes somewhat less.
const ANSWER: usize = 1_500;

/// What a handler answers.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Body,
}

impl Reply {
    /// A JSON body, without the seals of sensitive inputs.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        // Most answers fit into this: a text that grows from nothing is copied at each doubling.
        let mut text = Vec::with_capacity(ANSWER);
        serde_json::to_writer(&mut text, body).map_err(|error| Problem::internal(&error))?;
        let text = String::from_utf8(text).map_err(|error| Problem::internal(&error))?;
        let text = match hide(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(shown) => shown,
        };
        Ok(Self::of(status, "application/json", text))
    }

    /// Any body with its media type.
    pub(super) fn of(status: StatusCode, media: &'static str, body: impl Into<Body>) -> Self {
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static(media))],
            body: body.into(),
        }
    }

    /// 204.
    pub(super) fn empty() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: Vec::new(),
            body: Body::empty(),
        }
    }

    /// With a header; one whose value cannot be a header is left out.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// With an entity tag.
    pub(super) fn tagged(self, tag: &str) -> Self {
        self.with(header::ETAG, tag)
    }

    pub(super) fn into_response(self, request: &str) -> Response {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.reserve(self.headers.len() + 2);
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        finish(response, request)
    }
}

/// A problem document.
pub(super) fn problem(problem: &Problem, request: &str) -> Response {
    let mut document = json!({
        "type": format!("urn:druse:problem:{}", problem.code),
        "title": problem.status.canonical_reason().unwrap_or("Problem"),
        "status": problem.status.as_u16(),
        "detail": problem.message,
        "code": problem.code,
        "message": problem.message,
        "help": problem.help,
        "request_id": request,
    });
    if !problem.findings.is_empty() {
        let shown = problem.findings.len().min(MOST_FINDINGS);
        document["findings"] = json!(problem.findings[..shown]);
        if problem.findings.len() > shown {
            document["findings_left_out"] = (problem.findings.len() - shown).into();
        }
    }
    if let Some(changes) = &problem.changes {
        document["changes"] = (**changes).clone();
    }
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"druse\""),
        );
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    finish(response, request)
}

fn finish(mut response: Response, request: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(request) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
