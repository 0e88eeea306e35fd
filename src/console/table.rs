//! Every page and every form of the console, in one place: who may, and what answers.

use super::call::Handler;
use super::page::{
    approval, approvals, artifacts, audit, automation, automations, delegation, events, home, logs,
    pause, queues, recording, recordings, retry, review, run, runs, seen, settings, signin, step,
    uncertain,
};
use crate::service::Role::{self, Admin, Approver, Editor, Operator, Viewer};
use http::Method;

/// Who may use a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody, signed in or not.
    Anybody,
    /// Whoever is signed in and has this role or a higher one.
    Role(Role),
}

/// One line of the table.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) handler: Handler,
    /// The page that shows a refused form again.
    pub(super) page: Option<Handler>,
    /// The longest body.
    pub(super) largest: usize,
}

impl Route {
    fn largest(mut self, bytes: usize) -> Self {
        self.largest = bytes;
        self
    }
}

/// A handler as the table holds it.
macro_rules! to {
    ($handler:path) => {
        |call| Box::pin($handler(call))
    };
}

fn show(path: &'static str, role: Role, handler: Handler) -> Route {
    Route {
        method: Method::GET,
        path,
        access: Access::Role(role),
        handler,
        page: None,
        largest: 1 << 20,
    }
}

fn form(path: &'static str, role: Role, handler: Handler, page: Handler) -> Route {
    Route {
        method: Method::POST,
        page: Some(page),
        ..show(path, role, handler)
    }
}

fn anybody(mut route: Route) -> Route {
    route.access = Access::Anybody;
    route
}

/// The addresses that forms are sent to and that show nothing.
pub(super) fn only_forms() -> Vec<&'static str> {
    let all = routes();
    let shown = |path: &str| {
        let mut of_path = all.iter().filter(|one| one.path == path);
        of_path.any(|one| one.method == Method::GET)
    };
    let mut only: Vec<&str> = all.iter().map(|one| one.path).collect();
    only.retain(|path| !shown(path));
    only.dedup();
    only
}

/// Whether an address is one of a path with parameters.
fn is_of(path: &str, address: &str) -> bool {
    let (mut parts, mut given) = (path.split('/'), address.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given => {}
            (Some(part), Some(given)) if part.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

/// The page that a form at this address is of: the one that is there, or the next one above it.
pub(super) fn page_of(address: &str) -> String {
    // A document is checked on the list, where it is written.
    if address.starts_with("/documents/") {
        return "/automations".into();
    }
    let all = routes();
    let mut above = address.trim_end_matches('/');
    while !above.is_empty() {
        let mut pages = all.iter().filter(|one| one.method == Method::GET);
        if pages.any(|one| is_of(one.path, above)) {
            return above.to_owned();
        }
        above = above.rsplit_once('/').map_or("", |(shorter, _)| shorter);
    }
    "/".into()
}

/// The table.
pub(super) fn routes() -> Vec<Route> {
    let mut all = entrance();
    for group in [work(), automation(), recording(), settings()] {
        all.extend(group);
    }
    all
}

/// The only addresses for people who are not signed in.
fn entrance() -> Vec<Route> {
    let page: Handler = to!(signin::show);
    vec![
        anybody(show("/signin", Viewer, page)),
        anybody(form("/signin", Viewer, to!(signin::by_token), page)),
        anybody(form("/setup", Viewer, to!(signin::by_setup), page)),
        anybody(form("/signout", Viewer, to!(signin::out), page)),
    ]
}

fn work() -> Vec<Route> {
    let inbox: Handler = to!(approvals::show);
    let gate: Handler = to!(approval::show);
    let one: Handler = to!(run::show);
    let home: Handler = to!(home::show);
    vec![
        show("/", Viewer, home),
        form("/", Operator, to!(seen::several), home),
        show("/approvals", Viewer, inbox),
        form("/approvals", Approver, to!(approvals::decide), inbox),
        show("/approvals/{id}", Viewer, gate),
        form("/approvals/{id}", Approver, to!(approval::decide), gate),
        form(
            "/approvals/{id}/reassign",
            Approver,
            to!(delegation::reassign),
            gate,
        ),
        form(
            "/approvals/{id}/links",
            Approver,
            to!(delegation::link),
            gate,
        ),
        show("/runs", Viewer, to!(runs::show)),
        show("/queues", Viewer, to!(queues::show)),
        show("/events", Viewer, to!(events::list)),
        show("/events/{id}", Viewer, to!(events::one)),
        show("/runs/{id}", Viewer, one),
        show("/runs/{id}/events", Viewer, to!(run::events)),
        show("/runs/{id}/artifacts/{name}", Viewer, to!(artifacts::take)),
        show("/runs/{id}/logs", Viewer, to!(logs::show)),
        show("/runs/{id}/logs/stream", Viewer, to!(logs::stream)),
        form("/runs/{id}/cancel", Operator, to!(run::cancel), one),
        form("/runs/{id}/resolve", Operator, to!(uncertain::resolve), one),
        form("/runs/{id}/pause", Operator, to!(pause::pause), one),
        form("/runs/{id}/resume", Operator, to!(pause::resume), one),
        form("/runs/{id}/seen", Operator, to!(seen::one), one),
        form("/runs/{id}/unseen", Operator, to!(seen::back), one),
        form("/runs/{id}/retry", Operator, to!(retry::start), one),
        // Looked at, and shown again with what would be kept.
        form("/runs/{id}/retry/preview", Operator, one, one),
    ]
}

fn automation() -> Vec<Route> {
    let list: Handler = to!(automations::show);
    let one: Handler = to!(automation::show);
    let review: Handler = to!(review::show);
    let long = 4 << 20;
    vec![
        show("/automations", Viewer, list),
        form("/automations", Editor, to!(automations::create), list).largest(long),
        // Looked at, and shown again with what was said.
        form("/documents/check", Editor, list, list).largest(long),
        show("/automations/{id}", Viewer, one),
        form("/automations/{id}/document/check", Editor, one, one).largest(long),
        form(
            "/automations/{id}/document",
            Editor,
            to!(automation::write),
            one,
        )
        .largest(long),
        form(
            "/automations/{id}/activate",
            Editor,
            to!(automation::activate),
            one,
        ),
        form(
            "/automations/{id}/deactivate",
            Editor,
            to!(automation::deactivate),
            one,
        ),
        form(
            "/automations/{id}/reviewed",
            Editor,
            to!(automation::reviewed),
            one,
        ),
        form(
            "/automations/{id}/rollback",
            Editor,
            to!(automation::rollback),
            one,
        ),
        form(
            "/automations/{id}/remove",
            Editor,
            to!(automation::remove),
            one,
        ),
        form(
            "/automations/{id}/runs",
            Operator,
            to!(automation::start),
            one,
        ),
        form(
            "/automations/{id}/triggers",
            Editor,
            to!(automation::add_trigger),
            one,
        ),
        form(
            "/automations/{id}/triggers/{trigger}/fire",
            Operator,
            to!(automation::fire),
            one,
        ),
        form(
            "/automations/{id}/triggers/{trigger}/pause",
            Operator,
            to!(automation::pause),
            one,
        ),
        form(
            "/automations/{id}/triggers/{trigger}/resume",
            Operator,
            to!(automation::resume),
            one,
        ),
        form("/automations/{id}/rehearse", Operator, one, one),
        form("/automations/{id}/steps", Editor, to!(step::add), one),
        form(
            "/automations/{id}/steps/{step}",
            Editor,
            to!(step::write),
            one,
        ),
        form("/automations/{id}/steps/{step}/check", Editor, one, one),
        form(
            "/automations/{id}/steps/{step}/remove",
            Editor,
            to!(step::remove),
            one,
        ),
        show("/automations/{id}/review", Viewer, review),
        form(
            "/automations/{id}/review/answer",
            Editor,
            to!(review::answer),
            review,
        ),
        form(
            "/automations/{id}/review/remove",
            Editor,
            to!(review::remove),
            review,
        ),
        form(
            "/automations/{id}/review/gate",
            Editor,
            to!(review::change_gate),
            review,
        ),
        form(
            "/automations/{id}/review/ask",
            Editor,
            to!(review::ask_first),
            review,
        ),
        form(
            "/automations/{id}/review/connection",
            Admin,
            to!(review::connect),
            review,
        ),
        form(
            "/automations/{id}/review/example",
            Admin,
            to!(review::lay_out),
            review,
        ),
        form(
            "/automations/{id}/review/activate",
            Editor,
            to!(review::activate),
            review,
        ),
    ]
}

fn recording() -> Vec<Route> {
    let list: Handler = to!(recordings::show);
    let one: Handler = to!(recording::show);
    vec![
        show("/recordings", Viewer, list),
        form("/recordings", Editor, to!(recordings::store), list)
            .largest(druse_crystallizer::import::MAX_BYTES + (1 << 20)),
        show("/recordings/{id}", Viewer, one),
        form(
            "/recordings/{id}/crystallize",
            Editor,
            to!(recording::crystallize),
            one,
        ),
        form(
            "/recordings/{id}/remove",
            Editor,
            to!(recording::remove),
            one,
        ),
    ]
}

fn settings() -> Vec<Route> {
    let page: Handler = to!(settings::show);
    let post = |path, handler| form(path, Admin, handler, page);
    vec![
        show("/settings", Viewer, page),
        show("/audit", Admin, to!(audit::list)),
        post("/settings/connections", to!(settings::connection::write)),
        post(
            "/settings/connections/{name}/test",
            to!(settings::connection::test),
        ),
        post(
            "/settings/connections/{name}/remove",
            to!(settings::connection::remove),
        ),
        post("/settings/secrets", to!(settings::secret::write)),
        post(
            "/settings/secrets/{name}/remove",
            to!(settings::secret::remove),
        ),
        post("/settings/tokens", to!(settings::token::create)),
        post("/settings/tokens/{id}/revoke", to!(settings::token::revoke)),
        post("/settings/tools", to!(settings::tools::write)),
        post("/settings/tools/rule", to!(settings::tools::rule)),
        post("/settings/retention", to!(settings::retention::write)),
        post("/settings/compact", to!(settings::retention::compact)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_leads_to_its_page() {
        for (form, page) in [
            ("/automations/a/review/activate", "/automations/a/review"),
            ("/automations/a/triggers/t/fire", "/automations/a"),
            ("/settings/connections", "/settings"),
            ("/settings/connections/shop/test", "/settings"),
            ("/recordings/r/crystallize", "/recordings/r"),
            ("/recordings", "/recordings"),
            ("/documents/check", "/automations"),
            ("/signout", "/"),
        ] {
            assert_eq!(page_of(form), page);
        }
        let only = only_forms();
        assert!(only.contains(&"/automations/{id}/review/activate"));
        assert!(!only.contains(&"/recordings") && !only.contains(&"/runs"));
        for path in only {
            assert_ne!(page_of(path), path);
        }
    }
}
