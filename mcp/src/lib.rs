//! Speaks the Model Context Protocol through the official SDK: tool calls over stdio and streamable HTTP.
//!
//! Nothing outside this crate knows the SDK. A [`Pool`] keeps one open [`Client`] for one
//! [`Endpoint`]; a server may offer tools of its own with [`serve_stdio`].
//!
//! A server that is spoken to is not trusted: what it sends is bounded in size and time, and it
//! gets no sampling, no roots and no elicitation, because those capabilities are never offered.

mod callers;
mod child;
mod client;
mod endpoint;
mod error;
mod flight;
mod output;
mod pool;
mod server;

pub use client::{Call, Client};
pub use endpoint::{Endpoint, LogLine, Options, Prepare, Watch};
pub use error::Error;
pub use output::{ToolInfo, ToolOutput};
pub use pool::Pool;
pub use server::{ServerInfo, Tool, ToolAnswer, ToolCall, serve_stdio};
