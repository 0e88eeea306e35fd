//! Data that steps move: databases, files, pages, and inputs that nobody may see.

mod answered;
mod connections;
mod deep;
mod docs;
mod hidden;
mod postgres;
mod run;
mod sensitive;
pub(crate) mod service;
mod spoken;
