//! From the table of pages to a page: who is signed in, what they may, and what is answered.

use super::call::{Answer, Call, Done};
use super::fields::Fields;
use super::memory::Memory;
use super::table::{self, Access, Route};
use super::twin::{Asked, Refusal, Twin};
use super::{asset, cookie, layout, multipart, page, same_site, visible};
use crate::api::{Peer, body, check_host, detach::Detach};
use crate::runtime::clock;
use crate::service::{App, Principal, Role};
use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// No host but this one, nothing inline, no frame around it.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// The longest form that is kept of somebody whose session is over.
const WRITTEN: usize = 1 << 20;

/// What the script says when a page looks for news without anybody having asked.
const BY_ITSELF: &str = "x-druse-by-itself";

/// The API with the console beside it.
pub fn mount(app: App, api: axum::Router) -> axum::Router {
    let mut paths: BTreeMap<&'static str, MethodRouter> = BTreeMap::new();
    let memory = Arc::new(Memory::default());
    for route in table::routes() {
        let filter = MethodFilter::try_from(route.method.clone())
            .expect("the table has only the usual methods");
        let path = route.path;
        let route = Arc::new(route);
        let (app, api, memory) = (app.clone(), api.clone(), memory.clone());
        let handler = move |params: RawPathParams, request: Request| {
            let (route, app, api) = (route.clone(), app.clone(), api.clone());
            let memory = memory.clone();
            let changes = route.method != Method::GET;
            let answered = async move { run(&route, app, api, &memory, &params, request).await };
            async move {
                match changes {
                    true => Detach::new(CancellationToken::new(), answered).await,
                    false => answered.await,
                }
            }
        };
        let methods = paths.remove(path).unwrap_or_default();
        paths.insert(path, methods.merge(on(filter, handler)));
    }
    let mut router = axum::Router::new().route("/assets/{name}", get(give_asset));
    // Where only a form is sent to, a reload or a bookmark leads to the page that the form is of.
    for path in table::only_forms() {
        if let Some(methods) = paths.remove(path) {
            paths.insert(path, methods.merge(get(to_the_page)));
        }
    }
    for (path, methods) in paths {
        router = router.route(path, methods);
    }
    router.merge(api)
}

/// Whether a browser, and not a program, asks for an address that is none.
pub(crate) fn looks_for_a_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    let path = request.uri().path();
    request.method() == Method::GET && accept.contains("text/html") && !path.starts_with("/api/")
}

/// What it is told.
pub(crate) fn no_such_page() -> Response {
    let refusal = Refusal::new(
        StatusCode::NOT_FOUND,
        "no_such_page",
        "There is no such page.",
        "Check the address, or begin at home.",
    );
    finish(html(layout::bare(&refusal), refusal.status))
}

async fn to_the_page(request: Request) -> Response {
    finish(see(&table::page_of(request.uri().path())))
}

async fn give_asset(request: Request) -> Response {
    let Some(found) = asset::find(request.uri().path()) else {
        let mut response = Response::new(Body::from("There is no such file."));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return finish(response);
    };
    let mut response = Response::new(Body::from(&*found.text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(found.media));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    finish(response)
}

async fn run(
    route: &Route,
    app: App,
    api: axum::Router,
    memory: &Memory,
    params: &RawPathParams,
    request: Request,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let answered = AssertUnwindSafe(answer(route, &app, api, memory, params, &parts, &mut body))
        .catch_unwind()
        .await;
    body::linger(&app, body);
    finish(answered.unwrap_or_else(|_| {
        tracing::error!(path = route.path, "a page could not be made");
        let refusal = Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something broke inside the server.",
            "The server's log has more.",
        );
        html(layout::bare(&refusal), refusal.status)
    }))
}

async fn answer(
    route: &Route,
    app: &App,
    api: axum::Router,
    memory: &Memory,
    params: &RawPathParams,
    parts: &Parts,
    body: &mut Body,
) -> Response {
    // Whoever only asks whether something is here uses nothing up.
    if parts.method == Method::HEAD {
        return html(maud::html! {}, StatusCode::OK);
    }
    match begun(route, app, api, params, parts, body).await {
        Ok(call) => remembered(route, call, memory, parts.uri.path()).await,
        Err(response) => *response,
    }
}

/// Answers a form that came before as it was answered then, and keeps what this one did.
async fn remembered(route: &Route, mut call: Call, memory: &Memory, path: &str) -> Response {
    let (who, body) = (call.who.clone(), call.body.clone());
    if route.method == Method::GET {
        call.clicked = memory.led_to(&who, path);
        return perform(route, call).await.0;
    }
    let mut led = match call.key().filter(|_| route.access != Access::Anybody) {
        Some(_) => Some(memory.form(&who, path, &body).await),
        None => None,
    };
    if let Some(Some(address)) = led.as_deref() {
        return see(address);
    }
    let (response, asked) = perform(route, call).await;
    if response.status() == StatusCode::SEE_OTHER
        && let Some(address) = response.headers().get(header::LOCATION)
        && let Ok(address) = address.to_str()
    {
        if let Some(led) = led.as_deref_mut() {
            *led = Some(address.to_owned());
        }
        memory.clicked(&who, address, asked);
    }
    response
}

/// The call, with who is behind it; or why there is none.
async fn begun(
    route: &Route,
    app: &App,
    api: axum::Router,
    params: &RawPathParams,
    parts: &Parts,
    body: &mut Body,
) -> Result<Call, Box<Response>> {
    let refused = |refusal: Refusal| {
        let status = refusal.status;
        Box::new(html(layout::bare(&refusal), status))
    };
    if matches!(parts.extensions.get::<Peer>(), Some(Peer::Network)) {
        check_host(app, parts).map_err(|problem| refused(problem.into()))?;
    }
    let changes = parts.method == Method::POST;
    if changes {
        same_site::check(parts).map_err(refused)?;
    }
    let who = signed_in(app, parts).map_err(refused)?;
    let path = parts
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let read = async |body: &mut Body, largest: usize| {
        body::read(body, largest)
            .await
            .map_err(|problem| refused(problem.into()))
    };
    let who = match (route.access, who) {
        (_, Some(who)) => who,
        (Access::Anybody, None) => nobody(),
        (Access::Role(_), None) if changes => {
            // What was written is kept and can be sent once they are signed in again. From who is nobody,
            // no more is taken than people write.
            let path = parts.uri.path();
            let again = match body::read(body, route.largest.min(WRITTEN)).await {
                Ok(bytes) => {
                    let file = media_of(parts).and_then(multipart::boundary);
                    let file = file.and_then(|boundary| multipart::file_name(&bytes, boundary));
                    page::signin::interrupted(path, &form_of(parts, &bytes), file.as_deref())
                }
                Err(problem) if problem.status == StatusCode::PAYLOAD_TOO_LARGE => {
                    page::signin::too_much(&table::page_of(path))
                }
                Err(problem) => return Err(refused(problem.into())),
            };
            return Err(Box::new(html(again, StatusCode::UNAUTHORIZED)));
        }
        (Access::Role(_), None) => {
            let to = format!("/signin?next={}", crate::client::encode(path));
            return Err(Box::new(see(&to)));
        }
    };
    if let Access::Role(role) = route.access
        && who.role < role
    {
        let message = format!(
            "This needs the role {}; you have {}.",
            role.name(),
            who.role.name()
        );
        return Err(refused(Refusal::new(
            StatusCode::FORBIDDEN,
            "role_too_low",
            &message,
            "Ask an administrator.",
        )));
    }
    let bytes = read(body, route.largest).await?;
    Ok(Call {
        app: app.clone(),
        api: Twin::new(api, who.clone()),
        who,
        params: params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        query: Fields::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        form: form_of(parts, &bytes),
        body: bytes,
        headers: parts.headers.clone(),
        now: clock::now(),
        clicked: Vec::new(),
        refusal: None,
    })
}

/// Whoever is not signed in. No role is lower, and no page for them asks the API.
fn nobody() -> Principal {
    Principal {
        id: "nobody".into(),
        name: "nobody".into(),
        role: Role::Viewer,
    }
}

fn signed_in(app: &App, parts: &Parts) -> Result<Option<Principal>, Refusal> {
    match cookie::read(&parts.headers) {
        Some(session) => Ok(app.session_of(session, !parts.headers.contains_key(BY_ITSELF))?),
        None => Ok(None),
    }
}

fn media_of(parts: &Parts) -> Option<&str> {
    let media = parts.headers.get(header::CONTENT_TYPE);
    media.and_then(|media| media.to_str().ok())
}

fn form_of(parts: &Parts, body: &Bytes) -> Fields {
    if parts.method != Method::POST {
        return Fields::default();
    }
    let media = media_of(parts).unwrap_or_default();
    if media.starts_with("application/x-www-form-urlencoded") {
        return Fields::parse(body);
    }
    let mut form = Fields::default();
    if let Some(boundary) = multipart::boundary(media) {
        for (name, value) in multipart::parts(body, boundary) {
            // Files are read from the body itself.
            if name != "file" {
                form = form.with(&name, &String::from_utf8_lossy(&value));
            }
        }
    }
    form
}

/// The answer, and what the API was asked for it.
async fn perform(route: &Route, mut call: Call) -> (Response, Vec<Asked>) {
    let mut done: Done = (route.handler)(&call).await;
    let mut status = StatusCode::OK;
    // A form that was refused is shown again on its page, with what was written.
    if let (Err(refusal), Some(page)) = (&done, route.page) {
        let refusal = refusal.clone();
        status = refusal.status;
        call.refusal = Some(refusal.clone());
        done = page(&call).await;
        if done.is_err() {
            done = Err(refusal);
        }
    }
    let response = match done {
        Ok(Answer::Page(page)) => html(layout::page(&call, *page), status),
        Ok(Answer::See(address)) => see(&address),
        Ok(Answer::Raw(response)) => response,
        Err(refusal) => {
            let status = refusal.status;
            html(layout::refused(&call, &refusal), status)
        }
    };
    (response, call.api.asked())
}

pub(super) fn html(markup: maud::Markup, status: StatusCode) -> Response {
    let text = crate::secret::hide(&markup.into_string()).into_owned();
    let mut response = Response::new(Body::from(visible::page(text)));
    *response.status_mut() = status;
    let media = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

/// 303: look there.
pub(super) fn see(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let address = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, address);
    response
}

fn finish(mut response: Response) -> Response {
    let headers = response.headers_mut();
    // What is no page of the console, such as a file of a run, may say a stricter one.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(POLICY));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        // Forms have to say where they come from, and other sites are told nothing.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
