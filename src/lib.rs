//! Druse turns a recorded agent session into a deterministic automation, and runs it durably.

pub mod action;
pub mod api;
pub mod artifacts;
pub mod backup;
pub mod cli;
pub mod client;
pub mod command;
pub mod connection;
pub mod console;
pub mod example;
mod open_files;
pub mod runtime;
pub mod secret;
pub mod serve;
pub mod service;
pub mod settings;
pub mod step_log;
pub mod trigger;
