//! The CLI's way to the API: through the socket of a data folder, over HTTP to a server, or, with no
//! server running, into the folder's own store. One set of requests serves all three.

mod failure;

pub use failure::*;

use crate::cli::Target;
use crate::command::print::talk;
use crate::connection::client as http;
use crate::serve::{Assembly, Setup};
use ::http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use ::http::{Method, Request, StatusCode};
use axum::body::Body;
use bytes::Bytes;
use druse_engine::RunId;
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use tower::ServiceExt as _;

/// The largest answer that is read at once, in bytes.
const LARGEST_ANSWER: usize = 256 << 20;

/// How long something may take before it is talked about.
const PATIENCE: Duration = Duration::from_secs(1);

/// A way to an API.
pub struct Client {
    way: Way,
}

enum Way {
    Http {
        client: reqwest::Client,
        base: String,
        token: Option<String>,
    },
    Inside(Box<Assembly>),
}

/// An answer: its status and its JSON (null when it had none).
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: Value,
}

impl Client {
    /// Finds the way that a command's options name.
    ///
    /// # Errors
    /// When the server's address is none, or neither a server nor the store can be reached.
    pub async fn connect(target: &Target) -> Result<Self, Failure> {
        Self::find(target, false).await
    }

    /// As [`Client::connect`], for commands that may be the first in a folder: it is made when missing.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect_or_create(target: &Target) -> Result<Self, Failure> {
        Self::find(target, true).await
    }

    async fn find(target: &Target, create: bool) -> Result<Self, Failure> {
        if let Some(server) = &target.server {
            return Self::remote(server);
        }
        let socket = target.data.join("druse.sock");
        if socket.exists() && std::os::unix::net::UnixStream::connect(&socket).is_ok() {
            return Self::local(&socket);
        }
        if !create && !target.data.join("log").is_dir() {
            return Err(Failure::nothing_there(&target.data));
        }
        Ok(Self::inside(
            Assembly::open(&target.data, Setup::own()).await?,
        ))
    }

    /// A way into this process.
    pub fn inside(assembly: Assembly) -> Self {
        Self {
            way: Way::Inside(Box::new(assembly)),
        }
    }

    /// Whether this process has opened the store itself, with no server behind it.
    pub fn is_inside(&self) -> bool {
        matches!(self.way, Way::Inside(_))
    }

    fn remote(server: &str) -> Result<Self, Failure> {
        let base = server.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(Failure::usage(
                format!("{server} is not a server's address."),
                "Write it as http://host:port.",
            ));
        }
        let client =
            http::finish(http::builder).map_err(|error| Failure::unreachable(&base, &error))?;
        let token = std::env::var("DRUSE_TOKEN").ok();
        Ok(Self {
            way: Way::Http {
                client,
                base,
                token,
            },
        })
    }

    fn local(socket: &Path) -> Result<Self, Failure> {
        let client = http::finish(|| http::builder().unix_socket(socket))
            .map_err(|error| Failure::unreachable(&socket.display().to_string(), &error))?;
        Ok(Self {
            way: Way::Http {
                client,
                base: "http://localhost".into(),
                token: None,
            },
        })
    }

    /// Sends a request below `/api/v1` and reads the answer, whatever its status.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let header = (CONTENT_TYPE, content_type);
        let (status, bytes) = self.ask(method, path, header, body).await?;
        Ok(Answer {
            status,
            body: read(&bytes),
        })
    }

    /// The text of a success that is asked for in a media type of its own.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn text(&self, path: &str, accept: &str) -> Result<String, Failure> {
        let header = (ACCEPT, accept);
        let (status, bytes) = self.ask(Method::GET, path, header, Vec::new()).await?;
        if status.is_success() {
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        } else {
            Err(Failure::problem(status, &read(&bytes)))
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        (name, value): (HeaderName, &str),
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let path = format!("/api/v1{path}");
        match &self.way {
            Way::Http {
                client,
                base,
                token,
            } => {
                let mut request = client
                    .request(method, format!("{base}{path}"))
                    .header(name, value)
                    .body(body);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let response = request
                    .send()
                    .await
                    .map_err(|error| Failure::unreachable(base, &error))?;
                let status = response.status();
                let bytes = response
                    .bytes()
                    .await
                    .map_err(|error| Failure::unreachable(base, &error))?;
                Ok((status, bytes))
            }
            Way::Inside(service) => {
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header("host", "localhost")
                    .header(name, value)
                    .body(Body::from(body))
                    .map_err(|error| Failure::internal(&error))?;
                let response = service
                    .router()
                    .oneshot(request)
                    .await
                    .unwrap_or_else(|never| match never {});
                let status = response.status();
                let body = http_body_util::Limited::new(response.into_body(), LARGEST_ANSWER);
                let bytes = body
                    .collect()
                    .await
                    .map_err(|error| Failure::internal(&error))?
                    .to_bytes();
                Ok((status, bytes))
            }
        }
    }

    /// POST of JSON whose answer is taken as it comes. `place` is where it goes, for messages.
    ///
    /// # Errors
    /// The API's problem, as a sentence with a hint; an answer that is cut; what cannot be written.
    pub async fn download(
        &self,
        path: &str,
        body: &Value,
        out: &mut impl Write,
        place: &Path,
    ) -> Result<(), Failure> {
        let body = body.to_string();
        self.stream(Method::POST, path, body, out, place).await
    }

    /// GET of what is taken as it comes.
    ///
    /// # Errors
    /// As [`Client::download`].
    pub async fn fetch(
        &self,
        path: &str,
        out: &mut impl Write,
        place: &Path,
    ) -> Result<(), Failure> {
        self.stream(Method::GET, path, String::new(), out, place)
            .await
    }

    async fn stream(
        &self,
        method: Method,
        path: &str,
        body: String,
        out: &mut impl Write,
        place: &Path,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1{path}");
        let answer = match &self.way {
            Way::Http {
                client,
                base,
                token,
            } => {
                let mut request = client
                    .request(method, format!("{base}{path}"))
                    .header(CONTENT_TYPE, "application/json")
                    .body(body);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let sent = request.send().await;
                let answer = sent.map_err(|error| Failure::unreachable(base, &error))?;
                ::http::Response::from(answer).map(Body::new)
            }
            Way::Inside(service) => {
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header("host", "localhost")
                    .header(CONTENT_TYPE, "application/json")
                    .body(Body::from(body))
                    .map_err(|error| Failure::internal(&error))?;
                let answer = service.router().oneshot(request).await;
                answer.unwrap_or_else(|never| match never {})
            }
        };
        let (parts, mut body) = answer.into_parts();
        if !parts.status.is_success() {
            let limited = http_body_util::Limited::new(body, LARGEST_ANSWER);
            let bytes = limited
                .collect()
                .await
                .map_err(|error| Failure::internal(&error))?;
            return Err(Failure::problem(parts.status, &read(&bytes.to_bytes())));
        }
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Failure::unreachable("the answer", &error))?;
            if let Some(piece) = frame.data_ref() {
                out.write_all(piece)
                    .map_err(|error| Failure::io(place, &error))?;
            }
        }
        Ok(())
    }

    /// A request whose answer must be a success.
    ///
    /// # Errors
    /// The API's problem, as a sentence with a hint.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let bytes = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        self.send(method, path, "application/json", bytes)
            .await?
            .success()
    }

    /// GET.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.request(Method::GET, path, None).await
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.request(Method::POST, path, Some(body)).await
    }

    /// All items of a list, over its pages, at most `limit`.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn list(&self, path: &str, limit: usize) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = (limit - items.len()).min(200);
            let mut address = format!("{path}{joint}limit={page}");
            if let Some(cursor) = &cursor {
                address.push_str(&format!("&cursor={}", encode(cursor)));
            }
            let mut answer = self.get(&address).await?;
            if let Some(more) = answer["items"].as_array_mut() {
                items.append(more);
            }
            match answer["next_cursor"].as_str() {
                Some(next) if items.len() < limit => cursor = Some(next.to_owned()),
                _ => return Ok(items),
            }
        }
    }

    /// Ends what was opened for this command, once the runs that it moved do nothing by themselves any
    /// more. Says what they wait for.
    pub async fn close(self) {
        for run in self.rest().await {
            let run = self.get(&format!("/runs/{run}")).await.unwrap_or_default();
            if let (Some(id), Some(waits)) = (run["id"].as_str(), run["waits_for"].as_str()) {
                talk!("{id}: {waits}. No server is running; one takes it further by itself.");
            }
        }
        self.end().await;
    }

    /// A run that was just started, as it stands when it does nothing by itself any more where this
    /// process carries it. A server's run is given as it is.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn carried(&self, run: Value) -> Result<Value, Failure> {
        let (Way::Inside(_), Some(id)) = (&self.way, run["id"].as_str()) else {
            return Ok(run);
        };
        self.rest().await;
        self.get(&format!("/runs/{}", encode(id))).await
    }

    /// Waits until the runs that this process moves do nothing by themselves any more; gives those that
    /// have not ended.
    async fn rest(&self) -> Vec<RunId> {
        let Way::Inside(service) = &self.way else {
            return Vec::new();
        };
        match tokio::time::timeout(PATIENCE, service.at_rest()).await {
            Ok(resting) => resting,
            Err(_) => {
                talk!("No server is running, so this command carries on what it has set going.");
                service.at_rest().await
            }
        }
    }

    /// Ends what was opened for this command, whatever is going on.
    pub async fn end(self) {
        if let Way::Inside(service) = self.way {
            service.close().await;
        }
    }
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// The API's problem, as a sentence with a hint.
    pub fn success(self) -> Result<Value, Failure> {
        if self.status.is_success() && !self.body.is_string() {
            Ok(self.body)
        } else {
            Err(Failure::problem(self.status, &self.body))
        }
    }
}

fn read(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into())
}

/// A text as one part of a path or query.
pub fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
