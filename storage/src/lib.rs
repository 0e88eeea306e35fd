//! Durable truth: the log, its disposable index, and the records that last for years.

pub mod entity;
pub mod store;

pub use entity::*;
pub use store::*;
