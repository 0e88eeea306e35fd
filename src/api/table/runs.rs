//! Addresses of runs, of what they wait for, and of gates.

use super::super::handler::{approvals, artifacts, links, logs, queues, resolve, runs};
use super::super::route::Route;
use super::{PAGE, delete, get, post};
use crate::service::Role::{Approver, Operator, Viewer};
use crate::service::export::Export;
use crate::service::links::MadeLink;
use crate::service::page::List;
use crate::service::review::Drift;
use crate::service::{ApprovalView, ArtifactView, RetryPreview, RunView};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/api/v1/runs",
            Viewer,
            to!(runs::list),
            "List runs, without their steps",
        )
        .query(&[
            "limit",
            "cursor",
            "automation_id",
            "status",
            "cause",
            "since",
            "until",
            "waits_for",
            "seen",
            "input.NAME",
            "label.NAME",
        ])
        .response::<List<RunView>>(),
        get(
            "/api/v1/runs/{id}",
            Viewer,
            to!(runs::read),
            "Read a run with its steps",
        )
        .response::<RunView>(),
        get(
            "/api/v1/runs/{id}/drift",
            Viewer,
            to!(runs::drift),
            "Say which answers of a run look otherwise than the recorded ones, though nothing relies on it",
        )
        .response::<Drift>(),
        get(
            "/api/v1/runs/{id}/events",
            Viewer,
            to!(runs::events),
            "Read or follow a run's journal",
        )
        .query(&["limit", "cursor", "after", "wait"])
        .response::<List<runs::Fact>>(),
        get(
            "/api/v1/runs/{id}/export",
            Viewer,
            to!(runs::export),
            "Read a run as one file: its document, its journal and the chain of its hashes",
        )
        .response::<Export>(),
        get(
            "/api/v1/runs/{id}/logs",
            Viewer,
            to!(logs::of_run),
            "Read or follow what the steps of a run wrote",
        )
        .query(&["limit", "cursor", "after", "wait", "step", "attempt"])
        .response::<List<logs::LogView>>(),
        get(
            "/api/v1/runs/{id}/steps/{path}/logs",
            Viewer,
            to!(logs::of_step),
            "Read or follow what a step of a run wrote",
        )
        .query(&["limit", "cursor", "after", "wait", "attempt"])
        .response::<List<logs::LogView>>(),
        get(
            "/api/v1/runs/{id}/artifacts",
            Viewer,
            to!(artifacts::list),
            "List the files that the steps of a run left",
        )
        .query(PAGE)
        .response::<List<ArtifactView>>(),
        get(
            "/api/v1/runs/{id}/artifacts/{name}",
            Viewer,
            to!(artifacts::read),
            "Take a file that a step of a run left",
        )
        .query(&["step"]),
        post(
            "/api/v1/runs/{id}/cancel",
            Operator,
            to!(runs::cancel),
            "Cancel a run",
        )
        .creates()
        .request::<runs::Reason>()
        .response::<RunView>()
        .status(202),
        post(
            "/api/v1/runs/{id}/pause",
            Operator,
            to!(runs::pause),
            "Hold a run: nothing new starts",
        )
        .creates()
        .request::<runs::Reason>()
        .response::<RunView>()
        .status(202),
        post(
            "/api/v1/runs/{id}/resume",
            Operator,
            to!(runs::resume),
            "Let a run, or its steps that wait after a failure, go on",
        )
        .creates()
        .request::<runs::ResumeBody>()
        .response::<RunView>()
        .status(202),
        post(
            "/api/v1/runs/{id}/seen",
            Operator,
            to!(runs::seen),
            "Mark a failed run as seen: nothing more is to be done about it",
        )
        .request::<runs::Reason>()
        .response::<RunView>(),
        delete(
            "/api/v1/runs/{id}/seen",
            Operator,
            to!(runs::unseen),
            "Take back that a failed run was seen: it waits for people again",
        )
        .response::<RunView>()
        .status(200),
        post(
            "/api/v1/runs/{id}/retry",
            Operator,
            to!(runs::retry),
            "Make a new run of what did not succeed",
        )
        .creates()
        .query(&["wait"])
        .request::<runs::RetryBody>()
        .response::<RunView>()
        .status(202),
        post(
            "/api/v1/runs/{id}/resolve",
            Operator,
            to!(resolve::resolve),
            "Say what became of an uncertain step",
        )
        .creates()
        .request::<resolve::ResolveBody>()
        .response::<RunView>()
        .status(202),
        get(
            "/api/v1/queues",
            Viewer,
            to!(queues::list),
            "List limits on runs that go at once: who has their slots, and who waits for one",
        )
        .query(PAGE)
        .response::<List<queues::QueueView>>(),
        post(
            "/api/v1/runs/{id}/retry/preview",
            Operator,
            to!(runs::preview_retry),
            "Say what a retry would keep and what it would run again",
        )
        .request::<runs::RetryBody>()
        .response::<RetryPreview>(),
        get(
            "/api/v1/approvals",
            Viewer,
            to!(approvals::list),
            "List approvals",
        )
        .query(&["limit", "cursor", "status", "run_id", "can_decide"])
        .response::<List<ApprovalView>>(),
        get(
            "/api/v1/approvals/{id}",
            Viewer,
            to!(approvals::read),
            "Read an approval",
        )
        .response::<ApprovalView>(),
        post(
            "/api/v1/approvals/{id}/decision",
            Approver,
            to!(approvals::decide),
            "Decide",
        )
        .creates()
        .request::<approvals::DecisionBody>()
        .response::<ApprovalView>(),
        post(
            "/api/v1/approvals/{id}/reassign",
            Approver,
            to!(approvals::reassign),
            "Ask others instead",
        )
        .creates()
        .request::<approvals::ReassignBody>()
        .response::<ApprovalView>(),
        post(
            "/api/v1/approvals/{id}/links",
            Approver,
            to!(links::make),
            "Make an address by which one person decides",
        )
        .creates()
        .request::<links::LinkBody>()
        .response::<MadeLink>()
        .status(201),
    ]
}
