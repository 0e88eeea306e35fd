//! Recorded agent sessions become automation drafts, deterministically and offline.

pub mod import;
pub mod session;

pub use import::{Format, FormatInfo, ImportError, detect, formats, import, to_own_form};
pub use session::*;
