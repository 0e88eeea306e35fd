//! Addresses that need no token.

use super::super::handler::{health, hooks, links, tokens};
use super::super::route::{Access, Route, Takes};
use super::route;
use crate::service::tokens::TokenView;
use http::Method;
use serde_json::Value;

/// The only addresses that need no token. A webhook proves itself by its signature; the schema is the same
/// on every server, and editors that complete documents have no token.
pub(super) fn routes() -> Vec<Route> {
    let open =
        |method, path, handler, summary| route(method, path, Access::Public, handler, summary);
    vec![
        open(
            Method::GET,
            "/healthz",
            to!(health::alive),
            "Whether the server lives",
        ),
        open(
            Method::GET,
            "/readyz",
            to!(health::ready),
            "Whether the server takes work",
        ),
        open(
            Method::GET,
            "/schema/v1.json",
            to!(health::schema),
            "The JSON Schema of automation documents, for editors",
        )
        .response::<Value>(),
        open(
            Method::POST,
            "/hooks/{token}",
            to!(hooks::deliver),
            "Deliver a webhook",
        )
        .takes(Takes::Hook)
        .status(202),
        open(
            Method::GET,
            "/hooks/{token}",
            to!(hooks::challenge),
            "Answer a sender that subscribes (hub.challenge)",
        ),
        open(
            Method::GET,
            "/approve/{token}",
            to!(links::page),
            "The page of a link to an approval",
        ),
        open(
            Method::POST,
            "/approve/{token}",
            to!(links::answer),
            "Decide by a link to an approval",
        )
        .takes(Takes::Anything),
        open(
            Method::OPTIONS,
            "/hooks/{token}",
            to!(hooks::options),
            "Say whether deliveries are wanted (CloudEvents abuse protection)",
        ),
        open(
            Method::POST,
            "/api/v1/setup",
            to!(tokens::setup),
            "Exchange the setup token for an admin token, once",
        )
        .request::<tokens::Setup>()
        .response::<TokenView>()
        .status(201),
    ]
}
