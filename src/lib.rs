//! Druse
pub mod action;
pub mod api;
pub mod connection;
pub mod runtime;
pub mod secret;
pub mod service;
