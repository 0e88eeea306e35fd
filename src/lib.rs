//! Druse
pub mod action;
pub mod connection;
pub mod secret;
