//! An outside client: JSON over HTTP with a token, and nothing of the library.

use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// Speaks to one server as one caller.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    token: Option<String>,
}

/// A request that is being put together.
pub(crate) struct Request(reqwest::RequestBuilder);

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: reqwest::header::HeaderMap,
    /// The body as JSON; null when it is none.
    pub(crate) body: Value,
    /// The body as text.
    pub(crate) text: String,
    /// The request, for messages.
    asked: String,
}

impl Client {
    /// For the server at an address such as `http://127.0.0.1:7878`, without a token.
    pub(crate) fn new(address: &str) -> Self {
        // The client wants one even where nothing is encrypted; a second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            // Nothing is encrypted here: the system's certificates need not be read.
            .tls_certs_only([])
            .retry(reqwest::retry::never())
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client can be made");
        Self {
            http,
            address: address.to_owned(),
            token: None,
        }
    }

    /// With a token.
    #[must_use]
    pub(crate) fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The same caller at another address: a server that was started again listens elsewhere.
    #[must_use]
    pub(crate) fn at(&self, address: &str) -> Self {
        Self {
            address: address.to_owned(),
            ..self.clone()
        }
    }

    /// A request to an address below `/api/v1`.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        self.root(method, &format!("/api/v1{path}"))
    }

    /// A request to an address of the server's root: `/healthz`, `/hooks/…`, or one with `/api/v1` in it.
    pub(crate) fn root(&self, method: &str, path: &str) -> Request {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.address));
        Request(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    /// POST of a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        self.request("POST", path).json(body).send().await
    }

    /// PUT of a JSON body.
    pub(crate) async fn put(&self, path: &str, body: &impl Serialize) -> Answer {
        self.request("PUT", path).json(body).send().await
    }

    /// PATCH with a JSON body.
    pub(crate) async fn patch(&self, path: &str, body: &impl Serialize) -> Answer {
        self.request("PATCH", path).json(body).send().await
    }

    /// DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send().await
    }

    /// Every item of a list, page by page.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .get(&format!("{path}{sign}limit=200{cursor}"))
                .await
                .with(200);
            items.extend(page["items"].as_array().expect("a list").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

impl Request {
    /// With a header.
    #[must_use]
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With an idempotency key.
    #[must_use]
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// With a JSON body.
    #[must_use]
    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        Self(self.0.json(body))
    }

    /// With a body as a browser sends a form.
    #[must_use]
    pub(crate) fn form(self, pairs: &[(&str, &str)]) -> Self {
        Self(self.0.form(pairs))
    }

    /// With a YAML body.
    #[must_use]
    pub(crate) fn yaml(self, body: &str) -> Self {
        self.header("content-type", "application/yaml")
            .bytes(body.to_owned())
    }

    /// With a body as it is.
    #[must_use]
    pub(crate) fn bytes(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    /// Sends it; the server has to answer.
    pub(crate) async fn send(self) -> Answer {
        self.try_send()
            .await
            .unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends it to a server that may be dying.
    pub(crate) async fn try_send(self) -> reqwest::Result<Answer> {
        let (client, request) = self.0.build_split();
        let request = request?;
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
            asked,
        })
    }

    /// Sends it to a server that may be dying, and gives the response before its body, for streams.
    pub(crate) async fn open(self) -> reqwest::Result<reqwest::Response> {
        self.0.send().await
    }
}

impl Answer {
    /// The body of an answer that has to have this status.
    #[track_caller]
    pub(crate) fn with(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        self.body
    }

    /// The body of a refusal that has to have this status and code, and the form of every problem.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        let place = format!("{}: {} {}", self.asked, self.status, self.text);
        assert_eq!(self.status, status, "{place}");
        assert_eq!(self.body["code"], code, "{place}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status, "{place}");
        for field in ["type", "title", "detail", "message", "help", "request_id"] {
            let said = self.body[field].as_str().unwrap_or_default();
            assert!(!said.is_empty(), "{field} is missing: {place}");
        }
        assert_eq!(
            self.header("x-request-id"),
            self.body["request_id"],
            "{place}"
        );
        self.body
    }

    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Stores a document and makes it active; the path of its automation.
pub(crate) async fn active(client: &Client, document: &Value) -> String {
    let made = client.post("/automations", document).await.with(201);
    let id = made["id"].as_str().expect("an id");
    let path = format!("/automations/{id}");
    let activate = format!("{path}/activate");
    client
        .post(&activate, &Value::Object(serde_json::Map::new()))
        .await
        .with(200);
    path
}
