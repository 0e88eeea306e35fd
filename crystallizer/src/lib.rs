//! Recorded agent sessions become automation drafts, deterministically and offline.

pub mod session;

pub use session::*;
