//! The examples that ship with Druse: small worlds with real tools, and recordings made in them.

mod catalog;
mod record;
mod tools;
mod world;

pub use catalog::{EXAMPLES, Example, find};
pub use record::record;
pub use tools::{Tool, call, tools};
pub use world::{Snapshot, World, changes, complete, create, lay_out, world_of};
