//! Addresses of those who are told of events.

use super::super::handler::{subscriptions, triggers};
use super::super::route::Route;
use super::{PAGE, delete, get, post};
use crate::service::Role::Admin;
use crate::service::page::List;
use crate::trigger::{DeliveryView, NewSubscription, SubscriptionView};

pub(super) fn routes() -> Vec<Route> {
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
