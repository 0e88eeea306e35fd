//! Addresses of triggers and events.

use super::super::handler::{events, triggers};
use super::super::route::{Route, Takes};
use super::{PAGE, get, post};
use crate::service::Role::{Operator, Viewer};
use crate::service::page::List;
use crate::trigger::{
    BackfillRequest, BackfillView, EventView, FiringView, Published, TriggerView,
};
use serde_json::Value;

pub(super) fn routes() -> Vec<Route> {
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
