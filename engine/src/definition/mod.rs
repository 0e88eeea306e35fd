//! The automation document: what a person writes, a recording becomes and a run is pinned to.

mod canonical;
mod document;
mod step;
mod trigger;

pub use canonical::{canonical, digest};
pub use document::{Concurrency, Document, InputSchema, Overflow};
pub use step::{
    Delivery, EffectLevel, FailureClass, ForEach, Join, OnError, Repeat, Retry, Step, Undo,
};
pub use trigger::{CatchUp, EventFilter, Overlap, Schedule, Trigger, Webhook};
