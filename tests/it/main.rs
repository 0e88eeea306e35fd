//! The real binary, over HTTP and the command line.

mod api;
mod cli;
mod data;
mod examples;
mod harness;
