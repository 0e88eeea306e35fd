//! When a run should start: schedules, webhooks, events, files and polls, as pure functions.
//!
//! Nothing here does I/O or reads a clock. The present time, the raw bytes of a delivery and the
//! values of secrets are handed in; what comes out is a decision.

pub mod address;
mod calendar;
pub mod check;
pub mod cron;
pub mod event;
pub mod folder;
pub mod mapping;
mod matching;
pub mod poll;
pub mod rate;
pub mod schedule;
pub mod suggest;
pub mod timetable;
#[cfg(test)]
mod timetable_tests;
pub mod trial;
pub mod webhook;
pub mod window;
pub mod zone;

pub use check::{check, check_document};
pub use event::Event;
pub use folder::Folder;
pub use mapping::{Mapped, Mapping};
pub use poll::Poll;
pub use rate::Rate;
pub use schedule::{CatchUpRule, Due, delay_of, due};
pub use timetable::Timetable;
pub use webhook::Verifier;
pub use window::Windows;
pub use zone::Zone;
