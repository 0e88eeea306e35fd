//! The pure core of Druse: automation documents, their check, and the life of a run.
//!
//! Nothing in this crate does I/O, reads a clock or draws a random number: time, ids and answers
//! are handed in. Same input, same bytes. That is what makes simulation, replay and review possible.

pub mod action_config;
pub mod artifact;
mod canonical;
pub mod capability;
pub mod carried;
pub mod check;
pub mod definition;
pub mod difference;
pub mod digest;
pub mod event;
pub mod expression;
pub mod finding;
pub mod flow;
pub mod hidden;
pub mod id;
pub mod json;
pub mod pattern;
pub mod plan;
pub mod rehearsal;
pub mod run;
pub mod subject;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;

pub use artifact::Artifact;
pub use digest::Digest;
pub use finding::{Finding, Severity};
pub use id::*;
pub use json::Json;
pub use pattern::Pattern;
pub use time::{Span, Timestamp};
