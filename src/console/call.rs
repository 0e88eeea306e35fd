//! One request for a page, by somebody who is signed in.

use super::cookie;
use super::fields::Fields;
use super::layout::Page;
use super::twin::{Asked, Refusal, Twin};
use crate::client::encode;
use crate::runtime::clock;
use crate::service::{App, Principal, Role};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use druse_engine::Timestamp;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use http::HeaderMap;

/// What a page is made from.
pub(super) struct Call {
    pub(super) app: App,
    pub(super) who: Principal,
    pub(super) api: Twin,
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Fields,
    /// What a form sent; empty where a page is only looked at.
    pub(super) form: Fields,
    pub(super) body: Bytes,
    pub(super) headers: HeaderMap,
    pub(super) now: Timestamp,
    /// What the click asked the API for that led here.
    pub(super) clicked: Vec<Asked>,
    /// Why what the form asked for was not done.
    pub(super) refusal: Option<Refusal>,
}

/// What is answered.
pub(super) enum Answer {
    Page(Box<Page>),
    /// Another page, as a form is answered.
    See(String),
    /// Anything else.
    Raw(Response),
}

pub(super) type Done = Result<Answer, Refusal>;
pub(super) type Handler = for<'a> fn(&'a Call) -> BoxFuture<'a, Done>;

impl From<Page> for Answer {
    fn from(page: Page) -> Self {
        Self::Page(Box::new(page))
    }
}

impl Call {
    /// A parameter of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        let known = self.params.iter().find(|(known, _)| known == name);
        known.map_or("", |(_, value)| value)
    }

    /// The same, as a part of an address of the API.
    pub(super) fn part(&self, name: &str) -> String {
        encode(self.param(name))
    }

    /// Whether the person has this role.
    pub(super) fn may(&self, role: Role) -> bool {
        self.who.role >= role
    }

    /// The key of the form, which makes it count once.
    pub(super) fn key(&self) -> Option<&str> {
        self.form.get("_key")
    }

    /// A value of the form that was refused, or else this one.
    pub(super) fn kept<'a>(&'a self, name: &'a str, or: &'a str) -> &'a str {
        if self.form.has(name) {
            return self.form.all(name).next().unwrap_or_default();
        }
        or
    }
}

/// A stream that ends with the session of whoever follows it.
pub(super) fn while_signed_in(call: &Call, response: Response) -> Response {
    let Some(session) = cookie::read(&call.headers).map(str::to_owned) else {
        return response;
    };
    let app = call.app.clone();
    // Each piece is asked about, and a silent stream says every few seconds that it is alive.
    let signed_in = move || matches!(app.session_of(&session, false), Ok(Some(_)));
    response.map(|body| {
        let pieces = body.into_data_stream();
        Body::from_stream(pieces.take_while(move |_| std::future::ready(signed_in())))
    })
}

/// A new key for a form.
pub(super) fn new_key() -> String {
    clock::new_id(druse_engine::RequestId::from_parts).to_string()
}
