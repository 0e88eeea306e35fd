//! Durable truth: the log, its disposable index, and the records that last for years.

pub mod disk;
pub mod embedded;
pub mod entity;
mod record;
pub mod store;

pub use entity::*;
pub use store::*;
