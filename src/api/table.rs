//! Every address of the API, in one place: who may, what it takes, what it answers.

use super::handler::{
    approvals, automations, connections, doctor, documents, events, health, hooks, links, queues,
    rehearsal, resolve, retention, runs, secrets, sessions, steps, subscriptions, tokens, tools,
    triggers, versions,
};
use super::route::{Access, Handler, Route, Takes};
use crate::connection::Definition;
use crate::service::Role::{Admin, Approver, Editor, Operator, Viewer};
use crate::service::automation::AutomationView;
use crate::service::connections::ConnectionView;
use crate::service::doctor::Diagnosis;
use crate::service::export::Export;
use crate::service::links::MadeLink;
use crate::service::page::List;
use crate::service::recurring::RecurringTasks;
use crate::service::rehearsal::{Tested, Tried};
use crate::service::retention::{Retention, Swept};
use crate::service::sessions::{CrystallizeRequest, SessionView};
use crate::service::signin::SignInAddress;
use crate::service::tokens::{NewToken, TokenView};
use crate::service::{ApprovalView, RetryPreview, Role, RunView};
use crate::trigger::{
    BackfillRequest, BackfillView, DeliveryView, EventView, FiringView, NewSubscription, Published,
    SubscriptionView, TriggerView,
};
use druse_crystallizer::{Session, ToolMap};
use druse_engine::definition::{Document, Step};
use http::Method;
use serde_json::Value;

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

/// A handler as the table holds it.
macro_rules! to {
    ($handler:path) => {
        |call| Box::pin($handler(call))
    };
}

const PAGE: &[&str] = &["limit", "cursor"];

/// The table.
pub(super) fn routes() -> Vec<Route> {
    let mut all = open();
    for group in [
        recordings(),
        automation(),
        run(),
        trigger(),
        subscription(),
        admin(),
    ] {
        all.extend(group);
    }
    all
}

/// The only addresses that need no token. A webhook proves itself by its signature; the schema is the same
/// on every server, and editors that complete documents have no token.
fn open() -> Vec<Route> {
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

fn recordings() -> Vec<Route> {
    const LIST: &[&str] = &[
        "limit", "cursor", "status", "agent", "text", "since", "until",
    ];
    let mut all = vec![
        get(
            "/api/v1/recordings/recurring",
            Viewer,
            to!(sessions::recurring),
            "List the tasks that were recorded more than once",
        )
        .response::<RecurringTasks>(),
    ];
    for (home, one, crystallize) in [
        (
            "/api/v1/agents/runs",
            "/api/v1/agents/runs/{run_id}",
            "/api/v1/agents/runs/{run_id}/crystallize",
        ),
        (
            "/api/v1/chat/threads",
            "/api/v1/chat/threads/{thread_id}",
            "/api/v1/chat/threads/{thread_id}/crystallize",
        ),
    ] {
        all.extend([
            post(home, Editor, to!(sessions::store), "Store a recording")
                .takes(Takes::Recording)
                .creates()
                .request::<Value>()
                .response::<SessionView>()
                .status(201),
            get(home, Viewer, to!(sessions::list), "List recordings")
                .query(LIST)
                .response::<List<SessionView>>(),
            get(
                one,
                Viewer,
                to!(sessions::read),
                "Read a recording in its normal form",
            )
            .response::<Session>(),
            delete(one, Editor, to!(sessions::remove), "Remove a recording"),
            post(
                crystallize,
                Editor,
                to!(sessions::crystallize),
                "Turn a recording into an automation",
            )
            .creates()
            .request::<CrystallizeRequest>()
            .response::<Value>()
            .status(201),
        ]);
    }
    all
}

fn automation() -> Vec<Route> {
    vec![
        get(
            "/api/v1/automations",
            Viewer,
            to!(automations::list),
            "List automations",
        )
        .query(&["limit", "cursor", "name", "status", "source_type"])
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
        .response::<List<Value>>(),
    ]
}

fn run() -> Vec<Route> {
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
        .query(&["limit", "cursor", "status", "run_id"])
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
        .request::<approvals::ReassignBody>()
        .response::<ApprovalView>(),
        post(
            "/api/v1/approvals/{id}/links",
            Approver,
            to!(links::make),
            "Make an address by which one person decides",
        )
        .request::<links::LinkBody>()
        .response::<MadeLink>()
        .status(201),
    ]
}

fn trigger() -> Vec<Route> {
    vec![
        get(
            "/api/v1/triggers",
            Viewer,
            to!(triggers::list),
            "List triggers",
        )
        .query(&["limit", "cursor", "automation_id"])
        .response::<List<TriggerView>>(),
        get(
            "/api/v1/triggers/{id}",
            Viewer,
            to!(triggers::read),
            "Read a trigger",
        )
        .response::<TriggerView>(),
        get(
            "/api/v1/triggers/{id}/firings",
            Viewer,
            to!(triggers::firings),
            "List the firings of a trigger",
        )
        .query(&["limit", "cursor", "status"])
        .response::<List<FiringView>>(),
        get(
            "/api/v1/triggers/{id}/firings/{firing_id}",
            Viewer,
            to!(triggers::firing),
            "Read a firing, with what came where no run has it",
        )
        .response::<FiringView>(),
        post(
            "/api/v1/triggers/{id}/firings/{firing_id}/replay",
            Operator,
            to!(triggers::replay),
            "Let what came once come again",
        )
        .creates()
        .request::<triggers::Switch>()
        .response::<FiringView>()
        .status(202),
        get(
            "/api/v1/triggers/{id}/next",
            Viewer,
            to!(triggers::next),
            "Say when a schedule fires next",
        )
        .query(&["from", "n"])
        .response::<Value>(),
        post(
            "/api/v1/triggers/preview",
            Viewer,
            to!(triggers::preview),
            "Say when a schedule would fire",
        )
        .request::<triggers::Preview>()
        .response::<Value>(),
        post(
            "/api/v1/triggers/{id}/fire",
            Operator,
            to!(triggers::fire),
            "Fire a trigger by hand",
        )
        .creates()
        .request::<triggers::Fire>()
        .response::<FiringView>()
        .status(202),
        post(
            "/api/v1/triggers/{id}/pause",
            Operator,
            to!(triggers::pause),
            "Stop a trigger until it is resumed",
        )
        .request::<triggers::Switch>()
        .response::<TriggerView>(),
        post(
            "/api/v1/triggers/{id}/resume",
            Operator,
            to!(triggers::resume),
            "Let a paused trigger fire again",
        )
        .request::<triggers::Switch>()
        .response::<TriggerView>(),
        post(
            "/api/v1/triggers/{id}/backfill",
            Operator,
            to!(triggers::backfill),
            "Fire the times of a schedule that it missed",
        )
        .creates()
        .request::<BackfillRequest>()
        .response::<BackfillView>()
        .status(202),
        get(
            "/api/v1/triggers/{id}/backfills",
            Viewer,
            to!(triggers::backfills),
            "List the backfills of a schedule",
        )
        .query(PAGE)
        .response::<List<BackfillView>>(),
        get(
            "/api/v1/triggers/{id}/backfills/{backfill_id}",
            Viewer,
            to!(triggers::read_backfill),
            "Say how far a backfill is",
        )
        .response::<BackfillView>(),
        post(
            "/api/v1/triggers/{id}/backfills/{backfill_id}/cancel",
            Operator,
            to!(triggers::cancel_backfill),
            "Stop a backfill",
        )
        .request::<triggers::Stop>()
        .response::<BackfillView>()
        .status(202),
        get(
            "/api/v1/events",
            Viewer,
            to!(events::list),
            "List the events that are kept",
        )
        .query(&["limit", "cursor", "type", "source"])
        .response::<List<EventView>>(),
        get(
            "/api/v1/events/{id}",
            Viewer,
            to!(events::read_one),
            "Read an event, and what it started and woke",
        )
        .response::<EventView>(),
        post("/api/v1/events", Operator, to!(events::take), "Send events")
            .takes(Takes::Anything)
            .creates()
            .request::<Value>()
            .response::<Published>()
            .status(202),
    ]
}

fn subscription() -> Vec<Route> {
    vec![
        get(
            "/api/v1/subscriptions",
            Admin,
            to!(subscriptions::list),
            "List who is told of events",
        )
        .query(PAGE)
        .response::<List<SubscriptionView>>(),
        post(
            "/api/v1/subscriptions",
            Admin,
            to!(subscriptions::create),
            "Have events sent to an address",
        )
        .creates()
        .request::<NewSubscription>()
        .response::<SubscriptionView>()
        .status(201),
        get(
            "/api/v1/subscriptions/{id}",
            Admin,
            to!(subscriptions::read),
            "Read a subscription",
        )
        .response::<SubscriptionView>(),
        delete(
            "/api/v1/subscriptions/{id}",
            Admin,
            to!(subscriptions::remove),
            "Remove a subscription",
        ),
        post(
            "/api/v1/subscriptions/{id}/pause",
            Admin,
            to!(subscriptions::pause),
            "Stop the sending; what waits stays",
        )
        .request::<triggers::Switch>()
        .response::<SubscriptionView>(),
        post(
            "/api/v1/subscriptions/{id}/resume",
            Admin,
            to!(subscriptions::resume),
            "Go on with the sending",
        )
        .request::<triggers::Switch>()
        .response::<SubscriptionView>(),
        get(
            "/api/v1/subscriptions/{id}/deliveries",
            Admin,
            to!(subscriptions::deliveries),
            "List what is and was sent",
        )
        .query(PAGE)
        .response::<List<DeliveryView>>(),
        post(
            "/api/v1/subscriptions/{id}/deliveries/{event_id}/retry",
            Admin,
            to!(subscriptions::retry),
            "Send an event again",
        )
        .response::<DeliveryView>()
        .status(202),
    ]
}

fn admin() -> Vec<Route> {
    vec![
        get(
            "/api/v1/secrets",
            Admin,
            to!(secrets::list),
            "List the names of secrets",
        )
        .query(PAGE)
        .response::<List<Value>>(),
        get(
            "/api/v1/secrets/{name}",
            Admin,
            to!(secrets::read),
            "Read about a secret, never its value",
        )
        .response::<Value>(),
        put(
            "/api/v1/secrets/{name}",
            Admin,
            to!(secrets::write),
            "Write a secret",
        )
        .request::<secrets::Value>()
        .response::<Value>(),
        delete(
            "/api/v1/secrets/{name}",
            Admin,
            to!(secrets::remove),
            "Remove a secret",
        ),
        get(
            "/api/v1/connections",
            Admin,
            to!(connections::list),
            "List connections",
        )
        .query(PAGE)
        .response::<List<ConnectionView>>(),
        get(
            "/api/v1/connections/{name}",
            Admin,
            to!(connections::read),
            "Read a connection",
        )
        .response::<ConnectionView>(),
        put(
            "/api/v1/connections/{name}",
            Admin,
            to!(connections::write),
            "Write a connection",
        )
        .request::<Definition>()
        .response::<ConnectionView>(),
        post(
            "/api/v1/connections/{name}/test",
            Admin,
            to!(connections::test),
            "Try a connection out",
        )
        .response::<Value>(),
        delete(
            "/api/v1/connections/{name}",
            Admin,
            to!(connections::remove),
            "Remove a connection",
        ),
        get("/api/v1/tokens", Admin, to!(tokens::list), "List tokens")
            .query(PAGE)
            .response::<List<TokenView>>(),
        post("/api/v1/tokens", Admin, to!(tokens::create), "Make a token")
            .creates()
            .request::<NewToken>()
            .response::<TokenView>()
            .status(201),
        post(
            "/api/v1/signins",
            Viewer,
            to!(tokens::sign_in),
            "Make a one-time address that signs you in to the console",
        )
        .response::<SignInAddress>()
        .status(201),
        delete(
            "/api/v1/tokens/{id}",
            Admin,
            to!(tokens::revoke),
            "Revoke a token",
        ),
        get(
            "/api/v1/tools",
            Viewer,
            to!(tools::read),
            "Read the tool map",
        )
        .response::<ToolMap>(),
        put(
            "/api/v1/tools",
            Admin,
            to!(tools::write),
            "Write the tool map",
        )
        .request::<ToolMap>()
        .response::<ToolMap>(),
        get(
            "/api/v1/settings/retention",
            Viewer,
            to!(retention::read),
            "Read what is kept of the history",
        )
        .response::<Retention>(),
        put(
            "/api/v1/settings/retention",
            Admin,
            to!(retention::write),
            "Say what is kept of the history",
        )
        .request::<Retention>()
        .response::<Retention>(),
        post(
            "/api/v1/store/compact",
            Admin,
            to!(retention::compact),
            "Let go now what is not kept, and give its space back",
        )
        .response::<Swept>(),
        get(
            "/api/v1/store/head",
            Viewer,
            to!(retention::head),
            "Read the number and hash of the newest durable record, to be kept elsewhere",
        )
        .response::<Value>(),
        get(
            "/api/v1/doctor",
            Operator,
            to!(doctor::examine),
            "Say what is wrong: with runs, schedules, the store, the disk, what automations need",
        )
        .response::<Diagnosis>(),
        get(
            "/metrics",
            Viewer,
            to!(health::metrics),
            "Figures in the Prometheus text format",
        ),
        get(
            "/openapi.json",
            Viewer,
            to!(health::description),
            "This description, at the root too",
        )
        .response::<Value>(),
        get(
            "/api/v1/openapi.json",
            Viewer,
            to!(health::description),
            "This description",
        )
        .response::<Value>(),
    ]
}
