//! The HTTP surface: one table of routes over the services, and the loop that serves it.

mod answer;
pub(crate) mod body;
mod call;
pub(crate) mod detach;
mod handler;
mod link_page;
mod openapi;
mod query;
mod route;
mod serve;
mod share;
mod spoken;
mod table;

#[cfg(test)]
mod tests;

pub use openapi::document as openapi;
pub(crate) use route::check_host;
pub use route::{Peer, Sender, router};
pub use serve::{Listener, serve};
