//! Addresses of what administrators set up.

use super::super::handler::{
    audit, backup, connections, doctor, examples, health, retention, secrets, tokens, tools,
};
use super::super::route::Route;
use super::{PAGE, delete, get, post, put};
use crate::connection::Definition;
use crate::service::Role::{Admin, Operator, Viewer};
use crate::service::audit::AuditView;
use crate::service::connections::ConnectionView;
use crate::service::doctor::Diagnosis;
use crate::service::examples::{ExampleView, LaidOut};
use crate::service::page::List;
use crate::service::retention::{Retention, Swept};
use crate::service::signin::SignInAddress;
use crate::service::tokens::{NewToken, TokenView};
use druse_crystallizer::ToolMap;
use serde_json::Value;

pub(super) fn routes() -> Vec<Route> {
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
            "Try a connection out: the one that is kept, or the one in the body, which is not",
        )
        .request::<Definition>()
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
        .creates()
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
            "/api/v1/examples",
            Viewer,
            to!(examples::list),
            "List the examples that ship with Druse",
        )
        .response::<List<ExampleView>>(),
        post(
            "/api/v1/examples/{name}",
            Admin,
            to!(examples::lay_out),
            "Lay an example's world out, set up its connections, and add the rules for its tools",
        )
        .response::<LaidOut>()
        .status(201),
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
        post(
            "/api/v1/store/backup",
            Admin,
            to!(backup::create),
            "Make a backup: a tar archive of everything, as it is at one moment",
        )
        .request::<backup::BackupBody>(),
        get(
            "/api/v1/store/head",
            Viewer,
            to!(retention::head),
            "Read the number and hash of the newest durable record, to be kept elsewhere",
        )
        .response::<Value>(),
        get(
            "/api/v1/audit",
            Admin,
            to!(audit::list),
            "List who did what, and why, youngest first",
        )
        .query(&[
            "limit",
            "cursor",
            "automation_id",
            "run_id",
            "by",
            "action",
            "since",
            "until",
        ])
        .response::<List<AuditView>>(),
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
