//! Durable truth: the log, its disposable index, and the records that last for years.

mod blob;
mod chain;
pub mod disk;
pub mod embedded;
pub mod entity;
#[cfg(any(test, feature = "fault"))]
pub mod fault;
pub mod lookout;
pub mod rates;
mod record;
pub mod review;
pub mod seen;
pub mod step_log;
pub mod store;
pub mod triggering;
mod verify;

/// The folder below the data folder for what is of use only while a server runs. Empty at every start.
pub const SCRATCH: &str = "tmp";

pub use blob::{BlobHold, BlobUse, NewBlob, SweptBlobs};
pub use chain::*;
pub use entity::*;
pub use lookout::*;
pub use rates::*;
pub use review::*;
pub use seen::*;
pub use store::*;
pub use triggering::*;
pub use verify::*;
