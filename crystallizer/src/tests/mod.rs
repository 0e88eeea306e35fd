//! The passes together, on small sessions built here.

mod build;
mod corpus;
mod dbg;
mod exact;
mod laws;
mod mapping;
