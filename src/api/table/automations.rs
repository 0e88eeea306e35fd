//! Addresses of automations and their versions.

use super::super::handler::{automations, documents, rehearsal, runs, steps, triggers, versions};
use super::super::route::{Access, Route, Takes};
use super::{PAGE, delete, get, post, put, route};
use crate::service::Role::{Editor, Operator, Viewer};
use crate::service::RunView;
use crate::service::automation::AutomationView;
use crate::service::page::List;
use crate::service::rehearsal::{Tested, Tried};
use crate::service::review::Learned;
use crate::service::unread::UnreadChanges;
use druse_engine::definition::{Document, Step};
use http::Method;
use serde_json::Value;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/api/v1/automations",
            Viewer,
            to!(automations::list),
            "List automations",
        )
        .query(&[
            "limit",
            "cursor",
            "name",
            "q",
            "status",
            "source_type",
            "needs_review",
        ])
        .response::<List<AutomationView>>(),
        post(
            "/api/v1/automations",
            Editor,
            to!(automations::create),
            "Make an automation",
        )
        .takes(Takes::Document)
        .creates()
        .request::<Document>()
        .response::<AutomationView>()
        .status(201),
        get(
            "/api/v1/automations/{id}",
            Viewer,
            to!(automations::read),
            "Read an automation",
        )
        .response::<AutomationView>(),
        put(
            "/api/v1/automations/{id}",
            Editor,
            to!(automations::replace),
            "Write a new version",
        )
        .takes(Takes::Document)
        .request::<Document>()
        .response::<AutomationView>(),
        delete(
            "/api/v1/automations/{id}",
            Editor,
            to!(automations::remove),
            "Remove an automation",
        ),
        get(
            "/api/v1/automations/{id}/versions",
            Viewer,
            to!(versions::list),
            "List versions",
        )
        .query(PAGE)
        .response::<List<Value>>(),
        get(
            "/api/v1/automations/{id}/versions/{n}",
            Viewer,
            to!(versions::read),
            "Read a version",
        )
        .response::<Value>(),
        post(
            "/api/v1/documents/check",
            Editor,
            to!(documents::check),
            "Say what is wrong with a document, and store nothing",
        )
        .takes(Takes::Document)
        .request::<Document>()
        .response::<documents::Checked>(),
        post(
            "/api/v1/automations/{id}/versions/{n}/try",
            Operator,
            to!(rehearsal::try_version),
            "Try a version on the last runs, with the answers that those had",
        )
        .request::<rehearsal::Try>()
        .response::<Tried>(),
        post(
            "/api/v1/automations/{id}/test",
            Operator,
            to!(rehearsal::test),
            "Run tests against a version",
        )
        .request::<rehearsal::Tests>()
        .response::<Tested>(),
        get(
            "/api/v1/automations/{id}/diff",
            Viewer,
            to!(versions::diff),
            "Compare two versions",
        )
        .query(&["from", "to"])
        .response::<Value>(),
        post(
            "/api/v1/automations/{id}/rollback",
            Editor,
            to!(versions::rollback),
            "Make an earlier version the newest",
        )
        .creates()
        .request::<versions::Rollback>()
        .response::<AutomationView>(),
        post(
            "/api/v1/automations/{id}/steps",
            Editor,
            to!(steps::add),
            "Add a step",
        )
        .creates()
        .request::<steps::NewStep>()
        .response::<AutomationView>(),
        route(
            Method::PATCH,
            "/api/v1/automations/{id}/steps/{step_id}",
            Access::Role(Editor),
            to!(steps::change),
            "Change keys of a step",
        )
        .request::<Step>()
        .response::<AutomationView>(),
        delete(
            "/api/v1/automations/{id}/steps/{step_id}",
            Editor,
            to!(steps::remove),
            "Remove a step and rewire its dependants",
        )
        .status(200)
        .response::<AutomationView>(),
        post(
            "/api/v1/automations/{id}/activate",
            Editor,
            to!(automations::activate),
            "Make a version the active one",
        )
        .request::<automations::Activate>()
        .response::<AutomationView>(),
        post(
            "/api/v1/automations/{id}/deactivate",
            Editor,
            to!(automations::deactivate),
            "Take an automation out of service",
        )
        .response::<AutomationView>(),
        post(
            "/api/v1/automations/{id}/reviewed",
            Editor,
            to!(automations::reviewed),
            "Say that somebody has looked at why an automation needs review",
        )
        .response::<AutomationView>(),
        get(
            "/api/v1/automations/{id}/drift",
            Viewer,
            to!(automations::unread),
            "Say what has changed in the answers of its runs without anything relying on it, and since when",
        )
        .response::<UnreadChanges>(),
        get(
            "/api/v1/automations/{id}/learn",
            Viewer,
            to!(automations::learn),
            "Say what good runs show about what the steps rely on",
        )
        .query(&["runs"])
        .response::<Learned>(),
        post(
            "/api/v1/automations/{id}/runs",
            Operator,
            to!(runs::start),
            "Start a run",
        )
        .creates()
        .query(&["wait"])
        .request::<runs::Start>()
        .response::<RunView>()
        .status(202),
        get(
            "/api/v1/automations/{id}/triggers",
            Viewer,
            to!(triggers::of_automation),
            "List the triggers of an automation",
        )
        .query(PAGE)
        .response::<List<Value>>(),
    ]
}
