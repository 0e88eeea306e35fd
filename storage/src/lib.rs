//! Durable truth: the log, its disposable index, and the records that last for years.

mod chain;
pub mod disk;
pub mod embedded;
pub mod entity;
#[cfg(any(test, feature = "fault"))]
pub mod fault;
mod record;
pub mod lookout;
pub mod store;
pub mod triggering;
mod verify;

pub use chain::*;
pub use entity::*;
pub use lookout::*;
pub use store::*;
pub use triggering::*;
pub use verify::*;
