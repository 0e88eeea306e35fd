//! The API, asked in this process as the person who is signed in.

use crate::api::Peer;
use crate::service::Principal;
use axum::body::Body;
use bytes::Bytes;
use druse_engine::Finding;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use tower::ServiceExt as _;

/// The largest answer that a page is made of.
const LARGEST: usize = 256 << 20;

/// Why the API did not do it.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// The status.
    pub(super) status: StatusCode,
    /// Stable, snake_case.
    pub(super) code: String,
    /// One sentence.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: String,
    /// Places in what was sent.
    pub(super) findings: Vec<Finding>,
    /// Of several things at once those that were not done.
    pub(super) places: Box<[Place]>,
}

/// One of several things that was not done.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its page.
    pub(super) address: String,
    /// What it is called there.
    pub(super) title: String,
    /// Why.
    pub(super) why: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: &str, help: &str) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            help: help.into(),
            findings: Vec::new(),
            places: Box::default(),
        }
    }

    /// With those of several things that were not done.
    pub(super) fn at(mut self, places: Vec<Place>) -> Self {
        self.places = places.into();
        self
    }

    /// What a form holds is not what it asks for.
    pub(super) fn form(message: impl Into<String>, help: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_form",
            &message.into(),
            help,
        )
    }
}

impl From<crate::service::Problem> for Refusal {
    fn from(problem: crate::service::Problem) -> Self {
        Self {
            findings: problem.findings,
            ..Self::new(
                problem.status,
                problem.code,
                &problem.message,
                &problem.help,
            )
        }
    }
}

/// A request that was made of the API.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// `GET /api/v1/…`.
    pub(super) line: String,
    /// What was sent, where anybody may see it.
    pub(super) body: Option<String>,
    /// What came of it, where the page that it leads to tells it: of a connection that was tried, and of a version that
    /// was made active what was found.
    pub(super) answer: Option<Result<Value, Refusal>>,
}

/// The longest body that is shown.
const SHOWN: usize = 4_000;

impl Asked {
    fn new(method: &Method, path: &str, body: &[u8]) -> Self {
        let shown = *method != Method::GET && !body.is_empty() && is_open(path);
        let body = shown.then(|| {
            let text = String::from_utf8_lossy(body);
            let mut cut: String = text.chars().take(SHOWN).collect();
            if cut.len() < text.len() {
                cut.push('…');
            }
            cut
        });
        Self {
            line: format!("{method} /api/v1{path}"),
            body,
            answer: None,
        }
    }

    /// Whether it only looked.
    pub(super) fn looked(&self) -> bool {
        self.line.starts_with("GET ")
    }
}

/// Whether a body sent there holds nothing that is to be kept from whoever looks at the screen: documents
/// and answers about them, and neither secrets, nor the inputs of runs, nor the fields of approvals.
fn is_open(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let automation = path
        .strip_prefix("/automations")
        .is_some_and(|rest| !rest.ends_with("/runs") && !rest.ends_with("/fire"));
    automation || path.ends_with("/crystallize") || path == "/documents/check"
}

/// An answer of the API, read to its end; what is no success is a refusal.
pub(super) async fn taken(response: axum::response::Response) -> Result<Said, Refusal> {
    let (parts, body) = response.into_parts();
    let body = http_body_util::Limited::new(body, LARGEST)
        .collect()
        .await
        .map_err(|_| {
            Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "too_large",
                "This is too large for a page.",
                "Read it by the API.",
            )
        })?
        .to_bytes();
    if parts.status.is_success() {
        return Ok(Said {
            headers: parts.headers,
            body,
        });
    }
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    let field = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    let code = field("code");
    Err(Refusal {
        status: parts.status,
        help: for_people(&code).map_or_else(|| field("help"), str::to_owned),
        code,
        message: field("message"),
        findings: serde_json::from_value(problem["findings"].clone()).unwrap_or_default(),
        places: Box::default(),
    })
}

/// Whether a connection is tried out there.
fn is_trial(path: &str) -> bool {
    path.starts_with("/connections/") && path.ends_with("/test")
}

/// Whether a version is made active there.
fn is_activation(path: &str) -> bool {
    let last = path.rsplit('/').next();
    path.starts_with("/automations/") && matches!(last, Some("activate" | "rollback"))
}

/// A success of the API.
pub(super) struct Said {
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Bytes,
}

impl Said {
    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The entity tag.
    pub(super) fn tag(&self) -> String {
        let tag = self.headers.get(header::ETAG);
        let tag = tag.and_then(|tag| tag.to_str().ok());
        tag.unwrap_or_default().to_owned()
    }
}

/// What people can do on a page where the API names parts of requests.
fn for_people(code: &str) -> Option<&'static str> {
    Some(match code {
        "changed_meanwhile" => {
            "What is stored now is somebody else's; what you wrote is still here. Look at both, then save."
        }
        "activation_blocked" => {
            "Put right what is an error, and tick what is to be acknowledged. Nothing has been activated."
        }
        "edits_would_be_lost" => {
            "Leave them out, or leave the draft as it is. The rest of what was changed by hand is kept."
        }
        _ => return None,
    })
}

/// The API for one request of one person.
pub(super) struct Twin {
    router: axum::Router,
    who: Principal,
    asked: Mutex<Vec<Asked>>,
}

impl Twin {
    pub(super) fn new(router: axum::Router, who: Principal) -> Self {
        Self {
            router,
            who,
            asked: Mutex::default(),
        }
    }

    /// What was asked, for who wants to do the same.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }

    /// Sends a request below `/api/v1` and gives the answer as it begins.
    pub(super) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<axum::response::Response, Refusal> {
        let asked = Asked::new(&method, path, &body);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let mut request = request.body(Body::from(body)).map_err(|_| {
            Refusal::new(
                StatusCode::NOT_FOUND,
                "not_found",
                "There is no such page.",
                "Check the address.",
            )
        })?;
        let inside = Peer::Inside(self.who.clone());
        request.extensions_mut().insert(inside);
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(asked);
        let router = self.router.clone();
        Ok(router
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {}))
    }

    /// Sends a request below `/api/v1`; what is no success is a refusal.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Said, Refusal> {
        let post = method == Method::POST;
        let (tried, activated) = (post && is_trial(path), post && is_activation(path));
        let said = self.sent(method, path, headers, body).await;
        if tried || activated {
            let mut answer = said.as_ref().map(Said::json).map_err(Refusal::clone);
            if let (true, Ok(whole)) = (activated, &mut answer) {
                *whole = json!({ "findings": whole["findings"].take() });
            }
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(last) = asked.last_mut() {
                last.answer = Some(answer);
            }
        }
        said
    }

    async fn sent(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Said, Refusal> {
        // A person sees a form: a line of the JSON that was made of it says nothing to them.
        let made_here = headers
            .iter()
            .any(|(name, value)| *name == header::CONTENT_TYPE && *value == "application/json");
        let response = self.open(method, path, headers, body.into()).await?;
        let mut said = taken(response).await;
        if let (true, Err(refusal)) = (made_here, &mut said) {
            for finding in &mut refusal.findings {
                (finding.line, finding.column) = (None, None);
            }
        }
        said
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Refusal> {
        Ok(self
            .send(Method::GET, path, &[], Bytes::new())
            .await?
            .json())
    }

    /// A list from its first page on, at most so many pages of 200: `next_cursor` is null where that is all of it.
    pub(super) async fn all(&self, path: &str, pages: usize) -> Result<Value, Refusal> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut next) = (Vec::new(), Value::Null);
        for _ in 0..pages {
            let cursor = next.as_str().map_or_else(String::new, |cursor| {
                format!("&cursor={}", crate::client::encode(cursor))
            });
            let mut page = self.get(&format!("{path}{joint}limit=200{cursor}")).await?;
            if let Value::Array(own) = page["items"].take() {
                items.extend(own);
            }
            next = page["next_cursor"].take();
            if next.is_null() {
                break;
            }
        }
        Ok(json!({ "items": items, "next_cursor": next }))
    }

    /// One answer, where nothing may be there, or the person may not see it.
    pub(super) async fn find(&self, path: &str) -> Result<Option<Value>, Refusal> {
        match self.get(path).await {
            Ok(value) => Ok(Some(value)),
            Err(refusal)
                if [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&refusal.status) =>
            {
                Ok(None)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// A JSON body with a method; the key makes that a form that is sent twice does it once.
    pub(super) async fn json(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Value, Refusal> {
        let mut headers = vec![(header::CONTENT_TYPE, "application/json")];
        if let Some(key) = key {
            headers.push((HeaderName::from_static("idempotency-key"), key));
        }
        let said = self.send(method, path, &headers, body.to_string()).await?;
        Ok(said.json())
    }

    pub(super) async fn post(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Value, Refusal> {
        self.json(Method::POST, path, key, body).await
    }
}
