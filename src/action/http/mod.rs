//! `http`: one request, one answer, or the pages of one answer. No redirects, no retries, no compression, bounded in size and time.

mod pages;
mod request;
pub(super) mod response;

use super::{
    Action, Attempt, Failed, Limits,
    attempt::Performed,
    guard::{self, PublicOnly},
    input,
};
use crate::{
    connection::{Connections, client, kept::Kept},
    secret::Secrets,
    step_log::{AttemptLog, LogStream},
};
use druse_engine::{action_config, event::Failure};
use futures_util::future::BoxFuture;
pub(super) use request::public_url;
use request::{Payload, Request};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Performs `http` steps.
pub struct Http {
    connections: Arc<Connections>,
    secrets: Arc<Secrets>,
    limits: Limits,
    /// For addresses that documents name: reaches the public internet alone.
    guarded: Kept<reqwest::Client>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

impl Http {
    /// With these connections, secrets and limits.
    pub fn new(connections: Arc<Connections>, secrets: Arc<Secrets>, limits: Limits) -> Self {
        Self {
            connections,
            secrets,
            limits,
            guarded: Kept::default(),
        }
    }

    fn guarded(&self) -> Result<reqwest::Client, Failed> {
        let made = self.guarded.get(None, || {
            client::finish(|| client::builder().dns_resolver(PublicOnly))
        });
        made.map_err(|reason| Failed::permanent("connection_unusable", reason))
    }

    async fn exchange(&self, attempt: &Attempt, limit: Duration) -> Performed {
        let map = input::object(attempt.input.value())?;
        if let Some(paginate) = input::given(map, "paginate") {
            if input::given(map, "save_as").is_some() {
                return Err(Failed::input("Pages are not saved as an artifact."));
            }
            let paginate = action_config::read(paginate).map_err(Failed::input)?;
            return pages::read(self, attempt, &paginate, limit).await;
        }
        let request = Request::read(attempt, &self.connections, &self.secrets)?;
        if let Some(name) = input::text(map, "save_as")? {
            return self.fetch(request, name, limit, attempt).await;
        }
        self.ask(request, self.limits.http_body, limit, &attempt.log)
            .await
    }

    /// Sends a request and reads its answer, of at most `largest` bytes. The log says in short what was
    /// asked and answered: no header, no body, and of a query only the names.
    async fn ask(
        &self,
        request: Request,
        largest: usize,
        limit: Duration,
        log: &AttemptLog,
    ) -> Performed {
        if !log.is_kept() {
            let answer = self.send(request, limit).await?;
            return response::read(answer, largest, limit).await;
        }
        log.line(LogStream::Http, &request.summary());
        let began = Instant::now();
        let mut said = "no answer".to_owned();
        let asked = async {
            let answer = self.send(request, limit).await?;
            said = response::summary(&answer);
            response::read(answer, largest, limit).await
        };
        let done = asked.await;
        let took = began.elapsed().as_millis();
        match &done {
            Ok(_) => log.line(LogStream::Http, &format!("{said}, {took} ms")),
            Err(failed) => {
                let code = &failed.failure.code;
                log.line(LogStream::Http, &format!("{said}, {took} ms: {code}"));
            }
        }
        done
    }

    /// As [`Http::ask`], with the body kept as an artifact.
    async fn fetch(
        &self,
        request: Request,
        name: &str,
        limit: Duration,
        attempt: &Attempt,
    ) -> Performed {
        attempt.files.allows(name, "")?;
        let log = &attempt.log;
        log.line(LogStream::Http, &request.summary());
        let answer = self.send(request, limit).await?;
        log.line(LogStream::Http, &response::summary(&answer));
        response::save(answer, name, &attempt.files, limit).await
    }

    async fn send(&self, request: Request, limit: Duration) -> Result<reqwest::Response, Failed> {
        let client = match request.client {
            Some(client) => client,
            None => {
                guard::check_literal(&request.url).map_err(|_| not_allowed())?;
                self.guarded()?
            }
        };
        let prepared = client
            .request(request.method, request.url)
            .headers(request.headers);
        let prepared = match request.payload {
            Payload::None => prepared,
            Payload::Bytes(bytes) => prepared.body(bytes),
            Payload::Multipart(form) => prepared.multipart(form),
        };
        prepared
            .send()
            .await
            .map_err(|error| send_failure(&error, limit).into())
    }
}

impl Action for Http {
    fn perform<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            let limit = attempt.timeout.unwrap_or(self.limits.http_timeout);
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(Failed::canceled()),
                done = self.exchange(attempt, limit) => done,
                () = tokio::time::sleep(limit) => Err(Failed::timeout(limit)),
            }
        })
    }
}

/// Whether an address that somebody names is one that can be reached from here: http or https, without
/// credentials, and, where it is written as a number, on the public internet.
///
/// # Errors
/// In one sentence.
pub fn check_public(url: &str) -> Result<(), String> {
    let url = request::public_url(url).map_err(|failed| failed.failure.message)?;
    guard::check_literal(&url).map_err(|_| not_allowed().failure.message)
}

fn not_allowed() -> Failed {
    Failed::permanent(
        "address_not_allowed",
        "The address is not on the public internet. To reach it, an administrator sets up a connection.",
    )
}

/// Why a request could not be sent, or its answer not be read. Without the address: it may hold what people typed.
pub(crate) fn send_failure(error: &reqwest::Error, limit: Duration) -> Failure {
    let failed = if guard::is_refusal(error) {
        not_allowed()
    } else if error.is_timeout() && !error.is_connect() {
        Failed::timeout(limit)
    } else if error.is_builder() {
        Failed::input("The request cannot be sent as it is written.")
    } else if error.is_connect() {
        Failed::retryable("connection_failed", "The service could not be reached.")
    } else {
        Failed::retryable(
            "connection_lost",
            "The connection ended before the answer was complete.",
        )
    };
    failed.failure
}
