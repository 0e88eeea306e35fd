//! From the table of routes to a service: who may, what is read, what is answered.

use super::detach::Detach;
use super::{
    answer::{self, Reply},
    body,
    call::{Call, Made},
    query::Query,
    table,
};
use crate::runtime::clock;
use crate::service::{App, IdempotencyClaim, Principal, Problem, Role};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use druse_engine::{Digest, RequestId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode, header, request::Parts};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio_util::sync::CancellationToken;

/// Where a request came from. Put into its extensions by whoever accepted it; without one, only a
/// token counts and the Host header is not looked at.
#[derive(Debug, Clone)]
pub enum Peer {
    /// Over TCP: the Host header has to be an expected one.
    Network,
    /// Over the socket of the data folder, which only its owner can open.
    Socket {
        /// The user on the other side.
        uid: u32,
    },
    /// From this process.
    Inside(Principal),
}

/// The address that a request came from, among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Sender(pub IpAddr);

/// The token in a webhook's address.
fn hook_token(params: &RawPathParams) -> &str {
    let token = params.iter().find(|(name, _)| *name == "token");
    token.map_or("", |(_, token)| token)
}

pub(super) type Answer = Result<Reply, Problem>;
pub(super) type Handler = fn(Call) -> BoxFuture<'static, Answer>;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody.
    Public,
    /// Whoever has this role or a higher one.
    Role(Role),
}

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// None, or JSON of up to 1 MiB.
    Json,
    /// An automation document of up to 1 MiB (as JSON, with room for its wrapping).
    Document,
    /// A recording of up to 64 MiB.
    Recording,
    /// Anything of up to 1 MiB: events.
    Anything,
    /// Anything up to what the webhook at the address takes.
    Hook,
}

impl Takes {
    fn limit(self, app: &App, params: &RawPathParams) -> usize {
        match self {
            Self::Hook => app.triggers().map_or(1 << 20, |triggers| {
                triggers.longest_body(hook_token(params))
            }),
            Self::Json | Self::Anything => 1 << 20,
            Self::Document => 2 << 20,
            Self::Recording => druse_crystallizer::import::MAX_BYTES,
        }
    }
}

pub(super) type SchemaOf = fn(&mut schemars::SchemaGenerator) -> schemars::Schema;

/// One line of the table.
pub(super) struct Route {
    pub(super) method: Method,
    /// The full path, with parameters as `{name}`.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) handler: Handler,
    pub(super) summary: &'static str,
    pub(super) takes: Takes,
    /// Whether an `Idempotency-Key` makes it give the first answer again.
    pub(super) creates: bool,
    pub(super) query: &'static [&'static str],
    pub(super) request: Option<SchemaOf>,
    pub(super) response: Option<SchemaOf>,
    pub(super) status: u16,
}

impl Route {
    pub(super) fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }
    pub(super) fn creates(mut self) -> Self {
        self.creates = true;
        self
    }
    pub(super) fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }
    pub(super) fn request<T: schemars::JsonSchema>(mut self) -> Self {
        self.request = Some(|generator| generator.subschema_for::<T>());
        self
    }
    pub(super) fn response<T: schemars::JsonSchema>(mut self) -> Self {
        self.response = Some(|generator| generator.subschema_for::<T>());
        self
    }
    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// The service for all routes of the table. Cheap to clone; usable in the process itself with
/// [`Peer::Inside`] among a request's extensions.
pub fn router(app: App) -> axum::Router {
    let mut paths: BTreeMap<&'static str, MethodRouter<App>> = BTreeMap::new();
    for route in table::routes() {
        let filter = MethodFilter::try_from(route.method.clone())
            .expect("the table has only the usual methods");
        let path = route.path;
        let route = Arc::new(route);
        let handler = move |State(app): State<App>, params: Params, request: Request| {
            let route = route.clone();
            // A webhook's handshake by GET changes something, too.
            let changes = route.method != Method::GET || route.takes == Takes::Hook;
            let gone = CancellationToken::new();
            let noticed = gone.clone();
            let answered = async move { run(&route, app, params, request, noticed).await };
            async move {
                match changes {
                    true => Detach::new(gone, answered).await,
                    false => answered.await,
                }
            }
        };
        let methods = paths.remove(path).unwrap_or_default();
        paths.insert(path, methods.merge(on(filter, handler)));
    }
    let mut router = axum::Router::new();
    for (path, methods) in paths {
        router = router.route(path, methods);
    }
    router
        .fallback(async |State(app): State<App>, request: Request| nowhere(&app, request))
        .method_not_allowed_fallback(async |State(app): State<App>, request: Request| {
            body::linger(&app, request.into_body());
            answer::problem(
                &Problem::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method_not_allowed",
                    "This address does not take this method.",
                    "The Allow header lists those that it takes.",
                ),
                &request_id(),
            )
        })
        .with_state(app)
}

fn nowhere(app: &App, request: Request) -> Response {
    if crate::console::looks_for_a_page(&request) {
        return crate::console::no_such_page();
    }
    let path: String = request.uri().path().chars().take(200).collect();
    body::linger(app, request.into_body());
    answer::problem(
        &Problem::new(
            StatusCode::NOT_FOUND,
            "no_such_address",
            format!("There is nothing at {path}."),
            "The OpenAPI document at /api/v1/openapi.json lists every address.",
        ),
        &request_id(),
    )
}

fn request_id() -> String {
    clock::new_id(RequestId::from_parts).to_string()
}

type Params = Result<RawPathParams, RawPathParamsRejection>;

async fn run(
    route: &Route,
    app: App,
    params: Params,
    request: Request,
    gone: CancellationToken,
) -> Response {
    let id = request_id();
    app.requests.fetch_add(1, Ordering::Relaxed);
    let (parts, mut body) = request.into_parts();
    let answered = AssertUnwindSafe(answer(route, &app, params, parts, &mut body, gone))
        .catch_unwind()
        .await;
    body::linger(&app, body);
    let problem = match answered {
        Ok(Ok(reply)) => return reply.into_response(&id),
        Ok(Err(problem)) => problem,
        Err(_) => Problem::internal(&format!("{} {} panicked", route.method, route.path)),
    };
    if problem.status.is_server_error() {
        app.faults.fetch_add(1, Ordering::Relaxed);
        // What passes (no space, too much waiting) is a state that was said when it began, not a fault
        // of each request that meets it.
        if problem.retry_after.is_none() {
            tracing::error!(
                request = %id, method = %route.method, path = route.path,
                code = problem.code, status = problem.status.as_u16(), "a request was not done",
            );
        }
    }
    answer::problem(&problem, &id)
}

async fn answer(
    route: &Route,
    app: &App,
    params: Params,
    parts: Parts,
    body: &mut axum::body::Body,
    gone: CancellationToken,
) -> Answer {
    let who = authorise(route, app, &parts)?;
    let query = Query::parse(parts.uri.query());
    // What comes to a webhook or to a page is not ours to know.
    if route.path.starts_with("/api/") {
        query.check(route.query)?;
    }
    let params = params.map_err(|_| {
        Problem::bad_request(
            "bad_address",
            "The address is not text in UTF-8.",
            "Write what is not ASCII as percent-encoded UTF-8.",
        )
    })?;
    let body = match body::read(body, route.takes.limit(app, &params)).await {
        Ok(body) => body,
        Err(problem) => {
            if route.takes == Takes::Hook && problem.code == "too_large" {
                app.triggers()?.note_too_long(hook_token(&params)).await?;
            }
            return Err(problem);
        }
    };
    let mut call = Call {
        app: app.clone(),
        who,
        sender: parts.extensions.get::<Sender>().map(|sender| sender.0),
        params: params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        query,
        path: parts.uri.path().to_owned(),
        query_text: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        claim: None,
        made: None,
        gone,
    };
    if !route.creates {
        return (route.handler)(call).await;
    }
    let Some(claim) = claim_of(&call)? else {
        return (route.handler)(call).await;
    };
    // Held to the end of the answer: of two equal requests at once, the second sees what the first made.
    let _held = app
        .keys
        .hold(format!("{}\n{}", claim.scope, claim.key))
        .await;
    match app.made_before(&claim).await? {
        Some(made) => match Made::again(&made) {
            Some(answer) => answer,
            None => {
                call.made = Some(made);
                (route.handler)(call).await
            }
        },
        None => {
            call.claim = Some(claim);
            (route.handler)(call).await
        }
    }
}

fn claim_of(call: &Call) -> Result<Option<IdempotencyClaim>, Problem> {
    let Some(value) = call.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= 255)
        .ok_or_else(|| {
            Problem::bad_request(
                "bad_idempotency_key",
                "An Idempotency-Key has 1 to 255 printable ASCII characters.",
                "A UUID is a good one.",
            )
        })?;
    Ok(Some(IdempotencyClaim {
        scope: format!("{} {}", call.who.id, call.path),
        key: key.to_owned(),
        body: Digest::of(&call.body),
    }))
}

fn authorise(route: &Route, app: &App, parts: &Parts) -> Result<Principal, Problem> {
    let peer = parts.extensions.get::<Peer>();
    if matches!(peer, Some(Peer::Network)) {
        check_host(app, parts)?;
    }
    let role = match route.access {
        Access::Public => {
            return Ok(Principal {
                id: "public".into(),
                name: "public".into(),
                role: Role::Viewer,
            });
        }
        Access::Role(role) => role,
    };
    let who = match peer {
        Some(Peer::Socket { uid }) => Principal::local(*uid),
        Some(Peer::Inside(who)) => who.clone(),
        Some(Peer::Network) | None => {
            let token = bearer(parts).ok_or_else(|| {
                unauthorized(
                    "no_token",
                    "This address needs a token.",
                    "Send `Authorization: Bearer druse_…`; `druse tokens create` makes one.",
                )
            })?;
            let who = app.authenticate(token)?.ok_or_else(|| {
                unauthorized(
                    "wrong_token",
                    "The token is wrong, revoked or over.",
                    "`druse tokens create` makes a new one.",
                )
            })?;
            Principal::clone(&who)
        }
    };
    if who.role < role {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "role_too_low",
            format!(
                "This needs the role {}; your token has {}.",
                role.name(),
                who.role.name()
            ),
            "Ask an administrator for a token with that role.",
        ));
    }
    Ok(who)
}

fn unauthorized(code: &'static str, message: &str, help: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, message, help)
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// A page of another site can make a browser send requests here under that site's name (DNS rebinding):
/// a loopback server answers only to the names that are its own.
pub(crate) fn check_host(app: &App, parts: &Parts) -> Result<(), Problem> {
    if app.options.hosts.is_empty() {
        return Ok(());
    }
    let host = parts
        .uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| parts.headers.get(header::HOST)?.to_str().ok())
        .unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    if app
        .options
        .hosts
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "unknown_host",
        "This server does not answer to the host name of the request.",
        "Use the address that it listens on, or name the host in its configuration.",
    ))
}
