//! Thin handlers: from a request to a service and back.

pub(super) mod approvals;
pub(super) mod artifacts;
pub(super) mod automations;
pub(super) mod backup;
pub(super) mod connections;
pub(super) mod doctor;
pub(super) mod documents;
pub(super) mod events;
pub(super) mod examples;
pub(super) mod health;
pub(super) mod hooks;
pub(super) mod links;
pub(super) mod logs;
pub(super) mod queues;
pub(super) mod rehearsal;
pub(super) mod resolve;
pub(super) mod retention;
pub(super) mod runs;
pub(super) mod secrets;
pub(super) mod sessions;
pub(super) mod steps;
pub(super) mod subscriptions;
pub(super) mod tokens;
pub(super) mod tools;
pub(super) mod triggers;
pub(super) mod versions;
