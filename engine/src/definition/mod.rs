//! The automation document: what a person writes, a recording becomes and a run is pinned to.

mod amend;
mod blocking;
mod canonical;
mod conform;
mod document;
mod json_text;
mod parse;
mod pull;
mod schema;
mod secrets;
mod source;
mod step;
mod trigger;
mod write;
mod yaml;

pub use amend::{Amended, amend};
pub use blocking::{blocks_storing, of_recording, of_surroundings};
pub use canonical::{canonical, digest};
pub use parse::{Parsed, Syntax, TEXT_LIMIT, from_value, parse, parse_value, step_from_value};
pub use pull::{FileEvent, FileEvents, Files, ItemOrder, Poll};
pub use schema::{SCHEMA_URL, schema};
pub use secrets::{takes_secrets, takes_sensitive};
pub use source::{Place, SourceMap};
pub use write::{to_yaml, value_to_yaml};
pub use yaml::DEPTH_LIMIT;
pub use yaml::comments;

pub(crate) use conform::{Mode, Walk};
pub use document::{Concurrency, Document, InputSchema, Overflow};
pub(crate) use parse::shape_of;
pub use step::{
    Delivery, EffectLevel, FailureClass, ForEach, Join, OnError, Probe, Repeat, Retry, Step, Undo,
};
pub use trigger::{
    Batch, CatchUp, Debounce, Dedupe, EventFilter, Over, Overlap, RateLimit, Schedule, Throttle,
    Trigger, Webhook,
};

#[cfg(test)]
mod tests;
