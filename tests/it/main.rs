//! The real binary, over HTTP and the command line.

mod api;
mod capability;
mod cli;
mod console;
mod crash;
mod data;
mod examples;
mod failure;
mod flow;
mod full_disk;
mod harness;
mod history;
