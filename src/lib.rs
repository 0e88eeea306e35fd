//! Druse
pub mod action;
pub mod connection;
pub mod secret;
pub mod api;
pub mod runtime;
pub mod service;
