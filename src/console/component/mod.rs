//! What pages are made of.

pub(super) mod action;
pub(super) mod command_words;
pub(super) mod config_form;
pub(super) mod editor;
pub(super) mod filter;
pub(super) mod finding;
pub(super) mod pager;
pub(super) mod schema_form;
pub(super) mod sent;
pub(super) mod state;
pub(super) mod time;
pub(super) mod trigger_form;
pub(super) mod value;
