//! The pages, one a file.

pub(super) mod approval;
pub(super) mod approvals;
pub(super) mod automation;
pub(super) mod automations;
mod comparison;
mod conversation;
pub(super) mod delegation;
mod document;
mod draft;
pub(super) mod events;
pub(super) mod home;
mod journal;
pub(super) mod pause;
pub(super) mod queues;
pub(super) mod recording;
pub(super) mod recordings;
pub(super) mod retry;
pub(super) mod review;
pub(super) mod run;
pub(super) mod runs;
pub(super) mod settings;
pub(super) mod signin;
mod timeline;
mod triggers;
pub(super) mod uncertain;
mod versions;
mod why;
