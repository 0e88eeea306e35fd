//! The console: pages for people, served at `/`.
//!
//! Every page and every form asks the API in this process, as the person who is signed in: the console can do
//! nothing that the API cannot, and what a role may is decided in one place. Pages are made on the server and
//! work without script; the script adds what makes them quicker.

mod asset;
mod call;
mod component;
mod cookie;
mod fields;
mod layout;
mod memory;
mod multipart;
mod page;
mod picture;
mod route;
mod same_site;
mod table;
mod twin;
mod visible;

pub(crate) use asset::style as style_sheet;
pub(crate) use component::schema_form::{choice_text, kind, value_of};
pub(crate) use component::state::{pill, sign};
pub(crate) use component::time::in_text;
pub use route::mount;
pub(crate) use route::{looks_for_a_page, no_such_page};
pub(crate) use visible::text as shown;

#[cfg(test)]
mod tests;
