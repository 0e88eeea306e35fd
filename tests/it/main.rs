//! The real binary, over HTTP and the command line.

mod cli;
mod examples;
mod harness;
mod smoke;
