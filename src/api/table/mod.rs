//! Every address of the API, in one place: who may, what it takes, what it answers.

/// A handler as the table holds it.
macro_rules! to {
    ($handler:path) => {
        |call| Box::pin($handler(call))
    };
}

mod automations;
mod open;
mod recordings;
mod runs;
mod settings;
mod subscriptions;
mod triggers;

use super::route::{Access, Handler, Route, Takes};
use crate::service::Role;
use http::Method;

fn route(
    method: Method,
    path: &'static str,
    access: Access,
    handler: Handler,
    summary: &'static str,
) -> Route {
    Route {
        method,
        path,
        access,
        handler,
        summary,
        takes: Takes::Json,
        creates: false,
        query: &[],
        request: None,
        response: None,
        status: 200,
    }
}

fn get(path: &'static str, role: Role, handler: Handler, summary: &'static str) -> Route {
    route(Method::GET, path, Access::Role(role), handler, summary)
}

fn post(path: &'static str, role: Role, handler: Handler, summary: &'static str) -> Route {
    route(Method::POST, path, Access::Role(role), handler, summary)
}

fn put(path: &'static str, role: Role, handler: Handler, summary: &'static str) -> Route {
    route(Method::PUT, path, Access::Role(role), handler, summary)
}

fn delete(path: &'static str, role: Role, handler: Handler, summary: &'static str) -> Route {
    route(Method::DELETE, path, Access::Role(role), handler, summary).status(204)
}

const PAGE: &[&str] = &["limit", "cursor"];

/// The table.
pub(super) fn routes() -> Vec<Route> {
    let mut all = open::routes();
    for group in [
        recordings::routes(),
        automations::routes(),
        runs::routes(),
        triggers::routes(),
        subscriptions::routes(),
        settings::routes(),
    ] {
        all.extend(group);
    }
    all
}
