//! Addresses of recordings.

use super::super::handler::sessions;
use super::super::route::{Route, Takes};
use super::{delete, get, post};
use crate::service::Role::{Editor, Viewer};
use crate::service::page::List;
use crate::service::recurring::RecurringTasks;
use crate::service::sessions::{CrystallizeRequest, SessionView};
use druse_crystallizer::Session;
use serde_json::Value;

pub(super) fn routes() -> Vec<Route> {
    const LIST: &[&str] = &[
        "limit", "cursor", "status", "agent", "text", "q", "since", "until",
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
